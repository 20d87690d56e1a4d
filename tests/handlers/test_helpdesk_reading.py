"""What each helpdesk's deliveries say, in words that are the same for all of them."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.signal import Signal
from bot.messages.parts import MAX_TEXT_LENGTH
from handlers.helpdesks import (
    freshdesk,
    generic,
    hubspot,
    intercom,
    jira,
    pasted,
    reading,
    zendesk,
)
from handlers.helpdesks.product import PayloadError, Product
from tests.deliveries import (
    AT,
    FRESHDESK_OFFERED,
    FRESHDESK_RATED,
    GENERIC,
    HUBSPOT_CHANGED,
    INTERCOM_RATED,
    INTERCOM_REPLIED,
    INTERCOM_TAGGED,
    JIRA_COMMENTED,
    JIRA_UPDATED,
    ZENDESK_RATED,
    ZENDESK_REOPENED,
    ZENDESK_SCORED,
    delivery,
)

A_MINUTE_AGO = AT - timedelta(minutes=1)
PASTING = pytest.mark.parametrize("product", [zendesk, freshdesk])


def read(product: Product, body: object, **changes: object) -> Sequence[Signal]:
    return product.read(delivery({**body, **changes} if isinstance(body, dict) else body))


def refused(product: Product, body: object, **changes: object) -> str:
    with pytest.raises(PayloadError) as unreadable:
        read(product, body, **changes)
    return unreadable.value.in_full


def changed(body: Any, path: str, value: object) -> Any:
    """The same body with another value at `a.b.c`."""
    first, _, rest = path.partition(".")
    return {**body, first: changed(body.get(first, {}), rest, value) if rest else value}


def test_a_trigger_of_zendesk_says_what_the_customer_said() -> None:
    (signal,) = read(zendesk, ZENDESK_RATED)
    assert signal.model_copy(update={"event_id": ""}) == Signal(
        ticket="4711",
        reference="4711",
        at=A_MINUTE_AGO,
        what_happened="Promised twice.",
        words="Promised twice.",
        customer="Sigrún Ólafsdóttir",
        link="https://parcels.zendesk.com/agent/tickets/4711",
        rating=1,
        tags=("late", "parcel"),
        priority="High",
    )


def test_the_same_template_sent_again_is_the_same_event_and_another_time_another() -> None:
    (first,), (again,) = read(zendesk, ZENDESK_RATED), read(zendesk, ZENDESK_RATED)
    (later,) = read(zendesk, ZENDESK_RATED, changed_at="2026-11-30T16:30Z")
    assert first.event_id == again.event_id != ""
    assert later.event_id not in ("", first.event_id)
    (without_time,) = read(freshdesk, FRESHDESK_RATED, changed_at="")
    assert (without_time.event_id, without_time.at) == ("", AT)


def test_a_time_without_a_zone_tells_two_ratings_of_freshdesk_apart_and_no_more() -> None:
    (first,), (again,) = read(freshdesk, FRESHDESK_RATED), read(freshdesk, FRESHDESK_RATED)
    (later,) = read(freshdesk, FRESHDESK_RATED, changed_at="2026-12-01 09:00:00")
    assert first.event_id == again.event_id != later.event_id != ""
    assert first.at == later.at == AT


@PASTING
@pytest.mark.parametrize("odd", ["Mon, 30 Nov", "{{ticket.modified_on}}", "2026-11-30", "9" * 500])
def test_what_a_product_fills_in_as_a_time_is_never_refused(product: Product, odd: str) -> None:
    assert [signal.at for signal in read(product, FRESHDESK_RATED, changed_at=odd)] == [AT]


@pytest.mark.parametrize(
    ("written", "rating"),
    [("Good, I'm satisfied", 5), ("bad", 1), ("Bad with comment", 1), ("3", 3), (4, 4), (" 5 ", 5)],
)
def test_ratings_of_zendesk_become_1_to_5(written: object, rating: int) -> None:
    assert [signal.rating for signal in read(zendesk, ZENDESK_RATED, rating=written)] == [rating]


@pytest.mark.parametrize("written", ["", None, "Offered", "Unoffered"])
def test_a_rating_that_nobody_gave_yet_is_no_signal(written: object) -> None:
    assert read(zendesk, ZENDESK_RATED, rating=written) == ()


@PASTING
@pytest.mark.parametrize("written", ["0", "6", "Schlecht", "1; drop", "-1", "1.5", True, [1], "104"])
def test_a_rating_out_of_range_is_refused(product: Product, written: object) -> None:
    assert refused(product, ZENDESK_RATED, rating=written) == "rating has to be a number from 1 to 5."


@pytest.mark.parametrize(
    ("event", "flags"),
    [
        ("reopened", {"reopened"}),
        ("Replied", {"replied"}),
        ("sla breached", {"sla_breached"}),
        ("escalated", set()),
        ("tagged", set()),
    ],
)
@PASTING
def test_a_template_for_another_event_says_that_and_no_older_rating(
    product: Product, event: str, flags: set[str]
) -> None:
    (signal,) = read(product, ZENDESK_RATED, event=event, rating="nonsense")
    told = {name for name in ("reopened", "replied", "sla_breached") if getattr(signal, name)}
    assert (told, signal.rating) == (flags, None)
    (plain,) = read(product, {"event": event, "ticket": 4711})
    assert plain.what_happened == f"{product.TITLE} ticket 4711: {event.lower()}"


def test_an_event_that_is_none_is_refused_with_those_there_are() -> None:
    assert refused(zendesk, ZENDESK_RATED, event="exploded") == (
        "event has to be one of: rated, reopened, replied, sla breached, escalated, tagged."
    )


WORDS = 'He said "tomorrow",\r\n"and" nobody came \\ {twice}'


def filled(template: str, **values: str) -> bytes:
    """A template with placeholders filled in as the products do it: without any care for JSON."""
    values = {"ticket": "4711", "rating": "1", "customer": "Anna", "title": "", "words": "", **values}
    lines = [line if ":" not in line else _line(line, values) for line in template.splitlines()]
    return "\n".join(lines).encode()


def _line(line: str, values: Mapping[str, str]) -> str:
    name = line.split('"')[1]
    if name == "event":
        return line
    end = "," if line.endswith(",") else ""
    return f'  "{name}": "{values.get(name, "")}"{end}'


@pytest.mark.parametrize(
    ("product", "template"), [(zendesk, zendesk.TEMPLATE), (freshdesk, freshdesk.TEMPLATE)]
)
def test_quotation_marks_and_line_breaks_of_customers_are_read_as_they_are(
    product: Product, template: str
) -> None:
    body = filled(template, title='The "best" phone', words=WORDS)
    with pytest.raises(ValueError):
        json.loads(body)
    (signal,) = read(product, body)
    assert (signal.ticket, signal.rating, signal.customer, signal.words) == ("4711", 1, "Anna", WORDS)
    (titled,) = read(product, filled(template, title='The "best"\n\nphone,'))
    assert (titled.what_happened, titled.words) == ('The "best"\n\nphone,', "")
    (ended,) = read(product, body + b",}\n")
    assert ended.ticket == "4711"


@pytest.mark.parametrize("line", ["\n", ""])
@PASTING
def test_customers_words_pass_for_no_other_field(product: Product, line: str) -> None:
    """A name in quotation marks is JSON; in a line of its own it is what the lines are read by."""
    other = f'"ticket": "99",{line}  "event": "reopened",{line}  "rating": "5'
    words = f'x",{line}  {other}",{line} "webhookEvent": "jira:issue_updated", "y": "{line}'
    for name in ("customer", "title", "words"):
        for more in ("", '"'):
            body = filled(zendesk.TEMPLATE, **{name: words + more})
            (signal,) = read(product, body)
            assert (signal.ticket, signal.rating, signal.reopened) == ("4711", 1, False)
            (same,) = read(jira, body.replace(b"4711", b"IT-4"))
            assert (same.ticket, same.rating, same.reopened) == ("IT-4", 1, False)


def test_customers_words_pass_for_no_event_of_the_product_itself() -> None:
    offered = (
        '", "freshdesk_webhook": {"triggered_event": "{status:{from:4,to:2}}", "ticket_id": 9}, "x": "'
    )
    (signal,) = read(freshdesk, filled(freshdesk.TEMPLATE, words=offered))
    assert (signal.ticket, signal.reopened) == ("4711", False)
    event = '", "type": "zen:event-type:ticket.priority_changed", "detail": {"id": "9"}, "x": "'
    (signal,) = read(zendesk, filled(zendesk.TEMPLATE, words=event))
    assert (signal.ticket, signal.priority) == ("4711", "")


@pytest.mark.parametrize("body", ['{"a": 1,}', "{}x", '"rating": 1\n"ticket": 2', "late", "[]"])
def test_what_is_not_the_template_says_what_to_paste(body: str) -> None:
    for product in (zendesk, freshdesk, jira):
        assert refused(product, body) == pasted.NOT_THE_TEMPLATE


def test_an_unfilled_placeholder_is_named_to_its_sender_alone() -> None:
    unfilled = zendesk.TEMPLATE
    with pytest.raises(PayloadError) as unreadable:
        read(zendesk, unfilled)
    # What is kept of it holds nothing of what was sent, which may be anybody's words.
    assert str(unreadable.value) == "ticket has to be a ticket's id like 4711."
    assert refused(zendesk, unfilled) == f"{unreadable.value} It is '{{{{ticket.id}}}}'."


def test_a_solved_ticket_of_zendesk_that_opens_again_is_reopened() -> None:
    (signal,) = read(zendesk, ZENDESK_REOPENED)
    assert signal == Signal(
        event_id="a8b9c1d2-3e4f-5a6b-7c8d-9e0f1a2b3c4d",
        ticket="5158",
        reference="5158",
        at=datetime(2026, 11, 30, 16, 29, 20, 987654, UTC),
        what_happened="I cannot log in",
        priority="HIGH",
        tags=("mobile", "login"),
        reopened=True,
    )
    assert read(zendesk, ZENDESK_REOPENED, event={"previous": "OPEN", "current": "SOLVED"}) == ()
    assert read(zendesk, ZENDESK_REOPENED, event={"previous": "NEW", "current": "OPEN"}) == ()


def test_a_rating_that_zendesk_tells_by_itself_says_good_or_bad_and_the_words() -> None:
    (bad,) = read(zendesk, ZENDESK_SCORED)
    assert (bad.ticket, bad.rating, bad.words) == ("5158", 1, "Promised twice.")
    score = {"score": "GOOD", "comment": None}
    (good,) = read(zendesk, ZENDESK_SCORED, event={"satisfaction_score": score})
    assert (good.rating, good.words, good.what_happened) == (5, "", "I cannot log in")
    for nothing in ({}, {"satisfaction_score": None}, {"satisfaction_score": {"score": "UNOFFERED"}}):
        assert read(zendesk, ZENDESK_SCORED, event=nothing) == ()
    assert refused(zendesk, ZENDESK_SCORED, event={"satisfaction_score": {"score": "FINE"}}) == (
        "score has to be a number from 1 to 5."
    )


def zendesk_event(kind: str, event: object, **detail: object) -> Sequence[Signal]:
    body = changed(ZENDESK_REOPENED, "detail.subject", "")
    body["detail"].update(detail)
    return read(zendesk, body, type=f"zen:event-type:{kind}", event=event)


def test_other_events_of_zendesk_say_what_changed() -> None:
    (urgent,) = zendesk_event("ticket.priority_changed", {"current": "URGENT", "previous": None})
    assert urgent.what_happened == "Zendesk ticket 5158: priority became URGENT"
    (tagged,) = zendesk_event("ticket.tags_changed", {"tags_added": ["vip"], "tags_removed": []})
    assert tagged.what_happened == "Zendesk ticket 5158: tagged vip"
    assert zendesk_event("ticket.tags_changed", {"tags_added": [], "tags_removed": ["vip"]}) == ()
    assert zendesk_event("ticket.merged", {}) == ()
    assert zendesk_event("user.created", {}) == ()


def test_only_a_customers_public_words_on_a_solved_ticket_are_a_reply() -> None:
    comment = {
        "body": "Still broken.",
        "is_public": True,
        "author": {"is_staff": False, "name": "Anna"},
    }
    (signal,) = zendesk_event("ticket.comment_added", {"comment": comment}, status="SOLVED")
    assert (signal.replied, signal.words, signal.customer) == (True, "Still broken.", "Anna")
    for other in (
        {**comment, "is_public": False},
        {**comment, "author": {"is_staff": True}},
        {**comment, "author": {}},
        {},
    ):
        assert zendesk_event("ticket.comment_added", {"comment": other}, status="SOLVED") == ()
    assert zendesk_event("ticket.comment_added", {"comment": comment}, status="OPEN") == ()


def test_a_rating_of_intercom_says_the_stars_and_the_remark() -> None:
    (signal,) = read(intercom, INTERCOM_RATED)
    assert signal == Signal(
        event_id="notif_ccd8a4d0-f965-11e3-a367-c779cae3e1b3",
        ticket="215468001",
        reference="215468001",
        at=datetime(2026, 11, 30, 16, 29, tzinfo=UTC),
        what_happened="Nobody came.",
        words="Nobody came.",
        customer="Sigrún",
        link="https://app.intercom.com/a/apps/a86dr8yl/conversations/215468001",
        rating=1,
        tags=("parcel",),
        priority="not_priority",
    )


def test_a_remark_of_intercom_may_come_later() -> None:
    without = changed(INTERCOM_RATED, "data.item.conversation_rating.remark", None)
    (rated,) = read(intercom, without)
    assert (rated.rating, rated.words) == (1, "")
    assert rated.what_happened == "Where is my parcel & who has it?"
    (remarked,) = read(intercom, INTERCOM_RATED, topic="conversation.rating.remarked")
    assert (remarked.rating, remarked.words) == (1, "Nobody came.")
    for empty in ({}, None, {"rating": None}):
        assert read(intercom, changed(INTERCOM_RATED, "data.item.conversation_rating", empty)) == ()


def test_a_ticket_of_intercom_is_called_by_the_number_that_people_see() -> None:
    ticket = {
        "type": "ticket",
        "id": "215468002",
        "ticket_id": "53",
        "conversation_rating": {"rating": 2},
    }
    for item in (ticket, {"ticket": ticket}):
        body = changed(INTERCOM_RATED, "data.item", item)
        (signal,) = read(intercom, body, topic="ticket.rating.provided")
        assert (signal.ticket, signal.reference, signal.rating) == ("ticket-215468002", "53", 2)
        assert signal.what_happened == "Intercom ticket 53: rated 2"


@pytest.mark.parametrize("topic", ["ping", "conversation.user.created", "contact.deleted", ""])
def test_a_ping_of_intercom_and_other_topics_tell_nothing(topic: str) -> None:
    assert read(intercom, {"type": "notification_event", "topic": topic, "data": None}) == ()
    assert read(intercom, INTERCOM_RATED, topic=topic) == ()


def replied(*parts: object) -> Sequence[Signal]:
    body = changed(INTERCOM_RATED, "data.item.state", "open")
    body = changed(body, "data.item.conversation_parts", {"conversation_parts": list(parts)})
    return read(intercom, body, topic="conversation.user.replied")


def test_a_reply_that_opens_a_conversation_of_intercom_again_is_one_on_a_solved_ticket() -> None:
    again = {"part_type": "open", "body": "<p>Still broken</p>", "author": {"type": "user"}}
    (signal,) = replied(again, {"part_type": "note", "author": {"type": "admin"}})
    assert (signal.replied, signal.reopened, signal.words) == (True, True, "Still broken")
    assert replied({**again, "part_type": "comment"}) == ()
    assert replied({**again, "author": {"type": "admin"}}) == ()
    assert replied() == ()


def test_a_conversation_of_intercom_is_opened_tagged_and_made_a_priority() -> None:
    (opened,) = read(intercom, INTERCOM_RATED, topic="conversation.admin.opened")
    assert (opened.reopened, opened.rating) == (True, None)
    part = {"part_type": "comment", "tags": {"tags": [{"name": "vip"}]}}
    body = changed(INTERCOM_RATED, "data.item.conversation_parts", {"conversation_parts": [part]})
    (tagged,) = read(intercom, body, topic="conversation_part.tag.created")
    assert tagged.tags == ("parcel", "vip")
    body = changed(INTERCOM_RATED, "data.item.priority", "priority")
    (first,) = read(intercom, body, topic="conversation.priority.updated")
    assert first.priority == "priority"


def test_a_tag_of_intercom_is_read_however_it_is_wrapped() -> None:
    (wrapped,) = read(intercom, INTERCOM_TAGGED)
    assert (wrapped.ticket, wrapped.tags, wrapped.customer) == ("215468001", ("escalated",), "Anna")
    assert wrapped.what_happened == "Hello"
    part = {"type": "conversation_part", "conversation_id": "215468001", "tag": {"name": "vip"}}
    (of_part,) = read(intercom, changed(INTERCOM_TAGGED, "data.item", part))
    assert (of_part.ticket, of_part.tags) == ("215468001", ("vip",))
    added = {"type": "conversation", "id": "7", "tags_added": {"tags": [{"name": "late"}]}}
    message = {"body": "<p>Old</p>", "author": {"type": "user", "name": "Bo"}}
    body = changed(INTERCOM_TAGGED, "data.item", {**added, "conversation_message": message})
    (older,) = read(intercom, body)
    assert (older.ticket, older.tags, older.what_happened) == ("7", ("late",), "Old")


def test_tags_of_a_conversations_parts_may_be_a_list_of_their_own() -> None:
    """As they are in API 2.11 and later; an empty one is in every notification."""
    for tags, told in (([], ("parcel",)), ([{"name": "vip"}], ("parcel", "vip"))):
        parts = {"conversation_parts": [{"part_type": "comment", "tags": tags}]}
        (signal,) = read(intercom, changed(INTERCOM_RATED, "data.item.conversation_parts", parts))
        assert (signal.rating, signal.tags) == (1, told)


def test_a_conversation_with_a_ticket_of_its_own_is_rated_as_the_conversation() -> None:
    body = changed(INTERCOM_RATED, "data.item.ticket", {"type": "ticket", "id": "99"})
    assert [(signal.ticket, signal.rating) for signal in read(intercom, body)] == [("215468001", 1)]


def test_a_reply_on_a_resolved_ticket_of_intercom_is_one_on_a_solved_ticket() -> None:
    (signal,) = read(intercom, INTERCOM_REPLIED)
    assert (signal.ticket, signal.reference) == ("ticket-215472629548109", "66044663")
    assert (signal.replied, signal.words, signal.customer) == (True, "Still late", "s@example.com")
    for state in ({"category": "in_progress"}, "submitted", None, {}):
        assert read(intercom, changed(INTERCOM_REPLIED, "data.item.ticket.ticket_state", state)) == ()
    older = changed(INTERCOM_REPLIED, "data.item.ticket.ticket_state", "resolved")
    assert len(read(intercom, changed(older, "data.item.ticket_part", None))) == 1


def moved(before: str | None, now: str) -> Sequence[Signal]:
    states = {"previous_ticket_state": before, "ticket_state": now}
    parts = [
        {"part_type": "comment", "author": {"type": "user", "name": "Anna"}},
        {"part_type": "ticket_state_updated_by_admin", **states},
    ]
    body = changed(INTERCOM_REPLIED, "data.item.ticket.ticket_parts", {"ticket_parts": parts})
    body = changed(body, "data.item", body["data"]["item"]["ticket"])
    return read(intercom, body, topic="ticket.state.updated")


def test_a_resolved_ticket_of_intercom_that_moves_on_is_reopened() -> None:
    (signal,) = moved("resolved", "in_progress")
    assert (signal.reopened, signal.what_happened, signal.customer) == (True, "My parcel", "Anna")
    for before, now in (("submitted", "resolved"), ("resolved", "resolved"), (None, "submitted")):
        assert moved(before, now) == ()


def test_a_breached_sla_of_intercom_is_told_with_the_rating_and_when_it_is_closed() -> None:
    late = changed(INTERCOM_RATED, "data.item.sla_applied", {"sla_name": "4 h", "sla_status": "missed"})
    (rated,) = read(intercom, late)
    assert (rated.rating, rated.sla_breached) == (1, True)
    (closed,) = read(intercom, late, topic="conversation.admin.closed")
    assert (closed.rating, closed.sla_breached) == (None, True)
    for kept in ({"sla_status": "hit"}, None):
        body = changed(INTERCOM_RATED, "data.item.sla_applied", kept)
        assert read(intercom, body, topic="conversation.admin.closed") == ()


def test_changes_of_hubspot_are_told_one_by_one_with_a_plain_title() -> None:
    priority, late = read(hubspot, HUBSPOT_CHANGED)
    assert priority == Signal(
        event_id="100/12345/123/1796056140000",
        ticket="123",
        reference="123",
        at=datetime(2026, 11, 30, 16, 29, tzinfo=UTC),
        what_happened="HubSpot ticket 123: priority became HIGH",
        link="https://app.hubspot.com/contacts/62515/record/0-5/123",
        priority="HIGH",
        wordless=True,
    )
    assert (late.ticket, late.sla_breached) == ("124", True)
    assert late.event_id != priority.event_id


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("hs_time_to_first_response_sla_status", "4", {"sla_breached": True}),
        ("hs_time_to_first_response_sla_status", "3", {"sla_breached": False}),
        ("hs_ticket_reopened_at", "1796056140000", {"reopened": True}),
        ("hs_ticket_reopened_at", "", {"reopened": False}),
        ("hs_feedback_last_ces_rating", "1", {"rating": 1}),
        ("hs_feedback_last_ces_rating", "7", {"rating": 5}),
        ("hs_feedback_last_ces_rating", None, {"rating": None}),
        ("hs_last_csat_rating", "1", {"rating": 1, "wordless": True}),
        ("hs_last_csat_rating", "5.0", {"rating": 5}),
        ("hs_last_csat_rating", "", {"rating": None}),
        ("subject", "Late", {"rating": None, "reopened": False, "sla_breached": False}),
    ],
)
def test_what_a_property_of_hubspot_became_says(
    name: str, value: str | None, told: Mapping[str, object]
) -> None:
    event = {**HUBSPOT_CHANGED[0], "propertyName": name, "propertyValue": value}
    (signal,) = read(hubspot, [event])
    assert {key: getattr(signal, key) for key in told} == told


def test_a_score_out_of_range_or_no_list_is_refused() -> None:
    event = {
        **HUBSPOT_CHANGED[0],
        "propertyName": "hs_feedback_last_ces_rating",
        "propertyValue": "8",
    }
    assert refused(hubspot, [event]) == "hs_feedback_last_ces_rating has to be a number from 1 to 7."
    faces = {**event, "propertyName": "hs_last_csat_rating", "propertyValue": "0"}
    assert refused(hubspot, [faces]) == (
        "hs_last_csat_rating has to be a number from 1 to 5. A survey of three faces counts 0 to 2: "
        "leave it out."
    )
    assert "not valid JSON" in refused(hubspot, HUBSPOT_CHANGED[0])
    assert read(hubspot, [HUBSPOT_CHANGED[2]]) == read(hubspot, []) == []


def test_one_change_of_hubspot_that_cannot_be_read_loses_none_of_the_others() -> None:
    odd = {**HUBSPOT_CHANGED[0], "objectId": "none"}
    batch = [odd, HUBSPOT_CHANGED[0], None, HUBSPOT_CHANGED[1], 7]
    assert [signal.ticket for signal in read(hubspot, batch)] == ["123", "124"]
    assert refused(hubspot, [odd, 7]).startswith("objectId has to be a ticket's id")


@pytest.mark.parametrize(
    ("written", "rating"),
    [("1", 1), (5, 5), ("-103", 1), (-102, 2), ("-101", 2), ("100", 3), (101, 4), ("102", 4), (103, 5)],
)
def test_ratings_of_freshdesk_become_1_to_5(written: object, rating: int) -> None:
    (signal,) = read(freshdesk, FRESHDESK_RATED, rating=written)
    assert (signal.rating, signal.tags) == (rating, ("late parcel", "Akureyri"))
    assert signal.what_happened == "Where is it?"


def offered(change: str, **more: object) -> Sequence[Signal]:
    told = {**FRESHDESK_OFFERED["freshdesk_webhook"], "triggered_event": change, **more}
    return read(freshdesk, {"freshdesk_webhook": told})


def test_what_freshdesk_offers_says_reopened_and_priority() -> None:
    (back,) = offered("{status:{from:4,to:2}}")
    assert (back.ticket, back.reopened, back.customer) == ("11", True, "Sigrún")
    assert (back.what_happened, back.at) == ("Test ticket subject", AT)
    (urgent,) = offered("{priority:{from:1,to:4}}", ticket_subject=None)
    assert urgent.priority == "Urgent"
    assert urgent.what_happened == "Freshdesk ticket 11: priority became Urgent"
    for nothing in (
        "{status:{from:2,to:4}}",
        "{ticket_action:created}",
        "{note_type:private}",
        "",
        None,
    ):
        assert offered(str(nothing) if nothing else "") == ()


def test_a_resolution_of_jira_that_is_gone_is_reopened() -> None:
    (signal,) = read(jira, JIRA_UPDATED)
    assert signal == Signal(
        event_id="jira:issue_updated/10124",
        ticket="IT-4",
        reference="IT-4",
        at=datetime(2026, 11, 30, 16, 29, tzinfo=UTC),
        what_happened="I cannot get my second screen to work",
        customer="Jane Smith",
        link="https://parcels.atlassian.net/browse/IT-4",
        priority="High",
        tags=("screen",),
        reopened=True,
    )


def jira_changed(field: str, before: str | None, now: str | None) -> Sequence[Signal]:
    item = {"field": field, "fromString": before, "toString": now}
    return read(jira, changed(JIRA_UPDATED, "changelog.items", [item]))


def test_other_changes_of_jira_say_what_changed_or_nothing() -> None:
    (first,) = jira_changed("priority", "Low", "Highest")
    assert first.priority == "Highest"
    (rated,) = jira_changed("Satisfaction", None, "2")
    assert (rated.rating, rated.wordless, rated.words) == (2, True, "")
    assert rated.what_happened == "I cannot get my second screen to work"
    assert len(jira_changed("labels", "screen", "screen vip")) == 1
    for nothing in (
        ("labels", "screen vip", "screen"),
        ("resolution", None, "Done"),
        ("status", "A", "B"),
    ):
        assert jira_changed(*nothing) == ()
    assert read(jira, JIRA_UPDATED, webhookEvent="jira:issue_created") == ()


def test_satisfaction_of_jira_is_found_by_its_value_where_it_is_called_otherwise() -> None:
    item = {"field": "만족", "fieldId": "customfield_10205", "fromString": None, "toString": None}
    body = changed(JIRA_UPDATED, "changelog.items", [item])
    (signal,) = read(jira, changed(body, "issue.fields.customfield_10205", {"rating": 2}))
    assert (signal.rating, signal.reopened) == (2, False)
    for nothing in ({"rating": None}, None, {"value": "2"}):
        assert read(jira, changed(body, "issue.fields.customfield_10205", nothing)) == ()


@pytest.mark.parametrize("rated", [{"average": 4}, [], True, 3.7])
def test_what_another_app_keeps_as_a_rating_in_jira_refuses_nothing(rated: object) -> None:
    raised = {"field": "priority", "fieldId": "priority", "fromString": "Low", "toString": "High"}
    item = {"field": "Score", "fieldId": "customfield_10301", "fromString": None, "toString": "x"}
    body = changed(JIRA_UPDATED, "changelog.items", [item, raised])
    (signal,) = read(jira, changed(body, "issue.fields.customfield_10301", {"rating": rated}))
    assert (signal.rating, signal.priority) == (None, "High")


def test_a_breached_sla_of_jira_is_told() -> None:
    body = changed(JIRA_UPDATED, "changelog.items", [])
    assert read(jira, body) == ()
    (signal,) = read(jira, changed(body, "issue.fields.customfield_10030.ongoingCycle.breached", True))
    assert signal.sla_breached


def test_only_a_customers_comment_on_a_done_ticket_of_jira_is_a_reply() -> None:
    (signal,) = read(jira, JIRA_COMMENTED)
    assert (signal.replied, signal.words) == (True, "It is black again.")
    assert signal.event_id == "comment_created/10900"
    agent = changed(JIRA_COMMENTED, "comment.author", {"accountId": "1", "accountType": "atlassian"})
    assert read(jira, agent) == ()
    reporter = changed(agent, "issue.fields.reporter", {"accountId": "1"})
    assert len(read(jira, reporter)) == 1
    status = {"statusCategory": {"key": "indeterminate"}}
    assert read(jira, changed(JIRA_COMMENTED, "issue.fields.status", status)) == ()


def test_a_rule_of_jira_is_read_though_a_value_is_missing() -> None:
    body = jira.TEMPLATE.replace("{{issue.key}}", "IT-4").replace("{{issue.Satisfaction.rating}}", "2")
    body = body.replace("{{now.jiraDateTime}}", "2026-11-30T17:29:00.000+0100")
    body = body.replace("{{issue.summary.asJsonString}}", json.dumps('A "black"\nscreen'))
    body = body.replace("{{issue.reporter.displayName.asJsonString}}", "")
    (signal,) = read(jira, body.replace("{{issue.labels}}", "[a, b]"))
    assert (signal.reference, signal.rating, signal.at) == ("IT-4", 2, A_MINUTE_AGO)
    assert (signal.what_happened, signal.words, signal.customer) == ('A "black"\nscreen', "", "")
    assert signal.wordless
    assert signal.tags == ("a", "b")


@pytest.mark.parametrize(
    ("product", "event", "words", "wordless"),
    [
        (zendesk, "rated", "", True),
        (zendesk, "rated", "Late.", False),
        (zendesk, "replied", "", False),
        (freshdesk, "rated", "", False),
    ],
)
def test_a_rating_without_words_is_one_whose_comment_its_product_keeps_elsewhere(
    product: Product, event: str, words: str, wordless: bool
) -> None:
    told = {**ZENDESK_RATED, "event": event, "words": words, "rating": "1"}
    (signal,) = read(product, told)
    assert signal.wordless is wordless


def test_anything_else_says_each_documented_field() -> None:
    (signal,) = read(generic, GENERIC)
    assert signal.model_copy(update={"event_id": ""}) == Signal(
        ticket="ZD-4711",
        reference="ZD-4711",
        at=AT - timedelta(minutes=30),
        what_happened="Promised twice, and nobody came.",
        words="Promised twice, and nobody came.",
        customer="Mrs. Ólafsdóttir",
        link="https://helpdesk.example.com/tickets/4711",
        kind="Delivery",
        rating=1,
        tags=("late", "parcel"),
    )
    assert len(signal.event_id) == 64


def test_what_is_not_the_json_of_the_instructions_leads_back_to_them() -> None:
    for body in ("{", "[]", "[[]]", "reference=ZD-1"):
        with pytest.raises(PayloadError, match="This is not the JSON of the instructions: send one "):
            generic.read(delivery(body))


def test_a_list_of_them_is_read_one_by_one_and_not_at_all_where_one_is_wrong() -> None:
    first, second = generic.read(delivery([GENERIC, {"reference": "ZD-2"}]))
    assert (first.reference, second.reference) == ("ZD-4711", "ZD-2")
    with pytest.raises(PayloadError, match="rating has to be"):
        generic.read(delivery([GENERIC, {"reference": "ZD-2", "rating": 9}]))


def test_anything_else_needs_no_more_than_a_reference() -> None:
    assert read(generic, {"reference": 4711}) == (
        Signal(ticket="4711", reference="4711", at=AT, what_happened="4711"),
    )
    (rated,) = read(generic, {"reference": "Z-1", "rating": "2", "tags": "late, parcel ,late"})
    assert (rated.what_happened, rated.words) == ("Z-1: rated 2", "")
    assert rated.tags == ("late", "parcel")
    (told,) = read(generic, {"reference": "Z-1", "what_happened": "Late."})
    assert (told.what_happened, told.words) == ("Late.", "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("reference", ""), ("reference", None), ("reference", ["Z"]), ("reference", {"a": 1})),
        *(("what_happened", True), ("customer", []), ("kind", {}), ("rating", 0), ("rating", "good")),
        *(("happened_at", "yesterday"), ("happened_at", "2026-11-30"), ("happened_at", 1796056140)),
        *(
            ("happened_at", "2026-11-30T16:30:00"),
            ("link", "javascript:alert(1)"),
            ("link", "tickets/1"),
        ),
        *(("link", "https://example.com/" + "x" * 2000), ("link", "https://a b"), ("link", [])),
        *(("tags", {}), ("tags", [1]), ("tags", 5)),
    ],
)
def test_a_bad_field_of_anything_else_is_named(field: str, value: object) -> None:
    assert refused(generic, GENERIC, **{field: value}).startswith(f"{field} ")


def test_no_character_of_a_customer_turns_the_rest_of_a_line_around() -> None:
    turned = "Ana\u202e evil\u2066\x1b[2J\0\x9b"
    (signal,) = read(
        generic, GENERIC, customer=turned, what_happened=f"{turned}\r\nمرحبا", tags=[turned]
    )
    assert (signal.customer, signal.tags) == ("Ana evil[2J", ("Ana evil[2J",))
    assert signal.what_happened == "Ana evil[2J\r\nمرحبا"
    assert reading.plain("<b>Ana&#x202e; evil</b>") == "Ana evil"


@pytest.mark.parametrize(
    "told", ["0001-01-01T00:00:00Z", "1899-12-31T00:00:00Z", "2099-01-01T00:00:00Z"]
)
def test_a_time_at_which_nobody_told_of_anything_is_when_it_arrived(told: str) -> None:
    assert [signal.at for signal in read(generic, GENERIC, happened_at=told)] == [AT]
    counted = datetime.fromisoformat(told).timestamp() * 1000
    assert [signal.at for signal in read(jira, JIRA_UPDATED, timestamp=counted)] == [AT]


def test_what_says_plainly_that_very_much_changed_is_shortened_too() -> None:
    items = [{"field": "labels", "fromString": "", "toString": "late"}] * 5000
    body = changed(changed(JIRA_UPDATED, "changelog.items", items), "issue.fields.summary", "")
    (signal,) = read(jira, body)
    assert len(signal.what_happened) <= MAX_TEXT_LENGTH


def test_long_texts_are_shortened_and_a_time_to_come_is_now() -> None:
    long = "word " * 20_000
    (signal,) = read(generic, GENERIC, what_happened=long, customer=long, kind=long, tags=[long] * 99)
    assert (len(signal.customer) <= 200, len(signal.kind) <= 200, len(signal.tags)) == (True, True, 1)
    assert signal.what_happened.endswith("word…")
    assert [told.at for told in read(generic, GENERIC, happened_at="2099-01-01T00:00:00Z")] == [AT]
    (many,) = read(generic, GENERIC, tags=[str(number) for number in range(99)])
    assert len(many.tags) == 50


def test_anything_else_says_by_what_else_a_rule_can_be_met() -> None:
    happened = {"sla_breached": True, "reopened": True, "replied": False}
    (signal,) = read(generic, {"reference": "Z-1", "priority": "urgent", **happened})
    assert (signal.priority, signal.sla_breached, signal.reopened) == ("urgent", True, True)
    assert not signal.replied
    odds: tuple[object, ...] = ("yes", 1, 0, [], {})
    for odd in odds:
        assert refused(generic, GENERIC, reopened=odd) == "reopened has to be true or false."
    assert refused(generic, GENERIC, priority=["urgent"]) == "priority has to be a text."


def test_who_can_only_send_texts_to_anything_else_says_all_the_same() -> None:
    """A row for each field, as form-like tools send them; what is left empty there is left out."""
    texts = {"rating": "1", "tags": "late,parcel", "reopened": "True", "replied": "false"}
    (signal,) = read(generic, {"reference": "Z-1", **texts, "sla_breached": "", "link": "", "kind": ""})
    assert (signal.rating, signal.tags, signal.reopened) == (1, ("late", "parcel"), True)
    assert (signal.replied, signal.sla_breached) == (False, False)


def test_fields_that_nobody_documented_are_ignored_by_anything_else() -> None:
    (plain,), (more,) = read(generic, GENERIC), read(generic, GENERIC, id=7, comment={"of": [None]})
    assert more == plain.model_copy(update={"event_id": more.event_id})
