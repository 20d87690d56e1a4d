"""What the outgoing requests of several products have in common."""

import base64
import html
import re
from collections.abc import Mapping

from bot.domain.connection import PRINTABLE
from handlers.helpdesks.product import Account, NoteError


def ticket_id(ticket: str, shape: re.Pattern[str], product: str) -> str:
    """A ticket's id, to stand in an address; raises NoteError for what could lead elsewhere."""
    if not shape.fullmatch(ticket):
        raise NoteError(f"{ticket[:40]!r} is no ticket of {product}.")
    return ticket


def address(account: Account, path: str) -> str:
    """A path of the product's API."""
    return account.origin.rstrip("/") + path


def bearer(token: str) -> Mapping[str, str]:
    """The header for a token that stands for itself."""
    return {"Authorization": f"Bearer {_token(token)}"}


def basic(pair: str) -> Mapping[str, str]:
    """The header for a name and a token, as `name:token`."""
    return {"Authorization": f"Basic {base64.b64encode(_token(pair).encode()).decode()}"}


def basic_or_bearer(token: str) -> Mapping[str, str]:
    """The header for `name:token`, or for a token alone."""
    return basic(token) if ":" in token else bearer(token)


def as_html(text: str) -> str:
    """A text for a product that takes notes as HTML."""
    return html.escape(text).replace("\n", "<br>")


def _token(token: str) -> str:
    # A line break in it would begin another header.
    if not PRINTABLE.fullmatch(token):
        raise NoteError("The token has a blank or a special character in it: copy it again.")
    return token
