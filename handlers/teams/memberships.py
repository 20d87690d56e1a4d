"""Who is in which channel, as Teams' own rosters say: asked page by page, and kept for minutes.

A private or a shared channel has a roster of its own, under the channel's id as every other; a
roster names nobody who asks, so it is the same for those who asked not to be named.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.ports import MembershipUnknown, Transactions
from handlers.remembered import Remembered
from handlers.teams.connector import FAILED, Connector, ConnectorError, why
from handlers.teams.incoming import base

log = logging.getLogger(__name__)

HOLDS_SECONDS = 300.0
"""How long a roster is believed; what Teams tells of people who come and go ends it earlier."""
ASK_SECONDS = 1.0
"""Longest wait for a roster: a click is answered within three. It is read on for whoever asks next."""
READ_SECONDS = 60.0
MAX_PAGES = 100
"""Twice the largest team that Teams allows (25,000 people), in pages of 500."""
MAX_KEPT = 500


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


REFUSED = Roster({}, 0)
"""A channel whose roster we do not get: a private one's perhaps, or one that we were removed from."""


class Theirs(NamedTuple):
    """The channels that somebody is in; `unchecked`: of some more, Teams does not say just now."""

    channels: list[Channel]
    unchecked: bool


@dataclass(frozen=True)
class _RosterKey:
    """A channel whose roster is asked for, with its channel where that was read already."""

    workspace: str
    id: str
    channel: Channel | None = field(default=None, compare=False)


class TeamsMemberships:
    """ports.Memberships for every tenant that may use the app."""

    def __init__(
        self,
        connector: Connector,
        transactions: Transactions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connector = connector
        self._transactions = transactions
        self._rosters = Remembered(self._read, HOLDS_SECONDS, clock, MAX_KEPT)

    async def includes(self, workspace: str, channel_id: str, person: Person, *, unnamed: bool) -> bool:
        """Whether the channel's roster has this person; raises MembershipUnknown."""
        if channel_id == person.id:
            return True
        return person.id in (await self._roster(workspace, channel_id)).members

    async def check_open(self, workspace: str, channel_id: str) -> None:
        """Nothing: there is no channel here in which the bot may not work."""

    async def speaks_in(self, workspace: str, channel_id: str) -> bool:
        """Whether Teams shows us the channel's roster; raises MembershipUnknown after a second."""
        roster = await self._roster_in_time(_RosterKey(workspace, channel_id))
        if roster is None:
            raise MembershipUnknown
        return roster is not UNMET and roster is not REFUSED

    async def is_guest(self, workspace: str, person: Person, *, unnamed: bool) -> bool:
        """Always False: Teams says who is a guest only in the rosters that they are in."""
        return False

    async def people_in(self, workspace: str, channel_id: str) -> int | None:
        """How many people are in the channel; None when Teams does not say just now."""
        try:
            roster = await self._roster(workspace, channel_id)
        except MembershipUnknown:
            return None
        return None if roster is UNMET else roster.people

    async def member(self, workspace: str, channel_id: str, id: str) -> Member | None:
        """Somebody in the channel, by either of their ids; raises MembershipUnknown."""
        return (await self._roster(workspace, channel_id)).members.get(id)

    async def theirs(self, workspace: str, channels: Sequence[Channel], person: Person) -> Theirs:
        """Those of the channels that this person is in, all asked at once."""
        keys = [_RosterKey(workspace, channel.id, channel) for channel in channels]
        rosters = await asyncio.gather(*map(self._roster_in_time, keys))
        pairs = zip(channels, rosters, strict=True)
        inside = [channel for channel, roster in pairs if roster and person.id in roster.members]
        return Theirs(inside, None in rosters)

    def forget(self, workspace: str) -> None:
        """Lets every roster of a tenant be asked again: somebody came or went.

        All of them, because who joins one team may join another team's shared channel with it.
        """
        self._rosters.forget_all(lambda roster_key: roster_key.workspace == workspace)

    async def close(self) -> None:
        """Ends what is still being read."""
        await self._rosters.close()

    async def _roster(self, workspace: str, channel_id: str) -> Roster:
        roster = await self._roster_in_time(_RosterKey(workspace, channel_id))
        if roster is None or roster is REFUSED:
            raise MembershipUnknown
        return roster

    async def _roster_in_time(self, roster_key: _RosterKey) -> Roster | None:
        """The roster at hand, or the one being read for whoever asked first; None after a second."""
        roster = self._rosters.known(roster_key)
        if roster is UNMET or roster is REFUSED:
            self._rosters.forget(roster_key)  # the bot may have been added meanwhile
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self._rosters.get(roster_key)
        except TimeoutError:
            return None

    async def _read(self, roster_key: _RosterKey) -> Roster | None:
        """Everybody in a channel; None when Teams does not send every page just now."""
        channel = roster_key.channel
        if channel is None:
            channel = await self._transactions.read(
                roster_key.workspace, lambda work: work.channels.get(roster_key.id)
            )
        if channel is None or channel.kind == "direct":
            return UNMET
        if not channel.reference.get("service_url"):
            return REFUSED
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await self._pages(channel)
        except FAILED as error:
            log.warning("a roster could not be read: %s", why(error))
            refused = isinstance(error, ConnectorError) and error.status in (403, 404)
            return REFUSED if refused else None

    async def _pages(self, channel: Channel) -> Roster:
        way, members, after = channel.reference, dict[str, Member](), ""
        people: set[str] = set()
        for _ in range(MAX_PAGES):
            page = await self._connector.roster(
                way, base(way.get("conversation_id") or channel.id), after
            )
            listed = page.get("members")
            if not isinstance(listed, list):
                raise ConnectorError(502, "a page without members")
            for member in filter(None, map(member_of, listed)):
                people.add(member.id)
                members |= {id: member for id in (member.id, member.aad) if id}
            after = str(page.get("continuationToken") or "")
            if not after:
                return Roster(members, len(people))
        raise ConnectorError(502, "a roster without an end")


def member_of(entry: object) -> Member | None:
    """A member from an entry of a roster; None for what is no person."""
    if not isinstance(entry, Mapping):
        return None
    id, aad, name = (
        value if isinstance(value, str) else ""
        for value in (
            entry.get("id"),
            entry.get("aadObjectId") or entry.get("objectId"),
            entry.get("name"),
        )
    )
    return Member(id, aad, name) if id and not id.startswith(BOT) else None
