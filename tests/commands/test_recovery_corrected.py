"""A recovery step is put right: what was noted is corrected, or the step is taken back."""

import asyncio
import json
from datetime import timedelta

import pytest

from bot.command import Reply
from bot.commands import export
from bot.domain.channel import Channel
from bot.domain.recovery import SETTLED_BY_APOLOGY, next_step
from bot.domain.reference import missing
from bot.messages.export import FORMATS
from bot.messages.parts import Form, Message, plain, shortened
from storage.database import Database
from tests.commands.test_recovery import (
    ACCOUNT,
    finish,
    form_of,
    labels,
    promised,
    recovery,
    sorry,
    state_of_case,
    step,
)
from tests.desk import ANA, AT, BEN, CLEO, Desk, words
from tests.session import open_work

DIRECT = Channel(id="D1", name="Ben", kind="direct")
LATER = AT + timedelta(hours=2)


async def correct(desk: Desk, name: str, **values: str) -> Reply:
    """Ben corrects a step: he chooses it, and sends its form, filled as it was but for these values."""
    chosen = form_of(await desk.ask(BEN, "recovery.correct", "C-1", {"step": name}))
    standing = {field.name: field.value for field in chosen.fields}
    return await desk.ask(BEN, chosen.command_name, chosen.about, {**standing, **values}, at=LATER)


async def take_back(desk: Desk, name: str, why: str = "It was another customer.") -> Reply:
    """Ben takes a step of C-1 back."""
    values = {"step": name, "why": why}
    return await desk.ask(BEN, "recovery.take_back", "C-1", values, at=LATER)


def row(card: Message, label: str) -> str:
    """What the card says of a step."""
    return next(line for line in plain(card).splitlines() if line.startswith(label))


async def test_the_words_and_the_day_of_a_promise_are_corrected_and_the_card_says_by_whom(
    desk: Desk,
) -> None:
    await desk.fail()
    desk.meet(BEN)
    await promised(desk)
    desk.say_all()
    chosen = form_of(await desk.ask(BEN, "recovery.correct", "C-1"))
    options = [option.label for option in chosen.fields[0].options]
    assert options[0] == "Hear the customer"
    assert chosen.fields[0].value == "promise"
    filled = form_of(await desk.ask(BEN, "recovery.correct", "C-1", {"step": "promise"}))
    standing = {field.label: field.value for field in filled.fields}
    assert standing["What was agreed"] == "It comes on Monday."
    assert standing["By when"] == "2026-03-09"
    assert (await correct(desk, "promise", words="It comes on Friday.", due="2026-03-13")).done
    card = desk.say_all()["recovery:1"]
    said = "Promise: It comes on Friday. · Thu 5 Mar · corrected by Ben on Thu 5 Mar"
    assert row(card, "Promise") == said
    kept = recovery(desk).step("promise")
    assert (kept.by, kept.at, kept.corrected_by) == ("U1", AT, "U2")
    assert kept.corrected_at == AT + timedelta(hours=2)
    assert "promised by Fri 13 Mar · " in plain(card)
    told = form_of(await desk.ask(ANA, "recovery.read", "C-1"))
    whole = "Promise · done · Ana · Thu 5 Mar · A call · by Fri 13 Mar · corrected by Ben on Thu 5 Mar"
    assert whole in plain(Message(summary="", parts=told.parts))


async def test_a_promise_whose_day_has_passed_keeps_it_when_its_words_are_corrected(desk: Desk) -> None:
    await desk.fail()
    await promised(desk, "2026-03-06")
    form = form_of(await desk.ask(ANA, "recovery.correct", "C-1", {"step": "promise"}))
    standing = {field.name: field.value for field in form.fields} | {"words": "On Friday."}
    later = AT + timedelta(days=9)
    assert (await desk.ask(ANA, form.command_name, form.about, standing, at=later)).done
    other = standing | {"due": "2026-03-07"}
    refused = await desk.ask(ANA, form.command_name, form.about, other, at=later)
    assert list(refused.faults) == ["due"]


async def test_an_apology_is_corrected_with_who_made_it_and_when(desk: Desk) -> None:
    await desk.fail()
    desk.meet(BEN)
    await sorry(desk)
    desk.say_all()
    values = {"who": "U2", "date": "2026-03-05", "time": "08:30"}
    assert (await correct(desk, "apologise", **values)).done
    card = desk.say_all()["recovery:1"]
    assert "We are sorry. · Ben · Thu 5 Mar · corrected" in row(card, "Apologise")
    assert recovery(desk).step("apologise").at == AT.replace(hour=13)


@pytest.mark.parametrize(
    ("zone", "time"), [("America/New_York", "09:30"), (None, "15:30"), ("Asia/Tokyo", "23:30")]
)
async def test_the_form_shows_when_a_step_was_done_by_the_clock_of_whoever_did_it(
    desk: Desk, zone: str | None, time: str
) -> None:
    await desk.fail()
    desk.meet(BEN.model_copy(update={"zone": zone}))
    assert not (await desk.ask(ANA, "recovery.apologise", "C-1", {"how": "A call", "who": "U2"})).faults
    *_, standing = await open_form(desk, "apologise")
    shown = {name: standing[name] for name in ("who", "date", "time")}
    assert shown == {"who": "U2", "date": "2026-03-05", "time": time}


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-03-01", "The apology is dated before the failure: one of the two dates is wrong; the"),
        ("2026-03-05", "The apology came on the day of the failure, in time: the team's aim was"),
    ],
)
async def test_an_apology_that_is_dated_before_the_failure_did_not_take_0_minutes(
    desk: Desk, day: str, said: str
) -> None:
    await desk.fail()
    desk.meet(BEN)
    await sorry(desk)
    corrected = words(await correct(desk, "apologise", date=day, time="08:00"))
    assert corrected.startswith("Corrected. ")
    assert said in corrected
    assert "0 min" not in corrected


async def test_the_customers_account_is_corrected_where_the_summary_quotes_it(desk: Desk) -> None:
    await desk.fail()
    await sorry(desk)
    why = {"outcome": "an apology was enough", "why": "It was."}
    await desk.ask(ANA, "retro.close", "C-1", why)
    desk.say_all()
    assert (await correct(desk, "hear", words="I waited three times.")).done
    said = desk.say_all()
    assert "I waited three times." in plain(said["turn:1:1"])
    assert ACCOUNT.split()[-1] not in plain(said["turn:1:1"])


async def test_nothing_is_corrected_without_a_difference_or_before_it_is_done(desk: Desk) -> None:
    await desk.fail()
    assert "No step is done" in words(await desk.ask(BEN, "recovery.correct", "C-1"))
    await sorry(desk)
    assert "what stands there already" in words(await correct(desk, "hear"))
    assert recovery(desk).step("hear").corrected_by is None
    refused = await desk.ask(BEN, "recovery.correct", "C-1", {"step": "promise"})
    assert "Promise is not done" in words(refused)


async def test_a_form_from_before_the_step_was_taken_back_is_refused_in_a_sentence(desk: Desk) -> None:
    await desk.fail()
    await sorry(desk)
    form = form_of(await desk.ask(BEN, "recovery.correct", "C-1", {"step": "hear"}))
    assert (await take_back(desk, "hear")).done
    stale = await desk.ask(BEN, form.command_name, form.about, {"words": "Something else."})
    assert words(stale) == "Hear the customer is not done for C-1, so there is nothing to correct."
    assert "so there is nothing to take back" in words(await take_back(desk, "hear"))


async def open_form(desk: Desk, name: str) -> tuple[str, str, dict[str, str]]:
    """The open form that corrects a step: its command, what it is about, and all that comes back."""
    form = form_of(await desk.ask(BEN, "recovery.correct", "C-1", {"step": name}))
    standing = {field.name: field.value for field in form.fields}
    return form.command_name, form.about, {**standing, **form.hidden}


def above(form: Form) -> str:
    """What stands above the fields of a form."""
    return plain(Message(summary="", parts=form.parts))


async def test_of_two_open_forms_of_a_promise_the_second_is_shown_again_as_it_was_filled_in(
    desk: Desk,
) -> None:
    await desk.fail()
    desk.meet(BEN)
    await promised(desk)
    command, about, standing = await open_form(desk, "promise")
    await desk.ask(ANA, command, about, {**standing, "due": "2026-03-12", "keeper": "U2"})
    written = {**standing, "words": "It comes on Monday morning."}
    form = form_of(await desk.ask(BEN, command, about, written, at=LATER))
    assert "Ana changed it meanwhile: look again." in above(form)
    assert "By when: Thu 12 Mar" in above(form)
    assert "Who keeps it: Ben" in above(form)
    assert "How they were told" not in above(form)
    assert {field.name: field.value for field in form.fields}.items() <= written.items()
    assert str(recovery(desk).step("promise").due) == "2026-03-12"
    again = {**written, **form.hidden, "due": "2026-03-12", "keeper": "U2"}
    assert (await desk.ask(BEN, command, about, again, at=LATER)).done
    step = recovery(desk).step("promise")
    assert (str(step.due), step.words) == ("2026-03-12", "It comes on Monday morning.")


async def test_a_form_from_the_round_before_never_overwrites_the_words_of_the_next(desk: Desk) -> None:
    await desk.fail()
    desk.meet(BEN)
    await sorry(desk)
    command, about, standing = await open_form(desk, "hear")
    said = "It broke again on Friday."
    await step(desk, "verdict", LATER, verdict="not recovered", words=said)
    written = {**standing, "words": "I waited at home, three times."}
    form = form_of(await desk.ask(BEN, command, about, written, at=LATER))
    assert "Ana changed it meanwhile: look again." in above(form)
    assert said in above(form)
    assert recovery(desk).step("hear").words == said
    assert (await take_back(desk, "verdict")).done
    back = {**written, **form.hidden}
    form = form_of(await desk.ask(BEN, command, about, back, at=LATER))
    assert "You changed it meanwhile: look again." in above(form)


async def test_a_step_handed_to_somebody_else_meanwhile_is_shown_and_another_steps_change_is_not(
    desk: Desk,
) -> None:
    await desk.fail()
    desk.meet(BEN)
    await promised(desk)
    command, about, standing = await open_form(desk, "promise")
    await step(desk, "keep", LATER, words="The courier came.")
    assert (await desk.ask(BEN, command, about, {**standing, "words": "On Monday."})).done
    assert (await take_back(desk, "keep")).done
    command, about, standing = await open_form(desk, "promise")
    handed = {"step": "keep", "owner": "U2"}
    assert (await desk.ask(ANA, "recovery.hand_over", "C-1", handed)).done
    form = form_of(await desk.ask(BEN, command, about, {**standing, "words": "At noon."}))
    assert "Ana changed it meanwhile: look again." in above(form)
    assert "Who keeps it: Ben" in above(form)


async def test_a_form_of_an_older_program_still_corrects_and_an_outsider_is_shown_none(
    desk: Desk,
) -> None:
    await desk.fail()
    desk.meet(BEN)
    await sorry(desk)
    command, about, standing = await open_form(desk, "hear")
    assert (await correct(desk, "hear", words="I waited three times.")).done
    desk.memberships.channels["U3"] = set()
    stale = {**standing, "words": "Never."}
    refused = await desk.ask(CLEO, command, about, stale, channel=DIRECT)
    assert (refused.form, words(refused)) == (None, missing("C-1"))
    older = {"words": "I waited four times."}
    assert (await desk.ask(BEN, command, about, older)).done
    assert recovery(desk).step("hear").words == "I waited four times."


async def test_the_words_of_a_step_stay_whole_where_a_box_shows_only_their_beginning(desk: Desk) -> None:
    long = "We are truly sorry for the wait. " * 400 + "We called twice."
    await desk.fail()
    await step(desk, "hear", words=ACCOUNT)
    await step(desk, "apologise", how="A call", words=long)
    command, about, standing = await open_form(desk, "apologise")
    assert standing["words"] == long
    cut = {**standing, "words": shortened(long, 3_000)}
    await desk.ask(ANA, command, about, {**standing, "how": "A letter"})
    form = form_of(await desk.ask(BEN, command, about, {**cut, "time": "10:00"}, at=LATER))
    assert "What was said" not in above(form)
    again = {**cut, "time": "10:00", "how": "A letter", **form.hidden}
    assert (await desk.ask(BEN, command, about, again, at=LATER)).done
    kept = recovery(desk).step("apologise")
    assert (kept.words, kept.how) == (long, "A letter")


async def test_a_view_that_comes_later_leaves_long_words_to_the_customer_whole(desk: Desk) -> None:
    long = "This is different now: we call before noon. " * 200 + "Thank you."
    await desk.fail()
    await sorry(desk)
    await finish(desk)
    await step(desk, "tell_changed", words=long)
    form = form_of(await desk.ask(ANA, "recovery.tell_changed", "C-1"))
    assert next(field.value for field in form.fields if field.name == "words") == long
    await step(desk, "tell_changed", LATER, words=shortened(long, 3_000), view="Thank you!")
    kept = recovery(desk).step("tell_changed")
    assert (kept.words, kept.view) == (long, "Thank you!")


async def test_two_long_texts_of_a_step_that_end_in_dots_alike_stay_each_what_it_is(desk: Desk) -> None:
    words = "This is different now: we call before noon. " * 20 + "We promise…"
    view = "This is different now: they call before noon. " * 20 + "Well…"
    await desk.fail()
    await sorry(desk)
    await finish(desk)
    await step(desk, "tell_changed", words=words, view=view)
    for text, other in (("words", "view"), ("view", "words")):
        before = recovery(desk).step("tell_changed")
        command, about, standing = await open_form(desk, "tell_changed")
        cut, new = shortened(standing[text], 300), f"Not so: {standing[other]}"
        assert (await desk.ask(BEN, command, about, {**standing, text: cut, other: new})).done
        assert recovery(desk).step("tell_changed") == before.model_copy(
            update={other: new, "corrected_by": BEN.id, "corrected_at": AT}
        )


async def test_the_coachs_remarks_keep_what_the_form_was_drawn_from(desk: Desk) -> None:
    await desk.fail()
    desk.meet(BEN)
    await sorry(desk)
    command, about, standing = await open_form(desk, "apologise")
    excuse = {**standing, "words": "We are sorry if you were bothered, but it was the courier's fault."}
    form = form_of(await desk.ask(BEN, command, about, excuse))
    assert form.submit == "Post as it is"
    assert (await correct(desk, "apologise", words="We are truly sorry.")).done
    again = form_of(await desk.ask(BEN, command, about, {**excuse, **form.hidden}, at=LATER))
    assert "changed it meanwhile" in above(again)
    assert recovery(desk).step("apologise").words == "We are truly sorry."


async def test_a_step_taken_back_is_to_do_again_and_the_card_says_who_and_why(desk: Desk) -> None:
    await desk.fail()
    desk.meet(BEN)
    await sorry(desk)
    said = desk.say_all()
    assert "one side only" not in plain(said["retro:1"])
    assert {"Correct", "Take back"} <= set(labels(said["recovery:1"]))
    assert (await take_back(desk, "hear")).done
    said = desk.say_all()
    assert "taken back by Ben: It was another customer." in row(said["recovery:1"], "Hear")
    assert "Hear the customer" in labels(said["recovery:1"])
    assert "one side only" in plain(said["retro:1"])
    assert "waited at home" not in json.dumps(recovery(desk).model_dump(mode="json"))
    await step(desk, "hear", words="I was never called.")
    assert "taken back" not in plain(desk.say_all()["recovery:1"])


async def test_without_its_promise_nothing_is_kept_and_no_day_is_waited_for(desk: Desk) -> None:
    await desk.fail()
    for person in (ANA, BEN):
        desk.meet(person)
    await promised(desk, keeper="U2")
    await step(desk, "keep", words="I brought it.")
    await step(desk, "check_back", words="Yes.")
    assert (await take_back(desk, "promise")).done
    now = recovery(desk)
    assert {name: now.step(name).state for name in ("promise", "keep", "check_back")} == {
        "promise": "to do",
        "keep": "to do",
        "check_back": "to do",
    }
    assert now.step("ask_wish").state == "done"
    assert now.step("keep").owner is None
    assert "9 Mar" not in plain(desk.say_all()["recovery:1"])


async def test_a_promise_that_is_not_kept_yet_takes_its_reminders_along(desk: Desk) -> None:
    await desk.fail()
    await promised(desk, "2026-03-06")
    assert (await take_back(desk, "promise")).done
    said = await desk.tick(AT + timedelta(days=4))
    told = "\n".join(plain(message) for key, message in said.items() if key.startswith("remind:"))
    assert "promise is late" not in told.lower()
    assert "6 Mar" not in told


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ("recovered", "The customer says it's put right."),
        ("no answer", "The customer didn't answer."),
    ],
)
async def test_taking_back_the_verdict_opens_the_recovery_and_the_case_follows(
    desk: Desk, chosen: str, told: str
) -> None:
    await desk.fail()
    desk.meet(BEN)
    await sorry(desk)
    await step(desk, "verdict", verdict=chosen, words="Thank you.")
    assert state_of_case(desk) == chosen
    assert told in plain(desk.say_all()["retro:1"])
    assert "closed" in words(await take_back(desk, "hear"))
    assert (await take_back(desk, "verdict")).done
    assert (recovery(desk).outcome, state_of_case(desk)) == (None, "failed")
    said = desk.say_all()
    assert "taken back by Ben" in row(said["recovery:1"], "End")
    assert told not in plain(said["retro:1"])
    assert recovery(desk).step("hear").state == "done"


async def test_not_recovered_taken_back_brings_the_round_before_it_back(desk: Desk) -> None:
    await desk.fail()
    await promised(desk)
    before = recovery(desk)
    late = {"verdict": "not recovered", "words": "It is broken again."}
    assert (await desk.ask(ANA, "recovery.verdict", "C-1", late, at=LATER)).done
    assert recovery(desk).earlier
    await step(desk, "apologise", LATER, how="A call")
    assert "Steps were taken for C-1 since" in words(await take_back(desk, "verdict"))
    assert (await take_back(desk, "apologise")).done
    assert (await take_back(desk, "verdict")).done
    now = recovery(desk)
    assert now.earlier == ()
    assert now.steps[:-1] == before.steps[:-1]
    assert (now.failed_at, now.apologise_by) == (before.failed_at, before.apologise_by)
    assert now.step("verdict").undone_by == "U2"


async def test_how_it_ended_is_put_right_by_members_only(desk: Desk) -> None:
    await desk.fail(BEN)
    desk.meet(CLEO)
    await desk.ask(BEN, "recovery.hand_over", "C-1", {"step": "everything", "owner": "U3"})
    await step(desk, "hear", words=ACCOUNT)
    await step(desk, "verdict", verdict="recovered", words="Thank you.")
    desk.memberships.channels["U2"] = set()  # he opened the retro, and has left the channel since
    for command_name, values in (
        ("recovery.take_back", {"step": "verdict", "why": "No."}),
        ("recovery.correct", {"step": "verdict"}),
    ):
        reply = await desk.ask(BEN, command_name, "C-1", values)
        assert words(reply) == "Only members of the channel say how it ended, or take that back."
    assert recovery(desk).outcome == "recovered"


async def test_the_verdicts_words_are_corrected_and_not_the_verdict(desk: Desk) -> None:
    await desk.fail()
    await sorry(desk)
    await step(desk, "verdict", verdict="recovered", words="Thank yuo.")
    assert (await correct(desk, "verdict", words="Thank you.")).done
    assert recovery(desk).step("verdict").words == "Thank you."
    assert "only the words are corrected" in words(await correct(desk, "verdict", verdict="no answer"))
    assert list((await correct(desk, "verdict", words="")).faults) == ["words"]


async def test_the_account_stays_as_long_as_the_outcome_of_the_retro_rests_on_it(desk: Desk) -> None:
    await desk.fail()
    await sorry(desk)
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "We did all we know."})
    why = {"outcome": "nothing we could have changed", "why": "A flood."}
    assert (await desk.ask(ANA, "retro.close", "C-1", why)).done
    assert "reopen it first" in words(await take_back(desk, "hear"))
    assert recovery(desk).step("hear").state == "done"


async def test_what_an_apology_made_needless_comes_back_together(desk: Desk) -> None:
    await desk.fail()
    await sorry(desk)
    await desk.ask(ANA, "recovery.not_needed", "C-1", {"step": "enough", "why": "She asks no more."})
    assert (await take_back(desk, "promise")).done
    now = recovery(desk)
    assert now.enough == ""
    assert {now.step(name).state for name in SETTLED_BY_APOLOGY} == {"to do"}


ENOUGH = {"outcome": "an apology was enough", "why": "She asks no more."}


async def test_an_apology_is_not_taken_back_while_the_outcome_of_the_retro_rests_on_it(
    desk: Desk,
) -> None:
    await desk.fail()
    await sorry(desk)
    assert (await desk.ask(ANA, "retro.close", "C-1", ENOUGH)).done
    assert words(await take_back(desk, "apologise")) == (
        "The retro C-1 is closed as an apology was enough, which needs the apology: reopen it first."
    )
    assert recovery(desk).step("apologise").state == "done"
    await desk.ask(ANA, "retro.reopen", "C-1", {"why": "It was another customer."})
    assert (await take_back(desk, "apologise")).done
    now = recovery(desk)
    assert now.enough == ""
    assert {now.step(name).state for name in ("apologise", *SETTLED_BY_APOLOGY)} == {"to do"}
    assert now.step("promise").undone_by is None
    assert "apology was enough" not in plain(desk.say_all()["recovery:1"])


async def test_an_apology_that_will_be_enough_is_not_said_to_have_been(desk: Desk) -> None:
    await desk.fail()
    await step(desk, "hear", words=ACCOUNT)
    await desk.ask(ANA, "recovery.not_needed", "C-1", {"step": "enough", "why": "She asks no more."})
    assert "An apology is enough: She asks no more." in plain(desk.say_all()["recovery:1"])
    await step(desk, "apologise", how="A call", words="We are sorry.")
    assert "An apology was enough: She asks no more." in plain(desk.say_all()["recovery:1"])


async def test_an_apology_that_was_enough_is_so_again_when_not_recovered_is_taken_back(
    desk: Desk,
) -> None:
    await desk.fail()
    await sorry(desk)
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "Maps"})
    await desk.ask(ANA, "retro.close", "C-1", ENOUGH)
    before = recovery(desk)
    await step(desk, "verdict", verdict="not recovered", words="I still wait.")
    assert recovery(desk).enough == ""
    assert (await take_back(desk, "verdict")).done
    again = recovery(desk)
    assert (again.enough, again.gaps) == (before.enough, before.gaps) == (ENOUGH["why"], ("training",))
    # And a fix that is agreed after all wakes what was left out, as it would have before.
    await desk.add_item(ANA, owner="U1")
    assert (await desk.ask(ANA, "retro.close", "C-1", {"outcome": "fixes agreed", "why": ""})).done
    now = recovery(desk)
    assert now.enough == ""
    assert {now.step(name).state for name in SETTLED_BY_APOLOGY} == {"to do"}


async def test_steps_left_out_one_by_one_are_no_apology_that_was_enough(desk: Desk) -> None:
    await desk.fail()
    await sorry(desk)
    for name, why in (("promise", "They want nothing."), ("tell_changed", "They moved away.")):
        await desk.ask(ANA, "recovery.not_needed", "C-1", {"step": name, "why": why})
    await step(desk, "verdict", verdict="not recovered", words="I still wait.")
    assert (await take_back(desk, "verdict")).done
    assert recovery(desk).enough == ""


async def test_what_was_left_out_with_the_promise_comes_back_with_it_and_never_alone(desk: Desk) -> None:
    await desk.fail()
    await sorry(desk)
    await step(desk, "ask_wish", words="Nothing.")
    await desk.ask(ANA, "recovery.not_needed", "C-1", {"step": "promise", "why": "They want nothing."})
    for name in ("keep", "check_back"):
        assert words(await take_back(desk, name)) == (
            "Nothing is to be promised for C-1: take back Promise first."
        )
    form = form_of(await desk.ask(BEN, "recovery.take_back", "C-1"))
    offered = {option.value for option in form.fields[0].options}
    assert "promise" in offered
    assert not offered & {"keep", "check_back"}
    assert (await take_back(desk, "promise")).done
    now = recovery(desk)
    assert {now.step(name).state for name in ("promise", "keep", "check_back")} == {"to do"}
    assert next_step(now) == "promise"


async def test_an_outsider_reads_that_there_is_no_such_case(desk: Desk) -> None:
    await desk.fail()
    await sorry(desk)
    desk.memberships.channels["U3"] = set()
    for command_name in ("recovery.correct", "recovery.take_back"):
        for values in (None, {"step": "hear", "why": "No."}):
            reply = await desk.ask(CLEO, command_name, "C-1", values)
            assert words(reply) == "I can't find C-1. Check the number, or press Status."
    sneaky = await desk.ask(CLEO, "recovery.hear", "C-1/correct", {"words": "No."})
    assert words(sneaky) == "I can't find C-1. Check the number, or press Status."


async def test_the_export_says_who_corrected_and_who_took_back(desk: Desk) -> None:
    await desk.fail()
    desk.meet(BEN)
    await sorry(desk)
    await correct(desk, "hear", words="I waited.")
    await take_back(desk, "apologise", "It was for C-2.")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        steps = json.loads(FORMATS["json"].write(export.one("C-1", work), True))["recovery"]["steps"]
    assert steps[0]["corrected_by"] == "Ben"
    assert (steps[1]["taken_back_by"], steps[1]["taken_back_why"]) == ("Ben", "It was for C-2.")


async def test_of_two_who_take_the_same_step_back_at_once_one_is_told(database: Database) -> None:
    desk = Desk(database)
    await desk.fail()
    await sorry(desk)
    replies = await asyncio.gather(*(take_back(desk, "hear") for _ in range(3)))
    assert sorted(reply.done for reply in replies) == [False, False, True]


async def judged(desk: Desk, words: str) -> dict[str, str]:
    """What people are told when the customer says so."""
    verdict = {"verdict": "not recovered", "words": words}
    assert not (await desk.ask(ANA, "recovery.verdict", "C-1", verdict)).faults
    return told(desk)


def told(desk: Desk) -> dict[str, str]:
    said = desk.say_all()
    return {key: plain(said[key]) for key in said if key.startswith("not_recovered:")}


async def test_not_recovered_that_is_taken_back_is_said_to_whoever_was_told_and_told_anew_later(
    desk: Desk,
) -> None:
    await desk.fail(BEN)
    await desk.add_item(CLEO, owner=CLEO.id)
    await sorry(desk)
    desk.say_all()
    first = await judged(desk, "Still broken.")
    assert sorted(first) == ["not_recovered:1:1:U2", "not_recovered:1:1:U3"]
    back = {"step": "verdict", "why": "It was another customer."}
    assert not (await desk.ask(ANA, "recovery.take_back", "C-1", back)).faults
    edited = told(desk)
    assert edited.keys() == first.keys()
    assert set(edited.values()) == {"Ana took back that the customer of C-1 isn't put right."}
    second = await judged(desk, "Now it is broken.")
    assert sorted(second) == ["not_recovered:1:2:U2", "not_recovered:1:2:U3"]
    assert all("Now it is broken." in text for text in second.values())
    # And once more, a round later: the first word stays taken back.
    third = await judged(desk, "Broken again.")
    assert sorted(third) == ["not_recovered:1:3:U2", "not_recovered:1:3:U3"]
    assert "third round" in third["not_recovered:1:3:U2"]


async def test_whoever_was_told_and_owns_nothing_any_more_reads_that_it_was_taken_back_too(
    desk: Desk,
) -> None:
    await desk.fail(BEN)
    for person in (ANA, CLEO):
        desk.meet(person)
    await desk.add_item(CLEO, owner=CLEO.id)
    await sorry(desk)
    desk.say_all()
    assert sorted(await judged(desk, "Still broken.")) == [
        "not_recovered:1:1:U2",
        "not_recovered:1:1:U3",
    ]
    assert not (await desk.ask(CLEO, "action_item.hand_over", "AI-1", {"owner": "U1"})).faults
    assert sorted(await judged(desk, "And again.")) == ["not_recovered:1:2:U2"]
    assert (await take_back(desk, "verdict")).done
    assert sorted(told(desk)) == ["not_recovered:1:2:U2"]
    assert (await take_back(desk, "verdict")).done
    assert sorted(told(desk)) == ["not_recovered:1:1:U2", "not_recovered:1:1:U3"]


async def test_of_two_who_correct_a_step_alike_the_second_is_not_asked_to_look_again(desk: Desk) -> None:
    await desk.fail()
    desk.meet(BEN)
    await sorry(desk)
    command, about, standing = await open_form(desk, "hear")
    same = {**standing, "words": "I waited three times."}
    assert (await desk.ask(ANA, command, about, same)).done
    second = await desk.ask(BEN, command, about, same, at=LATER)
    assert second.form is None
    assert recovery(desk).step("hear").words == "I waited three times."


async def test_not_recovered_that_is_taken_back_before_it_was_said_is_not_said(desk: Desk) -> None:
    await desk.fail(BEN)
    await sorry(desk)
    desk.say_all()
    verdict = {"verdict": "not recovered", "words": "Still broken."}
    await desk.ask(ANA, "recovery.verdict", "C-1", verdict)
    back = {"step": "verdict", "why": "It was another customer."}
    await desk.ask(ANA, "recovery.take_back", "C-1", back)
    assert told(desk) == {}
    assert list(await judged(desk, "Now it is broken.")) == ["not_recovered:1:1:U2"]
