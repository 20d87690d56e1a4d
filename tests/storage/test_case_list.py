"""A list of cases is the same whatever index carries it: narrowed, in its order, part by part."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from bot.domain.case_list import CaseList, Place
from bot.ports import ReadOnlyWork
from storage.database import Database
from tests.storage.made import AT, a_case, a_retro, an_item, saved, seen

HERE = frozenset({"P1", "P2", "P3"})


def fill(database: Database) -> None:
    """Twelve cases, some at the same moment, some closed, cancelled or without a retro."""

    def add(work: Any) -> None:
        for number in range(1, 13):
            channel = f"P{number % 4}"
            at = AT + timedelta(days=number // 3)
            case = work.cases.add(a_case(channel_id=channel, failed_at=at))
            if number == 12:
                continue
            closes = date(2026, 3, 31) - timedelta(days=number)
            state = "closed" if number % 3 == 0 else "open"
            retro = a_retro(case.number, channel_id=channel, opened_at=at, answers_close_on=closes)
            work.retros.add(retro.model_copy(update={"state": state, "cancelled": number == 7}))
            for gap in ("training", "tools")[: number % 3]:
                item = an_item(case_number=case.number, channel_id=channel, gap=gap)
                work.action_items.add(item.model_copy(update={"cancelled": number == 7}))
                work.action_items.add(item.model_copy(update={"state": "dropped"}))

    saved(database, add)


def _part(wanted: CaseList, after: Place | None, limit: int, work: ReadOnlyWork) -> Sequence[Place]:
    return work.cases.listed(wanted, after, limit)


def numbers(database: Database, limit: int = 100, **how: Any) -> Sequence[int]:
    """The whole list, read in parts of so many."""
    wanted = CaseList(**{"channels": HERE, **how})
    found: list[int] = []
    after: Place | None = None
    while True:
        part = seen(database, partial(_part, wanted, after, limit))
        found += [place.number for place in part]
        if len(part) < limit:
            return found
        after = part[-1]


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, [11, 10, 9, 7, 6, 5, 3, 2, 1]),
        ({"highest_first": False}, [1, 2, 3, 5, 6, 7, 9, 10, 11]),
        ({"state": "open"}, [11, 10, 5, 2, 1]),
        ({"state": "closed"}, [9, 6, 3]),
        ({"state": "open", "by_closing": True, "highest_first": False}, [11, 10, 5, 2, 1]),
        ({"state": "open", "by_closing": True}, [1, 2, 5, 10, 11]),
        ({"by_closing": True}, [11, 10, 9, 7, 6, 5, 3, 2, 1]),
        ({"gap": "training"}, [11, 10, 5, 2, 1]),
        ({"gap": "tools", "highest_first": False}, [2, 5, 11]),
        ({"gap": "training", "state": "closed"}, []),
        ({"gap": "training", "since": AT + timedelta(days=1)}, [11, 10, 5]),
        ({"since": AT + timedelta(days=2)}, [11, 10, 9, 7, 6]),
        ({"channels": frozenset({"P1"})}, [9, 5, 1]),
        ({"channels": frozenset()}, []),
        ({"channels": frozenset({"P9"})}, []),
    ],
)
def test_a_list_is_in_its_order_part_by_part(
    database: Database, how: dict[str, Any], expected: list[int], limit: int
) -> None:
    fill(database)
    assert numbers(database, limit, **how) == expected
