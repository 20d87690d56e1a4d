"""How a browser is let in as somebody: by a one-time link from chat, which becomes a session."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel

LINK_LASTS = timedelta(minutes=10)
IDLE = timedelta(hours=12)
"""A session ends when nothing was asked for so long; it is noted every STEP only."""
STEP = timedelta(minutes=10)


class SignIn(BaseModel, frozen=True):
    """A link that was not used yet, or a session.

    `digest` is all that is kept of the secret that the browser shows: see `digest_of`.
    """

    digest: str
    kind: Literal["link", "session"]
    person_id: str
    expires_at: datetime

    def holds(self, kind: Literal["link", "session"], at: datetime) -> bool:
        """Whether it lets somebody in at this moment, as what is meant."""
        return self.kind == kind and at < self.expires_at


def new_secret() -> str:
    """What a browser shows to be let in: 256 random bits, as hexadecimal digits."""
    return secrets.token_hex(32)


def digest_of(secret: str) -> str:
    """A SHA-256 of it: whoever reads what is stored is not let in by that."""
    return hashlib.sha256(secret.encode()).hexdigest()


def link(secret: str, person_id: str, at: datetime) -> SignIn:
    """A one-time link, whose end is known to the minute."""
    ends = (at + LINK_LASTS).replace(second=0, microsecond=0)
    return SignIn(digest=digest_of(secret), kind="link", person_id=person_id, expires_at=ends)


def session(secret: str, person_id: str, at: datetime) -> SignIn:
    """The session that a link becomes."""
    return SignIn(digest=digest_of(secret), kind="session", person_id=person_id, expires_at=idle_end(at))


def idle_end(at: datetime) -> datetime:
    """When a session ends in which nothing is asked after `at`, down to a whole STEP."""
    end = at + IDLE
    return end.replace(minute=end.minute - end.minute % (STEP.seconds // 60), second=0, microsecond=0)
