"""What kind a case is can be put right; what its retro asks follows until somebody was asked."""

from collections.abc import Mapping

import pytest

from bot.domain.reference import PromptsRef
from bot.messages.parts import Form, Message, plain
from bot.prompts import PROMPTS
from tests.commands.test_case_edit import stored
from tests.commands.test_policy import SAME
from tests.desk import ANA, BEN, SUPPORT, Desk, words
from tests.session import open_work

ALL = PromptsRef(channel_id=SUPPORT.id)
KEEPS = "The retro keeps what it asked when it opened, whichever kind you choose."
DECIDES = "It decides what the retro asks. Leave empty for what your team asks otherwise."


@pytest.fixture
async def kinds(desk: Desk) -> Desk:
    """A team with the kinds Delivery, which asks all but the first prompt, and Returns."""
    await desk.fail()
    desk.meet(ANA)
    for called in ("Delivery", "Returns"):
        await desk.ask(ANA, "kind.add", str(ALL), {"called": called})
    delivery = desk.team().kinds[0]
    about = PromptsRef(channel_id=SUPPORT.id, kind=delivery.key, key=PROMPTS[0].key)
    assert not (await desk.ask(ANA, "prompt.retire", str(about))).refused
    desk.say_all()
    return desk


async def opened(desk: Desk, label: str = "C-1") -> tuple[Form, dict[str, str]]:
    """The form, and all that it sends when nobody touches it."""
    form = (await desk.ask(BEN, "case.edit", label)).form
    assert form is not None
    return form, {field.name: field.value for field in form.fields} | dict(form.hidden)


def hint(form: Form) -> str:
    """What stands under the kind."""
    return next(field.hint for field in form.fields if field.name == "kind")


def asks(desk: Desk, label: str) -> list[str]:
    """What the retro asks."""
    return [prompt.key for prompt in desk.retro(label).prompts]


async def test_an_open_retro_keeps_its_prompts_and_the_form_says_so(kinds: Desk) -> None:
    form, values = await opened(kinds)
    assert [field.label for field in form.fields][:2] == ["What happened", "Kind"]
    assert hint(form) == KEEPS
    before = asks(kinds, "C-1")
    assert (await kinds.ask(BEN, "case.edit", "C-1", {**values, "kind": "Delivery"})).done
    assert stored(kinds).kind == "Delivery"
    assert asks(kinds, "C-1") == before
    said = plain(kinds.say_all()["retro:1"])
    assert "C-1 · ZD-4711 · Delivery" in said
    assert "Edited by Ben on Thu 5 Mar." in said
    # Closed and opened again it still asks what it asked.
    close = {"outcome": "an apology was enough", "why": "Small."}
    await kinds.ask(ANA, "retro.close", "C-1", close)
    _, values = await opened(kinds)
    await kinds.ask(BEN, "case.edit", "C-1", {**values, "kind": "Returns"})
    await kinds.ask(ANA, "retro.reopen", "C-1", {"why": "It came back."})
    assert asks(kinds, "C-1") == before


async def test_what_a_retro_asks_follows_the_kind_until_it_opens(kinds: Desk) -> None:
    values = {"what_happened": "Van broke", "reference": "ZD-9", "kind": "Returns"}
    await kinds.ask(ANA, "case.fail", values=values, bulk=True, quiet=True)
    form, sent = await opened(kinds, "C-2")
    assert (hint(form), sent["kind"]) == (DECIDES, "Returns")
    assert (await kinds.ask(BEN, "case.edit", "C-2", {**sent, "kind": "delivery"})).done
    assert stored(kinds, 2).kind == "Delivery"
    await kinds.ask(ANA, "case.open", "C-2")
    assert "training" not in asks(kinds, "C-2")


async def test_of_a_small_failure_it_follows_until_that_becomes_a_retro(kinds: Desk) -> None:
    await kinds.ask(ANA, "team.policy", values={**SAME, "small_failures": "yes"})
    await kinds.ask(ANA, "case.fail", values={"what_happened": "The wrong colour", "small": "yes"})
    form, values = await opened(kinds, "C-2")
    assert hint(form) == DECIDES
    await kinds.ask(BEN, "case.edit", "C-2", {**values, "kind": "Delivery"})
    await kinds.ask(ANA, "retro.reopen", "C-2", {"why": "It was more than that."})
    assert "training" not in asks(kinds, "C-2")
    form, values = await opened(kinds, "C-2")
    assert hint(form) == KEEPS
    await kinds.ask(BEN, "case.edit", "C-2", {**values, "kind": ""})
    assert stored(kinds, 2).kind is None
    assert "training" not in asks(kinds, "C-2")


async def test_a_kind_that_is_none_is_refused_beside_its_field_with_all_other_faults(
    kinds: Desk,
) -> None:
    _, values = await opened(kinds)
    wrong = {**values, "kind": "Boat", "date": "2027-01-01", "link": "nowhere", "what_happened": "Lost"}
    reply = await kinds.ask(BEN, "case.edit", "C-1", wrong)
    assert reply.faults.keys() == {"kind", "date", "link"}
    assert reply.faults["kind"] == "Kind: choose one from the list."
    # The same before the form was whole.
    reply = await kinds.ask(BEN, "case.edit", "C-1", {**wrong, "what_happened": ""})
    assert reply.faults.keys() == {"kind", "date", "link", "what_happened"}
    assert stored(kinds).kind is None


async def test_a_kind_that_the_team_calls_otherwise_by_now_stays_as_long_as_nobody_changes_it(
    kinds: Desk,
) -> None:
    _, values = await opened(kinds)
    await kinds.ask(BEN, "case.edit", "C-1", {**values, "kind": "Delivery"})
    for kind in kinds.team().kinds:
        await kinds.ask(ANA, "kind.retire", str(PromptsRef(channel_id=SUPPORT.id, kind=kind.key)))
    form, values = await opened(kinds)
    assert [option.value for field in form.fields for option in field.options] == ["Delivery"]
    assert (await kinds.ask(BEN, "case.edit", "C-1", {**values, "customer": "Mrs. Ó."})).done
    assert stored(kinds).kind == "Delivery"
    _, values = await opened(kinds)
    reply = await kinds.ask(BEN, "case.edit", "C-1", {**values, "kind": "Returns"})
    assert list(reply.faults) == ["kind"]


@pytest.mark.parametrize("left_out", [{"kind", "asks_kind"}, {"asks_kind"}])
async def test_a_form_of_an_older_program_leaves_the_kind_as_it_is(
    kinds: Desk, left_out: set[str]
) -> None:
    _, values = await opened(kinds)
    await kinds.ask(BEN, "case.edit", "C-1", {**values, "kind": "Delivery"})
    _, values = await opened(kinds)
    older = {name: value for name, value in values.items() if name not in left_out}
    assert (await kinds.ask(BEN, "case.edit", "C-1", {**older, "customer": "Mrs. Ó."})).done
    assert (stored(kinds).kind, stored(kinds).customer) == ("Delivery", "Mrs. Ó.")


async def test_where_there_are_no_kinds_it_is_not_asked(desk: Desk) -> None:
    await desk.fail()
    form, values = await opened(desk)
    assert "kind" not in values
    assert "asks_kind" not in form.hidden


async def test_whoever_saves_second_reads_which_kind_it_is_by_now(kinds: Desk) -> None:
    _, values = await opened(kinds)
    await kinds.ask(ANA, "case.edit", "C-1", {**values, "kind": "Delivery"})
    late = await kinds.ask(BEN, "case.edit", "C-1", {**values, "kind": "Returns"})
    assert late.form is not None
    shown = plain(Message(summary="", parts=late.form.parts))
    assert "Ana changed it meanwhile: look again." in shown
    assert "Kind: Delivery" in shown
    again: Mapping[str, str] = {field.name: field.value for field in late.form.fields}
    assert (await kinds.ask(BEN, "case.edit", "C-1", {**again, **late.form.hidden})).done
    assert stored(kinds).kind == "Returns"
    with open_work(kinds.database, kinds.workspace, writes=False) as work:
        assert [change.step for change in work.cases.require(1).history] == ["edit", "edit"]


async def test_an_outsider_does_not_learn_that_there_is_a_kind(kinds: Desk) -> None:
    kinds.memberships.channels = {BEN.id: {"C2"}}
    values = {"what_happened": "Lost", "kind": "Boat", "asks_kind": "yes"}
    assert "C-1" in words(await kinds.ask(BEN, "case.edit", "C-1", values))
    assert stored(kinds).what_happened == "Parcel missed twice"
