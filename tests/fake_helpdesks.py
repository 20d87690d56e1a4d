"""Helpdesks across the network, which take notes as strictly as the vendors', and sign what they send.

What they take and refuse is in the vendors' own references: Zendesk "Update Ticket", Intercom "Reply to
a conversation", HubSpot "Create a note", "Retrieve a ticket" and "Retrieve a contact", Freshdesk
"Create a Note", Jira Service Management "Create request comment" and "Get feedback"; Zendesk
"List Survey Responses". A public comment is refused by all of
them: nothing of ours is for the customer.
"""

import asyncio
import base64
import hashlib
import hmac
import html
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from aiohttp import ClientSession, web

Body = Mapping[str, Any]


class Refusal(Exception):
    """What the helpdesk answers instead of doing it."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status} {words}")
        self.status, self.words = status, words


class Note(NamedTuple):
    """A note that was left on a ticket."""

    ticket: str
    text: str


class Link(NamedTuple):
    """A ticket's link to one of its contacts: HubSpot's own kind, or the label that somebody gave it."""

    contact: str
    kind: str = "ticket_to_contact"


class Rated(NamedTuple):
    """How a customer rated last, and what they wrote beside that."""

    rating: int
    comment: str = ""


@dataclass(frozen=True)
class Fault:
    """What happens to a call.

    `drop` closes the connection "before" it is done, or "after"; who `hangs` never ends the answer, and
    who is `silent` never begins one, although it is done.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: str = ""
    hangs: bool = False
    silent: bool = False
    body: bytes = b"{}"


def _as_read(markup: str) -> str:
    """What agents read of a note that is taken as HTML."""
    return html.unescape(markup.replace("<br>", "\n"))


def _as_written(text: str) -> str:
    """What a vendor that takes HTML makes of it."""
    return html.escape(text).replace("\n", "<br/>")


def _need(met: bool, words: str, status: int = 422) -> None:
    if not met:
        raise Refusal(status, words)


def _text(value: object) -> str:
    _need(isinstance(value, str) and value != "", "a note needs words")
    return str(value)


def _zendesk(ticket: str, body: Body) -> Note:
    comment = body["ticket"]["comment"]
    _need(set(body["ticket"]) == {"comment"}, "only a comment was wanted")
    _need(comment.get("public") is False, "comments are public unless they say otherwise")
    return Note(ticket, _text(comment.get("body") or comment.get("html_body")))


def _intercom(ticket: str, body: Body) -> Note:
    _need(body.get("message_type") == "note", "message_type comment goes to the customer")
    _need(body.get("type") == "admin", "only an admin leaves notes", 400)
    _need(str(body.get("admin_id", "")).isdigit(), "admin_id must be given", 400)
    return Note(ticket, _as_read(_text(body.get("body"))))


def _hubspot(_: str, body: Body) -> Note:
    properties = body["properties"]
    _need(bool(properties.get("hs_timestamp")), "hs_timestamp must be given", 400)
    (association,) = body["associations"]
    (kind,) = association["types"]
    # 228: from a note to a ticket.
    wanted = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 228}
    _need(kind == wanted, "a note is associated with a ticket", 400)
    return Note(str(association["to"]["id"]), _as_read(_text(properties.get("hs_note_body"))))


def _freshdesk(ticket: str, body: Body) -> Note:
    _need(body.get("private", True) is True, "private false shows it to the customer", 400)
    return Note(ticket, _as_read(_text(body.get("body"))))


def _jira(ticket: str, body: Body) -> Note:
    _need(body.get("public") is False, "public shows it to the customer", 400)
    return Note(ticket, _text(body.get("body")))


def _base64_hmac(secret: str, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()


def _basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _zendesk_signature(secret: str, _: str, body: bytes, at: datetime) -> dict[str, str]:
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "X-Zendesk-Webhook-Signature": _base64_hmac(secret, stamp.encode() + body),
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
    }


def _intercom_signature(secret: str, _: str, body: bytes, __: datetime) -> dict[str, str]:
    return {"X-Hub-Signature": f"sha1={hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}"}


def _hubspot_signature(secret: str, url: str, body: bytes, at: datetime) -> dict[str, str]:
    stamp = str(int(at.timestamp() * 1000))
    signed = f"POST{url}".encode() + body + stamp.encode()
    return {
        "X-HubSpot-Signature-v3": _base64_hmac(secret, signed),
        "X-HubSpot-Request-Timestamp": stamp,
    }


def _freshdesk_signature(secret: str, _: str, __: bytes, ___: datetime) -> dict[str, str]:
    # Freshdesk signs nothing: a rule's webhook has the headers that somebody typed.
    return {"X-Amends-Secret": secret}


def _jira_signature(secret: str, _: str, body: bytes, __: datetime) -> dict[str, str]:
    return {"X-Hub-Signature": f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"}


def _zendesk_list(texts: Sequence[str]) -> object:
    return {"comments": [{"type": "Comment", "body": text, "public": False} for text in texts]}


def _intercom_list(texts: Sequence[str]) -> object:
    parts = [{"part_type": "note", "body": f"<p>{_as_written(text)}</p>"} for text in texts]
    return {"type": "conversation", "conversation_parts": {"conversation_parts": parts}}


def _hubspot_list(texts: Sequence[str]) -> object:
    return {"results": [{"properties": {"hs_note_body": _as_written(text)}} for text in texts]}


def _freshdesk_list(texts: Sequence[str]) -> object:
    return [{"body": f"<div>{_as_written(text)}</div>", "private": True} for text in texts]


def _jira_list(texts: Sequence[str]) -> object:
    return {"comments": [{"body": text.replace("\n", "\r\n")} for text in texts]}


def _hubspot_record(asked: Mapping[str, str], record: Mapping[str, str], id_: str) -> Body:
    """Of the properties those that are asked for, and those that every record has."""
    _need(set(asked) <= {"properties", "associations"}, f"not understood: {sorted(asked)}", 400)
    _need(bool(asked.get("properties")), "which properties?", 400)
    found = {name: record.get(name) for name in asked["properties"].split(",")}
    return {"id": id_, "properties": {"hs_object_id": id_, **found}, "archived": False}


def _hubspot_linked(record: Body, links: Sequence[Link]) -> Body:
    """A ticket with its contacts; where it has none, nothing is said of any."""
    results = [{"id": link.contact, "type": link.kind} for link in links]
    return {**record, "associations": {"contacts": {"results": results}}} if links else record


def _jira_feedback(request: web.Request, rated: "Rated") -> object:
    # Where a method is experimental, it is refused to who does not opt in.
    _need(request.headers.get("X-ExperimentalApi") == "opt-in", "this API is experimental", 412)
    _need(not request.query, "no parameters are known", 400)
    written = {"comment": {"body": rated.comment}} if rated.comment else {}
    return {"type": "csat", "rating": rated.rating, **written}


def _zendesk_surveys(request: web.Request, rated: "Rated") -> object:
    """As their reference shows it: offered once more, and not answered; answered; and an older one."""
    _need(request.query.get("sort") == "-id", "the oldest come first", 400)
    question = {"id": "01J1WBNS76ZC4TTFWP9RCNQ1S8", "type": "open_ended"}
    scale = {"id": "01J1", "type": "rating_scale_numeric", "sub_type": "customer_satisfaction"}
    kind = "good" if rated.rating > 3 else "bad"
    written = {"type": "open_ended", "value": rated.comment} if rated.comment else {"type": "skipped"}
    answers = [
        {"type": "rating_scale", "rating": rated.rating, "rating_category": kind, "question": scale},
        {**written, "question": question},
    ]
    older = [{"type": "rating_scale", "rating": 3}, {"type": "open_ended", "value": "Older."}]
    found = [{"id": id_, "answers": said} for id_, said in (("03", []), ("02", answers), ("01", older))]
    return {"survey_responses": found, "meta": {"has_more": False}}


def _of_ticket(request: web.Request) -> str:
    """The ticket whose survey is asked for."""
    named = request.query.get("filter[subject_zrns]", "")
    _need(named.startswith("zen:ticket:"), "what is it about?", 400)
    return named.removeprefix("zen:ticket:")


MISSING_SCOPES = json.dumps({"status": "error", "category": "MISSING_SCOPES"})
"""What HubSpot says to a token without the right: no fault of who asks."""


def _searched(body: bytes) -> str:
    """The ticket whose notes are searched for."""
    [group] = json.loads(body)["filterGroups"]
    [wanted] = group["filters"]
    _need((wanted["propertyName"], wanted["operator"]) == ("associations.ticket", "EQ"), "what?", 400)
    return str(wanted["value"])


class Reading(NamedTuple):
    """How what stands on a ticket is asked for, and what comes back of these notes."""

    method: str
    path: str
    drawn: Callable[[Sequence[str]], object]


class Desk(NamedTuple):
    """What one vendor's API is like; `path` finds the ticket, and `take` the note in what was sent.

    `token` is one as somebody pastes it into Amends, and `authorization` what that makes of a call.
    """

    method: str
    path: str
    token: str
    authorization: str
    status: int
    take: Callable[[str, Body], Note]
    sign: Callable[[str, str, bytes, datetime], dict[str, str]]
    reading: Reading
    ticket: str = ""
    """The path of a ticket's own words, where the vendor sends none."""
    contact: str = ""
    """The path of who wrote them."""
    rated: str = ""
    """The path of what is written beside a rating, where the vendor sends none of that."""
    feedback: Callable[[web.Request, Rated], object] | None = None
    """What is answered there."""


DESKS: Mapping[str, Desk] = {
    "zendesk": Desk(
        "PUT",
        r"/api/v2/tickets/(\d+)(?:\.json)?",
        "ops@example.com/token:t0ken",
        _basic("ops@example.com/token:t0ken"),
        200,
        _zendesk,
        _zendesk_signature,
        Reading("GET", r"/api/v2/tickets/(\d+)/comments", _zendesk_list),
        rated=r"/api/v2/guide/survey_responses()",
        feedback=_zendesk_surveys,
    ),
    "intercom": Desk(
        "POST",
        r"/(?:conversations|tickets)/(\d+)/reply",
        "814860:t0ken",
        "Bearer t0ken",
        200,
        _intercom,
        _intercom_signature,
        Reading("GET", r"/(?:conversations|tickets)/(\d+)", _intercom_list),
    ),
    "hubspot": Desk(
        "POST",
        r"/crm/v3/objects/notes()",
        "pat-t0ken",
        "Bearer pat-t0ken",
        201,
        _hubspot,
        _hubspot_signature,
        Reading("POST", r"/crm/v3/objects/notes/search()", _hubspot_list),
        r"/crm/v3/objects/tickets/(\d+)",
        r"/crm/v3/objects/contacts/(\d+)",
    ),
    "freshdesk": Desk(
        "POST",
        r"/api/v2/tickets/(\d+)/notes",
        "t0ken",
        _basic("t0ken:X"),
        201,
        _freshdesk,
        _freshdesk_signature,
        Reading("GET", r"/api/v2/tickets/(\d+)/conversations", _freshdesk_list),
    ),
    "jira": Desk(
        "POST",
        r"/rest/servicedeskapi/request/([A-Z][A-Z0-9]+-\d+)/comment",
        "ops@example.com:t0ken",
        _basic("ops@example.com:t0ken"),
        201,
        _jira,
        _jira_signature,
        Reading("GET", r"/rest/api/2/issue/([A-Z][A-Z0-9]+-\d+)/comment", _jira_list),
        rated=r"/rest/servicedeskapi/request/([A-Z][A-Z0-9]+-\d+)/feedback",
        feedback=_jira_feedback,
    ),
}


class FakeHelpdesk:
    """One vendor's API, for one account, on 127.0.0.1, which its desk's `token` opens.

    `notes` are those that were left, in their order. `calls` counts the requests, whatever came of them.
    `tickets` are what customers wrote, by the properties of each; `links` those to their `contacts`.
    A token that `may_read` tickets may not read contacts unless `may_read_contacts`; whether it may ask
    which they are then, no vendor says: `tells_contacts`. `meanwhile` happens once as a ticket is read,
    and `reads` counts what was asked for of both. `ratings` are the last ones of tickets.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.desk = DESKS[name]
        self.notes: list[Note] = []
        self.tickets: dict[str, Mapping[str, str]] = {}
        self.links: dict[str, Sequence[Link]] = {}
        self.contacts: dict[str, Mapping[str, str]] = {}
        self.ratings: dict[str, Rated] = {}
        self.reads = 0
        self.may_read_contacts = self.tells_contacts = True
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.refusals: list[str] = []
        self.calls = 0
        self.cookies: list[Mapping[str, str]] = []
        self.url = ""
        self.may_read = True
        self.closed_tickets: set[str] = set()
        self._faults: deque[Fault] = deque()
        self._down: Fault | None = None
        self._runner: web.AppRunner | None = None
        self._ended = asyncio.Event()
        self._noted = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self) -> None:
        """Listens, where it listened before if it was stopped."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", int(self.url.rpartition(":")[2] or 0)).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Listens no more."""
        self._ended.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def host(self) -> str:
        """What the operator vouches for."""
        return self.url.removeprefix("http://")

    @property
    def said(self) -> list[str]:
        """The words of all notes."""
        return [note.text for note in self.notes]

    async def nth(self, count: int, seconds: float = 10.0) -> str:
        """Waits for the note with this number and returns its words; the last one, or it fails."""
        async with asyncio.timeout(seconds), self._noted:
            await self._noted.wait_for(lambda: len(self.notes) >= count)
        assert len(self.notes) == count, self.said
        return self.said[-1]

    def fail_next(self, *faults: Fault) -> None:
        """What happens to the next calls, one each."""
        self._faults.extend(faults)

    def fail_until_told(self, fault: Fault | None) -> None:
        """What happens to every call from now on; None: they are answered again."""
        self._down = fault

    async def deliver(
        self, address: str, payload: object, secret: str, at: datetime | None = None, **headers: str
    ) -> int:
        """Posts an event as the vendor does, signed now or at this moment; returns the status."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        signature = self.desk.sign(secret, address, body, at or datetime.now(UTC))
        sent = {"Content-Type": "application/json", **signature, **headers}
        async with (
            ClientSession() as session,
            session.post(address, data=body, headers=sent) as answer,
        ):
            return answer.status

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        self.cookies.append(dict(request.cookies))
        fault = self._faults.popleft() if self._faults else self._down
        if fault is not None and fault.drop == "before":
            return _cut(request)
        if fault is not None and fault.status:
            return web.Response(status=fault.status, headers=fault.headers, body=fault.body)
        try:
            body = await request.read()
            reading = await self._own(request) or self._rated(request) or self._read(request, body)
            if reading is not None:
                return web.json_response(reading)
            note = self._note(request, body)
        except Refusal as refusal:
            self.refusals.append(str(refusal))
            return web.json_response({"error": refusal.words}, status=refusal.status)
        async with self._noted:
            self.notes.append(note)
            self._noted.notify_all()
        if fault is not None and fault.drop == "after":
            return _cut(request)
        if fault is not None and fault.silent:
            await self._ended.wait()
        if fault is not None and fault.hangs:
            # Its head says that it was done, and its body never ends.
            answer = web.StreamResponse(status=self.desk.status)
            await answer.prepare(request)
            await answer.write(b"{")
            await self._ended.wait()
            return answer
        return web.json_response({"id": len(self.notes)}, status=self.desk.status)

    async def _own(self, request: web.Request) -> Body | None:
        """What a customer wrote on a ticket, or who they are; None when something else is asked."""
        asked, query = request.path if request.method == "GET" else "/", request.query
        ticket, contact = (re.fullmatch(way, asked) for way in (self.desk.ticket, self.desk.contact))
        self.reads += ticket is not None or contact is not None
        if ticket is not None:
            self._check_token(request)
            _need(self.may_read, "this token reads no tickets", 403)
            if (meanwhile := self.meanwhile) is not None:
                self.meanwhile = None
                await meanwhile()
            record = _hubspot_record(query, _found(self.tickets, ticket[1]), ticket[1])
            if "associations" not in query:
                return record
            _need(query["associations"] == "contacts", "associations is a list of types", 400)
            _allow(self.may_read_contacts or self.tells_contacts)
            return _hubspot_linked(record, self.links.get(ticket[1], ()))
        if contact is not None:
            self._check_token(request)
            _allow(self.may_read_contacts)
            return _hubspot_record(query, _found(self.contacts, contact[1]), contact[1])
        return None

    def _rated(self, request: web.Request) -> object | None:
        """What a customer wrote beside a rating; None when something else is asked."""
        feedback, match = self.desk.feedback, re.fullmatch(self.desk.rated, request.path)
        if feedback is None or match is None or request.method != "GET":
            return None
        self._check_token(request)
        self.reads += 1
        _allow(self.may_read)
        ticket = match[1] or _of_ticket(request)
        if ticket not in self.ratings:
            raise web.HTTPNotFound
        return feedback(request, self.ratings[ticket])

    def _read(self, request: web.Request, body: bytes) -> object | None:
        """The notes on a ticket; None when something else is asked."""
        reading = self.desk.reading
        match = re.fullmatch(reading.path, request.path)
        if match is None or request.method != reading.method:
            return None
        self._check_token(request)
        _need(self.may_read, "this token only writes notes", 403)
        ticket = match[1] or _searched(body)
        return reading.drawn([note.text for note in self.notes if note.ticket == ticket])

    def _check_token(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "")
        _need(given == self.desk.authorization, "who are you?", 401)

    def _note(self, request: web.Request, body: bytes) -> Note:
        self._check_token(request)
        match = re.fullmatch(self.desk.path, request.path)
        if match is None:
            raise Refusal(404, f"there is no {request.path}")
        _need(request.method == self.desk.method, f"{request.method} is not for notes", 405)
        _need(request.content_type == "application/json", "JSON is wanted", 415)
        try:
            note = self.desk.take(match[1], json.loads(body))
        except (ValueError, KeyError, TypeError) as wrong:
            raise Refusal(400, f"not understood: {type(wrong).__name__}") from None
        _need(note.ticket not in self.closed_tickets, "closed tickets take no updates")
        return note


def _found(records: Mapping[str, Mapping[str, str]], id_: str) -> Mapping[str, str]:
    if id_ not in records:
        raise web.HTTPNotFound  # no fault of who asks: somebody may have deleted it
    return records[id_]


def _allow(may: bool) -> None:
    if not may:
        raise web.HTTPForbidden(text=MISSING_SCOPES, content_type="application/json")


def _cut(request: web.Request) -> web.Response:
    """Ends the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
