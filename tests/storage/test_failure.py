"""A database that is locked, read-only or gone is told as such, and nothing is half done."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.ports import StorageUnavailable, UnitOfWork
from storage import sqlite as engines
from storage.database import Database
from tests.session import open_work
from tests.storage.made import a_case, saved, seen


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the fixture `sqlite` keeps its data."""
    return tmp_path / "amends.db"


def test_a_locked_file_is_unavailable_and_then_works_again(
    sqlite: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable):
            saved(sqlite, lambda work: work.cases.add(a_case()))
        # Readers do not care.
        assert seen(sqlite, lambda work: work.cases.get(1)) is None
        other.execute("ROLLBACK")
    assert saved(sqlite, lambda work: work.cases.add(a_case())).number == 1


def test_a_file_that_turned_read_only_is_unavailable(sqlite: Database, file: Path) -> None:
    # A read-only mount looks like this to SQLite; root may write whatever the file's mode says.
    with sqlite.transaction(writes=True) as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")
    with pytest.raises(StorageUnavailable):
        saved(sqlite, lambda work: work.cases.add(a_case()))


def test_a_reading_transaction_refuses_to_write(database: Database) -> None:
    with pytest.raises(StorageUnavailable), open_work(database, "W", writes=False) as work:
        work.cases.add(a_case())


def test_a_vanished_file_is_unavailable_and_never_comes_back_empty(sqlite: Database, file: Path) -> None:
    saved(sqlite, lambda work: work.cases.add(a_case()))
    elsewhere = file.with_name("elsewhere.db")
    os.rename(file, elsewhere)
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            saved(sqlite, lambda work: work.cases.add(a_case()))
        with pytest.raises(StorageUnavailable):
            seen(sqlite, lambda work: work.cases.get(1))
    assert file.name not in os.listdir(file.parent)

    os.rename(elsewhere, file)
    assert saved(sqlite, lambda work: work.cases.add(a_case())).number == 2


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(os.urandom(8192))
    database = Database(f"sqlite:///{tmp_path / 'broken.db'}")
    with pytest.raises(StorageUnavailable):
        database.prepare()
    database.close()


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'nowhere' / 'amends.db'}")
    with pytest.raises(StorageUnavailable):
        database.prepare()
    database.close()


def test_a_server_that_does_not_answer_is_unavailable(unused_tcp_port: int) -> None:
    database = Database(f"postgresql://amends@127.0.0.1:{unused_tcp_port}/amends")
    with pytest.raises(StorageUnavailable):
        database.prepare()
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_drops_is_unavailable_and_then_replaced(
    database: Database,
) -> None:
    def drop() -> None:
        with database.transaction(writes=False) as other:
            other.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def be_dropped(work: UnitOfWork) -> None:
        work.cases.add(a_case())
        drop()

    with pytest.raises(StorageUnavailable):
        saved(database, be_dropped)
    drop()  # while nobody uses the connections of the pool
    assert saved(database, lambda work: work.cases.add(a_case())).number == 1


def test_what_was_not_committed_is_rolled_back(database: Database) -> None:
    with open_work(database, "W", writes=True) as work:
        work.cases.add(a_case())
    with pytest.raises(ZeroDivisionError):
        saved(database, _fail)
    assert saved(database, lambda work: work.cases.add(a_case())).number == 1


def _fail(work: UnitOfWork) -> None:
    work.cases.add(a_case())
    raise ZeroDivisionError
