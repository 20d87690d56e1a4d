"""Turns at the database: in order, together where that is cheaper, and told what really happened."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event

from bot.domain import recovery
from bot.domain.channel import Channel
from bot.domain.errors import ConflictError
from bot.domain.job import MessageRef
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.person import Person
from bot.domain.reminder import SentReminder
from bot.ports import ReadOnlyWork, StorageUnavailable, UnitOfWork
from storage import sqlite as engines
from storage.database import Database
from storage.turn import Turn
from tests.storage.made import (
    AT,
    a_case,
    a_job,
    a_post,
    a_retro,
    a_team,
    an_answer,
    an_item,
    seen,
)

NO_CONNECTION: Any = None
RECOVERY = recovery.begin(a_case(number=1), "U1", a_team(), AT)
PREFERENCES = NotificationPreferences(person_id="U1")
REMINDER = SentReminder(
    about="AI-1", name="due_soon", recipient_id="U1", day=AT.date(), message="m", asked_at=AT
)
SENT = MessageRef(channel_id="P1", message="1")


def add(number: int = 0) -> Callable[[UnitOfWork], int]:
    return lambda work: work.cases.add(a_case(what_happened=f"Case {number}")).number


def mistake(work: UnitOfWork) -> None:
    work.cases.add(a_case())
    raise ZeroDivisionError


def stored(database: Database) -> list[int]:
    found: list[int] = seen(database, lambda work: [case.number for case in work.cases.after(0)])
    return found


@asynccontextmanager
async def held(database: Database) -> AsyncIterator[None]:
    """Keeps the only writer at work until the block ends: what is asked for in it waits together."""
    begun, over = Event(), Event()

    def hold(work: UnitOfWork) -> None:
        begun.set()
        over.wait(30)

    task = asyncio.create_task(database.write("W", hold))
    await asyncio.to_thread(begun.wait, 30)
    try:
        yield
    finally:
        over.set()
        await task


def commits(database: Database) -> list[Any]:
    """Every COMMIT from now on."""
    seen: list[Any] = []
    event.listen(database._engines.writers, "commit", seen.append)
    return seen


async def test_what_waits_together_shares_one_commit(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is: on a busy one twenty of them take longer than a commit waits.
    monkeypatch.setattr(engines, "SHARED_SECONDS", 30.0)
    async with held(sqlite):
        told = commits(sqlite)
        asked = [asyncio.create_task(sqlite.write("W", add(number))) for number in range(20)]
        await asyncio.sleep(0)
    assert sorted(await asyncio.gather(*asked)) == list(range(1, 21))
    # That of who held it, and one for all twenty.
    assert len(told) == 2
    assert stored(sqlite) == list(range(1, 21))


async def test_one_that_fails_takes_nothing_of_the_others_with_it(sqlite: Database) -> None:
    def lose(work: UnitOfWork) -> None:
        work.cases.add(a_case())
        work.action_items.add(an_item())
        raise ConflictError("changed their mind")

    def taken(work: UnitOfWork) -> None:
        work.cases.add(a_case(reference="ZD-1"))
        work.cases.add(a_case(reference="zd-1"))

    async with held(sqlite):
        asked = [
            asyncio.create_task(sqlite.write("W", change))
            for change in (add(1), lose, add(2), taken, add(3))
        ]
        await asyncio.sleep(0)
    came = await asyncio.gather(*asked, return_exceptions=True)
    assert [one if isinstance(one, int) else type(one) for one in came] == [
        1,
        ConflictError,
        2,
        ConflictError,
        3,
    ]
    assert stored(sqlite) == [1, 2, 3]
    assert seen(sqlite, lambda work: work.action_items.get(1)) is None


async def test_nobody_is_answered_before_the_disk_has_it(sqlite: Database, tmp_path: Path) -> None:
    """Whoever is told that it is saved can see it from another process at once."""
    with closing(sqlite3.connect(tmp_path / "amends.db")) as other:

        async def ask(number: int) -> None:
            told = await sqlite.write("W", add(number))
            assert other.execute("SELECT 1 FROM cases WHERE number = ?", (told,)).fetchone()

        async with asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(ask(number))


async def test_a_commit_that_fails_fails_all_who_shared_it(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect = sqlite._engines.writers.dialect
    commit, faults = dialect.do_commit, [sqlite3.OperationalError("disk I/O error")]

    def fail_once(connection: Any) -> None:
        if faults and connection.execute("SELECT 1 FROM cases").fetchone():
            raise faults.pop()
        commit(connection)

    monkeypatch.setattr(dialect, "do_commit", fail_once)
    async with held(sqlite):
        asked = [asyncio.create_task(sqlite.write("W", add(number))) for number in range(3)]
        refused = asyncio.create_task(sqlite.write("W", mistake))
        await asyncio.sleep(0)
    came = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in came] == [StorageUnavailable] * 3
    # What was wrong with one of them already, they hear all the same.
    with pytest.raises(ZeroDivisionError):
        await refused
    assert stored(sqlite) == []
    assert await sqlite.write("W", add()) == 1


async def test_a_disk_that_is_full_in_the_middle_keeps_nothing_of_anybody(sqlite: Database) -> None:
    """SQLite then rolls back everything, and tells only whoever wrote at that moment.

    Where a trigger comes after what is written, as of cases, it takes back that statement alone: so it
    is filled with people here.
    """

    def fill(work: UnitOfWork) -> None:
        for number in range(50):
            work.people.remember(Person(id=f"U{number}", name="x" * 4000))

    async with held(sqlite):
        await asyncio.sleep(0)
    await sqlite.write("W", add())
    with sqlite.transaction(writes=True) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connections = sqlite._engines.writers.pool

    def limit(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    event.listen(connections, "checkout", limit)
    async with held(sqlite):
        asked = [asyncio.create_task(sqlite.write("W", change)) for change in (add(1), fill, add(2))]
        await asyncio.sleep(0)
    came = await asyncio.gather(*asked, return_exceptions=True)
    event.remove(connections, "checkout", limit)
    # Whoever came after it found room again.
    assert [one if isinstance(one, int) else type(one) for one in came] == [
        StorageUnavailable,
        StorageUnavailable,
        2,
    ]
    assert stored(sqlite) == [1, 2]


async def test_who_is_cancelled_before_their_turn_changes_nothing(sqlite: Database) -> None:
    async with held(sqlite):
        asked = asyncio.create_task(sqlite.write("W", add()))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    await sqlite.write("W", lambda work: None)
    assert stored(sqlite) == []


async def test_who_is_cancelled_in_their_turn_is_saved_whole_and_the_next_goes_on(
    database: Database,
) -> None:
    begun, over = Event(), Event()

    def change(work: UnitOfWork) -> None:
        work.cases.add(a_case())
        begun.set()
        over.wait(30)
        work.action_items.add(an_item())

    asked = asyncio.create_task(database.write("W", change))
    await asyncio.to_thread(begun.wait, 30)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    over.set()
    assert await database.write("W", add()) == 2
    assert seen(database, lambda work: work.action_items.get(1)) is not None


@pytest.mark.parametrize(
    ("fault", "told"), [(ConflictError("first"), ""), (ZeroDivisionError(), "ZeroDiv")]
)
async def test_what_nobody_waits_for_any_more_is_told_when_it_is_a_fault_and_not_where_it_was(
    sqlite: Database, caplog: pytest.LogCaptureFixture, fault: Exception, told: str
) -> None:
    begun, over = Event(), Event()

    def fail(work: UnitOfWork) -> None:
        begun.set()
        over.wait(30)
        raise fault

    asked = asyncio.create_task(sqlite.write("W", fail))
    await asyncio.to_thread(begun.wait, 30)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    over.set()
    await sqlite.write("W", lambda work: None)
    assert told in caplog.text
    assert bool(told) == bool(caplog.text)
    assert "test_turn.py" not in "".join(record.getMessage() for record in caplog.records)


async def test_who_waits_too_long_for_their_turn_is_told_and_nothing_is_changed(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite._engines, "patience", 0.05)
    async with held(sqlite):
        with pytest.raises(StorageUnavailable, match="busy"):
            await sqlite.write("W", add())
    await sqlite.write("W", lambda work: None)
    assert stored(sqlite) == []


async def test_a_busy_database_is_waited_for_while_it_serves_others_and_a_dead_one_is_not() -> None:
    turn, looks = Turn(lambda _: "done"), 0

    def serves() -> bool:
        nonlocal looks
        looks += 1
        if looks == 2:
            turn.run(lambda work: work(NO_CONNECTION))
        return True

    assert await turn.outcome(0.0, serves) == "done"
    late = Turn(lambda _: "done")
    with pytest.raises(StorageUnavailable, match="busy"):
        await late.outcome(0.0, lambda: False)
    assert not late.begin()


async def test_whatever_is_wrong_with_one_is_told_to_them_and_the_others_are_answered() -> None:
    """A future of asyncio's takes no StopIteration, which a careless `next` raises."""
    turns: list[Turn[Any]] = [Turn(lambda _: next(iter(()))), Turn(lambda _: "done")]
    for turn in turns:
        turn.run(lambda work: work(NO_CONNECTION))
    with pytest.raises(RuntimeError, match="StopIteration") as told:
        await turns[0].outcome(1.0, lambda: True)
    assert isinstance(told.value.__cause__, StopIteration)
    assert await turns[1].outcome(1.0, lambda: True) == "done"


@pytest.mark.parametrize(("fault", "told"), [(None, ""), (ZeroDivisionError(), "ZeroDiv")])
async def test_a_turn_ends_though_the_loop_that_waited_for_it_is_closed(
    caplog: pytest.LogCaptureFixture, fault: Exception | None, told: str
) -> None:
    def work(_: Any) -> str:
        if fault is not None:
            raise fault
        return "done"

    async def ask() -> Turn[str]:
        return Turn(work)

    turn = await asyncio.to_thread(asyncio.run, ask())
    turn.run(lambda work: work(NO_CONNECTION))
    assert (turn.result, turn.fault) == ("done" if fault is None else None, fault)
    assert told in caplog.text
    assert bool(told) == bool(caplog.text)


async def test_a_wait_that_is_cancelled_as_its_limit_falls_due_is_only_cancelled() -> None:
    loop, wrong = asyncio.get_running_loop(), list[Any]()
    loop.set_exception_handler(lambda _, context: wrong.append(context))
    turn = Turn(lambda _: "done")
    asked = asyncio.create_task(turn.outcome(0.0, lambda: False))
    await asyncio.sleep(0)  # it waits now, and its limit falls due in the next round
    loop.call_soon(asked.cancel)
    with pytest.raises((asyncio.CancelledError, StorageUnavailable)):
        await asked
    await asyncio.sleep(0)
    assert wrong == []
    assert not turn.begin()


async def test_a_fault_in_the_moment_in_which_the_wait_is_cancelled_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turn = Turn(lambda _: "done")
    asked = asyncio.create_task(turn.outcome(1.0, lambda: True))
    await asyncio.sleep(0)
    assert turn.begin()
    turn.fault = ZeroDivisionError()
    turn.answer()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert "ZeroDivisionError" in caplog.text


async def test_everybody_hears_of_a_file_that_another_process_holds(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(tmp_path / "amends.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asked = (sqlite.write("W", add(number)) for number in range(3))
        came = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in came] == [StorageUnavailable] * 3
        # Readers do not care.
        assert await sqlite.read("W", lambda work: work.cases.get(1)) is None
        other.execute("ROLLBACK")
    assert await sqlite.write("W", add()) == 1


# mypy refuses each of these as well: one that it lets pass is an ignore too many, which is an error.
WRITES: Mapping[str, Callable[[ReadOnlyWork], object]] = {
    "person": lambda work: work.people.remember(Person(id="U1", name="Ana")),  # type: ignore[attr-defined]
    "channel": lambda work: work.channels.remember(Channel(id="P1", name="p")),  # type: ignore[attr-defined]
    "team": lambda work: work.teams.add(a_team()),  # type: ignore[attr-defined]
    "case": lambda work: work.cases.add(a_case()),  # type: ignore[attr-defined]
    "retro": lambda work: work.retros.add(a_retro()),  # type: ignore[attr-defined]
    "answer": lambda work: work.retros.add_answer(an_answer()),  # type: ignore[attr-defined]
    "item": lambda work: work.action_items.add(an_item()),  # type: ignore[attr-defined]
    "recovery": lambda work: work.recoveries.add(RECOVERY),  # type: ignore[attr-defined]
    "preferences": lambda work: work.preferences.save(PREFERENCES),  # type: ignore[attr-defined]
    "reminder": lambda work: work.reminders.add([REMINDER]),  # type: ignore[attr-defined]
    "sent message": lambda work: work.sent_messages.keep("retro:1", SENT),  # type: ignore[attr-defined]
    "post": lambda work: work.posts.add(a_post()),  # type: ignore[attr-defined]
}
MISSING: Mapping[str, Callable[[ReadOnlyWork], object]] = {
    "job": lambda work: work.jobs.schedule(a_job()),  # type: ignore[attr-defined]
    "request": lambda work: work.requests.first_time("key"),  # type: ignore[attr-defined]
    "scheduler": lambda work: work.scheduler.run_now(owner="U1"),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
async def test_a_reading_turn_refuses_to_write(
    database: Database, write: Callable[[ReadOnlyWork], object]
) -> None:
    with pytest.raises(StorageUnavailable):
        await database.read("W", write)


@pytest.mark.parametrize("write", MISSING.values(), ids=MISSING.keys())
async def test_a_reading_turn_has_nothing_that_only_writes(
    database: Database, write: Callable[[ReadOnlyWork], object]
) -> None:
    with pytest.raises(AttributeError):
        await database.read("W", write)


async def test_a_closed_database_takes_no_more_turns_and_ends_those_it_has(database: Database) -> None:
    asked = [asyncio.create_task(database.write("W", add(number))) for number in range(5)]
    await asyncio.sleep(0)
    database.close()
    assert sorted(await asyncio.gather(*asked)) == [1, 2, 3, 4, 5]
    with pytest.raises(StorageUnavailable, match="closed"):
        await database.write("W", add())
