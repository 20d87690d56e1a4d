"""Deliveries of helpdesks as their documentation shows them, and who signs them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from handlers.helpdesks.product import Received

AT = datetime(2026, 11, 30, 16, 30, tzinfo=UTC)
URL = "https://amends.example.com/hooks/0123456789abcdef"
SECRET = "a secret that nobody else knows"

ZENDESK_RATED = {
    "event": "rated",
    "ticket": "4711",
    "link": "https://parcels.zendesk.com/agent/tickets/4711",
    "rating": "Bad, I'm unsatisfied",
    "priority": "High",
    "tags": "late parcel",
    "changed_at": "2026-11-30T16:29Z",
    "customer": "Sigrún Ólafsdóttir",
    "title": "Where is it?",
    "words": "Promised twice.",
}
ZENDESK_REOPENED = {
    "type": "zen:event-type:ticket.status_changed",
    "account_id": 22129848,
    "id": "a8b9c1d2-3e4f-5a6b-7c8d-9e0f1a2b3c4d",
    "time": "2026-11-30T16:29:20.987654321Z",
    "zendesk_event_version": "2022-11-06",
    "subject": "zen:ticket:5158",
    "detail": {
        "id": "5158",
        "status": "OPEN",
        "priority": "HIGH",
        "subject": "I cannot log in",
        "tags": ["mobile", "login"],
        "organization_id": None,
    },
    "event": {"current": "OPEN", "previous": "SOLVED"},
}
ZENDESK_SCORED = {
    **ZENDESK_REOPENED,
    "type": "zen:event-type:ticket.csat_received",
    "id": "b9c0d2e3-4f5a-6b7c-8d9e-0f1a2b3c4d5e",
    "event": {"satisfaction_score": {"score": "BAD", "comment": "Promised twice."}},
}
INTERCOM_RATED = {
    "type": "notification_event",
    "app_id": "a86dr8yl",
    "id": "notif_ccd8a4d0-f965-11e3-a367-c779cae3e1b3",
    "topic": "conversation.rating.added",
    "created_at": 1796056140,
    "delivery_attempts": 1,
    "data": {
        "type": "notification_event_data",
        "item": {
            "type": "conversation",
            "id": "215468001",
            "title": None,
            "priority": "not_priority",
            "state": "closed",
            "source": {
                "type": "conversation",
                "subject": "",
                "body": "<p>Where is my parcel &amp; who has it?</p>",
                "author": {"type": "user", "id": "6318db7d", "name": "Sigrún", "email": "s@example.com"},
            },
            "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "6318db7d"}]},
            "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": "1287", "name": "parcel"}]},
            "conversation_rating": {
                "rating": 1,
                "remark": "Nobody came.",
                "created_at": 1796056100,
                "contact": {"type": "contact", "id": "6318db7d"},
                "teammate": {"type": "admin", "id": "1"},
            },
        },
    },
}
INTERCOM_REPLIED = {
    **INTERCOM_RATED,
    "id": "notif_9d2bc71d-ac2f-4f2d-9a3c-f4213dd933aa",
    "topic": "ticket.contact.replied",
    "data": {
        "type": "notification_event_data",
        "item": {
            "type": "ticket_ticket_part",
            "ticket": {
                "type": "ticket",
                "id": "215472629548109",
                "ticket_id": "66044663",
                "ticket_attributes": {
                    "_default_title_": "My parcel",
                    "_default_description_": "It is late.",
                },
                "ticket_state": {"type": "ticket_state", "id": "4517893", "category": "resolved"},
                "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "6963"}]},
                "ticket_parts": {
                    "type": "ticket_part.list",
                    "ticket_parts": [
                        {
                            "type": "ticket_part",
                            "part_type": "comment",
                            "body": "<p>Still late</p>",
                            "author": {
                                "type": "user",
                                "id": "6963",
                                "name": None,
                                "email": "s@example.com",
                            },
                        }
                    ],
                },
            },
            "ticket_part": {
                "type": "ticket_part",
                "part_type": "comment",
                "body": "<p>Still late</p>",
                "author": {"type": "user", "id": "6963", "name": None, "email": "s@example.com"},
            },
        },
    },
}
INTERCOM_TAGGED = {
    **INTERCOM_RATED,
    "id": "notif_11aef68a-8049-4f29-bbd9-48a7adfc8f30",
    "topic": "conversation_part.tag.created",
    "data": {
        "type": "notification_event_data",
        "item": {
            "type": "conversation_part_tag",
            "conversation": {
                "type": "conversation",
                "id": "215468001",
                "source": {
                    "body": "<p>Hello</p>",
                    "author": {"type": "lead", "name": None, "email": ""},
                },
                "ticket": None,
                "conversation_rating": None,
                "sla_applied": None,
                "tags": {"type": "tag.list", "tags": []},
                "conversation_parts": {
                    "type": "conversation_part.list",
                    "conversation_parts": [
                        {"part_type": "comment", "author": {"type": "lead", "name": "Anna"}, "tags": []}
                    ],
                },
            },
            "tag": {"type": "tag", "id": "1287", "name": "escalated"},
        },
    },
}
"""As newer versions wrap it; their parts have tags in a list of its own."""
HUBSPOT_CHANGED = [
    {
        "eventId": 100,
        "subscriptionId": 12345,
        "portalId": 62515,
        "occurredAt": 1796056140000,
        "subscriptionType": "ticket.propertyChange",
        "attemptNumber": 0,
        "objectId": 123,
        "propertyName": "hs_ticket_priority",
        "propertyValue": "HIGH",
        "changeSource": "CRM",
    },
    {
        "eventId": 100,
        "subscriptionId": 12346,
        "portalId": 62515,
        "occurredAt": 1796056141000,
        "subscriptionType": "object.propertyChange",
        "objectTypeId": "0-5",
        "objectId": 124,
        "propertyName": "hs_time_to_close_sla_status",
        "propertyValue": "1",
    },
    {
        "eventId": 1,
        "subscriptionId": 12345,
        "portalId": 62515,
        "occurredAt": 1564113600000,
        "subscriptionType": "contact.creation",
        "objectId": 123,
    },
]
FRESHDESK_RATED = {
    "event": "rated",
    "ticket": "4711",
    "link": "https://parcels.freshdesk.com/helpdesk/tickets/4711",
    "rating": "1",
    "priority": "High",
    "tags": "late parcel, Akureyri",
    "changed_at": "2026-11-30 16:29:00",
    "customer": "Sigrún Ólafsdóttir",
    "title": "Where is it?",
    "words": "",
}
FRESHDESK_OFFERED = {
    "freshdesk_webhook": {
        "triggered_event": "{status:{from:4,to:2}}",
        "ticket_id": 11,
        "ticket_subject": "Test ticket subject",
        "ticket_url": "http://parcels.freshdesk.com/helpdesk/tickets/11",
        "ticket_priority": "High",
        "ticket_tags": None,
        "ticket_requester_name": "Sigrún",
    }
}
JIRA_UPDATED = {
    "timestamp": 1796056140000,
    "webhookEvent": "jira:issue_updated",
    "issue_event_type_name": "issue_reopened",
    "issue": {
        "id": "18001",
        "self": "https://parcels.atlassian.net/rest/api/2/issue/18001",
        "key": "IT-4",
        "fields": {
            "summary": "I cannot get my second screen to work",
            "priority": {"name": "High"},
            "labels": ["screen"],
            "reporter": {"accountId": "5b10", "displayName": "Jane Smith", "accountType": "customer"},
            "status": {"name": "Reopened", "statusCategory": {"key": "new"}},
            "customfield_10030": {"id": "1", "ongoingCycle": {"breached": False}},
            "customfield_10031": None,
        },
    },
    "changelog": {
        "id": "10124",
        "items": [{"field": "resolution", "fromString": "Done", "toString": None}],
    },
}
JIRA_COMMENTED = {
    "timestamp": 1796056140000,
    "webhookEvent": "comment_created",
    "comment": {
        "id": "10900",
        "author": {"accountId": "5b10", "accountType": "customer"},
        "body": "It is black again.",
    },
    "issue": {
        "self": "https://parcels.atlassian.net/rest/api/2/issue/18001",
        "key": "IT-4",
        "fields": {"summary": "My screen", "status": {"statusCategory": {"key": "done"}}},
    },
}
GENERIC = {
    "reference": "ZD-4711",
    "what_happened": "Promised twice, and nobody came.",
    "customer": "Mrs. Ólafsdóttir",
    "happened_at": "2026-11-30T17:00:00+01:00",
    "link": "https://helpdesk.example.com/tickets/4711",
    "rating": 1,
    "kind": "Delivery",
    "tags": ["late", "parcel"],
}

DELIVERIES: Mapping[str, tuple[object, ...]] = {
    "zendesk": (ZENDESK_RATED, ZENDESK_REOPENED, ZENDESK_SCORED),
    "intercom": (INTERCOM_RATED, INTERCOM_REPLIED, INTERCOM_TAGGED),
    "hubspot": (HUBSPOT_CHANGED,),
    "freshdesk": (FRESHDESK_RATED, FRESHDESK_OFFERED),
    "jira": (JIRA_UPDATED, JIRA_COMMENTED),
    "generic": (GENERIC,),
}
"""Each makes at least one signal; by the product's name."""


def delivery(
    body: object, headers: Mapping[str, str] | None = None, at: datetime = AT, method: str = "POST"
) -> Received:
    """A delivery with these headers; what is neither text nor bytes is sent as JSON."""
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    sent = body if isinstance(body, bytes) else body.encode()
    return Received(method, URL, {k.lower(): v for k, v in (headers or {}).items()}, sent, at)


def _base64(key: str, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key.encode(), message, "sha256")).decode()


def _zendesk(received: Received, secret: str, signed_at: datetime) -> Mapping[str, str]:
    time = signed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "x-zendesk-webhook-signature-timestamp": time,
        "x-zendesk-webhook-signature": _base64(secret, time.encode() + received.body),
    }


def _intercom(received: Received, secret: str, signed_at: datetime) -> Mapping[str, str]:
    signed = hmac.new(secret.encode(), received.body, hashlib.sha1).hexdigest()
    return {"x-hub-signature": f"sha1={signed}"}


def _hubspot(received: Received, secret: str, signed_at: datetime) -> Mapping[str, str]:
    time = str(int(signed_at.timestamp() * 1000))
    message = f"{received.method}{received.url}".encode() + received.body + time.encode()
    return {"x-hubspot-request-timestamp": time, "x-hubspot-signature-v3": _base64(secret, message)}


def _own_secret(received: Received, secret: str, signed_at: datetime) -> Mapping[str, str]:
    return {"x-amends-secret": secret}


SIGNERS: Mapping[str, Callable[[Received, str, datetime], Mapping[str, str]]] = {
    "zendesk": _zendesk,
    "intercom": _intercom,
    "hubspot": _hubspot,
    "freshdesk": _own_secret,
    "jira": _own_secret,
    "generic": _own_secret,
}


def signed(
    name: str, received: Received, secret: str = SECRET, signed_at: datetime | None = None
) -> Received:
    """The delivery as the product of this name signs it."""
    headers = SIGNERS[name](received, secret, signed_at or received.at)
    return received._replace(headers={**received.headers, **headers})
