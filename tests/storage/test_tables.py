"""What holds for every table."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, Table, insert, select
from sqlalchemy.exc import StatementError

from bot.ports import UnitOfWork
from storage.column import Data, UTCDateTime
from storage.database import Database
from storage.keyed import Keyed
from storage.tables import Row
from tests.storage.made import a_case, a_retro, a_team, an_answer, an_item, saved, seen

# Only these cross workspaces: the worker's clock, and what is pruned by age.
ACROSS = {
    "lanes_due",
    "jobs_ended",
    "requests_by_day",
    "action_items_look_at",
    "retros_look_at",
    "recoveries_look_at",
    "cases_to_forget",
    "proposals_to_forget",
    "teams_look_at",
    "connections_by_id",
    "deliveries_to_drop",
    "proposals_look_at",
}

moments = Table("moments", MetaData(), Column("at", UTCDateTime))
data = Table("data", MetaData(), Column("it", Data))


def _stored_kinds(of: type[Keyed[Any]] = Keyed) -> Iterator[type[Keyed[Any]]]:
    for repository in of.__subclasses__():
        if hasattr(repository, "table"):
            yield repository
        yield from _stored_kinds(repository)


@pytest.mark.parametrize("repository", list(_stored_kinds()), ids=lambda repository: repository.__name__)
def test_every_field_of_what_is_stored_has_its_column(repository: type[Keyed[Any]]) -> None:
    """An insert would leave out what the table does not know, and nobody would hear of it."""
    assert set(repository.kind.model_fields) <= set(repository.table.c.keys())


@pytest.mark.parametrize("hours", [0, 2, -9.5])
def test_a_moment_is_stored_in_utc_and_comes_back_in_utc(database: Database, hours: float) -> None:
    local = datetime(2026, 3, 29, 2, 30, 0, 123456, timezone(timedelta(hours=hours)))
    with database.transaction(writes=True) as connection:
        moments.create(connection)
        connection.execute(insert(moments).values(at=local))
        stored = connection.execute(select(moments)).scalar_one()
        soon = moments.c.at > local - timedelta(seconds=1)
        later = connection.execute(select(moments).where(soon)).all()
    assert stored == local
    assert stored.tzinfo is UTC
    assert len(later) == 1


@pytest.mark.parametrize(
    "text", ["2026-03-29 02:30:00", "2026-03-29 02:30:00.000000", "2026-03-29 04:30:00+02:00"]
)
def test_a_moment_that_somebody_else_wrote_into_a_file_is_read_too(sqlite: Database, text: str) -> None:
    with sqlite.transaction(writes=True) as connection:
        moments.create(connection)
        connection.exec_driver_sql("INSERT INTO moments VALUES (:at)", {"at": text})
        stored = connection.execute(select(moments)).scalar_one()
    assert stored == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)


def test_objects_with_other_letters_come_back_and_so_does_what_an_older_program_wrote(
    sqlite: Database,
) -> None:
    words = "Straße 7, 東京, 🚚"
    escaped = json.dumps([{"words": words}])
    assert "\\u" in escaped
    for number, value in ((1, [{"words": words}]), (2, None)):
        with sqlite.transaction(writes=True) as connection:
            if number == 1:
                data.create(connection)
            connection.execute(insert(data).values(it=value))
            connection.commit()
    with sqlite.transaction(writes=True) as connection:
        connection.exec_driver_sql("INSERT INTO data VALUES (:it)", {"it": escaped})
        rows = connection.execute(select(data)).scalars().all()
    assert rows == [[{"words": words}], None, [{"words": words}]]


def test_a_moment_without_a_zone_is_refused_in_words(database: Database) -> None:
    with database.transaction(writes=True) as connection:
        moments.create(connection)
        with pytest.raises(StatementError, match="only aware moments are stored"):
            connection.execute(insert(moments).values(at=datetime(2026, 3, 2)))  # noqa: DTZ001


def test_every_key_and_look_up_starts_with_the_workspace() -> None:
    for table in Row.metadata.sorted_tables:
        assert next(iter(table.primary_key.columns)).name == "workspace", table.name
        for index in table.indexes:
            starts = next(iter(index.columns)).name == "workspace"
            assert starts != (index.name in ACROSS), index.name
            assert starts or not index.unique, index.name


def test_no_table_needs_quotes() -> None:
    assert all(name.isidentifier() and name.islower() for name in Row.metadata.tables)
    assert "case" not in Row.metadata.tables


def test_two_workspaces_never_meet(database: Database) -> None:
    def fill(work: UnitOfWork) -> int:
        case = work.cases.add(a_case(reference="ZD-1"))
        work.teams.add(a_team())
        work.retros.add(a_retro(case.number))
        work.retros.add_answer(an_answer())
        work.action_items.add(an_item(owner="U1"))
        assert work.requests.first_time("key")
        return case.number

    assert [saved(database, fill, workspace) for workspace in ("A", "B")] == [1, 1]
    other = a_case(number=1, what_happened="Only in A", reference="ZD-1")
    saved(database, lambda work: work.cases.save(other), "A")
    assert seen(database, lambda work: work.cases.get(1), "B").what_happened == "Late twice"
    for look in (
        lambda work: work.cases.by_reference("P1", "ZD-1"),
        lambda work: work.teams.get("P1"),
        lambda work: work.retros.get(1),
        lambda work: work.retros.answer("a1"),
        lambda work: work.action_items.get(1),
    ):
        assert seen(database, look, "C") is None
    assert seen(database, lambda work: work.action_items.owned_by("U1", 5), "C") == []
    assert seen(database, lambda work: work.retros.open_in("P1", 5), "C") == []
