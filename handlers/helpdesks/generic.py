"""Anything else that can send JSON: Zapier, n8n, a helpdesk of one's own, curl."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.link import is_web_link
from bot.domain.signal import Signal
from bot.helpdesks import Instruction
from handlers.helpdesks import proof, reading
from handlers.helpdesks.product import Account, Call, NoteError, PayloadError, Received

TITLE, CHOICE = "your own tool", "Anything else"
OWN_SECRET = False
PREFIX = ""
HOSTS: Sequence[str] = ()
RIGHT = ""

NO_JSON = "This is not the JSON of the instructions: send one object like it, or a list of them."
NO_NOTES = "A connection to your own tool takes no notes."
SIGNATURE = "X-Amends-Signature"
"""Carries `sha256=` and the body's HMAC, for those who rather sign than send the secret."""
EXAMPLE = """{
  "reference": "ZD-4711",
  "what_happened": "Promised twice, and nobody came.",
  "customer": "Mrs. Ólafsdóttir",
  "happened_at": "2026-11-30T16:30:00Z",
  "link": "https://helpdesk.example.com/tickets/4711",
  "rating": 1,
  "kind": "Delivery",
  "tags": ["late", "parcel"]
}"""
MORE = """{
  "reference": "ZD-4711",
  "priority": "urgent",
  "sla_breached": true,
  "reopened": true,
  "replied": true
}"""


def verify(received: Received, secret: str) -> None:
    """Raises SignatureError unless the body is signed with our secret, or a header carries it."""
    if SIGNATURE.lower() in received.headers:
        proof.check_hub_signature(received, secret, "sha256", SIGNATURE)
    else:
        proof.check_own_secret(received, secret)


def read(received: Received) -> Sequence[Signal]:
    """The signal that the documented JSON is, or those of a list of it.

    Raises PayloadError, which names a bad field: of a list with one, nothing is taken.
    """
    told = reading.parsed(reading.decoded(received.body), NO_JSON)
    events = told if isinstance(told, list) else [told]
    if not events:
        raise PayloadError(NO_JSON)
    return tuple(_signal(event, received) for event in events)


def _signal(fields: object, received: Received) -> Signal:
    if not isinstance(fields, Mapping):
        raise PayloadError(NO_JSON)
    reference = reading.line(fields, "reference")
    if not reference:
        raise PayloadError("reference is missing: it is what you call the ticket, like ZD-4711.")
    link = reading.words(fields, "link")
    if link and not reading.link(fields, "link"):
        begins = (
            "has to begin with https:// or http://"
            if not is_web_link(link)
            else "is too long, or has a blank in it"
        )
        raise PayloadError(f"link {begins}.")
    rating = reading.rating(fields.get("rating"), "rating")
    said = reading.words(fields, "what_happened")
    return Signal(
        event_id=reading.body_id(received, reading.line(fields, "happened_at")),
        ticket=reference,
        reference=reference,
        at=reading.moment(fields, "happened_at", received.at),
        what_happened=said or (f"{reference}: rated {rating}" if rating else reference),
        words=said if rating else "",
        customer=reading.line(fields, "customer"),
        link=link,
        kind=reading.line(fields, "kind"),
        rating=rating,
        tags=reading.tags(fields.get("tags"), "tags"),
        priority=reading.line(fields, "priority"),
        sla_breached=reading.is_true(fields, "sla_breached"),
        reopened=reading.is_true(fields, "reopened"),
        replied=reading.is_true(fields, "replied"),
    )


def note(ticket: str, text: str, account: Account, at: datetime) -> Call:
    """Raises NoteError: nobody knows where this takes notes."""
    raise NoteError(NO_NOTES)


def notes(ticket: str, account: Account) -> Call:
    """Raises NoteError as well."""
    raise NoteError(NO_NOTES)


def instructions(address: str, secret: str) -> Sequence[Instruction]:
    """What to send, and how to prove who sends it."""
    return (
        Instruction("Send a POST request to this address:", address),
        Instruction(
            "Send the secret in this header, and **Content-Type** as application/json:",
            f"{proof.OWN_HEADER}: {secret}",
        ),
        Instruction(
            "Press **Send me a test** in Amends first: what you send next is shown to you alone, as it "
            "was understood.",
            then="test",
        ),
        Instruction(
            "The body is this JSON. Only the reference is needed; leave out what you do not know:",
            EXAMPLE,
        ),
        Instruction(
            "It may say as well what else your rules go by: its priority, that its SLA was breached, "
            "and that a solved ticket was opened again. That the customer wrote on a solved one "
            "(replied) proposes no case: once its retro is open, the customer's card shows it as their "
            "last word:",
            MORE,
        ),
    )
