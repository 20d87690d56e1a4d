"""A database full of open action items, of which a thousand are due, made by SQL itself in seconds."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    case,
    cast,
    delete,
    insert,
    literal,
    select,
    text,
    update,
)

from bot.domain.action_item import ActionItem, Moved
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.domain.retro import Retro
from bot.domain.team import Team
from storage.column import UTCDateTime
from storage.database import Database
from storage.row import Values, values
from storage.tables import (
    action_items,
    channel_queues,
    channels,
    jobs,
    people,
    reminders,
    retros,
    teams,
)
from tests.benchmarks.filled import PERSONS, PLACES, WORKSPACE

DUE = 1_000
"""Items that their owner has to be told of, whatever else is stored."""
ITEMS_PER_RETRO = 10
AT = datetime(2026, 3, 4, 10, tzinfo=UTC)
"""A Wednesday, eleven o'clock for everybody."""
SINCE = datetime(2026, 3, 4, 8, tzinfo=UTC)
"""When the day of those who have something due today began."""
LATER = timedelta(days=30)
MORNINGS = 365
ZONE = "Europe/Stockholm"
TODAY = -1
"""The number of today's morning."""

mornings = Table(
    "mornings",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("due", Date),
    Column("look_at", UTCDateTime),
    prefixes=["TEMPORARY"],
)


def fill(database: Database, items: int) -> None:
    """Fills a new database: all is open, and so many items and a tenth of retros are there.

    Those that are due are spread evenly, and are of the same channels and people however much there is.
    """
    with database.transaction(writes=True) as connection:
        _lift_limits(database, connection)
        connection.execute(insert(people), list(_people()))
        connection.execute(insert(channels), list(_channels()))
        connection.execute(insert(teams), list(_teams()))
        mornings.create(connection)
        connection.execute(insert(mornings), list(_mornings()))
        _multiply(connection, retros, _retro(), items // ITEMS_PER_RETRO, 0)
        _multiply(connection, action_items, _item(), items, items // DUE)
        mornings.drop(connection)
        connection.commit()
    with database.transaction(writes=True) as connection:
        _lift_limits(database, connection)
        connection.execute(text("ANALYZE"))
        connection.commit()


def _lift_limits(database: Database, connection: Connection) -> None:
    """A million rows take longer than anybody may wait who uses the program."""
    if database._server is not None:
        database._server.lift_limits(connection)


def make_due(database: Database, items: int) -> None:
    """Makes the thousand due once more, as if nobody had been told."""
    with database.transaction(writes=True) as connection:
        for table in (reminders, jobs, channel_queues):
            connection.execute(delete(table))
        numbers = [{"this": number} for number in range(items // DUE, items + 1, items // DUE)]
        ours = (action_items.c.workspace == WORKSPACE, action_items.c.number == bindparam("this"))
        connection.execute(update(action_items).where(*ours).values(next_check_at=SINCE), numbers)
        connection.commit()


def _person(number: int) -> str:
    return f"U{number}"


def _channel(number: int) -> str:
    return f"C{number}"


def _people() -> Iterator[Values]:
    for number in range(PERSONS):
        yield values(WORKSPACE, Person(id=_person(number), name=f"Person {number}", zone=ZONE))


def _channels() -> Iterator[Values]:
    for number in range(PLACES):
        channel = Channel(id=_channel(number), name=f"team-{number}")
        yield values(WORKSPACE, channel, name_folded=channel.name)


def _teams() -> Iterator[Values]:
    for number in range(PLACES):
        team = Team(channel_id=_channel(number), name=f"team-{number}", lead=_person(number), zone=ZONE)
        yield values(WORKSPACE, team, next_check_at=AT + LATER)


def _mornings() -> Iterator[Values]:
    yield {"number": TODAY, "due": SINCE.date(), "look_at": SINCE}
    for number in range(MORNINGS):
        # A working day before it is due, which the clock looks at first of all.
        next_check_at = SINCE + LATER + timedelta(days=number)
        yield {
            "number": number,
            "due": next_check_at.date() + timedelta(days=2),
            "look_at": next_check_at,
        }


def _retro() -> Values:
    close_on = date(2026, 3, 6)
    return values(
        WORKSPACE, Retro(case_number=1, channel_id="", opened_at=SINCE, answers_close_on=close_on)
    )


def _item() -> Values:
    steps = (
        Moved(step="add", by=_person(1), at=AT - timedelta(days=9)),
        Moved(step="take", by=_person(2), at=AT - timedelta(days=8)),
    )
    like = ActionItem(
        number=1,
        case_number=1,
        channel_id="",
        what="Somebody calls before the courier gives up, as was agreed once more.",
        asked_by=_person(1),
        gap="training",
        state="agreed",
        history=steps,
    )
    return values(WORKSPACE, like, active=True)


def _multiply(connection: Connection, table: Table, like: Values, count: int, every: int) -> None:
    """Rows like one, each with its number, channel, owner and morning; every so-manieth has today's."""
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < count))
    n = numbers.c.n
    usual = n % MORNINGS
    morning = case((n % every == 0, TODAY), else_=usual) if every else usual
    retro = 1 + n % max(1, count // ITEMS_PER_RETRO)
    varied: dict[str, ColumnElement[Any]] = {
        "number": n,
        "case_number": retro if "number" in like else n,
        "channel_id": _named("C", n % PLACES),
        "owner": _named("U", n % PERSONS),
        "due": mornings.c.due,
        "look_at": mornings.c.next_check_at,
    }
    chosen: dict[str, ColumnElement[Any]] = {
        column.name: varied[column.name]
        if column.name in varied
        else literal(like.get(column.name), column.type)
        for column in table.columns
    }
    rows = select(*chosen.values()).join_from(numbers, mornings, mornings.c.number == morning)
    # Made at once from sorted rows: filled row by row, in no order, they took two to four times as long.
    for index in table.indexes:
        index.drop(connection)
    connection.execute(insert(table).from_select(list(chosen), rows))
    for index in table.indexes:
        index.create(connection)


def _named(letter: str, number: ColumnElement[int]) -> ColumnElement[str]:
    return literal(letter, String).concat(cast(number, String))
