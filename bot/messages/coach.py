"""What the writer alone reads from the language coach: their words, marked, and remarks on them."""

from collections.abc import Mapping, Sequence

from bot.coach.coach import Remark
from bot.messages.parts import (
    Bold,
    Context,
    Form,
    Inline,
    Message,
    Option,
    OtherWay,
    Paragraph,
    Part,
    shortened,
)

COACHED = "coached"
"""Hidden in a form whose remarks its writer has seen: it is posted as it is."""
MAX_SHOWN = 8
"""Remarks at once; whoever mends these has mended most."""
READERS = (
    Option(value="customer", label="The customer"),
    Option(value="team", label="The team"),
)


def advised(form: Form, remarks: Sequence[Remark], values: Mapping[str, str], mark: str) -> Form:
    """The form as it was filled in, with what the coach says; it can be posted as it is all the same.

    `mark` comes back with it and tells the words that were read: changed ones are read once more.
    """
    return form.model_copy(
        update={
            "parts": (
                Paragraph(words=("Only you see this. Some words may land differently than you mean:",)),
                *_remarks(remarks),
            ),
            "fields": tuple(
                field.model_copy(update={"value": values.get(field.name, field.value)})
                for field in form.fields
            ),
            "submit": "Post as it is",
            "other_way": OtherWay(label="Change it", hidden=form.hidden),
            "hidden": {**form.hidden, COACHED: mark},
        }
    )


def read(text: str, remarks: Sequence[Remark]) -> Message:
    """A typed text, marked up."""
    parts = above_draft(text, remarks)
    return Message(summary=_count(remarks), title="Your draft", parts=parts)


def above_draft(text: str, remarks: Sequence[Remark]) -> tuple[Part, ...]:
    """A text, marked up, and what there is to remark on it."""
    return (
        Context(words=(_count(remarks),)),
        Paragraph(words=_marked(text, remarks)),
        *_remarks(remarks),
    )


def _count(remarks: Sequence[Remark]) -> str:
    if not remarks:
        return "I found nothing to remark on."
    return f"{len(remarks)} remark{'' if len(remarks) == 1 else 's'}, for you alone."


def _marked(text: str, remarks: Sequence[Remark]) -> tuple[Inline, ...]:
    """The text with the words that are remarked on standing out."""
    pieces: list[Inline] = []
    rest = shortened(text)
    for remark in remarks:
        before, words, after = rest.partition(remark.words) if remark.words else (rest, "", "")
        if words:
            pieces += [before, Bold(text=words)] if before else [Bold(text=words)]
            rest = after
    return (*pieces, rest) if rest else tuple(pieces)


def _remarks(remarks: Sequence[Remark]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for remark in remarks[:MAX_SHOWN]:
        head: tuple[Inline, ...] = (Bold(text=f"“{remark.words}”"), " · ") if remark.words else ()
        parts.append(Paragraph(words=(*head, remark.why)))
        parts.append(Context(words=(f"Better: {remark.instead}",)))
    if len(remarks) > MAX_SHOWN:
        parts.append(Context(words=(f"and {len(remarks) - MAX_SHOWN} more",)))
    return tuple(parts)
