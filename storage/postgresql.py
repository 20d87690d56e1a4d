"""PostgreSQL through asyncpg, with an end to every wait: a host that falls silent never says so.

A call without an answer ends by hanging up. Whoever waited hears of a broken connection, as if the
host had closed it, and the pool makes a new one. Nothing is asked of the host for that: to cancel what
runs there asyncpg would open one more connection, and wait for it as well.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.failure import first_line

log = logging.getLogger(__name__)

LIMITS = {
    "lock_timeout": "1500",
    "statement_timeout": "2000",
    "idle_in_transaction_session_timeout": "5000",
}
"""Milliseconds: a click waits 3 seconds at most, and nothing of ours takes long."""
TRANSACTION_LIMIT = "SET transaction_timeout = 10000"
"""Milliseconds, from PostgreSQL 17 on: a process that is stopped half-way keeps nobody longer."""
NO_TRANSACTION_LIMIT = (
    "SELECT set_config('transaction_timeout', '0', true) "
    "WHERE current_setting('transaction_timeout', true) IS NOT NULL"
)
CALL_SECONDS = 2.2
"""How long a call may take: a server that is there has ended it by then, and a click waits for 3."""
PING_SECONDS = 0.5
"""How long a connection that rested may take to answer: a new one, and a lock, need time as well."""
CONNECTIONS = 20


def engine(url: URL, *, wait: float) -> AsyncEngine:
    """Connects when asked to; `wait`: seconds that a transaction waits for a connection."""
    # Only here: who uses SQLite need not load it.
    from asyncpg import Connection  # type: ignore[import-untyped]  # noqa: PLC0415

    class Curt(Connection):  # type: ignore[misc]
        async def close(self, **_: Any) -> None:
            # No goodbye: who is gone does not answer it, and asyncpg would wait for that.
            self.terminate()

    made = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=CONNECTIONS // 2,
        max_overflow=CONNECTIONS // 2,
        pool_timeout=wait,
        connect_args={
            "timeout": wait,
            "connection_class": Curt,
            "server_settings": {"application_name": "amends", **LIMITS},
        },
    )
    event.listen(made.sync_engine, "connect", _limit_transactions)
    event.listen(made.sync_engine, "checkout", _ping)
    event.listen(made.sync_engine, "handle_error", _distrust)
    return made


class LimitedConnection(AsyncConnection):
    """A connection whose calls take CALL_SECONDS at most; whoever starts it limits that."""

    _driver: Any

    async def start(self, is_ctxmanager: bool = False) -> AsyncConnection:
        await super().start(is_ctxmanager)
        self._driver = (await self.get_raw_connection()).driver_connection
        return self

    async def execute(self, *args: Any, **more: Any) -> Any:
        with _limited(self._driver, CALL_SECONDS):
            return await super().execute(*args, **more)

    async def run_sync(self, *args: Any, **more: Any) -> Any:
        with _limited(self._driver, CALL_SECONDS):
            return await super().run_sync(*args, **more)

    async def commit(self) -> None:
        with _limited(self._driver, CALL_SECONDS):
            await super().commit()

    async def close(self) -> None:
        with _limited(self._driver, CALL_SECONDS):
            await super().close()


async def lift_limits(connection: AsyncConnection) -> None:
    """Lets this transaction take as long as it takes, as far as the server is concerned."""
    for limit in LIMITS:
        await connection.execute(text(f"SET LOCAL {limit} = 0"))
    await connection.execute(text(NO_TRANSACTION_LIMIT))


@contextmanager
def _limited(driver: Any, seconds: float) -> Iterator[None]:
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    # One more round of the loop: where it was held up, the answer may lie there beside the limit.
    limit = loop.call_later(seconds, loop.call_soon, _hang_up, driver, seconds, done)
    try:
        yield
    finally:
        done.set()
        limit.cancel()


def _hang_up(driver: Any, seconds: float, done: asyncio.Event) -> None:
    if done.is_set():
        return
    log.warning("the database did not answer in %.1f s; that connection is given up", seconds)
    driver.terminate()


def _limit_transactions(connection: Any, record: Any) -> None:
    # The limit for idle ones is not enough: asyncpg may be stopped between two halves of a statement.
    if connection.driver_connection.get_server_version().major >= 17:
        # Past SQLAlchemy, which would roll it back with its first transaction.
        connection.run_async(lambda driver: driver.execute(TRANSACTION_LIMIT))


def _ping(connection: Any, record: Any, proxy: Any) -> None:
    try:
        connection.run_async(_answer)
    except Exception as gone:
        # Those that rest beside it have most likely gone with it.
        log.warning("a connection that rested is gone: %s", first_line(gone))
        raise InvalidatePoolError from gone


async def _answer(driver: Any) -> None:
    with _limited(driver, PING_SECONDS):
        await driver.execute("SELECT 1")


def _distrust(context: ExceptionContext) -> None:
    # When it was not the server that answered, nobody knows how the connection stands.
    if getattr(context.original_exception, "sqlstate", None) is None:
        context.is_disconnect = True
