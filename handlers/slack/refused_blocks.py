"""What happens where a workspace refuses tables and charts: they are drawn once more, as lines."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from slack_sdk.errors import SlackApiError

from bot.messages.parts import Message
from handlers.slack import render

REFUSALS = ("invalid_blocks", "invalid_blocks_format")
"""Slack's codes for blocks that it does not take."""

T = TypeVar("T")


class BlocksRefused(SlackApiError):
    """Slack did not accept how the message was built."""

    def __init__(self, code: str, response: object) -> None:
        super().__init__(code, response)  # type: ignore[no-untyped-call]  # the library has no types here


class Figures:
    """Draws the messages of one workspace: with native tables and charts until it refused them.

    That is remembered as long as the program runs, so that only one message in it is tried twice.
    """

    def __init__(self) -> None:
        self._refused = False

    def may_be_refused(self, message: Message) -> bool:
        """Whether only trying tells if Slack takes the message as it is drawn."""
        return render.has_figures(message) and not self._refused

    async def sent(self, message: Message, send: Callable[[render.Block], Awaitable[T]]) -> T:
        """What `send` returns for the drawn message, or else for the one with lines in place of figures.

        Raises what `send` does; BlocksRefused only when the figures were not what Slack refused.
        """
        if not self.may_be_refused(message):
            return await send(render.message(message, natively=False))
        try:
            return await send(render.message(message))
        except BlocksRefused:
            returned = await send(render.message(message, natively=False))
        self._refused = True
        return returned
