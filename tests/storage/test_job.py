"""Scheduling: what a repeat changes, and that it all belongs to the transaction."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.job import Job, Receipt
from storage.database import Database
from tests.storage.made import AT, a_job, saved

RECEIPT = Receipt(place="P1", message="171.1")


async def schedule(database: Database, *jobs: Job, workspace: str = "W") -> None:
    async with database.open_work(workspace, writes=True) as work:
        for job in jobs:
            await work.jobs.schedule(job)
        await work.commit()


async def claimed(database: Database, most: int = 10) -> list[Job]:
    return list(await database.queue().claim(None, "me", most))


async def say(database: Database) -> list[str]:
    """Claims once and finishes each, without any pace; returns their keys."""
    jobs = await claimed(database)
    for job in jobs:
        await database.queue().finish(job, RECEIPT.model_copy(update={"message": job.key}), 0)
    return [job.key for job in jobs]


async def test_a_job_is_there_when_its_change_is_and_never_without(database: Database) -> None:
    async with database.open_work("W", writes=True) as work:
        await work.jobs.schedule(a_job())
    assert await claimed(database) == []
    await schedule(database, a_job(thread="retro:0", asked_by="U1", detail="words", direct=True))
    [job] = await claimed(database)
    assert (job.workspace, job.thread, job.asked_by, job.detail) == ("W", "retro:0", "U1", "words")
    assert (job.state, job.attempts, job.unsure, job.direct) == ("running", 1, False, True)
    assert job.due_at == AT


async def test_scheduling_it_again_while_it_waits_changes_nothing_but_can_make_it_earlier(
    database: Database,
) -> None:
    far = datetime.now(UTC) + timedelta(days=1)
    await schedule(database, a_job(due_at=far, detail="first"))
    await schedule(database, a_job(due_at=far + timedelta(days=1), detail="second"))
    assert await claimed(database) == []
    assert await database.queue().next_due() == far
    await schedule(database, a_job(due_at=AT, detail="third"))
    [job] = await claimed(database)
    assert (job.due_at, job.detail) == (AT, "first")
    await database.queue().finish(job, RECEIPT, 0)
    assert await claimed(database) == []


async def test_what_was_said_is_edited_when_it_is_scheduled_again(database: Database) -> None:
    await schedule(database, a_job(detail="first"))
    assert await say(database) == ["retro:1"]
    # The place itself may rest; edits have a lane of their own.
    await schedule(database, a_job(detail="second"), a_job("retro:2"))
    found = {job.key: job for job in await claimed(database)}
    assert set(found) == {"retro:1", "retro:2"}
    assert (found["retro:1"].detail, found["retro:1"].attempts) == ("second", 1)


async def test_what_had_nothing_to_say_is_still_new_when_it_is_scheduled_again(
    database: Database,
) -> None:
    await schedule(database, a_job())
    [job] = await claimed(database)
    await database.queue().finish(job, None, 0)
    await schedule(database, a_job(), a_job("retro:2"))
    # Both new, so both in the same lane, one at a time.
    assert len(await claimed(database)) == 1


async def test_scheduled_again_while_it_runs_it_is_said_again_with_the_newest_words(
    database: Database,
) -> None:
    await schedule(database, a_job(detail="first"))
    [job] = await claimed(database)
    await schedule(database, a_job(detail="second"))
    await schedule(database, a_job(detail="third"))
    assert await claimed(database) == []
    await database.queue().finish(job, RECEIPT, 0)
    [again] = await claimed(database)
    assert (again.key, again.detail, again.attempts, again.unsure) == ("retro:1", "third", 1, False)
    await database.queue().finish(again, RECEIPT, 0)
    assert await claimed(database) == []


async def test_scheduled_again_after_an_attempt_that_may_have_been_heard_it_is_said_again(
    database: Database,
) -> None:
    await schedule(database, a_job(detail="first"))
    [job] = await claimed(database)
    await database.queue().retry(job, 0, unsure=True, hold_lane=False, why="no answer")
    await schedule(database, a_job(detail="second"))
    [found] = await claimed(database)
    assert found.unsure
    # It was there already, with the first words; they are put right by an edit.
    await database.queue().finish(found, RECEIPT, 0)
    [again] = await claimed(database)
    assert (again.detail, again.unsure) == ("second", False)


@pytest.mark.parametrize("unsure", [True, False])
async def test_scheduled_again_during_an_attempt_that_failed_it_is_said_again_only_if_that_was_heard(
    database: Database, unsure: bool
) -> None:
    queue = database.queue()
    await schedule(database, a_job(detail="first"))
    [job] = await claimed(database)
    await schedule(database, a_job(detail="second"))
    await queue.retry(job, 0, unsure=unsure, hold_lane=False, why="no answer")
    [found] = await claimed(database)
    assert (found.detail, found.unsure) == ("second", unsure)
    await queue.finish(found, RECEIPT, 0)
    # Surely not heard: the second attempt said the newest words. Else: it may have found the older ones.
    assert len(await claimed(database)) == (1 if unsure else 0)


@pytest.mark.parametrize("when", ["running", "done", "pruned"])
async def test_what_is_said_once_is_never_said_again(database: Database, when: str) -> None:
    queue = database.queue()
    await schedule(database, a_job(once=True))
    [job] = await claimed(database)
    if when == "running":
        await schedule(database, a_job(once=True))
    await queue.finish(job, RECEIPT, 0)
    if when == "pruned":
        assert await queue.prune(datetime.now(UTC) + timedelta(seconds=1)) == 1
    await schedule(database, a_job(once=True))
    assert await claimed(database) == []
    assert (await queue.state())["waiting"] == 0


async def test_what_was_said_and_pruned_is_edited_all_the_same(database: Database) -> None:
    await schedule(database, a_job())
    await say(database)
    await database.queue().prune(datetime.now(UTC) + timedelta(seconds=1))
    await schedule(database, a_job(), a_job("retro:2"))
    assert len(await claimed(database)) == 2


async def test_bulk_waits_behind_what_people_do_by_hand_and_the_rest_keeps_its_order(
    database: Database,
) -> None:
    await schedule(database, *(a_job(f"bulk:{n}", bulk=True) for n in (2, 1, 3)))
    await schedule(database, a_job("hand:2"), a_job("hand:1"))
    await schedule(database, a_job("bulk:3", bulk=False))
    said = [await say(database) for _ in range(5)]
    assert said == [["bulk:3"], ["hand:2"], ["hand:1"], ["bulk:2"], ["bulk:1"]]


async def test_a_dead_job_that_is_scheduled_again_gets_a_new_life(database: Database) -> None:
    await schedule(database, a_job())
    [job] = await claimed(database)
    await database.queue().give_up(job, "not in the place")
    assert await claimed(database) == []
    await schedule(database, a_job())
    [again] = await claimed(database)
    assert again.attempts == 1


async def test_reviving_a_place_gives_its_dead_jobs_another_try(database: Database) -> None:
    queue = database.queue()
    await schedule(database, a_job("a"), a_job("b", place="P2"), a_job("c"))
    for _ in range(2):
        for job in await claimed(database):
            await queue.give_up(job, "not in the place")
    assert await queue.state() == {"waiting": 0, "dead": 3, "oldest_due": None}
    assert await saved(database, lambda work: work.jobs.revive("P1"), "other") == 0
    assert await saved(database, lambda work: work.jobs.revive("P1")) == 2
    assert (await queue.state())["waiting"] == 2
    assert await say(database) == ["a"]
    assert await say(database) == ["c"]


async def test_two_workspaces_keep_the_same_key_and_place_apart(database: Database) -> None:
    await schedule(database, a_job(), workspace="A")
    await schedule(database, a_job(), workspace="B")
    jobs = await claimed(database)
    assert sorted(job.workspace for job in jobs) == ["A", "B"]
    follow = a_job("retro:1:prompt", workspace="elsewhere")
    for job in jobs:
        await database.queue().finish(job, RECEIPT, 0, [follow])
    assert sorted(job.workspace for job in await claimed(database)) == ["A", "B"]
