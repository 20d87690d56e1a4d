"""(d) From `python -m bot` to a good /healthz, and its memory, beside a bare Bolt.

The rules of the coach are in memory by then: `serve` loads them before it opens. Half of the requests
have it read.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple

import aiohttp

from tests.benchmarks.clicks import ask, command
from tests.benchmarks.figure import Figure
from tests.benchmarks.lists import MUCH, filled
from tests.benchmarks.process import healthy, house, resident, running

ROUNDS = 3
ASKED = 100
"""Requests before the storage is looked at once more: what was never used costs nothing yet."""
DRAFT = (
    "draft We are sorry if it was late. The courier lost your parcel, and I will call you by Thursday."
)
"""What the coach has three remarks on."""


class Start(NamedTuple):
    """Seconds to a good /healthz, and MiB then and after some requests."""

    seconds: float
    idle: float
    used: float


async def measure(folder: Path) -> list[Figure]:
    """A row for each start: with a file that is still to be made, an empty one, and a very full one."""
    full = await filled(folder, MUCH)
    async with running(folder, "tests.benchmarks.quick_slack") as slack:
        empty = folder / "empty.db"
        files = {"first": folder / "new.db", "empty": empty, "full": full}
        starts: dict[str, list[Start]] = {"bare": [], **{name: [] for name in files}}
        await _start(folder, "bot", house(slack.address, empty))
        for _ in range(ROUNDS):
            files["first"].unlink(missing_ok=True)
            starts["bare"].append(await _start(folder, "tests.benchmarks.bare_bolt", None))
            for name, file in files.items():
                starts[name].append(await _start(folder, "bot", house(slack.address, file)))
    floor = _median(starts["bare"])
    names = {
        "first": "very first start, which makes the tables",
        "empty": "nothing stored",
        "full": f"{MUCH[0]:,} retros and {MUCH[1]:,} items stored",
    }
    return [row for name, words in names.items() for row in _rows(words, _median(starts[name]), floor)]


async def _start(folder: Path, module: str, env: Mapping[str, str] | None) -> Start:
    async with (
        running(folder, module, dict(env) if env else None) as server,
        aiohttp.ClientSession() as http,
    ):
        await healthy(http, server.address)
        seconds, idle = time.monotonic() - server.began, resident(server.pid)
        bodies = [command(DRAFT if number % 2 else "mine", number) for number in range(ASKED)]
        await ask(http, server.address, bodies)
        return Start(seconds, idle, resident(server.pid))


def _median(starts: list[Start]) -> Start:
    return Start(*(median(kept) for kept in zip(*starts, strict=True)))


def _rows(words: str, start: Start, floor: Start) -> list[Figure]:
    return [
        Figure(
            f"d  start to /healthz, {words}",
            f"{start.seconds:.2f} s",
            f"{floor.seconds:.2f} s (bare Bolt)",
            f"{start.seconds / floor.seconds:.1f}",
            "< 2 s",
        ),
        Figure(
            f"d  memory with the coach warm, idle and after {ASKED} requests, {words}",
            f"{start.idle:.0f}, {start.used:.0f} MiB",
            f"{floor.idle:.0f}, {floor.used:.0f} MiB",
            f"{start.used / floor.used:.1f}",
            "< 100 MiB",
        ),
    ]
