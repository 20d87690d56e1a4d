"""Jobs: scheduled in the transaction of the change that causes them, in a channel's queue.

Everybody locks jobs first, in the order of their keys, and channel queues after them, in the order of
their names, and a workspace's own channel queues last (`storage/jobs/channel_queue.py`). The one who
takes channel queues first (`storage/jobs/queue.py`, claim) waits for nothing but those. So no two
transactions deadlock on PostgreSQL.
"""

import secrets
import time
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    false,
    literal_column,
    or_,
    select,
    update,
)

from bot.domain import note
from bot.domain.job import Job, minute
from bot.domain.person import is_former
from storage.jobs.moments import Name, wake
from storage.repositories.sent_messages import SentMessages
from storage.row import Values
from storage.statement import Among, Statement
from storage.tables import jobs
from storage.upsert import insert

# Literals, not bound values: only so do queries meet the indexes over these states.
IS_WAITING: ColumnElement[bool] = jobs.c.state == literal_column("'waiting'")
IS_DEAD: ColumnElement[bool] = jobs.c.state == literal_column("'dead'")
OWED = Among(
    select(jobs.c.key).where(
        jobs.c.workspace == bindparam("workspace"),
        jobs.c.state.in_((literal_column("'waiting'"), literal_column("'running'"))),
    ),
    jobs.c.key,
)


class _Order:
    """Numbers that only grow: the microsecond, or the next one when several things share it.

    So a channel queue keeps the order of scheduling without a counter that every transaction waits for.
    Processes that schedule in the same microsecond for the same channel have no order to keep.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()

    def __call__(self) -> int:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            return self._last


_next = _Order()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000
"""Microseconds, which ids count."""
OPENS = 30_000_000
"""How long, in microseconds, a message that begins a thread lets what people do in others pass: opening
ten retros must not keep an answer waiting. What is bulk lets them pass anyway."""
FOLLOWS = 60_000_000
"""The same for what follows a message, as its prompts follow a retro."""
MAX_TOGETHER = 8
"""Jobs stored in one statement, which is compiled for each number of them."""


def next_id(*, traceless: bool) -> int:
    """The next id; a traceless job's is a random one of this minute, so that it tells no finer moment.

    So it may pass what was scheduled in the same minute, or be passed by it, and nothing else.
    """
    if not traceless:
        return _next()
    return time.time_ns() // 1000 // MINUTE * MINUTE + secrets.randbelow(MINUTE)


def scheduled_at(id: int) -> datetime:
    """The moment in which a job with this id was scheduled, or up to FOLLOWS before it."""
    return EPOCH + timedelta(microseconds=id - FOLLOWS)


def numbered(job: Job) -> Job:
    """The job with its id, which gives the order; a traceless one's moment is rounded to the minute."""
    due_at = minute(job.due_at) if job.traceless else job.due_at
    return job.model_copy(update={"id": next_id(traceless=job.traceless), "due_at": due_at})


def post_queue(channel_id: str) -> str:
    """The channel queue of new messages in a channel."""
    return channel_id


def begun_anew(due_at: datetime) -> Values:
    """What changes of a job that was set aside when it is owed again."""
    return {"state": "waiting", "attempts": 0, "due_at": due_at, "ended_at": None, "why": ""}


def edit_queue(channel_id: str) -> str:
    """The channel queue of edits in a channel, which has a rate limit of its own."""
    return f"{channel_id}/edits"


class Jobs:
    """repositories.Jobs over one transaction; `flush` writes what was scheduled, before the commit."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace
        self._scheduled: list[Job] = []
        self._woken: dict[Name, datetime] = {}

    def schedule(self, job: Job) -> None:
        self._scheduled.append(numbered(job))

    def owed(self, keys: Collection[str]) -> Set[str]:
        rows = OWED.all(self._connection, {"workspace": self._workspace}, keys)
        return {row.key for row in rows}

    def retry_dead(self, channel_id: str) -> int:
        now = minute(datetime.now(UTC))  # traceless ones may be among them
        statement = (
            update(jobs)
            .where(jobs.c.workspace == self._workspace, _within(channel_id), IS_DEAD)
            .values(**begun_anew(now))
            .returning(jobs.c.queue_id)
        )
        retried = list(self._connection.scalars(statement))
        self._woken |= {(self._workspace, queue_id): now for queue_id in retried}
        return len(retried)

    @property
    def owes(self) -> bool:
        """Whether something was scheduled that `flush` has to write."""
        return bool(self._scheduled or self._woken)

    def flush(self) -> None:
        """Writes the scheduled jobs, and wakes their channel queues."""
        woken = put(self._connection, self._workspace, self._scheduled)
        for name, due_at in self._woken.items():
            woken[name] = min(due_at, woken.get(name, due_at))
        wake(self._connection, woken)
        self._scheduled, self._woken = [], {}


def _within(channel_id: str) -> ColumnElement[bool]:
    """The condition for a job to be said in a channel, or on a ticket of an account."""
    below = jobs.c.channel_id.startswith(f"{channel_id}/", autoescape=True)
    return or_(jobs.c.channel_id == channel_id, below)


def put(
    connection: Connection,
    workspace: str,
    scheduled: Iterable[Job],
    gone: Collection[str] = (),
    *,
    follow: bool = False,
) -> dict[Name, datetime]:
    """Stores jobs, or updates those that are there; returns the queues with work, and since when.

    `gone`: keys of messages that are being forgotten, so that these are posted again. `follow`: they
    follow a message that is being put away.
    """
    woken: dict[Name, datetime] = {}
    ordered = sorted(scheduled, key=lambda job: job.key)
    # Said, but its job was pruned since: then saying it again is editing it, or nothing at all.
    keys = {key for job in ordered for key in (job.key, job.thread) if key}
    sent = SentMessages(connection, workspace).among(keys - set(gone))
    # Nobody reads what would be said to a colleague who was forgotten.
    ordered = [job for job in ordered if not (job.direct and is_former(job.channel_id))]
    owed = [job for job in ordered if not (job.once and job.key in sent)]
    for some in _without_doubles(owed):
        bound: Values = {"workspace": workspace}
        for number, job in enumerate(some):
            bound |= {name: getattr(job, column) for name, column in _named(number)}
            queue_id = edit_queue(job.channel_id) if job.key in sent else post_queue(job.channel_id)
            bound[f"job_{number}_id"] = job.id + _lets_pass(job, sent, follow=follow)
            bound[f"job_{number}_queue_id"] = queue_id
        for row in _scheduling(connection.dialect.name, len(some)).all(connection, bound):
            if row.state == "waiting":
                name = (workspace, row.queue_id)
                woken[name] = min(row.due_at, woken.get(name, row.due_at))
    return woken


def _lets_pass(job: Job, sent: Container[str], *, follow: bool) -> int:
    """How long it lets what people do elsewhere pass, in microseconds; `sent` has what was said."""
    # What a ticket is told stays in the order in which it was owed: nobody waits behind it.
    if job.traceless or note.is_channel(job.channel_id):
        return 0
    # What it belongs under lets others pass as well, and comes before it all the same.
    if follow or (job.thread and job.thread not in sent):
        return FOLLOWS
    return 0 if job.key in sent or job.thread or job.direct or job.bulk else OPENS


def _without_doubles(owed: Iterable[Job]) -> Iterator[Sequence[Job]]:
    """The jobs, sorted by key, in groups without a key twice: PostgreSQL takes no such statement."""
    left = list(owed)
    while left:
        some = list({job.key: job for job in reversed(left)}.values())[::-1][:MAX_TOGETHER]
        yield some
        left = [job for job in left if not any(job is taken for taken in some)]


BEGUN: Mapping[str, ColumnElement[Any]] = {
    "state": literal_column("'waiting'"),
    "attempts": literal_column("0"),
    "again": false(),
    "claimed_by": literal_column("''"),
    "why": literal_column("''"),
}
"""What every job is when it is scheduled; no values, because those are bound anew for each row."""
OWN = tuple(
    name for name in Job.model_fields if name in jobs.c and name not in BEGUN and name != "workspace"
)
"""The columns in which jobs differ when they are scheduled, beside their channel queue."""


@cache
def _named(number: int) -> Sequence[tuple[str, str]]:
    """The bind parameter and the column of each value of the job of this number in a statement."""
    return [(f"job_{number}_{column}", column) for column in OWN]


@cache
def _scheduling(dialect: str, how_many: int) -> Statement:
    """Stores jobs, unless they are there; else what scheduling them once more changes."""
    here: dict[str, ColumnElement[Any]] = {"workspace": bindparam("workspace"), **BEGUN}
    statement = insert(dialect, jobs).values(
        [
            here
            | {column: bindparam(name, type_=jobs.c[column].type) for name, column in _named(number)}
            | {"queue_id": bindparam(f"job_{number}_queue_id")}
            for number in range(how_many)
        ]
    )
    new = statement.excluded
    # Literals again: for a list of bound values the statement is put together anew on every run.
    ended = jobs.c.state.in_((literal_column("'done'"), literal_column("'dead'")))
    # An attempt that began may have said the older words: once its end is known, say it again.
    behind = and_(~ended, jobs.c.unsure)
    replaced = or_(ended, behind)
    earlier = or_(ended, new.due_at < jobs.c.due_at)
    wording = ("name", "about", "thread", "detail", "once")
    stored = statement.on_conflict_do_update(
        index_elements=list(jobs.primary_key.columns),
        set_={name: case((replaced, new[name]), else_=jobs.c[name]) for name in wording}
        | {
            # A traceless one has nobody who asked, and keeps nobody who did before.
            "asked_by": case((or_(replaced, new.traceless), new.asked_by), else_=jobs.c.asked_by),
            "id": case((ended, new.id), else_=jobs.c.id),
            "queue_id": case((ended, new.queue_id), else_=jobs.c.queue_id),
            "state": case((ended, new.state), else_=jobs.c.state),
            "attempts": case((ended, new.attempts), else_=jobs.c.attempts),
            "bulk": case((ended, new.bulk), else_=and_(jobs.c.bulk, new.bulk)),
            "due_at": case((earlier, new.due_at), else_=jobs.c.due_at),
            "again": or_(jobs.c.again, behind),
            "traceless": or_(jobs.c.traceless, new.traceless),
            "ended_at": None,
        },
        # What is said once is never said again, unless that is asked for; it can be wanted earlier.
        where=or_(jobs.c.once.is_(False), jobs.c.state == "waiting", new.once.is_(False)),
    )
    return Statement(stored.returning(jobs.c.queue_id, jobs.c.state, jobs.c.due_at))
