"""Gathers whole retros for an export, a page at a time, so that any number fits in memory."""

from collections.abc import Sequence

from bot.domain.action_item import ActionItem
from bot.domain.case import Case, by_case, number_of
from bot.domain.errors import Refused
from bot.domain.recovery import Recovery
from bot.messages.export import Whole
from bot.ports import ReadOnlyWork

PAGE = 100
"""Retros asked for together: each question to the storage is for all of them."""


def one(label: str, work: ReadOnlyWork) -> Whole:
    """The retro of `C-7`; refuses when there is none."""
    case = work.cases.get(number_of(label, "C"))
    if case is None:
        raise Refused(f"There is no case {label}.")
    return _gather([case], work)[0]


def page(after: int, work: ReadOnlyWork) -> tuple[Sequence[Whole], int | None]:
    """Retros with larger numbers, in order, and after which number to go on; None: that was the last.

    A transaction a page: an export of a year must not hold one open beside the people at work.
    """
    cases = work.cases.after(after, PAGE)
    return _gather(cases, work), cases[-1].number if len(cases) == PAGE else None


def _gather(cases: Sequence[Case], work: ReadOnlyWork) -> Sequence[Whole]:
    numbers = [case.number for case in cases]
    retros = work.retros.among(numbers)
    answers = work.retros.answers(*numbers)
    comments = work.retros.comments(*numbers)
    items = work.action_items.of_case(*numbers)
    recoveries = work.recoveries.among(numbers)
    teams = work.teams.among({case.channel_id for case in cases})
    named = {
        *(turn.by for retro in retros.values() for turn in retro.history),
        *(change.by for case in cases for change in case.history),
        *(answer.author for answer in answers),
        *(comment.author for comment in comments),
        *(person_id for item in items for person_id in _in_item(item)),
        *(person_id for recovery in recoveries.values() for person_id in _in_recovery(recovery)),
    }
    people = work.people.among({person_id for person_id in named if person_id})
    answers_of, comments_of, items_of = by_case(answers), by_case(comments), by_case(items)
    return [
        Whole(
            case=case,
            retro=retros.get(case.number),
            team=teams.get(case.channel_id),
            answers=answers_of[case.number],
            comments=comments_of[case.number],
            items=items_of[case.number],
            recovery=recoveries.get(case.number),
            people=people,
        )
        for case in cases
    ]


def _in_item(item: ActionItem) -> set[str | None]:
    moved = (person_id for moved in item.history for person_id in (moved.by, moved.to))
    return {item.asked_by, item.owner, *moved, *(edit.by for edit in item.edits)}


def _in_recovery(recovery: Recovery) -> set[str | None]:
    steps = [step for steps in (*recovery.earlier, recovery.steps) for step in steps]
    taken = (
        person_id
        for step in steps
        for person_id in (step.owner, step.by, step.handed_by, step.corrected_by, step.undone_by)
    )
    return {recovery.contact, *taken}
