"""Which helpdesks a team can connect, as commands see them: by names that somebody else gives."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, runtime_checkable
from urllib.parse import urlsplit

from bot.domain.connection import Connection

Then = Literal["", "test", "paste_secret", "give_token"]
"""What is pressed in Amends at a step; "": nothing."""


class Instruction(NamedTuple):
    """One click in the product: what to do, what to paste there ("": nothing), what is pressed here."""

    text: str
    paste: str = ""
    then: Then = ""


class Helpdesk(Protocol):
    """What a command knows of a product; `handlers/helpdesks/product.py` says what else it is."""

    TITLE: str
    """What it is called in the middle of a sentence."""
    OWN_SECRET: bool
    """Whether the product makes the secret, which is pasted to us; else we make it and show it once."""
    HOSTS: Sequence[str]
    """Where its API lives, as `api.example.com` or `*.example.com`; empty: it takes no notes."""
    RIGHT: str
    """One sentence: which right a token needs, and no other; "" where no notes are taken."""

    def instructions(self, address: str, secret: str) -> Sequence[Instruction]:
        """What to click and paste in the product; `secret` is "" where the product makes it.

        The last one of a product that takes notes says where its token is made.
        """
        ...


@runtime_checkable
class ChosenAs(Protocol):
    """What the file of a product has beside all that, where it is called otherwise in the choice."""

    CHOICE: str


class Helpdesks:
    """The products by the names that connections are stored under, and where their deliveries go.

    `public_address` has no slash at its end; "": nobody outside can reach us. `is_called` says whether a
    product's API may be at an address.
    """

    def __init__(
        self,
        products: Mapping[str, Helpdesk],
        public_address: str,
        is_called: Callable[[Sequence[str], str], bool],
    ) -> None:
        self.products = products
        self.public_address = public_address
        self._is_called = is_called

    def title(self, product: str) -> str:
        """What people call it; its stored name where a newer version knew it."""
        known = self.products.get(product)
        return known.TITLE if known else product

    def choice(self, product: str) -> str:
        """What it is called among those that can be chosen."""
        known = self.products.get(product)
        return known.CHOICE if isinstance(known, ChosenAs) else self.title(product)

    def called(self, connection: Connection) -> str:
        """What people call that one: with its host where that tells it from others of its product."""
        title, known = self.title(connection.product), self.products.get(connection.product)
        host = urlsplit(connection.origin).hostname
        return f"{title} ({host})" if host and known and host not in known.HOSTS else title

    def address(self, connection_id: str) -> str:
        """Where what a connection takes is sent."""
        return f"{self.public_address}/hooks/{connection_id}"

    def takes_calls(self, product: str, origin: str) -> bool:
        """Whether the product's API may be there, so that a token may be sent there."""
        known = self.products.get(product)
        return known is not None and self._is_called(known.HOSTS, origin)


NO_HELPDESKS = Helpdesks({}, "", lambda hosts, origin: False)
"""Of a program that connects none."""
