"""How much time has really passed, whatever the clock says, and what is old by that.

Forgetting cannot be undone, so it never relies on the clock alone. Processes that send write down two
things, measured by a clock that nobody can set: for how long one of them was running (`uptime`), and the
date and time that this makes (`observed`). The latter follows the machine's clock, but no faster than
CATCH_UP times real time: of a clock that is wrong for an hour it believes five hours at most, and after
a month in which nothing ran it is right again within eight days.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, and_, case, func, or_, select, update

from bot.ports import ObservedTime, ToForget
from storage.jobs.job import EPOCH, scheduled_at
from storage.tables import cases, counters, jobs, proposals
from storage.upsert import put

DATABASE = ""
"""The workspace of counters that are the whole database's."""
MINUTE = timedelta(minutes=1)
CATCH_UP = 5
"""Days a day; enough for a machine that is only on in the office hours of a working week."""
QUOTA_EVERY = timedelta(hours=25)
"""An hour more than a day, because each process writes down its uptime only now and then."""
QUOTA = 10
"""Of so many of a kind one may be forgotten in a day, and always one."""


class _Kind(NamedTuple):
    """What grows old: the letter of its label, when it was stored, and whether it has a customer."""

    letter: str
    stored_at: Column[datetime]
    unforgotten: ColumnElement[bool]


KINDS = (
    _Kind("C", cases.c.failed_at, cases.c.forgotten_at.is_(None)),
    # What became a case is forgotten with its case.
    _Kind(
        "P",
        proposals.c.made_at,
        and_(proposals.c.forgotten_at.is_(None), proposals.c.case_number.is_(None)),
    ),
)


class _Record(NamedTuple):
    """What is stored, in whole minutes; from the uptime `quota_at` on, the next quota may be taken."""

    observed: datetime
    uptime: timedelta
    quota_at: timedelta


def observe(
    connection: Connection, clock: datetime, before: ObservedTime | None, elapsed: timedelta
) -> ObservedTime:
    """Writes down that time has passed since `before`; without it, only returns what is known.

    Each process goes on from what it observed itself, so several together are no faster than one.
    """
    record = _read(connection, lock=True)
    if record is None:
        record = _Record(_newest(connection, clock), timedelta(), timedelta())
        for noun, number in _minutes(record).items():
            row = {"workspace": DATABASE, "noun": noun, "number": number}
            put(connection, counters, row)
    elif before is not None:
        reach = CATCH_UP * elapsed
        record = record._replace(
            observed=min(max(clock, before.at - reach), before.at + reach),
            uptime=max(record.uptime, before.uptime + elapsed),
        )
        _write(connection, record)
    return ObservedTime(record.observed, record.uptime, clock - record.observed)


def trusted_now(connection: Connection, clock: datetime) -> datetime:
    """The clock's time, or the observed one where that is earlier."""
    record = _read(connection)
    return min(clock, record.observed if record else _newest(connection, clock))


def take_daily_quota(connection: Connection) -> bool:
    """Whether a day's quota may be forgotten; True takes it."""
    record = _read(connection, lock=True)
    if record is None or record.uptime < record.quota_at:
        return False
    _write(connection, record._replace(quota_at=record.uptime + QUOTA_EVERY))
    return True


def overdue(connection: Connection, now: datetime, age: timedelta) -> ToForget:
    """All that is stored for longer than `age`: first what may be forgotten today, of each kind."""
    today: list[tuple[str, str]] = []
    later: list[tuple[str, str]] = []
    for kind in KINDS:
        if old := _old(connection, kind, now, age):
            count = connection.execute(select(func.count()).select_from(kind.stored_at.table))
            quota = max(1, int(count.scalar_one()) // QUOTA)
            today += old[:quota]
            later += old[quota:]
    return ToForget([*today, *later], len(later))


def _old(connection: Connection, kind: _Kind, now: datetime, age: timedelta) -> list[tuple[str, str]]:
    """What is stored for longer than `age` and has a customer, the oldest first.

    Where a wrong clock dated something, its number tells more, because numbers are given in the order of
    storing: old is all up to the last one with an old date that is no earlier than those before.
    """
    stored_at, unforgotten = kind.stored_at, kind.unforgotten
    workspace, number = stored_at.table.c.workspace, stored_at.table.c.number
    some = select(number).where(unforgotten, or_(stored_at < now - age, stored_at > now)).limit(1)
    if connection.execute(some).first() is None:
        return []  # by the index, and nearly always; what follows reads all of them
    latest = func.max(case((stored_at <= now, stored_at)))
    dated = select(
        *(workspace, number, stored_at.label("stored_at")),
        latest.over(partition_by=workspace, order_by=number).label("latest"),
    ).subquery("dated")
    last = (
        select(dated.c.workspace, func.max(dated.c.number).label("number"))
        # By the day: of two at once the later one may have the lower number.
        .where(dated.c.stored_at < now - age, func.date(dated.c.stored_at) >= func.date(dated.c.latest))
        .group_by(dated.c.workspace)
        .subquery("last")
    )
    old = (
        select(workspace, number)
        .join(last, and_(last.c.workspace == workspace, number <= last.c.number))
        .where(unforgotten)
        .order_by(stored_at, workspace, number)
    )
    return [(row.workspace, f"{kind.letter}-{row.number}") for row in connection.execute(old)]


def _newest(connection: Connection, clock: datetime) -> datetime:
    """The newest time at which something is known to have been stored; in an empty database, now."""
    failed_at = select(func.max(cases.c.failed_at)).where(cases.c.failed_at <= clock)
    job = select(func.max(jobs.c.id)).where(jobs.c.id <= (clock - EPOCH) // timedelta(microseconds=1))
    case_at = connection.execute(failed_at).scalar_one()
    job_id = connection.execute(job).scalar_one()
    job_at = None if job_id is None else scheduled_at(job_id)
    return max((at for at in (case_at, job_at) if at is not None), default=clock)


def _read(connection: Connection, *, lock: bool = False) -> _Record | None:
    ours = counters.c.workspace == DATABASE
    query = select(counters.c.noun, counters.c.number).where(ours).order_by(counters.c.noun)
    rows = connection.execute(query.with_for_update() if lock else query)
    minutes = {row.noun: row.number * MINUTE for row in rows}
    if not minutes:
        return None
    return _Record(EPOCH + minutes["observed"], minutes["uptime"], minutes["quota_at"])


def _write(connection: Connection, record: _Record) -> None:
    for noun, number in _minutes(record).items():
        row = and_(counters.c.workspace == DATABASE, counters.c.noun == noun)
        connection.execute(update(counters).where(row).values(number=number))


def _minutes(record: _Record) -> dict[str, int]:
    """The counters; a minute is fine enough, and microseconds would not fit into one."""
    return {
        "observed": (record.observed - EPOCH) // MINUTE,
        "quota_at": record.quota_at // MINUTE,
        "uptime": record.uptime // MINUTE,
    }
