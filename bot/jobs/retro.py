"""What the bot says of a retro: itself, its prompts, its answers, and how it ended."""

from datetime import datetime

from bot import retro_thread
from bot.domain import message_key
from bot.domain.case import number_of
from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.retro import Answer, Retro
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.jobs import recovery as recovery_jobs
from bot.messages import recovery as recovery_messages
from bot.messages import retro as messages
from bot.messages.parts import Message
from bot.ports import UnitOfWork
from bot.prompts import BY_KEY, PROMPTS

GONE = "This retro is not here any more."


def retro_job(
    case_number: int,
    channel_id: str,
    at: datetime,
    *,
    asked_by: str | None = None,
    bulk: bool = False,
    traceless: bool = False,
) -> Job:
    """The job that keeps the retro's message current: posted once, edited from then on."""
    return Job(
        name="retro.show",
        about=f"C-{case_number}",
        channel_id=channel_id,
        key=message_key.retro(case_number),
        due_at=at,
        asked_by=asked_by,
        bulk=bulk,
        traceless=traceless,
    )


def team_of(channel_id: str, work: UnitOfWork) -> Team:
    """The team of a channel that has a retro, so there is one."""
    team = work.teams.get(channel_id)
    if team is None:
        raise Refused(GONE)
    return team


def show(job: Job, work: UnitOfWork) -> Message | None:
    """The retro as it stands."""
    retro = work.retros.get(number_of(job.about, "C"))
    case = work.cases.get(number_of(job.about, "C"))
    if retro is None or case is None:
        return None
    team = team_of(retro.channel_id, work)
    counts = work.retros.counts(retro.case_number, today(team.zone, job.now))
    recovery = work.recoveries.get(retro.case_number)
    back = recovery_jobs.recalled(retro.case_number, retro.channel_id, work)
    beside = recovery_messages.beside(recovery, back, retro_thread.links_of(back, work))
    return messages.invitation(retro, case, team, counts, beside)


def ask(job: Job, work: UnitOfWork) -> list[Job]:
    """What follows once the retro's message is there: its prompts and its customer, in its thread."""
    number = number_of(job.about, "C")
    recovery = work.recoveries.get(number)
    beside = recovery_jobs.card_jobs(recovery, job.due_at, asked_by=job.asked_by) if recovery else []
    prompts = [
        Job(
            name="retro.prompt",
            about=f"{job.about}/{prompt.key}",
            channel_id=job.channel_id,
            key=message_key.prompt(number, prompt.key),
            thread=job.key,
            bulk=job.bulk,
            due_at=job.due_at,
            asked_by=job.asked_by,
        )
        for prompt in PROMPTS
        if prompt.question
    ]
    return [*prompts, *beside]


def prompt(job: Job, work: UnitOfWork) -> Message | None:
    """One prompt."""
    label, _, name = job.about.partition("/")
    retro = work.retros.get(number_of(label, "C"))
    if retro is None or name not in BY_KEY:
        return None
    return messages.question(retro, BY_KEY[name])


def answer_job(answer: Answer, retro: Retro, at: datetime) -> Job:
    """The job that keeps an answer in the thread current."""
    return Job(
        name="retro.answered",
        about=answer.id,
        channel_id=retro.channel_id,
        key=message_key.answer(answer.id),
        thread=message_key.retro(retro.case_number),
        due_at=at,
        asked_by=answer.author,
        traceless=answer.author is None,
    )


def answered(job: Job, work: UnitOfWork) -> Message | None:
    """An answer, in the thread."""
    answer = work.retros.answer(job.about)
    if answer is None:
        return None
    author = work.people.get(answer.author) if answer.author else None
    return messages.answered(answer, author)


def sum_up(job: Job, work: UnitOfWork) -> Message | None:
    """What was heard per gap and what will change; nothing when it was reopened meanwhile."""
    retro = work.retros.get(number_of(job.about, "C"))
    if retro is None or retro.state == "open":
        return None
    items = work.action_items.of_case(retro.case_number)
    named = {item.owner for item in items if item.owner} | {turn.by for turn in retro.history[-1:]}
    people = work.people.among(named)
    told = recovery_messages.in_summary(work.recoveries.get(retro.case_number))
    return messages.summary(retro, work.retros.answers(retro.case_number), items, people, told)


def say_reopened(job: Job, work: UnitOfWork) -> Message | None:
    """That it is open again; nothing when it was closed meanwhile."""
    retro = work.retros.get(number_of(job.about, "C"))
    if retro is None or retro.state != "open":
        return None
    return messages.reopened(retro, work.people.among({turn.by for turn in retro.history[-1:]}))
