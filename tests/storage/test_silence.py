"""A PostgreSQL that breaks off or falls silent at any moment is unavailable, and soon works again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Barrier

import pytest
from sqlalchemy import text

from bot.ports import Queue, StorageUnavailable
from storage import postgresql
from storage.database import MIGRATING, Database
from tests.proxy import Proxy
from tests.storage.made import a_case, saved, seen

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

AT_ONCE = 3.0
"""Seconds: a click waits no longer."""
SOON = 10.0
THREADS = ThreadPoolExecutor(20)
"""The loop's own are fewer than what falls silent at once."""


@asynccontextmanager
async def behind(proxy: Proxy) -> AsyncIterator[Database]:
    """The database that the proxy leads to."""
    opened = Database(proxy.url)
    yield opened
    opened.close()


async def use(database: Database, workspace: str = "W") -> bool:
    """Uses it as a process does that starts: returns whether it was there, or says so at once."""
    for step in (
        database.prepare,
        lambda: saved(database, lambda work: work.cases.add(a_case()), workspace),
        lambda: seen(database, lambda work: work.cases.get(1), workspace),
    ):
        try:
            async with asyncio.timeout(AT_ONCE):
                await asyncio.get_running_loop().run_in_executor(THREADS, step)
        except StorageUnavailable:
            return False
    return True


async def answers_to(database_url: str) -> int:
    """How often the server answers while all goes well."""
    async with Proxy(database_url) as proxy, behind(proxy) as database:
        assert await use(database)
        return proxy.answers


@on_postgresql
async def test_a_connection_may_break_off_at_any_moment(database_url: str) -> None:
    broken = 0
    for moment in range(1, await answers_to(database_url) + 1):
        async with Proxy(database_url) as proxy, behind(proxy) as database:
            proxy.after(moment, proxy.cut)
            broken += not await use(database)
            assert await use(database), f"after {moment} answers"
    assert broken > 0


@on_postgresql
async def test_the_host_may_fall_silent_at_any_moment(database_url: str) -> None:
    few = asyncio.Semaphore(15)  # at once: the machine itself shall not be what is slow

    async def silenced(moment: int) -> bool:
        workspace = f"W{moment}"  # of its own: what is lost half-way keeps others from it for a while
        async with few, Proxy(database_url) as proxy, behind(proxy) as database:
            proxy.after(moment, proxy.silence)
            was_there = await use(database, workspace)
            proxy.admit()
            async with asyncio.timeout(SOON):
                while not await use(database, workspace):
                    continue
            return was_there

    moments = range(1, await answers_to(database_url) + 1)
    assert not all(await asyncio.gather(*(silenced(moment) for moment in moments)))


@on_postgresql
async def test_a_server_that_cannot_limit_transactions_is_unavailable(database_url: str) -> None:
    refused = {b"transaction_timeout": b"transaction_timeouX"}
    async with Proxy(database_url, refused) as proxy, behind(proxy) as database:
        with pytest.raises(StorageUnavailable, match="transaction_timeoux"):
            await asyncio.to_thread(database.prepare)


@on_postgresql
async def test_a_silence_costs_none_of_the_connections(database_url: str) -> None:
    async def all_at_once(database: Database, then: Callable[[], None]) -> set[type | None]:
        there, loop = Barrier(postgresql.CONNECTIONS), asyncio.get_running_loop()

        def one(queue: Queue) -> None:
            there.wait(SOON)
            loop.call_soon_threadsafe(then)
            there.wait(SOON)
            queue.next_due()

        each = (database.read_queue(one) for _ in range(postgresql.CONNECTIONS))
        outcomes = await asyncio.gather(*each, return_exceptions=True)
        return {type(outcome) if outcome else None for outcome in outcomes}

    async with Proxy(database_url) as proxy, behind(proxy) as database:
        assert await use(database)
        assert await all_at_once(database, proxy.silence) == {StorageUnavailable}
        assert await all_at_once(database, proxy.admit) == {StorageUnavailable}  # it is silent still
        proxy.admit()
        assert await all_at_once(database, proxy.admit) == {None}


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
async def test_migrating_takes_as_long_as_it_takes(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.postgresql.CALL_SECONDS", 1.0)
    database, other = Database(empty_url), Database(empty_url)
    with other.transaction(writes=True) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATING})
        migrating = asyncio.create_task(asyncio.to_thread(database.migrate))
        await asyncio.wait({migrating}, timeout=2.0)
        assert not migrating.done()
    await migrating
    database.prepare()
    for opened in (database, other):
        opened.close()
