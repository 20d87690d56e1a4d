"""The database behind the ports: an SQLite file, or PostgreSQL for several machines."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import Error as SQLiteError
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import URL, Connection, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot import ports
from bot.domain.errors import ConflictError
from storage import restored, search_index, sqlite, vault
from storage.copied import copy_rows
from storage.damage import look_into_file, look_into_server
from storage.failure import connect, translated
from storage.jobs.queue import Clock, Past, Queue
from storage.repositories.case import sum_customers
from storage.row import Values
from storage.sqlite import SQLite
from storage.tables import channels, teams
from storage.turn import Turn
from storage.unit_of_work import ReadOnlyWork, UnitOfWork
from storage.vault import Vault

if TYPE_CHECKING:
    from storage.postgresql import PostgreSQL

Result = TypeVar("Result")

MAX_TRIES = 3
"""PostgreSQL may break off one of two transactions that meet; nothing was done, so do it again."""
BATCH_SIZE = 1000
"""Rows that a migration changes in one transaction, so that nobody beside it waits long."""
MIGRATING = 4_711_000_001
"""Our own number for PostgreSQL's advisory lock, so that two machines migrate one after the other."""

OUTDATED = "The database's schema is older than this program: run 'python -m bot migrate'."

MARK = "INSERT OR REPLACE INTO counters (workspace, noun, number) VALUES (:workspace, :noun, :number)"

VERSIONS = Path(__file__).parent / "migrations" / "versions"


class SchemaOutdated(Exception):
    """The schema is not the one this program was written for; the sentence says what to do."""


class NoFile(Exception):
    """There is no database file: it was not made yet, or the database is PostgreSQL."""


class AlreadyRunning(Exception):
    """Another process already sends what this database owes; the sentence says what to do."""


class Database:
    """ports.Transactions over `sqlite:///FILE` or `postgresql://…`, whichever driver stands in it."""

    _engines: "SQLite | PostgreSQL"
    _server: "PostgreSQL | None" = None

    def __init__(
        self,
        url: str,
        *,
        only_reads: bool = False,
        clock: Clock | None = None,
        keys: Sequence[str] = (),
    ) -> None:
        """Opens nothing yet; `only_reads`: an SQLite file may be where nobody may write.

        `keys` are the operator's, by which secrets are sealed: the first one seals.

        `clock`: what the queue goes by instead of the real time, for a story with times of its own.
        """
        address = _parsed(url)
        self.file: Path | None = None
        if address.get_backend_name() == "sqlite":
            if not address.database or address.database == ":memory:":
                raise ValueError("an SQLite database needs a file: memory would forget what is owed")
            self.file = Path(address.database).absolute()
            self._engines = SQLite(self.file, only_reads=only_reads)
        else:
            # Only where there is a server: its driver takes 8 MiB.
            from storage.postgresql import PostgreSQL  # noqa: PLC0415

            self._engines = self._server = PostgreSQL(address)
        self.vault = Vault(keys)
        self._past = Past()
        self._clock = clock
        self._damage: str | None = None
        """What somebody met that was damaged; the next deep look tells whether it still is."""

    async def write(self, workspace: str, change: Callable[[ports.UnitOfWork], Result]) -> Result:
        """ports.Transactions.write."""

        def turn(connection: Connection) -> Result:
            work = UnitOfWork(connection, workspace, self.vault)
            result = change(work)
            work.flush()
            return result

        return await self._turn(turn, writes=True)

    async def read(self, workspace: str, look: Callable[[ports.ReadOnlyWork], Result]) -> Result:
        """ports.Transactions.read.

        A reading transaction refuses to write: on SQLite it could not become a writing one when
        somebody else wrote meanwhile, and that would show only on busy days.
        """

        def turn(connection: Connection) -> Result:
            return look(ReadOnlyWork(connection, workspace, self.vault))

        return await self._turn(turn, writes=False)

    def write_at_length(self, workspace: str, change: Callable[[ports.UnitOfWork], Result]) -> Result:
        """Like `write`, at once, for an operator's change that looks through every table.

        On PostgreSQL without the limits that keep others from waiting; raises StorageUnavailable and
        ConflictError.
        """
        for tries in range(1, MAX_TRIES + 1):
            try:
                with self.transaction(writes=True) as connection:
                    if self._server is not None:
                        self._server.lift_limits(connection)
                    work = UnitOfWork(connection, workspace, self.vault)
                    result = change(work)
                    work.flush(at_length=True)
                    connection.commit()
                    return result
            except ConflictError:
                if tries == MAX_TRIES:
                    raise
        raise AssertionError("the last try returned or raised")

    async def write_queue(self, change: Callable[[ports.Queue], Result]) -> Result:
        """ports.Transactions.write_queue."""
        for _ in range(MAX_TRIES - 1):
            try:
                return await self._queue(change, writes=True)
            except ConflictError:
                continue
        return await self._queue(change, writes=True)

    async def read_queue(self, look: Callable[[ports.Queue], Result]) -> Result:
        """ports.Transactions.read_queue."""
        return await self._queue(look, writes=False)

    async def _queue(self, step: Callable[[ports.Queue], Result], *, writes: bool) -> Result:
        def turn(connection: Connection) -> Result:
            return step(Queue(connection, self._past, self._clock))

        return await self._turn(turn, writes=writes)

    async def _turn(self, work: Callable[[Connection], Result], *, writes: bool) -> Result:
        turn = Turn(work)
        try:
            self._engines.submit(turn, writes=writes)
        except RuntimeError as closed:
            raise ports.StorageUnavailable("the database is closed") from closed
        try:
            return await turn.outcome(self._engines.patience, self._engines.alive)
        except ports.StorageDamaged as damaged:
            self._damage = str(damaged)
            raise

    async def damage(self, *, deep: bool = False) -> str | None:
        """ports.Transactions.damage."""
        try:
            if self.file is None:
                await self._turn(look_into_server, writes=False)
            else:
                await asyncio.to_thread(look_into_file, self.file, deep=deep)
        except ports.StorageDamaged as damaged:
            return str(damaged)
        if deep:
            self._damage = None
        return self._damage

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[Connection]:
        """A connection of the caller's own, step by step; without a commit everything is rolled back."""
        engine = self._engines.writers if writes else self._engines.readers
        with translated(), connect(engine) as connection:
            yield connection

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Held by a process that sends messages: by one on an SQLite file, by any number on PostgreSQL.

        On a file leases go by the machine's clock and by what this process is doing, so two processes
        would send things twice. Raises AlreadyRunning with one sentence, or StorageUnavailable.
        """
        if self.file is None:
            yield
            return
        file = self.file.resolve()  # links to one file lead to one lock
        try:
            held = sqlite.hold(file.with_name(f"{file.name}-clock"))
        except sqlite.FileLocked:
            raise AlreadyRunning(
                f"Another Amends is at work on {file}, which takes one at a time: stop that serve or "
                "tick first, or set AMENDS_DATABASE_URL to a PostgreSQL that several share."
            ) from None
        except SQLiteError as refused:
            raise ports.StorageUnavailable(f"{file}-clock cannot be used: {refused}") from refused
        with closing(held):
            yield

    def prepare(self) -> None:
        """Makes sure that the schema is today's: makes or upgrades a file, refuses an old server.

        A schema of the next version will do, so that the old and the new program may run side by side:
        migrations only add. Raises SchemaOutdated with one sentence, or StorageUnavailable.
        """
        file = self.file
        read_only = file is not None and file.exists() and sqlite.is_read_only(file)
        if not _is_ready(self._version()):
            if file is None:
                raise SchemaOutdated(OUTDATED)
            if read_only:
                raise SchemaOutdated(
                    f"The schema of {self.file} is older than this program, and the file can only be "
                    "read: copy it to a folder that can be written, and use the copy."
                )
            self.migrate()
        if read_only:  # nobody counts on in it
            return
        with self.transaction(writes=False) as connection:
            if not restored.is_copy(connection):
                return
        with self.transaction(writes=True) as connection:
            restored.jump(connection)
            connection.commit()

    def has_strange_journal(self) -> bool:
        """Whether the journal beside the file seems to be another file's; to be asked before any use."""
        return self.file is not None and sqlite.has_strange_journal(self.file)

    def mark_restored(self) -> datetime:
        """Notes that this is a copy that was made without `back_up`; returns of when at the earliest."""
        with self.transaction(writes=True) as connection:
            made_at = restored.newest(connection)
            restored.mark(connection, made_at)
            restored.jump(connection)
            connection.commit()
        return made_at

    def back_up(self, copy: Path) -> None:
        """Copies an SQLite file, which may be in use, into a new file that says that it is a copy.

        Raises NoFile where there is no file to copy, FileExistsError, or StorageUnavailable.
        """
        if self.file is None or not self.file.exists():
            raise NoFile
        marks = restored.marks(datetime.now(UTC))
        try:
            sqlite.back_up(self.file, copy, partial(_finish_copy, marks))
        except FileExistsError:
            raise
        except (OSError, SQLiteError) as failed:
            raise ports.StorageUnavailable(f"the backup could not be made: {failed}") from failed

    @contextmanager
    def copied(self, file: Path, *, opens: str) -> Iterator["Database"]:
        """The same rows, as they stand at one moment, in a new SQLite file; this one is only read.

        Words are found there in the channels that are owed a first message of this name, `opens`.
        Raises SchemaOutdated with one sentence, or StorageUnavailable.
        """
        if not _is_ready(self._version()):
            raise SchemaOutdated(OUTDATED)
        copy = Database(f"sqlite:///{file}")
        try:
            copy.prepare()
            with self.transaction(writes=False) as source, copy.transaction(writes=True) as target:
                if self._server is not None:
                    source.execution_options(isolation_level="REPEATABLE READ")
                    self._server.lift_limits(source)
                copy_rows(source, target)
                search_index.index_where_said_first(target, opens)
                target.commit()
            yield copy
        finally:
            copy.close()

    def migrate(self) -> None:
        """Brings the schema to today's, in one transaction; makes an SQLite file that is not there.

        Raises SchemaOutdated when it is too new, or StorageUnavailable.
        """
        if self._server is not None and self._server.pooled:
            with self.transaction(writes=True) as connection:
                self._server.limit_role(connection)
                connection.commit()
        if not _is_ready(self._version()):
            self._upgrade()
        # Also where one that was killed had got the schema only.
        while self._sum_customers():
            continue
        while self._index_words():
            continue

    def check_secrets(self) -> None:
        """Raises VaultLocked where a stored secret is not opened by the keys, or StorageUnavailable."""
        with self.transaction(writes=False) as connection:
            vault.check(connection, self.vault)

    def reseal(self) -> int:
        """Seals all secrets with the first key, and returns how many connections have any.

        Raises VaultLocked, or StorageUnavailable.
        """
        with self.transaction(writes=True) as connection:
            sealed = vault.reseal(connection, self.vault)
            connection.commit()
            return sealed

    def _upgrade(self) -> None:
        # Only here: alembic costs a fifth of a second that most starts need not pay.
        from storage.migrations.run import upgrade  # noqa: PLC0415

        if self.file is not None:
            try:
                self.file.touch(mode=0o600)  # an empty file is an empty database
            except OSError as refused:
                raise ports.StorageUnavailable("the database file cannot be made") from refused
        for tries in range(1, MAX_TRIES + 1):
            try:
                self._change_schema(upgrade)
                break
            except ConflictError as met:
                # The program that runs beside it was in the way, and nothing was changed.
                if tries == MAX_TRIES:
                    raise ports.StorageUnavailable("the database is busy: run migrate again") from met

    def _change_schema(self, upgrade: Callable[[Connection], None]) -> None:
        with self.transaction(writes=True) as connection:
            if self._server is not None:
                self._server.lift_limits(connection)
                lock = text("SELECT pg_advisory_xact_lock(:number)")
                connection.execute(lock, {"number": MIGRATING})
            upgrade(connection)
            connection.commit()

    def _index_words(self) -> bool:
        with self.transaction(writes=True) as connection:
            if self._server is not None:
                self._server.lift_limits(connection)
            more = search_index.catch_up(connection, BATCH_SIZE)
            connection.commit()
        return more

    def _sum_customers(self) -> bool:
        with self.transaction(writes=True) as connection:
            summed = sum_customers(connection, BATCH_SIZE)
            connection.commit()
        return summed == BATCH_SIZE

    def workspaces(self, *, used: bool = True) -> Sequence[str]:
        """The workspaces that have a team, by name; not only `used`: those that have a channel."""
        workspace = (teams if used else channels).c.workspace
        with self.transaction(writes=False) as connection:
            return list(connection.scalars(select(workspace).distinct().order_by(workspace)))

    def close(self) -> None:
        """Lets what runs come to its end, and closes every connection."""
        self._engines.close()

    def _version(self) -> str | None:
        if self.file is not None and not self.file.exists():
            return None
        with self.transaction(writes=False) as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            stored = connection.execute(text("SELECT version_num FROM alembic_version"))
            return stored.scalar_one_or_none()


def _finish_copy(marks: Sequence[Values], target: SQLiteConnection) -> None:
    target.executemany(MARK, marks)
    # What was forgotten goes on no journey; an older schema, copied before an upgrade, has no index.
    if target.execute("SELECT 1 FROM sqlite_master WHERE name = 'search_words'").fetchone():
        target.execute(str(search_index.WIPE))


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except ArgumentError as unreadable:
        raise ValueError("it is no address of a database") from unreadable
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError("it is neither sqlite:///FILE nor postgresql://…")
    return parsed


def head() -> str:
    """The newest version of the schema, read from the names of the migrations."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def _is_ready(stored: str | None) -> bool:
    """Whether this program can work with a schema; raises SchemaOutdated when it is too new."""
    if stored is None or stored < head():
        return False
    if int(stored) > int(head()) + 1:
        raise SchemaOutdated(
            "The database's schema is newer than this program: install the newer program."
        )
    return True
