"""What earlier cases teach a retro that opens, and what the lead hears when a gap comes back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.channel import Channel
from bot.messages.parts import Button, Message, plain, pressable
from storage.tables import jobs
from tests.commands.test_small_failure import ALLOWED
from tests.desk import ANA, BEN, Desk, opening, words

FIRST = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
LOST = "The courier lost the parcel and nobody told the customer about the delay"
AGAIN = "Customer waited for a parcel that the courier lost, nobody told them"
ELSE = "The invoice had a wrong address of the company on it"


async def put_right(desk: Desk, at: datetime = FIRST, gap: str = "training") -> None:
    """C-1 with a verified fix, closed, and its customer well again; the lead is Ana."""

    async def act(person: Any, name: str, about: str, values: dict[str, str] | None) -> None:
        reply = await desk.ask(person, name, about, values, at=at)
        assert not reply.refused, words(reply)
        assert not reply.faults, reply.faults

    await desk.ask(ANA, "case.fail", typed=f"ZD-1 {LOST}", at=at)
    await desk.add_item(ANA, what="Show the notes", gap=gap, owner=ANA.id)
    await act(ANA, "action_item.done", "AI-1", {"changed": "Notes are shown on the order."})
    await act(BEN, "action_item.verify", "AI-1", {"saw": "I saw them."})
    await act(ANA, "recovery.apologise", "C-1", {"how": "A call", "words": "We lost it. I am sorry."})
    await act(ANA, "recovery.verdict", "C-1", {"verdict": "recovered", "words": "Thank you."})
    desk.say_all()


async def fail(desk: Desk, text: str, **more: Any) -> dict[str, Message]:
    await desk.ask(ANA, "case.fail", typed=f"ZD-{len(desk.spoken)} {text}", **more)
    return dict(desk.say_all())


async def test_a_retro_that_opens_is_told_of_an_earlier_case_like_it(database: Any) -> None:
    desk = Desk(database)
    await put_right(desk)
    await desk.add_item(BEN, what="Train the night shift", gap="training")
    said = await fail(desk, AGAIN)
    told = plain(said["earlier:2"])
    assert "An earlier case is like this one." in told
    assert LOST in told
    assert "changed and verified · Notes are shown on the order." in told
    assert "the customer was put right · it has not come back since" in told
    assert "Still open for the same gap\nTrain the night shift" in told
    order = [key for key in desk.spoken if key.endswith(":2") or ":2:" in key]
    assert order.index("earlier:2") > order.index(opening(2)[-1])
    assert desk.spoken.count("earlier:2") == 1


async def test_what_did_not_hold_is_said(sqlite: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    await fail(desk, AGAIN)
    await desk.add_item(ANA, "C-2", what="Drill it", gap="training")
    told = plain((await fail(desk, f"{AGAIN} once more"))["earlier:3"])
    assert "Earlier cases are like this one." in told
    assert "training came back in C-2" in told
    assert "the customer has not said how it was" in told


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (ELSE, {}),
        ("Lost parcel", {}),
        (AGAIN, {"channel": Channel(id="C2", name="sales"), "here": "C2"}),
        (AGAIN, {"bulk": True}),
    ],
    ids=["something else", "too few words", "another team", "an import"],
)
async def test_where_nothing_is_alike_nothing_is_said(sqlite: Any, text: str, more: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    said = await fail(desk, text, **more)
    assert "retro:2" in said
    assert "earlier:2" not in said


@pytest.mark.parametrize("more", [{}, {"bulk": True}], ids=["told", "an import"])
async def test_a_retro_that_changes_is_told_nothing_new_of_earlier_cases(sqlite: Any, more: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    await fail(desk, AGAIN, **more)
    await desk.add_item(BEN, "C-2", what="Train the night shift", owner=BEN.id)
    for name, values in (
        ("retro.close", {"outcome": "fixes agreed", "why": ""}),
        ("retro.reopen", {"why": "It was open after all."}),
        ("case.cancel", {"why": "Not ours."}),
        ("case.restore", {}),
    ):
        reply = await desk.ask(ANA, name, "C-2", values)
        assert not reply.refused, words(reply)
        said = desk.say_all()
        assert "retro:2" in said
        assert "earlier:2" not in said


async def test_a_cancelled_case_teaches_nothing(sqlite: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    await desk.ask(ANA, "case.cancel", "C-1", {"why": "Not ours"})
    assert "earlier:2" not in await fail(desk, AGAIN)


async def test_no_more_than_three_are_told_of_the_most_alike_first(sqlite: Any) -> None:
    desk = Desk(sqlite)
    for text in (ELSE, f"{AGAIN} at noon", LOST, AGAIN, f"{LOST} at night"):
        await fail(desk, text)
    told = plain((await fail(desk, AGAIN))["earlier:6"])
    assert told.count("C-") == 3
    assert told.index(f"{AGAIN}\n") < told.index(f"{AGAIN} at noon\n")
    assert ELSE not in told


async def test_when_a_customer_is_forgotten_other_threads_forget_their_words(sqlite: Any) -> None:
    desk = Desk(sqlite)
    named = f"{LOST}, said Mrs. Ólafsdóttir"
    await desk.ask(ANA, "case.fail", values={"what_happened": named, "customer": "Mrs. Ólafsdóttir"})
    desk.say_all()
    assert "Ólafsdóttir" in plain((await fail(desk, AGAIN))["earlier:2"])
    assert await desk.bot.forget(desk.workspace, 1, FIRST) == [1]
    assert "Ólafsdóttir" not in plain(desk.say_all()["earlier:2"])


def _button(message: Message) -> Button:
    (button,) = [one for one in pressable(message) if one.command_name == "action_item.reopen"]
    return button


async def _returned(desk: Desk, days: int, **item: str) -> dict[str, Message]:
    """What is said when, so many days after the fix was verified, a case gets an item."""
    at = FIRST + timedelta(days=days)
    await desk.ask(BEN, "case.fail", typed=f"ZD-2 {ELSE}", at=at)
    await desk.ask(BEN, "action_item.add", "C-2", {"what": "Another try", **item}, at=at)
    desk.say_all(at)
    return dict(desk.say_all(at + timedelta(days=4)))


async def test_the_lead_is_told_once_that_a_fix_may_not_hold_and_can_reopen_it(database: Any) -> None:
    desk = Desk(database)
    await put_right(desk)
    at = FIRST + timedelta(days=21)
    await desk.ask(BEN, "case.fail", typed=f"ZD-2 {ELSE}", at=at)
    for number in range(2):
        await desk.ask(
            BEN, "action_item.add", "C-2", {"what": f"Try {number}", "gap": "training"}, at=at
        )
    said = desk.say_all(at)
    message = said["returned:2:training:U1"]
    assert message.summary == "Training came back in C-2: AI-1 may not hold."
    assert "What changed: Notes are shown on the order." in plain(message)
    assert desk.spoken.count("returned:2:training:U1") == 1
    button = _button(message)
    assert button.label == "Reopen AI-1"
    await desk.ask(ANA, button.command_name, button.about, {"missing": "The night shift"}, at=at)
    assert desk.item("AI-1").state == "agreed"
    desk.say_all(at)
    assert "returned:2:training:U1" in desk.deleted


@pytest.mark.parametrize(
    ("days", "item"),
    [(100, {"gap": "training"}), (21, {"gap": "tools"}), (21, {})],
    ids=["long after", "another gap", "no gap named"],
)
async def test_the_lead_is_not_told_where_no_gap_came_back_soon(
    sqlite: Any, days: int, item: dict[str, str]
) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    at = FIRST + timedelta(days=days)
    await desk.ask(BEN, "case.fail", typed=f"ZD-2 {ELSE}", at=at)
    await desk.ask(BEN, "action_item.add", "C-2", {"what": "Another try", **item}, at=at)
    said = {**desk.say_all(at), **desk.say_all(at + timedelta(days=4))}
    assert "retro:2" in said
    assert not [key for key in said if key.startswith("returned:")]


async def test_a_gap_that_returns_at_night_is_told_in_the_leads_working_hours(sqlite: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    night = datetime(2026, 3, 20, 23, 0, tzinfo=UTC)  # a Friday
    await desk.ask(BEN, "case.fail", typed=f"ZD-2 {ELSE}", at=night)
    await desk.ask(BEN, "action_item.add", "C-2", {"what": "Try", "gap": "training"}, at=night)
    with sqlite.transaction(writes=False) as connection:
        job = select(jobs.c.due_at).where(jobs.c.key == "returned:2:training:U1")
        due_at = connection.execute(job).scalar_one()
    assert due_at == datetime(2026, 3, 23, 8, 0, tzinfo=UTC)  # Monday, 09:00 in Stockholm


async def test_a_small_failure_is_told_of_no_earlier_case_until_it_is_reopened(sqlite: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    await desk.ask(ANA, "team.policy", values=ALLOWED)
    await desk.ask(BEN, "case.fail", values={"what_happened": AGAIN, "small": "yes"})
    said = desk.say_all()
    assert "retro:2" in said
    assert "earlier:2" not in said
    assert not (await desk.ask(ANA, "retro.reopen", "C-2", {"why": "It is not small."})).faults
    assert LOST in plain(desk.say_all()["earlier:2"])


async def test_what_a_retro_was_told_as_it_opened_stays_as_it_was_then(sqlite: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    assert "earlier:2" in await fail(desk, AGAIN)
    await desk.add_item(BEN, "C-1", what="Train the night shift", gap="training")
    why = {"outcome": "an apology was enough", "why": "She laughed."}
    assert not (await desk.ask(ANA, "retro.close", "C-2", why)).faults
    assert not (await desk.ask(ANA, "retro.reopen", "C-2", {"why": "More to say."})).faults
    desk.say_all()
    assert not (await desk.ask(ANA, "case.cancel", "C-2", {"why": "A test."})).faults
    assert not (await desk.ask(ANA, "case.restore", "C-2")).refused
    desk.say_all()
    assert desk.spoken.count("earlier:2") == 1


async def test_when_the_gap_of_an_item_is_put_right_the_lead_hears_what_is_true_now(sqlite: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    at = FIRST + timedelta(days=21)
    await desk.ask(BEN, "case.fail", typed=f"ZD-2 {ELSE}", at=at)
    await desk.ask(BEN, "action_item.add", "C-2", {"what": "Try", "gap": "training"}, at=at)
    assert "returned:2:training:U1" in desk.say_all(at)
    edited = {"what": "Try", "gap": "tools"}
    assert not (await desk.ask(BEN, "action_item.edit", "AI-2", edited, at=at)).faults
    desk.say_all(at)
    assert "returned:2:training:U1" in desk.deleted
    # And where it is one that came back after all, they are told.
    assert not (
        await desk.ask(BEN, "action_item.edit", "AI-2", {**edited, "gap": "training"}, at=at)
    ).faults
    assert "AI-1 may not hold" in desk.say_all(at)["returned:2:training:U1"].summary
