"""The page of the board: what needs somebody today, in every team of whoever looks."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.owner_day import owner_day
from bot.domain.person import Person
from bot.domain.recovery import Recovery, is_late, kind_of, next_step, owner_of, promised_by
from bot.domain.retro import Retro
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.messages.board import SECTIONS
from bot.messages.item_page import ITEM_COLUMNS, item_row, name_of
from bot.messages.page import Cell, Column, Grid, Listing, Page, Section, case_at, customer_at
from bot.messages.parts import Paragraph, Status, Words, on, one_line

MAX_SHOWN = 25
"""Rows of a group: with seven groups the page stays below 200 KB."""
CASE_COLUMNS = tuple(Column(label=label) for label in ("What happened", "Case", "Answers close"))
CUSTOMER_COLUMNS = tuple(
    Column(label=label)
    for label in ("Customer", "What happened", "Case", "State", "Next", "Whose", "Due")
)
TEAM = Column(label="Team")


class Board(NamedTuple):
    """All that the board is made from; of each kind the most urgent that were looked at."""

    items: Sequence[ActionItem]
    retros: Sequence[tuple[Retro, Case]]
    recoveries: Sequence[Recovery]
    cases: Mapping[int, Case]
    people: Mapping[str, Person]
    teams: Mapping[str, Team]
    at: datetime

    def day(self, subject: ActionItem | Recovery) -> date:
        """Today for whoever has to do it."""
        return owner_day(subject, self.people, self._zone(subject.channel_id), self.at)

    def today(self, channel_id: str) -> date:
        """The team's today."""
        return today(self._zone(channel_id), self.at)

    def team_cell(self, channel_id: str) -> tuple[Cell, ...]:
        """The team's name, where there are several."""
        team = self.teams.get(channel_id)
        named = Cell(words=(team.name,) if team else ())
        return (named,) if len(self.teams) > 1 else ()

    def _zone(self, channel_id: str) -> str:
        team = self.teams.get(channel_id)
        return team.zone if team else "UTC"


def board_page(board: Board, listing: Listing, unasked: Words) -> Page:
    """What needs somebody, in groups: who waits outside first, and what is late before what waits."""
    items = _items(board)
    found = (
        _customers(board, "Promises due", due=True),
        items["Late"],
        _customers(board, "Customers who wait", due=False),
        items["Without an owner"],
        items["Waiting for a yes or no"],
        items["Done, not verified"],
        _retros(board, "Retros to decide", over=True),
        _retros(board, "Retros open for answers", over=False),
    )
    sections = [section for section in found if section]
    if not sections:
        nothing = Paragraph(words=("Nothing waits for anybody.",))
        sections = [Section(heading="All is well", parts=(nothing,))]
    counts = tuple(f"{section.heading}: {len(_rows(section))}" for section in sections if _rows(section))
    where: Words = (" · ".join(counts), *((" ",) if unasked else ()), *unasked)
    return Page(title="Board", here="board", where=where, listing=listing, sections=tuple(sections))


def _rows(section: Section) -> Sequence[tuple[Cell, ...]]:
    return next((part.rows for part in section.parts if part.kind == "grid"), ())


def _section(
    board: Board, heading: str, columns: tuple[Column, ...], rows: Sequence[tuple[Cell, ...]]
) -> Section | None:
    if not rows:
        return None
    several = (TEAM,) if len(board.teams) > 1 else ()
    left = len(rows) - MAX_SHOWN
    grid = Grid(caption=heading, columns=(*columns, *several), rows=tuple(rows[:MAX_SHOWN]))
    note: Words = (f"The {MAX_SHOWN} most urgent; {left} more are looked at.",) if left > 0 else ()
    return Section(heading=heading, note=note, parts=(grid,))


def _items(board: Board) -> Mapping[str, Section | None]:
    """The items by what they wait for, as the week's summary has them."""
    by_due = sorted(board.items, key=lambda item: (item.due or date.max, item.number))
    sections = {}
    for group in SECTIONS:
        rows = [
            (*item_row(item, board.people, day), *board.team_cell(item.channel_id))
            for item in by_due
            if group.belongs(item, day := board.day(item))
        ]
        sections[group.heading] = _section(board, group.heading, ITEM_COLUMNS, rows)
    return sections


def _retros(board: Board, heading: str, *, over: bool) -> Section | None:
    """The open retros in which everybody had time to answer, or has still."""
    rows = [
        (
            Cell(words=(one_line(case.what_happened),), to=case_at(case.number)),
            Cell(words=(case.label,)),
            Cell(words=(on(retro.answers_close_on, board.today(retro.channel_id)),)),
            *board.team_cell(retro.channel_id),
        )
        for retro, case in sorted(board.retros, key=lambda one: (one[0].answers_close_on, one[1].number))
        if (retro.answers_close_on < board.today(retro.channel_id)) == over
    ]
    return _section(board, heading, CASE_COLUMNS, rows)


def _customers(board: Board, heading: str, *, due: bool) -> Section | None:
    """Customers to whom something is owed: by a promise of today or before, or without one."""

    def urgency(recovery: Recovery) -> tuple[date, int]:
        return promised_by(recovery) or recovery.apologise_by, recovery.case_number

    rows = [
        _customer(board, recovery)
        for recovery in sorted(board.recoveries, key=urgency)
        if next_step(recovery) is not None and _is_due(board, recovery) == due
    ]
    return _section(board, heading, CUSTOMER_COLUMNS, rows)


def _is_due(board: Board, recovery: Recovery) -> bool:
    by = promised_by(recovery)
    return by is not None and by <= board.day(recovery)


def _customer(board: Board, recovery: Recovery) -> tuple[Cell, ...]:
    case, day = board.cases.get(recovery.case_number), board.day(recovery)
    late, step = is_late(recovery, day), next_step(recovery)
    due = promised_by(recovery)
    if due is None and recovery.is_in("apologise", "to do"):
        due = recovery.apologise_by
    owner = owner_of(recovery, step) if step else recovery.contact
    return (
        Cell(
            words=(one_line(case.customer if case and case.customer else "The customer", 60),),
            to=customer_at(recovery.case_number),
        ),
        Cell(words=(one_line(case.what_happened),) if case else (), to=case_at(recovery.case_number)),
        Cell(words=(recovery.case_label,)),
        Cell(words=(Status(sign="late" if late else "waiting", text="late" if late else "waits"),)),
        Cell(words=(kind_of(recovery, step).label,) if step else ()),
        Cell(words=(name_of(owner, board.people),)),
        Cell(words=(on(due, day),) if due else ()),
        *board.team_cell(recovery.channel_id),
    )
