"""What the database says when it cannot, in the words of `bot/ports.py`."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.domain.errors import Lost
from bot.ports import Unavailable
from storage.versioned import is_taken

# PostgreSQL, appendix A of its manual: the loser of two transactions that met.
MET = ("40001", "40P01")
# Its classes for connections, resources, operators stepping in, and the system around it; and
# 25006, a server that only reads just now, 25P03 and 25P04, a transaction that took too long, and
# 55P03, a lock that did not come in time.
TROUBLE = ("08", "25006", "25P03", "25P04", "53", "55P03", "57", "58")


@contextmanager
def translated() -> Iterator[None]:
    """Raises Unavailable for a database that is locked, read-only or gone, and Lost for a lost race.

    Everything else is a mistake of ours and passes as it is.
    """
    try:
        yield
    except IntegrityError as refused:
        if is_taken(refused):
            raise Lost("somebody stored the same first") from refused
        raise
    except DBAPIError as failed:
        state = str(getattr(failed.orig, "sqlstate", None) or "")
        if state in MET:
            raise Lost("another transaction was in the way") from failed
        # A plain DatabaseError is SQLite's for a file that is damaged or no database.
        if (
            isinstance(failed, OperationalError | InterfaceError)
            or type(failed) is DatabaseError
            or failed.connection_invalidated
            or state.startswith(TROUBLE)
        ):
            raise Unavailable(f"the database cannot be used just now: {first_line(failed)}") from failed
        raise
    except PoolTimeout as busy:
        raise Unavailable("the database is busy") from busy
    except Exception as broken:
        # What asyncpg says of a connection that ended half-way, where SQLAlchemy passes it on as it is;
        # who uses SQLite need not load asyncpg for its names.
        if type(broken).__module__.partition(".")[0] == "asyncpg":
            raise Unavailable(f"the database cannot be used just now: {first_line(broken)}") from broken
        raise


@contextmanager
def reached() -> Iterator[None]:
    """Raises Unavailable for whatever goes wrong on the way to a connection."""
    try:
        yield
    except Exception as failed:
        # Drivers raise much beside their own errors: what the network says, what a name server says.
        raise Unavailable(f"the database cannot be reached: {first_line(failed)}") from failed


def first_line(failed: Exception) -> str:
    """The driver's own first line, which says why and quotes no row; details may stand below it."""
    cause = failed.orig if isinstance(failed, DBAPIError) else failed
    return (str(cause).splitlines() or [type(cause).__name__])[0]
