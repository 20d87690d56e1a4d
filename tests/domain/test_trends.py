"""What is counted over six months, and what is not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.domain.item_step import ItemState
from bot.domain.team import Team
from bot.domain.trends import NO_GAP, Failure, Fix, Share, TeamRows, Trends, Wait, months_until, since
from bot.domain.trends import trends as trends_of

TEAM = Team(channel_id="C1", name="support", zone="Europe/Stockholm")
AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
"""A Thursday, half past three in Stockholm."""
MONTHS = months_until(date(2026, 3, 5))


def day(number: int, hour: int = 10) -> datetime:
    """A moment in March 2026; 0 and less are days of February."""
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=number - 1)


MONDAY = day(2)


def failure(number: int = 1, at: datetime = MONDAY, **more: Any) -> Failure:
    return Failure(number=number, failed_at=at, **more)


def fix(case_number: int = 1, gap: str | None = "training", **more: Any) -> Fix:
    given = {"state": "agreed", "due": None, "added_at": day(2), "moved_at": day(3), **more}
    return Fix(case_number=case_number, gap=gap, **given)


def verified(case_number: int, gap: str, at: datetime) -> Fix:
    return fix(case_number, gap, state="verified", done_at=at, verified_at=at, moved_at=at)


def counted(*things: Failure | Fix, team: Team = TEAM) -> Trends:
    failures = [thing for thing in things if isinstance(thing, Failure)]
    fixes = [thing for thing in things if isinstance(thing, Fix)]
    return trends_of([TeamRows(team, failures, fixes)], MONTHS, AT)


def test_six_months_end_with_the_one_that_it_is() -> None:
    assert [f"{month:%Y-%m-%d}" for month in months_until(date(2026, 3, 31))] == [
        *("2025-10-01", "2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01", "2026-03-01"),
    ]
    assert since(TEAM, MONTHS) == datetime(2025, 9, 30, 22, tzinfo=UTC)


def test_without_cases_there_is_nothing() -> None:
    found = trends_of([], MONTHS, AT)
    assert (found.cases, found.cases_by_gap, found.to_finish) == (0, {}, None)
    assert (found.in_time, found.stayed, found.returned) == (Share(0, 0), Share(0, 0), ())


def test_a_case_counts_once_for_each_of_its_gaps_and_its_items_each() -> None:
    found = counted(
        failure(1),
        failure(2, at=day(-40)),
        failure(3),
        *(fix(1), fix(1), fix(1, "tools"), fix(2, "tools"), fix(2, "training", state="dropped")),
    )
    assert found.cases == 3
    assert found.cases_by_gap == {
        "training": (0, 0, 0, 0, 0, 1),
        "tools": (0, 0, 0, 1, 0, 1),
        NO_GAP: (0, 0, 0, 0, 0, 1),
    }
    assert found.items_by_gap == {"training": (0, 0, 0, 0, 0, 2), "tools": (0, 0, 0, 1, 0, 1)}
    assert list(found.cases_by_gap) == ["training", "tools", NO_GAP]


def test_a_month_begins_where_the_team_is() -> None:
    late_on_the_last = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    assert counted(failure(at=late_on_the_last)).cases_by_gap[NO_GAP][4] == 1
    in_utc = TEAM.model_copy(update={"zone": "UTC"})
    assert counted(failure(at=late_on_the_last), team=in_utc).cases_by_gap[NO_GAP][3] == 1


@pytest.mark.parametrize(
    ("item", "share"),
    [
        (fix(due=date(2026, 3, 4), state="done", done_at=day(4, 22)), Share(1, 1)),
        # Half past midnight in Stockholm is the next day there.
        (fix(due=date(2026, 3, 4), state="done", done_at=day(4, 23)), Share(0, 1)),
        (fix(due=date(2026, 3, 4)), Share(0, 1)),
        (fix(due=date(2026, 3, 4), done_at=day(4)), Share(0, 1)),
        (fix(due=date(2026, 3, 5)), Share(0, 0)),
        (fix(due=date(2026, 3, 4), state="proposed"), Share(0, 0)),
        (fix(due=date(2026, 3, 4), state="proposed", done_at=day(3)), Share(0, 0)),
        (fix(due=date(2026, 3, 4), state="dropped"), Share(0, 0)),
        (fix(state="done", done_at=day(4)), Share(0, 0)),
    ],
    ids=[
        "in time",
        "a day late",
        "late and undone",
        "late and reopened",
        "still time",
        "no yes",
        "reopened, and handed over",
        "dropped",
        "undated",
    ],
)
def test_an_item_is_in_time_by_its_day_and_nobody_is_late_for_what_they_never_took(
    item: Fix, share: Share
) -> None:
    assert counted(failure(), item).in_time == share


def test_a_retro_is_finished_when_the_last_of_it_is_and_only_then() -> None:
    closed = failure(closed_at=day(3))
    assert counted(closed).to_finish == Wait(1, 1)
    assert counted(closed, verified(1, "tools", day(4))).to_finish == Wait(2, 1)
    assert counted(closed, fix(state="dropped", moved_at=day(9))).to_finish == Wait(5, 1)
    assert counted(closed, fix(state="done")).to_finish is None
    assert counted(failure(), verified(1, "tools", day(4))).to_finish is None
    two = failure(2, closed_at=day(5))
    assert counted(closed, two).to_finish == Wait(2, 2)


def test_a_customers_wait_is_counted_in_the_teams_hours_and_against_its_aim() -> None:
    apologised = failure(owed_since=day(2, 14), apologise_by=date(2026, 3, 2), apologised_at=day(3, 10))
    found = counted(apologised)
    assert (found.to_apology, found.apologised_in_time) == (Wait(4.0, 1), Share(0, 1))
    kept = failure(owed_since=day(2), promised_by=date(2026, 3, 4), kept_at=day(4))
    assert (counted(kept).to_keep, counted(kept).kept_in_time) == (Wait(16.0, 1), Share(1, 1))
    waits = failure(owed_since=day(2), apologise_by=date(2026, 3, 4))
    assert (counted(waits).to_apology, counted(waits).apologised_in_time) == (None, Share(0, 1))
    still_time = failure(owed_since=day(2), apologise_by=date(2026, 3, 5))
    assert counted(still_time).apologised_in_time == Share(0, 0)


def test_a_gap_comes_back_with_a_case_that_failed_after_its_fix_was_verified() -> None:
    before = (failure(1, at=day(-50)), verified(1, "training", day(-40)))
    assert counted(*before).stayed == Share(1, 1)
    again = counted(*before, failure(2, at=day(-39)), fix(2))
    assert (again.returned, again.stayed) == (("training",), Share(0, 1))


@pytest.mark.parametrize(
    "later",
    [
        (failure(2, at=day(-41)), fix(2)),
        (failure(2, at=day(-39)), fix(2, "tools")),
        (failure(2, at=day(-39)), fix(2, state="dropped")),
        (failure(2, at=day(-39)), fix(2, None)),
        (failure(2, at=day(-39)),),
        (fix(1),),
    ],
    ids=["failed before", "another gap", "dropped", "no gap", "no item", "same case"],
)
def test_a_gap_stays_away_whatever_else_happens(later: tuple[Failure | Fix, ...]) -> None:
    found = counted(failure(1, at=day(-50)), verified(1, "training", day(-40)), *later)
    assert (found.returned, found.stayed) == ((), Share(1, 1))


def test_a_fix_that_is_reopened_before_its_gap_came_back_is_no_fix() -> None:
    reopened = fix(1, verified_at=day(-40), moved_at=day(-39))
    found = counted(failure(1, at=day(-50)), reopened)
    assert (found.returned, found.stayed) == ((), Share(0, 0))


@pytest.mark.parametrize("state", ["agreed", "done", "verified", "dropped"])
def test_that_a_gap_came_back_stays_true_whatever_became_of_the_fix_that_failed(
    state: ItemState,
) -> None:
    failed = fix(1, verified_at=day(-40), moved_at=day(3), state=state)
    found = counted(failure(1, at=day(-50)), failed, failure(2), fix(2))
    assert (found.returned, found.stayed) == (("training",), Share(0, 1))


def test_a_gap_of_one_team_does_not_come_back_in_another() -> None:
    here = TeamRows(TEAM, [failure(1, at=day(-50))], [verified(1, "training", day(-40))])
    there = TeamRows(TEAM.model_copy(update={"channel_id": "C2"}), [failure(2)], [fix(2)])
    found = trends_of([here, there], MONTHS, AT)
    assert (found.cases, found.returned, found.stayed) == (2, (), Share(1, 1))


@pytest.mark.parametrize(
    ("sooner", "share"), [(timedelta(0), Share(1, 1)), (timedelta(seconds=1), Share(0, 0))]
)
def test_that_a_gap_stayed_away_is_said_when_a_month_has_passed(sooner: timedelta, share: Share) -> None:
    held = verified(1, "training", AT - timedelta(days=30) + sooner)
    assert counted(failure(1, at=day(-50)), held).stayed == share


def test_a_fix_that_was_verified_again_has_its_month_anew() -> None:
    again = fix(1, verified_at=day(-40), moved_at=day(1), state="verified")
    assert counted(failure(1, at=day(-50)), again).stayed == Share(0, 0)


def test_a_gap_that_came_back_sooner_counts_once_its_month_is_over() -> None:
    again = (failure(2, at=day(-9)), fix(2))
    soon = counted(failure(1, at=day(-50)), verified(1, "training", day(-10)), *again)
    assert (soon.returned, soon.stayed) == (("training",), Share(0, 0))
    later = counted(failure(1, at=day(-50)), verified(1, "training", day(-40)), *again)
    assert (later.returned, later.stayed) == (("training",), Share(0, 1))
