"""An action item: a fix that somebody agreed to, until somebody else has seen it work."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from pydantic import BaseModel

from bot.domain.errors import Refused
from bot.domain.reference import ItemRef, key_of

ItemState = Literal["proposed", "agreed", "done", "verified", "dropped"]
ItemStep = Literal[
    "add",
    "take",
    "accept",
    "hand_over",
    "decline",
    "done",
    "change_date",
    "verify",
    "reopen",
    "drop",
    "remind_later",
]
OPEN_STATES: tuple[ItemState, ...] = ("proposed", "agreed", "done")

# The whole lifecycle: in which states a step is allowed, and the state after it.
ALLOWED: dict[ItemStep, tuple[ItemState, ...]] = {
    "take": ("proposed",),
    "accept": ("proposed",),
    "hand_over": ("proposed", "agreed"),
    "decline": ("proposed", "agreed"),
    "done": ("agreed",),
    "change_date": ("proposed", "agreed"),
    "verify": ("done",),
    "reopen": ("done", "verified"),
    "drop": ("proposed", "agreed", "done"),
    "remind_later": ("proposed", "agreed"),
}
AFTER: dict[ItemStep, ItemState] = {
    "take": "agreed",
    "accept": "agreed",
    "hand_over": "proposed",
    "decline": "proposed",
    "done": "done",
    "verify": "verified",
    "reopen": "agreed",
    "drop": "dropped",
}
# The sentence when the state does not allow the step; for all the rest: it is already that far.
ALREADY = "{label} is already {state}."
NOT_YET: dict[tuple[ItemStep, ItemState], str] = {
    ("done", "proposed"): "{label} is not agreed yet: somebody takes or accepts it first.",
    ("verify", "proposed"): "{label} is not done yet.",
    ("verify", "agreed"): "{label} is not done yet.",
    ("reopen", "proposed"): "{label} is still proposed, so there is nothing to reopen.",
    ("reopen", "agreed"): "{label} is already open: it is agreed.",
    ("reopen", "dropped"): "{label} was dropped; add a new action item instead.",
}


class Moved(BaseModel, frozen=True):
    """One step of an item's life: which, by whom, when, and in which words."""

    step: ItemStep
    by: str
    at: datetime
    words: str = ""
    to: str | None = None
    """Hand over: the new owner. Change date: the new date, ISO 8601."""


class ActionItem(BaseModel, frozen=True):
    """One fix. `what` is what will change, `measure` how we will know that it worked.

    `due` is a whole day in the owner's zone. `number` counts within the workspace, `case` is the
    number of the case whose retro it belongs to.
    """

    number: int
    case_number: int
    channel_id: str
    what: str
    asked_by: str
    gap: str | None = None
    owner: str | None = None
    due: date | None = None
    measure: str = ""
    remind_on: date | None = None
    """The day, in the owner's zone, until which its owner asked not to be reminded of it."""
    state: ItemState = "proposed"
    history: tuple[Moved, ...] = ()
    version: int = 1

    @property
    def label(self) -> str:
        """`AI-12`."""
        return f"AI-{self.number}"

    @property
    def ref(self) -> ItemRef:
        """What its buttons and forms carry."""
        key = key_of(self.number, self.history[0].at) if self.history else ""
        return ItemRef(number=self.number, key=key)

    def last(self, step: ItemStep) -> Moved | None:
        """The most recent time that `step` was taken."""
        return next((moved for moved in reversed(self.history) if moved.step == step), None)


def is_late(item: ActionItem, day: date) -> bool:
    """Whether it should have been done before `day`, the owner's today."""
    return item.state in ("proposed", "agreed") and item.due is not None and item.due < day


def steps(item: ActionItem) -> tuple[ItemStep, ...]:
    """The steps that somebody could take now: what its buttons are."""
    whose: dict[ItemState, tuple[ItemStep, ...]] = {
        "proposed": ("take", "hand_over", "change_date", "drop")
        if item.owner is None
        else ("accept", "hand_over", "decline", "change_date", "remind_later", "drop"),
        "agreed": ("done", "change_date", "hand_over", "decline", "remind_later", "drop"),
        "done": ("verify", "reopen", "drop"),
        "verified": ("reopen",),
        "dropped": (),
    }
    return whose[item.state]


def propose(item: ActionItem, at: datetime, today: date) -> ActionItem:
    """A new item on its way: agreed when the person who adds it names themself as owner."""
    check_due(item.due, today)
    state: ItemState = "agreed" if item.owner == item.asked_by else "proposed"
    added = Moved(step="add", by=item.asked_by, at=at)
    return item.model_copy(update={"state": state, "history": (added,)})


def check_due(due: date | None, today: date) -> None:
    """Refuses a date that has passed where the person is."""
    if due is not None and due < today:
        raise Refused(f"The date {due.isoformat()} has passed; choose today or later.", "due")


def check(item: ActionItem, step: ItemStep, by: str, lead: str | None) -> None:
    """Refuses a step that the item's state does not allow, or this person may not take."""
    if item.state not in ALLOWED[step]:
        sentence = NOT_YET.get((step, item.state), ALREADY)
        raise Refused(sentence.format(label=item.label, state=item.state))
    whose = WHOSE.get(step)
    if whose is not None and not whose.may(item, by, lead):
        raise Refused(whose.sentence.format(label=item.label))


def move(item: ActionItem, moved: Moved, lead: str | None) -> ActionItem:
    """The item after a step; refuses one that is not allowed.

    `moved.to` is the new owner of a hand-over and the new day of a changed date (ISO 8601).
    """
    if moved.step == "remind_later":
        raise ValueError("being reminded later is no step of an item's life: see remind_later")
    check(item, moved.step, moved.by, lead)
    if moved.step == "hand_over" and item.state == "agreed" and moved.to == item.owner:
        raise Refused(f"{item.label} is already theirs; choose somebody else.", "owner")
    owner = {"take": moved.by, "hand_over": moved.to, "decline": None}.get(moved.step, item.owner)
    # Whoever names themself as owner has agreed.
    to_oneself = moved.step == "hand_over" and moved.to == moved.by
    return item.model_copy(
        update={
            "state": "agreed" if to_oneself else AFTER.get(moved.step, item.state),
            "owner": owner,
            "due": date.fromisoformat(moved.to or "") if moved.step == "change_date" else item.due,
            "remind_on": None,
            "history": (*item.history, moved),
        }
    )


def may(item: ActionItem, step: ItemStep, by: str, lead: str | None) -> bool:
    """Whether this person could take the step now."""
    whose = WHOSE.get(step)
    return item.state in ALLOWED[step] and (whose is None or whose.may(item, by, lead))


Later = Literal["tomorrow", "three_days", "next_week", "after_due"]


def remind_later(item: ActionItem, later: str, by: str, today: date) -> ActionItem:
    """The item, of which its owner is not reminded before a day; refuses an unknown choice.

    It is no step of its life, so its history does not hold it.
    """
    check(item, "remind_later", by, lead=None)
    days: dict[str, date] = {
        "tomorrow": today + timedelta(days=1),
        "three_days": today + timedelta(days=3),
        "next_week": today + timedelta(days=7 - today.weekday()),
    }
    if item.due is not None and item.due >= today:
        days["after_due"] = item.due + timedelta(days=1)
    if later not in days:
        raise Refused("Choose when to be reminded.", "when")
    return item.model_copy(update={"remind_on": days[later]})


class Whose(NamedTuple):
    """Who may take a step, and the sentence for everybody else."""

    may: Callable[[ActionItem, str, str | None], bool]
    sentence: str


def _owner(item: ActionItem, by: str, lead: str | None) -> bool:
    return item.owner == by


def _nobody_else(item: ActionItem, by: str, lead: str | None) -> bool:
    return item.owner in (None, by)


def _holder(item: ActionItem, by: str, lead: str | None) -> bool:
    return item.owner is None or by in (item.owner, lead)


def _holder_or_asker(item: ActionItem, by: str, lead: str | None) -> bool:
    return by == item.asked_by or _holder(item, by, lead)


def _somebody_else(item: ActionItem, by: str, lead: str | None) -> bool:
    done = item.last("done")
    return by != item.owner and (done is None or done.by != by)


WHOSE: dict[ItemStep, Whose] = {
    "take": Whose(_nobody_else, "{label} already has an owner, who has still to accept it."),
    "accept": Whose(_owner, "Only the person that {label} was proposed to can accept it."),
    "hand_over": Whose(_holder, "{label} has an owner: only they or the team's lead can hand it over."),
    "decline": Whose(_owner, "Only the owner of {label} can decline it."),
    "done": Whose(_owner, "Only the owner of {label} can mark it done; hand it over first."),
    "change_date": Whose(_holder, "{label} has an owner: only they or the lead can change its date."),
    "remind_later": Whose(_owner, "Only the owner of {label} is reminded of it."),
    "verify": Whose(
        _somebody_else, "Nobody verifies their own item: ask somebody else to look at {label}."
    ),
    "drop": Whose(
        _holder_or_asker, "{label} has an owner: only they, the lead or who asked can drop it."
    ),
}
