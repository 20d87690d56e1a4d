"""Reminders in Slack when people leave, cannot be reached, or Slack and Amends were away."""

import asyncio
from datetime import datetime, time
from random import Random

import pytest
from sqlalchemy import update

from bot.domain.working_hours import zone_of
from storage.tables import people, teams
from tests.desk import reminds
from tests.fakes import FakeSlack, Fault, Mood
from tests.journeys.later import (
    NEW_YORK,
    STOCKHOLM,
    TEN_PAST,
    Later,
    added,
    after,
    at,
    failed,
    of,
    on_sqlite,
    open_slack_later,
    part,
    shown,
    working_day,
)


@on_sqlite
async def test_an_unowned_item_is_taken_in_the_thread_and_then_to_the_lead(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=NEW_YORK)
    support = slack.channel("support", members=[ana, ben])
    first = working_day(STOCKHOLM, 2)
    async with open_slack_later(slack, database_url) as later:
        retro = await failed(later, ana, support)
        await added(later, ben, retro, "Notes")
        await added(later, ben, retro, "Labels")
        await later.turn(at(STOCKHOLM, first, time(8, 59)))
        assert not [p for p in support.thread(retro) if "has no owner yet" in p.words()]
        await later.turn(at(STOCKHOLM, first))
        (offer,) = (p for p in support.thread(retro) if "has no owner yet" in p.words())
        await ben.click(part(offer, "AI-1"), "Take it")
        await later.turn(at(STOCKHOLM, first, TEN_PAST))
        assert part(offer, "AI-1").buttons() == {}
        assert "Take it" in part(offer, "AI-2").buttons()
        assert "AI-1 · taken" in offer.words()
        assert "This is yours" in ben.direct.roots()[0].words()
        # The other is still nobody's two working days later: the lead hands it over from there.
        await later.turn(at(STOCKHOLM, after(first, 2)))
        (told,) = of(ana, "This still has no owner.")
        assert "AI-2" in told.words()
        assert "AI-1" not in told.words()
        form = await ana.press(part(told, "AI-2"), "Hand over")
        await ana.submit(form, {"New owner": ben})
        await later.turn(at(STOCKHOLM, after(first, 2), TEN_PAST))
        assert "Hand over" not in part(told, "AI-2").buttons()
        assert offer.buttons() == {}
        assert of(ben, "Ana asks you to take this on")


@on_sqlite
async def test_an_owner_who_left_is_not_written_to_and_the_lead_finds_another(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben, eve = (slack.person(name, tz=STOCKHOLM) for name in ("Ana", "Ben", "Eve"))
    support = slack.channel("support", members=[ana, ben, eve])
    due = working_day(STOCKHOLM, 6)
    async with open_slack_later(slack, database_url) as later:
        await added(later, ben, await failed(later, ana, support), "Notes", owner=ben, due=due)
        chat = ben.direct
        before = list(chat.messages)
        ben.deleted = True
        await slack.event({"type": "user_change", "user": ben.shown()})
        for days in (-5, -2, 0, 1, 2):
            await later.turn(at(STOCKHOLM, after(due, days)))
        assert list(chat.messages) == before
        assert not [posted for posted in slack.posted() if "cannot write" in posted.words()]
        told = of(ana, "This needs an owner: Ben has left")[-1]
        form = await ana.press(part(told, "AI-1"), "Hand over")
        await ana.submit(form, {"New owner": eve})
        await later.turn(at(STOCKHOLM, after(due, 2), TEN_PAST))
        # The next digest takes along what still waits, and the one before it is gone.
        assert told not in slack.posted()
        assert of(ana, "Eve hasn't said yes or no to this yet")
        assert of(eve, "AI-1")


@on_sqlite
async def test_an_owner_without_direct_messages_is_named_in_the_thread_and_the_lead_is_told(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=STOCKHOLM)
    support = slack.channel("support", members=[ana, ben])
    due = working_day(STOCKHOLM, 5)

    def named() -> list[str]:
        said = [posted.words() for posted in support.thread(retro)]
        # By its number alone: nobody brings the note up to date when the item's words are edited.
        return [words for words in said if words.startswith(f"<@{ben.id}>, AI-1 waits for you")]

    async with open_slack_later(slack, database_url) as later:
        retro = await failed(later, ana, support)
        await added(later, ben, retro, "Notes", owner=ben, due=due)
        await ana.submit(await ana.press(retro, "Close retro"), {"Outcome": "fixes agreed"})
        await later.turn()
        for days in (-2, 0):
            slack.fail_next("chat.postMessage", error="messages_tab_disabled")
            await later.turn(at(STOCKHOLM, after(due, days)))
            # Once is enough, however often it is due.
            assert len(named()) == 1
            (told,) = of(ana, "I can't write to Ben about")
            assert "an admin turns it on" in told.words()
        assert len(ben.direct.messages) == 1
        await later.turn(at(STOCKHOLM, after(due, 1)))
        assert reminds(list(ben.direct.messages.values())[-1].words(), "AI-1", "was due")


async def turn_without_slack(slack: FakeSlack, later: Later, moment: datetime) -> None:
    """Lets the clock try in vain: Slack answers 500 to everything."""
    slack.mood = Mood(Random(1), 1.0, (Fault(status=500),), frozenset())
    tried = slack.calls.total()
    turning = asyncio.create_task(later.turn(moment))
    await slack.until(lambda: slack.calls.total() > tried)
    turning.cancel()
    slack.mood = None


@on_sqlite
async def test_after_days_without_slack_only_the_newest_is_said(
    slack: FakeSlack, database_url: str
) -> None:
    ana = slack.person("Ana", tz=STOCKHOLM)
    support = slack.channel("support", members=[ana])
    due = working_day(STOCKHOLM, 5)
    async with open_slack_later(slack, database_url) as later:
        retro = await failed(later, ana, support)
        for what in ("Notes", "Labels"):
            await added(later, ana, retro, what, owner=ana, due=due)
        await ana.submit(await ana.press(retro, "Close retro"), {"Outcome": "fixes agreed"})
        await later.turn()
        before = set(ana.direct.messages)
        labels = next(p for p in support.thread(retro) if "· AI-2 ·" in p.words())
        for days in (-2, 0):
            await turn_without_slack(slack, later, at(STOCKHOLM, after(due, days)))
        await ana.submit(await ana.press(labels, "Mark done"), {"What changed": "Printed."})
        await later.turn(at(STOCKHOLM, after(due, 2)))
        (own,) = (posted for ts, posted in ana.direct.messages.items() if ts not in before)
        assert reminds(own.words(), "AI-1", "was due")
        assert "AI-2" not in own.words()


async def test_what_slack_was_down_for_is_said_the_next_morning_and_not_at_night(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=STOCKHOLM)
    support = slack.channel("support", members=[ana, ben])
    due = working_day(STOCKHOLM, 5)
    async with open_slack_later(slack, database_url) as later:
        retro = await failed(later, ana, support)
        await added(later, ben, retro, "Notes", owner=ben, due=due)
        await ana.submit(await ana.press(retro, "Close retro"), {"Outcome": "fixes agreed"})
        await later.turn()
        before = set(ben.direct.messages)
        await turn_without_slack(slack, later, at(STOCKHOLM, after(due, -2)))
        await later.turn(at(STOCKHOLM, after(due, -2), time(23, 30)))
        assert set(ben.direct.messages) == before
        for clock in (time(9), TEN_PAST, time(16)):
            await later.turn(at(STOCKHOLM, after(due, -1), clock))
            (own,) = (posted for ts, posted in ben.direct.messages.items() if ts not in before)
            assert reminds(own.words(), "AI-1", f"is due soon: {shown(due, after(due, -2))}")
        form = await ben.press(own, "Mark done")
        await ben.submit(form, {"What changed": "Printed."})
        await later.turn(at(STOCKHOLM, after(due, -1), time(16, 10)))
        assert own.buttons() == {}


@on_sqlite
async def test_a_teams_zone_that_the_machine_no_longer_knows_is_utc_and_nothing_gets_stuck(
    slack: FakeSlack, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben")
    support = slack.channel("support", members=[ana, ben])
    async with open_slack_later(slack, database_url) as later:
        retro = await failed(later, ana, support)
        due = working_day("UTC", 5)
        await added(later, ana, retro, "A night number", owner=ben, due=due)
        (own,) = ben.direct.roots()
        await ben.click(own, "Accept")
        await later.turn()
        with later.house.database.transaction(writes=True) as connection:
            for table in (teams, people):
                connection.execute(update(table).values(zone="Mars/Olympus"))
            connection.commit()
        zone_of.cache_clear()
        caplog.clear()
        await later.turn(at("UTC", after(due, -2)))
        (soon,) = ben.direct.thread(own)
        assert reminds(soon.words(), "AI-1", "is due soon")
        await ben.command("mine", support)
        await ana.opens("settings", support)
        lines = [one.getMessage() for one in caplog.records if one.levelname != "INFO"]
        assert lines == ["The time zone 'Mars/Olympus' is not known on this machine: UTC stands for it."]
