"""PostgreSQL through psycopg: as many threads as connections, and none that waits for a silent server.

A host that falls silent never says so: a call without an answer ends by closing its connection, as if
the host had closed it, and the pool makes a new one.
"""

import logging
import select
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DisconnectionError

from storage.column import AS_JSON
from storage.failure import connect, translated
from storage.turn import Turn

log = logging.getLogger(__name__)

Result = TypeVar("Result")

LIMITS = {
    "lock_timeout": "1500",
    "statement_timeout": "2000",
    "idle_in_transaction_session_timeout": "5000",
}
"""Milliseconds: a click waits 3 seconds at most, and nothing of ours takes long."""
TRANSACTION_LIMIT = "transaction_timeout"
"""From PostgreSQL 17 on: a process that is stopped half-way, of a batch as well, keeps nobody longer."""
TRANSACTION_MILLISECONDS = "5000"
WIRE = {
    "connect_timeout": 2,
    "tcp_user_timeout": 3000,
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
"""Seconds, but for the milliseconds of tcp_user_timeout."""
CALL_SECONDS = 2.2
"""How long a call may take: a server that is there has ended it by then, and a click waits for 3."""
PATIENCE_SECONDS = 0.7
"""How long a turn waits to begin when none ends: with CALL_SECONDS under Slack's 3."""
ALIVE_SECONDS = 0.3
"""A server with which a turn ended so lately is only busy."""
CONNECTIONS = 20
BESIDE = 4
"""Connections beside those of the threads, for what runs step by step."""
OF_ASYNCPG = ("prepared_statement_cache_size", "prepared_statement_name_func", "command_timeout")
"""What an address for our earlier driver may hold, and this one does not know."""


class PostgreSQL:
    """A server, the connections to it and the threads that use them.

    `?pooler=transaction` in the address: a pooler such as PgBouncer stands between, which gives each
    transaction another connection. Then nothing is prepared, and the limits are the role's.
    """

    def __init__(self, address: URL) -> None:
        address, pooler = _understood(address)
        self.pooled = pooler == "transaction"
        if pooler not in (None, "transaction"):
            raise ValueError("pooler can only be transaction")
        started = {"application_name": "amends"}
        if self.pooled:
            own: Mapping[str, Any] = {"prepare_threshold": None}
        else:
            limits = " ".join(f"-c {name}={value}" for name, value in LIMITS.items())
            own = {"options": limits}
        self.writers = create_engine(
            address,
            **AS_JSON,
            hide_parameters=True,  # an error in the log must not hold what somebody wrote
            pool_size=CONNECTIONS,
            max_overflow=BESIDE,
            pool_timeout=PATIENCE_SECONDS,
            pool_use_lifo=True,  # so that no more are open than were ever needed at once
            connect_args={**WIRE, **started, **own},
        )
        self.readers = self.writers.execution_options(postgresql_readonly=True)
        event.listen(self.writers, "do_connect", self._connect)
        event.listen(self.writers, "connect", self._connected, insert=True)
        event.listen(self.writers, "checkout", self._checked_out)
        self._threads = ThreadPoolExecutor(CONNECTIONS, "database")
        self._ended_at = self._silent_at = 0.0

    patience = PATIENCE_SECONDS

    def alive(self) -> bool:
        """Whether it is worth waiting for a turn."""
        return time.monotonic() - self._ended_at < ALIVE_SECONDS

    def submit(self, turn: Turn[Any], *, writes: bool) -> None:
        """Lets a thread take the turn; raises RuntimeError once it is closed."""
        self._threads.submit(turn.run, partial(self._serve, self.writers if writes else self.readers))

    def close(self) -> None:
        """Waits for the turns that were submitted, and closes every connection."""
        self._threads.shutdown()
        self.writers.dispose()

    def limit_role(self, connection: Connection) -> None:
        """Sets the limits for the role, because a pooler accepts none with a connection."""
        row = connection.execute(text("SELECT current_user, current_database()")).one()
        quoted = connection.dialect.identifier_preparer.quote_identifier
        whose = f"{quoted(row[0])} IN DATABASE {quoted(row[1])}"
        for name, value in self._limits(connection).items():
            connection.execute(text(f"ALTER ROLE {whose} SET {name} = '{value}'"))

    def lift_limits(self, connection: Connection) -> None:
        """Removes the limits for this transaction, which may take long."""
        for name in self._limits(connection):
            connection.execute(text(f"SET LOCAL {name} = 0"))
        connection.connection.driver_connection.patient = True  # type: ignore[union-attr]

    def _limits(self, connection: Connection) -> Mapping[str, str]:
        setting = connection.execute(
            text(f"SELECT current_setting('{TRANSACTION_LIMIT}', true)")
        ).scalar()
        return LIMITS if setting is None else LIMITS | {TRANSACTION_LIMIT: TRANSACTION_MILLISECONDS}

    def _serve(self, engine: Engine, work: Callable[[Connection], Result]) -> Result:
        with translated(), connect(engine) as connection, connection.begin():
            result = work(connection)
        self._ended_at = time.monotonic()
        return result

    def _connect(self, dialect: Any, record: Any, args: Any, more: Any) -> "LimitedConnection":
        connection: LimitedConnection = LimitedConnection.connect(*args, **more)
        connection.fell_silent = self._fell_silent
        return connection

    def _fell_silent(self) -> None:
        self._silent_at = time.monotonic()

    def _checked_out(self, connection: Any, record: Any, proxy: Any) -> None:
        connection.patient = False
        # Those that rested when another one fell silent have most likely gone with it.
        if record.info["made_at"] < self._silent_at:
            raise DisconnectionError("the server has fallen silent since")
        # A server has nothing to say to a connection that is idle, except that it is closed: that it is
        # there is seen without asking it.
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if poll.poll(0):
            raise DisconnectionError("the server closed the connection")

    def _connected(self, connection: Any, record: Any) -> None:
        record.info["made_at"] = time.monotonic()
        # The limit for idle ones is not enough: a process may be stopped between two statements.
        if not self.pooled and connection.info.server_version >= 170000:
            # Past SQLAlchemy, which would roll it back with its first transaction.
            connection.autocommit = True
            connection.execute(f"SET {TRANSACTION_LIMIT} = {TRANSACTION_MILLISECONDS}")
            connection.autocommit = False


class LimitedConnection(psycopg.Connection[Any]):
    """A connection that is closed when a call takes longer than CALL_SECONDS, unless it is `patient`."""

    patient = False
    fell_silent: Callable[[], None] | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """psycopg's own, which every call uses, with a time limit."""
        try:
            return super().wait(gen, interval, timeout or (None if self.patient else CALL_SECONDS))
        except psycopg.OperationalError:
            if self.info.transaction_status == TransactionStatus.ACTIVE:
                log.warning("the database did not answer in time; that connection is given up")
                self.close()
                if self.fell_silent is not None:
                    self.fell_silent()
            raise


def _understood(address: URL) -> tuple[URL, str | None]:
    """The address as libpq takes it, whichever driver it was written for, and its pooler."""
    query = {name: value for name, value in address.query.items() if name not in OF_ASYNCPG}
    pooler = query.pop("pooler", None)
    if "ssl" in query:  # asyncpg's word for it
        query.setdefault("sslmode", query.pop("ssl"))
    return address.set(drivername="postgresql+psycopg", query=query), str(pooler) if pooler else None
