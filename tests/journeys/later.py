"""An app whose clock the test turns: what is due by a moment is said before the test goes on."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot import bootstrap
from bot.settings import Settings
from handlers.worker import Worker
from tests.desk import unkeyed
from tests.fakes import FakeSlack, Posted, SlackChannel, SlackPerson
from tests.handlers.slack_adapter import settings_for

STOCKHOLM, NEW_YORK, TOKYO = "Europe/Stockholm", "America/New_York", "Asia/Tokyo"
NINE, TEN_PAST = time(9), time(9, 10)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is not about storage."""


@dataclass
class Later:
    """Amends at work. People's requests are of the real now; the clock says what is due by `turn`."""

    house: bootstrap.App
    worker: Worker
    address: str

    async def turn(self, at: datetime | None = None) -> None:
        """Lets it be `at` (now, unless told otherwise)."""
        await self.worker.run_due(at or datetime.now(UTC))


@asynccontextmanager
async def open_later(settings: Settings) -> AsyncIterator[Later]:
    """The app, until the block ends; nothing is said but by `turn`."""
    async with (
        bootstrap.open_app(settings) as built,
        bootstrap.adapters(built) as opened,
        bootstrap.server(built, opened) as address,
    ):
        yield Later(built, opened.worker, address)


@asynccontextmanager
async def open_slack_later(slack: FakeSlack, database_url: str) -> AsyncIterator[Later]:
    """The same on a fake Slack."""
    settings = settings_for(slack, amends_database_url=database_url, amends_port=0, amends_pace=0.0)
    async with open_later(settings) as later:
        slack.events_url = f"{later.address}/slack/events"
        yield later


def working_day(zone: str, count: int) -> date:
    """The working day (Monday to Friday) that is so many after today in this zone."""
    return after(datetime.now(ZoneInfo(zone)).date(), count)


def after(day: date, count: int) -> date:
    """The working day that is so many after this one, or before it."""
    step = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while day.weekday() > 4:
            day += step
    return day


def at(zone: str, day: date, clock: time = NINE) -> datetime:
    """The moment at which it is so late there on that day."""
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def shown(day: date, said: date | None = None) -> str:
    """A day as people read it: `Thu 5 Mar 2026`; without the year in what is `said` in the same one."""
    year = "" if said is not None and said.year == day.year else f" {day:%Y}"
    return f"{day:%a} {day.day} {day:%b}{year}"


async def failed(later: Later, by: SlackPerson, support: SlackChannel) -> Posted:
    """A failed case of which everything was said, and whose customer is content; its retro."""
    await by.command("failed ZD-4711 Parcel missed twice", support)
    await later.turn()
    retro = support.roots()[-1]
    card = next(posted for posted in support.thread(retro) if "open · looked after by" in posted.words())
    verdict = {"What they say": "recovered", "In their own words": "All is well."}
    await by.submit(await by.press(card, "How it ended"), verdict)
    await later.turn()
    return retro


async def added(later: Later, by: SlackPerson, retro: Posted, what: str, **fields: object) -> None:
    """An action item of which everything was said."""
    named = {label.replace("_", " ").capitalize(): value for label, value in fields.items()}
    await by.submit(await by.press(retro, "Add action item"), {"What will change": what, **named})
    await later.turn()


async def hears_singly(person: SlackPerson, channel: SlackChannel) -> None:
    """Somebody chose to hear of everything as it comes up, instead of in a digest."""
    form = await person.opens("settings mine", channel)
    await person.submit(form, {"One daily digest": False})


def of(person: SlackPerson, words: str) -> list[Posted]:
    """What a person's direct messages hold with these words, oldest first."""
    return [posted for posted in person.direct.messages.values() if words in posted.words()]


def part(posted: Posted, label: str) -> Posted:
    """A message of which only one item's buttons are left, to press those."""
    return replace(
        posted,
        blocks=[block for block in posted.blocks if f'{label}"' in unkeyed(json.dumps(block))],
    )
