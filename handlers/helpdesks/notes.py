"""Leaves notes on helpdesks' tickets: a platform of its own, with one channel for each ticket.

What a note says is read, and whether it is still wanted decided, where all messages are; here is only
the way to the vendor. A note whose answer got lost is looked for on the ticket, by its words: no vendor
keeps a key of ours with it. Where the token has no right to read, or a ticket has hundreds of notes, it
is left *at least once*.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple, TypeVar

from bot.bot import Bot
from bot.command import Request
from bot.commands.signal import HELPDESK
from bot.commands.ticket_words import FillIn, values
from bot.domain import message_key
from bot.domain.job import MessageRef
from bot.ports import Delivery, DeliveryError, Limits, Rate, ReadOnlyWork, Transactions, VaultLocked
from handlers.helpdesks import render
from handlers.helpdesks.outgoing import FORBIDDEN, Outgoing
from handlers.helpdesks.product import Account, Call, NoteError, PayloadError, Product, ReadsTicket

Result = TypeVar("Result")

LIMITS = Limits(new=Rate(60, 10), together=True, in_order=True)
"""A call a second for a connection, and ten at once: where a vendor allows fewer to all of an account's
programs together, as some plans do, it asks to wait."""


class Target(NamedTuple):
    """Where a note goes."""

    product: Product
    ticket: str
    account: Account


class NoteMessenger:
    """ports.Messenger for the tickets of all connections.

    One kind of what is owed to a ticket is to read what the customer wrote there.
    """

    def __init__(
        self,
        outgoing: Outgoing,
        bot: Bot,
        transactions: Transactions,
        products: Mapping[str, Product],
        min_interval: float,
    ) -> None:
        self.limits = LIMITS if min_interval else LIMITS.at(0)
        self._outgoing = outgoing
        self._bot = bot
        self._transactions = transactions
        self._products = products

    async def say(self, delivery: Delivery) -> MessageRef:
        """Leaves it, or reads the ticket."""
        if _only_reads(delivery):
            await self._look_up(delivery)
            return _ref(delivery)
        product, ticket, account = await self._target(delivery)
        text, at = render.text(delivery.message), datetime.now(UTC)
        await self._outgoing.leave(_made(lambda: product.note(ticket, text, account, at)), product)
        return _ref(delivery)

    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        """Nothing: it was found with these words, and what is new is a note of its own."""
        return message_ref

    async def delete(self, delivery: Delivery, message_ref: MessageRef) -> None:
        """Refuses: what was left stays."""
        raise DeliveryError("A note on a ticket stays as it was left.", permanent=True)

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        """Looks for its words on the ticket; where that is not allowed, it is taken for not said."""
        if _only_reads(delivery):
            return None
        product, ticket, account = await self._target(delivery)
        try:
            answer = await self._outgoing.read(_made(lambda: product.notes(ticket, account)), product)
        except DeliveryError as unread:
            if not unread.permanent:
                raise
            return None
        return _ref(delivery) if render.is_among(render.text(delivery.message), answer) else None

    async def _look_up(self, delivery: Delivery) -> None:
        """Hands on what the customer wrote, and their name; what nobody lets us read is not missed."""
        product, ticket, account = await self._target(delivery)
        number = message_key.proposal_of(delivery.key)
        if not isinstance(product, ReadsTicket) or number is None:
            return
        answer = await self._answer(product, *_made(partial(product.ask, ticket, account)))
        words = _said(product.words, answer)
        if not words:
            return
        asked = _said(lambda found: product.ask_customer(found, account), answer)
        customer = _said(product.customer, await self._answer(product, asked) if asked else b"")
        await self._hand_on(delivery.workspace, values(number, words, customer or ""))

    async def _answer(self, product: Product, *calls: Call) -> bytes:
        """The answer to the first of these calls that the token may make; b"" where it may not read."""
        for call in calls:
            try:
                return await self._outgoing.read(call, product)
            except DeliveryError as unread:
                if not unread.permanent:
                    raise
                if unread.code != FORBIDDEN:
                    break
        return b""

    async def _hand_on(self, workspace: str, told: Mapping[str, str]) -> None:
        reply = await self._bot.answer(
            Request(
                workspace=workspace,
                command_name=FillIn.name,
                person=HELPDESK,
                at=datetime.now(UTC),
                values=told,
                heard=True,
                introduced=True,
            )
        )
        if not reply.saved:
            raise DeliveryError("What stands on the ticket could not be kept just now.", outage=True)

    async def _target(self, delivery: Delivery) -> Target:
        return await self._transactions.read(delivery.workspace, partial(self._target_in, delivery))

    def _target_in(self, delivery: Delivery, work: ReadOnlyWork) -> Target:
        number = message_key.proposal_of(delivery.key)
        proposal = None if number is None else work.proposals.get(number)
        connection = work.connections.get(proposal.connection_id) if proposal else None
        if proposal is None or connection is None or not connection.token:
            raise DeliveryError("This ticket's connection was removed.", permanent=True)
        product = self._products.get(connection.product)
        if product is None:
            raise DeliveryError(f"{connection.product} is a newer version's.", outage=True)
        try:
            token = work.vault.open(connection.token)
        except VaultLocked as locked:
            raise DeliveryError(str(locked), outage=True) from None
        return Target(product, proposal.ticket, Account(connection.origin, token))


def _only_reads(delivery: Delivery) -> bool:
    number = message_key.proposal_of(delivery.key)
    return number is not None and delivery.key == message_key.ticket(number)


def _ref(delivery: Delivery) -> MessageRef:
    # Nobody changes it any more, so the vendor's own id is of no use.
    return MessageRef(channel_id=delivery.channel.id, message=delivery.key)


def _said(read: Callable[[bytes], Result | None], answer: bytes) -> Result | None:
    """What an answer says; None where there is none, or none that can be read."""
    try:
        return read(answer) if answer else None
    except PayloadError:
        return None


def _made(make: Callable[[], Result]) -> Result:
    try:
        return make()
    except NoteError as wrong:
        raise DeliveryError(str(wrong), permanent=True) from None
