"""A repeated request is recognised, and what is kept says nothing about it."""

from datetime import UTC, datetime, timedelta

from storage.database import Database
from tests.storage.made import saved

KEY = "slack:Ev123:U1:when Ana said it"


async def test_a_key_is_new_only_once(database: Database) -> None:
    assert await saved(database, lambda work: work.requests.first_time(KEY))
    assert not await saved(database, lambda work: work.requests.first_time(KEY))
    assert await saved(database, lambda work: work.requests.first_time(KEY + "!"))


async def test_what_is_remembered_forever_is_never_pruned(database: Database) -> None:
    await saved(database, lambda work: work.requests.first_time(KEY))
    await saved(database, lambda work: work.requests.first_time(KEY + "!", forever=True))
    in_a_year = datetime.now(UTC) + timedelta(days=365)
    assert await database.queue().prune(in_a_year) == 1
    assert await saved(database, lambda work: work.requests.first_time(KEY))
    assert not await saved(database, lambda work: work.requests.first_time(KEY + "!"))


async def test_a_request_that_was_rolled_back_is_new_again(database: Database) -> None:
    async with database.open_work("W", writes=True) as work:
        assert await work.requests.first_time(KEY)
    assert await saved(database, lambda work: work.requests.first_time(KEY))


async def test_only_a_hash_and_the_day_are_kept(database: Database) -> None:
    await saved(database, lambda work: work.requests.first_time(KEY))
    async with database.transaction(writes=False) as connection:
        row = (await connection.exec_driver_sql("SELECT * FROM requests")).mappings().one()
    assert set(row) == {"workspace", "key", "day"}
    assert len(row["key"]) == 64
    assert "Ana" not in str(row)
    assert len(str(row["day"])) == len("2026-03-02")
