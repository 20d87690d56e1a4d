"""Makes the fixture of today's schema, `python -m tests.storage.make_fixture`: `fixtures/README.md`."""

import asyncio
import hashlib
import random
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from bot.bot import Bot
from bot.command import Request
from bot.commands import forget as forget_commands
from bot.domain import note
from bot.domain.channel import Channel
from bot.domain.connection import Connection, with_test
from bot.domain.job import Job, MessageRef
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalChange
from bot.domain.signal import Signal
from bot.domain.team import Team
from bot.jobs import proposal as proposal_jobs
from bot.ports import Delivery, Limits
from bot.routes import COMMANDS
from handlers.web.outgoing import Hub, WebMessenger
from storage.database import Database, head
from tests.desk import InTheirChannels
from tests.session import open_work, queue_of
from tests.storage.story import BEGINS, ENDINGS, Story, Told

FIXTURES = Path(__file__).parent / "fixtures"
MADE_UP = "2026-03-09 15:00:00.000000"
"""For the moments that the program takes from the machine's clock."""


class Today:
    """story.House: today's program."""

    def __init__(self, database: Database, workspace: str) -> None:
        self.now = BEGINS
        self._database = database
        self._bot = Bot(database, committed=lambda: None)
        self._bot.memberships[workspace.partition(":")[0]] = InTheirChannels()
        self._bot.pages_at[workspace.partition(":")[0]] = "https://amends.example.com"
        self._queue = queue_of(database, lambda connection: self.now)
        self._web = WebMessenger(database, Hub())

    async def ask(self, **asked: Any) -> Any:
        """As from the channel itself; what the platform causes is heard."""
        command_name = asked.pop("verb")
        heard = COMMANDS[command_name].command.access == "platform"
        channel = asked.pop("place")
        return await self._bot.answer(
            Request(
                command_name=command_name,
                **asked,
                channel=channel,
                here=channel.id,
                heard=heard,
                introduced=True,
            )
        )

    async def look(self, workspace: str, at: datetime) -> int:
        """One bite."""
        return await self._bot.run_due(workspace, at)

    async def forget(self, workspace: str, case: int, at: datetime) -> None:
        """At once."""
        assert await self._bot.forget(workspace, case, at)

    async def forget_person(self, workspace: str, person: Person, at: datetime) -> None:
        """At once."""
        forget = partial(forget_commands.forget_person, person, at)
        assert self._database.write_at_length(workspace, forget)

    async def connect(self, workspace: str, place: Channel, lead: Person) -> str:
        """Straight into the storage."""
        id = hashlib.blake2s(place.id.encode(), digest_size=20).hexdigest()
        of_place = {"id": id, "channel_id": place.id, "product": "generic", "made_by": lead.id}
        made = with_test(Connection(**of_place, made_at=self.now, a_day=1), lead.id, self.now)
        with open_work(self._database, workspace, writes=True) as work:
            team = Team(channel_id=place.id, name=place.name, lead=lead.id, made_at=self.now)
            work.teams.add(team)
            work.channels.remember(place)
            work.connections.add(made)
            work.commit()
        return id

    async def told_without_words(self, workspace: str, place: Channel) -> None:
        """Straight into the storage, too: one ticket is read, and the comment of another's rating."""
        id = _noted(place)
        of_place = {"number": 0, "connection_id": id, "channel_id": place.id, "made_at": self.now}
        told = Signal(ticket="4712", reference="HD-4712", at=self.now, rating=1, wordless=True)
        rated = told.model_copy(update={"ticket": "4713", "reference": "HD-4713"})
        with open_work(self._database, workspace, writes=True) as work:
            proposals = [
                work.proposals.add(
                    Proposal(**of_place, ticket=each.ticket, reference=each.reference, signal=each)
                )
                for each in (told, rated)
            ]
            proposal_jobs.look_up(proposals[0], self.now, work)
            proposal_jobs.read_comment(rated, id, self.now, work)
            work.commit()

    async def told_of(self, workspace: str, place: Channel, case: int) -> None:
        """Straight into the storage; no key opens the token, and nobody asks."""
        id = _noted(place)
        of_place = {"id": id, "channel_id": place.id, "product": "freshdesk", "made_by": "somebody"}
        made = Connection(**of_place, made_at=self.now, token="sealed", origin="https://a.freshdesk.com")
        opened = ProposalChange(step="open", by="somebody", at=self.now)
        with open_work(self._database, workspace, writes=True) as work:
            work.connections.add(made)
            work.proposals.add(
                Proposal(
                    number=0,
                    connection_id=id,
                    channel_id=place.id,
                    ticket="4711",
                    reference="HD-4711",
                    signal=Signal(ticket="4711", reference="HD-4711", at=self.now, rating=1),
                    made_at=self.now,
                    state="opened",
                    history=(opened,),
                    case_number=case,
                )
            )
            work.commit()

    async def claim(self, workspace: str, by: datetime) -> Sequence[Job]:
        """One of each free lane."""
        return self._queue.claim(by, "worker", 50, {workspace: Limits(), note.PLATFORM: Limits()})

    async def words(self, job: Job) -> tuple[Any, Any, Any]:
        """As the worker reads them."""
        with open_work(self._database, job.workspace, writes=False) as work:
            root = work.sent_messages.get(job.thread) if job.thread else None
            return self._bot.speak(job, work), work.sent_messages.get(job.key), root

    async def post(self, job: Job, message: Any, root: Any) -> Told:
        """A post of the web workspace."""
        place = Channel(
            id=job.channel_id, name=job.channel_id, kind="direct" if job.direct else "shared"
        )
        message_ref = await self._web.say(
            Delivery(workspace="web", key=job.key, channel=place, message=message, thread=root)
        )
        return Told(message_ref.channel_id, message_ref.message, message_ref.link or "", "")

    async def prune(self, before: datetime) -> None:
        """All of it."""
        while self._queue.prune(before):
            continue

    async def done(self, job: Job, told: Told | None) -> None:
        """With what follows, when it was said for the first time."""
        message_ref: MessageRef | None = None
        if told:
            message_ref = MessageRef(
                channel_id=told.place, message=told.message, link=told.link, digest=told.digest
            )
        follow: Sequence[Job] = ()
        with open_work(self._database, job.workspace, writes=False) as work:
            if told and work.sent_messages.get(job.key) is None:
                follow = self._bot.follow_up_jobs(job, work)
        self._queue.finish(job, message_ref, 0.0, follow)

    async def back(self, job: Job, rest: float, why: str, *, unsure: bool, hold: bool) -> None:
        """Put back."""
        self._queue.retry(job, rest, why=why, unsure=unsure, hold_queue=hold)

    async def dead(self, job: Job, why: str) -> None:
        """With what is said instead."""
        with open_work(self._database, job.workspace, writes=False) as work:
            instead = self._bot.fallback_jobs(job, why, work)
        self._queue.give_up(job, why, instead)


@contextmanager
def the_same_each_time(house: Today, chance: random.Random) -> Iterator[None]:
    """Lets the clock of the numbers be the story's, and chance always fall alike."""
    with (
        patch.object(time, "time_ns", lambda: int(house.now.timestamp()) * 10**9),
        patch.object(secrets, "token_hex", lambda size=16: chance.randbytes(size).hex()),
        patch.object(secrets, "randbelow", chance.randrange),
        patch("os.urandom", chance.randbytes),
    ):
        yield


def _noted(place: Channel) -> str:
    return hashlib.blake2s(f"noted {place.id}".encode(), digest_size=20).hexdigest()


def dumped(file: Path) -> str:
    """The database as SQL: its tables, indexes and triggers, and the rows in the order of their keys.

    Of the index of words only its tables: the triggers mark it as out of date when the rows come in.
    """
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE requests SET day = ? WHERE day < '9999'", (MADE_UP[:10],))
        connection.execute("UPDATE posts SET posted_at = ?", (MADE_UP,))
        connection.execute("UPDATE posts SET edited_at = ? WHERE edited_at IS NOT NULL", (MADE_UP,))
        made = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL "
            "AND name NOT LIKE 'search_words_%' ORDER BY type = 'trigger', type DESC, name"
        ).fetchall()
        lines = [f"{sql};" for _, _, sql in made]
        tables = (name for kind, name, _ in made if kind == "table")
        for name in (name for name in tables if not name.startswith("search_")):
            about = connection.execute(f"PRAGMA table_info({name})").fetchall()
            columns = ", ".join(f'quote("{column[1]}")' for column in about)
            keys = ", ".join(f'"{column[1]}"' for column in about if column[5]) or "1"
            rows = connection.execute(f"SELECT {columns} FROM {name} ORDER BY {keys}").fetchall()
            if rows:
                told = ",\n".join(f"({','.join(row)})" for row in rows)
                lines.append(f"INSERT INTO {name} VALUES\n{told};")
    connection.close()
    return "\n".join(lines) + "\n"


async def _story(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    database.migrate()
    chance = random.Random(11)
    for workspace in ENDINGS:
        house = Today(database, workspace)
        with the_same_each_time(house, chance):
            await Story(house, workspace).tell()
    database.close()


def made() -> str:
    """The story, told to today's program, as SQL."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "amends.db"
        asyncio.run(_story(file))
        return dumped(file)


if __name__ == "__main__":
    (FIXTURES / f"{head()}.sql").write_text(made(), encoding="utf-8")
