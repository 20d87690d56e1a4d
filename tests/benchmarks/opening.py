"""(b) Saying imported retros, against what the platform allows: one message per pace and channel."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

from tests.benchmarks.figure import Figure
from tests.benchmarks.filled import place
from tests.benchmarks.process import house, run, running
from tests.desk import opening
from tests.shared import COMPLAINTS as SAMPLE
from tests.shared import UNTIMELY, generated_complaints

PACE = 0.15
"""Seconds instead of Slack's 1.1, so that a run stays under a minute."""
MESSAGES = UNTIMELY * len(opening())
"""Each retro and its prompts."""
OPTIONS = (
    *("--map", "what_happened=Consumer complaint narrative|Issue"),
    *("--map", "reference=Complaint ID"),
    *("--map", "happened_at=Date received"),
    *("--where", "Timely response?=No"),
)


async def measure(folder: Path) -> list[Figure]:
    """One channel, and four side by side."""
    file = SAMPLE if SAMPLE.exists() else generated_complaints(folder / "complaints.csv")
    ideal = (MESSAGES - 1) * PACE
    one = max((await _said(folder, file, [place(1)])).values())
    four = max((await _said(folder, file, [place(number) for number in range(2, 6)])).values())
    pace, floor = f"at {PACE} s a message", f"{ideal:.1f} s (the pace)"
    return [
        Figure(f"b  94 retros, 1 place, {pace}", f"{one:.1f} s", floor, f"{one / ideal:.3f}", "<= 1.05"),
        Figure(
            f"b  94 retros each, 4 places, {pace}",
            f"{four:.1f} s",
            floor,
            f"{four / ideal:.3f}",
            "<= 1.05",
        ),
        Figure("b  4 places against 1", f"{four:.1f} s", f"{one:.1f} s", f"{four / one:.3f}", "<= 1.00"),
    ]


async def _said(folder: Path, file: Path, channels: Sequence[str]) -> Mapping[str, float]:
    """Seconds between the first message in each channel and the last."""
    database = folder / f"opening-{len(channels)}.db"
    async with (
        running(folder, "tests.benchmarks.quick_slack") as slack,
        aiohttp.ClientSession() as http,
    ):
        settings = house(slack.address, database, AMENDS_PACE=str(PACE))
        for where in channels:
            await run(folder, "import", str(file), "--team", where, *OPTIONS, env=settings)
        async with running(folder, "bot", settings), asyncio.timeout(MESSAGES * PACE * 2 + 30):
            times: dict[str, list[float]] = {}
            while sum(map(len, times.values())) < MESSAGES * len(channels):
                await asyncio.sleep(0.5)
                async with http.get(f"{slack.address}/said") as answer:
                    times = await answer.json()
    wrong = {where: len(said) for where, said in times.items() if len(said) != MESSAGES}
    if wrong:
        raise RuntimeError(f"not {MESSAGES} messages a place: {wrong}")
    return {where: said[-1] - said[0] for where, said in times.items()}
