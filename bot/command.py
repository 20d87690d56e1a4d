"""What people ask the bot: an adapter's Request, the typed Command that it becomes, and the Reply.

A command says once what its form asks. The form is drawn from that, what comes back is parsed by it, and
the language coach reads what it says.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import (
    Any,
    ClassVar,
    Literal,
    Self,
    get_args,
)

from pydantic import BaseModel, Field, InstanceOf, field_validator, model_validator

from bot.domain import reference
from bot.domain.channel import Channel
from bot.domain.errors import Refused
from bot.domain.person import Person
from bot.domain.reference import Reference, not_found
from bot.fields import FieldSpec, Tick, field, read_all, specs_of, storable
from bot.helpdesks import NO_HELPDESKS, Helpdesks
from bot.messages.page import Page
from bot.messages.parts import OFFERED, Button, Form, Message, Part

Access = Literal["own", "channel", "thing", "members", "platform"]
"""What a command concerns, and so who may ask for it (`bot/access.py`).

`own`: nobody but whoever asks. `channel`: the channel it is asked in or for, so its members. `thing`:
its subject, so its channel's members and whoever has a part in it. `members`: its subject, and its
channel's members only. `platform`: something that happened, which nobody can ask for.
"""

ABOUT_SOMETHING: tuple[Access, ...] = ("thing", "members")
"""The access of commands that have a subject."""

Audience = Literal["person", "channel"]
"""Who may read an answer: only whoever asked, or everybody in the channel they asked in."""

NO_SUBJECT = "Say which one you mean, as in C-7 or AI-12."
CHOICE_LOST = (
    "Whether your name may stand here got lost on the way, so nothing was posted: keep your words, "
    "open Answer once more, and post them there."
)


class SourceMessage(BaseModel, frozen=True):
    """The chat message that a shortcut was used on. `thread` is the root message's id.

    Of an app's message about a ticket elsewhere, `ticket` is the link to that, and `reference` what it
    is probably called there.
    """

    text: str
    link: str | None = None
    thread: str | None = None
    author: Person | None = None
    ticket: str | None = None
    reference: str = ""

    @field_validator("text")
    @classmethod
    def _storable(cls, text: str) -> str:
        return storable(text)


class Request(BaseModel, frozen=True):
    """One thing a person asks for, as an adapter read it.

    `about` is what it concerns, as a button wrote it ("C-7~1f8a0c2d", an answer's id); `typed` the words
    after a typed command; `values` the fields of a submitted form (None when none was submitted; a tick
    is "yes" or "", several choices are joined by commas). `people` are the persons named in `values`, as
    the platform knows them now. `key` is the same for a repeat of the same event and never names the
    person.
    """

    workspace: str
    command_name: str
    person: Person
    at: datetime
    channel: Channel | None = None
    about: str = ""
    typed: str = ""
    values: Mapping[str, str] | None = None
    people: tuple[Person, ...] = ()
    source: SourceMessage | None = None
    key: str | None = None
    bulk: bool = False
    """It is a row of an import, the operator's, and nobody's."""
    quiet: bool = False
    """Of an import: the case waits, without a retro, until somebody opens it."""
    here: str | None = None
    """The channel that the platform itself says they ask from; None for a dialog or a direct chat."""
    heard: bool = False
    """It happened on the platform, and nobody asked for it; only readers of events say so."""
    introduced: bool = False
    """`person` is as the platform knows them now, not only what the request itself says of them."""
    offered: bool = False
    """Its words came back on a button, as a guess at what was meant: a form shows them first."""

    @model_validator(mode="before")
    @classmethod
    def _typed_on_a_button(cls, data: dict[str, object]) -> dict[str, object]:
        about = data.get("about")
        if not isinstance(about, str) or not about.startswith(OFFERED):
            return data
        return {**data, "about": "", "typed": about.removeprefix(OFFERED), "offered": True}

    @field_validator("about", "typed")
    @classmethod
    def _storable(cls, text: str) -> str:
        return storable(text)

    @field_validator("values")
    @classmethod
    def _storable_values(cls, values: Mapping[str, str] | None) -> Mapping[str, str] | None:
        # Here and not only where they are read: a form that is shown once more draws them again.
        return values and {name: storable(value) for name, value in values.items()}

    @property
    def shared_channel(self) -> Channel | None:
        """The channel it was asked in or for; None in a direct chat and where nobody said one."""
        return self.channel if self.channel is not None and self.channel.kind == "shared" else None


class Reply(BaseModel, frozen=True):
    """What the person who asked gets back, and only they: a message, a form, or faults in theirs.

    `faults` maps a field's name to a sentence; "" is the form as a whole. `refused`: what was asked may
    not be done, and `message` says why. `already`: it had been done before, so nothing was changed.
    `saved` is False when nothing could be stored, so that an adapter whose platform repeats events asks
    for a repeat.
    """

    message: Message | None = None
    form: Form | None = None
    faults: Mapping[str, str] = Field(default_factory=dict)
    refused: bool = False
    already: bool = False
    saved: bool = True
    instead: Button | None = None
    """What can be done instead, where the form as a whole was refused."""
    replaces: bool = False
    """Where a platform can do that, it takes the place of the message that was clicked in, which only
    whoever asked sees."""
    shown_once: bool = False
    """The message holds a secret that is shown this once: no answer to a later press takes its place."""
    done: bool = False
    """The message only confirms what was asked for: there is nothing more in it to read or to press."""
    page: Page | None = None
    """What is shown in a browser; only `Bot.show` asks for such."""


class AskFirst(Exception):
    """Nothing is saved yet: whoever asks reads this first, and may ask once more with what it holds."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class Invocation(BaseModel, frozen=True):
    """What somebody asks: who, where, when. Command and Opening are the two kinds of it."""

    request: Request
    subject: Reference | None = None
    inside: bool = False
    """They are a member of the channel of what they ask about; the bot says so, no adapter."""
    in_channels: frozenset[str] = frozenset()
    """Of a command that `gathers`, where it is of no one channel: which teams' channels they are in.

    Of one that names channels beside its subject's: those in which they are, and the bot can speak.
    """
    guest_in: frozenset[str] | None = None
    """Of a guest who asks what `shows_things`: the teams' channels they are in; None: no guest."""
    channels_unasked: int = 0
    """How many teams' channels were too many to ask whether they are in them."""
    pages_at: str = ""
    """Of a command that is `shown_at` a page: where the pages are, without a last slash; "": nowhere."""
    helpdesks: InstanceOf[Helpdesks] = Field(NO_HELPDESKS, repr=False)
    """Of a command that `connects`: what a team can connect."""

    @property
    def person(self) -> Person:
        """Whoever asks."""
        return self.request.person

    @property
    def at(self) -> datetime:
        """When they asked, in UTC."""
        return self.request.at

    @property
    def channel(self) -> Channel | None:
        """The channel it was asked in, or that its form was opened for."""
        return self.request.channel

    @property
    def page(self) -> int:
        """Which part of a long list, from 0: a button to the next part says it."""
        about = self.request.about
        return int(about) if about.isdecimal() and len(about) < 4 else 0

    @property
    def channel_id(self) -> str | None:
        """The shared channel that it is for: where it was asked; None in a direct chat."""
        channel = self.request.shared_channel
        return channel.id if channel is not None else None


class Command(Invocation, frozen=True):
    """One thing that people can ask for: what it concerns, what its form asks, and who may ask.

    A command about something narrows the type of its `subject`. `begins`: it begins something new, or
    brings it up once more, which a person may do only so often in a minute.
    `of_cancelled`: it may be asked for a case that is cancelled, as all that only reads may.
    `repeatable`: doing it twice is doing it once, so repeats need not be remembered. `gathers`: of a
    channel's; asked in none, or of whoever asks alone, it is for all those that the person is in. Of a
    thing: those are asked about first, so that an answer takes as long for what is not there as for what
    is not theirs. `title` and `submit` are its form's. `shows_things`: of whoever asks alone, it shows
    what belongs to channels, and so a guest only what is of those they are in. `takes_away`: it ends
    something or takes it away, and its form looks like it. `shown_at`: the page that shows the same in a
    browser, without its first slash. `shows_link`: its answer is a link to follow, and so shown whole as
    what is only read, although it saves something. `names_people`: of somebody whom its typed words
    mention, the id counts and not the name. `set_at`: the page in a browser where one can ask for it as
    well; without a form, `title` is over its answer there.
    """

    name: ClassVar[str]
    access: ClassVar[Access]
    audience: ClassVar[Audience] = "person"
    begins: ClassVar[bool] = False
    of_cancelled: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False
    gathers: ClassVar[bool] = False
    shows_things: ClassVar[bool] = False
    title: ClassVar[str] = ""
    submit: ClassVar[str] = ""
    takes_away: ClassVar[bool] = False
    shown_at: ClassVar[str] = ""
    shows_link: ClassVar[bool] = False
    names_people: ClassVar[bool] = False
    set_at: ClassVar[str] = ""
    connects: ClassVar[bool] = False

    @classmethod
    def fields(cls) -> tuple[FieldSpec, ...]:
        """The fields of its form, in their order."""
        return tuple(_specs(cls).values())

    @classmethod
    def read(cls, values: Mapping[str, str]) -> dict[str, object]:
        """The values of a form by the command's own fields; raises Refused, beside every bad one."""
        return read_all(_specs(cls), values)

    @classmethod
    def values_of(cls, request: Request) -> Mapping[str, str] | None:
        """What was filled in; None where the form has still to be opened."""
        return request.values

    @classmethod
    def may_be_unnamed(cls) -> bool:
        """Whether its form asks if a name may stand there."""
        return False

    @classmethod
    def is_unnamed(cls, request: Request) -> bool:
        """Whether nothing may be written about who sends this: they asked for it, or nobody knows."""
        return False

    @classmethod
    def filled_again(cls, values: Mapping[str, str]) -> Mapping[str, str]:
        """What stands in its form that is shown once more, after it was filled in like this."""
        secret = {spec.name for spec in cls.fields() if spec.kind == "secret"}
        return {name: value for name, value in values.items() if name not in secret}

    @property
    def unnamed(self) -> bool:
        """Whether whoever asks does not want to be named: then nothing about them may be written."""
        return False

    @property
    def channels_named(self) -> frozenset[str]:
        """The channels that it names, whether or not there are such."""
        return frozenset()

    def for_coach(self) -> tuple[tuple[FieldSpec, str], ...]:
        """The texts that the language coach reads, and the fields they stand in."""
        specs = _specs(type(self)).items()
        return tuple((spec, getattr(self, name)) for name, spec in specs if spec.coach)

    @classmethod
    def parse(cls, request: Request) -> Self:
        """The command that a request asks for; raises Refused, beside the field that is none."""
        values, subject = cls.values_of(request) or {}, cls.subject_of(request)
        return cls.model_validate({"request": request, "subject": subject, **cls.read(values)})

    @classmethod
    def subject_of(cls, request: Request) -> Reference | None:
        """What the request is about; raises Refused for what is no such reference."""
        if cls.access not in ABOUT_SOMETHING:
            return None
        annotation = cls.model_fields["subject"].annotation
        kinds = get_args(annotation) or (annotation,)
        subject = _named(request)
        if subject is None and type(None) not in kinds:
            raise Refused(NO_SUBJECT)
        if not isinstance(subject, tuple(kinds)):
            raise not_found(request.about)
        return subject

    @classmethod
    def form(
        cls,
        subject: Reference | None = None,
        *,
        channel_id: str = "",
        parts: tuple[Part, ...] = (),
        values: Mapping[str, str] | None = None,
        changed: Mapping[str, Mapping[str, object]] | None = None,
        without: Iterable[str] = (),
        hidden: Mapping[str, str] | None = None,
    ) -> Form:
        """Its form, filled with `values` by the fields' names; those in `without` are left out.

        `changed`: what of a field depends on what is stored, such as the options of a choice.
        """
        values, changed, left_out = values or {}, changed or {}, set(without)
        fields = tuple(
            spec.drawn(values.get(spec.name, "")).model_copy(update=changed.get(spec.name, {}))
            for spec in cls.fields()
            if not spec.hidden and spec.name not in left_out
        )
        return Form(
            command_name=cls.name,
            title=cls.title,
            about=str(subject or ""),
            channel_id=channel_id,
            parts=parts,
            fields=fields,
            submit=cls.submit,
            look="danger" if cls.takes_away else "main",
            hidden=hidden or {},
        )


_ANONYMOUS = "unnamed"


class MaybeAnonymous(Command, frozen=True):
    """A command whose form asks whether to post without a name; a lost choice names nobody."""

    anonymous: Tick = field("Post without my name", needed=CHOICE_LOST, name=_ANONYMOUS)

    @classmethod
    def may_be_unnamed(cls) -> bool:
        return True

    @classmethod
    def is_unnamed(cls, request: Request) -> bool:
        # Only a box that says it is not ticked lets a name be written.
        return request.values is not None and request.values.get(_ANONYMOUS) != ""

    @property
    def unnamed(self) -> bool:
        return self.anonymous

    @classmethod
    def filled_again(cls, values: Mapping[str, str]) -> Mapping[str, str]:
        # A choice that got lost comes back as "no name".
        return {_ANONYMOUS: "yes", **values}


class Opening(Invocation, frozen=True):
    """Somebody asks for the form of a command: nothing was filled in yet, nor typed in its place."""

    command: type[Command]
    people_in_channel: int | None = None
    """How many people could have written it, as far as the platform says; for the answer form."""
    only_checks: bool = False
    """After a fault in it: its form is not shown, only whether it may be opened is asked."""

    @classmethod
    def parse(cls, command: type[Command], request: Request) -> Self:
        """The opening that a request asks for; raises Refused where it names what is no reference."""
        subject = _named(request) if command.access in ABOUT_SOMETHING else None
        return cls(request=request, command=command, subject=subject)

    def readable(self, *names: str) -> dict[str, Any]:
        """What these fields of the form say; None of one that cannot be read, whose fault is known."""
        values, specs = self.command.values_of(self.request) or {}, self.command.fields()
        said: dict[str, Any] = dict.fromkeys(names)
        for spec in specs:
            if spec.name in said:
                with suppress(Refused):
                    said[spec.name] = spec.read(values)
        return said


def _named(request: Request) -> Reference | None:
    """What the request names; None for nothing, Refused for what is no reference."""
    if not request.about.strip():
        return None
    subject = reference.parse(request.about)
    if subject is None:
        raise not_found(request.about)
    return subject


@cache
def _specs(command: type[Command]) -> Mapping[str, FieldSpec]:
    """The fields that a command's form asks for, by the attributes that hold them."""
    return specs_of(command.model_fields)
