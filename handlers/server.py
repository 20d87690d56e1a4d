"""The one HTTP server: where it listens, and what it says of its health."""

import asyncio
import errno
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from socket import socket

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from bot.ports import StorageDamaged, StorageUnavailable, Transactions
from bot.settings import Misconfigured, Settings, http_address
from handlers.connections import Connections, accepting, listen

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound to it
"""Hosts that stand for every address of the machine, and where one of them answers."""
ASK_SECONDS = 2.0
MAX_HEALTH_BYTES = 65_536


@asynccontextmanager
async def listening(
    served: Callable[[], asyncio.Protocol], settings: Settings, connections: Connections
) -> AsyncIterator[str]:
    """Takes connections, for each of which `served` makes aiohttp's side; yields the address.

    Raises Misconfigured when the port cannot be opened, and says so where Amends itself has it already.
    """
    opened = await _listen(settings)
    host, port = opened[0].getsockname()[:2]
    async with accepting(opened, served, connections):
        yield http_address(host, port)


async def check_port(settings: Settings) -> None:
    """Raises Misconfigured as `listening` would, before anything is done that could have been spared."""
    for one in await _listen(settings):
        one.close()


async def _listen(settings: Settings) -> list[socket]:
    host, port = settings.amends_host, settings.amends_port
    try:
        return await listen(host, port)
    except OSError as taken:
        there = http_address(ANYWHERE.get(host, host), port)
        if taken.errno == errno.EADDRINUSE and await _is_amends(there):
            raise Misconfigured(
                f"Amends already runs at {there}: open it there, or start this one with another "
                "AMENDS_PORT."
            ) from None
        raise Misconfigured(
            f"AMENDS_PORT {port} on {host} cannot be opened: {taken.strerror or taken}."
        ) from None


async def _is_amends(address: str) -> bool:
    """Whether what listens there answers as `healthz` does, well or not."""
    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=ASK_SECONDS)) as session,
            session.get(f"{address}/healthz", allow_redirects=False) as response,
        ):
            if (response.content_length or MAX_HEALTH_BYTES) >= MAX_HEALTH_BYTES:
                return False  # ours is short, and says how long it is
            health = json.loads(await response.read())
    except (ClientError, OSError, TimeoutError, ValueError):
        return False
    is_ours = isinstance(health, dict) and isinstance(health.get("ok"), bool)
    return is_ours and ("connections" in health or "why" in health)


def healthz(
    transactions: Transactions,
    connections: Connections,
    troubles: Callable[[], Sequence[str]] = list,
) -> Handler:
    """GET /healthz: counts of waiting and dead messages, and of connections.

    503 when the database cannot be reached, or something in it cannot be read. Also 503, with the
    counts, as long as a platform lets us say nothing: `troubles` says which, and why.
    """

    async def healthz(_: web.Request) -> web.StreamResponse:
        try:
            damage = await transactions.damage()
            if damage is not None:
                return web.json_response({"ok": False, "why": damage}, status=503)
            state = await transactions.read_queue(lambda queue: queue.state())
        except StorageDamaged as damaged:
            return web.json_response({"ok": False, "why": str(damaged)}, status=503)
        except StorageUnavailable:
            return web.json_response({"ok": False, "why": "the database cannot be reached"}, status=503)
        why = " ".join(troubles())
        health = {"ok": False, "why": why} if why else {"ok": True}
        return web.json_response(
            {**health, **state, "connections": connections.state()},
            status=503 if why else 200,
            dumps=lambda data: json.dumps(data, default=str),
        )

    return healthz
