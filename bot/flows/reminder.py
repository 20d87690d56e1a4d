"""What a reminder says when its time has come, and what becomes of it when somebody acts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from bot.domain import action_item as items
from bot.domain.action_item import ActionItem, ItemStep
from bot.domain.job import Job
from bot.domain.reader import Reader, hours_of
from bot.domain.recovery import Recovery, next_step, owner_of
from bot.domain.recovery import owners as owners_of
from bot.domain.reminder import Asked, Reminder, Whom, since
from bot.domain.retro import Answer, Retro
from bot.domain.team import Team
from bot.domain.working_hours import WorkingHours, is_working, today, working_days_between
from bot.flows import thread
from bot.messages import reminder as messages
from bot.messages.parts import Message
from bot.messages.reminder import Due
from bot.ports import UnitOfWork
from bot.prompts import PROMPTS, Prompt
from bot.reminders import BY_NAME, REMINDERS
from bot.request import Person, Request

AGAIN = "asked again"
UNANSWERED = ("retro_half_time", "retro_last_day")
"""Only for prompts that nobody has answered; asked of the place, never of anybody."""
ANY_STEP = ("recovery_waits", "recovery_silent")
"""Over with any step that is taken."""
RANK = {reminder.name: rank for rank, reminder in enumerate(REMINDERS)}

Subject = ActionItem | Retro | Recovery


class Known(NamedTuple):
    """The teams, people and settings that reminders about some things depend on."""

    teams: Mapping[str, Team]
    people: Mapping[str, Person]
    readers: Mapping[str, Reader]

    def is_here(self, person: str | None) -> bool:
        """Whether somebody is there who could be asked; whoever was never met is taken for present."""
        if not person:
            return False
        known = self.people.get(person)
        return known is None or not (known.gone or known.bot)

    def hours(self, reader: str, team: Team) -> WorkingHours:
        """When a reader works ("" is the thread: the team's hours)."""
        person = self.people.get(reader)
        return hours_of(self.readers.get(reader), person.zone if person else None, team)

    def _reader(self, reminder: Reminder, whom: Whom, subject: Subject) -> str | None:
        """Who that is now ("" for the thread); None when nobody is, or nothing is theirs to do."""
        team = self.teams[subject.place]
        if whom == "thread":
            return ""
        owner = self._owner(reminder, subject, team)
        asker = subject.asked_by if isinstance(subject, ActionItem) else None
        person = {"owner": owner, "lead": team.lead, "asker": asker}[whom]
        if not self.is_here(person) or person is None:
            return None
        if isinstance(subject, ActionItem) and reminder.needs is not None:
            return person if items.may(subject, reminder.needs, person, team.lead) else None
        return person

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
        readers = {whom: self._reader(reminder, whom, subject) for whom in reminder.whom}
        if reminder.or_thread and all(reader is None for reader in readers.values()):
            readers = dict.fromkeys(reminder.whom, "")
        team = self.teams[subject.place]
        return {
            (whom, reader): self.hours(reader, team)
            for whom, reader in readers.items()
            if reader is not None
        }


def step_owner(reminder: Reminder, recovery: Recovery) -> str | None:
    """Whose the step is that a reminder is about."""
    step = reminder.recovers or next_step(recovery)
    return owner_of(recovery, step) if step else recovery.contact


def known(subjects: Iterable[Subject], work: UnitOfWork) -> Known:
    """All that must be known about these things, read at once."""
    subjects = tuple(subjects)
    teams: dict[str, Team] = {}
    for place in sorted({subject.place for subject in subjects}):
        teams[place] = work.teams.get(place) or Team(place=place, name=place)
    persons = {team.lead for team in teams.values()}
    for subject in subjects:
        if isinstance(subject, ActionItem):
            persons |= {subject.owner, subject.asked_by}
        elif isinstance(subject, Recovery):
            persons |= owners_of(subject)
    named = {person for person in persons if person}
    return Known(teams, work.people.among(named), work.readers.among(named))


def keeper(asked: Asked, subject: Subject, at: datetime, *, under: str | None = None) -> Job:
    """The job that says the message a reminder is in, and edits it from then on."""
    if asked.reader:
        return Job(
            name="reminder.tell",
            about=asked.about,
            place=asked.reader,
            key=asked.message,
            direct=True,
            thread=under,
            due_at=at,
        )
    return Job(
        name="reminder.tell_thread",
        about=asked.about,
        place=subject.place,
        key=asked.message,
        thread=thread.key(subject.case),
        due_at=at,
    )


def settle(subject: Subject, outcome: str, request: Request, work: UnitOfWork) -> None:
    """Somebody acted on it: every open reminder of it has its outcome, and its message says so."""
    opened = [asked for asked in work.reminders.of([subject.label]) if not asked.outcome]
    changed = [one.model_copy(update={"outcome": outcome, "outcome_at": request.at}) for one in opened]
    work.reminders.settle(changed)
    say_anew(changed, subject, request.at, work)


def settle_over(recovery: Recovery, outcome: str, at: datetime, work: UnitOfWork) -> None:
    """A step was taken for a customer: reminders without a reason are over, the others stay."""
    facts = known([recovery], work)
    opened = [asked for asked in work.reminders.of([recovery.label]) if not asked.outcome]
    over = [
        one.model_copy(update={"outcome": outcome, "outcome_at": at})
        for one in opened
        if one.name in ANY_STEP or not _holds(one, recovery, facts)
    ]
    work.reminders.settle(over)
    say_anew(opened, recovery, at, work)


def say_anew(
    asked: Sequence[Asked], subject: Subject, at: datetime, work: UnitOfWork, *, traceless: bool = False
) -> None:
    """Brings the messages of these reminders up to date."""
    for one in {one.message: one for one in asked}.values():
        job = keeper(one, subject, at)
        work.jobs.schedule(job.model_copy(update={"traceless": traceless}))


def refresh(retro: Retro, request: Request, work: UnitOfWork) -> None:
    """Brings open reminders about a retro up to date, after an answer."""
    opened = [asked for asked in work.reminders.of([retro.label]) if not asked.outcome]
    say_anew(opened, retro, request.at, work, traceless=request.unnamed)


def tell(job: Job, work: UnitOfWork) -> Message | None:
    """What is due for one person, in one message; nothing when no reason is left before it was said."""
    found = dues(job, work)
    return messages.told(found) if found else None


def tell_thread(job: Job, work: UnitOfWork) -> Message | None:
    """The same in a retro's thread, to whoever reads it."""
    found = dues(job, work)
    if not found:
        return None
    first = found[0]
    if not isinstance(first.subject, Retro):
        return messages.told(found)
    answers = work.retros.answers(first.subject.case)
    if first.reminder.name == "retro_answers_closed":
        return messages.answers_closed(first, first.subject, answers)
    if first.reminder.name in UNANSWERED:
        left = unanswered(answers)
        if not left and work.said.get(job.key) is None:
            return None
        return messages.unanswered(first, first.subject, left)
    return messages.told(found)


def instead(job: Job, due: Due) -> Job:
    """What is said in the thread because it could not be said to its reader."""
    return Job(
        name="reminder.tell_instead",
        about=due.subject.label,
        place=due.subject.place,
        key=f"{job.key}:{due.subject.label}",
        thread=thread.key(due.subject.case),
        due_at=job.at or job.due_at,
        detail=job.key,
    )


def tell_instead(job: Job, work: UnitOfWork) -> Message | None:
    """One thing of a message that its reader could not get; its key is the job's detail."""
    found = dues(job.model_copy(update={"key": job.detail}), work)
    mine = [due for due in found if due.subject.label == job.about]
    return messages.told(mine) if mine else None


def unanswered(answers: Iterable[Answer]) -> tuple[Prompt, ...]:
    """The prompts that nobody has answered."""
    heard = {answer.prompt for answer in answers}
    return tuple(prompt for prompt in PROMPTS if prompt.question and prompt.key not in heard)


def dues(job: Job, work: UnitOfWork) -> list[Due]:
    """What one message reminds of, for the strongest reason each; what is over only once it was said."""
    asked = work.reminders.in_message(job.key)
    subjects = _subjects({one.about for one in asked}, work)
    cases = work.retros.with_cases({subject.case for subject in subjects.values()})
    facts = known(subjects.values(), work)
    links = thread.links_of(set(cases), work)
    earlier = work.reminders.of(subjects)
    was_said = work.said.among({one.message for one in earlier})
    told: list[Due] = []
    for about, subject in subjects.items():
        rows = sorted((one for one in asked if one.about == about), key=_weight)
        open_rows = [one for one in rows if _holds(one, subject, facts)]
        one = (open_rows or rows)[0]
        others = [
            other.day
            for other in earlier
            if other.about == about and other.message in was_said and other.message != job.key
            if isinstance(subject, ActionItem) and other.reader == subject.owner != one.reader
            if subject.state != "done"  # the owner did what they were asked
        ]
        case = cases[subject.case][1]
        what = subject.what if isinstance(subject, ActionItem) else case.what_happened
        told.append(
            _due(one, subject, what, links.get(subject.case), facts, tuple(others), bool(open_rows))
        )
    if job.key not in was_said:
        told = [due for due in told if due.holds]
        at = job.at or job.due_at
        if not any(is_working(hours, at) for hours in _hours(told, facts)):
            # It waited until after their day, for a platform that was down; the agenda comes back to it.
            return []
    # The most urgent first: a message has room for only so many.
    return sorted(told, key=lambda due: (RANK[due.reminder.name], -due.late))


def _weight(asked: Asked) -> tuple[int, int]:
    """The strongest first: the table's order; of a retro's own, what the newest day brought."""
    reminder = BY_NAME[asked.name]
    return (-asked.day.toordinal() if reminder.about == "retro" else 0, RANK[asked.name])


def _hours(dues: Iterable[Due], facts: Known) -> Iterator[WorkingHours]:
    for due in dues:
        yield facts.hours(due.asked.reader, facts.teams[due.subject.place])


def _subjects(abouts: Iterable[str], work: UnitOfWork) -> Mapping[str, Subject]:
    """The things by their labels, in the order of their numbers; those that are gone are left out."""
    numbers: dict[str, set[int]] = {"AI": set(), "C": set(), "R": set()}
    for about in abouts:
        numbers[about.partition("-")[0]].add(int(about.partition("-")[2]))
    found: dict[str, Subject] = {}
    for number, item in sorted(work.action_items.among(numbers["AI"]).items()):
        found[f"AI-{number}"] = item
    for number, (retro, _) in sorted(work.retros.with_cases(numbers["C"]).items()):
        found[f"C-{number}"] = retro
    for number, recovery in sorted(work.recoveries.among(numbers["R"]).items()):
        found[f"R-{number}"] = recovery
    return found


def _holds(asked: Asked, subject: Subject, facts: Known) -> bool:
    """Whether there is still a reason to ask this of this reader."""
    reminder = BY_NAME.get(asked.name)
    if asked.outcome or reminder is None or not facts.applies(reminder, subject):
        return False
    return any(
        reader == asked.reader and since(reminder, subject, hours) is not None
        for (_, reader), hours in facts.whose(reminder, subject).items()
    )


def _due(
    asked: Asked,
    subject: Subject,
    what: str,
    link: str | None,
    facts: Known,
    before: tuple[date, ...],
    holds: bool,
) -> Due:
    reminder = BY_NAME[asked.name]
    team = facts.teams[subject.place]
    hours = facts.hours(asked.reader, team)
    day = since(reminder, subject, hours)
    whose = subject.owner if isinstance(subject, ActionItem) else None
    if isinstance(subject, Recovery):
        whose = step_owner(reminder, subject)
    owner = facts.people.get(whose or "")
    steps: tuple[ItemStep, ...] = ()
    if isinstance(subject, ActionItem):
        # In the thread everybody sees the buttons; who may press them is said when they do.
        steps = tuple(
            step
            for step in reminder.steps
            if step in items.steps(subject)
            and (not asked.reader or items.may(subject, step, asked.reader, team.lead))
        )
    return Due(
        asked=asked,
        reminder=reminder,
        subject=subject,
        what=what,
        link=link,
        owner=owner.name if owner else "its owner",
        day=day,
        # Not until the day it fell due: that may have been slept through.
        late=working_days_between(hours, day, today(hours.zone, asked.asked_at)) if day else 0,
        steps=steps,
        before=before,
        holds=holds and day is not None,
    )
