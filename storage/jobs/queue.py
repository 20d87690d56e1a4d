"""The worker's side of the jobs: channel queues are claimed for a while, jobs are finished or put back.

On PostgreSQL the database's clock decides, because workers run on several machines; on SQLite
they share one machine and its clock. See `storage/jobs/job.py` for the order of locks.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
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

from bot.domain import connection as helpdesk
from bot.domain.errors import ConflictError
from bot.domain.job import LEASE_SECONDS, Job, MessageRef, minute
from bot.domain.signal import KEPT
from bot.ports import MAX_COUNTED, Doubted, Ended, GivenUp, Limits, ObservedTime, Restored, ToForget
from storage import observed_time, restored, search_index
from storage.jobs import scheduler
from storage.jobs.channel_queue import (
    CHANGE_QUEUE,
    LOCK_QUEUE,
    MAX_COOL_DOWN,
    MAX_SHARED_COOL_DOWN,
    SLEW,
    RateLimiter,
    free,
    free_queues,
    moments,
    on,
    set_back,
    this,
    whole,
)
from storage.jobs.job import IS_DEAD, IS_WAITING, edit_queue, next_id, numbered, post_queue, put
from storage.jobs.moments import Name, hold_back, wake
from storage.repositories import connection as connections
from storage.repositories.sent_messages import SentMessages
from storage.row import Values, read
from storage.statement import Among, Statement
from storage.tables import channel_queues, deliveries, jobs, requests

logger = logging.getLogger(__name__)

DEAD_DAYS = 30
"""Dead jobs are kept this long at least: somebody may still put right what killed them."""
RESTLESS = 100
"""Rows of a kind that are read to see where something is due."""
GONE = "gone"
"""The state of a traceless job that was said: it leaves no row."""
LATE = "%s %d came back after its lease; another worker has it."

CLOCK = Statement(select(func.clock_timestamp(type_=DateTime).label("now")))

_THIS = (jobs.c.workspace == bindparam("this_workspace"), jobs.c.key == bindparam("this_name"))
_HERE = select(jobs).where(jobs.c.workspace == bindparam("workspace"))
ROWS = Among(_HERE, jobs.c.key)
FREE_JOBS = Among(_HERE.with_for_update(skip_locked=True), jobs.c.key)
LOCK_JOB = Statement(select(jobs.c.key).where(*_THIS).with_for_update())
CHANGE_JOB = Statement(update(jobs).where(*_THIS))
DROP_JOB = Statement(delete(jobs).where(*_THIS))
BRING_FORWARD = Statement(
    update(jobs).where(*_THIS, IS_WAITING, jobs.c.traceless).returning(jobs.c.queue_id)
)
CHANGED = (
    *("state", "id", "queue_id", "due_at", "attempts", "unsure"),
    *("began_at", "again", "ended_at", "why", "claimed_by", "bulk"),
)
"""The columns of a job that may change when it is put away."""


Clock = Callable[[Connection], datetime]


class Past:
    """What a process remembers from one transaction to the next."""

    def __init__(self) -> None:
        self.latest = datetime.min.replace(tzinfo=UTC)
        self.sooner: dict[Name, datetime] = {}
        """Traceless jobs that wait for another try, and until when: a row says the minute after it."""

    def forget(self, name: Name, until: datetime) -> None:
        """Forgets a job, unless it was put off again meanwhile."""
        if self.sooner.get(name) == until:
            self.sooner.pop(name, None)


class Queue:
    """ports.Queue over one transaction. `clock`: instead of the real time."""

    def __init__(self, connection: Connection, past: Past, clock: Clock | None = None) -> None:
        self._connection = connection
        self._past = past
        self._clock = clock or _clock

    def claim(
        self,
        by: datetime | None,
        claimer: str,
        limit: int,
        limits: Mapping[str, Limits] | None = None,
    ) -> Sequence[Job]:
        connection, now = self._connection, self._clock(self._connection)
        self._mind_the_clock(now)
        self._bring_forward(now)
        statement = free_queues(None if limits is None else frozenset(limits))
        rows = statement.all(connection, {"by": by or now, "limit": limit, **moments(now)})
        due = {(row.workspace, row.queue_id): row for row in rows}
        wanted = {name: row.claimed_key or row.first_key for name, row in due.items()}
        free(connection, {name: None for name, key in wanted.items() if key is None})
        named = [name for name, key in wanted.items() if key is not None]
        limiter = RateLimiter(connection, now, named, limits or {})
        states = {
            (name[0], wanted[name]): "running" if due[name].claimed_key else "waiting"
            for name in limiter.within(named)
        }
        # A claim of its own, so that whoever comes too late is told apart even from itself.
        claim = f"{claimer} {secrets.token_hex(8)}"
        begun = _begin(connection, states, claim, now)
        leased = [name for name in named if (name[0], wanted[name]) in begun]
        leases = [
            {
                **this(name),
                # Due at once when the lease ends, even if a tick took it before its time.
                "due_at": min(due[name].due_at, now),
                "leased_until": now + timedelta(seconds=LEASE_SECONDS),
                "claimed_by": claim,
                "claimed_key": wanted[name],
            }
            for name in leased
        ]
        CHANGE_QUEUE.run_each(connection, leases)
        limiter.charge(leased)
        return [begun[name[0], wanted[name]] for name in leased]

    def _mind_the_clock(self, now: datetime) -> None:
        # Only where one clock is the law: of several processes each would put it right once more.
        if self._connection.dialect.name == "sqlite" and self._past.latest - now > SLEW:
            logger.warning(
                "The clock was set back by %s; what waits goes by the new one.", self._past.latest - now
            )
            set_back(self._connection, now, self._past.latest)
        self._past.latest = now

    def _bring_forward(self, now: datetime) -> None:
        """Makes traceless jobs due now whose wait is over: their rows hold no exact moment."""
        woken: dict[Name, datetime] = {}
        for name, until in sorted(self._past.sooner.items()):
            if until > now:
                continue
            moved = BRING_FORWARD.all(self._connection, {**this(name), "due_at": minute(now)})
            woken |= {(name[0], row.queue_id): minute(now) for row in moved}
            # Only once it does not wait any more: this transaction may still come to nothing.
            if not moved:
                self._past.forget(name, until)
        wake(self._connection, woken)

    def put_away(self, ended: Sequence[Ended]) -> None:
        connection, now = self._connection, self._clock(self._connection)
        rows, woken = _take(connection, ended)
        changed: list[Values] = []
        sent: dict[str, dict[str, MessageRef]] = {}
        gone: dict[str, list[tuple[str, str]]] = {}
        rests: dict[Name, datetime | None] = {}
        held: dict[Name, datetime] = {}
        for attempt in ended:
            # Who comes twice comes too late.
            row = rows.pop((attempt.job.workspace, attempt.job.key), None)
            if row is None:
                if not attempt.job.traceless:
                    logger.warning(LATE, attempt.job.name, attempt.job.id)
                continue
            after, queue = self._after(attempt, row, now), (row.workspace, row.queue_id)
            changed.append({**this((row.workspace, row.key)), **{name: after[name] for name in CHANGED}})
            if attempt.message_ref is not None:
                sent.setdefault(row.workspace, {})[row.key] = attempt.message_ref
            if attempt.gone is not None:
                gone.setdefault(row.workspace, []).append(attempt.gone)
            rests[queue] = _rests_until(attempt, row, now)
            if after["state"] == "waiting" and (row.again or after["queue_id"] != row.queue_id):
                other, due_at = (row.workspace, after["queue_id"]), after["due_at"]
                woken[other] = min(due_at, woken.get(other, due_at))
            if attempt.hold_workspace:
                until = now + min(timedelta(seconds=attempt.cool_down), MAX_SHARED_COOL_DOWN)
                workspace_queue = whole(queue)
                held[workspace_queue] = max(until, held.get(workspace_queue, until))
        CHANGE_JOB.run_each(connection, [row for row in changed if row["state"] != GONE])
        DROP_JOB.run_each(connection, [row for row in changed if row["state"] == GONE])
        for workspace, deleted in gone.items():
            SentMessages(connection, workspace).forget_each(deleted)
        for workspace, message_refs in sent.items():
            SentMessages(connection, workspace).keep_each(message_refs)
        _leave(connection, rests, woken)
        hold_back(connection, held)

    def _after(self, ended: Ended, row: Any, now: datetime) -> Values:
        """A job's row once it was put away."""
        after = {**row._asdict(), "state": ended.state, "why": ended.why, "claimed_by": ""}
        if ended.message_ref is not None:
            after["queue_id"] = edit_queue(row.channel_id)
        elif ended.gone is not None and ended.gone[0] == row.key:
            after["queue_id"] = post_queue(row.channel_id)
        if ended.state == "dead":
            # It stays unsure: the last attempt may have been heard, whatever came back.
            return after | {"ended_at": minute(now) if row.traceless else now}
        if ended.state == "waiting":
            later = now + timedelta(seconds=ended.cool_down)
            if row.traceless and ended.cool_down > 0:
                self._past.sooner[row.workspace, row.key] = later
                later += timedelta(minutes=1)
            return after | {
                "due_at": minute(later) if row.traceless else later,
                "unsure": ended.unsure,
                # What an import says is last of all, and its retro may be what this waits for.
                "bulk": row.bulk or ended.behind,
                "began_at": row.began_at if ended.unsure else None,
                # Nothing was said, so the next attempt says the newest words anyway.
                "again": row.again and ended.unsure,
            }
        after |= {"attempts": 0, "unsure": False, "began_at": None, "again": False}
        if row.again:
            return after | {"state": "waiting", "id": next_id(traceless=row.traceless)}
        return after | {"state": GONE if row.traceless else "done", "ended_at": now}

    def observe_time(self, before: ObservedTime | None, elapsed: timedelta) -> ObservedTime:
        connection = self._connection
        return observed_time.observe(connection, self._clock(connection), before, elapsed)

    def overdue(self, age: timedelta) -> ToForget:
        connection = self._connection
        now = observed_time.trusted_now(connection, self._clock(connection))
        return observed_time.overdue(connection, now, age)

    def old_tests(self, age: timedelta, limit: int) -> Sequence[tuple[str, str, str]]:
        connection = self._connection
        now = observed_time.trusted_now(connection, self._clock(connection))
        key = (deliveries.c.workspace, deliveries.c.connection_id, deliveries.c.key)
        old = select(*key).where(deliveries.c.arrived_at < now - age, IS_TEST).limit(limit)
        return [(row.workspace, row.connection_id, row.key) for row in connection.execute(old)]

    def take_daily_quota(self) -> bool:
        return observed_time.take_daily_quota(self._connection)

    def workspaces_with_due_work(self, by: datetime) -> Sequence[str]:
        return scheduler.workspaces_with_due_work(self._connection, by, RESTLESS)

    def restored(self) -> Restored | None:
        return restored.restored(self._connection)

    def doubt(self, looked_up: Collection[str]) -> Doubted:
        return restored.doubt(self._connection, looked_up)

    def held(self) -> int:
        return restored.count_held(self._connection)

    def end_hold(self, *, say: bool) -> int:
        return restored.say_held(self._connection) if say else restored.drop_held(self._connection)

    def next_due(self, platforms: Collection[str] | None = None) -> datetime | None:
        connection = self._connection
        rows = connection.execute(select(func.min(channel_queues.c.due_at)).where(*on(platforms)))
        due_at: datetime | None = rows.scalar_one()
        return due_at

    def state(self) -> Mapping[str, object]:
        connection = self._connection
        now = self._clock(connection)
        waiting, dead = (
            connection.execute(
                select(func.count()).select_from(
                    select(jobs.c.workspace).where(which).limit(MAX_COUNTED + 1).subquery()
                )
            ).scalar_one()
            for which in (IS_WAITING, IS_DEAD)
        )
        # A channel queue is due when the first of its messages is.
        oldest = select(func.min(channel_queues.c.due_at)).where(channel_queues.c.due_at <= now)
        oldest_due = connection.execute(oldest).scalar_one()
        return {"waiting": waiting, "dead": dead, "oldest_due": oldest_due}

    def given_up(self, limit: int = 5) -> Sequence[GivenUp]:
        times = func.count().label("times")
        dead = select(jobs.c.name, jobs.c.why, times).where(IS_DEAD).group_by(jobs.c.name, jobs.c.why)
        connection = self._connection
        rows = connection.execute(dead.order_by(times.desc(), jobs.c.name).limit(limit))
        return [GivenUp(row.name, row.why, row.times) for row in rows]

    def index_words(self) -> bool:
        """ports.Queue.index_words."""
        return search_index.catch_up(self._connection)

    def prune(self, before: datetime, limit: int = 500, deliveries_kept: timedelta = KEPT) -> int:
        connection = self._connection
        trusted = observed_time.trusted_now(connection, self._clock(connection))
        buried = min(before, trusted - timedelta(days=DEAD_DAYS))
        # Said again in `_prune`, for a job that comes back to life while this waits for its row.
        old = and_(jobs.c.ended_at < before, or_(~IS_DEAD, jobs.c.ended_at < buried))
        seen = requests.c.day < before.date()
        kept_from = trusted - deliveries_kept
        past = and_(deliveries.c.arrived_at < kept_from, ~IS_TEST)
        # First, or a refusal would outlive the delivery taken after it, and look like the last word.
        connections.drop_refusals(connection, kept_from)
        pruned = ((jobs, old), (requests, seen), (deliveries, past))
        return sum(_prune(connection, table, which, limit) for table, which in pruned)

    def connection_at(self, connection_id: str) -> tuple[str, helpdesk.Connection] | None:
        return connections.at_address(self._connection, connection_id)


IS_TEST = deliveries.c.became == "test"


def _clock(connection: Connection) -> datetime:
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    [row] = CLOCK.all(connection, {})
    now: datetime = row.now
    return now.astimezone(UTC)


def _begin(
    connection: Connection, states: Mapping[Name, str], claim: str, now: datetime
) -> dict[Name, Job]:
    """Marks jobs in these states as running; leaves out locked ones and those that just changed."""
    begun: dict[Name, Job] = {}
    changed = []
    for row in _rows(connection, states, FREE_JOBS):
        if row.state != states[row.workspace, row.key]:
            continue
        # What was known before is for the worker; when it began is kept from the first unsure time.
        # Rounded down, the look-up of a traceless one begins earlier, and finds it all the same.
        began_at = row.began_at if row.unsure and row.began_at else now
        began_at = minute(began_at) if row.traceless else began_at
        mark = {"state": "running", "claimed_by": claim}
        begin = mark | {"attempts": row.attempts + 1, "began_at": began_at}
        begun[row.workspace, row.key] = read(Job, row).model_copy(update=begin)
        # Unsure in the row, in case this process dies.
        changed.append({**this((row.workspace, row.key)), **begin, "unsure": True})
    CHANGE_JOB.run_each(connection, changed)
    return begun


def _rows(connection: Connection, names: Collection[Name], query: Among = ROWS) -> list[Any]:
    # Workspace by workspace: SQLite scans the table for pairs, (workspace, key) IN ((…), (…)).
    rows: list[Any] = []
    for workspace in sorted({name[0] for name in names}):
        keys = [name[1] for name in names if name[0] == workspace]
        rows += query.all(connection, {"workspace": workspace}, keys)
    return rows


def _held(connection: Connection, ended: Iterable[Ended]) -> dict[Name, Any]:
    """The rows of the jobs that are still claimed by these attempts."""
    claims = {(attempt.job.workspace, attempt.job.key, attempt.job.claimed_by) for attempt in ended}
    rows = _rows(connection, {claim[:2] for claim in claims})
    return {
        (row.workspace, row.key): row
        for row in rows
        if row.state == "running" and (row.workspace, row.key, row.claimed_by) in claims
    }


def _take(
    connection: Connection, ended: Sequence[Ended]
) -> tuple[dict[Name, Any], dict[Name, datetime]]:
    """Locks the jobs and stores what follows them, in the one order of all keys.

    Returns the rows that are still ours, and the channel queues that what follows has woken.
    """
    leading = [attempt for attempt in ended if attempt.follow]
    before = _held(connection, leading)
    beyond_hope = _dead_roots(connection, leading)
    follow: dict[Name, Job] = {}
    for attempt in leading:
        row = before.get((attempt.job.workspace, attempt.job.key))
        if row is None:
            continue
        for job in attempt.follow:
            if (row.workspace, job.key) in beyond_hope:
                continue
            # What is said instead of a traceless job would tell its moment as well.
            traceless = job.traceless or (attempt.state == "dead" and row.traceless)
            owed = numbered(job.model_copy(update={"traceless": traceless}))
            follow.setdefault((row.workspace, job.key), owed)
    woken: dict[Name, datetime] = {}
    gone = {(attempt.job.workspace, attempt.gone[0]) for attempt in leading if attempt.gone}
    own = {(attempt.job.workspace, attempt.job.key, False) for attempt in ended}
    in_order = sorted(own | {(*name, True) for name in follow})
    for (workspace, follows), some in groupby(in_order, lambda name: (name[0], name[2])):
        keys = [name[1] for name in some]
        if follows:
            lost = {key for other, key in gone if other == workspace}
            jobs_here = [follow[workspace, key] for key in keys]
            woken |= put(connection, workspace, jobs_here, lost, follow=True)
        else:
            _lock(connection, LOCK_JOB, [(workspace, key) for key in keys])
    held = _held(connection, ended)
    if any(name not in held or held[name].traceless != row.traceless for name, row in before.items()):
        raise ConflictError("a job was changed just now, and what follows it with that")
    return held, woken


def _dead_roots(connection: Connection, leading: Sequence[Ended]) -> set[Name]:
    """What these wait for and was given up: it stays so until a person acts, or asks for it anew."""
    roots = {
        (attempt.job.workspace, job.key)
        for attempt in leading
        if attempt.behind
        for job in attempt.follow
    }
    return {(row.workspace, row.key) for row in _rows(connection, roots) if row.state == "dead"}


def _lock(connection: Connection, statement: Statement, names: Iterable[Name]) -> None:
    """Locks rows one by one in this order, because a server sorts words in its own way."""
    if connection.dialect.name != "sqlite":
        statement.run_each(connection, [this(name) for name in names])


def _rests_until(ended: Ended, row: Any, now: datetime) -> datetime | None:
    """Until when the channel queue cools down; None when it need not, or that would be a trace."""
    cool_down = timedelta(seconds=ended.cool_down)
    if ended.state == "done":
        return None if row.traceless and ended.cool_down <= 0 else now + cool_down
    return now + min(cool_down, MAX_COOL_DOWN) if ended.hold_queue else None


def _leave(
    connection: Connection,
    rests: Mapping[Name, datetime | None],
    woken: Mapping[Name, datetime],
) -> None:
    """Frees channel queues and wakes others, in the one order of all channel queues."""
    for freed, names in groupby(sorted({*rests, *woken}), lambda name: name in rests):
        if freed:
            # By a statement of its own: the next one then sees what was scheduled meanwhile, where a
            # subquery in a waiting UPDATE would still see the moment before.
            _lock(connection, LOCK_QUEUE, names)
        else:
            wake(connection, {name: woken[name] for name in names})
    free(connection, rests)


def _prune(connection: Connection, table: Table, old: ColumnElement[bool], limit: int) -> int:
    key = list(table.primary_key.columns)
    some = select(*key).where(old).limit(limit)
    return connection.execute(delete(table).where(tuple_(*key).in_(some), old)).rowcount
