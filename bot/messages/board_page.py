"""The page of the board: what `status` answers, as tables, and all of one group, part by part."""

from collections.abc import Mapping

from bot.domain.action_item import ActionItem
from bot.domain.board import GROUPS, MAX_COUNTED, Board, Group, Kind, Thing
from bot.domain.board_filter import Filters
from bot.domain.proposal import Proposal
from bot.domain.recovery import Recovery, is_late, kind_of, next_due, next_step, owner_of
from bot.domain.retro import Retro
from bot.messages import proposal as proposals
from bot.messages.board import HEADINGS, headline, nothing, things
from bot.messages.item_page import ITEM_COLUMNS, item_row, name_of
from bot.messages.page import Cell, Column, Grid, Listing, Page, Section, case_at, customer_at
from bot.messages.parts import Paragraph, Status, Words, on, one_line


def _columns(*labels: str) -> tuple[Column, ...]:
    return tuple(Column(label=label) for label in labels)


COLUMNS: Mapping[Kind, tuple[Column, ...]] = {
    "item": ITEM_COLUMNS,
    "retro": _columns("What happened", "Case", "State", "Answers close"),
    "customer": _columns("Customer", "What happened", "Case", "State", "Next", "Whose", "Due"),
    "proposal": _columns("What happened", "Ticket", "Why", "Customer"),
}
TEAM = Column(label="Team")


def board_page(board: Board, filters: Filters, reader_id: str, listing: Listing, unasked: Words) -> Page:
    """What needs somebody and what is on its way, in groups: counted, and the most urgent of each."""
    there = [group for group in GROUPS if board.counts[group.name]]
    sections = tuple(_section(board, group) for group in there)
    _, where = headline(board, filters, reader_id)
    if not sections:
        sections = (_nothing(nothing(filters, "you")),)
    return Page(
        title="Board",
        here="board",
        where=(*where, *_after(unasked)),
        listing=listing,
        sections=sections,
    )


def group_page(board: Board, group: Group, filters: Filters, listing: Listing, unasked: Words) -> Page:
    """All of one group, a part of it."""
    heading = HEADINGS[group.name]
    section = Section(heading=heading, parts=(_grid(board, group),))
    if not board.things[group.name]:
        section = _nothing(nothing(filters, "you") if listing.first else "There is nothing more.")
    return Page(
        title=heading,
        here="board",
        where=(things(board.counts[group.name]), *_after(unasked)),
        listing=listing,
        sections=(section,),
    )


def _after(unasked: Words) -> Words:
    return (" · ", *unasked) if unasked else ()


def _nothing(sentence: str) -> Section:
    return Section(heading="All is well", parts=(Paragraph(words=(sentence,)),))


def _section(board: Board, group: Group) -> Section:
    """A group's most urgent things; with the way to all of them where there are more."""
    count, shown = board.counts[group.name], len(board.things[group.name])
    section = Section(heading=HEADINGS[group.name], note=(things(count),), parts=(_grid(board, group),))
    if count <= shown:
        return section
    label = f"Show all {count}" if count <= MAX_COUNTED else "Show all"
    note = (f"{things(count)}; the {shown} most urgent are here.",)
    return section.model_copy(update={"note": note, "whole": (label, group.name)})


def _grid(board: Board, group: Group) -> Grid:
    several = len(board.teams) > 1
    rows = tuple(
        (*_cells(board, thing), *((_team(board, thing),) if several else ()))
        for thing in board.things[group.name]
    )
    columns = (*COLUMNS[group.kind], *((TEAM,) if several else ()))
    return Grid(caption=HEADINGS[group.name], columns=columns, rows=rows)


def _team(board: Board, thing: Thing) -> Cell:
    return Cell(words=(board.teams[thing.channel_id].name,))


def _cells(board: Board, thing: Thing) -> tuple[Cell, ...]:
    if isinstance(thing, ActionItem):
        return item_row(thing, board.people, board.days.of(thing))
    if isinstance(thing, Proposal):
        return _proposal(thing)
    return _customer(board, thing) if isinstance(thing, Recovery) else _retro(board, thing)


def _proposal(proposal: Proposal) -> tuple[Cell, ...]:
    signal = proposal.signal
    return (
        Cell(words=(one_line(proposals.said(signal)),)),
        Cell(words=proposals.ticket(signal)),
        Cell(words=proposals.why(signal, proposal.rules)),
        Cell(words=proposals.customer(signal)),
    )


def _retro(board: Board, retro: Retro) -> tuple[Cell, ...]:
    case, day = board.cases.get(retro.case_number), board.days.today
    closed = retro.answers_close_on < day
    status = Status(sign="waiting", text="answers closed" if closed else "open for answers")
    if retro.unsettled_at is not None:
        status = Status(sign="waiting", text="no agreed fix is left")
    what = one_line(case.what_happened) if case else retro.label
    return (
        Cell(words=(what,), to=case_at(retro.case_number)),
        Cell(words=(retro.label,)),
        Cell(words=(status,)),
        Cell(words=(on(retro.answers_close_on, day),)),
    )


def _customer(board: Board, recovery: Recovery) -> tuple[Cell, ...]:
    case, day = board.cases.get(recovery.case_number), board.days.of(recovery)
    late, step = is_late(recovery, day), next_step(recovery)
    due = next_due(recovery)
    owner = owner_of(recovery, step) if step else recovery.contact
    return (
        Cell(
            words=(one_line(case.customer if case and case.customer else "The customer", 60),),
            to=customer_at(recovery.case_number),
        ),
        Cell(words=(one_line(case.what_happened),) if case else (), to=case_at(recovery.case_number)),
        Cell(words=(recovery.case_label,)),
        Cell(words=(Status(sign="late" if late else "waiting", text="late" if late else "waits"),)),
        Cell(words=(kind_of(recovery, step).label,) if step else ("when the retro is finished",)),
        Cell(words=(name_of(owner, board.people),)),
        Cell(words=(on(due, day),) if due else ()),
    )
