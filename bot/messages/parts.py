"""The vocabulary of messages: frozen data that says what people read.

How it is drawn is the renderers' business.

Text is always plain: a renderer escapes it for its platform, a message never does. Links, names
and moments are their own inline pieces, so nothing that a person typed can become one.

Messages of the web workspace are stored: `kind` and the aliases are the names they are stored under.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    StringConstraints,
    model_validator,
)

from bot.domain.written_day import long_day, short_day


class Bold(BaseModel, frozen=True):
    """Words that stand out."""

    kind: Literal["strong"] = "strong"
    text: str


class Typed(BaseModel, frozen=True):
    """A command to type: its words without the name that each platform calls the bot by."""

    kind: Literal["typed"] = "typed"
    words: str


class Mention(BaseModel, frozen=True, populate_by_name=True, serialize_by_alias=True):
    """A person, so that the platform can show who it is and tell them; `name` where it cannot."""

    kind: Literal["mention"] = "mention"
    person_id: str = Field(alias="person")
    name: str


class ChannelName(BaseModel, frozen=True, populate_by_name=True, serialize_by_alias=True):
    """A channel that the platform can link to; `name` where it cannot."""

    kind: Literal["place"] = "place"
    channel_id: str = Field(alias="place")
    name: str


class Link(BaseModel, frozen=True):
    """Words that lead somewhere; `url` starts with http:// or https://, on a page also with a slash."""

    kind: Literal["link"] = "link"
    text: str
    url: str


class Timestamp(BaseModel, frozen=True):
    """A UTC moment, shown in the reader's own zone, or in `zone` where that is not known."""

    kind: Literal["moment"] = "moment"
    at: datetime
    zone: str


class Day(BaseModel, frozen=True):
    """A whole day, the same everywhere; `with_year` unless the reader knows which one."""

    kind: Literal["day"] = "day"
    day: date
    with_year: bool = True


Sign = Literal["late", "waiting", "yours", "done", "note"]


class Status(BaseModel, frozen=True):
    """How a thing stands, at a glance: a sign that each platform draws in its way, and a word."""

    kind: Literal["status"] = "status"
    sign: Sign
    text: str


Piece = Annotated[
    Bold | Typed | Mention | ChannelName | Link | Timestamp | Day | Status, Field(discriminator="kind")
]
Inline = str | Piece
Words = tuple[Inline, ...]


def joined(*facts: Words) -> Words:
    """Facts on one line, with a dot between each two; an empty one is left out."""
    words: list[Inline] = []
    for fact in filter(None, facts):
        words += [" · ", *fact] if words else fact
    return tuple(words)


def linked(text: str, url: str | None) -> Inline:
    """Words that lead somewhere, or plain ones where nobody knows where that is."""
    return Link(text=text, url=url) if url else text


class Paragraph(BaseModel, frozen=True):
    """A few sentences of ours."""

    kind: Literal["paragraph"] = "paragraph"
    words: Words


class Context(BaseModel, frozen=True):
    """A quiet line: states, dates, counts."""

    kind: Literal["small"] = "small"
    words: Words


class Quote(BaseModel, frozen=True):
    """People's own words, drawn exactly as typed, line breaks and all. Never empty."""

    kind: Literal["quote"] = "quote"
    text: str


class Pasted(BaseModel, frozen=True):
    """What is to be copied into another program, character by character and never shortened: ours."""

    kind: Literal["pasted"] = "pasted"
    text: str


class Fields(BaseModel, frozen=True):
    """Labelled values, a row each; at most ten (Slack's limit on a section's fields)."""

    kind: Literal["facts"] = "facts"
    rows: tuple[tuple[str, Words], ...]


OFFERED = "typed:"
"""Begins a button's `about` where it carries words that somebody typed, which follow."""


class Button(BaseModel, frozen=True, populate_by_name=True, serialize_by_alias=True):
    """Something to press: the command it asks for, and what about."""

    label: str
    command_name: str = Field(alias="verb")
    about: str
    look: Literal["plain", "main", "danger"] = "plain"
    opens: bool = False
    """Opens a form (or a text to read) instead of acting at once."""


class Buttons(BaseModel, frozen=True):
    """A row of buttons, and the menu of what else can be done; at least one of either."""

    kind: Literal["buttons"] = "buttons"
    buttons: tuple[Button, ...] = ()
    menu: tuple[Button, ...] = ()


class Line(BaseModel, frozen=True):
    """One thing in a list: its words, what to press beside them, and the menu of what else."""

    kind: Literal["line"] = "line"
    words: Words
    button: Button | None = None
    menu: tuple[Button, ...] = ()


class ProgressStep(BaseModel, frozen=True):
    """One step on the way, and whether it is behind us."""

    label: str
    state: Literal["done", "next", "to come"]


class Progress(BaseModel, frozen=True):
    """The whole way on one line: what is done, what is next, what is to come."""

    kind: Literal["progress"] = "progress"
    steps: tuple[ProgressStep, ...]


class Divider(BaseModel, frozen=True):
    """A thin rule between two things."""

    kind: Literal["divider"] = "divider"


MAX_ROWS, MAX_COLUMNS = 100, 20
"""Of a table; Slack's `data_table` takes 20 columns, and takes 100 rows everywhere."""
MAX_SERIES, MAX_POINTS = 6, 20
"""Of a chart; a pie has as many slices as another chart has series."""
MAX_LABEL = 20
"""Characters of what stands beside an axis or in a legend (Slack's limit)."""

Cell = str | int | float
Label = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LABEL)]


class Table(BaseModel, frozen=True):
    """Rows under their columns; the first cell of a row names it, and the caption all of them."""

    kind: Literal["table"] = "table"
    caption: str = Field(min_length=1)
    columns: tuple[str, ...] = Field(min_length=1, max_length=MAX_COLUMNS)
    rows: tuple[tuple[Cell, ...], ...] = Field(min_length=1, max_length=MAX_ROWS)

    @model_validator(mode="after")
    def _is_even(self) -> Self:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("each row of a table has a cell for each column")
        return self


class Series(BaseModel, frozen=True):
    """What is counted, and how often it is there under each label of its chart."""

    name: Label
    values: tuple[NonNegativeInt | NonNegativeFloat, ...]


class Chart(BaseModel, frozen=True):
    """Figures as a picture, with the sentence that says what it shows; its table always follows.

    `labels` stand along the axis that `axis` names, `unit` is what is counted. A pie has one series,
    and a slice for each label.
    """

    kind: Literal["chart"] = "chart"
    look: Literal["line", "bar", "area", "pie"]
    title: str = Field(min_length=1, max_length=50)
    sentence: str = Field(min_length=1)
    axis: str = Field(min_length=1, max_length=50)
    unit: str = Field(min_length=1, max_length=50)
    labels: tuple[Label, ...] = Field(min_length=1, max_length=MAX_POINTS)
    series: tuple[Series, ...] = Field(min_length=1, max_length=MAX_SERIES)

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        names = [series.name for series in self.series]
        if len({*names}) < len(names) or len({*self.labels}) < len(self.labels):
            raise ValueError("two series, or two labels, are called the same")
        if any(len(series.values) != len(self.labels) for series in self.series):
            raise ValueError("each series of a chart has a value for each label")
        if self.look == "pie" and (len(names) > 1 or len(self.labels) > MAX_SERIES):
            raise ValueError(f"a pie has one series, of {MAX_SERIES} slices at most")
        if self.look == "pie" and 0 in self.series[0].values:
            raise ValueError("a slice of a pie is more than nothing")
        return self

    @property
    def table(self) -> Table:
        """The same figures to read: a row for each series, or for each label where those are many.

        What is across has to fit a telephone.
        """
        names = tuple(series.name for series in self.series)
        if len(names) > 1 and len(self.labels) <= MAX_SERIES:
            columns = (self.unit, *self.labels)
            rows = tuple((series.name, *series.values) for series in self.series)
        else:
            columns = (self.axis, *names)
            by_label = zip(*(series.values for series in self.series), strict=True)
            rows = tuple((label, *row) for label, row in zip(self.labels, by_label, strict=True))
        return Table(caption=self.title, columns=columns, rows=rows)


Part = Annotated[
    Paragraph | Context | Quote | Pasted | Fields | Buttons | Line | Progress | Divider | Table | Chart,
    Field(discriminator="kind"),
]
MENU = "More…"
"""What a menu is called where it has a word."""
SHOW_MORE = "Show more"
"""The way to the next part of a long list."""


MAX_IN_ROW = 3
"""Buttons that stand beside each other; a fourth would be one too many to choose from."""
MAX_IN_MENU = 5
"""Entries of one menu (Slack's three dots hold no more); the rest is behind one of them."""
ROW_CHARACTERS = 54
"""What the labels of three of them hold together; with more, the menu no longer fits beside them.

Measured in the pictures, where a message of Slack is at most 600 pixels wide."""


def row(buttons: Sequence[Button], menu: Sequence[Button] = ()) -> Buttons:
    """What can be done: two or three beside each other, all else in the menu, and one that is next.

    The first that looks like the main one comes first and alone keeps that look.
    """
    first = next((button for button in buttons if button.look == "main"), None)
    others = [
        button.model_copy(update={"look": "plain"}) if button.look == "main" else button
        for button in buttons
        if button is not first
    ]
    ordered = (*((first,) if first else ()), *others)
    fits = sum(len(button.label) for button in ordered[:MAX_IN_ROW]) <= ROW_CHARACTERS
    shown = MAX_IN_ROW if fits else MAX_IN_ROW - 1
    return Buttons(buttons=ordered[:shown], menu=(*ordered[shown:], *menu))


def in_list(words: Words, buttons: Sequence[Button], menu: Sequence[Button] = ()) -> Line:
    """A thing of a list: what would be first in its row beside it, all else in its menu."""
    first = row(buttons, menu)
    ordered = (*first.buttons, *first.menu)
    return Line(words=words, button=ordered[0] if ordered else None, menu=ordered[1:])


class Message(BaseModel, frozen=True, populate_by_name=True, serialize_by_alias=True):
    """What the bot says. `title` is its headline; `summary` the one sentence a notification reads."""

    summary: str = Field(alias="gist")
    title: str | None = None
    parts: tuple[Part, ...] = ()


class Superseded(Message, frozen=True):
    """What has nothing to say any more: it is deleted, and says this where that is not allowed."""


class Option(BaseModel, frozen=True):
    """One choice; `group` is the heading it stands under in a long list."""

    value: str
    label: str
    group: str = ""


FieldKind = Literal[
    "line", "text", "secret", "date", "time", "person", "place", "choice", "choices", "tick", "number"
]


class FormField(BaseModel, frozen=True, populate_by_name=True, serialize_by_alias=True):
    """One thing to fill in. `max_length` counts characters; `value` is what stands there at first.

    What is filled in as a "secret" is never shown again, kept as a draft, nor sent back.
    """

    name: str
    label: str
    kind: FieldKind = "line"
    needed: bool = False
    value: str = ""
    options: tuple[Option, ...] = ()
    hint: str = ""
    max_length: int = Field(200, alias="longest")


class OtherWay(BaseModel, frozen=True):
    """A second way to send a form: what it says, and what comes back instead of the form's `hidden`."""

    label: str
    hidden: Mapping[str, str] = Field(default_factory=dict)


class Form(BaseModel, frozen=True, populate_by_name=True, serialize_by_alias=True):
    """A dialog: the command that its submission asks for, and what about.

    Without `submit` it is only for reading. `channel_id` is the channel it belongs to; `hidden`
    comes back with the values as it was sent (ids only: it travels through the person's client).
    `look` is its submit button's: danger where it ends something, or takes it away.
    A form with an `other_way` lies over the one that was filled in before, where a platform can do that.
    """

    command_name: str = Field(alias="verb")
    title: str
    about: str = ""
    channel_id: str = Field("", alias="place")
    parts: tuple[Part, ...] = ()
    fields: tuple[FormField, ...] = ()
    submit: str = ""
    look: Literal["main", "danger"] = Field("main", exclude_if=lambda look: look == "main")
    other_way: OtherWay | None = None
    hidden: Mapping[str, str] = Field(default_factory=dict, alias="kept")

    @property
    def way_out(self) -> str:
        """What the button says that closes it unsent: never nearly what the other one says."""
        if not self.submit:
            return "Close"
        return "Keep it" if self.submit.startswith("Cancel") else "Cancel"


MAX_TEXT_LENGTH = 40_000
"""Longer than any text Slack can carry (its message text ends at 40,000 characters)."""
SHOWN_TEXT = 1_200
"""What a message shows of a long text; the rest is one click away."""
SHOWN_LINE = 120


DANGLING = re.compile(r"[\s.,;:!?…–—(\[-]{1,5}$")
"""What no ellipsis follows: `dark.…` reads as a slip."""


def shortened(text: str, limit: int = SHOWN_TEXT) -> str:
    """At most `limit` characters of a text, cut at a word where one is near, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ", limit * 3 // 4)
    return with_ellipsis(cut[:space] if space > 0 else cut)


def with_ellipsis(beginning: str) -> str:
    """The beginning of a text that goes on, without the marks that it happens to end in."""
    return DANGLING.sub("", beginning.rstrip()) + "…"


def one_line(text: str, limit: int = SHOWN_LINE) -> str:
    """A text on one line, shortened."""
    return shortened(" ".join(text.split()), limit)


CALLED = "/amends"
"""How the bot is called where commands are typed, unless a platform has a way of its own."""


def plain_words(words: Iterable[Inline], called: str = CALLED) -> str:
    """Inline pieces as plain text."""
    return "".join(_plain_piece(piece, called) for piece in words)


def _plain_piece(piece: Inline, called: str) -> str:
    match piece:
        case str():
            return piece
        case Typed():
            return f"{called} {piece.words}"
        case Mention() | ChannelName():
            return piece.name
        case Timestamp():
            return f"{piece.at:%Y-%m-%d %H:%M} UTC"
        case Day():
            return day_words(piece)
        case Link() | Bold() | Status():
            return piece.text


def working_days(count: int) -> str:
    """`1 working day`, `3 working days`."""
    return f"{count} working day{'' if count == 1 else 's'}"


def on(day: date, today: date) -> Day:
    """A day as it is said on another one: with its year only when that is another."""
    return Day(day=day, with_year=day.year != today.year)


def day_words(piece: Day) -> str:
    """`Sun 22 Nov 2026`, or `Sun 22 Nov`."""
    return long_day(piece.day) if piece.with_year else short_day(piece.day)


def plain(message: Message, called: str = CALLED) -> str:
    """The whole message as plain text, without its buttons: for screen readers and logs of speech."""
    lines = [message.title] if message.title else []
    for part in message.parts:
        match part:
            case Paragraph() | Context() | Line():
                lines.append(plain_words(part.words, called))
            case Quote() | Pasted():
                lines.append(part.text)
            case Fields():
                lines.extend(f"{label}: {plain_words(words, called)}" for label, words in part.rows)
            case Progress():
                lines.append(plain_progress(part))
            case Table():
                lines.extend([part.caption, *table_lines(part)])
            case Chart():
                lines.extend([part.sentence, *table_lines(part.table)])
            case Buttons() | Divider():
                pass
    return "\n".join(lines)


def plain_progress(progress: Progress) -> str:
    """`Done: Hear. Next: Apologise. To come: Promise, Keep it.`"""
    said = []
    for state in ("done", "next", "to come"):
        labels = [step.label for step in progress.steps if step.state == state]
        if labels:
            said.append(f"{state.capitalize()}: {', '.join(labels)}.")
    return " ".join(said)


def shown_cell(cell: Cell) -> str:
    """A cell as it is read: a number to one decimal, where it has any, and a dash for nothing."""
    return (cell.strip() or "–") if isinstance(cell, str) else f"{round(cell, 1):,}".removesuffix(".0")


def table_rows(table: Table) -> list[tuple[str, str]]:
    """A table in words, row by row: what it names, and `Oct 1, Nov 2`, or `3` of one thing only."""
    rows = []
    for first, *others in table.rows:
        said = [shown_cell(cell) for cell in others]
        if len(said) > 1:
            said = [f"{column} {cell}" for column, cell in zip(table.columns[1:], said, strict=True)]
        rows.append((shown_cell(first), ", ".join(said)))
    return rows


def table_lines(table: Table) -> list[str]:
    """The same, a line for each row: `Training: Oct 1, Nov 2`."""
    return [": ".join(filter(None, row)) for row in table_rows(table)]


def pressable(message: Message | Form) -> Iterator[Button]:
    """Every button of a message or a form, in its rows, beside its lines and in its menus."""
    for part in message.parts:
        match part:
            case Buttons():
                yield from (*part.buttons, *part.menu)
            case Line():
                yield from (*((part.button,) if part.button else ()), *part.menu)


def headed(text: str) -> tuple[Part, ...]:
    """What a thing is, bold on one line; all of it below, where not every word stands in that."""
    short = one_line(text)
    head = Paragraph(words=(Bold(text=short),))
    return (head,) if short.split() == text.split() else (head, Quote(text=shortened(text)))


def sentence(*words: Inline) -> Message:
    """A message of one sentence."""
    return Message(summary=plain_words(words), parts=(Paragraph(words=words),))


def with_button(words: str, button: Button | None) -> Message:
    """A message of one sentence, and what can be done about it, where that is known."""
    said = sentence(words)
    row_of_it = (Buttons(buttons=(button,)),) if button else ()
    return said.model_copy(update={"parts": (*said.parts, *row_of_it)})


def offering(form: Form, button: Button | None) -> Form:
    """A form that was refused once more, with what can be done instead, which it offers once."""
    if button is None or button in pressable(form):
        return form
    return form.model_copy(update={"parts": (*form.parts, Buttons(buttons=(button,)))})


class Page(NamedTuple):
    """Which part of a long list it is, from 0, and whether the list goes on."""

    number: int = 0
    more: bool = False


FIRST_PAGE = Page()


def rest_of(command_name: str, page: Page) -> tuple[Part, ...]:
    """At the end of a part of a list that goes on: that there is more, and the way to it."""
    about = str(page.number + 1)
    button = Button(label=SHOW_MORE, command_name=command_name, about=about, opens=True)
    return (Line(words=("There are more, less urgent.",), button=button),) if page.more else ()
