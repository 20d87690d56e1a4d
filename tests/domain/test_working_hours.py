"""Working hours across zones and clock changes."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.working_hours import (
    WorkingHours,
    add_working_days,
    is_working,
    known_zones,
    moment,
    next_working,
    today,
    working_days_between,
    working_hours_between,
    zone_of,
)
from tests.domain import slow_calendar as slow
from tests.domain.slow_calendar import STEADY, situations, skipped_starts

STOCKHOLM = WorkingHours(zone="Europe/Stockholm")
DATES = st.dates(date(1990, 1, 1), date(2040, 12, 31))


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


@settings(STEADY, max_examples=200)
@given(situations())
def test_the_next_working_moment_is_the_first_minute_that_a_walk_finds(
    situation: tuple[WorkingHours, datetime],
) -> None:
    hours, at = situation
    assert is_working(hours, at) == slow.works(hours, at)
    found, first = next_working(hours, at), slow.first_working_minute(hours, at)
    assert found >= at
    assert is_working(hours, found)
    # The one exception: a clock change drops people right into their hours, past the start of the day.
    # That is no start of a day; the next two tests say what is.
    if first == at or _shown(hours, first) == hours.starts:
        assert found == first
    else:
        assert first in slow.clock_changes(hours.zone, first.year)
        assert found >= first


def _shown(hours: WorkingHours, at: datetime) -> time:
    return slow.wall(hours.zone, at).time()


@STEADY
@given(skipped_starts())
def test_a_day_whose_start_is_skipped_begins_as_if_the_clock_were_unchanged_or_not_at_all(
    skipped: tuple[WorkingHours, date, datetime],
) -> None:
    hours, day, change = skipped
    start = slow.as_before_the_change(hours.zone, day, hours.starts)
    assert moment(hours.zone, day, hours.starts) == start
    if slow.works(hours, start):
        assert next_working(hours, change - slow.MINUTE) == start
    else:
        over = next(minute for minute in slow.minutes(change) if not slow.works(hours, minute))
        assert next_working(hours, change - slow.MINUTE) == slow.first_working_minute(hours, over)


@pytest.mark.parametrize(
    ("zone", "starts", "ends", "at", "expected"),
    [
        # 2:00 to 3:00 is skipped in Stockholm: 2:30 comes as 3:30, unless the day is over by then.
        ("Europe/Stockholm", "02:30", "09:00", "2026-03-29T00:00", "2026-03-29T01:30"),
        ("Europe/Stockholm", "02:30", "03:15", "2026-03-29T00:00", "2026-03-30T00:30"),
        # Lord Howe skips half an hour: 2:10 comes as 2:40.
        ("Australia/Lord_Howe", "02:10", "09:00", "2026-10-03T15:00", "2026-10-03T15:40"),
        # São Paulo had no midnight on 4 November 2018.
        ("America/Sao_Paulo", "00:00", "08:00", "2018-11-04T02:59", "2018-11-04T03:00"),
        # 2:00 to 3:00 comes twice in Stockholm: before the first 2:30, and between the two.
        ("Europe/Stockholm", "02:30", "09:00", "2026-10-25T00:10", "2026-10-25T00:30"),
        ("Europe/Stockholm", "02:30", "09:00", "2026-10-25T01:10", "2026-10-25T01:30"),
        # Set back from 3:00 into a day that ended at 2:30: nobody is called back, it was a whole day.
        ("Europe/Stockholm", "01:00", "02:30", "2026-10-25T00:40", "2026-10-26T00:00"),
        # Apia went from Thursday to Saturday.
        ("Pacific/Apia", "09:00", "17:00", "2011-12-30T03:00", "2011-12-30T19:00"),
    ],
)
def test_days_begin_where_a_clock_change_leaves_them(
    zone: str, starts: str, ends: str, at: str, expected: str
) -> None:
    hours = WorkingHours(
        zone=zone,
        days=(0, 1, 2, 3, 4, 5, 6),
        starts=time.fromisoformat(starts),
        ends=time.fromisoformat(ends),
    )
    assert next_working(hours, _utc(at)) == _utc(expected)


def _utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@STEADY
@given(slow.weeks(), DATES, st.integers(-40, 40))
def test_working_days_are_counted_as_on_fingers(days: tuple[int, ...], day: date, number: int) -> None:
    hours = WorkingHours(days=days)
    found = add_working_days(hours, day, number)
    assert found == slow.counted(hours, day, number)
    assert found.weekday() in hours.days
    # There and back again; from a day off, one arrives at the last working day before it.
    start = add_working_days(hours, day, 0)
    assert add_working_days(hours, add_working_days(hours, start, number), -number) == start
    assert (start == day) == (day.weekday() in hours.days)


def test_no_working_days_from_a_day_off_is_the_last_working_day_before_it() -> None:
    saturday = date(2026, 4, 4)
    assert add_working_days(STOCKHOLM, saturday, 0) == date(2026, 4, 3)
    assert add_working_days(STOCKHOLM, saturday, -1) == date(2026, 4, 3)
    assert add_working_days(STOCKHOLM, saturday, 1) == date(2026, 4, 6)
    assert add_working_days(STOCKHOLM, date(2026, 4, 3), 0) == date(2026, 4, 3)


@STEADY
@given(slow.weeks(), DATES, st.integers(-60, 60))
def test_the_working_days_between_two_days_are_those_that_one_can_count(
    days: tuple[int, ...], first: date, apart: int
) -> None:
    hours = WorkingHours(days=days)
    last = first + apart * slow.DAY
    counted = [day for day in _days(first + slow.DAY, last) if day.weekday() in hours.days]
    assert working_days_between(hours, first, last) == len(counted)
    reached = add_working_days(hours, first, abs(apart))
    assert working_days_between(hours, first, reached) == abs(apart)


def _days(first: date, last: date) -> list[date]:
    return [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]


@STEADY
@given(situations())
def test_a_moment_is_the_first_at_which_the_wall_clock_shows_it(
    situation: tuple[WorkingHours, datetime],
) -> None:
    hours, at = situation
    day = today(hours.zone, at)
    shown = slow.shown_at(hours.zone, day, hours.starts)
    found = moment(hours.zone, day, hours.starts)
    if shown:
        assert found == shown[0]
    else:
        assert found == slow.as_before_the_change(hours.zone, day, hours.starts)
    assert today(hours.zone, at) == slow.wall(hours.zone, at).date()


def test_nine_is_nine_on_the_wall_on_every_day_of_2026_in_every_zone() -> None:
    for zone in known_zones():
        for day in _days(date(2026, 1, 1), date(2026, 12, 31)):
            assert slow.wall(zone, moment(zone, day, time(9))) == datetime.combine(day, time(9))


@pytest.mark.parametrize(("zone", "year"), slow.ODD)
def test_the_odd_zones_do_change_in_those_years(zone: str, year: int) -> None:
    never = zone in ("Africa/Monrovia", "Asia/Kathmandu")
    assert (slow.clock_changes(zone, year) == ()) == never


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "Europe", "UTC\0"])
def test_utc_stands_for_a_zone_that_this_machine_does_not_know_and_one_line_says_so(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    zone_of.cache_clear()
    at = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
    hours = WorkingHours(zone=name)
    assert today(name, at) == date(2026, 3, 5)
    assert moment(name, date(2026, 3, 5), time(9)) == datetime(2026, 3, 5, 9, tzinfo=UTC)
    assert not is_working(hours, at)
    assert next_working(hours, at) == datetime(2026, 3, 6, 9, tzinfo=UTC)
    assert [record.getMessage() for record in caplog.records] == [
        f"The time zone {name!r} is not known on this machine: UTC stands for it."
    ]


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        # Nine to five in Stockholm is 8:00 to 16:00 in UTC, in winter.
        ("2026-03-05T09:00", "2026-03-05T10:30", 1.5),
        ("2026-03-05T15:00", "2026-03-06T09:00", 2.0),
        ("2026-03-05T20:00", "2026-03-06T07:00", 0.0),
        ("2026-03-06T15:00", "2026-03-09T09:00", 2.0),
        ("2026-03-02T08:00", "2026-03-09T08:00", 40.0),
        ("2026-03-07T10:00", "2026-03-08T20:00", 0.0),
        ("2026-03-05T10:00", "2026-03-05T09:00", 0.0),
        # The clocks go forward on 29 March, which is a Sunday.
        ("2026-03-27T15:00", "2026-03-30T08:00", 2.0),
    ],
)
def test_only_working_hours_count_between_two_moments(first: str, last: str, hours: float) -> None:
    assert working_hours_between(STOCKHOLM, _utc(first), _utc(last)) == hours


MOMENTS = st.integers(0, 9 * 366 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@STEADY
@given(slow.weeks(), st.lists(MOMENTS, min_size=3, max_size=3).map(sorted))
def test_working_hours_add_up_whatever_moment_lies_between(
    days: tuple[int, ...], at: list[datetime]
) -> None:
    hours = WorkingHours(zone="Asia/Kolkata", days=days)
    first, between, last = at
    halves = [
        working_hours_between(hours, first, between),
        working_hours_between(hours, between, last),
    ]
    assert min(halves) >= 0
    assert working_hours_between(hours, first, last) == pytest.approx(sum(halves))
