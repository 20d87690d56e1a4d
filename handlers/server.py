"""The one HTTP server: where it listens, and what it says of its health."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from bot.ports import StorageDamaged, StorageUnavailable, Transactions
from bot.settings import Misconfigured, Settings
from handlers.connections import Connections, accepting, listen

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def listening(
    served: Callable[[], asyncio.Protocol], settings: Settings, connections: Connections
) -> AsyncIterator[str]:
    """Takes connections, for each of which `served` makes aiohttp's side; yields the address.

    Raises Misconfigured when the port cannot be opened.
    """
    try:
        opened = await listen(settings.amends_host, settings.amends_port)
    except OSError as taken:
        raise Misconfigured(
            f"AMENDS_PORT {settings.amends_port} on {settings.amends_host} cannot be opened: "
            f"{taken.strerror or taken}."
        ) from None
    host, port = opened[0].getsockname()[:2]
    async with accepting(opened, served, connections):
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"


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
