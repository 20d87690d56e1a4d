"""Tables and charts of the vocabulary: what they may hold, and how they are read aloud."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.messages.parts import (
    Bold,
    Chart,
    Message,
    Paragraph,
    Quote,
    Series,
    Table,
    headed,
    plain,
    shown_cell,
)
from tests.examples import BY_GAP

TWO = ("Jan", "Feb")


def chart(**changed: Any) -> Chart:
    return Chart(**{**BY_GAP.model_dump(exclude={"kind"}), **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {"labels": TWO},
        {"series": ()},
        {"labels": ("Jan", "Jan"), "series": (Series(name="Cases", values=(1, 2)),)},
        {"series": (BY_GAP.series[0], BY_GAP.series[0])},
        {"series": tuple(Series(name=f"Gap {n}", values=(1,) * 6) for n in range(7))},
        {"look": "pie"},
        {"look": "pie", "labels": TWO, "series": (Series(name="Cases", values=(1, 0)),)},
        {"title": "x" * 51},
    ],
    ids=["too few values", "none", "same labels", "same names", "seven", "two pies", "nothing", "long"],
)
def test_a_chart_that_no_platform_could_draw_is_none(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        chart(**changed)


def test_a_figure_is_never_less_than_nothing() -> None:
    with pytest.raises(ValidationError):
        Series(name="Cases", values=(-1,))


@pytest.mark.parametrize(
    "rows", [(), (("Jan", 1, 2),), (("Jan", 1),) * 101], ids=["none", "a cell too many", "101 rows"]
)
def test_a_table_that_no_platform_could_draw_is_none(rows: Any) -> None:
    with pytest.raises(ValidationError):
        Table(caption="Cases", columns=("Month", "Cases"), rows=rows)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(3, "3"), (2.5, "2.5"), (2.0, "2"), (1_234_567, "1,234,567"), (0, "0"), (" ", "–"), ("a", "a")],
)
def test_a_cell_is_read_without_needless_noughts(cell: Any, shown: str) -> None:
    assert shown_cell(cell) == shown


def test_figures_are_read_aloud_line_by_line() -> None:
    table = Table(caption="Customers", columns=("It ended", "Customers"), rows=(("Recovered", 4),))
    assert plain(Message(summary="g", parts=(table,))) == "Customers\nRecovered: 4"
    assert plain(Message(summary="g", parts=(BY_GAP,))).splitlines()[:2] == [
        "Most came from training: 9 of 15 in six months.",
        "Training: Oct 1, Nov 2, Dec 0, Jan 3, Feb 1, Mar 2",
    ]


def test_what_stands_across_in_the_table_of_a_chart_is_short() -> None:
    assert BY_GAP.table.columns == ("Action items", *BY_GAP.labels)
    alone = chart(series=BY_GAP.series[:1]).table
    assert (alone.columns, alone.rows[0]) == (("Month", "Training"), ("Oct", 1))
    weeks = tuple(f"Week {number}" for number in range(1, 21))
    many = chart(labels=weeks, series=tuple(Series(name=name, values=(1,) * 20) for name in TWO)).table
    assert (many.columns, len(many.rows)) == (("Month", *TWO), 20)


def test_figures_come_back_from_storage_as_they_were() -> None:
    message = Message(summary="g", parts=(BY_GAP, BY_GAP.table))
    assert Message.model_validate_json(message.model_dump_json()) == message


def test_what_fits_on_one_line_is_said_once_and_what_does_not_stands_below_in_full() -> None:
    assert headed(" Nobody came.\n\nTwice. ") == (Paragraph(words=(Bold(text="Nobody came. Twice."),)),)
    long = "Nobody came. " * 40
    head, below = headed(long)
    assert plain(Message(summary="g", parts=(head,))).endswith("…")
    assert below == Quote(text=long)
