"""A channel: where people talk, and where everything that the bot keeps belongs."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Field


class Channel(BaseModel, frozen=True):
    """Where people talk: a shared channel, or the bot's direct messages with one person.

    `reference` is whatever the platform needs to speak there again; only its own adapter reads it.
    """

    id: str
    name: str
    kind: Literal["shared", "direct"] = "shared"
    reference: Mapping[str, str] = Field(default_factory=dict)
    gone: bool = False
    """It was removed from the web workspace; what belongs to it stays."""


def channel_label(name: str) -> str:
    """`#support`, as people write a channel, whether or not its name is kept with the sign."""
    return f"#{name.removeprefix('#')}"
