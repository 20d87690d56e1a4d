"""A copy of the database: its numbers jump ahead, and what it owes is in doubt."""

import os
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.domain.job import MessageRef
from bot.ports import StorageUnavailable
from storage.counter import count
from storage.database import Database, NoFile
from storage.tables import jobs
from tests.desk import SUPPORT
from tests.session import open_work, queue_of
from tests.storage.made import a_job
from tests.storage.test_job import claimed, schedule


def numbers(database: Database, workspace: str) -> Sequence[int]:
    """The next case's, item's and post's number."""
    with database.transaction(writes=True) as connection:
        given = [count(connection, workspace, noun) for noun in ("case", "item", "post")]
        connection.commit()
    return given


def test_numbers_go_on_from_a_full_thousand_once_for_each_copy(database: Database) -> None:
    schedule(database, a_job("retro:1"))
    first = numbers(database, "web")
    database.mark_restored()
    database.prepare()
    assert first == [1, 1, 1]
    assert numbers(database, "web") == [2001, 2001, 2001]
    database.prepare()
    assert numbers(database, "web") == [2002, 2002, 2002]
    database.mark_restored()
    assert numbers(database, "web") == [4001, 4001, 4001]


def test_a_workspace_that_had_given_no_number_yet_gives_none_that_may_have_been_given_since(
    database: Database,
) -> None:
    with open_work(database, "slack:T1", writes=True) as work:
        work.channels.remember(SUPPORT)
        work.commit()
    database.mark_restored()
    assert numbers(database, "slack:T1") == [1001, 1001, 1001]


def test_what_is_owed_is_looked_up_where_that_can_be_and_held_elsewhere(database: Database) -> None:
    schedule(database, a_job("retro:1"), a_job("retro:2", channel_id="P2"), workspace="slack:T1")
    schedule(database, a_job("retro:1"), a_job("said", channel_id="P2"), workspace="teams:acme")
    schedule(database, a_job("retro:1"), workspace="teamsters:T")
    begun = claimed(database)  # leases, as a backup finds them while serve is at work
    said = next(job for job in begun if job.key == "said")
    queue_of(database).finish(said, MessageRef(channel_id="P2", message="m"), 0)
    schedule(database, a_job("said", channel_id="P2", detail="newer"), workspace="teams:acme")
    made_at = database.mark_restored()
    at = made_at.replace(second=0, microsecond=0)
    assert queue_of(database).restored() == (at, False)
    assert queue_of(database).doubt(["slack", "web"]) == (2, 2)
    assert queue_of(database).restored() == (at, True)
    assert queue_of(database).doubt([]) == (0, 0)
    assert (queue_of(database).state()["waiting"], queue_of(database).held()) == (3, 2)
    # Nobody's lease from before is in the way, and what was said is only edited, without a look.
    now = {(job.workspace, job.key): job for job in claimed(database)}
    assert {name: job.unsure for name, job in now.items()} == {
        ("slack:T1", "retro:1"): True,
        ("slack:T1", "retro:2"): True,
        ("teams:acme", "said"): False,
    }
    began_at = now["slack:T1", "retro:1"].began_at
    assert began_at is not None
    assert began_at <= made_at


@pytest.mark.parametrize("say", [True, False])
def test_what_is_held_is_said_or_dropped_at_the_operators_word(database: Database, say: bool) -> None:
    schedule(database, a_job("retro:1"), a_job("answer:1", traceless=True, channel_id="P2"))
    database.mark_restored()
    queue_of(database).doubt([])
    assert claimed(database) == []
    # Scheduled once more it stays held: nobody knows more of it than before.
    schedule(database, a_job("retro:1"))
    assert claimed(database) == []
    assert queue_of(database).end_hold(say=say) == 2
    assert queue_of(database).end_hold(say=say) == 0
    assert {job.key for job in claimed(database)} == ({"retro:1", "answer:1"} if say else set())
    assert queue_of(database).held() == 0


def test_a_copy_is_never_taken_for_a_newer_one_than_it_is(database: Database) -> None:
    schedule(database, a_job("retro:1"))
    assert database.mark_restored() <= datetime.now(UTC)


def test_what_was_given_up_under_a_held_message_is_said_with_it(database: Database) -> None:
    schedule(database, a_job("retro:1"))
    database.mark_restored()
    queue_of(database).doubt([])
    schedule(database, a_job("item:1", thread="retro:1"), a_job("other", channel_id="P2", thread="x"))
    for job in claimed(database):
        queue_of(database).give_up(job, "The message that this belongs under is not there yet.")
    assert queue_of(database).end_hold(say=True) == 1
    with database.transaction(writes=False) as connection:
        rows = connection.execute(select(jobs.c.key, jobs.c.state))
        states = {row.key: row.state for row in rows}
    assert states == {"retro:1": "waiting", "item:1": "waiting", "other": "dead"}


def test_what_follows_a_message_that_was_found_is_looked_for_too(database: Database) -> None:
    schedule(database, a_job("retro:1"))
    [job] = claimed(database)
    follow = a_job("prompt:1:training", unsure=True, began_at=job.began_at)
    queue_of(database).finish(job, MessageRef(channel_id="P1", message="m"), 0, follow=[follow])
    [next_job] = claimed(database)
    assert (next_job.key, next_job.unsure, next_job.began_at) == (follow.key, True, job.began_at)


def test_a_backup_is_whole_beside_a_writer_only_its_owners_and_says_what_it_is(
    sqlite: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    schedule(sqlite, a_job("retro:1"))  # so far only in the file beside
    with sqlite.transaction(writes=True) as writing:
        writing.execute(update(jobs).values(detail="not committed"))
        sqlite.back_up(copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    before = datetime.now(UTC)
    with closing(sqlite3.connect(copy)) as opened:
        assert opened.execute("SELECT key, detail FROM jobs").fetchall() == [("retro:1", "")]
        assert opened.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    restored = Database(f"sqlite:///{copy}")
    restored.prepare()
    known = queue_of(restored).restored()
    assert known is not None
    assert not known.doubted
    assert before - timedelta(minutes=2) < known.made_at <= before
    restored.close()


def test_a_backup_overwrites_nothing_and_leaves_nothing_half_done(
    sqlite: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("dear to somebody")
    with pytest.raises(FileExistsError):
        sqlite.back_up(copy)
    assert copy.read_text() == "dear to somebody"
    with pytest.raises(StorageUnavailable):
        sqlite.back_up(tmp_path / "nowhere" / "copy.db")
    assert sqlite.file is not None
    with closing(sqlite3.connect(sqlite.file)) as opened:
        (size,) = opened.execute("PRAGMA page_size").fetchone()
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with sqlite.file.open("r+b") as file:
        file.seek(-size, os.SEEK_END)
        file.write(b"\xff" * size)
    with pytest.raises(StorageUnavailable, match="the backup could not be made"):
        sqlite.back_up(tmp_path / "damaged.db")
    assert not (tmp_path / "damaged.db").exists()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_has_no_file_to_copy(database: Database, tmp_path: Path) -> None:
    with pytest.raises(NoFile):
        database.back_up(tmp_path / "copy.db")
