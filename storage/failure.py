"""Turns the errors of a database into those of `bot/ports.py`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.domain.errors import ConflictError
from bot.ports import StorageDamaged, StorageUnavailable
from storage.versioned import is_taken

# PostgreSQL, appendix A of its manual: the loser of two transactions that met.
MET = ("40001", "40P01")
# Its classes for connections, resources, operators stepping in, and the system around it; and
# 25006, a server that only reads just now, 25P03 and 25P04, a transaction that took too long, and
# 55P03, a lock that did not come in time.
TROUBLE = ("08", "25006", "25P03", "25P04", "53", "55P03", "57", "58")

DAMAGED = ("XX001", "XX002")
"""PostgreSQL's codes for a table and an index that cannot be read."""

DRIVERS = ("sqlite3", "psycopg")


@contextmanager
def translated() -> Iterator[None]:
    """Translates what a database raises.

    One that is locked, read-only or gone is StorageUnavailable, a lost race is a ConflictError.

    Everything else is a mistake of ours and passes as it is.
    """
    try:
        yield
    except Exception as failed:
        error = failed.orig if isinstance(failed, DBAPIError) else failed
        if type(error).__module__.partition(".")[0] not in DRIVERS:
            raise
        if is_taken(failed):
            raise ConflictError("somebody stored the same first") from failed
        state = str(getattr(error, "sqlstate", None) or "")
        code = int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
        if state in DAMAGED or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise StorageDamaged(f"the database is damaged: {first_line(failed)}") from failed
        if state in MET:
            raise ConflictError("another transaction was in the way") from failed
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if (
            kinds & {"OperationalError", "InterfaceError"}
            or type(error).__name__ == "DatabaseError"
            or state.startswith(TROUBLE)
        ):
            raise StorageUnavailable(
                f"the database cannot be used just now: {first_line(failed)}"
            ) from failed
        raise


def connect(engine: Engine) -> Connection:
    """A connection that its user closes; raises StorageUnavailable when there is none."""
    try:
        return engine.connect()
    except PoolTimeout as busy:
        raise StorageUnavailable("the database is busy") from busy
    except StorageUnavailable:
        raise
    except Exception as failed:
        # Drivers raise much beside their own errors: what the network says, what a name server says.
        raise StorageUnavailable(f"the database cannot be reached: {first_line(failed)}") from failed


def first_line(failed: Exception) -> str:
    """The driver's own first line, which says why and quotes no row; details may stand below it."""
    cause = failed.orig if isinstance(failed, DBAPIError) else failed
    return (str(cause).splitlines() or [type(cause).__name__])[0]
