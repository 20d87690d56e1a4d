"""An action item: a fix that somebody agreed to, until somebody else has seen it work."""

from datetime import date, datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from bot.domain.errors import NextStep, Refused
from bot.domain.item_step import ALREADY, STEPS, ItemState, ItemStep, StepRow, Who
from bot.domain.person import Person, is_former
from bot.domain.reference import ItemRef, key_of
from bot.domain.written_day import day_on

OPEN_STATES: tuple[ItemState, ...] = ("proposed", "agreed", "done")
WAITING_STATES: tuple[ItemState, ...] = ("proposed", "agreed")
"""While its owner has still something to do."""
AGREED_STATES: tuple[ItemState, ...] = ("agreed", "done", "verified")
"""Once somebody agreed to it."""
Event = Literal["add"] | ItemStep
"""What an item's history holds: that it was added, and each step since."""


class Moved(BaseModel, frozen=True):
    """One step of an item's life: which, by whom, when, and in which words."""

    step: Event
    by: str
    at: datetime
    words: str = ""
    to: str | None = None
    """What the step's form chose: the new owner, or the new date, ISO 8601."""


EditedPart = Literal["what", "gap", "measure", "words"]
"""What of an item was put right; "words" are those that came with a step of it."""


class ItemEdit(BaseModel, frozen=True):
    """One text of an item that somebody put right: which, by whom, when, and what it was before.

    `step` is the place in its history, from 1, of the step whose words they are. Those only their author
    puts right, and what they were is not kept: so they can be taken back.
    """

    part: EditedPart
    by: str
    at: datetime
    was: str = ""
    step: int | None = None


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
    cancelled: bool = False
    """As its case is: kept here too, so that lists and the clock pass it by."""
    state: ItemState = "proposed"
    history: tuple[Moved, ...] = ()
    edits: tuple[ItemEdit, ...] = ()
    """What of its words was put right, the first time first."""
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

    def last(self, step: Event) -> Moved | None:
        """The most recent time that `step` was taken."""
        return next((moved for moved in reversed(self.history) if moved.step == step), None)


def is_late(item: ActionItem, day: date) -> bool:
    """Whether it should have been done before `day`, the owner's today; only what somebody agreed to."""
    return item.state == "agreed" and item.due is not None and item.due < day


def steps(item: ActionItem) -> tuple[ItemStep, ...]:
    """The steps that somebody could take now, in the order of its buttons."""
    owned = item.owner is not None
    offered = [
        (row.places[item.state], name)
        for name, row in STEPS.items()
        if item.state in row.places and row.if_owned in (None, owned)
    ]
    return tuple(name for _, name in sorted(offered, key=lambda place: place[0]))


def propose(item: ActionItem, at: datetime, today: date) -> ActionItem:
    """A new item on its way: agreed when the person who adds it names themself as owner."""
    check_due(item.due, today)
    state: ItemState = "agreed" if item.owner == item.asked_by else "proposed"
    added = Moved(step="add", by=item.asked_by, at=at)
    return item.model_copy(update={"state": state, "history": (added,)})


def check_due(due: date | None, today: date) -> None:
    """Refuses a date that has passed where the person is."""
    if due is not None and due < today:
        raise Refused(f"The date {day_on(due, today)} has passed; choose today or later.", "due")


def check(
    item: ActionItem, step: ItemStep, by: str, lead: str | None, verifier: Person | None = None
) -> None:
    """Refuses a step that the item's state does not allow, or this person may not take.

    `verifier` is whoever alone verifies in this team; None: anybody who has not done it.
    """
    row = STEPS[step]
    if item.state not in row.places:
        raise Refused(row.not_yet.get(item.state, ALREADY).format(label=item.label, state=item.state))
    alone = _alone(row, item, verifier)
    if alone is not None and by != alone.id:
        raise Refused(row.by_verifier.format(label=item.label, verifier=alone.name))
    if not _is_among(row, item, by, lead):
        raise Refused(row.others.format(label=item.label), instead=_handing_over(item, by, lead))


def _handing_over(item: ActionItem, by: str, lead: str | None) -> NextStep | None:
    """What the lead can do about what only its owner may: give it to themself, or to somebody else."""
    row = STEPS["hand_over"]
    if not may(item, row.name, by, lead):
        return None
    return NextStep(row.button.label, f"action_item.{row.name}", str(item.ref))


def move(item: ActionItem, moved: Moved, lead: str | None, verifier: Person | None = None) -> ActionItem:
    """The item after a step; refuses one that is not allowed, as `check` says."""
    if moved.step == "add":
        raise ValueError("being added is no step of an item that is there: see propose")
    row = STEPS[moved.step]
    check(item, row.name, moved.by, lead, verifier)
    to_somebody = row.owner == "chosen"
    if to_somebody and item.state == "agreed" and moved.to == item.owner:
        field = row.choice.name if row.choice else None
        raise Refused(f"{item.label} is already theirs; choose somebody else.", field)
    owners = {"same": item.owner, "whoever takes it": moved.by, "chosen": moved.to, "nobody": None}
    # Whoever names themself as owner has agreed.
    state = "agreed" if to_somebody and moved.to == moved.by else row.to or item.state
    owner = owners[row.owner]
    if state == "agreed" and (owner is None or is_former(owner)):
        # Its owner was forgotten: nobody has agreed to go on with it.
        state, owner = "proposed", None
    return item.model_copy(
        update={
            "state": state,
            "owner": owner,
            "due": date.fromisoformat(moved.to or "") if row.due == "chosen" else item.due,
            "remind_on": None,
            "history": (*item.history, moved),
        }
    )


def reopened_with(item: ActionItem, by: str | None, at: datetime | None) -> Moved | None:
    """When it was reopened by a customer's verdict that this person noted at that moment."""
    steps = (moved for moved in item.history if moved.step == "reopen")
    return next((moved for moved in steps if (moved.by, moved.at) == (by, at)), None)


def begins_anew(item: ActionItem) -> bool:
    """Whether with its last step somebody began anew, so that a date which has passed falls away."""
    last = item.history[-1].step
    return item.due is not None and last != "add" and STEPS[last].due == "if still ahead"


def without_past_date(item: ActionItem, today: date) -> ActionItem:
    """An item that begins anew, without a date before `today`, its owner's.

    Nobody is late for what they never had the time to do.
    """
    past = item.due is not None and item.due < today
    return item.model_copy(update={"due": None}) if past else item


def steps_told(item: ActionItem) -> tuple[int, ...]:
    """The places in its history, from 1, of the steps that somebody hears of by a message."""
    return tuple(number for number, _ in enumerate(item.history, start=1) if told_of(item, number))


def told_of(item: ActionItem, number: int) -> str | None:
    """Who hears of the `number`th step of its history; None when nobody is there but who took it."""
    moved = item.history[number - 1]
    tells = None if moved.step == "add" else STEPS[moved.step].tells
    # Nobody but its owner marks it done, and until it is reopened it is nobody else's.
    done = next((one for one in reversed(item.history[:number]) if one.step == "done"), None)
    person_id = {"owner": done.by if done else None, "asker": item.asked_by, None: None}[tells]
    return None if person_id is None or person_id == moved.by or is_former(person_id) else person_id


def is_news(item: ActionItem, number: int) -> bool:
    """Whether the `number`th step of its history is still how it stands for whoever was told of it."""
    moved = item.history[number - 1]
    row = None if moved.step == "add" else STEPS[moved.step]
    if row is None or item.state != row.to or any(later > number for later in steps_told(item)):
        return False
    if row.owner == "nobody":
        return item.owner is None
    return row.tells == "asker" or item.owner == told_of(item, number)


def without_owner(item: ActionItem) -> ActionItem:
    """An item whose owner was forgotten: what they had still to do is proposed to nobody yet."""
    state = "proposed" if item.state in WAITING_STATES else item.state
    return item.model_copy(update={"owner": None, "remind_on": None, "state": state})


def may(
    item: ActionItem, step: ItemStep, by: str, lead: str | None, verifier: Person | None = None
) -> bool:
    """Whether this person could take the step now; `verifier` as `check` says."""
    row = STEPS[step]
    alone = _alone(row, item, verifier)
    among = _is_among(row, item, by, lead) and (alone is None or by == alone.id)
    return item.state in row.places and among


def _alone(row: StepRow, item: ActionItem, verifier: Person | None) -> Person | None:
    """Whoever alone may take this step; None when anybody among those of its row may."""
    if verifier is None or not row.by_verifier or not _is_among(row, item, verifier.id, None):
        return None
    return verifier


def _is_among(row: StepRow, item: ActionItem, by: str, lead: str | None) -> bool:
    done = item.last("done")
    who: dict[Who, bool] = {
        "anybody": True,
        "owner": by == item.owner,
        "lead": by == lead,
        "asker": by == item.asked_by,
        "anybody while it has no owner": item.owner is None,
        "anybody who has not done it": by != item.owner and (done is None or by != done.by),
    }
    return any(who[relation] for relation in row.who)


Later = Literal["tomorrow", "three_days", "next_week", "after_due"]


def can_wait(item: ActionItem) -> bool:
    """Whether there is somebody who could be reminded of it later."""
    return item.state in WAITING_STATES and item.owner is not None


def check_remind_later(item: ActionItem, by: str) -> None:
    """Refuses to remind anybody but its owner later, and anybody of what is done.

    It is no step of its life, so its history does not hold it.
    """
    if item.state not in WAITING_STATES:
        raise Refused(ALREADY.format(label=item.label, state=item.state))
    if by != item.owner:
        raise Refused(f"Only the owner of {item.label} is reminded of it.")


def remind_later(item: ActionItem, later: str, by: str, today: date) -> ActionItem:
    """The item, of which its owner is not reminded before a day; refuses an unknown choice."""
    check_remind_later(item, by)
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
