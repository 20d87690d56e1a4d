"""A Slack adapter with a scripted bot behind it, in front of the fake Slack."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bot.command import Reply, Request
from bot.domain.channel import Channel
from bot.domain.job import MessageRef
from bot.domain.person import Person
from bot.messages.parts import Message, sentence
from bot.ports import Delivery
from bot.settings import Settings
from bot.untold import Untold
from handlers.slack.app import SlackAdapter
from tests.fakes import FakeSlack
from tests.handlers.served import served

HELLO = sentence("Hello.")


class Script:
    """A bot that remembers what it was asked and replies what it was told."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.untold = Untold()
        self.replies: dict[str, Reply | Callable[[Request], Reply]] = {}

    async def show(self, request: Request) -> Reply:
        return await self.answer(request)

    async def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        reply = self.replies.get(request.command_name, Reply())
        return reply(request) if callable(reply) else reply

    async def is_guest(self, workspace: str, person: Person) -> bool:
        return False


def settings_for(slack: FakeSlack, *, socket: bool = False, **more: Any) -> Settings:
    """Settings that lead to the fake, whatever the environment says."""
    values: dict[str, Any] = {
        "slack_bot_token": slack.token,
        "slack_signing_secret": None if socket else slack.secret,
        "slack_app_token": slack.app_token if socket else None,
        "slack_api_url": slack.api_url,
        **more,
    }
    return Settings(_env_file=None, **values)


@asynccontextmanager
async def serving(slack: FakeSlack, bot: Script, **more: Any) -> AsyncIterator[SlackAdapter]:
    """The adapter, served over HTTP, with the fake's events sent there."""
    adapter = await SlackAdapter.open(settings_for(slack, **more), bot)
    try:
        async with served("/slack/events", adapter.handler) as slack.events_url:
            yield adapter
    finally:
        await adapter.close()


def delivery(
    slack: FakeSlack,
    channel_id: str,
    message: Message = HELLO,
    key: str = "retro:7",
    thread: MessageRef | None = None,
) -> Delivery:
    """A message on its way to a channel, or to a person."""
    where = Channel(
        id=channel_id, name="support", kind="direct" if channel_id.startswith("U") else "shared"
    )
    return Delivery(
        workspace=f"slack:{slack.team}", key=key, channel=where, message=message, thread=thread
    )
