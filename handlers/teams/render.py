"""Messages and forms as Teams draws them, with every limit of Teams kept.

A dialog is the answer to whoever asked for it; what it keeps comes back in the data of its button.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    ChannelName,
    Context,
    Day,
    FieldKind,
    Form,
    FormField,
    Line,
    Message,
    Option,
    Paragraph,
    Typed,
    one_line,
    plain,
    pressable,
    row,
    shortened,
)
from handlers.teams.card import (
    CARD_BYTES,
    LABEL,
    LOOKS,
    MENTION,
    Element,
    card,
    escaped,
    fitted,
    size,
    text_block,
)
from handlers.teams.incoming import TICKED, UNTICKED

CARD = "application/vnd.microsoft.card.adaptive"
SUMMARY, DIALOG_TITLE = 300, 60
INPUT_TEXT, INPUT_TEXTS = 10_000, 5_000
"""Characters that a text field takes, alone or among several: more would not come back whole."""
LONG_LIST = 100
"""From here on choices leave out the heading that they would stand under, and are sorted by name."""
PEOPLE = "graph.microsoft.com/users"
FALLBACK = 1_500
"""Characters of what is read where no card can be drawn: help says every command there."""
PRESSED_BESIDE = "What to press next stands in a message of its own, behind this."
NO_CHANNEL = "Amends is in no channel of yours: add it to a team first"
NONE_CHECKED = "No channel can be chosen just now"
UNCHECKED = "Some channels could not be checked just now; open the form again to see them."


def message(message: Message) -> Element:
    """A message as the activity's `summary` (what a notification reads) and its one card."""
    return {
        "type": "message",
        "summary": _summary(message),
        "attachments": [_attached(card_of(message))],
    }


def card_of(message: Message) -> Element:
    """A message as its card alone."""
    fallback = shortened(plain(message, MENTION), FALLBACK)
    body, entities = fitted(message.title, message.parts, CARD_BYTES - size(fallback) - 300)
    summary = _summary(message)
    return card(body or [text_block(escaped(summary))], entities, fallbackText=fallback or summary)


def _summary(message: Message) -> str:
    # A sentence is its own summary, and may name what to type.
    words = plain(message, MENTION) if message.summary == plain(message) else message.summary
    return one_line(words, SUMMARY)


def button_to(form: Form, typed: str) -> Element:
    """The button that opens a form, with what was typed already: a dialog can only follow a click.

    It may be pressed elsewhere than where it was asked for, so it carries the form's channel. What the
    form says above its fields stands above the button, too: it may be a reason not to press it.
    """
    words = "Press the button, and the form opens."
    button = Button(
        label=form.title, command_name=form.command_name, about=form.about, look="main", opens=True
    )
    drawn = message(
        Message(
            summary=words, parts=(*form.parts, Paragraph(words=(words,)), Buttons(buttons=(button,)))
        )
    )
    carried = {"typed": typed, "channel": form.channel_id}
    data = drawn["attachments"][0]["content"]["body"][-1]["actions"][0]["data"]
    data |= {name: value for name, value in carried.items() if value}
    return drawn


def _attached(card: Element) -> Element:
    return {"contentType": CARD, "content": card}


def reading(message: Message) -> Element:
    """A message as a dialog's answer: words where words are all there is, else a card to read."""
    simple = not message.title and all(
        isinstance(part, Paragraph | Context)
        and all(isinstance(word, str | Bold | Typed | Day | ChannelName) for word in part.words)
        for part in message.parts
    )
    if simple:
        words = shortened(plain(message, MENTION), 1_000)
        return {"task": {"type": "message", "value": words or message.summary}}
    body, entities = fitted(message.title, message.parts, CARD_BYTES - 300, dialog=True)
    return _task("Amends", card(body or [text_block(escaped(message.summary))], entities), "medium")


def without_buttons(message: Message) -> Message:
    """A message for a dialog that stays open, because nothing in it can be pressed."""
    unpressed = {"button": None, "menu": ()}
    parts = (
        part.model_copy(update=unpressed) if isinstance(part, Line) else part
        for part in message.parts
        if not isinstance(part, Buttons)
    )
    return message.model_copy(update={"parts": (*parts, Context(words=(PRESSED_BESIDE,)))})


def only_buttons(message: Message) -> Message:
    """What can be pressed in a message, under what it is about."""
    buttons = row(tuple(pressable(message)))
    return Message(summary=message.summary, parts=(Paragraph(words=(message.summary,)), buttons))


def _task(title: str, card: Element, height: str) -> Element:
    info = {"title": one_line(title, DIALOG_TITLE), "height": height, "width": "medium"}
    return {"task": {"type": "continue", "value": {**info, "card": _attached(card)}}}


class FormContext:
    """What a form needs beside its fields: names, and a key for this one opening.

    `once` comes back with the submission, so that a repeat of it changes nothing. `unchecked`: some
    channels are missing among the channels, because nobody said in time who is in them.
    """

    def __init__(
        self,
        once: str,
        people: Mapping[str, Person] | None = None,
        channels: Sequence[Channel] = (),
        *,
        unchecked: bool = False,
    ) -> None:
        self.once = once
        self.people = people or {}
        self.channels = channels
        self.unchecked = unchecked


def dialog(content: Form, context: FormContext, faults: Mapping[str, str] | None = None) -> Element:
    """A form as a dialog's answer, with the sentences of what was wrong beside their fields."""
    return _task(
        content.title, form(content, context, faults), "large" if len(content.fields) > 3 else "medium"
    )


def form(form: Form, context: FormContext, faults: Mapping[str, str] | None = None) -> Element:
    """A form as a card for a dialog; what it keeps comes back in the data of its one button."""
    faults = faults or {}
    names = {field.name for field in form.fields}
    general = [sentence for name, sentence in faults.items() if name not in names]
    warned = [_warning(sentence) for sentence in general]
    actions = [_submit(form, context)] if form.submit else []
    if form.other_way:
        # What was remarked on is best changed: that is the main way to go on.
        changed = {"submit": form.other_way.label, "hidden": form.other_way.hidden}
        actions = [{**action, "style": "default"} for action in actions]
        actions.append(_submit(form.model_copy(update=changed), context))
    texts = sum(field.kind == "text" for field in form.fields)
    inputs: list[Element] = []
    for limit in (INPUT_TEXT if texts < 3 else INPUT_TEXTS, 4_000, 2_000, 1_000, 300):
        inputs = [piece for field in form.fields for piece in _field(field, context, faults, limit)]
        if size([*warned, *inputs, *actions]) <= CARD_BYTES - 1_500:
            break
    room = CARD_BYTES - size([*warned, *inputs, *actions]) - 300
    body, entities = fitted(None, form.parts, room, dialog=True) if form.parts else ([], [])
    nothing = [] if body or inputs or warned else [text_block(escaped(form.title))]
    more = {"actions": actions} if actions else {}
    return card([*warned, *body, *nothing, *inputs], entities, **more)


def _submit(form: Form, context: FormContext) -> Element:
    """The submit button; its data is all that comes back of the form it belongs to."""
    own = {
        "verb": form.command_name,
        "about": form.about,
        "place": form.channel_id,
        "kept": dict(form.hidden),
        "once": context.once,
    }
    for kind in ("person", "place", "tick"):
        names = [field.name for field in form.fields if field.kind == kind]
        own |= {kind + "s": names} if names else {}
    style = LOOKS[form.look]
    return {"type": "Action.Submit", "title": form.submit, **style, "data": {"amends": own}}


def _warning(sentence: str) -> Element:
    # The words say that it is a fault; the colour only helps.
    return text_block(escaped(f"Please look again: {sentence}"), weight="Bolder", color="Attention")


def _field(
    field: FormField, context: FormContext, faults: Mapping[str, str], limit: int
) -> Iterator[Element]:
    cut = field.kind in ("line", "text") and len(field.value) > min(field.max_length, limit)
    hint = (
        f"{field.hint} Only the first {min(field.max_length, limit):,} characters fit here."
        if cut
        else field.hint
    )
    drawn: Element = {**INPUTS[field.kind](field, context, limit), "id": field.name}
    if field.kind != "tick":  # its title says it already, beside the box
        drawn["label"] = one_line(field.label, LABEL)
    if field.needed:
        drawn |= {"isRequired": True, "errorMessage": f"{field.label} is needed."}
    yield drawn
    missing = UNCHECKED if field.kind == "place" and context.unchecked else ""
    for words in filter(None, (hint.strip(), missing)):
        yield text_block(escaped(words), size="Small", isSubtle=True, spacing="None")
    if field.name in faults:
        yield _warning(_with_what_was_typed(faults[field.name], field, drawn))


def _with_what_was_typed(sentence: str, field: FormField, drawn: Element) -> str:
    """The sentence, and what was typed where the box cannot show it: such a box is empty again."""
    typed = field.value if field.kind in ("date", "time", "number") else ""
    kept = "value" in drawn or not typed or typed in sentence
    return sentence if kept else f"You wrote {field.value[:40]!r}. {sentence}"


def _typed(field: FormField, _: FormContext, limit: int) -> Element:
    max_length = max(1, min(field.max_length, limit))
    drawn: Element = {"type": "Input.Text", "isMultiline": field.kind == "text", "maxLength": max_length}
    return {**drawn, **({"value": shortened(field.value, max_length)} if field.value else {})}


def _hidden(field: FormField, context: FormContext, limit: int) -> Element:
    return {**_typed(field, context, limit), "style": "password"}


def _plainly(kind: str, shape: str) -> Callable[[FormField, FormContext, int], Element]:
    """An input whose first value is only sent when it has the right shape: a wrong one is not drawn."""

    def draw(field: FormField, _: FormContext, __: int) -> Element:
        fits = re.fullmatch(shape, field.value)
        return {"type": kind, **({"value": field.value} if fits else {})}

    return draw


def _number(field: FormField, _: FormContext, __: int) -> Element:
    fits = re.fullmatch(r"-?\d{1,15}", field.value)
    return {"type": "Input.Number", **({"value": int(field.value)} if fits else {})}


def _choices(options: Sequence[Option]) -> list[Element]:
    """The choices; those of a long list by their own names, because headings cannot be drawn."""
    if len(options) <= LONG_LIST:
        return [{"title": option.label or option.value, "value": option.value} for option in options]
    named = [(option.label.removeprefix(f"{option.group}/"), option.value) for option in options]
    return [{"title": title, "value": value} for title, value in sorted(named)]


def _one_of(field: FormField, _: FormContext, __: int) -> Element:
    # The published schema of 1.5 does not know the style "filtered", which would search.
    drawn: Element = {"type": "Input.ChoiceSet", "style": "compact", "choices": _choices(field.options)}
    chosen = any(option.value == field.value for option in field.options)
    return {**drawn, **({"value": field.value} if chosen else {})}


def _several_of(field: FormField, _: FormContext, __: int) -> Element:
    style = "expanded" if len(field.options) <= 10 else "compact"
    drawn: Element = {"type": "Input.ChoiceSet", "isMultiSelect": True, "style": style}
    drawn["choices"] = _choices(field.options)
    return {**drawn, **({"value": field.value} if field.value else {})}


def _person(field: FormField, context: FormContext, _: int) -> Element:
    """The people picker; whoever is chosen already is added as a choice, so that their name shows."""
    drawn: Element = {
        "type": "Input.ChoiceSet",
        "choices": [],
        "choices.data": {"type": "Data.Query", "dataset": PEOPLE},
    }
    if field.value:
        drawn["value"] = field.value
        if person := context.people.get(field.value):
            drawn["choices"] = [{"title": person.name, "value": field.value}]
    return drawn


def _channel(field: FormField, context: FormContext, limit: int) -> Element:
    options = tuple(
        Option(value=channel.id, label=channel.name or channel.id) for channel in context.channels
    )
    none = (Option(value="", label=NONE_CHECKED if context.unchecked else NO_CHANNEL),)
    only = options[0].value if len(options) == 1 else ""
    drawn = {"options": options or none, "value": field.value or only}
    return _one_of(field.model_copy(update=drawn), context, limit)


def _tick(field: FormField, _: FormContext, __: int) -> Element:
    return {
        "type": "Input.Toggle",
        "title": field.label,
        "valueOn": TICKED,
        "valueOff": UNTICKED,
        "value": TICKED if field.value else UNTICKED,
        "wrap": True,
    }


INPUTS: Mapping[FieldKind, Callable[[FormField, FormContext, int], Element]] = {
    "line": _typed,
    "text": _typed,
    "secret": _hidden,
    "date": _plainly("Input.Date", r"\d{4}-\d{2}-\d{2}"),
    "time": _plainly("Input.Time", r"([01]\d|2[0-3]):[0-5]\d"),
    "person": _person,
    "place": _channel,
    "choice": _one_of,
    "choices": _several_of,
    "tick": _tick,
    "number": _number,
}
