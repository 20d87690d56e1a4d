"""The same reminders in Teams' personal chat, and in the web workspace's direct messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta

import pytest
from aiohttp import ClientSession, CookieJar

from bot.domain.notification_preferences import NotificationPreferences
from bot.ports import UnitOfWork
from bot.settings import Settings
from handlers.web.additions import machine_zone
from tests.desk import reminds
from tests.fake_teams import FakeTeams, Posted, TeamsChannel, TeamsPerson
from tests.journeys.later import (
    NEW_YORK,
    STOCKHOLM,
    TEN_PAST,
    Later,
    after,
    at,
    on_sqlite,
    open_later,
    shown,
    working_day,
)
from tests.journeys.teams_app import settings_for
from tests.web_app import Visitor


@asynccontextmanager
async def open_teams_later(teams: FakeTeams, database_url: str) -> AsyncIterator[Later]:
    """An app on a fake Teams whose clock the test turns."""
    settings = settings_for(teams, amends_database_url=database_url, amends_port=0, amends_pace=0.0)
    async with open_later(settings) as later:
        teams.endpoint = f"{later.address}/api/messages"
        yield later


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant; whatever it had to refuse is a fault of ours."""
    async with FakeTeams() as fake:
        yield fake
        assert fake.refusals == []


def mine(person: TeamsPerson) -> list[Posted]:
    """What the bot said in a person's chat, oldest first."""
    return [posted for posted in person.chat.messages.values() if posted.bot]


async def hear_singly(later: Later, teams: FakeTeams, *people: TeamsPerson) -> None:
    """They chose to hear of everything as it comes up, instead of in a digest."""

    def choose(work: UnitOfWork) -> None:
        for person in people:
            work.preferences.save(NotificationPreferences(person_id=person.id, digest=False))

    await later.house.database.write(f"teams:{teams.tenant}", choose)


async def failed(later: Later, by: TeamsPerson, support: TeamsChannel) -> Posted:
    """A failed case of which everything was said; its retro."""
    await by.says("failed ZD-4711 Parcel missed twice", support, mention=True)
    await later.turn()
    return next(posted for posted in support.roots() if "Retro:" in posted.words())


async def test_in_teams_an_item_is_brought_up_in_its_owners_chat_until_it_is_done(
    teams: FakeTeams, database_url: str
) -> None:
    ana, ben = teams.person("Ana", tz=STOCKHOLM), teams.person("Ben", tz=NEW_YORK)
    support = teams.channel("support", members=[ana, ben])
    due = working_day(NEW_YORK, 5)

    def nine(days: int, clock: time = time(9)) -> datetime:
        return at(NEW_YORK, after(due, days), clock)

    async with open_teams_later(teams, database_url) as later:
        await hear_singly(later, teams, ana, ben)
        retro = await failed(later, ana, support)
        form = await ana.press(retro, "Add action item")
        await ana.submit(form, {"What will change": "A night number", "Owner": ben, "Due": due})
        await later.turn()
        (own,) = mine(ben)
        await ben.click(own, "Accept")
        await later.turn()

        # At nine where Ben is: his visits told the zone.
        await later.turn(nine(-2, time(8, 59)))
        assert mine(ben) == [own]
        await later.turn(nine(-2))
        soon = mine(ben)[-1]
        assert reminds(soon.words(), "AI-1", f"is due soon: {shown(due, after(due, -2))}.")
        assert list(soon.buttons()) == ["Mark done", "Change date", "Hand over", "Remind me later"]
        for days in (0, 1, 2):
            await later.turn(nine(days))
        # Only the newest is left.
        (_, late) = mine(ben)
        assert soon not in (own, late)
        assert reminds(late.words(), "AI-1", "was due")

        # Put off, and said so; then late for the lead, too.
        form = await ben.press(late, "Remind me later")
        answer = await ben.submit(form, {"When": "After the due date"})
        assert answer is not None
        chosen = shown(due + timedelta(days=1), working_day(NEW_YORK, 0))
        assert f"I'll remind you of “A night number” on {chosen}, or on your next" in answer.words()
        await later.turn(nine(2, TEN_PAST))
        assert late.buttons() == {}
        assert "Reminder moved to" in late.words()
        await later.turn(nine(3))
        again = mine(ben)[-1]
        assert reminds(again.words(), "AI-1", "was due")
        (heard,) = (posted for posted in mine(ana) if "and Ben has it" in posted.words())
        assert shown(after(due, 2), after(due, 3)) in heard.words()

        await ben.submit(await ben.press(again, "Mark done"), {"What changed": "It is printed."})
        await later.turn(nine(3, TEN_PAST))
        assert again.buttons() == {}
        assert "AI-1 · done" in again.words()
        assert "You marked this done" in own.words()
        said = len(mine(ben))
        for days in (4, 5, 10):
            await later.turn(nine(days))
        assert len(mine(ben)) == said


@on_sqlite
async def test_in_teams_my_settings_and_the_thread_work_the_same(
    teams: FakeTeams, database_url: str
) -> None:
    ana, ben = teams.person("Ana", tz=STOCKHOLM), teams.person("Ben", tz=STOCKHOLM)
    support = teams.channel("support", members=[ana, ben])
    first = working_day(STOCKHOLM, 2)
    async with open_teams_later(teams, database_url) as later:
        retro = await failed(later, ana, support)
        form = await ana.press(retro, "Add action item")
        await ana.submit(form, {"What will change": "Notes"})
        await later.turn(at(STOCKHOLM, first))
        (offer,) = (p for p in support.thread(retro) if reminds(p.words(), "AI-1", "has no owner yet"))
        await ben.click(offer, "Take it")
        await later.turn(at(STOCKHOLM, first, TEN_PAST))
        assert offer.buttons() == {}
        assert "AI-1 · taken" in offer.words()
        await ben.says("settings")
        await teams.until(lambda: "My settings" in mine(ben)[-1].buttons())
        form = await ben.press(mine(ben)[-1], "My settings")
        answer = await ben.submit(form, {"One daily digest": True, "Quiet until": after(first, 20)})
        assert answer is not None
        assert "One daily digest" in answer.words()


@on_sqlite
async def test_in_the_web_workspace_a_reminder_is_among_the_direct_messages_and_its_buttons_work(
    database_url: str,
) -> None:
    zone = machine_zone()
    due = working_day(zone, 5)
    settings = Settings(
        _env_file=None, amends_port=0, slack_bot_token=None, amends_database_url=database_url
    )
    async with (
        open_later(settings) as later,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        visitor = Visitor(session, later.address)
        ana = await visitor.introduce("Ana", zone)
        await visitor.fill(await visitor.press("case.fail"), what_happened="Parcel missed")
        await later.turn()
        drawn = await visitor.press("action_item.add", about="C-1")
        await visitor.fill(drawn, what="Read the notes", owner=ana, due=due.isoformat())
        await later.turn()
        await visitor.see("/dm")
        await later.turn(at(zone, after(due, -2)))
        assert "1 new" in (await visitor.see("/p/support")).text
        page = await visitor.see("/dm")
        assert reminds(page.text, "AI-1", f"is due soon: {shown(due, after(due, -2))}")
        drawn = await visitor.press("action_item.remind_later", about="AI-1", channel_id=ana)
        answer = await visitor.fill(drawn, when="after_due")
        assert "I'll remind you of “Read the notes” on" in answer.text
        await later.turn(at(zone, after(due, -2), TEN_PAST))
        assert "Reminder moved to" in (await visitor.see("/dm")).text
        await later.turn(at(zone, due))
        assert not reminds((await visitor.see("/dm")).text, "AI-1", "is due today")
        await later.turn(at(zone, after(due, 1)))
        page = await visitor.see("/dm")
        assert reminds(page.text, "AI-1", "was due")
        await visitor.fill(await visitor.press("action_item.done", about="AI-1"), changed="Printed.")
        await later.turn(at(zone, after(due, 1), TEN_PAST))
        page = await visitor.see("/dm")
        assert not reminds(page.text, "AI-1", "is late")
        assert "AI-1 · done" in page.text
