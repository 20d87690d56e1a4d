"""SQLite through aiosqlite, with as few trips to its thread as can be.

aiosqlite makes, runs, reads and closes a cursor in four trips; a trip costs more than a small
statement, and a writer holds up everybody else while it travels (measured: 2 to 3 times fewer
commits a second). Here a statement is run and read at once: results are small by design. What the
one writer runs inside its transaction makes no trip at all (measured: a third less work for a
click): it looks rows up by their keys, and nothing can make it wait. What can wait, for another
process or the disk, does so in the thread: BEGIN IMMEDIATE, COMMIT, and everything that only reads.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

BUSY_SECONDS = 0.8
"""How long to wait for another process, whose transactions take milliseconds."""
READERS = 4

# synchronous = FULL: what was committed survives a power cut, too. NORMAL may lose the last commits,
# and with 50 requests in flight it was no faster than the noise (about 250 small commits a second).
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")


def engine(file: Path, *, writes: bool, wait: float) -> AsyncEngine:
    """For writing, with one connection that this process's writers queue for, or for reading.

    `wait`: seconds that a transaction waits for a free connection. Reading ones refuse to write.
    """
    made = create_async_engine(
        "sqlite+aiosqlite://",
        hide_parameters=True,  # an error in the log must not hold what somebody wrote
        async_creator=_creator(file, writes),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1 if writes else READERS,
        max_overflow=0,
        pool_timeout=wait,
        # Every transaction is ended by its Connection; the pool need not travel to make sure.
        pool_reset_on_return=None,
    )

    @event.listens_for(made.sync_engine, "connect")
    def _connected(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(file)

    @event.listens_for(made.sync_engine, "checkout")
    def _checked_out(connection: Any, record: Any, proxy: Any) -> None:
        # SQLite goes on writing into a file that was deleted or replaced, where nobody finds it.
        if record.info["file"] != _identity(file):
            raise DisconnectionError("the database file is not the one that was opened")

    @event.listens_for(made.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # IMMEDIATE: a transaction that reads first and writes later fails at once when somebody
        # else wrote in between, whatever the timeout (jobs.md, rule 7).
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made


class Held(Exception):
    """Another process holds it."""


def hold(file: Path) -> sqlite3.Connection:
    """Holds a small file until the connection is closed; raises Held when somebody else does.

    A lock of the kernel's, through SQLite: alike on every system, and gone with the process however it
    ends. The file itself stays, empty, and means nothing.
    """
    address = f"file:{quote(str(file))}?mode=rwc"
    connection = sqlite3.connect(address, uri=True, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        return connection
    except sqlite3.OperationalError as refused:
        connection.close()
        if refused.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise Held from None
        raise


def _creator(file: Path, writes: bool) -> Callable[[], Any]:
    def connect() -> sqlite3.Connection:
        # mode=rw: a file that vanished must not come back empty without a word.
        # isolation_level=None: the driver shall not begin transactions by itself.
        connection = sqlite3.connect(
            f"file:{quote(str(file))}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # SQLite itself takes turns
        )
        try:
            for pragma in (*PRAGMAS, f"query_only = {'OFF' if writes else 'ON'}"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    async def create() -> aiosqlite.Connection:
        connection = _Connection(connect, iter_chunk_size=64)
        connection.writes = writes
        connection._thread.daemon = True  # as SQLAlchemy does: a forgotten one must not block the exit
        try:
            return await connection
        except Exception:
            # It tells its thread to stop and does not wait; the loop may be closed before it did.
            await asyncio.to_thread(connection._thread.join)
            raise

    return create


class _Connection(aiosqlite.Connection):
    writes = False

    def cursor(self) -> Any:
        return _Cursor(self)

    async def run(self, call: Callable[[sqlite3.Connection], None]) -> None:
        """Runs it here when a write transaction is open, else in one trip to the thread."""
        if self.writes and self._conn.in_transaction:
            call(self._conn)
        else:
            await self._execute(call, self._conn)  # type: ignore[no-untyped-call]  # aiosqlite's own


class _Cursor:
    """As much of aiosqlite's cursor as SQLAlchemy uses."""

    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "_Cursor":
        return self

    async def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        await self._connection.run(lambda connection: self._read(connection.execute(sql, values)))

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._connection.run(lambda connection: self._read(connection.executemany(sql, rows)))

    def _read(self, cursor: sqlite3.Cursor) -> None:
        try:
            self._rows = cursor.fetchall()
            # After reading: only then are the rows that an UPDATE … RETURNING changed all counted.
            self.description, self.rowcount = cursor.description, cursor.rowcount
            self.lastrowid = cursor.lastrowid
        finally:
            cursor.close()

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """Was closed in the trip that ran it."""


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino
