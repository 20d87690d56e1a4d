"""How many connections there may be, and how long each may keep us waiting: on real sockets."""

import asyncio
import errno
import logging
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from socket import socket
from typing import NamedTuple
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from handlers.connections import MOST, Connections, Limits, accepting, listen

SOON = 0.05
"""A bound that is over at once; the tests wait for the end of the connection, not for time."""
LATE = 600.0


class Served(NamedTuple):
    """A server of four paths, its connections, and what happens in them."""

    port: int
    connections: Connections
    streaming: asyncio.Event
    end: asyncio.Event


@asynccontextmanager
async def serving(limits: Limits) -> AsyncIterator[Served]:
    connections = Connections(limits)
    streaming, end = asyncio.Event(), asyncio.Event()

    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def length(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first\n")
        streaming.set()
        await end.wait()
        await response.write(b"last\n")
        return response

    async def much(_: web.Request) -> web.Response:
        return web.Response(body=bytes(64_000_000))

    app = web.Application(middlewares=[connections.middleware()])
    app.add_routes([web.get("/", hello), web.post("/", length), web.get("/stream", stream)])
    app.add_routes([web.get("/much", much)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    assert runner.server is not None
    opened = await listen("127.0.0.1", 0)
    async with accepting(opened, runner.server, connections):
        yield Served(opened[0].getsockname()[1], connections, streaming, end)
    end.set()
    await runner.cleanup()


class Caller:
    """A client that sends what it is told, byte by byte if need be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, text: str) -> None:
        self.writer.write(text.replace("\n", "\r\n").encode())

    async def answer(self) -> str:
        """An answer's head and body."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.partition("Content-Length: ")[2].partition("\r")[0])
        return head.partition("\r\n")[0] + " " + (await self.reader.readexactly(length)).decode()

    async def is_cut(self) -> bool:
        """Waits for the end, and says that nothing came before it."""
        try:
            return await self.reader.read() == b""
        except ConnectionResetError:
            return True


@asynccontextmanager
async def calling(served: Served, *texts: str) -> AsyncIterator[list[Caller]]:
    """A connection for each of these texts, which is sent at once."""
    callers: list[Caller] = []
    try:
        for text in texts:
            callers.append(Caller(*await asyncio.open_connection("127.0.0.1", served.port)))
            callers[-1].send(text)
            await until(lambda: served.connections.state()["open"] >= len(callers))
        yield callers
    finally:
        for caller in callers:
            caller.writer.close()


async def until(true: Callable[[], bool]) -> None:
    """Gives everything else its turn until it is so."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - a socket's end at the other side is no event here
            await asyncio.sleep(0)


WHOLE = "GET / HTTP/1.1\nHost: x\n\n"
HALF_A_HEAD = "GET / HTTP/1.1\nHost:"
HALF_A_BODY = "POST / HTTP/1.1\nHost: x\nContent-Length: 10\n\nhalf"


@pytest.mark.parametrize(
    ("limits", "sent"),
    [
        (Limits(9, head=SOON), ""),
        (Limits(9, head=SOON), HALF_A_HEAD),
        (Limits(9, body=SOON), HALF_A_BODY),
    ],
    ids=["nothing", "half a head", "half a body"],
)
async def test_whoever_does_not_finish_asking_is_cut_and_no_log_line_says_so(
    limits: Limits, sent: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(limits) as served:
        async with calling(served, sent) as [half]:
            assert await half.is_cut()
        await until(lambda: served.connections.state()["open"] == 0)
        assert served.connections.state()["too_slow"] == 1
    assert not [record for record in caplog.records if record.name != "asyncio"]


async def test_a_body_waited_for_after_its_sender_has_gone_is_no_fault_and_ours_still_is() -> None:
    body = aiohttp.StreamReader(BaseProtocol(asyncio.get_running_loop()), 1024)  # never connected
    request = make_mocked_request("POST", "/", payload=body, protocol=Mock(), transport=None)
    watch = Connections(Limits(1)).middleware()

    async def read(request: web.Request) -> web.StreamResponse:
        return web.Response(text=str(len(await request.read())))

    async def fail(_: web.Request) -> web.StreamResponse:
        raise RuntimeError("a mistake of ours")

    assert (await watch(request, read)).status == 408
    body.feed_eof()
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        await watch(request, fail)


async def test_a_head_that_drips_gains_no_time_by_dripping() -> None:
    async with serving(Limits(9, head=0.2)) as served, calling(served, HALF_A_HEAD) as [half]:
        dripping = asyncio.create_task(drip(half))
        assert await asyncio.wait_for(half.is_cut(), 10)
        dripping.cancel()


async def drip(caller: Caller) -> None:
    while True:
        caller.send("x")
        await asyncio.sleep(0.01)


async def test_a_body_that_comes_in_parts_is_answered_and_the_connection_kept() -> None:
    async with serving(Limits(9)) as served, calling(served, HALF_A_BODY) as [half]:
        half.send("second")
        assert await half.answer() == "HTTP/1.1 200 OK 10"
        half.send(WHOLE)
        assert await half.answer() == "HTTP/1.1 200 OK hello"


async def test_an_idle_connection_is_closed_and_a_half_sent_second_request_cut() -> None:
    for limits, second in ((Limits(9, idle=SOON), ""), (Limits(9, head=0.2), HALF_A_HEAD)):
        async with serving(limits) as served, calling(served, WHOLE) as [caller]:
            assert await caller.answer() == "HTTP/1.1 200 OK hello"
            caller.send(second)
            assert await caller.is_cut()
            assert served.connections.state()["too_slow"] == (1 if second else 0)


async def test_a_stream_lives_longer_than_every_bound_and_counts() -> None:
    limits = Limits(9, head=SOON, body=SOON, idle=SOON)
    async with (
        serving(limits) as served,
        calling(served, "GET /stream HTTP/1.1\nHost: x\n\n", "") as [
            stream,
            idle,
        ],
    ):
        assert await idle.is_cut()  # so the bounds are over
        assert served.connections.state()["open"] == 1
        served.end.set()
        assert b"last" in await stream.reader.readuntil(b"last\n")


async def test_whoever_does_not_read_the_answer_is_cut_like_an_idle_one() -> None:
    async with (
        serving(Limits(9, idle=0.2)) as served,
        calling(served, "GET /much HTTP/1.1\nHost: x\n\n"),
    ):
        await until(lambda: served.connections.counts["idle"] == 1)
        await until(lambda: served.connections.state()["open"] == 0)


async def test_where_all_are_taken_who_asked_for_nothing_longest_makes_room_and_old_ones_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        serving(Limits(3)) as served,
        calling(served, WHOLE, HALF_A_HEAD, HALF_A_BODY) as [kept, first, second],
    ):
        assert await kept.answer() == "HTTP/1.1 200 OK hello"
        async with calling(served, WHOLE) as [late]:
            assert await late.answer() == "HTTP/1.1 200 OK hello"
            assert await first.is_cut()
        second.send("second")
        assert await second.answer() == "HTTP/1.1 200 OK 10"
        kept.send(WHOLE)
        assert await kept.answer() == "HTTP/1.1 200 OK hello"
        state = served.connections.state()
        assert (state["made_room"], state["refused"], state["most"]) == (1, 0, 3)
    assert [record.levelname for record in caplog.records if record.name != "asyncio"] == ["WARNING"]


async def test_where_all_are_being_answered_the_newest_is_refused_and_the_old_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        serving(Limits(1)) as served,
        calling(served, "GET /stream HTTP/1.1\nHost: x\n\n") as [old],
    ):
        await served.streaming.wait()
        for _ in range(3):
            async with calling(served, WHOLE) as [newest]:
                assert (await newest.answer()).startswith("HTTP/1.1 503 ")
                assert await newest.is_cut()
        assert served.connections.state()["refused"] == 3
        served.end.set()
        assert b"last" in await old.reader.readuntil(b"last\n")
    assert len([record for record in caplog.records if record.name != "asyncio"]) == 1


async def test_the_log_says_it_once_an_hour_and_counts_what_it_did_not_say(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    connections = Connections(Limits(1), lambda: now)
    for _ in range(1000):
        connections.counts["refused"] += 1
        connections.tell()
    now = 3600.0
    connections.tell()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert ", 1 were refused," in told[0]
    assert ", 999 were refused," in told[1]


async def test_where_no_file_is_left_nothing_spins_and_what_waits_is_answered_later(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, tries = asyncio.get_running_loop(), 0
    accept = loop.sock_accept

    async def scarce(sock: socket) -> object:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise OSError(errno.EMFILE, "Too many open files")
        return await accept(sock)

    monkeypatch.setattr(loop, "sock_accept", scarce)
    monkeypatch.setattr("handlers.connections.RETRY_SECONDS", SOON)
    async with serving(Limits(9)) as served, aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{served.port}/") as answer:
            assert await answer.text() == "hello"
        assert served.connections.counts["no file"] == 2
    assert len([record for record in caplog.records if record.name != "asyncio"]) == 1


@pytest.mark.parametrize(
    ("files", "most"), [(1024, 683), (256, 171), (1, 1), (resource.RLIM_INFINITY, MOST), (10**6, MOST)]
)
def test_a_third_of_the_processs_files_is_kept_for_other_things(
    files: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert Limits.of_this_process().most == most
