"""Whatever there is, what a status shows is the first of all of it when that is sorted by urgency."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.board import BoardQuery, look
from bot.domain.board import GROUPS, Board
from bot.domain.board_filter import EVERYTHING
from bot.ports import ReadOnlyWork, UnitOfWork
from storage.database import Database
from tests.storage.made import a_case, a_retro, a_team, an_item, saved, seen

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = AT.date()
TEAMS = tuple(a_team(channel_id=channel_id, zone="UTC") for channel_id in ("P1", "P2"))
WORKSPACES = count(1)


class Made(NamedTuple):
    """An item or a retro as it was stored: under which heading it belongs, and its day."""

    group: str
    day: date | None
    channel_id: str
    fields: dict[str, Any]


DAYS = st.integers(-4, 4).map(lambda days: TODAY + timedelta(days=days))


@st.composite
def things(draw: st.DrawFn) -> Made:
    """Something of a team, with what the rule says of it, said a second time."""
    channel_id = draw(st.sampled_from([team.channel_id for team in TEAMS]))
    group = draw(st.sampled_from(("unowned", "unaccepted", "unverified", "late", "agreed", "retro")))
    day = draw(DAYS | st.none() if group in ("unowned", "unaccepted", "unverified") else DAYS)
    if group == "retro":
        shown = "undecided" if day is not None and day < TODAY else "answering"
        return Made(shown, day, channel_id, {"answers_close_on": day})
    if group in ("late", "agreed"):
        shown = "late" if day is not None and day < TODAY else "agreed"
        return Made(shown, day, channel_id, {"due": day, "owner": "U1", "state": "agreed"})
    owner = None if group == "unowned" else "U1"
    state = "done" if group == "unverified" else "proposed"
    return Made(group, day, channel_id, {"due": day, "owner": owner, "state": state})


def store(made: list[Made], work: UnitOfWork) -> list[tuple[str, date, int]]:
    """Stores them all; returns of each its group, its day and its number."""
    for team in TEAMS:
        work.teams.add(team)
    numbered = []
    for one in made:
        case = work.cases.add(a_case(channel_id=one.channel_id))
        if "answers_close_on" in one.fields:
            work.retros.add(a_retro(case.number, channel_id=one.channel_id, **one.fields))
            number = case.number
        else:
            item = an_item(case_number=case.number, channel_id=one.channel_id, **one.fields)
            number = work.action_items.add(item).number
        numbered.append((one.group, one.day or date.max, number))
    return numbered


@given(made=st.lists(things(), max_size=25), limit=st.integers(1, 5), skipped=st.integers(0, 4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_shown_is_the_first_of_all_sorted_by_urgency(
    sqlite: Database, made: list[Made], limit: int, skipped: int
) -> None:
    workspace = f"W{next(WORKSPACES)}"
    stored = saved(sqlite, lambda work: store(made, work), workspace)

    def shown(work: ReadOnlyWork) -> Board:
        return look(TEAMS, GROUPS, BoardQuery(EVERYTHING, AT, None, limit, skipped), work)

    board = seen(sqlite, shown, workspace)
    for group in GROUPS:
        every = sorted((day, number) for name, day, number in stored if name == group.name)
        wanted = [number for _, number in every][skipped : skipped + limit]
        numbers = [
            getattr(one, "number", getattr(one, "case_number", 0)) for one in board.things[group.name]
        ]
        assert numbers == wanted, group.name
        assert board.counts[group.name] == len(every)
