"""A signal: what a helpdesk tells of one ticket, in words that are the same for every product."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from bot.domain.forget import REMOVED
from bot.domain.reference import spellings

WORST_RATING, BEST_RATING = 1, 5
GOOD_FROM, BAD_TO = BEST_RATING - 1, WORST_RATING + 1
"""Ratings that say it is put right, or is not; what lies between says neither."""


class Signal(BaseModel, frozen=True):
    """What one delivery says of one ticket.

    `ticket` is the product's own id, under which it takes notes; `reference` is what people call it.
    `event_id` is the same for a repeat of the same event, and "" where the product has none. A rating is
    brought to 1 (worst) to 5 (best). All else is empty, None or False where the product said nothing.
    """

    event_id: str = ""
    ticket: str
    reference: str
    prefix: str = ""
    """What people write before a reference that is a number, as ZD in ZD-4711."""
    at: datetime
    what_happened: str = ""
    """The customer's own words, or a plain title where the product sends none."""
    words: str = ""
    """What the customer wrote beside a rating, or in a reply; or on the ticket, where we had to ask."""
    wordless: bool = False
    """Whether the product sends none of the customer's words with it: they are on the ticket alone."""
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


Became = Literal["", "proposed", "gathered", "opened", "known", "test"]
"""What was made of a delivery: nothing; a proposal, a gathered one, a case; more of what is there
already; or it was a test."""
KEPT = timedelta(days=30)
"""How long deliveries are kept, unless the operator has customers forgotten sooner."""


class SignalDelivery(BaseModel, frozen=True):
    """A signal as it arrived, so that a repeat changes nothing and a lead sees what was understood.

    `key` is the same for a repeat: the product's own id of the event, or else a digest of what it said.
    """

    connection_id: str
    key: str
    arrived_at: datetime
    signal: Signal
    became: Became = ""


def together(signals: Sequence[Signal]) -> Signal:
    """What is known of one ticket, of at least one signal about it: the newest that was said of each.

    By when it happened, whenever it arrived; at the same moment the worse rating stands. Neither thanks
    beside a good rating nor a mere reply take the place of what was told: that says what went wrong.
    """
    first, *others = sorted(signals, key=lambda signal: (signal.at, -(signal.rating or 0)))
    known = first
    for other in others:
        said = {name: value for name, value in other if value not in ("", None, (), False)}
        new = {name: value for name, value in said.items() if not _stays(name, known, other)}
        known = known.model_copy(update=new)
    return known


def is_called(signal: Signal, written: str) -> bool:
    """Whether it is of the ticket that somebody calls so; upper and lower case are the same."""
    names = spellings(signal.reference, signal.prefix)
    return written.casefold() in {name.casefold() for name in names}


def _stays(name: str, known: Signal, other: Signal) -> bool:
    """Whether what is known of what happened stays, though the other says something of it as well."""
    if name not in ("what_happened", "words") or not (known.what_happened or known.words):
        return False
    if other.rating is not None or other.reopened:
        return (other.rating or 0) >= GOOD_FROM
    # Where a ticket was opened again without a word, the reply that did it says why.
    says_why = name == "words" and known.reopened and known.rating is None and not known.words
    return other.replied and not says_why


def without_customer(signal: Signal, scrub: Callable[[str], str]) -> Signal:
    """The signal once its customer is forgotten: of which ticket it was is not known any more."""
    gone = {"ticket": "", "reference": "", "words": "", "customer": "", "link": ""}
    title = "" if signal.what_happened == signal.words else scrub(signal.what_happened)
    for name in filter(None, (signal.reference, signal.ticket)):
        title = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", REMOVED, title, flags=re.IGNORECASE)
    return signal.model_copy(update={**gone, "what_happened": title})
