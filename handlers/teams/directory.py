"""Who people are, what channels are called, and how to reach both: learnt on every visit, and kept."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from bot.ports import MembershipUnknown, Transactions, UnitOfWork
from bot.request import Person, Place, Request
from handlers.payload import Payload, text_at
from handlers.teams import incoming
from handlers.teams.connector import FAILED, Connector, Declined, why
from handlers.teams.memberships import Member, TeamsMemberships, member_of

log = logging.getLogger(__name__)

ASK_SECONDS = 1.0
"""Longest wait for Teams' word about a name or a person: clicks are answered within three seconds."""
MOST_KNOWN = 10_000
UNNAMED = "a channel"
"""What a channel is called whose name Teams does not tell."""

STRANGER = "This person is not in the team in Teams: add them to it first, or choose somebody else."
SILENT = "Teams did not say in time who this is. Please try again."


class Met(NamedTuple):
    """A request with everybody and its place as they are known; `faults` says who is not.

    `people` are those whom the form's people pickers named, by the picker's own ids.
    """

    request: Request
    people: Mapping[str, Person]
    faults: Mapping[str, str]


class Directory:
    """What it takes to speak to people and places first, stored when it changes.

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
        self._kept: dict[tuple[str, str], Place] = {}

    async def introduce(self, request: Request, body: Payload) -> Met:
        """Stores how to reach who asks and where; finds out the place's name and the people named."""
        way = incoming.origin(body)
        self._connector.visited(way.tenant, way.service_url)
        here = incoming.channel_place(body)
        if not request.unnamed and not incoming.only_opens(body):
            # Whoever asks not to be named leaves no row that changes as their words arrive; and who
            # opens a form may be about to ask for that.
            await self.keep(request.workspace, incoming.direct_place(body))
        here = here and await self._named(request.workspace, here)
        place = await self._place(request, here)
        request = request.model_copy(update={"place": place})
        pickers = incoming.person_fields(body)
        if request.values is None or not pickers:
            return Met(request, {}, {})
        return await self._people(request, pickers)

    async def keep(self, workspace: str, place: Place, *, welcome: bool = False) -> Place:
        """Stores a place's reference, added to what is known of it; `welcome`: what was given up
        there gets another try."""
        known = self._kept.get((workspace, place.id))
        if known is not None and not welcome and _added(known, place) == known:
            return known

        def remember(work: UnitOfWork) -> tuple[Place, bool]:
            now = _added(work.places.get(place.id), place)
            work.places.remember(now)
            if welcome:
                work.jobs.revive(place.id)
            return now, work.owes

        now, owes = await self._transactions.write(workspace, remember)
        if owes:
            self._committed()
        self._kept[workspace, place.id] = now
        if len(self._kept) > MOST_KNOWN:
            del self._kept[next(iter(self._kept))]
        return now

    async def hears(self, workspace: str, place: Place) -> None:
        """Notes that the bot hears a channel without being mentioned: its team's owner granted that."""
        known = self._kept.get((workspace, place.id))
        if known is None:
            known = await self._transactions.read(workspace, lambda work: work.places.get(place.id))
        if known is not None and "hears" not in known.reference:
            await self.keep(workspace, known.model_copy(update={"reference": {"hears": "yes"}}))

    async def rename(self, workspace: str, place: Place) -> None:
        """Notes a channel's new name, where it is one that we know."""
        known = await self._transactions.read(workspace, lambda work: work.places.get(place.id))
        if known is not None and place.name:
            await self.keep(workspace, place)

    async def begins_retro(self, request: Request) -> bool:
        """Whether the thread of a plain reply is one of ours; the others are nobody's business."""
        if request.place is None:
            return False
        place = request.place.id
        key = await self._transactions.read(
            request.workspace, lambda work: work.said.key_of(place, request.about)
        )
        return key is not None and key.startswith("retro:")

    async def _place(self, request: Request, here: Place | None) -> Place | None:
        place = request.place
        if place is None or place.kind == "direct" or (here and here.id == place.id):
            return here or place
        asked = place.id
        known = await self._transactions.read(request.workspace, lambda work: work.places.get(asked))
        # It travelled through a client: what we have not met, or somebody's own chat, is not believed.
        return known if known is not None and known.kind == "shared" else here

    async def _named(self, workspace: str, place: Place) -> Place:
        known = self._kept.get((workspace, place.id))
        if known is None:
            known = await self._transactions.read(workspace, lambda work: work.places.get(place.id))
        if not place.name and (known is None or known.name in ("", UNNAMED)):
            place = place.model_copy(update={"name": await self._name(place)})
        return await self.keep(workspace, place)

    async def _name(self, place: Place) -> str:
        way, team = place.reference, place.reference.get("team_id", "")
        if not team:
            return UNNAMED
        try:
            async with asyncio.timeout(ASK_SECONDS):
                if team == place.id:
                    return text_at(await self._connector.team(way, team), "name") or UNNAMED
                channels = await self._connector.channels(way, team)
        except FAILED as error:
            log.warning("a channel's name could not be asked: %s", why(error))
            return UNNAMED
        return (
            next((text_at(one, "name") for one in channels if one.get("id") == place.id), "") or UNNAMED
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
                strange = isinstance(error, Declined) and error.status in (400, 403, 404)
                log.info("a chosen person could not be looked up: %s", why(error))
                faults[field] = STRANGER if strange else SILENT
                continue
            if person is None:
                faults[field] = STRANGER
                continue
            values[field], people[picked] = person.id, person
        found = tuple(people.values())
        return Met(request.model_copy(update={"values": values, "people": found}), people, faults)

    async def _person(self, request: Request, picked: str) -> Person | None:
        """Who was picked: somebody we know, by Teams' id for bots or by the picker's; or a member."""
        known = await self._known(request.workspace, picked)
        place = request.place
        if known is not None or place is None or place.kind == "direct":
            return known or Person(id=picked, name=incoming.SOMEBODY)
        if not await self._may_ask(request, place):
            return None
        member = await self._member(request.workspace, place, picked)
        if member is None:
            return None
        way = place.reference
        reference = {key: way[key] for key in ("service_url", "tenant_id", "bot_id") if key in way}
        reference |= {"aad_object_id": member.aad} if member.aad else {}
        name = member.name or incoming.SOMEBODY
        own = Place(id=member.id, name=name, kind="direct", reference=reference)
        await self.keep(request.workspace, own)
        return Person(id=member.id, name=name)

    async def _known(self, workspace: str, picked: str) -> Person | None:
        def look(work: UnitOfWork) -> Person | None:
            if person := work.people.get(picked):
                return person
            chat = work.places.direct_with("aad_object_id", picked)
            if chat is None:
                return None
            return work.people.get(chat.id) or Person(id=chat.id, name=chat.name)

        return await self._transactions.read(workspace, look)

    async def _may_ask(self, request: Request, place: Place) -> bool:
        """Whether they may learn who is in a place: only who is in it themself. The bot asks again."""
        return request.here == place.id or await self._memberships.includes(
            request.workspace, place.id, request.person, unnamed=request.unnamed
        )

    async def _member(self, workspace: str, place: Place, picked: str) -> Member | None:
        """From the roster, which has both ids even where a single member is only known by one."""
        try:
            member = await self._memberships.member(workspace, place.id, picked)
        except MembershipUnknown:
            member = None
        if member is not None:
            return member
        way = place.reference
        async with asyncio.timeout(ASK_SECONDS):
            told = await self._connector.member(way, way.get("conversation_id", place.id), picked)
        return member_of(told)


def _added(before: Place | None, now: Place) -> Place:
    """A place with what was known of it before and is not told now."""
    if before is None:
        return now
    reference = {**before.reference, **now.reference}
    return now.model_copy(update={"name": now.name or before.name, "reference": reference})
