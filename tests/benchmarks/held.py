"""(m) What holds the one writer, or reads all there is, with much stored against little.

Saving a team's settings is asked over HTTP, once the clock has looked at all that the last one brought
up: as long as that transaction lasts nobody else writes. Forgetting and exporting are of the command
line, whose own start is measured by a command that finds nothing, and taken off.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from statistics import median

import aiohttp

from tests.benchmarks import much
from tests.benchmarks.clicks import ask, command, submission
from tests.benchmarks.figure import Figure
from tests.benchmarks.filled import BUSY_PERSON, BUSY_PLACE, make
from tests.benchmarks.grown import Growing, Grown, compared, little_and_much
from tests.benchmarks.process import environment, halted, run

TIMES, WARM_UP = 5, 1
LOOKED_SECONDS = 90.0
TYPED_WORDS = 2
"""Runs of each command, of which the quicker one counts: few, because much takes half a minute."""
FORGET, EXPORT = (100, 100_000), (100, 10_000)
NOTHING = ("forget", "--case", "C-999999999")


async def measure(folder: Path) -> list[Figure]:
    """A row for each."""
    return [await _settings(folder), await _forgetting(folder), await _exporting(folder)]


async def _settings(folder: Path) -> Figure:
    growing = Growing(
        "saving settings of a team with {:,} open items", 10, 10_000, much.fill_items, _save
    )
    async with little_and_much(folder, "settings", growing) as both, aiohttp.ClientSession() as http:
        for one in both:
            # Whoever asked from the channel is known to be in it.
            await ask(http, one.server.address, [command("status", 0, where=BUSY_PLACE)])
        seconds: tuple[list[float], list[float]] = ([], [])
        for turn in range(TIMES + WARM_UP):
            for one, other, kept in zip(both, both[::-1], seconds, strict=True):
                before = _version(one.file)
                with halted([other.server]):
                    began = time.perf_counter()
                    await _save(http, one.server.address)
                    if turn >= WARM_UP:
                        kept.append(time.perf_counter() - began)
                    await _all_looked_at(one)
                if _version(one.file) == before:
                    raise RuntimeError("the settings were not saved")
    return compared("m", growing.what, (growing.little, growing.much), *map(median, seconds))


async def _save(http: aiohttp.ClientSession, address: str) -> None:
    days = [{"value": str(day)} for day in range(5)]
    values: Mapping[str, Mapping[str, object]] = {
        "lead": {"type": "users_select", "selected_user": BUSY_PERSON},
        "zone": {"type": "static_select", "selected_option": {"value": "UTC"}},
        "days": {"type": "checkboxes", "selected_options": days},
        "starts": {"type": "timepicker", "selected_time": "09:00"},
        "ends": {"type": "timepicker", "selected_time": "17:00"},
        "days_to_answer": {"type": "plain_text_input", "value": "3"},
        "days_to_apologise": {"type": "plain_text_input", "value": "1"},
    }
    await ask(http, address, [submission("team.settings", "", 0, BUSY_PLACE, values)])


def _version(file: Path) -> int:
    with closing(connect(file)) as connection:
        return int(connection.execute("SELECT max(version) FROM teams").fetchone()[0])


async def _all_looked_at(one: Grown) -> None:
    """Waits until the clock has looked at whatever is due."""
    async with asyncio.timeout(LOOKED_SECONDS):
        while True:
            if not _still_due(one.file):
                return
            await asyncio.sleep(0.5)


def _still_due(file: Path) -> bool:
    with closing(connect(file)) as connection:
        return any(
            connection.execute(f"SELECT 1 FROM {table} WHERE look_at < '2000' LIMIT 1").fetchone()
            for table in ("action_items", "retros")
        )


async def _forgetting(folder: Path) -> Figure:
    async def forget(env: dict[str, str], turn: int) -> None:
        out = await run(folder, "forget", "--customer", f"{much.CUSTOMER} {turn}", env=env)
        if "Forgot" not in out:
            raise RuntimeError(f"nobody was forgotten: {out}")

    little, big = await _commands(folder, "forget", FORGET, forget)
    return compared("m", "forget --customer, {:,} cases", FORGET, little, big)


async def _exporting(folder: Path) -> Figure:
    async def export(env: dict[str, str], turn: int) -> None:
        await run(folder, "export", "--out", str(folder / f"export-{turn}.md"), env=env)

    seconds = await _commands(folder, "export", EXPORT, export)
    each = [took / count for took, count in zip(seconds, EXPORT, strict=True)]
    return compared("m", "export, for each of {:,} retros", EXPORT, *each)


async def _commands(
    folder: Path,
    name: str,
    sizes: Sequence[int],
    one: Callable[[dict[str, str], int], Awaitable[None]],
) -> list[float]:
    """Seconds that a command takes with each size, without the start of the program."""
    envs = []
    for size in sizes:
        file = folder / f"{name}-{size}.db"
        await make(file)
        much.fill_customers(file, size)
        envs.append(environment(AMENDS_DATABASE_URL=f"sqlite:///{file}"))
    seconds: list[list[float]] = [[] for _ in sizes]
    for turn in range(TYPED_WORDS):
        for env, kept in zip(envs, seconds, strict=True):
            began = time.perf_counter()
            await run(folder, *NOTHING, env=env)
            started = time.perf_counter()
            await one(env, turn)
            # Where little is done, the start varies by more than that.
            kept.append(max(time.perf_counter() - started - (started - began), 0.001))
    return [min(kept) for kept in seconds]
