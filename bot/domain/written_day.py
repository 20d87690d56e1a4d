"""How a day is written wherever people read it."""

from datetime import date
from functools import lru_cache


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
