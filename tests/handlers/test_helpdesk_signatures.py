"""A delivery counts only when it is signed with the connection's secret, just now."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers.helpdesks import generic, hubspot, intercom, jira, zendesk
from handlers.helpdesks.product import Product, Received, SignatureError
from handlers.helpdesks.products import PRODUCTS
from tests.deliveries import AT, DELIVERIES, SECRET, delivery, signed
from tests.shared import SHARED

VECTORS = SHARED / "data" / "webhooks" / "vectors"
WITH_TIME = ("zendesk", "hubspot")
EVERY = pytest.mark.parametrize("name", PRODUCTS)


def vectors() -> list[Any]:
    file = VECTORS / "vectors.json"
    missing = pytest.mark.skip(reason=f"{file} is not there")
    if not file.is_file():
        return [pytest.param({}, marks=missing)]
    read = json.loads(file.read_text(encoding="utf-8"))
    return [pytest.param(one, id=f"{one['vendor']}{i}") for i, one in enumerate(read)]


@pytest.mark.parametrize("vector", vectors())
def test_what_the_products_publish_is_verified(vector: Mapping[str, Any]) -> None:
    body = (
        vector["body"].encode() if "body" in vector else Path(VECTORS, vector["body_file"]).read_bytes()
    )
    given, secret, headers = vector["expected"], vector["secret"], vector.get("headers", {})
    if vector["vendor"] == "zendesk":
        # Signed with the secret of everybody's tests, which no connection may have.
        time = headers["X-Zendesk-Webhook-Signature-Timestamp"]
        assert zendesk.signature(secret.encode(), time, body) == given
        assert zendesk.signature(secret.encode(), time, body + b" ") != given
        return
    at = AT
    if "X-HubSpot-Request-Timestamp" in headers:
        at = at.fromtimestamp(int(headers["X-HubSpot-Request-Timestamp"]) / 1000, at.tzinfo)
    version = {"X-HubSpot-Signature-Version": vector["version"]} if "version" in vector else {}
    sent = {key.lower(): value for key, value in {**headers, **version, vector["header"]: given}.items()}
    product = PRODUCTS[vector["vendor"]]
    received = Received(vector.get("method", "POST"), vector.get("url", ""), sent, body, at)
    product.verify(received, secret)
    forged(product, received._replace(body=body + b" "), secret)
    forged(product, received, f"{secret} ")


def forged(product: Product, received: Received, secret: str = SECRET) -> None:
    with pytest.raises(SignatureError):
        product.verify(received, secret)


def test_published_examples_hold_without_the_shared_files() -> None:
    hello = {
        "X-Hub-Signature": "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    }
    jira.verify(delivery("Hello World!", hello), "It's a Secret to Everybody")
    ping = {"X-Hub-Signature": "sha1=9ef9c2e01fe85132f2f36915072fb63c2f0a119f"}
    intercom.verify(
        delivery('{"type":"notification_event","topic":"ping"}', ping), "intercom-test-client-secret"
    )
    received = Received(
        "POST",
        "https://www.example.com/webhook_uri",
        {
            "x-hubspot-request-timestamp": "1693657560000",
            "x-hubspot-signature-v3": "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=",
        },
        b"{'example_field':'example_value'}",
        AT.fromtimestamp(1693657560, AT.tzinfo),
    )
    hubspot.verify(received, "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy")


@EVERY
def test_only_the_connections_secret_and_the_very_body_are_taken(name: str) -> None:
    product = PRODUCTS[name]
    received = signed(name, delivery(DELIVERIES[name][0]))
    product.verify(received, SECRET)
    for wrong in (f"{SECRET} ", SECRET[:-1], "", "Ólafsdóttir"):
        forged(product, received, wrong)
    forged(product, signed(name, received, ""), "")
    if "x-amends-secret" not in received.headers:
        forged(product, received._replace(body=received.body + b"\n"))


@EVERY
def test_a_missing_garbled_or_doubled_header_is_a_forgery(name: str) -> None:
    product = PRODUCTS[name]
    received = signed(name, delivery(DELIVERIES[name][0]))
    forged(product, received._replace(headers={}))
    for header, value in received.headers.items():
        without = {key: kept for key, kept in received.headers.items() if key != header}
        forged(product, received._replace(headers=without))
        for garbled in ("", "sha256=", value[:-1], f"{value}, {value}", "é\udce9\0", "9" * 5000, "-1"):
            forged(product, received._replace(headers={**received.headers, header: garbled}))


@pytest.mark.parametrize("name", WITH_TIME)
@pytest.mark.parametrize("off", [timedelta(minutes=-5, seconds=-1), timedelta(minutes=5, seconds=1)])
def test_a_time_that_is_more_than_five_minutes_off_is_a_forgery(name: str, off: timedelta) -> None:
    received = delivery(DELIVERIES[name][0])
    forged(PRODUCTS[name], signed(name, received, signed_at=AT + off))
    less = timedelta(minutes=5) if off > timedelta(0) else timedelta(minutes=-5)
    PRODUCTS[name].verify(signed(name, received, signed_at=AT + less), SECRET)


def test_a_signed_time_that_is_none_is_a_forgery() -> None:
    received = delivery("{}")
    for time in ("1234", "2026-11-30T16:30:00", "yesterday"):
        headers = {
            "x-zendesk-webhook-signature-timestamp": time,
            "x-zendesk-webhook-signature": zendesk.signature(SECRET.encode(), time, received.body),
        }
        forged(zendesk, received._replace(headers=headers))


def test_the_secret_of_everybodys_tests_proves_nothing() -> None:
    received = signed("zendesk", delivery("{}"), zendesk.TEST_SECRET)
    forged(zendesk, received, zendesk.TEST_SECRET)
    forged(zendesk, received)


def test_a_signature_without_a_time_does_not_stand_in_for_a_wrong_one_with_a_time() -> None:
    received = delivery(DELIVERIES["hubspot"][0])
    older = hashlib.sha256(SECRET.encode() + received.body).hexdigest()
    headers = {"x-hubspot-signature": older, "x-hubspot-signature-version": "v1"}
    hubspot.verify(received._replace(headers=headers), SECRET)
    forged(hubspot, received._replace(headers={**headers, "x-hubspot-signature-version": "v9"}))
    stale = signed("hubspot", received, signed_at=AT - timedelta(hours=1))
    forged(hubspot, stale._replace(headers={**headers, **stale.headers}))


@pytest.mark.parametrize(
    ("product", "header"), [(jira, "x-hub-signature"), (generic, "x-amends-signature")]
)
def test_who_signs_is_not_also_asked_for_the_secret(product: Product, header: str) -> None:
    received = delivery("{}")
    right = f"sha256={hmac.digest(SECRET.encode(), received.body, 'sha256').hex()}"
    product.verify(received._replace(headers={header: right}), SECRET)
    for wrong in (right.replace("sha256", "sha1"), right.removeprefix("sha256="), "sha256=00"):
        forged(product, received._replace(headers={header: wrong, "x-amends-secret": SECRET}))
