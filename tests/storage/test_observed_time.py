"""Customers are forgotten by the time that really passed, and few in a day, whatever a clock says."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from bot.domain.case import number_of
from bot.domain.proposal import Proposal
from bot.ports import ObservedTime, Queue, StorageUnavailable, UnitOfWork
from storage.database import Database
from tests.domain.test_proposal import a_proposal
from tests.session import queue_of
from tests.storage.made import AT, a_case, a_job, saved, seen
from tests.storage.test_job import schedule
from tests.storage.test_queue import Clock

Result = TypeVar("Result")

AGE = timedelta(days=30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YEARS = timedelta(days=3652)


class Process:
    """A process that observes the time and forgets whoever is due, every hour that it runs."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.queue = queue_of(database, clock)
        self.observed: ObservedTime | None = None
        self._database = database
        self._clock = clock

    def look(self, elapsed: timedelta = timedelta()) -> int:
        """Goes on after that much real time, and returns how many customers it forgot."""
        before = self.observed
        self.observed = patiently(lambda: self.queue.observe_time(before, elapsed))
        old, waiting = patiently(lambda: self.queue.overdue(AGE))
        if not old or not patiently(self.queue.take_daily_quota):
            return 0
        for workspace, label in old[: len(old) - waiting]:
            self._forget(workspace, number_of(label, "C"))
        return len(old) - waiting

    def _forget(self, workspace: str, number: int) -> None:
        patiently(lambda: forget(self._database, number, self._clock.now, workspace))

    def run(self, days: float, hours: int = 6) -> Sequence[int]:
        """Runs on while the clock goes right, and looks every so many hours; how many it forgot then."""
        forgotten, step = [], hours * HOUR
        for _ in range(round(days * DAY / step)):
            self._clock.move(step.total_seconds())
            forgotten.append(self.look(step))
        return forgotten


def patiently(act: Callable[[], Result]) -> Result:
    """Does it, and again while another process holds the file: the worker waits for it, too."""
    for _ in range(50):
        try:
            return act()
        except StorageUnavailable:
            continue
    return act()


def stored(database: Database, *days_ago: float, now: datetime = AT, workspace: str = "W") -> None:
    """Cases that were stored so many days ago, in that order."""
    for days in days_ago:
        case = a_case(failed_at=now - timedelta(days=days))
        saved(database, lambda work: work.cases.add(case), workspace)  # noqa: B023 - at once


def forget(database: Database, number: int, at: datetime, workspace: str = "W") -> None:
    case = seen(database, lambda work: work.cases.get(number), workspace)
    forgotten = case.model_copy(update={"forgotten_at": at})
    saved(database, lambda work: work.cases.save(forgotten), workspace)


def overdue(queue: Queue) -> list[int]:
    return [number_of(label, "C") for _, label in queue.overdue(AGE).labels]


def test_a_case_is_old_once_it_was_stored_for_longer_than_the_limit(database: Database) -> None:
    stored(database, 31, 29.99, 0)
    process = Process(database, Clock())
    assert process.look() == 1
    assert seen(database, lambda work: work.cases.get(1)).forgotten_at is not None
    assert seen(database, lambda work: work.cases.get(2)).forgotten_at is None
    assert overdue(process.queue) == []


def test_in_a_quiet_database_cases_grow_old_while_a_process_runs(database: Database) -> None:
    stored(database, 0)
    process = Process(database, Clock())
    assert process.look() == 0
    assert sum(process.run(29)) == 0
    assert sum(process.run(22 / 24, hours=1)) == 0
    assert sum(process.run(2 / 24, hours=1)) == 1


def test_a_clock_that_jumps_by_years_makes_nobody_old_at_once(database: Database) -> None:
    stored(database, *range(25, -1, -1))
    proposed(database, 25)
    clock = Clock()
    process = Process(database, clock)
    process.look()
    clock.now += YEARS
    # Restarts do not make it any truer.
    for restarted in (process, Process(database, clock), Process(database, clock)):
        assert restarted.look() == 0
        assert restarted.look(HOUR) == 0
    assert process.observed is not None
    assert process.observed.behind > YEARS - DAY


def test_a_clock_that_was_wrong_for_an_hour_leaves_nothing_behind(database: Database) -> None:
    stored(database, *range(25, -1, -1))
    clock = Clock()
    process = Process(database, clock)
    process.look()
    for wrong in (YEARS, -YEARS):
        clock.now += wrong
        assert sum(process.run(1 / 24, hours=1)) == 0
        clock.now -= wrong
        assert sum(process.run(4 / 24, hours=1)) == 0
        assert process.observed is not None
        assert abs(process.observed.behind) < HOUR / 60


def test_a_clock_that_stays_wrong_costs_a_tenth_a_day_at_most(database: Database) -> None:
    stored(database, *range(29, 9, -1), 0)
    clock = Clock()
    process = Process(database, clock)
    process.look()
    clock.now += YEARS
    # It is believed five days a day, so that a day passes in five hours.
    assert sum(process.run(4 / 24, hours=1)) == 0
    forgotten = process.run(14)
    assert max(sum(forgotten[look : look + 4]) for look in range(len(forgotten))) == 2
    assert sum(forgotten) == 21


def test_after_a_month_in_which_nothing_ran_what_is_due_is_caught_up_with(
    database: Database,
) -> None:
    stored(database, 0)
    clock = Clock()
    Process(database, clock).look()
    clock.now += timedelta(days=31)
    process = Process(database, clock)
    assert process.look() == 0
    assert sum(process.run(8)) == 1


def test_a_tenth_of_all_cases_is_forgotten_in_a_day_and_the_rest_is_counted(
    database: Database,
) -> None:
    stored(database, *range(60, 35, -1))
    stored(database, 34, 33, 0, 0, 0, workspace="V")
    process = Process(database, Clock())
    process.look()
    assert (process.queue.overdue(AGE)).waiting == 27 - 3 - 3
    forgotten = [3, *process.run(11)]
    assert max(sum(forgotten[look : look + 4]) for look in range(len(forgotten))) == 3
    assert sum(forgotten) == 27
    assert overdue(process.queue) == []


def test_what_is_due_is_named_whole_to_whoever_asks_the_oldest_first(database: Database) -> None:
    stored(database, 50, 40, 0)
    stored(database, 45, workspace="V")
    queue = Process(database, Clock()).queue
    assert queue.overdue(AGE) == ([("W", "C-1"), ("V", "C-1"), ("W", "C-2")], 2)


def test_one_is_forgotten_in_a_day_where_there_are_few(database: Database) -> None:
    stored(database, 40, 35, 0)
    process = Process(database, Clock())
    assert process.look() == 1
    assert sum(process.run(1)) == 0
    assert sum(process.run(0.25)) == 1


def test_a_process_that_restarts_gets_no_second_quota(database: Database) -> None:
    stored(database, *range(60, 40, -1), 0)
    clock = Clock()
    assert Process(database, clock).look() == 2
    assert [Process(database, clock).look() for _ in range(3)] == [0, 0, 0]
    clock.now += timedelta(days=2)
    assert Process(database, clock).look() == 0


async def test_processes_side_by_side_forget_no_more_than_a_tenth_together(
    database: Database, database_url: str
) -> None:
    stored(database, *range(80, 40, -1))
    schedule(database, a_job())
    clock = Clock()
    other = Database(database_url)
    try:
        processes = [Process(opened, clock) for opened in (database, other, database, other)]
        async with asyncio.timeout(60):
            assert sum(await asyncio.gather(*(asyncio.to_thread(one.look) for one in processes))) == 4
            for _ in range(24):
                clock.move(HOUR.total_seconds())
                assert (
                    sum(await asyncio.gather(*(asyncio.to_thread(one.look, HOUR) for one in processes)))
                    == 0
                )
            clock.move(HOUR.total_seconds())
            assert (
                sum(await asyncio.gather(*(asyncio.to_thread(one.look, HOUR) for one in processes))) == 4
            )
    finally:
        other.close()


def test_several_processes_believe_a_jump_no_sooner_than_one(database: Database) -> None:
    clock = Clock()
    processes = [Process(database, clock) for _ in range(3)]
    for one in processes:
        one.look()
    clock.now += YEARS
    for _ in range(4):
        for one in processes:
            one.look(HOUR)
    for one in processes:
        assert one.observed is not None
        assert one.observed.behind == YEARS - 4 * 5 * HOUR
        assert one.observed.uptime == 4 * HOUR


def proposed(database: Database, *days_ago: float, workspace: str = "W", **more: Any) -> None:
    """Proposals that were stored so many days ago, in that order."""
    for days in days_ago:
        told = {"reference": None, "made_at": AT - timedelta(days=days), **more}
        saved(database, partial(_propose, a_proposal(**told)), workspace)


def _propose(proposal: Proposal, work: UnitOfWork) -> None:
    work.proposals.add(proposal)


def test_a_proposal_that_became_no_case_grows_old_by_itself_and_another_with_its_case(
    database: Database,
) -> None:
    stored(database, 0)
    process = Process(database, Clock())
    process.look()
    proposed(database, 36, case_number=7, state="opened")
    proposed(database, 35, forgotten_at=AT, state="forgotten")
    proposed(database, 31, 29.99)
    assert process.queue.overdue(AGE) == ([("W", "P-3")], 0)
    assert process.queue.overdue(timedelta(days=32)) == ([], 0)


def test_a_tenth_of_the_proposals_is_forgotten_in_a_day_whatever_cases_there_are(
    database: Database,
) -> None:
    stored(database, 40, 39, 0)
    proposed(database, *range(60, 40, -1))
    proposed(database, 70, workspace="V")
    queue = Process(database, Clock()).queue
    labels, waiting = queue.overdue(AGE)
    assert labels[: len(labels) - waiting] == [("W", "C-1"), ("V", "P-1"), ("W", "P-1")]
    assert (labels[3], len(labels)) == (("W", "C-2"), 2 + 21)


def test_proposals_that_a_wrong_clock_dated_grow_old_with_their_neighbours(database: Database) -> None:
    stored(database, 0)
    proposed(database, 50, -YEARS.days, 40, 20, YEARS.days, 0)
    queue = Process(database, Clock()).queue
    assert [label for _, label in queue.overdue(AGE).labels] == ["P-1", "P-3", "P-2"]


def test_cases_that_a_wrong_clock_dated_grow_old_with_their_neighbours(
    database: Database,
) -> None:
    ahead, back = -YEARS.days, YEARS.days
    stored(database, 50, ahead, 40, 20, back, ahead, 0)
    process = Process(database, Clock())
    assert overdue(process.queue) == [1, 3, 2]
    assert sum([process.look(), *process.run(25)]) == 4
    # Those of a wrong date were stored before C-7, and nobody knows how long before.
    assert seen(database, lambda work: work.cases.get(4)).forgotten_at is not None
    assert overdue(process.queue) == []
    assert sum(process.run(9)) == 3


def test_cases_that_came_at_once_are_old_in_whichever_order_they_were_stored(
    database: Database,
) -> None:
    stored(database, 40, 39, 39.001, 0)
    assert overdue(Process(database, Clock()).queue) == [1, 3, 2]


def test_without_a_record_time_goes_by_the_newest_that_was_stored(database: Database) -> None:
    stored(database, 100)
    clock = Clock()
    queue = Process(database, clock).queue
    assert overdue(queue) == []
    # A job's id is the microsecond of now, which this clock has not reached yet.
    schedule(database, a_job())
    assert overdue(queue) == []
    clock.now = datetime.now(UTC) + YEARS
    assert overdue(queue) == [1]
    assert queue.observe_time(None, HOUR).at <= datetime.now(UTC)


def test_in_an_empty_database_time_begins_by_the_clock(database: Database) -> None:
    clock = Clock()
    assert Process(database, clock).queue.observe_time(None, HOUR) == (
        clock.now,
        timedelta(),
        timedelta(),
    )


def test_by_the_longest_setting_nobody_is_old(database: Database) -> None:
    stored(database, 20000, 0)
    queue = Process(database, Clock()).queue
    assert queue.overdue(timedelta(days=36500)) == ([], 0)


def test_a_clock_that_jumps_leaves_dead_jobs_to_be_seen(database: Database) -> None:
    clock = Clock()
    clock.now = datetime.now(UTC) + timedelta(seconds=5)
    process = Process(database, clock)
    schedule(database, a_job(due_at=AT))
    process.look()
    (job,) = process.queue.claim(None, "me", 1)
    process.queue.give_up(job, "no such place")
    clock.now += YEARS
    assert process.queue.prune(clock.now) == 0
    assert (process.queue.state())["dead"] == 1
