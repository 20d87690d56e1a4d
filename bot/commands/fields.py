"""Reads the fields of a submitted form; what cannot be read is refused beside its field."""

from collections.abc import Mapping
from datetime import date, time

from bot.domain.errors import Refused
from bot.domain.person import Person
from bot.domain.working_hours import LATEST
from bot.messages.parts import MAX_TEXT_LENGTH
from bot.ports import UnitOfWork
from bot.request import Request


def text(request: Request, field: str, *, needed: str = "", max_length: int = MAX_TEXT_LENGTH) -> str:
    """The field's text without the white space around it; `needed` is the sentence when it is empty."""
    value = _values(request).get(field, "").strip()
    if needed and not value:
        raise Refused(needed, field)
    if len(value) > max_length:
        raise Refused(
            f"This has {len(value):,} characters and {max_length:,} fit: shorten it, "
            "or link to the rest.",
            field,
        )
    # No database stores half a surrogate pair, PostgreSQL no NUL; nobody types either on purpose.
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def day(request: Request, field: str) -> date | None:
    """The field's date, or None when it is empty."""
    value = _values(request).get(field, "").strip()
    if not value:
        return None
    try:
        parsed = date.fromisoformat(value)
    except ValueError:
        raise Refused(f"{value[:40]!r} is not a date: write it like 2026-11-30.", field) from None
    if parsed > LATEST:
        raise Refused(f"{parsed.isoformat()} is too far away to be meant; look at the year.", field)
    return parsed


def clock(request: Request, field: str) -> time | None:
    """The field's time of day, or None when it is empty."""
    value = _values(request).get(field, "").strip()
    if not value:
        return None
    try:
        parsed = time.fromisoformat(value)
    except ValueError:
        parsed = None
    # "12:00+02:00" reads as a time too, but a time of day has no zone of its own here.
    if parsed is None or parsed.tzinfo is not None:
        raise Refused(f"{value[:40]!r} is not a time: write it like 16:30.", field)
    return parsed


def days(request: Request, field: str) -> tuple[int, ...]:
    """The field's days of the week, Monday as 0, in their order; others are left out."""
    chosen = set(_values(request).get(field, "").split(","))
    return tuple(day for day in range(7) if str(day) in chosen)


def person(request: Request, field: str, work: UnitOfWork) -> Person | None:
    """The chosen person, or None; refuses bots, people who left, and unknown ones."""
    value = _values(request).get(field, "").strip()
    if not value:
        return None
    chosen = work.people.get(value)
    if chosen is None:
        raise Refused("I do not know this person; choose somebody from the list.", field)
    if chosen.bot:
        raise Refused(f"{chosen.name} is a bot; choose a person.", field)
    if chosen.gone:
        raise Refused(f"{chosen.name} has left; choose somebody else.", field)
    return chosen


def _values(request: Request) -> Mapping[str, str]:
    return request.values or {}
