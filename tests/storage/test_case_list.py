"""A list of cases is the same whatever index carries it: narrowed, in its order, part by part."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, get_args

import pytest

from bot.domain import recovery
from bot.domain.case_list import CaseList, Order, Place, read_place, written
from bot.domain.errors import Refused
from bot.ports import ReadOnlyWork
from storage.database import Database
from tests.storage.made import AT, a_case, a_retro, a_team, an_item, saved, seen

HERE = ("P2", "P1", "P3")
"""In the order of their teams' names."""
WORDS = ("parcel Late", "Émile waited", "Zebra lost", "apple sold")
NAMES = ("Ólafs", "ada", None, "Bo" + "o" * 190)
OUTCOMES = {1: "", 2: "recovered", 3: "no answer", 5: "recovered", 6: "", 9: "not recovered"}
"""What of customers is stored, by their case; 7 is cancelled."""


def fill(database: Database) -> None:
    """Twelve cases, some at the same moment, some closed, cancelled or without a retro."""

    def add(work: Any) -> None:
        for number in range(1, 13):
            channel = f"P{number % 4}"
            at = AT + timedelta(days=number // 3)
            given = {"what_happened": WORDS[number % 4], "customer": NAMES[number % 4]}
            case = work.cases.add(a_case(channel_id=channel, failed_at=at, **given))
            if number in OUTCOMES or number == 7:
                owed = recovery.begin(case, "U1", a_team(channel_id=channel), AT)
                end = owed.steps[-1].model_copy(update={"chosen": OUTCOMES.get(number) or None})
                ended = {"steps": (*owed.steps[:-1], end), "cancelled": number == 7}
                work.recoveries.add(owed.model_copy(update=ended))
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
        assert len(found) < 100, found
        part = seen(database, partial(_part, wanted, after, limit))
        found += [place.number for place in part]
        if len(part) < limit:
            return found
        after = read_place(written(part[-1], wanted.order))


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, [11, 10, 9, 7, 6, 5, 3, 2, 1]),
        ({"highest_first": False}, [1, 2, 3, 5, 6, 7, 9, 10, 11]),
        ({"state": "open"}, [11, 10, 5, 2, 1]),
        ({"state": "closed"}, [9, 6, 3]),
        ({"state": "open", "order": "closes", "highest_first": False}, [11, 10, 5, 2, 1]),
        ({"state": "open", "order": "closes"}, [1, 2, 5, 10, 11]),
        ({"order": "closes"}, [1, 2, 5, 10, 11, 9, 7, 6, 3]),
        ({"gap": "training"}, [11, 10, 5, 2, 1]),
        ({"gap": "tools", "highest_first": False}, [2, 5, 11]),
        ({"gap": "training", "state": "closed"}, []),
        ({"gap": "training", "since": AT + timedelta(days=1)}, [11, 10, 5]),
        ({"since": AT + timedelta(days=2)}, [11, 10, 9, 7, 6]),
        ({"channels": ("P1",)}, [9, 5, 1]),
        ({"channels": ()}, []),
        ({"channels": ("P9",)}, []),
    ],
)
def test_a_list_is_in_its_order_part_by_part(
    database: Database, how: dict[str, Any], expected: list[int], limit: int
) -> None:
    fill(database)
    assert numbers(database, limit, **how) == expected


def _day(number: int) -> int:
    """On which day a case failed."""
    return number // 3


def _is_open(number: int) -> bool:
    return number % 3 > 0 and number != 7


def _key(order: Order, number: int) -> Any:
    """By what a case is sorted; None: it comes last either way."""
    return {
        "failed": _day(number),
        "case": number,
        "what": WORDS[number % 4].replace("Z", "z").replace("L", "l"),
        "customer": (NAMES[number % 4] or "").lower()[:60] or None,
        "closes": -number if _is_open(number) else None,
        "retro": None if number == 7 else number % 3 == 0,
        "ended": ("", "no answer", "not recovered", "recovered").index(OUTCOMES[number])
        if number in OUTCOMES
        else None,
        "team": HERE.index(f"P{number % 4}"),
    }[order]


def expected(order: Order, highest_first: bool, **narrowed: Any) -> Sequence[int]:
    """The list as somebody would sort it by hand."""
    here = [number for number in range(1, 12) if number % 4]
    if narrowed.get("state"):
        wanted = narrowed["state"] == "open"
        here = [one for one in here if one != 7 and (one % 3 > 0) is wanted]
    if narrowed.get("gap"):
        here = [one for one in here if one != 7 and one % 3 > 0]
    if narrowed.get("since"):
        here = [one for one in here if _day(one) >= 2]
    turns = order in ("failed", "case", "what", "customer", "closes")
    newest = sorted(here, key=lambda one: (_day(one), one), reverse=True)
    if order == "ended":
        newest = sorted(here, reverse=True)  # by its number, which is nearly the same
    valued = [one for one in newest if _key(order, one) is not None]
    rest = sorted((one for one in here if _key(order, one) is None), reverse=True)
    if turns:
        return [*sorted(valued, key=lambda one: (_key(order, one), one), reverse=highest_first), *rest]
    return [*sorted(valued, key=lambda one: _key(order, one), reverse=highest_first), *rest]


@pytest.mark.parametrize("order", get_args(Order))
def test_every_order_is_whole_either_way_whatever_it_is_narrowed_by(
    database: Database, order: Order
) -> None:
    fill(database)
    narrowings: list[dict[str, Any]] = [
        {},
        {"state": "open"},
        {"state": "closed"},
        {"gap": "training"},
        {"since": AT + timedelta(days=2)},
        {"state": "open", "gap": "training", "since": AT + timedelta(days=2)},
    ]
    for narrowed in narrowings:
        for highest_first in (True, False):
            wanted = expected(order, highest_first, **narrowed)
            for limit in (1, 2, 5, 100):
                found = numbers(database, limit, order=order, highest_first=highest_first, **narrowed)
                assert found == wanted, (narrowed, highest_first, limit)


@pytest.mark.parametrize("order", ["what", "customer"])
def test_the_address_of_a_part_holds_nobodys_words_and_a_strangers_case_is_no_place(
    database: Database, order: Order
) -> None:
    fill(database)
    wanted = CaseList(channels=HERE, order=order)
    [place] = seen(database, partial(_part, wanted, None, 1))
    assert written(place, order) == f"0~_{place.number}"
    for number in (4, 8, 12, 999):  # of another channel, or never given
        with pytest.raises(Refused):
            seen(database, partial(_part, wanted, Place(key=None, number=number), 1))


@pytest.mark.parametrize("order", get_args(Order))
@pytest.mark.parametrize(
    "text", ["7", "x~1_1", "9~1_1", "0~x_1", "0~1_x", "0~2026-01-01T00:00:00_1", "0~9999999999_1"]
)
def test_a_place_that_is_none_of_the_list_is_refused(
    database: Database, order: Order, text: str
) -> None:
    fill(database)
    wanted = CaseList(channels=HERE, order=order)
    with pytest.raises(Refused):
        seen(database, partial(_part, wanted, read_place(text), 1))
