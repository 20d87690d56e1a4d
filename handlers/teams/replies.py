"""Replies to the one person who asked, after the answer of the HTTP request."""

import logging

from bot.command import Request
from bot.domain.channel import Channel
from bot.messages.parts import Mention, Message, Paragraph
from bot.ports import DeliveryError, Transactions
from handlers.background_tasks import BackgroundTasks
from handlers.teams import render
from handlers.teams.card import Element
from handlers.teams.connector import FAILED, Connector, ConnectorError, why
from handlers.teams.incoming import Origin
from handlers.teams.outgoing import TeamsMessenger

log = logging.getLogger(__name__)


class Replies(BackgroundTasks):
    """Replies by the connector. Each only shows what is stored, so a lost one loses nothing."""

    def __init__(
        self, connector: Connector, messenger: TeamsMessenger, transactions: Transactions, targeted: bool
    ) -> None:
        super().__init__()
        self._connector = connector
        self._messenger = messenger
        self._transactions = transactions
        self._targeted = targeted

    async def say(self, activity: Element, origin: Origin) -> None:
        """Answers where somebody asked: in the thread, or in their chat."""
        try:
            await self._connector.send(_way(origin), origin.conversation, activity)
        except FAILED as error:
            log.warning("an answer could not be said: %s", why(error))

    async def send_ephemeral(self, activity: Element, origin: Origin, request: Request) -> None:
        """Tells one person alone: as a targeted message where that is on, else in their own chat."""
        if not origin.shared and origin.known:
            await self.say(activity, origin)
            return
        if self._targeted and origin.shared:
            try:
                await self._connector.send(
                    _way(origin), origin.conversation, activity, to_one=request.person.id
                )
                return
            except FAILED as error:
                log.info("a targeted message was not taken: %s", why(error))
        try:
            await self._write(activity, request)
        except (*FAILED, DeliveryError) as error:
            log.info("a private answer could not be said: %s", why(error))
            away = isinstance(error, ConnectorError) and error.status in (403, 404)
            if origin.shared and (away or isinstance(error, DeliveryError)):
                await self.say(render.message(_unreached(request)), origin)

    async def _write(self, activity: Element, request: Request) -> None:
        channel = await self._transactions.read(
            request.workspace, lambda work: work.channels.get(request.person.id)
        )
        if channel is None:
            channel = Channel(id=request.person.id, name=request.person.name, kind="direct")
        chat = await self._messenger.chat_with(request.workspace, channel)
        await self._connector.send(channel.reference, chat, activity)


def _unreached(request: Request) -> Message:
    """Says in public that there is an answer for them, and not what it is."""
    person = request.person
    words = " I have an answer only for you, and can't write to you: find Amends under Apps and add it."
    mention = Mention(person_id=person.id, name=person.name)
    return Message(summary=f"{person.name}:{words}", parts=(Paragraph(words=(mention, words)),))


def _way(origin: Origin) -> dict[str, str]:
    return {"service_url": origin.service_url, "tenant_id": origin.tenant}
