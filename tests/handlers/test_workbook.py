import os
import shutil
import signal
import sys
import threading
import tracemalloc
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

from handlers.csv_import.open_file import open_file
from handlers.csv_import.spreadsheet import Broken, Row, Table, parse_mapping
from handlers.csv_import.text_lines import CsvError
from handlers.csv_import.workbook_process import MAX_ROW, read, text
from tests.workbooks import CASES, CASES_XLS, ERROR, Rows, ods, xlsx

MAPPING = parse_mapping(["what_happened=Story", "reference=Id", "happened_at=When"])
SIMPLE = parse_mapping(["what_happened=Story", "reference=Id"])
LOST = {"what_happened": "Lost", "reference": "4711", "happened_at": "2026-03-04 10:15:20"}
LATE = {"what_happened": "Late", "reference": "1234567890123456", "happened_at": "2026-03-05"}


def read_rows(
    path: Path, sheet: str | None = None, where: Sequence[str] = (), simple: bool = True
) -> list[Row | Broken]:
    with Table(open_file(path, sheet=sheet), SIMPLE if simple else MAPPING, where) as table:
        return list(table)


def row(number: int, reference: str, what_happened: str) -> Row:
    return Row(number, number, {"what_happened": what_happened, "reference": reference})


def sentence(path: Path, sheet: str | None = None) -> str:
    with pytest.raises(CsvError) as unreadable:
        open_file(path, sheet=sheet)
    return str(unreadable.value).replace(str(path), "FILE")


@pytest.fixture(params=["xlsx", "ods", "xls"])
def cases(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same two cases in each kind of workbook."""
    file = tmp_path / f"cases.{request.param}"
    if request.param == "xlsx":
        return xlsx(file, {"Tickets": CASES})
    return ods(file, CASES) if request.param == "ods" else Path(shutil.copy(CASES_XLS, file))


# What is in the cells


def test_every_kind_says_the_same(cases: Path) -> None:
    assert read_rows(cases, simple=False) == [Row(2, 2, LOST), Row(3, 3, LATE)]
    late = read_rows(cases, where=["Late=FALSE"], simple=False)
    assert late == [Row(3, 3, LATE)], "a yes or no reads as in the CSV of a spreadsheet program"


@pytest.mark.parametrize("name", ["cases.csv", "cases.xlsx", "cases.ods", "cases.xls", "cases"])
def test_a_name_may_lie_about_what_a_file_is(cases: Path, name: str) -> None:
    renamed = cases.rename(cases.with_name(name))
    assert len(read_rows(renamed)) == 2


def test_text_that_is_called_a_workbook_is_read_as_text(tmp_path: Path) -> None:
    file = tmp_path / "cases.xlsx"
    file.write_text("Id,Story\n1,Lost\n")
    assert read_rows(file) == [row(2, "1", "Lost")]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (4711.0, "4711"),
        (-3, "-3"),
        (1e15, "1000000000000000"),
        (2.0**53 - 1, "9007199254740991"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (2.0**53, None),
        (12345678901234567.0, None),
        (1e300, None),
        (True, "TRUE"),
        (datetime(2026, 3, 4, 10, 14, 59, 999_700), "2026-03-04 10:15:00"),  # noqa: DTZ001
        ("as it is ", "as it is "),
    ],
)
def test_a_cell_reads_as_a_person_sees_it(value: float | str | bool, words: str | None) -> None:
    assert text(value) == words


def test_a_number_whose_digits_are_lost_breaks_its_row_where_it_is_needed(tmp_path: Path) -> None:
    rows: Rows = [
        ("Id", "Story", "Size"),
        (12345678901234567, "Lost", 1),
        (5, "Late", 12345678901234567),
    ]
    assert read_rows(xlsx(tmp_path / "a.xlsx", {"Tickets": rows})) == [
        Broken(
            2,
            2,
            "the column 'Id' has a number of more than 15 digits, which workbooks round: make it text, "
            "and type it again",
        ),
        row(3, "5", "Late"),
    ]


def test_an_error_is_an_empty_cell(tmp_path: Path) -> None:
    file = xlsx(tmp_path / "a.xlsx", {"Tickets": [("Id", "Story"), (ERROR, "Lost"), (2, ERROR)]})
    assert read_rows(file) == [row(2, "", "Lost"), row(3, "2", "")]


def test_rows_are_counted_as_a_person_sees_them_wherever_the_table_begins(tmp_path: Path) -> None:
    rows: Rows = [(None, "Id", "Story"), (), (None, 1, "Lost"), (None, None, " "), (None, 2, "Late")]
    file = xlsx(tmp_path / "a.xlsx", {"Tickets": rows}, start=(4, 2))
    assert read_rows(file) == [row(6, "1", "Lost"), row(8, "2", "Late")]


def test_a_cell_that_was_merged_over_rows_counts_in_each(tmp_path: Path) -> None:
    rows: Rows = [("Id", "Story"), (1, "Lost"), (2, None), (None, None), (4, None), (5, "Late")]
    file = xlsx(tmp_path / "a.xlsx", {"Tickets": rows}, merged="B2:B5")
    assert read_rows(file) == [
        row(2, "1", "Lost"),
        row(3, "2", "Lost"),
        row(5, "4", "Lost"),
        row(6, "5", "Late"),
    ]


def test_what_stands_beside_the_table_breaks_its_row(tmp_path: Path) -> None:
    rows: Rows = [("Id", "Story"), (1, "Lost"), (2, "Late", None, "see Ana")]
    assert read_rows(xlsx(tmp_path / "a.xlsx", {"Tickets": rows})) == [
        row(2, "1", "Lost"),
        Broken(3, 3, "'see Ana' stands in a column without a name in the header"),
    ]


def test_a_row_that_is_too_long_is_left_out(tmp_path: Path) -> None:
    file = ods(tmp_path / "a.ods", [("Id", "Story"), (1, "x" * (MAX_ROW + 1)), (2, "Late")])
    assert read_rows(file) == [
        Broken(2, 2, "it has more than 1,000,000 characters"),
        row(3, "2", "Late"),
    ]


def test_a_column_is_read_before_the_rows_and_places_have_the_sheets_name(cases: Path) -> None:
    with Table(open_file(cases), MAPPING) as table:
        assert list(table.column("happened_at")) == [
            ("row 2 of Tickets", "2026-03-04 10:15:20"),
            ("row 3 of Tickets", "2026-03-05"),
        ]
        assert len(list(table)) == 2
        assert table.size == table.position == cases.stat().st_size


# Which sheet


def test_the_first_sheet_that_shows_anything_is_read_and_it_is_said(tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {
        "Old": [("Story",), ("Hidden",)],
        "Empty": [],
        "March": [("Id", "Story"), (3, "Lost")],
        "April": [("Id", "Story"), (4, "Late")],
    }
    file = xlsx(tmp_path / "a.xlsx", sheets, hidden=["Old"])
    records = open_file(file)
    assert records.note == "Of 3 sheets 'March' is read; --sheet names another: 'Empty', 'April'."
    records.close()
    assert read_rows(file) == [row(2, "3", "Lost")]
    assert read_rows(file, " april") == [row(2, "4", "Late")]
    with Table(open_file(file, sheet="Old"), parse_mapping(["what_happened=Story"])) as table:
        assert [found.line for found in table] == [2], "whoever names a hidden sheet means it"
    assert sentence(file, "Aprli") == "The workbook has no sheet 'Aprli'; did you mean 'April'?"
    assert sentence(file, "X") == (
        "The workbook has no sheet 'X'; it has 'Old', 'Empty', 'March', 'April'."
    )
    nothing = "FILE has no sheet in which anything stands; hidden ones count only with --sheet."
    assert sentence(file, "Empty") == nothing
    hidden = xlsx(tmp_path / "b.xlsx", {"Old": sheets["Old"], "Empty": []}, hidden=["Old"])
    assert sentence(hidden) == nothing


def test_with_one_sheet_nothing_is_said_and_text_has_none(cases: Path, tmp_path: Path) -> None:
    records = open_file(cases)
    assert records.note == ""
    records.close()
    csv = tmp_path / "cases.csv"
    csv.write_text("Id,Story\n")
    assert sentence(csv, "Tickets") == "--sheet is for workbooks, and FILE is none."
    with pytest.raises(CsvError, match="--encoding is for tables of text"):
        open_file(cases, "utf-8")


# What cannot be read


def test_a_password_is_one_clear_sentence(tmp_path: Path) -> None:
    old = CASES_XLS.read_bytes()
    # In an .xls the record FILEPASS (2F) says so; here it stands where who wrote it (5C) stood.
    locked = tmp_path / "locked.xls"
    locked.write_bytes(old.replace(b"\x5c\x00\x70\x00", b"\x2f\x00\x70\x00", 1))
    # An .xlsx is then put as a whole into a file like an .xls, under this name.
    name, secret = "Workbook".encode("utf-16-le"), "EncryptedPackage".encode("utf-16-le")
    entry = bytearray(old)
    at = entry.index(name)
    entry[at : at + 66] = secret.ljust(64, b"\0") + (len(secret) + 2).to_bytes(2, "little")
    newer = tmp_path / "locked.xlsx"
    newer.write_bytes(entry)
    free = ods(tmp_path / "locked.ods", CASES, encrypted=True)
    for file in (locked, newer, free):
        assert sentence(file) == "FILE is protected by a password; save a copy without one."


def test_a_damaged_workbook_is_one_clear_sentence(cases: Path) -> None:
    damaged = "FILE is a workbook that cannot be read: it is damaged, or protected by a password."
    cases.write_bytes(cases.read_bytes()[:900])
    assert sentence(cases) == damaged


def test_an_archive_in_which_a_table_is_packed_is_to_be_unpacked_first(tmp_path: Path) -> None:
    packed = tmp_path / "export.csv.zip"
    with ZipFile(packed, "w") as file:
        file.writestr("export.csv", "Id,Story\n1,Lost\n")
    assert sentence(packed) == "FILE is an archive; unpack it, and import the table in it."


def test_two_cells_at_the_ends_of_a_sheet_do_not_take_the_machines_memory(tmp_path: Path) -> None:
    file = xlsx(tmp_path / "a.xlsx", {"Tickets": [("Id", "Story")]})
    with ZipFile(file) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", far)
    with ZipFile(file, "w") as book:
        for name, part in parts.items():
            book.writestr(name, part)
    assert sentence(file) == (
        "FILE is too large for a workbook (it takes more than 1 GB to open); save the sheet as CSV, "
        "which may be of any length."
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the processes of this one are found in /proc")
def test_a_process_that_is_ended_half_way_is_no_end_of_the_table(tmp_path: Path) -> None:
    rows: Rows = [("Id", "Story"), *((number, "x" * 1000) for number in range(2000))]
    with Table(open_file(xlsx(tmp_path / "a.xlsx", {"Tickets": rows})), SIMPLE) as table:
        rest = iter(table)
        next(rest)
        (reader,) = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
        os.kill(int(reader), signal.SIGKILL)
        with pytest.raises(CsvError, match="is too large for a workbook"):
            list(rest)


def test_a_pipe_is_asked_for_as_a_file(cases: Path) -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, cases.read_bytes()[:1000])
        os.close(writing)
        path = Path(f"/dev/fd/{reading}")
        assert sentence(path) == "FILE is a workbook in a pipe; name its file instead."
    finally:
        os.close(reading)


def test_nothing_that_a_file_holds_makes_the_reader_fail(tmp_path: Path) -> None:
    file = tmp_path / "noise.xlsx"
    for start in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        for length in (0, 1, 500, 5000):
            file.write_bytes(start + bytes(length))
            about, rows = read(file, None)
            assert about["fault"] == "damaged"  # type: ignore[typeddict-item]
            assert list(rows) == []


def test_a_large_sheet_is_read_in_flat_memory(tmp_path: Path) -> None:
    rows: Rows = [("Id", "Story"), *((number, f"Case {number} was late") for number in range(100_000))]
    file = xlsx(tmp_path / "a.xlsx", {"Tickets": rows})
    del rows
    tracemalloc.start()
    try:
        with Table(open_file(file), SIMPLE) as table:
            count = sum(isinstance(found, Row) for found in table)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 100_000
    assert peak < 5_000_000
