"""What the writer alone reads from the language coach: their words, marked, and remarks on them."""

from collections.abc import Mapping, Sequence

from bot.coach.coach import Remark
from bot.messages.parts import (
    COACHED,
    MAX_TEXT_LENGTH,
    Bold,
    Context,
    Form,
    FormField,
    Inline,
    Message,
    Option,
    Paragraph,
    Part,
    shortened,
)

MAX_SHOWN = 8
"""Remarks at once; whoever mends these has mended most."""
READERS = (
    Option(value="customer", label="The customer"),
    Option(value="team", label="The team"),
)


def advised(form: Form, found: Sequence[Remark], values: Mapping[str, str], mark: str) -> Form:
    """The form as it was filled in, with what the coach says; it can be posted as it is all the same.

    `mark` comes back with it and tells the words that were read: changed ones are read once more.
    """
    return form.model_copy(
        update={
            "parts": (
                Paragraph(words=("Only you see this. Some words may land differently than you mean:",)),
                *_remarks(found),
            ),
            "fields": tuple(
                field.model_copy(update={"value": values.get(field.name, field.value)})
                for field in form.fields
            ),
            "submit": "Post as it is",
            "back": "Change it",
            "hidden": {**form.hidden, COACHED: mark},
        }
    )


def draft_form(text: str = "", reader: str = "customer", found: Sequence[Remark] = ()) -> Form:
    """Check a draft: the text, and once it was read, what the coach says of it."""
    return Form(
        verb="coach.draft",
        title="Check a draft",
        parts=_read(text, found) if text else (),
        fields=(
            FormField(
                name="text",
                label="Text",
                kind="text",
                needed=True,
                value=text,
                max_length=MAX_TEXT_LENGTH,
                hint="It is read here and kept nowhere.",
            ),
            FormField(
                name="reader", label="Who will read it", kind="choice", value=reader, options=READERS
            ),
        ),
        submit="Check again" if text else "Check",
    )


def read(text: str, found: Sequence[Remark]) -> Message:
    """A typed text, marked up."""
    parts = _read(text, found)
    return Message(summary=_count(found), title="Your draft", parts=parts)


def _read(text: str, found: Sequence[Remark]) -> tuple[Part, ...]:
    return (Context(words=(_count(found),)), Paragraph(words=_marked(text, found)), *_remarks(found))


def _count(found: Sequence[Remark]) -> str:
    if not found:
        return "I found nothing to remark on."
    return f"{len(found)} remark{'' if len(found) == 1 else 's'}, for you alone."


def _marked(text: str, found: Sequence[Remark]) -> tuple[Inline, ...]:
    """The text with the words that are remarked on standing out."""
    pieces: list[Inline] = []
    rest = shortened(text)
    for remark in found:
        before, words, after = rest.partition(remark.words) if remark.words else (rest, "", "")
        if words:
            pieces += [before, Bold(text=words)] if before else [Bold(text=words)]
            rest = after
    return (*pieces, rest) if rest else tuple(pieces)


def _remarks(found: Sequence[Remark]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for remark in found[:MAX_SHOWN]:
        head: tuple[Inline, ...] = (Bold(text=f"“{remark.words}”"), " · ") if remark.words else ()
        parts.append(Paragraph(words=(*head, remark.why)))
        parts.append(Context(words=(f"Better: {remark.instead}",)))
    if len(found) > MAX_SHOWN:
        parts.append(Context(words=(f"and {len(found) - MAX_SHOWN} more",)))
    return tuple(parts)
