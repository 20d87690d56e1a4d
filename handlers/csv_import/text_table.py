"""The records of a table of text: any usual separator, encoding and kind of line end.

A record that cannot be read is given as the reason, and the reading goes on behind it. Memory stays
flat, however long the file is: at most one record of MAX_CHARACTERS is held.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from handlers.csv_import.records import Record
from handlers.csv_import.text_lines import MAX_CHARACTERS, UNDECODABLE, CsvError, Lines, TooLong

SEPARATORS = (",", ";", "\t", "|")
OTHER_FORMATS = {
    "<": "a web page or XML",
    "{": "JSON",
    "[{": "JSON",
}
"""What a file is that begins so: programs like to call their web pages .xls."""


class TextTable:
    """An open file of text as records.Records, to be iterated over once.

    `encoding` None means what the file's byte order mark says, or else UTF-8. Raises CsvError when there
    is no such file, or no header in it.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self._path, self._encoding = path, encoding
        csv.field_size_limit(MAX_CHARACTERS)  # for the whole process: the module has no other way
        self._lines = Lines(path, encoding)
        try:
            self._number = 1
            self._header, self._reader = self._read_header(path)
        except BaseException:
            self._lines.close()
            raise

    @property
    def header(self) -> Sequence[str]:
        """The names of the columns, as records.Records says."""
        return self._header

    @property
    def size(self) -> int | None:
        """Of the file, in bytes; None for a pipe."""
        return self._lines.size

    @property
    def position(self) -> int:
        """How many bytes were read so far, a buffer ahead of the record."""
        return self._lines.position

    @property
    def note(self) -> str:
        """Nothing is assumed."""
        return ""

    def close(self) -> None:
        """Closes the file; harmless when repeated."""
        self._lines.close()

    def again(self) -> "TextTable | None":
        """Another reading of it from the start; a pipe has none."""
        return None if self.size is None else TextTable(self._path, self._encoding)

    def place(self, line: int) -> str:
        """Where a record is: `line 7`."""
        return f"line {line}"

    def __iter__(self) -> Iterator[Record]:
        while True:
            line = self._lines.begin()
            self._number += 1
            try:
                cells = next(self._reader, None)
            except TooLong:
                self._lines.take_back(keep=1)
                reason = f"it has more than {MAX_CHARACTERS:,} characters, or an open quotation mark"
                yield Record(line, self._number, reason)
            except csv.Error:
                # An open quotation mark swallows what follows it: those lines are records of their own.
                self._lines.take_back(keep=1)
                reason = "a quotation mark is left open, or text follows a closing one"
                yield Record(line, self._number, reason)
            else:
                if cells is None:
                    return
                blank = not any(cell and not cell.isspace() for cell in cells)
                yield Record(line, self._number, cells if blank else self._fault(line, cells) or cells)

    def _fault(self, line: int, cells: list[str]) -> str | None:
        if len(cells) != len(self._header):
            until = f" up to line {self._lines.number}" if self._lines.number > line else ""
            return f"it has {len(cells)} columns{until} where the header has {len(self._header)}"
        for name, cell in zip(self._header, cells, strict=True):
            if "\0" in cell:
                return f"the column {name!r} has a NUL character"
            if UNDECODABLE in cell:
                return (
                    f"the column {name!r} has bytes that are not {self._lines.encoding} (see --encoding)"
                )
        return None

    def flaw(self, cell: str) -> str | None:
        """Nothing: what is wrong with a cell of text is wrong with its record."""
        return None

    def _read_header(self, path: Path) -> tuple[list[str], Iterator[list[str]]]:
        try:
            while not (first := next(self._lines, "end")).strip():
                self._lines.begin()
                self._number += 1
            if not self._lines.take_back():
                raise CsvError(f"{path} is empty.")
            for start, words in OTHER_FORMATS.items():
                if first.lstrip().startswith(start):
                    raise CsvError(f"{path} is {words}, whatever it is called; save it as .xlsx or CSV.")
            # On equal counts the first separator wins: a header of one column has none at all.
            separator = max(SEPARATORS, key=self._columns_by)
            reader = csv.reader(self._lines, delimiter=separator, strict=True)
            header = [name.strip() for name in next(reader)]
        except (csv.Error, TooLong):
            raise CsvError(f"The header of {path} has an open quotation mark, or no end.") from None
        if any("\0" in name for name in header):
            raise CsvError(f"{path} looks like UTF-16 without a mark; try --encoding utf-16-le.")
        if any(UNDECODABLE in name for name in header):
            raise CsvError(
                f"The header of {path} is not {self._lines.encoding}; name another with --encoding."
            )
        return header, reader

    def _columns_by(self, separator: str) -> int:
        try:
            return len(next(csv.reader(self._lines, delimiter=separator, strict=True)))
        except (csv.Error, TooLong):
            return 0
        finally:
            self._lines.take_back()
