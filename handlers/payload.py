"""Reads JSON that a platform sent, and checks its shape while it does."""

from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]


class Malformed(Exception):
    """A request from a known sender that has not the shape the platform documents."""


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
