"""A case from a customer's bad rating in the helpdesk to how it ended, noted on the ticket."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from bot.domain.channel import Channel
from bot.domain.connection import Rules
from tests.connected import KEY, SECRET, connect_helpdesk
from tests.deliveries import (
    FRESHDESK_RATED,
    HUBSPOT_CHANGED,
    INTERCOM_RATED,
    JIRA_UPDATED,
    ZENDESK_RATED,
)
from tests.fake_helpdesks import FakeHelpdesk
from tests.fake_teams import FakeTeams
from tests.fakes import FakeSlack
from tests.journeys.slack_app import open_slack_app, said
from tests.journeys.teams_app import answered, open_teams_app
from tests.journeys.teams_app import said as teams_said

NEXT_WEEK = date.today() + timedelta(days=7)  # noqa: DTZ011 - any day that has not passed anywhere


def rated(rating: str, words: str, seconds: int = 0) -> Mapping[str, Any]:
    """What a customer's trigger in Zendesk sends once they have rated; by default just now."""
    told = datetime.now(UTC) + timedelta(seconds=seconds)
    return {**ZENDESK_RATED, "changed_at": told.isoformat(), "rating": rating, "words": words}


async def test_a_bad_rating_becomes_a_retro_and_the_ticket_hears_of_it_until_it_ended(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz="Europe/Stockholm"), slack.person("Ben", tz="Europe/Stockholm")
    support = slack.channel("support", members=[ana, ben])
    async with (
        FakeHelpdesk("zendesk") as zendesk,
        open_slack_app(
            slack,
            database_url,
            amends_secret_key=SecretStr(KEY),
            amends_helpdesk_hosts=zendesk.host,
        ) as built,
    ):
        channel = Channel(id=support.id, name="support")
        connection = connect_helpdesk(built, f"slack:{slack.team}", channel, ana.id, zendesk)
        assert slack.events_url is not None
        address = slack.events_url.replace("/slack/events", f"/hooks/{connection.id}")

        assert await zendesk.deliver(address, rated("Bad", "Promised twice."), SECRET) == 200
        card = await said(slack, "Promised twice.", where=support.id)
        assert "Rated 1 of 5, very bad" in card.words()
        assert zendesk.notes == []

        await ben.click(card, "Open the retro")
        retro = await said(slack, "Retro: Promised twice.")
        assert "A blameless retro of this is open in #support" in await zendesk.nth(1)
        await slack.until(lambda: "Ben opened the retro" in card.words() and not card.buttons())

        await ben.submit(await ben.press(retro, "Answer"), {"Training": "The late list is unread"})
        customer = await said(slack, "open · looked after by", where=support.id)
        promise = {
            "What was agreed": "The fee back",
            "By when": NEXT_WEEK,
            "How they were told": "A call",
        }
        await ana.submit(await ana.press(customer, "Promise"), promise)
        assert "The fee back" in await zendesk.nth(2)

        filled = {"What will change": "Drivers call ahead", "Owner": ben}
        await ben.submit(await ben.press(retro, "Add action item"), filled)
        item = await said(slack, "agreed · AI-1", where=support.id)
        await ben.submit(await ben.press(item, "Mark done"), {"What changed": "They call first."})
        await slack.until(lambda: "done · AI-1" in item.words())
        await ana.submit(await ana.press(item, "Verify"), {"What I saw": "Ten calls."})
        await slack.until(lambda: "verified · AI-1" in item.words())
        await ana.submit(await ana.press(retro, "Close retro"), {"Outcome": "fixes agreed"})
        assert "- They call first." in await zendesk.nth(3)

        assert await zendesk.deliver(address, rated("Good", "sorted, thank you"), SECRET) == 200
        await slack.until(lambda: "Rated 5 of 5" in customer.words())
        assert "sorted, thank you" in customer.words()
        assert len(zendesk.notes) == 3
        form = await ana.press(customer, "How it ended")
        assert "sorted, thank you" in str(form.view)
        await ana.submit(form)
        assert "How it ended: recovered." in await zendesk.nth(4)
        await slack.until(lambda: "recovered · looked after by" in customer.words())
    assert {note.ticket for note in zendesk.notes} == {"4711"}
    assert [word for word in ("Ben", "Ana", ben.id, "late list") if word in str(zendesk.said)] == []
    assert zendesk.refusals == []
    assert "Promised twice." in card.words()
    assert once_each(slack, "Promised twice.")


def once_each(slack: FakeSlack, words: str) -> bool:
    """Whether a channel has one proposal of these words and one retro, however often it was told."""
    told = [one.words() for one in slack.posted() if not one.thread_ts]
    retros = [one for one in told if f"Retro: {words}" in one]
    proposals = [one for one in told if one.startswith(f"*{words}") and "Retro: " not in one]
    return len(retros) == len(proposals) == 1


TOLD: Mapping[str, tuple[Any, str, str]] = {
    "zendesk": (ZENDESK_RATED, "Promised twice.", "4711"),
    "intercom": (INTERCOM_RATED, "Nobody came.", "215468001"),
    "hubspot": (HUBSPOT_CHANGED, "HubSpot ticket 123: priority became HIGH", "123"),
    "freshdesk": (FRESHDESK_RATED, "Where is it?", "4711"),
    "jira": (JIRA_UPDATED, "I cannot get my second screen to work", "IT-4"),
}
"""By product: what it sends, the words that its proposal shows, and the ticket that gets the note."""


@pytest.mark.parametrize("product", TOLD)
async def test_what_each_vendor_signs_becomes_a_retro_and_a_note_on_its_ticket(
    slack: FakeSlack, sqlite_url: str, product: str
) -> None:
    payload, words, ticket = TOLD[product]
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana])
    async with (
        FakeHelpdesk(product) as helpdesk,
        open_slack_app(
            slack,
            sqlite_url,
            amends_secret_key=SecretStr(KEY),
            amends_helpdesk_hosts=helpdesk.host,
        ) as built,
    ):
        channel = Channel(id=support.id, name="support")
        rules = Rules(rating=2, priorities=("high",), reopened=True)
        made = connect_helpdesk(built, f"slack:{slack.team}", channel, ana.id, helpdesk, rules=rules)
        assert slack.events_url is not None
        address = slack.events_url.replace("/slack/events", f"/hooks/{made.id}")
        assert await helpdesk.deliver(address, payload, "another secret") == 401
        assert await helpdesk.deliver(address, payload, SECRET) == 200
        assert await helpdesk.deliver(address, payload, SECRET) == 200
        card = await said(slack, words, where=support.id)
        await ana.click(card, "Open the retro")
        assert "A blameless retro of this is open" in await helpdesk.nth(1)
        # Replayed once it is a case: nothing more is proposed, opened or noted.
        assert await helpdesk.deliver(address, payload, SECRET) == 200
    assert [note.ticket for note in helpdesk.notes] == [ticket]
    assert helpdesk.refusals == []
    assert once_each(slack, words)


async def test_in_teams_a_case_is_waved_off_by_one_and_opened_by_another_after_all(
    teams: FakeTeams, sqlite_url: str
) -> None:
    ana, ben = teams.person("Ana"), teams.person("Ben")
    support = teams.channel("support", members=[ana, ben])
    helpdesk = FakeHelpdesk("freshdesk")
    async with open_teams_app(teams, sqlite_url, amends_secret_key=SecretStr(KEY)) as built:
        await ana.says("connect", support, mention=True)
        await answered(teams, ana, "Helpdesks of")
        channel = Channel(id=support.id, name="support")
        made = connect_helpdesk(built, f"teams:{teams.tenant}", channel, ana.id, helpdesk, token="")
        assert teams.endpoint is not None
        address = teams.endpoint.replace("/api/messages", f"/hooks/{made.id}")
        hostile = "@everyone <at>Ana</at> [free](https://evil.example) **now**"
        assert await helpdesk.deliver(address, {**FRESHDESK_RATED, "words": hostile}, SECRET) == 200
        card = await teams_said(teams, hostile, where=support)
        await ben.click(card, "Not this one")
        await teams.until(lambda: "Ben waved this off." in card.words())
        await ana.click(card, "Open the retro")
        retro = await teams_said(teams, "Retro: @everyone", where=support)
        await teams.until(lambda: "Ana opened the retro" in card.words())
        assert "Open the retro" not in card.buttons()
    assert [posted.mentioned() for posted in (card, retro)] == [[], []]
