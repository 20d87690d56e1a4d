"""Reads a table file row by row, for `import`: any usual separator, encoding and kind of line end.

A row that cannot be read is reported with its line, and the reading goes on behind it. Memory stays
flat, however long the file is: at most one row of MAX_CHARACTERS is held.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Self

from handlers.csv_import.text_lines import MAX_CHARACTERS, UNDECODABLE, CsvError, Lines, TooLong

FIELDS = ("what_happened", "reference", "customer", "happened_at", "public_post")
SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Row:
    """A row that meets the conditions; `values` holds every mapped field, "" for empty columns.

    `line` is the line of the file where it starts, `number` what a spreadsheet program would show
    beside it; the header is 1 in both, and they differ after a cell with line breaks. Values
    have no blanks around them and \\n between their lines.
    """

    line: int
    number: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that could not be read, and why: words that follow "line 7: "."""

    line: int
    number: int
    reason: str


def parse_mapping(pairs: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """From "field=Column A|Column B" each, the columns of every field; the first non-empty one wins.

    A column's name may hold "=". Raises CsvError.
    """
    mapping: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        field, _, names = (part.strip() for part in pair.partition("="))
        columns = tuple(name.strip() for name in names.split("|"))
        if field not in FIELDS:
            raise CsvError(f"--map {pair!r} should start with one of {', '.join(FIELDS)} and '='.")
        if not all(columns):
            raise CsvError(f"--map {pair!r} should name a column, or several with '|' between them.")
        if field in mapping:
            raise CsvError(f"--map names {field} twice; put '|' between its columns.")
        mapping[field] = columns
    if "what_happened" not in mapping:
        raise CsvError("--map what_happened=COLUMN is needed: without it a case says nothing.")
    return mapping


class Table:
    """An open table file; iterate over it once, and close it (it is a context manager).

    `where` are conditions "Column=value", which must all hold; blanks around a value do not count.
    `encoding` None means what the file's byte order mark says, or else UTF-8. Raises CsvError when
    there is no such file or column.
    """

    def __init__(
        self,
        path: Path,
        mapping: Mapping[str, tuple[str, ...]],
        where: Sequence[str] = (),
        encoding: str | None = None,
    ) -> None:
        self._path, self._names, self._encoding = path, mapping, encoding
        csv.field_size_limit(MAX_CHARACTERS)  # for the whole process: the module has no other way
        self._lines = Lines(path, encoding)
        try:
            self._number = 1
            self._header, self._reader = self._read_header(path)
            self._mapping = {
                field: tuple(self._column(name) for name in names) for field, names in mapping.items()
            }
            self._where = tuple(self._condition(text) for text in where)
        except BaseException:
            self._lines.close()
            raise

    @property
    def size(self) -> int | None:
        """Of the file, in bytes; None for a pipe."""
        return self._lines.size

    @property
    def position(self) -> int:
        """How many bytes were read so far, a buffer ahead of the row; for a progress bar."""
        return self._lines.position

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()

    def __iter__(self) -> Iterator[Row | Broken]:
        for line, cells in self._records():
            if isinstance(cells, str):
                yield Broken(line, self._number, cells)
            elif not any(cell and not cell.isspace() for cell in cells):
                continue
            elif reason := self._fault(line, cells):
                yield Broken(line, self._number, reason)
            elif all(cells[column].strip() == value for column, value in self._where):
                yield Row(line, self._number, self._values(cells))

    def column(self, field: str) -> Iterator[tuple[int, str]]:
        """The line and the value of a field in every row that can be read, asked for or not.

        It is a reading of its own, behind which the rows are all still there. Nothing when the field
        is not mapped, and in a pipe, which can be read once only.
        """
        if self.size is None or field not in self._names:
            return
        with Table(self._path, {field: self._names[field]}, encoding=self._encoding) as other:
            for line, cells in other._records():
                if not isinstance(cells, str) and other._fault(line, cells) is None:
                    yield line, other._values(cells)[field]

    def _records(self) -> Iterator[tuple[int, list[str] | str]]:
        """The first line and the cells of each record behind the header, or why it has none."""
        while True:
            line = self._lines.begin()
            self._number += 1
            try:
                cells = next(self._reader, None)
            except TooLong:
                self._lines.take_back(keep=1)
                yield line, f"it has more than {MAX_CHARACTERS:,} characters, or an open quotation mark"
            except csv.Error:
                # An open quotation mark swallows what follows it: those lines are rows of their own.
                self._lines.take_back(keep=1)
                yield line, "a quotation mark is left open, or text follows a closing one"
            else:
                if cells is None:
                    return
                yield line, cells

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

    def _values(self, cells: list[str]) -> Mapping[str, str]:
        def first(columns: tuple[int, ...]) -> str:
            filled = (text for column in columns if (text := cells[column].strip()))
            return next(filled, "").replace("\r\n", "\n").replace("\r", "\n")

        return {field: first(columns) for field, columns in self._mapping.items()}

    def _read_header(self, path: Path) -> tuple[list[str], Iterator[list[str]]]:
        try:
            while not next(self._lines, "end").strip():
                self._lines.begin()
                self._number += 1
            if not self._lines.take_back():
                raise CsvError(f"{path} is empty.")
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

    def _column(self, name: str) -> int:
        count = self._header.count(name)
        if count == 1:
            return self._header.index(name)
        if count:
            raise CsvError(f"The file has {count} columns named {name!r}; rename all but one.")
        folded = {column.casefold(): column for column in self._header}
        near = [folded[column] for column in get_close_matches(name.casefold(), folded)]
        meant = f"did you mean {_listed(near)}?" if near else f"it has {_listed(self._header)}."
        raise CsvError(f"The file has no column {name!r}; {meant}")

    def _condition(self, text: str) -> tuple[int, str]:
        """The column and its value; both may hold "=", so the first "=" behind a known name counts."""
        parts = text.split("=")
        for count in range(1, len(parts)):
            name = "=".join(parts[:count]).strip()
            if name in self._header:
                return self._column(name), "=".join(parts[count:]).strip()
        if len(parts) == 1:
            raise CsvError(f"--where {text!r} should look like Column=value.")
        return self._column(parts[0].strip()), ""


def _listed(names: Sequence[str], limit: int = 8) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(repr(name) for name in names[:limit]) + more
