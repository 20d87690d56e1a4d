"""A way to the tests' PostgreSQL that falls silent without closing, as a lost host does, or breaks off.

    async with Proxy(database_url) as proxy:
        database = Database(proxy.url)
        proxy.silence()   # nothing comes through any more, and nobody is told
        proxy.admit()     # whoever connects anew is heard; what was silent stays so
        proxy.heal()      # what was held back arrives after all
        proxy.cut()       # every connection breaks off

`proxy.after(7, proxy.silence)` lets it happen right after the server's seventh answer.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self

from sqlalchemy.engine import make_url

READ = 65536


class Link:
    """One connection through the proxy; `flowing` unless it is silent."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.flowing = asyncio.Event()
        self.ends = [client]

    def cut(self) -> None:
        """Breaks off in both directions."""
        for end in self.ends:
            end.transport.abort()


class Proxy:
    """Listens on 127.0.0.1 and passes on to a database what it is sent, word for word.

    `disguise` replaces words by others of the same length, on their way to the server.
    """

    def __init__(self, url: str, disguise: Mapping[bytes, bytes] | None = None) -> None:
        self._target = make_url(url)
        self._disguise = disguise or {}
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent = False
        self._moment: tuple[int, Callable[[], None]] | None = None
        self.answers = 0
        """How often the server has answered through this proxy."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        through = self._target.set(host="127.0.0.1", port=port, query={})
        self.url = through.render_as_string(hide_password=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def silence(self) -> None:
        """Passes nothing on any more; new connections are taken and hear nothing either."""
        self._silent = True
        for link in self._links:
            link.flowing.clear()

    def admit(self) -> None:
        """Lets new connections through again."""
        self._silent = False

    def heal(self) -> None:
        """Goes on with everything where it stopped."""
        self.admit()
        for link in self._links:
            link.flowing.set()

    def cut(self) -> None:
        """Breaks off every connection; new ones work."""
        for link in self._links:
            link.cut()

    def after(self, answers: int, act: Callable[[], None]) -> None:
        """Does it once, as soon as the server has answered so often."""
        self._moment = answers, act

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(writer)
        self._links.add(link)
        if not self._silent:
            link.flowing.set()
        task = asyncio.create_task(self._lead(link, reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _lead(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await self._pass_on(link, reader, writer)
        except OSError:
            return  # somebody left: so does the other
        finally:
            link.cut()
            self._links.discard(link)

    async def _pass_on(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await link.flowing.wait()
        host = str(self._target.query.get("host") or self._target.host)
        if host.startswith("/"):
            socket = f"{host}/.s.PGSQL.{self._target.port or 5432}"
            from_server, to_server = await asyncio.open_unix_connection(socket)
        else:
            from_server, to_server = await asyncio.open_connection(host, self._target.port or 5432)
        link.ends.append(to_server)
        async with asyncio.TaskGroup() as group:
            both = [
                group.create_task(self._pump(link, reader, to_server)),
                group.create_task(self._pump(link, from_server, writer, answers=True)),
            ]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()

    async def _pump(
        self,
        link: Link,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answers: bool = False,
    ) -> None:
        with suppress(ConnectionError):
            while True:
                words = await reader.read(READ)
                # Held back, its end as well: who is lost does not say that it is.
                await link.flowing.wait()
                if not words:
                    return
                for old, new in () if answers else self._disguise.items():
                    words = words.replace(old, new)
                writer.write(words)
                await writer.drain()
                if answers:
                    self._answered()

    def _answered(self) -> None:
        self.answers += 1
        if self._moment is not None and self.answers >= self._moment[0]:
            _, act = self._moment
            self._moment = None
            act()
