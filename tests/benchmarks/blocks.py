"""(k) The longest block of the event loop while 50 commands are in flight, beside a bare Bolt's."""

import asyncio
import time
from pathlib import Path
from statistics import median

from tests.benchmarks import heartbeat
from tests.benchmarks.clicks import Body, answer, failed, take
from tests.benchmarks.contenders import BARE, PLAIN, US, Field, against, contenders, in_turns
from tests.benchmarks.figure import Figure, ms

BURST, BURSTS = 250, 5
AWAKE_SECONDS = 0.2
"""After being halted, whose length the first beat tells."""
KINDS: dict[str, Body] = {"/amends failed …": failed, "click Take it": take, "an answer": answer}


async def measure(folder: Path) -> list[Figure]:
    """The median of the longest blocks of some bursts; whatever else this machine does is in it."""
    figures = []
    async with contenders(
        folder, "blocks", BURST * (BURSTS + 1), (BARE, US, PLAIN), beating=True
    ) as field:
        for kind, body in KINDS.items():
            longest: dict[str, list[float]] = {name: [] for name in field}
            for turn in range(BURSTS + 1):
                for name, block in (await _blocks(field, body, turn)).items():
                    if turn:  # the first warms up
                        longest[name].append(block)
            halves = {name: median(kept) for name, kept in longest.items()}
            figures += against(
                f"k  {kind}, {BURST} at once: longest block", halves, ms, {BARE: "< 50 ms"}
            )
    return figures


async def _blocks(field: Field, body: Body, turn: int) -> dict[str, float]:
    found = {}
    numbers = range(1 + BURST * turn, 1 + BURST * (turn + 1))
    for name, one in field.items():
        await asyncio.sleep(AWAKE_SECONDS)
        began = time.monotonic()
        await in_turns(field, body, numbers, only=name)
        found[name] = heartbeat.longest(one.beats, began, time.monotonic())
    return found
