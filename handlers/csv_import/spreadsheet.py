"""Reads a table row by row, for `import`: the columns that fill a field, the rows that are asked for.

A row that cannot be read is reported with its line, and the reading goes on behind it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import TracebackType
from typing import Self

from handlers.csv_import.records import Records
from handlers.csv_import.text_lines import CsvError

FIELDS = ("what_happened", "reference", "customer", "happened_at", "public_post")


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


@dataclass(frozen=True)
class Only:
    """Rows that count: those with one of these values in a column, upper or lower case alike.

    `otherwise` is what happened where no column says it; it may hold "{value}".
    """

    column: str
    values: tuple[str, ...]
    otherwise: str


class Table:
    """The rows of an open table file; iterate over it once, and close it (it is a context manager).

    `where` are conditions "Column=value", which must all hold; blanks around a value do not count.
    Takes the records over, also when it raises CsvError because there is no such column.
    """

    def __init__(
        self,
        records: Records,
        mapping: Mapping[str, tuple[str, ...]],
        where: Sequence[str] = (),
        only: Only | None = None,
    ) -> None:
        self._records, self._only = records, only
        try:
            self._header = list(records.header)
            self._mapping = {
                field: tuple(self._column(name) for name in names) for field, names in mapping.items()
            }
            self._where = tuple(self._condition(text) for text in where)
            self._chosen = None if only is None else self._column(only.column)
            self._accepted = {value.casefold() for value in (only.values if only else ())}
        except BaseException:
            records.close()
            raise

    @property
    def size(self) -> int | None:
        """Of the file, in bytes; None for a pipe."""
        return self._records.size

    @property
    def position(self) -> int:
        """How many bytes were read so far, ahead of the row; for a progress bar."""
        return self._records.position

    def place(self, line: int) -> str:
        """How the row that starts there is named to people: `line 7`, `row 7 of Tickets`."""
        return self._records.place(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._records.close()

    def __iter__(self) -> Iterator[Row | Broken]:
        for line, number, cells in self._records:
            if isinstance(cells, str):
                yield Broken(line, number, cells)
            elif not any(cell and not cell.isspace() for cell in cells) or not self._is_asked_for(cells):
                continue
            elif flaw := self._flaw(cells):
                yield Broken(line, number, flaw)
            else:
                yield Row(line, number, self._row_values(cells))

    def column(self, field: str) -> Iterator[tuple[str, str]]:
        """The place and the value of a field in every row that can be read, asked for or not.

        It is a reading of its own, behind which the rows are all still there. Nothing when the field
        is not mapped, and in a pipe, which can be read once only.
        """
        if field not in self._mapping or (other := self._records.again()) is None:
            return
        try:
            for line, _, cells in other:
                if not isinstance(cells, str) and len(cells) == len(self._header):
                    yield other.place(line), self._values(cells)[field]
        finally:
            other.close()

    def _is_asked_for(self, cells: list[str]) -> bool:
        if self._chosen is not None and cells[self._chosen].strip().casefold() not in self._accepted:
            return False
        return all(cells[column].strip() == value for column, value in self._where)

    def _flaw(self, cells: list[str]) -> str | None:
        used = (column for columns in self._mapping.values() for column in columns)
        flaws = ((self._header[column], self._records.flaw(cells[column])) for column in used)
        return next((f"the column {name!r} has {flaw}" for name, flaw in flaws if flaw), None)

    def _row_values(self, cells: list[str]) -> Mapping[str, str]:
        values = self._values(cells)
        if values.get("what_happened") or self._only is None or self._chosen is None:
            return values
        return {
            **values,
            "what_happened": self._only.otherwise.format(value=cells[self._chosen].strip()),
        }

    def _values(self, cells: list[str]) -> Mapping[str, str]:
        def first(columns: tuple[int, ...]) -> str:
            filled = (text for column in columns if (text := cells[column].strip()))
            return next(filled, "").replace("\r\n", "\n").replace("\r", "\n")

        return {field: first(columns) for field, columns in self._mapping.items()}

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
