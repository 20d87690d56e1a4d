"""The connections that are open: how many there may be, and how long each may keep us waiting.

A process has a limited number of files, and a connection is one. So their number is limited well below
that, whoever takes long to ask is cut, and where all are taken, whoever waits longest without asking
for anything makes room: a request that arrives whole is always answered.
"""

import asyncio
import logging
import resource
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from socket import AI_PASSIVE, SOCK_STREAM, create_server, socket
from typing import Literal, NamedTuple, Self, cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

log = logging.getLogger(__name__)

MOST = 4000
"""Connections at most, however many files the process may open: each takes about 20 kB."""
OURS = 3
"""One file in so many is kept for the database, the platforms and the log."""
HEAD_SECONDS = 20.0
"""How long a request's line and headers may take, however slowly they drip."""
BODY_SECONDS = 30.0
"""How long a body may take: the largest, 2 MB, at half of a slow phone's speed."""
IDLE_SECONDS = 75.0
"""How long a connection is kept for the next request; proxies keep theirs for 60 by default."""
WAITING_TO_COME_IN = 1024
"""Connections that the system keeps until they are accepted."""
AT_ONCE = 16
"""Connections accepted before the requests of others get their turn."""
RETRY_SECONDS = 1.0
"""How long nothing is accepted when there is no file left for it."""
TELL_SECONDS = 3600.0
"""How often the log says at most that there were too many."""
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Retry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)

Waits = Literal["head", "body", "next"]


class Limits(NamedTuple):
    """How many connections there may be, and the seconds that each may keep us waiting for what."""

    most: int
    head: float = HEAD_SECONDS
    body: float = BODY_SECONDS
    idle: float = IDLE_SECONDS

    @classmethod
    def of_this_process(cls) -> Self:
        """What the number of files that this process may open leaves room for (`ulimit -n`)."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        unlimited = files == resource.RLIM_INFINITY
        return cls(MOST if unlimited else max(1, min(MOST, files - files // OURS)))


class Connection(asyncio.Protocol):
    """aiohttp's side of one connection, and what it waits for: None while a request is answered."""

    def __init__(self, served: asyncio.Protocol, among: "Connections") -> None:
        self._served = served
        self._among = among
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.waits_for: Waits | None = "head"
        self.waits_since = asyncio.get_running_loop().time()
        self.has_asked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins the wait for the first request."""
        self._transport = cast(asyncio.Transport, transport)
        self._among.begin(self, transport)
        self._wait("head", self._among.limits.head)
        self._served.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Passes on what came; with its first byte the time for the next request's head begins."""
        if self.waits_for == "next":
            self._wait("head", self._among.limits.head)
        self._served.data_received(data)

    def eof_received(self) -> bool | None:
        """Whether it stays open for the answer, as aiohttp says."""
        return self._served.eof_received()

    def pause_writing(self) -> None:
        """Whoever reads is slower than we write."""
        self._served.pause_writing()

    def resume_writing(self) -> None:
        """They have caught up."""
        self._served.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by whomever."""
        self._wait(None, None)
        if self._transport is not None:
            self._among.end(self, self._transport)
            self._transport = None
        self._served.connection_lost(exc)

    def head_came(self) -> None:
        """A request has begun: its line and headers are there."""
        self.has_asked = True
        self._wait("body", self._among.limits.body)

    def body_came(self) -> None:
        """The whole request is there, so it takes as long as the answer takes."""
        if self.waits_for == "body":
            self._wait(None, None)

    def answered(self) -> None:
        """The answer is on its way, and the next request may come."""
        if self.is_open:
            self._wait("next", self._among.limits.idle)

    @property
    def is_open(self) -> bool:
        """Whether it was made and is not lost."""
        return self._transport is not None

    def cut(self) -> None:
        """Closes it at once, whatever is still to be sent: nobody can make us wait for that, either."""
        if self._transport is not None:
            self._transport.abort()

    def _wait(self, what: Waits | None, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = None if seconds is None else loop.call_later(seconds, self._too_long)
        self.waits_for, self.waits_since = what, loop.time()

    def _too_long(self) -> None:
        self._among.counts["idle" if self.waits_for == "next" else "too slow"] += 1
        self.cut()


class _Refusal(asyncio.Protocol):
    """A connection that there is no room for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        refused = cast(asyncio.Transport, transport)
        refused.write(FULL)
        refused.close()


class Connections:
    """All connections of the server; `counts` says how many were closed early, and why."""

    def __init__(self, limits: Limits, elapsed: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.counts: Counter[str] = Counter()
        self._elapsed = elapsed
        self._open: set[Connection] = set()
        self._of: dict[asyncio.BaseTransport, Connection] = {}
        self._tell_at = 0.0
        self._told: Counter[str] = Counter()

    def admit(self, served: Callable[[], asyncio.Protocol]) -> asyncio.Protocol:
        """The protocol of a new connection.

        Where all are taken, whoever waits longest makes room, first of all who never asked for
        anything; where all are being answered, the new one is refused.
        """
        if len(self._open) >= self.limits.most:
            waiting = [one for one in self._open if one.is_open and one.waits_for is not None]
            if not waiting:
                self.counts["refused"] += 1
                self.tell()
                return _Refusal()
            longest = min(waiting, key=lambda one: (one.has_asked, one.waits_since))
            self.counts["made room"] += 1
            self.tell()
            self._open.discard(longest)
            longest.cut()
        connection = Connection(served(), self)
        self._open.add(connection)
        return connection

    def begin(self, connection: Connection, transport: asyncio.BaseTransport) -> None:
        """Notes that it is there."""
        self._of[transport] = connection

    def end(self, connection: Connection, transport: asyncio.BaseTransport) -> None:
        """Notes that it is gone."""
        self._open.discard(connection)
        self._of.pop(transport, None)

    def never_came(self, protocol: asyncio.Protocol) -> None:
        """Notes that a connection was gone before it was made."""
        if isinstance(protocol, Connection):
            self._open.discard(protocol)

    def middleware(self) -> Middleware:
        """What tells each connection how far its request is; a lost one has nothing more to say."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            transport = request.transport
            connection = self._of.get(transport) if transport is not None else None
            if connection is not None:
                connection.head_came()
                request.content.on_eof(connection.body_came)
            try:
                return await handler(request)
            except ConnectionError:
                if request.transport is not None:
                    raise
                return web.Response(status=408)  # whoever did not finish asking has gone
            except RuntimeError:
                # aiohttp's own word for that, where the body is waited for only after they have gone.
                if request.transport is not None or request.content.is_eof():
                    raise
                return web.Response(status=408)
            finally:
                if connection is not None:
                    connection.answered()

        return watch

    def state(self) -> Mapping[str, int]:
        """For the operator: how many are open, how many may be, and how many were closed early."""
        return {
            "open": len(self._open),
            "most": self.limits.most,
            "too_slow": self.counts["too slow"],
            "made_room": self.counts["made room"],
            "refused": self.counts["refused"],
        }

    def tell(self) -> None:
        """Says once an hour at most that there are too many, however many come."""
        if (now := self._elapsed()) < self._tell_at:
            return
        self._tell_at = now + TELL_SECONDS
        since = self.counts - self._told
        self._told = self.counts.copy()
        log.warning(
            "Too many connections: %d are open, and no more than %d may be. Since the last such line %d "
            "that asked for nothing made room, %d were refused, and %d times no file was left. "
            "(Said once an hour; see docs/operations.md, Connections.)",
            *(len(self._open), self.limits.most, since["made room"], since["refused"], since["no file"]),
        )


async def listen(host: str, port: int) -> list[socket]:
    """Opens the port on each address of the host; raises OSError."""
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(host, port, type=SOCK_STREAM, flags=AI_PASSIVE)
    opened: list[socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(infos):
            where = (str(address[0]), int(address[1]))
            opened.append(create_server(where, family=family, backlog=WAITING_TO_COME_IN))
            opened[-1].setblocking(False)
    except OSError:
        for one in opened:
            one.close()
        raise
    return opened


@asynccontextmanager
async def accepting(
    opened: Sequence[socket], server: Callable[[], asyncio.Protocol], connections: Connections
) -> AsyncIterator[None]:
    """Accepts connections until the block ends, and then closes the port."""
    accepts = [asyncio.create_task(_accept(one, server, connections)) for one in opened]
    try:
        yield
    finally:
        for accept in accepts:
            accept.cancel()
        await asyncio.gather(*accepts, return_exceptions=True)
        for one in opened:
            one.close()


async def _accept(
    listening: socket, server: Callable[[], asyncio.Protocol], connections: Connections
) -> None:
    """asyncio's own loop logs each connection that finds no file, a hundred times a second."""
    loop, making, accepted = asyncio.get_running_loop(), set[asyncio.Task[None]](), 0
    try:
        while True:
            try:
                new, _ = await loop.sock_accept(listening)
            except ConnectionAbortedError:
                continue  # it has gone again
            except OSError:
                connections.counts["no file"] += 1
                connections.tell()
                await asyncio.sleep(RETRY_SECONDS)
                continue
            task = asyncio.create_task(_make(new, connections.admit(server), connections))
            making.add(task)
            task.add_done_callback(making.discard)
            accepted += 1
            if accepted % AT_ONCE == 0:
                await asyncio.sleep(0)
    finally:
        await asyncio.gather(*making)


async def _make(new: socket, protocol: asyncio.Protocol, connections: Connections) -> None:
    try:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, new)
    except OSError:
        connections.never_came(protocol)
        new.close()
