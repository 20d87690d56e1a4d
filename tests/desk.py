"""A desk to test commands at: people ask the bot, and what it says can be read, on a real database."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from bot.bot import Bot
from bot.command import Reply, Request, SourceMessage
from bot.domain.action_item import ActionItem
from bot.domain.case import number_of
from bot.domain.channel import Channel
from bot.domain.job import Job, MessageRef
from bot.domain.person import Person
from bot.domain.retro import Answer, Retro
from bot.domain.team import Team
from bot.messages.parts import Message, Superseded, plain
from bot.ports import Ended, MembershipUnknown
from bot.prompts import PROMPTS
from bot.routes import COMMANDS
from storage.database import Database
from tests.session import open_work, queue_of

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
SUPPORT = Channel(id="C1", name="support")
ANA = Person(id="U1", name="Ana", zone="Europe/Stockholm")
BEN = Person(id="U2", name="Ben", zone="America/New_York")
CLEO = Person(id="U3", name="Cleo", zone="Asia/Tokyo")
ROBOT = Person(id="B1", name="Robot", bot=True)
LEFT = Person(id="U9", name="Dora", gone=True)
ASKED = tuple(prompt for prompt in PROMPTS if prompt.question)
"""The prompts that are a message in the thread; the others are only a field of the form."""


class InTheirChannels:
    """Memberships as a test says them; whoever has no channels named is in every one."""

    def __init__(self) -> None:
        self.channels: dict[str, set[str]] = {}
        self.guests: set[str] = set()
        self.unsaid: set[str] = set()
        self.archived: set[str] = set()
        self.people: int | None = None
        self.asked: list[tuple[str, str]] = []
        self.counted: list[str] = []
        self.silent = False

    async def includes(self, workspace: str, channel_id: str, person: Person, *, unnamed: bool) -> bool:
        """Whether the test put them there; raises MembershipUnknown when it is `silent`."""
        if self.silent or channel_id in self.unsaid:
            raise MembershipUnknown
        self.asked.append((channel_id, person.id))
        return person.id not in self.channels or channel_id in self.channels[person.id]

    async def check_open(self, workspace: str, channel_id: str) -> None:
        """Nothing: the bot may work in all of them."""

    async def speaks_in(self, workspace: str, channel_id: str) -> bool:
        """In all but those that the test archived; raises MembershipUnknown when it is `silent`."""
        if self.silent:
            raise MembershipUnknown
        return channel_id not in self.archived

    async def is_guest(self, workspace: str, person: Person, *, unnamed: bool) -> bool:
        """Whether the test says so."""
        if self.silent:
            raise MembershipUnknown
        return person.id in self.guests

    async def people_in(self, workspace: str, channel_id: str) -> int | None:
        """As many as the test says."""
        self.counted.append(channel_id)
        return self.people


class Desk:
    """Asks as people do; every request is another moment's, with a key of its own."""

    def __init__(self, database: Database, workspace: str = "test:1", at: datetime = AT) -> None:
        self.database = database
        self.at = at
        self.workspace = workspace
        self.woken = asyncio.Event()
        self.spoken: list[str] = []
        """The keys of all jobs that were said, also those that only edited something."""
        self.deleted: list[str] = []
        """The keys of messages that were said and taken away since."""
        self.memberships = InTheirChannels()
        self.bot = Bot(database, committed=self.woken.set)
        self.bot.memberships[workspace.partition(":")[0]] = self.memberships

    async def ask(
        self,
        person: Person,
        command_name: str,
        about: str = "",
        values: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Reply:
        """One request in #support, unless `more` says otherwise; what a platform causes is heard.

        As from a dialog: no channel is named by the platform, so membership is asked. The answer form
        always says whether to post without a name.
        """
        route = COMMANDS.get(command_name)
        if route is not None and route.command.may_be_unnamed() and values is not None:
            values = {"unnamed": "", **values}
        params = {
            "channel": SUPPORT,
            "at": self.at,
            "key": uuid4().hex,
            "introduced": True,
        }
        params |= {"heard": route is not None and route.command.access == "platform", **more}
        request = Request(
            workspace=self.workspace,
            command_name=command_name,
            person=person,
            about=about,
            values=values,
            **params,
        )
        return await self.bot.answer(request)

    async def fail(self, person: Person = ANA, typed: str = "ZD-4711 Parcel missed twice") -> str:
        """A failed case; returns its label."""
        reply = await self.ask(person, "case.fail", typed=typed)
        assert reply.message is not None, reply
        return reply.message.summary.split()[0]

    async def add_item(self, person: Person = ANA, about: str = "C-1", **values: str) -> str:
        """An action item; returns its label."""
        for known in (ANA, BEN, CLEO, ROBOT, LEFT):
            self.meet(known)
        reply = await self.ask(person, "action_item.add", about, {"what": "Show the notes", **values})
        assert not reply.faults, reply.faults
        with open_work(self.database, self.workspace, writes=False) as work:
            return work.action_items.of_case(number_of(about, "C"))[-1].label

    def meet(self, person: Person) -> None:
        """Lets the bot know somebody."""
        with open_work(self.database, self.workspace, writes=True) as work:
            work.people.remember(person)
            work.commit()

    def item(self, label: str) -> ActionItem:
        """An action item as stored."""
        with open_work(self.database, self.workspace, writes=False) as work:
            item = work.action_items.get(number_of(label, "AI"))
        assert item is not None
        return item

    def retro(self, label: str) -> Retro:
        """A retro as stored."""
        with open_work(self.database, self.workspace, writes=False) as work:
            retro = work.retros.get(number_of(label, "C"))
        assert retro is not None
        return retro

    def team(self) -> Team:
        """The team of #support as stored."""
        with open_work(self.database, self.workspace, writes=False) as work:
            return work.teams.require(SUPPORT.id)

    def ref(self, label: str) -> str:
        """What the buttons of a case carry."""
        return str(self.retro(label).ref)

    def answers(self, label: str) -> Sequence[Answer]:
        """A retro's answers as stored."""
        with open_work(self.database, self.workspace, writes=False) as work:
            return work.retros.answers(number_of(label, "C"))

    def say_all(self, at: datetime = AT) -> Mapping[str, Message]:
        """Lets the clock say everything that waits, to nobody, and returns it by the message's key."""
        queue, said = queue_of(self.database), {}
        while jobs := queue.claim(datetime.max.replace(tzinfo=UTC), "desk", 50):
            for job in jobs:
                message = self._say(job.model_copy(update={"at": at}))
                if message is not None:
                    said[job.key] = message
        return said

    async def tick(self, at: datetime) -> Mapping[str, Message]:
        """Lets the clock look at what is due at `at`, and say it; returns what it said by key."""
        while await self.bot.run_due(self.workspace, at):
            pass
        return self.say_all(at)

    def _say(self, job: Job) -> Message | None:
        self.spoken.append(job.key)
        with open_work(self.database, job.workspace, writes=False) as work:
            message = self.bot.speak(job, work)
            first = work.sent_messages.get(job.key) is None
            follow = self.bot.follow_up_jobs(job, work) if first else ()
        message_ref = MessageRef(
            channel_id=job.channel_id, message=f"m-{job.key}", link=f"https://example.com/{job.key}"
        )
        if isinstance(message, Superseded):
            if not first:
                self.deleted.append(job.key)
            queue_of(self.database).put_away([Ended(job, "done", gone=(job.key, message_ref.message))])
            return None
        queue_of(self.database).finish(job, message_ref if message else None, 0.0, follow)
        return message


def opening(number: int = 1) -> list[str]:
    """The keys of what a retro says when it opens, in its order: itself, and then each prompt."""
    return [f"retro:{number}", *(f"prompt:{number}:{prompt.key}" for prompt in ASKED)]


def looked_after(person: Person) -> list[str]:
    """The keys of all that is said of the first case when somebody looks after its customer."""
    return [*opening(), "recovery:1", f"customer:1:{person.id}"]


A_CASE = len(looked_after(ANA))
"""Messages of a case whose customer somebody looks after."""
IN_THREAD = len(ASKED) + 1
"""Messages in the thread of its retro: each prompt, and the customer's card."""


def words(reply: Reply) -> str:
    """Everything that a reply says, as one text."""
    told = [plain(reply.message)] if reply.message else []
    return "\n".join([*told, *reply.faults.values()])


def reminds(text: str, label: str, words: str) -> bool:
    """Whether a text says this of the item with this label: both on one quiet line, or on two."""
    return re.search(rf"This {re.escape(words)}[^\n]*\n?[^\n]*\b{label}\b", text) is not None


def unkeyed(about: str) -> str:
    """What a button is about, without the key that tells it from another thing of the same number."""
    return re.sub("~[0-9a-f]{8}", "", about)


def reply_found(text: str, thread: str = "m-retro:1") -> SourceMessage:
    """A message in a retro's thread that a shortcut was used on."""
    return SourceMessage(text=text, link="https://example.com/m", thread=thread, author=BEN)
