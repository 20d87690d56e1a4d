"""A signal: what a helpdesk tells of one ticket, in words that are the same for every product."""

from datetime import datetime

from pydantic import BaseModel

WORST_RATING, BEST_RATING = 1, 5


class Signal(BaseModel, frozen=True):
    """What one delivery says of one ticket.

    `ticket` is the product's own id, under which it takes notes; `reference` is what people call it.
    `event_id` is the same for a repeat of the same event, and "" where the product has none. A rating is
    brought to 1 (worst) to 5 (best). Everything else is empty, None or False where the product said
    nothing of it.
    """

    event_id: str = ""
    ticket: str
    reference: str
    at: datetime
    what_happened: str = ""
    """The customer's own words, or a plain title where the product sends none."""
    words: str = ""
    """What the customer wrote beside a rating, or in a reply."""
    customer: str = ""
    link: str = ""
    kind: str = ""
    rating: int | None = None
    tags: tuple[str, ...] = ()
    priority: str = ""
    sla_breached: bool = False
    reopened: bool = False
    replied: bool = False
    """Whether the customer wrote on a ticket that was solved."""
