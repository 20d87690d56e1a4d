"""The database behind the ports: an SQLite file, or PostgreSQL for several machines."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from sqlite3 import Error as SQLiteError

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import ports
from storage import postgresql, sqlite
from storage.failure import first_line, reached, translated
from storage.postgresql import LimitedConnection, lift_limits
from storage.queue import Queue
from storage.tables import places, teams
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

POOL_TIMEOUT = 2.0
"""Seconds that a transaction waits for its turn, and for a connection."""
MIGRATING = 4_711_000_001
"""Our own number for PostgreSQL's advisory lock, so that two machines migrate one after the other."""

VERSIONS = Path(__file__).parent / "migrations" / "versions"


class Outdated(Exception):
    """The schema is not the one this program was written for; the sentence says what to do."""


class Taken(Exception):
    """Another process is the clock of this database; the sentence says what to do."""


class Database:
    """Opens units of work; made from a URL, `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as unreadable:
            raise ValueError("it is no address of a database") from unreadable
        self.file: Path | None = None
        if parsed.get_backend_name() == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("an SQLite database needs a file: memory would forget what is owed")
            self.file = Path(parsed.database).absolute()
            self._writers = sqlite.engine(self.file, writes=True, wait=POOL_TIMEOUT)
            self._readers = sqlite.engine(self.file, writes=False, wait=POOL_TIMEOUT)
            self._turns = {True: asyncio.Semaphore(1), False: asyncio.Semaphore(sqlite.READERS)}
        else:
            self._writers = postgresql.engine(parsed, wait=POOL_TIMEOUT)
            self._readers = self._writers.execution_options(postgresql_readonly=True)
            self._turns = dict.fromkeys((True, False), asyncio.Semaphore(postgresql.CONNECTIONS))

    def open_work(
        self, workspace: str, *, writes: bool
    ) -> AbstractAsyncContextManager[ports.UnitOfWork]:
        """ports.OpenWork. Raises Unavailable and Lost, whatever the flow was doing."""
        return self._open_work(workspace, writes)

    def queue(self) -> ports.Queue:
        """The worker's side of the jobs."""
        return Queue(self.transaction)

    @asynccontextmanager
    async def transaction(self, *, writes: bool, limited: bool = True) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction; without a commit everything is rolled back.

        A reading one refuses to write: on SQLite it could not become a writing one when somebody
        else wrote meanwhile, and that would show only on busy days (jobs.md, rule 7). On PostgreSQL
        each call is `limited` in time, here and by the server.
        """
        until = asyncio.get_running_loop().time() + POOL_TIMEOUT
        with translated():
            async with self._turn(writes, until), self._connected(writes, until, limited) as connection:
                yield connection

    @asynccontextmanager
    async def _turn(self, writes: bool, until: float) -> AsyncIterator[None]:
        """Transactions begin in the order they were asked for; the pool lets the latest go first."""
        turns = self._turns[writes]
        try:
            async with asyncio.timeout_at(until):
                await turns.acquire()
        except TimeoutError:
            raise ports.Unavailable("the database is busy") from None
        try:
            yield
        finally:
            turns.release()

    @asynccontextmanager
    async def _connected(
        self, writes: bool, until: float, limited: bool
    ) -> AsyncIterator[AsyncConnection]:
        engine = self._writers if writes else self._readers
        remote = self.file is None
        connection = (LimitedConnection if remote and limited else AsyncConnection)(engine)
        with reached():
            # What can hang on a file is SQLite's to end.
            async with asyncio.timeout_at(until if remote else None):
                await connection.start()
        try:
            if remote and not limited:
                await lift_limits(connection)
            yield connection
        finally:
            # Whoever asked may be gone; the connection goes back to its pool all the same.
            await asyncio.shield(asyncio.create_task(_put_back(connection)))

    @contextmanager
    def clock(self) -> Iterator[None]:
        """For whoever speaks: one process at a time on an SQLite file, any number on PostgreSQL.

        On a file leases go by the machine's clock and by what this process is doing, so two would
        say things twice. Raises Taken with one sentence, or Unavailable.
        """
        if self.file is None:
            yield
            return
        file = self.file.resolve()  # one file is one clock, whichever way leads to it
        try:
            held = sqlite.hold(file.with_name(f"{file.name}-clock"))
        except sqlite.Held:
            raise Taken(
                f"Another Amends is at work on {file}, which takes one at a time: stop that serve or "
                "tick first, or set AMENDS_DATABASE_URL to a PostgreSQL that several share."
            ) from None
        except SQLiteError as refused:
            raise ports.Unavailable(f"{file}-clock cannot be used: {refused}") from refused
        with closing(held):
            yield

    async def prepare(self) -> None:
        """Makes sure that the schema is today's: makes or upgrades a file, refuses an old server.

        A schema of the next version will do, so that the old and the new program may run side by side:
        migrations only add. Raises Outdated with one sentence, or Unavailable.
        """
        if _is_ready(await self._version()):
            return
        if self.file is None:
            raise Outdated(
                "The database's schema is older than this program: run 'python -m bot migrate'."
            )
        await self.migrate()

    async def migrate(self) -> None:
        """Brings the schema to today's, in one transaction; makes an SQLite file that is not there.

        Raises Outdated when it is too new, or Unavailable.
        """
        if _is_ready(await self._version()):
            return
        # Only here: alembic costs a fifth of a second that most starts need not pay.
        from storage.migrations.run import upgrade  # noqa: PLC0415

        if self.file is not None:
            try:
                self.file.touch(mode=0o600)  # an empty file is an empty database
            except OSError as refused:
                raise ports.Unavailable("the database file cannot be made") from refused
        async with self.transaction(writes=True, limited=False) as connection:
            if self.file is None:
                lock = text("SELECT pg_advisory_xact_lock(:number)")
                await connection.execute(lock, {"number": MIGRATING})
            await connection.run_sync(upgrade)
            await connection.commit()

    async def workspaces(self, *, used: bool = True) -> Sequence[str]:
        """The workspaces that have a team, by name; not only `used`: those that have a place."""
        workspace = (teams if used else places).c.workspace
        async with self.transaction(writes=False) as connection:
            return list(await connection.scalars(select(workspace).distinct().order_by(workspace)))

    async def close(self) -> None:
        """Closes every connection."""
        await self._writers.dispose()
        await self._readers.dispose()

    async def _version(self) -> str | None:
        if self.file is not None and not self.file.exists():
            return None
        async with self.transaction(writes=False) as connection:
            if not await connection.run_sync(_has_version):
                return None
            stored = await connection.execute(text("SELECT version_num FROM alembic_version"))
            return stored.scalar_one_or_none()

    @asynccontextmanager
    async def _open_work(self, workspace: str, writes: bool) -> AsyncIterator[ports.UnitOfWork]:
        async with self.transaction(writes=writes) as connection:
            yield UnitOfWork(connection, workspace)


async def _put_back(connection: AsyncConnection) -> None:
    try:
        await connection.close()
    except DBAPIError as broken:
        # It is thrown away, and what it did not commit is rolled back where it went.
        log.warning("a connection broke before it was put back: %s", first_line(broken))


def head() -> str:
    """The newest version of the schema, read from the names of the migrations."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def _is_ready(stored: str | None) -> bool:
    """Whether this program can work with a schema; raises Outdated when it is too new."""
    if stored is None or stored < head():
        return False
    if int(stored) > int(head()) + 1:
        raise Outdated("The database's schema is newer than this program: install the newer program.")
    return True


def _has_version(connection: Connection) -> bool:
    return inspect(connection).has_table("alembic_version")
