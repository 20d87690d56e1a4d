"""What the writer alone reads from the language coach: their words, marked, and remarks on them."""

import re
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
    Option(value="apology", label="The customer, as an apology"),
    Option(value="team", label="The team"),
)
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def advised(form: Form, remarks: Sequence[Remark], values: Mapping[str, str], mark: str) -> Form:
    """The form as it was filled in, with what the coach says; it can be posted as it is all the same.

    `mark` comes back with it and tells the words that were read: changed ones are read once more.
    """
    # What a form was drawn from stays what it was: somebody may have changed it since.
    kept = {name: values.get(name, value) for name, value in form.hidden.items()}
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
            "other_way": OtherWay(label="Change it", hidden=kept),
            "hidden": {**kept, COACHED: mark},
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
    number = _NUMBERS[len(remarks)] if len(remarks) < len(_NUMBERS) else str(len(remarks))
    return f"{number} suggestion{'' if len(remarks) == 1 else 's'}, only for you."


def _marked(text: str, remarks: Sequence[Remark]) -> tuple[Inline, ...]:
    """The text with the words that are remarked on standing out."""
    words = sorted({words for remark in remarks for words in _words(remark)}, key=len, reverse=True)
    if not words:
        return (shortened(text),)
    named = "|".join(re.escape(each) for each in words)
    pieces = re.split(rf"(?<!\w)({named})(?!\w)", shortened(text))
    return tuple(
        Bold(text=piece) if number % 2 else piece for number, piece in enumerate(pieces) if piece
    )


def _words(remark: Remark) -> tuple[str, ...]:
    """All words of the text that it is about; none where something is missing."""
    return tuple(words for words in (remark.words, *remark.also) if words)


def _remarks(remarks: Sequence[Remark]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for remark in remarks[:MAX_SHOWN]:
        head: list[Inline] = []
        for words in _words(remark):
            head += [", " if head else "", Bold(text=f"“{words}”")]
        parts.append(Paragraph(words=(*filter(None, head), *([" · "] if head else []), remark.why)))
        parts.append(Context(words=(f"Better: {remark.instead}",)))
    if len(remarks) > MAX_SHOWN:
        parts.append(Context(words=(f"and {len(remarks) - MAX_SHOWN} more",)))
    return tuple(parts)
