"""How long an event loop was blocked: a beat that notes in a file whenever it came late."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

BEAT_SECONDS = 0.002
LATE_SECONDS = 0.005
FILE = "BENCHMARK_HEARTBEAT"
"""The environment variable that names the file; without it nothing beats."""


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beats in this loop while the block runs."""
    if not (name := os.environ.get(FILE)):
        yield
        return
    with open(name, "a", buffering=1) as file:  # noqa: ASYNC230 - opened once, before anything runs
        beat = asyncio.create_task(_beat(file))
        try:
            yield
        finally:
            beat.cancel()


async def _beat(file: TextIO) -> None:
    last = time.monotonic()
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        now = time.monotonic()
        if (late := now - last - BEAT_SECONDS) > LATE_SECONDS:
            file.write(f"{now} {late}\n")
        last = now


def longest(file: Path, since: float, until: float) -> float:
    """Seconds of the longest block between two monotonic moments, which all processes share."""
    beats = [tuple(map(float, line.split())) for line in file.read_text().splitlines()]
    return max((late for at, late in beats if since <= at <= until + late), default=LATE_SECONDS)
