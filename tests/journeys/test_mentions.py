"""A mention asks somebody for something, once: counted over all that a case's life says in Slack."""

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import time, timedelta
from typing import Any, NamedTuple

import pytest

from tests.fake_slack_methods import METHODS, Arguments, Refusal
from tests.fakes import FakeSlack, Posted
from tests.journeys.later import STOCKHOLM, Later, at, on_sqlite, open_slack_later, working_day

Answer = dict[str, Any]
Does = Callable[[FakeSlack, Arguments], Answer]
MENTION = re.compile(r"<@(\w+)>")


class Said(NamedTuple):
    """One call that says something: how, to which channel, and whom its blocks and its text mention."""

    method: str
    channel_id: str
    mentioned: tuple[str, ...]
    words: str


def listen(monkeypatch: pytest.MonkeyPatch, deaf: str = "") -> list[Said]:
    """All that is said from here on; nothing can be written to the person with the id `deaf`."""
    heard: list[Said] = []
    for method in ("chat.postMessage", "chat.update", "chat.postEphemeral"):
        does, scope = METHODS[method]

        def record(slack: FakeSlack, args: Arguments, method: str = method, does: Does = does) -> Answer:
            channel_id = str(args.get("channel"))
            if deaf and channel_id in (deaf, slack.people[deaf].direct.id):
                raise Refusal("messages_tab_disabled")
            blocks, text = json.dumps(args.get("blocks")), str(args.get("text"))
            # The text repeats what the blocks say, for a notification and for screen readers.
            found = MENTION.findall(blocks) or MENTION.findall(text)
            heard.append(Said(method, channel_id, tuple(found), text))
            return does(slack, args)

        monkeypatch.setitem(METHODS, method, (record, scope))
    return heard


async def days_pass(later: Later, first: int, last: int) -> None:
    """Nobody does anything on these working days."""
    for days in range(first, last + 1):
        for clock in (time(9, 30), time(16)):
            await later.turn(at(STOCKHOLM, working_day(STOCKHOLM, days), clock))


async def live(slack: FakeSlack, later: Later) -> None:
    """A whole case: Ana leads, Ben is asked for a fix and a promise, Cleo takes the fix over."""
    ana, ben, cleo = (slack.people[id] for id in sorted(slack.people))
    support = next(channel for channel in slack.channels.values() if channel.name == "support")

    def holding(words: str) -> Posted:
        here = (one for one in slack.posted() if one.channel_id == support.id)
        return next(one for one in here if words in one.words())

    await ana.command("failed ZD-1 Parcel missed", support)
    await later.turn()
    retro, card = holding("Retro: Parcel missed"), holding("open · looked after by")
    for person, unnamed in ((ana, False), (cleo, True)):
        form = await person.press(retro, "Answer")
        await person.submit(form, {"Training": "Ask @Ben", "Post without my name": unnamed})
    await later.turn()
    soon = working_day(STOCKHOLM, 4)
    form = await ana.press(retro, "Add action item")
    await ana.submit(form, {"What will change": "Notes", "Owner": ben, "Due": soon})
    await later.turn()
    await days_pass(later, 1, 4)
    item = holding("proposed · AI-1")
    await ana.submit(await ana.press(item, "Hand over"), {"New owner": cleo, "Why": "Ben is away."})
    await later.turn()
    await cleo.click(item, "Accept")
    await days_pass(later, 5, 9)
    for words in ("status", "mine", "customer C-1"):
        await ana.command(words, support)
    await ana.submit(
        await ana.press(card, "Hear the customer"), {"Their account, in their own words": "Nobody came."}
    )
    await ana.submit(await ana.press(card, "Apologise in person"), {"How": "A call"})
    form = await ana.press(card, "Promise")
    promise = {"What was agreed": "It comes", "By when": working_day(STOCKHOLM, 12)}
    await ana.submit(form, {**promise, "How they were told": "A call", "Who keeps it": ben})
    await later.turn()
    await days_pass(later, 10, 14)
    await ben.submit(
        await ben.press(card, "Keep the promise"), {"What was done, and how": "Brought it."}
    )
    await cleo.submit(await cleo.press(item, "Mark done"), {"What changed": "Printed."})
    await later.turn()
    await ana.submit(await ana.press(item, "Verify"), {"What I saw": "Ten of them."})
    await ana.submit(await ana.press(retro, "Close retro"), {"Outcome": "fixes agreed"})
    await later.turn()
    ended = {"What they say": "recovered", "In their own words": "Thanks!"}
    await ana.submit(await ana.press(card, "How it ended"), ended)
    await later.turn(at(STOCKHOLM, working_day(STOCKHOLM, 15)) + timedelta(hours=1))
    assert "finished · 2 answers · 1 action item" in retro.words()
    assert "recovered · looked after by" in card.words()


@on_sqlite
async def test_where_everybody_reads_their_direct_messages_nobody_is_mentioned(
    slack: FakeSlack, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is asked for something is asked there, with the buttons: elsewhere people are names."""
    people = [slack.person(name, tz=STOCKHOLM) for name in ("Ana", "Ben", "Cleo")]
    slack.channel("support", members=people)
    heard = listen(monkeypatch)
    async with open_slack_later(slack, database_url) as later:
        await live(slack, later)
    assert len(heard) > 50
    assert [said for said in heard if said.mentioned] == []
    asked = [said.words for said in heard if said.channel_id == people[1].id]
    assert sum("Ana asks you to take this on" in words for words in asked) == 1


@on_sqlite
async def test_who_cannot_be_written_to_is_mentioned_once_for_each_thing_they_are_asked_for(
    slack: FakeSlack, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the fix and for the customer, whatever they are reminded of, and in no edit and no list."""
    people = [slack.person(name, tz=STOCKHOLM) for name in ("Ana", "Ben", "Cleo")]
    support = slack.channel("support", members=people)
    ben = people[1]
    heard = listen(monkeypatch, deaf=ben.id)
    async with open_slack_later(slack, database_url) as later:
        await live(slack, later)
    mentioning = [said for said in heard if said.mentioned]
    assert {(said.method, said.channel_id) for said in mentioning} == {("chat.postMessage", support.id)}
    assert Counter(id for said in mentioning for id in said.mentioned) == {ben.id: 2}
    assert sorted(said.words.partition(" waits for you")[0].split()[-1] for said in mentioning) == [
        "AI-1",
        "C-1",
    ]
