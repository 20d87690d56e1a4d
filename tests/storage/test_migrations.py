"""The migrations make the very tables that the program was written for."""

import re
import zlib
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from bot.domain.errors import ConflictError
from bot.ports import StorageUnavailable
from storage.database import VERSIONS, Database, SchemaOutdated, head
from storage.migrations.run import upgrade
from storage.tables import Row
from tests.storage.made import a_case, saved, seen

pytestmark = pytest.mark.filterwarnings(
    "ignore:Skipped unsupported reflection of expression-based index cases_by_"
)


def _is_declared(name: str | None, kind: str, _: object = None) -> bool:
    """Not of the index of words, which follows from the others: see `storage/search_index.py`.

    Nor of indexes over expressions: SQLAlchemy cannot read SQLite's. That they are met is seen in
    tests/storage/test_plans.py.
    """
    if kind == "index":
        return name not in ("cases_by_what", "cases_by_name")
    return kind != "table" or not str(name).startswith("search_")


def _differences(connection: Connection) -> list[object]:
    opts = {"compare_type": True, "include_name": _is_declared}
    context = MigrationContext.configure(connection, opts=opts)
    return list(compare_metadata(context, Row.metadata))


def _conditions(connection: Connection) -> dict[str, str]:
    """What every partial index is about, which Alembic does not compare."""
    channel_id = (
        "sql FROM sqlite_master" if connection.dialect.name == "sqlite" else "indexdef FROM pg_indexes"
    )
    found = (str(row[0]) for row in connection.execute(text(f"SELECT {channel_id}")) if row[0])
    parts = (re.search(r'INDEX "?(\w+).* WHERE (.*)', sql.replace("\n", " ")) for sql in found)
    return {part[1]: _bare(part[2]) for part in parts if part}


def _bare(condition: str) -> str:
    """A condition without what a server adds to it as it stores it."""
    return re.sub(r"[()]|::text|::character varying", "", condition)


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.transaction(writes=False) as connection:
        assert _differences(connection) == []
        conditions = _conditions(connection)
    name = connection.dialect.name
    wanted = {
        str(index.name): _bare(str(index.dialect_options[name]["where"]))
        for table in Row.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options[name]["where"] is not None
    }
    assert wanted.items() <= conditions.items()
    assert len(wanted) == 36


def test_an_sqlite_file_is_made_on_the_first_start_and_kept_on_the_next(tmp_path: Path) -> None:
    file = tmp_path / "a folder" / "50% é.db"
    file.parent.mkdir()
    for number in (1, 2):
        database = Database(f"sqlite:///{file}")
        database.prepare()
        assert saved(database, lambda work: work.cases.add(a_case())).number == number
        database.close()
    # Others on the machine have no business in it.
    assert file.stat().st_mode & 0o077 == 0


def test_a_server_without_tables_is_refused_in_one_sentence_until_it_is_migrated(
    empty_url: str,
) -> None:
    database = Database(empty_url)
    if database.file is None:
        with pytest.raises(SchemaOutdated) as refused:
            database.prepare()
        assert str(refused.value) == (
            "The database's schema is older than this program: run 'python -m bot migrate'."
        )
    database.migrate()
    database.prepare()
    database.migrate()
    assert seen(database, lambda work: work.cases.get(1)) is None
    database.close()


def test_a_schema_of_the_next_version_will_do_and_a_later_one_is_refused_in_one_sentence(
    database: Database,
) -> None:
    for ahead in (1, 2):
        stored = f"{int(head()) + ahead:04}"
        with database.transaction(writes=True) as connection:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{stored}'"))
            connection.commit()
        for bring in (database.prepare, database.migrate):
            if ahead == 1:
                bring()
                assert saved(database, lambda work: work.cases.add(a_case())).number
                continue
            with pytest.raises(SchemaOutdated) as refused:
                bring()
            assert str(refused.value) == (
                "The database's schema is newer than this program: install the newer program."
            )


def test_the_older_program_goes_on_over_every_migration(empty_url: str) -> None:
    """Old and new run side by side: so a migration adds tables, and columns that may be left out.

    What is dropped is dropped one version after nobody uses it.
    """
    versions = sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))
    database = Database(empty_url)
    if database.file is not None:
        database.file.touch()
    with database.transaction(writes=True) as connection:
        upgrade(connection, versions[0])
        for number, newer in enumerate(versions[1:]):
            before = _tables(connection)
            _fill(connection, before, f"before {number}")
            upgrade(connection, newer)
            _fill(connection, before, f"after {number}")
        connection.commit()
    database.prepare()
    database.close()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE cases RENAME COLUMN link TO address",
        "ALTER TABLE cases DROP COLUMN link",
        "CREATE UNIQUE INDEX no_two ON cases (customer)",
    ],
)
def test_what_an_older_program_could_not_work_with_is_noticed(database: Database, change: str) -> None:
    with database.transaction(writes=True) as connection:
        before = _tables(connection)
        _fill(connection, before, "before")
        connection.execute(text(change))
        with pytest.raises(DBAPIError):
            _fill(connection, before, "after", customer="before")


def _tables(connection: Connection) -> MetaData:
    """The tables as they are in the database."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: _is_declared(name, "table"))
    return found


def _fill(connection: Connection, known: MetaData, words: str, **given: str) -> None:
    """One row in every table, in all the columns that are known."""
    moment = datetime(2026, 3, 2, 9, 30, tzinfo=UTC if connection.dialect.name == "postgresql" else None)
    some: dict[type, object] = {
        str: words,
        # Numbers are keys here and there, so no two rows have the same ones.
        int: zlib.crc32(words.encode()) >> 1,
        bool: False,
        datetime: moment,
        date: moment.date(),
        time: moment.time(),
        object: {},  # JSON
    }
    for table in known.sorted_tables:
        if table.name != "alembic_version":
            row = {column.name: some[column.type.python_type] for column in table.columns}
            told = {name: words for name, words in given.items() if name in row}
            connection.execute(insert(table).values(row | told))


def test_a_migration_that_fails_leaves_nothing_behind(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(empty_url)
    monkeypatch.setattr("storage.migrations.run.upgrade", _break_off)
    with pytest.raises(StorageUnavailable):
        database.migrate()
    with database.transaction(writes=False) as connection:
        names = inspect(connection).get_table_names()
    assert names == []
    database.close()


def test_a_migration_that_meets_the_program_beside_it_is_done_again(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = [ConflictError("another transaction was in the way")]

    def meet(connection: Connection) -> None:
        if met:
            raise met.pop()
        upgrade(connection)

    database = Database(empty_url)
    monkeypatch.setattr("storage.migrations.run.upgrade", meet)
    database.migrate()
    database.prepare()
    database.close()


def _break_off(connection: Connection) -> None:
    Row.metadata.create_all(connection)
    raise StorageUnavailable("the power went")


def test_the_newest_migration_is_the_wanted_version() -> None:
    newest = max(VERSIONS.glob("0*.py")).read_text()
    assert f'revision = "{head()}"' in newest


def _made(connection: Connection) -> set[str]:
    """Everything that stands in the schema, by name: tables with their columns, indexes, triggers."""
    if connection.dialect.name == "sqlite":
        made = "SELECT name FROM sqlite_master"
    else:
        made = (
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal "
            "UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
    columns = {
        f"{table}.{column['name']}"
        for table in inspect(connection).get_table_names()
        for column in inspect(connection).get_columns(table)
    }
    return {str(row[0]) for row in connection.execute(text(made))} | columns


def _downgrade(connection: Connection, to: str) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(VERSIONS.parent).replace("%", "%%"))
    command.downgrade(config, to)


def test_the_newest_migration_can_be_taken_back_and_done_again(empty_url: str) -> None:
    database = Database(empty_url)
    before = sorted(file.name for file in VERSIONS.glob("0*.py"))[-2].partition("_")[0]
    if database.file is not None:
        database.file.touch()
    with database.transaction(writes=True) as connection:
        upgrade(connection, before)
        of_before = _made(connection)
        upgrade(connection)
        connection.commit()
    saved(database, lambda work: work.cases.add(a_case()))
    with database.transaction(writes=True) as connection:
        of_today = _made(connection)
        _downgrade(connection, before)
        assert _made(connection) == of_before
        upgrade(connection)
        assert _made(connection) == of_today
        connection.commit()
    case = seen(database, lambda work: work.cases.get(1))
    assert case == a_case(number=1)
    database.close()


def test_customers_of_before_are_found_by_name(empty_url: str) -> None:
    names = ("Maria Santos", "MARIA SANTOS", "Straße 7", None, "Mario Santos")
    database = Database(empty_url)
    if database.file is not None:
        database.file.touch()
    with database.transaction(writes=True) as connection:
        upgrade(connection, "0004")
        known = _tables(connection)
        _fill(connection, known, "W")
        cases = known.tables["cases"]
        like = dict(zip(cases.c.keys(), connection.execute(select(cases)).one(), strict=True))
        # All at once: one by one they may take longer than a transaction is given on a busy machine.
        rows = [
            like | {"number": number, "customer": name, "reference_folded": str(number)}
            for number, name in enumerate(names * 500, 1)
        ]
        connection.execute(insert(cases), rows)
        connection.commit()
    database.migrate()
    with database.transaction(writes=True) as connection:
        cases = _tables(connection).tables["cases"]
        unsummed = cases.c.customer.is_not(None) & cases.c.customer_sum.is_(None)
        assert connection.execute(select(cases.c.number).where(unsummed)).all() == []
        older = like | {"number": 9999, "customer": "maria santos", "reference_folded": "9999"}
        connection.execute(insert(cases).values(older))
        connection.commit()
    found = seen(database, lambda work: work.cases.of_customer("Maria SANTOS"))
    assert found == [*(number for number in range(1, 2501) if number % 5 in (1, 2)), 9999]
    assert len(seen(database, lambda work: work.cases.of_customer("STRASSE 7"))) == 500
    # What an older program beside it stored since, or a migration that was killed left over.
    database.migrate()
    with database.transaction(writes=False) as connection:
        assert connection.execute(select(cases.c.number).where(unsummed)).all() == []
    database.close()
