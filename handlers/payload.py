"""Reading what a platform sent: JSON whose shape nobody promises until it was looked at."""

from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]


class Malformed(Exception):
    """What came in, though its sender is known, is not what the platform sends."""


def mapping(body: Payload, key: str) -> Payload:
    """The object under a key; empty when it is missing or null."""
    value = body.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Malformed(f"{key} is not an object")
    return value


def text_at(body: Payload, key: str) -> str:
    """The text under a key; empty when it is missing or null."""
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{key} is not a text")
    return value


def needed(body: Payload, key: str) -> str:
    """The text under a key; raises Malformed when there is none."""
    if not (value := text_at(body, key)):
        raise Malformed(f"{key} is missing")
    return value
