"""Which addresses are understood, and what they make of a connection."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.ports import StorageUnavailable
from storage.database import Database, SchemaOutdated
from storage.postgresql import LIMITS, PostgreSQL
from tests.storage.made import a_case, saved


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+pysqlite", "sqlite+aiosqlite"])
def test_a_file_is_understood_whichever_driver_stands_in_its_address(
    driver: str, tmp_path: Path
) -> None:
    database = Database(f"{driver}:///{tmp_path}/amends.db")
    database.prepare()
    assert saved(database, lambda work: work.cases.add(a_case())).number == 1
    assert database.file == tmp_path / "amends.db"
    database.close()


@pytest.mark.parametrize(
    "driver",
    ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"],
)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_is_understood_whichever_driver_stands_in_its_address(
    driver: str, database_url: str
) -> None:
    database = Database(database_url.replace("postgresql+psycopg", driver, 1))
    database.prepare()
    assert saved(database, lambda work: work.cases.add(a_case())).number == 1
    database.close()


def test_what_our_earlier_driver_was_told_is_told_in_the_words_of_this_one() -> None:
    address = make_url(
        "postgresql+asyncpg://u@h/d?ssl=require&prepared_statement_cache_size=0&host=/run"
    )
    url = PostgreSQL(address).writers.url
    assert (url.drivername, dict(url.query)) == (
        "postgresql+psycopg",
        {"sslmode": "require", "host": "/run"},
    )


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://u@h/d", "neither"),
        ("nonsense", "no address"),
        ("postgresql://u@h/d?pooler=session", "pooler"),
    ],
)
def test_another_address_is_refused_with_a_reason(address: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Database(address)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_has_our_limits_from_its_first_statement_on(database: Database) -> None:
    with database.transaction(writes=False) as connection:
        found = {name: connection.scalar(text(f"SHOW {name}")) for name in LIMITS}
    assert found == {
        "lock_timeout": "1500ms",
        "statement_timeout": "2s",
        "idle_in_transaction_session_timeout": "5s",
    }


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_behind_a_pooler_nothing_is_prepared_and_the_limits_are_the_roles(empty_url: str) -> None:
    pooled = Database(f"{empty_url}&pooler=transaction")
    pooled.migrate()
    with pooled.transaction(writes=True) as connection:
        for _ in range(10):
            connection.execute(text("SELECT 1"))
        assert connection.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0
    pooled.close()
    plain = Database(f"{empty_url}&pooler=transaction")
    with plain.transaction(writes=False) as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "1500ms"
    plain.close()


def test_a_file_that_can_only_be_read_is_read_without_a_trace_and_written_by_nobody(
    sqlite: Database, tmp_path: Path
) -> None:
    saved(sqlite, lambda work: work.cases.add(a_case()))
    sqlite.close()
    assert sqlite.file is not None
    medium = tmp_path / "medium"
    medium.mkdir()
    file = Path(shutil.copy(sqlite.file, medium / "amends.db"))
    file.chmod(0o400)
    medium.chmod(0o500)
    try:
        database = Database(f"sqlite:///{file}", only_reads=True)
        database.prepare()
        with database.transaction(writes=False) as connection:
            assert connection.scalar(text("SELECT count(*) FROM cases")) == 1
            assert [path.name for path in medium.iterdir()] == ["amends.db"]
        with (
            pytest.raises(StorageUnavailable, match="readonly"),
            database.transaction(writes=False) as connection,
        ):
            connection.execute(text("DELETE FROM cases"))
        assert [path.name for path in medium.iterdir()] == ["amends.db"]
        database.close()
        assert [path.name for path in medium.iterdir()] == ["amends.db"]
    finally:
        medium.chmod(0o700)


def test_a_file_of_an_older_schema_that_can_only_be_read_is_refused_in_a_sentence(
    tmp_path: Path,
) -> None:
    file = tmp_path / "amends.db"
    file.touch()
    file.chmod(0o400)
    database = Database(f"sqlite:///{file}", only_reads=True)
    with pytest.raises(
        SchemaOutdated, match="can only be read: copy it to a folder that can be written"
    ):
        database.prepare()
    database.close()
