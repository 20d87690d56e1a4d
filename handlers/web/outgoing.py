"""Sends messages in the web workspace: stores posts, and tells the open pages to fetch them."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import quote

from bot.domain.job import MessageRef, minute
from bot.ports import Delivery, DeliveryError, Limits, StorageUnavailable, Transactions, UnitOfWork
from bot.repositories import Post

WORKSPACE = "web"


class Listener:
    """One open page: which channels changed since it last asked."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self._channels: set[str] = set()
        self.closed = False

    def wake(self, channel_id: str) -> None:
        """Notes that a channel changed; "" for what is no channel's (people, the list)."""
        self._channels.add(channel_id)
        self._woken.set()

    def close(self) -> None:
        """Ends the wait, because the server stops."""
        self.closed = True
        self._woken.set()

    async def changes(self, patience: float) -> set[str]:
        """The channels that changed, as soon as there is one; nothing after `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._woken.wait()
        except TimeoutError:
            return set()
        self._woken.clear()
        changed, self._channels = self._channels, set()
        return changed


class Hub:
    """Carries "this channel changed" to every open page of this process; holds no content."""

    def __init__(self) -> None:
        self._born = secrets.token_hex(4)
        self._count = 0
        self._listeners: set[Listener] = set()
        self._closed = False

    @property
    def version(self) -> str:
        """Changes with every change, and with every start of the process."""
        return f"{self._born}-{self._count}"

    def changed(self, channel_id: str = "") -> None:
        """Wakes every open page; "" when it concerns no channel."""
        self._count += 1
        for listener in self._listeners:
            listener.wake(channel_id)

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """A listener that hears everything until the block ends."""
        listener = Listener()
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Ends every open stream, so that the server can stop at once."""
        self._closed = True
        for listener in self._listeners:
            listener.close()


def path_to(post: Post, direct: bool = False) -> str:
    """Where a page shows this post: in its thread, or among somebody's direct messages."""
    if direct:
        return f"/dm#m{post.id}"
    return f"/p/{quote(post.channel_id, safe='')}/t/{post.thread or post.id}#m{post.id}"


class WebMessenger:
    """ports.Messenger for the web workspace. `base` is the server's address without a slash at its
    end, or "" while it is not known: links are paths then. `clock` says when it speaks."""

    limits = Limits()

    def __init__(
        self,
        transactions: Transactions,
        hub: Hub,
        base: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._transactions = transactions
        self._hub = hub
        self.base = base
        self._clock = clock

    async def say(self, delivery: Delivery) -> MessageRef:
        """Posts it; a delivery whose key is known is posted already, and its post is returned."""
        # Direct messages are one conversation here: what belongs under one of them follows it.
        root = delivery.thread if delivery.channel.kind == "shared" else None
        post = Post(
            channel_id=delivery.channel.id,
            thread=_number(root.message) if root else None,
            message=delivery.message,
            key=delivery.key,
            # The page shows minutes. More would be a trace of whoever answered without a name.
            posted_at=minute(self._clock()),
        )
        try:
            kept = await self._transactions.write(WORKSPACE, lambda work: work.posts.add(post))
        except StorageUnavailable as lost:
            raise DeliveryError(
                "The web workspace could not be written.", maybe_delivered=True
            ) from lost
        self._hub.changed(kept.channel_id)
        return self._message_ref(kept, delivery)

    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        """Replaces the post's message; raises a DeliveryError when the post is gone."""
        number = _number(message_ref.message)

        def say_anew(work: UnitOfWork) -> Post:
            post = work.posts.get(number)
            if post is None:
                raise DeliveryError("The message to change is gone.", permanent=True, gone=True)
            new = {"message": delivery.message, "edited_at": minute(self._clock())}
            edited = post.model_copy(update=new)
            work.posts.save(edited)
            return edited

        try:
            edited = await self._transactions.write(WORKSPACE, say_anew)
        except StorageUnavailable as lost:
            raise DeliveryError(
                "The web workspace could not be written.", maybe_delivered=True
            ) from lost
        self._hub.changed(edited.channel_id)
        return self._message_ref(edited, delivery)

    async def delete(self, delivery: Delivery, message_ref: MessageRef) -> None:
        """Takes the post away, unless somebody has answered below it."""
        number = _number(message_ref.message)

        def take_away(work: UnitOfWork) -> None:
            if work.posts.replies([number]):
                raise DeliveryError("Somebody has answered below it.", permanent=True)
            work.posts.drop(number)

        try:
            await self._transactions.write(WORKSPACE, take_away)
        except StorageUnavailable as lost:
            raise DeliveryError("The web workspace could not be written.") from lost
        self._hub.changed(message_ref.channel_id)

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        """The post with the delivery's key; keys are never used again, so `since` says nothing more."""
        try:
            post = await self._transactions.read(WORKSPACE, lambda work: work.posts.by_key(delivery.key))
        except StorageUnavailable as lost:
            raise DeliveryError("The web workspace could not be read.") from lost
        return None if post is None else self._message_ref(post, delivery)

    def _message_ref(self, post: Post, delivery: Delivery) -> MessageRef:
        link = self.base + path_to(post, direct=delivery.channel.kind == "direct")
        return MessageRef(channel_id=post.channel_id, message=str(post.id), link=link)


def _number(message: str) -> int:
    if not (message.isascii() and message.isdigit()):
        raise DeliveryError("The message to follow is not one of the web workspace.", permanent=True)
    return int(message)
