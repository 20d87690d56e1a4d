"""What is refused has its obvious next step as a button under the sentence."""

from typing import Any

import pytest

from bot.command import Reply
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.parts import Button, Buttons
from tests.desk import ANA, BEN, CLEO, LEFT, Desk, words
from tests.session import open_work

OUTSIDER = Person(id="U7", name="Olga", zone="Europe/Warsaw")
SALES = Channel(id="C2", name="sales")
DIRECT = Channel(id="D1", name="direct messages", kind="direct")
CLOSE = {"outcome": "an apology was enough", "why": "She said so."}


def offered(reply: Reply) -> list[Button]:
    """The buttons under a refusal."""
    assert reply.refused
    assert reply.message is not None
    rows = [part.buttons for part in reply.message.parts if isinstance(part, Buttons)]
    return [button for row in rows for button in row]


async def test_an_answer_to_a_closed_retro_is_offered_to_reopen_it(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "retro.close", "C-1", CLOSE)
    for command_name in ("retro.answer", "action_item.add", "retro.close"):
        (again,) = offered(await desk.ask(BEN, command_name, "C-1"))
        assert (again.label, again.command_name) == ("Reopen", "retro.reopen")
        opened = await desk.ask(BEN, again.command_name, again.about)
        assert opened.form is not None
        assert opened.form.title == "Reopen"


async def test_a_form_that_is_sent_too_late_keeps_its_words_and_says_why(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "retro.close", "C-1", CLOSE)
    late = await desk.ask(BEN, "retro.answer", "C-1", {"training": "Maps"})
    assert late.message is None
    assert late.faults == {"": "The retro C-1 is closed; reopen it to answer."}
    assert late.instead is not None
    assert (late.instead.label, late.instead.command_name) == ("Reopen", "retro.reopen")
    # What is wrong beside a field is put right there.
    assert (await desk.ask(ANA, "retro.reopen", "C-1", {"why": ""})).instead is None


async def test_a_cancelled_case_is_offered_to_be_brought_back(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "case.cancel", "C-1", {"why": "A test."})
    (back,) = offered(await desk.ask(BEN, "retro.answer", "C-1"))
    assert (back.label, back.about) == ("Bring it back", "C-1")
    assert not (await desk.ask(BEN, back.command_name, back.about)).refused
    assert not desk.retro("C-1").cancelled


@pytest.mark.parametrize("way", [{}, {"channel": SALES, "here": "C2"}, {"channel": DIRECT}])
async def test_an_outsider_is_offered_what_is_offered_for_a_number_never_given(
    desk: Desk, way: dict[str, Any]
) -> None:
    await desk.fail()
    desk.memberships.channels = {OUTSIDER.id: {"C2"}}
    await desk.ask(ANA, "retro.close", "C-1", CLOSE)
    there = await desk.ask(OUTSIDER, "retro.answer", "C-1", **way)
    never = await desk.ask(OUTSIDER, "retro.answer", "C-99", **way)
    assert words(never) == "I can't find C-99. Check the number, or press Status."
    assert there.model_dump_json().replace("C-1", "C-99") == never.model_dump_json()
    assert [button.label for button in offered(there)] == ["Status"]


async def test_status_in_a_direct_chat_leads_to_what_is_there(desk: Desk) -> None:
    (mine,) = offered(await desk.ask(ANA, "board.status", channel=DIRECT))
    assert (await desk.ask(ANA, mine.command_name, channel=DIRECT)).message is not None


async def test_an_answer_that_is_gone_offers_nothing(desk: Desk) -> None:
    assert offered(await desk.ask(ANA, "retro.edit_answer", "0" * 32)) == []


async def test_an_imported_cases_customer_is_offered_to_be_looked_after(desk: Desk) -> None:
    values = {"what_happened": "Long ago", "place": "C1"}
    await desk.ask(ANA, "case.fail", "", values, bulk=True)
    (begin,) = offered(await desk.ask(BEN, "recovery.hear", "C-1"))
    assert begin.label == "Look after this customer"
    assert not (await desk.ask(BEN, begin.command_name, begin.about)).refused


async def test_a_case_taken_in_quietly_is_offered_to_be_opened(desk: Desk) -> None:
    values = {"what_happened": "Long ago", "place": "C1"}
    await desk.ask(ANA, "case.fail", "", values, bulk=True, quiet=True)
    (begin,) = offered(await desk.ask(BEN, "case.cancel", "C-1"))
    assert (begin.label, begin.about) == ("Open the retro", "C-1")
    assert not (await desk.ask(BEN, begin.command_name, begin.about)).refused


@pytest.mark.parametrize("step", ["accept", "decline", "take"])
async def test_what_only_its_owner_may_is_offered_to_the_lead_to_hand_over(
    desk: Desk, step: str
) -> None:
    """Everybody in the channel sees its buttons; whom they are not for reads what can be done."""
    await desk.fail()
    await desk.add_item(ANA, owner="U2")
    refused = await desk.ask(ANA, f"action_item.{step}", "AI-1")
    assert "They or the team's lead can hand it over" in words(refused)
    (over,) = offered(refused)
    assert (over.label, over.command_name, over.opens) == ("Hand over", "action_item.hand_over", True)
    assert not (await desk.ask(ANA, over.command_name, over.about, {"owner": "U1"})).faults
    assert desk.item("AI-1").owner == "U1"
    # Who may not hand it over either is told who may, and offered nothing that would be refused.
    await desk.add_item(ANA, owner="U2", what="More")
    refused = await desk.ask(CLEO, f"action_item.{step}", "AI-2")
    assert "They or the team's lead can hand it over" in words(refused)
    assert offered(refused) == []


async def test_who_may_not_mark_it_done_is_offered_to_hand_it_over_where_they_may(desk: Desk) -> None:
    await desk.fail()
    await desk.add_item(BEN, owner="U2")
    (over,) = offered(await desk.ask(ANA, "action_item.done", "AI-1"))
    assert over.label == "Hand over"
    assert offered(await desk.ask(CLEO, "action_item.done", "AI-1")) == []
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "Notes"})
    # Once it is done it can be handed over to nobody.
    assert offered(await desk.ask(BEN, "action_item.verify", "AI-1")) == []


@pytest.mark.parametrize("command_name", ["retro.edit_answer", "retro.delete_answer"])
async def test_an_answer_of_somebody_else_leads_to_ones_own_under_the_same_prompt(
    desk: Desk, command_name: str
) -> None:
    await desk.fail()
    await desk.ask(ANA, "retro.answer", "C-1", {"communication": "A call"})
    (answer,) = desk.answers("C-1")
    refused = await desk.ask(BEN, command_name, str(answer.ref))
    assert "You can add your own." in words(refused)
    (own,) = offered(refused)
    assert own.label == "Answer"
    opened = await desk.ask(BEN, own.command_name, own.about)
    assert opened.form is not None
    assert opened.form.fields[0].name == "communication"


@pytest.mark.parametrize("lead", [None, LEFT.id])
async def test_where_no_lead_is_there_the_way_to_choose_one_is_offered(
    desk: Desk, lead: str | None
) -> None:
    await desk.fail()
    desk.meet(LEFT)
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "Maps", "unnamed": "yes"})
    (answer,) = desk.answers("C-1")
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.teams.save(desk.team().model_copy(update={"lead": lead}))
        work.commit()
    (settings,) = offered(await desk.ask(BEN, "retro.withdraw_answer", str(answer.ref)))
    opened = await desk.ask(BEN, settings.command_name, settings.about)
    assert opened.form is not None
    assert opened.form.fields[0].label == "Lead"


async def test_a_cancelled_case_leads_to_its_thread_where_it_has_one(desk: Desk) -> None:
    await desk.fail()
    cancelled = await desk.ask(ANA, "case.cancel", "C-1", {"why": "A test."})
    assert words(cancelled).endswith("bring it back in its thread.")
    await desk.ask(ANA, "case.restore", "C-1")
    desk.say_all()
    cancelled = await desk.ask(ANA, "case.cancel", "C-1", {"why": "A test."})
    assert words(cancelled).endswith("bring it back in its thread.")
    assert "https://example.com/retro:1" in cancelled.model_dump_json()
