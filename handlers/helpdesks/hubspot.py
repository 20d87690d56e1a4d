"""HubSpot: what changed on tickets, which an app of one's own subscribes to.

Signatures: https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests;
notes: https://developers.hubspot.com/docs/api-reference/crm-notes-v3/guide; what a ticket says, and
whose it is: https://developers.hubspot.com/docs/api-reference/crm-tickets-v3/guide; who that is:
https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide. What its surveys leave on a
ticket no page of its describes; it is as those who read it there call it.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from bot.domain.signal import Signal
from bot.fields import MAX_LINE_LENGTH
from bot.helpdesks import Instruction
from bot.messages.parts import MAX_TEXT_LENGTH, shortened
from handlers.helpdesks import calling, proof, reading
from handlers.helpdesks.product import Account, Call, PayloadError, Received, SignatureError

TITLE = "HubSpot"
OWN_SECRET = True
PREFIX = "HS"
HOSTS: Sequence[str] = ("api.hubapi.com",)
RIGHT = "For notes it needs crm.objects.contacts.write, and no other right to write."

TICKETS = "0-5"
"""The type of a ticket, where a subscription is for objects of any type."""
NOTE_TO_TICKET = 228
"""HubSpot's own kind of link from a note to a ticket."""
TO_CONTACT = "ticket_to_contact"
"""The same from a ticket to a contact, without a label that somebody gave it."""
OVERDUE = ("1", "4", "OVERDUE", "COMPLETED_LATE")
"""The states of a promised time that was missed: still open, or closed too late."""
CES = {"1": 1, "2": 2, "3": 2, "4": 3, "5": 4, "6": 4, "7": 5}
"""A customer effort score, from 1 to 7, as one of our ratings."""


class Survey(NamedTuple):
    """The properties of a ticket that say what was written in a survey, and when."""

    comment: str
    answered_at: str


SURVEYS = (
    Survey("hs_last_csat_comment", "hs_last_csat_date"),
    Survey("hs_feedback_last_ces_follow_up", "hs_feedback_last_survey_date"),
)
"""Those of satisfaction, and of effort."""


def verify(received: Received, secret: str) -> None:
    """Raises SignatureError unless the request is signed with the app's client secret.

    Version 3 signs a time, too. The older ones, which do not, count only where there is no version 3.
    """
    key = proof.key(secret)
    if "x-hubspot-signature-v3" in received.headers:
        _verify_with_time(received, key)
        return
    given = proof.header(received, "X-HubSpot-Signature")
    version = proof.header(received, "X-HubSpot-Signature-Version")
    if version not in SIGNED_BEFORE:
        raise SignatureError("This version of the signature is none of HubSpot's.")
    signed = key + SIGNED_BEFORE[version](received) + received.body
    proof.check_same(given, hashlib.sha256(signed).hexdigest())


SIGNED_BEFORE: Mapping[str, Callable[[Received], bytes]] = {
    "v1": lambda received: b"",
    "v2": lambda received: proof.raw(received.method + received.url),
}
"""What stands between the secret and the body, by the version."""


def _verify_with_time(received: Received, key: bytes) -> None:
    time = proof.header(received, "X-HubSpot-Request-Timestamp")
    if not (time.isascii() and time.isdigit() and len(time) < 15):
        raise SignatureError("The signed time is none.")
    request = proof.raw(received.method + received.url)
    signed = hmac.digest(key, request + received.body + time.encode(), "sha256")
    given = proof.header(received, "X-HubSpot-Signature-v3")
    proof.check_same(given, base64.b64encode(signed).decode())
    proof.check_fresh(datetime.fromtimestamp(int(time) / 1000, UTC), received)


def read(received: Received) -> Sequence[Signal]:
    """The changes of tickets, one by one; HubSpot sends no customer's words with them.

    What cannot be read in a batch is left out: it would be sent again and again, and the rest with it.
    """
    sentence = reading.NO_JSON.format(product=TITLE)
    events = reading.parsed(reading.decoded(received.body), sentence)
    if not isinstance(events, list):
        raise PayloadError(sentence)
    signals, unread = list[Signal](), list[PayloadError]()
    for each in events:
        try:
            event = reading.nested({"event": each}, "event")
            signals += [_signal(event, received)] if _changes_a_ticket(event) else []
        except PayloadError as error:
            unread.append(error)
    if unread and not signals:
        raise unread[0]
    return signals


def note(ticket: str, text: str, account: Account, at: datetime) -> Call:
    """A note on the ticket's timeline, which customers do not see. The token is a private app's."""
    id_ = calling.ticket_id(ticket, reading.NUMBER, TITLE)
    return Call(
        "POST",
        calling.address(account, "/crm/v3/objects/notes"),
        calling.bearer(account.token),
        {
            "properties": {
                "hs_timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "hs_note_body": calling.as_html(text),
            },
            "associations": [
                {
                    "to": {"id": id_},
                    "types": [
                        {
                            "associationCategory": "HUBSPOT_DEFINED",
                            "associationTypeId": NOTE_TO_TICKET,
                        }
                    ],
                }
            ],
        },
    )


def notes(ticket: str, account: Account) -> Call:
    """A search for the notes of the ticket, the newest first."""
    of_ticket = {
        "propertyName": "associations.ticket",
        "operator": "EQ",
        "value": calling.ticket_id(ticket, reading.NUMBER, TITLE),
    }
    return Call(
        "POST",
        calling.address(account, "/crm/v3/objects/notes/search"),
        calling.bearer(account.token),
        {
            "filterGroups": [{"filters": [of_ticket]}],
            "sorts": [{"propertyName": "hs_createdate", "direction": "DESCENDING"}],
            "properties": ["hs_note_body"],
            "limit": 100,
        },
    )


def ask(ticket: str, account: Account) -> Sequence[Call]:
    """The ticket's subject, what stands below it, and its contacts; or else without those.

    Whoever may subscribe to tickets may read them; no page of HubSpot's says whether a token that may
    not read contacts may ask which they are.
    """
    id_ = calling.ticket_id(ticket, reading.NUMBER, TITLE)
    path = f"/crm/v3/objects/tickets/{id_}?properties=subject,content"
    return [_get(f"{path}&associations=contacts", account), _get(path, account)]


def words(answer: bytes) -> str:
    """The subject, and below it what was written, unless that says the same; raises PayloadError."""
    ticket = reading.nested(reading.read_object(answer, TITLE), "properties")
    subject = reading.line(ticket, "subject")
    content = reading.plain(reading.words(ticket, "content"))
    both = content if content.startswith(subject) else f"{subject}\n{content}".strip()
    return shortened(both, MAX_TEXT_LENGTH)


def ask_customer(answer: bytes, account: Account) -> Call | None:
    """The name of the ticket's contact; of several, the first whom it is simply of. As `words`."""
    ticket = reading.read_object(answer, TITLE)
    linked = reading.nested(reading.nested(ticket, "associations"), "contacts")
    # One contact stands there once for each label that somebody gave the link, and without one as well.
    found = sorted(reading.listed(linked, "results"), key=lambda one: one.get("type") != TO_CONTACT)
    ids = [id_ for one in found if reading.NUMBER.fullmatch(id_ := reading.line(one, "id"))]
    if not ids:
        return None
    return _get(f"/crm/v3/objects/contacts/{ids[0]}?properties=firstname,lastname,email", account)


def customer(answer: bytes) -> str:
    """The contact's name; their address only where they have none. As `words`."""
    contact = reading.nested(reading.read_object(answer, TITLE), "properties")
    name = " ".join(reading.line(contact, part) for part in ("firstname", "lastname")).strip()
    return shortened(name or reading.line(contact, "email"), MAX_LINE_LENGTH)


def ask_comment(ticket: str, account: Account) -> Call:
    """What was written in the two surveys whose ratings we read, and when each was answered last."""
    id_ = calling.ticket_id(ticket, reading.NUMBER, TITLE)
    wanted = ",".join(name for survey in SURVEYS for name in survey)
    return _get(f"/crm/v3/objects/tickets/{id_}?properties={wanted}", account)


def comment(answer: bytes) -> str:
    """Of the survey that was answered last; raises PayloadError."""
    ticket = reading.nested(reading.read_object(answer, TITLE), "properties")
    # The API writes all times alike, in UTC, so the last one is last by its letters.
    last = max(SURVEYS, key=lambda survey: reading.line(ticket, survey.answered_at))
    return reading.words(ticket, last.comment)


def _get(path: str, account: Account) -> Call:
    return Call("GET", calling.address(account, path), calling.bearer(account.token), {})


def instructions(address: str, secret: str) -> Sequence[Instruction]:
    """A private app, its secret, and the properties of tickets."""
    return (
        Instruction(
            "As a super admin open **Development**, **Legacy apps** in HubSpot, press **Create legacy "
            "app**, choose **Private**, and name it Amends."
        ),
        Instruction(
            "On the tab **Scopes** press **Add new scope** and tick tickets and "
            "crm.objects.contacts.read, by which the customer's name is read; for internal notes also "
            "crm.objects.contacts.write, which HubSpot asks for."
        ),
        Instruction(
            "On the tab **Webhooks** press **Edit webhooks**. **Target URL** is this address:", address
        ),
        Instruction(
            "Press **Create subscription**, choose **Ticket** and **Property changed**, and tick those "
            "of these properties that your HubSpot has (hs_last_csat_rating only where customers answer "
            "from 1 to 5: three faces count 0 to 2):",
            ", ".join(PROPERTIES),
        ),
        Instruction("Press **Subscribe**, and then **Create app**."),
        Instruction(
            "On the app's tab **Auth** press **Show secret** beside **Client secret**, and paste that "
            "secret into Amends.",
            then="paste_secret",
        ),
        Instruction(
            "So that Amends can leave internal notes, and read what the customer wrote and who they "
            "are: paste the **Access token** of the same tab, too.",
            then="give_token",
        ),
    )


def _changes_a_ticket(event: reading.Fields) -> bool:
    kind = reading.line(event, "subscriptionType")
    of_tickets = reading.line(event, "objectTypeId") == TICKETS
    return kind == "ticket.propertyChange" or (kind == "object.propertyChange" and of_tickets)


class Property(NamedTuple):
    """A property of tickets: what people call it, and what a value that it became says."""

    called: str
    read: Callable[[str], reading.Found]


def _missed(value: str) -> reading.Found:
    return {"sla_breached": value.upper() in OVERDUE}


PROPERTIES: Mapping[str, Property] = {
    "hs_ticket_priority": Property("priority", lambda value: {"priority": value}),
    "hs_ticket_reopened_at": Property(
        "the day it was reopened", lambda value: {"reopened": bool(value)}
    ),
    "hs_time_to_close_sla_status": Property("the promised time to close", _missed),
    "hs_time_to_first_response_sla_status": Property("the promised time to answer", _missed),
    "hs_time_to_next_response_sla_status": Property("the promised time to answer again", _missed),
    "hs_last_csat_rating": Property(
        "the customer's satisfaction", lambda value: {"rating": _satisfaction(value)}
    ),
    "hs_feedback_last_ces_rating": Property(
        "the customer's effort score", lambda value: {"rating": _effort(value)}
    ),
}
"""Those to subscribe to; of others only the title tells."""


def _satisfaction(value: str) -> int | None:
    try:
        return reading.rating(value, "hs_last_csat_rating")
    except PayloadError as error:
        raise PayloadError(f"{error} A survey of three faces counts 0 to 2: leave it out.") from None


def _effort(value: str) -> int | None:
    if value and value not in CES:
        raise PayloadError("hs_feedback_last_ces_rating has to be a number from 1 to 7.")
    return CES.get(value)


def _signal(event: reading.Fields, received: Received) -> Signal:
    reference = reading.ticket(event, "objectId", reading.NUMBER, "512")
    name, value = reading.line(event, "propertyName"), reading.line(event, "propertyValue")
    known = PROPERTIES.get(name)
    found = known.read(value) if known else {}
    portal = reading.line(event, "portalId")
    became = f"{known.called if known else name} became {value or 'empty'}"
    return Signal.model_validate(
        {
            # Its event id alone is not unique, its documentation says.
            "event_id": reading.event_id(
                *(event.get(key) for key in ("eventId", "subscriptionId", "objectId", "occurredAt"))
            ),
            "ticket": reference,
            "reference": reference,
            "at": reading.counted_moment(event, "occurredAt", received.at, per_second=1000),
            "what_happened": f"{TITLE} ticket {reference}: {became}",
            "wordless": True,
            "link": (
                f"https://app.hubspot.com/contacts/{portal}/record/{TICKETS}/{reference}"
                if reading.NUMBER.fullmatch(portal)
                else ""
            ),
            **found,
        }
    )
