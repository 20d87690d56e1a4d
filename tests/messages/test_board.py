"""A status says whom it needs; the weekly summary puts each item under what it waits for."""

import pytest

from bot.domain.action_item import ActionItem
from bot.domain.board import BY_NAME, Board
from bot.domain.board_filter import EVERYTHING
from bot.domain.owner_day import Days
from bot.messages import board
from bot.messages.parts import plain
from tests.examples import AGREED, BEN, DONE, TEAM, TODAY


@pytest.mark.parametrize(
    ("item", "headings"),
    [
        (AGREED.model_copy(update={"state": "proposed", "owner": None}), ["Without an owner"]),
        (AGREED.model_copy(update={"state": "proposed"}), ["Waiting for a yes or no"]),
        (AGREED, []),
        (AGREED.model_copy(update={"due": TODAY.replace(day=1)}), ["Late"]),
        (DONE, ["Done, not verified"]),
    ],
)
def test_an_item_stands_under_what_it_waits_for(item: ActionItem, headings: list[str]) -> None:
    said = plain(board.weekly([item], board.LastWeek(), {}, {BEN.id: BEN}, Days(TODAY), more=False))
    here = [section for section in board.SECTIONS if section.heading in said.splitlines()]
    assert [section.heading for section in here] == headings
    counts = said.splitlines()[1]
    assert counts == " · ".join(
        ["1 action item waits for somebody", *(f"1 {section.counted}" for section in here)]
    )


@pytest.mark.parametrize(("asker", "whom"), [(BEN.id, "you"), ("", "anybody")])
def test_where_nothing_waits_a_status_says_so_to_whom_it_is_for(asker: str, whom: str) -> None:
    nothing = dict.fromkeys(BY_NAME, 0)
    empty = Board({TEAM.channel_id: TEAM}, nothing, {}, {}, {}, {}, Days(TODAY))
    said = board.status(empty, EVERYTHING, board.StatusFor(asker=asker))
    assert said.summary == f"Nothing needs {whom} right now."


@pytest.mark.parametrize(
    ("asker", "owner", "whom"),
    [
        (TEAM.lead, "", "you"),
        (BEN.id, "", "somebody"),
        (BEN.id, BEN.id, "you"),
        (BEN.id, TEAM.lead, "somebody"),
        ("", "", "somebody"),
    ],
)
def test_what_waits_needs_its_lead_or_whoever_asks_for_their_own(
    asker: str, owner: str, whom: str
) -> None:
    counts = dict.fromkeys(BY_NAME, 0) | {"unowned": 2}
    waiting = Board({TEAM.channel_id: TEAM}, counts, dict.fromkeys(BY_NAME, ()), {}, {}, {}, Days(TODAY))
    filters = EVERYTHING._replace(owner=owner)
    assert board.headline(waiting, filters, asker)[0] == f"2 things need {whom}."
