"""Gathers whole retros for an export, one at a time, so that any number fits in memory."""

from collections.abc import Sequence

from bot.domain.case import Case, number_of
from bot.domain.errors import Refused
from bot.messages.export import Whole
from bot.ports import UnitOfWork

PAGE = 100


def one(label: str, work: UnitOfWork) -> Whole:
    """The retro of `C-7`; refuses when there is none."""
    case = work.cases.get(number_of(label, "C"))
    whole = _gather(case, work) if case else None
    if whole is None:
        raise Refused(f"There is no case {label}.")
    return whole


def page(after: int, work: UnitOfWork) -> tuple[Sequence[Whole], int | None]:
    """Retros with larger numbers, in order, and after which number to go on; None: that was the last.

    A transaction a page: an export of a year must not hold one open beside the people at work.
    """
    cases = work.cases.after(after, PAGE)
    wholes = [whole for case in cases if (whole := _gather(case, work)) is not None]
    return wholes, cases[-1].number if len(cases) == PAGE else None


def _gather(case: Case, work: UnitOfWork) -> Whole | None:
    retro = work.retros.get(case.number)
    if retro is None:
        return None
    answers = work.retros.answers(case.number)
    comments = work.retros.comments(case.number)
    items = work.action_items.of_case(case.number)
    recovery = work.recoveries.get(case.number)
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
    people = work.people.among({person for person in named if person})
    return Whole(
        case=case,
        retro=retro,
        answers=answers,
        comments=comments,
        items=items,
        recovery=recovery,
        people=people,
    )
