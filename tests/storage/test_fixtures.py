"""A database of every schema there was upgrades with all that was said and owed: `fixtures/README.md`.

Each fixture is loaded as it was, upgraded, and spoken from by today's worker. What is right follows from
its rows: what was owed is said once, what was said is edited at most, what is dead stays so.
`python -m tests.storage.test_fixtures` writes anew what is said; read the difference before you commit.
"""

import asyncio
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from sqlalchemy import MetaData, Table, insert, select, text

from bot.bot import Bot
from bot.check import check
from bot.command import Request
from bot.domain import note
from bot.domain.channel import Channel
from bot.domain.job import MessageRef
from bot.domain.person import Person
from bot.domain.reminder import SUPERSEDED
from bot.messages.parts import plain
from bot.ports import Delivery, Limits, Messenger
from bot.routes import JOB_HANDLERS
from bot.settings import Settings
from handlers.web.outgoing import Hub, WebMessenger
from handlers.worker import Worker
from storage.database import Database, head
from storage.migrations.run import upgrade
from storage.tables import Row as Tables
from storage.tables import channel_queues
from tests.storage.make_fixture import FIXTURES, made
from tests.storage.story import LAST_DAY

SAME_DAY = LAST_DAY + timedelta(hours=1)
"""When the upgraded program speaks first: what was put off for two hours is not due yet."""
NEXT_DAY = LAST_DAY + timedelta(days=1)
PATIENCE = 60.0
"""Seconds in which it is all said; a few will do."""
MIGRATION_ONLY = {"alembic_version"}

Name = tuple[str, str]  # workspace and key
Row = Mapping[str, Any]


class Call(NamedTuple):
    """What a messenger was asked for: "say", "edit" or "find"."""

    way: str
    name: Name
    place: str
    under: str | None
    words: str


class Recorder:
    """A messenger that keeps what it is asked for; `heard` is what had got through before the upgrade.

    On the web it asks the real one, whose messages are in the database itself.
    """

    limits = Limits()

    def __init__(self, calls: list[Call], heard: Collection[Name], web: Messenger | None = None) -> None:
        self._calls, self._heard, self._web = calls, heard, web

    async def say(self, delivery: Delivery) -> MessageRef:
        """Says it."""
        self._keep("say", delivery)
        if self._web:
            return await self._web.say(delivery)
        return MessageRef(
            channel_id=delivery.channel.id, message=f"new {delivery.key}", link="https://e.com/new"
        )

    async def edit(self, delivery: Delivery, said: MessageRef) -> MessageRef:
        """Says it anew, in the same place."""
        self._keep("edit", delivery)
        return await self._web.edit(delivery, said) if self._web else said

    async def delete(self, delivery: Delivery, said: MessageRef) -> None:
        """Takes it away."""
        self._keep("delete", delivery)
        if self._web:
            await self._web.delete(delivery, said)

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        """Every other one had got through."""
        self._keep("find", delivery)
        if self._web:
            return await self._web.find(delivery, since)
        if (delivery.workspace, delivery.key) not in self._heard:
            return None
        return MessageRef(
            channel_id=delivery.channel.id, message=f"old {delivery.key}", link="https://e.com/old"
        )

    def _keep(self, way: str, delivery: Delivery) -> None:
        under = delivery.thread.message if delivery.thread else None
        name = (delivery.workspace, delivery.key)
        self._calls.append(Call(way, name, delivery.channel.id, under, plain(delivery.message)))


class Upgraded:
    """A fixture's rows as they were, and the program of today at work on them."""

    def __init__(self, database: Database, before: Mapping[str, Mapping[Name, Row]]) -> None:
        self.jobs, self.said = before["jobs"], before["said"]
        self.database = database
        self.calls: list[Call] = []
        self.half_said = sorted(name for name, row in self.owed().items() if row["unsure"])
        self.half_said = [name for name in self.half_said if name not in self.said]
        """An attempt began, nobody knows how it ended, and it is not known to be said."""
        posted = {("web", str(post["key"])) for post in before["posts"].values()}
        self.heard = {name for name in self.half_said if name[0] != "web"}
        self.heard = set(sorted(self.heard)[::2]) | (set(self.half_said) & posted)
        self.bot = Bot(database, committed=lambda: None)
        web = WebMessenger(database, Hub())
        platforms = {
            "slack": Recorder(self.calls, self.heard),
            "teams": Recorder(self.calls, self.heard),
            note.PLATFORM: Recorder(self.calls, self.heard),
        }
        platforms["web"] = Recorder(self.calls, self.heard, web)
        self._worker = Worker(self.bot, database, platforms, asyncio.Event())

    async def speak(self, by: datetime) -> Mapping[str, int]:
        """Lets the worker say all that is due by then; what it tries again and again is a failure."""
        async with asyncio.timeout(PATIENCE):
            return await self._worker.run_due(by)

    def owed(self, by: datetime | None = None) -> Mapping[Name, Row]:
        """What had not been said, or not as it was by then; all of it, or what was due by a moment."""
        latest = f"{by:%Y-%m-%d %H:%M:%S}" if by else "9"
        states = ("waiting", "running")
        return {
            name: row
            for name, row in self.jobs.items()
            if row["state"] in states and row["due_at"] <= latest
        }

    def dead(self) -> set[Name]:
        """What had been given up."""
        return {name for name, row in self.jobs.items() if row["state"] == "dead"}

    def ways(self, way: str) -> Counter[Name]:
        """How often each message was said, edited or looked up."""
        return Counter(call.name for call in self.calls if call.way == way)

    def asked(self) -> Mapping[Name, Collection[str]]:
        """The outcomes of the reminders in each message; "" while one is open."""
        outcomes: dict[Name, list[str]] = defaultdict(list)
        with self.database.transaction(writes=False) as connection:
            for row in connection.execute(text("SELECT workspace, message, outcome FROM reminders")):
                outcomes[row.workspace, row.message].append(row.outcome)
        return outcomes

    def rows(self, table: str) -> Mapping[Name, Row]:
        """The rows as they are now."""
        with self.database.transaction(writes=False) as connection:
            found = connection.execute(text(f"SELECT * FROM {table}")).mappings().all()
        return {(row["workspace"], row["key"]): dict(row) for row in found}


def _loaded(fixture: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.executescript((FIXTURES / f"{fixture}.sql").read_text(encoding="utf-8"))
    return connection


def _before(fixture: str) -> Mapping[str, Mapping[Name, Row]]:
    with closing(_loaded(fixture)) as connection:
        return {
            table: {
                (row["workspace"], str(row["key"])): dict(row)
                for row in connection.execute(f"SELECT * FROM {table}")
            }
            for table in ("jobs", "said", "posts")
        }


def _fill(database: Database, fixture: str) -> None:
    """The fixture's schema and rows, as the program that made it would have left them."""
    if database.file is not None:
        with closing(sqlite3.connect(database.file)) as connection:
            connection.executescript((FIXTURES / f"{fixture}.sql").read_text(encoding="utf-8"))
        return
    with closing(_loaded(fixture)) as stored, database.transaction(writes=True) as connection:
        upgrade(connection, fixture)
        known = MetaData()
        known.reflect(connection)
        for table in known.sorted_tables:
            rows = stored.execute(f"SELECT * FROM {table.name}").fetchall()
            if rows and table.name not in MIGRATION_ONLY:
                connection.execute(insert(table), [_typed(table, row) for row in rows])
        connection.commit()


def _typed(table: Table, row: sqlite3.Row) -> Row:
    """SQLite's texts and numbers as what PostgreSQL keeps."""
    read: dict[type, Any] = {
        datetime: lambda told: datetime.fromisoformat(told).replace(tzinfo=UTC),
        date: date.fromisoformat,
        time: time.fromisoformat,
        bool: bool,
        object: json.loads,
    }
    kinds = {column.name: column.type.python_type for column in table.columns}
    return {
        name: None if row[name] is None else read.get(kinds[name], kinds[name])(row[name])
        for name in row.keys()  # noqa: SIM118 - a row's own iterator gives values
    }


@asynccontextmanager
async def _upgraded(url: str, fixture: str) -> AsyncIterator[Upgraded]:
    database = Database(url)
    try:
        _fill(database, fixture)
        database.migrate()
        yield Upgraded(database, _before(fixture))
    finally:
        database.close()


ASKED_TOO = re.compile(r"^I(?:'ve)? reminded .*\n", re.MULTILINE)
"""Whom else was asked, as far as they had been told: places are spoken to side by side."""


def _names(upgraded: Upgraded) -> Mapping[Name, str]:
    """What kind of job each message is: the table of today knows what came since the upgrade."""
    rows = {**upgraded.rows("jobs"), **upgraded.jobs}
    return {name: str(row["name"]) for name, row in rows.items()}


def _first_of_each(upgraded: Upgraded) -> str:
    """For each kind of job the first message that was said, and edited, as people read it."""
    names = _names(upgraded)
    told: dict[tuple[str, str], Call] = {}
    for call in sorted(upgraded.calls, key=lambda call: (call.name, call.words)):
        if call.way != "find" and call.name in names:
            told.setdefault((names[call.name], call.way), call)
    texts = [
        f"=== {kind}: {call.way} {' '.join(call.name)}, {call.place} under {call.under}\n{call.words}\n"
        for (kind, _), call in sorted(told.items())
    ]
    return ASKED_TOO.sub("", "\n".join(texts))


def _golden(fixture: str) -> Path:
    path = FIXTURES / f"{fixture}.said.txt"
    assert path.exists() or __name__ == "__main__", f"{path.name} is missing: {MAKE_ONE}"
    return path


KNOWN = sorted(path.stem for path in FIXTURES.glob("*.sql"))
MAKE_ONE = (
    "add the fixture of this schema and keep the older ones: python -m tests.storage.make_fixture, then "
    "python -m tests.storage.test_fixtures; see tests/storage/fixtures/README.md"
)


def test_the_newest_schema_has_a_fixture() -> None:
    assert head() in KNOWN, MAKE_ONE


REST = {"next_allowed_at", "leased_until"}
"""What a copy leaves out: whoever rests or speaks does so with the original."""


def _everything(database: Database) -> Mapping[str, list[Row]]:
    """Every row of every table, in the order of their words, without who rests."""
    with database.transaction(writes=False) as connection:
        return {
            table.name: sorted(
                (
                    dict(row)
                    for row in connection.execute(
                        select(*(column for column in table.c if column.key not in REST))
                    ).mappings()
                ),
                key=str,
            )
            for table in Tables.metadata.sorted_tables
        }


async def test_a_copy_holds_every_row_of_every_table(empty_url: str, tmp_path: Path) -> None:
    async with _upgraded(empty_url, head()) as upgraded:
        before = _everything(upgraded.database)
        empty = {name for name, rows in before.items() if not rows}
        assert empty <= {"stirred", "withdrawn_answers"}  # the story leaves nothing there
        with upgraded.database.copied(tmp_path / "copy.db", opens="retro.show") as copy:
            assert _everything(copy) == before
            with copy.transaction(writes=False) as connection:
                rests = connection.execute(select(*(channel_queues.c[name] for name in REST))).all()
            assert set(rests) == {(None, None)}
        assert _everything(upgraded.database) == before


def _kinds(rows: Mapping[Name, Row]) -> Mapping[str, set[str]]:
    """In which states each kind of job is there."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for row in rows.values():
        later = row["due_at"] > f"{SAME_DAY:%Y-%m-%d %H:%M:%S}"
        waiting = "due later" if later else "due"
        states = {"waiting": waiting, "running": "half said", "done": "said", "dead": "dead"}
        kinds[row["name"]].add(states[row["state"]])
    return kinds


EVERY_STATE = {"due", "due later", "half said", "said", "dead"}


@pytest.mark.parametrize("fixture", KNOWN)
def test_a_fixture_holds_every_kind_of_message_in_every_state(fixture: str) -> None:
    kinds = _kinds(_before(fixture)["jobs"])
    assert len(kinds) >= 21
    assert {kind: EVERY_STATE - states for kind, states in kinds.items() if states < EVERY_STATE} == {}


def test_the_next_fixture_will_hold_every_kind_of_message_there_is() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        connection.executescript(made())
        rows = {(row["workspace"], row["key"]): row for row in connection.execute("SELECT * FROM jobs")}
    assert set(_kinds(rows)) == set(JOB_HANDLERS), "let it come up in tests/storage/story.py"


@pytest.mark.parametrize("fixture", KNOWN)
async def test_all_that_an_older_program_owed_is_said_once_and_nothing_else_again(
    fixture: str, empty_url: str
) -> None:
    async with _upgraded(empty_url, fixture) as upgraded:
        for by in (SAME_DAY, NEXT_DAY):
            began = len(upgraded.calls)
            outcomes = await upgraded.speak(by)
            assert not {"put back", "given up", "handed back"} & set(outcomes)
            new, due = upgraded.calls[began:], upgraded.owed(by)
            if by == SAME_DAY:
                assert not {call.name for call in new} & upgraded.dead()
                assert {call.name for call in new} & set(upgraded.owed()) <= set(due)
            _check_said_once(upgraded, due)
        assert not {row["state"] for row in upgraded.rows("jobs").values()} - {"done", "dead"}
        assert _first_of_each(upgraded) == _golden(fixture).read_text(encoding="utf-8")
        again = len(upgraded.calls)
        await upgraded.speak(NEXT_DAY)
        assert upgraded.calls[again:] == []


ASKED_BEFORE = ["Training", "Communication", "After-hours support", "Anything else"]


@pytest.mark.parametrize("fixture", [known for known in KNOWN if known < "0007"])
async def test_retros_of_an_older_program_ask_what_they_always_asked(
    fixture: str, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that it opens beside this one, and whatever this one asks by itself now."""
    monkeypatch.setattr("bot.prompts.PROMPTS", ())
    async with _upgraded(empty_url, fixture) as upgraded:
        retros = Tables.metadata.tables["retros"]
        with upgraded.database.transaction(writes=True) as connection:
            of_before = [column for column in retros.c if column.key != "prompts"]
            row = connection.execute(select(*of_before)).mappings().first()
            assert row is not None
            opened = {column: row[column] for column in of_before}
            connection.execute(insert(retros).values({**opened, retros.c.case_number: 9_999}))
            connection.commit()
        for workspace in ("slack:T1", "teams:acme", "web", str(row["workspace"])):
            kept = await upgraded.database.read(
                workspace, lambda work: work.retros.among(range(1, 10_000)).values()
            )
            assert kept
            for retro in kept:
                assert [prompt.label for prompt in retro.prompts] == ASKED_BEFORE
                assert [bool(prompt.question) for prompt in retro.prompts] == [True, True, True, False]
                assert not any(prompt.needed or prompt.retired for prompt in retro.prompts)
        assert 9_999 in {retro.case_number for retro in kept}


def _check_said_once(upgraded: Upgraded, due: Mapping[Name, Row]) -> None:
    said, edited, looked_up = (upgraded.ways(way) for way in ("say", "edit", "find"))
    deleted = upgraded.ways("delete")
    assert set(said.values()) == {1}
    # Only a reminder is taken away, once, and only when all that it said was asked again.
    assert set(deleted.values()) <= {1}
    assert not set(said) & (set(upgraded.said) | upgraded.heard)
    # What somebody may have heard already is looked for first, and then made to say what is true now.
    unsaid = set(due) - set(upgraded.said) - set(said) - set(edited) - set(deleted)
    half_said = {name for name in upgraded.half_said if name in due} - unsaid
    assert {name: looked_up[name] for name in half_said} == dict.fromkeys(half_said, 1)
    assert set(edited) | set(deleted) >= half_said & upgraded.heard
    # A week in which a team has nothing to act on is not spoken of, nor is what is asked anew by now.
    asked = upgraded.asked()
    assert all(set(asked[name]) <= {*SUPERSEDED} for name in deleted)
    left = {name for name in unsaid if not asked.get(name) or not all(asked[name])}
    assert {due[name]["name"] for name in left} <= {"board.weekly"}
    for call in upgraded.calls:
        if call.name in due:
            assert call.place == due[call.name]["place"]
    message_refs = upgraded.rows("said")
    assert set(due) - unsaid - set(deleted) <= set(message_refs)
    assert not set(deleted) & set(message_refs)
    for name, before in upgraded.said.items():
        if name in deleted:
            continue
        where = {column: message_refs[name][column] for column in ("place", "message", "link")}
        assert where == {column: before[column] for column in where}


@pytest.mark.parametrize("fixture", KNOWN)
async def test_what_an_older_program_gave_up_is_shown_and_can_be_brought_back_once(
    fixture: str, empty_url: str
) -> None:
    async with _upgraded(empty_url, fixture) as upgraded:
        state, given_up = await upgraded.database.read_queue(
            lambda queue: (queue.state(), queue.given_up(500))
        )
        dead = {name: upgraded.jobs[name] for name in upgraded.dead()}
        assert state["dead"] == sum(job.times for job in given_up) == len(dead)
        assert Counter((row["name"], row["why"]) for row in dead.values()) == {
            (job.name, job.why): job.times for job in given_up
        }
        told = [
            one.words for one in await check(Settings(_env_file=None, amends_database_url=empty_url))
        ]
        assert any(f"Messages that were given up: {len(dead)}. The most: " in words for words in told)
        await upgraded.speak(NEXT_DAY)
        still_dead = {name for name, row in upgraded.rows("jobs").items() if row["state"] == "dead"}
        # In the morning reminders come up anew, and what shows a thing that is late now; the rest stays.
        spoken = {
            name: dead[name]["name"] for name in set(dead) - still_dead if name not in upgraded.said
        }
        assert set(spoken.values()) <= {"reminder.tell", "reminder.tell_thread", "recovery.tell_owner"}
        place = Channel(id="C00SUPPORT", name="support")
        back = {name for name in still_dead if name[0] == "slack:T2" and dead[name]["place"] == place.id}
        assert len({dead[name]["name"] for name in back}) >= 12
        began = len(upgraded.calls)
        robot = Person(id="UAMENDS", name="Amends", bot=True)
        joined = {
            "workspace": "slack:T2",
            "command_name": "team.joined",
            "person": robot,
            "channel": place,
        }
        await upgraded.bot.answer(Request(**joined, at=NEXT_DAY, heard=True))
        await upgraded.speak(_a_working_hour_to_come())
        new = upgraded.calls[began:]
        said = Counter(call.name for call in new if call.way == "say" and call.name in back)
        looked_up = Counter(call.name for call in new if call.way == "find" and call.name in back)
        first = {name for name in back if name not in upgraded.said}
        assert looked_up == dict.fromkeys(first, 1)
        # What was asked again meanwhile is only looked for, to be deleted.
        assert {dead[name]["name"] for name in first - set(said)} <= {"reminder.tell_instead"}
        assert said == dict.fromkeys(said, 1)
        assert not {name for name, row in upgraded.rows("jobs").items() if row["state"] == "dead"} & back


def _a_working_hour_to_come() -> datetime:
    """Half past two on a Wednesday, in UTC: what is brought back is due by the machine's own clock."""
    now = datetime.now(UTC)
    wednesday = now + timedelta(days=7 + (2 - now.weekday()) % 7)
    return wednesday.replace(hour=14, minute=30)


async def _said(fixture: str) -> str:
    with TemporaryDirectory() as folder:
        async with _upgraded(f"sqlite:///{folder}/amends.db", fixture) as upgraded:
            for by in (SAME_DAY, NEXT_DAY):
                await upgraded.speak(by)
            return _first_of_each(upgraded)


if __name__ == "__main__":
    for name in KNOWN:
        _golden(name).write_text(asyncio.run(_said(name)), encoding="utf-8")
