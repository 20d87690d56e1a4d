"""The words of an action item are put right: its own, and those that came with its last step."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.action_item import ActionItem, EditedPart, ItemEdit
from bot.domain.errors import Refused
from bot.domain.item_step import STEPS, ItemState, StepRow
from bot.domain.person import is_former

NO_EDIT: Mapping[ItemState, str] = {
    "done": "{label} is done, and what was agreed stays as it was: reopen it first.",
    "verified": "{label} is verified, and stays as its verifier saw it.",
    "dropped": "{label} was dropped; add a new action item instead.",
}
"""The sentence for each state in which an item is not edited any more."""


def can_edit(item: ActionItem) -> bool:
    """Whether its words may still be put right."""
    return item.state not in NO_EDIT and not item.cancelled


def check_edit(item: ActionItem) -> None:
    """Refuses to edit an item that was done, verified or dropped."""
    if item.state in NO_EDIT:
        raise Refused(NO_EDIT[item.state].format(label=item.label))


def edited(item: ActionItem) -> tuple[ItemEdit, ...]:
    """What of the item itself was put right, and not of the words of its steps."""
    return tuple(edit for edit in item.edits if edit.step is None)


def edit(item: ActionItem, facts: Mapping[str, str | None], by: str, at: datetime) -> ActionItem:
    """The item with another `what`, `gap` or `measure`; the same item when none of them differs."""
    check_edit(item)
    changed = item.model_copy(update=facts)
    edits = [
        ItemEdit(part=part, by=by, at=at, was=was)
        for part, was in _texts(item).items()
        if was != _texts(changed)[part]
    ]
    return changed.model_copy(update={"edits": (*item.edits, *edits)}) if edits else item


def _texts(item: ActionItem) -> Mapping[EditedPart, str]:
    return {"what": item.what, "gap": item.gap or "", "measure": item.measure}


def became(item: ActionItem, number: int) -> str:
    """What the `number`th of its edits, from 1, made of a text; empty of a step's words."""
    one = item.edits[number - 1]
    later = next((edit.was for edit in item.edits[number:] if edit.part == one.part), None)
    return _texts(item).get(one.part, "") if later is None else later


def is_edit_news(item: ActionItem, number: int, person_id: str) -> bool:
    """Whether the `number`th of its edits, from 1, changed what this person agreed to, without them.

    It is none any more once its text was changed again, or back, or they took a step with it.
    """
    one = item.edits[number - 1]
    theirs = item.state == "agreed" and item.owner == person_id != one.by
    again = any(later.part == "what" for later in item.edits[number:])
    went_on = any(moved.by == person_id and moved.at > one.at for moved in item.history)
    if one.part != "what" or not theirs or again or went_on or is_former(person_id):
        return False
    return agreed_words(item, number, person_id) != item.what


def agreed_words(item: ActionItem, number: int, person_id: str) -> str:
    """What will change, as this person knew it before the `number`th of its edits, from 1.

    That is what it said when they last took a step with it or edited it themself, however often others
    have changed it since.
    """
    since = max((moved.at for moved in item.history if moved.by == person_id), default=None)
    known = item.edits[number - 1].was
    for edit in reversed(item.edits[:number]):
        if edit.part != "what":
            continue
        if edit.by == person_id or (since is not None and edit.at < since):
            break
        known = edit.was
    return known


def check_correct(item: ActionItem, by: str, step: int | None = None) -> StepRow:
    """The row of the last step, whose words are corrected; refuses everybody but who wrote them.

    `step`: the place in the history, from 1, of the step that is meant; None for the last one.
    """
    moved = item.history[-1]
    row = None if moved.step == "add" else STEPS[moved.step]
    if step is not None and step != len(item.history):
        raise Refused(f"{item.label} has gone on since, so what you wrote then stays as it is.")
    if row is None or row.words is None:
        raise Refused(f"Nothing was written with the last step of {item.label}.")
    if moved.by != by:
        raise Refused(f"Only who wrote the last words about {item.label} can correct them.")
    return row


def can_correct(item: ActionItem) -> bool:
    """Whether somebody wrote something with its last step."""
    return bool(item.history) and item.history[-1].words != "" and not item.cancelled


def correct(item: ActionItem, words: str, by: str, at: datetime) -> ActionItem:
    """The item with other words of its last step; the same item when they are the same."""
    row = check_correct(item, by)
    if row.words and row.words.needed and not words:
        raise Refused(row.words.needed, "words")
    *before, last = item.history
    if last.words == words:
        return item
    corrected = ItemEdit(part="words", by=by, at=at, step=len(item.history))
    history = (*before, last.model_copy(update={"words": words}))
    return item.model_copy(update={"history": history, "edits": (*item.edits, corrected)})


def is_corrected(item: ActionItem, number: int) -> bool:
    """Whether the words of the `number`th step of its history, from 1, were put right."""
    return any(edit.step == number for edit in item.edits)
