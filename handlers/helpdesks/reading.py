"""Reads the fields of a delivery: bounded, storable, or refused in a sentence that names the field."""

import hashlib
import html
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.domain.link import is_web_link
from bot.domain.signal import BEST_RATING, WORST_RATING, Signal
from bot.fields import MAX_LINE_LENGTH, MAX_LINK_LENGTH, storable
from bot.messages.parts import MAX_TEXT_LENGTH, shortened
from handlers.helpdesks.product import PayloadError, Received

Fields = Mapping[str, Any]
Found = Mapping[str, object]
"""Some of a signal's attributes; `what` says plainly what happened, where the customer said nothing."""

EPOCH = datetime.fromtimestamp(0, UTC)
MAX_TAGS, MAX_TAG_LENGTH = 50, 100
SHORT_ID = re.compile(r"[!-~]{1,200}")
NO_JSON = "This is not valid JSON: send it as {product} makes it, unchanged."
NUMBER = re.compile(r"[0-9]{1,20}")
"""The id of a ticket, where a product counts them."""
RATING = re.compile(r"([0-9])(?:\.0+)?")
YES_OR_NO = {"true": True, "false": False, "": False}
"""As those write it who can only send texts."""
COMMAS = re.compile(r"[,\n]")
COMMAS_AND_SPACES = re.compile(r"[,\s\[\]]+")
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the rest of a line around, our words too."""
TAG = re.compile(r"<[^<>]*>")
BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^<>]*>", re.IGNORECASE)


def decoded(body: bytes) -> str:
    """A body as text; raises PayloadError for what is no UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PayloadError("This is not UTF-8 text: send JSON in UTF-8.") from None


def parsed(text: str, otherwise: str) -> Any:
    """What JSON says; raises PayloadError with the sentence.

    Of a field that is there twice the first counts. Line breaks within a text may stand as they are.
    """
    try:
        return json.loads(text, strict=False, object_pairs_hook=_first_counts)
    except (ValueError, RecursionError):
        raise PayloadError(otherwise) from None


def read_object(body: bytes, otherwise: str) -> Fields:
    """The one object that a delivery is; raises PayloadError with the sentence."""
    read = parsed(decoded(body), otherwise)
    if not isinstance(read, Mapping):
        raise PayloadError(otherwise)
    return read


def _first_counts(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in pairs:
        read.setdefault(name, value)
    return read


def nested(fields: Fields, name: str) -> Fields:
    """The object under a name; empty when it is missing or null."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise PayloadError(f"{name} has to be an object.")
    return value


def listed(fields: Fields, name: str) -> Sequence[Fields]:
    """The objects in the list under a name; empty when it is missing or null."""
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise PayloadError(f"{name} has to be a list of objects.")
    return value


def words(fields: Fields, name: str, limit: int = MAX_TEXT_LENGTH) -> str:
    """The text under a name, shortened to what we store; a number as it is written, "" for null."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PayloadError(f"{name} has to be a text.")
    return _storable(str(value), limit)


def line(fields: Fields, name: str, limit: int = MAX_LINE_LENGTH) -> str:
    """The text under a name, in one line."""
    return shortened(" ".join(words(fields, name).split()), limit)


def _storable(text: str, limit: int) -> str:
    # Cut before it is cleaned, so that a huge text costs little.
    return shortened(UNSEEN.sub("", storable(text[: 4 * limit])).strip(), limit)


def plain(text: str) -> str:
    """What HTML says, without its tags."""
    return UNSEEN.sub("", html.unescape(TAG.sub("", BREAK.sub("\n", text)))).strip()


def link(fields: Fields, name: str) -> str:
    """The address under a name; "" for what is none, or longer than we store."""
    text = words(fields, name, MAX_LINK_LENGTH + 1)
    return text if is_web_link(text) and len(text) <= MAX_LINK_LENGTH and text.split() == [text] else ""


def ticket(fields: Fields, name: str, shape: re.Pattern[str], like: str) -> str:
    """The id of a ticket; raises PayloadError for what has not its shape."""
    text = words(fields, name, MAX_LINE_LENGTH)
    if not shape.fullmatch(text):
        raise PayloadError(f"{name} has to be a ticket's id like {like}.", text[:40])
    return text


def signal(found: Found, called: str, title: str, **facts: object) -> Signal:
    """A signal of these facts and of what was found: in the customer's words, or by the ticket's title.

    Where there is neither it says plainly what happened to the ticket, which is `called` so.
    """
    told = {name: value for name, value in found.items() if name != "what"}
    words = str(told.get("words") or title or f"{called}: {found['what']}")
    return Signal.model_validate({**facts, "what_happened": shortened(words, MAX_TEXT_LENGTH), **told})


def event_id(*parts: object) -> str:
    """One id of several parts; "" when one of them is missing."""
    texts = [str(part) for part in parts if isinstance(part, str | int) and part != ""]
    if len(texts) < len(parts):
        return ""
    id_ = "/".join(texts)
    return id_ if SHORT_ID.fullmatch(id_) else hashlib.sha256(ascii(id_).encode()).hexdigest()


def body_id(received: Received, told_when: str) -> str:
    """An id for an event that has none, made of its body; "" when that does not say a time."""
    return hashlib.sha256(received.body).hexdigest() if told_when else ""


def tags(value: object, name: str, separator: re.Pattern[str] = COMMAS) -> tuple[str, ...]:
    """Tags from a list or from one text, each once, in their order."""
    found = separator.split(value[:MAX_TEXT_LENGTH]) if isinstance(value, str) else value
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(tag, str) for tag in found):
        raise PayloadError(f"{name} has to be a list of texts.")
    clean = (" ".join(_storable(tag, MAX_TAG_LENGTH).split()) for tag in found)
    return tuple(dict.fromkeys(tag for tag in clean if tag))[:MAX_TAGS]


def is_true(fields: Fields, name: str) -> bool:
    """Whether true stands under a name, or is written there; PayloadError for what is neither."""
    value = fields.get(name)
    if value is None:
        return False
    if isinstance(value, str):
        value = YES_OR_NO.get(value.strip().casefold())
    if not isinstance(value, bool):
        raise PayloadError(f"{name} has to be true or false.")
    return value


def rating(value: object, name: str) -> int | None:
    """A rating from 1 to 5; None when nobody rated, and PayloadError for all else."""
    if value in (None, ""):
        return None
    written = "" if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value
    match = RATING.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None or not WORST_RATING <= int(match[1]) <= BEST_RATING:
        raise PayloadError(f"{name} has to be a number from {WORST_RATING} to {BEST_RATING}.")
    return int(match[1])


def moment(fields: Fields, name: str, at: datetime) -> datetime:
    """The time under a name, in UTC; when it is missing, or cannot be, when it was told to us."""
    text = line(fields, name)
    if not text:
        return at
    try:
        told = datetime.fromisoformat(text)
        if told.tzinfo is not None:
            return _possible(told.astimezone(UTC), at)
    except (ValueError, OverflowError):
        pass
    raise PayloadError(f"{name} has to be a time with its zone, like 2026-11-30T16:30:00Z.")


def moment_if_told(fields: Fields, name: str, at: datetime) -> datetime:
    """The same of what a product filled in, which nobody can write better: `at` for what is no time."""
    try:
        return moment(fields, name, at)
    except PayloadError:
        return at


def _possible(told: datetime, at: datetime) -> datetime:
    """The told time; `at` for one still to come, or so old that a team's zone has no such day."""
    return told if EPOCH <= told <= at else at


def counted_moment(fields: Fields, name: str, at: datetime, *, per_second: int = 1) -> datetime:
    """The time that is counted since 1970, in seconds or parts of them, by the rules of moment."""
    value = fields.get(name)
    if value is None:
        return at
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return _possible(datetime.fromtimestamp(value / per_second, UTC), at)
    except (OverflowError, OSError, ValueError):
        pass
    raise PayloadError(f"{name} has to be a time, as a number.")
