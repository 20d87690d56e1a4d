"""Zendesk: triggers with our template, and ticket events as they are.

Signatures: https://developer.zendesk.com/documentation/webhooks/verifying/; ticket events:
https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events; placeholders, of which
those for a rating and its words belong to the older survey alone, and are in the customer's language:
https://support.zendesk.com/hc/en-us/articles/4408886858138. So a trigger says by itself which rating
it is for: its conditions know good and bad in both surveys. The newer survey's words are read:
https://developer.zendesk.com/api-reference/ticketing/ticket-management/csat_survey_responses.
"""

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.domain.signal import BEST_RATING, WORST_RATING, Signal
from bot.helpdesks import Instruction
from bot.messages.parts import MAX_TEXT_LENGTH, shortened
from handlers.helpdesks import calling, pasted, proof, reading
from handlers.helpdesks.product import Account, Call, Received, SignatureError

TITLE = "Zendesk"
OWN_SECRET = True
PREFIX = "ZD"
HOSTS: Sequence[str] = ("*.zendesk.com",)
RIGHT = (
    "A token may do what the person before it may: choose one whose only right is to add "
    "internal notes to tickets. What customers write in the newer survey only an admin's reads."
)

TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105 - published, and refused
"""What everybody's test of a webhook that is not saved yet is signed with: it proves nothing."""

TEMPLATE = """{
  "event": "rated",
  "ticket": "{{ticket.id}}",
  "link": "{{ticket.link}}",
  "rating": "bad",
  "priority": "{{ticket.priority}}",
  "tags": "{{ticket.tags}}",
  "changed_at": "{{ticket.updated_at_with_timestamp}}",
  "customer": "{{ticket.requester.name}}",
  "title": "{{ticket.title}}",
  "words": "{{satisfaction.current_comment}}"
}"""

CONDITIONS = """reopened: Status (or Status category), Changed from, Solved
replied: the same, and under Meet ALL: Current user, Is, (end user)
escalated: Priority, Changed to, Urgent
tagged: Tags, Contains at least one of the following, your tags
sla breached: an automation (Business rules, Automations)
  with Hours since last SLA breach, Is, 1 (Zendesk looks once an hour)"""
"""What makes each of the other triggers fire, beside the word for it in the template."""

EVENT_PREFIX = "zen:event-type:"
OVER = ("SOLVED", "CLOSED")
"""The states in which a ticket waits for nobody."""
RATED = {"good": BEST_RATING, "bad": WORST_RATING}
NOT_RATED = ("", "offered", "unoffered", "not offered")


def verify(received: Received, secret: str) -> None:
    """Raises SignatureError unless time and body are signed with this secret, within five minutes."""
    if secret == TEST_SECRET:
        raise SignatureError(
            "Everybody knows the secret of Zendesk's tests: copy the one of the saved webhook."
        )
    time = proof.header(received, "X-Zendesk-Webhook-Signature-Timestamp")
    given = proof.header(received, "X-Zendesk-Webhook-Signature")
    proof.check_same(given, signature(proof.key(secret), time, received.body))
    try:
        signed = datetime.fromisoformat(time)
    except ValueError:
        raise SignatureError("The signed time is none.") from None
    if signed.tzinfo is None:
        raise SignatureError("The signed time has no zone.")
    proof.check_fresh(signed, received)


def signature(key: bytes, time: str, body: bytes) -> str:
    """How Zendesk signs a body at a time, as it writes that."""
    signed = proof.raw(time) + body
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def read(received: Received) -> Sequence[Signal]:
    """What a trigger or a ticket event says; nothing of events that are about something else."""
    fields = pasted.read_fields(received.body)
    kind = reading.line(fields, "type")
    if pasted.is_filled(fields) or not kind.startswith(EVENT_PREFIX):
        return pasted.read_signals(fields, received, FILLED)
    change = CHANGES.get(kind.removeprefix(EVENT_PREFIX))
    found = change(reading.nested(fields, "event"), reading.nested(fields, "detail")) if change else None
    return () if found is None else (_signal(fields, found, received),)


def note(ticket: str, text: str, account: Account, at: datetime) -> Call:
    """A comment that is not public. The token is `name@example.com/token:…`, or one of OAuth."""
    id_ = calling.ticket_id(ticket, reading.NUMBER, TITLE)
    return Call(
        "PUT",
        calling.address(account, f"/api/v2/tickets/{id_}"),
        calling.basic_or_bearer(account.token),
        {"ticket": {"comment": {"body": text, "public": False}}},
    )


def notes(ticket: str, account: Account) -> Call:
    """The ticket's comments, the newest first."""
    id_ = calling.ticket_id(ticket, reading.NUMBER, TITLE)
    url = calling.address(account, f"/api/v2/tickets/{id_}/comments?sort_order=desc")
    return Call("GET", url, calling.basic_or_bearer(account.token), {})


def ask_comment(ticket: str, account: Account) -> Call:
    """The answers to the newer survey about the ticket, the newest first; admins alone may read them."""
    id_ = calling.ticket_id(ticket, reading.NUMBER, TITLE)
    path = f"/api/v2/guide/survey_responses?filter[subject_zrns]=zen:ticket:{id_}&sort=-id"
    return Call("GET", calling.address(account, path), calling.basic_or_bearer(account.token), {})


def comment(answer: bytes) -> str:
    """What was written beside the last rating; raises PayloadError."""
    surveys = reading.listed(
        reading.read_object(answer, reading.NO_JSON.format(product=TITLE)), "survey_responses"
    )
    for survey in surveys:
        answers = reading.listed(survey, "answers")
        kinds = [reading.line(each, "type") for each in answers]
        if "rating_scale" in kinds:  # else it was sent, and nobody answered
            written = (
                reading.words(each, "value")
                for each, kind in zip(answers, kinds, strict=True)
                if kind == "open_ended"
            )
            return shortened("\n".join(filter(None, written)), MAX_TEXT_LENGTH)
    return ""


def instructions(address: str, secret: str) -> Sequence[Instruction]:
    """A webhook, its secret, and a trigger with the template."""
    return (
        Instruction(
            "In Zendesk's Admin Center open **Apps and integrations**, **Webhooks** (in some below "
            "**Actions and webhooks**), and press **Create webhook**. Choose **Trigger or automation** "
            "and press **Next**."
        ),
        Instruction("Name it Amends. **Endpoint URL** is this address:", address),
        Instruction(
            "**Request method** is **POST**, **Request format** is **JSON**, **Authentication** is "
            "**None**. Press **Create webhook**; the test before that is not needed."
        ),
        Instruction(
            "On the page of the webhook press **Reveal secret** beside **Signing secret**, and paste "
            "that secret into Amends.",
            then="paste_secret",
        ),
        Instruction(
            "Open **Objects and rules**, **Business rules**, **Triggers**, and press **Create "
            "trigger**. Under **Meet ANY of the following conditions** add **Satisfaction**, **Changed "
            "to**, **Bad**, and the same with **Bad with comment**."
        ),
        Instruction(
            "Under **Actions** choose **Notify active webhook**, then **Amends**, and paste this as the "
            "**JSON body**, each field in a line of its own:",
            TEMPLATE,
        ),
        Instruction(
            'Make the same trigger for **Good** and **Good with comment**, with "good" at "rating": '
            "good ones show how a case ended."
        ),
        Instruction(
            'For anything else make another trigger with the same text, and say at "event" what '
            "happened: reopened, replied (the customer wrote on a solved ticket), escalated or tagged; "
            "or sla breached, in an automation. For replied, write {{ticket.latest_public_comment}} at "
            '"words". The conditions for each:',
            CONDITIONS,
        ),
        Instruction(
            "So that Amends can leave internal notes, and read what a customer wrote in the newer "
            "survey, which an admin may: under **Apps and integrations**, **APIs**, **API "
            "tokens** add one, and paste it into Amends with the e-mail address of whoever writes the "
            "notes, like this:",
            "name@example.com/token:THE_TOKEN",
            "give_token",
        ),
    )


def _rating(value: object, name: str) -> int | None:
    text = value.strip().casefold() if isinstance(value, str) else value
    if text in NOT_RATED:
        return None
    named = (RATED[word] for word in RATED if isinstance(text, str) and text.startswith(word))
    return next(named, None) or reading.rating(text, name)


FILLED = pasted.Filled(TITLE, reading.NUMBER, "4711", reading.COMMAS_AND_SPACES, _rating, silent=True)


def _rated(event: reading.Fields, detail: reading.Fields) -> reading.Found | None:
    given = reading.nested(event, "satisfaction_score")
    rating = _rating(given.get("score"), "score")
    if rating is None:
        return None
    return {"rating": rating, "words": reading.words(given, "comment"), "what": f"rated {rating}"}


def _status(event: reading.Fields, detail: reading.Fields) -> reading.Found | None:
    before, now = (reading.line(event, name).upper() for name in ("previous", "current"))
    back = before in OVER and now not in OVER
    return {"reopened": True, "what": "reopened"} if back else None


def _priority(event: reading.Fields, detail: reading.Fields) -> reading.Found | None:
    return {"what": f"priority became {reading.line(event, 'current') or 'none'}"}


def _tagged(event: reading.Fields, detail: reading.Fields) -> reading.Found | None:
    added = reading.tags(event.get("tags_added"), "tags_added")
    return {"what": f"tagged {', '.join(added)}"} if added else None


def _comment(event: reading.Fields, detail: reading.Fields) -> reading.Found | None:
    comment = reading.nested(event, "comment")
    author = reading.nested(comment, "author")
    by_customer = comment.get("is_public") is True and author.get("is_staff") is False
    if not by_customer or reading.line(detail, "status").upper() not in OVER:
        return None
    said, who = reading.words(comment, "body"), reading.line(author, "name")
    return {"replied": True, "words": said, "customer": who, "what": "replied"}


CHANGES: Mapping[str, Callable[[reading.Fields, reading.Fields], reading.Found | None]] = {
    "ticket.csat_received": _rated,
    "ticket.status_changed": _status,
    "ticket.priority_changed": _priority,
    "ticket.tags_changed": _tagged,
    "ticket.comment_added": _comment,
}


def _signal(fields: reading.Fields, found: reading.Found, received: Received) -> Signal:
    detail = reading.nested(fields, "detail")
    reference = reading.ticket(detail, "id", reading.NUMBER, "4711")
    return reading.signal(
        found,
        f"{TITLE} ticket {reference}",
        reading.words(detail, "subject"),
        event_id=reading.event_id(fields.get("id")),
        ticket=reference,
        reference=reference,
        at=reading.moment(fields, "time", received.at),
        priority=reading.line(detail, "priority"),
        tags=reading.tags(detail.get("tags"), "tags"),
    )
