"""What a customer's own rule sends: the template that they pasted, filled in by the product."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bot.domain.signal import Signal
from handlers.helpdesks import reading
from handlers.helpdesks.product import PayloadError, Received

FIELDS = (
    *("event", "ticket", "link", "rating", "priority", "tags", "changed_at"),
    *("customer", "title", "words"),
)
"""What a template says, in this order: what customers write comes last, and passes for nothing else."""

EVENTS: Mapping[str, Mapping[str, bool]] = {
    "rated": {},
    "reopened": {"reopened": True},
    "replied": {"replied": True},
    "sla breached": {"sla_breached": True},
    "escalated": {},
    "tagged": {},
}
"""What can stand as the event, and what a signal says of it."""

NOT_THE_TEMPLATE = (
    "This is not the template of the instructions: paste it again, each field in a line of its own."
)
_FIELD = re.compile(rf'^[ \t]*"({"|".join(FIELDS)})"[ \t]*:', re.MULTILINE)


class Filled(NamedTuple):
    """How one product fills the template in: its name, its tickets' ids, its tags and its ratings.

    One that is `silent` may leave out what a customer wrote beside a rating.
    """

    product: str
    shape: re.Pattern[str]
    like: str
    tags: re.Pattern[str]
    rating: Callable[[object, str], int | None]
    silent: bool = False


def read_fields(body: bytes) -> reading.Fields:
    """The fields of a filled template; raises PayloadError.

    Products put quotation marks and line breaks into it as customers wrote them, which makes it no JSON
    any more: then each field ends where the line of the next one begins.
    """
    text = reading.decoded(body)
    try:
        read = reading.parsed(text, NOT_THE_TEMPLATE)
    except PayloadError:
        read = _by_lines(text)
    if not isinstance(read, Mapping):
        raise PayloadError(NOT_THE_TEMPLATE)
    return read


def is_filled(fields: reading.Fields) -> bool:
    """Whether this is a template of ours, whatever else customers wrote into it."""
    return isinstance(fields.get("event"), str)


def _by_lines(text: str) -> reading.Fields:
    starts: list[re.Match[str]] = []
    for match in _FIELD.finditer(text):
        if not starts or FIELDS.index(match[1]) > FIELDS.index(starts[-1][1]):
            starts.append(match)
    if not starts or starts[0][1] != FIELDS[0]:
        raise PayloadError(NOT_THE_TEMPLATE)
    ends = [*(match.start() for match in starts[1:]), len(text)]
    return {
        match[1]: _value(text[match.end() : end], last=end == len(text))
        for match, end in zip(starts, ends, strict=True)
    }


def _value(written: str, *, last: bool) -> object:
    written = written.strip()
    if last:
        written = written.removesuffix("}").rstrip()
    written = written.removesuffix(",").rstrip()
    try:
        return json.loads(written, strict=False)
    except (ValueError, RecursionError):
        return written.removeprefix('"').removesuffix('"')


def read_signals(fields: reading.Fields, received: Received, filled: Filled) -> Sequence[Signal]:
    """What a filled template says; nothing of a rating that is not there yet."""
    event = reading.line(fields, "event").casefold()
    if event not in EVENTS:
        raise PayloadError(f"event has to be one of: {', '.join(EVENTS)}.")
    rating = filled.rating(fields.get("rating"), "rating") if event == "rated" else None
    if event == "rated" and rating is None:
        return ()
    reference = reading.ticket(fields, "ticket", filled.shape, filled.like)
    title, said = reading.words(fields, "title"), reading.words(fields, "words")
    return (
        Signal(
            event_id=reading.body_id(received, reading.line(fields, "changed_at")),
            ticket=reference,
            reference=reference,
            at=reading.moment_if_told(fields, "changed_at", received.at),
            what_happened=said or title or f"{filled.product} ticket {reference}: {event}",
            words=said,
            wordless=filled.silent and rating is not None and not said,
            customer=reading.line(fields, "customer"),
            link=reading.link(fields, "link"),
            rating=rating,
            tags=reading.tags(fields.get("tags"), "tags", filled.tags),
            priority=reading.line(fields, "priority"),
            **EVENTS[event],
        ),
    )
