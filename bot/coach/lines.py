"""Texts in, one a line; what the coach says out, one JSON line each, as soon as it is known."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO

from bot.coach.coach import Remark, labels, read_for_customer, read_for_team

READERS: Mapping[str, Callable[[str, str], tuple[Remark, ...]]] = {
    "team": read_for_team,
    "customer": read_for_customer,
}
_BOM = b"\xef\xbb\xbf"


class LineError(ValueError):
    """A line that is no text, told in one sentence."""


def coach(lines: Iterable[bytes], out: BinaryIO, reader: str, language: str) -> Iterator[str]:
    """Answers every line in order, at once; yields a sentence for each line that cannot be read.

    An empty line is an empty text and has its answer too, so that lines in and out can be paired.
    """
    for number, line in enumerate(lines, start=1):
        try:
            text = _text(line.removeprefix(_BOM) if number == 1 else line)
        except LineError as wrong:
            yield f"Line {number} was left out: {wrong}"
            continue
        out.write(_answer(text, reader, language))
        out.flush()


def _text(line: bytes) -> str:
    """The line itself, or `text` where it is a JSON object; raises LineError.

    What begins with `{"` is meant as JSON; everything else is plain, so that "{name}, we are sorry" is
    a text too. Bytes that are no UTF-8 become replacement characters.
    """
    plain = line.decode("utf-8", errors="replace").rstrip("\r\n")
    if not plain.replace(" ", "").startswith(('{"', "{}")):
        return plain
    try:
        read = json.loads(plain)
    except (ValueError, RecursionError):
        raise LineError("it begins like JSON, and is none.") from None
    text = read.get("text")
    if not isinstance(text, str):
        raise LineError('it is JSON without a "text" in quotation marks.')
    return text


def _answer(text: str, reader: str, language: str) -> bytes:
    remarks = READERS[reader](text, language)
    said = {
        "text": text,
        "labels": labels(remarks),
        "remarks": [remark.model_dump() for remark in remarks],
    }
    try:
        return json.dumps(said, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # JSON may hold half a character, and UTF-8 may not
        return json.dumps(said).encode() + b"\n"
