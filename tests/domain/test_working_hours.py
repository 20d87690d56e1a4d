"""Working hours across zones and clock changes."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.working_hours import WorkingHours, add_working_days, is_working, moment, today

STOCKHOLM = WorkingHours(zone="Europe/Stockholm")


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-03-05T07:59", False),
        ("2026-03-05T08:00", True),
        ("2026-03-05T15:59", True),
        ("2026-03-05T16:00", False),
        ("2026-03-07T10:00", False),
        # The clocks go forward on 29 March: nine o'clock is an hour earlier in UTC.
        ("2026-03-30T07:00", True),
        ("2026-03-30T15:00", False),
    ],
)
def test_a_moment_is_inside_by_the_wall_clock(at: str, inside: bool) -> None:
    assert is_working(STOCKHOLM, datetime.fromisoformat(at).replace(tzinfo=UTC)) == inside


def test_working_days_pass_over_the_weekend() -> None:
    assert add_working_days(STOCKHOLM, date(2026, 3, 5), 1) == date(2026, 3, 6)
    assert add_working_days(STOCKHOLM, date(2026, 3, 5), 2) == date(2026, 3, 9)
    only_sundays = WorkingHours(days=(6,))
    assert add_working_days(only_sundays, date(2026, 3, 5), 2) == date(2026, 3, 15)


def test_a_week_without_working_days_is_no_endless_loop() -> None:
    with pytest.raises(ValueError, match="never ends"):
        add_working_days(WorkingHours(days=()), date(2026, 3, 5), 1)


def test_today_is_the_date_on_the_wall() -> None:
    at = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
    assert today("Europe/Stockholm", at) == date(2026, 3, 6)
    assert today("America/New_York", at) == date(2026, 3, 5)


def test_a_time_that_the_clock_change_skips_is_read_with_the_offset_before_it() -> None:
    assert moment("Europe/Stockholm", date(2026, 3, 29), time(2, 30)) == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )


@given(
    days=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    start=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    count=st.integers(1, 40),
)
def test_adding_working_days_counts_them_one_by_one(
    days: tuple[int, ...], start: date, count: int
) -> None:
    end = add_working_days(WorkingHours(days=days), start, count)
    between = [date.fromordinal(day) for day in range(start.toordinal() + 1, end.toordinal() + 1)]
    assert sum(day.weekday() in days for day in between) == count
    assert end.weekday() in days
