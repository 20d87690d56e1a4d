"""Long texts in a form: a platform's box may show only their beginning, and they stay whole."""

from bot.messages.parts import Form, FormField

SHORTEST_CUT = 220
"""No box shows fewer characters of a longer text."""
LONG = 1_000
"""From here on a form says that a text which is left as it is stays whole."""


def whole(written: str, stored: str) -> str:
    """What was written, or all that is stored where a box showed its beginning and nobody touched it.

    A beginning that somebody ends with an ellipsis themself cannot be told from one that was cut so.
    """
    beginning = written.strip().removesuffix("…")
    cut = beginning != written.strip() and len(beginning) + 1 >= SHORTEST_CUT
    return stored if cut and stored.startswith(beginning) else written


def said_to_stay(form: Form) -> Form:
    """The form of something stored, with a word under each long text that it stays whole."""
    return form.model_copy(update={"fields": tuple(map(_hinted, form.fields))})


def _hinted(field: FormField) -> FormField:
    if field.kind != "text" or len(field.value) <= LONG:
        return field
    hint = f"{field.hint} Left as it is, all {len(field.value):,} characters stay.".strip()
    return field.model_copy(update={"hint": hint})
