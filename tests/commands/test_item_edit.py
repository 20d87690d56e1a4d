"""What an action item says is put right, and so is what somebody wrote with its last step."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import cast

import pytest

from bot.commands import export, forget
from bot.domain.action_item import ItemEdit
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.domain.reference import missing
from bot.jobs import action_item as jobs
from bot.messages.export import as_csv, as_data, as_markdown
from bot.messages.parts import Buttons, Message, plain
from storage.database import Database
from tests.commands.test_action_item import labels
from tests.desk import ANA, AT, BEN, CLEO, Desk, words
from tests.session import open_work

DIRECT = Channel(id="D1", name="Ben", kind="direct")
ADDED = {"gap": "training", "measure": "Ten orders have them."}
EDITED = {"what": "Show the notes to drivers", **ADDED}
UNCHANGED = "Nothing to save: AI-1 says all of that already."


async def agreed(desk: Desk) -> str:
    """An item of Ben's that Ana asked for and he agreed to, all of it said; its label."""
    await desk.fail()
    item = await desk.add_item(ANA, owner=BEN.id, **ADDED)
    await desk.ask(BEN, "action_item.accept", item)
    desk.say_all()
    return item


def news(said: Mapping[str, Message]) -> dict[str, str]:
    """What was said of edits to an owner, by key."""
    return {key: plain(message) for key, message in said.items() if key.startswith("item_edit:")}


async def test_the_form_is_filled_in_and_asks_what_adding_it_asked_of_its_words(desk: Desk) -> None:
    item = await agreed(desk)
    form = (await desk.ask(CLEO, "action_item.edit", item)).form
    assert form is not None
    assert (form.title, form.submit) == ("Edit action item", "Save")
    assert [(field.label, field.needed, field.value) for field in form.fields] == [
        ("What will change", True, "Show the notes"),
        ("Gap", False, "training"),
        ("How we will know it worked", False, "Ten orders have them."),
    ]
    reply = await desk.ask(CLEO, "action_item.edit", item, {**EDITED, "what": "", "gap": "luck"})
    assert reply.faults == {"what": "Say what will change.", "gap": "Gap: choose one from the list."}


async def test_its_message_summary_and_list_follow_and_who_changed_it_is_kept(desk: Desk) -> None:
    item = await agreed(desk)
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": "fixes agreed"})
    desk.say_all()
    saved = await desk.ask(CLEO, "action_item.edit", item, {"what": EDITED["what"], "gap": "tools"})
    assert saved.done
    assert words(saved) == "Saved: AI-1 has your new words everywhere."
    stored = desk.item(item)
    assert (stored.what, stored.gap, stored.measure) == (EDITED["what"], "tools", "")
    assert stored.edits == (
        ItemEdit(part="what", by=CLEO.id, at=AT, was="Show the notes"),
        ItemEdit(part="gap", by=CLEO.id, at=AT, was="training"),
        ItemEdit(part="measure", by=CLEO.id, at=AT, was="Ten orders have them."),
    )
    assert (stored.state, stored.owner) == ("agreed", BEN.id)
    said = desk.say_all()
    for key in ("item:1", "owner:1:U2", "turn:1:1"):
        assert EDITED["what"] in plain(said[key]), key
    for key in ("item:1", "owner:1:U2"):
        assert "edited by Cleo" in plain(said[key])
    assert EDITED["what"] in words(await desk.ask(BEN, "action_item.mine"))
    whole = (await desk.ask(ANA, "action_item.read", item)).form
    assert whole is not None
    told = plain(Message(summary="", parts=whole.parts))
    assert "What will change, before Cleo edited it · " in told
    assert "\nShow the notes\n" in told + "\n"


async def test_an_owner_who_agreed_is_told_once_what_it_said_and_says_now(desk: Desk) -> None:
    item = await agreed(desk)
    await desk.ask(ANA, "action_item.edit", item, EDITED)
    said = desk.say_all()
    [(key, told)] = news(said).items()
    assert key == "item_edit:1:1:U2"
    for part in (
        "Ana changed what you agreed to. It was:",
        EDITED["what"],
        "Show the notes",
        "AI-1, from the retro",
    ):
        assert part in told
    assert labels(said[key])[0] == "Mark done"
    # Another change is another word, and the first one is no news any more.
    await desk.ask(CLEO, "action_item.edit", item, {**EDITED, "what": "Print the notes"})
    both = news(desk.say_all())
    assert "Cleo changed what you agreed to." in both["item_edit:1:2:U2"]
    assert both["item_edit:1:1:U2"] == "Print the notes · AI-1 · agreed"
    # Once its owner went on with it, neither is.
    await desk.ask(BEN, "action_item.done", item, {"changed": "They are printed."})
    assert "Print the notes · AI-1 · done" in news(desk.say_all()).values()


async def test_an_owner_reads_what_they_agreed_to_however_often_it_was_changed_since(
    desk: Desk,
) -> None:
    item = await agreed(desk)
    await desk.ask(ANA, "action_item.edit", item, EDITED)
    await desk.ask(CLEO, "action_item.edit", item, {**EDITED, "what": "Print the notes"})
    told = news(desk.say_all())["item_edit:1:2:U2"]
    assert "Cleo changed what you agreed to. It was:\nShow the notes\n" in told
    # What says again what they agreed to is no change of it.
    await desk.ask(ANA, "action_item.edit", item, {**EDITED, "what": "Show the notes"})
    assert news(desk.say_all()) == {"item_edit:1:2:U2": "Show the notes · AI-1 · agreed"}
    # What they wrote themself is what they know.
    await desk.ask(BEN, "action_item.edit", item, {**EDITED, "what": "Read the notes"})
    await desk.ask(ANA, "action_item.edit", item, {**EDITED, "what": "Send the notes"})
    assert "It was:\nRead the notes\n" in news(desk.say_all())["item_edit:1:5:U2"]


async def test_whoever_changed_it_themself_or_has_not_agreed_is_not_told(desk: Desk) -> None:
    item = await agreed(desk)
    await desk.ask(BEN, "action_item.edit", item, EDITED)
    assert news(desk.say_all()) == {}
    # Only what will change was agreed to.
    await desk.ask(ANA, "action_item.edit", item, {**EDITED, "gap": "tools", "measure": "Twenty."})
    assert news(desk.say_all()) == {}
    proposed = await desk.add_item(ANA, owner=BEN.id)
    desk.say_all()
    await desk.ask(ANA, "action_item.edit", proposed, EDITED)
    said = desk.say_all()
    assert news(said) == {}
    assert EDITED["what"] in plain(said["owner:2:U2"])


async def test_what_its_owner_took_on_before_it_could_be_said_is_no_news(desk: Desk) -> None:
    item = await agreed(desk)
    await desk.ask(ANA, "action_item.edit", item, EDITED)
    await desk.ask(BEN, "action_item.done", item, {"changed": "They are shown."})
    assert news(desk.say_all()) == {}


async def test_saving_what_stands_there_changes_nothing_and_says_nothing(desk: Desk) -> None:
    item = await agreed(desk)
    before = desk.item(item)
    reply = await desk.ask(ANA, "action_item.edit", item, {"what": "Show the notes", **ADDED})
    assert words(reply) == UNCHANGED
    assert desk.item(item) == before
    assert desk.say_all() == {}


async def test_what_was_done_verified_or_dropped_is_not_edited(desk: Desk) -> None:
    item = await agreed(desk)
    sentences = {
        "done": "AI-1 is done, and what was agreed stays as it was: reopen it first.",
        "verify": "AI-1 is verified, and stays as its verifier saw it.",
        "drop": "AI-1 was dropped; add a new action item instead.",
    }
    steps = (
        (BEN, "done", {"changed": "They are shown."}),
        (CLEO, "verify", {"saw": "Ten orders."}),
        (CLEO, "reopen", {"missing": "Not on mobile."}),
        (BEN, "drop", {"why": "The app is gone."}),
    )
    for person, step, values in steps:
        assert not (await desk.ask(person, f"action_item.{step}", item, values)).faults
        card = desk.say_all()["item:1"]
        can = step not in sentences
        assert ("Edit item" in labels(card)) == can
        if not can:
            for given in (None, EDITED):
                reply = await desk.ask(ANA, "action_item.edit", item, given)
                assert words(reply) == sentences[step]
    assert desk.item(item).edits == ()


async def test_of_two_open_forms_the_second_is_shown_again_with_all_that_was_written(
    desk: Desk,
) -> None:
    item = await agreed(desk)
    forms = [(await desk.ask(who, "action_item.edit", item)).form for who in (ANA, CLEO)]
    assert forms[0] is not None
    seen = dict(forms[0].hidden)
    await desk.ask(ANA, "action_item.edit", item, {**EDITED, **seen})
    again = (await desk.ask(CLEO, "action_item.edit", item, {**EDITED, "what": "Mine", **seen})).form
    assert again is not None
    assert "Ana changed it meanwhile: look again." in plain(Message(summary="", parts=again.parts))
    assert again.fields[0].value == "Mine"
    assert desk.item(item).what == EDITED["what"]
    await desk.ask(CLEO, "action_item.edit", item, {**EDITED, "what": "Mine", **again.hidden})
    assert desk.item(item).what == "Mine"


async def test_of_two_who_save_at_once_one_is_shown_what_the_other_wrote(database: Database) -> None:
    desk = Desk(database)
    item = await agreed(desk)
    mine = {**EDITED, "what": "Mine", "seen": "0"}
    yours = {**EDITED, "what": "Yours", "seen": "0"}
    replies = await asyncio.gather(
        desk.ask(ANA, "action_item.edit", item, mine), desk.ask(CLEO, "action_item.edit", item, yours)
    )
    [saved], [again] = [r for r in replies if r.done], [r.form for r in replies if r.form]
    assert again is not None
    assert saved.message is not None
    kept = desk.item(item).what
    assert {kept, again.fields[0].value} == {"Mine", "Yours"}
    assert kept in plain(Message(summary="", parts=again.parts))


@pytest.mark.parametrize("person", [BEN, ANA], ids=["owner", "asker"])
async def test_its_owner_and_who_asked_edit_it_from_outside_and_others_read_that_it_is_not_there(
    desk: Desk, person: Person
) -> None:
    item = await agreed(desk)
    desk.memberships.channels |= {each.id: set() for each in (ANA, BEN, CLEO)}
    for command_name, values in (
        ("action_item.edit", EDITED),
        ("action_item.edit", None),
        ("action_item.correct", {"words": "x"}),
    ):
        outside = await desk.ask(CLEO, command_name, item, values, channel=DIRECT)
        assert words(outside) == missing(item)
    assert desk.item(item).edits == ()
    assert (await desk.ask(person, "action_item.edit", item, EDITED, channel=DIRECT)).done


async def test_what_changed_is_corrected_by_who_wrote_it_and_by_nobody_else(desk: Desk) -> None:
    item = await agreed(desk)
    await desk.ask(BEN, "action_item.done", item, {"changed": "The nots are shown."})
    said = desk.say_all()
    assert "Correct what I wrote" in labels(said["item:1"])
    assert "Correct what I wrote" in labels(said["owner:1:U2"])
    assert "Correct what I wrote" not in labels(said["asker:1:1:U1"])
    for values in (None, {"words": "Mine"}):
        reply = await desk.ask(ANA, "action_item.correct", item, values)
        assert words(reply) == "Only who wrote the last words about AI-1 can correct them."
    form = (await desk.ask(BEN, "action_item.correct", item)).form
    assert form is not None
    assert form.title == "Correct what you wrote"
    [field] = form.fields
    assert (field.label, field.needed, field.value) == ("What changed", True, "The nots are shown.")
    nothing = await desk.ask(BEN, "action_item.correct", item, {"words": "", **form.hidden})
    assert nothing.faults == {"words": "Say what changed, in a sentence."}
    same = {"words": "The nots are shown.", **form.hidden}
    assert words(await desk.ask(BEN, "action_item.correct", item, same)) == UNCHANGED
    right = {"words": "The notes are shown.", **form.hidden}
    assert (await desk.ask(BEN, "action_item.correct", item, right)).done
    stored = desk.item(item)
    assert (stored.state, stored.history[-1].words) == ("done", "The notes are shown.")
    # What was taken back is gone: neither the item nor what was said of it has the older words.
    assert "nots" not in stored.model_dump_json()
    said = desk.say_all()
    for key in ("item:1", "owner:1:U2", "asker:1:1:U1"):
        assert "The notes are shown." in plain(said[key]), key
    assert "What changed, says Ben (corrected):" in plain(said["item:1"])


@pytest.mark.parametrize(
    ("step", "values"),
    [
        ("decline", {"why": "No tmie."}),
        ("drop", {"why": "No tmie."}),
        ("hand_over", {"owner": CLEO.id, "why": "No tmie."}),
        ("change_date", {"due": "2026-04-01", "why": "No tmie."}),
    ],
)
async def test_a_why_is_corrected_and_taken_back_where_none_is_needed(
    desk: Desk, step: str, values: dict[str, str]
) -> None:
    item = await agreed(desk)
    if step == "decline":
        item = await desk.add_item(ANA, owner=BEN.id)
    assert not (await desk.ask(BEN, f"action_item.{step}", item, values)).faults
    desk.say_all()
    assert (await desk.ask(BEN, "action_item.correct", item, {"words": "No time."})).done
    assert desk.item(item).history[-1].words == "No time."
    said = desk.say_all()
    card = f"item:{item.removeprefix('AI-')}"
    assert "No time." in plain(said[card])
    reply = await desk.ask(BEN, "action_item.correct", item, {"words": ""})
    needed = step in ("decline", "drop")
    assert dict(reply.faults) == ({"words": "Say why, in a sentence."} if needed else {})
    assert desk.item(item).history[-1].words == ("No time." if needed else "")


async def test_what_the_verifier_saw_is_corrected_and_the_summary_follows(desk: Desk) -> None:
    item = await agreed(desk)
    await desk.ask(BEN, "action_item.done", item, {"changed": "They are shown."})
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": "fixes agreed"})
    await desk.ask(CLEO, "action_item.verify", item, {"saw": "Two orders."})
    desk.say_all()
    # What was verified keeps its evidence: what changed is not the last word any more.
    changed = await desk.ask(BEN, "action_item.correct", item, {"words": "All is well."})
    assert words(changed) == "Only who wrote the last words about AI-1 can correct them."
    assert (await desk.ask(CLEO, "action_item.correct", item, {"words": "Ten orders."})).done
    assert "Cleo saw: Ten orders." in plain(desk.say_all()["turn:1:1"])


async def test_a_form_from_before_the_next_step_overwrites_nothing(desk: Desk) -> None:
    item = await agreed(desk)
    await desk.ask(BEN, "action_item.done", item, {"changed": "They are shown."})
    form = (await desk.ask(BEN, "action_item.correct", item)).form
    assert form is not None
    await desk.ask(BEN, "action_item.reopen", item, {"missing": "Not on mobile."})
    late = await desk.ask(BEN, "action_item.correct", item, {"words": "Mine", **form.hidden})
    assert words(late) == "AI-1 has gone on since, so what you wrote then stays as it is."
    assert desk.item(item).history[-1].words == "Not on mobile."


async def test_a_step_without_words_has_nothing_to_correct(desk: Desk) -> None:
    item = await agreed(desk)
    reply = await desk.ask(BEN, "action_item.correct", item)
    assert words(reply) == "Nothing was written with the last step of AI-1."


async def test_reminders_of_it_follow_its_new_words(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(BEN, owner=BEN.id, due="2026-03-06")
    desk.say_all()
    late = AT.replace(day=9)
    reminded = [key for key in await desk.tick(late) if key.startswith("remind:U2")]
    assert reminded
    await desk.ask(ANA, "action_item.edit", item, EDITED, at=late)
    assert EDITED["what"] in plain(desk.say_all(late)[reminded[0]])


async def test_a_customer_and_a_colleague_who_are_forgotten_are_not_in_what_it_said_before(
    desk: Desk,
) -> None:
    await desk.ask(ANA, "case.fail", values={"what_happened": "Lost", "customer": "Mrs. Ólafsdóttir"})
    item = await desk.add_item(ANA, owner=BEN.id, what="Call Mrs. Ólafsdóttir, asks Cleo")
    await desk.ask(BEN, "action_item.accept", item)
    await desk.ask(CLEO, "action_item.edit", item, EDITED)
    said = news(desk.say_all())
    assert "Ólafsdóttir" in said["item_edit:1:1:U2"]
    assert await desk.bot.forget(desk.workspace, 1, AT)
    assert "Ólafsdóttir" not in desk.item(item).model_dump_json()
    assert "Ólafsdóttir" not in news(desk.say_all())["item_edit:1:1:U2"]
    with open_work(desk.database, desk.workspace, writes=False) as work:
        cleo = work.people.get(CLEO.id)
    assert cleo is not None
    await desk.database.write(
        desk.workspace, lambda work: forget.forget_person(cleo, AT + timedelta(days=1), work)
    )
    assert CLEO.id not in desk.item(item).model_dump_json()
    assert "Cleo" not in desk.item(item).model_dump_json()
    assert "Cleo" not in news(desk.say_all())["item_edit:1:1:U2"]


async def test_whoever_gave_an_item_away_does_not_read_what_others_write_into_it_since(
    desk: Desk,
) -> None:
    item = await agreed(desk)
    await desk.ask(ANA, "action_item.edit", item, EDITED)
    desk.say_all()
    await desk.ask(BEN, "action_item.hand_over", item, {"owner": CLEO.id})
    assert news(desk.say_all()) == {"item_edit:1:1:U2": "AI-1 is out of your hands now."}
    await desk.ask(ANA, "action_item.edit", item, {**EDITED, "what": "Ask the depot first"})
    said = desk.say_all()
    assert "Ask the depot first" in plain(said["owner:1:U3"])
    assert not [key for key, told in said.items() if "U2" in key and "depot" in plain(told)]


async def not_recovered(desk: Desk, said: str) -> str:
    """An item of Ben's that a customer's words to Ana, its lead, have opened again; its label."""
    await desk.fail()
    item = await desk.add_item(BEN, owner=BEN.id)
    await desk.ask(BEN, "action_item.done", item, {"changed": "They are shown."})
    values = {"verdict": "not recovered", "words": said, "item": item}
    assert not (await desk.ask(ANA, "recovery.verdict", "C-1", values)).faults
    desk.say_all()
    return item


async def test_what_says_that_a_customer_is_not_put_right_follows_the_words_of_a_fix(
    desk: Desk,
) -> None:
    item = await not_recovered(desk, "It was late again.")
    open_again = "is open again: the customer says it didn't hold."
    await desk.ask(BEN, "action_item.edit", item, EDITED)
    told = plain(desk.say_all()["not_recovered:1:1:U2"])
    assert f"“{EDITED['what']}” (AI-1) {open_again}" in told
    assert (await desk.ask(ANA, "action_item.correct", item, {"words": "Late, once more."})).done
    assert open_again in plain(desk.say_all()["not_recovered:1:1:U2"])


async def test_a_customers_words_that_opened_an_item_again_are_forgotten_also_when_corrected(
    desk: Desk,
) -> None:
    item = await not_recovered(desk, "It was late agin, and cold.")
    await desk.ask(ANA, "action_item.correct", item, {"words": "It was late again, and cold."})
    assert await desk.bot.forget(desk.workspace, 1, AT)
    stored = desk.item(item)
    assert [moved.words for moved in stored.history] == ["", "They are shown.", "(removed)"]
    assert not [key for key, said in desk.say_all().items() if "and cold" in plain(said)]


async def test_a_customer_who_is_forgotten_is_not_in_the_words_about_an_owner_out_of_reach(
    desk: Desk,
) -> None:
    """Nobody edits those, so they never hold what an item says."""
    await desk.ask(ANA, "case.fail", values={"what_happened": "Lost", "customer": "Mrs. Ólafsdóttir"})
    await desk.add_item(CLEO, owner=BEN.id, what="Call Mrs. Ólafsdóttir")
    with open_work(desk.database, desk.workspace, writes=True) as work:
        for job in jobs.go_public(1, BEN.id, "They left.", AT, work):
            work.jobs.schedule(job)
        work.commit()
    said = desk.say_all()
    for key in ("call:1:U2", "unreached:1:U2"):
        assert "AI-1" in plain(said[key])
        assert "Ólafsdóttir" not in plain(said[key])


async def test_an_export_says_what_it_was_who_changed_it_and_when(desk: Desk) -> None:
    item = await agreed(desk)
    await desk.ask(CLEO, "action_item.edit", item, EDITED)
    await desk.ask(BEN, "action_item.done", item, {"changed": "x"})
    await desk.ask(BEN, "action_item.correct", item, {"words": "y"})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        whole = export.one("C-1", work)
    [data] = cast("list[dict[str, object]]", as_data(whole)["action_items"])
    edit = {"part": "what", "step": None, "by": "Cleo", "at": AT.isoformat()}
    corrected = {"part": "words", "step": "done", "by": "Ben", "at": AT.isoformat()}
    assert data["edits"] == [
        {**edit, "was": "Show the notes", "became": EDITED["what"]},
        {**corrected, "was": None, "became": None},
    ]
    assert "edit: what,AI-1,,Cleo" in as_csv(whole, first=True)
    text = as_markdown(whole, first=True)
    assert "- 2026-03-05 · edited: what · Cleo\n\n  > Show the notes" in text
    assert "- 2026-03-05 · edited: words of done · Ben" in text


async def test_a_menu_without_room_leaves_correcting_to_where_all_of_its_words_stand(desk: Desk) -> None:
    await desk.fail()
    item = await desk.add_item(BEN, owner=BEN.id, what="Show the notes " * 400)
    why = {"due": "2026-04-01", "why": "The depot is closed."}
    await desk.ask(BEN, "action_item.change_date", item, why)
    card = desk.say_all()["item:1"]
    [row] = [part for part in card.parts if isinstance(part, Buttons)]
    assert [entry.label for entry in row.menu] == [
        *("Decline", "Remind me later", "Edit item", "Drop", "Show all"),
    ]
    whole = (await desk.ask(BEN, "action_item.read", item)).form
    assert whole is not None
    [further] = [part for part in whole.parts if isinstance(part, Buttons)]
    assert [button.label for button in further.buttons] == ["Correct what I wrote"]
