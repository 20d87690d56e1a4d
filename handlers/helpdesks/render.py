"""How a note is written on a ticket, and known there again.

It is plain text, because each helpdesk has a markup of its own.
"""

import html
import json
import re
from collections.abc import Iterator

from bot.messages.parts import Context, Inline, Link, Message, Paragraph, Part, Words, plain

TAG = re.compile(r"<[^<>]{0,1000}>")


def is_among(text: str, answer: bytes) -> bool:
    """Whether a text stands somewhere in JSON, in whatever markup the helpdesk made of it."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return False
    wanted = _bare(text)
    return any(wanted in _bare(words) for words in _strings(found))


def _strings(value: object) -> Iterator[str]:
    """All strings in what JSON held, however deep."""
    left = [value]
    while left:
        match left.pop():
            case str() as words:
                yield words
            case dict() as fields:
                left += fields.values()
            case list() as many:
                left += many


def _bare(text: str) -> str:
    """The letters and digits alone: no markup, and nothing of how lines were broken or quotes drawn."""
    without = html.unescape(TAG.sub(" ", text))
    return "".join(letter for letter in without.casefold() if letter.isalnum())


def text(message: Message) -> str:
    """The whole message, with its links spelled out."""
    return plain(message.model_copy(update={"parts": tuple(map(_spelled_out, message.parts))}))


def _spelled_out(part: Part) -> Part:
    if isinstance(part, Paragraph | Context):
        return part.model_copy(update={"words": _words(part.words)})
    return part


def _words(words: Words) -> Words:
    return tuple(map(_piece, words))


def _piece(piece: Inline) -> Inline:
    return f"{piece.text}: {piece.url}" if isinstance(piece, Link) else piece
