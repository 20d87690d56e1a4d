"""References: how a button, a form and a typed word name a case, an item, an answer and the like."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from pydantic import BaseModel

from bot.domain.errors import STATUS, Refused

VIEW = "view"
"""The part of a case from which an item is added because of what the customer said."""
CORRECT = "correct"
"""The part of a case whose recovery step is corrected, where its form would note it otherwise."""
_LABELLED = re.compile(r"(C|AI|P)-([0-9]{1,9})(?:~([0-9a-f]{8}))?(?:/(.*))?", re.IGNORECASE | re.DOTALL)
_TICKET = re.compile(r"(?<![\w#-])(?:[A-Z][A-Z0-9]{1,9}-[0-9]{1,12}|#[0-9]{2,12})(?![\w-])")
_CALLED = re.compile(r"(?:#|[A-Z]+-)?([0-9]+)", re.IGNORECASE | re.ASCII)
_ANSWER = re.compile(r"[0-9a-f]{32}")
_CONNECTION = re.compile(r"connection:([0-9a-f]{40})(?:/(\d{1,2}))?", re.ASCII)
_CONNECTIONS = re.compile(r"connections:(\S{1,400})", re.ASCII)
_PROMPTS = re.compile(r"prompts:(\w{0,40}):(\w{0,40}):(\S{1,400})", re.ASCII)


class CaseRef(BaseModel, frozen=True):
    """A case, and all that hangs on it: its retro and its recovery.

    `key` tells it from another case of the same number ("" where it was not said). `part` is what of it
    is meant first: a prompt, a recovery step, the customer's view.
    """

    number: int
    key: str = ""
    part: str = ""

    @property
    def label(self) -> str:
        """`C-7`."""
        return f"C-{self.number}"

    def __str__(self) -> str:
        return _written(self.label, self.key, self.part)

    def at(self, part: str) -> "CaseRef":
        """The same case, this part of it first."""
        return self.model_copy(update={"part": part})


class ItemRef(BaseModel, frozen=True):
    """An action item; `key` tells it from another one of the same number ("": not said)."""

    number: int
    key: str = ""

    @property
    def label(self) -> str:
        """`AI-12`."""
        return f"AI-{self.number}"

    def __str__(self) -> str:
        return _written(self.label, self.key, "")


class AnswerRef(BaseModel, frozen=True):
    """An answer, by its random id."""

    id: str

    @property
    def label(self) -> str:
        """Its id: an answer has no number."""
        return self.id

    def __str__(self) -> str:
        return self.id


class PromptsRef(BaseModel, frozen=True):
    """What the retros of a channel ask: all of it, of one `kind` of case, or one prompt by its `key`."""

    channel_id: str
    kind: str = ""
    key: str = ""

    @property
    def label(self) -> str:
        """All of it: it has no number."""
        return str(self)

    def __str__(self) -> str:
        return f"prompts:{self.kind}:{self.key}:{self.channel_id}"

    def at(self, key: str) -> "PromptsRef":
        """One prompt of these."""
        return self.model_copy(update={"key": key})


class ProposalRef(BaseModel, frozen=True):
    """A proposed case; `key` tells it from another one of the same number ("": not said)."""

    number: int
    key: str = ""

    @property
    def label(self) -> str:
        """`P-3`."""
        return f"P-{self.number}"

    def __str__(self) -> str:
        return _written(self.label, self.key, "")


class ConnectionRef(BaseModel, frozen=True):
    """A connection, by its random id; `page`: which part of a long list about it, from 0."""

    id: str
    page: int = 0

    @property
    def label(self) -> str:
        """All of it: it has no number."""
        return str(self)

    def __str__(self) -> str:
        return f"connection:{self.id}{f'/{self.page}' if self.page else ''}"


class ConnectionsRef(BaseModel, frozen=True):
    """All connections of a channel."""

    channel_id: str

    @property
    def label(self) -> str:
        """All of it: it has no number."""
        return str(self)

    def __str__(self) -> str:
        return f"connections:{self.channel_id}"


Reference = CaseRef | ItemRef | AnswerRef | PromptsRef | ProposalRef | ConnectionRef | ConnectionsRef


UNNUMBERED = AnswerRef | PromptsRef | ProposalRef | ConnectionRef | ConnectionsRef
"""Of what no list shows a number that could be looked up in it."""


def parse(text: str) -> Reference | None:
    """What a text refers to; None when it is no reference. A number has at most nine digits."""
    if _ANSWER.fullmatch(text):
        return AnswerRef(id=text)
    if prompts := _PROMPTS.fullmatch(text):
        return PromptsRef(kind=prompts[1], key=prompts[2], channel_id=prompts[3])
    if connection := _CONNECTION.fullmatch(text):
        return ConnectionRef(id=connection[1], page=int(connection[2] or 0))
    if connections := _CONNECTIONS.fullmatch(text):
        return ConnectionsRef(channel_id=connections[1])
    labelled = _LABELLED.fullmatch(text.strip())
    if labelled is None:
        return None
    noun, digits, key, part = labelled.groups(default="")
    if noun.upper() == "C":
        return CaseRef(number=int(digits), key=key.lower(), part=part)
    numbered = ItemRef if noun.upper() == "AI" else ProposalRef
    return None if part else numbered(number=int(digits), key=key.lower())


def likely_reference(words: str, link: str) -> str:
    """What a ticket is probably called: `ZD-4711` or `#4711` in its words, or the link's last number."""
    _, __, path = link.partition("://")
    for text in (words, path):
        if found := _TICKET.search(text):
            return found[0]
    numbers = re.findall(r"[0-9]{2,}", path.partition("/")[2].partition("?")[0])
    return numbers[-1] if numbers else ""


def spellings(reference: str, prefix: str = "") -> tuple[str, ...]:
    """How people write a ticket's reference, as it is first: `4711`, `#4711`, with a prefix `ZD-4711`.

    Only a number is written in several ways. With letters of its own it is whole: `SUP-12` is not `12`.
    """
    number = reference.removeprefix("#")
    if not (number.isascii() and number.isdigit()):
        return (reference,)
    called = (f"{prefix}-{number}",) if prefix else ()
    return tuple(dict.fromkeys((reference, number, f"#{number}", *called)))


def named_apart(reference: str, product: str) -> Iterator[str]:
    """What a ticket's case is called where others have its name: `desk-4711`, then `desk-4711-2`."""
    first = f"{product}-{reference}"
    yield first
    yield from (f"{first}-{number}" for number in count(2))


def tickets_called(written: str) -> tuple[str, ...]:
    """The references of all tickets that may be called so: `spellings`, the other way round."""
    number = _CALLED.fullmatch(written)
    return (written, number[1], f"#{number[1]}") if number else (written,)


def missing(label: str) -> str:
    """The sentence for a thing that is not there, or that whoever asks may not see."""
    subject = parse(label)
    if isinstance(subject, AnswerRef):
        return "I can't find this answer. It may have been taken back."
    if isinstance(subject, PromptsRef | ConnectionsRef):
        return "I can't find that channel. Ask in the channel that you mean."
    if isinstance(subject, ConnectionRef):
        return "I can't find that connection. It may have been removed."
    if isinstance(subject, ProposalRef):
        return "I can't find this proposal. It may be another channel's."
    head = subject.label if subject is not None else label
    return f"I can't find {head[:40]}. Check the number, or press Status."


def not_found(label: str) -> Refused:
    """The refusal with that sentence: the very same for who may not see it and for what never was."""
    unnumbered = isinstance(parse(label), UNNUMBERED)
    return Refused(missing(label), instead=None if unnumbered else STATUS)


def lost(label: str) -> str:
    """The sentence for a button whose key fits nothing here: it is from after the backup."""
    return (
        f"{label} is newer than my data, which was restored from an older backup. What you see of it "
        "here is all that is left: enter again what still matters."
    )


def key_of(number: int, made_at: datetime) -> str:
    """Eight hexadecimal digits that differ for another thing of the same number.

    A restored backup gives numbers again, but never at the same microsecond: so a button of a message
    from before does not open what has its number now.
    """
    made = f"{number}:{round(made_at.timestamp() * 1_000_000)}"
    return hashlib.blake2s(made.encode(), digest_size=4).hexdigest()


def _written(label: str, key: str, part: str) -> str:
    return label + (f"~{key}" if key else "") + (f"/{part}" if part else "")
