"""(p) What a flood of a helpdesk's deliveries costs whoever clicks meanwhile, and says in the channel.

Each delivery tells of another ticket that a customer rated very bad, in the name of one guest: all that
a connection can be made to do. Turns with and without it follow each other, with as many clicks in each.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import aiohttp

from bot.domain.channel import Channel
from bot.domain.connection import USUAL_A_DAY, Connection, new_id
from bot.domain.team import Team
from storage.row import values
from storage.tables import channels, connections, teams
from storage.vault import Vault
from tests.benchmarks.clicks import RETROS, ask, take
from tests.benchmarks.figure import Figure, ms, percentile
from tests.benchmarks.filled import PLACES, WORKSPACE, fill, person, place, put
from tests.benchmarks.process import house, running

DELIVERIES, SECONDS = 10_000, 60.0
TURNS = 12
"""Of each kind."""
CLICKS_A_SECOND = 5
IN_FLIGHT = 20
"""Deliveries that a vendor sends at once."""
CHANNEL = place(PLACES)
KEY, SECRET = "a-key-of-sixteen-and-more", "whsec-benchmark"


async def measure(
    folder: Path, deliveries: int = DELIVERIES, seconds: float = SECONDS, turns: int = TURNS
) -> list[Figure]:
    """Two rows of how long a click takes, and one of what the channel had to read."""
    clicks = max(2, int(seconds / turns * CLICKS_A_SECOND))
    file, connection = folder / "deliveries.db", new_id()
    await fill(file, RETROS, clicks * (2 * turns + 1), fresh=True)
    _connect(file, connection)
    quiet: list[float] = []
    flooded: list[float] = []
    async with (
        running(folder, "tests.benchmarks.quick_slack") as slack,
        running(
            folder, "bot", house(slack.address, file, AMENDS_SECRET_KEY=KEY, AMENDS_PACE="0")
        ) as amends,
        aiohttp.ClientSession() as http,
    ):
        hook = f"{amends.address}/hooks/{connection}"
        numbers = iter(range(1, clicks * (2 * turns + 1) + 1))
        await _click(http, amends.address, [next(numbers) for _ in range(clicks)], 0.0)
        for turn in range(turns):
            some = range(turn * deliveries // turns, (turn + 1) * deliveries // turns)
            those = [next(numbers) for _ in range(clicks)]
            async with _flood(http, hook, some, seconds / turns):
                flooded += await _click(http, amends.address, those, seconds / turns)
            those = [next(numbers) for _ in range(clicks)]
            quiet += await _click(http, amends.address, those, 0.0)
        async with http.get(f"{slack.address}/said") as told:
            said = len((await told.json()).get(CHANNEL, ()))
    what = f"p  a click while {deliveries:,} deliveries come in {seconds:.0f} s"
    return [
        Figure(
            f"{what}: p50",
            ms(median(flooded)),
            f"{ms(median(quiet))} (without)",
            f"{median(flooded) / median(quiet):.1f}",
            "<= 3",
        ),
        Figure(
            f"{what}: p99",
            ms(percentile(flooded, 99)),
            f"{ms(percentile(quiet, 99))} (without)",
            "-",
            "< 500 ms",
        ),
        Figure("p  messages that their channel got", str(said), aim=f"<= {USUAL_A_DAY + 1}"),
    ]


def _connect(file: Path, connection: str) -> None:
    now = datetime.now(UTC)
    channel = Channel(id=CHANNEL, name="flooded")
    put(file, channels, [values(WORKSPACE, channel, name_folded=channel.name)])
    put(file, teams, [values(WORKSPACE, Team(channel_id=CHANNEL, name=channel.name, made_at=now))])
    made = Connection(
        id=connection,
        channel_id=CHANNEL,
        product="generic",
        made_by=person(0),
        made_at=now,
        secret=Vault((KEY,)).seal(SECRET),
    )
    put(file, connections, [values(WORKSPACE, made)])


async def _click(
    http: aiohttp.ClientSession, address: str, numbers: Sequence[int], seconds: float
) -> list[float]:
    """Takes these items one after another, spread over so many seconds; how long each click took."""
    began, taken = time.perf_counter(), list[float]()
    for place_in_turn, number in enumerate(numbers):
        due = began + seconds * place_in_turn / len(numbers)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        taken += (await ask(http, address, [take(number)])).seconds
    return taken


@asynccontextmanager
async def _flood(
    http: aiohttp.ClientSession, hook: str, numbers: range, seconds: float
) -> AsyncIterator[None]:
    """Sends these deliveries meanwhile, spread over so many seconds; all are taken at the end."""
    waiting, began = iter(numbers), time.perf_counter()

    async def send() -> None:
        for number in waiting:
            due = began + seconds * (number - numbers.start) / len(numbers)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            body = {
                "reference": f"FLOOD-{number}",
                "what_happened": "It never came, and nobody answers.",
                "customer": "Guest",
                "rating": 1,
            }
            async with http.post(hook, json=body, headers={"X-Amends-Secret": SECRET}) as answer:
                if answer.status != 200:
                    raise RuntimeError(f"a delivery was answered with {answer.status}")

    async with asyncio.TaskGroup() as sending:
        for _ in range(IN_FLIGHT):
            sending.create_task(send())
        yield
