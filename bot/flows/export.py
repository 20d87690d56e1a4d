"""Gathers whole retros for an export, one at a time, so that any number fits in memory."""

from collections.abc import AsyncIterator

from bot.domain.case import Case, number_of
from bot.domain.errors import Refused
from bot.messages.export import Whole
from bot.ports import OpenWork, UnitOfWork

PAGE = 100


async def one(label: str, workspace: str, open_work: OpenWork) -> Whole:
    """The retro of `C-7`; refuses when there is none."""
    async with open_work(workspace, writes=False) as work:
        case = await work.cases.get(number_of(label, "C"))
        whole = await _gather(case, work) if case else None
    if whole is None:
        raise Refused(f"There is no case {label}.")
    return whole


async def everything(workspace: str, open_work: OpenWork) -> AsyncIterator[Whole]:
    """Every retro of the workspace in the order of its numbers, read a page at a time."""
    last = 0
    while True:
        # A transaction a page: an export of a year must not hold one open beside the people at work.
        async with open_work(workspace, writes=False) as work:
            cases = [case async for case in work.cases.after(last, PAGE)]
            wholes = [await _gather(case, work) for case in cases]
        for whole in wholes:
            if whole is not None:
                yield whole
        if len(cases) < PAGE:
            return
        last = cases[-1].number


async def _gather(case: Case, work: UnitOfWork) -> Whole | None:
    retro = await work.retros.get(case.number)
    if retro is None:
        return None
    answers = await work.retros.answers(case.number)
    comments = await work.retros.comments(case.number)
    items = await work.action_items.of_case(case.number)
    recovery = await work.recoveries.get(case.number)
    named = {answer.author for answer in answers} | {comment.author for comment in comments}
    for item in items:
        named |= {
            item.owner,
            *(moved.by for moved in item.history),
            *(moved.to for moved in item.history),
        }
    if recovery is not None:
        named.add(recovery.contact)
        for steps in (*recovery.earlier, recovery.steps):
            named |= {person for step in steps for person in (step.owner, step.by, step.handed_by)}
    people = await work.people.among({person for person in named if person})
    return Whole(
        case=case,
        retro=retro,
        answers=answers,
        comments=comments,
        items=items,
        recovery=recovery,
        people=people,
    )
