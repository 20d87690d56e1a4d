"""The worker's side of the jobs: lanes are claimed for a while, jobs are finished or put back.

On PostgreSQL the database's clock decides, because workers run on several machines; on SQLite
they share one machine and its clock. See `storage/job.py` for the order of locks.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.engine import Row

from bot.domain.job import LEASE_SECONDS, Job, Receipt, minute
from bot.ports import MOST_COUNTED, GivenUp, Limits, ObservedTime, ToForget
from storage import agenda, observed_time
from storage.job import IS_DEAD, IS_WAITING, editing, next_id, numbered, put, wake
from storage.lane import (
    CHANGE_LANE,
    FIRST_DUE,
    LOCK_LANE,
    LONGEST_REST,
    LONGEST_REST_TOGETHER,
    SLEW,
    Budgets,
    Name,
    free_lanes,
    hold_back,
    moments,
    on,
    set_back,
    this,
)
from storage.row import read
from storage.said import Said
from storage.tables import jobs, lanes, requests

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

DEAD_DAYS = 30
"""Dead jobs are kept this long at least: somebody may still put right what killed them."""
RESTLESS = 100
"""Rows of a kind that are read to see where something is due."""


# An UPDATE sets whichever columns it is given values for.
_THESE = (
    jobs.c.workspace == bindparam("workspace"),
    jobs.c.key.in_(bindparam("keys", expanding=True)),
)
FREE_JOBS = select(jobs).where(*_THESE).with_for_update(skip_locked=True)
OWN_JOBS = select(jobs).where(*_THESE).order_by(jobs.c.key).with_for_update()
CHANGE_JOB = update(jobs).where(
    jobs.c.workspace == bindparam("this_workspace"), jobs.c.key == bindparam("this_name")
)
DROP_JOB = delete(jobs).where(
    jobs.c.workspace == bindparam("this_workspace"), jobs.c.key == bindparam("this_name")
)
BRING_FORWARD = CHANGE_JOB.where(IS_WAITING, jobs.c.traceless).returning(jobs.c.lane)
FREE_LANE = CHANGE_LANE.values(leased_until=None, claimed_by="", claimed_key=None, due_at=FIRST_DUE)


Clock = Callable[[Connection], datetime]


class Past:
    """What a process remembers from one transaction to the next."""

    def __init__(self) -> None:
        self.latest = datetime.min.replace(tzinfo=UTC)
        self.sooner: dict[Name, datetime] = {}
        """Traceless jobs that wait for another try, and until when: a row says the minute after it."""


class Queue:
    """ports.Queue over one transaction. `clock`: for tests."""

    def __init__(self, connection: Connection, past: Past, clock: Clock | None = None) -> None:
        self._connection = connection
        self._past = past
        self._clock = clock or _clock

    def claim(
        self,
        by: datetime | None,
        claimer: str,
        most: int,
        limits: Mapping[str, Limits] | None = None,
    ) -> Sequence[Job]:
        platforms = None if limits is None else frozenset(limits)
        ready: list[Name] = []

        def step(connection: Connection, now: datetime) -> Sequence[Job]:
            self._mind_the_clock(connection, now)
            ready[:] = sorted(name for name, until in self._past.sooner.items() if until <= now)
            _bring_forward(connection, ready, now)
            asked = {"by": by or now, "most": most, **moments(now)}
            found = connection.execute(free_lanes(platforms), asked)
            free = {(row.workspace, row.lane): row for row in found}
            wanted = {lane: row.claimed_key or row.first_key for lane, row in free.items()}
            for lane in (lane for lane, key in wanted.items() if key is None):
                _release(connection, lane, free[lane].free_at)
            budgets = Budgets(connection, now)
            budgets.lock((lane for lane, key in wanted.items() if key is not None), limits or {})
            chosen = budgets.within(lane for lane, key in wanted.items() if key is not None)
            # A claim of its own, so that whoever comes too late is told apart even from itself.
            claim = f"{claimer} {secrets.token_hex(8)}"
            begun = _begin(connection, _named(chosen, wanted, free), claim, now)
            leased = [lane for lane in chosen if (lane[0], wanted[lane]) in begun]
            leased_until = now + timedelta(seconds=LEASE_SECONDS)
            leases = [
                {
                    **this(lane),
                    # Due at once when the lease ends, even if a tick took it before its time.
                    "due_at": min(free[lane].due_at, now),
                    "leased_until": leased_until,
                    "claimed_by": claim,
                    "claimed_key": wanted[lane],
                }
                for lane in leased
            ]
            if leases:
                connection.execute(CHANGE_LANE, leases)
            budgets.charge(leased)
            return [begun[workspace, str(wanted[workspace, lane])] for workspace, lane in leased]

        claimed = self._do(step)
        for name in ready:
            self._past.sooner.pop(name, None)
        return claimed

    def _mind_the_clock(self, connection: Connection, now: datetime) -> None:
        # Only where one clock is the law: of several processes each would put it right once more.
        if connection.dialect.name == "sqlite" and self._past.latest - now > SLEW:
            logger.warning(
                "The clock was set back by %s; what waits goes by the new one.", self._past.latest - now
            )
            set_back(connection, now, self._past.latest)
        self._past.latest = now

    def finish(self, job: Job, receipt: Receipt | None, pace: float, follow: Sequence[Job] = ()) -> None:
        def step(connection: Connection, now: datetime) -> None:
            row = _held(connection, job, follow)
            if row is None:
                return
            lane = row.lane if receipt is None else editing(row.place)
            ended: dict[str, Any] = {"state": "done", "ended_at": now}
            if row.again:
                ended = {"state": "waiting", "id": next_id(traceless=row.traceless)}
            ended |= {"lane": lane, "attempts": 0, "unsure": False, "began_at": None, "again": False}
            if row.traceless and not row.again:
                connection.execute(DROP_JOB, this((job.workspace, job.key)))
            else:
                _update(connection, job, ended | {"why": ""})
            if receipt is not None:
                Said(connection, job.workspace).keep(job.key, receipt)
            woken = put(connection, job.workspace, [numbered(other) for other in follow])
            if row.again:
                woken[lane] = min(row.due_at, woken.get(lane, row.due_at))
            # Without a pace it is nobody's business when something was said here.
            free_at = None if row.traceless and pace <= 0 else now + timedelta(seconds=pace)
            _leave(connection, row, free_at, woken)

        self._do(step)

    def retry(
        self,
        job: Job,
        wait: float,
        *,
        unsure: bool,
        hold_lane: bool,
        why: str,
        hold_workspace: bool = False,
    ) -> None:
        def step(connection: Connection, now: datetime) -> None:
            row = _held(connection, job)
            if row is None:
                return
            rest = timedelta(seconds=wait)
            later = now + rest
            if row.traceless and wait > 0:
                self._past.sooner[job.workspace, job.key] = later
                later += timedelta(minutes=1)
            back = {
                "state": "waiting",
                "due_at": minute(later) if row.traceless else later,
                "unsure": unsure,
                "began_at": row.began_at if unsure else None,
                # Nothing was said, so the next attempt says the newest words anyway.
                "again": row.again and unsure,
                "why": why,
            }
            _update(connection, job, back)
            free_at = now + min(rest, LONGEST_REST) if hold_lane else None
            _leave(connection, row, free_at, {})
            if hold_workspace:
                until = now + min(rest, LONGEST_REST_TOGETHER)
                hold_back(connection, (row.workspace, row.lane), until)

        self._do(step)

    def give_up(self, job: Job, why: str, follow: Sequence[Job] = ()) -> None:
        def step(connection: Connection, now: datetime) -> None:
            row = _held(connection, job, follow)
            if row is None:
                return
            # It stays unsure: the last attempt may have been heard, whatever came back.
            ended_at = minute(now) if row.traceless else now
            _update(connection, job, {"state": "dead", "ended_at": ended_at, "why": why})
            # What is said instead of a traceless job would tell its moment as well.
            instead = [
                other.model_copy(update={"traceless": row.traceless or other.traceless})
                for other in follow
            ]
            woken = put(connection, job.workspace, [numbered(other) for other in instead])
            _leave(connection, row, None, woken)

        self._do(step)

    def observe_time(self, before: ObservedTime | None, elapsed: timedelta) -> ObservedTime:
        def step(connection: Connection, now: datetime) -> ObservedTime:
            return observed_time.observe(connection, now, before, elapsed)

        return self._do(step)

    def overdue(self, age: timedelta) -> ToForget:
        connection = self._connection
        now = observed_time.trusted_now(connection, self._clock(connection))
        old = observed_time.old_cases(connection, now, age)
        return ToForget(old, max(0, len(old) - observed_time.daily_quota(connection)))

    def to_forget(self, age: timedelta) -> ToForget:
        def step(connection: Connection, now: datetime) -> bool:
            return observed_time.take_daily_quota(connection)

        # Looked up before, while others may write; a case that is gone meanwhile is only skipped.
        old, waiting = self.overdue(age)
        if not old or not self._do(step):
            return ToForget((), 0)
        return ToForget(old[: len(old) - waiting], waiting)

    def restless(self, by: datetime) -> Sequence[str]:
        return agenda.restless(self._connection, by, RESTLESS)

    def next_due(self, platforms: Collection[str] | None = None) -> datetime | None:
        connection = self._connection
        found = connection.execute(select(func.min(lanes.c.due_at)).where(*on(platforms)))
        due_at: datetime | None = found.scalar_one()
        return due_at

    def state(self) -> Mapping[str, object]:
        connection = self._connection
        now = self._clock(connection)
        waiting, dead = (
            connection.execute(
                select(func.count()).select_from(
                    select(jobs.c.workspace).where(which).limit(MOST_COUNTED + 1).subquery()
                )
            ).scalar_one()
            for which in (IS_WAITING, IS_DEAD)
        )
        # A lane is due when the first of its messages is.
        oldest = select(func.min(lanes.c.due_at)).where(lanes.c.due_at <= now)
        oldest_due = connection.execute(oldest).scalar_one()
        return {"waiting": waiting, "dead": dead, "oldest_due": oldest_due}

    def given_up(self, most: int = 5) -> Sequence[GivenUp]:
        times = func.count().label("times")
        dead = select(jobs.c.name, jobs.c.why, times).where(IS_DEAD).group_by(jobs.c.name, jobs.c.why)
        connection = self._connection
        found = connection.execute(dead.order_by(times.desc(), jobs.c.name).limit(most))
        return [GivenUp(row.name, row.why, row.times) for row in found]

    def prune(self, before: datetime, most: int = 500) -> int:
        def step(connection: Connection, now: datetime) -> int:
            trusted = observed_time.trusted_now(connection, now)
            buried = min(before, trusted - timedelta(days=DEAD_DAYS))
            # Said again below, for a job that comes back to life while this waits for its row.
            old = and_(jobs.c.ended_at < before, or_(~IS_DEAD, jobs.c.ended_at < buried))
            seen = requests.c.day < before.date()
            return _bite(connection, jobs, old, most) + _bite(connection, requests, seen, most)

        return self._do(step)

    def _do(self, step: Callable[[Connection, datetime], Result]) -> Result:
        return step(self._connection, self._clock(self._connection))


def _clock(connection: Connection) -> datetime:
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)


def _named(
    chosen: Sequence[Name], wanted: Mapping[Name, str | None], free: Mapping[Name, Row[Any]]
) -> dict[Name, str]:
    """The jobs to begin, by workspace and key, each with the state it must still be in."""
    return {
        (lane[0], str(wanted[lane])): "running" if free[lane].claimed_key else "waiting"
        for lane in chosen
    }


def _begin(
    connection: Connection, named: Mapping[Name, str], claim: str, now: datetime
) -> dict[Name, Job]:
    """Marks jobs as running; leaves out those that somebody else holds or has just changed."""
    begun: dict[Name, Job] = {}
    # Workspace by workspace: SQLite scans the table for pairs, (workspace, key) IN ((…), (…)).
    for workspace in sorted({name[0] for name in named}):
        keys = sorted(name[1] for name in named if name[0] == workspace)
        found = connection.execute(FREE_JOBS, {"workspace": workspace, "keys": keys})
        rows = [row for row in found if row.state == named[workspace, row.key]]
        changed = []
        for row in rows:
            # What was known before is for the worker; when it began is kept from the first unsure time.
            # Rounded down, the look-up of a traceless one begins earlier, and finds it all the same.
            began_at = row.began_at if row.unsure and row.began_at else now
            began_at = minute(began_at) if row.traceless else began_at
            mark = {"state": "running", "claimed_by": claim}
            told = mark | {"attempts": row.attempts + 1, "began_at": began_at}
            begun[workspace, row.key] = read(Job, row).model_copy(update=told)
            # Unsure in the row, in case this process dies.
            changed.append({**this((workspace, row.key)), **told, "unsure": True})
        if changed:
            connection.execute(CHANGE_JOB, changed)
    return begun


def _held(connection: Connection, job: Job, follow: Sequence[Job] = ()) -> Row[Any] | None:
    """The job's row, locked with those that follow; None when another claim runs it by now."""
    keys = sorted({job.key, *(other.key for other in follow)})
    found = connection.execute(OWN_JOBS, {"workspace": job.workspace, "keys": keys})
    row = next((row for row in found if row.key == job.key), None)
    if row is None or row.state != "running" or row.claimed_by != job.claimed_by:
        if not job.traceless:
            logger.warning("%s %d came back after its lease; another worker has it.", job.name, job.id)
        return None
    return row


def _update(connection: Connection, job: Job, changed: Mapping[str, Any]) -> None:
    unclaimed = {**this((job.workspace, job.key)), **changed, "claimed_by": ""}
    connection.execute(CHANGE_JOB, unclaimed)


def _bring_forward(connection: Connection, names: Sequence[Name], now: datetime) -> None:
    """Makes traceless jobs due now that were put off until a moment of which a row may say nothing."""
    woken: dict[str, dict[str, datetime]] = {}
    for name in names:
        moved = connection.execute(BRING_FORWARD, {**this(name), "due_at": minute(now)})
        for lane in moved.scalars():
            woken.setdefault(name[0], {})[lane] = minute(now)
    for workspace, lanes_of_it in sorted(woken.items()):
        wake(connection, workspace, lanes_of_it)


def _leave(
    connection: Connection, row: Row[Any], free_at: datetime | None, woken: dict[str, datetime]
) -> None:
    """Frees the job's lane until `free_at`, and wakes others, in the order of their names."""
    for lane in sorted({row.lane, *woken}):
        if lane == row.lane:
            _release(connection, (row.workspace, lane), free_at)
        else:
            wake(connection, row.workspace, {lane: woken[lane]})


def _release(connection: Connection, lane: Name, free_at: datetime | None) -> None:
    if connection.dialect.name != "sqlite":
        # Locked by a statement of its own: the next one then sees what was scheduled meanwhile,
        # where a subquery in a waiting UPDATE would still see the moment before.
        connection.execute(LOCK_LANE, this(lane))
    rested = {} if free_at is None else {"free_at": free_at}
    connection.execute(FREE_LANE, {**this(lane), **rested})


def _bite(connection: Connection, table: Table, old: ColumnElement[bool], most: int) -> int:
    those = tuple_(table.c.workspace, table.c.key)
    some = select(table.c.workspace, table.c.key).where(old).limit(most)
    return connection.execute(delete(table).where(those.in_(some), old)).rowcount
