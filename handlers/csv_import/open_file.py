"""Opens a table file as what it is, whatever its name ends in."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from handlers.csv_import.known_export import recognise
from handlers.csv_import.records import Records
from handlers.csv_import.spreadsheet import Table, parse_mapping
from handlers.csv_import.text_lines import WORKBOOKS, CsvError
from handlers.csv_import.text_table import TextTable
from handlers.csv_import.workbook import Workbook


def open_file(path: Path, encoding: str | None = None, sheet: str | None = None) -> Records:
    """The records of a table of text, or of a workbook's sheet.

    `encoding` is for text; None: what its byte order mark says, or else UTF-8. `sheet` is for a
    workbook; None: the first one that is not hidden and not empty. Raises CsvError.
    """
    if not _is_workbook(path):
        if sheet is not None:
            raise CsvError(f"--sheet is for workbooks, and {path} is none.")
        return TextTable(path, encoding)
    if encoding is not None:
        raise CsvError(f"--encoding is for tables of text, and {path} is a workbook.")
    return Workbook(path, sheet)


def _is_workbook(path: Path) -> bool:
    try:
        # A pipe can be read once only: what is in it, TextTable says.
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(4).startswith(WORKBOOKS)
    except OSError as failed:
        raise CsvError(f"{path} cannot be read: {failed.strerror}.") from None


class OpenTable(NamedTuple):
    """The rows that are asked for; `zone` is that of their times, "" where the file does not say it."""

    table: Table
    zone: str


def open_table(
    path: Path,
    pairs: Sequence[str],
    where: Sequence[str],
    encoding: str | None,
    sheet: str | None,
    noted: Callable[[str], None],
) -> OpenTable:
    """The table by the arguments of --map (`pairs`), or, without any, as the known export that it is.

    `noted` hears what is assumed without having been said. Raises CsvError.
    """
    if pairs:
        parse_mapping(pairs)  # a slip in it is told before one in the file
    records = open_file(path, encoding, sheet)
    known = None if pairs else recognise(records.header)
    if known is None:
        try:
            mapping = parse_mapping(pairs)
        except CsvError:
            records.close()
            raise
        opened = OpenTable(Table(records, mapping, where), "")
    else:
        only = None if where else known.only
        opened = OpenTable(Table(records, known.mapping, where, only), known.zone)
    for sentence in (records.note, known.sentence(where) if known else ""):
        if sentence:
            noted(sentence)
    return opened
