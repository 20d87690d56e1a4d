"""The floor for a first message: slack-bolt's AsyncApp that acknowledges and posts at once."""

import asyncio
import os
import re
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.benchmarks.bare_bolt import authorize, serve, served
from tests.benchmarks.process import SECRET, TOKEN


def bare_posting(api_url: str) -> AsyncApp:
    """The application; it remembers nothing, so nothing that it owes survives it."""
    slack = AsyncWebClient(token=TOKEN, base_url=api_url)
    slack.proxy = None
    bolt = AsyncApp(client=slack, signing_secret=SECRET, authorize=authorize)

    async def answer(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await slack.chat_postMessage(channel=body["channel_id"], text=body["text"])

    bolt.command(re.compile(""))(answer)

    return bolt


async def main() -> None:
    """Serves on a free port of loopback until it is stopped."""
    await serve(served(bare_posting(os.environ["SLACK_API_URL"])))


if __name__ == "__main__":
    asyncio.run(main())
