"""What reminders need of the things they are about: action items, retros, and what is owed to customers.

All that differs between those stands here, one class for each; `bot/jobs/scheduler.py` and
`bot/jobs/reminder.py` ask nothing of them but what `Remindable` says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

from bot.domain import action_item as items
from bot.domain import message_key, owner_day
from bot.domain import proposal as proposals
from bot.domain import recovery as recoveries
from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.item_step import ItemStep
from bot.domain.job import Job
from bot.domain.notification_preferences import NotificationPreferences, hours_of
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.recovery import Recovery
from bot.domain.reminder import (
    Reminder,
    SentReminder,
    Subject,
    Whom,
    days_of_silence,
    lapses_at,
    silence_ends,
    since,
)
from bot.domain.retro import Retro, unanswered
from bot.domain.team import Team, verifier
from bot.domain.working_hours import WorkingHours, today
from bot.jobs import action_item as action_item_jobs
from bot.jobs import note as note_jobs
from bot.jobs import proposal as proposal_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import retro as retro_jobs
from bot.jobs.edit_said import edit_said
from bot.messages import proposal as proposal_messages
from bot.messages import reminder as messages
from bot.messages.parts import Message
from bot.messages.reminder import ReminderView
from bot.ports import ReadOnlyWork, UnitOfWork


class ReminderContext(NamedTuple):
    """The teams, people and settings that reminders about some things depend on."""

    teams: Mapping[str, Team]
    people: Mapping[str, Person]
    preferences: Mapping[str, NotificationPreferences]
    fixes: Mapping[int, Sequence[ActionItem]] = {}
    """The items of each retro, by the number of its case, without those that were dropped."""

    def is_here(self, person_id: str | None) -> bool:
        """Whether somebody is there who could be asked; whoever was never met is taken for present."""
        if not person_id:
            return False
        person = self.people.get(person_id)
        return person is None or not (person.gone or person.bot)

    def verifier(self, channel_id: str) -> Person | None:
        """Whoever alone verifies in the team of this channel; None: anybody who has not done it."""
        return verifier(self.teams[channel_id], self.people)

    def hours(self, recipient_id: str, channel_id: str) -> WorkingHours:
        """When a reader works ("" is the thread: the hours of the team of that channel)."""
        person = self.people.get(recipient_id)
        team = self.teams[channel_id]
        return hours_of(self.preferences.get(recipient_id), person.zone if person else None, team)


class Remindable(Protocol):
    """A thing that reminders are about.

    What is written out here holds for a thing that is nobody's, is never late and ends by nothing but a
    command, as a retro is; the others say what is different with them.
    """

    @property
    def subject(self) -> Subject:
        """The thing itself."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether there may be anything left to remind of."""
        return self.subject.state == "open" and not self.subject.cancelled

    @property
    def one_message_in_thread(self) -> bool:
        """Whether all that is due in the thread is said in one message, named by the newest."""
        return False

    @property
    def people(self) -> Iterable[str | None]:
        """Everybody who has something to do with it, beside the team's lead."""
        return ()

    @property
    def asker(self) -> str | None:
        """Who asked for it."""
        return None

    @property
    def late_after(self) -> date | None:
        """The last day on which it is not late; None when it cannot be late."""
        return None

    def applies(self, reminder: Reminder, context: ReminderContext) -> bool:
        """Whether a reminder is about such a thing, as far as its people go."""
        ...

    def owner(self, reminder: Reminder) -> str | None:
        """Whose it is to do what the reminder is about."""
        return None

    def owner_to_ask(self, reminder: Reminder, context: ReminderContext) -> str | None:
        """Who is asked as its owner."""
        return self.owner(reminder)

    def may(self, step: ItemStep, person_id: str, context: ReminderContext) -> bool:
        """Whether this person may take a step with it."""
        return True

    def buttons(
        self, reminder: Reminder, recipient_id: str, context: ReminderContext
    ) -> tuple[ItemStep, ...]:
        """Which of an item's steps the reader is offered; other things have their own."""
        return ()

    def or_later(self, reminder: Reminder, recipient_id: str) -> bool:
        """Whether the reader may ask to be reminded later."""
        return False

    def what(self, case: Case | None) -> str:
        """Its words; `case` is the one that it belongs to."""
        return case.what_happened if case else ""

    def fixes(self, context: ReminderContext) -> Sequence[ActionItem]:
        """The items that it is to be decided by."""
        return ()

    def asked_before(
        self, recipient_id: str, rows: Iterable[SentReminder], context: ReminderContext
    ) -> tuple[date, ...]:
        """On which days its owner was asked, for somebody else to see; `rows` are all that was said."""
        return ()

    def quiet_until(self, recipient_id: str) -> date | None:
        """The day before which this reader asked not to hear of it."""
        return None

    def own_message(self, recipient_id: str) -> str | None:
        """The key of the message in the reader's direct messages that shows it anyway."""
        return None

    def is_due(self, reminder: Reminder, work: ReadOnlyWork) -> bool:
        """Whether the reminder has a reason that the thing itself does not know."""
        return True

    @property
    def keeper(self) -> str | None:
        """In whose zone its last day ends; None where that is the team's."""
        return None

    def show_late(self, today: date, at: datetime, work: UnitOfWork) -> None:
        """Brings the messages that show it up to date, if it is late by now; `today` is its keeper's."""
        return

    def ends_at(self, rows: Iterable[SentReminder], hours: WorkingHours) -> datetime | None:
        """When it ends by itself, after what it was reminded of; None when it does not."""
        return None

    def end(
        self, rows: Iterable[SentReminder], hours: WorkingHours, at: datetime, work: UnitOfWork
    ) -> str | None:
        """Ends it if that moment has come; returns what its reminders came to, None while it goes on."""
        return None

    def thread_text(self, views: Sequence[ReminderView], key: str, work: ReadOnlyWork) -> Message | None:
        """What the message with this key says in the thread."""
        return messages.reminder_message(views, in_its_thread=True)

    def jobs_instead(
        self, person_id: str, reason: str, at: datetime, work: ReadOnlyWork, *, is_due: bool
    ) -> Sequence[Job] | None:
        """What is owed when a reminder cannot be said to somebody; None: the same, in the thread.

        `is_due`: there was still something to say.
        """
        return None if is_due else ()


@dataclass(frozen=True)
class RemindableItem(Remindable):
    """An action item: it has an owner, steps that they may take, and a day on which it is due."""

    item: ActionItem

    @property
    def subject(self) -> ActionItem:
        """The item."""
        return self.item

    @property
    def is_open(self) -> bool:
        """Also while it waits to be verified."""
        return self.item.state in items.OPEN_STATES and not self.item.cancelled

    @property
    def people(self) -> Iterable[str | None]:
        """Its owner and who asked for it."""
        return (self.item.owner, self.item.asked_by)

    @property
    def asker(self) -> str | None:
        """Who asked for it."""
        return self.item.asked_by

    @property
    def late_after(self) -> date | None:
        """The day on which it is due, once somebody agreed to it."""
        return self.item.due if self.item.state == "agreed" else None

    def applies(self, reminder: Reminder, context: ReminderContext) -> bool:
        """About an owner who has left only if they have."""
        if reminder.about != "item":
            return False
        left = self.item.owner is not None and not context.is_here(self.item.owner)
        if reminder.since == "left":
            return left
        return not left or self.item.state == "done"

    def owner(self, reminder: Reminder) -> str | None:
        """The item's, whatever it is about."""
        return self.item.owner

    def may(self, step: ItemStep, person_id: str, context: ReminderContext) -> bool:
        """As the item's table of steps says, and the team's policy."""
        channel_id = self.item.channel_id
        lead, alone = context.teams[channel_id].lead, context.verifier(channel_id)
        return items.may(self.item, step, person_id, lead, alone)

    def buttons(
        self, reminder: Reminder, recipient_id: str, context: ReminderContext
    ) -> tuple[ItemStep, ...]:
        """In the thread everybody sees them; who may press them is said when they do."""
        return tuple(
            step
            for step in reminder.steps
            if step in items.steps(self.item)
            and (not recipient_id or self.may(step, recipient_id, context))
        )

    def or_later(self, reminder: Reminder, recipient_id: str) -> bool:
        """Its owner may, while there is something to wait for."""
        theirs = recipient_id in ("", self.item.owner)
        return reminder.or_later and theirs and items.can_wait(self.item)

    def what(self, case: Case | None) -> str:
        """What will change."""
        return self.item.what

    def asked_before(
        self, recipient_id: str, rows: Iterable[SentReminder], context: ReminderContext
    ) -> tuple[date, ...]:
        """Nothing once it is done: the owner did what they were asked.

        Not the days for which it was due: a digest, or a closed weekend, may have brought it later.
        """
        owner = self.item.owner
        if self.item.state == "done" or owner == recipient_id or owner is None:
            return ()
        zone = context.hours(owner, self.item.channel_id).zone
        asked = [row for row in rows if row.recipient_id == owner]
        first = {max(row.day, today(zone, row.asked_at)) for row in asked}
        # A newer digest took it along.
        again = {message_key.reminder_day(row.message) for row in asked}
        return tuple(sorted(first | {day for day in again if day is not None}))

    def quiet_until(self, recipient_id: str) -> date | None:
        """Its owner may have pressed Remind me later."""
        return self.item.remind_on if self.item.owner == recipient_id else None

    def own_message(self, recipient_id: str) -> str | None:
        """Its owner has a copy."""
        if self.item.owner != recipient_id:
            return None
        return message_key.owner(self.item.number, recipient_id)

    @property
    def keeper(self) -> str | None:
        """Its owner."""
        return owner_day.keeper(self.item)

    def show_late(self, today: date, at: datetime, work: UnitOfWork) -> None:
        """The item in the thread, its owner's copy, and the retro, which counts what is late."""
        if items.is_late(self.item, today):
            item_job = action_item_jobs.item_job(self.item, at)
            work.jobs.schedule(item_job.model_copy(update={"bulk": True}))
            if self.item.owner is not None:
                copy = action_item_jobs.owner_job(self.item, self.item.owner, at)
                edit_said([copy.model_copy(update={"bulk": True})], work)
            work.jobs.schedule(
                retro_jobs.retro_job(self.item.case_number, self.item.channel_id, at, bulk=True)
            )

    def jobs_instead(
        self, person_id: str, reason: str, at: datetime, work: ReadOnlyWork, *, is_due: bool
    ) -> Sequence[Job] | None:
        """To its owner as when they cannot be told of it; to the lead or the asker in the thread."""
        if is_due and self.item.owner == person_id:
            return action_item_jobs.go_public(self.item.number, person_id, reason, at, work)
        return None if is_due else ()


@dataclass(frozen=True)
class RemindableRetro(Remindable):
    """A retro: it asks everybody for answers, and the lead to close it."""

    retro: Retro

    @property
    def subject(self) -> Retro:
        """The retro."""
        return self.retro

    @property
    def is_open(self) -> bool:
        """Also while it is closed with an outcome that does not hold."""
        undecided = self.retro.state == "open" or self.retro.unsettled_at is not None
        return undecided and not self.retro.cancelled

    @property
    def one_message_in_thread(self) -> bool:
        """Half time, the last day and the end may be due at once: after a sleep, or within one day."""
        return True

    def applies(self, reminder: Reminder, context: ReminderContext) -> bool:
        """Whoever is there."""
        return reminder.about == "retro"

    def fixes(self, context: ReminderContext) -> Sequence[ActionItem]:
        """Its items."""
        return context.fixes.get(self.retro.case_number, ())

    def is_due(self, reminder: Reminder, work: ReadOnlyWork) -> bool:
        """A prompt may have been answered meanwhile."""
        if not reminder.of_unanswered:
            return True
        return bool(unanswered(self.retro, work.retros.answers(self.retro.case_number)))

    def thread_text(self, views: Sequence[ReminderView], key: str, work: ReadOnlyWork) -> Message | None:
        """What was heard, or what has no answer yet; nothing when all has one before it was said."""
        first, answers = views[0], work.retros.answers(self.retro.case_number)
        if first.reminder.name == "retro_answers_closed":
            return messages.answers_closed(first, self.retro, answers)
        if first.reminder.of_unanswered:
            left = unanswered(self.retro, answers)
            if not left and work.sent_messages.get(key) is None:
                return None
            return messages.unanswered(first, self.retro, left)
        return messages.reminder_message(views, in_its_thread=True)


@dataclass(frozen=True)
class RemindableRecovery(Remindable):
    """What is owed to a customer: each step has an owner, and silence ends it."""

    recovery: Recovery

    @property
    def subject(self) -> Recovery:
        """The recovery."""
        return self.recovery

    @property
    def people(self) -> Iterable[str | None]:
        """The owners of its steps."""
        return recoveries.owners(self.recovery)

    @property
    def late_after(self) -> date | None:
        """The day by which something was promised."""
        return recoveries.promised_by(self.recovery)

    def applies(self, reminder: Reminder, context: ReminderContext) -> bool:
        """Whoever is there."""
        return reminder.about == "recovery"

    def owner(self, reminder: Reminder) -> str | None:
        """Whose the step is."""
        step = reminder.recovers or recoveries.next_step(self.recovery)
        return recoveries.owner_of(self.recovery, step) if step else self.recovery.contact

    def owner_to_ask(self, reminder: Reminder, context: ReminderContext) -> str | None:
        """A customer is never left alone: whoever leads stands in for somebody who left."""
        owner = self.owner(reminder)
        return owner if context.is_here(owner) else context.teams[self.recovery.channel_id].lead

    def own_message(self, recipient_id: str) -> str | None:
        """The card, if they have a copy."""
        return message_key.customer(self.recovery.case_number, recipient_id)

    @property
    def keeper(self) -> str | None:
        """Whoever has to keep the promise."""
        return owner_day.keeper(self.recovery)

    def show_late(self, today: date, at: datetime, work: UnitOfWork) -> None:
        """The card and its copies."""
        if recoveries.is_late(self.recovery, today):
            recovery_jobs.refresh_cards(self.recovery, at, work)

    def ends_at(self, rows: Iterable[SentReminder], hours: WorkingHours) -> datetime | None:
        """When the customer was asked often enough, and never answered."""
        return silence_ends(self.recovery, days_of_silence(self.recovery, rows), hours)

    def end(
        self, rows: Iterable[SentReminder], hours: WorkingHours, at: datetime, work: UnitOfWork
    ) -> str | None:
        """The customer never said how it was; whatever shows it says so."""
        ends_at = self.ends_at(rows, hours)
        if ends_at is None or ends_at > at:
            return None
        after = recoveries.close_unanswered(self.recovery, at)
        work.recoveries.save(after)
        recovery_jobs.move_case(after, work)
        recovery_jobs.refresh_cards(after, at, work, was=recoveries.owners(self.recovery))
        work.jobs.schedule(retro_jobs.retro_job(after.case_number, after.channel_id, at))
        note_jobs.follow(after.case_number, at, work)
        return "no answer"

    def jobs_instead(
        self, person_id: str, reason: str, at: datetime, work: ReadOnlyWork, *, is_due: bool
    ) -> Sequence[Job] | None:
        """They are named in the thread, whether or not it was still due: the customer waits."""
        return recovery_jobs.go_public(self.recovery.case_number, person_id, reason, at, work)


@dataclass(frozen=True)
class RemindableProposal(Remindable):
    """A case that a helpdesk proposes: it goes away by itself when nobody decides."""

    proposal: Proposal

    @property
    def subject(self) -> Proposal:
        """The proposal."""
        return self.proposal

    @property
    def is_open(self) -> bool:
        """Until somebody decides."""
        return self.proposal.state == "proposed"

    def applies(self, reminder: Reminder, context: ReminderContext) -> bool:
        """Not about what is gathered: one message says all of that."""
        return reminder.about == "proposal" and not self.proposal.gathered

    def what(self, case: Case | None) -> str:
        """The customer's words."""
        return proposal_messages.said(self.proposal.signal)

    def ends_at(self, rows: Iterable[SentReminder], hours: WorkingHours) -> datetime | None:
        """When everybody had time enough, whether or not the lead was reminded."""
        return lapses_at(self.proposal, hours)

    def end(
        self, rows: Iterable[SentReminder], hours: WorkingHours, at: datetime, work: UnitOfWork
    ) -> str | None:
        """It goes away; what shows it is edited, which tells nobody."""
        if lapses_at(self.proposal, hours) > at:
            return None
        lapsed = proposals.take(self.proposal, "lapse", "", at)
        work.proposals.save(lapsed)
        proposal_jobs.edit([lapsed], at, work)
        return "went away"

    def jobs_instead(
        self, person_id: str, reason: str, at: datetime, work: ReadOnlyWork, *, is_due: bool
    ) -> Sequence[Job] | None:
        """Nothing: it stands in the channel anyway."""
        return ()


def remindable(subject: Subject) -> Remindable:
    """What reminders need of a thing."""
    match subject:
        case ActionItem():
            return RemindableItem(subject)
        case Retro():
            return RemindableRetro(subject)
        case Recovery():
            return RemindableRecovery(subject)
        case Proposal():
            return RemindableProposal(subject)


def context_of(things: Iterable[Remindable], work: ReadOnlyWork) -> ReminderContext:
    """All that reminders about these things depend on, read at once."""
    things = tuple(things)
    teams: dict[str, Team] = {}
    for channel_id in sorted({thing.subject.channel_id for thing in things}):
        teams[channel_id] = work.teams.get(channel_id) or Team(channel_id=channel_id, name=channel_id)
    named = {team.lead for team in teams.values()} | {who for thing in things for who in thing.people}
    people = {person_id for person_id in named if person_id}
    fixes: dict[int, list[ActionItem]] = {
        thing.subject.case_number: [] for thing in things if isinstance(thing.subject, Retro)
    }
    for item in work.action_items.of_case(*fixes) if fixes else ():
        if item.state != "dropped":
            fixes[item.case_number].append(item)
    return ReminderContext(teams, work.people.among(people), work.preferences.among(people), fixes)


def recipients(
    reminder: Reminder, thing: Remindable, context: ReminderContext
) -> Mapping[tuple[Whom, str], WorkingHours]:
    """Everybody it is for now, and when they work; the thread when nobody else is there for it."""
    people = {whom: _recipient(reminder, whom, thing, context) for whom in reminder.whom}
    if reminder.or_thread and all(recipient_id is None for recipient_id in people.values()):
        people = dict.fromkeys(reminder.whom, "")
    return {
        (whom, recipient_id): context.hours(recipient_id, thing.subject.channel_id)
        for whom, recipient_id in people.items()
        if recipient_id is not None
    }


def told_since(
    reminder: Reminder,
    recipient_id: str,
    thing: Remindable,
    rows: Iterable[SentReminder],
    context: ReminderContext,
) -> Sequence[SentReminder]:
    """What this reader was told by a reminder since its reason is there; `rows` are all of the thing."""
    hours = context.hours(recipient_id, thing.subject.channel_id)
    first = since(reminder, thing.subject, hours)
    return [
        row
        for row in rows
        if row.name == reminder.name and row.recipient_id == recipient_id and first and row.day > first
    ]


def knows_first(
    reminder: Reminder,
    recipient_id: str,
    thing: Remindable,
    rows: Iterable[SentReminder],
    context: ReminderContext,
    at: datetime,
) -> bool:
    """Whether somebody else may hear of it now: its owner did on a day before, where they come first.

    Nobody waits for an owner who is not there, or who asked to be left alone.
    """
    owner = thing.owner_to_ask(reminder, context)
    if not reminder.owner_first or owner in (None, recipient_id) or not context.is_here(owner):
        return True
    hours = context.hours(owner, thing.subject.channel_id)
    day, settings = today(hours.zone, at), context.preferences.get(owner)
    quiet = (thing.quiet_until(owner), settings.quiet_until if settings else None)
    if any(until is not None and day < until for until in quiet):
        return True
    told = told_since(reminder, owner, thing, rows, context)
    return any(today(hours.zone, row.asked_at) < day for row in told)


def _recipient(
    reminder: Reminder, whom: Whom, thing: Remindable, context: ReminderContext
) -> str | None:
    """Who that is now ("" for the thread); None when nobody is, or nothing is theirs to do."""
    if whom == "thread":
        return ""
    lead = context.teams[thing.subject.channel_id].lead
    owner = thing.owner_to_ask(reminder, context)
    person_id = {"owner": owner, "lead": lead, "asker": thing.asker}[whom]
    if not context.is_here(person_id) or person_id is None:
        return None
    if reminder.needs is not None and not thing.may(reminder.needs, person_id, context):
        return None
    return person_id
