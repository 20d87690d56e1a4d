"""What people read about what is owed to customers, in lists: one person's, and a whole team's."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from bot.domain.case import Case
from bot.domain.person import Person
from bot.domain.recovery import (
    MAX_TALLIED,
    Recovery,
    Tally,
    is_late,
    is_offered,
    kind_of,
    next_step,
    owner_of,
    promised_by,
)
from bot.domain.recovery_step import StepName
from bot.domain.reference import CaseRef
from bot.messages.parts import Bold, Buttons, Context, Day, Paragraph, Part, Typed, Words, one_line
from bot.messages.recovery import step_button
from bot.messages.retro import CUSTOMER

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
    parts: list[Part] = [Paragraph(words=(Bold(text="Owed to customers"),))] if owed else []
    for recovery in owed:
        own = [
            step.name
            for step in recovery.steps
            if is_offered(recovery, step.name) and owner_of(recovery, step.name) == person_id
        ]
        first = "keep" if "keep" in own else next(iter(own), None)
        case = cases.get(recovery.case_number)
        line = _line(recovery, case, first, day)
        ref = case.ref if case else CaseRef(number=recovery.case_number)
        buttons = [step_button(recovery, first).model_copy(update={"look": "main"})] if first else []
        own_buttons = [button.model_copy(update={"about": str(ref)}) for button in (*buttons, CUSTOMER)]
        parts += [Paragraph(words=line), Buttons(buttons=tuple(own_buttons))]
    return tuple(parts)


def status(
    owed: Sequence[Recovery],
    cases: Mapping[int, Case],
    people: Mapping[str, Person],
    tally: Tally,
    day: date,
) -> tuple[Part, ...]:
    """What a team owes to customers, late promises first, and how it ended so far."""
    parts: list[Part] = [Paragraph(words=(Bold(text="Owed to customers"),))] if owed else []
    for recovery in owed:
        first = "keep" if promised_by(recovery) else next_step(recovery)
        owner = owner_of(recovery, first) if first else recovery.contact
        line = _line(recovery, cases.get(recovery.case_number), first, day)
        parts.append(Paragraph(words=(*line, f" · {_name(owner, people)}")))
    if tally.recovered or tally.unanswered:
        recovered, unanswered = _tallied(tally.recovered), _tallied(tally.unanswered)
        alone = f" ({_tallied(tally.enough)} with an apology alone)" if tally.enough else ""
        ended = f"Customers so far: {recovered} recovered{alone}, {unanswered} no answer."
        parts.append(Context(words=(ended,)))
    return tuple(parts)


def weekly(
    waiting: Sequence[Recovery], cases: Mapping[int, Case], people: Mapping[str, Person], day: date
) -> Waiting:
    """The customers of a team who wait, by name, each with the button of what comes next."""
    parts: list[Part] = [Paragraph(words=(Bold(text="Customers who wait"),))] if waiting else []
    for recovery in waiting[:MAX_WEEKLY]:
        first = "keep" if promised_by(recovery) else next_step(recovery)
        case = cases.get(recovery.case_number)
        owner = owner_of(recovery, first) if first else recovery.contact
        customer = f" · {one_line(case.customer, 60)}" if case and case.customer else ""
        line = _line(recovery, case, first, day)
        ref = case.ref if case else CaseRef(number=recovery.case_number)
        next_button = (step_button(recovery, first),) if first else ()
        buttons = [button.model_copy(update={"about": str(ref)}) for button in (*next_button, CUSTOMER)]
        parts.append(Paragraph(words=(line[0], customer, *line[1:], f" · {_name(owner, people)}")))
        parts.append(Buttons(buttons=tuple(buttons)))
    if len(waiting) > MAX_WEEKLY:
        more = (f"and {len(waiting) - MAX_WEEKLY} more: ", Typed(words="status"))
        parts.append(Context(words=more))
    return Waiting(len(waiting), tuple(parts))


def _tallied(count: int) -> str:
    return str(count) if count <= MAX_TALLIED else f"more than {MAX_TALLIED:,}"


def _line(recovery: Recovery, case: Case | None, first: StepName | None, day: date) -> Words:
    what = f" · {one_line(case.what_happened)}" if case else ""
    due = promised_by(recovery)
    head = "promise late" if is_late(recovery, day) else "customer"
    then = kind_of(recovery, first).label if first else "waits for the retro to be finished"
    when: Words = (" · due ", Day(day=due)) if due else ()
    return (Bold(text=f"{recovery.case_label} · {head}"), what, f" · next: {then}", *when)


def _name(person_id: str | None, people: Mapping[str, Person]) -> str:
    person = people.get(person_id or "")
    return person.name if person else "nobody yet"
