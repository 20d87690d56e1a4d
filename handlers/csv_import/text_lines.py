"""Reads the lines of a text file in any usual encoding, so that lines can be taken back."""

import codecs
import io
import os
import stat
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_CHARACTERS = 1_000_000
"""The longest row of a table; ours. Excel stops at 32,767 in a cell."""

UNDECODABLE = "\udcff"
"""Stands for bytes that mean nothing in the encoding; no valid text holds half a surrogate pair."""

_MARKS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32"),  # before UTF-16, whose mark is the start of this one
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls, or one with a password


class CsvError(Exception):
    """A file that cannot be read, or has not what was asked for; one sentence says which."""


class TooLong(Exception):
    """More than MAX_CHARACTERS were asked for since the last `begin`."""


class Lines:
    """The lines of a text file with their ends; those since the last `begin` can be taken back.

    `number` counts the lines given out, `size` is the file's in bytes (None for a pipe). What is
    longer than MAX_CHARACTERS is cut off a line. `encoding` None means what the byte order mark
    says, or else UTF-8. Opens the file, and raises CsvError when that cannot be done.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        try:
            self._file = _Counted(path)
        except OSError as failed:
            raise CsvError(f"{path} cannot be read: {failed.strerror}.") from None
        about = os.fstat(self._file.fileno())
        self.size = about.st_size if stat.S_ISREG(about.st_mode) else None
        buffered = io.BufferedReader(self._file)
        start = buffered.peek(4)
        if start.startswith(WORKBOOKS):
            self.close()
            raise CsvError(f"{path} is a workbook in a pipe; name its file instead.")
        self.encoding = encoding or next(
            (name for mark, name in _MARKS if start.startswith(mark)), "UTF-8"
        )
        try:
            self._text = io.TextIOWrapper(buffered, self.encoding, errors="amends.mark", newline="")
        except (LookupError, ValueError):
            self.close()
            raise CsvError(f"--encoding {encoding!r} is no encoding, like utf-8 or cp1252.") from None
        self.number = 0
        self._given: list[str] = []
        self._length = 0
        self._returned: deque[str] = deque()
        self._end = ""

    def close(self) -> None:
        """Closes the file; harmless when repeated."""
        self._file.close()

    @property
    def position(self) -> int:
        """How many bytes were read so far, a buffer ahead of the lines."""
        return self._file.position

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self._given.append(line)
        self._length += len(line)
        if self._length > MAX_CHARACTERS:
            raise TooLong
        return line

    def begin(self) -> int:
        """Forgets the lines given out so far; returns the number of the next one."""
        self._given.clear()
        self._length = 0
        return self.number + 1

    def take_back(self, keep: int = 0) -> int:
        """Puts the lines since `begin` back, all but the first `keep`; returns how many."""
        again = self._given[keep:]
        self._returned.extendleft(reversed(again))
        self.number -= len(again)
        self.begin()
        return len(again)

    def _read(self) -> str:
        line = self._text.readline(MAX_CHARACTERS + 1)
        if line == "\n" and self._end == "\r":  # one line end, cut in two by the limit
            line = self._text.readline(MAX_CHARACTERS + 1)
        rest = line
        while len(line) > MAX_CHARACTERS and rest and rest[-1] not in "\r\n":
            rest = self._text.readline(MAX_CHARACTERS)
        self._end = rest[-1:]
        return line if self.number else line.removeprefix("\ufeff")


class _Counted(io.FileIO):
    """A file that counts what was read of it, because a pipe has no position."""

    position = 0

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        count = super().readinto(buffer)
        self.position += count
        return count


def _mark(error: UnicodeError) -> tuple[str, int]:
    # Python's own "surrogateescape" cannot stand for bytes under 128, which broken UTF-16 has.
    if isinstance(error, UnicodeDecodeError):
        return UNDECODABLE, error.end
    raise error


codecs.register_error("amends.mark", _mark)
