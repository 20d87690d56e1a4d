"""A note is internal, goes to the ticket that was meant, and carries the token it was given."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from bot.fields import MAX_LINE_LENGTH
from bot.messages.parts import MAX_TEXT_LENGTH
from handlers.helpdesks import generic, hubspot, jira, zendesk
from handlers.helpdesks.product import (
    Account,
    Call,
    NoteError,
    PayloadError,
    Product,
    ReadsComment,
    ReadsTicket,
)
from handlers.helpdesks.products import PRODUCTS

AT = datetime(2026, 11, 30, 16, 30, tzinfo=UTC)
TEXT = "The retro is open:\nhttps://amends.example.com/c/7 <b>& more</b>"
HTML = "The retro is open:<br>https://amends.example.com/c/7 &lt;b&gt;&amp; more&lt;/b&gt;"
NOTING = {name: product for name, product in PRODUCTS.items() if product.HOSTS}
TICKETS = {"jira": "IT-4"}
TOKENS = {"zendesk": "a@example.com/token:T", "intercom": "814860:T", "jira": "a@example.com:T"}


def call(
    name: str, ticket: str = "", token: str = "", origin: str = "https://desk.example.com/"
) -> Call:
    account = Account(origin, token or TOKENS.get(name, "T"))
    return NOTING[name].note(ticket or TICKETS.get(name, "4711"), TEXT, account, AT)


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def test_a_note_is_never_seen_by_the_customer() -> None:
    """For each product, what its documentation says makes a note internal."""
    assert call("zendesk").json == {"ticket": {"comment": {"body": TEXT, "public": False}}}
    assert call("freshdesk").json == {"body": HTML, "private": True}
    assert call("jira").json == {"body": TEXT, "public": False}
    assert call("intercom").json == {
        "message_type": "note",
        "type": "admin",
        "admin_id": "814860",
        "body": HTML,
    }
    # A note of HubSpot's timeline is a record of its own, which no customer has access to.
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 228}
    assert call("hubspot").json == {
        "properties": {"hs_timestamp": "2026-11-30T16:30:00Z", "hs_note_body": HTML},
        "associations": [{"to": {"id": "4711"}, "types": [kind]}],
    }
    assert set(NOTING) == {"zendesk", "freshdesk", "jira", "intercom", "hubspot"}


@pytest.mark.parametrize(
    ("name", "method", "path", "authorization"),
    [
        ("zendesk", "PUT", "/api/v2/tickets/4711", basic("a@example.com/token:T")),
        ("freshdesk", "POST", "/api/v2/tickets/4711/notes", basic("T:X")),
        ("jira", "POST", "/rest/servicedeskapi/request/IT-4/comment", basic("a@example.com:T")),
        ("intercom", "POST", "/conversations/4711/reply", "Bearer T"),
        ("hubspot", "POST", "/crm/v3/objects/notes", "Bearer T"),
    ],
)
def test_a_note_goes_where_the_product_takes_it(
    name: str, method: str, path: str, authorization: str
) -> None:
    made = call(name)
    assert (made.method, made.url) == (method, f"https://desk.example.com{path}")
    assert made.headers["Authorization"] == authorization


def test_a_note_on_a_ticket_of_intercom_goes_to_the_ticket() -> None:
    assert call("intercom", "ticket-4711").url == "https://desk.example.com/tickets/4711/reply"


@pytest.mark.parametrize("product", [zendesk, jira])
def test_a_token_alone_stands_for_itself(product: Product) -> None:
    ticket = "IT-4" if product is jira else "4711"
    made = product.note(ticket, TEXT, Account("https://desk.example.com", "oauth"), AT)
    assert made.headers["Authorization"] == "Bearer oauth"


@pytest.mark.parametrize("name", NOTING)
@pytest.mark.parametrize(
    "ticket", ["../../x", "4711/../1", "4711?x", "", " 4711", "4711\n", "٤٧١١", "-1", "9" * 21, "it-4"]
)
def test_a_ticket_that_could_lead_elsewhere_gets_no_note(name: str, ticket: str) -> None:
    with pytest.raises(NoteError):
        NOTING[name].note(ticket, TEXT, Account("https://desk.example.com", TOKENS.get(name, "T")), AT)


@pytest.mark.parametrize("name", NOTING)
@pytest.mark.parametrize("end", [" QQ", "T\r\nX-More: 1", "é", "\udce9"])
def test_a_token_that_would_break_the_header_is_refused_without_being_said(name: str, end: str) -> None:
    with pytest.raises(NoteError) as refused:
        call(name, token=f"{TOKENS.get(name, 'T')}{end}")
    assert end not in str(refused.value)


def test_intercom_has_to_know_whose_note_it_is() -> None:
    with pytest.raises(NoteError) as refused:
        call("intercom", token="dG9rOm5vYm9keQ==")
    assert "teammate's number" in str(refused.value)


def test_anything_else_takes_no_note() -> None:
    with pytest.raises(NoteError):
        generic.note("4711", TEXT, Account("", ""), AT)


def test_only_who_sends_no_words_is_asked_for_them() -> None:
    assert [name for name, product in PRODUCTS.items() if isinstance(product, ReadsTicket)] == [
        "hubspot"
    ]


ACCOUNT = Account("https://desk.example.com", "T")
READING = {name: product for name, product in PRODUCTS.items() if isinstance(product, ReadsComment)}


def test_who_sends_ratings_without_their_comment_is_asked_for_it() -> None:
    assert list(READING) == ["zendesk", "hubspot", "jira"]


@pytest.mark.parametrize(
    ("product", "ticket", "path"),
    [
        (
            zendesk,
            "4711",
            "/api/v2/guide/survey_responses?filter[subject_zrns]=zen:ticket:4711&sort=-id",
        ),
        (jira, "IT-4", "/rest/servicedeskapi/request/IT-4/feedback"),
        (
            hubspot,
            "4711",
            "/crm/v3/objects/tickets/4711?properties=hs_last_csat_comment,hs_last_csat_date,"
            "hs_feedback_last_ces_follow_up,hs_feedback_last_survey_date",
        ),
    ],
)
def test_a_comment_is_asked_for_where_the_product_keeps_it(
    product: ReadsComment, ticket: str, path: str
) -> None:
    asked = product.ask_comment(ticket, ACCOUNT)
    assert (asked.method, asked.url) == ("GET", f"https://desk.example.com{path}")
    assert asked.headers["Authorization"] == "Bearer T"


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("ticket", ["../../x", "4711?x", "4711,zen:ticket:1", "", "it-4"])
def test_a_ticket_that_could_lead_elsewhere_is_not_asked_for_its_comment(name: str, ticket: str) -> None:
    with pytest.raises(NoteError):
        READING[name].ask_comment(ticket, ACCOUNT)


RATED = {"type": "rating_scale", "rating": 1}


def written(*texts: str) -> Sequence[Mapping[str, str]]:
    """Answers of that text to open questions."""
    return [{"type": "open_ended", "value": text} for text in texts]


def surveys(*answers: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    """Responses to Zendesk's newer survey, the newest first."""
    return {"survey_responses": [{"answers": said} for said in answers]}


@pytest.mark.parametrize(
    ("product", "answer", "comment"),
    [
        (zendesk, surveys([RATED, *written("Late")]), "Late"),
        (zendesk, surveys([RATED, *written("Late", "", "Rude")]), "Late\nRude"),
        (zendesk, surveys([RATED, {"type": "skipped"}], [RATED, *written("Older")]), ""),
        (zendesk, surveys([], [RATED, *written("Answered")]), "Answered"),
        (zendesk, surveys(written("Of no rating")), ""),
        (zendesk, {"survey_responses": []}, ""),
        (zendesk, {}, ""),
        (jira, {"type": "csat", "rating": 1, "comment": {"body": "Late"}}, "Late"),
        (jira, {"type": "csat", "rating": 1}, ""),
        (jira, {"type": "csat", "rating": 1, "comment": None}, ""),
        (hubspot, {"properties": {"hs_last_csat_comment": "Late"}}, "Late"),
        (hubspot, {"properties": {"hs_feedback_last_ces_follow_up": None}}, ""),
        (hubspot, {}, ""),
    ],
)
def test_a_comment_is_what_was_written_beside_the_last_rating(
    product: ReadsComment, answer: object, comment: str
) -> None:
    assert product.comment(json.dumps(answer).encode()) == comment


@pytest.mark.parametrize(
    ("csat", "ces", "comment"),
    [
        ("2026-11-30T16:29:00Z", "2026-11-29T16:29:00Z", "Of satisfaction"),
        ("2026-11-29T16:29:00Z", "2026-11-29T16:29:00.001Z", "Of satisfaction"),
        ("2026-11-29T16:29:00Z", "2026-11-30T16:29:00Z", "Of effort"),
        (None, "2026-11-30T16:29:00Z", "Of effort"),
        ("2026-11-30T16:29:00Z", None, "Of satisfaction"),
    ],
)
def test_a_comment_of_hubspot_is_of_the_survey_that_was_answered_last(
    csat: str | None, ces: str | None, comment: str
) -> None:
    told = {"hs_last_csat_comment": "Of satisfaction", "hs_last_csat_date": csat}
    told |= {"hs_feedback_last_ces_follow_up": "Of effort", "hs_feedback_last_survey_date": ces}
    assert hubspot.comment(json.dumps({"properties": told}).encode()) == comment


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("answer", [b"[]", b"{", b"\xff", b'"x"'])
def test_an_answer_that_is_no_object_says_no_comment(name: str, answer: bytes) -> None:
    with pytest.raises(PayloadError):
        READING[name].comment(answer)


def test_a_comment_is_no_longer_than_what_we_store() -> None:
    long = "x" * 100_000
    answers: Sequence[tuple[ReadsComment, object]] = (
        (zendesk, surveys([RATED, *written(long, long)])),
        (jira, {"comment": {"body": long}}),
        (hubspot, {"properties": {"hs_last_csat_comment": long}}),
    )
    for product, answer in answers:
        assert len(product.comment(json.dumps(answer).encode())) == MAX_TEXT_LENGTH


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            b'{"properties": {"subject": "Late", "content": "<p>It is 3 &lt; 4</p>"}}',
            "Late\nIt is 3 < 4",
        ),
        (b'{"properties": {"subject": "Late", "content": "Late again."}}', "Late again."),
        (b'{"properties": {"subject": "Late", "content": null}}', "Late"),
        (b'{"properties": {"content": "Late"}}', "Late"),
        (b'{"properties": {}}', ""),
    ],
)
def test_what_a_customer_wrote_is_the_subject_and_what_stands_below_it(
    answer: bytes, words: str
) -> None:
    assert hubspot.words(answer) == words


def test_a_token_with_fewer_rights_is_asked_for_the_words_alone() -> None:
    path = "https://desk.example.com/crm/v3/objects/tickets/4711?properties=subject,content"
    asked = [call.url for call in hubspot.ask("4711", ACCOUNT)]
    assert asked == [f"{path}&associations=contacts", path]


def test_what_is_read_of_a_ticket_and_its_contact_is_no_longer_than_what_we_store() -> None:
    long = {"properties": dict.fromkeys(("subject", "content", "firstname", "lastname"), "x" * 100_000)}
    answer = json.dumps(long).encode()
    assert len(hubspot.words(answer)) == MAX_TEXT_LENGTH
    assert len(hubspot.customer(answer)) == MAX_LINE_LENGTH


@pytest.mark.parametrize("id_", ["../../x", "201?x", "", "0x1", None])
def test_a_contact_that_could_lead_elsewhere_is_not_asked_about(id_: str | None) -> None:
    ticket = {"associations": {"contacts": {"results": [{"id": id_, "type": "ticket_to_contact"}]}}}
    assert hubspot.ask_customer(json.dumps(ticket).encode(), ACCOUNT) is None


@pytest.mark.parametrize("ticket", ["../../x", "4711?x", "", "IT-4"])
def test_a_ticket_that_could_lead_elsewhere_is_not_asked_about(ticket: str) -> None:
    with pytest.raises(NoteError):
        hubspot.ask(ticket, ACCOUNT)
