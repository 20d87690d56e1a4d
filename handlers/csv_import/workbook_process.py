"""Reads one sheet of a workbook, in a process of its own: its rows as JSON, one in a line.

The library holds a sheet as one rectangle, however far apart its cells are, and ends its process when
the memory does not suffice (https://github.com/tafia/calamine/issues/693). Here that costs a sentence
only: workbook.py starts this file and reads what it writes. A workbook of 7 MB with 100,000 rows of 20
columns takes 200 MB and a few seconds.

First comes a line about the sheet (`SheetFound`), or why there is none (`SheetMissing`). Then a line for
each row in which something stands: its number from 1, and its cells from the first column that is used,
each as text, or null for a number that is not as it was typed any more; or why it cannot be read.
"""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Literal, TypedDict
from zipfile import BadZipFile, ZipFile

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

MAX_MEMORY = 1 << 30
"""Bytes that reading may take; ours. Enough for about 500,000 rows of 20 columns."""
MAX_SECONDS = 600
"""Of the processor; ours. What takes longer is made to take long."""
MAX_ROW = 1_000_000
"""Characters of a row; the same as in a table of text."""
MAX_WHOLE = 1 << 53
"""From here on, workbooks hold numbers that are not what was typed: they are 64-bit floats."""

Value = int | float | str | bool | time | date | datetime | timedelta


class SheetFound(TypedDict):
    """Which sheet is read, which ones a person sees (in their order), and the number of the last row."""

    sheet: str
    visible: Sequence[str]
    last: int


class SheetMissing(TypedDict):
    """Why nothing can be read; `names` are all sheets."""

    fault: Literal["password", "damaged", "archive", "memory", "no sheet", "empty"]
    names: Sequence[str]


def main(path: str, wanted: str | None) -> None:
    """Writes the sheet `wanted`, or else the first one that shows anything."""
    found, rows = read(Path(path), wanted)
    _write(found)
    for number, cells in rows:
        _write([number, cells])


def _write(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")


def read(
    path: Path, wanted: str | None
) -> tuple[SheetFound | SheetMissing, Iterator[tuple[int, list[str | None] | str]]]:
    """What `main` writes; never raises."""
    try:
        with _opened(path) as book:
            names = [
                about.name for about in book.sheets_metadata if about.typ == SheetTypeEnum.WorkSheet
            ]
            visible = [
                about.name
                for about in book.sheets_metadata
                if about.name in names and about.visible == SheetVisibleEnum.Visible
            ]
            chosen = visible if wanted is None else _named(wanted, names)
            if not chosen and wanted is not None:
                return {"fault": "no sheet", "names": names}, iter(())
            for name in chosen:
                sheet = book.get_sheet_by_name(name)
                if sheet.end is not None:
                    found: SheetFound = {"sheet": name, "visible": visible, "last": sheet.end[0] + 1}
                    return found, rows(sheet)
            return {"fault": "empty", "names": names}, iter(())
    except PasswordError:
        return {"fault": "password", "names": ()}, iter(())
    except MemoryError:
        return {"fault": "memory", "names": ()}, iter(())
    # A panic of the library is no Exception.
    except BaseException:
        return {"fault": "archive" if _is_other_archive(path) else "damaged", "names": ()}, iter(())


def _is_other_archive(path: Path) -> bool:
    """Whether it is a zip file in which something else is packed: helpdesks send their tables so."""
    try:
        with ZipFile(path) as packed:
            names = packed.namelist()
    except (BadZipFile, OSError, ValueError):
        return False
    return bool(names) and not {"[Content_Types].xml", "content.xml"} & set(names)


def _opened(path: Path) -> CalamineWorkbook:
    """By the ending of its name, which finds a password; then by what is in it, as a name may lie."""
    try:
        return CalamineWorkbook.from_path(path)
    except PasswordError:
        raise
    except CalamineError:
        return CalamineWorkbook.from_filelike(BytesIO(path.read_bytes()))


def _named(wanted: str, names: Sequence[str]) -> list[str]:
    if wanted in names:
        return [wanted]
    return [name for name in names if name.strip().casefold() == wanted.strip().casefold()]


def rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[str | None] | str]]:
    """The number and the cells of each row in which something stands.

    A cell that was merged over several rows counts in each of them: that is what a person sees.
    """
    first_column = sheet.start[1] if sheet.start else 0
    ends = {
        (top, left - first_column): bottom
        for (top, left), (bottom, _) in sheet.merged_cell_ranges or ()
        if bottom > top
    }
    merged: dict[int, tuple[int, str | None]] = {}
    for index, values in enumerate(sheet.iter_rows()):
        cells = [text(value) for value in values]
        for column, cell in enumerate(cells):
            if (bottom := ends.get((index, column))) is not None:
                merged[column] = bottom, cell
        if not any(cell is None or cell.strip() for cell in cells):
            continue
        for column, (bottom, cell) in merged.items():
            if index <= bottom and not cells[column]:
                cells[column] = cell
        if sum(len(cell or "") for cell in cells) > MAX_ROW:
            yield index + 1, f"it has more than {MAX_ROW:,} characters"
        else:
            yield index + 1, cells


def text(value: Value) -> str | None:
    """A cell as a person reads it; null for a number whose last digits are lost.

    A day at midnight is a day. What is an error (#N/A) is an empty cell for the library.
    """
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        # Moments are fractions of a day, a little off the second.
        return (value + timedelta(milliseconds=500)).replace(microsecond=0).isoformat(" ")
    if isinstance(value, time):
        return value.isoformat("seconds")
    return str(value)


def _number(value: float) -> str | None:
    if value == int(value):
        return str(int(value)) if abs(value) < MAX_WHOLE else None
    return f"{Decimal(f'{value:.15g}'):f}"


def _limit() -> None:
    # Not on every system; there the machine's own memory is the limit.
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415

        limits: Mapping[int, int] = {
            resource.RLIMIT_AS: MAX_MEMORY,
            resource.RLIMIT_CPU: MAX_SECONDS,
            resource.RLIMIT_CORE: 0,
        }
        for what, most in limits.items():
            resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    _limit()
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
