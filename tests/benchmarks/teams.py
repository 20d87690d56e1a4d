"""(e) Clicks in Teams, 50 in flight, against a bare botbuilder echo; and how long the loop is blocked.

Both check real tokens, signed with a key of the stand-in's. The clock is at work in Amends, as in life:
it edits the messages of the items that are taken, in the same process and the same database.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import aiohttp

from tests.benchmarks import heartbeat
from tests.benchmarks.figure import Figure, ms, percentile
from tests.benchmarks.filled import PLACES, fill, person, place
from tests.benchmarks.process import Running, environment, healthy, running
from tests.benchmarks.quick_teams import APP, PASSWORD, TENANT
from tests.benchmarks.teams_bot import STAND_IN

IN_FLIGHT = 50
ROUNDS = 3
REQUESTS = 200
"""In each round, of each kind, to each of the two."""
RETROS = 100
TURNS = 100
"""In flight at once while the token and the connector are slow."""
SLOW_SECONDS = 3.0
SETTLED_SECONDS = 3.0
"""After the first turns, until everything that they caused is said, and their token is over."""
LAST_SECONDS = 4 * SLOW_SECONDS
"""A private answer takes four slow ones in a row: two for the token, the chat, and the message."""
APART_SECONDS = 0.03
"""Between two of the turns: all of them wait together, but what is measured is no queue for the CPU."""

Body = Callable[[int, str], Mapping[str, Any]]


class Round(NamedTuple):
    """One burst: requests a second, and how long each answer took in seconds."""

    rate: float
    seconds: Sequence[float]


def _activity(number: int, service_url: str, **more: object) -> dict[str, Any]:
    channel_id, message = place(number % PLACES), 1_600_000_000_000 + number
    conversation = {"id": f"{channel_id};messageid={message}", "tenantId": TENANT}
    return {
        "id": f"{time.time_ns()}.{number}",
        "channelId": "msteams",
        "serviceUrl": service_url,
        "from": {"id": person(number % IN_FLIGHT), "name": "Somebody", "aadObjectId": f"aad-{number}"},
        "recipient": {"id": f"28:{APP}", "name": "Amends"},
        "conversation": {**conversation, "conversationType": "channel", "isGroup": True},
        "channelData": {
            "tenant": {"id": TENANT},
            "channel": {"id": channel_id},
            "team": {"id": f"team-of-{channel_id}"},
        },
        "localTimezone": "Europe/Stockholm",
        "replyToId": str(message),
        **more,
    }


def _click(number: int, service_url: str) -> Mapping[str, Any]:
    data = {"verb": "action_item.take", "about": f"AI-{number}"}
    action = {"type": "Action.Execute", "verb": data["verb"], "data": data}
    value = {"action": action, "trigger": "manual"}
    return _activity(number, service_url, type="invoke", name="adaptiveCard/action", value=value)


def _opening(number: int, service_url: str) -> Mapping[str, Any]:
    data = {
        "verb": "retro.answer",
        "about": f"C-{1 + number % RETROS}",
        "msteams": {"type": "task/fetch"},
    }
    value = {"data": data, "context": {"theme": "default"}}
    return _activity(number, service_url, type="invoke", name="task/fetch", value=value)


def _command(number: int, service_url: str) -> Mapping[str, Any]:
    mentioned = {"id": f"28:{APP}", "name": "Amends"}
    entity = {"type": "mention", "mentioned": mentioned, "text": "<at>Amends</at>"}
    return _activity(number, service_url, type="message", text="<at>Amends</at> mine", entities=[entity])


KINDS: Mapping[str, Body] = {"click Take it": _click, "click Answer (a dialog)": _opening}


async def measure(folder: Path) -> list[Figure]:
    """A row of throughput and one of waiting for each kind of click, and one of blocking."""
    # Each click takes the next number, and so has an item of its own to take. The turns that are
    # looked at for blocks have a file of their own, without all that the clicks left to be said.
    file, other = folder / "teams.db", folder / "turns.db"
    await fill(file, RETROS, (ROUNDS + 1) * REQUESTS * len(KINDS) * 2, fresh=True)
    await fill(other, RETROS, 4 * TURNS, fresh=True)
    async with (
        running(folder, "tests.benchmarks.quick_teams") as stand_in,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=TURNS)) as http,
    ):
        for filled in (file, other):
            _move(filled, f"{stand_in.address}/teams/")
        return [
            *await _clicks(folder, stand_in, file, http),
            *await _blocks(folder, stand_in, file, http),
        ]


def _move(file: Path, service_url: str) -> None:
    """What was filled is Slack's; the same rows serve as a tenant's, whose channels can be spoken to."""
    with sqlite3.connect(file) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
            if "workspace" in columns:
                connection.execute(f'UPDATE "{table}" SET workspace = ?', (f"teams:{TENANT}",))
        for number in range(PLACES):
            way = {"service_url": service_url, "tenant_id": TENANT, "bot_id": f"28:{APP}"}
            way |= {"conversation_id": place(number), "channel_id": place(number)}
            connection.execute(
                "UPDATE places SET reference = ? WHERE id = ?", (json.dumps(way), place(number))
            )


def _amends(stand_in: Running, file: Path, **more: str) -> dict[str, str]:
    return environment(
        AMENDS_DATABASE_URL=f"sqlite:///{file}",
        AMENDS_PORT="0",
        TEAMS_APP_ID=APP,
        TEAMS_APP_PASSWORD=PASSWORD,
        TEAMS_APP_TENANT_ID=TENANT,
        **{STAND_IN: stand_in.address},
        **more,
    )


async def _clicks(
    folder: Path, stand_in: Running, file: Path, http: aiohttp.ClientSession
) -> list[Figure]:
    numbers = count(1)
    rounds: dict[str, tuple[list[Round], list[Round]]] = {kind: ([], []) for kind in KINDS}
    bare_env = environment(**{STAND_IN: stand_in.address})
    async with (
        running(folder, "tests.benchmarks.bare_botbuilder", bare_env) as bare,
        running(folder, "tests.benchmarks.teams_bot", _amends(stand_in, file)) as amends,
    ):
        await healthy(http, amends.address)
        asking = await _asking(stand_in, http, IN_FLIGHT)
        for turn in range(ROUNDS + 1):
            for kind, body in KINDS.items():
                for target, kept in zip((bare, amends), rounds[kind], strict=True):
                    bodies = [body(next(numbers), asking.service_url) for _ in range(REQUESTS)]
                    burst = await asking.all(target, bodies)
                    if turn:  # the first warms up
                        kept.append(burst)
    return [row for kind, (floor, ours) in rounds.items() for row in _rows(kind, floor, ours)]


def _rows(kind: str, floor: Sequence[Round], ours: Sequence[Round]) -> list[Figure]:
    slow, fast = median(r.rate for r in ours), median(r.rate for r in floor)
    times, bare = ([s for r in rounds for s in r.seconds] for rounds in (ours, floor))
    return [
        Figure(
            f"e  Teams, {kind}: a second",
            f"{slow:.0f}",
            f"{fast:.0f} (bare botbuilder)",
            f"{slow / fast:.2f}",
            ">= 0.33",
        ),
        Figure(
            f"e  Teams, {kind}: p50, p99",
            f"{ms(percentile(times, 50))}, {ms(percentile(times, 99))}",
            f"{ms(percentile(bare, 50))}, {ms(percentile(bare, 99))}",
            f"{percentile(times, 99) / percentile(bare, 99):.1f} (p99)",
        ),
    ]


async def _blocks(
    folder: Path, stand_in: Running, file: Path, http: aiohttp.ClientSession
) -> list[Figure]:
    """The longest block in each, from its start: half of the turns click, half ask for words."""
    numbers = count(1)
    found: list[float] = []
    asking = await _asking(stand_in, http, TURNS)
    for module in ("tests.benchmarks.teams_bot", "tests.benchmarks.bare_botbuilder"):
        # The first turns import and compile what is needed only once, and their token is soon over.
        await _slow(stand_in, http, 0.0, lifetime=1)
        beats = folder / f"{module}.beats"
        beats.touch()
        env = _amends(stand_in, file, **{heartbeat.FILE: str(beats)})
        async with running(folder, module, env) as target:
            for body in (_click, _command):
                await asking.one(target, body(next(numbers), asking.service_url))
            await asyncio.sleep(SETTLED_SECONDS)
            await _slow(stand_in, http, SLOW_SECONDS, lifetime=3600)
            bodies = [
                body(next(numbers), asking.service_url)
                for _ in range(TURNS // 2)
                for body in (_click, _command)
            ]
            began = time.monotonic()
            await asyncio.gather(
                *(asking.one(target, body, turn * APART_SECONDS) for turn, body in enumerate(bodies))
            )
            await asyncio.sleep(LAST_SECONDS)
            found.append(heartbeat.longest(beats, began, time.monotonic()))
    ours, bare = found
    return [
        Figure(
            f"e  Teams, {TURNS} turns, slow answers: longest block",
            ms(ours),
            f"{ms(bare)} (bare botbuilder)",
            f"{ours / bare:.3f}",
            "< 50 ms",
        )
    ]


async def _slow(stand_in: Running, http: aiohttp.ClientSession, seconds: float, lifetime: int) -> None:
    wanted = {"seconds": seconds, "lifetime": lifetime}
    async with http.post(f"{stand_in.address}/slow", json=wanted) as answer:
        answer.raise_for_status()


class Asking(NamedTuple):
    """Somebody who sends many activities, `in_flight` at once, all with the same good token."""

    http: aiohttp.ClientSession
    service_url: str
    token: str
    in_flight: int

    async def all(self, target: Running, bodies: Sequence[Mapping[str, Any]]) -> Round:
        """Sends them all; raises RuntimeError when one is not taken."""
        waiting, seconds = iter(bodies), list[float]()

        async def one_after_another() -> None:
            for body in waiting:
                seconds.append(await self.one(target, body))

        began = time.perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(self.in_flight)))
        return Round(len(bodies) / (time.perf_counter() - began), seconds)

    async def one(self, target: Running, body: Mapping[str, Any], wait: float = 0.0) -> float:
        """Sends one, after `wait` seconds; how long its answer took."""
        await asyncio.sleep(wait)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        url, sent, began = f"{target.address}/api/messages", json.dumps(body), time.perf_counter()
        async with self.http.post(url, data=sent, headers=headers) as answer:
            told = await answer.text()
        if answer.status not in (200, 201, 202):
            raise RuntimeError(f"{answer.status} {told[:500]} for {sent}")
        return time.perf_counter() - began


async def _asking(stand_in: Running, http: aiohttp.ClientSession, in_flight: int) -> Asking:
    async with http.get(f"{stand_in.address}/token") as answer:
        return Asking(http, f"{stand_in.address}/teams/", await answer.text(), in_flight)
