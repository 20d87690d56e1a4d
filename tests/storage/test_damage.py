"""What is damaged is noticed: by looking, and by whoever stumbles over it."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.ports import StorageDamaged, StorageUnavailable
from storage.database import Database


def overwrite(file: Path, table: str) -> None:
    """Makes the first page of a table unreadable."""
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = opened.execute("PRAGMA page_size").fetchone()
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = opened.execute(query, (table,)).fetchone()
    with file.open("r+b") as written:
        written.seek((page - 1) * size)
        written.write(b"\xff" * size)


async def test_what_is_whole_is_well(database: Database) -> None:
    assert await database.damage() is None
    assert await database.damage(deep=True) is None


@pytest.mark.parametrize("table", ["cases", "answers", "lanes", "said"])
async def test_a_table_that_cannot_be_read_is_seen_at_a_glance(sqlite: Database, table: str) -> None:
    assert sqlite.file is not None
    overwrite(sqlite.file, table)
    found = await sqlite.damage()
    assert found is not None
    assert found.startswith("the database is damaged: ")
    with pytest.raises(StorageUnavailable):
        sqlite.back_up(sqlite.file.with_name("copy.db"))


async def test_damage_that_a_glance_does_not_show_is_found_by_reading_all(sqlite: Database) -> None:
    assert sqlite.file is not None
    overwrite(sqlite.file, "cases_by_reference")
    assert await sqlite.damage() is None
    assert await sqlite.damage(deep=True) is not None


async def test_what_somebody_stumbled_over_is_known_until_all_was_read_again(sqlite: Database) -> None:
    def stumble(_: object) -> Sequence[object]:
        raise StorageDamaged("the database is damaged: database disk image is malformed")

    with pytest.raises(StorageDamaged):
        await sqlite.read("web", stumble)
    assert await sqlite.damage() == "the database is damaged: database disk image is malformed"
    assert await sqlite.damage(deep=True) is None
    assert await sqlite.damage() is None


async def test_a_table_that_is_gone_is_no_fault_of_ours(database: Database) -> None:
    with database.transaction(writes=True) as connection:
        connection.execute(text("DROP TABLE comments"))
        connection.commit()
    try:
        found = await database.damage()
    except StorageUnavailable as gone:
        found = str(gone)
    assert found is not None
    assert "comments" in found


def test_a_journal_is_strange_when_the_file_was_put_there_after_it(sqlite: Database) -> None:
    assert sqlite.file is not None
    with sqlite.transaction(writes=True) as connection:
        connection.execute(text("INSERT INTO counters VALUES ('W', 'case', 1)"))
        connection.commit()
    assert not sqlite.has_strange_journal()
    written = os.stat(f"{sqlite.file}-wal").st_mtime
    os.utime(sqlite.file, (written + 59, written + 59))
    assert not sqlite.has_strange_journal()
    os.utime(sqlite.file, (written + 61, written + 61))
    assert sqlite.has_strange_journal()
    sqlite.close()  # takes the journal into the file, and removes it
    assert not sqlite.has_strange_journal()
