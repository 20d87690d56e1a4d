"""Few messages: what people get when nobody does anything, counted on a strict Slack."""

from datetime import time, timedelta

import pytest

from tests.desk import IN_THREAD, reminds
from tests.fakes import FakeSlack, Posted
from tests.journeys.later import (
    STOCKHOLM,
    added,
    at,
    on_sqlite,
    open_slack_later,
    working_day,
)

AT_MOST = 6
SHARED = "Ben Ben Cleo -"
"""Whose the four items are, the last nobody's: then even what opened beforehand is counted."""


def ever_said(slack: FakeSlack) -> list[Posted]:
    """All that the bot posted, what it deleted since included."""
    return [posted for posted in (*slack.posted(), *slack.deleted) if posted.bot]


@on_sqlite
@pytest.mark.parametrize("owners", [SHARED, "Ana Ben Cleo Ben", "Ben Ben Ben Ben", "- - - -"])
async def test_two_unattended_weeks_are_at_most_six_messages_to_anybody_and_to_any_thread(
    slack: FakeSlack, database_url: str, owners: str
) -> None:
    """Two retros with two items each; Ana leads, and both customers are hers.

    To a person counts all that the two weeks bring them: every message in their direct messages.
    What opened beforehand is an answer to what somebody did: one message for each thing that became
    theirs. To a thread counts all that follows its opening, prompts, card and word of earlier cases: the
    items, too.
    """
    people = {name: slack.person(name, tz=STOCKHOLM) for name in ("Ana", "Ben", "Cleo")}
    ana = people["Ana"]
    support = slack.channel("support", members=list(people.values()))
    async with open_slack_later(slack, database_url) as later:
        for reference in ("ZD-1", "ZD-2"):
            await ana.command(f"failed {reference} Parcel {reference} missed twice", support)
            await later.turn()
        retros = support.roots()
        for number, owner in enumerate(owners.split()):
            fields: dict[str, object] = {} if owner == "-" else {"owner": people[owner]}
            if number < 3:
                fields["due"] = working_day(STOCKHOLM, 3 + 2 * number)
            await added(later, ana, retros[number // 2], f"Notes {number}", **fields)
        opened = ever_said(slack)
        things = {name: owners.split().count(name) for name in people}
        things["Ana"] += len(retros)
        for name, person in people.items():
            assert len([p for p in opened if p.channel_id == person.direct.id]) <= things[name]
        today = at(STOCKHOLM, working_day(STOCKHOLM, 0), time(0))
        for days in range(1, 15):
            for hour in (9, 12, 16):
                await later.turn(today + timedelta(days=days, hours=hour))
    said = ever_said(slack)
    for name, person in people.items():
        mine = [p for p in said if p.channel_id == person.direct.id]
        assert len(mine) - things[name] <= AT_MOST, name
        if owners == SHARED:
            assert len(mine) <= AT_MOST, name
        # Nothing is lost: what is late, or waits for a yes, is in the newest that its owner got.
        newest = max(mine, key=lambda p: float(p.ts)).words() if mine else ""
        for number, owner in enumerate(owners.split()[:3], start=1):
            waits = "was due" if owner == "Ana" else "waits for your answer"
            assert owner != name or reminds(newest, f"AI-{number}", waits)
    for retro in retros:
        below = [p for p in said if p.thread_ts == retro.ts and p.ts != retro.ts]
        earlier = [p for p in below if "Seen before" in p.words()]
        assert len(earlier) <= 1
        assert len(below) - IN_THREAD - len(earlier) <= AT_MOST
