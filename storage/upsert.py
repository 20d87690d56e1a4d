"""INSERT … ON CONFLICT, for which SQLAlchemy has one class per database."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from storage.row import Values
from storage.statement import Statement


def insert(dialect: str, table: Table) -> sqlite.Insert:
    """An INSERT that takes an ON CONFLICT clause.

    Both dialects have the same methods with the same meaning; the type of one stands for both.
    """
    if dialect == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)  # type: ignore[return-value]  # the same methods, no common base


def put(connection: Connection, table: Table, values: Values, *changed: str) -> bool:
    """Stores a row, or the `changed` columns of the one that is there; True when it did either."""
    return _putting(connection.dialect.name, table, changed).run(connection, values) == 1


def put_each(connection: Connection, table: Table, rows: Sequence[Values], *changed: str) -> None:
    """Stores several rows, or their `changed` columns."""
    _putting(connection.dialect.name, table, changed).run_each(connection, rows)


@cache
def _putting(dialect: str, table: Table, changed: tuple[str, ...]) -> Statement:
    statement = insert(dialect, table)
    key = list(table.primary_key.columns)
    if not changed:
        return Statement(statement.on_conflict_do_nothing(index_elements=key))
    replaced = {name: statement.excluded[name] for name in changed}
    return Statement(statement.on_conflict_do_update(index_elements=key, set_=replaced))
