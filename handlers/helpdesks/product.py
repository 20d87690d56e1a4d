"""What a helpdesk's file has to have: the same functions for every product."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from bot.domain.signal import Signal
from bot.helpdesks import Helpdesk


class SignatureError(Exception):
    """This delivery is not signed with the connection's secret, or is too old."""


class PayloadError(Exception):
    """This delivery is not what I can read; the message is one sentence for whoever set it up.

    Nothing of the delivery is in it; `found` is what stands there, for nobody but its sender.
    """

    def __init__(self, sentence: str, found: str | None = None) -> None:
        super().__init__(sentence)
        self._found = found

    @property
    def in_full(self) -> str:
        """The sentence with what was found instead."""
        return str(self) if self._found is None else f"{self} It is {self._found!r}."


class NoteError(Exception):
    """This ticket or token allows no note; the message is one sentence for whoever set it up."""


class Received(NamedTuple):
    """A delivery as it arrived, at the public address `url`; the names of headers are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime


class Account(NamedTuple):
    """Where a product takes notes: the origin of its API, and the token with the right to write them.

    The token is in no log: neither this nor a Call is ever told with it.
    """

    origin: str
    token: str

    def __repr__(self) -> str:
        return f"Account({self.origin!r}, …)"


class Call(NamedTuple):
    """One outgoing request, as data."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: Mapping[str, object]

    def __repr__(self) -> str:
        return f"Call({self.method!r}, {self.url!r}, …)"


class Product(Helpdesk, Protocol):
    """A helpdesk, which is a module: what commands know of it, and all that is said to it and by it."""

    PREFIX: str
    """What people write before a ticket's number, as ZD in ZD-4711; "": a reference is whole."""

    def verify(self, received: Received, secret: str) -> None:
        """Raises SignatureError."""
        ...

    def read(self, received: Received) -> Sequence[Signal]:
        """The signals of a verified delivery, in their order; none for a ping. Raises PayloadError."""
        ...

    def note(self, ticket: str, text: str, account: Account, at: datetime) -> Call:
        """The request that leaves an internal note, of that time, on a ticket. Raises NoteError."""
        ...

    def notes(self, ticket: str, account: Account) -> Call:
        """The request for what stands on a ticket, the newest first where the product can. As `note`."""
        ...


@runtime_checkable
class ReadsTicket(Protocol):
    """What the file of a product has beside all that, when its deliveries hold no customer's words.

    Its signals are `wordless`; the words are read on the ticket, with the token for its notes, and then
    the customer's name, where the ticket leads to one.
    """

    def ask(self, ticket: str, account: Account) -> Sequence[Call]:
        """The request for what stands on a ticket, and others for a token that may not make it.

        Raises NoteError.
        """
        ...

    def words(self, answer: bytes) -> str:
        """What the customer wrote, by the answer; "" when they wrote nothing. Raises PayloadError."""
        ...

    def ask_customer(self, answer: bytes, account: Account) -> Call | None:
        """The request for who the customer is, by the same answer; None: it names nobody. As `words`."""
        ...

    def customer(self, answer: bytes) -> str:
        """How the customer is called, by the answer to that; "" when they have no name. As `words`."""
        ...


@runtime_checkable
class ReadsComment(Protocol):
    """What it has beside all that, when it sends ratings without what the customer wrote beside them.

    Such a signal is `wordless`. The comment is read with the token for notes.
    """

    def ask_comment(self, ticket: str, account: Account) -> Call:
        """The request for what the customer wrote beside the ticket's last rating. Raises NoteError."""
        ...

    def comment(self, answer: bytes) -> str:
        """That, by the answer; "" when they wrote nothing. Raises PayloadError."""
        ...
