"""An SQLite file with many retros and items, by bulk inserts into the house's own tables.

The tables are made by the program whose file it is: of an older one, by that one's own command line.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from pathlib import Path

from sqlalchemy import Connection, Table, column, create_engine, insert, inspect
from sqlalchemy import table as lightweight

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.channel import Channel
from bot.domain.job import MessageRef
from bot.domain.person import Person
from bot.domain.retro import Retro
from bot.domain.team import Team
from bot.prompts import PROMPTS
from storage.column import AS_JSON
from storage.row import Values, values
from storage.tables import action_items, cases, channels, counters, people, retros, sent_messages, teams
from tests.benchmarks.process import OURS, Program, environment, run
from tests.benchmarks.quick_slack import TEAM

WORKSPACE = f"slack:{TEAM}"
MAX_AT_ONCE = 10_000
FAILED_AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
CLOSE_ON = date(2026, 1, 8)
PLACES, PERSONS = 91, 901
"""The first channel, and the first person, have a tenth of everything; the rest is spread evenly."""


def place(number: int) -> str:
    """A channel's id."""
    return f"C{number:08d}"


def person(number: int) -> str:
    """A person's id."""
    return f"U{number:08d}"


BUSY_PLACE, BUSY_PERSON = place(0), person(0)


def _skewed(number: int, count: int) -> int:
    """0 for every tenth number, else one of 1 to count - 1."""
    return 0 if number % 10 == 0 else 1 + number % (count - 1)


def case_of_item(item: int, retro_count: int) -> int:
    """The number of the case that an item belongs to."""
    return 1 + item % retro_count


def channel_of_case(case_number: int) -> str:
    """The channel of a case."""
    return place(_skewed(case_number, PLACES))


async def make(file: Path, program: Program = OURS) -> None:
    """Makes the file with the tables of a program, and nothing in them."""
    url = f"sqlite:///{file}"
    await run(file.parent, "migrate", env=environment(AMENDS_DATABASE_URL=url), program=program)


async def fill(file: Path, retro_count: int, item_count: int, *, fresh: bool = False) -> None:
    """Makes the file. `fresh`: everything is open and unowned; else only a fifth is open, all owned."""
    await make(file)
    put_retros(file, retro_count, item_count, fresh=fresh)


def put_retros(file: Path, retro_count: int, item_count: int, *, fresh: bool = False) -> None:
    """Fills a file that has its tables; see `fill`."""
    last = {"case": retro_count, "item": item_count}
    put(file, people, _people())
    put(file, channels, _channels())
    put(file, teams, _teams())
    put(file, cases, _cases(retro_count))
    put(file, retros, _retros(retro_count, fresh=fresh))
    put(file, action_items, _items(item_count, retro_count, fresh=fresh))
    put(file, sent_messages, _said(retro_count, item_count))
    put(
        file,
        counters,
        ({"workspace": WORKSPACE, "noun": noun, "number": number} for noun, number in last.items()),
    )


def put(file: Path, table: Table, rows: Iterable[Values]) -> None:
    """Inserts rows, as far as the file's program has such a table and such columns."""
    engine = create_engine(f"sqlite:///{file}", **AS_JSON)
    with engine.begin() as connection:
        if inspect(connection).has_table(table.name):
            _put(connection, table, rows)
    engine.dispose()


def _put(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    known = {each["name"] for each in inspect(connection).get_columns(table.name)}
    # A field is called by its key, and its column by a name, which older programs have, too.
    names = {c.key: c.name for c in table.c if c.name in known}
    theirs = lightweight(table.name, *(column(c.name, c.type) for c in table.c if c.name in known))
    rest = iter(rows)
    while some := list(islice(rest, MAX_AT_ONCE)):
        those = [{names[key]: value for key, value in row.items() if key in names} for row in some]
        connection.execute(insert(theirs), those)


def _people() -> Iterator[Values]:
    for number in range(PERSONS):
        known = Person(id=person(number), name=f"Person {number}", zone="Europe/Stockholm")
        yield values(WORKSPACE, known)


def _channels() -> Iterator[Values]:
    for number in range(PLACES):
        channel = Channel(id=place(number), name=f"team-{number}")
        yield values(WORKSPACE, channel, name_folded=channel.name)


def _teams() -> Iterator[Values]:
    for number in range(PLACES):
        yield values(
            WORKSPACE, Team(channel_id=place(number), name=f"team-{number}", lead=person(number))
        )


def _cases(count: int) -> Iterator[Values]:
    like = Case(number=1, channel_id="", what_happened="", customer="A customer", failed_at=FAILED_AT)
    row = values(WORKSPACE, like)
    for number in range(1, count + 1):
        yield {
            **row,
            "number": number,
            "channel_id": channel_of_case(number),
            "what_happened": f"The parcel was promised twice and missed twice, for the {number}th time.",
            "reference": f"OLD-{number}",
            "reference_folded": f"old-{number}",
        }


def _retros(count: int, *, fresh: bool) -> Iterator[Values]:
    row = values(
        WORKSPACE,
        Retro(
            case_number=1,
            channel_id="",
            opened_at=FAILED_AT,
            answers_close_on=CLOSE_ON,
            prompts=PROMPTS,
        ),
    )
    for number in range(1, count + 1):
        yield {
            **row,
            "case_number": number,
            "channel_id": channel_of_case(number),
            "state": "open" if fresh or number // 10 % 5 == 0 else "closed",
            "answers_close_on": CLOSE_ON + timedelta(days=number % 365),
        }


def _items(count: int, retro_count: int, *, fresh: bool) -> Iterator[Values]:
    like = ActionItem(
        number=1, case_number=1, channel_id="", what="", asked_by=person(1), gap="training"
    )
    row = values(WORKSPACE, like, active=True)
    for number in range(1, count + 1):
        case_number = case_of_item(number, retro_count)
        state = "proposed" if fresh else "agreed" if number // 10 % 5 == 0 else "verified"
        yield {
            **row,
            "number": number,
            "case_number": case_number,
            "channel_id": channel_of_case(case_number),
            "what": f"Somebody calls before the courier gives up, as was agreed {number} times.",
            "owner": None if fresh else person(_skewed(number, PERSONS)),
            "due": CLOSE_ON + timedelta(days=number % 365),
            "state": state,
            "active": state != "verified",
        }


def _said(retro_count: int, item_count: int) -> Iterator[Values]:
    row = values(WORKSPACE, MessageRef(channel_id="", message="", link="https://benchmark.example/p1"))
    keys = chain(
        ((f"retro:{number}", number) for number in range(1, retro_count + 1)),
        ((f"item:{number}", case_of_item(number, retro_count)) for number in range(1, item_count + 1)),
    )
    for message, (key, case_number) in enumerate(keys):
        yield {
            **row,
            "key": key,
            "channel_id": channel_of_case(case_number),
            "message": f"1600000000.{message:07d}",
        }
