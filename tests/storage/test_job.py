"""Scheduling: what a repeat changes, and that it all belongs to the transaction."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.job import Job, MessageRef
from storage.database import Database
from tests.session import open_work, queue_of
from tests.storage.made import AT, a_job, saved

MESSAGE_REF = MessageRef(channel_id="P1", message="171.1")


def schedule(database: Database, *jobs: Job, workspace: str = "W") -> None:
    with open_work(database, workspace, writes=True) as work:
        for job in jobs:
            work.jobs.schedule(job)
        work.commit()


def claimed(database: Database, limit: int = 10) -> list[Job]:
    return list(queue_of(database).claim(None, "me", limit))


def say(database: Database) -> list[str]:
    """Claims once and finishes each, without any pace; returns their keys."""
    jobs = claimed(database)
    for job in jobs:
        queue_of(database).finish(job, MESSAGE_REF.model_copy(update={"message": job.key}), 0)
    return [job.key for job in jobs]


def test_a_job_is_there_when_its_change_is_and_never_without(database: Database) -> None:
    with open_work(database, "W", writes=True) as work:
        work.jobs.schedule(a_job())
    assert claimed(database) == []
    schedule(database, a_job(thread="retro:0", asked_by="U1", detail="words", direct=True))
    [job] = claimed(database)
    assert (job.workspace, job.thread, job.asked_by, job.detail) == ("W", "retro:0", "U1", "words")
    assert (job.state, job.attempts, job.unsure, job.direct) == ("running", 1, False, True)
    assert job.due_at == AT


def test_scheduling_it_again_while_it_waits_changes_nothing_but_can_make_it_earlier(
    database: Database,
) -> None:
    far = datetime.now(UTC) + timedelta(days=1)
    schedule(database, a_job(due_at=far, detail="first"))
    schedule(database, a_job(due_at=far + timedelta(days=1), detail="second"))
    assert claimed(database) == []
    assert queue_of(database).next_due() == far
    schedule(database, a_job(due_at=AT, detail="third"))
    [job] = claimed(database)
    assert (job.due_at, job.detail) == (AT, "first")
    queue_of(database).finish(job, MESSAGE_REF, 0)
    assert claimed(database) == []


def test_what_was_said_is_edited_when_it_is_scheduled_again(database: Database) -> None:
    schedule(database, a_job(detail="first"))
    assert say(database) == ["retro:1"]
    # The channel itself may rest; edits have a channel queue of their own.
    schedule(database, a_job(detail="second"), a_job("retro:2"))
    found = {job.key: job for job in claimed(database)}
    assert set(found) == {"retro:1", "retro:2"}
    assert (found["retro:1"].detail, found["retro:1"].attempts) == ("second", 1)


def test_what_had_nothing_to_say_is_still_new_when_it_is_scheduled_again(
    database: Database,
) -> None:
    schedule(database, a_job())
    [job] = claimed(database)
    queue_of(database).finish(job, None, 0)
    schedule(database, a_job(), a_job("retro:2"))
    # Both new, so both in the same channel queue, one at a time.
    assert len(claimed(database)) == 1


def test_scheduled_again_while_it_runs_it_is_said_again_with_the_newest_words(
    database: Database,
) -> None:
    schedule(database, a_job(detail="first"))
    [job] = claimed(database)
    schedule(database, a_job(detail="second"))
    schedule(database, a_job(detail="third"))
    assert claimed(database) == []
    queue_of(database).finish(job, MESSAGE_REF, 0)
    [again] = claimed(database)
    assert (again.key, again.detail, again.attempts, again.unsure) == ("retro:1", "third", 1, False)
    queue_of(database).finish(again, MESSAGE_REF, 0)
    assert claimed(database) == []


def test_scheduled_again_after_an_attempt_that_may_have_been_heard_it_is_said_again(
    database: Database,
) -> None:
    schedule(database, a_job(detail="first"))
    [job] = claimed(database)
    queue_of(database).retry(job, 0, unsure=True, hold_queue=False, why="no answer")
    schedule(database, a_job(detail="second"))
    [found] = claimed(database)
    assert found.unsure
    # It was there already, with the first words; they are put right by an edit.
    queue_of(database).finish(found, MESSAGE_REF, 0)
    [again] = claimed(database)
    assert (again.detail, again.unsure) == ("second", False)


@pytest.mark.parametrize("unsure", [True, False])
def test_scheduled_again_during_an_attempt_that_failed_it_is_said_again_only_if_that_was_heard(
    database: Database, unsure: bool
) -> None:
    queue = queue_of(database)
    schedule(database, a_job(detail="first"))
    [job] = claimed(database)
    schedule(database, a_job(detail="second"))
    queue.retry(job, 0, unsure=unsure, hold_queue=False, why="no answer")
    [found] = claimed(database)
    assert (found.detail, found.unsure) == ("second", unsure)
    queue.finish(found, MESSAGE_REF, 0)
    # Surely not heard: the second attempt said the newest words. Else: it may have found the older ones.
    assert len(claimed(database)) == (1 if unsure else 0)


@pytest.mark.parametrize("when", ["running", "done", "pruned"])
def test_what_is_said_once_is_never_said_again(database: Database, when: str) -> None:
    queue = queue_of(database)
    schedule(database, a_job(once=True))
    [job] = claimed(database)
    if when == "running":
        schedule(database, a_job(once=True))
    queue.finish(job, MESSAGE_REF, 0)
    if when == "pruned":
        assert queue.prune(datetime.now(UTC) + timedelta(seconds=1)) == 1
    schedule(database, a_job(once=True))
    assert claimed(database) == []
    assert queue.state()["waiting"] == 0


def test_what_was_said_and_pruned_is_edited_all_the_same(database: Database) -> None:
    schedule(database, a_job())
    say(database)
    queue_of(database).prune(datetime.now(UTC) + timedelta(seconds=1))
    schedule(database, a_job(), a_job("retro:2"))
    assert len(claimed(database)) == 2


def test_bulk_waits_behind_what_people_do_by_hand_and_the_rest_keeps_its_order(
    database: Database,
) -> None:
    schedule(database, *(a_job(f"bulk:{n}", bulk=True) for n in (2, 1, 3)))
    schedule(database, a_job("hand:2"), a_job("hand:1"))
    schedule(database, a_job("bulk:3", bulk=False))
    said = [say(database) for _ in range(5)]
    assert said == [["bulk:3"], ["hand:2"], ["hand:1"], ["bulk:2"], ["bulk:1"]]


def test_a_dead_job_that_is_scheduled_again_gets_a_new_life(database: Database) -> None:
    schedule(database, a_job())
    [job] = claimed(database)
    queue_of(database).give_up(job, "not in the place")
    assert claimed(database) == []
    schedule(database, a_job())
    [again] = claimed(database)
    assert again.attempts == 1


def test_reviving_a_channel_gives_its_dead_jobs_another_try(database: Database) -> None:
    queue = queue_of(database)
    schedule(database, a_job("a"), a_job("b", channel_id="P2"), a_job("c"))
    for _ in range(2):
        for job in claimed(database):
            queue.give_up(job, "not in the place")
    assert queue.state() == {"waiting": 0, "dead": 3, "oldest_due": None}
    assert saved(database, lambda work: work.jobs.retry_dead("P1"), "other") == 0
    assert saved(database, lambda work: work.jobs.retry_dead("P1")) == 2
    assert queue.state()["waiting"] == 2
    assert say(database) == ["a"]
    assert say(database) == ["c"]


def test_two_workspaces_keep_the_same_key_and_channel_apart(database: Database) -> None:
    schedule(database, a_job(), workspace="A")
    schedule(database, a_job(), workspace="B")
    jobs = claimed(database)
    assert sorted(job.workspace for job in jobs) == ["A", "B"]
    follow = a_job("retro:1:prompt", workspace="elsewhere")
    for job in jobs:
        queue_of(database).finish(job, MESSAGE_REF, 0, [follow])
    assert sorted(job.workspace for job in claimed(database)) == ["A", "B"]
