"""What a restored backup needs before anybody works with it: higher numbers, and doubt.

What happened after a backup was made is gone from the data, and still there on the platforms. So numbers
jump ahead of any that may have been given since; and of what was owed then nobody knows whether it was
said since, until somebody has looked (`docs/decisions/restored-backups.md`).

Two rows say that a database is a copy, one for each of these: `backup` writes them into the file it
makes, `migrate --restored` into a database that was copied in another way. Of the second something
stays: since when there was doubt.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    union,
    update,
)

from bot.domain import note
from bot.domain.job import minute
from bot.ports import Doubted, Restored
from storage.jobs.job import EPOCH, IS_DEAD, IS_WAITING, begun_anew, scheduled_at
from storage.jobs.moments import Name, wake
from storage.observed_time import MINUTE
from storage.row import Values
from storage.tables import channel_queues, channels, counters, jobs, people, sent_messages
from storage.upsert import put, put_each

COPY = "copy"
"""The workspace of these rows, and no real one's name; they hold the minute of the backup."""
NUMBERS, OWED, DOUBTED = "numbers", "owed", "doubted"
NOUNS = ("case", "item", "post", "proposal")
ROUND = 1000
"""Numbers go on from a full thousand, so that people see where the gap is."""
SHARE = 10
"""They leave out a thousand at least, and one in so many of those given before."""

IS_HELD: ColumnElement[bool] = jobs.c.state == literal_column("'held'")


def marks(made_at: datetime) -> Sequence[Values]:
    """The rows of `counters` that say: this is a copy of what was stored at that time."""
    number = (made_at - EPOCH) // MINUTE
    return [{"workspace": COPY, "noun": noun, "number": number} for noun in (NUMBERS, OWED)]


def mark(connection: Connection, made_at: datetime) -> None:
    """Stores them."""
    put_each(connection, counters, marks(made_at), "number")


def newest(connection: Connection) -> datetime:
    """A time before which no more is missing: the last at which something is known to have been owed."""
    job_id = connection.execute(select(func.max(jobs.c.id))).scalar_one()
    return datetime.now(UTC) if job_id is None else scheduled_at(job_id)


def is_copy(connection: Connection) -> bool:
    """Whether this is a copy whose numbers have not jumped yet."""
    return _made_at(connection, NUMBERS) is not None


def jump(connection: Connection) -> None:
    """Lets all numbers go on far ahead, once for each copy."""
    if _made_at(connection, NUMBERS, lock=True) is None:
        return
    connection.execute(delete(counters).where(_row(NUMBERS)))
    known = select(counters.c.workspace).where(counters.c.workspace.not_in(("", COPY)))
    workspaces = connection.scalars(
        union(known, select(channels.c.workspace), select(people.c.workspace))
    )
    for workspace in sorted(workspaces):
        for noun in NOUNS:
            here = and_(counters.c.workspace == workspace, counters.c.noun == noun)
            given = connection.execute(select(counters.c.number).where(here)).scalar_one_or_none()
            row = {"workspace": workspace, "noun": noun, "number": _ahead(given or 0)}
            put(connection, counters, row, "number")


def _ahead(given: int) -> int:
    least = given + max(ROUND, given // SHARE)
    return -(-least // ROUND) * ROUND


def restored(connection: Connection) -> Restored | None:
    """The copy that this database was last; None when it never was one."""
    owed, doubted = _made_at(connection, OWED), _made_at(connection, DOUBTED)
    return Restored(owed, False) if owed else Restored(doubted, True) if doubted else None


def doubt(connection: Connection, looked_up: Collection[str]) -> Doubted:
    """Puts in doubt whatever is owed and was not said yet, once for each copy.

    On the platforms that can be `looked_up` it is looked for before it is said; elsewhere it is held.
    """
    since = _made_at(connection, OWED, lock=True)
    if since is None:
        return Doubted(0, 0)
    connection.execute(delete(counters).where(_row(DOUBTED)))
    connection.execute(update(counters).where(_row(OWED)).values(noun=DOUBTED))
    said = exists().where(
        sent_messages.c.workspace == jobs.c.workspace, sent_messages.c.key == jobs.c.key
    )
    unsaid = and_(jobs.c.state != "done", ~said)
    # Nobody holds anything in a copy: whoever did went on with the original.
    connection.execute(
        update(channel_queues)
        .where(channel_queues.c.claimed_key.is_not(None))
        .values(claimed_by="", claimed_key=None, leased_until=None)
    )
    began_at = case((and_(jobs.c.unsure, jobs.c.began_at < since), jobs.c.began_at), else_=since)
    connection.execute(update(jobs).where(unsaid).values(unsure=True, began_at=began_at))
    connection.execute(update(jobs).where(jobs.c.state == "running").values(state="waiting"))
    sure = or_(
        false(),
        *(
            or_(jobs.c.workspace == name, jobs.c.workspace.startswith(f"{name}:", autoescape=True))
            for name in sorted(looked_up)
        ),
    )
    if note.PLATFORM not in looked_up:
        sure = and_(sure, ~jobs.c.channel_id.startswith(note.ALL, autoescape=True))
    held = update(jobs).where(IS_WAITING, ~said, ~sure).values(state="held")
    how_many = connection.execute(held).rowcount
    left = select(func.count()).select_from(jobs).where(IS_WAITING, ~said)
    return Doubted(int(connection.execute(left).scalar_one()), how_many)


def count_held(connection: Connection) -> int:
    """How many messages wait for the operator's word."""
    return int(connection.execute(select(func.count()).select_from(jobs).where(IS_HELD)).scalar_one())


def say_held(connection: Connection) -> int:
    """Lets all that is held be said; returns how many messages.

    What was given up meanwhile because it belongs under one of them is tried again.
    """
    now = minute(datetime.now(UTC))  # traceless ones may be among them
    root = jobs.alias("root")
    under_held = exists().where(
        root.c.workspace == jobs.c.workspace, root.c.key == jobs.c.thread, root.c.state == "held"
    )
    queues: set[Name] = set()
    counts: list[int] = []
    for which in (and_(IS_DEAD, under_held), IS_HELD):
        freed = update(jobs).where(which).values(**begun_anew(now))
        rows = connection.execute(freed.returning(jobs.c.workspace, jobs.c.queue_id)).all()
        queues |= {(row.workspace, row.queue_id) for row in rows}
        counts.append(len(rows))
    wake(connection, dict.fromkeys(queues, now))
    return counts[-1]


def drop_held(connection: Connection) -> int:
    """Lets all that is held be as if it were said; returns how many messages."""
    # A traceless one leaves no row once it has ended.
    traceless = connection.execute(delete(jobs).where(IS_HELD, jobs.c.traceless)).rowcount
    ended = {"state": "done", "ended_at": datetime.now(UTC), "why": "dropped after a restore"}
    return traceless + connection.execute(update(jobs).where(IS_HELD).values(**ended)).rowcount


def _row(noun: str) -> ColumnElement[bool]:
    return and_(counters.c.workspace == COPY, counters.c.noun == noun)


def _made_at(connection: Connection, noun: str, *, lock: bool = False) -> datetime | None:
    query = select(counters.c.number).where(_row(noun))
    minutes = connection.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    return None if minutes is None else EPOCH + int(minutes) * MINUTE
