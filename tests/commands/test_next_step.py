"""What is refused has its obvious next step as a button under the sentence."""

from typing import Any

import pytest

from bot.command import Reply
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.parts import Button, Buttons
from tests.desk import ANA, BEN, Desk, words

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
