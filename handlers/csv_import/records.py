"""What a table file is, whatever it is written in: a header, and records below it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class Record(NamedTuple):
    """What stands in one row, as many cells as the header has; or, as a str, why it cannot be read.

    `line` is where it starts, `number` what a spreadsheet program would show beside it. A record whose
    cells are all blank may have any number of them.
    """

    line: int
    number: int
    cells: list[str] | str


class Records(Protocol):
    """An open table file; iterate over it once, and close it."""

    @property
    def header(self) -> Sequence[str]:
        """The names of the columns, without blanks around them; one may be empty, or be there twice."""

    @property
    def size(self) -> int | None:
        """Of the file, in bytes; None for a pipe."""

    @property
    def position(self) -> int:
        """How much of `size` was read so far; for a progress bar."""

    @property
    def note(self) -> str:
        """What was assumed to open it, in a sentence for whoever may mean something else; or ""."""

    def __iter__(self) -> Iterator[Record]: ...

    def again(self) -> "Records | None":
        """Another reading of it from the start, to be closed on its own; None where there is none."""

    def place(self, line: int) -> str:
        """How the record that starts there is named to people: `line 7`, `row 7 of Tickets`."""

    def flaw(self, cell: str) -> str | None:
        """Why this cell cannot be used; words that follow `the column 'Id' has `."""

    def close(self) -> None:
        """Lets go of the file; harmless when repeated."""
