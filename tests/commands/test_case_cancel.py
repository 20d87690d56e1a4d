"""A case marked failed by mistake is cancelled: said so, counted nowhere, undone at a click."""

import csv
import io
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from bot.commands.export import one
from bot.domain.channel import Channel
from bot.messages.export import as_csv, as_data, as_markdown
from bot.messages.parts import Message, plain, pressable
from bot.routes import COMMANDS
from tests.access_world import VALUES, about
from tests.desk import ANA, AT, BEN, CLEO, Desk, reply_found, words
from tests.session import open_work

DIRECT = Channel(id="D1", name="Ana", kind="direct")
WHY = {"why": "It was only a test."}
FIRST = "is cancelled: press Bring it back on its retro first."


def labels(message: Message) -> list[str]:
    return [button.label for button in pressable(message)]


@pytest.fixture
async def begun(desk: Desk) -> Desk:
    """Ana's case with Ben's agreed item and Ben's named answer; all of it said."""
    await desk.fail(ANA)
    await desk.add_item(BEN, owner=BEN.id, due="2026-03-09")
    desk.meet(CLEO)
    await desk.ask(BEN, "retro.answer", "C-1", {"training": "Maps", "unnamed": ""})
    desk.say_all()
    return desk


async def cancel(desk: Desk) -> None:
    reply = await desk.ask(CLEO, "case.cancel", "C-1", WHY)
    assert not reply.faults, reply


async def test_the_retro_says_by_whom_and_why_and_offers_only_the_way_back(begun: Desk) -> None:
    opened = await begun.ask(CLEO, "case.cancel", "C-1")
    assert opened.form is not None
    assert (opened.form.title, opened.form.submit) == ("Cancel retro", "Cancel retro")
    assert [(field.label, field.needed) for field in opened.form.fields] == [("Why", True)]
    await cancel(begun)
    said = begun.say_all()
    assert "Cancelled by Cleo" in plain(said["retro:1"])
    assert "It was only a test." in plain(said["retro:1"])
    assert labels(said["retro:1"]) == ["Bring it back"]
    assert "Cleo cancelled C-1" in plain(said["case:1:1"])
    assert "It was only a test." in plain(said["case:1:1"])
    assert labels(said["case:1:1"]) == ["Bring it back"]
    for key in ("prompt:1:training", "recovery:1", "item:1", "owner:1:U2", "customer:1:U1"):
        assert labels(said[key]) == [], key
    assert "its retro was cancelled" in plain(said["item:1"])


@pytest.mark.parametrize("typed", ["C-1", "zd-4711"])
async def test_it_is_typed_with_the_number_or_the_cases_own_reference(begun: Desk, typed: str) -> None:
    reply = await begun.ask(CLEO, "case.cancel", typed=typed, channel=DIRECT)
    assert reply.form is not None
    assert reply.form.about == begun.ref("C-1")
    assert "Say which case, as in: cancel C-7." in words(await begun.ask(CLEO, "case.cancel"))


async def test_a_why_is_needed_and_a_second_click_says_that_it_is_cancelled(begun: Desk) -> None:
    refused = await begun.ask(CLEO, "case.cancel", "C-1", {"why": " "})
    assert refused.faults == {"why": "Say why, in a sentence."}
    assert not begun.retro("C-1").cancelled
    await cancel(begun)
    assert words(await begun.ask(BEN, "case.cancel", "C-1")) == "C-1 is already cancelled."
    assert words(await begun.ask(BEN, "case.cancel", "C-1", WHY)) == "C-1 is already cancelled."


async def test_whoever_had_something_to_do_is_told_once_and_whoever_cancelled_is_not(
    begun: Desk,
) -> None:
    await begun.ask(ANA, "case.cancel", "C-1", WHY)
    said = begun.say_all()
    told = [key for key in said if key.startswith("case_cancelled:")]
    assert told == ["case_cancelled:1:1:U2"]
    assert "Ana cancelled the retro C-1" in plain(said[told[0]])
    assert "It was only a test" not in plain(said[told[0]])
    assert not any(key.startswith("case_cancelled:") for key in begun.say_all())


CHANGING = sorted(
    command_name
    for command_name in VALUES
    if COMMANDS[command_name].command.access in ("thing", "members")
    and not command_name.startswith(("prompt.", "kind.", "proposal.", "connection."))  # of no case
    and not COMMANDS[command_name].command.of_cancelled
)


@pytest.mark.parametrize("command_name", CHANGING)
async def test_everything_else_is_refused_in_one_sentence_that_says_what_to_do(
    begun: Desk, command_name: str
) -> None:
    await cancel(begun)
    begun.say_all()
    label = about(command_name, begun.answers("C-1")[0].id)
    for values in (None, VALUES[command_name]):
        reply = await begun.ask(BEN, command_name, label, values)
        assert FIRST in words(reply), reply
    assert begun.say_all() == {}


async def test_buttons_that_act_at_once_and_a_message_of_the_thread_are_refused_too(begun: Desk) -> None:
    await cancel(begun)
    for command_name, label in (("action_item.take", "AI-1"), ("recovery.open", "C-1")):
        assert FIRST in words(await begun.ask(BEN, command_name, label)), command_name
    source = reply_found("Ask the depot first")
    opened = await begun.ask(BEN, "action_item.add_message", source=source)
    assert FIRST in words(opened)
    # What is only to be read stays there to read.
    for command_name, label in (("case.read", "C-1"), ("action_item.read", "AI-1")):
        assert (await begun.ask(BEN, command_name, label)).form is not None


async def test_nobody_is_reminded_of_it_and_what_was_asked_is_over(begun: Desk) -> None:
    friday = AT + timedelta(days=5)
    asked = await begun.tick(friday)
    assert any(labels(message) for key, message in asked.items() if key.startswith("remind:"))
    await begun.ask(CLEO, "case.cancel", "C-1", WHY, at=friday)
    over = begun.say_all(friday)
    reminders = {key for key in asked if key.startswith("remind:")}
    assert reminders <= {*over, *begun.deleted}
    assert not any(labels(over[key]) for key in reminders & set(over))
    for day in range(6, 30):
        said = await begun.tick(AT + timedelta(days=day))
        assert not any(key.startswith("remind:") for key in said), said


async def test_whatever_brings_a_cancelled_thing_up_nobody_is_reminded_of_it(begun: Desk) -> None:
    """New hours, or a program of before that runs beside this one."""
    await cancel(begun)
    begun.say_all()
    monday = AT + timedelta(days=11)
    with open_work(begun.database, begun.workspace, writes=True) as work:
        recovery = work.recoveries.get(1)
        assert recovery is not None
        work.scheduler.run_now(channel_id="C1")
        work.scheduler.reschedule(
            [(begun.item("AI-1"), AT), (begun.retro("C-1"), AT), (recovery, AT)],
        )
        work.commit()
    assert not any(key.startswith("remind:") for key in await begun.tick(monday))
    await begun.ask(CLEO, "case.restore", "C-1", at=monday)
    tuesday = await begun.tick(monday + timedelta(days=1))
    assert any(key.startswith("remind:") for key in tuesday)


async def test_no_list_and_no_figure_counts_it(begun: Desk) -> None:
    await begun.ask(BEN, "action_item.done", "AI-1", {"changed": "A map hangs there."})
    await begun.ask(BEN, "recovery.verdict", "C-1", {"verdict": "recovered", "words": "Thank you."})
    with open_work(begun.database, begun.workspace, writes=False) as work:
        assert work.recoveries.tally("C1").recovered == 1
        assert len(work.action_items.to_act_on("C1", AT.date(), 9)) == 1
    await cancel(begun)
    for command_name in ("board.status", "action_item.mine"):
        told = words(await begun.ask(BEN, command_name))
        assert "C-1" not in told, command_name
        assert "AI-1" not in told, command_name
    with open_work(begun.database, begun.workspace, writes=False) as work:
        assert work.recoveries.tally("C1") == (0, 0, 0)
        assert work.action_items.to_act_on("C1", AT.date(), 9) == []
        assert work.recoveries.owed_by("U1", 9) == []
        assert work.recoveries.open_in("C1", 9) == []
        assert work.retros.open_in("C1", 9) == []


async def test_a_cancelled_closing_is_no_closing_of_the_week_and_no_former_apology(begun: Desk) -> None:
    enough = {"outcome": "an apology was enough", "why": "She asks for no more."}
    assert not (await begun.ask(BEN, "retro.close", "C-1", enough)).faults
    with open_work(begun.database, begun.workspace, writes=False) as work:
        assert len(work.retros.closed_in("C1", AT - timedelta(days=1), 9)) == 1
        assert len(work.recoveries.enough_in("C1", 9)) == 1
    await cancel(begun)
    with open_work(begun.database, begun.workspace, writes=False) as work:
        assert work.retros.closed_in("C1", AT - timedelta(days=1), 9) == []
        assert work.recoveries.enough_in("C1", 9) == []
    await begun.ask(BEN, "case.restore", "C-1")
    with open_work(begun.database, begun.workspace, writes=False) as work:
        assert len(work.retros.closed_in("C1", AT - timedelta(days=1), 9)) == 1
        assert len(work.recoveries.enough_in("C1", 9)) == 1


async def test_brought_back_everything_goes_on_where_it_was(begun: Desk) -> None:
    retro, item = begun.retro("C-1"), begun.item("AI-1")
    await cancel(begun)
    begun.say_all()
    assert not (await begun.ask(BEN, "case.restore", "C-1")).refused
    said = begun.say_all()
    assert "Answer" in labels(said["retro:1"])
    assert "Bring it back" not in labels(said["retro:1"])
    assert labels(said["case:1:1"]) == []
    assert "Ben brought C-1 back" in plain(said["case:1:2"])
    assert labels(said["prompt:1:training"]) == ["Answer"]
    assert "Mark done" in labels(said["owner:1:U2"])
    assert "Hear the customer" in labels(said["customer:1:U1"])
    assert "Ben brought the retro C-1 back" in plain(said["case_cancelled:1:1:U2"])
    assert begun.retro("C-1").model_copy(update={"version": retro.version}) == retro
    assert begun.item("AI-1").model_copy(update={"version": item.version}) == item
    assert words(await begun.ask(BEN, "case.restore", "C-1")) == "C-1 is not cancelled."
    assert "C-1" in words(await begun.ask(BEN, "board.status"))


async def test_what_was_undone_before_it_was_said_tells_nobody(begun: Desk) -> None:
    await cancel(begun)
    await begun.ask(BEN, "case.restore", "C-1")
    assert not any(key.startswith("case_cancelled:") for key in begun.say_all())


async def test_a_copy_that_nobody_has_got_yet_is_not_sent_only_to_say_that_it_was_cancelled(
    desk: Desk,
) -> None:
    await desk.fail(ANA)
    await desk.add_item(ANA, owner=BEN.id)
    await cancel(desk)
    said = desk.say_all()
    assert [key for key in said if key.partition(":")[0] in ("owner", "customer")] == []
    told = ["case_cancelled:1:1:U1", "case_cancelled:1:1:U2"]
    assert sorted(key for key in said if key.startswith("case_cancelled:")) == told
    await desk.ask(CLEO, "case.restore", "C-1")
    assert {"owner:1:U2", "customer:1:U1", *told} <= set(desk.say_all())


async def test_nobody_has_still_to_accept_what_was_cancelled(begun: Desk) -> None:
    await begun.add_item(ANA, owner=CLEO.id)
    assert "Cleo has still to accept" in plain(begun.say_all()["item:2"])
    await cancel(begun)
    assert "accept" not in plain(begun.say_all()["item:2"])


async def test_cancelled_again_it_is_told_anew(begun: Desk) -> None:
    await cancel(begun)
    begun.say_all()
    await begun.ask(BEN, "case.restore", "C-1")
    begun.say_all()
    reply = await begun.ask(CLEO, "case.cancel", "C-1", WHY, at=AT + timedelta(hours=2))
    assert not reply.faults
    said = begun.say_all()
    assert labels(said["case:1:3"]) == ["Bring it back"]
    assert {"case_cancelled:1:3:U1", "case_cancelled:1:3:U2"} <= set(said)
    assert "case_cancelled:1:1:U2" not in said


async def test_reminders_go_on_by_the_days_that_come_and_none_is_a_flood(begun: Desk) -> None:
    await cancel(begun)
    begun.say_all()
    later = AT + timedelta(days=20)
    await begun.ask(BEN, "case.restore", "C-1", at=later)
    begun.say_all(later)
    told: list[str] = []
    for hours in range(24):
        said = await begun.tick(later + timedelta(hours=hours))
        told += [key for key in said if key.startswith("remind:")]
    # One to each of the two people, and one in the thread.
    assert len(told) == len(set(told)) <= 3, told
    assert told


async def test_silence_while_it_was_cancelled_is_no_answer(begun: Desk) -> None:
    for command_name, values in (
        ("recovery.hear", {"words": "Nobody came."}),
        ("recovery.apologise", {"how": "A call"}),
        ("recovery.ask_wish", {"words": "A refund."}),
    ):
        assert not (await begun.ask(ANA, command_name, "C-1", values)).faults
    for step in ("promise", "tell_changed"):
        left = {"step": step, "why": "They asked for nothing."}
        assert not (await begun.ask(ANA, "recovery.not_needed", "C-1", left)).faults
    for day in range(1, 13):
        await begun.tick(AT + timedelta(days=day))
    await begun.ask(CLEO, "case.cancel", "C-1", WHY, at=AT + timedelta(days=13))
    await begun.ask(CLEO, "case.restore", "C-1", at=AT + timedelta(days=40))
    await begun.tick(AT + timedelta(days=41))
    with open_work(begun.database, begun.workspace, writes=False) as work:
        recovery = work.recoveries.get(1)
    assert recovery is not None
    assert recovery.outcome is None


async def test_marking_the_same_reference_failed_again_offers_to_bring_it_back(begun: Desk) -> None:
    await cancel(begun)
    begun.say_all()
    reply = await begun.ask(BEN, "case.fail", typed="zd-4711 Parcel missed again")
    assert reply.already
    assert reply.message is not None
    assert "ZD-4711 is C-1, which was cancelled." in words(reply)
    (button,) = (button for button in pressable(reply.message))
    assert (button.label, button.command_name) == ("Bring it back", "case.restore")
    assert begun.say_all() == {}
    await begun.ask(BEN, button.command_name, button.about)
    assert not begun.retro("C-1").cancelled


async def test_whoever_leads_or_looks_after_it_from_outside_may_neither_cancel_nor_bring_back(
    begun: Desk,
) -> None:
    begun.memberships.channels[ANA.id] = set()
    unknown = "I can't find C-1. Check the number, or press Status."
    for values in (None, WHY):
        assert unknown in words(await begun.ask(ANA, "case.cancel", "C-1", values, channel=DIRECT))
    assert not begun.retro("C-1").cancelled
    await cancel(begun)
    assert unknown in words(await begun.ask(ANA, "case.restore", "C-1", channel=DIRECT))
    assert begun.retro("C-1").cancelled


async def test_an_export_says_that_it_is_cancelled_by_whom_and_why(begun: Desk) -> None:
    await cancel(begun)
    with open_work(begun.database, begun.workspace, writes=False) as work:
        whole = one("C-1", work)
    data = as_data(whole)
    assert (data["case_state"], data["retro_state"]) == ("cancelled", "cancelled")
    change = {"step": "cancel", "by": "Cleo", "at": AT.isoformat(), "why": "It was only a test."}
    assert data["case_history"] == [{**change, "same_as": None}]
    rows = csv.DictReader(io.StringIO(as_csv(whole, first=True)))
    (row,) = [row for row in rows if row["kind"] == "case: cancel"]
    assert (row["person"], row["at"], row["text"]) == ("Cleo", AT.isoformat(), "It was only a test.")
    assert "(C-1, cancelled)" in as_markdown(whole, first=True)
    assert "> It was only a test." in as_markdown(whole, first=True)
    assert "same as" not in as_markdown(whole, first=True)


async def test_a_forgotten_customer_is_in_no_why_of_a_cancelled_case(begun: Desk) -> None:
    edited = {"what_happened": "Parcel missed", "customer": "Maria Santos"}
    assert not (await begun.ask(BEN, "case.edit", "C-1", edited)).faults
    await begun.ask(CLEO, "case.cancel", "C-1", {"why": "Maria Santos took it back."})
    assert "Maria Santos" in plain(begun.say_all()["case:1:2"])
    assert await begun.bot.forget(begun.workspace, 1, AT)
    said = begun.say_all()
    assert "case:1:2" in said
    assert "Maria" not in "".join(plain(message) for message in said.values())


async def test_a_reply_in_the_thread_of_a_cancelled_retro_is_still_kept(begun: Desk) -> None:
    await cancel(begun)
    values: Mapping[str, str] = {"text": "Why was it?", "id": "1.2"}
    reply = await begun.ask(BEN, "retro.discuss", "m-retro:1", values)
    assert not reply.refused
    with open_work(begun.database, begun.workspace, writes=False) as work:
        assert [comment.text for comment in work.retros.comments(1)] == ["Why was it?"]


async def test_people_take_back_their_words_of_a_cancelled_case_too(begun: Desk) -> None:
    (answer,) = begun.answers("C-1")
    author = {"U1": ANA, "U2": BEN}[answer.author or ""]
    await cancel(begun)
    other = CLEO if author == BEN else BEN
    assert "Only the person who wrote" in words(
        await begun.ask(other, "retro.delete_answer", answer.id, {})
    )
    assert (await begun.ask(author, "retro.delete_answer", answer.id, {})).done
    assert begun.answers("C-1") == []


async def test_an_item_that_is_verified_goes_with_its_case_and_is_not_reopened(begun: Desk) -> None:
    await begun.ask(BEN, "action_item.done", "AI-1", {"changed": "A map hangs."})
    await begun.ask(ANA, "action_item.verify", "AI-1", {"saw": "I saw it."})
    said = begun.say_all()
    assert "Reopen" in labels(said["item:1"])
    await cancel(begun)
    said = begun.say_all()
    assert labels(said["item:1"]) == []
    assert labels(said["owner:1:U2"]) == []
    assert "This is verified: thank you." in plain(said["owner:1:U2"])
    assert not [key for key in said if key.startswith("case_cancelled:1:1:U2")]
    for values in (None, {"missing": "It fell down."}):
        assert FIRST in words(await begun.ask(ANA, "action_item.reopen", "AI-1", values))
    await begun.ask(ANA, "case.restore", "C-1")
    assert "Reopen" in labels(begun.say_all()["item:1"])
    assert not (await begun.ask(ANA, "action_item.reopen", "AI-1", {"missing": "It fell."})).faults


async def test_whoever_asked_for_a_done_item_has_no_button_while_it_is_cancelled(begun: Desk) -> None:
    await begun.ask(ANA, "action_item.add", "C-1", {"what": "Call first", "owner": BEN.id})
    await begun.ask(BEN, "action_item.accept", "AI-2")
    await begun.ask(BEN, "action_item.done", "AI-2", {"changed": "We call."})
    assert "Verify" in labels(begun.say_all()["asker:2:1:U1"])
    await cancel(begun)
    assert labels(begun.say_all()["asker:2:1:U1"]) == []
    await begun.ask(ANA, "case.restore", "C-1")
    assert "Verify" in labels(begun.say_all()["asker:2:1:U1"])


async def toggled(desk: Desk, at: datetime) -> tuple[set[str], set[str]]:
    """What Ben's chat is told when Cleo cancels the case, and when she brings it back."""
    told: list[set[str]] = []
    for name, values in (("case.cancel", WHY), ("case.restore", None)):
        assert not (await desk.ask(CLEO, name, "C-1", values, at=at)).faults
        said = desk.say_all()
        told.append({key for key in said if key.startswith("case_cancelled:") and key.endswith(BEN.id)})
    return told[0], told[1]


async def test_whoever_cancels_and_brings_back_again_and_again_sends_one_message(
    begun: Desk,
) -> None:
    first = {"case_cancelled:1:1:U2"}
    for minutes in range(5):
        assert await toggled(begun, AT + timedelta(minutes=minutes)) == (first, first)
    await cancel(begun)
    assert "Cleo cancelled the retro C-1" in plain(begun.say_all()["case_cancelled:1:1:U2"])
    await begun.ask(CLEO, "case.restore", "C-1")
    assert "back: what was yours in it is yours again" in plain(begun.say_all()["case_cancelled:1:1:U2"])
    again = {"case_cancelled:1:13:U2"}
    assert await toggled(begun, AT + timedelta(hours=2)) == (again, again)


async def test_cancelled_again_before_anybody_was_told_it_is_told_once(begun: Desk) -> None:
    for name, values in (("case.cancel", WHY), ("case.restore", None), ("case.cancel", WHY)):
        await begun.ask(CLEO, name, "C-1", values)
    told = [key for key in begun.say_all() if key.startswith("case_cancelled:")]
    assert sorted(told) == ["case_cancelled:1:1:U1", "case_cancelled:1:1:U2"]
