"""The floor: slack-bolt's AsyncApp on aiohttp that only acknowledges, and remembers nothing."""

import asyncio
import re
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from tests.benchmarks.heartbeat import beating
from tests.benchmarks.process import SECRET, TOKEN
from tests.benchmarks.quick_slack import TEAM


async def authorize(**_: object) -> AuthorizeResult:
    """The one workspace there is, without asking."""
    return AuthorizeResult(
        enterprise_id=None, team_id=TEAM, bot_user_id="U0AMENDS", bot_id="B0AMENDS", bot_token=TOKEN
    )


async def acknowledge(ack: Any) -> None:
    """All that is ever done."""
    await ack()


def bare_bolt() -> AsyncApp:
    """Bolt's application, which acknowledges whatever there is."""
    bolt = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    bolt.command(re.compile(""))(acknowledge)
    bolt.action(re.compile(""))(acknowledge)
    bolt.view(re.compile(""))(acknowledge)
    return bolt


def served(bolt: AsyncApp) -> web.Application:
    """Any application of Bolt's on aiohttp, with the same two addresses that Amends is measured at."""

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_post("/slack/events", events)
    app.router.add_get("/healthz", healthz)
    return app


async def main() -> None:
    """Serves on a free port of loopback until it is stopped."""
    await serve(served(bare_bolt()))


async def serve(app: web.Application) -> None:
    """Serves any application on a free port of loopback until it is stopped, and tells its address."""
    async with beating():
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
