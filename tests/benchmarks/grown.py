"""(l) What people ask for with much stored against little, one by one, at the program's own adapter.

Each row has two processes on two databases, asked in turns; the ratio is much divided by little.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import aiohttp

from tests.benchmarks import much
from tests.benchmarks.clicks import ask, click, command
from tests.benchmarks.figure import Figure, ms
from tests.benchmarks.filled import BUSY_PLACE, make
from tests.benchmarks.process import Running, environment, halted, healthy, house, running

TIMES = 15
WARM_UP = 3

Asking = Callable[[aiohttp.ClientSession, str], Awaitable[None]]
Filling = Callable[[Path, int], None]


class Growing(NamedTuple):
    """What is asked, of how much (little and much), and whether in a browser instead of Slack."""

    what: str
    little: int
    much: int
    fill: Filling
    ask: Asking
    web: bool = False


class Grown(NamedTuple):
    """A program at work, and its database."""

    server: Running
    file: Path


async def _get(http: aiohttp.ClientSession, address: str) -> None:
    async with http.get(address) as answer:
        await answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} for {address}")


async def _status(http: aiohttp.ClientSession, address: str) -> None:
    await ask(http, address, [command("status", 0, where=BUSY_PLACE)])


async def _both_sides(http: aiohttp.ClientSession, address: str) -> None:
    # The tenth case is of the busy channel, where everything of it is stored.
    await ask(http, address, [click("recovery.read", "C-1", 0, case_number=10)])


GROWING = (
    Growing("/amends status, {:,} recoveries in the team", 100, 10_000, much.fill_recoveries, _status),
    Growing(
        "/healthz, {:,} jobs waiting and dead",
        0,
        100_000,
        much.fill_jobs,
        lambda http, address: _get(http, f"{address}/healthz"),
    ),
    Growing(
        "the web's sidebar, {:,} channels",
        5,
        500,
        much.fill_channels,
        lambda http, address: _get(http, f"{address}/f/lists?place=place-1"),
        web=True,
    ),
    Growing(
        "the web's page of a thread, {:,} replies",
        50,
        5_000,
        much.fill_thread,
        lambda http, address: _get(http, f"{address}/p/{much.WEB_PLACE}/t/1"),
        web=True,
    ),
    Growing("the form Both sides, {:,} replies", 50, 5_000, much.fill_replies, _both_sides),
)


async def measure(folder: Path) -> list[Figure]:
    """A row for each."""
    return [await _row(folder, number, growing) for number, growing in enumerate(GROWING)]


async def _row(folder: Path, number: int, growing: Growing) -> Figure:
    async with (
        little_and_much(folder, f"grown-{number}", growing) as both,
        aiohttp.ClientSession() as http,
    ):
        seconds: tuple[list[float], list[float]] = ([], [])
        for turn in range(TIMES + WARM_UP):
            for one, other, kept in zip(both, both[::-1], seconds, strict=True):
                with halted([other.server]):
                    began = time.perf_counter()
                    await growing.ask(http, one.server.address)
                    if turn >= WARM_UP:
                        kept.append(time.perf_counter() - began)
    return compared("l", growing.what, (growing.little, growing.much), *map(median, seconds))


def compared(letter: str, what: str, sizes: tuple[int, int], little: float, much_: float) -> Figure:
    """A row: seconds with much, beside seconds with little."""
    return Figure(
        f"{letter}  {what.format(sizes[1])}",
        ms(much_),
        f"{ms(little)} ({sizes[0]:,})",
        f"{much_ / little:.2f}",
        "<= 1.5",
    )


@asynccontextmanager
async def little_and_much(
    folder: Path, name: str, growing: Growing
) -> AsyncIterator[tuple[Grown, Grown]]:
    """Two programs at work, on little and on much."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        slack = await enter(running(folder, "tests.benchmarks.quick_slack"))
        http = await enter(aiohttp.ClientSession())
        both = []
        for number, size in enumerate((growing.little, growing.much)):
            file = folder / f"{name}-{number}.db"
            await make(file)
            growing.fill(file, size)
            url = f"sqlite:///{file}"
            in_browser = environment(AMENDS_DATABASE_URL=url, AMENDS_PORT="0")
            env = in_browser if growing.web else house(slack.address, file)
            server = await enter(running(folder, "bot", env, number))
            await healthy(http, server.address)
            both.append(Grown(server, file))
        yield both[0], both[1]
