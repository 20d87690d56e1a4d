"""Trends as somebody asks for them: of their channel, or of all their channels in a direct chat."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.access import MAX_ASKED, MAX_GATHERED, NO_ANSWER_NOW
from bot.command import Reply
from bot.domain.channel import Channel
from bot.domain.working_hours import today
from bot.messages.parts import Chart, Fields, plain_words
from tests.desk import ANA, BEN, CLEO, Desk, words

JANUARY = datetime(2026, 1, 12, 10, tzinfo=UTC)
SALES = Channel(id="C2", name="sales")
DIRECT = Channel(id="D7", name="direct messages", kind="direct")


async def put_right(desk: Desk, number: int, at: datetime, gap: str = "training", **more: Any) -> None:
    """A case whose item is done and verified on the same day, and whose customer is well again."""

    async def act(person: Any, command_name: str, about: str, values: Mapping[str, str] | None) -> None:
        reply = await desk.ask(person, command_name, about, values, at=at, **more)
        assert not reply.refused, words(reply)
        assert not reply.faults, reply.faults

    for person in (ANA, BEN):
        desk.meet(person)
    reply = await desk.ask(ANA, "case.fail", typed=f"ZD-{number} Parcel lost", at=at, **more)
    assert not reply.refused
    case, item, due = f"C-{number}", f"AI-{number}", today(ANA.zone or "", at).isoformat()
    what = {"what": "Show the notes", "gap": gap, "owner": ANA.id, "due": due}
    await act(ANA, "action_item.add", case, what)
    await act(ANA, "action_item.done", item, {"changed": "They are shown."})
    await act(BEN, "action_item.verify", item, {"saw": "I saw them."})
    await act(ANA, "retro.close", case, {"outcome": "fixes agreed"})
    await act(ANA, "recovery.apologise", case, {"how": "A call", "words": "We lost it. I am sorry."})
    promise = {"words": "A new one", "how": "A call", "due": due}
    await act(ANA, "recovery.promise", case, promise)
    await act(ANA, "recovery.keep", case, {"words": "It came."})
    await act(ANA, "recovery.verdict", case, {"verdict": "recovered", "words": "Thank you."})


def figures(reply: Reply) -> dict[str, str]:
    assert reply.message is not None
    found = [part for part in reply.message.parts if isinstance(part, Fields)]
    return {label: plain_words(said) for fields in found for label, said in fields.rows}


def charts(reply: Reply) -> dict[str, dict[str, tuple[float, ...]]]:
    assert reply.message is not None
    found = [part for part in reply.message.parts if isinstance(part, Chart)]
    return {chart.title: {one.name: one.values for one in chart.series} for chart in found}


async def asked(desk: Desk, person: Any = CLEO, **more: Any) -> Reply:
    return await desk.ask(person, "trends.show", **more)


async def test_before_anything_failed_there_is_nothing_to_show(desk: Desk) -> None:
    reply = await asked(desk)
    assert not reply.refused
    assert words(reply).startswith("Trends\nNo failed case counts in these six months")


async def test_the_months_of_a_team_as_they_were(desk: Desk) -> None:
    for number in range(1, 6):
        gap = "tools" if number == 2 else "training"
        await put_right(desk, number, JANUARY + timedelta(days=14 * (number - 1)), gap)
    await desk.fail(typed="ZD-9 Nobody called back")
    reply = await asked(desk)
    assert "6 failed cases since October." in words(reply)
    assert charts(reply) == {
        "Cases per gap": {
            "Training": (0, 0, 0, 1, 2, 1),
            "Tools": (0, 0, 0, 1, 0, 0),
            "No gap named": (0, 0, 0, 0, 0, 1),
        },
        "Action items per gap": {
            "Training": (0, 0, 0, 1, 2, 1),
            "Tools": (0, 0, 0, 1, 0, 0),
        },
    }
    assert figures(reply) == {
        "Items done in time": "5 of 5",
        "From failed to finished": "0 working days (median of 5)",
        "Apology after": "0 working hours (median of 5); 5 of 5 within the team's aim",
        "Promise kept after": "0 working hours (median of 5); 5 of 5 by the day promised",
        "How it ended": "5 recovered, 1 still open",
        "Gaps that stayed away": "1 of 2, a month (30 days) or more after a verified fix",
    }
    assert "Came back · Training: a case failed after a fix was verified" in words(reply)


async def test_who_is_not_put_right_is_told_as_that_and_a_promise_not_needed_is_not_owed(
    desk: Desk,
) -> None:
    await put_right(desk, 1, JANUARY)
    await desk.fail(typed="ZD-2 Lost again")
    values = {"verdict": "not recovered", "words": "It is still lost."}
    await desk.ask(ANA, "recovery.verdict", "C-2", values)
    await desk.ask(ANA, "recovery.not_needed", "C-2", {"step": "apologise", "why": "They moved away."})
    reply = await asked(desk, at=desk.at + timedelta(days=9))
    assert figures(reply)["How it ended"] == "1 recovered, 1 not recovered"
    assert figures(reply)["Apology after"] == "0 working hours (once); 1 of 1 within the team's aim"
    assert figures(reply)["Promise kept after"].endswith("(once); 1 of 1 by the day promised")


async def test_a_retro_whose_last_fix_fell_is_not_finished_any_more(desk: Desk) -> None:
    await put_right(desk, 1, JANUARY)
    assert figures(await asked(desk))["From failed to finished"] == "0 working days (once)"
    await desk.ask(ANA, "action_item.reopen", "AI-1", {"missing": "They are gone again."})
    assert not (await desk.ask(ANA, "action_item.drop", "AI-1", {"why": "It cannot be."})).faults
    assert desk.item("AI-1").state == "dropped"
    assert "From failed to finished" not in figures(await asked(desk))


async def test_that_a_gap_came_back_stays_when_the_fix_that_failed_is_worked_on(desk: Desk) -> None:
    await put_right(desk, 1, JANUARY)
    await put_right(desk, 2, JANUARY + timedelta(days=10))
    assert "Came back · Training" in words(await asked(desk))
    for person, step, values in (
        (ANA, "reopen", {"missing": "They are gone."}),
        (ANA, "done", {"changed": "They are shown again."}),
        (BEN, "verify", {"saw": "I saw them again."}),
        (ANA, "reopen", {"missing": "They are gone once more."}),
        (ANA, "drop", {"why": "It does not help."}),
    ):
        reply = await desk.ask(person, f"action_item.{step}", "AI-1", values)
        assert not reply.refused, words(reply)
        assert not reply.faults, step
        shown = await asked(desk)
        assert "Came back · Training" in words(shown), step
        assert figures(shown)["Gaps that stayed away"].startswith("0 of 1"), step


async def test_what_is_late_goes_by_the_day_of_whoever_has_to_do_it_as_everywhere(desk: Desk) -> None:
    for person in (ANA, BEN):
        desk.meet(person)
    await desk.ask(ANA, "case.fail", typed="ZD-1 Parcel lost", at=JANUARY)
    item = {"what": "Show the notes", "owner": BEN.id, "due": "2026-01-12"}
    promise = {"words": "A new one", "how": "A call", "due": "2026-01-12"}
    for person, name, values in (
        (BEN, "action_item.add", item),
        (ANA, "recovery.promise", promise),
        (ANA, "recovery.hand_over", {"step": "keep", "owner": BEN.id}),
    ):
        reply = await desk.ask(person, name, "C-1", values, people=(BEN,), at=JANUARY)
        assert not reply.refused, words(reply)
        assert not reply.faults, reply.faults
    # Past midnight where the team is, and still the twelfth in New York.
    night, next_morning = (JANUARY.replace(day=13, hour=hour) for hour in (1, 15))
    assert "Items done in time" not in figures(await asked(desk, at=night))
    assert "Promise kept after" not in figures(await asked(desk, at=night))
    late = figures(await asked(desk, at=next_morning))
    assert (late["Items done in time"], late["Promise kept after"][:6]) == ("0 of 1", "0 of 1")
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "They are shown."}, at=night)
    await desk.ask(BEN, "recovery.keep", "C-1", {"words": "It came."}, at=night)
    kept = figures(await asked(desk, at=next_morning))
    assert kept["Items done in time"] == "1 of 1"
    assert kept["Promise kept after"].endswith("1 of 1 by the day promised")


async def test_a_cancelled_case_counts_nowhere_until_it_is_brought_back(desk: Desk) -> None:
    await put_right(desk, 1, JANUARY)
    before = await asked(desk)
    await put_right(desk, 2, JANUARY + timedelta(days=1))
    counted = await asked(desk)
    assert "2 failed cases" in words(counted)
    await desk.ask(ANA, "case.cancel", "C-2", {"why": "It was a test."})
    assert words(await asked(desk)) == words(before)
    assert "Came back" not in words(before)
    await desk.ask(ANA, "case.restore", "C-2")
    assert words(await asked(desk)) == words(counted)


async def test_what_is_older_than_six_months_counts_nowhere(desk: Desk) -> None:
    await put_right(desk, 1, datetime(2025, 9, 30, 21, 59, tzinfo=UTC))
    assert "No failed case counts" in words(await asked(desk))
    await put_right(desk, 2, datetime(2025, 9, 30, 22, 1, tzinfo=UTC))
    assert "1 failed case since October" in words(await asked(desk))


async def test_an_answer_without_a_name_changes_nothing_in_it(desk: Desk) -> None:
    await put_right(desk, 1, JANUARY)
    await desk.fail(typed="ZD-2 Lost again")
    before = await asked(desk)
    answer = {"training": "Maps of the city", "unnamed": "yes"}
    assert not (await desk.ask(BEN, "retro.answer", "C-2", answer)).faults
    assert await asked(desk) == before


async def test_nobody_and_no_word_of_anybody_stands_in_it(desk: Desk) -> None:
    for number in range(1, 6):
        await put_right(desk, number, JANUARY + timedelta(days=number))
    message = (await asked(desk)).message
    assert message is not None
    said = message.model_dump_json()
    for word in (*(person.name for person in (ANA, BEN)), ANA.id, "Parcel", "notes", "ZD-", "C-1"):
        assert word not in said


@pytest.mark.parametrize("channel", [DIRECT, None], ids=["direct", "home"])
async def test_in_a_direct_chat_it_is_all_channels_of_theirs_and_no_others(
    desk: Desk, channel: Channel | None
) -> None:
    await put_right(desk, 1, JANUARY)
    await put_right(desk, 2, JANUARY, "tools", channel=SALES)
    desk.memberships.channels = {CLEO.id: {"C1"}, ANA.id: {"C1", "C2"}, BEN.id: set()}
    both = await asked(desk, ANA, channel=channel)
    assert "2 failed cases" in words(both)
    assert "sales, support · " in words(both)
    one = await asked(desk, CLEO, channel=channel)
    assert "1 failed case " in words(one)
    assert "sales" not in words(one)
    assert "Tools" not in words(one)
    none = await asked(desk, BEN, channel=channel)
    assert none.refused
    assert words(none).startswith("I can't find a team's channel that you're in")


async def test_from_a_channel_it_is_that_channels_alone_and_its_members(desk: Desk) -> None:
    await put_right(desk, 1, JANUARY)
    await put_right(desk, 2, JANUARY, "tools", channel=SALES)
    desk.memberships.channels = {CLEO.id: {"C2"}}
    here = await asked(desk, CLEO, here="C2", channel=SALES)
    assert figures(here)["Cases per gap"] == "Tools 1"
    assert (await asked(desk, CLEO)).refused
    assert "Training" not in words(await asked(desk, CLEO))


async def test_where_one_channel_cannot_be_asked_about_nothing_is_shown(desk: Desk) -> None:
    await put_right(desk, 1, JANUARY)
    await put_right(desk, 2, JANUARY, "tools", channel=SALES)
    desk.memberships.unsaid = {"C2"}
    reply = await asked(desk, ANA, channel=DIRECT)
    assert words(reply) == NO_ANSWER_NOW


async def test_that_not_all_cases_are_counted_is_said_only_when_there_are_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.trends.MAX_FAILURES", 2)
    await put_right(desk, 1, JANUARY)
    await put_right(desk, 2, JANUARY + timedelta(days=1), "tools")
    exactly = words(await asked(desk))
    assert "2 failed cases" in exactly
    assert "Only the newest" not in exactly
    await put_right(desk, 3, JANUARY + timedelta(days=2), "process")
    more = words(await asked(desk))
    assert "2 failed cases" in more
    assert "Only the newest" in more
    assert "Training" not in more


async def many_teams(desk: Desk, count: int) -> list[Channel]:
    """So many teams with a case each, in the order of their names."""
    channels = [Channel(id=f"CX{number}", name=f"a{number:03}") for number in range(count)]
    for number, channel in enumerate(channels):
        await desk.ask(ANA, "case.fail", typed=f"Q-{number} Lost", channel=channel)
    return channels


async def test_somebody_in_few_of_many_channels_finds_theirs_and_reads_what_was_not_looked_at(
    desk: Desk,
) -> None:
    channels = await many_teams(desk, MAX_ASKED + 3)
    for place, theirs in (
        (MAX_GATHERED, channels[MAX_GATHERED]),
        (MAX_ASKED - 1, channels[MAX_ASKED - 1]),
    ):
        desk.memberships.channels = {CLEO.id: {theirs.id}}
        shown = words(await asked(desk, CLEO, channel=DIRECT))
        assert f"{theirs.name} · " in shown, place
        assert "Not looked at, because there are so many: 3 more channels." in shown
    desk.memberships.channels = {CLEO.id: {channels[-1].id}}
    none = await asked(desk, CLEO, channel=DIRECT)
    assert none.refused
    assert words(none).startswith("I can't find a team's channel that you're in. Not looked at")
    desk.memberships.channels = {}
    desk.memberships.asked.clear()
    assert f"{MAX_GATHERED} failed cases" in words(await asked(desk, CLEO, channel=DIRECT))
    assert len(desk.memberships.asked) == MAX_GATHERED


async def test_where_something_is_theirs_to_do_is_looked_at_before_other_channels(desk: Desk) -> None:
    channels = await many_teams(desk, MAX_ASKED + 2)
    last = channels[-1]
    desk.memberships.channels = {CLEO.id: {last.id}}
    assert (await asked(desk, CLEO, channel=DIRECT)).refused
    item = {"what": "Show the notes", "owner": CLEO.id}
    added = await desk.ask(
        CLEO, "action_item.add", f"C-{len(channels)}", item, channel=last, people=(CLEO,)
    )
    assert not added.refused, words(added)
    assert f"{last.name} · " in words(await asked(desk, CLEO, channel=DIRECT))


async def test_it_changes_nothing_and_owes_nobody_a_message(desk: Desk) -> None:
    await put_right(desk, 1, JANUARY)
    desk.say_all()
    desk.woken.clear()
    await asked(desk)
    assert not desk.woken.is_set()
    assert desk.say_all() == {}
