"""Who sent an activity: one question, whatever answers it.

Only the answer for real tokens needs Microsoft's SDK (`botbuilder_patches.py`), so that nothing else of
the program depends on it.
"""

import re
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from handlers.payload import Malformed, Payload, needed, text_at

LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")


class Unauthorised(Exception):
    """The request is not shown to come from Teams; its words hold nothing of the token."""


class Claims(NamedTuple):
    """What is known of an activity's sender."""

    service: str
    """The service it came by, such as "msteams"; empty when it named none."""
    signed: bool
    """Whether a token of Microsoft's vouches for it. Without one it may say anything of itself."""


class Authenticator(Protocol):
    """Says who sent an activity, from its Authorization header and its JSON.

    Raises Unauthorised when the header does not show it, and Malformed when the JSON is no activity's.
    """

    async def authenticate(self, header: str, body: Payload) -> Claims: ...


class OpenAuthenticator:
    """Takes an activity without a token, for emulators on this machine."""

    async def authenticate(self, header: str, body: Payload) -> Claims:
        """Claims without any check; raises Malformed when the answers would leave this machine."""
        address = urlsplit(needed(body, "serviceUrl"))
        if not LOOPBACK.fullmatch(address.hostname or ""):
            raise Malformed("without authentication, serviceUrl must be on this machine")
        return Claims(text_at(body, "channelId"), signed=False)
