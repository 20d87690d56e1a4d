"""The look at what is due: who is reminded of what, and when each thing has to be looked at again.

Everything follows from how things stand now, so a look that comes late, twice, or from two processes at
once says nothing twice: what was asked is kept by thing, reminder, reader and day.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from bot.domain import message_key
from bot.domain.reminder import (
    AGAIN,
    NO_MESSAGE,
    OVERTAKEN,
    SUPERSEDED,
    SentReminder,
    Subject,
    around,
    case_of,
    days,
    in_team,
    since,
    touched,
)
from bot.domain.team import Team
from bot.domain.working_hours import WorkingHours, add_working_days, moment, next_working, today
from bot.jobs import board as board_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs.remindable import (
    Remindable,
    ReminderContext,
    context_of,
    knows_first,
    recipients,
    remindable,
    told_since,
)
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.reminders import BY_NAME, DAYS_APART, REMINDERS

MAX_THREADS = 5
"""Threads of a channel that are spoken in on one look; what is due in more is one message for all."""

Slots = Mapping[tuple[str, date], int]
"""How many messages of reminders a reader got on a day of theirs."""


class Look(NamedTuple):
    """What one look knows: the open things by their labels, what they depend on, and what was asked."""

    at: datetime
    things: Mapping[str, Remindable]
    context: ReminderContext
    sent: Mapping[str, Sequence[SentReminder]]

    def hours(self, row: SentReminder) -> WorkingHours:
        """When the reader of a reminder works."""
        return self.context.hours(row.recipient_id, self.things[row.about].subject.channel_id)

    def today(self, row: SentReminder) -> date:
        """Which day it is for the reader of a reminder."""
        return today(self.hours(row).zone, self.at)

    def wants_digest(self, recipient_id: str) -> bool:
        """Whether this reader wants one message a day with all that is due."""
        settings = self.context.preferences.get(recipient_id)
        return settings is None or settings.digest

    def may_be_asked(self, recipient_id: str, hours: WorkingHours) -> datetime:
        """The first moment from now on at which this reader works and is not to be left alone."""
        at, settings = self.at, self.context.preferences.get(recipient_id)
        quiet = settings.quiet_until if settings else None
        if quiet is not None and today(hours.zone, at) < quiet:
            at = moment(hours.zone, quiet, time(0))
        return next_working(hours, at)


def run_due(at: datetime, limit: int, work: UnitOfWork) -> int:
    """Looks at what is due at `at`, at most `limit` of each kind; returns how many it looked at.

    Before that it brings up what new hours concern, in looks of their own (1 each): what is looked at
    meanwhile is looked at again.
    """
    if work.scheduler.stir(limit):
        return 1
    due_work = work.scheduler.due(at, limit)
    subjects: tuple[Subject, ...] = (
        *due_work.items,
        *due_work.retros,
        *due_work.recoveries,
        *due_work.proposals,
    )
    look = _look(subjects, at, work)
    again: dict[str, datetime | None] = {}
    due: list[SentReminder] = []
    open_rows = [row for rows in look.sent.values() for row in rows if not row.outcome]
    message_refs = work.sent_messages.among({row.message for row in open_rows})
    for label in _not_silent(look, work):
        thing, rows = look.things[label], look.sent[label]
        new, next_at = _plan(thing, look)
        due += [row for row in new if thing.is_due(BY_NAME[row.name], work)]
        unsaid = [row for row in rows if not row.outcome and row.message not in message_refs]
        mornings = _say_still(unsaid, look, work)
        # A platform that is down may outlast their day: in the morning it is said, if it was not.
        mornings += [_next_day(look.hours(row), at) for row in new]
        again[label] = _first(next_at, *mornings)
        thing.show_late(today(_last_zone(thing, look), at), at, work)
    slots = _slots(due, look, work)
    for row in _waiting(due, slots, look, work):
        due.remove(row)
        again[row.about] = _first(again[row.about], _next_day(look.hours(row), at))
    _say(due, slots, look, work)
    weeks = [(team, board_jobs.begin_week(team, at, work)) for team in due_work.teams]
    work.scheduler.reschedule([*((subject, again.get(subject.label)) for subject in subjects), *weeks])
    return len(subjects) + len(weeks)


def skip(at: datetime, work: UnitOfWork) -> list[str]:
    """Leaves what is first alone for a day, because looking at it failed; returns what that is."""
    due_work = work.scheduler.due(at, 1)
    things: tuple[Subject | Team, ...] = (
        *due_work.items,
        *due_work.retros,
        *due_work.recoveries,
        *due_work.proposals,
        *due_work.teams,
    )
    tomorrow = at + timedelta(days=1)
    work.scheduler.reschedule([(thing, tomorrow) for thing in things])
    return [thing.channel_id if isinstance(thing, Team) else thing.label for thing in things]


def _look(subjects: Iterable[Subject], at: datetime, work: ReadOnlyWork) -> Look:
    """All that must be known of these things, read at once."""
    things = {subject.label: remindable(subject) for subject in subjects}
    things = {label: thing for label, thing in things.items() if thing.is_open}
    context = context_of(things.values(), work)
    sent: dict[str, list[SentReminder]] = defaultdict(list)
    for row in work.reminders.of(set(things)):
        sent[row.about].append(row)
    return Look(at, things, context, sent)


def _not_silent(look: Look, work: UnitOfWork) -> list[str]:
    """The labels of what goes on; what a customer never answered, asked often enough, ends here."""
    left: list[str] = []
    for label, thing in look.things.items():
        hours = look.context.teams[thing.subject.channel_id].hours
        outcome = thing.end(look.sent[label], hours, look.at, work)
        if outcome is None:
            left.append(label)
        else:
            reminder_jobs.resolve(thing.subject, outcome, look.at, work)
    return left


def _plan(thing: Remindable, look: Look) -> tuple[list[SentReminder], datetime | None]:
    """What to ask about it now, in messages still to be found, and when to look at it again."""
    subject, at = thing.subject, look.at
    sent = look.sent[subject.label]
    before = {(row.name, row.recipient_id, row.day) for row in sent}
    new: dict[tuple[str, str, date], SentReminder] = {}
    late_at = _turns_late(thing, look)
    coming = [late_at] if late_at and late_at > at else []
    policy = look.context.teams[subject.channel_id].policy
    for line in REMINDERS:
        reminder = in_team(line, policy)
        if not thing.applies(reminder, look.context) or _has_begun(reminder.gives_way_to, thing, look):
            continue
        for (whom, recipient_id), hours in recipients(reminder, thing, look.context).items():
            first = since(reminder, subject, hours)
            quiet_until = thing.quiet_until(recipient_id)
            is_quiet = quiet_until is not None and today(hours.zone, at) < quiet_until
            if first is None or (is_quiet and reminder.since != "remind_on"):
                continue
            now = around(days(reminder, whom, first, hours), hours, at, touched(subject))
            if now.next is not None:
                coming.append(now.next)
            if now.due is None or (reminder.name, recipient_id, now.due) in before:
                continue
            may_be_asked = look.may_be_asked(recipient_id, hours)
            if may_be_asked > at:
                coming.append(may_be_asked)
            elif not knows_first(reminder, recipient_id, thing, sent, look.context, at):
                coming.append(_next_day(hours, at))
            else:
                new[reminder.name, recipient_id, now.due] = SentReminder(
                    about=subject.label,
                    name=reminder.name,
                    recipient_id=recipient_id,
                    day=now.due,
                    message="",
                    asked_at=at,
                )
    ends_at = thing.ends_at([*sent, *new.values()], look.context.teams[subject.channel_id].hours)
    return list(new.values()), _first(*coming, ends_at)


def _has_begun(name: str, thing: Remindable, look: Look) -> bool:
    """Whether the first of the days of this reminder has come for anybody, and its reason is there."""
    if not name:
        return False
    reminder = BY_NAME[name]
    for (whom, _), hours in recipients(reminder, thing, look.context).items():
        first = since(reminder, thing.subject, hours)
        day = None if first is None else next(days(reminder, whom, first, hours), None)
        if day is not None and moment(hours.zone, day, hours.starts) <= look.at:
            return True
    return False


def _turns_late(thing: Remindable, look: Look) -> datetime | None:
    """When the messages that show it have to say that it is late."""
    if thing.late_after is None:
        return None
    return moment(_last_zone(thing, look), thing.late_after + timedelta(days=1), time(0))


def _last_zone(thing: Remindable, look: Look) -> str:
    """Where its last day ends."""
    return look.context.hours(thing.keeper or "", thing.subject.channel_id).zone


def _next_day(hours: WorkingHours, at: datetime) -> datetime:
    return moment(hours.zone, add_working_days(hours, today(hours.zone, at), 1), hours.starts)


def _first(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _say_still(unsaid: Iterable[SentReminder], look: Look, work: UnitOfWork) -> list[datetime]:
    """Schedules what was asked and never said, to those who work now; returns when to look again."""
    moments: list[datetime] = []
    for row in unsaid:
        hours = look.hours(row)
        may_be_asked = look.may_be_asked(row.recipient_id, hours)
        if may_be_asked > look.at:
            moments.append(may_be_asked)
            continue
        moments.append(_next_day(hours, look.at))
        subject = look.things[row.about].subject
        work.jobs.schedule(reminder_jobs.reminder_job(row, subject, look.at, bulk=True))
    return moments


def _slots(due: Iterable[SentReminder], look: Look, work: ReadOnlyWork) -> Slots:
    days_of = {(row.recipient_id, look.today(row)) for row in due if row.recipient_id}
    keys = {
        of: [message_key.reminder(*of, number) for number in range(reminder_jobs.MAX_MESSAGES)]
        for of in days_of
    }
    every = [key for of in keys.values() for key in of]
    used = {*work.sent_messages.among(every)}
    # What was said and deleted since is not to be taken for what is still to be said.
    used |= {row.message for row in work.reminders.in_messages(every) if row.outcome == AGAIN}
    return {
        of: max((number for number, key in enumerate(keys[of], start=1) if key in used), default=0)
        for of in keys
    }


def _waiting(
    due: Iterable[SentReminder], slots: Slots, look: Look, work: ReadOnlyWork
) -> list[SentReminder]:
    """What is not said now, but in a later digest: its reader had today's, or one they left alone."""
    gathered = [row for row in due if row.recipient_id and look.wants_digest(row.recipient_id)]
    had = {row.recipient_id for row in gathered if slots[row.recipient_id, look.today(row)]}
    # What is due this very day, or is late for the first time, takes along all that waits, unless the
    # digest went before it.
    waits = {row.recipient_id for row in gathered} - {
        row.recipient_id for row in gathered if _is_for_today(row, look) or _is_first(row, look)
    }
    left_alone = _left_alone([row for row in gathered if row.recipient_id in waits - had], look, work)
    return [
        row for row in gathered if not _is_for_today(row, look) and row.recipient_id in had | left_alone
    ]


def _is_for_today(row: SentReminder, look: Look) -> bool:
    """Whether it is about this very day, for its reader."""
    return BY_NAME[row.name].today and row.day == look.today(row)


def _is_first(row: SentReminder, look: Look) -> bool:
    """Whether its owner hears for the first time of what others hear of only after them."""
    reminder, thing = BY_NAME[row.name], look.things[row.about]
    is_owner = row.recipient_id == thing.owner_to_ask(reminder, look.context)
    sent = look.sent[row.about]
    told = told_since(reminder, row.recipient_id, thing, sent, look.context)
    return reminder.owner_first and is_owner and not told


def _left_alone(rows: Iterable[SentReminder], look: Look, work: ReadOnlyWork) -> set[str]:
    """The readers of these who got a digest within the last working days, and did nothing about it."""
    days_before: dict[str, set[date]] = {}
    for row in rows:
        hours, day = look.hours(row), look.today(row)
        first = add_working_days(hours, day, 1 - DAYS_APART)
        span = (day - first).days
        days_before[row.recipient_id] = {first + timedelta(days=number) for number in range(span)}
    keys = {
        message_key.reminder(recipient_id, day, number)
        for recipient_id, before in days_before.items()
        for day in before
        for number in range(reminder_jobs.MAX_MESSAGES)
    }
    asked = work.reminders.in_messages(keys)
    # The keys of one reader's messages sort by day and number.
    newest: dict[str, str] = {}
    for row in reminder_jobs.said(asked, work):
        newest[row.recipient_id] = max(row.message, newest.get(row.recipient_id, ""))
    acted_on = {row.message for row in asked if row.outcome not in ("", *SUPERSEDED)}
    return {recipient_id for recipient_id, key in newest.items() if key not in acted_on}


def _in_messages(
    due: Sequence[SentReminder], slots: Slots, look: Look, work: ReadOnlyWork
) -> list[SentReminder]:
    """The rows with the key of their message: one for all that is due for a person, or in a thread."""
    newest, together = _newest(due, look), _together(due, look, work)
    rows: list[SentReminder] = []
    for row in due:
        day, case_number = look.today(row), case_of(look.things[row.about].subject)
        if row.recipient_id:
            number = min(slots[row.recipient_id, day], reminder_jobs.MAX_MESSAGES - 1)
            key = message_key.reminder(row.recipient_id, day, number)
        elif row in together:
            channel_id = look.things[row.about].subject.channel_id
            key = message_key.reminder_in_channel(channel_id, look.at.date())
        else:
            key = message_key.reminder_in_thread(case_number, newest.get(row.about, row.name), day)
        rows.append(row.model_copy(update={"message": key}))
    return rows


def _together(due: Iterable[SentReminder], look: Look, work: ReadOnlyWork) -> Collection[SentReminder]:
    """What is due in so many threads of one channel that the channel hears of it in one message."""
    in_channels: dict[str, list[SentReminder]] = defaultdict(list)
    for row in due:
        if not row.recipient_id:
            in_channels[look.things[row.about].subject.channel_id].append(row)
    together: list[SentReminder] = []
    for rows in in_channels.values():
        numbers = {case_of(look.things[row.about].subject) for row in rows}
        if len(numbers) > MAX_THREADS:
            # What was heard in a retro is told where it was heard.
            heard = {answer.case_number for answer in work.retros.answers(*numbers)}
            together += [
                row
                for row in rows
                if not (BY_NAME[row.name].stays and case_of(look.things[row.about].subject) in heard)
            ]
    return together


def _newest(due: Iterable[SentReminder], look: Look) -> Mapping[str, str]:
    """Which reminder a thread hears that hears only one, by the label of its thing."""
    in_threads = [
        row for row in due if not row.recipient_id and look.things[row.about].one_message_in_thread
    ]
    return {row.about: row.name for row in sorted(in_threads, key=lambda row: row.day)}


def _say(due: Sequence[SentReminder], slots: Slots, look: Look, work: UnitOfWork) -> None:
    """Keeps what is asked, and schedules the messages that say it, one for each reader."""
    messages: dict[str, list[SentReminder]] = defaultdict(list)
    for row in _in_messages(due, slots, look, work):
        messages[row.message].append(row)
    work.reminders.add([row for rows in messages.values() for row in rows])
    own = {
        key: look.things[rows[0].about].own_message(rows[0].recipient_id) or ""
        for key, rows in messages.items()
    }
    message_refs = work.sent_messages.among(set(own.values()))
    for key, rows in messages.items():
        first = rows[0]
        digest = bool(first.recipient_id) and look.wants_digest(first.recipient_id)
        older = _left_in_older(rows, look, work) if digest else []
        along = [row for row in older if not row.outcome]
        alone = len({row.about for row in (*rows, *along)}) == 1
        # It follows the thing's own message, where its story is.
        under = own[key] if alone and own[key] in message_refs else None
        subject = look.things[first.about].subject
        work.jobs.schedule(reminder_jobs.reminder_job(first, subject, look.at, under=under, bulk=True))
        for row in rows:
            _ask_again(row, look, work)
        _take_along(older, first, look, work)


def _left_in_older(new: Sequence[SentReminder], look: Look, work: ReadOnlyWork) -> list[SentReminder]:
    """What is in older messages to this reader that leave something unsolved, and is not asked anew."""
    first, about = new[0], {row.about for row in new}
    day = look.today(first)
    keys = {
        message_key.reminder(first.recipient_id, day - timedelta(days=before), number)
        for before in range(reminder_jobs.MAX_DAYS_CARRIED)
        for number in range(reminder_jobs.MAX_MESSAGES)
    }
    older = [
        row
        for row in work.reminders.in_messages(keys - {first.message})
        if row.outcome not in SUPERSEDED
    ]
    # What could not be said to them is in its thread, and stays there.
    unsolved = work.sent_messages.among({row.message for row in older if not row.outcome})
    return [row for row in older if row.message in unsolved and (row.outcome or row.about not in about)]


def _take_along(
    older: Sequence[SentReminder], first: SentReminder, look: Look, work: UnitOfWork
) -> None:
    """What older messages left unsolved is in the one of `first`, and those go with all that is over."""
    work.reminders.carry(
        [
            row.model_copy(update={"message": NO_MESSAGE if row.outcome else first.message})
            for row in older
        ]
    )
    subject = look.things[first.about].subject
    for row in {row.message: row for row in older}.values():
        work.jobs.schedule(reminder_jobs.reminder_job(row, subject, look.at, bulk=True))


def _ask_again(new: SentReminder, look: Look, work: UnitOfWork) -> None:
    """What was asked of the same reader before was not answered: only the newest stays."""
    old = [
        row
        for row in look.sent[new.about]
        if row.recipient_id == new.recipient_id and not row.outcome and row.message != new.message
        if row.name not in BY_NAME or not BY_NAME[row.name].stays
    ]
    said = reminder_jobs.said(old, work)
    reminder_jobs.resolve_rows(said, AGAIN, look.at, work)
    reminder_jobs.resolve_rows([row for row in old if row not in said], OVERTAKEN, look.at, work)
    reminder_jobs.say_anew(old, look.things[new.about].subject, look.at, work, bulk=True)
