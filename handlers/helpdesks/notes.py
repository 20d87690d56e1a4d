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
from bot.commands.signal import helpdesk_request
from bot.commands.ticket_words import FillIn, HearComment, comment_values, values
from bot.domain import message_key
from bot.domain.job import MessageRef
from bot.ports import Delivery, DeliveryError, Limits, Rate, ReadOnlyWork, Transactions, VaultLocked
from handlers.helpdesks import render
from handlers.helpdesks.outgoing import FORBIDDEN, Outgoing
from handlers.helpdesks.product import (
    Account,
    Call,
    NoteError,
    PayloadError,
    Product,
    ReadsComment,
    ReadsTicket,
)

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

    What is owed to a ticket may also be to read what the customer wrote there, or beside a rating.
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
        """Leaves it, or reads the ticket, or what was written beside a rating."""
        if _only_reads(delivery):
            await self._read(delivery)
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

    async def _read(self, delivery: Delivery) -> None:
        """Hands on what the customer wrote; what nobody lets us read is not missed."""
        target = await self._target(delivery)
        number, rated_at = message_key.proposal_of(delivery.key), message_key.rated_at(delivery.key)
        if number is None:
            return
        if rated_at is None:
            await self._read_ticket(delivery.workspace, number, target)
        else:
            await self._read_comment(delivery.workspace, number, rated_at, target)

    async def _read_ticket(self, workspace: str, number: int, target: Target) -> None:
        """What they wrote on the ticket, and their name."""
        product, ticket, account = target
        if not isinstance(product, ReadsTicket):
            return
        answer = await self._answer(product, *_made(partial(product.ask, ticket, account)))
        words = _said(product.words, answer)
        if not words:
            return
        asked = _said(lambda found: product.ask_customer(found, account), answer)
        customer = _said(product.customer, await self._answer(product, asked) if asked else b"")
        await self._hand_on(workspace, FillIn.name, values(number, words, customer or ""))

    async def _read_comment(
        self, workspace: str, number: int, rated_at: datetime, target: Target
    ) -> None:
        """What they wrote beside a rating of that moment."""
        product, ticket, account = target
        if not isinstance(product, ReadsComment):
            return
        answer = await self._answer(product, _made(partial(product.ask_comment, ticket, account)))
        if comment := _said(product.comment, answer):
            told = comment_values(number, rated_at, comment)
            await self._hand_on(workspace, HearComment.name, told)

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

    async def _hand_on(self, workspace: str, command_name: str, told: Mapping[str, str]) -> None:
        request = helpdesk_request(workspace, command_name, told, datetime.now(UTC))
        reply = await self._bot.answer(request)
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
    return not delivery.key.startswith(message_key.ALL_NOTES)


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
