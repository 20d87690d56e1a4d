"""The one HTTP server: where it listens, and what it says of its health."""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.ports import StorageUnavailable, Transactions
from bot.settings import Misconfigured, Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def listen(runner: web.AppRunner, settings: Settings) -> str:
    """Opens the port and returns the address; raises Misconfigured when it cannot be opened."""
    site = web.TCPSite(runner, settings.amends_host, settings.amends_port)
    try:
        await site.start()
    except OSError as taken:
        raise Misconfigured(
            f"AMENDS_PORT {settings.amends_port} on {settings.amends_host} cannot be opened: "
            f"{taken.strerror or taken}."
        ) from None
    host, port = runner.addresses[0][:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def healthz(transactions: Transactions) -> Handler:
    """GET /healthz: counts of waiting and dead messages; 503 when the database cannot be reached."""

    async def healthz(_: web.Request) -> web.StreamResponse:
        try:
            state = await transactions.read_queue(lambda queue: queue.state())
        except StorageUnavailable:
            return web.json_response({"ok": False, "why": "the database cannot be reached"}, status=503)
        return web.json_response({"ok": True, **state}, dumps=lambda data: json.dumps(data, default=str))

    return healthz
