"""A database that is locked, read-only or gone is told as such, and nothing is half done."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.ports import Unavailable, UnitOfWork
from storage import sqlite as engines
from storage.database import Database
from tests.storage.made import a_case, saved, seen


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the fixture `sqlite` keeps its data."""
    return tmp_path / "amends.db"


async def test_a_locked_file_is_unavailable_and_then_works_again(
    sqlite: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            await saved(sqlite, lambda work: work.cases.add(a_case()))
        # Readers do not care.
        assert await seen(sqlite, lambda work: work.cases.get(1)) is None
        other.execute("ROLLBACK")
    assert (await saved(sqlite, lambda work: work.cases.add(a_case()))).number == 1


async def test_a_file_that_turned_read_only_is_unavailable(sqlite: Database, file: Path) -> None:
    # A read-only mount looks like this to SQLite; root may write whatever the file's mode says.
    async with sqlite.transaction(writes=True) as connection:
        await connection.exec_driver_sql("ROLLBACK")
        await connection.exec_driver_sql("PRAGMA query_only = ON")
        await connection.exec_driver_sql("BEGIN")
    with pytest.raises(Unavailable):
        await saved(sqlite, lambda work: work.cases.add(a_case()))


async def test_a_reading_transaction_refuses_to_write(database: Database) -> None:
    with pytest.raises(Unavailable):
        async with database.open_work("W", writes=False) as work:
            await work.cases.add(a_case())


async def test_a_vanished_file_is_unavailable_and_never_comes_back_empty(
    sqlite: Database, file: Path
) -> None:
    await saved(sqlite, lambda work: work.cases.add(a_case()))
    elsewhere = file.with_name("elsewhere.db")
    os.rename(file, elsewhere)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await saved(sqlite, lambda work: work.cases.add(a_case()))
        with pytest.raises(Unavailable):
            await seen(sqlite, lambda work: work.cases.get(1))
    assert file.name not in os.listdir(file.parent)

    os.rename(elsewhere, file)
    assert (await saved(sqlite, lambda work: work.cases.add(a_case()))).number == 2


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(os.urandom(8192))
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'broken.db'}")
    with pytest.raises(Unavailable):
        await database.prepare()
    await database.close()


async def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'nowhere' / 'amends.db'}")
    with pytest.raises(Unavailable):
        await database.prepare()
    await database.close()


async def test_a_server_that_does_not_answer_is_unavailable(unused_tcp_port: int) -> None:
    database = Database(f"postgresql+asyncpg://amends@127.0.0.1:{unused_tcp_port}/amends")
    with pytest.raises(Unavailable):
        await database.prepare()
    await database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_connection_that_the_server_drops_is_unavailable_and_then_replaced(
    database: Database,
) -> None:
    async def drop() -> None:
        async with database.transaction(writes=False) as other:
            await other.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    async def be_dropped(work: UnitOfWork) -> None:
        await work.cases.add(a_case())
        await drop()

    with pytest.raises(Unavailable):
        await saved(database, be_dropped)
    await drop()  # while nobody uses the connections of the pool
    assert (await saved(database, lambda work: work.cases.add(a_case()))).number == 1


async def test_what_was_not_committed_is_rolled_back(database: Database) -> None:
    async with database.open_work("W", writes=True) as work:
        await work.cases.add(a_case())
    with pytest.raises(ZeroDivisionError):
        await saved(database, lambda work: _add_and_fail(work.cases.add(a_case())))
    assert (await saved(database, lambda work: work.cases.add(a_case()))).number == 1


async def _add_and_fail(added: object) -> None:
    await added  # type: ignore[misc]  # any awaitable will do
    raise ZeroDivisionError


async def test_a_cancelled_request_frees_the_database_for_the_next(database: Database) -> None:
    begun = asyncio.Event()

    async def stuck() -> None:
        async with database.open_work("W", writes=True) as work:
            await work.cases.add(a_case())
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stuck())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        assert (await saved(database, lambda work: work.cases.add(a_case()))).number == 1
