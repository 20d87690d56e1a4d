"""Optimistic locking: a change names the version that it is based on, and fails when that is gone."""

from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, insert, update

from bot.domain.errors import ConflictError
from storage.keyed import Keyed, Thing
from storage.row import Values, values
from storage.statement import Statement

UNIQUE_VIOLATION = "23505"  # PostgreSQL, appendix A of its manual
UNIQUE_VIOLATIONS = (
    "SQLITE_CONSTRAINT_PRIMARYKEY",
    "SQLITE_CONSTRAINT_UNIQUE",
)  # sqlite.org/rescode.html


class Versioned(Keyed[Thing]):
    """Things with a version, which every change names and counts up."""

    def add(self, thing: Thing) -> Thing:
        """Stores a new thing and returns it; raises ConflictError when one with its key is there."""
        add(self._connection, self.table, self.row(thing))
        self._known[getattr(thing, self.key)] = thing
        return thing

    def save(self, thing: Thing) -> None:
        """Stores the next version of a thing; raises ConflictError when another version is stored."""
        row = self.row(thing)
        save(self._connection, self.table, row)
        next_one = thing.model_copy(update={"version": row["version"] + 1})
        self._known[getattr(thing, self.key)] = next_one

    def row(self, thing: Thing) -> Values:
        """The columns of a thing."""
        return values(self._workspace, thing)


def add(connection: Connection, table: Table, values: Values) -> None:
    """Stores a new row; raises ConflictError when somebody stored one with its key first."""
    try:
        _adding(table).run(connection, values)
    except Exception as refused:
        if is_taken(refused):
            raise ConflictError(f"{table.name}: somebody added it first") from refused
        raise


def save(connection: Connection, table: Table, values: Values) -> None:
    """Stores the next version of a row; raises ConflictError when another one is stored, or when
    another row has what only one may have.
    """
    seen = {f"known_{column.key}": values[column.key] for column in _identifying(table)}
    changed = {name: values[name] for name in values if f"known_{name}" not in seen}
    try:
        count = _saving(table).run(connection, {**changed, **seen})
    except Exception as refused:
        if is_taken(refused):
            raise ConflictError(f"{table.name}: somebody took it first") from refused
        raise
    if count == 0:
        raise ConflictError(f"{table.name}: somebody changed it first")


def _identifying(table: Table) -> list[Column[Any]]:
    return [*table.primary_key.columns, table.c.version]


@cache
def _adding(table: Table) -> Statement:
    return Statement(insert(table))


@cache
def _saving(table: Table) -> Statement:
    seen = (column == bindparam(f"known_{column.key}") for column in _identifying(table))
    return Statement(update(table).where(*seen).values(version=table.c.version + 1))


def is_taken(refused: BaseException) -> bool:
    """Whether an error of either database says that a key is taken."""
    error = getattr(refused, "orig", refused)
    name = getattr(error, "sqlite_errorname", None)
    return name in UNIQUE_VIOLATIONS or getattr(error, "sqlstate", None) == UNIQUE_VIOLATION
