"""Intercom: notifications of an app of one's own.

Topics, what is wrapped in which, and signatures:
https://developers.intercom.com/docs/references/2.16/webhooks/webhook-models; notifications as they came
from a real workspace: zerver/webhooks/intercom/fixtures in https://github.com/zulip/zulip.
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
    "conversation.user.replied, ticket.contact.replied, conversation.admin.opened, "
    "ticket.state.updated, conversation_part.tag.created, conversation.priority.updated, "
    "conversation.admin.closed"
)
OVER = "resolved"
"""The state in which a ticket waits for nobody."""
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
    item = _unwrapped(reading.nested(reading.nested(fields, "data"), "item"))
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
            "Amends. Do this first: without it Amends refuses what Intercom sends.",
            then="paste_secret",
        ),
        Instruction(
            "Under **Configure**, **Authentication** press **Edit**, tick the rights to read "
            "conversations and tickets, and press **Save**."
        ),
        Instruction(
            "Under **Configure**, **Webhooks** press **Edit**. **Your request endpoint URL** is this:",
            address,
        ),
        Instruction("Choose those of these topics that your Intercom has, and press **Save**:", TOPICS),
        Instruction(
            "So that Amends can leave internal notes: tick the right to write conversations and tickets "
            "too, and paste into Amends the number at the end of the address of a teammate's profile "
            "(the notes are theirs), a colon, and the **Access token** under **Authentication**, like "
            "this:",
            "814860:THE_ACCESS_TOKEN",
            "give_token",
        ),
    )


def _unwrapped(item: reading.Fields) -> reading.Fields:
    """The conversation or ticket, with what some topics say beside it: its part, or its tag."""
    if reading.line(item, "type") in ("conversation", "ticket"):
        return item
    inner = reading.nested(item, "ticket") or reading.nested(item, "conversation")
    if not inner and "conversation_id" in item:
        inner = {"type": "conversation", "id": item["conversation_id"]}
    return {**item, **inner}


def _parts(item: reading.Fields) -> Sequence[reading.Fields]:
    """What was said and done, the oldest first; notifications of conversations hold the last alone."""
    for name in ("conversation_parts", "ticket_parts"):
        if parts := reading.listed(reading.nested(item, name), name):
            return parts
    return ()


def _of_customers(item: reading.Fields) -> Sequence[reading.Fields]:
    """The parts that customers wrote."""
    authors = ((part, reading.nested(part, "author")) for part in _parts(item))
    return [part for part, author in authors if reading.line(author, "type") in CUSTOMERS]


def _last(parts: Sequence[reading.Fields]) -> reading.Fields:
    return parts[-1] if parts else {}


def _rated(item: reading.Fields) -> reading.Found | None:
    rating = reading.nested(item, "conversation_rating") or reading.nested(item, "ticket_rating")
    stars = reading.rating(rating.get("rating"), "rating")
    if stars is None:
        return None
    remark = reading.plain(reading.words(rating, "remark"))
    return {"rating": stars, "words": remark, "what": f"rated {stars}"}


def _replied(item: reading.Fields) -> reading.Found | None:
    last = _last(_of_customers(item))
    # A customer's reply on a closed conversation is the part that opens it again.
    if reading.line(last, "part_type") != "open" and reading.line(item, "state") != "closed":
        return None
    return {"reopened": True, **_reply(last)}


def _replied_on_ticket(item: reading.Fields) -> reading.Found | None:
    state = item.get("ticket_state")
    if (reading.line(state, "category") if isinstance(state, Mapping) else state) != OVER:
        return None
    return _reply(reading.nested(item, "ticket_part") or _last(_of_customers(item)))


def _reply(part: reading.Fields) -> reading.Found:
    return {"replied": True, "words": reading.plain(reading.words(part, "body")), "what": "replied"}


def _opened(item: reading.Fields) -> reading.Found | None:
    return {"reopened": True, "what": "reopened"}


def _state_updated(item: reading.Fields) -> reading.Found | None:
    last = _last([part for part in _parts(item) if reading.line(part, "previous_ticket_state")])
    before, now = (reading.line(last, name) for name in ("previous_ticket_state", "ticket_state"))
    return _opened(item) if before == OVER != now else None


def _tagged(item: reading.Fields) -> reading.Found | None:
    names = _tags(item)
    return {"what": f"tagged {', '.join(names)}"} if names else None


def _priority(item: reading.Fields) -> reading.Found | None:
    return {"what": f"priority became {reading.line(item, 'priority') or 'none'}"}


def _closed(item: reading.Fields) -> reading.Found | None:
    return {"what": "its SLA was breached"} if _missed_sla(item) else None


def _missed_sla(item: reading.Fields) -> bool:
    return reading.line(reading.nested(item, "sla_applied"), "sla_status") == "missed"


TOPIC_READERS: Mapping[str, Callable[[reading.Fields], reading.Found | None]] = {
    "conversation.rating.added": _rated,
    "conversation.rating.remarked": _rated,
    "ticket.rating.provided": _rated,
    "conversation.user.replied": _replied,
    "ticket.contact.replied": _replied_on_ticket,
    "conversation.admin.opened": _opened,
    "ticket.state.updated": _state_updated,
    "conversation_part.tag.created": _tagged,
    "conversation.priority.updated": _priority,
    "conversation.admin.closed": _closed,
}


def _tags(item: reading.Fields) -> tuple[str, ...]:
    """A conversation's tags, those of its parts, and the one that a notification is about."""
    lists = [_tag_list(item, "tags"), _tag_list(item, "tags_added")]
    lists += [_tag_list(part, "tags") for part in _parts(item)]
    tags = (*(tag for each in lists for tag in each), reading.nested(item, "tag"))
    return reading.tags([reading.line(tag, "name") for tag in tags], "tags")


def _tag_list(holder: reading.Fields, name: str) -> Sequence[reading.Fields]:
    """Tags in a list of their own, as newer parts have them, or in an object's."""
    if isinstance(holder.get(name), list):
        return reading.listed(holder, name)
    return reading.listed(reading.nested(holder, name), "tags")


def _customer(item: reading.Fields) -> str:
    people = (
        *reading.listed(reading.nested(item, "contacts"), "contacts"),
        reading.nested(_source(item), "author"),
        reading.nested(item, "user"),
        *(reading.nested(part, "author") for part in _of_customers(item)),
    )
    names = (reading.line(each, name) for name in ("name", "email") for each in people)
    return next((name for name in names if name), "")


def _source(item: reading.Fields) -> reading.Fields:
    """What the conversation began with, by its name of today or of the first version."""
    return reading.nested(item, "source") or reading.nested(item, "conversation_message")


def _title(item: reading.Fields) -> str:
    source, of_ticket = _source(item), reading.nested(item, "ticket_attributes")
    return (
        reading.line(item, "title")
        or reading.line(of_ticket, "_default_title_")
        or reading.plain(reading.line(source, "subject") or reading.words(source, "body"))
    )


def _signal(
    fields: reading.Fields, item: reading.Fields, found: reading.Found, received: Received
) -> Signal:
    id_ = reading.ticket(item, "id", reading.NUMBER, "215468001")
    is_ticket = reading.line(item, "type") == "ticket"
    reference = (reading.line(item, "ticket_id") if is_ticket else "") or id_
    app = quote(reading.line(fields, "app_id"), safe="")
    return reading.signal(
        found,
        f"{TITLE} {'ticket' if is_ticket else 'conversation'} {reference}",
        _title(item),
        event_id=reading.event_id(fields.get("id")),
        ticket=f"{TICKET_PREFIX}{id_}" if is_ticket else id_,
        reference=reference,
        at=reading.counted_moment(fields, "created_at", received.at),
        customer=_customer(item),
        link=f"https://app.intercom.com/a/apps/{app}/conversations/{id_}" if app else "",
        priority=reading.line(item, "priority"),
        tags=_tags(item),
        sla_breached=_missed_sla(item),
    )
