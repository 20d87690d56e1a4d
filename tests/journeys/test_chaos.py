"""Processes that are killed and stopped over and over, on a Slack in a bad mood: all is said, and once.

The experiments run side by side, because each of them mostly waits for the leases of the dead to end.
AMENDS_CHAOS_SEED repeats one's random numbers, though not the moments that the machine adds to them.
"""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random, SystemRandom

import aiohttp
import pytest
import pytest_asyncio

from bot.domain.job import LEASE_SECONDS
from storage.database import Database
from tests.fakes import FakeSlack, Mood
from tests.journeys.chaos import Burst, Fleet, Process, fleet, strike

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHARE = 0.05
"""Of the calls to Slack that fail."""
PATIENCE = 120.0
"""The last leases have to end first, and what was put back several times waits longer."""
DEADLINE = 480.0
"""For an experiment on a machine that has other things to do."""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database beside the processes that work on it."""
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


async def killed(url: str, folder: Path, seed: int, *, processes: int, kills: int) -> None:
    """Two hundred cases fail while processes are killed at random moments and started again."""
    random = Random(seed)
    async with opened(url) as database, FakeSlack() as slack:
        burst = Burst(slack, database, random)
        await burst.prepare()
        async with fleet(slack, url, folder, processes) as ships:
            slack.mood = Mood(random, SHARE)
            async with asyncio.TaskGroup() as group:
                group.create_task(strike(ships, random, kills))
                group.create_task(burst.arrive(200, ships.some_open, gap=0.15))
            slack.mood = None
            await burst.quiet(PATIENCE)
            assert await health(ships, processes) == [(0, 0)] * processes
            await ships.retire()
        burst.check(cases=200)


async def slept(url: str, folder: Path, seed: int) -> None:
    """Two of three processes are stopped in the middle of a burst, until the third has said it all."""
    random = Random(seed)
    async with opened(url) as database, FakeSlack() as slack:
        burst = Burst(slack, database, random)
        await burst.prepare()
        async with fleet(slack, url, folder, 3) as ships:
            sleepers = (await ships.some_open(3))[:2]
            began = time.monotonic()
            async with asyncio.TaskGroup() as group:
                group.create_task(burst.arrive(60, ships.some_open, gap=0.01))
                for sleeper in sleepers:
                    # The pause is the experiment itself: the moment at which they fall asleep.
                    await asyncio.sleep(random.uniform(0.2, 0.6))
                    sleeper.running.send_signal(signal.SIGSTOP)
            await burst.quiet(PATIENCE)
            # However little they held: they sleep for longer than any lease.
            await asyncio.sleep(max(0.0, began + LEASE_SECONDS + 2 - time.monotonic()))
            for sleeper in sleepers:
                sleeper.running.send_signal(signal.SIGCONT)
            for number, sleeper in enumerate(sleepers):
                await burst.fail(60 + number, partial(_at, sleeper))
            await burst.quiet(PATIENCE)
            await ships.retire()
        burst.check(cases=62)


async def _at(process: Process) -> list[Process]:
    return [process]


async def health(ships: Fleet, count: int) -> list[tuple[int, int]]:
    """What waits and what was given up, as each process tells it."""
    found: list[tuple[int, int]] = []
    async with aiohttp.ClientSession() as session:
        for process in await ships.some_open(count):
            async with session.get(f"{process.address}/healthz") as answer:
                told = await answer.json()
                found.append((told["waiting"], told["dead"]))
    return found


EXPERIMENTS: Mapping[str, Callable[[str, Path, int], Awaitable[None]]] = {
    "killed on postgresql": partial(killed, processes=2, kills=25),
    "killed on sqlite": partial(killed, processes=1, kills=12),
    "slept on postgresql": slept,
}
Task = asyncio.Task[None]


@pytest.fixture(scope="module")
def urls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An empty database for each experiment that is asked for, without those that cannot run here."""
    items = [item for item in request.session.items if item.path == request.path]
    names = {str(item.callspec.params["name"]) for item in items if isinstance(item, pytest.Function)}
    found: dict[str, str] = {}
    for number, name in enumerate(sorted(names)):
        if name.endswith("sqlite"):
            file = tmp_path_factory.mktemp("chaos") / "amends.db"
            shutil.copy(request.getfixturevalue("_ready_on_sqlite"), file)
            found[name] = f"sqlite:///{file}"
            continue
        try:
            server = request.getfixturevalue("postgresql")
        except pytest.skip.Exception:
            continue  # the test that waits for it asks again, and is skipped with the reason
        ready = request.getfixturevalue("_ready_on_postgresql")
        server.psql(f"CREATE DATABASE chaos_{number} TEMPLATE {ready};")
        found[name] = server.get_uri(database=f"chaos_{number}", driver="psycopg")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    urls: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mapping[str, tuple[int, Task]]]:
    """The experiments, all begun, each with its seed; none of them outlives the tests."""
    begun: dict[str, tuple[int, Task]] = {}
    for name, url in urls.items():
        seed = int(os.environ.get("AMENDS_CHAOS_SEED") or SystemRandom().randrange(10**6))
        experiment = EXPERIMENTS[name](url, tmp_path_factory.mktemp("homes"), seed)
        begun[name] = seed, asyncio.create_task(_in_time(experiment))
    yield begun
    for _, task in begun.values():
        task.cancel()
    await asyncio.gather(*(task for _, task in begun.values()), return_exceptions=True)


async def _in_time(experiment: Awaitable[None]) -> None:
    async with asyncio.timeout(DEADLINE):
        await experiment


async def _ends_well(
    name: str, running: Mapping[str, tuple[int, Task]], request: pytest.FixtureRequest
) -> None:
    if name not in running:
        request.getfixturevalue("postgresql")
    seed, task = running[name]
    print(f"AMENDS_CHAOS_SEED={seed}")  # shown beside a failure
    await task


@pytest.mark.parametrize("name", ["killed on postgresql", "killed on sqlite"])
async def test_kill_9_at_random_moments_of_a_burst_loses_nothing_and_doubles_nothing(
    name: str, running: Mapping[str, tuple[int, Task]], request: pytest.FixtureRequest
) -> None:
    await _ends_well(name, running, request)


@pytest.mark.parametrize("name", ["slept on postgresql"])
async def test_processes_that_slept_through_their_leases_go_on_and_say_nothing_twice(
    name: str, running: Mapping[str, tuple[int, Task]], request: pytest.FixtureRequest
) -> None:
    await _ends_well(name, running, request)
