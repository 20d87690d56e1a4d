"""Messages to Teams: what is sent where, what each failure means, and what is known of a lost answer.

Teams has no look-up for what a bot said, and takes no key of ours with a message. So a new message is
said *at least once*: when its answer got lost (a timeout, a dropped connection, a 5xx), and the process
that sent it does not know better, it is said again, which may double it. It is never lost. An edit is
simply repeated. What the connector declined (4xx) did not happen, and is repeated safely.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp

from bot.domain.channel import Channel
from bot.domain.job import MessageRef
from bot.ports import Delivery, DeliveryError, Limits, Rate, Transactions, UnitOfWork
from bot.settings import USUAL_PACE
from handlers.teams import render
from handlers.teams.connector import FAILED, Connector, ConnectorError, why
from handlers.teams.incoming import THREAD, base
from handlers.teams.token import NoToken

LIMITS = Limits(min_interval=USUAL_PACE, new=Rate(1500, 25), edits=Rate(1500, 25), looks_up=False)
"""At most 2 sends a second in a conversation, and 50 requests a second in a tenant, both kinds
together. A 429 is mostly about one conversation, so the others go on.
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit"""
MAX_REMEMBERED = 1_000


class Failure(NamedTuple):
    """What an answer means: if a person must act first, the sentence, and if it may have arrived.

    An `outage` ends by itself, or when an admin ends it, so it is worth trying for days.
    """

    permanent: bool
    reason: str
    maybe_delivered: bool = False
    outage: bool = False


NOT_FOR_THEM = Failure(
    True,
    "Amends is not installed for them in Teams, or they blocked it: they open Apps, find Amends and "
    "choose Add.",
)
NOT_THERE = Failure(
    True, "Amends is not in that team in Teams any more: an owner adds it under Manage team, Apps."
)
GONE = Failure(True, "That message or channel is not in Teams any more.")
TOO_LONG = Failure(True, "Teams found the message too long; the mistake is mine.")
REFUSED = Failure(True, "Teams did not accept how the message was built; the mistake is mine.")
NOT_LET_IN = Failure(False, "Teams does not accept my token just now.", outage=True)
WAIT = Failure(False, "Teams asked to wait.", outage=True)
CLASH = Failure(False, "Teams was changing the same conversation just then.")
BROKEN = Failure(False, "Teams had trouble of its own.", maybe_delivered=True, outage=True)

# https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability
FAILURES: Mapping[int, Failure] = {
    400: REFUSED,
    401: NOT_LET_IN,
    403: NOT_THERE,
    404: GONE,
    412: CLASH,
    413: TOO_LONG,
    429: WAIT,
}


def undelivered(error: Exception, *, direct: bool, gone: bool = False) -> DeliveryError:
    """The DeliveryError for a failed call: whether and when to repeat it (the worker adds jitter).

    `gone`: what was to be changed or answered is not there any more.
    """
    if isinstance(error, ConnectorError):
        failure = FAILURES.get(error.status, BROKEN if error.status >= 500 else REFUSED)
        if direct and error.status in (403, 404):
            failure = NOT_FOR_THEM
        waits = error.retry_after if error.status in (412, 429, 502, 503, 504) else None
        return DeliveryError(
            failure.reason,
            permanent=failure.permanent,
            retry_after=waits,
            maybe_delivered=failure.maybe_delivered,
            outage=failure.outage,
            gone=gone,
            code=why(error),
        )
    if isinstance(error, NoToken):
        return DeliveryError(f"I get no token for Teams. {error}", outage=True)
    if isinstance(error, aiohttp.ClientConnectorError):
        return DeliveryError("Teams cannot be reached just now.", outage=True)
    return DeliveryError("The connection to Teams broke off.", maybe_delivered=True, outage=True)


class TeamsMessenger:
    """ports.Messenger for every tenant that may use the app."""

    def __init__(
        self, connector: Connector, transactions: Transactions, app_id: str, min_interval: float
    ) -> None:
        self.limits = LIMITS.at(min_interval)
        self._connector = connector
        self._transactions = transactions
        self._bot = f"28:{app_id}" if app_id else ""
        self._said: OrderedDict[tuple[str, str], MessageRef] = OrderedDict()

    async def say(self, delivery: Delivery) -> MessageRef:
        """A reply in its thread, a new post in a channel, or a message in somebody's personal chat."""
        way, channel = _way(delivery.channel), delivery.channel
        activity = render.message(delivery.message)
        try:
            if channel.kind == "direct":
                conversation = await self.chat_with(delivery.workspace, channel)
                answer = await self._connector.send(way, conversation, activity)
                id = str(answer.get("id") or "")
            elif delivery.thread is not None:
                thread = _in_thread(way, delivery.thread.message)
                id = str((await self._connector.send(way, thread, activity)).get("id") or "")
            else:
                id = await self._post(way, channel, activity)
        except FAILED as error:
            gone = delivery.thread is not None and _is_not_found(error)
            raise undelivered(error, direct=channel.kind == "direct", gone=gone) from None
        if not id:
            raise DeliveryError("Teams did not say where it put the message.", maybe_delivered=True)
        return self._remembered(delivery, self._message_ref(delivery, id, way))

    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        """Replaces what it said; repeating an edit changes nothing."""
        way, channel = _way(delivery.channel), delivery.channel
        try:
            conversation = await self._conversation(delivery, message_ref)
            activity = {**render.message(delivery.message), "id": message_ref.message}
            await self._connector.update(way, conversation, message_ref.message, activity)
        except FAILED as error:
            if gone := _is_not_found(error):
                self._said.pop((delivery.workspace, delivery.key), None)
            raise undelivered(error, direct=channel.kind == "direct", gone=gone) from None
        return MessageRef(
            channel_id=message_ref.channel_id, message=message_ref.message, link=message_ref.link
        )

    async def delete(self, delivery: Delivery, message_ref: MessageRef) -> None:
        """Takes away what it said; what is gone already is no failure."""
        way, channel = _way(delivery.channel), delivery.channel
        try:
            conversation = await self._conversation(delivery, message_ref)
            await self._connector.delete(way, conversation, message_ref.message)
        except FAILED as error:
            if isinstance(error, ConnectorError) and error.status == 404:
                return
            raise undelivered(error, direct=channel.kind == "direct") from None

    async def _conversation(self, delivery: Delivery, message_ref: MessageRef) -> str:
        """The id of the conversation in which something was said."""
        channel = delivery.channel
        if channel.kind == "direct":
            return await self.chat_with(delivery.workspace, channel)
        root = delivery.thread.message if delivery.thread else message_ref.message
        # Under the message that began its own thread, even if that was posted again since.
        return _in_thread(_way(channel), _root_in(message_ref.link) or root)

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        """What this process itself knows of it: Teams has no look-up. After None it is said again."""
        return self._said.get((delivery.workspace, delivery.key))

    async def chat_with(self, workspace: str, channel: Channel) -> str:
        """The id of the personal chat with somebody, opened the first time and then remembered."""
        stored_id = channel.reference.get("conversation_id", "")
        if stored_id:
            return stored_id
        way = _way(channel)
        body = {
            "isGroup": False,
            "bot": {"id": way.get("bot_id") or self._bot},
            "members": [{"id": channel.id}],
            "tenantId": way.get("tenant_id", ""),
            "channelData": {"tenant": {"id": way.get("tenant_id", "")}},
        }
        opened = str((await self._connector.create(way, body)).get("id") or "")
        if not opened:
            raise ConnectorError(502, "no conversation id")

        def remember(work: UnitOfWork) -> None:
            stored = work.channels.get(channel.id) or channel
            reference = {**stored.reference, "conversation_id": opened}
            work.channels.remember(stored.model_copy(update={"reference": reference}))

        await self._transactions.write(workspace, remember)
        return opened

    async def _post(self, way: Mapping[str, str], channel: Channel, activity: Mapping[str, Any]) -> str:
        channel_id, tenant = way.get("channel_id") or channel.id, way.get("tenant_id", "")
        body = {
            "isGroup": True,
            "bot": {"id": way.get("bot_id") or self._bot},
            "tenantId": tenant,
            "channelData": {"channel": {"id": channel_id}, "tenant": {"id": tenant}},
            "activity": activity,
        }
        answer = await self._connector.create(way, body, channel_id)
        # The new thread's id ends in the message's; older answers carry only that.
        return str(answer.get("activityId") or str(answer.get("id") or "").partition(THREAD)[2])

    def _remembered(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        self._said[delivery.workspace, delivery.key] = message_ref
        if len(self._said) > MAX_REMEMBERED:
            self._said.popitem(last=False)
        return message_ref

    def _message_ref(self, delivery: Delivery, id: str, way: Mapping[str, str]) -> MessageRef:
        channel = delivery.channel
        if channel.kind == "direct":
            return MessageRef(channel_id=channel.id, message=id)
        root = delivery.thread.message if delivery.thread else id
        return MessageRef(channel_id=channel.id, message=id, link=link_to(way, channel.id, id, root))


def _way(channel: Channel) -> Mapping[str, str]:
    """A channel's stored reference; raises DeliveryError without one, because nothing can be sent."""
    if not channel.reference.get("service_url"):
        failure = NOT_FOR_THEM if channel.kind == "direct" else NOT_THERE
        raise DeliveryError(failure.reason, permanent=True)
    return channel.reference


def _in_thread(way: Mapping[str, str], root: str) -> str:
    return f"{base(way.get('conversation_id') or way.get('channel_id', ''))}{THREAD}{root}"


def _is_not_found(error: Exception) -> bool:
    """Whether the connector itself has no such message; a page of a proxy on the way has no code."""
    return isinstance(error, ConnectorError) and error.status == 404 and bool(error.code)


def _root_in(link: str | None) -> str:
    """The message that began the thread of a message with this link, which `link_to` made; or empty."""
    return parse_qs(urlsplit(link or "").query).get("parentMessageId", [""])[0]


def link_to(way: Mapping[str, str], channel_id: str, message: str, root: str) -> str:
    """The link that Teams itself gives a message in a channel."""
    path = f"https://teams.microsoft.com/l/message/{quote(channel_id, safe=':@')}/{message}"
    return f"{path}?tenantId={quote(way.get('tenant_id', ''))}&parentMessageId={root}"
