"""What earlier cases teach a retro that opens, and what the lead hears when a gap comes back."""

from collections.abc import Mapping
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


def told(said: Mapping[str, Message], number: int) -> str:
    """What the thread of this case's retro heard of earlier ones; "" where that is nothing."""
    words = [plain(message) for key, message in said.items() if key.startswith(f"earlier:{number}:")]
    return "".join(words)


async def test_a_retro_that_opens_is_told_of_an_earlier_case_like_it(database: Any) -> None:
    desk = Desk(database)
    await put_right(desk)
    await desk.add_item(BEN, what="Train the night shift", gap="training")
    said = await fail(desk, AGAIN)
    seen = told(said, 2)
    assert "An earlier case is like this one." in seen
    assert LOST in seen
    assert "changed and verified · Notes are shown on the order." in seen
    assert "the customer was put right · it has not come back since" in seen
    assert "Still open for the same gap\nTrain the night shift" in seen
    order = [key for key in desk.spoken if key.endswith(":2") or ":2:" in key]
    assert order.index(opening(2)[-1]) < desk.spoken.index("earlier:2:1:2")
    assert [key for key in desk.spoken if key.startswith("earlier:")] == ["earlier:2:1:2"]


async def test_what_did_not_hold_is_said(sqlite: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    await fail(desk, AGAIN)
    await desk.add_item(ANA, "C-2", what="Drill it", gap="training")
    seen = told(await fail(desk, f"{AGAIN} once more"), 3)
    assert "Earlier cases are like this one." in seen
    assert "training came back in C-2" in seen
    assert "the customer has not said how it was" in seen


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
    assert not told(said, 2)


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
        assert not told(said, 2)


async def test_a_cancelled_case_teaches_nothing(sqlite: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    await desk.ask(ANA, "case.cancel", "C-1", {"why": "Not ours"})
    assert not told(await fail(desk, AGAIN), 2)


async def test_no_more_than_three_are_told_of_the_most_alike_first(sqlite: Any) -> None:
    desk = Desk(sqlite)
    for text in (ELSE, f"{AGAIN} at noon", LOST, AGAIN, f"{LOST} at night"):
        await fail(desk, text)
    seen = told(await fail(desk, AGAIN), 6)
    assert seen.count("C-") == 3
    assert seen.index(f"{AGAIN}\n") < seen.index(f"{AGAIN} at noon\n")
    assert ELSE not in seen


async def test_when_a_customer_is_forgotten_other_threads_forget_their_words(sqlite: Any) -> None:
    desk = Desk(sqlite)
    named = f"{LOST}, said Mrs. Ólafsdóttir"
    await desk.ask(ANA, "case.fail", values={"what_happened": named, "customer": "Mrs. Ólafsdóttir"})
    desk.say_all()
    assert "Ólafsdóttir" in told(await fail(desk, AGAIN), 2)
    assert await desk.bot.forget(desk.workspace, 1, FIRST) == ["C-1"]
    assert "Ólafsdóttir" not in told(desk.say_all(), 2)


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
    assert not told(said, 2)
    assert not (await desk.ask(ANA, "retro.reopen", "C-2", {"why": "It is not small."})).faults
    assert LOST in told(desk.say_all(), 2)


async def test_what_a_retro_was_told_as_it_opened_stays_as_it_was_then(sqlite: Any) -> None:
    desk = Desk(sqlite)
    await put_right(desk)
    assert told(await fail(desk, AGAIN), 2)
    await desk.add_item(BEN, "C-1", what="Train the night shift", gap="training")
    why = {"outcome": "an apology was enough", "why": "She laughed."}
    assert not (await desk.ask(ANA, "retro.close", "C-2", why)).faults
    assert not (await desk.ask(ANA, "retro.reopen", "C-2", {"why": "More to say."})).faults
    desk.say_all()
    assert not (await desk.ask(ANA, "case.cancel", "C-2", {"why": "A test."})).faults
    assert not (await desk.ask(ANA, "case.restore", "C-2")).refused
    desk.say_all()
    assert desk.spoken.count("earlier:2:1:") == 1


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


OTHER = f"{LOST} once more"
RENEWED = "As it stood on Thu 5 Mar, when something told here was put right."


@pytest.fixture
async def told_of_two(sqlite: Any) -> Desk:
    """C-3, whose thread was told of C-1, with its fix, of C-2, and of AI-2, which is open there."""
    desk = Desk(sqlite)
    await put_right(desk)
    await fail(desk, OTHER)
    await desk.add_item(BEN, "C-2", what="Train the night shift", gap="training", owner=BEN.id)
    seen = told(await fail(desk, AGAIN), 3)
    for words_of in (f"{LOST}\n", OTHER, "Notes are shown", "the customer was put right", "night shift"):
        assert words_of in seen
    assert "As it stood when this retro opened." in seen
    return desk


async def heard(desk: Desk, person: Any, name: str, about: str, **changed: str) -> str:
    """What C-3's thread reads once somebody sent this form with something changed."""
    form = (await desk.ask(person, name, about)).form
    assert form is not None
    values = {field.name: field.value for field in form.fields} | dict(form.hidden) | changed
    reply = await desk.ask(person, name, form.about or about, values)
    if reply.form is not None:  # a form that leads to another one
        values = {field.name: field.value for field in reply.form.fields} | dict(reply.form.hidden)
        reply = await desk.ask(person, reply.form.command_name, reply.form.about, values | changed)
    assert not reply.faults
    assert not reply.refused, words(reply)
    return told(desk.say_all(), 3)


@pytest.mark.parametrize(
    ("person", "name", "about", "changed", "was", "now"),
    [
        (ANA, "case.edit", "C-1", {"what_happened": "The van broke"}, f"{LOST}\n", "The van broke\n"),
        (ANA, "action_item.correct", "AI-1", {"words": "Seen on Monday."}, "", "Notes are shown"),
        (ANA, "action_item.edit", "AI-2", {"what": "Train them all"}, "night shift", "Train them all"),
        (ANA, "case.cancel", "C-1", {"why": "A test."}, "Notes are shown", OTHER),
        (ANA, "case.cancel", "C-2", {"why": "A test."}, "night shift", "Notes are shown"),
        (ANA, "case.same_as", "C-2", {"other": "C-1"}, OTHER, LOST),
        (
            ANA,
            "recovery.take_back",
            "C-1",
            {"step": "verdict", "why": "It was another one."},
            "the customer was put right",
            "the customer has not said how it was",
        ),
    ],
)
async def test_when_what_was_told_is_put_right_the_thread_reads_what_is_true(
    told_of_two: Desk, person: Any, name: str, about: str, changed: dict[str, str], was: str, now: str
) -> None:
    by = BEN if name == "action_item.correct" else person
    seen = await heard(told_of_two, by, name, about, **changed)
    assert not was or was not in seen
    assert now in seen
    assert RENEWED in seen


async def test_a_thread_that_was_told_of_another_case_is_left_as_it_is(told_of_two: Desk) -> None:
    desk = told_of_two
    await fail(desk, "The invoice of Monday had a wrong address on it")
    assert not await heard(desk, ANA, "case.edit", "C-4", what_happened="Nothing of that")
    assert not await heard(desk, ANA, "case.edit", "C-3", what_happened="The van broke")


async def test_what_only_went_on_since_is_not_told_anew(told_of_two: Desk) -> None:
    desk = told_of_two
    assert not await heard(desk, BEN, "action_item.done", "AI-2", changed="They are trained.")
    assert not await heard(desk, ANA, "action_item.verify", "AI-2", saw="They know.")


async def test_when_all_that_was_told_is_cancelled_the_message_goes_and_a_case_back_is_told(
    told_of_two: Desk,
) -> None:
    desk = told_of_two
    await heard(desk, ANA, "case.cancel", "C-1", why="A test.")
    await desk.ask(ANA, "case.restore", "C-1")
    assert LOST in told(desk.say_all(), 3)
    await heard(desk, ANA, "case.cancel", "C-1", why="A test.")
    assert not await heard(desk, ANA, "case.cancel", "C-2", why="A test.")
    assert "earlier:3:1,2:2" in desk.deleted


async def test_the_thread_of_a_cancelled_case_forgets_as_well(sqlite: Any) -> None:
    desk = Desk(sqlite)
    named = f"{LOST}, said Mrs. Ólafsdóttir"
    await desk.ask(ANA, "case.fail", values={"what_happened": named, "customer": "Mrs. Ólafsdóttir"})
    await fail(desk, AGAIN)
    await desk.ask(ANA, "case.cancel", "C-2", {"why": "A test."})
    desk.say_all()
    assert await desk.bot.forget(desk.workspace, 1, FIRST) == ["C-1"]
    seen = told(desk.say_all(), 2)
    assert "courier lost the parcel" in seen
    assert "Ólafsdóttir" not in seen
