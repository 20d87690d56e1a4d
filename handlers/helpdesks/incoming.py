"""`/hooks/<id>`: what helpdesks send; verified, read, kept, and only then acknowledged."""

import asyncio
import hashlib
import hmac
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from bot.bot import Bot
from bot.command import Reply
from bot.commands.signal import Refuse, TakeIn, helpdesk_request, values
from bot.domain.connection import Connection, new_id, notes_refusal
from bot.domain.signal import Signal, SignalDelivery
from bot.fields import storable
from bot.ports import StorageUnavailable, Transactions, Vault, VaultLocked
from handlers.helpdesks.product import PayloadError, Product, Received, SignatureError

log = logging.getLogger(__name__)

MAX_SIGNALS = 500
"""Of one delivery; the largest batch of a vendor has 100."""
AT_ONCE = 4
"""Deliveries that wait for the database at the same time: whoever clicks waits behind no more."""
LONG_BODY = 64 * 1024
"""Bytes from which reading a body would hold up others."""
RETRY_SECONDS = 60
WAIT = "Nothing was kept just now: send it again in a minute."
UNKNOWN = "There is nothing at this address."
TOO_LARGE = "This is larger than 1 MiB: send less at once."
NOT_PACKED = "The body is not packed as Content-Encoding says: send it plain."


@dataclass(frozen=True)
class Known:
    """A connection that takes what arrives, its workspace, its product, and its secret."""

    workspace: str
    connection: Connection
    product: Product
    secret: str = field(repr=False)


class Hooks:
    """Takes what helpdesks send to the addresses of connections."""

    def __init__(
        self,
        products: Mapping[str, Product],
        bot: Bot,
        transactions: Transactions,
        vault: Vault,
        public_address: str,
    ) -> None:
        """`public_address`: without a slash at its end; "": what is sent says by itself where to."""
        self._products = products
        self._bot = bot
        self._transactions = transactions
        self._vault = vault
        self._public_address = public_address
        self._decoy = vault.seal(new_id()) if vault.has_key else ""
        self._turns = asyncio.Semaphore(AT_ONCE)

    def mount(self, app: web.Application) -> None:
        """Adds the routes."""
        app.router.add_route("*", "/hooks/{id}", self.handler)

    async def handler(self, request: web.Request) -> web.Response:
        """One delivery; the sentence of the answer is for whoever sets it up."""
        if request.method == "HEAD":  # by which vendors look whether there is anybody
            return web.Response()
        if request.method != "POST":
            return _says(405, "Send a POST request to this address.")
        try:
            return await self._answer(request)
        except (StorageUnavailable, VaultLocked) as trouble:
            log.warning("a delivery of a helpdesk was not taken: %s", trouble)
            return _put_off()

    async def _answer(self, request: web.Request) -> web.Response:
        # PostgreSQL looks nothing up that has a NUL in it.
        id = storable(request.match_info["id"])
        try:
            received = await self._received(request)
        except web.RequestPayloadError:
            await self._note_unread(id, NOT_PACKED)
            return _says(400, NOT_PACKED)
        except web.HTTPRequestEntityTooLarge:
            await self._note_unread(id, TOO_LARGE)
            return _says(413, TOO_LARGE)
        async with self._turns:
            return await self._take(id, received)

    async def _received(self, request: web.Request) -> Received:
        origin = self._public_address or f"{request.scheme}://{request.host}"
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()  # raises 413 beyond what the server takes
        return Received(request.method, origin + request.path_qs, headers, body, datetime.now(UTC))

    async def _take(self, id: str, received: Received) -> web.Response:
        known = await self._known(id)
        if known is None:
            # As much work as a wrong secret makes: the time tells nobody who tries addresses anything.
            hmac.digest(self._decoy.encode(), received.body, "sha256")
            return _says(404, UNKNOWN)
        product, connection = known.product, known.connection
        try:
            product.verify(received, known.secret)
        except SignatureError as error:
            await self._note_refused(known, str(error), received.at)
            log.warning(
                "workspace=%s a delivery of %s was refused: %s",
                *(known.workspace, connection.product, error),
            )
            return _says(401, str(error))
        try:
            signals = await _read(product, received)
        except PayloadError as error:
            await self._note_refused(known, str(error), received.at)
            log.warning(
                "workspace=%s a delivery of %s was not read: %s",
                known.workspace,
                connection.product,
                error,
            )
            return _says(400, error.in_full)
        if not signals:
            return web.Response()
        deliveries = tuple(_deliveries(known, signals, received))
        reply = await self._ask(known, TakeIn.name, values(connection.id, deliveries), received.at)
        if not reply.saved:
            return _put_off()
        return _says(404, UNKNOWN) if reply.refused else web.Response()

    async def _note_unread(self, id: str, why: str) -> None:
        """Notes why a body was not even read, whoever sent it: without a body there is no signature."""
        async with self._turns:
            known = await self._known(id)
            if known is not None:
                await self._note_refused(known, why, datetime.now(UTC))

    async def _note_refused(self, known: Known, why: str, at: datetime) -> None:
        """Notes why this was refused, unless another was just before: then nothing is written."""
        if notes_refusal(known.connection, at):
            refusal = {"connection_id": known.connection.id, "why": why}
            await self._ask(known, Refuse.name, refusal, at)

    async def _ask(
        self, known: Known, command_name: str, values: Mapping[str, str], at: datetime
    ) -> Reply:
        return await self._bot.answer(helpdesk_request(known.workspace, command_name, values, at))

    async def _known(self, id: str) -> Known | None:
        """The connection at an address; where there is none, finding that out takes as long."""
        found = await self._transactions.read_queue(lambda queue: queue.connection_at(id))
        workspace, connection = found or ("", None)
        product = self._products.get(connection.product) if connection else None
        taken = connection is not None and connection.removed_at is None
        secret = self._vault.open(connection.secret if connection and taken else self._decoy)
        if connection is None or product is None or not taken:
            return None
        return Known(workspace, connection, product, secret)


async def _read(product: Product, received: Received) -> Sequence[Signal]:
    if len(received.body) > LONG_BODY:
        signals = await asyncio.to_thread(product.read, received)
    else:
        signals = product.read(received)
    if len(signals) > MAX_SIGNALS:
        raise PayloadError(f"This holds more than {MAX_SIGNALS} events: send fewer at once.")
    return signals


def _deliveries(known: Known, signals: Sequence[Signal], received: Received) -> Iterator[SignalDelivery]:
    """Each signal with what tells a repeat of it: the product's own id, or else the whole body."""
    digest = hashlib.sha256(received.body).hexdigest()
    times: Counter[str] = Counter()
    for signal in signals:
        event = signal.event_id or digest
        times[event] += 1
        key = hashlib.sha256(f"{event}\n{times[event]}".encode()).hexdigest()
        yield SignalDelivery(
            connection_id=known.connection.id,
            key=key,
            arrived_at=received.at,
            signal=signal.model_copy(update={"prefix": known.product.PREFIX}),
        )


def _says(status: int, sentence: str) -> web.Response:
    return web.Response(status=status, text=sentence)


def _put_off() -> web.Response:
    return web.Response(status=503, text=WAIT, headers={"Retry-After": str(RETRY_SECONDS)})
