"""Traceless jobs: a row that tells the minute, no more, and no place in line; then it is gone."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text

from bot.domain.job import LEASE_SECONDS, Job, minute
from bot.ports import Ended
from storage.database import Database
from storage.jobs.job import _Order
from storage.jobs.queue import Past, Queue
from storage.migrations.run import upgrade
from storage.tables import channel_queues, jobs
from tests.session import queue_of
from tests.storage.made import AT, a_job, saved, seen
from tests.storage.test_job import MESSAGE_REF, claimed, schedule
from tests.storage.test_queue import Clock, worker_dies

POSTED = AT + timedelta(seconds=17, microseconds=123)


def an_answer_job(key: str = "answer:1", **more: object) -> Job:
    return a_job(key, **{"name": "retro.answered", "traceless": True, "due_at": POSTED, **more})


def rows(database: Database) -> dict[str, Job]:
    """The stored jobs by key, with the moment of their end in `at`."""
    with database.transaction(writes=False) as connection:
        rows = connection.execute(select(jobs))
        return {
            row.key: Job.model_validate(
                {**dict(zip(jobs.c.keys(), row, strict=True)), "at": row.ended_at}, strict=False
            )
            for row in rows
        }


def at_minute(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Lets ids be made in the first microsecond of a minute."""
    nanoseconds = number * 60 * 10**9
    monkeypatch.setattr("storage.jobs.job._next", _Order())
    monkeypatch.setattr("storage.jobs.job.time", SimpleNamespace(time_ns=lambda: nanoseconds))


def test_its_row_tells_the_minute_and_no_place_in_line(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_minute(monkeypatch, 7)
    keys = [f"answer:{n:02}" for n in range(20)]
    schedule(database, *(an_answer_job(key) for key in keys))
    stored = rows(database)
    assert {job.due_at for job in stored.values()} == {minute(POSTED)}
    assert all(7 * 60_000_000 <= job.id < 8 * 60_000_000 for job in stored.values())
    assert sorted(keys, key=lambda key: stored[key].id) != keys


def test_others_keep_their_order_and_it_waits_behind_nothing_of_a_later_minute(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_minute(monkeypatch, 1)
    schedule(database, a_job("a"), a_job("b"))
    at_minute(monkeypatch, 2)
    schedule(database, an_answer_job(), an_answer_job("answer:2"))
    at_minute(monkeypatch, 3)
    schedule(database, a_job("c"), a_job("d"))
    said = []
    while found := claimed(database):
        said += [job.key for job in found]
        queue_of(database).finish(found[0], MESSAGE_REF, 0)
    assert (said[:2], sorted(said[2:4]), said[4:]) == (["a", "b"], ["answer:1", "answer:2"], ["c", "d"])


@pytest.mark.parametrize("said", [True, False])
def test_nothing_is_left_of_it_once_it_was_said_or_had_nothing_to_say(
    database: Database, said: bool
) -> None:
    schedule(database, an_answer_job())
    [job] = claimed(database)
    queue_of(database).finish(job, MESSAGE_REF if said else None, 0)
    assert rows(database) == {}
    assert (seen(database, lambda work: work.sent_messages.get("answer:1")) is not None) is said
    assert queue_of(database).next_due() is None
    # Scheduled again, what was said is edited: beside what is new in its place.
    schedule(database, an_answer_job(), a_job("new"))
    assert len(claimed(database)) == (2 if said else 1)


def test_without_a_pace_its_channel_does_not_tell_when_it_was_said(database: Database) -> None:
    schedule(database, an_answer_job(), a_job("b", channel_id="P2"))
    for job in claimed(database):
        queue_of(database).finish(job, MESSAGE_REF, 0)
    with database.transaction(writes=False) as connection:
        rows = connection.execute(text("SELECT lane, free_at FROM lanes"))
        rest = {row.lane: row.free_at is not None for row in rows}
    assert rest == {"P1": False, "P2": True}


def test_a_change_while_it_is_said_is_said_too_and_then_nothing_is_left(
    database: Database,
) -> None:
    schedule(database, an_answer_job(detail="first"))
    [job] = claimed(database)
    schedule(database, an_answer_job(detail="second"))
    queue_of(database).finish(job, MESSAGE_REF, 0)
    [again] = claimed(database)
    assert (again.detail, again.due_at) == ("second", minute(POSTED))
    queue_of(database).finish(again, MESSAGE_REF, 0)
    assert rows(database) == {}


def test_one_that_joins_a_job_with_a_trace_takes_that_with_it(database: Database) -> None:
    schedule(database, a_job(asked_by="U1"))
    before = rows(database)["retro:1"]
    schedule(database, an_answer_job("retro:1"))
    joined = rows(database)["retro:1"]
    # Who asked for it goes at once: an answer may have lost its name just now.
    assert (joined.id, joined.due_at, joined.asked_by) == (before.id, AT, None)
    [job] = claimed(database)
    assert job.traceless
    queue_of(database).finish(job, MESSAGE_REF, 0)
    assert rows(database) == {}


async def test_put_back_its_row_tells_the_minute_after_and_it_is_tried_in_time_all_the_same(
    database: Database,
) -> None:
    clock = Clock()
    clock.move(17.5)
    queue, other = (queue_of(database, clock) for _ in range(2))
    schedule(database, an_answer_job())
    [job] = queue.claim(None, "me", 5)
    queue.retry(job, 2.0, unsure=False, hold_queue=False, why="500")
    stored = rows(database)["answer:1"]
    assert stored.due_at == minute(clock.now) + timedelta(minutes=1)

    clock.move(1.9)
    assert queue.claim(None, "me", 5) == []
    clock.move(0.2)
    # Another process only knows what the row says.
    assert other.claim(None, "other", 5) == []
    [again] = queue.claim(None, "me", 5)
    assert (again.key, again.attempts) == ("answer:1", 2)
    assert again.due_at == minute(clock.now)
    queue.retry(again, 2.0, unsure=False, hold_queue=False, why="500")
    clock.move(60)
    assert [job.key for job in other.claim(None, "other", 5)] == ["answer:1"]
    # And whoever comes second leaves it alone.
    assert queue.claim(None, "me", 5) == []
    assert rows(database)["answer:1"].state == "running"


def test_a_claim_that_came_to_nothing_leaves_it_as_near_as_it_was(database: Database) -> None:
    clock, past = Clock(), Past()
    clock.move(17.5)

    def claim(*, saved: bool) -> list[str]:
        with database.transaction(writes=True) as connection:
            jobs = Queue(connection, past, clock).claim(None, "me", 5)
            if saved:
                connection.commit()
        return [job.key for job in jobs]

    schedule(database, an_answer_job())
    [job] = queue_of(database, clock).claim(None, "me", 5)
    with database.transaction(writes=True) as connection:
        Queue(connection, past, clock).put_away([Ended(job, "waiting", 2.0, why="500")])
        connection.commit()
    clock.move(2.1)
    assert claim(saved=False) == ["answer:1"]
    assert claim(saved=True) == ["answer:1"]
    assert claim(saved=True) == []
    assert past.sooner == {}


def test_handed_back_it_is_due_at_once(database: Database) -> None:
    schedule(database, an_answer_job())
    [job] = claimed(database)
    queue_of(database).retry(job, 0.0, unsure=True, hold_queue=False, why="Amends was stopped.")
    assert [job.key for job in claimed(database)] == ["answer:1"]
    assert rows(database)["answer:1"].due_at.second == 0


def test_the_look_up_of_what_may_have_been_said_begins_before_it_could_have_been(
    database: Database,
) -> None:
    clock = Clock()
    clock.move(59.9)
    queue, began = queue_of(database, clock), clock.now
    schedule(database, an_answer_job())
    [job] = queue.claim(None, "me", 5)
    assert job.began_at == minute(began)
    worker_dies(database)
    clock.move(LEASE_SECONDS + 1)
    [again] = queue.claim(None, "other", 5)
    assert again.unsure
    assert again.began_at == minute(began)
    assert rows(database)["answer:1"].began_at == minute(began)


def test_given_up_it_tells_the_minute_and_what_is_said_instead_is_traceless_too(
    database: Database,
) -> None:
    schedule(database, an_answer_job())
    [job] = claimed(database)
    note = a_job("unsaid", channel_id="U9", direct=True, due_at=datetime.now(UTC))
    queue_of(database).give_up(job, "I am not in that channel.", [note])
    stored = rows(database)
    dead, instead = stored["answer:1"], stored["unsaid"]
    assert dead.state == "dead"
    for moment in (dead.at, dead.due_at, dead.began_at, instead.due_at):
        assert moment is not None
        assert moment == minute(moment)
    assert instead.traceless
    [said] = claimed(database)
    queue_of(database).finish(said, MESSAGE_REF, 0)
    assert set(rows(database)) == {"answer:1"}
    # It can be said yet, when somebody has put right what was in the way.
    assert saved(database, lambda work: work.jobs.retry_dead("P1")) == 1
    retried = rows(database)["answer:1"]
    assert retried.due_at == minute(retried.due_at)
    assert [job.key for job in claimed(database)] == ["answer:1"]


def test_a_clock_that_is_set_back_leaves_its_moment_rounded(sqlite: Database) -> None:
    clock = Clock()
    queue = queue_of(sqlite, clock)
    schedule(sqlite, an_answer_job())
    [job] = queue.claim(None, "me", 5)
    queue.retry(job, 200.0, unsure=False, hold_queue=False, why="500")
    clock.move(-1000.25)
    queue.claim(None, "me", 5)
    moved = rows(sqlite)["answer:1"].due_at
    assert moved == minute(moved)
    assert moved < clock.now + timedelta(seconds=260)


def test_a_late_comer_writes_no_line_about_it(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    schedule(database, an_answer_job())
    [late] = claimed(database)
    worker_dies(database)
    claimed(database)
    queue_of(database).finish(late, MESSAGE_REF, 0)
    assert caplog.text == ""
    assert rows(database)["answer:1"].state == "running"


def test_the_migration_takes_the_traces_from_what_an_older_program_left(empty_url: str) -> None:
    """Said: gone. Still owed: kept, without its moment and its channel. Everybody else's: as it was."""
    database = Database(empty_url)
    if database.file is not None:
        database.file.touch()
    named = "U1"
    left = [
        ("answer:done", "retro.answered", None, "done"),
        ("answer:waiting", "retro.answered", None, "waiting"),
        ("answer:dead", "retro.answered", None, "dead"),
        ("answer:named", "retro.answered", named, "done"),
        ("retro:1", "retro.show", None, "done"),
        ("retro:2", "retro.show", named, "waiting"),
    ]
    id = int(POSTED.timestamp() * 1_000_000)
    with database.transaction(writes=True) as connection:
        upgrade(connection, "0003")
        older = [column for column in jobs.c if column.name != "traceless"]
        for key, name, asked_by, state in left:
            row = a_job(key, name=name, asked_by=asked_by, id=id, due_at=POSTED).model_dump()
            row |= {"workspace": "W", "state": state, "began_at": POSTED, "ended_at": POSTED}
            row |= {"queue_id": "P1", "again": False, "why": ""}
            statement = jobs.insert().values({column: row[column.key] for column in older})
            connection.execute(statement)
        queue = {"workspace": "W", "queue_id": "P1", "due_at": POSTED, "claimed_by": ""}
        connection.execute(channel_queues.insert().values(queue))
        upgrade(connection, "0004")
        connection.commit()
    stored = rows(database)
    assert set(stored) == {"answer:waiting", "answer:dead", "answer:named", "retro:2"}
    for key in ("answer:waiting", "answer:dead"):
        job = stored[key]
        assert (job.due_at, job.began_at, job.at) == (minute(POSTED),) * 3
        assert job.traceless
        assert job.id // 60_000_000 == id // 60_000_000
    assert {stored[key].id for key in stored if "answer:" in key and key != "answer:named"} != {id}
    for key in ("answer:named", "retro:2"):
        job = stored[key]
        assert (job.id, job.due_at, job.at, job.traceless) == (id, POSTED, POSTED, False)
    database.migrate()
    said = []
    while found := claimed(database):
        said += [job.key for job in found]
        queue_of(database).finish(found[0], MESSAGE_REF, 0)
    assert sorted(said) == ["answer:waiting", "retro:2"]
    database.close()
