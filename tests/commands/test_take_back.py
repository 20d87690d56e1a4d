"""An answer is taken back: its author deletes it or removes their name, or the lead withdraws it."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

import pytest

from bot.domain.retro import Answer
from bot.messages.parts import Message, plain
from storage.database import Database
from tests.desk import ANA, AT, BEN, CLEO, SUPPORT, Desk, words
from tests.session import open_work, queue_of

TYPED = {"training": "Courier notes"}
GONE = "An answer stood here. It was taken back."


async def answered(desk: Desk, **values: str) -> Answer:
    """Ana's answer to a retro that Ben opened, said in its thread; Ben leads the team."""
    await desk.fail(BEN)
    desk.say_all()
    await desk.ask(ANA, "retro.answer", "C-1", {**TYPED, **values})
    desk.say_all()
    (answer,) = desk.answers("C-1")
    return answer


def _dump(desk: Desk) -> str:
    with desk.database.transaction(writes=False) as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        return "\n".join(driver.iterdump())


async def _close(desk: Desk) -> Mapping[str, Message]:
    why = {"outcome": "an apology was enough", "why": "It was their wish."}
    assert not (await desk.ask(CLEO, "retro.close", "C-1", why)).faults
    return desk.say_all()


async def test_ones_own_answer_can_be_deleted_and_the_counts_follow(desk: Desk) -> None:
    answer = await answered(desk)
    opened = await desk.ask(ANA, "retro.delete_answer", answer.id)
    assert opened.form is not None
    assert opened.form.submit == "Delete"
    reply = await desk.ask(ANA, "retro.delete_answer", answer.id, {})
    assert reply.done
    said = desk.say_all()
    assert desk.deleted == [f"answer:{answer.id}"]
    assert "0 answers" in plain(said["retro:1"])
    assert desk.answers("C-1") == []
    assert "Courier notes" not in _dump(desk)
    again = await desk.ask(ANA, "retro.delete_answer", answer.id, {})
    assert words(again) == "I can't find this answer. It may have been taken back."


@pytest.mark.parametrize("command_name", ["retro.delete_answer", "retro.unname_answer"])
async def test_where_people_talk_in_the_thread_a_line_stays_in_its_place(
    desk: Desk, command_name: str
) -> None:
    answer = await answered(desk)
    await desk.ask(CLEO, "retro.discuss", "m-retro:1", {"text": "I felt the same", "id": "1.2"})
    assert (await desk.ask(ANA, command_name, answer.id, {})).done
    said = desk.say_all()
    assert plain(said[f"answer:{answer.id}"]) == GONE
    assert desk.deleted == []
    # Elsewhere nobody talks, so nothing stays there.
    await desk.ask(BEN, "case.fail", typed="ZD-2 Another parcel")
    desk.say_all()
    await desk.ask(ANA, "retro.answer", "C-2", TYPED)
    desk.say_all()
    (other,) = desk.answers("C-2")
    assert (await desk.ask(ANA, command_name, other.id, {})).done
    desk.say_all()
    assert desk.deleted == [f"answer:{other.id}"]


@pytest.mark.parametrize("command_name", ["retro.delete_answer", "retro.unname_answer"])
async def test_nobody_but_its_author_can_take_a_named_answer_back(desk: Desk, command_name: str) -> None:
    answer = await answered(desk)
    nothing: dict[str, str] = {}
    for values in (None, nothing):
        for person in (BEN, CLEO):
            reply = await desk.ask(person, command_name, answer.id, values)
            assert "Only the person who wrote this answer" in words(reply)
    assert desk.answers("C-1") == [answer]


@pytest.mark.parametrize(
    "command_name", ["retro.delete_answer", "retro.unname_answer", "retro.withdraw_answer"]
)
async def test_for_an_outsider_the_answer_was_never_there(desk: Desk, command_name: str) -> None:
    answer = await answered(desk, unnamed="yes" if "withdraw" in command_name else "")
    desk.memberships.channels["U3"] = set()
    for values in (None, {"why": "x"}):
        reply = await desk.ask(CLEO, command_name, answer.id, values, here=None)
        assert words(reply) == "I can't find this answer. It may have been taken back."


async def test_an_answer_that_was_not_said_yet_leaves_nothing_in_the_thread(desk: Desk) -> None:
    await desk.fail(BEN)
    desk.say_all()
    await desk.ask(ANA, "retro.answer", "C-1", TYPED)
    (answer,) = desk.answers("C-1")
    await desk.ask(ANA, "retro.delete_answer", answer.id, {})
    assert not [key for key in desk.say_all() if key.startswith("answer:")]


async def test_without_its_name_it_is_another_answer_in_another_message(desk: Desk) -> None:
    answer = await answered(desk)
    await desk.ask(ANA, "retro.edit_answer", answer.id, {"text": "Courier notes, printed"})
    desk.say_all()
    opened = await desk.ask(ANA, "retro.unname_answer", answer.id)
    assert opened.form is not None
    assert "People who read it before know" in str(opened.form.parts)
    assert (await desk.ask(ANA, "retro.unname_answer", answer.id, {})).done
    (unnamed,) = desk.answers("C-1")
    assert unnamed.id != answer.id
    assert (unnamed.author, unnamed.posted_at, unnamed.version) == (None, None, 1)
    said = desk.say_all()
    assert desk.deleted == [f"answer:{answer.id}"]
    assert (
        plain(said[f"answer:{unnamed.id}"]) == "Training · someone on the team\nCourier notes, printed"
    )
    assert "1 answer" in plain(said["retro:1"])
    assert words(await desk.ask(ANA, "retro.unname_answer", answer.id, {}))
    assert "has no name" in words(await desk.ask(ANA, "retro.unname_answer", unnamed.id, {}))


@pytest.mark.parametrize("waits", [False, True], ids=["said", "not said yet"])
async def test_nothing_that_is_stored_tells_afterwards_whose_it_was(desk: Desk, waits: bool) -> None:
    await desk.fail(BEN)
    desk.say_all()
    await desk.ask(ANA, "retro.answer", "C-1", TYPED)
    if not waits:
        desk.say_all()
    (answer,) = desk.answers("C-1")
    assert (await desk.ask(ANA, "retro.unname_answer", answer.id, {})).done
    with desk.database.transaction(writes=False) as connection:
        asked = connection.exec_driver_sql("SELECT key, asked_by FROM jobs ORDER BY key").all()
    assert {row.asked_by for row in asked if row.key.startswith(("answer:", "retro:"))} == {None}
    desk.say_all()
    everything = [line for line in _dump(desk).splitlines() if 'INTO "people"' not in line]
    # That she is a person of this workspace is known as before; nothing else names her.
    assert not [line for line in everything if "'U1'" in line or "Ana" in line]


async def test_what_she_asks_leaves_no_line_and_no_moment(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await answered(desk)
    caplog.clear()
    moment = AT.replace(second=12, microsecond=345)
    with caplog.at_level(logging.DEBUG, logger="bot"):
        await desk.ask(ANA, "retro.unname_answer", answer.id)
        await desk.ask(BEN, "retro.unname_answer", answer.id, {})
        await desk.ask(ANA, "retro.unname_answer", answer.id, {}, at=moment)
    assert caplog.messages == []
    jobs = queue_of(desk.database).claim(AT.replace(hour=23), "me", 5)
    assert {(job.due_at, job.traceless, job.asked_by) for job in jobs} == {(AT, True, None)}


async def test_the_form_says_how_few_could_have_written_it(desk: Desk) -> None:
    answer = await answered(desk)
    desk.memberships.people = 2
    opened = await desk.ask(ANA, "retro.unname_answer", answer.id)
    assert opened.form is not None
    assert "Only two people are in this channel" in str(opened.form.parts)


async def test_among_the_answers_it_stands_with_those_without_a_name(desk: Desk) -> None:
    answer = await answered(desk)
    await desk.ask(BEN, "retro.answer", "C-1", {"training": "A map"})
    await desk.ask(ANA, "retro.unname_answer", answer.id, {})
    assert [answer.text for answer in desk.answers("C-1")] == ["A map", "Courier notes"]


async def test_on_a_closed_retro_words_can_still_be_taken_back_and_the_summary_follows(
    desk: Desk,
) -> None:
    answer = await answered(desk)
    await desk.ask(BEN, "retro.answer", "C-1", {"training": "A map"})
    summary = (await _close(desk))["turn:1:1"]
    assert "Courier notes" in plain(summary)
    assert "is closed; reopen it" in words(await desk.ask(ANA, "retro.edit_answer", answer.id))
    assert (await desk.ask(ANA, "retro.unname_answer", answer.id, {})).done
    said = desk.say_all()
    assert plain(said["turn:1:1"]) == plain(summary).replace(
        "• Courier notes\n• A map", "• A map\n• Courier notes"
    )
    ben = next(answer for answer in desk.answers("C-1") if answer.author)
    assert (await desk.ask(BEN, "retro.delete_answer", ben.id, {})).done
    said = desk.say_all()
    assert "A map" not in plain(said["turn:1:1"])
    assert "Training · 1 answer" in plain(said["turn:1:1"])
    assert "A map" not in _dump(desk)


async def test_a_summary_from_before_the_retro_was_opened_again_keeps_no_words(desk: Desk) -> None:
    answer = await answered(desk)
    await _close(desk)
    await desk.ask(BEN, "retro.reopen", "C-1", {"why": "It came back."})
    desk.say_all()
    await desk.ask(ANA, "retro.delete_answer", answer.id, {})
    said = desk.say_all()
    assert plain(said["turn:1:1"]) == (
        "Closed by Cleo with the outcome an apology was enough on Thu 5 Mar. Reopened since then."
    )
    assert "Courier notes" not in _dump(desk)
    assert "turn:1:2" not in said


async def test_the_lead_withdraws_an_unnamed_answer_and_the_thread_says_why(desk: Desk) -> None:
    answer = await answered(desk, unnamed="yes")
    opened = await desk.ask(BEN, "retro.withdraw_answer", answer.id)
    assert opened.form is not None
    assert [field.label for field in opened.form.fields] == ["Why"]
    without = await desk.ask(BEN, "retro.withdraw_answer", answer.id, {"why": ""})
    assert without.faults == {"why": "Say why, in a sentence."}
    why = {"why": "It names a customer."}
    assert (await desk.ask(BEN, "retro.withdraw_answer", answer.id, why)).done
    said = desk.say_all()
    assert plain(said[f"answer:{answer.id}"]) == "An answer was withdrawn by Ben:\nIt names a customer."
    assert "0 answers" in plain(said["retro:1"])
    everything = _dump(desk)
    assert "Courier notes" not in everything
    assert "U1" not in everything
    again = await desk.ask(BEN, "retro.withdraw_answer", answer.id, why)
    assert words(again) == "I can't find this answer. It may have been taken back."


async def test_only_the_lead_withdraws_and_only_what_has_no_name(desk: Desk) -> None:
    named = await answered(desk)
    await desk.ask(CLEO, "retro.answer", "C-1", {"training": "A map", "unnamed": "yes"})
    unnamed = next(answer for answer in desk.answers("C-1") if answer.author is None)
    for values in (None, {"why": "No."}):
        reply = await desk.ask(ANA, "retro.withdraw_answer", unnamed.id, values)
        assert "Only the team's lead" in words(reply)
        assert "has a name on it" in words(
            await desk.ask(BEN, "retro.withdraw_answer", named.id, values)
        )
        assert "The team's lead can withdraw it" in words(
            await desk.ask(CLEO, "retro.delete_answer", unnamed.id, values)
        )
    assert len(desk.answers("C-1")) == 2


async def test_what_the_lead_wrote_forgets_the_customer_as_well(desk: Desk) -> None:
    values = {"what_happened": "Lost", "customer": "Olafsdottir", "place": SUPPORT.id}
    await desk.ask(BEN, "case.fail", values=values)
    desk.say_all()
    await desk.ask(ANA, "retro.answer", "C-1", {**TYPED, "unnamed": "yes"})
    desk.say_all()
    (answer,) = desk.answers("C-1")
    why = {"why": "It names Olafsdottir."}
    assert (await desk.ask(BEN, "retro.withdraw_answer", answer.id, why)).done
    desk.say_all()
    assert await desk.bot.forget(desk.workspace, 1, AT)
    assert "names the customer." in plain(desk.say_all()[f"answer:{answer.id}"])
    assert "Olafsdottir" not in _dump(desk)


async def test_of_two_who_take_back_the_same_answer_at_once_one_is_told_it_is_gone(
    database: Database,
) -> None:
    desk = Desk(database)
    answer = await answered(desk)
    asked = ("retro.delete_answer", "retro.unname_answer", "retro.delete_answer")
    replies = await asyncio.gather(*(desk.ask(ANA, name, answer.id, {}) for name in asked))
    assert (
        sorted(words(reply) for reply in replies if not reply.done)
        == ["I can't find this answer. It may have been taken back."] * 2
    )
    with open_work(database, desk.workspace, writes=False) as work:
        assert work.retros.answer(answer.id) is None
        assert len(work.retros.answers(1)) <= 1


async def test_the_word_that_answers_have_closed_quotes_nothing_that_was_taken_back(desk: Desk) -> None:
    answer = await answered(desk)
    said = await desk.tick(AT + timedelta(days=6))
    (key,) = [key for key, message in said.items() if "Courier notes" in plain(message)]
    assert key.startswith("remind:C-1:retro_answers_closed")
    # Its reason may be over by then: it was said all the same.
    await _close(desk)
    await desk.ask(ANA, "retro.delete_answer", answer.id, {})
    assert "Courier notes" not in plain(desk.say_all(AT + timedelta(days=6))[key])
