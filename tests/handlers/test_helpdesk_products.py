"""What every helpdesk's file holds to, whatever is sent to it, and that its page says what it says."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bot.domain.signal import BEST_RATING, WORST_RATING, Signal
from bot.fields import MAX_LINE_LENGTH, MAX_LINK_LENGTH, storable
from bot.helpdesks import Helpdesks
from bot.messages.parts import MAX_TEXT_LENGTH
from handlers.helpdesks import freshdesk, generic, jira, pasted, reading, zendesk
from handlers.helpdesks.product import PayloadError, Product, Received
from handlers.helpdesks.products import PRODUCTS
from tests.deliveries import AT, DELIVERIES, SECRET, URL, delivery
from tests.shared import ROOT, SHARED

EVERY = pytest.mark.parametrize("name", PRODUCTS)
PAGES = {name: "anything" if name == "generic" else name for name in PRODUCTS}
TEMPLATES = {"zendesk": zendesk.TEMPLATE, "freshdesk": freshdesk.TEMPLATE, "jira": jira.TEMPLATE}
STORED = sorted((SHARED / "data" / "webhooks" / "vectors").glob("*.json"))


@EVERY
def test_a_product_has_the_same_functions_and_constants(name: str) -> None:
    product = PRODUCTS[name]
    assert isinstance(product, ModuleType)
    assert product.TITLE
    assert isinstance(product.OWN_SECRET, bool)
    assert all(re.fullmatch(r"(?:\*\.)?[a-z0-9.-]+\.[a-z]+", host) for host in product.HOSTS)
    for function in ("verify", "read", "note", "notes", "instructions"):
        asked = inspect.signature(getattr(Product, function)).parameters
        assert list(inspect.signature(getattr(product, function)).parameters) == list(asked)[1:]


def test_the_folder_holds_each_product_once_and_no_product_that_is_not_listed() -> None:
    folder = ROOT / "handlers" / "helpdesks"
    with_note = {path.stem for path in folder.glob("*.py") if "\ndef note(" in path.read_text()}
    assert with_note == set(PRODUCTS)


def read(name: str, received: Received) -> list[Signal] | None:
    """The signals, held to what everybody may rely on; None for what cannot be read."""
    try:
        signals = list(PRODUCTS[name].read(received))
    except PayloadError as unreadable:
        sentence = str(unreadable)
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert len(sentence) < 200
        assert storable(sentence) == sentence
        return None
    for signal in signals:
        assert signal.ticket
        assert signal.reference
        assert signal.what_happened
        assert signal.at.tzinfo is not None
        assert signal.at <= received.at
        assert signal.rating is None or WORST_RATING <= signal.rating <= BEST_RATING
        lines = (signal.event_id, signal.ticket, signal.reference, signal.customer, signal.kind)
        for line in (*lines, signal.priority, *signal.tags):
            assert len(line) <= MAX_LINE_LENGTH
            assert "\n" not in line
        assert len(signal.tags) <= reading.MAX_TAGS
        assert len(signal.link) <= MAX_LINK_LENGTH
        assert len(signal.what_happened) <= MAX_TEXT_LENGTH
        assert len(signal.words) <= MAX_TEXT_LENGTH
        stored = signal.model_dump_json()
        assert storable(signal.what_happened + signal.words) == signal.what_happened + signal.words
        assert "\\u0000" not in stored
    return signals


@EVERY
def test_a_documented_delivery_makes_signals(name: str) -> None:
    for body in DELIVERIES[name]:
        assert read(name, delivery(body))


@EVERY
@pytest.mark.parametrize("file", STORED or [pytest.param(None, marks=pytest.mark.skip("not there"))])
def test_every_stored_body_is_read_or_refused_in_a_sentence(name: str, file: Path) -> None:
    read(name, delivery(file.read_bytes()))


ODD: tuple[object, ...] = (
    *(None, True, 0, -1, 1.5, 10**30, 10**400, "", "x", "4711", "\0", "\ud800", "a\nb", "x" * 300_000),
    *([], [None], ["\ud83d", "\0", 3], {}, {"id": []}, [{"name": None}], [[[]]], {"tags": {"tags": 1}}),
    *(
        "{{ticket.id}}",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "2026-11-30",
        "5",
        "-103",
    ),
)


def bent(value: object, odd: object) -> Iterator[object]:
    """The same with one of its parts replaced, for each of them."""
    yield odd
    if isinstance(value, dict):
        for key, part in value.items():
            yield {other: kept for other, kept in value.items() if other != key}
            for changed in bent(part, odd):
                yield {**value, key: changed}
    if isinstance(value, list):
        for place, part in enumerate(value):
            for changed in bent(part, odd):
                yield [*value[:place], changed, *value[place + 1 :]]


@EVERY
def test_whatever_stands_in_a_field_is_read_or_refused_in_a_sentence(name: str) -> None:
    tried = 0
    for body in DELIVERIES[name]:
        for odd in ODD:
            for one in bent(body, odd):
                read(name, delivery(json.dumps(one)))
                tried += 1
    assert tried > 200


@EVERY
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"\xff\xfe", b"\xef\xbb\xbf", b"null", b"NaN", b"1e999", b'"', b"{", b'{"event":'),
        *(b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000, b'{"event": "rated",}', b'{"ticket": NaN}'),
        b'\n"event": "rated",\n"ticket": ' + b"[" * 100_000,
        b'"event":\n' * 50_000,
        b"a=b&c=d",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_broken_body_is_refused_in_a_sentence(name: str, body: bytes) -> None:
    assert not read(name, delivery(body))


@EVERY
def test_a_page_says_what_the_instructions_say(name: str) -> None:
    page = (ROOT / "docs" / f"connect-{PAGES[name]}.md").read_text(encoding="utf-8")
    flat = " ".join(page.split())
    assert "Type `/amends connect` in the team's channel" in flat
    choice = Helpdesks(PRODUCTS, "", lambda hosts, origin: False).choice(name)
    assert f"choose **{choice}**" in flat
    address, secret = "https://amends.example.com/hooks/THE_ADDRESS", "THE_SECRET"
    steps = PRODUCTS[name].instructions(address, "" if PRODUCTS[name].OWN_SECRET else secret)
    for number, step in enumerate(steps, 1):
        assert f"{number}. {step.text}" in flat
        indented = re.sub("^", " " * len(f"{number}. "), step.paste, flags=re.MULTILINE)
        assert not step.paste or f"\n{indented}\n" in page


@EVERY
def test_the_instructions_hold_the_address_and_the_secret_where_we_make_it(name: str) -> None:
    product = PRODUCTS[name]
    pasted_there = [step.paste for step in product.instructions(URL, SECRET)]
    assert URL in pasted_there
    assert any(SECRET in paste for paste in pasted_there) != product.OWN_SECRET


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_has_the_fields_in_an_order_in_which_customers_words_come_last(template: str) -> None:
    there = re.findall(r'^  "(\w+)": ', template, re.MULTILINE)
    assert there == [field for field in pasted.FIELDS if field in there]
    assert {"event", "ticket", "rating", "words"} <= set(there)
    assert there[-3:] == ["customer", "title", "words"]


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_for_ratings_sends_no_comment_that_may_be_a_colleagues(template: str) -> None:
    """The last comment on a rated ticket is seldom the customer's, and may be internal."""
    (words,) = re.findall(r'"words": (.*)', template)
    assert words in ('""', '"{{satisfaction.current_comment}}"')


def test_each_field_that_the_examples_show_is_explained_on_the_page() -> None:
    page = (ROOT / "docs" / "connect-anything.md").read_text(encoding="utf-8")
    explained = {
        name
        for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert {*json.loads(generic.EXAMPLE), *json.loads(generic.MORE)} == explained


def test_the_example_of_the_instructions_is_read() -> None:
    (signal,) = generic.read(delivery(generic.EXAMPLE))
    assert set(json.loads(generic.EXAMPLE)) == {
        *("reference", "what_happened", "customer", "happened_at", "link", "rating", "kind", "tags")
    }
    assert (signal.reference, signal.rating, signal.at) == ("ZD-4711", 1, AT)
