"""What people read about a whole team: its open retros and action items."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from bot.domain.action_item import ActionItem, is_late
from bot.domain.case import Case
from bot.domain.gap import CameBack
from bot.domain.owner_day import Days
from bot.domain.person import Person
from bot.domain.retro import Retro
from bot.messages.action_item import line
from bot.messages.owed import NOBODY, Waiting
from bot.messages.parts import (
    FIRST_PAGE,
    Bold,
    Day,
    Inline,
    Line,
    Message,
    Page,
    Paragraph,
    Part,
    Sign,
    Status,
    Words,
    joined,
    linked,
    on,
    one_line,
    rest_of,
)
from bot.messages.team import TO_STATUS
from bot.messages.trends import gap_label

MAX_LISTED = 10
"""Things in a list: with their buttons, all of it fits one message in Slack."""


def status(
    retros: Sequence[tuple[Retro, Case]],
    items: Sequence[ActionItem],
    links: Mapping[int, str],
    people: Mapping[str, Person],
    days: Days,
    *,
    owed: tuple[Part, ...] = (),
    page: Page = FIRST_PAGE,
) -> Message:
    """A plain list of what is open in a team, late ones first; `owed` is what customers wait for.

    `page` is which part of the list this is.
    """
    parts: list[Part] = [*owed, *_heading("open retros", retros, page.number)]
    parts.extend(Line(words=_retro_line(retro, case, links, days.today)) for retro, case in retros)
    parts.extend(_heading("open action items", items, page.number))
    parts.extend(Line(words=line(item, links, people, days.of(item))) for item in items)
    parts.extend(rest_of("board.status", page))
    return Message(summary="What is open in this team.", title="Status", parts=tuple(parts))


class LastWeek(NamedTuple):
    """What last week brought: the retros closed in it, and the gaps that came back.

    Each gap has the day on which its fix was verified.
    """

    closed: Sequence[tuple[Retro, Case]] = ()
    back: Sequence[tuple[CameBack, date]] = ()


def _heading(what: str, listed: Sequence[object], number: int) -> tuple[Part, ...]:
    """Above a list, or that it is empty; nothing where all of it stood on a page before `number`."""
    if number and not listed:
        return ()
    return (Paragraph(words=(Bold(text=what.capitalize() if listed else f"No {what}"),)),)


def weekly(
    items: Sequence[ActionItem],
    last_week: LastWeek,
    links: Mapping[int, str],
    people: Mapping[str, Person],
    days: Days,
    *,
    more: bool,
    customers: Waiting = NOBODY,
) -> Message:
    """Monday's summary for the whole team: what waits for somebody, and what last week brought."""
    who = "1 customer waits" if customers.how_many == 1 else f"{customers.how_many} customers wait"
    due = "1 action item waits" if len(items) == 1 else f"{len(items)} action items wait"
    due = f"{due} for somebody{', and more' if more else ''}"
    counts = [*((who,) if customers.how_many else ()), *((due,) if items else ())]
    counted: list[Words] = [(Bold(text=count),) for count in counts]
    listed: list[Part] = []
    for section in SECTIONS:
        here = [item for item in items if section.belongs(item, days.of(item))]
        if here:
            counted.append((Status(sign=section.sign, text=f"{len(here)} {section.counted}"),))
            listed.append(Paragraph(words=(Bold(text=section.heading),)))
        listed.extend(Line(words=line(item, links, people, days.of(item))) for item in here)
    parts: list[Part] = [Paragraph(words=joined(*counted))] if counted else []
    for gap, verified_on in last_week.back:
        parts.append(Paragraph(words=_came_back(gap, links, on(verified_on, days.today))))
        counts.append(f"{gap.gap} came back")
    parts += [*customers.parts, *listed]
    if more:
        parts.append(Line(words=("There are more action items.",), button=TO_STATUS))
    if last_week.closed:
        parts.append(Paragraph(words=(Bold(text="Closed last week"),)))
        parts.extend(Line(words=_closed_line(retro, case, links)) for retro, case in last_week.closed)
    return Message(
        summary=f"This week: {'; '.join(counts)}.",
        title="This week",
        parts=tuple(parts),
    )


def _came_back(back: CameBack, links: Mapping[int, str], verified_on: Day) -> Words:
    """`Communication came back: C-31, after a fix that was verified on Thu 5 Mar.`"""
    cases: list[Inline] = []
    for number in back.cases:
        cases += [*([", "] if cases else []), linked(f"C-{number}", links.get(number))]
    head = Bold(text=f"{gap_label(back.gap)} came back")
    return (head, ": ", *cases, ", after a fix that was verified on ", verified_on, ".")


def _unowned(item: ActionItem, today: date) -> bool:
    return item.state == "proposed" and item.owner is None


def _late_and_owned(item: ActionItem, today: date) -> bool:
    return is_late(item, today) and item.owner is not None


def _unaccepted(item: ActionItem, today: date) -> bool:
    return item.state == "proposed" and item.owner is not None


def _unverified(item: ActionItem, today: date) -> bool:
    return item.state == "done"


class Section(NamedTuple):
    """What waits for the same: its heading, how it is counted, and what belongs there."""

    heading: str
    counted: str
    sign: Sign
    belongs: Callable[[ActionItem, date], bool]


SECTIONS = (
    Section("Late", "late", "late", _late_and_owned),
    Section("Waiting for a yes or no", "without a yes or no", "waiting", _unaccepted),
    Section("Without an owner", "without an owner", "waiting", _unowned),
    Section("Done, not verified", "not verified", "waiting", _unverified),
)


def _closed_line(retro: Retro, case: Case, links: Mapping[int, str]) -> Words:
    link = links.get(retro.case_number)
    label = linked(retro.label, link)
    outcome = "small failure, no retro" if retro.small else retro.last and retro.last.outcome
    ended = "closed without a decision" if retro.unsettled_at else outcome or retro.state
    return (Bold(text=one_line(case.what_happened)), f"\n{ended} · ", label)


def _retro_line(retro: Retro, case: Case, links: Mapping[int, str], today: date) -> Words:
    link = links.get(retro.case_number)
    label = linked(retro.label, link)
    closing = "answers closed" if retro.answers_close_on < today else "answers close"
    what = Bold(text=one_line(case.what_happened))
    return (what, f"\n{closing} ", on(retro.answers_close_on, today), " · ", label)
