"""Names of people and channels and how to reach them: learnt from every request, and stored."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bot.command import Request
from bot.domain import message_key
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.ports import MembershipUnknown, ReadOnlyWork, Transactions, UnitOfWork
from bot.routes import is_unnamed
from handlers.payload import Payload, text_at
from handlers.teams import incoming
from handlers.teams.connector import FAILED, Connector, ConnectorError, why
from handlers.teams.memberships import Member, TeamsMemberships, member_of

log = logging.getLogger(__name__)

ASK_SECONDS = 1.0
"""Longest wait for Teams' word about a name or a person: clicks are answered within three seconds."""
MAX_KNOWN = 10_000
UNNAMED = "a channel"
"""What a channel is called whose name Teams does not tell."""

STRANGER = "This person is not in the team in Teams: add them to it first, or choose somebody else."
SILENT = "Teams did not say in time who this is. Please try again."


class Met(NamedTuple):
    """A request with its people and channel resolved; `faults` says whom nobody could find.

    `people` are those whom the form's people pickers named, by the picker's own ids.
    """

    request: Request
    people: Mapping[str, Person]
    faults: Mapping[str, str]


class Directory:
    """The references that are needed to write to people and channels, stored when they change.

    `committed` is called after a change that owes messages, so that a worker can speak at once.
    """

    def __init__(
        self,
        connector: Connector,
        transactions: Transactions,
        memberships: TeamsMemberships,
        committed: Callable[[], None],
    ) -> None:
        self._connector = connector
        self._transactions = transactions
        self._memberships = memberships
        self._committed = committed
        self._kept: dict[tuple[str, str], Channel] = {}

    async def resolve_people(self, request: Request, body: Payload) -> Met:
        """Stores how to reach who asks and where; finds out the channel's name and the people named."""
        way = incoming.origin(body)
        self._connector.visited(way.tenant, way.service_url)
        here = incoming.shared_channel(body)
        if not is_unnamed(request) and not incoming.only_opens(body):
            # Whoever asks not to be named leaves no row that changes as their words arrive; and who
            # opens a form may be about to ask for that.
            await self.keep(request.workspace, incoming.direct_channel(body))
        here = here and await self._named(request.workspace, here)
        channel = await self._channel(request, here)
        request = request.model_copy(update={"channel": channel})
        pickers = incoming.person_fields(body)
        if request.values is None or not pickers:
            return Met(request, {}, {})
        return await self._people(request, pickers)

    async def keep(self, workspace: str, channel: Channel, *, welcome: bool = False) -> Channel:
        """Stores a channel's reference, added to what is known of it; `welcome`: what was given up
        there gets another try."""
        kept = self._kept.get((workspace, channel.id))
        if kept is not None and not welcome and _added(kept, channel) == kept:
            return kept

        def remember(work: UnitOfWork) -> tuple[Channel, bool]:
            now = _added(work.channels.get(channel.id), channel)
            work.channels.remember(now)
            if welcome:
                work.jobs.retry_dead(channel.id)
            return now, work.owes

        now, owes = await self._transactions.write(workspace, remember)
        if owes:
            self._committed()
        self._kept[workspace, channel.id] = now
        if len(self._kept) > MAX_KNOWN:
            del self._kept[next(iter(self._kept))]
        return now

    async def hears(self, workspace: str, channel: Channel) -> None:
        """Notes that the bot hears a channel without being mentioned: its team's owner granted that."""
        stored = self._kept.get((workspace, channel.id))
        if stored is None:
            stored = await self._transactions.read(workspace, lambda work: work.channels.get(channel.id))
        if stored is not None and "hears" not in stored.reference:
            await self.keep(workspace, stored.model_copy(update={"reference": {"hears": "yes"}}))

    async def channels_of(self, workspace: str, team: str) -> Sequence[Channel]:
        """The channels of a team that we know."""
        channels = await self._transactions.read(workspace, lambda work: work.channels.all())
        return [channel for channel in channels if channel.reference.get("team_id") == team]

    async def begins_retro(self, request: Request) -> bool:
        """Whether the thread of a plain reply is one of ours; the others are nobody's business."""
        if request.channel is None:
            return False
        channel_id = request.channel.id
        key = await self._transactions.read(
            request.workspace, lambda work: work.sent_messages.key_of(channel_id, request.about)
        )
        return message_key.retro_of(key) is not None

    async def _channel(self, request: Request, here: Channel | None) -> Channel | None:
        channel = request.channel
        if channel is None or channel.kind == "direct" or (here and here.id == channel.id):
            return here or channel
        channel_id = channel.id
        stored = await self._transactions.read(
            request.workspace, lambda work: work.channels.get(channel_id)
        )
        # It travelled through a client: what we have not met, or somebody's own chat, is not believed.
        return stored if stored is not None and stored.kind == "shared" else here

    async def _named(self, workspace: str, channel: Channel) -> Channel:
        stored = self._kept.get((workspace, channel.id))
        if stored is None:
            stored = await self._transactions.read(workspace, lambda work: work.channels.get(channel.id))
        if not channel.name and (stored is None or stored.name in ("", UNNAMED)):
            channel = channel.model_copy(update={"name": await self._name(channel)})
        return await self.keep(workspace, channel)

    async def _name(self, channel: Channel) -> str:
        way, team = channel.reference, channel.reference.get("team_id", "")
        if not team:
            return UNNAMED
        try:
            async with asyncio.timeout(ASK_SECONDS):
                if team == channel.id:
                    return text_at(await self._connector.team(way, team), "name") or UNNAMED
                channels = await self._connector.channels(way, team)
        except FAILED as error:
            log.warning("a channel's name could not be asked: %s", why(error))
            return UNNAMED
        return (
            next((text_at(listed, "name") for listed in channels if listed.get("id") == channel.id), "")
            or UNNAMED
        )

    async def _people(self, request: Request, pickers: list[str]) -> Met:
        values, people, faults = dict(request.values or {}), dict[str, Person](), dict[str, str]()
        for field in pickers:
            if not (picked := values.get(field, "")):
                continue
            try:
                person = await self._person(request, picked)
            except MembershipUnknown:
                faults[field] = SILENT
                continue
            except FAILED as error:
                strange = isinstance(error, ConnectorError) and error.status in (400, 403, 404)
                log.info("a chosen person could not be looked up: %s", why(error))
                faults[field] = STRANGER if strange else SILENT
                continue
            if person is None:
                faults[field] = STRANGER
                continue
            values[field], people[picked] = person.id, person
        persons = tuple(people.values())
        return Met(request.model_copy(update={"values": values, "people": persons}), people, faults)

    async def _person(self, request: Request, picked: str) -> Person | None:
        """Who was picked: somebody we know, by Teams' id for bots or by the picker's; or a member."""
        person = await self._known(request.workspace, picked)
        channel = request.channel
        if person is not None or channel is None or channel.kind == "direct":
            return person or Person(id=picked, name=incoming.SOMEBODY)
        if not await self._may_ask(request, channel):
            return None
        member = await self._member(request.workspace, channel, picked)
        if member is None:
            return None
        way = channel.reference
        reference = {key: way[key] for key in ("service_url", "tenant_id", "bot_id") if key in way}
        reference |= {"aad_object_id": member.aad} if member.aad else {}
        name = member.name or incoming.SOMEBODY
        own = Channel(id=member.id, name=name, kind="direct", reference=reference)
        await self.keep(request.workspace, own)
        return Person(id=member.id, name=name)

    async def _known(self, workspace: str, picked: str) -> Person | None:
        def look(work: ReadOnlyWork) -> Person | None:
            if person := work.people.get(picked):
                return person
            chat = work.channels.direct_with("aad_object_id", picked)
            if chat is None:
                return None
            return work.people.get(chat.id) or Person(id=chat.id, name=chat.name)

        return await self._transactions.read(workspace, look)

    async def _may_ask(self, request: Request, channel: Channel) -> bool:
        """Whether they may learn who is in a channel: only who is in it themself. The bot asks again."""
        return request.here == channel.id or await self._memberships.includes(
            request.workspace, channel.id, request.person, unnamed=is_unnamed(request)
        )

    async def _member(self, workspace: str, channel: Channel, picked: str) -> Member | None:
        """From the roster, which has both ids even where a single member is only known by one."""
        try:
            member = await self._memberships.member(workspace, channel.id, picked)
        except MembershipUnknown:
            member = None
        if member is not None:
            return member
        way = channel.reference
        async with asyncio.timeout(ASK_SECONDS):
            answer = await self._connector.member(way, way.get("conversation_id", channel.id), picked)
        return member_of(answer)


def _added(before: Channel | None, now: Channel) -> Channel:
    """A channel, completed by what was known of it before."""
    if before is None:
        return now
    reference = {**before.reference, **now.reference}
    return now.model_copy(update={"name": now.name or before.name, "reference": reference})
