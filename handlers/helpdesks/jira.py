"""Jira Service Management: automation rules with our template, and an admin's webhooks as they are.

Signatures and payloads: https://developer.atlassian.com/cloud/jira/platform/webhooks/; comments, and
feedback: https://developer.atlassian.com/cloud/jira/service-desk/rest/api-group-request/; smart values,
in which a field is called as the rule's actor reads it, or by its id:
https://support.atlassian.com/cloud-automation/docs/formatting-smart-values-in-jira-automation/.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from bot.domain.signal import Signal
from bot.helpdesks import Instruction
from handlers.helpdesks import calling, pasted, proof, reading
from handlers.helpdesks.product import Account, Call, Received

TITLE = "Jira Service Management"
OWN_SECRET = False
PREFIX = ""
HOSTS: Sequence[str] = ("*.atlassian.net",)
RIGHT = (
    "A token may do what the person before it may: choose an agent whose only right is to "
    "comment on requests."
)

KEY = re.compile(r"[A-Z][A-Z0-9_]{0,20}-[0-9]{1,12}")
"""What a ticket is called, which is its id for everything here."""
TEMPLATE = """{
  "event": "rated",
  "ticket": "{{issue.key}}",
  "link": "{{issue.toUrl}}",
  "rating": "{{issue.Satisfaction.rating}}",
  "priority": "{{issue.priority.name}}",
  "tags": "{{issue.labels}}",
  "changed_at": "{{now.jiraDateTime}}",
  "customer": {{issue.reporter.displayName.asJsonString}},
  "title": {{issue.summary.asJsonString}},
  "words": ""
}"""
RATED = re.compile(r"(?<![0-9])[1-5](?![0-9])")


def verify(received: Received, secret: str) -> None:
    """Raises SignatureError unless our secret signs a webhook, or stands in a rule's header."""
    if "x-hub-signature" in received.headers:
        proof.check_hub_signature(received, secret, "sha256", "X-Hub-Signature")
    else:
        proof.check_own_secret(received, secret)


def read(received: Received) -> Sequence[Signal]:
    """What a rule or a webhook says; nothing of changes that tell no failure."""
    fields = pasted.read_fields(received.body)
    kind = reading.line(fields, "webhookEvent")
    if pasted.is_filled(fields) or not kind:
        return pasted.read_signals(fields, received, FILLED)
    issue = reading.nested(fields, "issue")
    found = EVENTS[kind](fields, reading.nested(issue, "fields")) if kind in EVENTS else {}
    return (_signal(fields, issue, found, received),) if found else ()


def note(ticket: str, text: str, account: Account, at: datetime) -> Call:
    """An internal comment. The token is `name@example.com:TOKEN`, or one that stands for itself."""
    key = calling.ticket_id(ticket, KEY, TITLE)
    return Call(
        "POST",
        calling.address(account, f"/rest/servicedeskapi/request/{key}/comment"),
        calling.basic_or_bearer(account.token),
        {"body": text, "public": False},
    )


def notes(ticket: str, account: Account) -> Call:
    """The comments of the issue, the newest first."""
    key = calling.ticket_id(ticket, KEY, TITLE)
    path = f"/rest/api/2/issue/{key}/comment?orderBy=-created&maxResults=100"
    return Call("GET", calling.address(account, path), calling.basic_or_bearer(account.token), {})


def ask_comment(ticket: str, account: Account) -> Call:
    """The feedback on the request, which is of its last rating alone; 404 where there is none.

    The method was experimental, and where it still is, Jira wants to be told that we know.
    """
    key = calling.ticket_id(ticket, KEY, TITLE)
    url = calling.address(account, f"/rest/servicedeskapi/request/{key}/feedback")
    headers = {**calling.basic_or_bearer(account.token), "X-ExperimentalApi": "opt-in"}
    return Call("GET", url, headers, {})


def comment(answer: bytes) -> str:
    """What was written beside it; raises PayloadError."""
    feedback = reading.read_object(answer, reading.NO_JSON.format(product=TITLE))
    return reading.words(reading.nested(feedback, "comment"), "body")


def instructions(address: str, secret: str) -> Sequence[Instruction]:
    """A rule for ratings with the secret in a header; or a webhook, which an admin makes."""
    return (
        Instruction(
            "In Jira open your service space (or project), **Space settings**, **Automation**, and "
            "press **Create rule**."
        ),
        Instruction(
            "As the trigger choose **Field value changed**, and as the field **Satisfaction**. (Others: "
            "**SLA threshold breached**, **Work item transitioned**, **Work item commented**; older "
            "Jiras say issue for work item.)"
        ),
        Instruction(
            "Add **THEN: Add an action**, **Send web request**. **Web request URL** is this address:",
            address,
        ),
        Instruction(
            "Under **Headers** write this name and this value, and tick **Hidden**:", proof.OWN_HEADER
        ),
        Instruction("The header's value is this secret:", secret),
        Instruction(
            "**HTTP method** is **POST**. As **Web request body** choose **Custom data**, and paste "
            "this, each field in a line of its own:",
            TEMPLATE,
        ),
        Instruction("Press **Turn on rule**."),
        Instruction(
            'For anything else make another rule with the same text, and say at "event" what happened: '
            "reopened, replied (the customer wrote on a resolved ticket), sla breached, escalated or "
            'tagged. For replied, write {{comment.body.asJsonString}} instead of the "" at "words".'
        ),
        Instruction(
            "Or, as an admin of Jira: **Settings**, **System**, **WebHooks**, **Create a WebHook** with "
            "this address as **URL** and the secret as **Secret**; tick **updated** below **Issue** (or "
            "**Work item**) and **created** below **Comment**."
        ),
        Instruction(
            "So that Amends can leave internal notes, and read what a customer wrote beside a rating: "
            "make a token at "
            "https://id.atlassian.com/manage-profile/security/api-tokens, and paste it into Amends with "
            "the e-mail address of whoever writes the notes, like this:",
            "name@example.com:THE_TOKEN",
            "give_token",
        ),
    )


FILLED = pasted.Filled(TITLE, KEY, "IT-4711", reading.COMMAS_AND_SPACES, reading.rating, silent=True)


def _changed(fields: reading.Fields, issue_fields: reading.Fields) -> reading.Found:
    found: dict[str, object] = {}
    said: list[str] = []
    for item in reading.listed(reading.nested(fields, "changelog"), "items"):
        change = _change(item, issue_fields)
        said += [str(change["what"])] if change else []
        found |= change
    if any(map(_is_breached, issue_fields.values())):
        found["sla_breached"] = True
        said.append("its SLA was breached")
    return {**found, "what": " and ".join(said)} if found else {}


def _change(item: reading.Fields, issue_fields: reading.Fields) -> reading.Found:
    """What one field that changed says; satisfaction is called so in English alone."""
    field = issue_fields.get(reading.line(item, "fieldId"))
    rated = field.get("rating") if isinstance(field, Mapping) else None
    if isinstance(rated, str | int):  # other apps keep other things by that name
        return _satisfaction("", str(rated))
    name = reading.line(item, "field").casefold()
    before, now = reading.line(item, "fromString"), reading.line(item, "toString")
    return FIELDS[name](before, now) if name in FIELDS else {}


def _resolution(before: str, now: str) -> reading.Found:
    return {"reopened": True, "what": "reopened"} if before and not now else {}


def _priority(before: str, now: str) -> reading.Found:
    return {"priority": now, "what": f"priority became {now or 'none'}"}


def _labels(before: str, now: str) -> reading.Found:
    had = before.split()
    added = [label for label in now.split() if label not in had]
    return {"what": f"tagged {', '.join(added)}"} if added else {}


def _satisfaction(before: str, now: str) -> reading.Found:
    rated = RATED.search(now)
    if not rated:
        return {}
    return {"rating": int(rated[0]), "what": f"rated {rated[0]}", "wordless": True}


FIELDS: Mapping[str, Callable[[str, str], reading.Found]] = {
    "resolution": _resolution,
    "priority": _priority,
    "labels": _labels,
    "satisfaction": _satisfaction,
}
"""What a field that had a value and has another one says."""


def _is_breached(value: object) -> bool:
    """Whether a field is a promised time that runs, and was missed."""
    running = value.get("ongoingCycle") if isinstance(value, Mapping) else None
    return isinstance(running, Mapping) and running.get("breached") is True


def _commented(fields: reading.Fields, issue_fields: reading.Fields) -> reading.Found:
    comment = reading.nested(fields, "comment")
    author, reporter = reading.nested(comment, "author"), reading.nested(issue_fields, "reporter")
    same = any(
        author.get(name) and author.get(name) == reporter.get(name) for name in ("accountId", "name")
    )
    by_customer = same or reading.line(author, "accountType") == "customer"
    category = reading.nested(reading.nested(issue_fields, "status"), "statusCategory")
    if not by_customer or reading.line(category, "key") != "done":
        return {}
    return {"replied": True, "words": reading.words(comment, "body"), "what": "replied"}


EVENTS: Mapping[str, Callable[[reading.Fields, reading.Fields], reading.Found]] = {
    "jira:issue_updated": _changed,
    "comment_created": _commented,
}


def _signal(
    fields: reading.Fields, issue: reading.Fields, found: reading.Found, received: Received
) -> Signal:
    key = reading.ticket(issue, "key", KEY, "IT-4711")
    issue_fields = reading.nested(issue, "fields")
    event = reading.nested(fields, "comment") or reading.nested(fields, "changelog")
    return reading.signal(
        found,
        f"{TITLE} ticket {key}",
        reading.words(issue_fields, "summary"),
        event_id=reading.event_id(reading.line(fields, "webhookEvent"), event.get("id")),
        ticket=key,
        reference=key,
        at=reading.counted_moment(fields, "timestamp", received.at, per_second=1000),
        customer=reading.line(reading.nested(issue_fields, "reporter"), "displayName"),
        link=_link(reading.link(issue, "self"), key),
        priority=reading.line(reading.nested(issue_fields, "priority"), "name"),
        tags=reading.tags(issue_fields.get("labels"), "labels"),
    )


def _link(itself: str, key: str) -> str:
    """The ticket's page, beside the API that it is from."""
    try:
        parts = urlsplit(itself)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}/browse/{key}" if parts.netloc else ""
