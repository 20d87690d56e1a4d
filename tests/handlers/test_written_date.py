from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Refused
from bot.domain.working_hours import EARLIEST
from handlers.written_date import DayOrder, parse_moment

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
        "24/9/19",
        "24/9-2019",
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
