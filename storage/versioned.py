"""Compare and swap: a change is a claim that can lose to somebody else's."""

from functools import cache
from typing import Any

from sqlalchemy import Column, Insert, Table, Update, bindparam, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import Lost
from storage.row import Values

UNIQUE_VIOLATION = "23505"  # PostgreSQL, appendix A of its manual
UNIQUE_VIOLATIONS = (
    "SQLITE_CONSTRAINT_PRIMARYKEY",
    "SQLITE_CONSTRAINT_UNIQUE",
)  # sqlite.org/rescode.html


async def add(connection: AsyncConnection, table: Table, values: Values) -> None:
    """Stores a new row; raises Lost when somebody stored the like of it first."""
    try:
        await connection.execute(_adding(table), values)
    except IntegrityError as refused:
        if is_taken(refused):
            raise Lost(f"{table.name}: somebody added it first") from refused
        raise


async def save(connection: AsyncConnection, table: Table, values: Values) -> None:
    """Stores the next version of a row; raises Lost when `values["version"]` is not the stored one."""
    known = {f"known_{column.name}": values[column.name] for column in _known(table)}
    unknown = {name: values[name] for name in values if f"known_{name}" not in known}
    if (await connection.execute(_saving(table), {**unknown, **known})).rowcount == 0:
        raise Lost(f"{table.name}: somebody changed it first")


def _known(table: Table) -> list[Column[Any]]:
    return [*table.primary_key.columns, table.c.version]


@cache
def _adding(table: Table) -> Insert:
    return insert(table)


@cache
def _saving(table: Table) -> Update:
    seen = (column == bindparam(f"known_{column.name}") for column in _known(table))
    return update(table).where(*seen).values(version=table.c.version + 1)


def is_taken(refused: IntegrityError) -> bool:
    """Whether a key was there already, in either database's words."""
    name = getattr(refused.orig, "sqlite_errorname", None)
    return name in UNIQUE_VIOLATIONS or getattr(refused.orig, "sqlstate", None) == UNIQUE_VIOLATION
