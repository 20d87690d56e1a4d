"""What a tick would say: the clock runs on a copy of the database, and speaks to nobody."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import NamedTuple

from bot.bot import Bot
from bot.domain import message_key, note
from bot.domain.job import Job, MessageRef, minute
from bot.domain.person import Person
from bot.domain.reminder import SentReminder, parse_label
from bot.messages.parts import Message, one_line
from bot.ports import Delivery, Limits, ReadOnlyWork, Transactions
from handlers.worker import Worker

IF_NOT_THERE = " (unless it is there already)"
"""After words of which nobody knows whether they were said before."""

Name = tuple[str, str]  # workspace, and a key or somebody's id


@dataclass(frozen=True, order=True)
class Foretold:
    """One new message: since when it is due, where or to whom it goes, and its first words."""

    due_at: datetime
    whom: str
    words: str

    def __str__(self) -> str:
        return f"{self.due_at:%Y-%m-%d %H:%M} UTC  {self.whom}: {self.words}"


@dataclass(frozen=True)
class Forecast:
    """What would be said, in order; how many messages would come out how, as a tick counts them.

    `secret` is how many of them are not among the lines, because they are their reader's alone.
    """

    lines: Sequence[Foretold] = ()
    outcomes: Mapping[str, int] = field(default_factory=dict)
    secret: int = 0


class Overheard(Bot):
    """The bot; the jobs whose words it was asked for are noted."""

    def __init__(self, transactions: Transactions) -> None:
        super().__init__(transactions, lambda: None)
        self.jobs: dict[Name, Job] = {}

    def speak(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Its words; the job is noted, whether it has any or not."""
        self.jobs[job.workspace, job.key] = job
        return super().speak(job, work)


class Noted(NamedTuple):
    """A message that would be new, and whether it may be there already: nobody was asked."""

    job: Job
    delivery: Delivery
    doubted: bool


class Recorder:
    """ports.Messenger that notes what is new and says nothing; the platform's pace does not matter."""

    def __init__(self, limits: Limits, bot: Overheard, noted: list[Noted]) -> None:
        self.limits = limits.at(0)
        self._bot = bot
        self._noted = noted
        self._looked_for: set[str] = set()

    async def say(self, delivery: Delivery) -> MessageRef:
        """Notes it."""
        job = self._bot.jobs[delivery.workspace, delivery.key]
        self._noted.append(Noted(job, delivery, delivery.key in self._looked_for))
        return MessageRef(channel_id=delivery.channel.id, message=delivery.key)

    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        """Nothing: nobody hears of an edit."""
        return message_ref

    async def delete(self, delivery: Delivery, message_ref: MessageRef) -> None:
        """Nothing."""

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        """Finds nothing, because nobody is asked."""
        self._looked_for.add(delivery.key)
        return None


async def foretell(copy: Transactions, platforms: Mapping[str, Limits], by: datetime) -> Forecast:
    """What a tick by then would say on these platforms, if all of it gets through; changes the copy."""
    noted: list[Noted] = []
    bot = Overheard(copy)
    recorders = {platform: Recorder(limits, bot, noted) for platform, limits in platforms.items()}
    worker = Worker(bot, copy, recorders, asyncio.Event())
    await worker.take_in_restored()
    outcomes = await worker.run_due(by)
    await worker.stop()
    shown = [one for one in noted if not bot.is_secret(one.job)]
    people = await _people({(one.job.workspace, one.job.channel_id) for one in shown}, copy)
    gathered = await _gathered({(one.job.workspace, one.job.key) for one in shown}, copy)
    several = len({one.job.workspace for one in shown}) > 1
    lines = [
        Foretold(
            # The minute, and the alphabet within it: nothing of the order in which answers came.
            due_at=minute(one.job.due_at),
            whom=_printable(_whom(one, people) + (f" ({one.job.workspace})" if several else "")),
            words=_first_words(one, gathered.get((one.job.workspace, one.job.key), ())),
        )
        for one in shown
    ]
    return Forecast(tuple(sorted(lines)), outcomes, len(noted) - len(shown))


async def _people(ids: Iterable[Name], copy: Transactions) -> Mapping[Name, str]:
    """What people are called, by workspace and id; who is not known is left out."""
    names: dict[Name, str] = {}
    for workspace, some in groupby(sorted(ids), lambda name: name[0]):
        wanted = {id for _, id in some}
        found = await copy.read(workspace, partial(_among, wanted))
        names |= {(workspace, id): person.name for id, person in found.items()}
    return names


def _among(ids: Collection[str], work: ReadOnlyWork) -> Mapping[str, Person]:
    return work.people.among(ids)


async def _gathered(keys: Iterable[Name], copy: Transactions) -> Mapping[Name, Sequence[str]]:
    """What one message reminds of, as people know it, where that is more than one thing."""
    gathered: dict[Name, Sequence[str]] = {}
    for workspace, some in groupby(sorted(keys), lambda name: name[0]):
        about: dict[str, dict[str, None]] = defaultdict(dict)
        for sent in await copy.read(workspace, partial(_reminders_in, {key for _, key in some})):
            kind, number = parse_label(sent.about)
            about[sent.message][f"{'AI' if kind == 'AI' else 'C'}-{number}"] = None
        gathered |= {(workspace, key): tuple(things) for key, things in about.items() if len(things) > 1}
    return gathered


def _reminders_in(keys: Collection[str], work: ReadOnlyWork) -> Sequence[SentReminder]:
    return work.reminders.in_messages(keys)


def _whom(one: Noted, people: Mapping[Name, str]) -> str:
    """Somebody by name, a channel, or a thread in it."""
    job, channel = one.job, one.delivery.channel
    if job.direct:
        return people.get((job.workspace, job.channel_id), job.channel_id)
    if note.is_channel(job.channel_id):
        return "a ticket in a helpdesk"
    if job.thread is None:
        return f"#{channel.name}"
    case_number = message_key.retro_of(job.thread)
    return f"#{channel.name}, in " + (f"the thread of C-{case_number}" if case_number else "a thread")


def _first_words(one: Noted, gathered: Sequence[str]) -> str:
    words = _printable(one.delivery.message.summary)
    if gathered:
        words += f" ({', '.join(gathered)})"
    return words + IF_NOT_THERE if one.doubted else words


def _printable(text: str) -> str:
    """One line of it: what somebody wrote, or is called, must not steer the terminal it is read in."""
    return "".join(letter for letter in one_line(text) if letter.isprintable())
