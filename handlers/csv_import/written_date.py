"""Reads a date as people and their programs write it in a table."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Literal, NamedTuple

from bot.domain.errors import Refused
from bot.domain.working_hours import EARLIEST, moment

DayOrder = Literal["dmy", "mdy"]

FIRST_OF_THE_1900S = 69
"""Two-digit years from here on are 1969 to 1999, those before are 2000 to 2068: the rule of POSIX.

https://pubs.opengroup.org/onlinepubs/9799919799/functions/strptime.html, and Python's `%y`.
"""

_DAY_AND_TIME = re.compile(r"([^\sT,]+)(?:,?[\sT]+(.+))?", re.DOTALL)
_ONE_WAY = (
    re.compile(r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})"),
    re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d{2})"),  # dots mean day first
)
_ORDERS: Mapping[DayOrder, re.Pattern[str]] = {
    "dmy": re.compile(r"(?P<d>\d{1,2})([-/])(?P<m>\d{1,2})\2(?P<y>\d{4}|\d{2})"),
    "mdy": re.compile(r"(?P<m>\d{1,2})([-/])(?P<d>\d{1,2})\2(?P<y>\d{4}|\d{2})"),
}
_TIME = re.compile(r"(\d{1,2}:[\d:.,]+)\s*([ap]m)?\s*(z|utc|gmt|[+-][\d:]+)?", re.IGNORECASE)


class Settled(NamedTuple):
    """In which order a column's dates are written, and the first row that shows it."""

    order: DayOrder
    place: str
    day: str

    @property
    def sentence(self) -> str:
        """The assumption that was made, in a sentence for whoever may know better."""
        first = {"dmy": "day", "mdy": "month"}[self.order]
        return f"Dates are read {first} first, as {self.day!r} in {self.place} shows (see --day-order)."


def settle_order(column: Iterable[tuple[str, str]]) -> Settled | None:
    """The order that a column's dates are written in, from the place and the text of each.

    A date that is possible in one order only decides for all. None when no row decides, or when no row
    is in doubt. Raises Refused when two rows decide differently.
    """
    settled: dict[DayOrder, Settled] = {}
    doubtful = False
    for place, text in column:
        match = _DAY_AND_TIME.fullmatch(text.strip())
        readings = _readings(match[1]) if match else {}
        if match and len(readings) == 1:
            order = next(iter(readings))
            settled.setdefault(order, Settled(order, place, match[1]))
        doubtful = doubtful or len(set(readings.values())) > 1
        if len(settled) > 1:
            examples = " and ".join(f"{row.day!r} in {row.place}" for row in settled.values())
            raise Refused(
                f"The dates are written in two orders, {examples}; "
                "say which with --day-order dmy or mdy.",
                "happened_at",
            )
    return next(iter(settled.values()), None) if doubtful else None


def parse_moment(text: str, zone: str, day_order: DayOrder | None = None) -> tuple[datetime, bool]:
    """The UTC moment that `text` names, and whether it named only a day.

    A day is its midnight on the wall in `zone` (an IANA name), and so is a time without an offset.
    Reads ISO 8601, 2019/9/24, 24.9.2019, and 24/9/2019 or 9/24/2019 when `day_order` says which
    comes first or only one of them can be; times may say am or pm. Raises Refused.

    A year of two digits comes last and follows POSIX (see FIRST_OF_THE_1900S). It may thus lie ahead,
    and no case failed in the future; but nor did one in 1945, so that no century is taken off: 45 is
    2045, which is refused where the case is opened, like every slip of the keyboard.
    """
    try:
        match = _DAY_AND_TIME.fullmatch(text.strip())
        if match is None:
            raise ValueError(text)
        day = _day(match[1], day_order)
        if day < EARLIEST:
            raise ValueError(text)
        if match[2] is None:
            return moment(zone, day, time()), True
        time_of_day = _time_of_day(match[2])
        if time_of_day.tzinfo is None:
            return moment(zone, day, time_of_day), False
        return datetime.combine(day, time_of_day).astimezone(UTC), False
    except (ValueError, OverflowError):  # the second near the year 9999
        raise Refused(f"{_shown(text)} is not a date that can be read.", "happened_at") from None


def _day(text: str, order: DayOrder | None) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        for pattern in _ONE_WAY:
            if match := pattern.fullmatch(text):
                return _built(match)
    days = {day for name, day in _readings(text).items() if order in (None, name)}
    if len(days) > 1:
        raise Refused(
            f"{_shown(text)} can be read in two ways; say which with --day-order dmy or mdy.",
            "happened_at",
        )
    if not days:
        raise ValueError(text)
    return days.pop()


def _readings(text: str) -> Mapping[DayOrder, date]:
    """The day by each order in which it is one; nothing when the way of writing tells the order."""
    readings: dict[DayOrder, date] = {}
    for order, pattern in _ORDERS.items():
        if match := pattern.fullmatch(text):
            try:
                readings[order] = _built(match)
            except ValueError:
                continue
    return readings


def _built(match: re.Match[str]) -> date:
    year = int(match["y"])
    if len(match["y"]) == 2:
        year += 1900 if year >= FIRST_OF_THE_1900S else 2000
    return date(year, int(match["m"]), int(match["d"]))


def _time_of_day(text: str) -> time:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return time.fromisoformat(text.strip())  # 101500Z and the like
    digits, half, offset = match.groups(default="")
    if offset.lower() in ("z", "utc", "gmt"):
        offset = "+00:00"
    time_of_day = time.fromisoformat(digits.zfill(len(digits) + (digits[1] == ":")) + offset)
    if not half:
        return time_of_day
    if not 1 <= time_of_day.hour <= 12:
        raise ValueError(text)
    return time_of_day.replace(hour=time_of_day.hour % 12 + (12 if half.lower() == "pm" else 0))


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
