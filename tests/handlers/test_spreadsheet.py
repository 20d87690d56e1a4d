import csv
import io
import os
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.csv_import.open_file import open_file
from handlers.csv_import.spreadsheet import Broken, Row, Table, parse_mapping
from handlers.csv_import.text_lines import MAX_CHARACTERS, CsvError
from tests.shared import COMPLAINTS

COMPLAINT_MAPPING = (
    "what_happened=Consumer complaint narrative|Issue",
    "reference=Complaint ID",
    "happened_at=Date received",
)
SIMPLE = parse_mapping(["what_happened=text", "reference=id"])
OPEN_QUOTE = "a quotation mark is left open, or text follows a closing one"


def read(path: Path, where: Sequence[str] = (), encoding: str | None = None) -> list[Row | Broken]:
    with Table(open_file(path, encoding), SIMPLE, where) as table:
        return list(table)


def row(line: int, number: int, reference: str, what_happened: str) -> Row:
    return Row(line, number, {"what_happened": what_happened, "reference": reference})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cases.csv"


# What the command line says


def test_a_mapping_names_columns_in_the_order_they_are_tried() -> None:
    assert parse_mapping(["what_happened=Narrative | Issue", "reference=a=b?"]) == {
        "what_happened": ("Narrative", "Issue"),
        "reference": ("a=b?",),
    }


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([], "--map what_happened=COLUMN is needed: without it a case says nothing."),
        (["reference=id"], "--map what_happened=COLUMN is needed: without it a case says nothing."),
        (
            ["whatever=id"],
            "--map 'whatever=id' should start with one of what_happened, reference, customer, "
            "happened_at, public_post and '='.",
        ),
        (
            ["what_happened=a||b"],
            "--map 'what_happened=a||b' should name a column, or several with '|' between them.",
        ),
        (
            ["what_happened"],
            "--map 'what_happened' should name a column, or several with '|' between them.",
        ),
        (
            ["what_happened=a", "what_happened=b"],
            "--map names what_happened twice; put '|' between its columns.",
        ),
    ],
)
def test_a_wrong_mapping_is_one_clear_sentence(pairs: list[str], sentence: str) -> None:
    with pytest.raises(CsvError) as unreadable:
        parse_mapping(pairs)
    assert str(unreadable.value) == sentence


@pytest.mark.parametrize(
    ("content", "where", "sentence"),
    [
        (b"", "", "FILE is empty."),
        (b"\n \r\n\n", "", "FILE is empty."),
        (b"\xef\xbb\xbf", "", "FILE is empty."),
        (
            b"PK\x03\x04rest",
            "",
            "FILE is a workbook that cannot be read: it is damaged, or protected by a password.",
        ),
        (
            b"<html><table><tr><td>id",
            "",
            "FILE is a web page or XML, whatever it is called; save it as .xlsx or CSV.",
        ),
        (b'{"id": 1}', "", "FILE is JSON, whatever it is called; save it as .xlsx or CSV."),
        (b'"id,text\n1,x\n', "", "The header of FILE has an open quotation mark, or no end."),
        (b"x" * (MAX_CHARACTERS + 9), "", "The header of FILE has an open quotation mark, or no end."),
        (b"id,t\xe9xt\n", "", "The header of FILE is not UTF-8; name another with --encoding."),
        (
            "id,text\n".encode("utf-16-le"),
            "",
            "FILE looks like UTF-16 without a mark; try --encoding utf-16-le.",
        ),
        (b"id,Text\n", "", "The file has no column 'text'; did you mean 'Text'?"),
        (b"id,body\n", "", "The file has no column 'text'; it has 'id', 'body'."),
        (b"id,text,text\n", "", "The file has 2 columns named 'text'; rename all but one."),
        (b"id,text\n", "text", "--where 'text' should look like Column=value."),
        (b"id,text\n", "ids=1", "The file has no column 'ids'; did you mean 'id'?"),
    ],
)
def test_what_cannot_be_read_at_all_is_one_clear_sentence(
    file: Path, content: bytes, where: str, sentence: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(CsvError) as unreadable:
        read(file, [where] if where else [])
    assert str(unreadable.value) == sentence.replace("FILE", str(file))


def test_many_columns_are_not_all_listed(file: Path) -> None:
    file.write_text(",".join(f"{number:03}" for number in range(100)))
    with pytest.raises(CsvError) as unreadable:
        read(file)
    assert str(unreadable.value).endswith("it has '000', '001', '002', '003', '004', '005', '006', '007'"
                                          " and 92 more.")  # fmt: skip


def test_a_file_that_is_not_there_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(CsvError) as missing:
        read(tmp_path / "no.csv")
    assert str(missing.value) == f"{tmp_path}/no.csv cannot be read: No such file or directory."
    with pytest.raises(CsvError) as folder:
        read(tmp_path)
    assert str(folder.value) == f"{tmp_path} cannot be read: Is a directory."


@pytest.mark.parametrize("encoding", ["klingon", "base64"])
def test_an_unknown_encoding_is_one_clear_sentence(file: Path, encoding: str) -> None:
    file.write_text("id,text\n")
    with pytest.raises(CsvError) as unreadable:
        read(file, encoding=encoding)
    assert str(unreadable.value) == f"--encoding {encoding!r} is no encoding, like utf-8 or cp1252."


# Which rows, and what is in them


def test_all_conditions_hold_for_a_row(file: Path) -> None:
    file.write_text("id,text,ok?=,a\n1,x, No ,b=c\n2,x,No,b\n3,x,no,b=c\n4,x,No,b=c\n")
    found = read(file, ["ok?==No", "a=b=c"])
    assert found == [row(2, 2, "1", "x"), row(5, 5, "4", "x")]


def test_an_empty_value_asks_for_empty_cells(file: Path) -> None:
    file.write_text("id,text\n1,x\n,y\n")
    assert read(file, ["id="]) == [row(3, 3, "", "y")]


def test_the_first_column_that_is_not_empty_wins(file: Path) -> None:
    file.write_text("long,short\nstory,s\n  ,t\n,\n")
    with Table(open_file(file), parse_mapping(["what_happened=long|short"])) as table:
        found = [row.values["what_happened"] for row in table if isinstance(row, Row)]
    assert found == ["story", "t"]


def test_a_column_has_every_row_that_can_be_read_asked_for_or_not(file: Path) -> None:
    file.write_text(
        'id,late,opened,sent\n1,No,,2/3/23\n"2,No\n\n3,Yes,"14/07/23 \n",1/1/23\n4,No\n5,No,,\n'
    )
    mapping = parse_mapping(["what_happened=id", "happened_at=opened|sent"])
    with Table(open_file(file), mapping, ["late=No"]) as table:
        assert list(table.column("happened_at")) == [
            ("line 2", "2/3/23"),
            ("line 5", "14/07/23"),
            ("line 8", ""),
        ]
        assert len([row for row in table if isinstance(row, Row)]) == 2  # still there
        assert list(table.column("customer")) == []


def test_line_and_row_numbers_part_ways_behind_a_cell_with_line_breaks(file: Path) -> None:
    file.write_text('id,text\n1,"one\ntwo\n"\n\n2,x\n;\n')
    assert read(file) == [
        row(2, 2, "1", "one\ntwo"),
        row(6, 4, "2", "x"),
        Broken(7, 5, "it has 1 columns where the header has 2"),
    ]


def test_blank_lines_and_rows_are_passed_over(file: Path) -> None:
    file.write_text('\n  \nid,text\n\n,\n" "," "\n  \n1,x\n\n\n')
    assert read(file) == [row(8, 8, "1", "x")]


# How the same table may be written

TABLE = [["id", "text", "more"], ["1", 'a "b", c;d|e\tf', ""], ["2", "Grüße\n\nזאת 😀", "x"]]
READ = [
    row(2, 2, "1", 'a "b", c;d|e\tf'),
    row(3, 3, "2", "Grüße\n\nזאת 😀"),
]


def written(separator: str, end: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(TABLE)
    return text.getvalue().replace("\n", end)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_the_same_table_is_read_however_it_is_written(
    file: Path, separator: str, end: str, encoding: str
) -> None:
    file.write_bytes(written(separator, end).encode(encoding))
    assert read(file) == READ


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_an_encoding_may_be_named_with_or_without_a_mark(file: Path, encoding: str, mark: str) -> None:
    file.write_bytes((mark + written(",", "\n")).encode(encoding))
    assert read(file, encoding=encoding) == READ


def test_separators_inside_quotation_marks_of_the_header_do_not_count(file: Path) -> None:
    file.write_text('"a, b, c, d";"text\nof it";id\nx;y;1\n')
    with Table(
        open_file(file), parse_mapping(["what_happened=a, b, c, d", "customer=text\nof it"])
    ) as table:
        assert list(table) == [Row(3, 2, {"what_happened": "x", "customer": "y"})]


def test_a_header_of_one_column_needs_no_separator(file: Path) -> None:
    file.write_text('text\nLate\n"Late, twice"\nLate, twice\n')
    with Table(open_file(file), parse_mapping(["what_happened=text"])) as table:
        assert list(table) == [
            Row(2, 2, {"what_happened": "Late"}),
            Row(3, 3, {"what_happened": "Late, twice"}),
            Broken(4, 4, "it has 2 columns where the header has 1"),
        ]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def as_read(cell: str) -> str:
    return cell.strip().replace("\r\n", "\n").replace("\r", "\n")


@settings(deadline=None)  # writing a file takes as long as the disk likes
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=20),
    separator=st.sampled_from(",;\t|"),
    # The csv module leaves a \r unquoted where lines end with \n, unless it quotes everything.
    style=st.sampled_from(
        [("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL)],
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_table_is_read_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    separator: str,
    style: tuple[str, Literal[0, 1]],
    encoding: str,
) -> None:
    path = tmp_path_factory.mktemp("table") / "any.csv"
    with path.open("w", encoding=encoding, newline="") as text:
        end, quoting = style
        writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
        writer.writerows([("id", "text"), *rows])
    found = read(path)
    assert [row.values for row in found if isinstance(row, Row)] == [
        {"reference": as_read(one), "what_happened": as_read(two)}
        for one, two in rows
        if one.strip() or two.strip()
    ]
    assert not [row for row in found if isinstance(row, Broken)]


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text('\r\n",9\0é', max_size=60).map(str.encode))
def test_no_bytes_hide_the_row_behind_them(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    path = tmp_path_factory.mktemp("noise") / "any.csv"
    path.write_bytes(b"id,text\n" + noise + b"\n9,end\n")
    *before, last = read(path)
    assert isinstance(last, Row)
    assert last.values == {"reference": "9", "what_happened": "end"}
    assert [found.number for found in before] == sorted({found.number for found in before})


# Broken rows


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80"])
def test_bytes_of_another_encoding_break_one_row(file: Path, bad: bytes) -> None:
    file.write_bytes(b"id,text\n1,x\n2,a" + bad + b"b\n3,y\n")
    assert read(file) == [
        row(2, 2, "1", "x"),
        Broken(3, 3, "the column 'text' has bytes that are not UTF-8 (see --encoding)"),
        row(4, 4, "3", "y"),
    ]


def test_half_a_character_of_utf_16_breaks_one_row(file: Path) -> None:
    start, rest = "id,text\n1,x\n2,a".encode("utf-16"), "b\n3,y\n".encode("utf-16")[2:]
    file.write_bytes(start + "\udc00".encode("utf-16", "surrogatepass")[2:] + rest)
    assert read(file) == [
        row(2, 2, "1", "x"),
        Broken(3, 3, "the column 'text' has bytes that are not UTF-16 (see --encoding)"),
        row(4, 4, "3", "y"),
    ]


def test_another_encoding_reads_what_was_broken(file: Path) -> None:
    file.write_bytes("id,text\n1,Grüße – 5 €\n".encode("cp1252"))
    assert read(file, encoding="cp1252") == [row(2, 2, "1", "Grüße – 5 €")]


def test_too_few_and_too_many_columns_break_one_row(file: Path) -> None:
    file.write_text('id,text\n1\n2,a,b\n3,"c\nd",e\n4,x\n')
    assert read(file) == [
        Broken(2, 2, "it has 1 columns where the header has 2"),
        Broken(3, 3, "it has 3 columns where the header has 2"),
        Broken(4, 4, "it has 3 columns up to line 5 where the header has 2"),
        row(6, 5, "4", "x"),
    ]


def test_a_nul_character_breaks_one_row(file: Path) -> None:
    file.write_bytes(b"id,text\n1,a\0b\n2,x\n")
    assert read(file) == [Broken(2, 2, "the column 'text' has a NUL character"), row(3, 3, "2", "x")]


@pytest.mark.parametrize(
    "rest",
    ["2,x\n3,y\n", '2,x\n3,"y"\n', '2,"x"\n3,y', '2,x\n3,"y\n'[:-1] + '"\n'],
)
def test_an_open_quotation_mark_breaks_one_row_and_swallows_none(file: Path, rest: str) -> None:
    file.write_text(f'id,text\n1,"a\n{rest}')
    assert read(file) == [Broken(2, 2, OPEN_QUOTE), row(3, 3, "2", "x"), row(4, 4, "3", "y")]


def test_text_behind_a_closing_quotation_mark_breaks_one_row(file: Path) -> None:
    file.write_text('id,text\n1,"a"b\n2,5" pipe\n')
    assert read(file) == [Broken(2, 2, OPEN_QUOTE), row(3, 3, "2", '5" pipe')]


def test_an_open_quotation_mark_in_a_large_file_breaks_one_row(file: Path) -> None:
    lines, text = MAX_CHARACTERS // 100, "x" * 200
    file.write_text('id,text\n1,"a\n' + f"2,{text}\n" * lines)
    found = read(file)
    assert found[0] == Broken(
        2, 2, f"it has more than {MAX_CHARACTERS:,} characters, or an open quotation mark"
    )
    assert found[1] == row(3, 3, "2", text)
    assert found[-1] == row(lines + 2, lines + 2, "2", text)
    assert len(found) == lines + 1


def test_a_long_cell_is_read_whole(file: Path) -> None:
    text = "word\n" * 100_000
    file.write_text(f'id,text\n1,"{text}"\n2,x\n')
    assert read(file) == [row(2, 2, "1", text.strip()), row(100_003, 3, "2", "x")]


@pytest.mark.parametrize("longer", range(-2, 4))
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_without_end_breaks_one_row(file: Path, longer: int, end: str) -> None:
    line = "1,".ljust(MAX_CHARACTERS + longer, "x")
    file.write_bytes(f"id,text{end}{line}{end}2,y{end}".encode())
    found = read(file)
    if len(line + end) > MAX_CHARACTERS:
        assert isinstance(found[0], Broken)
    else:
        assert found[0] == row(2, 2, "1", line[2:])
    assert found[1:] == [row(3, 3, "2", "y")]


# Real and large files


@pytest.fixture(scope="module")
def complaints() -> bytes:
    if not COMPLAINTS.exists():
        pytest.skip(f"{COMPLAINTS} is missing")
    return COMPLAINTS.read_bytes()


def late(path: Path) -> list[Row]:
    with Table(open_file(path), parse_mapping(COMPLAINT_MAPPING), ["Timely response?=No"]) as table:
        found = list(table)
    rows = [row for row in found if isinstance(row, Row)]
    assert len(rows) == len(found)
    return rows


def test_the_complaints_have_94_late_ones_in_every_format(complaints: bytes, file: Path) -> None:
    text = complaints.decode().replace("\r\n", "\n")
    semicolons = io.StringIO(newline="")
    csv.writer(semicolons, delimiter=";").writerows(csv.reader(io.StringIO(text, newline="")))
    late_ones = late(COMPLAINTS)
    assert len(late_ones) == 94
    assert all(row.values["what_happened"] and row.values["reference"] for row in late_ones)
    for variant in (
        text.encode(),
        text.encode("utf-8-sig"),
        text.encode("utf-16"),
        text.replace("\n", "\r\n").encode(),
        semicolons.getvalue().encode(),
        semicolons.getvalue().encode("utf-16"),
    ):
        file.write_bytes(variant)
        assert late(file) == late_ones


def test_a_large_file_is_read_in_flat_memory_with_its_progress_known(file: Path) -> None:
    with file.open("w") as text:
        text.write("id,text\n")
        text.writelines(f"{number},Case {number} was late\n" for number in range(200_000))
    count = 0
    tracemalloc.start()
    try:
        with Table(open_file(file), SIMPLE) as table:
            before = table.position
            for row in table:
                count += isinstance(row, Row)
            assert table.size == table.position == file.stat().st_size > before
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 200_000
    assert peak < 5_000_000


def test_a_pipe_has_no_size_and_is_read_all_the_same() -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b"id,text\n1,x\n")
        os.close(writing)
        with Table(open_file(Path(f"/dev/fd/{reading}")), SIMPLE) as table:
            assert table.size is None
            assert list(table.column("reference")) == []
            assert list(table) == [row(2, 2, "1", "x")]
            assert table.position == 12
    finally:
        os.close(reading)
