"""The records of a workbook's sheet: .xlsx, .xlsm, .xlsb, .ods and .xls."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import cast

from handlers.csv_import import workbook_process
from handlers.csv_import.records import Record
from handlers.csv_import.text_lines import CsvError
from handlers.csv_import.workbook_process import SheetFound, SheetMissing

LOST_DIGITS = "\udcfe"
"""Stands for a number that is not what was typed; no valid text holds half a surrogate pair."""
FAULTS = {
    "password": "{path} is protected by a password; save a copy without one.",
    "damaged": "{path} is a workbook that cannot be read: it is damaged, or protected by a password.",
    "archive": "{path} is an archive; unpack it, and import the table in it.",
    "memory": "{path} is too large for a workbook (it takes more than 1 GB to open); save the sheet as "
    "CSV, which may be of any length.",
    "empty": "{path} has no sheet in which anything stands; hidden ones count only with --sheet.",
}


class Workbook:
    """A sheet of a workbook as records.Records, to be iterated over once; the first row is the header.

    `sheet` None means the first one that is not hidden and not empty. Raises CsvError without one.
    """

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        self._path, self._wanted = path, sheet
        self.size: int | None = path.stat().st_size
        self._number = 0
        arguments = [str(path)] if sheet is None else [str(path), sheet]
        # -P: the folder of that file is not where modules are looked for.
        self._process = subprocess.Popen(  # noqa: S603 - our own file, with our own Python
            [sys.executable, "-P", workbook_process.__file__, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            about = cast(Mapping[str, object], self._next() or {"fault": "damaged"})
            if "fault" in about:
                raise CsvError(self._missing(cast(SheetMissing, about)))
            self._found = cast(SheetFound, about)
            self._header = self._read_header()
        except BaseException:
            self.close()
            raise

    @property
    def header(self) -> Sequence[str]:
        """The names of the columns, as records.Records says."""
        return self._header

    @property
    def position(self) -> int:
        """As much of the file's bytes as of the sheet's rows."""
        return (self.size or 0) * self._number // self._found["last"]

    @property
    def note(self) -> str:
        """Which sheet is read, where somebody may have meant another one; or ""."""
        visible, sheet = self._found["visible"], self._found["sheet"]
        if self._wanted is not None or len(visible) < 2:
            return ""
        others = ", ".join(repr(name) for name in visible if name != sheet)
        return f"Of {len(visible)} sheets {sheet!r} is read; --sheet names another: {others}."

    def close(self) -> None:
        """Ends the process that reads; harmless when repeated."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def again(self) -> "Workbook":
        """Another reading of it from the start."""
        return Workbook(self._path, self._wanted)

    def place(self, line: int) -> str:
        """Where a record is: `row 7 of Tickets`."""
        return f"row {line} of {self._found['sheet']}"

    def flaw(self, cell: str) -> str | None:
        """Why this cell cannot be used; words that follow `the column 'Id' has `."""
        if cell == LOST_DIGITS:
            return (
                "a number of more than 15 digits, which workbooks round: make it text, and type it again"
            )
        return None

    def __iter__(self) -> Iterator[Record]:
        while (row := self._row()) is not None:
            if isinstance(row.cells, str):
                yield row
                continue
            # The sheet is as wide as its widest row.
            more = [cell for cell in row.cells[len(self._header) :] if cell.strip()]
            if more:
                reason = f"{more[0]!r} stands in a column without a name in the header"
                yield row._replace(cells=reason if len(reason) < 100 else reason[:99] + "…")
            else:
                yield row._replace(cells=row.cells[: len(self._header)])

    def _read_header(self) -> list[str]:
        row = self._row()
        if row is None or isinstance(row.cells, str):
            raise CsvError(f"{self._path} has no header that can be read.")
        names = [name.strip() for name in row.cells]
        while names and not names[-1]:
            names.pop()
        return names

    def _row(self) -> Record | None:
        row = cast(tuple[int, list[str | None] | str] | None, self._next())
        if row is None:
            return None
        self._number, cells = row
        if isinstance(cells, str):
            return Record(self._number, self._number, cells)
        filled = [LOST_DIGITS if cell is None else cell for cell in cells]
        return Record(self._number, self._number, filled)

    def _next(self) -> object:
        """What the next line says; None at the end. Raises CsvError when the process failed."""
        stdout = self._process.stdout
        line = stdout.readline() if stdout else b""
        if line.endswith(b"\n"):
            return json.loads(line)
        ended = self._process.wait()
        if ended < 0:
            # By a signal: that is how the library, the system and the limit of time end it.
            raise CsvError(FAULTS["memory"].format(path=self._path))
        if ended:
            raise CsvError(FAULTS["damaged"].format(path=self._path))
        return None

    def _missing(self, about: SheetMissing) -> str:
        if about["fault"] != "no sheet":
            return FAULTS[about["fault"]].format(path=self._path)
        names = about["names"]
        near = get_close_matches(str(self._wanted), names)
        meant = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(map(repr, names[:8]))}."
        return f"The workbook has no sheet {self._wanted!r}; {meant}"
