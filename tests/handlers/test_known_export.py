import csv
from pathlib import Path

import pytest

from handlers.csv_import.known_export import KNOWN_EXPORTS, recognise
from handlers.csv_import.open_file import open_table
from handlers.csv_import.spreadsheet import Row
from handlers.csv_import.text_lines import CsvError
from tests.exports import INTERCOM_CONVERSATIONS, INTERCOM_RATINGS, ZENDESK_TICKETS, Export


def written(folder: Path, export: Export, *rows: dict[str, str]) -> Path:
    """The file that the product writes of these rows; what they do not say is empty."""
    path = folder / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, export, restval="")
        lines.writeheader()
        lines.writerows(rows)
    return path


def taken(path: Path, *where: str) -> tuple[list[dict[str, str]], str, str]:
    """The values of the rows that count, the zone of their times, and what was said."""
    said: list[str] = []
    opened = open_table(path, (), where, None, None, said.append)
    with opened.table as table:
        rows = [dict(row.values) for row in table if isinstance(row, Row)]
    return rows, opened.zone, "\n".join(said)


def test_of_zendesks_tickets_those_count_that_were_rated_bad(tmp_path: Path) -> None:
    good = {"Id": "1", "Subject": "Fine", "Satisfaction Score": "Good"}
    offered = {"Id": "2", "Subject": "Not rated", "Satisfaction Score": "Offered"}
    bad = {
        "Summation column": "1",
        "Id": "4711",
        "Subject": "Parcel promised twice",
        "Requester": "Mrs. Ó.",
        "Created at": "2026-03-04 10:15",
        "Satisfaction Score": "Bad",
    }
    silent = {"Id": "5", "Created at": "2026-03-05 10:15", "Satisfaction Score": "2"}
    rows, zone, said = taken(written(tmp_path, ZENDESK_TICKETS, good, offered, bad, silent))
    assert rows == [
        {
            "what_happened": "Parcel promised twice",
            "reference": "4711",
            "customer": "Mrs. Ó.",
            "happened_at": "2026-03-04 10:15",
        },
        {
            "what_happened": "The customer rated it 2.",
            "reference": "5",
            "customer": "",
            "happened_at": "2026-03-05 10:15",
        },
    ]
    assert zone == ""
    assert said == (
        "This is a ticket export of Zendesk: what happened from 'Subject', its reference from 'Id', the "
        "customer from 'Requester', when it happened from 'Created at'. A row is a failed case when "
        "its 'Satisfaction Score' is Bad, 1 or 2 (others: --where). With --map you name the columns "
        "yourself."
    )


def test_whoever_says_which_rows_gets_those_and_no_others(tmp_path: Path) -> None:
    reopened = {"Id": "1", "Subject": "Again", "Satisfaction Score": "Good", "Reopens": "2"}
    bad = {"Id": "2", "Subject": "Bad", "Satisfaction Score": "Bad", "Reopens": "0"}
    rows, _, said = taken(written(tmp_path, ZENDESK_TICKETS, reopened, bad), "Reopens=2")
    assert [row["reference"] for row in rows] == ["1"]
    assert "The rows are those of --where." in said


def test_of_intercoms_conversations_those_count_that_were_rated_one_or_two(tmp_path: Path) -> None:
    started = "Conversation started at (America/New_York)"
    three = {"Conversation ID": "1", "Last teammate rating": "3"}
    one = {
        "Conversation ID": "215469",
        started: "2026-03-04 10:15:20",
        "Last teammate rating": "1",
        "Last teammate rating remark": "Nobody wrote back",
        "Title": "Where is it?",
        "User name": "Mrs. Ó.",
    }
    silent = {**one, "Last teammate rating": "2", "Last teammate rating remark": "", "Title": "Broken"}
    rows, zone, said = taken(written(tmp_path, INTERCOM_CONVERSATIONS, three, one, silent))
    assert [row["what_happened"] for row in rows] == ["Nobody wrote back", "Broken"]
    assert rows[0] == {
        "what_happened": "Nobody wrote back",
        "reference": "215469",
        "customer": "Mrs. Ó.",
        "happened_at": "2026-03-04 10:15:20",
    }
    assert zone == "America/New_York"
    assert said.startswith("This is a conversation export of Intercom: what happened from")


def test_of_intercoms_ratings_the_remark_is_what_happened(tmp_path: Path) -> None:
    one = {
        "Conversation ID": "215469",
        "Updated at (America/New_York)": "2026-03-04 10:15:20",
        "Conversation rating": "1",
        "Conversation rating remark": "Nobody wrote back",
        "Company name": "Ó. & Sons",
    }
    rows, zone, _ = taken(written(tmp_path, INTERCOM_RATINGS, one, {**one, "Conversation rating": "5"}))
    assert rows == [
        {
            "what_happened": "Nobody wrote back",
            "reference": "215469",
            "customer": "Ó. & Sons",
            "happened_at": "2026-03-04 10:15:20",
        }
    ]
    assert zone == "America/New_York"


def test_a_rating_is_what_happened_where_no_column_has_words(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("Conversation ID,Conversation rating\n1,1\n")
    rows, _, said = taken(path)
    assert rows == [{"what_happened": "The customer rated it 1.", "reference": "1"}]
    assert "what happened from 'Conversation rating', its reference from" in said


@pytest.mark.parametrize(
    "header",
    [
        (),
        ("Id", "Story"),
        ("Id", "Subject", "Requester", "Created at"),
        ("Satisfaction Score", "Id", "Subject"),
        ("Conversation ID", "Title"),
        ("Conversation rating", "Title"),
    ],
)
def test_what_has_not_all_that_an_export_has_is_none(header: tuple[str, ...]) -> None:
    assert recognise(header) is None


def test_upper_and_lower_case_and_order_do_not_matter_and_a_zone_must_be_one() -> None:
    known = recognise(["satisfaction score", "CREATED AT (Mars)", "requester", "subject", "ID"])
    assert known is not None
    assert known.mapping["happened_at"] == ("CREATED AT (Mars)",)
    assert known.zone == ""


def test_columns_that_are_named_are_not_guessed_and_without_any_it_is_one_sentence(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, ZENDESK_TICKETS, {"Id": "1", "Tags": "Lost", "Satisfaction Score": "Good"})
    said: list[str] = []
    with open_table(path, ["what_happened=Tags"], (), None, None, said.append).table as table:
        assert [row.values for row in table if isinstance(row, Row)] == [{"what_happened": "Lost"}]
    assert said == []
    path.write_text("Id,Story\n1,Lost\n")
    with pytest.raises(CsvError, match="--map what_happened=COLUMN is needed"):
        taken(path)


def test_each_export_is_known_by_its_own_columns_alone() -> None:
    for export in KNOWN_EXPORTS:
        known = recognise([*export.columns, export.ratings[0]])
        assert known is not None
        assert known.name == export.name
