"""The clock's look at what is due: who is reminded of what, and when it has to look again.

Everything follows from how things stand now, so a look that comes late, twice, or from two processes at
once says nothing twice: what was asked is kept by thing, reminder, reader and day.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from bot.domain import message_key
from bot.domain.action_item import OPEN_STATES, ActionItem, is_late
from bot.domain.recovery import Recovery, promised_by
from bot.domain.recovery import is_late as is_promise_late
from bot.domain.reminder import (
    SILENT,
    Reminder,
    SentReminder,
    around,
    days,
    days_of_silence,
    silence_ends,
    since,
    touched,
)
from bot.domain.retro import Retro
from bot.domain.team import Team
from bot.domain.working_hours import WorkingHours, add_working_days, moment, next_working, today
from bot.jobs import action_item as action_item_jobs
from bot.jobs import board as board_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.ports import UnitOfWork
from bot.reminders import REMINDERS

MAX_MESSAGES = 5
"""Messages of reminders to one person on one day; what comes up after that joins the last of them."""


class DueReminder(NamedTuple):
    """A reminder whose moment has come: about what, which, to whom, for which day of theirs."""

    subject: reminder_jobs.Subject
    reminder: Reminder
    recipient_id: str
    day: date
    hours: WorkingHours


Slots = Mapping[tuple[str, date], int]
"""How many messages of reminders a reader got on a day of theirs."""


def run_due(at: datetime, limit: int, work: UnitOfWork) -> int:
    """Looks at what is due at `at`, at most `limit` of each kind; returns how many it looked at.

    Before that it brings up what new hours concern, in looks of their own (1 each): what is looked at
    meanwhile is looked at again.
    """
    if work.scheduler.stir(limit):
        return 1
    due_work = work.scheduler.due(at, limit)
    things: tuple[reminder_jobs.Subject, ...] = (*due_work.items, *due_work.retros, *due_work.recoveries)
    subjects = [thing for thing in things if _is_open(thing)]
    facts = reminder_jobs.known(subjects, work)
    sent_by_label: dict[str, list[SentReminder]] = defaultdict(list)
    for sent in work.reminders.of({subject.label for subject in subjects}):
        sent_by_label[sent.about].append(sent)
    again: dict[str, datetime | None] = {}
    asks: list[DueReminder] = []
    open_rows = [sent for rows in sent_by_label.values() for sent in rows if not sent.outcome]
    message_refs = work.sent_messages.among({sent.message for sent in open_rows})
    for subject in _not_silent(subjects, facts, sent_by_label, at, work):
        new, again[subject.label] = _plan(subject, facts, sent_by_label[subject.label], at)
        asks += _still_unanswered(new, work)
        unsaid = [
            sent
            for sent in sent_by_label[subject.label]
            if not sent.outcome and sent.message not in message_refs
        ]
        mornings = _say_still(unsaid, subject, facts, at, work)
        # A platform that is down may outlast their day: in the morning it is said, if it was not.
        mornings += [_next_day(ask.hours, at) for ask in new]
        again[subject.label] = _first(again[subject.label], *mornings)
        _show_late(subject, facts, at, work)
    slots = _slots(asks, at, work)
    for ask in [ask for ask in asks if _had_their_digest(ask, facts, slots, at)]:
        asks.remove(ask)
        again[ask.subject.label] = _first(again[ask.subject.label], _next_day(ask.hours, at))
    _say(asks, facts, sent_by_label, slots, at, work)
    weeks = [(team, board_jobs.begin_week(team, at, work)) for team in due_work.teams]
    work.scheduler.reschedule([*((thing, again.get(thing.label)) for thing in things), *weeks])
    return len(things) + len(weeks)


def skip(at: datetime, work: UnitOfWork) -> list[str]:
    """Leaves what is first alone for a day, because looking at it failed; returns what that is."""
    due_work = work.scheduler.due(at, 1)
    things: tuple[reminder_jobs.Subject | Team, ...] = (
        *due_work.items,
        *due_work.retros,
        *due_work.recoveries,
        *due_work.teams,
    )
    tomorrow = at + timedelta(days=1)
    work.scheduler.reschedule([(thing, tomorrow) for thing in things])
    return [thing.channel_id if isinstance(thing, Team) else thing.label for thing in things]


def _is_open(subject: reminder_jobs.Subject) -> bool:
    return subject.state in OPEN_STATES if isinstance(subject, ActionItem) else subject.state == "open"


def _not_silent(
    subjects: Sequence[reminder_jobs.Subject],
    facts: reminder_jobs.ReminderContext,
    sent_by_label: Mapping[str, Sequence[SentReminder]],
    at: datetime,
    work: UnitOfWork,
) -> list[reminder_jobs.Subject]:
    """Without those whose customer was asked often enough and never answered: they end here."""
    kept: list[reminder_jobs.Subject] = []
    for subject in subjects:
        ends = _silence_ends(subject, facts, sent_by_label[subject.label], ())
        if isinstance(subject, Recovery) and ends is not None and ends <= at:
            recovery_jobs.close_unanswered(subject, at, work)
        else:
            kept.append(subject)
    return kept


def _silence_ends(
    subject: reminder_jobs.Subject,
    facts: reminder_jobs.ReminderContext,
    sent_reminders: Sequence[SentReminder],
    asks: Iterable[DueReminder],
) -> datetime | None:
    """When a customer's silence is their answer, counting what is asked for right now."""
    if not isinstance(subject, Recovery):
        return None
    now = {ask.day for ask in asks if ask.reminder.name == SILENT}
    days_asked = days_of_silence(subject, sent_reminders) | now
    return silence_ends(subject, days_asked, facts.teams[subject.channel_id].hours)


def _plan(
    subject: reminder_jobs.Subject,
    facts: reminder_jobs.ReminderContext,
    sent_reminders: Sequence[SentReminder],
    at: datetime,
) -> tuple[list[DueReminder], datetime | None]:
    """What to ask about it now, and when to look at it again."""
    known = {(sent.name, sent.recipient_id, sent.day) for sent in sent_reminders}
    asks: dict[tuple[str, str, date], DueReminder] = {}
    coming = [turn for turn in (_turns_late(subject, facts),) if turn and turn > at]
    for entry in REMINDERS:
        if not facts.applies(entry, subject):
            continue
        for (whom, recipient_id), hours in facts.whose(entry, subject).items():
            first = since(entry, subject, hours)
            waits = entry.since != "remind_on" and _asked_for_later(subject, recipient_id, hours, at)
            if first is None or waits:
                continue
            now = around(days(entry, whom, first, hours), hours, at, touched(subject))
            if now.next is not None:
                coming.append(now.next)
            if now.due is None or (entry.name, recipient_id, now.due) in known:
                continue
            may_be_asked = _may_be_asked(recipient_id, hours, facts, at)
            if may_be_asked > at:
                coming.append(may_be_asked)
            else:
                asks[entry.name, recipient_id, now.due] = DueReminder(
                    subject, entry, recipient_id, now.due, hours
                )
    ends = _silence_ends(subject, facts, sent_reminders, asks.values())
    return list(asks.values()), min([*coming, *((ends,) if ends else ())], default=None)


def _turns_late(subject: reminder_jobs.Subject, facts: reminder_jobs.ReminderContext) -> datetime | None:
    """When the messages that show it have to say that it is late."""
    due = subject.due if isinstance(subject, ActionItem) else None
    if isinstance(subject, Recovery):
        due = promised_by(subject)
    if due is None:
        return None
    return moment(facts.teams[subject.channel_id].zone, due + timedelta(days=1), time(0))


def _asked_for_later(
    subject: reminder_jobs.Subject, recipient_id: str, hours: WorkingHours, at: datetime
) -> bool:
    """Whether this reader is its owner and asked not to hear of it before another day."""
    if not isinstance(subject, ActionItem) or subject.owner != recipient_id:
        return False
    return subject.remind_on is not None and today(hours.zone, at) < subject.remind_on


def _may_be_asked(
    recipient_id: str, hours: WorkingHours, facts: reminder_jobs.ReminderContext, at: datetime
) -> datetime:
    """The first moment from now on at which this reader works and does not want to be left alone."""
    settings = facts.preferences.get(recipient_id)
    quiet = settings.quiet_until if settings else None
    if quiet is not None and today(hours.zone, at) < quiet:
        at = moment(hours.zone, quiet, time(0))
    return next_working(hours, at)


def _next_day(hours: WorkingHours, at: datetime) -> datetime:
    return moment(hours.zone, add_working_days(hours, today(hours.zone, at), 1), hours.starts)


def _first(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _say_still(
    unsaid: Iterable[SentReminder],
    subject: reminder_jobs.Subject,
    facts: reminder_jobs.ReminderContext,
    at: datetime,
    work: UnitOfWork,
) -> list[datetime]:
    """Schedules what was asked and never said, to those who work now; returns when to look again."""
    moments: list[datetime] = []
    for sent in unsaid:
        hours = facts.hours(sent.recipient_id, facts.teams[subject.channel_id])
        may_be_asked = _may_be_asked(sent.recipient_id, hours, facts, at)
        if may_be_asked > at:
            moments.append(may_be_asked)
            continue
        moments.append(_next_day(hours, at))
        work.jobs.schedule(reminder_jobs.reminder_job(sent, subject, at))
    return moments


def _still_unanswered(asks: Sequence[DueReminder], work: UnitOfWork) -> list[DueReminder]:
    """Without those about prompts that have been answered."""
    kept: list[DueReminder] = []
    for ask in asks:
        asks_for_answers = ask.reminder.name in reminder_jobs.UNANSWERED
        if asks_for_answers and not reminder_jobs.unanswered(
            work.retros.answers(ask.subject.case_number)
        ):
            continue
        kept.append(ask)
    return kept


def _show_late(
    subject: reminder_jobs.Subject, facts: reminder_jobs.ReminderContext, at: datetime, work: UnitOfWork
) -> None:
    """Brings the messages up to date that show an item, or a promise, which is late by now."""
    if isinstance(subject, Recovery):
        if is_promise_late(subject, today(facts.teams[subject.channel_id].zone, at)):
            recovery_jobs.refresh_cards(subject, at, work)
        return
    if not isinstance(subject, ActionItem):
        return
    if is_late(subject, today(facts.teams[subject.channel_id].zone, at)):
        work.jobs.schedule(action_item_jobs.item_job(subject, at))
        work.jobs.schedule(retro_jobs.retro_job(subject.case_number, subject.channel_id, at))


def _slots(asks: Iterable[DueReminder], at: datetime, work: UnitOfWork) -> Slots:
    days_of = {(ask.recipient_id, today(ask.hours.zone, at)) for ask in asks if ask.recipient_id}
    keys = {of: [message_key.reminder(*of, number) for number in range(MAX_MESSAGES)] for of in days_of}
    message_refs = work.sent_messages.among([key for of in keys.values() for key in of])
    return {of: sum(key in message_refs for key in keys[of]) for of in keys}


def _had_their_digest(
    ask: DueReminder, facts: reminder_jobs.ReminderContext, slots: Slots, at: datetime
) -> bool:
    settings = facts.preferences.get(ask.recipient_id)
    wants_one = settings is not None and settings.digest
    return wants_one and slots[ask.recipient_id, today(ask.hours.zone, at)] > 0


def _message(ask: DueReminder, newest: Mapping[str, str], slots: Slots, at: datetime) -> str:
    """The key of the message that says it: one for all that is due for a person, or in a thread."""
    day = today(ask.hours.zone, at)
    if not ask.recipient_id:
        name = newest.get(ask.subject.label, ask.reminder.name)
        return message_key.reminder_in_thread(ask.subject.case_number, name, day)
    number = min(slots[ask.recipient_id, day], MAX_MESSAGES - 1)
    return message_key.reminder(ask.recipient_id, day, number)


def _newest(asks: Iterable[DueReminder]) -> Mapping[str, str]:
    """Which reminder a retro's thread hears, by the retro's label.

    Half time, the last day and the end may be due at once: after a sleep, or when there is only one day.
    """
    in_threads = (ask for ask in asks if not ask.recipient_id and isinstance(ask.subject, Retro))
    in_order = sorted(in_threads, key=lambda ask: ask.day)
    return {ask.subject.label: ask.reminder.name for ask in in_order}


def _say(
    asks: Sequence[DueReminder],
    facts: reminder_jobs.ReminderContext,
    sent_by_label: Mapping[str, Sequence[SentReminder]],
    slots: Slots,
    at: datetime,
    work: UnitOfWork,
) -> None:
    """Keeps what is asked, and schedules the messages that say it, one for each reader."""
    messages: dict[str, list[tuple[SentReminder, reminder_jobs.Subject]]] = defaultdict(list)
    newest = _newest(asks)
    for ask in asks:
        sent = SentReminder(
            about=ask.subject.label,
            name=ask.reminder.name,
            recipient_id=ask.recipient_id,
            day=ask.day,
            message=_message(ask, newest, slots, at),
            asked_at=at,
        )
        messages[sent.message].append((sent, ask.subject))
    work.reminders.add([sent for rows in messages.values() for sent, _ in rows])
    own = work.sent_messages.among({_own_message(*rows[0]) for rows in messages.values()})
    for rows in messages.values():
        first, subject = rows[0]
        settings = facts.preferences.get(first.recipient_id)
        alone = len({sent.about for sent, _ in rows}) == 1 and not (settings and settings.digest)
        mine = _own_message(first, subject)
        # It follows the thing's own message, where its story is.
        under = mine if alone and mine in own else None
        work.jobs.schedule(reminder_jobs.reminder_job(first, subject, at, under=under))
        for sent, about in rows:
            _ask_again(sent, about, sent_by_label[sent.about], at, work)


def _own_message(sent: SentReminder, subject: reminder_jobs.Subject) -> str:
    """The key of the message in the reader's direct messages that shows it anyway; "" without one."""
    if isinstance(subject, Recovery):
        return message_key.customer(subject.case_number, sent.recipient_id)
    if isinstance(subject, ActionItem) and subject.owner == sent.recipient_id:
        return message_key.owner(subject.number, sent.recipient_id)
    return ""


def _ask_again(
    new: SentReminder,
    subject: reminder_jobs.Subject,
    before: Iterable[SentReminder],
    at: datetime,
    work: UnitOfWork,
) -> None:
    """What was asked of the same reader before was not answered: only the newest has buttons."""
    old = [
        sent.model_copy(update={"outcome": reminder_jobs.AGAIN, "outcome_at": at})
        for sent in before
        if sent.recipient_id == new.recipient_id and not sent.outcome and sent.message != new.message
    ]
    work.reminders.resolve(old)
    reminder_jobs.say_anew(old, subject, at, work)
