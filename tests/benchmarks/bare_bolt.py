"""The floor: slack-bolt's AsyncApp on aiohttp that only acknowledges, and remembers nothing."""

import asyncio
import re
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

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


def bare_bolt() -> web.Application:
    """The application, with the same two addresses that Amends is measured at."""
    bolt = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    bolt.command(re.compile(""))(acknowledge)
    bolt.action(re.compile(""))(acknowledge)

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
    runner = web.AppRunner(bare_bolt(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
