"""What a reminder says when its time has come, and what becomes of it when somebody acts."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from bot import retro_thread
from bot.domain import message_key
from bot.domain.case import Case
from bot.domain.job import Job
from bot.domain.owner_day import owner_day
from bot.domain.proposal import Proposal
from bot.domain.recovery import Recovery
from bot.domain.reminder import (
    AGAIN,
    KINDS,
    NO_MESSAGE,
    SUPERSEDED,
    SentReminder,
    Subject,
    SubjectKind,
    case_of,
    parse_label,
    since,
)
from bot.domain.retro import Retro
from bot.domain.working_hours import is_working, today
from bot.jobs.edit_said import edit_said
from bot.jobs.payload import JobPayload, Number
from bot.jobs.remindable import Remindable, ReminderContext, context_of, recipients, remindable
from bot.messages import reminder as messages
from bot.messages.parts import Message
from bot.messages.reminder import ReminderView
from bot.ports import DeliveryError, ReadOnlyWork, UnitOfWork
from bot.reminders import BY_NAME, REMINDERS

ANY_STEP = ("recovery_waits", "recovery_silent")
"""Over with any step that is taken."""
MAX_MESSAGES = 5
"""Messages of reminders to one person on one day; what comes up after that joins the last of them."""
MAX_DAYS_CARRIED = 31
"""Days back from a digest in which another one is looked for: what is older stays where it was said."""
RANK = {reminder.name: rank for rank, reminder in enumerate(REMINDERS)}


class ReminderPayload(JobPayload):
    """What a message reminds of: `kind` and `number` are of its first thing, its key says the others."""

    what = "a reminder about {kind}-{number}"
    about = "{kind}-{number}"

    kind: SubjectKind
    number: Number


class Tell(ReminderPayload):
    """What is due for one person, in one message; nothing when no reason is left before it was said.

    What has been asked again meanwhile leaves it, and takes the message along when nothing stays.
    """

    name = "reminder.tell"

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """All that the message reminds of, the most urgent first."""
        if _is_superseded(job.key, work):
            return messages.superseded()
        views = views_in(job.key, job.now, work)
        return messages.reminder_message(views) if views else None

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """For each thing, what that has instead, or else the same in its thread."""
        return jobs_instead(job, reason, work)


class TellThread(ReminderPayload):
    """What is due, in a retro's thread, to whoever reads it; of many retros in one message for all."""

    name = "reminder.tell_thread"

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """As the kind of thing has it."""
        if _is_superseded(job.key, work):
            return messages.superseded()
        views = views_in(job.key, job.now, work)
        if views and job.thread is None:
            return messages.reminder_message(views)
        return remindable(views[0].subject).thread_text(views, job.key, work) if views else None


class TellInstead(ReminderPayload):
    """One thing of the message with `message_key`, in the thread: its reader could not get it."""

    name = "reminder.tell_instead"
    detail = "{message_key}"

    message_key: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """What the message would have said of it, as long as there is a reason to."""
        views = views_in(self.message_key, job.now, work)
        mine = [view for view in views if view.sent.about == self.label]
        return messages.reminder_message(mine, in_its_thread=True) if mine else messages.superseded()


def reminder_job(
    sent: SentReminder, subject: Subject, at: datetime, *, under: str | None = None, bulk: bool = False
) -> Job:
    """The job that says the message a reminder is in, and edits it from then on.

    `bulk`: the clock owes it, so it waits behind what people do.
    """
    kind, number = parse_label(sent.about)
    if sent.recipient_id:
        return Tell(kind=kind, number=number).job(
            sent.recipient_id, sent.message, at, direct=True, thread=under, bulk=bulk
        )
    together = message_key.reminder_in_channel(subject.channel_id, sent.asked_at.date())
    thread = None if sent.message == together else message_key.retro(case_of(subject))
    return TellThread(kind=kind, number=number).job(
        subject.channel_id, sent.message, at, thread=thread, bulk=bulk
    )


def resolve(subject: Subject, outcome: str, at: datetime, work: UnitOfWork) -> None:
    """Somebody acted on it: every open reminder of it has its outcome, and its message says so."""
    rows = _open_rows(subject, work)
    resolve_rows(rows, outcome, at, work)
    say_anew(rows, subject, at, work)


def resolve_over(recovery: Recovery, outcome: str, at: datetime, work: UnitOfWork) -> None:
    """A step was taken for a customer: reminders without a reason are over, the others stay."""
    thing = remindable(recovery)
    context = context_of([thing], work)
    rows = _open_rows(recovery, work)
    over = [row for row in rows if row.name in ANY_STEP or not _holds(row, thing, context)]
    resolve_rows(over, outcome, at, work)
    say_anew(rows, recovery, at, work)


def resolve_rows(rows: Sequence[SentReminder], outcome: str, at: datetime, work: UnitOfWork) -> None:
    """Keeps what these reminders came to."""
    work.reminders.resolve(
        [row.model_copy(update={"outcome": outcome, "outcome_at": at}) for row in rows]
    )


def say_anew(
    rows: Sequence[SentReminder],
    subject: Subject,
    at: datetime,
    work: UnitOfWork,
    *,
    traceless: bool = False,
    bulk: bool = False,
) -> None:
    """Brings the messages of these reminders up to date; `bulk`: it was nobody who changed them."""
    for row in {row.message: row for row in rows}.values():
        job = reminder_job(row, subject, at, bulk=bulk)
        work.jobs.schedule(job.model_copy(update={"traceless": traceless}))
    edit_said((instead_job(row.message, subject, at) for row in rows if row.recipient_id), work)


def refresh(subject: Subject, at: datetime, work: UnitOfWork, *, traceless: bool = False) -> None:
    """Brings open reminders about it up to date, after an answer or an edit."""
    say_anew(_open_rows(subject, work), subject, at, work, traceless=traceless)


def quote_anew(retro: Retro, at: datetime, work: UnitOfWork, *, traceless: bool = False) -> None:
    """Brings every message of reminders about a retro up to date that was said: it may quote answers."""
    rows = work.reminders.of([retro.label])
    was_said = work.sent_messages.among({row.message for row in rows})
    rows = [row for row in rows if not row.outcome or row.message in was_said]
    say_anew(rows, retro, at, work, traceless=traceless)


def _open_rows(subject: Subject, work: ReadOnlyWork) -> list[SentReminder]:
    return [row for row in work.reminders.of([subject.label]) if not row.outcome]


def said(rows: Sequence[SentReminder], work: ReadOnlyWork) -> list[SentReminder]:
    """Those that their readers got, whether or not the message is still there."""
    message_refs = work.sent_messages.among({row.message for row in rows})
    return [row for row in rows if row.message in (*message_refs, NO_MESSAGE) or row.outcome == AGAIN]


def _is_superseded(key: str, work: ReadOnlyWork) -> bool:
    """Whether everything that this message reminded of was asked again since, or is in a newer one."""
    return all(row.outcome in SUPERSEDED for row in work.reminders.in_message(key))


def views_in(key: str, at: datetime, work: ReadOnlyWork) -> list[ReminderView]:
    """What one message reminds of, for the strongest reason each; what is over only once it was said."""
    rows = [row for row in work.reminders.in_message(key) if row.outcome not in SUPERSEDED]
    context, views = _views(rows, work)
    if work.sent_messages.get(key) is None:
        views = [view for view in views if view.holds]
        readers = {(view.sent.recipient_id, view.subject.channel_id) for view in views}
        if not any(is_working(context.hours(*reader), at) for reader in readers):
            # It waited until after their day, for a platform that was down: the scheduler comes back.
            return []
    return views


def views_now(key: str, newer: Collection[str], at: datetime, work: ReadOnlyWork) -> list[ReminderView]:
    """What of a message waits at this moment, or else what waits in the `newer` ones of its reader.

    A newer one takes along what an older one left unsolved, and then the older one has nothing.
    """
    return _waiting_in([key], at, work) or _waiting_in(newer, at, work)


def newer_keys(day: date, at: datetime, key_of: Callable[[date, int], str], a_day: int = 1) -> list[str]:
    """The keys that messages from that day on may have, with as many `a_day`."""
    # Somewhere it is tomorrow already.
    newest = at.date() + timedelta(days=1)
    days = (newest - timedelta(days=number) for number in range(MAX_DAYS_CARRIED))
    return [key_of(one, number) for one in days if one >= day for number in range(a_day)]


def _waiting_in(keys: Collection[str], at: datetime, work: ReadOnlyWork) -> list[ReminderView]:
    """What messages remind of that still waits, as it stands at this moment."""
    rows = [row for row in work.reminders.in_messages(keys) if not row.outcome]
    context, views = _views(rows, work)
    return [view._replace(read_on=_day_for(view.subject, context, at)) for view in views if view.holds]


def _day_for(subject: Subject, context: ReminderContext, at: datetime) -> date:
    """The day for whoever has to do it; of a retro the team's."""
    zone = context.teams[subject.channel_id].zone
    if isinstance(subject, Retro | Proposal):
        return today(zone, at)
    return owner_day(subject, context.people, zone, at)


def _views(
    rows: Sequence[SentReminder], work: ReadOnlyWork
) -> tuple[ReminderContext, list[ReminderView]]:
    """What these remind of, one of each thing, the most urgent first."""
    for row in rows:
        if row.name not in BY_NAME:
            raise DeliveryError(f"{row.name} is a newer version's: this one waits for it.", outage=True)
    things = _things({row.about for row in rows}, work)
    cases = work.retros.with_cases({case_of(thing.subject) for thing in things.values()} - {0})
    context = context_of(things.values(), work)
    links = retro_thread.links_of(set(cases), work)
    shown = _proposals_shown(things, work)
    earlier = said(work.reminders.of(things), work)
    views: list[ReminderView] = []
    for label, thing in things.items():
        mine = sorted((row for row in rows if row.about == label), key=_weight)
        holding = [row for row in mine if _holds(row, thing, context)]
        row = (holding or mine)[0]
        others = [one for one in earlier if one.about == label and one.message != row.message]
        number = case_of(thing.subject)
        views.append(
            _view(
                row,
                thing,
                context,
                case=cases[number][1] if number in cases else None,
                link=links.get(number) or shown.get(label),
                before=thing.asked_before(row.recipient_id, others, context),
                holds=bool(holding),
            )
        )
    # The most urgent first: a message has room for only so many.
    return context, sorted(views, key=lambda view: (RANK[view.reminder.name], view.day or date.max))


def _proposals_shown(things: Mapping[str, Remindable], work: ReadOnlyWork) -> Mapping[str, str]:
    """Where proposals are shown, by their labels."""
    found = (thing.subject for thing in things.values())
    keys = {one.label: message_key.proposal(one.number) for one in found if isinstance(one, Proposal)}
    said = work.sent_messages.among(set(keys.values()))
    return {label: said[key].link or "" for label, key in keys.items() if key in said}


def _weight(row: SentReminder) -> tuple[int, int]:
    """The strongest first: the table's order; of a retro's own, what the newest day brought."""
    reminder = BY_NAME[row.name]
    return (-row.day.toordinal() if reminder.about == "retro" else 0, RANK[row.name])


def _things(labels: Collection[str], work: ReadOnlyWork) -> Mapping[str, Remindable]:
    """The things by their labels, in the order of their numbers; those that are gone are left out."""
    numbers: dict[SubjectKind, set[int]] = {kind: set() for kind in KINDS}
    for kind, number in map(parse_label, labels):
        numbers[kind].add(number)
    retros = work.retros.with_cases(numbers["C"])
    subjects: list[Subject] = [
        *(item for _, item in sorted(work.action_items.among(numbers["AI"]).items())),
        *(retro for _, (retro, _) in sorted(retros.items())),
        *(recovery for _, recovery in sorted(work.recoveries.among(numbers["R"]).items())),
        *(proposal for _, proposal in sorted(work.proposals.among(numbers["P"]).items())),
    ]
    return {subject.label: remindable(subject) for subject in subjects}


def _holds(row: SentReminder, thing: Remindable, context: ReminderContext) -> bool:
    """Whether there is still a reason to ask this of this reader."""
    reminder = BY_NAME.get(row.name)
    if row.outcome or reminder is None or not thing.applies(reminder, context):
        return False
    return any(
        recipient_id == row.recipient_id and since(reminder, thing.subject, hours) is not None
        for (_, recipient_id), hours in recipients(reminder, thing, context).items()
    )


def _view(
    row: SentReminder,
    thing: Remindable,
    context: ReminderContext,
    *,
    case: Case | None,
    link: str | None,
    before: tuple[date, ...],
    holds: bool,
) -> ReminderView:
    """The row as its reader sees it; the named arguments come from other tables."""
    reminder, subject = BY_NAME[row.name], thing.subject
    hours = context.hours(row.recipient_id, subject.channel_id)
    day = since(reminder, subject, hours)
    owner = context.people.get(thing.owner(reminder) or "")
    return ReminderView(
        sent=row,
        reminder=reminder,
        subject=subject,
        case_ref=case.ref if case else None,
        what=thing.what(case),
        link=link,
        owner=owner.name if owner else "its owner",
        day=day,
        steps=thing.buttons(reminder, row.recipient_id, context),
        or_later=thing.or_later(reminder, row.recipient_id),
        before=before,
        holds=holds and day is not None,
        fixes=thing.fixes(context),
    )


def jobs_instead(job: Job, reason: str, work: ReadOnlyWork) -> list[Job]:
    """A reminder cannot be said to somebody directly: what is owed instead, thing by thing."""
    due = {view.sent.about: view for view in views_in(job.key, job.now, work)}
    labels = {row.about for row in work.reminders.in_message(job.key)}
    things = _things(labels, work)
    jobs: list[Job] = []
    for label in (*due, *sorted(set(things) - set(due))):
        own = things[label].jobs_instead(job.channel_id, reason, job.now, work, is_due=label in due)
        jobs += [instead_job(job.key, things[label].subject, job.now)] if own is None else own
    return jobs


def instead_job(key: str, subject: Subject, at: datetime) -> Job:
    """What is said in the thread of one thing, because the message with this key had no reader."""
    kind, number = parse_label(subject.label)
    return TellInstead(kind=kind, number=number, message_key=key).job(
        subject.channel_id,
        message_key.reminder_instead(key, subject.label),
        at,
        thread=message_key.retro(case_of(subject)),
        bulk=True,
    )
