"""A customer is forgotten: in all that is stored of a case, and in all that was said of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.domain import message_key
from bot.domain.action_item import ActionItem
from bot.domain.case import number_of
from bot.domain.errors import Refused
from bot.domain.forget import (
    Scrub,
    customers_words,
    forget_case,
    forget_item,
    forget_recovery,
    forget_retro,
    scrubber,
)
from bot.domain.job import Job
from bot.domain.recovery import Recovery
from bot.domain.reminder import Subject
from bot.domain.retro import Answer, Retro
from bot.jobs import action_item as action_item_jobs
from bot.jobs import case as case_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.ports import ReadOnlyWork, UnitOfWork

MAX_WEEKS = 520
"""Ten years of Mondays: nobody's summary is read after that."""


WEB = "web"
"""The workspace whose messages are in our own storage, people's plain replies among them."""


def named(label: str, work: ReadOnlyWork) -> Sequence[int]:
    """The case of a label (`C-7`), or those of a reference in any team; refuses when there is none."""
    try:
        case = work.cases.get(number_of(label, "C"))
    except Refused:
        case = None
    cases = [case] if case else work.cases.with_reference(label.strip())
    if not cases:
        raise Refused(f"There is no case {label}, and none with that reference.")
    return [case.number for case in cases]


def of_customer(name: str, work: ReadOnlyWork) -> Sequence[int]:
    """The cases of a customer of this name; refuses when there is none."""
    numbers = work.cases.of_customer(name)
    if not numbers:
        raise Refused(f"No case has a customer called {name!r}; whoever was forgotten has no name here.")
    return numbers


def forget(number: int, at: datetime, work: UnitOfWork) -> bool:
    """Removes what identifies the customer of a case; False when there is nothing left to remove.

    What was kept of their words by an older program, or was written down since, goes as well.
    """
    case, recovery = work.cases.get(number), work.recoveries.get(number)
    said = customers_words(recovery) if recovery else []
    if case is None or (case.forgotten_at is not None and not said):
        return False
    scrub = scrubber(case, said)
    work.cases.save(forget_case(case, scrub, at))
    retro = work.retros.get(number)
    if retro is None:
        return True
    work.retros.save(forget_retro(retro, scrub))
    answers = [
        answer.model_copy(update={"text": scrub(answer.text)}) for answer in work.retros.answers(number)
    ]
    for answer in answers:
        work.retros.save_answer(answer)
    withdrawn = work.retros.withdrawn_of(number)
    for gone in withdrawn:
        work.retros.keep_withdrawn(gone.model_copy(update={"why": scrub(gone.why)}))
    for comment in work.retros.comments(number):
        work.retros.keep_comment(comment.model_copy(update={"text": scrub(comment.text)}))
    items = [forget_item(item, scrub) for item in work.action_items.of_case(number)]
    for item in items:
        work.action_items.save(item)
    if recovery is not None:
        recovery = forget_recovery(recovery, scrub)
        work.recoveries.save(recovery)
    _forget_replies(number, scrub, work)
    jobs = recovery_jobs.card_jobs(recovery, at, was=_took_part(recovery)) if recovery else []
    for job in (
        *_in_the_thread(retro, answers, items, at),
        *(retro_jobs.gone_job(gone.id, retro, at) for gone in withdrawn),
    ):
        # Even when it was not said yet: it may be on its way, in the older words.
        work.jobs.schedule(job)
    if recovery is not None:
        owners = {who for item in items for moved in item.history for who in (moved.by, moved.to)}
        owners |= {item.owner for item in items} | _took_part(recovery)
        told = filter(None, {*owners, work.teams.require(retro.channel_id).lead})
        rounds = range(1, len(recovery.earlier) + 1)
        jobs += [
            recovery_jobs.not_recovered_job(number, n, person_id, at)
            for person_id in sorted(told)
            for n in rounds
        ]
    elsewhere = [*_elsewhere(retro, items, case.failed_at, at), *jobs]
    _say_again(elsewhere, work)
    subjects: list[Subject] = [retro, *items]
    if recovery is not None:
        subjects.append(recovery)
    _say_reminders_anew(subjects, at, work)
    return True


def _took_part(recovery: Recovery) -> set[str]:
    """Everybody who may have a copy of the card."""
    steps = [step for steps in (*recovery.earlier, recovery.steps) for step in steps]
    named = {person_id for step in steps for person_id in (step.owner, step.by, step.handed_by)}
    return {person_id for person_id in (*named, recovery.contact) if person_id}


def _in_the_thread(
    retro: Retro, answers: Iterable[Answer], items: Iterable[ActionItem], at: datetime
) -> list[Job]:
    """The jobs that edit what the thread holds of it."""
    return [
        retro_jobs.retro_job(retro.case_number, retro.channel_id, at),
        *(retro_jobs.answer_job(answer, retro, at) for answer in answers),
        *(action_item_jobs.item_job(item, at) for item in items),
    ]


def _elsewhere(
    retro: Retro, items: Iterable[ActionItem], failed_at: datetime, at: datetime
) -> list[Job]:
    """The jobs that edit owners' copies, and those that take back summaries, which are said once."""
    jobs: list[Job] = []
    for item in items:
        owners = {item.owner, *(who for moved in item.history for who in (moved.by, moved.to))}
        jobs += [action_item_jobs.owner_job(item, owner, at) for owner in sorted(filter(None, owners))]
    turns = [message_key.turn(retro.case_number, number) for number in range(1, len(retro.history) + 1)]
    first = failed_at.date() - timedelta(days=failed_at.weekday())
    weeks = range(min((at.date() - first).days // 7 + 1, MAX_WEEKS))
    weekly = [message_key.weekly(retro.channel_id, first + timedelta(days=7 * week)) for week in weeks]
    thread = message_key.retro(retro.case_number)
    for key, under in (*((key, thread) for key in turns), *((key, None) for key in weekly)):
        jobs.append(case_jobs.withdrawn_job(retro.case_number, retro.channel_id, key, at, thread=under))
    return jobs


def _say_reminders_anew(subjects: Iterable[Subject], at: datetime, work: UnitOfWork) -> None:
    for subject in subjects:
        sent_reminders = work.reminders.of([subject.label])
        message_refs = work.sent_messages.among({sent.message for sent in sent_reminders})
        delivered = [sent for sent in sent_reminders if sent.message in message_refs]
        reminder_jobs.say_anew(delivered, subject, at, work)
        instead = [
            reminder_jobs.instead_job(sent.message, subject, at)
            for sent in {sent.message: sent for sent in sent_reminders}.values()
        ]
        _say_again(instead, work)


def _say_again(jobs: Iterable[Job], work: UnitOfWork) -> None:
    """Edits those of these messages that were said."""
    by_key = {job.key: job for job in jobs}
    for key in work.sent_messages.among(by_key.keys()):
        work.jobs.schedule(by_key[key])


def _forget_replies(number: int, scrub: Scrub, work: UnitOfWork) -> None:
    root = work.sent_messages.get(message_key.retro(number)) if work.workspace == WEB else None
    for post in work.posts.thread(int(root.message)) if root else ():
        if post.text:
            work.posts.save(post.model_copy(update={"text": scrub(post.text)}))
