"""How a day is written wherever people read it, and read where they write one."""

from datetime import date
from functools import lru_cache

from bot.domain.errors import Refused
from bot.domain.working_hours import EARLIEST, LATEST


@lru_cache(1000)
def long_day(day: date) -> str:
    """`Sun 22 Nov 2026`."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def short_day(day: date) -> str:
    """`Sun 22 Nov`."""
    return long_day(day).rpartition(" ")[0]


def day_on(day: date, today: date) -> str:
    """A day as it is written on another one: with its year only when that is another."""
    return short_day(day) if day.year == today.year else long_day(day)


def read_day(value: str) -> date | None:
    """The day that `2026-11-30` is, None for an empty text; raises Refused for what is none."""
    if not value:
        return None
    try:
        parsed = date.fromisoformat(value)
    except ValueError:
        raise Refused(f"{value[:40]!r} is not a date: write it like 2026-11-30.") from None
    if parsed > LATEST:
        raise Refused(f"{parsed.isoformat()} is too far away to be meant; look at the year.")
    if parsed < EARLIEST:
        raise Refused(f"{parsed.isoformat()} is too long ago to be meant; look at the year.")
    return parsed
