"""Somebody deletes a message of ours: it is posted again when there is something to say about it."""

import asyncio
from typing import Any

import pytest

from tests.fakes import FakeSlack, Posted, SlackChannel
from tests.journeys.slack_app import open_slack_app, said


def retros(channel: SlackChannel) -> list[Posted]:
    """What stands outside threads and is a retro."""
    return [root for root in channel.roots() if "Retro:" in root.words()]


def link_to(posted: Posted) -> str:
    """How Slack's link to a message ends."""
    return f"/archives/{posted.channel_id}/p{posted.ts.replace('.', '')}"


@pytest.mark.parametrize("heard", [True, False], ids=["told by an event", "told by nobody"])
async def test_a_deleted_retro_is_posted_again_once_and_its_thread_goes_on_there(
    slack: FakeSlack, database_url: str, heard: bool
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Parcel lost", support)
        first = await said(slack, "Retro: Parcel lost")
        prompt = await said(slack, "know or practise")
        await said(slack, "reach someone")
        await slack.loses(first, heard=heard)

        # Nothing is said about it yet, so nothing is posted: whoever deleted it may have meant it.
        assert retros(support) == []

        form = await ana.press(prompt, "Answer")
        await ana.submit(form, {"Training": "Reading courier notes"})
        answer = await said(slack, "Training · Ana")
        second = await said(slack, "Retro: Parcel lost")
        assert second.ts != first.ts
        assert answer.thread_ts == second.ts
        await slack.until(lambda: "1 answer" in second.words())

        # Its link leads to the new one, and a reply under that is discussion.
        told = await ana.command("failed ZD-1 Parcel lost", support)
        assert told is not None
        assert link_to(second) in str(told.blocks)
        form = await ana.press(second, "Add action item")
        await ana.submit(form, {"What will change": "Show the notes"})
        item = await said(slack, "proposed · AI-1", where=support.id)
        assert item.thread_ts == second.ts
    assert retros(support) == [second]


async def test_asking_for_a_retro_whose_deletion_nobody_heard_of_posts_it_again(
    slack: FakeSlack, database_url: str
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Parcel lost", support)
        first = await said(slack, "Retro: Parcel lost")
        await said(slack, "reach someone")
        await slack.loses(first, heard=False)
        await ana.command("failed ZD-1 Parcel lost", support)
        second = await said(slack, "Retro: Parcel lost")
        async with asyncio.timeout(5.0):  # until it is written down where it is
            while link_to(second) not in str(await ana.command("failed ZD-1 Parcel lost", support)):
                continue
    assert retros(support) == [second]


@pytest.mark.parametrize("heard", [True, False], ids=["told by an event", "told by nobody"])
async def test_a_deleted_item_and_card_are_posted_again_in_the_thread(
    slack: FakeSlack, database_url: str, heard: bool
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Parcel lost", support)
        retro = await said(slack, "Retro: Parcel lost")
        card = await said(slack, "Hear the customer", where=support.id)
        form = await ana.press(retro, "Add action item")
        await ana.submit(form, {"What will change": "Show the notes"})
        item = await said(slack, "proposed · AI-1", where=support.id)
        own = await said(slack, "Hear the customer", where=ana.direct.id)
        await slack.loses(item, heard=heard)
        await slack.loses(card, heard=heard)

        await ana.click(item, "Take it")
        again = await said(slack, "agreed · AI-1", where=support.id)
        form = await ana.press(own, "Hear the customer")
        await ana.submit(form, {form.labels()[0]: "Nobody came."})
        new_card = await said(slack, "Nobody came.", where=support.id)
    assert again.thread_ts == new_card.thread_ts == retro.ts
    for words in ("AI-1 · ", "Nobody came."):
        assert len([posted for posted in support.thread(retro) if words in posted.words()]) == 1


CHANGES: list[tuple[str, Any]] = [
    ("is unarchived", lambda slack, channel, _: slack.archives(channel, archived=False)),
    ("invites it again", lambda slack, channel, person: slack.invite_bot(channel, person)),
    ("is made public", lambda slack, channel, _: slack.converts(channel, private=False)),
    ("has another name", lambda slack, channel, _: slack.renames(channel, "care")),
]


@pytest.mark.parametrize("happens", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES])
async def test_what_could_not_be_said_is_said_once_the_channel_takes_it_again(
    slack: FakeSlack, database_url: str, happens: Any
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana], private=True)
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Parcel lost", support)
        await said(slack, "Retro: Parcel lost")
        await said(slack, "Hear the customer", where=support.id)
        support.archived = True
        await ana.command("failed ZD-2 Another one", support)
        await said(slack, "I couldn't post the retro C-2", where=ana.direct.id)
        support.archived = False
        await happens(slack, support, ana)
        await said(slack, "Retro: Another one")
        await said(slack, "C-2", where=support.id)
    assert len([root for root in retros(support) if "Another one" in root.words()]) == 1
