"""The floor: the queue's own statements in a loop on one bare connection, and nothing around them."""

import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import bindparam, make_url, select

from bot.domain.job import LEASE_SECONDS, MessageRef
from handlers.worker import SIDE_BY_SIDE
from storage.jobs.channel_queue import CHANGE_QUEUE, FREE_QUEUE, LOCK_QUEUE, free_queues, moments, this
from storage.jobs.job import edit_queue
from storage.jobs.queue import CHANGE_JOB
from storage.sqlite import PRAGMAS
from storage.tables import jobs, sent_messages
from storage.upsert import insert
from tests.benchmarks.bare_sql import POSTGRESQL, SQLITE, Spelled, spelled, written
from tests.benchmarks.filled import WORKSPACE
from tests.benchmarks.postgresql import bare

IDLE_SECONDS = 0.02
ENDED = ("state", "ended_at", "queue_id", "attempts", "unsure", "began_at", "again", "why", "claimed_by")
_THESE = select(jobs).where(
    jobs.c.workspace == bindparam("workspace"), jobs.c.key.in_(bindparam("keys", expanding=True))
)

Row = Mapping[str, Any]


class Loop:
    """Claims and finishes on a connection of its own to SQLite or PostgreSQL."""

    def __init__(self, address: str) -> None:
        url = make_url(address)
        self._on_file = url.get_backend_name() == "sqlite"
        self._dialect = SQLITE if self._on_file else POSTGRESQL
        if self._on_file:
            file = sqlite3.connect(cast(str, url.database), isolation_level=None)
            file.row_factory = sqlite3.Row
            for pragma in PRAGMAS:
                file.execute(f"PRAGMA {pragma}")
            self._connection: Any = file
        else:
            self._connection = psycopg.connect(bare(address), autocommit=True, row_factory=dict_row)
        name = self._dialect.name
        keeping = insert(name, sent_messages)
        keep = keeping.on_conflict_do_update(
            index_elements=["workspace", "key"],
            set_={column: keeping.excluded[column] for column in MessageRef.model_fields},
        )
        self._free_queues = self._spelled(free_queues(frozenset({"slack"})).built)
        marks = ("state", "claimed_by", "attempts", "began_at", "unsure")
        self._begin_job = self._spelled(CHANGE_JOB.built, *marks)
        leases = ("due_at", "leased_until", "claimed_by", "claimed_key")
        self._lease = self._spelled(CHANGE_QUEUE.built, *leases)
        self._end_job = self._spelled(CHANGE_JOB.built, *ENDED)
        self._keep = self._spelled(keep, "workspace", "key", *MessageRef.model_fields)
        self._lock = self._spelled(LOCK_QUEUE.built)
        self._free = self._spelled(FREE_QUEUE.built)
        self._own = self._spelled(_THESE.with_for_update(), workspace="", keys=[""])
        self._free_jobs = cache(
            lambda count: self._spelled(
                _THESE.with_for_update(skip_locked=True), workspace="", keys=[""] * count
            )
        )

    def claim(self) -> Sequence[Row]:
        """As many as a worker claims at once, each of another channel queue."""
        with self._transaction():
            now = self._now()
            params = {"by": now, "limit": SIDE_BY_SIDE, **moments(now)}
            free = [row["first_key"] for row in self._fetch(self._free_queues, params)]
            # None: another process has sent_messages the last of that channel queue just now, and frees
            # it by itself.
            keys = {f"keys_{number}": key for number, key in enumerate(sorted(filter(None, free)), 1)}
            if not keys:
                return ()
            found = self._fetch(self._free_jobs(len(keys)), {"workspace": WORKSPACE, **keys})
            rows = [row for row in found if row["state"] == "waiting"]
            if not rows:
                return ()
            mark = {"claimed_by": secrets.token_hex(16), "began_at": now, "unsure": True}
            begun = {**mark, "state": "running"}
            self._run(
                self._begin_job,
                [
                    {**this((WORKSPACE, row["key"])), **begun, "attempts": row["attempts"] + 1}
                    for row in rows
                ],
            )
            until = {"due_at": now, "leased_until": now + timedelta(seconds=LEASE_SECONDS)}
            self._run(
                self._lease,
                [
                    {**this((WORKSPACE, row["queue_id"])), **mark, **until, "claimed_key": row["key"]}
                    for row in rows
                ],
            )
            return rows

    def finish(self, job: Row, number: int) -> None:
        """Keeps that it was sent_messages, and frees its channel queue."""
        with self._transaction():
            now = self._now()
            [row] = self._fetch(self._own, {"workspace": WORKSPACE, "keys_1": job["key"]})
            ended = {
                "state": "done",
                "ended_at": now,
                "queue_id": edit_queue(row["channel_id"]),
                "attempts": 0,
            }
            ended |= {"unsure": False, "began_at": None, "again": False, "why": "", "claimed_by": ""}
            self._run(self._end_job, [{**this((WORKSPACE, row["key"])), **ended}])
            message_ref = MessageRef(
                channel_id=row["channel_id"], message=f"{os.getpid()}.{number}"
            ).model_dump()
            self._run(self._keep, [{"workspace": WORKSPACE, "key": row["key"], **message_ref}])
            queue = this((WORKSPACE, row["queue_id"]))
            self._fetch(self._lock, queue)
            self._run(self._free, [{**queue, "rests_until": now}])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE" if self._on_file else "BEGIN")
        yield  # what goes wrong ends the process, and with it the transaction
        self._connection.execute("COMMIT")

    def _spelled(self, statement: Any, *columns: str, **example: Any) -> Spelled:
        return spelled(statement, self._dialect, *columns, **example)

    def _now(self) -> datetime:
        if self._on_file:
            return datetime.now(UTC)
        now: datetime = self._connection.execute("SELECT clock_timestamp() AS now").fetchone()["now"]
        return now

    def _fetch(self, what: Spelled, given: Row) -> Sequence[Row]:
        found: Sequence[Row] = self._connection.execute(what.text, self._values(what, given)).fetchall()
        return found

    def _run(self, what: Spelled, given: Sequence[Row]) -> None:
        if len(given) == 1:
            self._connection.execute(what.text, self._values(what, given[0]))
        else:
            rows = [self._values(what, one) for one in given]
            self._connection.cursor().executemany(what.text, rows)

    def _values(self, what: Spelled, given: Row) -> list[Any]:
        values = what.values(given)
        if not self._on_file:
            return values
        return [written(value) if isinstance(value, datetime) else value for value in values]


def main() -> None:
    """Claims and finishes until it is killed; says `ready` first."""
    loop = Loop(os.environ["AMENDS_DATABASE_URL"])
    print("ready", flush=True)
    number = 0
    while True:
        claimed = loop.claim()
        for job in claimed:
            number += 1
            loop.finish(job, number)
        if not claimed:
            time.sleep(IDLE_SECONDS)


if __name__ == "__main__":
    main()
