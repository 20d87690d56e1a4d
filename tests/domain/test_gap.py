"""A gap comes back when a case names it that failed soon after a fix of it was verified."""

from datetime import timedelta

import pytest

from bot.domain.gap import SOON, CameBack, came_back
from bot.domain.item_step import ItemState
from bot.domain.trends import Failure, Fix
from tests.domain.test_trends import day, failure, fix, verified

MONDAY, NEXT = day(2, 0), day(9, 0)
FIXED = day(-20)
BEFORE: tuple[Failure | Fix, ...] = (failure(1, at=day(-30)), verified(1, "training", FIXED))


def told(*things: Failure | Fix) -> list[CameBack]:
    """What came back in the week from MONDAY on."""
    failures = [thing for thing in things if isinstance(thing, Failure)]
    fixes = [thing for thing in things if isinstance(thing, Fix)]
    return list(came_back(failures, fixes, MONDAY, NEXT))


def test_cases_in_which_a_gap_came_back_are_told_together_with_a_fix_before_all_of_them() -> None:
    again = verified(4, "training", day(3, 9))
    found = told(
        *(*BEFORE, failure(4, at=day(-31)), again),
        *(failure(3, at=day(4)), fix(3, added_at=day(4))),
        *(failure(2, at=day(2)), fix(2, added_at=day(3)), fix(2, added_at=day(4))),
    )
    assert found == [CameBack("training", (2, 3), FIXED)]


@pytest.mark.parametrize(
    "later",
    [
        (failure(2, at=day(3)), fix(2, "tools", added_at=day(3))),
        (failure(2, at=day(3)), fix(2, None, added_at=day(3))),
        (failure(2, at=day(3)), fix(2, added_at=day(3), state="dropped")),
        (failure(2, at=day(-21)), fix(2, added_at=day(3))),
        (fix(2, added_at=day(3)),),
        (fix(1, added_at=day(3)),),
        (failure(2, at=day(-1)), fix(2, added_at=day(-1)), fix(2, added_at=day(3))),
        (failure(2, at=day(9, 1)), fix(2, added_at=day(9, 1))),
        (failure(2, at=day(3)),),
    ],
    ids=[
        "another gap",
        "no gap",
        "dropped",
        "failed before the fix",
        "cancelled, so not counted",
        "the same case",
        "named a week ago",
        "named on the next Monday",
        "no item",
    ],
)
def test_a_gap_has_not_come_back_in_this_week(later: tuple[Failure | Fix, ...]) -> None:
    assert told(*BEFORE, *later) == []


@pytest.mark.parametrize(("over", "count"), [(timedelta(0), 1), (timedelta(seconds=1), 0)])
def test_a_gap_comes_back_within_twelve_weeks_of_its_fix(over: timedelta, count: int) -> None:
    failed = failure(2, at=day(3))
    fixed = verified(1, "training", failed.failed_at - SOON - over)
    assert len(told(failure(1, at=day(-200)), fixed, failed, fix(2, added_at=day(3)))) == count


@pytest.mark.parametrize("state", ["agreed", "dropped"])
def test_a_gap_came_back_whatever_became_of_the_fix_that_failed(state: ItemState) -> None:
    failed = fix(1, verified_at=FIXED, state=state)
    again = (failure(2, at=day(3)), fix(2, added_at=day(3)))
    assert told(failure(1, at=day(-30)), failed, *again) == [CameBack("training", (2,), FIXED)]
