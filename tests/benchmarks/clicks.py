"""(a) Signed commands and clicks, 50 in flight, against a bare Bolt that only acknowledges.

The clock is at work beside them, as in life: it speaks, and edits the messages of the items that
are taken, in the same process and the same database.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlencode

import aiohttp

from tests.benchmarks.figure import Figure, ms, percentile
from tests.benchmarks.filled import PLACES, fill, person, place
from tests.benchmarks.process import SECRET, house, running
from tests.benchmarks.quick_slack import TEAM

IN_FLIGHT = 50
ROUNDS = 5
REQUESTS = 300
"""In each round, of each kind, to each of the two."""
RETROS = 100
QUIET_TRIES = 16
"""Looks, four a second: new messages are paced, so it may take longer than is worth waiting."""

Body = Callable[[int], str]


class Round(NamedTuple):
    """One burst: requests a second, and how long each acknowledgement took in seconds."""

    rate: float
    seconds: Sequence[float]


def command(text: str, number: int, places: int = PLACES) -> str:
    """A typed `/amends …`, in one of so many places."""
    where = number % places
    return urlencode(
        {
            "command": "/amends",
            "text": text,
            "team_id": TEAM,
            "channel_id": place(where),
            "channel_name": f"team-{where}",
            "user_id": person(number % IN_FLIGHT),
            "user_name": "somebody",
            "trigger_id": f"{time.time_ns()}.{number}",
            "response_url": "https://benchmark.example/response",
        }
    )


def _click(verb: str, about: str, number: int) -> str:
    where = number % PLACES
    payload = {
        "type": "block_actions",
        "trigger_id": f"{time.time_ns()}.{number}",
        "actions": [
            {
                "type": "button",
                "action_id": verb,
                "block_id": "buttons",
                "value": about,
                "action_ts": f"{time.time():.6f}",
            }
        ],
        "team": {"id": TEAM},
        "user": {"id": person(number % IN_FLIGHT), "team_id": TEAM, "name": "somebody"},
        "container": {"type": "message", "message_ts": f"1600000000.{number:07d}"},
        "channel": {"id": place(where), "name": f"team-{where}"},
        "message": {"ts": f"1600000000.{number:07d}", "text": "A retro"},
        "response_url": "https://benchmark.example/response",
    }
    return urlencode({"payload": json.dumps(payload)})


KINDS: Mapping[str, Body] = {
    "/amends failed …": lambda n: command(f"failed ZD-{n} Parcel promised twice, missed twice", n),
    "click Take it": lambda n: _click("action_item.take", f"AI-{n}", n),
    "click Answer (a form)": lambda n: _click("retro.answer", f"C-{1 + n % RETROS}", n),
    "/amends mine": lambda n: command("mine", n),
}


async def measure(folder: Path) -> list[Figure]:
    """A row of throughput and one of waiting for each kind of request, each on a fresh database."""
    figures = []
    async with (
        running(folder, "tests.benchmarks.bare_bolt") as bare,
        running(folder, "tests.benchmarks.quick_slack") as slack,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as http,
    ):
        for number, (kind, body) in enumerate(KINDS.items()):
            file = folder / f"clicks-{number}.db"
            await fill(file, RETROS, (ROUNDS + 1) * REQUESTS * 2, fresh=True)
            async with running(folder, "bot", house(slack.address, file)) as amends:
                floor, ours = await _rounds(http, bare.address, amends.address, body)
            figures += _rows(kind, floor, ours)
    return figures


async def _rounds(
    http: aiohttp.ClientSession, bare: str, amends: str, body: Body
) -> tuple[list[Round], list[Round]]:
    """Both in turns; the first turn warms up. Each request has the next number, and so its own item."""
    numbers = count(1)
    kept: dict[str, list[Round]] = {bare: [], amends: []}
    for turn in range(ROUNDS + 1):
        for address, rounds in kept.items():
            bodies = [body(next(numbers)) for _ in range(REQUESTS)]
            burst = await ask(http, address, bodies)
            if turn:
                rounds.append(burst)
        await _quiet(http, amends)
    return kept[bare], kept[amends]


async def _quiet(http: aiohttp.ClientSession, amends: str) -> None:
    """Waits a little for what is due to be said, so that it does not slow down the floor."""
    for _ in range(QUIET_TRIES):
        async with http.get(f"{amends}/healthz") as answer:
            if (await answer.json()).get("oldest_due") is None:
                return
        await asyncio.sleep(0.25)


def _rows(kind: str, floor: Sequence[Round], ours: Sequence[Round]) -> list[Figure]:
    slow, fast = median(r.rate for r in ours), median(r.rate for r in floor)
    times, bare = ([s for r in rounds for s in r.seconds] for rounds in (ours, floor))
    return [
        Figure(
            f"a  {kind}: a second",
            f"{slow:.0f}",
            f"{fast:.0f} (bare Bolt)",
            f"{slow / fast:.2f}",
            ">= 0.33",
        ),
        Figure(
            f"a  {kind}: p50, p99",
            f"{ms(percentile(times, 50))}, {ms(percentile(times, 99))}",
            f"{ms(percentile(bare, 50))}, {ms(percentile(bare, 99))}",
            f"{percentile(times, 99) / percentile(bare, 99):.1f} (p99)",
            "p99 < 300 ms",
        ),
    ]


async def ask(http: aiohttp.ClientSession, address: str, bodies: Sequence[str]) -> Round:
    """Sends them all, IN_FLIGHT at once; raises RuntimeError when one is not acknowledged."""
    url = f"{address}/slack/events"
    waiting = iter(bodies)
    seconds: list[float] = []

    async def one_after_another() -> None:
        for body in waiting:
            headers = _signed(body)
            began = time.perf_counter()
            async with http.post(url, data=body, headers=headers) as answer:
                await answer.read()
            seconds.append(time.perf_counter() - began)
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} for {body}")

    began = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(IN_FLIGHT)))
    return Round(len(bodies) / (time.perf_counter() - began), seconds)


def _signed(body: str) -> dict[str, str]:
    stamp = str(int(time.time()))
    mac = hmac.new(SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256)
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={mac.hexdigest()}",
    }
