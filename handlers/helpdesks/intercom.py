"""Intercom: notifications of an app of one's own.

Notifications: https://developers.intercom.com/docs/webhooks/webhook-notifications.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from bot.domain.signal import Signal
from bot.helpdesks import Instruction
from handlers.helpdesks import calling, proof, reading
from handlers.helpdesks.product import Account, Call, NoteError, Received

TITLE = "Intercom"
OWN_SECRET = True
PREFIX = "IC"
HOSTS: Sequence[str] = ("api.intercom.io", "api.eu.intercom.io", "api.au.intercom.io")
RIGHT = "It needs the right to write conversations and tickets, and no other."

TICKET_PREFIX = "ticket-"
"""Tells a ticket, which takes notes under another address, from a conversation."""
NOTABLE = re.compile(r"(?:ticket-)?[0-9]{1,20}")
ADMIN_AND_TOKEN = re.compile(r"([0-9]{1,20}):([!-~]+)")
TOPICS = (
    "conversation.rating.added, conversation.rating.remarked, ticket.rating.provided, "
    "conversation.user.replied, conversation.admin.opened, conversation_part.tag.created, "
    "conversation.priority.updated"
)
CUSTOMERS = ("user", "lead", "contact", "visitor")


def verify(received: Received, secret: str) -> None:
    """Raises SignatureError unless the app's client secret signs the body; no time is signed."""
    proof.check_hub_signature(received, secret, "sha1", "X-Hub-Signature")


def read(received: Received) -> Sequence[Signal]:
    """What a notification says; nothing of a ping, or of topics that tell no failure."""
    fields = reading.read_object(received.body, reading.NO_JSON.format(product=TITLE))
    read_topic = TOPIC_READERS.get(reading.line(fields, "topic"))
    if read_topic is None:
        return ()
    item = reading.nested(reading.nested(fields, "data"), "item")
    item = reading.nested(item, "ticket") or item
    found = read_topic(item)
    return () if found is None else (_signal(fields, item, found, received),)


def note(ticket: str, text: str, account: Account, at: datetime) -> Call:
    """A reply that is a note. Intercom wants to know whose: the token is `ADMIN_ID:TOKEN`."""
    admin, headers = _signed_in(account)
    return Call(
        "POST",
        f"{_address(ticket, account)}/reply",
        headers,
        {"message_type": "note", "type": "admin", "admin_id": admin, "body": calling.as_html(text)},
    )


def notes(ticket: str, account: Account) -> Call:
    """The conversation or ticket, with its parts."""
    _, headers = _signed_in(account)
    return Call("GET", _address(ticket, account), headers, {})


def _address(ticket: str, account: Account) -> str:
    id_ = calling.ticket_id(ticket, NOTABLE, TITLE)
    kind = "tickets" if id_.startswith(TICKET_PREFIX) else "conversations"
    return calling.address(account, f"/{kind}/{id_.removeprefix(TICKET_PREFIX)}")


def _signed_in(account: Account) -> tuple[str, Mapping[str, str]]:
    """The teammate whose notes they are, and the headers of a call."""
    admin = ADMIN_AND_TOKEN.fullmatch(account.token)
    if admin is None:
        raise NoteError("The token has to be the teammate's number, a colon, and the access token.")
    return admin[1], {**calling.bearer(admin[2]), "Intercom-Version": "2.11"}


def instructions(address: str, secret: str) -> Sequence[Instruction]:
    """An app of one's own, its secret, and the topics."""
    return (
        Instruction(
            "In Intercom open **Settings**, **Integrations**, **Developer Hub**, press **New app**, "
            "name it Amends and choose your workspace."
        ),
        Instruction(
            "Under **Configure**, **Basic information** copy the **Client secret** and paste it into "
            "Amends. Do this first: without it Amends refuses what Intercom sends."
        ),
        Instruction(
            "Under **Configure**, **Authentication** press **Edit**, tick the rights to read "
            "conversations and tickets, and press **Save**."
        ),
        Instruction(
            "Under **Configure**, **Webhooks** press **Edit**. **Your request endpoint URL** is this:",
            address,
        ),
        Instruction("Choose these topics, and press **Save**:", TOPICS),
        Instruction(
            "So that Amends can leave internal notes: tick the right to write conversations and tickets "
            "too, and paste into Amends the number at the end of the address of a teammate's profile "
            "(the notes are theirs), a colon, and the **Access token** under **Authentication**, like "
            "this:",
            "814860:THE_ACCESS_TOKEN",
        ),
    )


def _rated(item: reading.Fields) -> reading.Found | None:
    rating = reading.nested(item, "conversation_rating") or reading.nested(item, "ticket_rating")
    stars = reading.rating(rating.get("rating"), "rating")
    if stars is None:
        return None
    remark = reading.plain(reading.words(rating, "remark"))
    return {"rating": stars, "words": remark, "what": f"rated {stars}"}


def _replied(item: reading.Fields) -> reading.Found | None:
    parts = reading.nested(item, "conversation_parts")
    by_customer = [
        part
        for part in reading.listed(parts, "conversation_parts")
        if reading.line(reading.nested(part, "author"), "type") in CUSTOMERS
    ]
    last = by_customer[-1] if by_customer else {}
    # A customer's reply on a closed conversation is the part that opens it again.
    if reading.line(last, "part_type") != "open" and reading.line(item, "state") != "closed":
        return None
    said = reading.plain(reading.words(last, "body"))
    return {"replied": True, "reopened": True, "words": said, "what": "replied"}


def _opened(item: reading.Fields) -> reading.Found | None:
    return {"reopened": True, "what": "reopened"}


def _tagged(item: reading.Fields) -> reading.Found | None:
    names = _tags(item)
    return {"what": f"tagged {', '.join(names)}"} if names else None


def _priority(item: reading.Fields) -> reading.Found | None:
    return {"what": f"priority became {reading.line(item, 'priority') or 'none'}"}


TOPIC_READERS: Mapping[str, Callable[[reading.Fields], reading.Found | None]] = {
    "conversation.rating.added": _rated,
    "conversation.rating.remarked": _rated,
    "ticket.rating.provided": _rated,
    "conversation.user.replied": _replied,
    "conversation.admin.opened": _opened,
    "conversation_part.tag.created": _tagged,
    "conversation.priority.updated": _priority,
}


def _tags(item: reading.Fields) -> tuple[str, ...]:
    """A conversation's tags, and those of its parts."""
    parts = reading.listed(reading.nested(item, "conversation_parts"), "conversation_parts")
    with_tags = (reading.nested(each, "tags") for each in (item, *parts))
    names = [reading.line(tag, "name") for tags in with_tags for tag in reading.listed(tags, "tags")]
    return reading.tags(names, "tags")


def _customer(item: reading.Fields) -> str:
    source = reading.nested(reading.nested(item, "source"), "author")
    people = (
        *reading.listed(reading.nested(item, "contacts"), "contacts"),
        source,
        reading.nested(item, "user"),
    )
    names = (reading.line(each, name) for name in ("name", "email") for each in people)
    return next((name for name in names if name), "")


def _signal(
    fields: reading.Fields, item: reading.Fields, found: reading.Found, received: Received
) -> Signal:
    id_ = reading.ticket(item, "id", reading.NUMBER, "215468001")
    is_ticket = reading.line(item, "type") == "ticket"
    reference = (reading.line(item, "ticket_id") if is_ticket else "") or id_
    source = reading.nested(item, "source")
    title = reading.line(item, "title") or reading.plain(
        reading.line(source, "subject") or reading.words(source, "body")
    )
    app = quote(reading.line(fields, "app_id"), safe="")
    return reading.signal(
        found,
        f"{TITLE} {'ticket' if is_ticket else 'conversation'} {reference}",
        title,
        event_id=reading.event_id(fields.get("id")),
        ticket=f"{TICKET_PREFIX}{id_}" if is_ticket else id_,
        reference=reference,
        at=reading.counted_moment(fields, "created_at", received.at),
        customer=_customer(item),
        link=f"https://app.intercom.com/a/apps/{app}/conversations/{id_}" if app else "",
        priority=reading.line(item, "priority"),
        tags=_tags(item),
    )
