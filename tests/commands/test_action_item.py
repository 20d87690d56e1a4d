"""An action item is agreed, handed over, done, and verified by somebody else."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.commands import export
from bot.commands.action_item import Add
from bot.domain.prompt import GAPS
from bot.fields import FieldSpec
from bot.messages.export import FORMATS, Whole
from bot.messages.parts import Message, plain, pressable
from tests.desk import ANA, ASKED, AT, BEN, CLEO, ROBOT, Desk, words
from tests.examples import CASE, CLOSED


def labels(message: Message) -> list[str]:
    """The buttons of a message."""
    return [button.label for button in pressable(message)]


async def test_an_item_from_an_answer_arrives_with_its_text_and_gap(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "retro.answer", "C-1", {ASKED[-1].key: "A night number"})
    (answer,) = desk.answers("C-1")
    opened = await desk.ask(BEN, "action_item.add", answer.id)
    assert opened.form is not None
    values = {field.name: field.value for field in opened.form.fields}
    assert (values["what"], values["gap"]) == ("A night number", ASKED[-1].gap)
    assert [field.label for field in opened.form.fields] == [
        "What will change",
        "Gap",
        "Owner",
        "Due",
        "How we will know it worked",
    ]


UNUSUAL = {"text": ("Written", "Written"), "person": ("U3", "Cleo"), "date": ("2026-11-05", "5 Nov")}
"""What is filled in, by the field's kind, and how a person sees it."""


@pytest.mark.parametrize(
    "spec", [each for each in Add.fields() if not each.hidden], ids=lambda s: s.name
)
async def test_what_the_form_asks_is_kept_shown_and_exported(desk: Desk, spec: FieldSpec) -> None:
    """Whoever adds a field to an item hears here which of these was forgotten."""
    await desk.fail()
    options = GAPS if spec.name == "gap" else [option.value for option in spec.options]
    filled, seen = (options[-1], options[-1]) if options else UNUSUAL[spec.kind]
    label = await desk.add_item(ANA, **{spec.name: filled})
    item = desk.item(label)
    assert str(getattr(item, spec.name)) == filled, (
        "the command does not pass it on, or no column keeps it"
    )
    assert seen in plain(desk.say_all()["item:1"]), "the card does not show it"
    people = {CLEO.id: CLEO, ANA.id: ANA}
    whole = Whole(case=CASE, retro=CLOSED, answers=(), comments=(), items=(item,), people=people)
    for name, kind in FORMATS.items():
        exported = kind.write(whole, True)
        assert filled in exported or seen in exported, f"the export as {name} has not got it"


async def test_whoever_names_themself_has_agreed_and_others_are_asked(desk: Desk) -> None:
    await desk.fail()
    own = await desk.add_item(ANA, owner="U1")
    others = await desk.add_item(ANA, owner="U2")
    assert (desk.item(own).state, desk.item(others).state) == ("agreed", "proposed")
    said = desk.say_all()
    more = ["Remind me later", "Edit item", "Drop"]
    assert labels(said["item:1"]) == ["Mark done", "Change date", "Hand over", "Decline", *more]
    assert labels(said["owner:2:U2"]) == ["Accept", "Hand over", "Decline", "Change date", *more]
    assert "Ana asks you to take this on" in plain(said["owner:2:U2"])


async def test_an_item_without_an_owner_can_be_taken_once(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA)
    assert labels(desk.say_all()["item:1"])[:2] == ["Take it", "Hand over"]
    assert (await desk.ask(BEN, "action_item.take", item)).message is None
    assert words(await desk.ask(CLEO, "action_item.take", item)) == "AI-1 is already agreed."
    assert desk.item(item).owner == "U2"


async def test_whom_an_item_is_handed_to_reads_who_asks_them_now(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(BEN, owner="U1")
    assert "Ben asks you to take this on" in plain(desk.say_all()["owner:1:U1"])
    await desk.ask(ANA, "action_item.accept", item)
    await desk.ask(ANA, "action_item.hand_over", item, {"owner": "U3"})
    assert "Ana asks you to take this on" in plain(desk.say_all()["owner:1:U3"])


async def test_a_hand_over_needs_the_new_owners_yes_and_tells_both(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U1")
    desk.say_all()
    await desk.ask(ANA, "action_item.hand_over", item, {"owner": "U2", "why": "Ben knows the depot."})
    assert (desk.item(item).state, desk.item(item).owner) == ("proposed", "U2")
    said = desk.say_all()
    assert "Handed over to Ben. Thanks, nothing more to do." in plain(said["owner:1:U1"])
    assert "Ben knows the depot." in plain(said["owner:1:U2"])
    assert "Only the person" in words(await desk.ask(CLEO, "action_item.accept", item))
    await desk.ask(BEN, "action_item.accept", item)
    assert desk.item(item).state == "agreed"
    assert words(await desk.ask(BEN, "action_item.accept", item)) == "AI-1 is already agreed."


async def test_declined_goes_back_to_proposed_without_an_owner(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U2")
    assert list((await desk.ask(BEN, "action_item.decline", item, {"why": ""})).faults) == ["why"]
    await desk.ask(BEN, "action_item.decline", item, {"why": "No time before May."})
    assert (desk.item(item).state, desk.item(item).owner) == ("proposed", None)
    said = desk.say_all()
    assert "No time before May." in plain(said["item:1"])
    assert "This isn't yours any more. Thanks, nothing more to do." in plain(said["owner:1:U2"])


async def test_whoever_asked_for_an_item_hears_at_once_that_it_was_declined_and_why(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(CLEO, owner="U2")
    await desk.ask(BEN, "action_item.decline", item, {"why": "No time before May."})
    said = desk.say_all()
    told = said["step:1:2:U3"]
    assert "Ben can't take on what you asked for." in plain(told)
    assert "No time before May." in plain(told)
    assert labels(told) == ["Take it", "Hand over", "Change date"]
    assert [key for key in said if key.startswith("step:")] == ["step:1:2:U3"]
    # Once somebody has it, there is nothing left to ask of them.
    await desk.ask(ANA, "action_item.hand_over", item, {"owner": "U1"})
    assert labels(desk.say_all()["step:1:2:U3"]) == []
    # Whoever declines what they asked for themself knows it.
    own = await desk.add_item(BEN, owner="U2")
    await desk.ask(BEN, "action_item.decline", own, {"why": "Not now."})
    assert not [key for key in desk.say_all() if key.startswith("step:2")]


async def test_what_is_declined_and_handed_on_before_it_could_be_said_is_no_news(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(CLEO, owner="U2")
    desk.say_all()
    await desk.ask(BEN, "action_item.decline", item, {"why": "No time before May."})
    await desk.ask(CLEO, "action_item.take", item)
    assert not [key for key in desk.say_all() if key.startswith("step:")]


async def test_a_summary_names_who_verified_an_item_without_a_word(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "action_item.add", "C-1", {"what": "Notes on every order", "owner": "U1"})
    await desk.ask(ANA, "action_item.done", "AI-1", {"changed": "The notes are printed."})
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": "fixes agreed"})
    desk.say_all()
    assert not (await desk.ask(BEN, "action_item.verify", "AI-1", {"saw": ""})).faults
    summed_up = plain(desk.say_all()["turn:1:1"])
    assert "Verified by Ben" in summed_up
    assert "saw:" not in summed_up


async def test_what_changed_and_what_the_verifier_saw_stay_with_the_item(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U1", measure="Ten orders in a row have their notes.")
    await desk.ask(ANA, "action_item.done", item, {"changed": "The notes are printed."})
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": "fixes agreed"})
    desk.say_all()
    # A button from before opens the form as well: it says what to look at.
    opened = (await desk.ask(BEN, "action_item.verify", item)).form
    assert opened is not None
    assert [field.label for field in opened.fields] == ["What I saw"]
    above = plain(Message(summary="", parts=opened.parts))
    for shown in (
        "How we will know it worked",
        "Ten orders in a row",
        "What changed, says Ana",
        "are printed",
    ):
        assert shown in above
    assert desk.item(item).state == "done"
    assert not (await desk.ask(BEN, "action_item.verify", item, {"saw": "I looked at ten."})).faults
    said = desk.say_all()
    for key in ("item:1", "owner:1:U1", "turn:1:1"):
        assert "The notes are printed." in plain(said[key]), key
        assert "I looked at ten." in plain(said[key]), key
    assert "Ben saw: I looked at ten." in plain(said["turn:1:1"])
    whole = await desk.database.read(desk.workspace, lambda work: export.one("C-1", work))
    for name in FORMATS:
        written = FORMATS[name].write(whole, True)
        assert "The notes are printed." in written, name
        assert "I looked at ten." in written, name
    # What was seen is not needed; and a second click finds it verified.
    assert "already verified" in words(await desk.ask(CLEO, "action_item.verify", item, {"saw": ""}))
    assert "already verified" in words(await desk.ask(CLEO, "action_item.verify", item))


async def test_whoever_asked_for_an_item_hears_at_once_that_it_is_done(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U2")
    await desk.ask(BEN, "action_item.accept", item)
    desk.say_all()
    changed = {"changed": "The notes are shown."}
    await desk.ask(BEN, "action_item.done", item, changed)
    said = desk.say_all()
    told = said["asker:1:1:U1"]
    assert "Ben has done what you asked for." in plain(told)
    assert "The notes are shown." in plain(told)
    assert labels(told) == ["Verify", "Reopen"]
    await desk.ask(CLEO, "action_item.reopen", item, {"missing": "Not on mobile."})
    assert labels(desk.say_all()["asker:1:1:U1"]) == []
    # Done again is news again.
    await desk.ask(BEN, "action_item.done", item, changed)
    assert "asker:1:2:U1" in desk.say_all()
    await desk.ask(ANA, "action_item.verify", item, {"saw": ""})
    assert "AI-1 · verified" in plain(desk.say_all()["asker:1:2:U1"])


async def test_what_is_reopened_after_its_date_has_none_and_its_owner_hears_why(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U2", due="2026-03-06")
    await desk.ask(BEN, "action_item.accept", item)
    await desk.ask(BEN, "action_item.done", item, {"changed": "The notes are shown."})
    desk.say_all()
    later = {"at": AT + timedelta(days=20)}
    await desk.ask(CLEO, "action_item.reopen", item, {"missing": "Not on mobile."}, **later)
    assert (desk.item(item).state, desk.item(item).due) == ("agreed", None)
    said = desk.say_all(later["at"])
    for kept in ("Reopened by Cleo; still missing:", "What changed, says Ben:", "The notes are shown."):
        assert kept in plain(said["item:1"])
    told = said["step:1:4:U2"]
    assert "Cleo reopened what you had done." in plain(told)
    assert "Not on mobile." in plain(told)
    first = ["Mark done", "Change date", "Hand over", "Decline"]
    assert labels(told) == [*first, "Remind me later", "Edit item"]
    assert "late" not in plain(said["item:1"])
    # A date of its own is still to come: nothing is new about the words, and they stay.
    await desk.ask(BEN, "action_item.change_date", item, {"due": "2026-04-01"}, **later)
    said = desk.say_all(later["at"])
    for key in ("step:1:4:U2", "item:1", "owner:1:U2"):
        assert "Not on mobile." in plain(said[key])
    await desk.ask(BEN, "action_item.done", item, {"changed": "On mobile, too."}, **later)
    assert labels(desk.say_all(later["at"])["step:1:4:U2"]) == []


async def test_what_was_done_and_seen_stays_on_an_item_that_is_reopened_until_it_is_done_again(
    desk: Desk,
) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U1")
    await desk.ask(ANA, "action_item.done", item, {"changed": "The notes are shown."})
    await desk.ask(BEN, "action_item.verify", item, {"saw": "Ten orders have them."})
    await desk.ask(CLEO, "action_item.reopen", item, {"missing": "Not on mobile."})
    card = plain(desk.say_all()["item:1"])
    places = [card.index(kept) for kept in ("The notes are shown.", "Ten orders", "Not on mobile.")]
    assert places == sorted(places)
    await desk.ask(ANA, "action_item.done", item, {"changed": "On mobile, too."})
    card = plain(desk.say_all()["item:1"])
    assert "On mobile, too." in card
    assert "Ten orders" not in card


async def test_a_date_that_is_still_ahead_stays_when_it_is_reopened(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U1", due="2026-03-06")
    await desk.ask(ANA, "action_item.done", item, {"changed": "The notes are shown."})
    # The last moment of the day in Stockholm, which is the owner's.
    evening = datetime(2026, 3, 6, 22, 59, tzinfo=UTC)
    await desk.ask(BEN, "action_item.reopen", item, {"missing": "Not on mobile."}, at=evening)
    assert desk.item(item).due == date(2026, 3, 6)
    # Whoever reopens what they did themself knows it, and is not told.
    await desk.ask(ANA, "action_item.done", item, {"changed": "Now."}, at=evening)
    desk.say_all()
    await desk.ask(
        ANA, "action_item.reopen", item, {"missing": "No."}, at=evening + timedelta(minutes=1)
    )
    assert desk.item(item).due is None
    assert not [key for key in desk.say_all() if key == "step:1:5:U1"]


@pytest.mark.parametrize("step", ["accept", "take", "hand_over"])
async def test_what_somebody_takes_on_after_its_date_has_no_date_yet(desk: Desk, step: str) -> None:
    await desk.fail()
    owner = {"take": "", "accept": "U2", "hand_over": "U1"}[step]
    item = await desk.add_item(ANA, owner=owner, due="2026-03-06")
    values = {"owner": "U2"} if step == "hand_over" else {}
    who = ANA if step == "hand_over" else BEN
    await desk.ask(who, f"action_item.{step}", item, values, at=AT + timedelta(days=20))
    after = desk.item(item)
    assert (after.owner, after.due) == ("U2", None)
    assert "late" not in plain(desk.say_all(AT + timedelta(days=20))["item:1"])


async def test_whoever_did_it_themself_or_is_no_person_is_not_told_that_it_is_done(desk: Desk) -> None:
    await desk.fail()
    own = await desk.add_item(ANA, owner="U1")
    await desk.ask(ANA, "action_item.done", own, {"changed": "Shown."})
    robots = await desk.add_item(ROBOT)
    await desk.ask(BEN, "action_item.take", robots)
    await desk.ask(BEN, "action_item.done", robots, {"changed": "Shown."})
    assert not [key for key in desk.say_all() if key.startswith("asker:")]


async def test_nobody_verifies_their_own_item(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U1")
    assert "not done yet" in words(await desk.ask(BEN, "action_item.verify", item, {"saw": ""}))
    assert "Only the owner" in words(await desk.ask(BEN, "action_item.done", item, {"changed": "x"}))
    await desk.ask(ANA, "action_item.done", item, {"changed": "The notes are shown."})
    assert "Nobody verifies their own item" in words(
        await desk.ask(ANA, "action_item.verify", item, {"saw": ""})
    )
    await desk.ask(BEN, "action_item.verify", item, {"saw": ""})
    assert (
        words(await desk.ask(CLEO, "action_item.verify", item, {"saw": ""}))
        == "AI-1 is already verified."
    )
    said = desk.say_all()
    assert labels(said["item:1"]) == ["Reopen"]
    assert "verified" in plain(said["owner:1:U1"])


async def test_whoever_marked_it_done_cannot_verify_it_after_a_hand_over(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U1")
    await desk.ask(ANA, "action_item.done", item, {"changed": "x"})
    await desk.ask(BEN, "action_item.reopen", item, {"missing": "Not on mobile."})
    assert "Not on mobile." in plain(desk.say_all()["item:1"])
    await desk.ask(ANA, "action_item.hand_over", item, {"owner": "U2"})
    await desk.ask(BEN, "action_item.accept", item)
    await desk.ask(BEN, "action_item.done", item, {"changed": "On mobile too."})
    assert "Nobody verifies" in words(await desk.ask(BEN, "action_item.verify", item, {"saw": ""}))
    await desk.ask(ANA, "action_item.verify", item, {"saw": ""})
    assert desk.item(item).state == "verified"


async def test_a_date_changes_with_a_why_but_not_into_the_past(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U1", due="2026-03-12")
    opened = await desk.ask(ANA, "action_item.change_date", item)
    assert opened.form is not None
    assert [(field.label, field.value) for field in opened.form.fields] == [
        ("New date", "2026-03-12"),
        ("Why", ""),
    ]
    past = await desk.ask(ANA, "action_item.change_date", item, {"due": "2026-03-04"})
    assert list(past.faults) == ["due"]
    await desk.ask(ANA, "action_item.change_date", item, {"due": "2026-04-01", "why": "Supplier."})
    assert str(desk.item(item).due) == "2026-04-01"
    assert "Supplier." in plain(desk.say_all()["item:1"])


async def test_what_may_not_be_done_any_more_is_said_before_what_is_wrong_in_its_form(
    desk: Desk,
) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, owner="U1")
    await desk.ask(ANA, "action_item.drop", item, {"why": "Too dear."})
    refused = await desk.ask(ANA, "action_item.change_date", item, {"due": "2026-03-01"})
    assert "AI-1" in words(refused)
    assert "has passed" not in words(refused)


async def test_today_is_the_owners_today(desk: Desk) -> None:
    """At 14:30 UTC on the 5th it is the 5th in Stockholm; a moment later in Tokyo it can be the 6th."""
    await desk.fail()
    for person in (ANA, CLEO):
        desk.meet(person)
    late_evening = AT.replace(hour=16)
    values = {"what": "x", "owner": "U3", "due": "2026-03-05"}
    tokyo = await desk.ask(ANA, "action_item.add", "C-1", values, at=late_evening)
    assert list(tokyo.faults) == ["due"]
    here = await desk.ask(ANA, "action_item.add", "C-1", {**values, "owner": "U1"}, at=late_evening)
    assert not here.faults


@pytest.mark.parametrize(
    ("owner", "part"), [("B1", "is a bot"), ("U9", "has left"), ("U404", "don't know this person")]
)
async def test_an_owner_who_is_a_bot_or_left_or_unknown_is_refused(
    desk: Desk, owner: str, part: str
) -> None:
    await desk.fail()
    item = await desk.add_item(ANA)
    added = await desk.ask(ANA, "action_item.add", "C-1", {"what": "x", "owner": owner})
    assert part in added.faults["owner"]
    handed = await desk.ask(ANA, "action_item.hand_over", item, {"owner": owner})
    assert part in handed.faults["owner"]


async def test_an_owned_item_is_handed_over_dated_and_dropped_only_by_owner_lead_or_asker(
    desk: Desk,
) -> None:
    await desk.fail(ANA)
    item = await desk.add_item(BEN, owner="U2")
    for command_name in ("hand_over", "change_date", "drop"):
        assert "has an owner" in words(await desk.ask(CLEO, f"action_item.{command_name}", item))
    values = {"due": "2026-03-20", "why": "The lead asks."}
    assert not (await desk.ask(ANA, "action_item.change_date", item, values)).faults
    assert not (await desk.ask(ANA, "action_item.drop", item, {"why": "Replaced."})).faults
    assert desk.item(item).state == "dropped"
    assert labels(desk.say_all()["item:1"]) == ["Correct what I wrote"]
    assert words(await desk.ask(ANA, "action_item.drop", item)) == "AI-1 is already dropped."


async def test_the_same_click_twice_changes_nothing(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA)
    await desk.ask(BEN, "action_item.take", item, key="click-1")
    again = await desk.ask(BEN, "action_item.take", item, key="click-1")
    assert again.already
    assert len(desk.item(item).history) == 2


async def test_mine_lists_my_open_items_late_ones_first_with_their_buttons(desk: Desk) -> None:
    await desk.fail()
    await desk.add_item(ANA, owner="U1", what="No date")
    await desk.add_item(ANA, owner="U1", what="Soon", due="2026-03-06")
    await desk.add_item(ANA, owner="U2", what="Somebody else's")
    later = AT.replace(day=9)
    reply = await desk.ask(ANA, "action_item.mine", at=later)
    told = words(reply)
    assert told.index("Soon") < told.index("No date")
    assert "Soon\nagreed · late · " in told
    assert "Somebody else's" not in told
    assert reply.message is not None
    assert "Mark done" in labels(reply.message)
    assert "no open action items" in words(await desk.ask(CLEO, "action_item.mine"))


async def test_long_texts_of_an_item_are_one_click_away(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(ANA, what="Change. " * 1_000)
    assert "Show all" in labels(desk.say_all()["item:1"])
    read = await desk.ask(BEN, "action_item.read", item)
    assert read.form is not None
    assert ("Change. " * 1_000).strip() in read.form.model_dump_json()


async def test_whoever_verifies_reads_how_one_will_know_or_that_nobody_said(desk: Desk) -> None:
    await desk.fail()
    for measure, above in (("No second call", "No second call"), ("", "Nobody wrote that down")):
        item = await desk.add_item(owner="U1", measure=measure)
        await desk.ask(ANA, "action_item.done", item, {"changed": "A note on the door"})
        form = (await desk.ask(BEN, "action_item.verify", item)).form
        assert form is not None
        read = plain(Message(summary="", parts=form.parts))
        assert above in read
        assert ("Nobody wrote" in read) == (not measure)
        assert "What changed, says Ana" in read
        assert "A note on the door" in read
