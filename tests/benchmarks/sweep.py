"""(f) The clock's look at 1,000 due items among 1,000,000 open ones, against 10,000, and bare SQL.

The issue's "Benchmark (a)". The bare SQL picks the same rows with the same statements and puts them off;
it does not work out who is to be told what, nor keep and schedule that.
"""

import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, closing
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row
from pydantic import BaseModel
from sqlalchemy import Dialect

from bot.bot import BATCH_SIZE, Bot
from storage.database import Database
from storage.jobs.scheduler import DUE as PICK
from storage.jobs.scheduler import KINDS, PUT_OFF
from tests.benchmarks.bare_sql import POSTGRESQL, SQLITE, Spelled, spelled, written
from tests.benchmarks.figure import Figure, ms
from tests.benchmarks.filled import WORKSPACE
from tests.benchmarks.postgresql import bare, postgresql
from tests.benchmarks.scheduler import AT, DUE, LATER, fill, make_due

LITTLE, MUCH = 10_000, 1_000_000
ROUNDS = 5

Sweep = Callable[[], Awaitable[float]]
"""Does away with all that is due; returns the seconds it took."""


class Kind(NamedTuple):
    """How one table's due rows are picked and put off, and the column that names each."""

    key: str
    pick: Spelled
    reschedule: Spelled


class Filled(NamedTuple):
    """A database with so many open items, and the two ways through what is due in it."""

    items: int
    database: Database
    ours: Sweep
    bare: Sweep


async def measure(folder: Path) -> list[Figure]:
    """For each database: much against little, ours and bare, and ours against bare."""
    figures = []
    async with AsyncExitStack() as stack:
        server = stack.enter_context(postgresql())
        for name in ("SQLite", "PostgreSQL"):
            sizes = []
            for items in (LITTLE, MUCH):
                if name == "SQLite":
                    url = f"sqlite:///{folder / f'sweep-{items}.db'}"
                else:
                    url = server.made(f"sweep_{items}")
                database = Database(url)
                stack.callback(database.close)
                began = time.perf_counter()
                database.migrate()
                fill(database, items)
                figures.append(_filled(name, items, time.perf_counter() - began))
                sizes.append(Filled(items, database, _ours(database), _bare(url)))
            figures += await _rounds(name, sizes)
    return figures


def _filled(name: str, items: int, seconds: float) -> Figure:
    return Figure(f"f  filling {name} with {items:,} open items", f"{seconds:.1f} s")


async def _rounds(name: str, sizes: list[Filled]) -> list[Figure]:
    """All in turns, and the first turn warms up."""
    ours: dict[int, list[float]] = {size.items: [] for size in sizes}
    bared: dict[int, list[float]] = {size.items: [] for size in sizes}
    for turn in range(ROUNDS + 1):
        for kept, way in ((ours, "ours"), (bared, "bare")):
            for size in sizes:
                make_due(size.database, size.items)
                sweep = size.ours if way == "ours" else size.bare
                seconds = await sweep()
                if turn:
                    kept[size.items].append(seconds)
    little, much, bare_little, bare_much = (
        median(kept[items]) for kept in (ours, bared) for items in (LITTLE, MUCH)
    )
    what = f"f  {name}, {DUE:,} due of {MUCH:,}"
    return [
        Figure(what, ms(much), f"{ms(little)} (of {LITTLE:,})", f"{much / little:.2f}", "<= 1.5"),
        Figure(
            f"{what}: bare SQL",
            ms(bare_much),
            f"{ms(bare_little)} (of {LITTLE:,})",
            f"{bare_much / bare_little:.2f}",
        ),
        Figure(f"{what}: against bare SQL", ms(much), ms(bare_much), f"{much / bare_much:.1f}"),
    ]


def _ours(database: Database) -> Sweep:
    bot = Bot(database, committed=lambda: None)

    async def sweep() -> float:
        began, looked = time.perf_counter(), 0
        while found := await bot.run_due(WORKSPACE, AT):
            looked += found
        seconds = time.perf_counter() - began
        _all_seen(looked)
        return seconds

    return sweep


def _bare(url: str) -> Sweep:
    if url.startswith("sqlite"):
        file = url.partition("///")[2]

        async def on_sqlite() -> float:
            return _sweep_sqlite(file)

        return on_sqlite

    async def on_postgresql() -> float:
        return await _sweep_postgresql(bare(url))

    return on_postgresql


def _kinds(dialect: Dialect) -> list[Kind]:
    named: Mapping[type[BaseModel], tuple[Any, str]] = KINDS
    return [
        Kind(key, spelled(PICK[kind].built, dialect), spelled(PUT_OFF[kind].built, dialect))
        for kind, (_, key) in named.items()
    ]


def _sweep_sqlite(file: str) -> float:
    params = {"by": written(AT), "this_workspace": WORKSPACE, "limit": BATCH_SIZE}
    kinds, looked = _kinds(SQLITE), 0
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")
        began, found = time.perf_counter(), 1
        while found:
            found = 0
            connection.execute("BEGIN IMMEDIATE")
            for kind in kinds:
                rows = connection.execute(kind.pick.text, kind.pick.values(params)).fetchall()
                off = [kind.reschedule.values(_later(row, kind, written(AT + LATER))) for row in rows]
                connection.executemany(kind.reschedule.text, off)
                found += len(rows)
            connection.execute("COMMIT")
            looked += found
        seconds = time.perf_counter() - began
    _all_seen(looked)
    return seconds


async def _sweep_postgresql(address: str) -> float:
    params = {"by": AT, "this_workspace": WORKSPACE, "limit": BATCH_SIZE}
    kinds, looked = _kinds(POSTGRESQL), 0
    with psycopg.connect(address, autocommit=True, row_factory=dict_row) as connection:
        began, found = time.perf_counter(), 1
        while found:
            found = 0
            with connection.transaction():
                for kind in kinds:
                    picked = connection.execute(kind.pick.text.encode(), kind.pick.values(params))
                    rows = picked.fetchall()
                    off = [kind.reschedule.values(_later(row, kind, AT + LATER)) for row in rows]
                    if off:
                        connection.cursor().executemany(kind.reschedule.text.encode(), off)
                    found += len(rows)
            looked += found
        seconds = time.perf_counter() - began
    _all_seen(looked)
    return seconds


def _later(row: Mapping[str, Any], kind: Kind, until: object) -> Mapping[str, object]:
    return {
        "next_at": until,
        "this_workspace": WORKSPACE,
        "this_key": row[kind.key],
        "this_version": row["version"],
    }


def _all_seen(looked: int) -> None:
    if looked != DUE:
        raise RuntimeError(f"{looked} were looked at instead of {DUE}")
