"""The fields of a command: declared once, and how each kind of them is drawn and read."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple, TypedDict, Unpack, cast

from pydantic import BaseModel, Field, field_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from bot.domain.days_off import Span, in_order
from bot.domain.errors import Refused, check_all
from bot.domain.written_day import read_day
from bot.messages.parts import MAX_TEXT_LENGTH, FieldKind, FormField, Option

Reader = Literal["team", "customer"]
"""For whom words are, which decides what the language coach remarks on."""


class Kind(NamedTuple):
    """How a field is filled in, which also says how what comes back is read (READERS)."""

    name: FieldKind


def storable(text: str) -> str:
    """The text without what no database stores: half a surrogate pair, and in PostgreSQL NUL."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


SEPARATOR = re.compile(r"[,;\n]")
UNTIL = re.compile(r"\s+(?:to|until|-)\s+|\s*[–—]\s*")
"""What stands between the first and the last of several days; the hyphens of a date are none of it."""


def read_spans(value: str) -> tuple[Span, ...]:
    """The days that `2026-12-24, 2026-12-31 to 2027-01-01` are; raises Refused for what is none."""
    pieces = (piece.strip() for piece in SEPARATOR.split(value))
    return in_order(_read_span(piece) for piece in pieces if piece)


def _read_span(piece: str) -> Span:
    first, *rest = (read_day(end.strip()) for end in UNTIL.split(piece))
    last = rest[0] if len(rest) == 1 else first
    if first is None or last is None or len(rest) > 1:
        raise Refused(f"I can't read {piece[:40]!r}: write 2026-12-24, or 2026-12-24 to 2026-12-31.")
    if last < first:
        raise Refused(f"{piece[:40]!r} ends before it starts: write the earlier day first.")
    return Span(first=first, last=last)


def _read_time(value: str) -> time | None:
    if not value:
        return None
    try:
        parsed = time.fromisoformat(value)
    except ValueError:
        parsed = None
    # "12:00+02:00" reads as a time too, but a time of day has no zone of its own here.
    if parsed is None or parsed.tzinfo is not None:
        raise Refused(f"{value[:40]!r} is not a time: write it like 16:30.")
    return parsed


def _read_weekdays(value: str) -> tuple[int, ...]:
    chosen = set(value.split(","))
    return tuple(day for day in range(7) if str(day) in chosen)


def _read_number(value: str) -> int | None:
    if not value:
        return None
    # What is no number is out of every range, whose own sentence then says what to write.
    return int(value) if value.isascii() and value.isdigit() and len(value) < 4 else -1


READERS: Mapping[FieldKind, Callable[[str], object]] = {
    "line": storable,
    "text": storable,
    "secret": storable,
    "choice": storable,
    "person": storable,
    "place": storable,
    "date": read_day,
    "time": _read_time,
    "choices": _read_weekdays,
    "number": _read_number,
    "tick": bool,
}
"""What reads the text that was filled in; raises Refused for what cannot be."""

Line = Annotated[str, Kind("line")]
"""A short text; empty when nothing was written."""
Text = Annotated[str, Kind("text")]
"""A long text; empty when nothing was written."""
Secret = Annotated[str, Kind("secret")]
"""What nobody may read again: a password or a token."""
Choice = Annotated[str, Kind("choice")]
"""The value of one option; empty when none was chosen."""
PersonId = Annotated[str, Kind("person")]
"""Somebody's id; empty when nobody was chosen."""
ChannelId = Annotated[str, Kind("place")]
"""A channel's id; empty when none was chosen."""
Day = Annotated[date | None, Kind("date")]
"""A whole day; None when it was left empty."""
Clock = Annotated[time | None, Kind("time")]
"""A time of day; None when it was left empty."""
NeededDay = Annotated[date, Kind("date")]
"""A whole day, in a field that is `needed`."""
NeededClock = Annotated[time, Kind("time")]
"""A time of day, in a field that is `needed`."""
Weekdays = Annotated[tuple[int, ...], Kind("choices")]
"""Days of the week in their order, Monday as 0; others are left out."""
Number = Annotated[int | None, Kind("number")]
"""A number from 0 to 999; -1 for what is none, None when it was left empty."""
Tick = Annotated[bool, Kind("tick")]
"""Whether it was ticked; a box that says neither got lost, and is refused with `needed`."""
MaybeTick = Annotated[bool | None, Kind("tick")]
"""Whether it was ticked; None when the form does not say."""

MAX_LINE_LENGTH = 200
MAX_LINK_LENGTH = 2000


class FieldSpec(BaseModel, frozen=True):
    """One field of a command's form, declared once.

    `name` is the form's, `needed` the sentence when it is left empty ("": it may be). `max_length`
    counts characters. `value` is what stands in it at first. A choice whose `options` are declared is
    one of them. `coach`: for whom the words are that the language coach reads; `whole`: they are an
    apology, and all that this reader gets, so what is missing is worth a remark. `hidden`: it comes
    back with the form and nobody fills it in.
    """

    name: str
    kind: FieldKind
    label: str = ""
    needed: str = ""
    hint: str = ""
    value: str = ""
    max_length: int = MAX_LINE_LENGTH
    options: tuple[Option, ...] = ()
    coach: Reader | None = None
    whole: bool = False
    hidden: bool = False
    check: Callable[[Any], None] | None = None
    """Refuses a value that is none, where that needs nothing but the value; an empty text is let by."""

    @field_validator("options", mode="before")
    @classmethod
    def _labelled(cls, options: Iterable[str | Option]) -> tuple[Option, ...]:
        """A value that has no label of its own is its label, too."""
        return tuple(
            Option(value=each, label=each) if isinstance(each, str) else each for each in options
        )

    def read(self, values: Mapping[str, str]) -> Any:
        """The value as it was filled in; raises Refused, with this field's name."""
        value, lost = values.get(self.name, ""), False
        if self.kind == "tick":
            lost = self.name not in values
        else:
            value = value.strip()
        if self.needed and (lost if self.kind == "tick" else not value):
            # What got lost is not there to stand beside.
            raise Refused(self.needed, None if lost else self.name)
        if lost:
            return None
        if len(value) > self.max_length:
            raise Refused(
                f"This has {len(value):,} characters and {self.max_length:,} fit: shorten it, "
                "or link to the rest.",
                self.name,
            )
        if value and self.options and value not in {option.value for option in self.options}:
            raise Refused(f"{self.label}: choose one from the list.", self.name)
        try:
            read = READERS[self.kind](value)
            if self.check is not None and read not in ("", None):
                self.check(read)
        except Refused as refused:
            raise Refused(refused.sentence, self.name) from None
        return read

    def drawn(self, value: str = "") -> FormField:
        """The field as it is drawn, with what stands in it at first."""
        return FormField(
            name=self.name,
            label=self.label,
            kind=self.kind,
            needed=bool(self.needed) and self.kind != "tick",
            value="" if self.kind == "secret" else value or self.value,
            options=self.options,
            hint=self.hint,
            max_length=self.max_length,
        )


class _Declared(TypedDict, total=False):
    """What `field` takes beside the label; see FieldSpec."""

    needed: str
    hint: str
    value: str
    max_length: int
    options: tuple[str, ...]
    coach: Reader
    whole: bool
    name: str
    hidden: bool
    check: Callable[[Any], None]


def choices(values: Iterable[str]) -> tuple[Option, ...]:
    """Options that are called what they are."""
    return tuple(Option(value=value, label=value) for value in values)


def field(label: str = "", **declared: Unpack[_Declared]) -> Any:
    """Declares a field of a command; it has no default: what the form does not say is never made up.

    See FieldSpec for what is declared. `options` are the values of a choice, which are their labels too;
    those that depend on what is stored are given when the form is drawn. `name` is the form's, where it
    is another than the attribute's.
    """
    return Field(json_schema_extra={"label": label, **cast("JsonDict", declared)})


def read_all(specs: Mapping[str, FieldSpec], values: Mapping[str, str]) -> dict[str, object]:
    """What each field says, by the keys of `specs`; raises one Refused that names every bad one."""
    read = check_all(*(partial(spec.read, values) for spec in specs.values()))
    return dict(zip(specs, read, strict=True))


def specs_of(fields: Mapping[str, FieldInfo]) -> Mapping[str, FieldSpec]:
    """What the fields of a class declare for its form, by their attributes; others are left out."""
    specs: dict[str, FieldSpec] = {}
    for attribute, info in fields.items():
        kind = next((each.name for each in info.metadata if isinstance(each, Kind)), None)
        declared = info.json_schema_extra
        if kind is not None and isinstance(declared, dict):
            of_kind = {"name": attribute, "kind": kind, "max_length": max_length(kind)}
            specs[attribute] = FieldSpec.model_validate({**of_kind, **declared})
    return specs


def max_length(kind: FieldKind) -> int:
    """How many characters a field of this kind has room for, when it does not say."""
    return MAX_TEXT_LENGTH if kind == "text" else MAX_LINE_LENGTH
