"""What people read about what is owed to customers, in lists: one person's, and a whole team's."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from bot.domain.case import Case
from bot.domain.person import Person
from bot.domain.recovery import (
    MAX_TALLIED,
    Recovery,
    Tally,
    due_next,
    is_late,
    kind_of,
    next_step,
    owner_of,
)
from bot.domain.recovery_step import STEPS, StepName
from bot.domain.reference import CaseRef
from bot.messages.parts import (
    Bold,
    Button,
    Context,
    Line,
    Paragraph,
    Part,
    Status,
    Words,
    joined,
    on,
    one_line,
)
from bot.messages.recovery import step_button
from bot.messages.retro import CUSTOMER
from bot.messages.team import TO_STATUS

MAX_WEEKLY = 5
"""Customers in the weekly summary: with their buttons and ten items, all of it fits one message."""


class Waiting(NamedTuple):
    """The customers of a team who wait: how many, and what the weekly summary shows of them."""

    how_many: int
    parts: tuple[Part, ...]


NOBODY = Waiting(0, ())


def mine(
    owed: Sequence[Recovery], cases: Mapping[int, Case], person_id: str, day: date
) -> tuple[Part, ...]:
    """What one person has left to do for customers, with the button of the first of it."""
    heading = (Paragraph(words=(Bold(text="Owed to customers"),)),) if owed else ()
    return (*heading, *(own_line(one, cases.get(one.case_number), person_id, day) for one in owed))


def own_line(recovery: Recovery, case: Case | None, person_id: str, day: date) -> Line:
    """A customer in a list of one person's: beside them what is theirs to do next."""
    first = next_step(recovery, whose=person_id)
    words = _line(recovery, case, first or next_step(recovery), day, late=is_late(recovery, day))
    return _with_buttons(recovery, words, first, _ref(recovery, case))


def words_of(
    recovery: Recovery, case: Case | None, people: Mapping[str, Person], day: date, *, late: bool
) -> Words:
    """A customer in a list of a team's: who, what happened, and what comes next from whom."""
    first = next_step(recovery)
    owner = owner_of(recovery, first) if first else recovery.contact
    return _line(recovery, case, first, day, _name(owner, people), late=late)


def next_button(recovery: Recovery, case: Case | None) -> Button:
    """What comes next for a customer, or their card where only the retro is waited for."""
    first = next_step(recovery)
    button = CUSTOMER if first is None else step_button(recovery, first)
    return button.model_copy(update={"about": str(_ref(recovery, case)), "look": "plain"})


def ended(tally: Tally) -> tuple[Part, ...]:
    """How it ended for a team's customers so far."""
    if not (tally.recovered or tally.unanswered):
        return ()
    recovered, unanswered = _tallied(tally.recovered), _tallied(tally.unanswered)
    alone = f" ({_tallied(tally.enough)} with an apology alone)" if tally.enough else ""
    words = f"Customers so far: {recovered} recovered{alone}, {unanswered} no answer."
    return (Context(words=(words,)),)


def weekly(
    waiting: Sequence[Recovery],
    cases: Mapping[int, Case],
    people: Mapping[str, Person],
    day: date,
    late: Collection[str],
) -> Waiting:
    """The customers of a team who wait, by name, each with the button of what comes next.

    `late` has the labels of those whose promise is late, as its owner knows.
    """
    parts: list[Part] = [Paragraph(words=(Bold(text="Customers who wait"),))] if waiting else []
    for recovery in waiting[:MAX_WEEKLY]:
        case = cases.get(recovery.case_number)
        words = words_of(recovery, case, people, day, late=recovery.label in late)
        parts.append(_with_buttons(recovery, words, next_step(recovery), _ref(recovery, case)))
    if len(waiting) > MAX_WEEKLY:
        left = len(waiting) - MAX_WEEKLY
        waits = f"{left} more customer{' waits' if left == 1 else 's wait'}."
        parts.append(Line(words=(waits,), button=TO_STATUS))
    return Waiting(len(waiting), tuple(parts))


def _ref(recovery: Recovery, case: Case | None) -> CaseRef:
    return case.ref if case else CaseRef(number=recovery.case_number)


def _with_buttons(recovery: Recovery, words: Words, first: StepName | None, ref: CaseRef) -> Line:
    """A customer in a list: beside them what comes next, and the card in the menu."""
    customer = CUSTOMER.model_copy(update={"about": str(ref)})
    if first is None:
        return Line(words=words, button=customer)
    step = step_button(recovery, first).model_copy(update={"about": str(ref)})
    return Line(words=words, button=step, menu=(customer,))


def _tallied(count: int) -> str:
    return str(count) if count <= MAX_TALLIED else f"more than {MAX_TALLIED:,}"


def _line(
    recovery: Recovery,
    case: Case | None,
    first: StepName | None,
    day: date,
    owner: str = "",
    *,
    late: bool,
) -> Words:
    """A customer in a list: who, and what happened; below it how it stands and what comes next."""
    status = Status(sign="late" if late else "waiting", text="promise late" if late else "waits")
    what = one_line(case.what_happened) if case else recovery.case_label
    who = one_line(case.customer, 60) if case and case.customer else ""
    head: Words = (Bold(text=who), f" · {what}") if who else (Bold(text=what),)
    then = f"next: {kind_of(recovery, first).label}" if first else "waits for the retro to be finished"
    quiet = joined(
        (then,), _by_when(recovery, first, day), (owner,) if owner else (), (recovery.case_label,)
    )
    return (*head, "\n", status, " · ", *quiet)


def _by_when(recovery: Recovery, first: StepName | None, day: date) -> Words:
    """By which day something is owed: what stands there as next, or a step that is named."""
    due = due_next(recovery)
    if due is None:
        return ()
    said = "due " if due.step == first else f"{STEPS[due.step].short.lower()} by "
    return (said, on(due.day, day))


def _name(person_id: str | None, people: Mapping[str, Person]) -> str:
    person = people.get(person_id or "")
    return person.name if person else "nobody yet"
