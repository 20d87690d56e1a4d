"""What six months of failed cases tell a team: where gaps were, and how soon things were put right.

It counts cases, and fixes, and days: what it is made from holds no words and nobody's name, so that
nothing can be counted per person. A case counts in the month in which it was marked failed.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import NamedTuple

from pydantic import BaseModel

from bot.domain.action_item import AGREED_STATES
from bot.domain.item_step import ItemState
from bot.domain.prompt import GAPS
from bot.domain.recovery_step import Verdict
from bot.domain.team import Team
from bot.domain.working_hours import (
    moment,
    today,
    working_days_between,
    working_hours_between,
)

MONTHS = 6
MAX_FAILURES = 1000
"""Cases of one team that are counted, the newest ones: nobody waits for more."""
HELD = timedelta(days=30)
"""How long ago a fix was verified before its gap counts as staying away: sooner nobody can know."""
NO_GAP = ""
"""Stands for the gap of what names none."""
ENDED: tuple[ItemState, ...] = ("verified", "dropped")


class Failure(BaseModel, frozen=True):
    """A failed case that was not cancelled, with what became of its retro and of its customer.

    `ended` is the customer's verdict, *not recovered* until they say another. `closed_at` is there while
    its retro is closed with an outcome that holds; a small failure that goes without one has none.
    `owed_since` is the moment from which the customer waits, anew after *not recovered*; `apologise_by`
    the team's aim, and `promised_by` the day that was promised, each as long as that step is needed.
    `keeper_zone` is the time zone of whoever keeps the promise, if they have one.
    """

    number: int
    failed_at: datetime
    ended: Verdict | None = None
    closed_at: datetime | None = None
    owed_since: datetime | None = None
    apologise_by: date | None = None
    apologised_at: datetime | None = None
    promised_by: date | None = None
    kept_at: datetime | None = None
    keeper_zone: str | None = None


class Fix(BaseModel, frozen=True):
    """An action item of such a case; `added_at` is when it was added, `moved_at` its last step.

    It may have been reopened after it was done, or verified: `done_at` is when it was done last, and
    `verified_at` when it was verified for the first time. `owner_zone` is its owner's time zone, if
    they have one.
    """

    case_number: int
    gap: str | None
    state: ItemState
    due: date | None
    added_at: datetime
    moved_at: datetime
    done_at: datetime | None = None
    verified_at: datetime | None = None
    owner_zone: str | None = None
    number: int = 0
    """The item's own."""


class Return(NamedTuple):
    """A gap that came back: a case which failed after a fix of it was verified got an item of it.

    `named_at` is when it got the first one, `verified_at` when the last fix before it was verified.
    """

    gap: str
    case_number: int
    named_at: datetime
    verified_at: datetime


class TeamRows(NamedTuple):
    """What is counted of one team; `has_more` cases than these, which are its newest."""

    team: Team
    failures: Sequence[Failure]
    fixes: Sequence[Fix]
    has_more: bool = False


class Share(NamedTuple):
    """How many of how many."""

    part: int
    whole: int


class Wait(NamedTuple):
    """The median of so many waits, in working days or working hours."""

    median: float
    of: int


class Trends(NamedTuple):
    """The figures; counts by gap have one for each month, and GAPS come in their order, NO_GAP last.

    `returned` are the gaps that came back: a case which failed after a fix of that gap was verified got
    an item of the same gap. `stayed` counts the gaps of each team whose fix was verified HELD ago;
    `only_newest` says that a team has more cases than are counted.
    """

    months: tuple[date, ...]
    cases: int
    cases_by_gap: Mapping[str, tuple[int, ...]]
    items_by_gap: Mapping[str, tuple[int, ...]]
    in_time: Share
    to_finish: Wait | None
    to_apology: Wait | None
    apologised_in_time: Share
    to_keep: Wait | None
    kept_in_time: Share
    ended: Mapping[Verdict | None, int]
    returned: tuple[str, ...]
    stayed: Share
    only_newest: bool


def months_until(last: date) -> tuple[date, ...]:
    """The first days of the months that are looked at, of which `last` is in the last one."""
    months = [last.replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return tuple(reversed(months))


def since(team: Team, months: Sequence[date]) -> datetime:
    """The moment from which a team's cases count."""
    return moment(team.zone, months[0], time())


def trends(rows: Sequence[TeamRows], months: tuple[date, ...], at: datetime) -> Trends:
    """What these teams' cases tell together, as it stands `at`."""
    per_team = [_TeamTrends(one, months, at) for one in rows]
    failures = [failure for one in rows for failure in one.failures]
    returned = {gap for one in per_team for gap in one.returned}
    return Trends(
        months=months,
        cases=len(failures),
        cases_by_gap=_by_month((pair for one in per_team for pair in one.case_gaps()), months),
        items_by_gap=_by_month((pair for one in per_team for pair in one.item_gaps()), months),
        in_time=_share(kept for one in per_team for kept in one.items_in_time()),
        to_finish=_wait(days for one in per_team for days in one.days_to_finish()),
        to_apology=_wait(hours for one in per_team for hours in one.hours_to_apology()),
        apologised_in_time=_share(kept for one in per_team for kept in one.apologies_in_time()),
        to_keep=_wait(hours for one in per_team for hours in one.hours_to_keep()),
        kept_in_time=_share(kept for one in per_team for kept in one.promises_in_time()),
        ended=Counter(failure.ended for failure in failures),
        returned=tuple(_in_order(returned)),
        stayed=_share(stayed for one in per_team for stayed in one.stayed()),
        only_newest=any(one.has_more for one in rows),
    )


def returns(failures: Iterable[Failure], fixes: Sequence[Fix]) -> Iterator[Return]:
    """Each time that a gap came back: a case has an item of it, and failed after a fix was verified.

    What was verified once counts as that, whatever became of it: a fix that failed is reopened, verified
    again or dropped, and just then the gap came back. An item of the later case counts until it is
    dropped.
    """
    verified: dict[str, list[datetime]] = defaultdict(list)
    named: dict[int, dict[str, datetime]] = defaultdict(dict)
    for fix in fixes:
        if fix.gap and fix.verified_at:
            verified[fix.gap].append(fix.verified_at)
        if fix.gap and fix.state != "dropped":
            here = named[fix.case_number]
            here[fix.gap] = min(fix.added_at, here.get(fix.gap, fix.added_at))
    for moments in verified.values():
        moments.sort()
    for failure in failures:
        for gap, named_at in named[failure.number].items():
            if before := bisect_left(verified[gap], failure.failed_at):
                yield Return(gap, failure.number, named_at, verified[gap][before - 1])


class _TeamTrends:
    """One team's part of it, by its own days and hours."""

    def __init__(self, rows: TeamRows, months: tuple[date, ...], at: datetime) -> None:
        self._team, self._failures, self._months = rows.team, rows.failures, months
        self._at = at
        self._fixes: dict[int, list[Fix]] = {failure.number: [] for failure in rows.failures}
        for fix in rows.fixes:
            if fix.case_number in self._fixes:
                self._fixes[fix.case_number].append(fix)
        counted = [fix for fixes in self._fixes.values() for fix in fixes]
        self.returned = {back.gap for back in returns(rows.failures, counted)}
        self._held = {fix.gap for fix in counted if fix.gap and self._is_old_enough(fix)}

    def _counted(self, failure: Failure) -> list[Fix]:
        return [fix for fix in self._fixes[failure.number] if fix.state != "dropped"]

    def _gaps_of(self, failure: Failure) -> set[str]:
        return {fix.gap for fix in self._counted(failure) if fix.gap}

    def _month(self, failure: Failure) -> date:
        return min(self._day(failure.failed_at).replace(day=1), self._months[-1])

    def _day(self, at: datetime) -> date:
        return today(self._team.zone, at)

    def case_gaps(self) -> Iterable[tuple[str, date]]:
        """Each gap of each case, with its month; NO_GAP where nothing names one."""
        for failure in self._failures:
            for gap in self._gaps_of(failure) or {NO_GAP}:
                yield gap, self._month(failure)

    def item_gaps(self) -> Iterable[tuple[str, date]]:
        """The gap of each item that was not dropped, with its case's month."""
        for failure in self._failures:
            for fix in self._counted(failure):
                yield fix.gap or NO_GAP, self._month(failure)

    def items_in_time(self) -> Iterable[bool]:
        """Of each item that is done, or should be by now, whether it was done by its owner's day."""
        for fix in (fix for failure in self._failures for fix in self._counted(failure)):
            # What was reopened after it was done is not done any more, whoever has it now.
            if fix.state in AGREED_STATES:
                done_at = None if fix.state == "agreed" else fix.done_at
                yield from self._kept(fix.due, done_at, fix.owner_zone)

    def days_to_finish(self) -> Iterable[float]:
        """How long each finished retro took: it is closed, and each item verified or dropped."""
        for failure in self._failures:
            fixes = self._fixes[failure.number]
            if failure.closed_at and all(fix.state in ENDED for fix in fixes):
                finished = max([failure.closed_at, *(fix.moved_at for fix in fixes)])
                first, last = self._day(failure.failed_at), self._day(finished)
                yield working_days_between(self._team.hours, first, last)

    def hours_to_apology(self) -> Iterable[float]:
        """How many working hours each customer waited for an apology."""
        for failure in self._failures:
            yield from self._waited(failure.owed_since, failure.apologised_at)

    def hours_to_keep(self) -> Iterable[float]:
        """How many working hours each customer waited until a promise was kept."""
        for failure in self._failures:
            yield from self._waited(failure.owed_since, failure.kept_at)

    def apologies_in_time(self) -> Iterable[bool]:
        """Of each apology that came, or should have by now, whether it came within the team's aim."""
        for failure in self._failures:
            yield from self._kept(failure.apologise_by, failure.apologised_at, None)

    def promises_in_time(self) -> Iterable[bool]:
        """Of each promise that was kept, or should be by now, whether it was by its keeper's day."""
        for failure in self._failures:
            yield from self._kept(failure.promised_by, failure.kept_at, failure.keeper_zone)

    def _waited(self, since: datetime | None, until: datetime | None) -> Iterable[float]:
        if since is not None and until is not None:
            yield working_hours_between(self._team.hours, since, until)

    def _kept(self, by: date | None, done_at: datetime | None, zone: str | None) -> Iterable[bool]:
        """Whether it was done by its day in that zone, or else the team's.

        Nothing where it has no day, or still has time.
        """
        zone = zone or self._team.zone
        if by is not None and done_at is not None:
            yield today(zone, done_at) <= by
        elif by is not None and by < today(zone, self._at):
            yield False

    def stayed(self) -> Iterable[bool]:
        """Of each gap with a fix that is old enough, and holds or did not, whether it stayed away."""
        return (gap not in self.returned for gap in self._held)

    def _is_old_enough(self, fix: Fix) -> bool:
        """Whether it can be known how a fix held: of one whose gap came back, since its first day."""
        verified_last = fix.moved_at if fix.state == "verified" else None
        since = fix.verified_at if fix.gap in self.returned else verified_last
        return since is not None and since <= self._at - HELD


def _in_order(gaps: Set[str]) -> list[str]:
    """Our gaps in their order, then a team's own, and none at the end."""
    ordered = [*GAPS, *sorted(gaps - {*GAPS, NO_GAP}), NO_GAP]
    return [gap for gap in ordered if gap in gaps]


def _by_month(
    found: Iterable[tuple[str, date]], months: Sequence[date]
) -> Mapping[str, tuple[int, ...]]:
    counts = Counter(found)
    return {
        gap: tuple(counts[gap, month] for month in months)
        for gap in _in_order({gap for gap, _ in counts})
    }


def _share(kept: Iterable[bool]) -> Share:
    all_of_them = list(kept)
    return Share(sum(all_of_them), len(all_of_them))


def _wait(waits: Iterable[float]) -> Wait | None:
    all_of_them = list(waits)
    return Wait(median(all_of_them), len(all_of_them)) if all_of_them else None
