"""The page of what was found: the cases best first, with the words in what was said."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.search import Asked, Text
from bot.domain.team import Team
from bot.messages.page import Cell, Column, Grid, Listing, Page, Section, case_at, customer_at, item_at
from bot.messages.parts import Paragraph, Words, on, one_line
from bot.messages.search import Found, headline, shown, status_of
from bot.messages.search import Page as Part

COLUMNS = tuple(
    Column(label=label) for label in ("What happened", "Found in", "In words", "Case", "Retro", "Failed")
)
TEAM = Column(label="Team")
HOW_HERE = (
    "Write what to look for into the field above. C-7, AI-12 or a case's own reference opens that."
)


class Around(NamedTuple):
    """What was typed, what it asks for, of which teams, and the reader's today."""

    typed: str
    asked: Asked
    teams: Mapping[str, Team]
    today: date


def found_page(
    around: Around, found: Sequence[Found], part: Part, listing: Listing, unasked: Words
) -> Page:
    """A part of what was found."""
    lead = headline(around.typed, around.asked, part)
    if not found:
        lead = lead if listing.first or not part.of else "There is nothing more."
        return _page(around.typed, lead, (), listing, unasked)
    several = len(around.teams) > 1
    rows = tuple(_row(one, around, several=several) for one in found)
    grid = Grid(caption="Cases", columns=(*COLUMNS, *((TEAM,) if several else ())), rows=rows)
    return _page(around.typed, lead, (Section(heading="Cases", parts=(grid,)),), listing, unasked)


def named(thing: Case | ActionItem) -> Page:
    """The way to the one thing whose number or reference was typed."""
    at = case_at if isinstance(thing, Case) else item_at
    return Page(title=thing.label, here="find", leads_to=at(thing.number))


def how(typed: str, listing: Listing, unasked: Words) -> Page:
    """How to look for something, where nothing was typed that can be found."""
    return _page(typed, HOW_HERE, (), listing, unasked)


def _page(
    typed: str, lead: str, sections: tuple[Section, ...], listing: Listing, unasked: Words
) -> Page:
    where: Words = (lead, *((" ", *unasked) if unasked else ()))
    if not sections:
        nothing = Section(heading="Nothing to show", parts=(Paragraph(words=(lead,)),))
        sections, where = (nothing,), unasked
    title = f"Find: {one_line(typed, 60)}" if typed else "Find"
    return Page(title=title, here="find", where=where, listing=listing, sections=sections)


def _row(one: Found, around: Around, *, several: bool) -> tuple[Cell, ...]:
    case, text = one.case, one.text
    team = around.teams.get(case.channel_id)
    return (
        Cell(words=(one_line(case.what_happened),), to=case_at(case.number)),
        Cell(words=(text.of,), to=_where(case, text)) if text else Cell(),
        Cell(words=shown(text, around.asked) if text else ()),
        Cell(words=(case.label,)),
        Cell(words=(status_of(one.retro),)),
        Cell(words=(on(one.failed_on, around.today),)),
        *((Cell(words=(team.name,) if team else ()),) if several else ()),
    )


def _where(case: Case, text: Text) -> str:
    """The page on which the words stand."""
    if text.item:
        return item_at(text.item)
    return customer_at(case.number) if text.field == "customer" else case_at(case.number)
