"""Answers without a name: nobody who reads the whole database learns who wrote them, or in which order.

Everything is read: each column of each table, and the order in which a database itself hands out rows
(SQLite's rowid, PostgreSQL's transactions). Time is put in one minute, which may be known.
"""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, count
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from bot.domain.job import Job, MessageRef
from bot.domain.person import Person
from storage.database import Database
from storage.jobs.job import _Order
from storage.tables import Row
from tests.desk import BEN, Desk
from tests.session import open_work, queue_of

AT = datetime(2026, 3, 5, 14, 30, 1, 234567, tzinfo=UTC)
SUBMISSIONS = 40
MAX_BY_CHANCE = 0.6
"""Rank correlation of forty shuffled things stays below, but for once in some ten million times."""
COORDINATES = {("lanes", "leased_until")}
"""While a message is being said, its channel queue holds until when; gone once that is over."""
BY_ARRIVAL = {("jobs", "place in line"), ("jobs", "handed out")}
"""On PostgreSQL, and only while a message waits; docs/privacy.md says so."""

Known = Mapping[tuple[str, ...], Mapping[str, Any]]
"""Rows by the table's name and their key."""


class Clock:
    """The queue's clock; it stays within the minute of AT."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self, _: object) -> datetime:
        self.now += timedelta(milliseconds=100)
        return self.now


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are made by a clock that passes no minute meanwhile."""
    moments = count(int(AT.timestamp()) * 10**9, 10**6)
    monkeypatch.setattr("storage.jobs.job._next", _Order())
    monkeypatch.setattr("storage.jobs.job.time", SimpleNamespace(time_ns=lambda: next(moments)))


@pytest.fixture
def desk(database: Database) -> Desk:
    """People asking the bot, on both databases."""
    return Desk(database, at=AT)


def everything(database: Database) -> Known:
    """All rows of all tables, as the database hands them out; `place in line` where it tells one."""
    found: dict[tuple[str, ...], Mapping[str, Any]] = {}
    with database.transaction(writes=False) as connection:
        for name, table in Row.metadata.tables.items():
            inner = ""
            if connection.dialect.name == "postgresql":
                inner = ', xmin::text::bigint AS "place in line"'
            elif table.dialect_options["sqlite"]["with_rowid"]:
                inner = ', rowid AS "place in line"'
            rows = connection.execute(text(f"SELECT *{inner} FROM {name}"))
            typed = connection.execute(table.select())
            names = [column.name for column in table.primary_key.columns]
            moments = {tuple(str(row._mapping[key]) for key in names): row for row in typed}
            for order, row in enumerate(rows.mappings()):
                key = tuple(str(row[one]) for one in names)
                found[name, *key] = {**row, **moments[key]._mapping, "handed out": order}
    return found


def about(known: Known, ids: Sequence[str]) -> Iterator[tuple[str, str, list[Any]]]:
    """Table, column and its values, one for each of these answers in turn, wherever all have one."""
    for table in Row.metadata.tables:
        rows = [row for (name, *_), row in known.items() if name == table]
        mine = [next((row for row in rows if id in str(dict(row))), None) for id in ids]
        there = [row for row in mine if row is not None]
        if len(there) > len(ids) * 3 // 4:
            for column in there[0]:
                yield table, column, [row[column] for row in there]


def correlation(values: Sequence[Any]) -> float:
    """Kendall's tau-b of values with the order they stand in: 1 for a row that only grows."""
    ranked = [(value is not None, "" if value is None else value) for value in values]
    if any(isinstance(value, dict | list) for value in values):
        ranked = [(True, str(value)) for value in values]
    pairs = [(later > earlier) - (later < earlier) for earlier, later in combinations(ranked, 2)]
    untied = sum(map(abs, pairs))
    return sum(pairs) / (len(pairs) * untied) ** 0.5 if untied else 0.0


def tells_nothing(
    known: Known, ids: Sequence[str], together: tuple[str, str], but: Collection[tuple[str, str]] = ()
) -> None:
    """No column says in which order these were posted, nor which two were posted in one go."""
    seen = set()
    for table, column, values in about(known, ids):
        seen.add(table)
        if (table, column) in but:
            continue
        assert abs(correlation(values)) < MAX_BY_CHANCE, f"{table}.{column} tells the order"
        if len(values) == len(ids):
            first, second = (values[ids.index(one)] for one in together)
            alike = first == second and values.count(first) == 2
            assert not alike, f"{table}.{column} tells which two are one person's"
    assert "answers" in seen


def moments(before: Known, after: Known) -> list[str]:
    """Columns that hold a moment finer than the minute which they did not hold before."""
    return [
        f"{key[0]}.{column}"
        for key, row in after.items()
        for column, value in row.items()
        if isinstance(value, datetime) and (value.second or value.microsecond)
        if before.get(key, {}).get(column) != value and (key[0], column) not in COORDINATES
    ]


class Speaking:
    """Says what is owed, with the platform's own growing ids, as a worker does."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.clock = Clock()
        self.queue = queue_of(desk.database, self.clock)
        self.order: list[str] = []
        self._ids = count(1)

    async def claim(self, by: datetime | None = None) -> Sequence[Job]:
        return self.queue.claim(by, "me", 10)

    async def say(self, job: Job) -> None:
        with open_work(self.desk.database, job.workspace, writes=False) as work:
            message = self.desk.bot.speak(job, work)
            first = work.sent_messages.get(job.key) is None
            follow = self.desk.bot.follow_up_jobs(job, work) if first else ()
        self.order.append(job.key)
        message_ref = (
            MessageRef(channel_id=job.channel_id, message=f"{next(self._ids):09}") if message else None
        )
        self.queue.finish(job, message_ref, 0.0, follow)

    async def all(self, by: datetime | None = None) -> None:
        while jobs := await self.claim(by):
            for job in jobs:
                await self.say(job)


async def answered(desk: Desk) -> tuple[list[str], tuple[str, str], list[Person]]:
    """Forty people answer one after another, none with a name; one of them two prompts at once.

    Returns the ids of the answers in the order they were posted, the two of one person, and all people.
    """
    ids: list[str] = []
    people = [Person(id=f"AUTHOR-{n}", name=f"Author {n}") for n in range(SUBMISSIONS)]
    together = ("", "")
    for n, person in enumerate(people):
        desk.at = AT + timedelta(seconds=n, microseconds=n)
        values = {"training": secrets.token_hex(4), "unnamed": "yes"}
        if n == SUBMISSIONS // 2:
            values["communication"] = secrets.token_hex(4)
        await desk.ask(person, "retro.answer", "C-1")
        reply = await desk.ask(person, "retro.answer", "C-1", values)
        assert not reply.faults
        new = [answer.id for answer in desk.answers("C-1") if answer.id not in ids]
        together = (new[0], new[-1]) if len(new) == 2 else together
        ids += new
    return ids, together, people


async def test_six_and_more_unnamed_answers_whose_order_and_authors_no_table_tells(desk: Desk) -> None:
    database, speaking = desk.database, Speaking(desk)
    await desk.fail(BEN)
    await speaking.all()
    before = everything(database)
    ids, together, people = await answered(desk)

    but = BY_ARRIVAL if database.file is None else ()
    waiting = everything(database)
    tells_nothing(waiting, ids, together, but)
    assert moments(before, waiting) == []
    assert len([key for key in waiting if key[0] == "jobs" and "answer:" in key[2]]) == len(ids)

    # While they are said: one is being said, one waits for another try, and one was given up.
    for turn in ("put back", "given up"):
        for job in await speaking.claim():
            if not job.key.startswith("answer:"):
                await speaking.say(job)
            elif turn == "put back":
                speaking.queue.retry(job, 3.0, unsure=True, hold_queue=False, why="no answer")
            else:
                with open_work(database, job.workspace, writes=False) as work:
                    instead = desk.bot.fallback_jobs(job, "I am not in that channel.", work)
                speaking.queue.give_up(job, "I am not in that channel.", instead)
    running = await speaking.claim()
    during = everything(database)
    tells_nothing(during, ids, together, but)
    assert moments(before, during) == []
    states = [row["state"] for key, row in during.items() if key[0] == "jobs" and "answer:" in key[2]]
    assert {"running", "dead"} <= set(states)

    for job in running:
        await speaking.say(job)
    speaking.clock.now += timedelta(seconds=3)
    await speaking.all()
    with open_work(database, desk.workspace, writes=True) as work:
        assert work.jobs.retry_dead("C1") == 1  # by the machine's own clock
        work.commit()
    assert moments(before, everything(database)) == []
    await speaking.all(by=datetime.max.replace(tzinfo=UTC))
    after = everything(database)
    said = [key.removeprefix("answer:") for key in speaking.order if key.startswith("answer:")]
    assert sorted(said) == sorted(ids)
    assert abs(correlation([said.index(id) for id in ids])) < MAX_BY_CHANCE
    tells_nothing(after, ids, together)
    assert moments(before, after) == []
    # And of their jobs nothing is left at all.
    assert {key for key in after if key[0] == "jobs"} <= set(before)
    assert all(row["name"] != "retro.answered" for row in after.values() if "name" in row)
    for known in (waiting, during, after):
        for person in people:
            assert person.id not in str(known)
            assert person.name not in str(known)


def test_what_a_table_tells_is_noticed() -> None:
    row = {"workspace": "W", "due_at": AT}
    ids = [f"id-{n:02}" for n in range(SUBMISSIONS)]
    known: Known = {
        ("answers", "W", id): row | {"id": id, "version": n // 10} for n, id in enumerate(ids)
    }
    with pytest.raises(AssertionError, match="tells the order"):
        tells_nothing(known, ids, ("id-01", "id-02"))
    mixed = sorted(ids, key=lambda id: id[::-1])
    pair: Known = {("answers", "W", id): {"id": id, "seen": id in mixed[:2]} for id in mixed}
    with pytest.raises(AssertionError, match="which two"):
        tells_nothing(pair, mixed, (mixed[0], mixed[1]))
    assert moments({}, known) == ["answers.due_at"] * SUBMISSIONS
