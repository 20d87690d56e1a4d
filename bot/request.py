"""What reaches the bot: a Request from a Person in a Channel, the same from every adapter."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, Field, field_validator

from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.parts import Form, Message


class SourceMessage(BaseModel, frozen=True):
    """The chat message that a shortcut was used on. `thread` is the root message's id."""

    text: str
    link: str | None = None
    thread: str | None = None
    author: Person | None = None


CAN_BE_UNNAMED = frozenset({"retro.answer"})
"""Verbs whose form asks whether to post without a name; `routes.py` says the same of them."""


class Request(BaseModel, frozen=True):
    """One thing a person asks for.

    `verb` is the route; `about` what it concerns ("C-7", "AI-12", an answer's id); `typed` the
    words after a command; `values` the fields of a submitted form (None when none was submitted;
    a tick is "yes" or "", several choices are joined by commas). `people` are the persons named in
    `values`, as the platform knows them now. `key` is the same for a repeat of the same event and
    never names the person.
    """

    workspace: str
    verb: str
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
    here: str | None = None
    """The channel that the platform itself says they ask from; None for a dialog or a direct chat."""
    heard: bool = False
    """It happened on the platform, and nobody asked for it; only readers of events say so."""
    inside: bool = False
    """They are a member of the channel of what they ask about; the bot says so, no adapter."""
    introduced: bool = False
    """`person` is as the platform knows them now, not only what the request itself says of them."""
    people_in_channel: int | None = None
    """How many people could have written it, as far as the platform says; for the answer form."""

    @field_validator("about", "typed")
    @classmethod
    def _storable(cls, text: str) -> str:
        # No database stores half a surrogate pair, PostgreSQL no NUL; nobody types either on purpose.
        return text.replace("\0", "").encode("utf-8", "replace").decode()

    @property
    def chosen_channel(self) -> str:
        """The channel that was chosen in the form; empty when it asks for none."""
        return (self.values or {}).get("place", "").strip()

    @property
    def unnamed(self) -> bool:
        """Whether the person asked not to be named: then nothing about them may be written.

        Also when their choice got lost on the way: what was not said names nobody.
        """
        if self.values is None or self.verb not in CAN_BE_UNNAMED:
            return False
        return bool(self.values.get("unnamed")) or not self.has_chosen

    @property
    def quiet(self) -> bool:
        """Whether no log may have a line of it: it has no name, or may be about to have none."""
        return self.unnamed or (self.values is None and self.verb in CAN_BE_UNNAMED)

    @property
    def has_chosen(self) -> bool:
        """Whether the form says if a name may stand here, wherever it asks for that."""
        return self.verb not in CAN_BE_UNNAMED or "unnamed" in (self.values or {})


def shown_again(verb: str, values: Mapping[str, str]) -> Mapping[str, str]:
    """What stands in a form that is shown once more; a choice that got lost comes back as "no name"."""
    lost = verb in CAN_BE_UNNAMED and "unnamed" not in values
    return {**values, "unnamed": "yes"} if lost else values


class Reply(BaseModel, frozen=True):
    """What the person who asked gets back, and only they: a message, a form, or faults in theirs.

    `faults` maps a field's name to a sentence; "" is the form as a whole. `refused`: what was asked may
    not be done, and `message` says why. `already`: it had been done
    before, so nothing was changed. `saved` is False when nothing could be stored, so that an adapter
    whose platform repeats events asks for a repeat.
    """

    message: Message | None = None
    form: Form | None = None
    faults: Mapping[str, str] = Field(default_factory=dict)
    refused: bool = False
    already: bool = False
    saved: bool = True
