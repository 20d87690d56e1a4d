from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Refused
from bot.domain.working_hours import EARLIEST
from handlers.csv_import.written_date import DayOrder, Settled, parse_moment, settle_order

MIDNIGHT_IN_BERLIN = datetime(2019, 9, 23, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2019-09-24",
        "20190924",
        "2019-W39-2",
        "2019/9/24",
        "2019-9-24",
        "2019.09.24",
        "24.9.2019",
        "24/9/2019",
        "24-09-2019",
        "9/24/2019",
        " 9/24/2019\n",
        "24.9.19",
        "24/9/19",
        "24-09-19",
        "09/24/19",
    ],
)
def test_a_date_without_a_time_is_midnight_in_the_teams_zone(text: str) -> None:
    assert parse_moment(text, "Europe/Berlin") == (MIDNIGHT_IN_BERLIN, True)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("2019-09-24T10:15:00Z", 10, 15),
        ("20190924T101500Z", 10, 15),
        ("2019-09-24 10:15:00 UTC", 10, 15),
        ("2019-09-24T10:15", 8, 15),
        ("2019-09-24 10:15:00+02:00", 8, 15),
        ("2019-09-24 10:15:00 -0500", 15, 15),
        ("24.9.2019 9:05", 7, 5),
        ("9/24/2019 3:04 PM", 13, 4),
        ("9/24/2019, 3:04 PM", 13, 4),
        ("9/24/19, 3:04\u202fPM", 13, 4),
        ("9/24/2019 12:30 pm", 10, 30),
        ("9/24/2019 12:30am", -2, 30),
    ],
)
def test_a_time_without_an_offset_is_in_the_teams_zone(text: str, hour: int, minute: int) -> None:
    expected = datetime(2019, 9, 24 if hour >= 0 else 23, hour % 24, minute, tzinfo=UTC)
    assert parse_moment(text, "Europe/Berlin") == (expected, False)


@pytest.mark.parametrize("text", ["3/4/2019", "03-04-2019", "3/4/2019 10:00"])
def test_a_date_with_two_readings_needs_the_order_said(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_moment(text, "UTC")
    assert refused.value.sentence == (
        f"{text.split(maxsplit=1)[0]!r} can be read in two ways; say which with --day-order dmy or mdy."
    )
    assert parse_moment(text, "UTC", "dmy")[0].date() == date(2019, 4, 3)
    assert parse_moment(text, "UTC", "mdy")[0].date() == date(2019, 3, 4)


@pytest.mark.parametrize("year", range(100))
def test_a_year_of_two_digits_is_the_one_that_posix_means(year: int) -> None:
    written = f"24.9.{year:02}"
    expected = datetime.strptime(written, "%d.%m.%y").replace(tzinfo=UTC)
    assert parse_moment(written, "UTC") == (expected, True)


def test_two_readings_of_the_same_day_are_one() -> None:
    assert parse_moment("3/3/2019", "UTC") == (datetime(2019, 3, 3, tzinfo=UTC), True)


@pytest.mark.parametrize("order", [None, "dmy", "mdy"])
def test_dots_mean_day_first_whatever_the_order(order: DayOrder | None) -> None:
    assert parse_moment("3.4.2019", "UTC", order)[0].date() == date(2019, 4, 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Tue Sep 24 2019",
        "2019-02-30",
        "2019/13/45",
        "31/2/2019",
        "9.24.2019",
        "24/9/019",
        "24/9/9",
        "24/9-2019",
        "24/9-19",
        "43732",
        "10:15",
        "2019-09-24T",
        "2019-09-24T25:00",
        "2019-09-24 13:00 pm",
        "2019-09-24 0:30 am",
        "0019-09-24",
        "9999-12-31T23:59-14:00",
    ],
)
def test_what_is_no_date_is_named_in_the_refusal(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_moment(text, "UTC")
    assert refused.value.sentence == f"{text!r} is not a date that can be read."
    assert refused.value.field == "happened_at"


def test_an_order_that_was_said_allows_no_other() -> None:
    with pytest.raises(Refused):
        parse_moment("9/24/2019", "UTC", "dmy")


def test_a_long_text_is_shortened_in_the_refusal() -> None:
    with pytest.raises(Refused) as refused:
        parse_moment("x" * 5000, "UTC")
    assert len(refused.value.sentence) < 100


def column(*texts: str) -> list[tuple[str, str]]:
    """The dates of a table with a header."""
    return [(f"line {line}", text) for line, text in enumerate(texts, 2)]


@pytest.mark.parametrize(
    ("texts", "settled"),
    [
        (("03/04/23", "07/14/23"), Settled("mdy", "line 3", "07/14/23")),
        (("14/07/23 10:15", "03/04/23", "15/07/23"), Settled("dmy", "line 2", "14/07/23")),
        (("3-4-2023, 9:00 AM", "7-14-2023, 9:05 AM"), Settled("mdy", "line 3", "7-14-2023")),
    ],
)
def test_one_row_settles_the_order_of_all(texts: tuple[str, ...], settled: Settled) -> None:
    assert settle_order(column(*texts)) == settled


@pytest.mark.parametrize(
    "texts",
    [
        ("03/04/23", "04/03/23", "05/05/23"),
        ("03/04/23", "14.07.23", "2023-07-14", "2023/7/14", "31/2/2023", "soon", ""),
        ("07/14/23", "05/05/23", "2023-03-04"),
    ],
)
def test_no_order_is_settled_where_no_row_shows_it_or_no_row_needs_it(texts: tuple[str, ...]) -> None:
    assert settle_order(column(*texts)) is None


def test_rows_that_settle_the_order_both_ways_are_one_sentence() -> None:
    with pytest.raises(Refused) as refused:
        settle_order(column("07/14/23", "03/04/23", "14/07/23 9:00", "15/07/23"))
    assert refused.value.sentence == (
        "The dates are written in two orders, '07/14/23' in line 2 and '14/07/23' in line 4; "
        "say which with --day-order dmy or mdy."
    )


@pytest.mark.parametrize(("order", "first"), [("dmy", "day"), ("mdy", "month")])
def test_what_was_settled_is_told_with_the_row_that_shows_it(order: DayOrder, first: str) -> None:
    assert Settled(order, "line 7", "07/14/23").sentence == (
        f"Dates are read {first} first, as '07/14/23' in line 7 shows (see --day-order)."
    )


@given(
    st.lists(st.dates(date(1970, 1, 1), date(2030, 1, 1)), max_size=9), st.sampled_from(["dmy", "mdy"])
)
def test_a_column_in_one_order_is_never_read_in_the_other(days: list[date], order: DayOrder) -> None:
    way = {"dmy": "%d/%m/%y", "mdy": "%m/%d/%y"}[order]
    written = [day.strftime(way) for day in days]
    settled = settle_order(column(*written))
    for day, text in zip(days, written, strict=True):
        if settled is None and 12 >= day.day != day.month:
            with pytest.raises(Refused, match="--day-order"):
                parse_moment(text, "UTC")
        else:
            assert parse_moment(text, "UTC", settled and settled.order)[0].date() == day


@given(st.text(max_size=40), st.sampled_from([None, "dmy", "mdy"]))
def test_any_text_is_a_moment_or_refused(text: str, order: DayOrder | None) -> None:
    try:
        moment, _ = parse_moment(text, "Pacific/Kiritimati", order)
    except Refused:
        return
    assert moment.tzinfo is UTC


@given(st.dates(EARLIEST, date(9000, 1, 1)), st.times())
def test_any_moment_written_in_iso_is_read_back(day: date, clock: time) -> None:
    assert parse_moment(f"{day}T{clock.isoformat()}Z", "Asia/Tokyo") == (
        datetime.combine(day, clock, UTC),
        False,
    )
