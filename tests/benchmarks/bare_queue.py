"""The floor: the queue's own statements in a loop on one bare connection, and nothing around them."""

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import bindparam, select

from bot.domain.job import LEASE_SECONDS, Receipt
from handlers.worker import SIDE_BY_SIDE
from storage.job import editing
from storage.lane import CHANGE_LANE, FREE_LANE, LOCK_LANE, free_lanes, moments, this
from storage.queue import CHANGE_JOB
from storage.tables import jobs, said
from storage.upsert import insert
from tests.benchmarks.bare_sql import POSTGRESQL, Spelled, spelled
from tests.benchmarks.filled import WORKSPACE
from tests.benchmarks.postgresql import bare

NOW = "SELECT clock_timestamp() AS now"
IDLE_SECONDS = 0.02
FREE_LANES = spelled(free_lanes(frozenset({"slack"})).built, POSTGRESQL)
BEGIN_JOB = spelled(
    CHANGE_JOB.built, POSTGRESQL, "state", "claimed_by", "attempts", "began_at", "unsure"
)
LEASE = spelled(CHANGE_LANE.built, POSTGRESQL, "due_at", "leased_until", "claimed_by", "claimed_key")
ENDED = ("state", "ended_at", "lane", "attempts", "unsure", "began_at", "again", "why", "claimed_by")
END_JOB = spelled(CHANGE_JOB.built, POSTGRESQL, *ENDED)
_KEEPING = insert("postgresql", said)
KEEP = spelled(
    _KEEPING.on_conflict_do_update(
        index_elements=["workspace", "key"],
        set_={name: _KEEPING.excluded[name] for name in Receipt.model_fields},
    ),
    POSTGRESQL,
    *("workspace", "key", *Receipt.model_fields),
)
LOCK = spelled(LOCK_LANE.built, POSTGRESQL)
FREE = spelled(FREE_LANE.built, POSTGRESQL)
_THESE = select(jobs).where(
    jobs.c.workspace == bindparam("workspace"), jobs.c.key.in_(bindparam("keys", expanding=True))
)
OWN = spelled(_THESE.with_for_update(), POSTGRESQL, workspace="", keys=[""])

Row = Mapping[str, Any]
Connection = psycopg.Connection[dict[str, Any]]


def claim(connection: Connection) -> Sequence[Row]:
    """As many as a worker claims at once, each of another lane."""
    with connection.transaction():
        now = _now(connection)
        asked = {"by": now, "most": SIDE_BY_SIDE, **moments(now)}
        free = [row["first_key"] for row in _fetch(connection, FREE_LANES, asked)]
        # None: another process has said the last of that lane just now, and frees it by itself.
        keys = {f"keys_{number}": key for number, key in enumerate(sorted(filter(None, free)), 1)}
        if not keys:
            return ()
        found = _fetch(connection, _free_jobs(len(keys)), {"workspace": WORKSPACE, **keys})
        rows = [row for row in found if row["state"] == "waiting"]
        if not rows:
            return ()
        mark = {"claimed_by": secrets.token_hex(16), "began_at": now, "unsure": True, "state": "running"}
        _run(
            connection,
            BEGIN_JOB,
            [{**this((WORKSPACE, row["key"])), **mark, "attempts": row["attempts"] + 1} for row in rows],
        )
        until = {"due_at": now, "leased_until": now + timedelta(seconds=LEASE_SECONDS)}
        _run(
            connection,
            LEASE,
            [
                {**this((WORKSPACE, row["lane"])), **mark, **until, "claimed_key": row["key"]}
                for row in rows
            ],
        )
        return rows


def finish(connection: Connection, job: Row, number: int) -> None:
    """Keeps that it was said, and frees its lane."""
    with connection.transaction():
        now = _now(connection)
        [row] = _fetch(connection, OWN, {"workspace": WORKSPACE, "keys_1": job["key"]})
        ended = {"state": "done", "ended_at": now, "lane": editing(row["place"]), "attempts": 0}
        ended |= {"unsure": False, "began_at": None, "again": False, "why": "", "claimed_by": ""}
        _run(connection, END_JOB, [{**this((WORKSPACE, row["key"])), **ended}])
        receipt = Receipt(place=row["place"], message=f"{os.getpid()}.{number}").model_dump()
        _run(connection, KEEP, [{"workspace": WORKSPACE, "key": row["key"], **receipt}])
        lane = this((WORKSPACE, row["lane"]))
        _fetch(connection, LOCK, lane)
        _run(connection, FREE, [{**lane, "rests_until": now}])


@cache
def _free_jobs(count: int) -> Spelled:
    return spelled(_THESE.with_for_update(skip_locked=True), POSTGRESQL, workspace="", keys=[""] * count)


def _now(connection: Connection) -> datetime:
    (row,) = connection.execute(NOW).fetchall()
    now: datetime = row["now"]
    return now


def _fetch(connection: Connection, what: Spelled, given: Row) -> Sequence[Row]:
    return connection.execute(what.text.encode(), what.values(given)).fetchall()


def _run(connection: Connection, what: Spelled, given: Sequence[Row]) -> None:
    if len(given) == 1:
        connection.execute(what.text.encode(), what.values(given[0]))
    else:
        connection.cursor().executemany(what.text.encode(), [what.values(one) for one in given])


def main() -> None:
    """Claims and finishes until it is killed; says `ready` first."""
    address = bare(os.environ["AMENDS_DATABASE_URL"])
    connection = psycopg.connect(address, autocommit=True, row_factory=dict_row)
    print("ready", flush=True)
    number = 0
    while True:
        claimed = claim(connection)
        for job in claimed:
            number += 1
            finish(connection, job, number)
        if not claimed:
            time.sleep(IDLE_SECONDS)


if __name__ == "__main__":
    main()
