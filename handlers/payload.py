"""Reading what a platform sent: JSON whose shape nobody promises until it was looked at."""

from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]


class Malformed(Exception):
    """What came in, though its sender is known, is not what the platform sends."""


def mapping(body: Payload, key: str) -> Payload:
    """The object under a key; empty when it is missing or null."""
    found = body.get(key)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise Malformed(f"{key} is not an object")
    return found


def text_at(body: Payload, key: str) -> str:
    """The text under a key; empty when it is missing or null."""
    found = body.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Malformed(f"{key} is not a text")
    return found


def needed(body: Payload, key: str) -> str:
    """The text under a key; raises Malformed when there is none."""
    if not (found := text_at(body, key)):
        raise Malformed(f"{key} is missing")
    return found
