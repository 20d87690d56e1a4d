"""(h) 200 failed cases in 20 channels, from the first request to the last prompt, at Slack's limits.

The issue's "Benchmark (c)", at Slack's real pace: one process on SQLite, and two on one PostgreSQL.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from bot.prompts import PROMPTS
from bot.settings import USUAL_PACE
from handlers.slack.outgoing import LIMITS
from tests.benchmarks.clicks import ask, command
from tests.benchmarks.figure import Figure, ms
from tests.benchmarks.postgresql import postgresql
from tests.benchmarks.process import healthy, house, running

CASES, PLACES = 200, 20
MESSAGES = CASES * (1 + sum(bool(prompt.question) for prompt in PROMPTS))
IN_A_PLACE = MESSAGES // PLACES
PATIENCE = 3
"""How many times the limit is waited for."""


async def measure(folder: Path) -> list[Figure]:
    """Two rows for each database: the time to the last prompt, and the slowest acknowledgement."""
    figures = await _burst(folder, "1 process on SQLite", folder / "burst.db", 1)
    with postgresql() as server:
        url = server.made("burst")
        return [*figures, *await _burst(folder, "2 processes on PostgreSQL", url, 2)]


def limit() -> float:
    """Seconds that Slack's limits take at least: the pace in each channel, and the whole workspace's."""
    channels = (IN_A_PLACE - 1) * USUAL_PACE
    if LIMITS.new is None:
        return channels
    return max(channels, (MESSAGES - LIMITS.new.burst) * LIMITS.new.gap.total_seconds())


async def _burst(folder: Path, name: str, database: Path | str, processes: int) -> list[Figure]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        slack = await enter(running(folder, "tests.benchmarks.quick_slack"))
        http = await enter(aiohttp.ClientSession())
        env = house(slack.address, database, AMENDS_PACE=str(USUAL_PACE))
        addresses = []
        for number in range(processes):
            amends = await enter(running(folder, "bot", env, number))
            await healthy(http, amends.address)
            addresses.append(amends.address)
        bodies = [command(f"failed ZD-{n} Parcel promised twice", n, PLACES) for n in range(CASES)]
        began = time.monotonic()
        rounds = await asyncio.gather(
            *(ask(http, address, bodies[n::processes]) for n, address in enumerate(addresses))
        )
        said = await _said(http, slack.address)
        times = sorted(time for there in said.values() for time in there)
    seconds, span = times[-1] - began, times[-1] - times[0]
    floor, what = limit(), f"h  {CASES} cases in {PLACES} places, {name}"
    slowest = max(seconds for round_ in rounds for seconds in round_.seconds)
    return [
        Figure(
            f"{what}: first request to last prompt",
            f"{seconds:.1f} s",
            f"{floor:.1f} s (the limits)",
            f"{seconds / floor:.3f}",
            "<= 1.05",
        ),
        Figure(
            f"{what}: first message to last prompt",
            f"{span:.1f} s",
            f"{floor:.1f} s (the limits)",
            f"{span / floor:.3f}",
        ),
        Figure(f"{what}: slowest acknowledgement", ms(slowest), aim="< 3 s"),
    ]


async def _said(http: aiohttp.ClientSession, slack: str) -> Mapping[str, Sequence[float]]:
    """When each channel was spoken to, once everything is said."""
    async with asyncio.timeout(PATIENCE * limit()):
        while True:
            async with http.get(f"{slack}/said") as answer:
                said: dict[str, list[float]] = await answer.json()
            if sum(map(len, said.values())) >= MESSAGES:
                break
            await asyncio.sleep(0.5)
    wrong = {where: len(there) for where, there in said.items() if len(there) != IN_A_PLACE}
    if wrong:
        raise RuntimeError(f"not {IN_A_PLACE} messages a place: {wrong}")
    return said
