"""Tells the story of the demo to the program, by its own commands and with chosen times."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Protocol

from bot.command import Reply, Request
from bot.commands.signal import TakeIn, helpdesk_request, values
from bot.demo import before, clinic, energy, parcels
from bot.demo.story import CONNECTS, PEOPLE, SAYS, TELLS, Scene, Story
from bot.domain.channel import Channel
from bot.domain.connection import Connection, Rules
from bot.domain.person import Person
from bot.domain.signal import Signal, SignalDelivery
from bot.domain.working_hours import WorkingHours, add_working_days, moment, zone_of

WORKSPACE = "web"
STORIES = (*before.STORIES, *parcels.STORIES, *clinic.STORIES, *energy.STORIES)
LOOKS = (9, 12, 16)
"""The hours of each working day at which what is due by then is said, as a running program does."""
LATEST = time(10)
"""All that happens on the last day happens before this."""
FIRST_DAY = -22
"""Of the last month, which is told whole; before it, only what is told happens."""
CONNECTION = "d0" * 20
"""The helpdesk's own: nothing is signed with it, so nobody gets in by it."""
DAYS = ("due", "date")
"""Values that are a day, counted from the last one."""


class House(Protocol):
    """The program, whose clock the story turns."""

    async def turn(self, at: datetime) -> None:
        """Lets it be `at`, and says all that is due by then."""

    async def meet(self, channel: Channel, *people: Person) -> None:
        """Somebody has added this channel and these people."""

    async def connect(self, connection: Connection) -> None:
        """A lead has connected a helpdesk, which signs nothing: nothing arrives from outside."""

    async def ask(self, request: Request) -> Reply:
        """What the bot replies, at the time of the request."""

    async def write(
        self, request: Request, channel: Channel, case_number: int | None, text: str
    ) -> None:
        """Whoever asks writes a message: in a case's thread, or in the channel."""


class WentWrong(Exception):
    """The program did not do what the story tells of, which has to follow its rules."""


async def tell(
    house: House, now: datetime, zone: str, stories: Sequence[Story] = STORIES
) -> Mapping[str, int]:
    """Tells the months that end `now`, in this time zone; returns the cases' numbers by name."""
    month = _Month(house, now, zone, stories)
    await month.tell()
    return month.cases


def _connection(channel: Channel, lead: Person, at: datetime) -> Connection:
    """Of the channel's helpdesk, by which tickets that are rated badly or answered late are proposed."""
    return Connection(
        id=CONNECTION,
        channel_id=channel.id,
        product="generic",
        made_by=lead.id,
        made_at=at,
        rules=Rules(sla_breached=True),
    )


class _Month:
    def __init__(self, house: House, now: datetime, zone: str, stories: Sequence[Story]) -> None:
        self._stories = stories
        self.cases: dict[str, int] = {}
        self._items: dict[str, int] = {}
        self._tickets: dict[str, int] = {}
        self._house = house
        self._now = now
        self._hours = WorkingHours(zone=zone, days=(0, 1, 2, 3, 4), starts=time(9), ends=time(17))
        self._people = {one.id: one.model_copy(update={"zone": zone}) for one in PEOPLE}
        self._keys = count(1)
        local = now.astimezone(zone_of(zone))
        today = local.date() if local.time() >= LATEST else local.date() - timedelta(days=1)
        self._last = add_working_days(self._hours, today, 0)

    async def tell(self) -> None:
        for channel in {story.channel.id: story.channel for story in self._stories}.values():
            await self._house.meet(channel, *self._people.values())
        acts: dict[datetime, list[tuple[Story, Scene]]] = {at: [] for at in self._looks()}
        for story in self._stories:
            for scene in story.scenes:
                acts.setdefault(self._moment(scene.day, scene.at), []).append((story, scene))
        for at, here in sorted(acts.items(), key=lambda act: act[0]):
            for story, scene in here:
                await self._play(story, scene, at)
            await self._house.turn(at)
        await self._house.turn(self._now)

    def _looks(self) -> Iterator[datetime]:
        for day in range(FIRST_DAY, 1):
            looks = (self._moment(day, f"{hour:02}:00") for hour in LOOKS)
            yield from (at for at in looks if at < self._now)

    def _day(self, number: int) -> date:
        return add_working_days(self._hours, self._last, number)

    def _moment(self, day: int, at: str) -> datetime:
        return moment(self._hours.zone, self._day(day), time.fromisoformat(at))

    async def _play(self, story: Story, scene: Scene, at: datetime) -> None:
        if scene.does == CONNECTS:
            await self._house.connect(_connection(story.channel, scene.who, at))
            return
        request = self._told(scene, at) if scene.does == TELLS else self._request(story, scene, at)
        if scene.does == SAYS:
            text = str((scene.values or {})["text"])
            await self._house.write(request, story.channel, self.cases.get(story.name), text)
            return
        reply = await self._house.ask(request)
        if reply.form is not None and reply.form.hidden and not reply.faults:
            # The coach has a remark: they read it, and post it as it is.
            values = {**(request.values or {}), **reply.form.hidden}
            again = {"values": values, "key": f"{request.key}-again"}
            reply = await self._house.ask(request.model_copy(update=again))
        if reply.refused or reply.faults or reply.form is not None or not reply.saved:
            told = reply.message.summary if reply.message else reply.faults or reply.form
            raise WentWrong(f"{scene.does} in {story.name!r} on {at}: {told}")
        if scene.does in ("case.fail", "proposal.open"):
            self.cases[story.name] = len(self.cases) + 1
        elif scene.does == "action_item.add":
            self._items[scene.item] = len(self._items) + 1
        elif scene.does == TELLS:
            # All that is told first of a ticket here meets a rule.
            self._tickets.setdefault(scene.item, len(self._tickets) + 1)

    def _told(self, scene: Scene, at: datetime) -> Request:
        """What arrives from the helpdesk."""
        key = f"web:demo-{next(self._keys)}"
        ticket = {"ticket": scene.item, "reference": scene.item, "at": at}
        signal = Signal.model_validate({**ticket, **(scene.values or {})})
        told = SignalDelivery(connection_id=CONNECTION, key=key, arrived_at=at, signal=signal)
        return helpdesk_request(WORKSPACE, TakeIn.name, values(CONNECTION, (told,)), at, key)

    def _request(self, story: Story, scene: Scene, at: datetime) -> Request:
        if scene.item in self._tickets:
            about = f"P-{self._tickets[scene.item]}"
        elif scene.item in self._items:
            about = f"AI-{self._items[scene.item]}"
        else:
            about = f"C-{self.cases[story.name]}" if story.name in self.cases else ""
        filled = scene.values and {
            name: self._day(int(value)).isoformat() if name in DAYS else str(value)
            for name, value in scene.values.items()
        }
        return Request(
            workspace=WORKSPACE,
            command_name=scene.does,
            person=self._people[scene.who.id],
            at=at,
            channel=story.channel,
            here=story.channel.id,
            about=about,
            values=filled,
            people=tuple(self._people.values()),
            introduced=True,
            key=f"web:demo-{next(self._keys)}",
        )
