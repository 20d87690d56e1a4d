"""Slack's signature over a request, checked before anything in it is parsed."""

from collections.abc import Mapping

from slack_sdk.signature import SignatureVerifier

STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"


class Signature:
    """Checks signatures made with our secret; without a secret none is valid."""

    def __init__(self, secret: str | None) -> None:
        self._verifier = SignatureVerifier(secret) if secret else None

    def is_valid(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether Slack signed it in the last five minutes."""
        stamp, signature = (headers.get(name, "") for name in (STAMP, SIGNATURE))
        # The library's check raises, instead of saying no, at a time that is no number, at a
        # signature beyond ASCII and at bytes that are no UTF-8.
        numeric = stamp.isascii() and stamp.isdigit() and len(stamp) < 16
        if self._verifier is None or not numeric or not signature.isascii():
            return False
        try:
            return self._verifier.is_valid(body, stamp, signature)
        except UnicodeDecodeError:
            return False
