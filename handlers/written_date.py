"""Reads a date as people and their programs write it in a table."""

import re
from datetime import UTC, date, datetime, time
from typing import Literal

from bot.domain.errors import Refused
from bot.domain.working_hours import EARLIEST, moment

DayOrder = Literal["dmy", "mdy"]

_DAY_AND_CLOCK = re.compile(r"([^\sT]+)(?:[\sT]+(.+))?", re.DOTALL)
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})")
_DAY_FIRST = r"(?P<d>\d{1,2})([-/.])(?P<m>\d{1,2})\2(?P<y>\d{4})"
_ORDERS = {
    "dmy": re.compile(_DAY_FIRST),
    "mdy": re.compile(r"(?P<m>\d{1,2})([-/])(?P<d>\d{1,2})\2(?P<y>\d{4})"),  # dots mean day first
}
_CLOCK = re.compile(r"(\d{1,2}:[\d:.,]+)\s*([ap]m)?\s*(z|utc|gmt|[+-][\d:]+)?", re.IGNORECASE)


def parse_moment(text: str, zone: str, day_order: DayOrder | None = None) -> tuple[datetime, bool]:
    """The UTC moment that `text` names, and whether it named only a day.

    A day is its midnight on the wall in `zone` (an IANA name), and so is a time without an offset.
    Reads ISO 8601, 2019/9/24, 24.9.2019, and 24/9/2019 or 9/24/2019 when `day_order` says which
    comes first or only one of them can be; times may say am or pm. Raises Refused.
    """
    try:
        match = _DAY_AND_CLOCK.fullmatch(text.strip())
        if match is None:
            raise ValueError(text)
        day = _day(match[1], day_order)
        if day < EARLIEST:
            raise ValueError(text)
        if match[2] is None:
            return moment(zone, day, time()), True
        clock = _clock(match[2])
        if clock.tzinfo is None:
            return moment(zone, day, clock), False
        return datetime.combine(day, clock).astimezone(UTC), False
    except (ValueError, OverflowError):  # the second near the year 9999
        raise Refused(f"{_shown(text)} is not a date that can be read.", "happened_at") from None


def _day(text: str, order: DayOrder | None) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        if year_first := _YEAR_FIRST.fullmatch(text):
            return _built(year_first)
    readings: set[date] = set()
    for name, pattern in _ORDERS.items():
        if (match := pattern.fullmatch(text)) and (order in (None, name) or match[2] == "."):
            try:
                readings.add(_built(match))
            except ValueError:
                continue
    if len(readings) > 1:
        raise Refused(
            f"{_shown(text)} can be read in two ways; say which with --day-order dmy or mdy.",
            "happened_at",
        )
    if not readings:
        raise ValueError(text)
    return readings.pop()


def _built(match: re.Match[str]) -> date:
    return date(int(match["y"]), int(match["m"]), int(match["d"]))


def _clock(text: str) -> time:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return time.fromisoformat(text.strip())  # 101500Z and the like
    digits, half, offset = match.groups(default="")
    if offset.lower() in ("z", "utc", "gmt"):
        offset = "+00:00"
    clock = time.fromisoformat(digits.zfill(len(digits) + (digits[1] == ":")) + offset)
    if not half:
        return clock
    if not 1 <= clock.hour <= 12:
        raise ValueError(text)
    return clock.replace(hour=clock.hour % 12 + (12 if half.lower() == "pm" else 0))


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
