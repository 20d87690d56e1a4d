"""A repeated request is recognised, and what is kept says nothing about it."""

from datetime import UTC, datetime, timedelta

from storage.database import Database
from tests.session import open_work, queue_of
from tests.storage.made import saved

KEY = "slack:Ev123:U1:when Ana said it"


def test_a_key_is_new_only_once(database: Database) -> None:
    assert saved(database, lambda work: work.requests.first_time(KEY))
    assert not saved(database, lambda work: work.requests.first_time(KEY))
    assert saved(database, lambda work: work.requests.first_time(KEY + "!"))


def test_what_is_remembered_forever_is_never_pruned(database: Database) -> None:
    saved(database, lambda work: work.requests.first_time(KEY))
    saved(database, lambda work: work.requests.first_time(KEY + "!", forever=True))
    in_a_year = datetime.now(UTC) + timedelta(days=365)
    assert queue_of(database).prune(in_a_year) == 1
    assert saved(database, lambda work: work.requests.first_time(KEY))
    assert not saved(database, lambda work: work.requests.first_time(KEY + "!"))


def test_a_request_that_was_rolled_back_is_new_again(database: Database) -> None:
    with open_work(database, "W", writes=True) as work:
        assert work.requests.first_time(KEY)
    assert saved(database, lambda work: work.requests.first_time(KEY))


def test_only_a_hash_and_the_day_are_kept(database: Database) -> None:
    saved(database, lambda work: work.requests.first_time(KEY))
    with database.transaction(writes=False) as connection:
        row = connection.exec_driver_sql("SELECT * FROM requests").mappings().one()
    assert set(row) == {"workspace", "key", "day"}
    assert len(row["key"]) == 64
    assert "Ana" not in str(row)
    assert len(str(row["day"])) == len("2026-03-02")
