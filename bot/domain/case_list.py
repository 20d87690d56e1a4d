"""A list of cases, as somebody wants to see it: of which channels, narrowed by what, in which order."""

from datetime import UTC, date, datetime
from typing import Literal

from pydantic import BaseModel

from bot.domain.errors import Refused

Order = Literal["failed", "closes", "number"]
"""By when it was marked failed, by the day its answers close (open ones only), or by its number."""
WRONG_ADDRESS = "This address asks for a part of the list that isn't there: begin at its first page."


class Place(BaseModel, frozen=True):
    """Where a part of the list ended: what its last case is ordered by, and that case's number."""

    key: datetime | date | int
    number: int


class CaseList(BaseModel, frozen=True):
    """Which cases are listed; `gap`: with an action item of it, which was not dropped or cancelled.

    `since` is when they were marked failed, at the earliest. `state` is the retro's.
    """

    channels: frozenset[str]
    state: Literal["", "open", "closed"] = ""
    gap: str = ""
    since: datetime | None = None
    highest_first: bool = True
    by_closing: bool = False

    @property
    def order(self) -> Order:
        """What they are ordered by: an index holds each order, so some go with some filters only."""
        if self.gap:
            return "number"
        return "closes" if self.by_closing and self.state == "open" else "failed"


def written(place: Place) -> str:
    """The place as an address has it."""
    key = place.key if isinstance(place.key, int) else place.key.isoformat()
    return f"{key}_{place.number}"


def read_place(text: str, order: Order) -> Place | None:
    """The place that an address names; None for an empty text, Refused for what is none."""
    if not text:
        return None
    key, _, number = text.rpartition("_")
    try:
        if len(number) > 9 or not (number.isascii() and number.isdigit()):
            raise ValueError(number)
        return Place(key=_READ[order](key), number=int(number))
    except (ValueError, OverflowError):
        raise Refused(WRONG_ADDRESS) from None


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at.astimezone(UTC)  # what no clock can show in another zone is refused here


def _number(text: str) -> int:
    if len(text) > 9:
        raise ValueError(text)
    return int(text)


_READ = {"failed": _moment, "closes": date.fromisoformat, "number": _number}
