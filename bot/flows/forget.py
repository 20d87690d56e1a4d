"""A customer is forgotten: in all that is stored of a case, and in all that was said of it."""

from collections.abc import Iterable
from datetime import datetime

from bot.domain.action_item import ActionItem
from bot.domain.forget import Scrub, forget_case, forget_item, forget_recovery, forget_retro, scrubber
from bot.domain.job import Job
from bot.domain.retro import Answer, Retro
from bot.flows import action_item, customer, reminder, thread
from bot.flows import retro as retros
from bot.flows.reminder import Subject
from bot.ports import UnitOfWork

WEB = "web"
"""The workspace whose messages are in our own memory, people's plain replies among them."""


async def forget(number: int, at: datetime, work: UnitOfWork) -> bool:
    """Removes what identifies the customer of a case; False when there is nothing left to remove."""
    case = await work.cases.get(number)
    if case is None or case.forgotten_at is not None:
        return False
    scrub = scrubber(case)
    await work.cases.save(forget_case(case, scrub, at))
    retro = await work.retros.get(number)
    if retro is None:
        return True
    await work.retros.save(forget_retro(retro, scrub))
    answers = [
        answer.model_copy(update={"text": scrub(answer.text)})
        for answer in await work.retros.answers(number)
    ]
    for answer in answers:
        await work.retros.save_answer(answer)
    for comment in await work.retros.comments(number):
        await work.retros.keep_comment(comment.model_copy(update={"text": scrub(comment.text)}))
    items = [forget_item(item, scrub) for item in await work.action_items.of_case(number)]
    for item in items:
        await work.action_items.save(item)
    recovery = await work.recoveries.get(number)
    if recovery is not None:
        recovery = forget_recovery(recovery, scrub)
        await work.recoveries.save(recovery)
    await _forget_replies(number, scrub, work)
    shown = customer.showing(recovery, at) if recovery else []
    for job in (*_said_of(retro, answers, items, at), *shown):
        if await work.said.get(job.key) is not None:
            await work.jobs.schedule(job)
    subjects: list[Subject] = [retro, *items]
    if recovery is not None:
        subjects.append(recovery)
    await _say_reminders_anew(subjects, at, work)
    return True


def _said_of(
    retro: Retro, answers: Iterable[Answer], items: Iterable[ActionItem], at: datetime
) -> list[Job]:
    """The keepers of all that was said of it, so that it is edited."""
    jobs = [retros.current(retro.case, retro.place, at)]
    jobs += [retros.answer_shown(answer, retro, at) for answer in answers]
    # A summary is said once and never again: it is taken back, and the retro holds what was learned.
    jobs += [
        jobs[0].model_copy(
            update={
                "name": "case.withdrawn",
                "key": retros.turn_key(retro.case, number),
                "thread": thread.key(retro.case),
            }
        )
        for number in range(1, len(retro.history) + 1)
    ]
    for item in items:
        owners = {
            item.owner,
            *(moved.to for moved in item.history),
            *(moved.by for moved in item.history),
        }
        copies = [action_item.own_copy(item, owner, at) for owner in sorted(filter(None, owners))]
        jobs += [action_item.in_thread(item, at), *copies]
    return jobs


async def _say_reminders_anew(subjects: Iterable[Subject], at: datetime, work: UnitOfWork) -> None:
    for subject in subjects:
        asked = await work.reminders.of([subject.label])
        said = await work.said.among({one.message for one in asked})
        heard = [one for one in asked if one.message in said]
        await reminder.say_anew(heard, subject, at, work)


async def _forget_replies(number: int, scrub: Scrub, work: UnitOfWork) -> None:
    root = await work.said.get(thread.key(number)) if work.workspace == WEB else None
    for post in await work.posts.thread(int(root.message)) if root else ():
        if post.text:
            await work.posts.save(post.model_copy(update={"text": scrub(post.text)}))


async def named(name: str, work: UnitOfWork) -> list[int]:
    """The numbers of the cases whose customer has this name, upper and lower case alike."""
    numbers: list[int] = []
    last, more = 0, True
    while more:
        more = False
        async for case in work.cases.after(last):
            last, more = case.number, True
            if case.customer and case.customer.casefold() == name.strip().casefold():
                numbers.append(case.number)
    return numbers
