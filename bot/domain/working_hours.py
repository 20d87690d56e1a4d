"""When a team works: pure questions about days, hours and time zones."""

import logging
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel

from bot.domain.days_off import NONE, DaysOff

log = logging.getLogger(__name__)

EARLIEST = date(1900, 1, 1)
"""Anything before is a slip of the keyboard; and near the year 1, local times cannot be computed."""
LATEST = date(2200, 1, 1)
"""Anything after is a slip of the keyboard; and near the year 9999, days cannot be counted."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class WorkingHours(BaseModel, frozen=True):
    """A week of work in one time zone, and the days off in it; `days` counts from Monday as 0."""

    zone: str = "UTC"
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    starts: time = time(9)
    ends: time = time(17)
    off: DaysOff = NONE


@cache
def known_zones() -> frozenset[str]:
    """The IANA names that this machine knows; without those that stand for a machine's own setting."""
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


@cache
def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name, or UTC where this machine does not know it; the log says so once.

    What is stored may be from a machine that knew more: nobody's reminder may get stuck in that.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.warning("The time zone %r is not known on this machine: UTC stands for it.", name)
        return ZoneInfo("UTC")


def today(zone: str, at: datetime) -> date:
    """The date on the wall in `zone` at the moment `at`."""
    return at.astimezone(zone_of(zone)).date()


def happened(zone: str, day: date | None, at_time: time, now: datetime) -> datetime:
    """When it was that late on a day; without a day today, or yesterday when that is still to come."""
    if day is not None:
        return moment(zone, day, at_time)
    at = moment(zone, today(zone, now), at_time)
    return at if at <= now else moment(zone, today(zone, now) - timedelta(days=1), at_time)


def moment(zone: str, day: date, at_time: time) -> datetime:
    """The UTC moment at which the wall clock in `zone` shows `at_time` on `day`.

    A time that a clock change skips is read with the offset before the change, and one that it
    repeats is the first of the two (PEP 495, fold=0).
    """
    return datetime.combine(day, at_time, zone_of(zone)).astimezone(UTC)


def is_working_day(hours: WorkingHours, day: date) -> bool:
    """Whether the team works on `day` at all."""
    return day.weekday() in hours.days and day not in hours.off


def is_working(hours: WorkingHours, at: datetime) -> bool:
    """Whether the moment `at` falls inside the team's hours; the end of the day is outside."""
    local = at.astimezone(zone_of(hours.zone))
    return is_working_day(hours, local.date()) and hours.starts <= local.time() < hours.ends


def next_working(hours: WorkingHours, at: datetime) -> datetime:
    """The first moment from `at` on that falls inside the hours: `at` itself, or the start of a day.

    A day whose start a clock change skips begins as `moment` says, and counts only if that is in time;
    one whose start comes twice begins twice.
    """
    if is_working(hours, at):
        return at
    # From the day before on: a clock that is set back just after midnight brings it back.
    day = today(hours.zone, at) - timedelta(days=2)
    while True:
        day = add_working_days(hours, day, 1)
        for fold in (0, 1):
            start = moment(hours.zone, day, hours.starts.replace(fold=fold))
            if start > at and is_working(hours, start):
                return start


def add_working_days(hours: WorkingHours, day: date, count: int) -> date:
    """The working day that is `count` working days after `day`, or before it when `count` is negative.

    0 gives the day itself, or the last working day before one on which nobody works.
    """
    if not hours.days:
        raise ValueError("a week without working days never ends")
    step = timedelta(days=1 if count > 0 else -1)
    if count == 0:
        while not is_working_day(hours, day):
            day += step
    for _ in range(abs(count)):
        day += step
        while not is_working_day(hours, day):
            day += step
    return day


def working_days_between(hours: WorkingHours, first: date, last: date) -> int:
    """How many working days `last` is after `first`: 0 when it is the same or an earlier day."""
    count = 0
    while first < last:
        first += timedelta(days=1)
        count += is_working_day(hours, first)
    return count


def working_hours_between(hours: WorkingHours, first: datetime, last: datetime) -> float:
    """How many working hours passed from one moment to another, which is not an earlier one.

    By the clock on the wall: a day on which it is changed counts as any other.
    """
    days = [today(hours.zone, at) - timedelta(days=1) for at in (first, last)]
    whole = working_days_between(hours, *days) * _hours_by(hours, time.max)
    return max(whole + _hours_of_day(hours, last) - _hours_of_day(hours, first), 0.0)


def _hours_of_day(hours: WorkingHours, at: datetime) -> float:
    """How many working hours of its day have passed at a moment."""
    local = at.astimezone(zone_of(hours.zone))
    return _hours_by(hours, local.time()) if is_working_day(hours, local.date()) else 0.0


def _hours_by(hours: WorkingHours, clock: time) -> float:
    starts, ends, now = (
        timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
        for at in (hours.starts, hours.ends, clock)
    )
    return (min(max(now, starts), ends) - starts) / timedelta(hours=1)
