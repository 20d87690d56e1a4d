"""(g) Jobs a second on PostgreSQL, one and two processes, against a bare loop of the same claims in SQL.

The issue's "Benchmark (b)". Each job is a prompt: ours reads what it needs for the words, makes the
message, and hands it to a messenger that answers at once. What is counted lies between the first tenth
and the last, so that nobody's start, and nobody's pause before looking again, is counted.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

import psycopg
from sqlalchemy import delete, insert, update

from bot.domain.job import Job, Receipt
from bot.domain.retro import Retro
from bot.prompts import PROMPTS
from storage.database import Database
from storage.row import values
from storage.tables import jobs, lanes, retros, said
from tests.benchmarks.figure import Figure
from tests.benchmarks.filled import WORKSPACE
from tests.benchmarks.postgresql import bare, postgresql
from tests.benchmarks.process import environment, running
from tests.session import open_work

PLACES, RETROS = 50, 400
ROUNDS = 3
MOST_SECONDS = 120.0
AT = datetime(2026, 3, 4, 10, tzinfo=UTC)
OURS, BARE = "tests.benchmarks.worker_alone", "tests.benchmarks.bare_queue"


async def measure(folder: Path) -> list[Figure]:
    """One and two processes, of ours and bare, in turns; then two of ours against one."""
    with postgresql() as server:
        url = server.made("jobs")
        database = Database(url)
        rates: dict[tuple[str, int], list[float]] = {
            (module, count): [] for count in (1, 2) for module in (BARE, OURS)
        }
        try:
            _fill(database)
            for _ in range(ROUNDS):
                for (module, count), kept in rates.items():
                    kept.append(await _rate(folder, module, count, database, url))
        finally:
            database.close()
    found = {which: median(kept) for which, kept in rates.items()}
    one, two, bare_one, bare_two = (found[module, count] for module in (OURS, BARE) for count in (1, 2))
    return [
        _row("1 process", one, bare_one, "bare loop", ">= 0.50"),
        _row("2 processes", two, bare_two, "2 bare loops"),
        _row("2 processes against 1", two, one, "1 process", ">= 1.50, with the cores for it"),
    ]


def _row(what: str, rate: float, floor: float, words: str, aim: str = "-") -> Figure:
    name = f"g  jobs a second on PostgreSQL, {what}"
    return Figure(name, f"{rate:.0f}", f"{floor:.0f} ({words})", f"{rate / floor:.2f}", aim)


def _fill(database: Database) -> None:
    """Retros that were said, and their prompts, which are owed."""
    close_on = date(2026, 3, 6)
    where = {case: f"C{case % PLACES}" for case in range(1, RETROS + 1)}
    with database.transaction(writes=True) as connection:
        rows = [
            values(WORKSPACE, Retro(case=case, place=place, opened_at=AT, answers_close_on=close_on))
            | {"closed_at": None, "look_at": None}
            for case, place in where.items()
        ]
        connection.execute(insert(retros), rows)
        receipts = [
            values(WORKSPACE, Receipt(place=place, message=str(case)), key=f"retro:{case}")
            for case, place in where.items()
        ]
        connection.execute(insert(said), receipts)
        connection.commit()
    with open_work(database, WORKSPACE, writes=True) as work:
        for case, place in where.items():
            for prompt in PROMPTS:
                if prompt.question:
                    work.jobs.schedule(
                        Job(
                            name="retro.prompt",
                            about=f"C-{case}/{prompt.key}",
                            place=place,
                            key=f"prompt:{case}:{prompt.key}",
                            thread=f"retro:{case}",
                            due_at=AT,
                        )
                    )
        work.commit()
    with database.transaction(writes=True) as connection:
        # Nobody begins before `_owe` says so.
        connection.execute(update(lanes).values(due_at=None))
        connection.commit()


def _owe(database: Database) -> None:
    """Makes all of them due once more, as if nothing had been said."""
    waiting = {"state": "waiting", "attempts": 0, "unsure": False, "ended_at": None, "again": False}
    free = {"free_at": None, "leased_until": None, "claimed_by": "", "claimed_key": None}
    with database.transaction(writes=True) as connection:
        connection.execute(delete(said).where(said.c.key.startswith("prompt:")))
        connection.execute(update(jobs).values(lane=jobs.c.place, due_at=AT, **waiting))
        connection.execute(update(lanes).values(due_at=AT, **free))
        connection.commit()


async def _rate(folder: Path, module: str, count: int, database: Database, url: str) -> float:
    """Jobs a second of so many processes, which were started before anything is owed."""
    with psycopg.connect(bare(url), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        async with AsyncExitStack() as stack:
            for number in range(count):
                env = environment(AMENDS_DATABASE_URL=url)
                await stack.enter_async_context(running(folder, module, env, number))
            _owe(database)
            try:
                async with asyncio.timeout(MOST_SECONDS):
                    await _all_ended(connection)
            except TimeoutError:
                asked = "SELECT state, why, count(*) FROM jobs GROUP BY 1, 2"
                states = connection.execute(asked).fetchall()
                logs = await asyncio.to_thread(_logs, folder, module)
                raise RuntimeError(f"{count} of {module} are not done: {states}; {logs}") from None
        rows = connection.execute("SELECT ended_at FROM jobs ORDER BY ended_at").fetchall()
        spoken = connection.execute("SELECT count(*) FROM said WHERE key LIKE 'prompt:%'")
        messages = spoken.fetchall()[0][0]
    if messages != len(rows):
        raise RuntimeError(f"{messages} of {len(rows)} were said")
    return _in_the_middle([ended_at for (ended_at,) in rows])


def _logs(folder: Path, module: str) -> list[str]:
    return [file.read_text()[-2000:] for file in folder.glob(f"{module}-*.log")]


async def _all_ended(connection: psycopg.Connection) -> None:
    while True:
        left = connection.execute("SELECT count(*) FROM jobs WHERE ended_at IS NULL").fetchall()
        if left == [(0,)]:
            return
        await asyncio.sleep(0.2)


def _in_the_middle(ended: Sequence[datetime]) -> float:
    first, last = len(ended) // 10, len(ended) * 9 // 10
    return (last - first) / (ended[last] - ended[first]).total_seconds()
