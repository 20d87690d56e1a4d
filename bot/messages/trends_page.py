"""The page of trends: which gap keeps coming back, the way to its cases, and half a year's figures."""

from collections.abc import Sequence
from urllib.parse import urlencode

from bot.domain.team import Team
from bot.domain.trends import Trends
from bot.messages.page import Cell, Column, Grid, Listing, Page, Section
from bot.messages.parts import Status
from bot.messages.trends import gap_label, trends

MAX_NAMED = 3
"""Teams that the title names."""
COLUMNS = tuple(Column(label=label) for label in ("Gap", "Cases", "Action items", "After a fix"))


def trends_page(found: Trends, teams: Sequence[Team], listing: Listing, team: str, unasked: int) -> Page:
    """The figures of these teams; `team` is the one that was chosen among several."""
    figures = Section(heading="Half a year", parts=trends(found, teams, unasked).parts)
    names = ", ".join(one.name for one in teams[:MAX_NAMED])
    return Page(
        title=f"Trends: {names}" if len(teams) <= MAX_NAMED else f"Trends of {len(teams)} teams",
        here="trends",
        listing=listing,
        sections=(*_gaps(found, team), figures),
    )


def _gaps(found: Trends, team: str) -> tuple[Section, ...]:
    """The gaps that were named, the most frequent first, each with the way to its cases."""
    named = [gap for gap in found.cases_by_gap if gap]
    rows = tuple(
        _row(found, gap, team) for gap in sorted(named, key=lambda gap: -sum(found.cases_by_gap[gap]))
    )
    grid = Grid(caption="Gaps", columns=COLUMNS, rows=rows)
    return (Section(heading="Which gaps", parts=(grid,)),) if rows else ()


def _row(found: Trends, gap: str, team: str) -> tuple[Cell, ...]:
    narrowed = {"gap": gap, "since": found.months[0].isoformat(), **({"team": team} if team else {})}
    back = Status(sign="waiting", text="came back")
    return (
        Cell(words=(gap_label(gap),), to=f"cases?{urlencode(narrowed)}"),
        Cell(words=(str(sum(found.cases_by_gap[gap])),)),
        Cell(words=(str(sum(found.items_by_gap.get(gap, ()))),)),
        Cell(words=(back,) if gap in found.returned else ()),
    )
