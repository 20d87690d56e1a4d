"""A form that was open while somebody changed what it is about."""

import hashlib
from collections.abc import Mapping
from datetime import date
from json import dumps

from bot.domain.person import Person
from bot.messages.author import signed
from bot.messages.parts import (
    Bold,
    Context,
    Day,
    Fields,
    Form,
    FormField,
    Paragraph,
    Words,
    one_line,
)

NOT_SAVED = "Yours isn't saved yet. Save replaces what it says now."
SEEN = "seen"
"""Under this name a form carries what stood in it when it was drawn, as a checksum."""


def stamped(form: Form) -> Form:
    """The form, with a checksum of what stands in its fields."""
    stands = dumps([(field.name, field.value) for field in form.fields])
    seen = hashlib.sha256(stands.encode()).hexdigest()[:16]
    return form.model_copy(update={"hidden": {**form.hidden, SEEN: seen}})


def changed_meanwhile(
    now: Form, written: Mapping[str, str], who: Person | None, by: str, people: Mapping[str, Person]
) -> Form:
    """The form as it was filled in, and above it who changed it and what stands there now instead.

    `now` is the form as it would open now, `who` changed it, and `by` is the id of whoever reads it.
    `people` are those that it names.
    """
    name = "Somebody" if who is None else "You" if who.id == by else signed(who.name)
    rows = tuple((field.label, _standing(field, people)) for field in differing(now, written))
    above = (
        Paragraph(words=(Bold(text=f"{name} changed it meanwhile: look again."),)),
        Context(words=("What it says now, where yours differs:",)),
        Fields(rows=rows),
        Context(words=(NOT_SAVED,)),
    )
    fields = tuple(
        field.model_copy(update={"value": written.get(field.name, "")}) for field in now.fields
    )
    return now.model_copy(update={"parts": (*now.parts, *above), "fields": fields})


def differing(now: Form, written: Mapping[str, str]) -> list[FormField]:
    """The fields in which something else was written than what stands there now."""
    return [field for field in now.fields if written.get(field.name, "").strip() != field.value.strip()]


def _standing(field: FormField, people: Mapping[str, Person]) -> Words:
    """What a field would show if it were opened now."""
    if not field.value:
        return ("–",)
    if field.kind == "date":
        return (Day(day=date.fromisoformat(field.value)),)
    if field.kind == "person":
        return (people[field.value].name if field.value in people else "Somebody",)
    chosen = field.value.split(",") if field.kind == "choices" else [field.value]
    labels = {option.value: option.label for option in field.options}
    return (one_line(", ".join(labels.get(value, value) for value in chosen)),)
