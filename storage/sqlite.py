"""SQLite through Python's own driver: one thread that writes, several that read.

What waits to be written shares one commit, because the disk is what takes long: each turn in a
savepoint of its own, so that one that fails takes nothing of the others with it. Answers come once the
disk has it all.
"""

import logging
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any, Literal, TypeVar, cast
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from bot.ports import StorageUnavailable
from storage.column import AS_JSON
from storage.failure import connect, translated
from storage.turn import TURN_SECONDS, Turn, answer_all

log = logging.getLogger(__name__)

Result = TypeVar("Result")

BUSY_SECONDS = 0.8
"""How long to wait for another process, whose transactions take milliseconds."""
READERS = 4
STATEMENTS = 512
"""Kept prepared by each connection: more than we have. Python's own number is 128."""
BESIDE = 2
"""Connections beside those of the threads, for what runs step by step."""
TOGETHER = 25
"""Turns that share a commit at most."""
SHARED_SECONDS = 0.05
"""How long a shared transaction may collect turns: another process waits for it to end."""

APART_SECONDS = 60.0
"""How much later than its -wal a file is changed at most, while both belong together."""

# synchronous = FULL: what was committed survives a power cut, too. NORMAL may lose the last commits,
# and with 50 requests in flight it was no faster than the noise (about 250 small commits a second).
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
ANY_WRITES = 0o222
"""The bits of a file's mode that let anybody write."""


class SQLite:
    """A file, its connections and the threads that use them.

    `only_reads`: it may be on a medium, or in a folder, where nobody may write.
    """

    def __init__(self, file: Path, *, only_reads: bool = False) -> None:
        self.writers = _engine(file, writes=True)
        self.readers = _engine(file, writes=False, only_reads=only_reads)
        self._writing = ThreadPoolExecutor(1, "writer")
        self._reading = ThreadPoolExecutor(READERS, "reader")
        self._waiting: deque[Turn[Any]] = deque()
        self._asked = False
        """Whether the writer was asked to take what waits, and has not found it all taken since."""
        self._asking = Lock()

    patience = TURN_SECONDS

    def alive(self) -> bool:
        """Whether it is worth waiting longer for a turn: no, because a file has no server to recover."""
        return False

    def submit(self, turn: Turn[Any], *, writes: bool) -> None:
        """Lets a thread take the turn; raises RuntimeError once it is closed."""
        if not writes:
            self._reading.submit(turn.run, self._read)
            return
        with self._asking:
            if not self._asked:
                self._writing.submit(self._write)
                self._asked = True
            self._waiting.append(turn)

    def close(self) -> None:
        """Waits for the turns that were submitted, and closes every connection."""
        for threads in (self._writing, self._reading):
            threads.shutdown()
        for engine in (self.writers, self.readers):
            engine.dispose()

    def _read(self, work: Callable[[Connection], Result]) -> Result:
        with translated(), connect(self.readers) as connection, connection.begin():
            return work(connection)

    def _write(self) -> None:
        try:
            while True:
                self._share()
                with self._asking:
                    if not self._waiting:
                        self._asked = False
                        return
        except BaseException as fault:
            # Whoever asks next must find a writer.
            with self._asking:
                self._asked = False
            log.error("the writer stumbled: %s", type(fault).__name__)
            raise

    def _share(self) -> None:
        """Runs the turns that wait, and commits them together; only then they are answered."""
        ended: list[Turn[Any]] = []
        try:
            with translated():
                if self._waiting:
                    with connect(self.writers) as connection, connection.begin():
                        self._take_turns(connection, ended)
        except BaseException as fault:
            # Nobody's work was kept, whatever they had been told of it so far.
            if not ended and (turn := self._next()) is not None:
                ended.append(turn)
            for turn in ended:
                turn.fault = turn.fault or fault
        answer_all(ended)

    def _take_turns(self, connection: Connection, ended: list[Turn[Any]]) -> None:
        """Runs the turns that wait, one after the other, each in a savepoint."""
        driver: sqlite3.Connection = cast(Any, connection.connection.driver_connection)
        until = time.monotonic() + SHARED_SECONDS
        # Who asks from now on waits for the next commit, so that nobody waits for many of them.
        for _ in range(min(len(self._waiting), TOGETHER)):
            turn = self._next() if time.monotonic() < until else None
            if turn is None:
                return
            ended.append(turn)
            _step(driver, "SAVEPOINT turn")
            try:
                with translated():
                    turn.result = turn.work(connection)
            except BaseException as fault:
                turn.fault = fault
                if driver.in_transaction:
                    _step(driver, "ROLLBACK TO turn")
            if not driver.in_transaction:
                # A full disk, for one, rolls back everything, and says so to one turn only.
                raise StorageUnavailable("the database rolled back everything that waited together")
            _step(driver, "RELEASE turn")

    def _next(self) -> Turn[Any] | None:
        """The next turn that was not given up, or None."""
        while self._waiting:
            turn = self._waiting.popleft()
            if turn.begin():
                return turn
        return None


def _step(driver: sqlite3.Connection, statement: str) -> None:
    # Past SQLAlchemy, which would take ten times as long for it.
    try:
        driver.execute(statement).close()
    except sqlite3.Error as refused:
        raise StorageUnavailable(f"the database cannot be used just now: {refused}") from refused


def is_read_only(file: Path) -> bool:
    """Whether a file that is there, or its folder, in which SQLite needs files of its own, is read-only.

    What was made read-only is meant so, also for who may write everywhere.
    """
    return any(
        not os.access(path, os.W_OK) or not path.stat().st_mode & ANY_WRITES
        for path in (file, file.parent)
    )


def _engine(file: Path, *, writes: bool, only_reads: bool = False) -> Engine:
    """An engine for writing, or one for reading, which refuses to write."""
    made = create_engine(
        "sqlite://",
        paramstyle="named",
        **AS_JSON,
        hide_parameters=True,  # an error in the log must not hold what somebody wrote
        creator=_reader(file) if only_reads else _creator(file, writes),
        poolclass=QueuePool,
        pool_size=1 if writes else READERS,
        max_overflow=BESIDE,
        pool_timeout=TURN_SECONDS,
    )

    @event.listens_for(made, "connect")
    def _connected(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(file)

    @event.listens_for(made, "checkout")
    def _checked_out(connection: Any, record: Any, proxy: Any) -> None:
        # SQLite goes on writing into a file that was deleted or replaced, where nobody finds it.
        if record.info["file"] != _identity(file):
            raise DisconnectionError("the database file is not the one that was opened")

    @event.listens_for(made, "begin")
    def _begin(connection: Connection) -> None:
        # IMMEDIATE: a transaction that reads first and writes later fails at once when somebody
        # else wrote in between, whatever the timeout.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made


class FileLocked(Exception):
    """Another process holds it."""


def hold(file: Path) -> sqlite3.Connection:
    """Holds a small file until the connection is closed; raises FileLocked when somebody else does.

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
            raise FileLocked from None
        raise


def has_strange_journal(file: Path) -> bool:
    """Whether the -wal beside it is older than the file, as when another one was put in its place.

    SQLite writes into the -wal first, and into the file right after it, if at all.
    """
    try:
        journal = os.stat(f"{file}-wal")
        return journal.st_size > 0 and os.stat(file).st_mtime - journal.st_mtime > APART_SECONDS
    except FileNotFoundError:
        return False


def back_up(file: Path, copy: Path, finish: Callable[[sqlite3.Connection], object]) -> None:
    """Copies a database that may be in use, as it is at one moment, into a new file.

    `finish` adds to the copy before it is checked. The copy is one file for its owner only, and is not
    there when anything fails. Raises FileExistsError, OSError, or sqlite3.Error, also when the copy is
    damaged.
    """
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True)) as source,
            closing(sqlite3.connect(copy, isolation_level=None)) as target,
        ):
            # In one step: between two somebody may write, and it would begin anew.
            source.backup(target)
            # The file alone, without a journal beside it that could be left behind.
            target.execute("PRAGMA journal_mode = DELETE")
            finish(target)
            if (found := damage(target, "integrity_check")) is not None:
                raise sqlite3.DatabaseError(found)
        with copy.open("rb") as written:
            os.fsync(written.fileno())
    except BaseException:
        copy.unlink(missing_ok=True)
        raise


def damage(
    connection: sqlite3.Connection, check: Literal["quick_check", "integrity_check"]
) -> str | None:
    """What SQLite finds damaged, the first of it; None when all is well."""
    (found,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
    return None if found == "ok" else str(found)


def _creator(file: Path, writes: bool) -> Callable[[], sqlite3.Connection]:
    def connect() -> sqlite3.Connection:
        # mode=rw: a file that vanished must not come back empty without a word.
        # isolation_level=None: the driver shall not begin transactions by itself.
        connection = sqlite3.connect(
            f"file:{quote(str(file))}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # SQLite itself takes turns
            cached_statements=STATEMENTS,
        )
        try:
            for pragma in (*PRAGMAS, f"query_only = {'OFF' if writes else 'ON'}"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    return connect


def _reader(file: Path) -> Callable[[], sqlite3.Connection]:
    """Connects to a file that may be read-only; where it is, nothing is written beside it either."""
    usual = _creator(file, writes=False)

    def connect() -> sqlite3.Connection:
        if not file.exists() or not is_read_only(file):
            return usual()
        beside = file.with_name(f"{file.name}-wal")
        # A running program has a file of changes beside it, which a copy may hold as well. Without
        # changes the file is all there is, and nothing is asked for beside it.
        ways = ["mode=ro"] if beside.exists() else []
        ways += [] if beside.exists() and beside.stat().st_size else ["mode=ro&immutable=1"]
        for way in ways:
            connection = sqlite3.connect(
                f"file:{quote(str(file))}?{way}",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENTS,
            )
            try:
                connection.execute("SELECT count(*) FROM sqlite_master").close()
            except sqlite3.OperationalError:
                connection.close()
            else:
                return connection
        raise StorageUnavailable(
            f"{file} can only be read, and not as it stands, because {beside.name} belongs to it: copy "
            "all its files to a folder that can be written, and use the copy."
        )

    return connect


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino
