"""Which lanes may speak now: due, rested, nobody's, and in a workspace that may still say something.

Each workspace has two lanes of its own, "" for new messages and "/edits", where nothing ever waits
(`due_at` stays empty). Their `free_at` is when one more message may be said in the whole workspace; what
may be said at once lies between it and now (GCRA, a leaky bucket that is one moment in time). They are
locked last of all, in the order of their names, so that whoever waits for one holds up no ring.
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

from bot.domain.job import LEASE_SECONDS, minute
from bot.ports import Limits, Rate
from storage.column import UTCDateTime
from storage.job import IS_WAITING, Name, editing, saying
from storage.statement import Statement
from storage.tables import jobs, lanes
from storage.upsert import insert, put

LONGEST_REST = timedelta(hours=1)
"""No lane rests longer; one that would was put to rest by a clock that was wrong then."""
LONGEST_REST_TOGETHER = timedelta(minutes=1)
"""A platform cannot always say whether its wait is about one place: so the others ask again soon."""
SLEW = timedelta(seconds=5)
"""Clocks are put right by less all the time; only more is a jump."""
KEPT_FREE = timedelta(seconds=4)
"""As much of a workspace's budget is left to people when an import speaks."""

_HERE = (lanes.c.workspace == bindparam("this_workspace"), lanes.c.lane == bindparam("this_name"))
LOCK_LANE = Statement(select(lanes.c.free_at).where(*_HERE).with_for_update())
CHANGE_LANE = Statement(update(lanes).where(*_HERE))
_FIRST_DUE = select(func.min(jobs.c.due_at)).where(
    jobs.c.workspace == bindparam("this_workspace"), jobs.c.lane == bindparam("this_name"), IS_WAITING
)
_RESTS = func.coalesce(bindparam("rests_until", type_=UTCDateTime), lanes.c.free_at)
FREE_LANE = Statement(
    update(lanes)
    .where(*_HERE)
    .values(
        leased_until=None,
        claimed_by="",
        claimed_key=None,
        due_at=_FIRST_DUE.scalar_subquery(),
        free_at=_RESTS,
    )
)
EDITS = editing("")
NEW = saying("")


def this(name: Name) -> dict[str, Any]:
    """The values that name a lane, or a job, in a statement."""
    return {"this_workspace": name[0], "this_name": name[1]}


def moments(now: datetime) -> dict[str, datetime]:
    """What FREE_LANES compares with; leases and rests that lie too far ahead are no real ones."""
    return {
        "now": now,
        "no_lease": now + timedelta(seconds=LEASE_SECONDS) + SLEW,
        "no_rest": now + LONGEST_REST + SLEW,
        "bulk_now": now - KEPT_FREE,
    }


def on(platforms: Collection[str] | None) -> tuple[Any, ...]:
    """The condition that a lane is on one of these platforms; None: on any."""
    if platforms is None:
        return ()
    names = lanes.c.workspace
    ways = (or_(names == one, names.startswith(f"{one}:", autoescape=True)) for one in platforms)
    return (or_(false(), *ways),)


@cache
def free_lanes(platforms: frozenset[str] | None) -> Statement:
    """Lanes that may speak, with the key of the job that is first in each; locked, if not already."""
    names = ("by", "now", "no_lease", "no_rest", "bulk_now")
    at = {name: bindparam(name, type_=UTCDateTime) for name in names}
    waiting = (
        jobs.c.workspace == lanes.c.workspace,
        jobs.c.lane == lanes.c.lane,
        IS_WAITING,
        jobs.c.due_at <= at["by"],
    )
    first = select(jobs.c.key).where(*waiting).order_by(jobs.c.bulk, jobs.c.id).limit(1).correlate(lanes)
    by_hand = select(jobs.c.key).where(*waiting, jobs.c.bulk.is_(False)).correlate(lanes).exists()
    budget = lanes.alias("budget")
    spent = or_(budget.c.free_at > at["now"], and_(budget.c.free_at > at["bulk_now"], ~by_hand))
    # A scalar, not NOT EXISTS: PostgreSQL would make a join of that, and read all lanes for it.
    used_up = select(literal(1)).where(
        budget.c.workspace == lanes.c.workspace,
        budget.c.lane == case((lanes.c.lane.endswith(EDITS), EDITS), else_=NEW),
        budget.c.free_at <= at["no_rest"],
        spent,
    )
    resting = and_(lanes.c.free_at > at["now"], lanes.c.free_at <= at["no_rest"])
    leased = and_(lanes.c.leased_until > at["now"], lanes.c.leased_until <= at["no_lease"])
    held = (lanes.c.workspace, lanes.c.lane, lanes.c.due_at, lanes.c.claimed_key)
    return Statement(
        select(*held, first.scalar_subquery().label("first_key"))
        .where(
            lanes.c.due_at <= at["by"],
            or_(lanes.c.free_at.is_(None), ~resting),
            or_(lanes.c.leased_until.is_(None), ~leased),
            *on(platforms),
            used_up.correlate(lanes).scalar_subquery().is_(None),
        )
        .order_by(lanes.c.due_at)
        .limit(bindparam("most"))
        .with_for_update(of=lanes, skip_locked=True)
    )


def free(connection: Connection, rests: Mapping[Name, datetime | None]) -> None:
    """Frees lanes that are locked; they rest until their moment, if they have one."""
    FREE_LANE.run_each(connection, [{**this(lane), "rests_until": rests[lane]} for lane in rests])


class Budgets:
    """What the workspaces of some lanes may still say, locked until the transaction ends."""

    def __init__(
        self, connection: Connection, now: datetime, due: Iterable[Name], limits: Mapping[str, Limits]
    ) -> None:
        self._connection = connection
        self._now = now
        self._rates: dict[Name, Rate] = {}
        for lane in due:
            limit = limits.get(lane[0].partition(":")[0], Limits())
            rate = limit.edits if lane[1].endswith(EDITS) else limit.new
            if rate is not None:
                self._rates[whole(lane)] = rate
        self._since = {name: self._lock(name) for name in sorted(self._rates)}

    def within(self, due: Iterable[Name]) -> list[Name]:
        """The first of the lanes, as many as may speak."""
        taken: Counter[Name] = Counter()
        admitted = []
        for lane in due:
            name = whole(lane)
            taken[name] += 1
            rate = self._rates.get(name)
            if rate is None or taken[name] <= (self._now - self._since[name]) // rate.gap + 1:
                admitted.append(lane)
        return admitted

    def charge(self, leased: Iterable[Name]) -> None:
        """Counts what is about to be said."""
        counts = Counter(name for name in map(whole, leased) if name in self._rates)
        rests = {name: self._since[name] + counts[name] * self._rates[name].gap for name in counts}
        CHANGE_LANE.run_each(
            self._connection, [{**this(name), "free_at": rests[name]} for name in sorted(rests)]
        )

    def _lock(self, name: Name) -> datetime:
        """Since when the workspace could have said something more."""
        found = LOCK_LANE.first(self._connection, this(name))
        if found is None:
            row = {"workspace": name[0], "lane": name[1], "claimed_by": ""}
            put(self._connection, lanes, row)
            found = LOCK_LANE.first(self._connection, this(name))
        rate, free_at = self._rates[name], found.free_at if found else None
        earliest = self._now - (rate.burst - 1) * rate.gap
        if free_at is None or free_at > self._now + LONGEST_REST + SLEW:
            return earliest
        since: datetime = max(free_at, earliest)
        return since


def hold_back(connection: Connection, until: Mapping[Name, datetime]) -> None:
    """Lets whole workspaces rest; the last thing in its transaction."""
    rows = [
        {"workspace": name[0], "lane": name[1], "free_at": until[name], "claimed_by": ""}
        for name in sorted(until)
    ]
    _holding_back(connection.dialect.name).run_each(connection, rows)


@cache
def _holding_back(dialect: str) -> Statement:
    statement = insert(dialect, lanes)
    return Statement(
        statement.on_conflict_do_update(
            index_elements=["workspace", "lane"],
            set_={"free_at": statement.excluded.free_at},
            where=or_(lanes.c.free_at.is_(None), lanes.c.free_at < statement.excluded.free_at),
        )
    )


def whole(lane: Name) -> Name:
    """Its workspace's own lane of the same kind."""
    return lane[0], EDITS if lane[1].endswith(EDITS) else NEW


def set_back(connection: Connection, now: datetime, latest: datetime) -> None:
    """Lets what a clock would hold up that was set back from `latest` to `now` go on at once.

    Leases hold as long as new ones do. Whoever speaks keeps the pace by a clock that nobody can set, and
    a platform that asked for time asks again.
    """
    due_at = minute(now)  # traceless ones may be among them
    put_off = or_(jobs.c.due_at <= latest, jobs.c.attempts > 0)
    ahead = and_(IS_WAITING, jobs.c.due_at > now, put_off)
    connection.execute(update(jobs).where(ahead).values(due_at=due_at))
    # A lane that is looked at too early learns when it is due.
    connection.execute(update(lanes).where(lanes.c.due_at > now).values(due_at=due_at))
    connection.execute(update(lanes).where(lanes.c.free_at > now).values(free_at=None))
    until = now + timedelta(seconds=LEASE_SECONDS)
    connection.execute(update(lanes).where(lanes.c.leased_until > until).values(leased_until=until))
