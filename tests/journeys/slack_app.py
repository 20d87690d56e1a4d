"""The whole app on a fake Slack: signed HTTP or a socket in front, a real database behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot import bootstrap
from handlers.connections import Limits
from tests.fakes import FakeSlack, Posted
from tests.handlers.slack_adapter import settings_for


@asynccontextmanager
async def open_slack_app(
    slack: FakeSlack,
    database_url: str,
    *,
    socket: bool = False,
    min_interval: float = 0.0,
    limits: Limits | None = None,
    **more: Any,
) -> AsyncIterator[bootstrap.App]:
    """Amends at work until the block ends."""
    settings = settings_for(
        slack,
        socket=socket,
        amends_database_url=database_url,
        amends_port=0,
        amends_pace=min_interval,
        **more,
    )
    async with (
        bootstrap.open_app(settings) as built,
        bootstrap.adapters(built) as opened,
        bootstrap.server(built, opened, limits) as address,
    ):
        if not socket:
            slack.events_url = f"{address}/slack/events"
        clock = asyncio.create_task(opened.worker.run())
        yield built
        await opened.worker.stop()
        await clock


async def said(slack: FakeSlack, words: str, *, where: str | None = None) -> Posted:
    """Waits until a message of Amends' holds these words, and returns the newest such."""

    def found() -> Posted | None:
        fitting = [
            posted
            for posted in slack.posted()
            if words in posted.words() and (where is None or posted.channel_id == where)
        ]
        return fitting[-1] if fitting else None

    try:
        return await slack.until(found)
    except TimeoutError:
        told = "\n---\n".join(posted.words() for posted in slack.posted())
        raise AssertionError(f"{words!r} was never said; this was:\n{told}") from None
