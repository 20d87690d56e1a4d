"""(i) From a signed command to its first message on Slack, one after another, against a bare Bolt."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import aiohttp

from tests.benchmarks.clicks import ask, command
from tests.benchmarks.figure import Figure, ms, percentile
from tests.benchmarks.filled import place
from tests.benchmarks.process import environment, house, running

TYPED_WORDS = 60
"""For each of the two, in turns, each in a channel of its own; the first few warm up."""
WARM_UP = 5
PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 0.02


async def measure(folder: Path) -> list[Figure]:
    """The time until the retro's own message arrives, and until Bolt's answer does."""
    async with (
        running(folder, "tests.benchmarks.quick_slack") as slack,
        running(
            folder,
            "tests.benchmarks.bare_posting",
            environment(SLACK_API_URL=f"{slack.address}/api/"),
        ) as bare,
        running(
            folder, "bot", house(slack.address, folder / "first_message.db", AMENDS_PACE="0")
        ) as amends,
        aiohttp.ClientSession() as http,
    ):
        seconds: Mapping[str, list[float]] = {bare.address: [], amends.address: []}
        for number in range(TYPED_WORDS + WARM_UP):
            for turn, (address, kept) in enumerate(seconds.items()):
                taken = await _first_message(http, slack.address, address, 2 * number + turn)
                if number >= WARM_UP:
                    kept.append(taken)
    floor, ours = seconds.values()
    return [
        Figure(
            "i  click to message (a command to its first): p50",
            ms(median(ours)),
            f"{ms(median(floor))} (bare Bolt)",
            f"{median(ours) / median(floor):.1f}",
            "< 50 ms",
        ),
        Figure("i  the same: p95", ms(percentile(ours, 95)), ms(percentile(floor, 95))),
    ]


async def _first_message(http: aiohttp.ClientSession, slack: str, address: str, number: int) -> float:
    body = command(f"failed ZD-{number} Parcel promised twice", number, channels=1_000_000)
    began = time.monotonic()
    await ask(http, address, [body])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with http.get(f"{slack}/said") as answer:
                said = (await answer.json()).get(place(number))
            if said:
                return float(said[0]) - began
            await asyncio.sleep(LOOK_SECONDS)
