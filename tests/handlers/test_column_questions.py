from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bot.domain.errors import Refused
from handlers.csv_import.column_questions import ask_columns
from handlers.csv_import.open_file import open_file
from handlers.csv_import.text_lines import CsvError

Asked = Callable[..., tuple[Sequence[str] | None, str]]


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """What is answered about a table, and all that is said; every question has to be asked."""

    def ask_about(
        content: str, *answers: str, where: Sequence[str] = ()
    ) -> tuple[Sequence[str] | None, str]:
        file = tmp_path / "cases.csv"
        file.write_text(content, encoding="utf-8")
        screen: list[str] = []
        typed = iter(answers)

        def ask(question: str) -> str:
            screen.append(question)
            return next(typed)

        pairs = ask_columns(open_file(file), where, None, ask, screen.append)
        assert list(typed) == []
        return pairs, "\n".join(screen)

    return ask_about


ENTER = ("", "", "", "", "")


@pytest.mark.parametrize(
    ("header", "guesses"),
    [
        (
            "Complaint ID,Date received,Issue,Consumer complaint narrative,Company",
            "what_happened=Consumer complaint narrative,reference=Complaint ID,customer=Company,"
            "happened_at=Date received",
        ),
        (
            "key,summary,reporter,created,customer_name",
            "what_happened=summary,reference=key,customer=customer_name,happened_at=created",
        ),
        ("ID,Subject,Requester,Requested", "what_happened=Subject,reference=ID,customer=Requester"),
        (
            "Ticket-Number,What happened?,Public post,Time",
            "what_happened=What happened?,reference=Ticket-Number,happened_at=Time,"
            "public_post=Public post",
        ),
    ],
)
def test_the_likeliest_column_is_offered_for_each_field(asked: Asked, header: str, guesses: str) -> None:
    row = ",".join("x" for _ in header.split(","))
    pairs, _ = asked(f"{header}\n{row}\n", *ENTER, "y")
    assert pairs == guesses.split(",")


def test_no_column_is_offered_twice_and_none_that_could_not_be_named(asked: Asked) -> None:
    pairs, screen = asked("Issue|Kind,Text,Id,Id,\na,b,1,2,3\n", *ENTER, "yes")
    assert pairs == ["what_happened=Text"]
    assert "   1 Text   (such as b)\nWhat happened (needed) [Text]: " in screen


def test_a_column_that_nothing_is_known_of_is_asked_for_until_it_is_named(asked: Asked) -> None:
    pairs, screen = asked("A,B\nx,y\n", "", "3", "0", "b", "", "", "", "", "Y")
    assert pairs == ["what_happened=B"]
    assert screen.count("Without it a case says nothing: name a column.") == 1
    assert "There is no such column: 3" in screen
    assert "There is no such column: 0" in screen


def test_conditions_hold_for_what_is_shown_and_a_slip_is_told_before_any_question(asked: Asked) -> None:
    table = "Story,Late\nFine,No\nLost,Yes\n"
    pairs, screen = asked(table, *ENTER, "n", where=["Late=Yes"])
    assert pairs is None
    assert "line 3\n    What happened: Lost\nNext time" in screen
    assert "Fine" not in screen.partition("The first 1 rows")[2]
    _, screen = asked(table, *ENTER, "n", where=["Late=Never"])
    assert "No row is asked for." in screen
    with pytest.raises(CsvError, match="no column 'Lade'; did you mean 'Late'"):
        asked(table, where=["Lade=Yes"])


def test_dates_are_shown_as_the_whole_column_means_them_and_in_two_orders_refused(asked: Asked) -> None:
    _, screen = asked("Story,Day\nLost,03/04/23\nLate,14/07/23\n", *ENTER, "y")
    assert "When it happened: 03 April 2023" in screen
    assert "Dates are read day first, as '14/07/23' in line 3 shows" in screen
    with pytest.raises(Refused, match="written in two orders"):
        asked("Story,Day\nLost,07/14/23\nLate,14/07/23\n", *ENTER)


def test_a_row_that_would_be_left_out_says_so(asked: Asked) -> None:
    _, screen = asked("Story,Id\n,1\nLost\n", *ENTER, "y")
    assert "What happened: nothing, so this row would be left out" in screen
    assert "line 3\n    left out: it has 1 columns where the header has 2" in screen


def test_what_a_file_holds_commands_no_terminal(asked: Asked) -> None:
    _, screen = asked("Story,\x1b]0;x\x07Id\nLost\x1b[2J,1\x1b[31m\n", "Story", "", "", "", "", "y")
    assert "\x1b" not in screen.partition("Next time")[0]
    assert "\x07" not in screen.partition("Next time")[0]
