"""A retro asks, hears answers with and without names, and is closed with an outcome."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.command import Reply
from bot.commands.export import one
from bot.domain.action_item import ActionItem
from bot.domain.retro import OUTCOMES, Turn
from bot.messages import retro as messages
from bot.messages.export import as_markdown
from bot.messages.parts import (
    Bold,
    Context,
    Line,
    Link,
    Mention,
    Message,
    Part,
    Status,
    plain,
    shortened,
)
from bot.prompts import PROMPTS
from tests.commands.test_recovery import labels, unasked
from tests.desk import ANA, ASKED, AT, BEN, CLEO, Desk, reply_found, words
from tests.examples import AGREED, CLOSED, DROPPED, PEOPLE, TEAM, VERIFIED
from tests.session import open_work, queue_of


def links_of(part: Part) -> list[Link]:
    """Where a part leads to."""
    return [piece for piece in getattr(part, "words", ()) if isinstance(piece, Link)]


async def test_each_filled_field_is_an_answer_in_the_thread_with_its_prompt_and_name(desk: Desk) -> None:
    await desk.fail()
    desk.say_all()
    values = {"training": "Courier notes", "communication": "", "after_hours": "", "else": "A map"}
    reply = await desk.ask(ANA, "retro.answer", "C-1", values)
    assert not reply.faults
    said = desk.say_all()
    texts = sorted(plain(message) for key, message in said.items() if key.startswith("answer:"))
    assert texts == ["Anything else · Ana\nA map", "Training · Ana\nCourier notes"]
    assert "2 answers" in plain(said["retro:1"])


async def test_a_prompt_says_how_many_answers_it_has_and_leads_to_each(desk: Desk) -> None:
    await desk.fail()
    asked = desk.say_all()["prompt:1:training"]
    assert "answer" not in plain(asked).splitlines()[-1]
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "Courier notes", "else": "A map"})
    said = desk.say_all()
    assert [key for key in said if key.startswith("prompt:")] == ["prompt:1:training"]
    (first,) = (answer for answer in desk.answers("C-1") if answer.prompt == "training")
    counted = said["prompt:1:training"].parts[1]
    place = f"https://example.com/answer:{first.id}"
    assert counted == Context(words=(Link(text="1 answer", url=place),))
    for person, unnamed in ((BEN, "yes"), (CLEO, "")):
        values = {"training": "A rehearsal", "unnamed": unnamed}
        await desk.ask(person, "retro.answer", "C-1", values)
    before = len(desk.spoken)
    said = desk.say_all()
    # Nobody else's prompt is touched, and an edit that still waits is not owed twice.
    assert {key for key in desk.spoken[before:] if key.startswith("prompt:")} == {"prompt:1:training"}
    assert desk.spoken[before:].count("prompt:1:training") <= 2
    counted = said["prompt:1:training"].parts[1]
    assert plain(Message(summary="", parts=(counted,))) == "3 answers: 1, 2, 3"
    here = {answer.id for answer in desk.answers("C-1") if answer.prompt == "training"}
    led_to = {link.url.removeprefix("https://example.com/answer:") for link in links_of(counted)}
    assert led_to == here


async def test_the_edit_of_a_prompt_after_an_unnamed_answer_leaves_no_trace(desk: Desk) -> None:
    await desk.fail()
    desk.say_all()
    at = AT.replace(second=17)
    await desk.ask(BEN, "retro.answer", "C-1", {"training": "Maps", "unnamed": "yes"}, at=at)
    queue = queue_of(desk.database)
    owed = {job.key: job for job in queue.claim(datetime.max.replace(tzinfo=UTC), "desk", 50)}
    (answered,) = (job for key, job in owed.items() if key.startswith("answer:"))
    with open_work(desk.database, desk.workspace, writes=False) as work:
        (follows,) = desk.bot.follow_up_jobs(answered, work)
    assert follows.key == "prompt:1:training"
    assert (follows.traceless, follows.asked_by, follows.due_at) == (True, None, AT.replace(second=0))


async def test_a_prompt_counts_no_answer_that_was_taken_back(desk: Desk) -> None:
    await desk.fail()
    for person in (ANA, BEN):
        await desk.ask(person, "retro.answer", "C-1", {"training": person.name})
    assert "2 answers" in plain(desk.say_all()["prompt:1:training"])
    (bens,) = (answer for answer in desk.answers("C-1") if answer.author == BEN.id)
    await desk.ask(BEN, "retro.delete_answer", bens.id, {})
    assert plain(desk.say_all()["prompt:1:training"]).endswith("\n1 answer")
    (anas,) = desk.answers("C-1")
    await desk.ask(ANA, "retro.unname_answer", anas.id, {})
    assert plain(desk.say_all()["prompt:1:training"]).endswith("\n1 answer")
    (unnamed,) = desk.answers("C-1")
    await desk.ask(ANA, "retro.withdraw_answer", unnamed.id, {"why": "It names a customer."})
    assert "answer" not in plain(desk.say_all()["prompt:1:training"]).splitlines()[-1]


async def test_the_prompt_that_was_pressed_comes_first_in_the_form(desk: Desk) -> None:
    await desk.fail()
    pressed = ASKED[-1]
    reply = await desk.ask(ANA, "retro.answer", f"C-1/{pressed.key}")
    assert reply.form is not None
    others = [prompt.label for prompt in PROMPTS if prompt != pressed]
    assert others[0] == PROMPTS[0].label  # another one would come first by itself
    labels = [field.label for field in reply.form.fields]
    assert labels == [pressed.label, *others, "Post without my name"]
    assert reply.form.submit == "Post"


async def test_an_empty_answer_is_refused(desk: Desk) -> None:
    await desk.fail()
    reply = await desk.ask(ANA, "retro.answer", "C-1", {"training": " ", "unnamed": "yes"})
    assert reply.faults == {"training": "Write something in at least one field."}


async def test_an_unnamed_answer_is_shown_without_a_name_and_cannot_be_edited_by_anybody(
    desk: Desk,
) -> None:
    await desk.fail(BEN)
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "Courier notes", "unnamed": "yes"})
    said = desk.say_all()
    shown = next(message for key, message in said.items() if key.startswith("answer:"))
    assert plain(shown) == "Training · someone on the team\nCourier notes"
    assert "retro.edit_answer" not in shown.model_dump_json()
    (answer,) = desk.answers("C-1")
    for person in (ANA, BEN):
        assert "cannot be edited" in words(await desk.ask(person, "retro.edit_answer", answer.id))


async def test_the_author_of_an_unnamed_answer_is_in_no_row_of_any_table(desk: Desk) -> None:
    """Ana does nothing but answer without her name: nothing in the whole database may know her."""
    await desk.fail(BEN)
    await desk.ask(ANA, "retro.answer", "C-1")
    values = {"training": "Courier notes", "communication": "A call", "unnamed": "yes"}
    await desk.ask(ANA, "retro.answer", "C-1", values)
    desk.say_all()
    everything = _dump(desk)
    assert "Courier notes" in everything
    assert "U2" in everything
    assert "U1" not in everything
    assert "Ana" not in everything


def _dump(desk: Desk) -> str:
    with desk.database.transaction(writes=False) as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        return "\n".join(driver.iterdump())


async def test_ones_own_named_answer_can_be_edited_and_nobody_elses(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "Courier nots"})
    (answer,) = desk.answers("C-1")
    opened = await desk.ask(ANA, "retro.edit_answer", answer.id)
    assert opened.form is not None
    assert opened.form.fields[0].value == "Courier nots"
    assert "Only the person who wrote" in words(await desk.ask(BEN, "retro.edit_answer", answer.id))
    sneaky = await desk.ask(BEN, "retro.edit_answer", answer.id, {"text": "Mine now"})
    assert "Only the person who wrote" in words(sneaky)
    await desk.ask(ANA, "retro.edit_answer", answer.id, {"text": "Courier notes"})
    said = desk.say_all()
    assert plain(said[f"answer:{answer.id}"]) == "Training · Ana\nCourier notes"
    long = "Courier notes, and how to read them. " * 200 + "That is all."
    await desk.ask(ANA, "retro.edit_answer", answer.id, {"text": long})
    await desk.ask(ANA, "retro.edit_answer", answer.id, {"text": shortened(long, 3_000)})
    assert desk.answers("C-1")[0].text == long, "a box showed only its beginning"


async def test_a_plain_reply_in_the_thread_is_kept_edited_and_forgotten(desk: Desk) -> None:
    await desk.fail()
    desk.say_all()
    root = "m-retro:1"
    for text in ("We could ask the courier", "We could ask the depot"):
        await desk.ask(BEN, "retro.discuss", root, {"text": text, "id": "1772721000.0001"})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        (comment,) = work.retros.comments(1)
    assert (comment.text, comment.author) == ("We could ask the depot", "U2")
    assert comment.posted_at == datetime.fromtimestamp(1772721000.0001, UTC)
    await desk.ask(BEN, "retro.undiscuss", values={"id": "1772721000.0001"})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.retros.comments(1) == []


@pytest.mark.parametrize("message_id", ["1772721000", "1.2.3", "1e999.0", "19:abc.def"])
async def test_a_reply_whose_id_is_no_moment_was_posted_when_it_was_heard_of(
    desk: Desk, message_id: str
) -> None:
    await desk.fail()
    desk.say_all()
    await desk.ask(BEN, "retro.discuss", "m-retro:1", {"text": "The depot", "id": message_id}, at=AT)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        (comment,) = work.retros.comments(1)
    assert comment.posted_at == AT


async def test_a_reply_in_another_thread_is_not_our_business(desk: Desk) -> None:
    await desk.fail()
    desk.say_all()
    await desk.ask(BEN, "retro.discuss", "m-lunch", {"text": "Pizza?", "id": "1772721000.0002"})
    assert "Pizza" not in _dump(desk)


async def test_closing_says_what_was_heard_per_gap_and_what_will_change(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "Courier notes", ASKED[-1].key: "A number"})
    await desk.ask(BEN, "retro.answer", "C-1", {"training": "The depot's map", "unnamed": "yes"})
    await desk.add_item(ANA, owner="U1")
    desk.say_all()
    reply = await desk.ask(CLEO, "retro.close", "C-1", {"outcome": "fixes agreed", "why": ""})
    assert not reply.faults
    said = desk.say_all()
    summary = plain(said["turn:1:1"])
    for part in (
        "fixes agreed",
        "Closed by Cleo.",
        "Training · 2 answers",
        "The depot's map",
        "A number",
        "Show the notes\nagreed · Ana · no date yet · AI-1",
    ):
        assert part in summary
    assert "closed · 3 answers · 1 action item" in plain(said["retro:1"])
    assert "retro.answer" not in said["prompt:1:training"].model_dump_json()


@pytest.mark.parametrize("outcome", OUTCOMES[1:])
async def test_the_other_outcomes_need_a_why_and_no_items(desk: Desk, outcome: str) -> None:
    await desk.fail()
    without = await desk.ask(ANA, "retro.close", "C-1", {"outcome": outcome, "why": ""})
    both_sides = ["outcome"] if outcome == OUTCOMES[-1] else []
    assert list(without.faults) == ["why", *both_sides]
    # The last of them needs both sides as well; tests/commands/test_recovery.py has the refusals.
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "We did all we know."})
    await desk.ask(ANA, "recovery.hear", "C-1", {"words": "The road was under water."})
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": outcome, "why": "It was their wish."})
    assert desk.retro("C-1").state == "closed"


async def close(desk: Desk, outcome: str = "fixes agreed", why: str = "") -> Reply:
    """Ana closes the retro C-1."""
    return await desk.ask(ANA, "retro.close", "C-1", {"outcome": outcome, "why": why})


async def test_fixes_agreed_needs_an_item_that_somebody_agreed_to(desk: Desk) -> None:
    await desk.fail()
    assert "somebody said yes to" in (await close(desk)).faults["outcome"]
    proposed = await desk.add_item(ANA, owner="U2")
    assert "somebody said yes to" in (await close(desk)).faults["outcome"]
    await desk.ask(BEN, "action_item.accept", proposed)
    assert not (await close(desk)).faults
    assert desk.retro("C-1").state == "closed"


@pytest.mark.parametrize("step", ["drop", "decline"])
async def test_without_its_last_agreed_fix_a_closed_retro_asks_for_another_outcome(
    desk: Desk, step: str
) -> None:
    await desk.fail()
    first = await desk.add_item(ANA, owner="U1")
    second = await desk.add_item(ANA, owner="U1")
    await close(desk)
    assert "fixes agreed" in plain(desk.say_all()["turn:1:1"])
    assert (await desk.ask(ANA, f"action_item.{step}", first, {"why": "No time"})).done
    reply = await desk.ask(ANA, f"action_item.{step}", second, {"why": "No time"})
    assert reply.message is not None
    assert "closed without a decision" in words(reply)
    assert labels(reply.message) == ["Close retro", "Reopen"]
    said = desk.say_all()
    for key in ("retro:1", "turn:1:1"):
        assert "Closed without a decision" in plain(said[key])
        assert labels(said[key])[:2] == ["Close retro", "Reopen"]
    assert said["turn:1:1"].title == "What we heard · C-1"
    assert "finished" not in plain(said["retro:1"])
    # It is as any retro that has to be decided: with another outcome it is finished.
    assert (await desk.ask(ANA, "retro.close", "C-1")).form is not None
    assert "somebody said yes to" in (await close(desk)).faults["outcome"]
    for again in (False, True):
        reply = await close(desk, "an apology was enough", "She asks for no more.")
        assert ("is already closed" in words(reply)) is again
    said = desk.say_all()
    assert "an apology was enough" in plain(said["turn:1:2"])
    assert "Closed by Ana with the outcome fixes agreed" in plain(said["turn:1:1"])
    assert "Closed again since then" in plain(said["turn:1:1"])
    assert labels(said["turn:1:1"]) == []


async def test_the_lead_is_reminded_of_an_outcome_that_does_not_hold_until_somebody_agrees_again(
    desk: Desk,
) -> None:
    await desk.fail()
    await desk.add_item(ANA, owner="U1")
    await close(desk)
    later = AT + timedelta(days=28)
    await desk.ask(ANA, "action_item.decline", "AI-1", {"why": "No time"}, at=later)
    assert "C-1 was closed" not in unasked(await desk.tick(later + timedelta(days=1)))
    # 2 April was a Thursday. Friday's digest, on which nobody did anything, comes again on Wednesday.
    morning = later + timedelta(days=6)
    told = await desk.tick(morning)
    assert 'This was closed with "fixes agreed", and no agreed fix is left' in unasked(told)
    await desk.ask(BEN, "action_item.take", "AI-1", at=morning)
    said = desk.say_all(morning)
    assert "no agreed fix is left" not in unasked(said)
    assert "Closed: fixes agreed" in plain(said["retro:1"])
    assert "no agreed fix is left" not in unasked(await desk.tick(morning + timedelta(days=9)))


async def test_a_retro_of_nothing_from_before_is_closed_without_a_decision(desk: Desk) -> None:
    await desk.fail()
    turn = Turn(step="close", by="U1", at=AT, outcome="fixes agreed")
    closed = desk.retro("C-1").model_copy(update={"state": "closed", "history": (turn,)})
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.retros.save(closed)
        work.commit()
    shown = plain(desk.say_all()["retro:1"])
    assert "Closed without a decision" in shown
    assert "finished" not in shown
    assert not (await close(desk, "an apology was enough", "It was.")).faults


async def test_the_summary_follows_the_items(desk: Desk) -> None:
    await desk.fail()
    await desk.add_item(ANA, owner="U1")
    second = await desk.add_item(ANA, owner="U1", what="Print the map")
    await close(desk)
    desk.say_all()
    await desk.ask(ANA, "action_item.change_date", second, {"due": "2026-03-20"})
    assert "due Fri 20 Mar" in plain(desk.say_all()["turn:1:1"])
    await desk.ask(ANA, "action_item.drop", second, {"why": "No map"})
    summary = plain(desk.say_all()["turn:1:1"])
    assert summary.index("What was dropped") < summary.index("Print the map")
    assert "dropped by Ana · AI-2\nWhy: No map" in summary
    await desk.ask(ANA, "action_item.hand_over", "AI-1", {"owner": "U2", "why": ""})
    assert "proposed · Ben has still to accept" in plain(desk.say_all()["turn:1:1"])
    await desk.ask(BEN, "retro.reopen", "C-1", {"why": "One more."})
    said = desk.say_all()
    assert "Reopened since then" in plain(said["turn:1:1"])
    await desk.ask(ANA, "action_item.add", "C-1", {"what": "Call first", "owner": "U1"})
    assert "turn:1:1" not in desk.say_all()
    await close(desk)
    assert "Call first" in plain(desk.say_all()["turn:1:3"])


def test_a_summary_of_many_verified_items_leaves_the_evidence_to_the_thread() -> None:
    history = (
        *VERIFIED.history[:-2],
        *(moved.model_copy(update={"words": "It is shown. " * 20}) for moved in VERIFIED.history[-2:]),
    )
    items = [VERIFIED.model_copy(update={"history": history, "number": n}) for n in range(1, 21)]
    few, many = (plain(messages.summary(CLOSED, (), some, {}, TEAM, {})) for some in (items[:3], items))
    assert "What changed: It is shown." in few
    assert "What changed: It is shown." not in many
    assert "stands with each item, in this thread" in many
    assert all(f"AI-{n}\n" in f"{many}\n" for n in range(1, 21))


async def test_an_item_of_the_summary_leads_to_its_message_and_tells_its_state_by_a_sign(
    desk: Desk,
) -> None:
    await desk.fail()
    await desk.add_item(ANA, owner="U1", what="Print the map")
    await desk.add_item(ANA, what="Call first")
    desk.say_all()
    await close(desk)
    summary = desk.say_all()["turn:1:1"]
    first, second = (part.words for part in summary.parts if isinstance(part, Line))
    assert first[0] == Bold(text="Print the map")
    assert Status(sign="note", text="agreed") in first
    assert Link(text="AI-1", url="https://example.com/item:1") in first
    assert second[0] == Bold(text="Call first")
    assert Status(sign="waiting", text="proposed") in second
    assert Link(text="AI-2", url="https://example.com/item:2") in second
    assert not any(isinstance(piece, Mention) for piece in (*first, *second))


def test_an_item_that_nobody_knows_the_place_of_is_summed_up_without_a_link() -> None:
    summary = messages.summary(CLOSED, (), (AGREED, DROPPED), PEOPLE, TEAM, {})
    assert not [link for part in summary.parts for link in links_of(part)]
    assert plain(summary).count("AI-12") == 2


async def test_the_lead_is_asked_to_close_a_retro_with_fixes_and_not_called_undecided(
    desk: Desk,
) -> None:
    await desk.fail()
    await desk.add_item(ANA, owner="U2")
    # Answers close on Tuesday 10 March.
    morning = AT + timedelta(days=7)
    asked = unasked(await desk.tick(morning))
    assert (
        "Everybody has had time to answer. One fix is proposed, and nobody has said yes to it yet"
        in asked
    )
    assert "decide what will change" not in asked
    await desk.ask(BEN, "action_item.accept", "AI-1", at=morning)
    assert 'One fix is agreed: close the retro with "fixes agreed"?' in unasked(desk.say_all(morning))


async def test_a_closed_retro_turns_answers_and_items_down_until_it_is_reopened(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": OUTCOMES[1], "why": "She said so."})
    for command_name, values in (
        ("retro.answer", {"training": "x"}),
        ("action_item.add", {"what": "x"}),
    ):
        assert "is closed; reopen it" in words(await desk.ask(BEN, command_name, "C-1"))
        assert "is closed; reopen it" in words(await desk.ask(BEN, command_name, "C-1", values))
    assert "already closed" in words(await desk.ask(BEN, "retro.close", "C-1", {"outcome": OUTCOMES[1]}))
    assert list((await desk.ask(BEN, "retro.reopen", "C-1", {"why": ""})).faults) == ["why"]
    await desk.ask(BEN, "retro.reopen", "C-1", {"why": "It happened again."})
    said = desk.say_all()
    assert plain(said["turn:1:2"]).startswith("Ben opened the retro C-1 again")
    assert "It happened again." in plain(said["turn:1:2"])
    assert not (await desk.ask(BEN, "retro.answer", "C-1", {"training": "x"})).faults


async def test_it_is_finished_when_every_item_is_verified_or_dropped(desk: Desk) -> None:
    await desk.fail()
    first = await desk.add_item(ANA, owner="U1")
    second = await desk.add_item(ANA)
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": "fixes agreed"})
    assert "closed ·" in plain(desk.say_all()["retro:1"])
    await desk.ask(ANA, "action_item.drop", second, {"why": "Not needed"})
    await desk.ask(ANA, "action_item.done", first, {"changed": "It is shown"})
    await desk.ask(BEN, "action_item.verify", first, {"saw": ""})
    assert "finished ·" in plain(desk.say_all()["retro:1"])


async def test_a_summary_is_not_said_when_the_retro_was_reopened_before_it_could_be(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": OUTCOMES[1], "why": "x"})
    await desk.ask(ANA, "retro.reopen", "C-1", {"why": "Too early."})
    said = desk.say_all()
    assert "turn:1:1" not in said
    assert "turn:1:2" in said


async def test_a_form_left_open_for_a_day_still_works_or_says_why_not(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "retro.answer", "C-1")
    later = AT + timedelta(days=1)
    assert not (await desk.ask(ANA, "retro.answer", "C-1", {"training": "x"}, at=later)).faults


async def test_a_button_of_a_retro_that_is_gone_says_so(desk: Desk) -> None:
    for command_name in ("retro.answer", "retro.close", "action_item.add"):
        assert "I can't find" in words(await desk.ask(ANA, command_name, "C-99"))
    assert "find nonsense." in words(await desk.ask(ANA, "retro.close", "nonsense"))


async def test_an_item_can_be_added_from_a_reply_in_the_thread(desk: Desk) -> None:
    await desk.fail()
    desk.say_all()
    opened = await desk.ask(ANA, "action_item.add_message", source=reply_found("Let's print the map"))
    assert opened.form is not None
    assert opened.form.about == desk.ref("C-1")
    assert opened.form.fields[0].value == "Let's print the map"
    elsewhere = await desk.ask(ANA, "action_item.add_message", source=reply_found("Lunch?", "m-lunch"))
    assert "thread of a retro" in words(elsewhere)


async def test_a_summary_says_how_many_answers_it_leaves_to_the_thread(desk: Desk) -> None:
    await desk.fail()
    first = ASKED[0].key
    for number in range(messages.HEARD_PER_GAP + 2):
        await desk.ask(ANA, "retro.answer", "C-1", {first: f"Answer {number}"})
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": "an apology was enough", "why": "It was."})
    summary = plain(desk.say_all()["turn:1:1"])
    assert "and 2 more, in this thread" in summary


def test_a_summary_counts_the_items_that_it_leaves_to_the_thread() -> None:
    def told(number: int, item: ActionItem) -> str:
        items = [item.model_copy(update={"number": n}) for n in range(1, number + 1)]
        return plain(messages.summary(CLOSED, (), items, {}, TEAM, {}))

    assert "more, in this thread" not in told(messages.MAX_CHANGES, VERIFIED)
    assert "and 1 more, in this thread" in told(messages.MAX_CHANGES + 1, VERIFIED)
    assert "AI-21" not in told(21, VERIFIED)
    dropped = VERIFIED.model_copy(update={"state": "dropped"})
    assert "in this thread" not in told(messages.MAX_DROPPED, dropped)
    assert "and 1 more, in this thread" in told(messages.MAX_DROPPED + 1, dropped)


async def test_a_retro_that_is_open_is_not_reopened(desk: Desk) -> None:
    await desk.fail()
    for values in (None, {"why": "Once more"}):
        refused = await desk.ask(ANA, "retro.reopen", "C-1", values)
        assert words(refused) == "The retro C-1 is already open."
    assert desk.retro("C-1").history == ()


async def test_the_export_tells_each_closing_with_its_outcome(desk: Desk) -> None:
    await desk.fail()
    await close(desk, "an apology was enough", "She said so.")
    await desk.ask(ANA, "retro.reopen", "C-1", {"why": "Once more"})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        told = as_markdown(one("C-1", work), first=True)
    assert " · closed: an apology was enough · Ana" in told
    assert " · reopened · Ana" in told
