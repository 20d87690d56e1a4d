"""The migrations make the very tables that the program was written for."""

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from bot.ports import Unavailable
from storage.database import VERSIONS, Database, Outdated, head
from storage.tables import Row
from tests.storage.made import a_case, saved, seen


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Row.metadata))


def _conditions(connection: Connection) -> dict[str, str]:
    """What every partial index is about, which Alembic does not compare."""
    place = (
        "sql FROM sqlite_master" if connection.dialect.name == "sqlite" else "indexdef FROM pg_indexes"
    )
    found = (str(row[0]) for row in connection.execute(text(f"SELECT {place}")) if row[0])
    parts = (re.search(r'INDEX "?(\w+).* WHERE (.*)', sql.replace("\n", " ")) for sql in found)
    return {part[1]: re.sub(r"[()]|::text|::character varying", "", part[2]) for part in parts if part}


async def test_migrations_and_tables_agree(database: Database) -> None:
    async with database.transaction(writes=False) as connection:
        assert await connection.run_sync(_differences) == []
        conditions = await connection.run_sync(_conditions)
    name = connection.dialect.name
    wanted = {
        str(index.name): str(index.dialect_options[name]["where"])
        for table in Row.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options[name]["where"] is not None
    }
    assert wanted.items() <= conditions.items()
    assert len(wanted) == 10


async def test_an_sqlite_file_is_made_on_the_first_start_and_kept_on_the_next(tmp_path: Path) -> None:
    file = tmp_path / "a folder" / "50% é.db"
    file.parent.mkdir()
    for number in (1, 2):
        database = Database(f"sqlite+aiosqlite:///{file}")
        await database.prepare()
        assert (await saved(database, lambda work: work.cases.add(a_case()))).number == number
        await database.close()
    # Others on the machine have no business in it.
    assert file.stat().st_mode & 0o077 == 0


async def test_a_server_without_tables_is_refused_in_one_sentence_until_it_is_migrated(
    empty_url: str,
) -> None:
    database = Database(empty_url)
    if database.file is None:
        with pytest.raises(Outdated) as refused:
            await database.prepare()
        assert str(refused.value) == (
            "The database's schema is older than this program: run 'python -m bot migrate'."
        )
    await database.migrate()
    await database.prepare()
    await database.migrate()
    assert await seen(database, lambda work: work.cases.get(1)) is None
    await database.close()


async def test_a_schema_from_the_future_is_refused_in_one_sentence(database: Database) -> None:
    async with database.transaction(writes=True) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await connection.commit()
    with pytest.raises(Outdated) as refused:
        await database.prepare()
    assert str(refused.value) == (
        "The database's schema is newer than this program: install the newer program."
    )


async def test_a_migration_that_fails_leaves_nothing_behind(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(empty_url)
    monkeypatch.setattr("storage.migrations.run.upgrade", _break_off)
    with pytest.raises(Unavailable):
        await database.migrate()
    async with database.transaction(writes=False) as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert names == []
    await database.close()


def _break_off(connection: Connection) -> None:
    Row.metadata.create_all(connection)
    raise Unavailable("the power went")


def test_the_newest_migration_is_the_wanted_version() -> None:
    newest = max(VERSIONS.glob("0*.py")).read_text()
    assert f'revision = "{head()}"' in newest
