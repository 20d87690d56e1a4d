"""A company's house, put into a database by SQL itself: many teams that each have had cases for years.

A team is a channel with its lead, its people and its cases, spread evenly over two years; what came
before is denser. Whatever the size, each team has as many open retros, open items and customers who
wait: only how much is over, and how many other teams there are, differs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pydantic import BaseModel
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    case,
    cast,
    delete,
    false,
    insert,
    literal,
    null,
    select,
    text,
)

from bot.domain.action_item import ActionItem, Moved
from bot.domain.case import Case
from bot.domain.channel import Channel
from bot.domain.job import MessageRef
from bot.domain.person import Person
from bot.domain.recovery import Recovery, begin, not_needed, take
from bot.domain.recovery_step import Step
from bot.domain.retro import Answer, Retro, Turn
from bot.domain.team import Team
from bot.prompts import PROMPTS
from storage.column import UTCDateTime
from storage.database import Database
from storage.row import Values, values
from storage.search_index import search_stale
from storage.tables import (
    action_items,
    answers,
    cases,
    channels,
    counters,
    people,
    recoveries,
    recovery_owners,
    retros,
    sent_messages,
    teams,
)
from tests.benchmarks.filled import WORKSPACE

AT = datetime(2026, 3, 4, 10, tzinfo=UTC)
"""A Wednesday, eleven o'clock for everybody."""
ZONE = "Europe/Stockholm"
ITEMS_PER_CASE = 10
PEOPLE_PER_TEAM = 20
LED = 5
"""So many teams have the same lead: the first ones."""
OPEN, ANSWERING, LATELY = 10, 2, 30
"""A team's newest retros are open, and the newest of these are for answers; the last ones' items and
customers still wait."""
EVEN = 200
"""Cases of the last two years."""
DAYS_BETWEEN = 3.65
DAYS_BEFORE = 0.05
"""Between two cases of the last two years, and between two of before."""
GAPS = ("training", "communication", "after-hours support", "process", "tools")
STORIES = (
    "The parcel was promised twice and missed twice.",
    "The parcel came to the wrong address on a Friday evening.",
    "Nobody told the customer that the parcel was damaged.",
    "The parcel waited at customs, and the invoice was wrong.",
    "The courier could not find the house with the parcel.",
)


CASE = Case(number=1, channel_id="", what_happened="", failed_at=AT)
A_DAY = timedelta(days=1)
DAY_ADDED = AT - 20 * A_DAY
LATE, UNDATED, UNOWNED = 0, 2, 3
"""Which of a new case's items are late, have no date, or no owner."""


class Size(NamedTuple):
    """How many teams there are, how many cases each of them has had, and how many teams had none yet."""

    teams: int
    cases_per_team: int
    others: int = 0

    @property
    def all_teams(self) -> int:
        return self.teams + self.others

    @property
    def cases(self) -> int:
        return self.teams * self.cases_per_team

    @property
    def items(self) -> int:
        return self.cases * ITEMS_PER_CASE


ages = Table(
    "ages",
    MetaData(),
    Column("age", Integer, primary_key=True),
    Column("failed_at", UTCDateTime),
    Column("closed_at", UTCDateTime),
    Column("closes_on", Date),
    Column("apologise_by", Date),
    Column("promised_on", Date),
    Column("late_since", Date),
    Column("due", Date),
    prefixes=["TEMPORARY"],
)
"""What follows from how many cases a team has had since: 0 is its newest."""


def fill(database: Database, size: Size) -> None:
    """Fills a new database, and its index of words."""
    with database.transaction(writes=True) as connection:
        _lift_limits(database, connection)
        for table, rows in (
            (people, _people(size)),
            (channels, _channels(size)),
            (teams, _teams(size)),
            (counters, _counters(size)),
        ):
            connection.execute(insert(table), list(rows))
        ages.create(connection)
        connection.execute(insert(ages), list(_ages(size)))
        for of_table in _tables():
            _multiply(connection, of_table, size)
        _own(connection)
        ages.drop(connection)
        # One mark for each case, instead of one for each row of it.
        connection.execute(delete(search_stale))
        marks = select(cases.c.workspace, cases.c.number, cases.c.number)
        connection.execute(insert(search_stale).from_select(["workspace", "id", "case_number"], marks))
        connection.commit()
    database.migrate()
    with database.transaction(writes=True) as connection:
        _lift_limits(database, connection)
        connection.execute(text("ANALYZE"))
        connection.commit()


def _lift_limits(database: Database, connection: Connection) -> None:
    """A million rows take longer than anybody may wait who uses the program."""
    if database._server is not None:
        database._server.lift_limits(connection)


def person(number: int) -> str:
    """A person's id."""
    return f"U{number}"


def place(number: int) -> str:
    """A channel's id."""
    return f"C{number}"


def lead_of(team: int) -> str:
    """A team's lead, who is one of its people."""
    return person(0 if team < LED else team * PEOPLE_PER_TEAM)


def _people(size: Size) -> Iterator[Values]:
    for number in range(size.all_teams * PEOPLE_PER_TEAM):
        yield values(WORKSPACE, Person(id=person(number), name=f"Person {number}", zone=ZONE))


def _channels(size: Size) -> Iterator[Values]:
    for number in range(size.all_teams):
        channel = Channel(id=place(number), name=f"team-{number}")
        yield values(WORKSPACE, channel, name_folded=channel.name)


def _team(number: int) -> Team:
    return Team(channel_id=place(number), name=f"team-{number}", lead=lead_of(number), zone=ZONE)


def _teams(size: Size) -> Iterator[Values]:
    for number in range(size.all_teams):
        yield values(WORKSPACE, _team(number), next_check_at=None)


def _counters(size: Size) -> Iterator[Values]:
    for noun, number in (("case", size.cases), ("item", size.items)):
        yield {"workspace": WORKSPACE, "noun": noun, "number": number}


def _ages(size: Size) -> Iterator[Values]:
    today = AT.date()
    for age in range(size.cases_per_team):
        before = max(0, age - EVEN)
        failed_at = AT - timedelta(days=(age - before) * DAYS_BETWEEN + before * DAYS_BEFORE, hours=3)
        failed_on = failed_at.date()
        yield {
            "age": age,
            "failed_at": failed_at,
            "closed_at": failed_at + timedelta(days=9),
            "closes_on": failed_on + timedelta(days=7 if age >= ANSWERING else 9),
            "apologise_by": failed_on + timedelta(days=2),
            "promised_on": today + timedelta(days=age - LATELY // 2),
            "late_since": min(failed_on + timedelta(days=14), today - timedelta(days=2 + age % 40)),
            "due": failed_on + timedelta(days=30) if age >= LATELY else today + timedelta(days=1 + age),
        }


class Numbers(NamedTuple):
    """Of the row that is made: its number from 1 on, its case's, its team's, and its case's age.

    `turn` is which of its case's rows it is, from 0 on.
    """

    n: ColumnElement[int]
    case_number: ColumnElement[int]
    team: ColumnElement[int]
    age: ColumnElement[int]
    turn: ColumnElement[int]

    @property
    def somebody(self) -> ColumnElement[str]:
        """One of the team's people."""
        return _named("U", self.team * PEOPLE_PER_TEAM + (self.age * 7 + self.turn) % PEOPLE_PER_TEAM)


Varied = Mapping[str, ColumnElement[Any]]
Varying = Callable[[Numbers], Varied]


class Rows(NamedTuple):
    """Rows of a table, so many for each case: like one, with what differs from row to row."""

    table: Table
    like: Values
    per_case: int
    varied: Varying


def _tables() -> Iterator[Rows]:
    yield Rows(cases, values(WORKSPACE, CASE), 1, _case)
    retro = Retro(
        case_number=1, channel_id="", opened_at=AT, answers_close_on=AT.date(), prompts=PROMPTS
    )
    yield Rows(retros, values(WORKSPACE, retro), 1, _retro)
    item = ActionItem(number=1, case_number=1, channel_id="", what="", asked_by=person(1))
    yield Rows(action_items, values(WORKSPACE, item), ITEMS_PER_CASE, _item)
    yield Rows(recoveries, values(WORKSPACE, _begun()), 1, _recovery)
    answer = Answer(id="", case_number=1, prompt="training", text="", posted_at=AT)
    yield Rows(answers, values(WORKSPACE, answer), 2, _answer)
    said = values(WORKSPACE, MessageRef(channel_id="", message="", link="https://benchmark.example/p1"))
    yield Rows(sent_messages, said, 1, _said_of_retro)
    yield Rows(sent_messages, said, ITEMS_PER_CASE, _said_of_item)


def _case(of: Numbers) -> Varied:
    stories = {number: literal(story) for number, story in enumerate(STORIES)}
    return {
        "number": of.n,
        "what_happened": case(stories, value=of.n % len(STORIES))
        + literal(" It was parcel number ")
        + cast(of.n, String)
        + literal("."),
        "reference": _named("ZD-", of.n),
        "reference_folded": _named("zd-", of.n),
        "customer": _named("Customer ", of.n % 1000),
        "failed_at": ages.c.failed_at,
    }


def _retro(of: Numbers) -> Varied:
    closed = (Turn(step="close", by=person(1), at=AT - timedelta(days=1), outcome="fixes agreed"),)
    is_open = of.age < OPEN
    return {
        "case_number": of.n,
        "opened_at": ages.c.failed_at,
        "opened_by": of.somebody,
        "answers_close_on": ages.c.closes_on,
        "state": case((is_open, "open"), else_="closed"),
        "history": case((is_open, _data(retros, "history", ())), else_=_data(retros, "history", closed)),
        "closed_at": case((is_open, null()), else_=ages.c.closed_at),
        "unsettled_at": case((of.age == OPEN + 2, ages.c.closed_at), else_=null()),
    }


def _item(of: Numbers) -> Varied:
    """Of the newest cases' items six in ten are open, each in another way; all others are over."""
    is_new = of.age < LATELY
    steps: dict[str, tuple[Moved, ...]] = {}
    told: tuple[Moved, ...] = ()
    for days, (step, then) in enumerate(
        (("add", "proposed"), ("take", "agreed"), ("done", "done"), ("verify", "verified"))
    ):
        words = "It is on the wall now." if step in ("done", "verify") else ""
        told += (
            Moved.model_validate(
                {"step": step, "by": person(1), "at": DAY_ADDED + days * A_DAY, "words": words}
            ),
        )
        steps[then] = told
    dropped = (
        *steps["agreed"],
        Moved(step="drop", by=person(1), at=DAY_ADDED + 5 * A_DAY, words="Moved."),
    )
    steps["dropped"] = dropped
    new = {0: "agreed", 1: "agreed", 2: "agreed", 3: "proposed", 4: "proposed", 5: "done"}
    state: ColumnElement[Any] = case(
        (
            is_new & (of.turn < len(new)),
            case({turn: literal(word) for turn, word in new.items()}, value=of.turn),
        ),
        (of.turn == ITEMS_PER_CASE - 1, "dropped"),
        else_="verified",
    )
    history = {word: _data(action_items, "history", moved) for word, moved in steps.items()}
    gaps = {number: literal(gap) for number, gap in enumerate(GAPS)}
    return {
        "number": of.n,
        "case_number": of.case_number,
        "what": literal("Somebody calls before the courier gives up, as agreed in ")
        + cast(of.n, String),
        "gap": case(gaps, value=(of.age + of.turn) % len(GAPS)),
        "owner": case((is_new & (of.turn == UNOWNED), null()), else_=of.somebody),
        "due": case(
            (is_new & (of.turn == LATE), ages.c.late_since),
            (is_new & (of.turn == UNDATED), null()),
            else_=ages.c.due,
        ),
        "state": state,
        "active": is_new & (of.turn < len(new)),
        "history": case(history, value=state),
    }


def _recovery(of: Numbers) -> Varied:
    """The newest customers wait: for what was promised, for an apology, or for the retro alone."""
    to_do = _begun()
    promise = Step(name="promise", by=person(1), at=AT, words="A call.", due=AT.date(), how="By phone")
    rests = to_do
    for name in ("hear", "apologise", "ask_wish", "promise"):
        rests = not_needed(rests, name, person(1), AT, "They have moved away.")
    verdict = to_do.steps[-1].model_copy(update={"state": "done", "chosen": "recovered", "at": AT})
    over = (*to_do.steps[:-1], verdict)
    promised, waiting, resting = (of.age % 3 == number for number in range(3))
    is_new = of.age < LATELY
    return {
        "case_number": of.n,
        "contact": of.somebody,
        "failed_at": ages.c.failed_at,
        "begun_at": ages.c.failed_at,
        "apologise_by": ages.c.apologise_by,
        "touched_at": ages.c.failed_at,
        "steps": case(
            (~is_new, _data(recoveries, "steps", over)),
            (promised, _data(recoveries, "steps", take(to_do, promise, AT).steps)),
            (waiting, _data(recoveries, "steps", to_do.steps)),
            else_=_data(recoveries, "steps", rests.steps),
        ),
        "outcome": case((is_new, ""), else_="recovered"),
        "was_enough": false(),
        "due": case((is_new & promised, ages.c.promised_on), else_=null()),
        "keeper": case((is_new & promised, of.somebody), else_=null()),
        "rests": is_new & resting,
        "next_due": case(
            (is_new & promised, ages.c.promised_on),
            (is_new & waiting, ages.c.apologise_by),
            else_=null(),
        ),
    }


def _answer(of: Numbers) -> Varied:
    words = literal("We would have needed a map of the district and its doorbells, as of ")
    is_named = of.turn == 0
    return {
        "id": _named("a", of.n),
        "case_number": of.case_number,
        "text": words + cast(of.n % 1000, String),
        "author": case((is_named, of.somebody), else_=null()),
        "posted_at": case((is_named, ages.c.failed_at), else_=null()),
    }


def _said_of_retro(of: Numbers) -> Varied:
    return {"key": _named("retro:", of.n), "message": _named("1600.", of.n)}


def _said_of_item(of: Numbers) -> Varied:
    return {"key": _named("item:", of.n), "message": _named("1700.", of.n)}


def _begun() -> Recovery:
    return begin(CASE, person(1), _team(0), AT)


def _named(before: str, number: ColumnElement[int]) -> ColumnElement[str]:
    return literal(before, String).concat(cast(number, String))


def _data(table: Table, column: str, things: Sequence[BaseModel]) -> ColumnElement[Any]:
    plain = [thing.model_dump(mode="json") for thing in things]
    return literal(plain, table.c[column].type)


def _multiply(connection: Connection, rows: Rows, size: Size) -> None:
    count = size.cases * rows.per_case
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < count))
    n = numbers.c.n
    of_case = (n - 1) % size.cases
    team, since_first = of_case % size.teams, of_case // size.teams
    of = Numbers(n, of_case + 1, team, size.cases_per_team - 1 - since_first, (n - 1) // size.cases)
    varied = {"channel_id": _named("C", team), **rows.varied(of)}
    chosen: dict[str, ColumnElement[Any]] = {
        column.key: varied[column.key]
        if column.key in varied
        else literal(rows.like.get(column.key), column.type)
        for column in rows.table.columns
    }
    made = select(*chosen.values()).join_from(numbers, ages, ages.c.age == of.age)
    # Made at once from sorted rows: filled row by row, in no order, they took two to four times as long.
    for index in rows.table.indexes:
        index.drop(connection)
    connection.execute(insert(rows.table).from_select(list(chosen), made))
    for index in rows.table.indexes:
        index.create(connection)


def _own(connection: Connection) -> None:
    """Who looks after a customer that waits has something to do for them."""
    of_new = select(
        recoveries.c.workspace, recoveries.c.case_number, recoveries.c.contact, recoveries.c.next_due
    ).where(recoveries.c.outcome == "")
    columns = ["workspace", "case_number", "person_id", "due"]
    connection.execute(insert(recovery_owners).from_select(columns, of_new))
