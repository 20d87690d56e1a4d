"""Freshdesk: automation rules with our template, or with the content that Freshdesk offers.

It signs nothing, so our own secret comes in a header. Rules with webhooks:
https://support.freshdesk.com/support/solutions/articles/132589; what starts them:
https://support.freshdesk.com/support/solutions/articles/99047; notes and ratings:
https://developers.freshdesk.com/api/. No placeholder says the rating or its words. The times that they
say have no zone, so they only tell one event from the next.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from bot.domain.signal import Signal
from bot.helpdesks import Instruction
from handlers.helpdesks import calling, pasted, proof, reading
from handlers.helpdesks.product import Account, Call, Received

TITLE = "Freshdesk"
OWN_SECRET = False
PREFIX = "FD"
HOSTS: Sequence[str] = ("*.freshdesk.com",)
RIGHT = "A key may do what its agent may: choose one whose role only lets them add private notes."

TEMPLATE = """{
  "event": "rated",
  "ticket": "{{ticket.id}}",
  "link": "{{ticket.url}}",
  "rating": "1",
  "priority": "{{ticket.priority}}",
  "tags": "{{ticket.tags}}",
  "changed_at": "{{ticket.modified_on}}",
  "customer": "{{ticket.requester.name}}",
  "title": "{{ticket.subject}}",
  "words": ""
}"""

RATINGS = {"-103": 1, "-102": 2, "-101": 2, "100": 3, "101": 4, "102": 4, "103": 5}
"""What Freshdesk counts a customer's feedback as: from extremely unhappy to extremely happy."""
CHANGE = re.compile(r"\{(\w{1,40}):\{from:([^,{}]{0,80}),to:([^{}]{0,80})\}")
"""`{status:{from:4,to:6}}`, which is no JSON."""
OVER = ("4", "5", "resolved", "closed")
PRIORITIES = {"1": "Low", "2": "Medium", "3": "High", "4": "Urgent"}


def verify(received: Received, secret: str) -> None:
    """Raises SignatureError unless the rule's header carries the secret that we made."""
    proof.check_own_secret(received, secret)


def read(received: Received) -> Sequence[Signal]:
    """What a rule says, by our template or by the content that Freshdesk offers."""
    fields = pasted.read_fields(received.body)
    offered = {} if pasted.is_filled(fields) else reading.nested(fields, "freshdesk_webhook")
    return _read_offered(offered, received) if offered else pasted.read_signals(fields, received, FILLED)


def note(ticket: str, text: str, account: Account, at: datetime) -> Call:
    """A private note. The token is the API key of whoever writes the notes."""
    id_ = calling.ticket_id(ticket, reading.NUMBER, TITLE)
    return Call(
        "POST",
        calling.address(account, f"/api/v2/tickets/{id_}/notes"),
        calling.basic(f"{account.token}:X"),
        {"body": calling.as_html(text), "private": True},
    )


def notes(ticket: str, account: Account) -> Call:
    """The first hundred things on the ticket; Freshdesk gives the oldest first."""
    id_ = calling.ticket_id(ticket, reading.NUMBER, TITLE)
    url = calling.address(account, f"/api/v2/tickets/{id_}/conversations?per_page=100")
    return Call("GET", url, calling.basic(f"{account.token}:X"), {})


def instructions(address: str, secret: str) -> Sequence[Instruction]:
    """A rule for each rating, with the secret in a header."""
    return (
        Instruction(
            "In Freshdesk open **Admin**, **Workflows**, **Automations**, the tab **Ticket updates**, "
            "and press **New rule**. Name it Amends."
        ),
        Instruction(
            "Under **When an action performed by** choose **Requester**, and under **involves any of "
            "these events** choose **Customer feedback**, **Received**, and one rating, such as "
            "extremely unhappy."
        ),
        Instruction(
            "Under **Perform these actions** choose **Trigger webhook**. **Request type** is **POST**, "
            "and **URL** is this address:",
            address,
        ),
        Instruction("Tick **Add custom headers**, and paste this:", f"{proof.OWN_HEADER}: {secret}"),
        Instruction(
            "**Encoding** is **JSON**, **Content** is **Advanced**. Paste this, each field in a line of "
            'its own, with the rating that the rule is for: "1" for extremely unhappy to "5" for '
            "extremely happy:",
            TEMPLATE,
        ),
        Instruction(
            "Press **Preview and save**. Make the same rule for each other rating, good ones too: they "
            "show how a case ended."
        ),
        Instruction(
            'For anything else make another rule with the same text, and say at "event" what happened: '
            "reopened, replied (the customer wrote on a resolved ticket), sla breached, escalated or "
            'tagged. For replied, write {{ticket.latest_public_comment}} at "words".'
        ),
        Instruction(
            "So that Amends can leave internal notes: press your picture, **Profile settings**, **View "
            "API key**, and paste that key into Amends.",
            then="give_token",
        ),
    )


def _rating(value: object, name: str) -> int | None:
    written = str(value).strip() if isinstance(value, str | int) else ""
    return RATINGS.get(written) or reading.rating(value, name)


FILLED = pasted.Filled(TITLE, reading.NUMBER, "4711", reading.COMMAS, _rating)


def _found(what: str, before: str, now: str) -> reading.Found:
    if what == "status" and before.casefold() in OVER and now.casefold() not in OVER:
        return {"reopened": True, "what": "reopened"}
    if what == "priority":
        priority = PRIORITIES.get(now, now)
        return {"priority": priority, "what": f"priority became {priority}"}
    return {}


def _read_offered(fields: reading.Fields, received: Received) -> Sequence[Signal]:
    change = CHANGE.search(reading.line(fields, "triggered_event"))
    found = _found(*(part.strip() for part in change.groups())) if change else {}
    if not found:
        return ()
    reference = reading.ticket(fields, "ticket_id", reading.NUMBER, "4711")
    return (
        reading.signal(
            found,
            f"{TITLE} ticket {reference}",
            reading.words(fields, "ticket_subject"),
            ticket=reference,
            reference=reference,
            at=received.at,
            customer=reading.line(fields, "ticket_requester_name")
            or reading.line(fields, "ticket_contact_name"),
            link=reading.link(fields, "ticket_url"),
            priority=reading.line(fields, "ticket_priority"),
            tags=reading.tags(fields.get("ticket_tags"), "ticket_tags"),
        ),
    )
