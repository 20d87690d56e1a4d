"""A job: one message that the bot owes somebody, from the moment it is saved until it is said."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

JobState = Literal["waiting", "running", "done", "dead", "held"]
"""`held` waits for the operator's word: after a restored backup nobody knows whether it was said."""

LEASE_SECONDS = 30.0
"""How long a claim holds: longer than the longest call."""
CALL_SECONDS = LEASE_SECONDS * 0.6
"""A call is cancelled before its lease can end, so a slow process sends nothing twice."""
MAX_ATTEMPTS = 12
"""16 to 32 minutes of trying with the back-off below; then the job is set aside."""
MAX_ATTEMPTS_IN_AN_OUTAGE = 300
"""One and a half to three days: a platform that is down, or asks to wait, loses nobody a message."""
MAX_BACKOFF_SECONDS = 900.0


class Job(BaseModel, frozen=True):
    """One message to bring about.

    `name`, `about` and `detail` are its payload as it is stored (`bot/jobs/payload.py`). `key` is the
    message's own name ("retro:7"): scheduling it again while it waits changes nothing, and once it was
    said, saying it again means editing it. A job that is `once` is never said again. `channel_id` is
    where it is said: a channel's id, or a person's when `direct`. `thread` is the key of the message
    whose thread it belongs in. `asked_by` is who hears of it when it cannot be said; it stays empty
    wherever an anonymous author could be read from it. A `traceless` one is caused by an answer without
    a name: its row tells no moment finer than the minute and no place in line, and is gone once it was
    said.
    """

    name: str
    about: str
    channel_id: str
    key: str
    direct: bool = False
    thread: str | None = None
    once: bool = False
    bulk: bool = False
    """What a machine owes (a reminder, an import) waits behind what people do in the same channel."""
    due_at: datetime
    asked_by: str | None = None
    detail: str = ""
    traceless: bool = False
    id: int = 0
    workspace: str = ""
    state: JobState = "waiting"
    attempts: int = 0
    unsure: bool = False
    """An attempt began and nobody knows how it ended: look before repeating."""
    began_at: datetime | None = None
    claimed_by: str = ""
    at: datetime | None = None
    """The moment it is being said; None as long as nobody says it."""

    @property
    def now(self) -> datetime:
        """The moment it is said at: what "today" and "late" mean for its message."""
        return self.at or self.due_at


class MessageRef(BaseModel, frozen=True):
    """Where a message ended up: the platform's own ids, and a link a person can follow."""

    channel_id: str
    message: str
    link: str | None = None
    digest: str = ""
    """A fingerprint of what it says now, so that an edit that changes nothing is not sent."""


def minute(at: datetime) -> datetime:
    """The minute that a moment is in: all that is kept of it where an author could be read from more."""
    return at.replace(second=0, microsecond=0)


def is_hopeless(job: Job, *, outage: bool) -> bool:
    """Whether it was tried often enough; longer when the trouble is the platform's own."""
    return job.attempts >= (MAX_ATTEMPTS_IN_AN_OUTAGE if outage else MAX_ATTEMPTS)


def backoff(attempts: int, jitter: float) -> float:
    """Seconds to wait after the given number of failed attempts; `jitter` is 0 to 1.

    Doubles from one second up to 15 minutes; the jitter halves it at most, so that many jobs that
    failed together do not come back together.
    """
    doubled = 2.0 ** min(attempts - 1, 20)  # a float overflows where hundreds of attempts lead
    return float(min(doubled, MAX_BACKOFF_SECONDS) * (0.5 + jitter / 2))
