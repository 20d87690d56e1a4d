"""Looks whether what is stored can still be read."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, literal, select
from sqlalchemy.exc import ProgrammingError

from bot.ports import StorageDamaged, StorageUnavailable
from storage.failure import first_line
from storage.sqlite import BUSY_SECONDS, damage
from storage.tables import Row

TABLES = tuple(sorted(Row.metadata.tables))
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""SQLITE_ERROR is what it says of a table that is not there."""

# One row of each table, whichever comes first.
_LOOK = select(
    *(
        select(literal(1)).select_from(Row.metadata.tables[name]).limit(1).scalar_subquery().label(name)
        for name in TABLES
    )
)
# All columns of the table itself: SQLite would rather read an index.
_LOOKS_INTO_FILE = tuple(f"SELECT * FROM {name} NOT INDEXED LIMIT 1" for name in TABLES)  # noqa: S608 - ours


def look_into_file(file: Path, *, deep: bool) -> None:
    """Reads something of each table, or all there is. Raises StorageDamaged, or StorageUnavailable.

    By a connection of its own, because the others still know what they have read before.
    """
    address = f"file:{quote(str(file))}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
            for look in _LOOKS_INTO_FILE:
                connection.execute(look).fetchone()
            found = damage(connection, "quick_check") if deep else None
    except sqlite3.Error as failed:
        if getattr(failed, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
            raise StorageDamaged(f"the database is damaged: {failed}") from failed
        raise StorageUnavailable(f"the database cannot be read: {failed}") from failed
    if found is not None:
        raise StorageDamaged(f"the database is damaged: {found}")


def look_into_server(connection: Connection) -> None:
    """Reads something of each table. Raises StorageDamaged."""
    try:
        connection.execute(_LOOK)
    except ProgrammingError as missing:
        raise StorageDamaged(f"the database is damaged: {first_line(missing)}") from missing
