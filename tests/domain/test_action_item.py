"""The lifecycle of an action item: every step in every state, and who may take it."""

from datetime import UTC, date, datetime
from typing import get_args

import pytest

from bot.domain.action_item import (
    ActionItem,
    Moved,
    check_due,
    is_late,
    may,
    move,
    propose,
    steps,
    without_owner,
)
from bot.domain.errors import Refused
from bot.domain.item_step import STEPS, ItemState, ItemStep
from bot.domain.person import Person

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
TODAY = date(2026, 3, 5)
STATES: tuple[ItemState, ...] = get_args(ItemState)

# The DESIGN's lifecycle, said once more by hand: state and step to the state after it.
LIFECYCLE: dict[tuple[str, str], str] = {
    ("proposed", "take"): "agreed",
    ("proposed", "accept"): "agreed",
    ("proposed", "hand_over"): "proposed",
    ("proposed", "decline"): "proposed",
    ("proposed", "change_date"): "proposed",
    ("proposed", "drop"): "dropped",
    ("agreed", "hand_over"): "proposed",
    ("agreed", "decline"): "proposed",
    ("agreed", "done"): "done",
    ("agreed", "change_date"): "agreed",
    ("agreed", "drop"): "dropped",
    ("done", "verify"): "verified",
    ("done", "reopen"): "agreed",
    ("done", "drop"): "dropped",
    ("verified", "reopen"): "agreed",
}


def item(state: ItemState = "proposed", owner: str | None = "U1") -> ActionItem:
    """An item that U9 asked for."""
    return ActionItem(
        number=12, case_number=7, channel_id="C1", what="x", asked_by="U9", owner=owner, state=state
    )


def moved(step: ItemStep, by: str = "U1", to: str | None = None) -> Moved:
    """A step by the owner."""
    to = to or {"hand_over": "U2", "change_date": "2026-04-01"}.get(step)
    return Moved(step=step, by=by, at=AT, words="why", to=to)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_allowed_in_the_states_of_the_lifecycle_and_nowhere_else(
    state: ItemState, step: ItemStep
) -> None:
    by = "U2" if step == "verify" else "U1"
    after = LIFECYCLE.get((state, step))
    if after is not None:
        result = move(item(state), moved(step, by), lead=None)
        assert result.state == after
        assert result.history[-1].step == step
    else:
        with pytest.raises(Refused) as refused:
            move(item(state), moved(step, by), lead=None)
        assert refused.value.sentence.startswith("AI-12 ")
        assert refused.value.sentence.endswith(".")


def test_the_sentences_read_as_the_design_says() -> None:
    with pytest.raises(Refused) as refused:
        move(item("verified"), moved("verify", "U2"), lead=None)
    assert refused.value.sentence == "AI-12 is already verified."


@pytest.mark.parametrize(
    ("step", "state", "may"),
    [
        ("accept", "proposed", {"owner"}),
        ("decline", "proposed", {"owner"}),
        ("take", "proposed", {"owner"}),
        ("hand_over", "agreed", {"owner", "lead"}),
        ("change_date", "agreed", {"owner", "lead"}),
        ("drop", "agreed", {"owner", "lead", "asker"}),
        ("done", "agreed", {"owner"}),
        ("verify", "done", {"lead", "asker", "other"}),
        ("reopen", "done", {"owner", "lead", "asker", "other"}),
    ],
)
def test_who_may_take_a_step_on_an_owned_item(step: ItemStep, state: ItemState, may: set[str]) -> None:
    people = {"owner": "U1", "lead": "U5", "asker": "U9", "other": "U7"}
    able = set()
    for role, person_id in people.items():
        try:
            move(
                item(state), moved(step, person_id, to="U8" if step == "hand_over" else None), lead="U5"
            )
        except Refused:
            continue
        able.add(role)
    assert able == may


@pytest.mark.parametrize(
    ("owner", "verifier", "able"),
    [
        # The lead alone; what they did themself, anybody who has not done it.
        ("U1", "U5", {"U5"}),
        ("U5", "U5", {"U1", "U7", "U9"}),
        ("U1", None, {"U5", "U7", "U9"}),
    ],
)
def test_where_one_person_verifies_they_alone_do_unless_they_did_it(
    owner: str, verifier: str | None, able: set[str]
) -> None:
    alone = Person(id=verifier, name="Lena") if verifier else None
    done = item("done", owner).model_copy(update={"history": (moved("done", owner),)})
    for by in ("U1", "U5", "U7", "U9"):
        assert may(done, "verify", by, "U5", alone) == (by in able)
        # Nothing else is left to one person alone.
        assert may(done, "reopen", by, "U5", alone)
        if by not in able:
            with pytest.raises(Refused) as refused:
                move(done, moved("verify", by), "U5", alone)
            if able == {verifier}:
                sentence = "In this team the lead verifies: ask Lena to look at AI-12."
                assert refused.value.sentence == sentence
    handed = done.model_copy(update={"owner": "U7"})
    # Who did it is not asked to verify it, whoever owns it by now.
    assert not may(handed, "verify", owner, "U5", alone)


@pytest.mark.parametrize("step", ["take", "hand_over", "change_date", "drop"])
def test_an_item_without_an_owner_is_everybodys(step: ItemStep) -> None:
    assert move(item(owner=None), moved(step, "U7"), lead=None).history


def test_naming_oneself_is_agreeing() -> None:
    assert move(item(owner=None), moved("hand_over", "U7", to="U7"), lead=None).state == "agreed"
    assert propose(item().model_copy(update={"asked_by": "U1"}), AT, TODAY).state == "agreed"
    assert propose(item(), AT, TODAY).state == "proposed"


@pytest.mark.parametrize(("to", "is_refused"), [("U1", True), ("U2", False)])
def test_what_somebody_agreed_to_is_handed_to_somebody_else(to: str, is_refused: bool) -> None:
    if not is_refused:
        assert move(item("agreed"), moved("hand_over", to=to), lead=None).owner == to
        return
    with pytest.raises(Refused, match="already theirs; choose somebody else") as refused:
        move(item("agreed"), moved("hand_over", to=to), lead=None)
    assert refused.value.field == "owner"


def test_an_item_is_added_once() -> None:
    with pytest.raises(ValueError, match="see propose"):
        move(item(), Moved(step="add", by="U1", at=AT), lead=None)


def test_a_due_date_that_has_passed_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        propose(item().model_copy(update={"due": date(2026, 3, 4)}), AT, TODAY)
    assert refused.value.faults == {"due": "The date Wed 4 Mar has passed; choose today or later."}
    with pytest.raises(Refused, match="The date Wed 31 Dec 2025 has passed"):
        check_due(date(2025, 12, 31), TODAY)


def test_only_what_somebody_agreed_to_can_be_late() -> None:
    for state in STATES:
        late = is_late(item(state).model_copy(update={"due": date(2026, 3, 4)}), TODAY)
        assert late == (state == "agreed")
    assert not is_late(item("agreed").model_copy(update={"due": TODAY}), TODAY)


def test_every_button_that_is_offered_is_allowed_by_the_state() -> None:
    for state in STATES:
        for owner in (None, "U1"):
            for step in steps(item(state, owner)):
                assert state in STEPS[step].places


@pytest.mark.parametrize(
    ("state", "after"),
    [("proposed", "proposed"), ("agreed", "proposed"), ("done", "done")],
)
def test_what_a_forgotten_owner_had_still_to_do_is_proposed_to_nobody(
    state: ItemState, after: ItemState
) -> None:
    freed = without_owner(item(state))
    assert (freed.state, freed.owner) == (after, None)
    assert not {"accept", "done", "decline"} & set(steps(freed))


@pytest.mark.parametrize(("state", "owner"), [("done", None), ("verified", "former-1"), ("done", "U1")])
def test_what_is_reopened_is_agreed_only_as_long_as_its_owner_is_there(
    state: ItemState, owner: str | None
) -> None:
    reopened = move(item(state, owner), moved("reopen", by="U2"), None)
    there = owner == "U1"
    assert (reopened.state, reopened.owner) == (("agreed", "U1") if there else ("proposed", None))
