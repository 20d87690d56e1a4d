"""The table of an action item's steps: each row is whole, and fits the others."""

from datetime import UTC, date, datetime
from string import Formatter
from typing import get_args

import pytest

from bot.domain.action_item import ActionItem, steps
from bot.domain.item_step import STEPS, ItemState, ItemStep, StepRow
from bot.domain.recovery_step import STEPS as RECOVERY_STEPS
from bot.domain.reminder import SentReminder
from bot.messages.action_item import outcome_of

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
ROOM_FOR_A_TITLE = 24
"""Characters in the title of a form; the limit is Slack's."""


def placeholders(template: str) -> set[str]:
    """The names that are filled into a sentence."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def item(state: ItemState, owner: str | None = "U1") -> ActionItem:
    """An item in this state."""
    return ActionItem(
        number=12,
        case_number=7,
        channel_id="C1",
        what="x",
        asked_by="U9",
        owner=owner,
        due=date(2026, 3, 31),
        state=state,
    )


def test_every_step_has_one_row_and_every_row_is_a_step() -> None:
    assert tuple(STEPS) == get_args(ItemStep)
    assert all(row.name == name for name, row in STEPS.items())


def test_to_be_reminded_later_is_no_step() -> None:
    assert "remind_later" not in STEPS


@pytest.mark.parametrize("row", STEPS.values(), ids=STEPS)
def test_a_step_says_when_it_is_allowed_and_why_not(row: StepRow) -> None:
    assert row.places
    assert row.who
    # Who may is everybody, or there is a sentence for the others.
    assert bool(row.others) == ("anybody" not in row.who)
    assert not set(row.not_yet) & set(row.places)
    for sentence in filter(None, (row.others, *row.not_yet.values())):
        assert sentence.endswith(".")
        assert "label" in placeholders(sentence)
    assert placeholders(row.others) <= {"label"}
    assert all(placeholders(sentence) <= {"label", "state"} for sentence in row.not_yet.values())


@pytest.mark.parametrize("row", STEPS.values(), ids=STEPS)
def test_a_step_has_its_button_and_says_what_came_of_a_reminder(row: StepRow) -> None:
    assert row.button.label
    assert row.outcome
    assert row.outcome == row.outcome.lower()


def test_what_came_of_a_reminder_is_in_words_for_people_whichever_step_it_was() -> None:
    assert not set(STEPS) & set(RECOVERY_STEPS), "an outcome is stored by the name of its step"
    for name in (*STEPS, *RECOVERY_STEPS, "remind_later"):
        sent = SentReminder(
            about="AI-1",
            name="x",
            recipient_id="U1",
            day=AT.date(),
            message="",
            asked_at=AT,
            outcome=name,
        )
        assert "_" not in outcome_of(sent)
        assert name == "done" or outcome_of(sent) != name


@pytest.mark.parametrize("row", [row for row in STEPS.values() if row.form], ids=lambda row: row.name)
def test_the_form_of_a_step_asks_for_what_the_step_changes(row: StepRow) -> None:
    assert row.form is not None
    assert 0 < len(row.form.title) <= ROOM_FOR_A_TITLE
    assert row.form.submit
    assert row.form.fields
    names = [field.name for field in row.form.fields]
    assert len(set(names)) == len(names)
    for field in row.form.fields:
        assert field.name.isidentifier()
        assert field.label
        assert field.needed == "" or field.needed.endswith(".")
        assert field.kind == "text" or field.coach is None
    # One field is the words and at most one other the choice, so nothing that is filled in gets lost.
    assert [field for field in row.form.fields if field not in (row.words, row.choice)] == []
    assert row.words is None or row.story, "words need a line that says whose they are"


@pytest.mark.parametrize("row", STEPS.values(), ids=STEPS)
def test_a_new_owner_or_date_that_a_step_needs_is_asked_for(row: StepRow) -> None:
    chosen = {"person": row.owner, "date": row.due}
    wanted = [kind for kind, after in chosen.items() if after == "chosen"]
    asked = [row.choice.kind] if row.choice else []
    assert asked == wanted
    assert row.choice is None or row.choice.needed


@pytest.mark.parametrize("row", STEPS.values(), ids=STEPS)
def test_the_story_of_a_step_can_be_told(row: StepRow) -> None:
    known = {"by", "to"} if row.owner == "chosen" else {"by"}
    assert placeholders(row.story) <= known


# The buttons as people have them, said once more by hand.
@pytest.mark.parametrize(
    ("state", "owner", "expected"),
    [
        ("proposed", None, "take hand_over change_date drop"),
        ("proposed", "U1", "accept hand_over decline change_date drop"),
        ("agreed", "U1", "done change_date hand_over decline drop"),
        ("done", "U1", "verify reopen drop"),
        ("verified", "U1", "reopen"),
        ("dropped", "U1", ""),
    ],
)
def test_each_state_has_its_buttons_in_order(state: ItemState, owner: str | None, expected: str) -> None:
    assert " ".join(steps(item(state, owner))) == expected
