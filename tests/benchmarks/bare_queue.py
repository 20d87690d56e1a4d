"""The floor: the queue's own statements in a loop on one bare connection, and nothing around them."""

import asyncio
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from bot.domain.job import LEASE_SECONDS, Receipt
from handlers.worker import SIDE_BY_SIDE
from storage.job import editing
from storage.lane import CHANGE_LANE, LOCK_LANE, free_lanes, moments, this
from storage.queue import CHANGE_JOB, FREE_JOBS, FREE_LANE, OWN_JOBS
from storage.tables import said
from storage.upsert import insert
from tests.benchmarks.bare_sql import POSTGRESQL, Spelled, spelled
from tests.benchmarks.filled import WORKSPACE
from tests.benchmarks.postgresql import bare

NOW = "SELECT clock_timestamp()"
IDLE_SECONDS = 0.02
FREE_LANES = spelled(free_lanes(frozenset({"slack"})), POSTGRESQL)
BEGIN_JOB = spelled(CHANGE_JOB, POSTGRESQL, "state", "claimed_by", "attempts", "began_at", "unsure")
LEASE = spelled(CHANGE_LANE, POSTGRESQL, "due_at", "leased_until", "claimed_by", "claimed_key")
ENDED = ("state", "ended_at", "lane", "attempts", "unsure", "began_at", "again", "why", "claimed_by")
END_JOB = spelled(CHANGE_JOB, POSTGRESQL, *ENDED)
_KEEPING = insert("postgresql", said)
KEEP = spelled(
    _KEEPING.on_conflict_do_update(
        index_elements=["workspace", "key"],
        set_={name: _KEEPING.excluded[name] for name in Receipt.model_fields},
    ),
    POSTGRESQL,
    *("workspace", "key", *Receipt.model_fields),
)
LOCK = spelled(LOCK_LANE, POSTGRESQL)
FREE = spelled(FREE_LANE, POSTGRESQL, "free_at")
OWN = spelled(OWN_JOBS, POSTGRESQL, workspace="", keys=[""])

Row = Mapping[str, Any]


async def claim(connection: asyncpg.Connection) -> Sequence[Row]:
    """As many as a worker claims at once, each of another lane."""
    async with connection.transaction():
        now = await connection.fetchval(NOW)
        asked = {"by": now, "most": SIDE_BY_SIDE, **moments(now)}
        free = [row["first_key"] for row in await _fetch(connection, FREE_LANES, asked)]
        # None: another process has said the last of that lane just now, and frees it by itself.
        keys = {f"keys_{number}": key for number, key in enumerate(sorted(filter(None, free)), 1)}
        if not keys:
            return ()
        found = await _fetch(connection, _free_jobs(len(keys)), {"workspace": WORKSPACE, **keys})
        rows = [row for row in found if row["state"] == "waiting"]
        if not rows:
            return ()
        mark = {"claimed_by": secrets.token_hex(16), "began_at": now, "unsure": True, "state": "running"}
        await _run(
            connection,
            BEGIN_JOB,
            [{**this((WORKSPACE, row["key"])), **mark, "attempts": row["attempts"] + 1} for row in rows],
        )
        until = {"due_at": now, "leased_until": now + timedelta(seconds=LEASE_SECONDS)}
        await _run(
            connection,
            LEASE,
            [
                {**this((WORKSPACE, row["lane"])), **mark, **until, "claimed_key": row["key"]}
                for row in rows
            ],
        )
        return rows


async def finish(connection: asyncpg.Connection, job: Row, number: int) -> None:
    """Keeps that it was said, and frees its lane."""
    async with connection.transaction():
        now: datetime = await connection.fetchval(NOW)
        [row] = await _fetch(connection, OWN, {"workspace": WORKSPACE, "keys_1": job["key"]})
        ended = {"state": "done", "ended_at": now, "lane": editing(row["place"]), "attempts": 0}
        ended |= {"unsure": False, "began_at": None, "again": False, "why": "", "claimed_by": ""}
        await _run(connection, END_JOB, [{**this((WORKSPACE, row["key"])), **ended}])
        receipt = Receipt(place=row["place"], message=f"{os.getpid()}.{number}").model_dump()
        await _run(connection, KEEP, [{"workspace": WORKSPACE, "key": row["key"], **receipt}])
        lane = this((WORKSPACE, row["lane"]))
        await _fetch(connection, LOCK, lane)
        await _run(connection, FREE, [{**lane, "free_at": now}])


@cache
def _free_jobs(count: int) -> Spelled:
    return spelled(FREE_JOBS, POSTGRESQL, workspace="", keys=[""] * count)


async def _fetch(connection: asyncpg.Connection, what: Spelled, given: Row) -> Sequence[Row]:
    rows: Sequence[Row] = await connection.fetch(what.text, *what.values(given))
    return rows


async def _run(connection: asyncpg.Connection, what: Spelled, given: Sequence[Row]) -> None:
    if len(given) == 1:
        await connection.execute(what.text, *what.values(given[0]))
    else:
        await connection.executemany(what.text, [what.values(one) for one in given])


async def main() -> None:
    """Claims and finishes until it is killed; says `ready` first."""
    connection = await asyncpg.connect(bare(os.environ["AMENDS_DATABASE_URL"]))
    print("ready", flush=True)
    number = 0
    while True:
        claimed = await claim(connection)
        for job in claimed:
            number += 1
            await finish(connection, job, number)
        if not claimed:
            await asyncio.sleep(IDLE_SECONDS)


if __name__ == "__main__":
    asyncio.run(main())
