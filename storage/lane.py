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
    Select,
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
from storage.job import IS_WAITING, editing, saying
from storage.tables import jobs, lanes
from storage.upsert import insert, put

Name = tuple[str, str]  # workspace and lane

LONGEST_REST = timedelta(hours=1)
"""No lane rests longer; one that would was put to rest by a clock that was wrong then."""
LONGEST_REST_TOGETHER = timedelta(minutes=1)
"""A platform cannot always say whether its wait is about one place: so the others ask again soon."""
SLEW = timedelta(seconds=5)
"""Clocks are put right by less all the time; only more is a jump."""
KEPT_FREE = timedelta(seconds=4)
"""As much of a workspace's budget is left to people when an import speaks."""

_HERE = (lanes.c.workspace == bindparam("this_workspace"), lanes.c.lane == bindparam("this_name"))
LOCK_LANE = select(lanes.c.free_at).where(*_HERE).with_for_update()
CHANGE_LANE = update(lanes).where(*_HERE)
FIRST_DUE = (
    select(func.min(jobs.c.due_at))
    .where(
        jobs.c.workspace == bindparam("this_workspace"),
        jobs.c.lane == bindparam("this_name"),
        IS_WAITING,
    )
    .scalar_subquery()
)
EDITS = editing("")
NEW = saying("")


def this(lane: Name) -> dict[str, Any]:
    """The values that name it in a statement."""
    return {"this_workspace": lane[0], "this_name": lane[1]}


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
def free_lanes(platforms: frozenset[str] | None) -> Select[Any]:
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
    whole = lanes.alias("whole")
    spent = or_(whole.c.free_at > at["now"], and_(whole.c.free_at > at["bulk_now"], ~by_hand))
    # A scalar, not NOT EXISTS: PostgreSQL would make a join of that, and read all lanes for it.
    used_up = select(literal(1)).where(
        whole.c.workspace == lanes.c.workspace,
        whole.c.lane == case((lanes.c.lane.endswith(EDITS), EDITS), else_=NEW),
        whole.c.free_at <= at["no_rest"],
        spent,
    )
    resting = and_(lanes.c.free_at > at["now"], lanes.c.free_at <= at["no_rest"])
    leased = and_(lanes.c.leased_until > at["now"], lanes.c.leased_until <= at["no_lease"])
    return (
        select(lanes, first.scalar_subquery().label("first_key"))
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


class Budgets:
    """What the workspaces of some lanes may still say, locked until the transaction ends."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._rates: dict[Name, Rate] = {}
        self._free_at: dict[Name, datetime | None] = {}

    def lock(self, chosen: Iterable[Name], limits: Mapping[str, Limits]) -> None:
        """Reads those of the lanes' workspaces that have a limit."""
        for workspace, lane in chosen:
            limit = limits.get(workspace.partition(":")[0], Limits())
            rate = limit.edits if lane.endswith(EDITS) else limit.new
            if rate is not None:
                self._rates[_whole(workspace, lane)] = rate
        for name in sorted(self._rates):
            found = self._connection.execute(LOCK_LANE, this(name)).first()
            if found is None:
                row = {"workspace": name[0], "lane": name[1], "claimed_by": ""}
                put(self._connection, lanes, row)
                found = self._connection.execute(LOCK_LANE, this(name)).one()
            self._free_at[name] = found.free_at

    def within(self, chosen: Iterable[Name]) -> list[Name]:
        """The first of the lanes, as many as may speak."""
        taken: Counter[Name] = Counter()
        admitted = []
        for lane in chosen:
            name = _whole(*lane)
            taken[name] += 1
            if name not in self._rates or taken[name] <= self._room(name):
                admitted.append(lane)
        return admitted

    def charge(self, leased: Iterable[Name]) -> None:
        """Counts what is about to be said."""
        counts = Counter(name for name in (_whole(*lane) for lane in leased) if name in self._rates)
        for name, count in counts.items():
            free_at = self._since(name) + count * self._rates[name].gap
            self._connection.execute(CHANGE_LANE, {**this(name), "free_at": free_at})

    def _room(self, name: Name) -> int:
        return max(0, (self._now - self._since(name)) // self._rates[name].gap + 1)

    def _since(self, name: Name) -> datetime:
        rate, free_at = self._rates[name], self._free_at[name]
        earliest = self._now - (rate.burst - 1) * rate.gap
        if free_at is None or free_at > self._now + LONGEST_REST + SLEW:
            return earliest
        return max(free_at, earliest)


def hold_back(connection: Connection, lane: Name, until: datetime) -> None:
    """Lets the lane's whole workspace rest; the last thing in its transaction."""
    workspace, name = _whole(*lane)
    row = {"workspace": workspace, "lane": name, "free_at": until, "claimed_by": ""}
    connection.execute(_holding_back(connection.dialect.name), row)


@cache
def _holding_back(dialect: str) -> Any:
    statement = insert(dialect, lanes)
    return statement.on_conflict_do_update(
        index_elements=["workspace", "lane"],
        set_={"free_at": statement.excluded.free_at},
        where=or_(lanes.c.free_at.is_(None), lanes.c.free_at < statement.excluded.free_at),
    )


def _whole(workspace: str, lane: str) -> Name:
    return workspace, EDITS if lane.endswith(EDITS) else NEW


def set_back(connection: Connection, now: datetime, latest: datetime) -> None:
    """Puts right what a clock that was set back from `latest` to `now` would hold up.

    What was due stays due; rests, leases and waits between tries keep their length.
    """
    back = latest - now
    held = select(lanes).where(or_(lanes.c.free_at > now, lanes.c.leased_until > now))
    for lane in connection.execute(held).all():
        earlier = {
            name: getattr(lane, name) and getattr(lane, name) - back
            for name in ("free_at", "leased_until")
        }
        connection.execute(CHANGE_LANE, {**this((lane.workspace, lane.lane)), **earlier})
    was_due = and_(lanes.c.due_at > now, lanes.c.due_at <= latest)
    connection.execute(update(lanes).where(was_due).values(due_at=now))
    was_due_or_tried = or_(jobs.c.due_at <= latest, jobs.c.attempts > 0)
    put_off = select(jobs).where(IS_WAITING, jobs.c.due_at > now, was_due_or_tried)
    for job in connection.execute(put_off).all():
        own = and_(jobs.c.workspace == job.workspace, jobs.c.key == job.key)
        due_at = max(now, job.due_at - back)
        due_at = minute(due_at) if job.traceless else due_at
        connection.execute(update(jobs).where(own).values(due_at=due_at))
        its_lane = this((job.workspace, job.lane))
        connection.execute(CHANGE_LANE.values(due_at=FIRST_DUE), its_lane)
