"""What a reminder says when its time has come, and what becomes of it when somebody acts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from bot import retro_thread
from bot.domain import action_item as items
from bot.domain import message_key
from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.item_step import ItemStep
from bot.domain.job import Job
from bot.domain.notification_preferences import NotificationPreferences, hours_of
from bot.domain.person import Person
from bot.domain.recovery import Recovery, next_step, owner_of
from bot.domain.recovery import owners as owners_of
from bot.domain.reminder import Reminder, SentReminder, SubjectKind, Whom, parse_label, since
from bot.domain.retro import Answer, Retro
from bot.domain.team import Team
from bot.domain.working_hours import (
    WorkingHours,
    is_working,
    today,
    working_days_between,
)
from bot.jobs import action_item as action_item_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs.payload import JobPayload, Number
from bot.messages import reminder as messages
from bot.messages.parts import Message
from bot.messages.reminder import ReminderView
from bot.ports import UnitOfWork
from bot.prompts import PROMPTS, Prompt
from bot.reminders import BY_NAME, REMINDERS

AGAIN = "asked again"


UNANSWERED = ("retro_half_time", "retro_last_day")
"""Only for prompts that nobody has answered; asked of the channel, never of anybody."""


ANY_STEP = ("recovery_waits", "recovery_silent")
"""Over with any step that is taken."""


RANK = {reminder.name: rank for rank, reminder in enumerate(REMINDERS)}


Subject = ActionItem | Retro | Recovery


class ReminderContext(NamedTuple):
    """The teams, people and settings that reminders about some things depend on."""

    teams: Mapping[str, Team]
    people: Mapping[str, Person]
    preferences: Mapping[str, NotificationPreferences]

    def is_here(self, person_id: str | None) -> bool:
        """Whether somebody is there who could be asked; whoever was never met is taken for present."""
        if not person_id:
            return False
        person = self.people.get(person_id)
        return person is None or not (person.gone or person.bot)

    def hours(self, recipient_id: str, team: Team) -> WorkingHours:
        """When a reader works ("" is the thread: the team's hours)."""
        person = self.people.get(recipient_id)
        return hours_of(self.preferences.get(recipient_id), person.zone if person else None, team)

    def _recipient(self, reminder: Reminder, whom: Whom, subject: Subject) -> str | None:
        """Who that is now ("" for the thread); None when nobody is, or nothing is theirs to do."""
        team = self.teams[subject.channel_id]
        if whom == "thread":
            return ""
        owner = self._owner(reminder, subject, team)
        asker = subject.asked_by if isinstance(subject, ActionItem) else None
        person_id = {"owner": owner, "lead": team.lead, "asker": asker}[whom]
        if not self.is_here(person_id) or person_id is None:
            return None
        if isinstance(subject, ActionItem) and reminder.needs is not None:
            return person_id if items.may(subject, reminder.needs, person_id, team.lead) else None
        return person_id

    def _owner(self, reminder: Reminder, subject: Subject, team: Team) -> str | None:
        if not isinstance(subject, Recovery):
            return subject.owner if isinstance(subject, ActionItem) else None
        owner = step_owner(reminder, subject)
        # A customer is never left alone: whoever leads stands in for somebody who left.
        return owner if self.is_here(owner) else team.lead

    def applies(self, reminder: Reminder, subject: Subject) -> bool:
        """Whether it is about such a thing, and about an owner who has left only if they have."""
        if isinstance(subject, Retro):
            return reminder.about == "retro"
        if isinstance(subject, Recovery):
            return reminder.about == "recovery"
        if reminder.about != "item":
            return False
        left = subject.owner is not None and not self.is_here(subject.owner)
        if reminder.since == "left":
            return left
        return not left or subject.state == "done"

    def whose(self, reminder: Reminder, subject: Subject) -> Mapping[tuple[Whom, str], WorkingHours]:
        """Everybody it is for now, and when they work; the thread when nobody else is there for it."""
        recipients = {whom: self._recipient(reminder, whom, subject) for whom in reminder.whom}
        if reminder.or_thread and all(recipient_id is None for recipient_id in recipients.values()):
            recipients = dict.fromkeys(reminder.whom, "")
        team = self.teams[subject.channel_id]
        return {
            (whom, recipient_id): self.hours(recipient_id, team)
            for whom, recipient_id in recipients.items()
            if recipient_id is not None
        }


def step_owner(reminder: Reminder, recovery: Recovery) -> str | None:
    """Whose the step is that a reminder is about."""
    step = reminder.recovers or next_step(recovery)
    return owner_of(recovery, step) if step else recovery.contact


def known(subjects: Iterable[Subject], work: UnitOfWork) -> ReminderContext:
    """All that must be known about these things, read at once."""
    subjects = tuple(subjects)
    teams: dict[str, Team] = {}
    for channel_id in sorted({subject.channel_id for subject in subjects}):
        teams[channel_id] = work.teams.get(channel_id) or Team(channel_id=channel_id, name=channel_id)
    persons = {team.lead for team in teams.values()}
    for subject in subjects:
        if isinstance(subject, ActionItem):
            persons |= {subject.owner, subject.asked_by}
        elif isinstance(subject, Recovery):
            persons |= owners_of(subject)
    named = {person_id for person_id in persons if person_id}
    return ReminderContext(teams, work.people.among(named), work.preferences.among(named))


def reminder_job(sent: SentReminder, subject: Subject, at: datetime, *, under: str | None = None) -> Job:
    """The job that says the message a reminder is in, and edits it from then on."""
    kind, number = parse_label(sent.about)
    if sent.recipient_id:
        return Tell(kind=kind, number=number).job(
            sent.recipient_id, sent.message, at, direct=True, thread=under
        )
    thread = message_key.retro(subject.case_number)
    return TellThread(kind=kind, number=number).job(subject.channel_id, sent.message, at, thread=thread)


def resolve(subject: Subject, outcome: str, at: datetime, work: UnitOfWork) -> None:
    """Somebody acted on it: every open reminder of it has its outcome, and its message says so."""
    opened = [sent for sent in work.reminders.of([subject.label]) if not sent.outcome]
    changed = [one.model_copy(update={"outcome": outcome, "outcome_at": at}) for one in opened]
    work.reminders.resolve(changed)
    say_anew(changed, subject, at, work)


def resolve_over(recovery: Recovery, outcome: str, at: datetime, work: UnitOfWork) -> None:
    """A step was taken for a customer: reminders without a reason are over, the others stay."""
    facts = known([recovery], work)
    opened = [sent for sent in work.reminders.of([recovery.label]) if not sent.outcome]
    over = [
        one.model_copy(update={"outcome": outcome, "outcome_at": at})
        for one in opened
        if one.name in ANY_STEP or not _holds(one, recovery, facts)
    ]
    work.reminders.resolve(over)
    say_anew(opened, recovery, at, work)


def say_anew(
    sent_reminders: Sequence[SentReminder],
    subject: Subject,
    at: datetime,
    work: UnitOfWork,
    *,
    traceless: bool = False,
) -> None:
    """Brings the messages of these reminders up to date."""
    for sent in {sent.message: sent for sent in sent_reminders}.values():
        job = reminder_job(sent, subject, at)
        work.jobs.schedule(job.model_copy(update={"traceless": traceless}))


def refresh(retro: Retro, at: datetime, work: UnitOfWork, *, traceless: bool) -> None:
    """Brings open reminders about a retro up to date, after an answer."""
    opened = [sent for sent in work.reminders.of([retro.label]) if not sent.outcome]
    say_anew(opened, retro, at, work, traceless=traceless)


class Tell(JobPayload):
    """What is due for one person, in one message; nothing when no reason is left before it was said."""

    name = "reminder.tell"
    what = "a reminder about {kind}-{number}"
    about = "{kind}-{number}"

    kind: SubjectKind
    number: Number

    def text(self, job: Job, work: UnitOfWork) -> Message | None:
        """All that the message with this key reminds of, the most urgent first."""
        views = views_in(job.key, job.now, work)
        return messages.told(views) if views else None

    def on_failure(self, job: Job, reason: str, work: UnitOfWork) -> Sequence[Job]:
        """Each thing is said elsewhere."""
        return pass_on(job, reason, work)


class TellThread(JobPayload):
    """What is due, in a retro's thread, to whoever reads it."""

    name = "reminder.tell_thread"
    what = "a reminder about {kind}-{number}"
    about = "{kind}-{number}"

    kind: SubjectKind
    number: Number

    def text(self, job: Job, work: UnitOfWork) -> Message | None:
        """The same as to a person; of a retro, what it heard or what it has no answer to."""
        views = views_in(job.key, job.now, work)
        if not views:
            return None
        first = views[0]
        if not isinstance(first.subject, Retro):
            return messages.told(views)
        answers = work.retros.answers(first.subject.case_number)
        if first.reminder.name == "retro_answers_closed":
            return messages.answers_closed(first, first.subject, answers)
        if first.reminder.name in UNANSWERED:
            left = unanswered(answers)
            if not left and work.sent_messages.get(job.key) is None:
                return None
            return messages.unanswered(first, first.subject, left)
        return messages.told(views)


class TellInstead(JobPayload):
    """One thing of the message with `message_key`, in the thread: its reader could not get it."""

    name = "reminder.tell_instead"
    what = "a reminder about {kind}-{number}"
    about = "{kind}-{number}"
    detail = "{message_key}"

    kind: SubjectKind
    number: Number
    message_key: str

    def text(self, job: Job, work: UnitOfWork) -> Message | None:
        """What the message would have said of it."""
        views = views_in(self.message_key, job.now, work)
        mine = [view for view in views if view.sent.about == self.label]
        return messages.told(mine) if mine else None


def instead(job: Job, view: ReminderView) -> Job:
    """What is said in the thread because it could not be said to its reader."""
    subject = view.subject
    kind, number = parse_label(subject.label)
    return TellInstead(kind=kind, number=number, message_key=job.key).job(
        subject.channel_id,
        message_key.reminder_instead(job.key, subject.label),
        job.now,
        thread=message_key.retro(subject.case_number),
    )


def unanswered(answers: Iterable[Answer]) -> tuple[Prompt, ...]:
    """The prompts that nobody has answered."""
    heard = {answer.prompt for answer in answers}
    return tuple(prompt for prompt in PROMPTS if prompt.question and prompt.key not in heard)


def views_in(key: str, at: datetime, work: UnitOfWork) -> list[ReminderView]:
    """What one message reminds of, for the strongest reason each; what is over only once it was said."""
    sent_reminders = work.reminders.in_message(key)
    subjects = _subjects({sent.about for sent in sent_reminders}, work)
    cases = work.retros.with_cases({subject.case_number for subject in subjects.values()})
    facts = known(subjects.values(), work)
    links = retro_thread.links_of(set(cases), work)
    earlier = work.reminders.of(subjects)
    was_said = work.sent_messages.among({sent.message for sent in earlier})
    views: list[ReminderView] = []
    for about, subject in subjects.items():
        rows = sorted((sent for sent in sent_reminders if sent.about == about), key=_weight)
        open_rows = [sent for sent in rows if _holds(sent, subject, facts)]
        sent = (open_rows or rows)[0]
        others = [
            other.day
            for other in earlier
            if other.about == about and other.message in was_said and other.message != key
            if isinstance(subject, ActionItem)
            and other.recipient_id == subject.owner != sent.recipient_id
            if subject.state != "done"  # the owner did what they were asked
        ]
        case = cases[subject.case_number][1]
        views.append(
            _due(
                sent,
                subject,
                case,
                links.get(subject.case_number),
                facts,
                tuple(others),
                bool(open_rows),
            )
        )
    if key not in was_said:
        views = [due for due in views if due.holds]
        if not any(is_working(hours, at) for hours in _hours(views, facts)):
            # It waited until after their day, for a platform that was down; the agenda comes back to it.
            return []
    # The most urgent first: a message has room for only so many.
    return sorted(views, key=lambda due: (RANK[due.reminder.name], -due.late))


def _weight(sent: SentReminder) -> tuple[int, int]:
    """The strongest first: the table's order; of a retro's own, what the newest day brought."""
    reminder = BY_NAME[sent.name]
    return (-sent.day.toordinal() if reminder.about == "retro" else 0, RANK[sent.name])


def _hours(dues: Iterable[ReminderView], facts: ReminderContext) -> Iterator[WorkingHours]:
    for due in dues:
        yield facts.hours(due.sent.recipient_id, facts.teams[due.subject.channel_id])


def _subjects(abouts: Iterable[str], work: UnitOfWork) -> Mapping[str, Subject]:
    """The things by their labels, in the order of their numbers; those that are gone are left out."""
    numbers: dict[SubjectKind, set[int]] = {"AI": set(), "C": set(), "R": set()}
    for about in abouts:
        kind, number = parse_label(about)
        numbers[kind].add(number)
    subjects: dict[str, Subject] = {}
    for number, item in sorted(work.action_items.among(numbers["AI"]).items()):
        subjects[f"AI-{number}"] = item
    for number, (retro, _) in sorted(work.retros.with_cases(numbers["C"]).items()):
        subjects[f"C-{number}"] = retro
    for number, recovery in sorted(work.recoveries.among(numbers["R"]).items()):
        subjects[f"R-{number}"] = recovery
    return subjects


def _holds(sent: SentReminder, subject: Subject, facts: ReminderContext) -> bool:
    """Whether there is still a reason to ask this of this reader."""
    reminder = BY_NAME.get(sent.name)
    if sent.outcome or reminder is None or not facts.applies(reminder, subject):
        return False
    return any(
        recipient_id == sent.recipient_id and since(reminder, subject, hours) is not None
        for (_, recipient_id), hours in facts.whose(reminder, subject).items()
    )


def _due(
    sent: SentReminder,
    subject: Subject,
    case: Case,
    link: str | None,
    facts: ReminderContext,
    before: tuple[date, ...],
    holds: bool,
) -> ReminderView:
    reminder = BY_NAME[sent.name]
    team = facts.teams[subject.channel_id]
    hours = facts.hours(sent.recipient_id, team)
    day = since(reminder, subject, hours)
    whose = subject.owner if isinstance(subject, ActionItem) else None
    if isinstance(subject, Recovery):
        whose = step_owner(reminder, subject)
    owner = facts.people.get(whose or "")
    steps: tuple[ItemStep, ...] = ()
    or_later = False
    if isinstance(subject, ActionItem):
        # In the thread everybody sees the buttons; who may press them is said when they do.
        steps = tuple(
            step
            for step in reminder.steps
            if step in items.steps(subject)
            and (not sent.recipient_id or items.may(subject, step, sent.recipient_id, team.lead))
        )
        theirs = sent.recipient_id in ("", subject.owner)
        or_later = reminder.or_later and theirs and items.can_wait(subject)
    return ReminderView(
        sent=sent,
        reminder=reminder,
        subject=subject,
        case_ref=case.ref,
        what=subject.what if isinstance(subject, ActionItem) else case.what_happened,
        link=link,
        owner=owner.name if owner else "its owner",
        day=day,
        # Not until the day it fell due: that may have been slept through.
        late=working_days_between(hours, day, today(hours.zone, sent.asked_at)) if day else 0,
        steps=steps,
        or_later=or_later,
        before=before,
        holds=holds and day is not None,
    )


def pass_on(job: Job, reason: str, work: UnitOfWork) -> list[Job]:
    """A reminder cannot be said to somebody directly: the same for each thing that is theirs to do."""
    jobs = _pass_on_items(job, reason, work)
    about = sorted({sent.about for sent in work.reminders.in_message(job.key)})
    for kind, case_number in map(parse_label, about):
        if kind == "R":
            jobs += recovery_jobs.go_public(case_number, job.channel_id, reason, job.now, work)
    return jobs


def _pass_on_items(job: Job, reason: str, work: UnitOfWork) -> list[Job]:
    """A reminder cannot be said to somebody directly.

    For each of its items that is theirs it is as when its owner cannot be told of it; what they hear
    of as the lead, or because they asked for it, goes to the retro's thread.
    """
    jobs: list[Job] = []
    for view in views_in(job.key, job.now, work):
        subject, person_id = view.subject, job.channel_id
        if isinstance(subject, ActionItem) and subject.owner == person_id:
            jobs += action_item_jobs.go_public(subject.number, person_id, reason, job.now, work)
        elif not isinstance(subject, Recovery):  # `pass_on` does those itself
            jobs.append(instead(job, view))
    return jobs
