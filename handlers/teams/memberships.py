"""Who is in which channel, as Teams' own rosters say: asked page by page, and kept for minutes.

A private or a shared channel has a roster of its own, under the channel's id as every other; a
roster names nobody who asks, so it is the same for those who asked not to be named.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bot.access import MembershipUnknown
from bot.ports import OpenWork
from bot.request import Person, Place
from handlers.teams.connector import FAILED, Connector, Declined, why
from handlers.teams.incoming import base

log = logging.getLogger(__name__)

HOLDS_SECONDS = 300.0
"""How long a roster is believed; what Teams tells of people who come and go ends it earlier."""
ASK_SECONDS = 1.0
"""Longest wait for a roster: a click is answered within three. It is read on for whoever asks next."""
READ_SECONDS = 60.0
MOST_PAGES = 100
"""Twice the largest team that Teams allows (25,000 people), in pages of 500."""
MOST_KEPT = 500


class Member(NamedTuple):
    """Somebody in a channel: by Teams' id for bots, by the id that people pickers give, by name."""

    id: str
    aad: str
    name: str


class Roster(NamedTuple):
    """Everybody in a channel, by either of their ids, and how many they are."""

    members: Mapping[str, Member]
    people: int


BOT = "28:"
"""How the ids of bots begin."""
UNMET = Roster({}, 0)
"""A channel that the bot was never in, or somebody's own chat: nobody else belongs to it."""


class _Asked(NamedTuple):
    """A roster that is being read, or was."""

    at: float
    reading: asyncio.Task[Roster]

    @property
    def spoiled(self) -> bool:
        """Whether it came to nothing, so that it is worth another try."""
        if not self.reading.done():
            return False
        return bool(self.reading.cancelled() or self.reading.exception()) or (
            self.reading.result() is UNMET
        )


class TeamsMemberships:
    """access.Memberships for every tenant that may use the app."""

    def __init__(
        self, connector: Connector, open_work: OpenWork, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connector = connector
        self._open_work = open_work
        self._clock = clock
        self._rosters: dict[tuple[str, str], _Asked] = {}
        self._reading: set[asyncio.Task[Roster]] = set()

    async def includes(self, workspace: str, channel: str, person: Person, *, unnamed: bool) -> bool:
        """Whether the channel's roster has this person; raises MembershipUnknown."""
        if channel == person.id:
            return True
        return person.id in (await self._roster(workspace, channel)).members

    async def people_in(self, workspace: str, channel: str) -> int | None:
        """How many people are in the channel; None when Teams does not say just now."""
        try:
            roster = await self._roster(workspace, channel)
        except MembershipUnknown:
            return None
        return None if roster is UNMET else roster.people

    async def member(self, workspace: str, channel: str, id: str) -> Member | None:
        """Somebody in the channel, by either of their ids; raises MembershipUnknown."""
        return (await self._roster(workspace, channel)).members.get(id)

    async def theirs(self, workspace: str, places: Sequence[Place], person: Person) -> list[Place]:
        """Those of the places that this person is in, all asked at once.

        A place that Teams says nothing about just now is not among them.
        """

        async def is_in(place: Place) -> bool:
            try:
                return person.id in (await self._roster(workspace, place.id, place)).members
            except MembershipUnknown:
                return False

        answers = await asyncio.gather(*(is_in(place) for place in places))
        return [place for place, yes in zip(places, answers, strict=True) if yes]

    def forget(self, workspace: str) -> None:
        """Lets every roster of a tenant be asked again: somebody came or went.

        All of them, because who joins one team may join another team's shared channel with it.
        """
        for key in [key for key in self._rosters if key[0] == workspace]:
            del self._rosters[key]

    async def close(self) -> None:
        """Ends what is still being read."""
        for reading in self._reading:
            reading.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    async def _roster(self, workspace: str, channel: str, place: Place | None = None) -> Roster:
        """The roster at hand, or the one that is being read for whoever asked first."""
        asked = self._rosters.get((workspace, channel))
        if asked is None or asked.spoiled or self._clock() - asked.at >= HOLDS_SECONDS:
            asked = self._begin(workspace, channel, place)
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await asyncio.shield(asked.reading)
        except TimeoutError:
            raise MembershipUnknown from None

    def _begin(self, workspace: str, channel: str, place: Place | None) -> _Asked:
        now = self._clock()
        fresh = {key: one for key, one in self._rosters.items() if now - one.at < HOLDS_SECONDS}
        self._rosters = dict(list(fresh.items())[-MOST_KEPT:])
        reading = asyncio.create_task(self._read(workspace, channel, place))
        self._reading.add(reading)
        reading.add_done_callback(self._ended)
        asked = self._rosters[workspace, channel] = _Asked(now, reading)
        return asked

    def _ended(self, reading: asyncio.Task[Roster]) -> None:
        self._reading.discard(reading)
        if not reading.cancelled():
            reading.exception()  # looked at: whoever asked may have stopped waiting

    async def _read(self, workspace: str, channel: str, place: Place | None) -> Roster:
        if place is None:
            async with self._open_work(workspace, writes=False) as work:
                place = await work.places.get(channel)
        if place is None or place.kind == "direct":
            return UNMET
        if not place.reference.get("service_url"):
            raise MembershipUnknown
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await self._pages(place)
        except FAILED as error:
            # A private channel's may be refused to us (403, 404): then nobody says who is in it.
            log.warning("a roster could not be read: %s", why(error))
            raise MembershipUnknown from None

    async def _pages(self, place: Place) -> Roster:
        way, members, after = place.reference, dict[str, Member](), ""
        people: set[str] = set()
        for _ in range(MOST_PAGES):
            page = await self._connector.roster(way, base(way.get("conversation_id") or place.id), after)
            found = page.get("members")
            if not isinstance(found, list):
                raise Declined(502, "a page without members")
            for member in filter(None, map(member_of, found)):
                people.add(member.id)
                members |= {id: member for id in (member.id, member.aad) if id}
            after = str(page.get("continuationToken") or "")
            if not after:
                return Roster(members, len(people))
        raise Declined(502, "a roster without an end")


def member_of(told: object) -> Member | None:
    """Somebody as the connector tells them; None for what is no person."""
    if not isinstance(told, Mapping):
        return None
    id, aad, name = (
        value if isinstance(value, str) else ""
        for value in (told.get("id"), told.get("aadObjectId") or told.get("objectId"), told.get("name"))
    )
    return Member(id, aad, name) if id and not id.startswith(BOT) else None
