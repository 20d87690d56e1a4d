"""The demo in the web workspace: its story is played through the adapter, and its notes are shown."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from aiohttp import web

from bot.command import Reply, Request
from bot.demo.notes import NOTES, READER, Note
from bot.domain import message_key
from bot.domain.channel import Channel
from bot.domain.connection import Connection
from bot.domain.person import Person
from bot.ports import ReadOnlyWork, Transactions, UnitOfWork
from bot.repositories import Post
from handlers.web import cookies
from handlers.web.incoming import overheard
from handlers.web.outgoing import WORKSPACE

TOUR, SKIPPED = "tour", "skipped"
"""The cookie that says which note is shown, and what it says when none is."""


@dataclass
class Clock:
    """The time in the story; it is turned by whoever tells it."""

    now: datetime

    def __call__(self) -> datetime:
        """What time it is."""
        return self.now


class Stage:
    """bot.demo.month.House: the web workspace, in which nobody has a browser yet.

    `answer` is the bot's; `say_due` says all that is due by a moment.
    """

    def __init__(
        self,
        clock: Clock,
        transactions: Transactions,
        answer: Callable[[Request], Awaitable[Reply]],
        say_due: Callable[[datetime], Awaitable[object]],
    ) -> None:
        self._clock = clock
        self._transactions = transactions
        self._answer = answer
        self._say_due = say_due

    async def turn(self, at: datetime) -> None:
        """House.turn."""
        self._clock.now = at
        await self._say_due(at)

    async def meet(self, channel: Channel, *people: Person) -> None:
        """House.meet."""

        def meet(work: UnitOfWork) -> None:
            work.channels.remember(channel)
            work.people.remember(*people)

        await self._transactions.write(WORKSPACE, meet)

    async def connect(self, connection: Connection) -> None:
        """House.connect."""

        def connect(work: UnitOfWork) -> None:
            work.connections.add(connection)

        await self._transactions.write(WORKSPACE, connect)

    async def ask(self, request: Request) -> Reply:
        """House.ask."""
        self._clock.now = request.at
        return await self._answer(request)

    async def write(
        self, request: Request, channel: Channel, case_number: int | None, text: str
    ) -> None:
        """House.write, as the composer of a page sends it."""

        def post(work: UnitOfWork) -> Post:
            said = work.sent_messages.get(message_key.retro(case_number)) if case_number else None
            return work.posts.add(
                Post(
                    channel_id=channel.id,
                    thread=int(said.message) if said else None,
                    author=request.person.id,
                    text=text,
                    key=request.key or "",
                    posted_at=request.at,
                )
            )

        posted = await self._transactions.write(WORKSPACE, post)
        if posted.thread is not None:
            await self._answer(overheard(posted, request.person, channel))


class Shown(NamedTuple):
    """A note as a page shows it: `number` `of` all, counted from 1."""

    number: int
    of: int
    title: str
    words: str


@dataclass(frozen=True)
class Tour:
    """The notes that walk a newcomer through the demo; `paths` say where each is read."""

    paths: Sequence[str]
    reader: str = READER.id
    """Whose eyes a newcomer looks through at first."""

    @classmethod
    async def through(cls, cases: Mapping[str, int], transactions: Transactions) -> "Tour":
        """The tour through these cases, whose retros have been said."""

        def paths(work: ReadOnlyWork) -> Sequence[str]:
            return [_path_of(note, cases, work) for note in NOTES]

        return cls(await transactions.read(WORKSPACE, paths))

    def note(self, request: web.BaseRequest) -> Shown | None:
        """The note that this browser has come to; None when it skipped them."""
        step = self.step(cookies.kept(request, TOUR, "1"))
        return Shown(step, len(NOTES), NOTES[step - 1].title, NOTES[step - 1].words) if step else None

    def step(self, text: str) -> int | None:
        """The number of a note, or 0 to skip them; None for what is neither."""
        if text == SKIPPED:
            return 0
        return next((step for step in range(1, len(NOTES) + 1) if text == str(step)), None)


def _path_of(note: Note, cases: Mapping[str, int], work: ReadOnlyWork) -> str:
    if note.where not in cases:
        return f"/p/{quote(note.where, safe='')}" if note.where else "/dm"
    if note.at_item:
        key = message_key.item(work.action_items.of_case(cases[note.where])[0].number)
    else:
        key = message_key.retro(cases[note.where])
    link = urlsplit(work.sent_messages.among({key})[key].link or "")
    return f"{link.path}#{link.fragment}" if note.at_item else link.path
