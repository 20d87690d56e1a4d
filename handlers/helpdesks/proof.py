"""Proves that a delivery comes from who knows the connection's secret, and just now."""

import hmac
from datetime import datetime, timedelta

from handlers.helpdesks.product import Received, SignatureError

FRESH = timedelta(minutes=5)
"""How far the time that somebody signed may be from ours, to both sides."""
NOT_PROVEN = (
    "It is not signed with this connection's secret, or brings another one: compare the secret in the "
    "tool, or make a new one."
)
OWN_HEADER = "X-Amends-Secret"
"""Carries our own secret, where a product signs nothing."""


def header(received: Received, name: str) -> str:
    """What a header says; raises SignatureError when it is missing or empty."""
    if not (value := received.headers.get(name.lower(), "")):
        raise SignatureError(f"{name} is missing.")
    return value


def key(secret: str) -> bytes:
    """A secret as it signs; raises SignatureError for none, with which anybody could sign."""
    if not secret:
        raise SignatureError("This connection has no secret yet.")
    return raw(secret)


def check_same(given: str, expected: str) -> None:
    """Raises SignatureError unless both are the same; the time that takes tells nobody anything."""
    if not hmac.compare_digest(raw(given), raw(expected)):
        raise SignatureError(NOT_PROVEN)


def check_hub_signature(received: Received, secret: str, algorithm: str, name: str) -> None:
    """Raises SignatureError unless a header says `sha256=` and the body's HMAC in hexadecimal digits."""
    signed = hmac.digest(key(secret), received.body, algorithm).hex()
    check_same(header(received, name), f"{algorithm}={signed}")


def check_own_secret(received: Received, secret: str) -> None:
    """Raises SignatureError unless our own header carries the secret."""
    key(secret)
    check_same(header(received, OWN_HEADER), secret)


def check_fresh(signed: datetime, received: Received) -> None:
    """Raises SignatureError for a time that is more than five minutes before or after it arrived."""
    if abs(received.at - signed) > FRESH:
        raise SignatureError(
            "Its signature is more than five minutes old, or from a clock ahead of mine."
        )


def raw(text: str) -> bytes:
    """A text as the bytes that were signed."""
    # Headers can hold half a surrogate pair, which plain UTF-8 refuses.
    return text.encode("utf-8", "surrogatepass")
