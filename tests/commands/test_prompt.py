"""The lead says what the team's retros ask: who may, what changes from then on, and what does not."""

import json

import pytest

from bot.command import Reply
from bot.commands import export
from bot.domain.prompt import MAX_GAP, MAX_LABEL, Prompt
from bot.domain.reference import PromptsRef
from bot.messages.export import FORMATS
from bot.messages.parts import Button, Form, plain, pressable
from bot.prompts import PROMPTS
from tests.desk import ANA, ASKED, BEN, SUPPORT, Desk, words
from tests.session import open_work

ALL = PromptsRef(channel_id="C1")
SUPPLIERS = {
    "label": "Suppliers",
    "question": "What did we need from a supplier?",
    "gap": "",
    "other_gap": "suppliers",
    "needed": "",
}


@pytest.fixture
async def led(desk: Desk) -> Desk:
    """A desk whose team Ana leads, with a first case."""
    await desk.fail(ANA)
    return desk


def labels(desk: Desk) -> list[str]:
    """What the team's retros ask now, in order."""
    return [prompt.label for prompt in desk.team().prompts or () if not prompt.retired]


def button(reply: Reply, label: str, of: str) -> Button:
    """A button of what a reply lists, of the prompt or kind that has this key."""
    assert reply.message is not None
    found = [each for each in pressable(reply.message) if each.label == label]
    return next(each for each in found if f":{of}:" in each.about)


def key_of(desk: Desk, label: str) -> str:
    """The key of a prompt of the team."""
    return next(prompt.key for prompt in desk.team().prompts or () if prompt.label == label)


async def test_the_first_question_makes_no_team_and_the_first_change_does(desk: Desk) -> None:
    reply = await desk.ask(ANA, "prompts.show")
    assert words(reply).startswith("What retros ask in #support\nTraining · gap: training\n")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.teams.get("C1") is None
    added = await desk.ask(ANA, "prompt.add", str(ALL), SUPPLIERS)
    assert words(added).startswith("Added: Suppliers.\n")
    assert desk.team().lead == ANA.id
    assert labels(desk) == [*(prompt.label for prompt in PROMPTS), "Suppliers"]


async def test_it_is_asked_for_in_the_teams_own_channel(desk: Desk) -> None:
    chat = SUPPORT.model_copy(update={"id": ANA.id, "kind": "direct"})
    for channel in (chat, None):
        reply = await desk.ask(ANA, "prompts.show", channel=channel)
        assert reply.refused
        assert "in the team's own channel" in words(reply)


async def test_a_prompt_is_added_with_a_gap_of_the_teams_own(led: Desk) -> None:
    await led.ask(ANA, "prompt.add", str(ALL), {**SUPPLIERS, "needed": "yes"})
    added = (led.team().prompts or ())[-1]
    assert added == Prompt(
        key=added.key,
        label="Suppliers",
        question="What did we need from a supplier?",
        gap="suppliers",
        needed=True,
    )
    # Spelled otherwise it is the same gap, and one of everybody's may be chosen.
    await led.ask(
        ANA, "prompt.add", str(ALL), {**SUPPLIERS, "label": "Depots", "other_gap": "SUPPLIERS"}
    )
    await led.ask(ANA, "prompt.add", str(ALL), {"label": "Tools", "gap": "tools"})
    assert [prompt.gap for prompt in (led.team().prompts or ())[-2:]] == ["suppliers", "tools"]


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"label": ""}, "label", "Say what the prompt is called"),
        ({"label": "x" * (MAX_LABEL + 1)}, "label", "41 characters and 40 fit"),
        ({"label": "training"}, "label", "There is a prompt called training already"),
        ({"question": "x" * 301}, "question", "301 characters and 300 fit"),
        ({"gap": "luck"}, "gap", "Gap: choose one from the list"),
        ({"other_gap": "x" * (MAX_GAP + 1)}, "other_gap", "21 characters and 20 fit"),
    ],
)
async def test_a_bad_field_is_refused_beside_it(
    led: Desk, values: dict[str, str], field: str, sentence: str
) -> None:
    reply = await led.ask(ANA, "prompt.add", str(ALL), {**SUPPLIERS, **values})
    assert sentence in reply.faults[field]
    assert led.team().prompts is None


async def test_every_fault_of_the_form_is_said_at_once(led: Desk) -> None:
    wrong = {"label": "Communication", "gap": "luck"}
    for command_name, key in (("prompt.add", ""), ("prompt.edit", "training")):
        about = str(ALL.at(key))
        assert set((await led.ask(ANA, command_name, about, wrong)).faults) == {"label", "gap"}
        worse = {**wrong, "question": "x" * 301}
        faults = (await led.ask(ANA, command_name, about, worse)).faults
        assert set(faults) == {"label", "gap", "question"}


async def test_prompts_are_reworded_moved_retired_and_brought_back(led: Desk) -> None:
    listed = await led.ask(ANA, "prompts.show")
    moved = await led.ask(ANA, "prompt.move_down", button(listed, "Move down", "training").about)
    assert labels(led)[:2] == ["Communication", "Training"]
    assert moved.replaces
    moved = await led.ask(ANA, "prompt.move_up", button(moved, "Move up", "else").about)
    assert labels(led) == ["Communication", "Training", "Anything else", "After-hours support"]
    opened = await led.ask(ANA, "prompt.edit", button(moved, "Edit", "training").about)
    assert opened.form is not None
    values = {field.name: field.value for field in opened.form.fields}
    assert values["question"] == PROMPTS[0].question
    saved = await led.ask(
        ANA, "prompt.edit", opened.form.about, {**values, **opened.form.hidden, "label": "Practice"}
    )
    assert words(saved).startswith("Saved: Practice.\n")
    assert (led.team().prompts or ())[1] == PROMPTS[0].model_copy(update={"label": "Practice"})
    retired = await led.ask(ANA, "prompt.retire", button(saved, "Retire", "communication").about)
    assert labels(led) == ["Practice", "Anything else", "After-hours support"]
    back = await led.ask(ANA, "prompt.bring_back", button(retired, "Bring back", "communication").about)
    assert labels(led) == ["Practice", "Anything else", "After-hours support", "Communication"]
    assert "retired" not in words(back)


CHANGES = {
    "prompt.add": SUPPLIERS,
    "prompt.edit": SUPPLIERS,
    "prompt.move_up": None,
    "prompt.move_down": None,
    "prompt.retire": None,
    "prompt.bring_back": None,
    "kind.add": {"called": "Delivery"},
    "kind.edit": {"called": "Delivery"},
    "kind.retire": None,
    "kind.bring_back": None,
}


@pytest.mark.parametrize("command_name", CHANGES)
async def test_a_member_reads_what_is_asked_and_only_the_lead_changes_it(
    led: Desk, command_name: str
) -> None:
    before = led.team()
    shown = await led.ask(BEN, "prompts.show")
    assert shown.message is not None
    assert "Only the team's lead, Ana, can change this." in words(shown)
    assert [each.label for each in pressable(shown.message)] == []
    for values in (None, CHANGES[command_name]):
        reply = await led.ask(BEN, command_name, str(ALL.at("training")), values)
        assert reply.refused
        assert "Only the team's lead changes what its retros ask: ask Ana" in words(reply)
    assert led.team() == before


async def test_an_outsider_reads_what_they_would_of_a_channel_that_is_not_there(led: Desk) -> None:
    led.memberships.channels = {BEN.id: {"C2"}}
    there = PromptsRef(channel_id="C99")
    for command_name, values in CHANGES.items():
        for about in (str(ALL), str(there)):
            reply = await led.ask(BEN, command_name, about, values)
            assert words(reply) == "I can't find that channel. Ask in the channel that you mean."
    assert led.team().prompts is None


async def test_the_coach_remarks_on_a_question_that_asks_who_and_it_can_be_saved_all_the_same(
    led: Desk,
) -> None:
    asked = {**SUPPLIERS, "question": "Who forgot to call, and why?"}
    first = await led.ask(ANA, "prompt.add", str(ALL), asked)
    assert first.form is not None
    assert "Only you see this" in plain_form(first.form)
    assert led.team().prompts is None
    again = await led.ask(ANA, "prompt.add", str(ALL), {**asked, **first.form.hidden})
    assert not again.refused
    assert labels(led)[-1] == "Suppliers"


def plain_form(form: Form) -> str:
    """What stands above the fields of a form."""
    return "\n".join(str(part) for part in form.parts)


async def test_what_somebody_else_changed_meanwhile_is_shown_before_it_is_overwritten(led: Desk) -> None:
    about = str(ALL.at("training"))
    mine = (await led.ask(ANA, "prompt.edit", about)).form
    assert mine is not None
    values = {field.name: field.value for field in mine.fields}
    theirs = {**values, **mine.hidden, "label": "Practice"}
    assert not (await led.ask(ANA, "prompt.edit", about, theirs)).faults
    stale = {**values, **mine.hidden, "label": "Lessons"}
    asked_back = await led.ask(ANA, "prompt.edit", about, stale)
    assert asked_back.form is not None
    assert "changed it meanwhile" in plain_form(asked_back.form)
    assert labels(led)[0] == "Practice"
    await led.ask(ANA, "prompt.edit", about, {**stale, **asked_back.form.hidden})
    assert labels(led)[0] == "Lessons"


async def test_a_button_of_a_list_from_before_says_that_it_was_changed(led: Desk) -> None:
    about = str(ALL.at("training"))
    await led.ask(ANA, "prompt.retire", about)
    for command_name in ("prompt.retire", "prompt.move_up", "prompt.edit"):
        reply = await led.ask(ANA, command_name, about)
        assert words(reply) == "This was changed meanwhile. Type prompts to see it as it is now."


async def test_the_channel_hears_once_a_day_what_is_asked_now(led: Desk) -> None:
    led.say_all()
    await led.ask(ANA, "prompt.add", str(ALL), SUPPLIERS)
    said = led.say_all()
    assert list(said) == ["asks:C1:2026-03-05"]
    first = plain(said["asks:C1:2026-03-05"])
    assert first.startswith("Ana changed what retros ask here.\n")
    assert first.endswith("After-hours support, Anything else, Suppliers.")
    await led.ask(ANA, "prompt.retire", str(ALL.at("training")))
    await led.ask(ANA, "kind.add", str(ALL), {"called": "Delivery"})
    edited = led.say_all()
    assert list(edited) == ["asks:C1:2026-03-05"]
    assert "From the next retro on: Communication," in plain(edited["asks:C1:2026-03-05"])
    assert "Delivery: Communication," in plain(edited["asks:C1:2026-03-05"])
    # What changes nothing is not news.
    await led.ask(ANA, "prompt.move_up", str(ALL.at("communication")))
    assert led.say_all() == {}


async def test_own_prompts_carry_a_whole_retro(led: Desk) -> None:
    await led.ask(ANA, "prompt.add", str(ALL), SUPPLIERS)
    await led.ask(ANA, "prompt.retire", str(ALL.at("training")))
    key = key_of(led, "Suppliers")
    led.say_all()
    await led.fail(ANA, "ZD-2 Kettle broke")
    said = led.say_all()
    assert "prompt:2:training" not in said
    assert plain(said[f"prompt:2:{key}"]) == "Suppliers\nWhat did we need from a supplier?"

    form = (await led.ask(BEN, "retro.answer", "C-2")).form
    assert form is not None
    assert [field.label for field in form.fields][-2:] == ["Suppliers", "Post without my name"]
    assert "Training" not in [field.label for field in form.fields]
    posted = await led.ask(BEN, "retro.answer", "C-2", {key: "A second courier", "else": "Tea"})
    assert words(posted) == "Posted under Anything else and Suppliers. Thank you."
    said = led.say_all()
    answer = next(each for each in led.answers("C-2") if each.prompt == key)
    assert plain(said[f"answer:{answer.id}"]).startswith("Suppliers · Ben\n")
    assert plain(said[f"prompt:2:{key}"]).endswith("1 answer")

    added = (await led.ask(ANA, "action_item.add", answer.id)).form
    assert added is not None
    gap = next(field for field in added.fields if field.name == "gap")
    assert gap.value == "suppliers"
    assert [option.value for option in gap.options][-1] == "suppliers"
    await led.add_item(ANA, "C-2", gap="suppliers", owner=ANA.id)
    await led.ask(ANA, "retro.close", "C-2", {"outcome": "fixes agreed"})
    summary = plain(led.say_all()["turn:2:1"])
    assert "Suppliers · 1 answer" in summary
    assert summary.index("Anything else") < summary.index("Suppliers")
    trends = words(await led.ask(ANA, "trends.show"))
    assert "Suppliers 1" in trends

    with open_work(led.database, led.workspace, writes=False) as work:
        whole = export.one("C-2", work)
    data = json.loads(FORMATS["json"].write(whole, True))
    assert [answer["prompt"] for answer in data["answers"]] == ["Anything else", "Suppliers"]
    assert data["prompts"][-1] == {
        "label": "Suppliers",
        "question": "What did we need from a supplier?",
        "gap": "suppliers",
    }
    assert data["unanswered"] == ["Communication", "After-hours support"]
    assert "**Suppliers · Ben**" in FORMATS["md"].write(whole, True)
    assert ",Suppliers," in FORMATS["csv"].write(whole, True)


async def test_a_retro_keeps_the_prompts_it_opened_with_for_ever(led: Desk) -> None:
    await led.ask(BEN, "retro.answer", "C-1", {"training": "A list"})
    led.say_all()
    for prompt in PROMPTS[:-1]:
        await led.ask(ANA, "prompt.retire", str(ALL.at(prompt.key)))
    await led.ask(ANA, "prompt.edit", str(ALL.at("else")), {**SUPPLIERS, "needed": "yes"})
    assert labels(led) == ["Suppliers"]
    form = (await led.ask(BEN, "retro.answer", "C-1")).form
    assert form is not None
    assert [field.label for field in form.fields[:-1]] == [prompt.label for prompt in PROMPTS]
    await led.ask(BEN, "retro.answer", "C-1", {"training": "And a map"})
    said = led.say_all()
    assert plain(said["prompt:1:training"]).startswith(f"Training\n{PROMPTS[0].question}\n2 answers")
    await led.ask(ANA, "retro.close", "C-1", {"outcome": "an apology was enough", "why": "Small."})
    reopened = await led.ask(ANA, "retro.reopen", "C-1", {"why": "More came."})
    assert not reopened.refused
    said = led.say_all()
    for prompt in ASKED:
        assert prompt.question in plain(said[f"prompt:1:{prompt.key}"])
    assert led.retro("C-1").prompts == PROMPTS


async def test_a_needed_prompt_is_filled_in_by_whoever_answers_the_whole_retro(led: Desk) -> None:
    await led.ask(ANA, "prompt.add", str(ALL), {**SUPPLIERS, "needed": "yes"})
    key = key_of(led, "Suppliers")
    await led.fail(ANA, "ZD-2 Kettle broke")
    form = (await led.ask(BEN, "retro.answer", "C-2")).form
    assert form is not None
    assert {field.name: field.needed for field in form.fields}[key]
    reply = await led.ask(BEN, "retro.answer", "C-2", {"training": "A list"})
    assert reply.faults == {key: "Your team asks everybody to answer this."}
    reply = await led.ask(BEN, "retro.answer", "C-2", {})
    assert list(reply.faults.values()) == ["Write something in at least one field."]
    assert not led.answers("C-2")
    unnamed = {"training": "A list", key: "A courier", "unnamed": "yes"}
    assert (await led.ask(BEN, "retro.answer", "C-2", unnamed)).done
    assert {(answer.author, answer.posted_at) for answer in led.answers("C-2")} == {(None, None)}
    # Under one prompt only that one can be needed: somebody may have answered the other one before.
    under = (await led.ask(BEN, "retro.answer", f"{led.ref('C-2')}/training")).form
    assert under is not None
    assert not any(field.needed for field in under.fields)
    assert (await led.ask(BEN, "retro.answer", under.about, {"training": "A map"})).done
    of_its_own = (await led.ask(BEN, "retro.answer", f"{led.ref('C-2')}/{key}")).form
    assert of_its_own is not None
    refused = await led.ask(BEN, "retro.answer", of_its_own.about, {"training": "A pen"})
    assert list(refused.faults) == [key]


async def test_a_case_of_a_kind_is_asked_what_that_kind_asks(led: Desk) -> None:
    added = await led.ask(ANA, "kind.add", str(ALL), {"called": "Delivery"})
    assert "What retros of Delivery ask in #support" in words(added)
    (kind,) = led.team().kinds
    of_kind = PromptsRef(channel_id="C1", kind=kind.key)
    await led.ask(ANA, "prompt.add", str(of_kind), {**SUPPLIERS, "label": "Van"})
    for prompt in PROMPTS[1:]:
        await led.ask(ANA, "prompt.retire", str(of_kind.at(prompt.key)))
    assert led.team().prompts is None

    form = (await led.ask(ANA, "case.fail")).form
    assert form is not None
    assert [field.label for field in form.fields][:2] == ["What happened", "Kind"]
    assert [option.value for option in form.fields[1].options] == ["Delivery"]
    bad = await led.ask(ANA, "case.fail", values={"what_happened": "Van broke", "kind": "Boat"})
    assert bad.faults == {"kind": "Kind: choose one from the list."}
    await led.ask(ANA, "case.fail", values={"what_happened": "Van broke", "kind": "delivery"})
    assert [prompt.label for prompt in led.retro("C-2").prompts] == ["Training", "Van"]
    assert "C-2 · Delivery" in plain(led.say_all()["retro:2"])
    await led.ask(ANA, "case.fail", values={"what_happened": "Kettle broke", "kind": ""})
    assert led.retro("C-3").prompts == PROMPTS
    with open_work(led.database, led.workspace, writes=False) as work:
        data = json.loads(FORMATS["json"].write(export.one("C-2", work), True))
    assert data["kind_of_case"] == "Delivery"


async def test_kinds_are_renamed_retired_and_brought_back(led: Desk) -> None:
    await led.ask(ANA, "kind.add", str(ALL), {"called": "Delivery"})
    key = led.team().kinds[0].key
    about = str(PromptsRef(channel_id="C1", kind=key))
    renamed = await led.ask(ANA, "kind.edit", about, {"called": "Transport"})
    assert "Transport" in words(renamed)
    assert (await led.ask(ANA, "kind.add", str(ALL), {"called": "transport"})).faults == {
        "called": "There is a kind called Transport already: choose another name."
    }
    retired = await led.ask(ANA, "kind.retire", about)
    assert "Transport · retired" in words(retired)
    form = (await led.ask(ANA, "case.fail")).form
    assert form is not None
    assert "Kind" not in [field.label for field in form.fields]
    await led.ask(ANA, "kind.bring_back", button(retired, "Bring back", key).about)
    shown = await led.ask(BEN, "kinds.show", str(ALL))
    assert shown.message is not None
    assert [each.label for each in pressable(shown.message)] == ["Show", "All prompts"]
    to_read = await led.ask(BEN, "prompts.show", button(shown, "Show", key).about)
    assert words(to_read).startswith("What retros of Transport ask in #support\n")


async def test_a_case_that_waits_keeps_its_kind_until_it_is_opened(led: Desk) -> None:
    await led.ask(ANA, "kind.add", str(ALL), {"called": "Delivery"})
    (kind,) = led.team().kinds
    await led.ask(ANA, "prompt.retire", str(PromptsRef(channel_id="C1", kind=kind.key, key="training")))
    values = {"what_happened": "Van broke", "reference": "ZD-9", "kind": "Delivery"}
    await led.ask(ANA, "case.fail", values=values, bulk=True, quiet=True)
    assert (await led.ask(ANA, "case.open", "C-2")).message is not None
    assert "training" not in [prompt.key for prompt in led.retro("C-2").prompts]


async def test_answers_that_move_to_another_retro_keep_what_they_were_answers_to(led: Desk) -> None:
    await led.ask(ANA, "prompt.add", str(ALL), SUPPLIERS)
    key = key_of(led, "Suppliers")
    await led.fail(ANA, "ZD-2 The same parcel")
    await led.ask(BEN, "retro.answer", "C-2", {key: "A second courier", "training": "Maps"})
    led.say_all()
    assert not (await led.ask(ANA, "case.same_as", "C-2", {"other": "C-1"})).faults
    assert [prompt.label for prompt in led.retro("C-1").prompts if prompt.retired] == ["Suppliers"]
    said = led.say_all()
    assert f"prompt:1:{key}" not in said
    form = (await led.ask(BEN, "retro.answer", "C-1")).form
    assert form is not None
    assert "Suppliers" not in [field.label for field in form.fields]
    await led.ask(ANA, "retro.close", "C-1", {"outcome": "an apology was enough", "why": "Small."})
    assert "Suppliers · 1 answer" in plain(led.say_all()["turn:1:1"])


async def test_an_item_keeps_a_gap_that_nothing_names_any_more(led: Desk) -> None:
    await led.ask(ANA, "prompt.add", str(ALL), SUPPLIERS)
    item = await led.add_item(ANA, gap="suppliers")
    await led.ask(ANA, "prompt.retire", str(ALL.at(key_of(led, "Suppliers"))))
    form = (await led.ask(ANA, "action_item.edit", item)).form
    assert form is not None
    gap = next(field for field in form.fields if field.name == "gap")
    assert gap.value in [option.value for option in gap.options]
    values = {"what": "Show the maps", "gap": "suppliers", "measure": ""}
    assert not (await led.ask(ANA, "action_item.edit", item, values)).faults
    bad = await led.ask(ANA, "action_item.edit", item, {**values, "gap": "luck"})
    assert bad.faults == {"gap": "Gap: choose one from the list."}
    assert (led.item(item).what, led.item(item).gap) == ("Show the maps", "suppliers")


async def test_an_item_is_filed_under_a_gap_of_everybodys_or_of_the_teams(led: Desk) -> None:
    bad = await led.ask(ANA, "action_item.add", "C-1", {"what": "Maps", "gap": "suppliers"})
    assert bad.faults == {"gap": "Gap: choose one from the list."}
    await led.ask(ANA, "prompt.add", str(ALL), SUPPLIERS)
    added = await led.ask(ANA, "action_item.add", "C-1", {"what": "Maps", "gap": "suppliers"})
    assert not added.faults


async def test_a_default_prompt_is_one_entry_and_no_retro_that_is_open_changes(
    led: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = Prompt(key="tools", label="Tools", question="What did we work with?", gap="tools")
    monkeypatch.setattr("bot.prompts.PROMPTS", (*PROMPTS, entry))
    led.say_all()
    await led.fail(ANA, "ZD-2 Kettle broke")
    said = led.say_all()
    assert plain(said["prompt:2:tools"]) == "Tools\nWhat did we work with?"
    assert "prompt:1:tools" not in said
    fields = {}
    for label in ("C-1", "C-2"):
        form = (await led.ask(BEN, "retro.answer", label)).form
        assert form is not None
        fields[label] = [field.name for field in form.fields]
    assert "tools" not in fields["C-1"]
    assert "tools" in fields["C-2"]
    assert not (await led.ask(BEN, "retro.answer", "C-2", {"tools": "A van"})).faults
    with open_work(led.database, led.workspace, writes=False) as work:
        assert "**Tools · Ben**" in FORMATS["md"].write(export.one("C-2", work), True)
        assert "Tools" not in FORMATS["md"].write(export.one("C-1", work), True)
