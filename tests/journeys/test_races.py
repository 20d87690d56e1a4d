"""Whoever comes second hears a sentence, and nothing happens twice, on both databases."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence

import pytest

from bot.command import Reply
from bot.messages.parts import plain
from storage.database import Database
from tests.desk import ANA, AT, BEN, CLEO, Desk, words
from tests.session import open_work

CROWD = 8


@pytest.fixture
def desk(database: Database) -> Desk:
    """People asking the bot, on both databases."""
    return Desk(database)


async def at_once(*asked: Awaitable[Reply]) -> Sequence[str]:
    """What each of them was told, asked at the same moment; sorted, so that silence comes first."""
    replies = await asyncio.gather(*asked)
    assert all(reply.saved for reply in replies)
    return sorted(words(reply) for reply in replies)


async def test_two_people_taking_an_item_at_once(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA)
    told = await at_once(
        desk.ask(BEN, "action_item.take", item), desk.ask(CLEO, "action_item.take", item)
    )
    assert told == ["", "AI-1 is already agreed."]
    assert len(desk.item(item).history) == 2


async def test_accepting_twice_at_once(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U2")
    told = await at_once(*(desk.ask(BEN, "action_item.accept", item) for _ in range(CROWD)))
    assert told == ["", *["AI-1 is already agreed."] * (CROWD - 1)]


async def test_two_people_verifying_at_once(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U1")
    await desk.ask(ANA, "action_item.done", item, {"changed": "x"})
    told = await at_once(
        desk.ask(BEN, "action_item.verify", item, {"saw": ""}),
        desk.ask(CLEO, "action_item.verify", item, {"saw": ""}),
    )
    assert told == ["AI-1 is already verified.", "Verified. Thank you for looking."]


async def test_the_last_two_agreed_fixes_falling_at_once_are_noticed(desk: Desk) -> None:
    await desk.fail()
    items = [await desk.add_item(ANA, owner="U1") for _ in range(2)]
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": "fixes agreed"})
    told = await at_once(*(desk.ask(ANA, "action_item.drop", item, {"why": "No."}) for item in items))
    assert sum("closed without a decision" in one for one in told) == 1
    assert desk.retro("C-1").unsettled_at is not None


async def test_a_yes_taken_back_while_somebody_closes_is_noticed(desk: Desk) -> None:
    await desk.fail()
    await desk.add_item(ANA, owner="U1")
    await at_once(
        desk.ask(BEN, "retro.close", "C-1", {"outcome": "fixes agreed"}),
        desk.ask(ANA, "action_item.decline", "AI-1", {"why": "No time."}),
    )
    retro = desk.retro("C-1")
    assert retro.state == "open" or retro.unsettled_at is not None


async def test_two_leads_changing_what_retros_ask_at_once_change_it_both(desk: Desk) -> None:
    """Without a lead every member may; the second one changes what the first one left."""
    await desk.fail()
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.teams.save(desk.team().model_copy(update={"lead": None}))
        work.commit()
    told = await at_once(
        desk.ask(ANA, "prompt.add", "prompts:::C1", {"label": "Suppliers"}),
        desk.ask(BEN, "prompt.retire", "prompts::else:C1"),
        desk.ask(CLEO, "prompt.move_up", "prompts::after_hours:C1"),
        desk.ask(CLEO, "kind.add", "prompts:::C1", {"called": "Delivery"}),
    )
    assert all("in #support" in one for one in told)
    labels = [prompt.label for prompt in desk.team().prompts or () if not prompt.retired]
    assert labels == ["Training", "After-hours support", "Communication", "Suppliers"]
    assert [kind.name for kind in desk.team().kinds] == ["Delivery"]


async def test_a_prompt_retired_twice_at_once(desk: Desk) -> None:
    await desk.fail()
    told = await at_once(*(desk.ask(ANA, "prompt.retire", "prompts::else:C1") for _ in range(CROWD)))
    assert sum("changed meanwhile" in one for one in told) == CROWD - 1
    assert len([prompt for prompt in desk.team().prompts or () if prompt.retired]) == 1


async def test_two_people_closing_at_once(desk: Desk) -> None:
    await desk.fail()
    outcome = {"outcome": "an apology was enough", "why": "She said so."}
    told = await at_once(
        desk.ask(BEN, "retro.close", "C-1", outcome), desk.ask(CLEO, "retro.close", "C-1", outcome)
    )
    assert told == [
        "C-1 is closed: an apology was enough. Thank you.",
        "The retro C-1 is already closed.",
    ]
    assert len(desk.retro("C-1").history) == 1


async def test_the_same_event_many_times_at_once(desk: Desk) -> None:
    replies = await asyncio.gather(
        *(desk.ask(ANA, "case.fail", typed="Lost parcel", key="event-1") for _ in range(CROWD))
    )
    assert sorted(reply.already for reply in replies) == [False, *[True] * (CROWD - 1)]
    said = desk.say_all()
    assert [key for key in said if key.startswith("retro:")] == ["retro:1"]


async def test_the_same_form_many_times_at_once(desk: Desk) -> None:
    await desk.fail()
    values = {"training": "Maps"}
    await asyncio.gather(
        *(desk.ask(ANA, "retro.answer", "C-1", values, key="view-1") for _ in range(CROWD))
    )
    assert len(desk.answers("C-1")) == 1


async def test_the_same_reference_many_times_at_once(desk: Desk) -> None:
    replies = await asyncio.gather(
        *(desk.ask(ANA, "case.fail", typed=f"ZD-1 Lost, says {n}") for n in range(CROWD))
    )
    assert sorted(reply.already for reply in replies) == [False, *[True] * (CROWD - 1)]
    assert [key for key in desk.say_all() if key.startswith("retro:")] == ["retro:1"]


async def test_a_burst_of_cases_in_a_new_channel_makes_one_team_and_no_number_twice(desk: Desk) -> None:
    labels = await asyncio.gather(*(desk.fail(ANA, f"ZD-{n} Lost") for n in range(CROWD)))
    assert sorted(labels, key=lambda label: int(label[2:])) == [f"C-{n + 1}" for n in range(CROWD)]


async def test_an_answer_and_a_close_at_once_leave_nothing_half_done(desk: Desk) -> None:
    await desk.fail()
    outcome = {"outcome": "an apology was enough", "why": "She said so."}
    await at_once(
        *(desk.ask(ANA, "retro.answer", "C-1", {"training": f"Maps {n}"}) for n in range(CROWD)),
        desk.ask(BEN, "retro.close", "C-1", outcome),
    )
    shown = desk.say_all()["retro:1"]
    answers = len(desk.answers("C-1"))
    assert f"closed · {answers} answer" in plain(shown).replace("finished", "closed")


async def test_a_late_request_of_yesterday_is_judged_by_its_own_time(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U1")
    yesterday = AT.replace(day=4)
    reply = await desk.ask(ANA, "action_item.change_date", item, {"due": "2026-03-04"}, at=yesterday)
    assert not reply.faults


@pytest.fixture
def two(database_url: str) -> Iterator[tuple[Desk, Desk]]:
    """The same bot as two processes, each with its own connections."""
    first, second = Database(database_url), Database(database_url)
    yield Desk(first), Desk(second)
    first.close()
    second.close()


ROUNDS = 8
"""So often two processes meet; each time one of them is the first."""


async def two_cases(desk: Desk, number: int) -> tuple[str, str]:
    """The labels of two more cases."""
    for letter in "AB":
        failed = {"what_happened": f"{letter} {number}", "reference": f"{letter}-{number}"}
        assert not (await desk.ask(ANA, "case.fail", values=failed)).faults
    return f"C-{2 * number + 1}", f"C-{2 * number + 2}"


async def test_an_answer_moves_with_its_case_or_its_author_hears_that_it_is_cancelled(
    two: tuple[Desk, Desk],
) -> None:
    here, there = two
    for number in range(ROUNDS):
        kept, double = await two_cases(here, number)
        unnamed = "yes" if number % 2 else ""
        moved, answered = await asyncio.gather(
            here.ask(BEN, "case.same_as", double, {"other": kept}),
            there.ask(CLEO, "retro.answer", double, {"training": "Maps", "unnamed": unnamed}),
        )
        assert (moved.faults, moved.saved, answered.saved) == ({}, True, True)
        assert here.answers(double) == []
        assert len(here.answers(kept)) == (0 if answered.refused else 1)
        if answered.refused:
            assert "is cancelled" in words(answered)


@pytest.mark.parametrize("name", ["case.cancel", "case.same_as"])
async def test_an_item_that_is_added_just_now_goes_with_its_retro(
    two: tuple[Desk, Desk], name: str
) -> None:
    here, there = two
    for person in (ANA, BEN):
        here.meet(person)
    items = 0
    for number in range(ROUNDS):
        kept, double = await two_cases(here, number)
        values = {"why": "A test."} if name == "case.cancel" else {"other": kept}
        gone, added = await asyncio.gather(
            here.ask(BEN, name, double, values),
            there.ask(ANA, "action_item.add", double, {"what": "Call", "owner": BEN.id}),
        )
        assert (gone.faults, gone.saved, added.saved) == ({}, True, True)
        if added.refused:
            assert "is cancelled" in words(added)
            continue
        items += 1
        item = here.item(f"AI-{items}")
        moved = name == "case.same_as"
        assert (f"C-{item.case_number}", item.cancelled) == (kept if moved else double, not moved)


async def test_a_crowd_answers_and_adds_items_at_once(desk: Desk) -> None:
    await desk.fail()
    replies = await asyncio.gather(
        *(desk.ask(BEN, "retro.answer", "C-1", {"training": f"Maps {n}"}) for n in range(CROWD)),
        *(desk.ask(CLEO, "action_item.add", "C-1", {"what": f"Call {n}"}) for n in range(CROWD)),
    )
    assert all(reply.saved and not reply.refused for reply in replies)
    assert len(desk.answers("C-1")) == CROWD
