"""A slow, obvious calendar: it asks the wall clock of a zone minute by minute, and counts days by one.

What the bot works out is compared with it, in situations that are near a clock change far more often
than chance would have it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count, islice
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from bot.domain.days_off import DaysOff, Span, in_order
from bot.domain.reminder import Reminder, Whom
from bot.domain.working_hours import WorkingHours, known_zones

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GRAIN = 5
"""Minutes: people choose when their day starts and ends on this grain."""
GRAINS_A_DAY = 24 * 60 // GRAIN

STEADY = settings(
    # The same examples every time, and no clock that a busy machine could lose against.
    derandomize=True,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

ZONES = sorted(known_zones())
ODD = (
    ("Africa/Cairo", 2024),  # at midnight, after years without
    ("Africa/Casablanca", 2026),  # back for Ramadan
    ("Africa/Monrovia", 1990),  # never changes
    ("America/Sao_Paulo", 2018),  # midnight is skipped
    ("America/St_Johns", 2008),  # one minute after midnight, so the day before comes back
    ("Antarctica/Troll", 2026),  # two hours at once
    ("Asia/Kathmandu", 2026),  # 5:45 from UTC
    ("Asia/Tehran", 2021),
    ("Australia/Lord_Howe", 2026),  # half an hour
    ("Europe/Dublin", 2026),  # winter is the exception there
    ("Europe/Stockholm", 2026),
    ("Pacific/Apia", 2011),  # there was no 30 December
    ("Pacific/Kwajalein", 1993),  # nor a 21 August here
)


def wall(zone: str, at: datetime) -> datetime:
    """What the wall clock and the calendar beside it show at `at`."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def minutes(at: datetime) -> Iterator[datetime]:
    """`at`, and then every whole minute after it."""
    yield at
    at = at.replace(second=0, microsecond=0)
    while True:
        at += MINUTE
        yield at


def works(hours: WorkingHours, at: datetime) -> bool:
    """Whether somebody with these hours is at work when the wall clock shows what it shows at `at`."""
    shown = at.astimezone(ZoneInfo(hours.zone))
    return is_day_of_work(hours, shown.date()) and hours.starts <= shown.time() < hours.ends


def is_day_of_work(hours: WorkingHours, day: date) -> bool:
    """Whether the day is one of the week's, and stands nowhere in the list of days off."""
    listed = {span.first + DAY * n for span in hours.off.spans for n in range(span.count)}
    return day.weekday() in hours.days and day not in listed


def first_working_minute(hours: WorkingHours, at: datetime) -> datetime:
    """The first minute from `at` on at which somebody is at work."""
    return next(minute for minute in minutes(at) if works(hours, minute))


def shown_at(zone: str, day: date, clock: time) -> list[datetime]:
    """Every minute at which the wall clock shows this: one; none if it is skipped, two if repeated."""
    asked = datetime.combine(day, clock)
    # No zone is further than 14 hours from UTC.
    first = asked.replace(tzinfo=UTC) - 15 * HOUR
    return [minute for minute in islice(minutes(first), 30 * 60) if wall(zone, minute) == asked]


def as_before_the_change(zone: str, day: date, clock: time) -> datetime:
    """When a skipped time would have come, had the clock been left alone."""
    asked = datetime.combine(day, clock)
    first = asked.replace(tzinfo=UTC) - 15 * HOUR
    change = next(minute for minute in minutes(first) if wall(zone, minute) > asked)
    # Minute by minute on, on a clock that nobody has touched.
    untouched = wall(zone, change - MINUTE)
    at = change - MINUTE
    while untouched < asked:
        untouched, at = untouched + MINUTE, at + MINUTE
    return at


@cache
def clock_changes(zone: str, year: int) -> tuple[datetime, ...]:
    """The first minute of every new offset in that year."""

    def ahead(at: datetime) -> timedelta | None:
        return at.astimezone(here).utcoffset()

    here = ZoneInfo(zone)
    found: list[datetime] = []
    hour = datetime(year, 1, 1, tzinfo=UTC)
    before = ahead(hour)
    while hour.year == year:
        after = ahead(hour + HOUR)
        if after != before:
            found.append(next(minute for minute in minutes(hour) if ahead(minute) != before))
        hour, before = hour + HOUR, after
    return tuple(found)


def days_after(hours: WorkingHours, day: date) -> Iterator[date]:
    """The working days after `day`."""
    return (day + DAY * n for n in count(1) if is_day_of_work(hours, day + DAY * n))


def days_before(hours: WorkingHours, day: date) -> Iterator[date]:
    """The working days before `day`, backwards."""
    return (day - DAY * n for n in count(1) if is_day_of_work(hours, day - DAY * n))


def counted(hours: WorkingHours, day: date, number: int) -> date:
    """The working day so many after (or before) `day`; the last one until then for 0."""
    if number > 0:
        return next(islice(days_after(hours, day), number - 1, None))
    if number < 0:
        return next(islice(days_before(hours, day), -number - 1, None))
    return next(days_before(hours, day + DAY))


def listed(reminder: Reminder, whom: Whom, since: date, hours: WorkingHours) -> list[date]:
    """The days of a reminder for one of its readers until 400 days after `since`, looking at each."""
    end = since + 400 * DAY
    marked = {counted(hours, since, on.day) for on in reminder.on if whom in on.to}
    then, last = reminder.then, counted(hours, since, reminder.on[-1].day)
    if then is not None and whom in then.to:
        for passed, day in enumerate(days_after(hours, last), start=1):
            if day > end:
                break
            if passed % then.working_days == 0 if then.working_days else _is_weekly(hours, last, day):
                marked.add(day)
    return sorted(marked)


def _is_weekly(hours: WorkingHours, last: date, day: date) -> bool:
    """Whether whole weeks have passed since the last day, or had on the days off right before it."""
    weekly = last + (day - last).days // 7 * 7 * DAY
    before = (weekly + DAY * n for n in range((day - weekly).days))
    return weekly > last and not any(is_day_of_work(hours, one) for one in before)


def weeks() -> st.SearchStrategy[tuple[int, ...]]:
    """The days on which somebody works: any but none."""
    return st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))


@st.composite
def days_off(draw: st.DrawFn, near: date) -> DaysOff:
    """A few days off within some weeks of a day, alone or in a row."""
    spans = draw(st.lists(st.tuples(st.integers(-40, 60), st.integers(0, 9)), max_size=6))
    firsts = ((near + DAY * first, lasts) for first, lasts in spans)
    return DaysOff(spans=in_order(Span(first=day, last=day + DAY * lasts) for day, lasts in firsts))


@st.composite
def _zones_and_years(draw: st.DrawFn) -> tuple[str, int]:
    if draw(st.sampled_from((True, True, False))):
        return draw(st.sampled_from(ODD))
    return draw(st.sampled_from(ZONES)), draw(st.integers(1990, 2040))


@st.composite
def situations(draw: st.DrawFn) -> tuple[WorkingHours, datetime]:
    """Somebody's working hours, and a moment from 1990 to 2040: both often about a clock change."""
    zone, year = draw(_zones_and_years())
    changes = clock_changes(zone, year)
    days, starts, lasts = draw(weeks()), st.integers(0, GRAINS_A_DAY - 2), st.integers(1, GRAINS_A_DAY)
    near = draw(st.sampled_from(("hour", "hour", "hour", "days", "not"))) if changes else "not"
    if near == "not":
        at = datetime(year, 1, 1, tzinfo=UTC) + draw(st.integers(0, 365 * 24 * 60 - 1)) * MINUTE
    else:
        change = draw(st.sampled_from(changes))
        at = change + draw(st.integers(*((-70, 70) if near == "hour" else (-2 * 24 * 60, 60)))) * MINUTE
        # Around what the wall clock showed: this is where a start or an end is skipped or comes twice.
        before = wall(zone, change - MINUTE)
        grain = (before.hour * 60 + before.minute) // GRAIN
        starts = st.integers(grain - 12, grain + 12).map(lambda n: n % (GRAINS_A_DAY - 1))
        if near == "hour":
            days = (*days, before.weekday(), wall(zone, change).weekday())
            lasts = st.integers(1, 24)
    hours = _hours(zone, days, draw(starts), draw(lasts))
    hours = hours.model_copy(update={"off": draw(days_off(at.date()))})
    return hours, at + timedelta(seconds=draw(st.sampled_from((0, 0, 1, 59))))


@st.composite
def skipped_starts(draw: st.DrawFn) -> tuple[WorkingHours, date, datetime]:
    """Somebody whose day would have started at a time that the clock skipped; that day; the change."""
    zone, year = draw(_zones_and_years())
    jumps = [
        change
        for change in clock_changes(zone, year)
        if wall(zone, change) - wall(zone, change - MINUTE) >= 2 * GRAIN * MINUTE
    ]
    assume(jumps)
    change = draw(st.sampled_from(jumps))
    first = wall(zone, change - MINUTE) + MINUTE
    first += -first.minute % GRAIN * MINUTE
    limit = (wall(zone, change) - first - MINUTE) // (GRAIN * MINUTE)
    start = first + draw(st.integers(0, limit)) * GRAIN * MINUTE
    grain = (start.hour * 60 + start.minute) // GRAIN
    assume(grain < GRAINS_A_DAY - 1)
    lasts = draw(st.integers(1, 24) | st.integers(1, GRAINS_A_DAY))
    return _hours(zone, (*draw(weeks()), start.weekday()), grain, lasts), start.date(), change


def _hours(zone: str, days: tuple[int, ...], starts: int, lasts: int) -> WorkingHours:
    def clock(grain: int) -> time:
        return time(grain * GRAIN // 60, grain * GRAIN % 60)

    ends = min(starts + lasts, GRAINS_A_DAY - 1)
    return WorkingHours(zone=zone, days=tuple(sorted(set(days))), starts=clock(starts), ends=clock(ends))
