"""The worker's side: channel queues, leases, pace, and what is left when a worker dies."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from bot import ports
from bot.domain.job import LEASE_SECONDS, Job
from bot.ports import Ended, GivenUp, Limits, Rate
from storage.database import Database
from storage.jobs.channel_queue import MAX_COOL_DOWN
from storage.jobs.job import FOLLOWS, scheduled_at
from storage.tables import channel_queues, requests
from storage.tables import jobs as job_rows
from tests.session import queue_of
from tests.storage.made import AT, a_job, saved, seen
from tests.storage.test_job import MESSAGE_REF, claimed, say, schedule

LIMITS = {"W": Limits(new=Rate(60, 3), edits=Rate(60, 1))}
"""In workspace W: one new message a second, or three after a quiet time."""


class Clock:
    """A clock to be put forward and back; it starts when everything is due."""

    def __init__(self) -> None:
        self.now = AT + timedelta(hours=1)

    def __call__(self, _: object) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def finish(jobs: Sequence[Job], following: Sequence[Job], queue: ports.Queue) -> None:
    queue.put_away([Ended(job, "done", message_ref=MESSAGE_REF, follow=following) for job in jobs])


def worker_dies(database: Database) -> None:
    """Lets every lease be over, as if a process had died 30 seconds ago."""
    with database.transaction(writes=True) as connection:
        long_ago = datetime.now(UTC) - timedelta(seconds=LEASE_SECONDS)
        leased = channel_queues.c.leased_until.is_not(None)
        connection.execute(update(channel_queues).where(leased).values(leased_until=long_ago))
        connection.commit()


def rests_until(database: Database, channel_id: str = "P1") -> datetime | None:
    with database.transaction(writes=False) as connection:
        query = channel_queues.select().where(channel_queues.c.queue_id == channel_id)
        next_allowed_at: datetime | None = connection.execute(query).one().next_allowed_at
        return next_allowed_at


def test_one_job_at_a_time_in_a_channel_and_channels_side_by_side(database: Database) -> None:
    schedule(database, a_job("a"), a_job("b"), a_job("c", channel_id="P2"))
    first = claimed(database)
    assert sorted(job.key for job in first) == ["a", "c"]
    assert claimed(database) == []
    for job in first:
        queue_of(database).finish(job, MESSAGE_REF, 0)
    assert [job.key for job in claimed(database)] == ["b"]


def test_a_claim_takes_no_more_than_it_was_asked_for(database: Database) -> None:
    schedule(database, *(a_job(f"{n}", channel_id=f"P{n}") for n in range(5)))
    assert len(claimed(database, 2)) == 2
    assert len(claimed(database, 9)) == 3


def test_what_is_not_due_waits_unless_the_clock_is_told_otherwise(database: Database) -> None:
    queue, tomorrow = queue_of(database), datetime.now(UTC) + timedelta(days=1)
    schedule(database, a_job(due_at=tomorrow))
    assert claimed(database) == []
    assert queue.next_due() == tomorrow
    assert queue.state() == {"waiting": 1, "dead": 0, "oldest_due": None}
    assert queue.claim(tomorrow - timedelta(seconds=1), "me", 5) == []
    assert len(queue.claim(tomorrow, "me", 5)) == 1


def test_a_channel_rests_for_its_pace_and_nobody_else_does(database: Database) -> None:
    schedule(database, a_job("a"), a_job("b"), a_job("c", channel_id="P2"))
    before = datetime.now(UTC)
    for job in claimed(database):
        queue_of(database).finish(job, MESSAGE_REF, 60 if job.channel_id == "P1" else 0)
    assert claimed(database) == []
    next_allowed_at = rests_until(database)
    assert next_allowed_at is not None
    assert timedelta(seconds=59) < next_allowed_at - before < timedelta(seconds=70)
    assert queue_of(database).next_due() == AT
    schedule(database, a_job("d", channel_id="P2"), a_job("e"))
    assert [job.key for job in claimed(database)] == ["d"]


def test_a_job_that_failed_waits_and_lets_others_pass(database: Database) -> None:
    schedule(database, a_job("a"), a_job("b"))
    [job] = claimed(database)
    queue_of(database).retry(job, 60, unsure=False, hold_queue=False, why="500")
    assert say(database) == ["b"]
    assert claimed(database) == []
    [again] = queue_of(database).claim(datetime.now(UTC) + timedelta(seconds=61), "me", 5)
    assert (again.key, again.attempts, again.unsure) == ("a", 2, False)


def test_when_the_platform_asks_for_time_the_whole_lane_waits(database: Database) -> None:
    schedule(database, a_job("a"), a_job("b"))
    [job] = claimed(database)
    queue_of(database).retry(job, 60, unsure=False, hold_queue=True, why="429")
    # Not even for a clock that was told to be later: the platform's own clock counts.
    later = datetime.now(UTC) + timedelta(seconds=61)
    assert queue_of(database).claim(later, "me", 5) == []
    next_allowed_at = rests_until(database)
    assert next_allowed_at is not None
    assert queue_of(database).next_due() == AT
    schedule(database, a_job("c"))
    assert claimed(database) == []


def test_a_dead_workers_job_comes_back_first_and_unsure(database: Database) -> None:
    queue = queue_of(database)
    schedule(database, a_job("a"), a_job("b"))
    [lost] = claimed(database)
    assert claimed(database) == []
    schedule(database, a_job("urgent"))
    worker_dies(database)
    [found] = queue.claim(None, "other", 5)
    assert (found.key, found.attempts, found.unsure) == ("a", 2, True)
    # The look-up starts where the first attempt that nobody knows the end of began.
    assert found.began_at == lost.began_at
    worker_dies(database)
    [third] = queue.claim(None, "other", 5)
    assert (third.attempts, third.began_at) == (3, lost.began_at)

    queue.retry(third, 0, unsure=False, hold_queue=False, why="surely not said")
    [sure] = queue.claim(None, "other", 5)
    assert sure.key == "a"
    assert not sure.unsure
    assert sure.began_at is not None
    assert lost.began_at is not None
    assert sure.began_at > lost.began_at


def test_an_attempt_that_may_have_been_heard_stays_unsure(database: Database) -> None:
    schedule(database, a_job())
    [job] = claimed(database)
    queue_of(database).retry(job, 0, unsure=True, hold_queue=False, why="connection lost")
    [again] = claimed(database)
    assert again.unsure
    assert again.began_at == job.began_at


def test_who_comes_after_the_lease_cannot_finish_for_the_new_holder(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    queue = queue_of(database)
    schedule(database, a_job(asked_by="U-secret"))
    [late] = claimed(database)
    worker_dies(database)
    [new] = claimed(database)
    with caplog.at_level(logging.WARNING):
        queue.finish(late, MESSAGE_REF, 0, [a_job("follow")])
        queue.retry(late, 0, unsure=False, hold_queue=True, why="late")
        queue.give_up(late, "late")
    assert caplog.text.count("came back after its lease") == 3
    assert "U-secret" not in caplog.text
    assert queue.state() == {"waiting": 0, "dead": 0, "oldest_due": AT}  # the new one says it
    assert seen(database, lambda work: work.sent_messages.get("retro:1")) is None
    queue.finish(new, MESSAGE_REF, 0)
    assert seen(database, lambda work: work.sent_messages.get("retro:1")) == MESSAGE_REF


def test_finishing_keeps_the_receipt_and_schedules_what_follows(database: Database) -> None:
    schedule(database, a_job())
    [job] = claimed(database)
    follow = [a_job(f"retro:1:{prompt}", thread="retro:1") for prompt in ("b", "a")]
    queue_of(database).finish(job, MESSAGE_REF, 0, follow)
    assert seen(database, lambda work: work.sent_messages.get("retro:1")) == MESSAGE_REF
    assert [say(database) for _ in range(3)] == [["retro:1:b"], ["retro:1:a"], []]


def test_what_ends_together_is_put_away_together_each_in_its_own_way(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    queue = queue_of(database)
    for workspace in ("W", "W:2"):
        schedule(database, *(a_job(key, channel_id=key) for key in "abcd"), workspace=workspace)
    jobs = {(job.workspace, job.key): job for job in claimed(database)}
    schedule(database, a_job("a", detail="newer", channel_id="a"), a_job("e", channel_id="c"))
    late = jobs["W", "d"].model_copy(update={"claimed_by": "somebody before"})
    queue.put_away(
        [
            Ended(jobs["W", "d"], "done"),
            Ended(late, "done", message_ref=MESSAGE_REF, follow=[a_job("never")]),
            Ended(jobs["W:2", "a"], "dead", why="gone", follow=[a_job("note", channel_id="b")]),
            Ended(jobs["W", "c"], "waiting", 60, why="500"),
            Ended(jobs["W:2", "b"], "waiting", 60, why="429", hold_queue=True),
            Ended(
                jobs["W", "a"],
                "done",
                message_ref=MESSAGE_REF,
                follow=[a_job("follows", channel_id="d")],
            ),
        ]
    )
    assert caplog.text.count("came back after its lease") == 1
    assert seen(database, lambda work: work.sent_messages.get("a")) == MESSAGE_REF
    assert seen(database, lambda work: work.sent_messages.get("d")) is None
    said = {(job.workspace, job.key): job for job in claimed(database)}
    assert set(said) == {("W", "a"), ("W", "e"), ("W", "follows")}
    assert said["W", "a"].detail == "newer"
    assert queue.given_up() == [GivenUp("retro.announce", "gone", 1)]
    # Those that were left alone are held as they were.
    queue.put_away([Ended(jobs[name], "done") for name in (("W", "b"), ("W:2", "c"), ("W:2", "d"))])
    assert caplog.text.count("came back after its lease") == 1


def test_who_is_put_away_twice_at_once_is_put_away_once(database: Database) -> None:
    schedule(database, a_job())
    [job] = claimed(database)
    queue_of(database).put_away(
        [Ended(job, "done", message_ref=MESSAGE_REF), Ended(job, "waiting", why="stopped")]
    )
    assert claimed(database) == []
    assert queue_of(database).state()["waiting"] == 0


def test_giving_up_frees_the_channel_and_says_what_follows(database: Database) -> None:
    queue = queue_of(database)
    schedule(database, a_job("a"), a_job("b"))
    [job] = claimed(database)
    queue.give_up(job, "no such place", [a_job("note", channel_id="U1", direct=True)])
    assert sorted(job.key for job in claimed(database)) == ["b", "note"]
    assert queue.state()["dead"] == 1


def test_the_operator_sees_since_when_the_oldest_due_one_waits(database: Database) -> None:
    schedule(database, a_job("a", due_at=AT + timedelta(hours=1)), a_job("b", channel_id="P2"))
    assert queue_of(database).state() == {"waiting": 2, "dead": 0, "oldest_due": AT}


def test_the_state_counts_no_further_than_it_says(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.jobs.queue.MAX_COUNTED", 2)
    queue = queue_of(database)
    for number in range(4):
        schedule(database, a_job(f"a{number}", channel_id=f"P{number}"))
        assert queue.state() == {"waiting": min(number + 1, 3), "dead": 0, "oldest_due": AT}
    for job in claimed(database):
        queue.give_up(job, "no such place")
    assert queue.state() == {"waiting": 0, "dead": 3, "oldest_due": None}


def test_an_empty_queue_has_nothing_due(database: Database) -> None:
    queue = queue_of(database)
    assert queue.next_due() is None
    assert queue.state() == {"waiting": 0, "dead": 0, "oldest_due": None}
    schedule(database, a_job())
    say(database)
    assert queue.next_due() is None


async def test_workers_side_by_side_never_get_the_same_queue(
    database: Database, database_url: str
) -> None:
    channels, each = 12, 3
    keys = [f"{place}:{number}" for place in range(channels) for number in range(each)]
    schedule(database, *(a_job(key, channel_id=key.partition(":")[0]) for key in keys))
    speaking: Counter[str] = Counter()
    said: list[str] = []
    together: list[int] = []

    async def work(opened: Database, name: str) -> None:
        while len(said) < len(keys):
            jobs = await opened.write_queue(lambda queue: queue.claim(None, name, 3))
            speaking.update(job.channel_id for job in jobs)
            together.extend(speaking.values())
            for job in jobs:
                await asyncio.sleep(0)
                speaking[job.channel_id] -= 1
                await opened.write_queue(partial(finish, [job], ()))
                said.append(job.key)

    # A second process has a pool of its own.
    other = Database(database_url)
    try:
        async with asyncio.timeout(30):
            workers = [(database, "a"), (other, "b"), (database, "c"), (other, "d")]
            await asyncio.gather(*(work(*worker) for worker in workers))
    finally:
        other.close()
    assert sorted(said) == sorted(keys)
    assert max(together) == 1
    for place in range(channels):
        assert [key for key in said if key.startswith(f"{place}:")] == [
            f"{place}:{number}" for number in range(each)
        ]


async def test_flows_and_workers_at_once_lose_nothing_and_never_get_stuck(database: Database) -> None:
    """Everybody schedules the same few messages while workers say them, follow-ups and all."""
    rounds = 25
    keys = [f"m{number}" for number in range(4)]
    over = asyncio.Event()

    def job(key: str) -> Job:
        return a_job(key, channel_id=f"P{int(key[1]) % 2}")

    def schedule_all(mixed: Sequence[str], work: ports.UnitOfWork) -> None:
        for key in mixed:
            work.jobs.schedule(job(key))

    async def flow(number: int) -> None:
        for turn in range(rounds):
            mixed = keys if (turn + number) % 2 else keys[::-1]
            await database.write("W", partial(schedule_all, mixed))

    async def worker(name: str) -> None:
        turn = len(name)
        while True:
            idle = over.is_set()
            jobs = await database.write_queue(lambda queue: queue.claim(None, name, 2))
            turn = (turn + 1) % len(keys)
            following = [] if over.is_set() else [job(keys[turn]), job(f"m{turn}a"), job(keys[turn - 2])]
            await database.write_queue(partial(finish, jobs, following))
            state = await database.read_queue(lambda queue: queue.state())
            if idle and not jobs and state["waiting"] == 0:
                return

    async with asyncio.timeout(60):
        workers = [asyncio.create_task(worker(name)) for name in "ab"]
        await asyncio.gather(*(flow(number) for number in range(3)))
        over.set()
        await asyncio.gather(*workers)
    assert queue_of(database).next_due() is None
    for key in keys:
        assert seen(database, lambda work: work.sent_messages.get(key)) == MESSAGE_REF  # noqa: B023 - at once


def test_old_jobs_and_requests_are_forgotten_in_small_bites(database: Database) -> None:
    queue = queue_of(database)
    schedule(database, *(a_job(f"{n}", channel_id=f"P{n}") for n in range(4)))
    waiting = a_job("waiting", due_at=datetime.now(UTC) + timedelta(days=1))
    schedule(database, waiting)
    done = claimed(database)
    for job in done[:3]:
        queue.finish(job, None, 0)
    queue.give_up(done[3], "no such place")
    saved(database, lambda work: work.requests.first_time("key"))

    soon = datetime.now(UTC) + timedelta(days=1)
    assert queue.prune(datetime.now(UTC) - timedelta(days=1)) == 0
    # Two of the three jobs, and the request; then the third. The dead one is still to be seen.
    assert queue.prune(soon, 2) == 3
    assert queue.prune(soon, 2) == 1
    assert queue.prune(soon, 2) == 0
    assert queue.state() == {"waiting": 1, "dead": 1, "oldest_due": None}
    assert saved(database, lambda work: work.requests.first_time("key"))

    with database.transaction(writes=True) as connection:
        old = datetime.now(UTC) - timedelta(days=31)
        dead = job_rows.c.state == "dead"
        connection.execute(update(job_rows).where(dead).values(ended_at=old))
        connection.execute(requests.delete())
        connection.commit()
    assert queue.prune(soon) == 1
    assert queue.state()["dead"] == 0


def test_a_workspace_has_a_budget_that_fills_up_again(database: Database) -> None:
    clock = Clock()
    queue = queue_of(database, clock)
    schedule(database, *(a_job(f"{n}", channel_id=f"P{n}") for n in range(9)))

    def claims() -> int:
        claimed = queue.claim(None, "me", 9, LIMITS)
        for job in claimed:
            queue.finish(job, MESSAGE_REF, 0)
        return len(claimed)

    assert [claims(), claims()] == [3, 0]
    clock.move(0.9)
    assert claims() == 0
    clock.move(0.1)
    assert [claims(), claims()] == [1, 0]
    clock.move(2.5)
    assert [claims(), claims()] == [2, 0]
    # However long it was quiet, no more than the burst at once.
    clock.move(3600)
    assert claims() == 3


def test_edits_and_other_workspaces_have_budgets_of_their_own(database: Database) -> None:
    queue = queue_of(database, Clock())
    schedule(database, a_job("edited", channel_id="P0"))
    [said] = queue.claim(None, "me", 9, LIMITS)
    queue.finish(said, MESSAGE_REF, 0)
    schedule(database, *(a_job(f"{n}", channel_id=f"P{n}") for n in range(1, 9)))
    assert len(queue.claim(None, "me", 9, LIMITS)) == 2
    schedule(database, a_job("edited", channel_id="P0"))
    schedule(database, *(a_job(f"{n}", channel_id=f"P{n}") for n in range(8)), workspace="W:2")
    # The spent workspace's channel queues are older, and hold up nobody.
    claimed = queue.claim(None, "me", 4, LIMITS)
    assert Counter(job.workspace for job in claimed) == {"W": 1, "W:2": 3}
    assert queue.claim(None, "me", 9, LIMITS) == []


def test_what_dies_unsaid_is_no_reason_to_say_more(database: Database) -> None:
    """Whoever claimed may have said it before it died, so its share is spent."""
    clock = Clock()
    queue = queue_of(database, clock)
    schedule(database, *(a_job(f"{n}", channel_id=f"P{n}") for n in range(5)))
    assert len(queue.claim(None, "dies", 9, LIMITS)) == 3
    assert queue.claim(None, "me", 9, LIMITS) == []


def test_an_import_leaves_a_part_of_the_budget_to_people(database: Database) -> None:
    queue, limits = queue_of(database, Clock()), {"W": Limits(new=Rate(60, 10))}
    schedule(database, *(a_job(f"{n}", channel_id=f"P{n}", bulk=True) for n in range(20)))
    # Four seconds' worth is kept back, so that a person need not wait behind the rows of a file.
    assert len(queue.claim(None, "me", 6, limits)) == 6
    assert queue.claim(None, "me", 20, limits) == []
    schedule(database, a_job("by hand", channel_id="P9"), a_job("too", channel_id="elsewhere"))
    assert {job.key for job in queue.claim(None, "me", 20, limits)} == {"by hand", "too"}


async def test_processes_side_by_side_share_one_budget(database: Database, database_url: str) -> None:
    """They claim at the same moment, again and again, and together they get the burst."""
    limits = {"W": Limits(new=Rate(1, 20))}
    schedule(database, *(a_job(f"{n}", channel_id=f"P{n}") for n in range(60)))
    other = Database(database_url)

    async def work(opened: Database) -> int:
        claims = [
            await opened.write_queue(lambda queue: queue.claim(None, "me", 3, limits)) for _ in range(20)
        ]
        return sum(map(len, claims))

    try:
        async with asyncio.timeout(30):
            shares = await asyncio.gather(*(work(one) for one in (database, other, database, other)))
    finally:
        other.close()
    assert sum(shares) == 20


def test_a_platform_that_asks_for_time_gets_it_from_the_whole_workspace(
    database: Database,
) -> None:
    clock = Clock()
    queue = queue_of(database, clock)
    schedule(database, *(a_job(f"{n}", channel_id=f"P{n}") for n in range(5)))
    jobs = queue.claim(None, "me", 2, LIMITS)
    for wait, job in zip((40, 1), jobs, strict=True):
        queue.retry(job, wait, unsure=False, hold_queue=True, why="429", hold_workspace=True)
    schedule(database, a_job("W:2 goes on", channel_id="P1"), workspace="W:2")
    claimed = queue.claim(None, "me", 9, LIMITS)
    assert [job.workspace for job in claimed] == ["W:2"]
    queue.finish(claimed[0], MESSAGE_REF, 0)
    clock.move(39)
    assert queue.claim(None, "me", 9, LIMITS) == []
    clock.move(1)
    assert len(queue.claim(None, "me", 9, LIMITS)) == 1


def test_one_channel_that_waits_for_an_hour_lets_the_others_try_after_a_minute(
    database: Database,
) -> None:
    clock = Clock()
    queue = queue_of(database, clock)
    schedule(database, a_job("a"), a_job("b", channel_id="P2"))
    [job] = queue.claim(None, "me", 1, LIMITS)
    queue.retry(job, 9999, unsure=False, hold_queue=True, why="429", hold_workspace=True)
    schedule(database, a_job("c"))
    clock.move(60)
    [other] = queue.claim(None, "me", 9, LIMITS)
    assert other.key == "b"
    queue.finish(other, MESSAGE_REF, 0)
    clock.move(MAX_COOL_DOWN.total_seconds() - 61)
    assert queue.claim(None, "me", 9, LIMITS) == []
    clock.move(1)
    assert [job.key for job in queue.claim(None, "me", 9, LIMITS)] == ["c"]


def test_only_platforms_with_a_adapter_are_claimed_and_waited_for(database: Database) -> None:
    queue, limits = queue_of(database), {"slack": Limits(), "web": Limits()}
    far = datetime.now(UTC) + timedelta(days=1)
    schedule(database, a_job("a"), workspace="teams:T1")
    schedule(database, a_job("b", due_at=far), workspace="slack:T1")
    schedule(database, a_job("c"), workspace="webbed")
    assert queue.claim(None, "me", 9, limits) == []
    assert queue.next_due(limits) == far
    assert queue.next_due([]) is None
    assert queue.claim(None, "me", 9, {}) == []
    schedule(database, a_job("d"), workspace="web")
    assert [job.key for job in queue.claim(None, "me", 9, limits)] == ["d"]


def test_a_clock_set_back_while_nobody_looked_holds_a_lane_no_longer_than_its_lease(
    database: Database,
) -> None:
    clock = Clock()
    schedule(database, a_job("leased"), a_job("rests", channel_id="P2"))
    for job in queue_of(database, clock).claim(None, "dead", 9):
        if job.key == "rests":
            longest = MAX_COOL_DOWN.total_seconds()
            queue_of(database, clock).retry(job, longest, unsure=False, hold_queue=True, why="429")
    schedule(database, a_job("next", channel_id="P2"))
    # A few seconds are no jump: clocks are put right by as much all the time.
    clock.move(-2)
    assert queue_of(database, clock).claim(None, "me", 9) == []
    clock.move(-600)
    claimed = queue_of(database, clock).claim(None, "me", 9)
    assert {(job.key, job.unsure) for job in claimed} == {("leased", True), ("next", False)}


def test_a_clock_set_back_under_a_process_holds_nothing_up(sqlite: Database) -> None:
    clock = Clock()
    queue = queue_of(sqlite, clock)
    keys = ("leased", "rests", "tried")
    schedule(sqlite, *(a_job(key, channel_id=key) for key in keys))
    jobs = {job.key: job for job in queue.claim(None, "me", 9)}
    queue.finish(jobs["rests"], MESSAGE_REF, 20)
    queue.retry(jobs["tried"], 10, unsure=False, hold_queue=False, why="500")
    soon, later = clock.now + timedelta(seconds=1), clock.now + timedelta(seconds=100)
    schedule(
        sqlite,
        a_job("after", channel_id="rests", due_at=clock.now),
        a_job("soon", channel_id="P1", due_at=clock.now),
        a_job("reminder", channel_id="P2", due_at=later),
    )
    assert [job.key for job in queue.claim(None, "me", 9)] == ["soon"]
    schedule(sqlite, a_job("due", channel_id="P3", due_at=clock.now))
    clock.move(-1800)
    # What waited goes on at once, and what is being said is nobody else's.
    assert {job.key for job in queue.claim(None, "me", 9)} == {"due", "tried", "after"}
    clock.move(LEASE_SECONDS - 1)
    assert queue.claim(None, "me", 9) == []
    clock.move(2)
    again = queue.claim(None, "me", 9)
    assert {job.key for job in again} == {"leased", "soon", "due", "tried", "after"}
    assert soon > clock.now
    # A reminder has its own moment, on whatever clock.
    clock.move(1868)
    assert "reminder" not in {job.key for job in queue.claim(None, "me", 9)}
    clock.move(1)
    assert "reminder" in {job.key for job in queue.claim(None, "me", 9)}


def test_the_operator_sees_what_was_given_up_and_why_and_nobodys_name(
    database: Database,
) -> None:
    queue = queue_of(database)
    assert queue.given_up() == []
    schedule(database, *(a_job(f"{n}", channel_id=f"P{n}", asked_by="U-secret") for n in range(3)))
    for job in claimed(database):
        queue.give_up(job, "It broke." if job.key == "0" else "Not there.")
    assert queue.given_up() == [
        GivenUp("retro.announce", "Not there.", 2),
        GivenUp("retro.announce", "It broke.", 1),
    ]
    assert queue.given_up(1) == [GivenUp("retro.announce", "Not there.", 2)]


def test_what_follows_a_message_lets_others_pass_for_a_minute_and_no_longer(database: Database) -> None:
    schedule(database, a_job("retro:1", bulk=True))
    [root] = claimed(database)
    follow = [a_job("prompt:1:training", thread="retro:1"), a_job("customer:1:U1", direct=True)]
    queue_of(database).finish(root, MESSAGE_REF, 0, follow=follow)
    with database.transaction(writes=False) as connection:
        rows = connection.execute(select(job_rows.c.key, job_rows.c.id))
        ids = {row.key: row.id for row in rows}
    now = datetime.now(UTC)
    assert scheduled_at(ids["prompt:1:training"]) <= now
    assert scheduled_at(ids["customer:1:U1"]) <= now
    assert min(ids[job.key] for job in follow) - ids["retro:1"] >= FOLLOWS


@pytest.mark.parametrize("bulk", [False, True])
def test_what_belongs_under_a_message_has_its_turn_after_it_and_an_answer_elsewhere_before(
    database: Database, bulk: bool
) -> None:
    schedule(database, a_job("retro:1"))
    assert say(database) == ["retro:1"]
    schedule(database, a_job("retro:2", bulk=bulk), a_job("item:2", thread="retro:2", bulk=bulk))
    schedule(database, a_job("answer:1", thread="retro:1"))
    assert [say(database) for _ in range(3)] == [["answer:1"], ["retro:2"], ["item:2"]]
