"""A reminder: when the bot speaks unasked, counted in working days from a day that the state knows.

All of it follows from how things stand: there is nothing to cancel when they change. `bot/reminders.py`
holds the table itself.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Literal, NamedTuple

from pydantic import BaseModel

from bot.domain.action_item import ActionItem, Event, Moved
from bot.domain.item_step import ItemStep
from bot.domain.policy import Policy
from bot.domain.proposal import WORKING_DAYS, Proposal
from bot.domain.recovery import (
    SILENT_ASKS,
    SILENT_DAYS,
    Recovery,
    is_silent,
    next_step,
    promised_by,
)
from bot.domain.recovery_step import (
    StepName,
)
from bot.domain.retro import Retro
from bot.domain.working_hours import (
    WorkingHours,
    add_working_days,
    moment,
    today,
    working_days_between,
)

Whom = Literal["owner", "lead", "asker", "thread"]
Since = Literal[
    "unowned",
    "undated",
    "proposed",
    "left",
    "due",
    "remind_on",
    "done",
    "half_time",
    "answers_close",
    "undecided",
    "apologise_by",
    "promised",
    "kept",
    "waits",
    "silent",
    "made",
]
Subject = ActionItem | Retro | Recovery | Proposal
"""What a reminder can be about."""
SubjectKind = Literal["AI", "C", "R", "P"]
"""What a reminder is about: an action item, a retro, what is owed to a customer, or a proposed case."""
KINDS: tuple[SubjectKind, ...] = ("AI", "C", "R", "P")
NEVER_CHECKED = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
"""Stands for "look at it at the next chance": what was just changed, or never looked at yet."""
AGAIN = "asked again"
"""What became of a reminder that its reader did not act on before the next one."""
OVERTAKEN = "not said before the next"
"""What became of one that could not be said before the next one was due."""
SUPERSEDED = (AGAIN, OVERTAKEN)
"""Nothing of these is left: what comes after them says it."""
NO_MESSAGE = ""
"""The message of a reminder that was acted on, when that message is gone."""
SILENT = "recovery_silent"
"""The name of the reminder that asks for a customer's verdict."""


class On(NamedTuple):
    """So many working days after the day that a reminder counts from (negative: before), to whom."""

    day: int
    to: tuple[Whom, ...]


class Every(NamedTuple):
    """What follows the last of the days: every so many working days, or every week (0), to whom."""

    working_days: int
    to: tuple[Whom, ...]


class Reminder(BaseModel, frozen=True):
    """One line of the table: `when` is for people, `since`, `on` and `then` are the same for the clock.

    `says` is the sentence for the owner or the thread, `tells` the one for everybody else who hears of
    it; `label`, `owner`, `day`, `planned` and `step` may stand in them. `steps` are the buttons,
    as far as the reader may press them; a retro and a recovery have their own.
    """

    name: str
    about: Literal["item", "retro", "recovery", "proposal"]
    when: str
    since: Since
    on: tuple[On, ...]
    then: Every | None = None
    aim: Literal["days_to_verify"] | None = None
    """The number of the team's policy that stands in place of the first day of `on`."""
    says: str
    tells: str = ""
    instead: Mapping[str, str] = {}
    """Other sentences: for a day that is `past`, for `this_day`, and by how the retro stands.

    `fixes`, and `one` of them, may stand in those, too.
    """
    steps: tuple[ItemStep, ...] = ()
    needs: ItemStep | None = None
    """Whoever may not take this step is not asked."""
    or_later: bool = False
    """Its owner may ask to be reminded later instead."""
    or_thread: bool = False
    """It is said in the thread when none of those it is for is there."""
    today: bool = False
    """It is about this very day, so it waits for no digest."""
    stays: bool = False
    """It tells something, too, so what follows it does not take its place."""
    owner_first: bool = False
    """Others hear of it only on a day after its owner did, who hears of it first whatever else waits."""
    of_unanswered: bool = False
    """Only for prompts that nobody has answered; asked of the channel, never of anybody."""
    gives_way_to: str = ""
    """The name of a reminder of the same thing instead of which this one is never said."""
    recovers: StepName | None = None
    """About a recovery: whose owner it is for, and whose button it has; None is the next step's."""

    @cached_property
    def whom(self) -> tuple[Whom, ...]:
        """Everybody that it is for at some time, each once."""
        steps = (*self.on, *((self.then,) if self.then else ()))
        return tuple(dict.fromkeys(whom for step in steps for whom in step.to))


def in_team(reminder: Reminder, policy: Policy) -> Reminder:
    """The line of the table as it is for a team: its own policy says some of its days."""
    if reminder.aim is None:
        return reminder
    first, *others = reminder.on
    days = {"days_to_verify": policy.days_to_verify}[reminder.aim]
    return reminder.model_copy(update={"on": (first._replace(day=days), *others)})


class SentReminder(BaseModel, frozen=True):
    """A reminder that was due: about what ("AI-12", "C-7", "R-7"), which, to whom, for which local day.

    One shape from the moment it is due until long after: the scheduler makes it, it is stored, and its
    message is made from it. `recipient_id` is a person, or "" for a channel, and `day` is in their zone.
    `message` is the key of the message that says it now ("" until the scheduler knows which, and when
    it was taken away with nothing left to do). `outcome` is
    empty until something came of it: a step somebody took, or that it was asked again.
    """

    about: str
    name: str
    recipient_id: str
    day: date
    message: str
    asked_at: datetime
    outcome: str = ""
    outcome_at: datetime | None = None


def case_of(subject: Subject) -> int:
    """The number of the case that it belongs to; 0 of a proposal, which is none yet."""
    return subject.case_number or 0


def parse_label(label: str) -> tuple[SubjectKind, int]:
    """Which kind a thing is, and its number, by its label; raises ValueError for any other text."""
    head, _, digits = label.partition("-")
    return KINDS[KINDS.index(head)], int(digits)


def days(reminder: Reminder, whom: Whom, since: date, hours: WorkingHours) -> Iterator[date]:
    """The days on which this is for them, in order; endless when it repeats."""
    last = since
    for on in reminder.on:
        last = add_working_days(hours, since, on.day)
        if whom in on.to:
            yield last
    if reminder.then is None or whom not in reminder.then.to:
        return
    if reminder.then.working_days:
        while True:
            last = add_working_days(hours, last, reminder.then.working_days)
            yield last
    said = last
    for weeks in count(1):
        # The same day of the week; when nobody works then, the next day on which somebody does.
        day = add_working_days(hours, last + timedelta(days=7 * weeks - 1), 1)
        if day > said:  # after weeks off two of them meet on one day
            yield day
        said = day


class Around(NamedTuple):
    """Where the clock stands: the newest day whose moment has come, and the moment of the next."""

    due: date | None
    next: datetime | None


def around(coming: Iterator[date], hours: WorkingHours, at: datetime, after: datetime) -> Around:
    """The newest day that began for the reader at or before `at`, but after `after`, and the next one.

    What `after` says is the last step anybody took: they knew then. Older days that were slept through
    are left out: only the newest state is worth saying.
    """
    due: date | None = None
    for day in coming:
        begins = moment(hours.zone, day, hours.starts)
        if begins > at:
            return Around(due, begins)
        if begins > after:
            due = day
    return Around(due, None)


def touched(subject: Subject) -> datetime:
    """When somebody last took a step with it."""
    if isinstance(subject, Recovery):
        return subject.touched_at
    if subject.history:
        return subject.history[-1].at
    return subject.opened_at if isinstance(subject, Retro) else NEVER_CHECKED


def half_time(retro: Retro, hours: WorkingHours) -> date:
    """The working day in the middle of the time to answer, which begins anew with a reopening."""
    last = retro.last
    began = last.at if last is not None and last.step == "reopen" else retro.opened_at
    opened = today(hours.zone, began)
    whole = working_days_between(hours, opened, retro.answers_close_on)
    return add_working_days(hours, opened, (whole + 1) // 2)


def _last(item: ActionItem, *steps: Event) -> Moved | None:
    return next((moved for moved in reversed(item.history) if moved.step in steps), None)


def _unowned(item: ActionItem, hours: WorkingHours) -> date | None:
    left = _last(item, "add", "decline")
    free = item.state == "proposed" and item.owner is None and left is not None
    return today(hours.zone, left.at) if free and left else None


def _undated(item: ActionItem, hours: WorkingHours) -> date | None:
    waits = item.state == "agreed" and item.due is None
    return today(hours.zone, touched(item)) if waits else None


def _proposed(item: ActionItem, hours: WorkingHours) -> date | None:
    moved = _last(item, "add", "hand_over")
    waits = item.state == "proposed" and item.owner is not None
    return today(hours.zone, moved.at) if waits and moved else None


def _is_under_way(item: ActionItem) -> bool:
    return item.state in ("proposed", "agreed") and item.owner is not None


def _left(item: ActionItem, hours: WorkingHours) -> date | None:
    # Whether its owner has left is for whoever knows the people to say.
    return today(hours.zone, touched(item)) if _is_under_way(item) else None


def _due(item: ActionItem, hours: WorkingHours) -> date | None:
    return item.due if item.state == "agreed" else None


def _remind_on(item: ActionItem, hours: WorkingHours) -> date | None:
    if item.remind_on is None or not _is_under_way(item):
        return None
    return add_working_days(hours, item.remind_on - timedelta(days=1), 1)


def _done(item: ActionItem, hours: WorkingHours) -> date | None:
    done = _last(item, "done")
    return today(hours.zone, done.at) if item.state == "done" and done else None


OF_ITEM: Mapping[str, Callable[[ActionItem, WorkingHours], date | None]] = {
    "unowned": _unowned,
    "undated": _undated,
    "proposed": _proposed,
    "left": _left,
    "due": _due,
    "remind_on": _remind_on,
    "done": _done,
}


def _half_time(retro: Retro, hours: WorkingHours) -> date | None:
    return half_time(retro, hours) if retro.state == "open" else None


def _answers_close(retro: Retro, hours: WorkingHours) -> date | None:
    return retro.answers_close_on if retro.state == "open" else None


def _undecided(retro: Retro, hours: WorkingHours) -> date | None:
    if retro.unsettled_at is not None:
        return today(hours.zone, retro.unsettled_at)
    reopened = [today(hours.zone, turn.at) for turn in retro.history]
    return max((retro.answers_close_on, *reopened)) if retro.state == "open" else None


OF_RETRO: Mapping[str, Callable[[Retro, WorkingHours], date | None]] = {
    "half_time": _half_time,
    "answers_close": _answers_close,
    "undecided": _undecided,
}


TRACKED: tuple[StepName, ...] = ("apologise", "keep", "check_back", "verdict")
"""Steps with reminders of their own."""


def _apologise_by(recovery: Recovery, hours: WorkingHours) -> date | None:
    return recovery.apologise_by if recovery.is_in("apologise", "to do") else None


def _promised(recovery: Recovery, hours: WorkingHours) -> date | None:
    return promised_by(recovery)


def _kept(recovery: Recovery, hours: WorkingHours) -> date | None:
    step = recovery.step("keep")
    waits = step.state == "done" and recovery.is_in("check_back", "to do")
    return today(hours.zone, step.at) if waits and step.at else None


def _waits(recovery: Recovery, hours: WorkingHours) -> date | None:
    step = next_step(recovery)
    waits = step is not None and step not in TRACKED
    return today(hours.zone, recovery.touched_at) if waits else None


def _silent(recovery: Recovery, hours: WorkingHours) -> date | None:
    return today(hours.zone, recovery.touched_at) if is_silent(recovery) else None


OF_RECOVERY: Mapping[str, Callable[[Recovery, WorkingHours], date | None]] = {
    "apologise_by": _apologise_by,
    "promised": _promised,
    "kept": _kept,
    "waits": _waits,
    "silent": _silent,
}


def _made(proposal: Proposal, hours: WorkingHours) -> date | None:
    return today(hours.zone, proposal.waits_since) if proposal.state == "proposed" else None


OF_PROPOSAL: Mapping[str, Callable[[Proposal, WorkingHours], date | None]] = {"made": _made}


def lapses_at(proposal: Proposal, hours: WorkingHours) -> datetime:
    """When a proposal goes away by itself, by its team's hours."""
    last = add_working_days(hours, today(hours.zone, proposal.waits_since), WORKING_DAYS)
    return moment(hours.zone, last, hours.starts)


def days_of_silence(recovery: Recovery, sent_reminders: Iterable[SentReminder]) -> frozenset[date]:
    """On which days the verdict was asked for since the last step: not when it was due, but asked."""
    began = recovery.touched_at
    return frozenset(
        max(sent.day, sent.asked_at.date())
        for sent in sent_reminders
        if sent.name == SILENT and sent.asked_at > began
    )


def silence_ends(
    recovery: Recovery, days_asked: Collection[date], hours: WorkingHours
) -> datetime | None:
    """When silence is taken for the answer; None before the verdict was asked for often enough."""
    if not is_silent(recovery) or len(days_asked) < SILENT_ASKS:
        return None
    last = add_working_days(hours, sorted(days_asked)[SILENT_ASKS - 1], SILENT_DAYS)
    return moment(hours.zone, last, hours.starts)


def since(reminder: Reminder, subject: Subject, hours: WorkingHours) -> date | None:
    """The day that the reminder counts from, in the reader's zone; None when its reason is not there."""
    if isinstance(subject, Proposal):
        return OF_PROPOSAL[reminder.since](subject, hours)
    if isinstance(subject, Recovery):
        return OF_RECOVERY[reminder.since](subject, hours) if subject.outcome is None else None
    if isinstance(subject, Retro):
        return OF_RETRO[reminder.since](subject, hours)
    return OF_ITEM[reminder.since](subject, hours)
