"""A list of cases, as somebody wants to see it: of which channels, narrowed by what, in which order."""

from datetime import UTC, date, datetime
from typing import Literal

from pydantic import BaseModel

from bot.domain.errors import Refused

Order = Literal["failed", "closes", "case", "what", "customer", "retro", "ended", "team"]
"""What a list can be sorted by; each is read along an index.

`failed`: when they were marked failed. `closes`: the day their answers close, while they do. `case`: the
number. `what`, `customer`: the first letters of what happened, and of the customer's name. `retro`: open
or closed. `ended`: how it stands for the customer. `team`: the team's name.
"""
WRONG_ADDRESS = "This address asks for a part of the list that isn't there: begin at its first page."
BY_WORDS: tuple[Order, ...] = ("what", "customer")
"""Orders by people's words, which no address holds: the case itself says where a part ended."""


class Place(BaseModel, frozen=True):
    """Where a part of the list ended: what its last case is ordered by, and that case's number.

    An order comes in stretches, as first the open retros, then the closed ones, and in the end what has
    no retro: `stretch` says in which it was. `key` is None where only the number was said.
    """

    key: datetime | date | int | str | None
    number: int
    stretch: int = 0


class CaseList(BaseModel, frozen=True):
    """Which cases are listed; `gap`: with an action item of it, which was not dropped or cancelled.

    `channels` are in the order of their teams' names. `since` is when they were marked failed, at the
    earliest. `state` is the retro's. What has nothing to be ordered by comes last either way.
    """

    channels: tuple[str, ...]
    state: Literal["", "open", "closed"] = ""
    gap: str = ""
    since: datetime | None = None
    order: Order = "failed"
    highest_first: bool = True


def written(place: Place, order: Order) -> str:
    """The place as an address has it."""
    key = "" if order in BY_WORDS and isinstance(place.key, str) else place.key
    told = key.isoformat() if isinstance(key, date) else str(key)
    return f"{place.stretch}~{told}_{place.number}"


def read_place(text: str) -> Place | None:
    """The place that an address names; None for an empty text, Refused for what is none."""
    if not text:
        return None
    stretch, _, rest = text.partition("~")
    key, _, number = rest.rpartition("_")
    return Place(key=_read(key), number=_number(number), stretch=_number(stretch))


def _read(key: str) -> datetime | date | int | None:
    if not key:
        return None
    try:
        if key.isascii() and key.isdigit():
            return _number(key)
        return _moment(key) if "T" in key else date.fromisoformat(key)
    except (ValueError, OverflowError):
        raise Refused(WRONG_ADDRESS, "after") from None


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at.astimezone(UTC)  # what no clock can show in another zone is refused here


def _number(text: str) -> int:
    if len(text) > 9 or not (text.isascii() and text.isdigit()):
        raise Refused(WRONG_ADDRESS, "after")
    return int(text)
