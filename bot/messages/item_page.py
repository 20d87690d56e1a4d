"""The page of an action item, and its row in a grid."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from bot.domain.action_item import ActionItem, Event, is_late
from bot.domain.case import Case
from bot.domain.item_step import STEPS
from bot.domain.owner_day import owner_day
from bot.domain.person import Person
from bot.domain.team import Team
from bot.messages.action_item import SIGNS
from bot.messages.author import signed
from bot.messages.page import MAX_OF_ONE, TEXTS, Cell, Column, Grid, Page, Section, case_at, item_at
from bot.messages.parts import (
    Fields,
    Quote,
    Status,
    Timestamp,
    Words,
    joined,
    on,
    one_line,
    shortened,
)

ITEM_COLUMNS = tuple(
    Column(label=label) for label in ("What will change", "Item", "State", "Owner", "Due", "Gap")
)
_WHAT_CAME: Mapping[Event, str] = {"add": "added", **{name: row.outcome for name, row in STEPS.items()}}


def name_of(person_id: str | None, people: Mapping[str, Person]) -> str:
    """A person's name; the words for nobody where there is none."""
    person = people.get(person_id or "")
    return signed(person.name) if person else (person_id or "nobody yet")


def item_status(item: ActionItem, day: date) -> Status:
    """An item's state with its sign; `day` is its owner's today."""
    if is_late(item, day):
        return Status(sign="late", text="late")
    return Status(sign=SIGNS[item.state], text=item.state)


def item_row(item: ActionItem, people: Mapping[str, Person], day: date) -> tuple[Cell, ...]:
    """An item as a row of ITEM_COLUMNS; `day` is its owner's today."""
    return (
        Cell(words=(one_line(item.what),), to=item_at(item.number)),
        Cell(words=(item.label,)),
        Cell(words=(item_status(item, day),)),
        Cell(words=(name_of(item.owner, people),)),
        Cell(words=(on(item.due, day),) if item.due else ()),
        Cell(words=(item.gap,) if item.gap else ()),
    )


def item_page(
    item: ActionItem,
    case: Case | None,
    team: Team | None,
    people: Mapping[str, Person],
    link: str,
    at: datetime,
) -> Page:
    """One action item: what will change, whose it is, and how it came to stand as it does."""
    zone = team.zone if team else "UTC"
    day, room = owner_day(item, people, zone, at), TEXTS // 4
    # What an edit replaced is not shown: somebody put it right.
    told = [(moved.at, _WHAT_CAME[moved.step], moved.by, moved.words) for moved in item.history]
    told += [(edit.at, f"edited: {edit.part}", edit.by, "") for edit in item.edits]
    steps = tuple(
        (
            Cell(words=(step,)),
            Cell(words=(name_of(by, people),)),
            Cell(words=(Timestamp(at=moment, zone=zone),)),
            Cell(words=(shortened(words),) if words else ()),
        )
        for moment, step, by, words in sorted(told, key=lambda one: one[0])[-MAX_OF_ONE:]
    )
    columns = tuple(Column(label=label) for label in ("Step", "By", "When", "In words"))
    facts = Section(
        heading="What will change",
        parts=(
            Quote(text=shortened(item.what, room)),
            Fields(rows=tuple(_facts(item, people, day, room))),
        ),
    )
    story = Grid(caption="What happened to it", columns=columns, rows=steps)
    return Page(
        title=one_line(item.what, 80),
        here="board",
        status=Status(sign="note", text="cancelled") if item.cancelled else item_status(item, day),
        where=joined(
            (item.label,),
            (one_line(case.what_happened, 80),) if case else (),
            (team.name,) if team else (),
        ),
        sections=(facts, Section(heading="What happened to it", parts=(story,))),
        thread=link,
        ways=((f"C-{item.case_number}", case_at(item.case_number)),),
    )


def _facts(
    item: ActionItem, people: Mapping[str, Person], day: date, room: int
) -> Iterator[tuple[str, Words]]:
    yield "Owner", (name_of(item.owner, people),)
    if item.due:
        yield "Due", (on(item.due, day),)
    if item.gap:
        yield "Gap", (item.gap,)
    yield "Asked by", (name_of(item.asked_by, people),)
    if item.measure:
        yield "How we will know it worked", (shortened(item.measure, room),)
