"""Which channel queues may send now: due, not cooling down, not leased, and within the rate limit.

Each workspace has two channel queues of its own, "" for new messages and "/edits", where nothing ever
waits (`due_at` stays empty). Their `next_allowed_at` is when one more message may be said in the whole
workspace; how far that lies before now is how much may be said at once (GCRA, a leaky bucket stored as
one moment). So has each connection to a helpdesk one ("note/" and its id), for all of its tickets. They
are locked last of all, in the order of their names, so that nobody can deadlock.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    or_,
    select,
    update,
)

from bot.domain import note
from bot.domain.job import LEASE_SECONDS, minute
from bot.ports import Limits, Rate
from storage.column import UTCDateTime
from storage.jobs.job import IS_WAITING, edit_queue, post_queue
from storage.jobs.moments import Name
from storage.statement import Statement
from storage.tables import channel_queues, jobs
from storage.upsert import put

MAX_COOL_DOWN = timedelta(hours=1)
"""No channel queue rests longer; one that would was put to rest by a clock that was wrong then."""
MAX_SHARED_COOL_DOWN = timedelta(minutes=1)
"""A platform cannot always say whether its wait is about one place: so the others ask again soon."""
SLEW = timedelta(seconds=5)
"""Clocks are put right by less all the time; only more is a jump."""
KEPT_FREE = timedelta(seconds=4)
"""As much of a workspace's budget is left to people when an import speaks."""

_HERE = (
    channel_queues.c.workspace == bindparam("this_workspace"),
    channel_queues.c.queue_id == bindparam("this_name"),
)
LOCK_QUEUE = Statement(select(channel_queues.c.next_allowed_at).where(*_HERE).with_for_update())
CHANGE_QUEUE = Statement(update(channel_queues).where(*_HERE))
_FIRST_DUE = select(func.min(jobs.c.due_at)).where(
    jobs.c.workspace == bindparam("this_workspace"),
    jobs.c.queue_id == bindparam("this_name"),
    IS_WAITING,
)
_RESTS = func.coalesce(bindparam("rests_until", type_=UTCDateTime), channel_queues.c.next_allowed_at)
FREE_QUEUE = Statement(
    update(channel_queues)
    .where(*_HERE)
    .values(
        leased_until=None,
        claimed_by="",
        claimed_key=None,
        due_at=_FIRST_DUE.scalar_subquery(),
        next_allowed_at=_RESTS,
    )
)
_IS_NOTE = channel_queues.c.queue_id.startswith(note.ALL, autoescape=True)
EDITS = edit_queue("")
NEW = post_queue("")


def this(name: Name) -> dict[str, Any]:
    """The values that name a channel queue, or a job, in a statement."""
    return {"this_workspace": name[0], "this_name": name[1]}


def moments(now: datetime) -> dict[str, datetime]:
    """The moments that `free_queues` compares with; leases and cool-downs too far ahead do not count."""
    return {
        "now": now,
        "no_lease": now + timedelta(seconds=LEASE_SECONDS) + SLEW,
        "no_rest": now + MAX_COOL_DOWN + SLEW,
        "bulk_now": now - KEPT_FREE,
    }


def on(platforms: Collection[str] | None) -> tuple[Any, ...]:
    """The conditions for a channel queue to be on one of these platforms; None: on any.

    Notes are left for the workspaces of the others among them.
    """
    if platforms is None:
        return ()
    names = channel_queues.c.workspace
    ways = (
        or_(names == platform, names.startswith(f"{platform}:", autoescape=True))
        for platform in platforms
    )
    here = or_(false(), *ways)
    return (here,) if note.PLATFORM in platforms else (here, ~_IS_NOTE)


@cache
def free_queues(platforms: frozenset[str] | None) -> Statement:
    """Channel queues that may send, with the key of the first job of each; skips what is locked."""
    names = ("by", "now", "no_lease", "no_rest", "bulk_now")
    at = {name: bindparam(name, type_=UTCDateTime) for name in names}
    waiting = (
        jobs.c.workspace == channel_queues.c.workspace,
        jobs.c.queue_id == channel_queues.c.queue_id,
        IS_WAITING,
        jobs.c.due_at <= at["by"],
    )
    first = (
        select(jobs.c.key)
        .where(*waiting)
        .order_by(jobs.c.bulk, jobs.c.id)
        .limit(1)
        .correlate(channel_queues)
    )
    by_hand = (
        select(jobs.c.key).where(*waiting, jobs.c.bulk.is_(False)).correlate(channel_queues).exists()
    )
    budget = channel_queues.alias("budget")
    spent = or_(
        budget.c.next_allowed_at > at["now"], and_(budget.c.next_allowed_at > at["bulk_now"], ~by_hand)
    )
    # A scalar, not NOT EXISTS: PostgreSQL would make a join of that, and read all channel queues for it.
    used_up = select(literal(1)).where(
        budget.c.workspace == channel_queues.c.workspace,
        budget.c.queue_id
        == case(
            (_IS_NOTE, func.substr(channel_queues.c.queue_id, 1, note.ACCOUNT_LENGTH)),
            (channel_queues.c.queue_id.endswith(EDITS), EDITS),
            else_=NEW,
        ),
        budget.c.next_allowed_at <= at["no_rest"],
        spent,
    )
    resting = and_(
        channel_queues.c.next_allowed_at > at["now"], channel_queues.c.next_allowed_at <= at["no_rest"]
    )
    leased = and_(
        channel_queues.c.leased_until > at["now"], channel_queues.c.leased_until <= at["no_lease"]
    )
    held = (
        channel_queues.c.workspace,
        channel_queues.c.queue_id,
        channel_queues.c.due_at,
        channel_queues.c.claimed_key,
    )
    return Statement(
        select(*held, first.scalar_subquery().label("first_key"))
        .where(
            channel_queues.c.due_at <= at["by"],
            or_(channel_queues.c.next_allowed_at.is_(None), ~resting),
            or_(channel_queues.c.leased_until.is_(None), ~leased),
            *on(platforms),
            used_up.correlate(channel_queues).scalar_subquery().is_(None),
        )
        .order_by(channel_queues.c.due_at)
        .limit(bindparam("limit"))
        .with_for_update(of=channel_queues, skip_locked=True)
    )


def free(connection: Connection, rests: Mapping[Name, datetime | None]) -> None:
    """Ends the leases of channel queues; they cool down until their moment, if they have one."""
    FREE_QUEUE.run_each(connection, [{**this(name), "rests_until": rests[name]} for name in rests])


class RateLimiter:
    """The rate limits of some channel queues' workspaces, locked until the transaction ends."""

    def __init__(
        self, connection: Connection, now: datetime, due: Iterable[Name], limits: Mapping[str, Limits]
    ) -> None:
        self._connection = connection
        self._now = now
        self._rates: dict[Name, Rate] = {}
        for queue in due:
            limit = limits.get(note.platform_of(*queue), Limits())
            rate = limit.edits if queue[1].endswith(EDITS) else limit.new
            if rate is not None:
                self._rates[whole(queue)] = rate
        self._since = {name: self._lock(name) for name in sorted(self._rates)}

    def within(self, due: Iterable[Name]) -> list[Name]:
        """The first of the channel queues, as many as the limits allow."""
        taken: Counter[Name] = Counter()
        admitted = []
        for queue in due:
            name = whole(queue)
            taken[name] += 1
            rate = self._rates.get(name)
            if rate is None or taken[name] <= (self._now - self._since[name]) // rate.gap + 1:
                admitted.append(queue)
        return admitted

    def charge(self, leased: Iterable[Name]) -> None:
        """Counts what is about to be said."""
        counts = Counter(name for name in map(whole, leased) if name in self._rates)
        rests = {name: self._since[name] + counts[name] * self._rates[name].gap for name in counts}
        CHANGE_QUEUE.run_each(
            self._connection, [{**this(name), "next_allowed_at": rests[name]} for name in sorted(rests)]
        )

    def _lock(self, name: Name) -> datetime:
        """Locks a workspace's limit; returns since when it could have sent another message."""
        row = LOCK_QUEUE.first(self._connection, this(name))
        if row is None:
            new = {"workspace": name[0], "queue_id": name[1], "claimed_by": ""}
            put(self._connection, channel_queues, new)
            row = LOCK_QUEUE.first(self._connection, this(name))
        rate, next_allowed_at = self._rates[name], row.next_allowed_at if row else None
        earliest = self._now - (rate.burst - 1) * rate.gap
        if next_allowed_at is None or next_allowed_at > self._now + MAX_COOL_DOWN + SLEW:
            return earliest
        since: datetime = max(next_allowed_at, earliest)
        return since


def whole(name: Name) -> Name:
    """The workspace's own channel queue of the same kind, or the connection's, which holds its limit."""
    workspace, queue_id = name
    if note.is_channel(queue_id):
        return workspace, queue_id[: note.ACCOUNT_LENGTH]
    return workspace, EDITS if queue_id.endswith(EDITS) else NEW


def set_back(connection: Connection, now: datetime, latest: datetime) -> None:
    """After a clock was set back from `latest` to `now`: nothing waits for the time in between.

    Leases end no later than new ones do. The worker keeps its pace by a clock that nobody can set, and a
    platform that asked for time asks again.
    """
    due_at = minute(now)  # traceless ones may be among them
    postponed = or_(jobs.c.due_at <= latest, jobs.c.attempts > 0)
    ahead = and_(IS_WAITING, jobs.c.due_at > now, postponed)
    connection.execute(update(jobs).where(ahead).values(due_at=due_at))
    # A channel queue that is looked at too early learns when it is due.
    connection.execute(update(channel_queues).where(channel_queues.c.due_at > now).values(due_at=due_at))
    connection.execute(
        update(channel_queues).where(channel_queues.c.next_allowed_at > now).values(next_allowed_at=None)
    )
    until = now + timedelta(seconds=LEASE_SECONDS)
    connection.execute(
        update(channel_queues).where(channel_queues.c.leased_until > until).values(leased_until=until)
    )
