"""(g) Jobs a second, on PostgreSQL by one and two processes, against a bare loop of the same claims.

The issue's "Benchmark (b)". Each job is a prompt: ours reads what it needs for the words, makes the
message, and hands it to a messenger that answers at once. What is counted lies between the first tenth
and the last, so that nobody's start, and nobody's pause before looking again, is counted.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

import psycopg
from sqlalchemy import Select, delete, func, insert, select, update

from bot.domain.job import Job, MessageRef
from bot.domain.retro import Retro
from bot.prompts import PROMPTS
from storage.database import Database
from storage.row import values
from storage.tables import channel_queues, jobs, retros, sent_messages
from tests.benchmarks.figure import Figure
from tests.benchmarks.filled import WORKSPACE
from tests.benchmarks.postgresql import bare, postgresql
from tests.benchmarks.process import environment, running
from tests.session import open_work

PLACES, RETROS = 50, 400
ROUNDS = 3
MAX_SECONDS = 120.0
AT = datetime(2026, 3, 4, 10, tzinfo=UTC)
OURS, BARE = "tests.benchmarks.worker_alone", "tests.benchmarks.bare_queue"


async def measure(folder: Path) -> list[Figure]:
    """Ours against the bare loop on SQLite, then one and two of each on PostgreSQL, in turns."""
    file = await _rates(folder, f"sqlite:///{folder / 'jobs.db'}", counts=(1,))
    with postgresql() as server:
        found = await _rates(folder, server.made("jobs"), counts=(1, 2))
    one, two, bare_one, bare_two = (found[module, count] for module in (OURS, BARE) for count in (1, 2))
    return [
        _row("SQLite", file[OURS, 1], file[BARE, 1], "bare loop", ">= 0.50"),
        _row("PostgreSQL, 1 process", one, bare_one, "bare loop", ">= 0.50"),
        _row("PostgreSQL, 2 processes", two, bare_two, "2 bare loops"),
        _row("PostgreSQL, 2 processes against 1", two, one, "1 process", ">= 1.50, with cores for it"),
    ]


async def _rates(folder: Path, url: str, counts: Sequence[int]) -> Mapping[tuple[str, int], float]:
    """Jobs a second of so many processes of ours, and so many bare ones, in turns."""
    rates: dict[tuple[str, int], list[float]] = {
        (module, count): [] for count in counts for module in (BARE, OURS)
    }
    database = Database(url)
    try:
        database.migrate()
        _fill(database)
        for _ in range(ROUNDS):
            for (module, count), kept in rates.items():
                kept.append(await _rate(folder, module, count, database, url))
    finally:
        database.close()
    return {which: median(kept) for which, kept in rates.items()}


def _row(what: str, rate: float, floor: float, words: str, aim: str = "-") -> Figure:
    name = f"g  jobs a second on {what}"
    return Figure(name, f"{rate:.0f}", f"{floor:.0f} ({words})", f"{rate / floor:.2f}", aim)


def _fill(database: Database) -> None:
    """Retros that were said, and their prompts, which are owed."""
    close_on = date(2026, 3, 6)
    where = {case_number: f"C{case_number % PLACES}" for case_number in range(1, RETROS + 1)}
    with database.transaction(writes=True) as connection:
        rows = [
            values(
                WORKSPACE,
                Retro(
                    case_number=case_number,
                    channel_id=channel_id,
                    opened_at=AT,
                    answers_close_on=close_on,
                    prompts=PROMPTS,
                ),
            )
            | {"closed_at": None, "next_check_at": None}
            for case_number, channel_id in where.items()
        ]
        connection.execute(insert(retros), rows)
        message_refs = [
            values(
                WORKSPACE,
                MessageRef(channel_id=channel_id, message=str(case_number)),
                key=f"retro:{case_number}",
            )
            for case_number, channel_id in where.items()
        ]
        connection.execute(insert(sent_messages), message_refs)
        connection.commit()
    with open_work(database, WORKSPACE, writes=True) as work:
        for case_number, channel_id in where.items():
            for prompt in PROMPTS:
                if prompt.question:
                    work.jobs.schedule(
                        Job(
                            name="retro.prompt",
                            about=f"C-{case_number}/{prompt.key}",
                            channel_id=channel_id,
                            key=f"prompt:{case_number}:{prompt.key}",
                            thread=f"retro:{case_number}",
                            due_at=AT,
                        )
                    )
        work.commit()
    with database.transaction(writes=True) as connection:
        # Nobody begins before `_owe` says so.
        connection.execute(update(channel_queues).values(due_at=None))
        connection.commit()


def _owe(database: Database) -> None:
    """Makes all of them due once more, as if nothing had been said."""
    waiting = {"state": "waiting", "attempts": 0, "unsure": False, "ended_at": None, "again": False}
    free = {"next_allowed_at": None, "leased_until": None, "claimed_by": "", "claimed_key": None}
    with database.transaction(writes=True) as connection:
        connection.execute(delete(sent_messages).where(sent_messages.c.key.startswith("prompt:")))
        connection.execute(update(jobs).values(queue_id=jobs.c.place, due_at=AT, **waiting))
        connection.execute(update(channel_queues).values(due_at=AT, **free))
        connection.commit()


async def _rate(folder: Path, module: str, count: int, database: Database, url: str) -> float:
    """Jobs a second of so many processes, which were started before anything is owed."""
    if database.file is None:
        with psycopg.connect(bare(url), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
    async with AsyncExitStack() as stack:
        for number in range(count):
            env = environment(AMENDS_DATABASE_URL=url)
            await stack.enter_async_context(running(folder, module, env, number))
        _owe(database)
        try:
            async with asyncio.timeout(MAX_SECONDS):
                await _all_ended(database)
        except TimeoutError:
            logs = await asyncio.to_thread(_logs, folder, module)
            raise RuntimeError(f"{count} of {module} are not done: {logs}") from None
    with database.transaction(writes=False) as connection:
        ended = list(connection.scalars(select(jobs.c.ended_at).order_by(jobs.c.ended_at)))
    messages = _count(database, select(func.count()).where(sent_messages.c.key.startswith("prompt:")))
    if messages != len(ended):
        raise RuntimeError(f"{messages} of {len(ended)} were said")
    return _in_the_middle(ended)


async def _all_ended(database: Database) -> None:
    while True:
        if not _count(database, select(func.count()).where(jobs.c.ended_at.is_(None))):
            return
        await asyncio.sleep(0.2)


def _count(database: Database, query: Select[int]) -> int:
    with database.transaction(writes=False) as connection:
        return connection.scalars(query).one()


def _logs(folder: Path, module: str) -> list[str]:
    return [file.read_text()[-2000:] for file in folder.glob(f"{module}-*.log")]


def _in_the_middle(ended: Sequence[datetime]) -> float:
    first, last = len(ended) // 10, len(ended) * 9 // 10
    return (last - first) / (ended[last] - ended[first]).total_seconds()
