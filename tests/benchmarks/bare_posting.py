"""The floor for a first message: slack-bolt's AsyncApp that acknowledges and posts at once."""

import asyncio
import os
import re
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.benchmarks.bare_bolt import authorize
from tests.benchmarks.process import SECRET, TOKEN


def bare_posting(api_url: str) -> web.Application:
    """The application; it remembers nothing, so nothing that it owes survives it."""
    slack = AsyncWebClient(token=TOKEN, base_url=api_url)
    slack.proxy = None
    bolt = AsyncApp(client=slack, signing_secret=SECRET, authorize=authorize)

    async def answer(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await slack.chat_postMessage(channel=body["channel_id"], text=body["text"])

    bolt.command(re.compile(""))(answer)

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))

    app = web.Application()
    app.router.add_post("/slack/events", events)
    return app


async def main() -> None:
    """Serves on a free port of loopback until it is stopped."""
    runner = web.AppRunner(bare_posting(os.environ["SLACK_API_URL"]), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
