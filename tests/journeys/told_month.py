"""The demo's months of the parcel shop, as if Amends had been at work there in Slack or in Teams."""

import asyncio
from datetime import datetime

from bot.bot import Bot
from bot.command import Reply, Request
from bot.demo import month
from bot.demo.story import PARCELS, PEOPLE
from bot.domain.channel import Channel
from bot.domain.connection import Connection
from bot.domain.job import MessageRef
from bot.domain.person import Person
from bot.ports import Delivery, Limits
from handlers.web.demo import Clock
from handlers.web.memberships import Everybody
from handlers.worker import Worker
from storage.database import Database
from tests.journeys.platforms import ZONE, InSlack, InTeams, now

STORIES = [story for story in month.STORIES if story.channel == PARCELS]
TEAM = ("Mina", "Jonas", "Pia")


class Before:
    """ports.Messenger: what it says has stood there for long, so that telling months takes no calls."""

    limits = Limits()

    def __init__(self, platform: InSlack | InTeams) -> None:
        self._platform = platform

    async def say(self, delivery: Delivery) -> MessageRef:
        """Messenger.say."""
        return self._platform.stood(delivery)

    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        """Messenger.edit: Amends edits it once it is needed."""
        return message_ref

    async def delete(self, delivery: Delivery, message_ref: MessageRef) -> None:
        """Messenger.delete."""

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        """Messenger.find: it is never unsure."""


class OnPlatform:
    """bot.demo.month.House: what is asked there at times of the story, and what Amends says of it."""

    def __init__(self, platform: InSlack | InTeams, clock: Clock, bot: Bot, worker: Worker) -> None:
        self._platform, self._clock, self._bot, self._worker = platform, clock, bot, worker
        self._channel = Channel(id=platform.channels[PARCELS.name].id, name=PARCELS.name)
        self._people = {
            one.id: Person(id=platform.people[one.name].id, name=one.name, zone=ZONE)
            for one in PEOPLE
            if one.name in TEAM
        }

    async def turn(self, at: datetime) -> None:
        """House.turn."""
        self._clock.now = at
        await self._worker.run_due(at)

    async def meet(self, channel: Channel, *people: Person) -> None:
        """House.meet: they are there before the story begins."""

    async def connect(self, connection: Connection) -> None:
        """House.connect: the parcel shop has no helpdesk."""

    async def ask(self, request: Request) -> Reply:
        """House.ask."""
        self._clock.now = request.at
        values = request.values and {
            name: self._people[value].id if value in self._people else value
            for name, value in request.values.items()
        }
        there = {
            "workspace": self._platform.workspace,
            "person": self._people[request.person.id],
            "channel": self._channel,
            "here": self._channel.id,
            "people": tuple(self._people.values()),
            "values": values,
        }
        return await self._bot.answer(request.model_copy(update=there))

    async def write(
        self, request: Request, channel: Channel, case_number: int | None, text: str
    ) -> None:
        """House.write: nobody asks for what is said beside it."""


async def tell_months(platform: InSlack | InTeams) -> None:
    """Lets the months have been, until now: a lead of the parcel shop finds what stands there then."""
    await platform.channel(PARCELS.name, *TEAM)
    for one in TEAM:  # who writes to Amends is whom it can write to
        await platform.asks(one, "help", PARCELS.name)
    clock = Clock(now())
    database = Database(platform.later.house.settings.amends_database_url, clock=lambda _: clock.now)
    bot, before = Bot(database, lambda: None), Before(platform)
    at = platform.workspace.partition(":")[0]
    bot.memberships[at] = Everybody(database)
    worker = Worker(bot, database, {at: before}, asyncio.Event())
    try:
        await month.tell(OnPlatform(platform, clock, bot, worker), now(), ZONE, STORIES)
        await worker.stop()
    finally:
        database.close()
