"""The house's own statements in the words of a driver, to run them without all that is around them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Dialect
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

SQLITE: Dialect = sqlite.dialect(paramstyle="qmark")
POSTGRESQL: Dialect = psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap


class Spelled(NamedTuple):
    """SQL with channels for values, what goes in which, and those that are always the same."""

    text: str
    names: Sequence[str]
    fixed: Mapping[str, Any]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """What goes with the text; moments are the caller's to write as the driver wants them."""
        return [given[name] if name in given else self.fixed[name] for name in self.names]


def spelled(statement: ClauseElement, dialect: Dialect, *columns: str, **example: Any) -> Spelled:
    """A statement spelled out; `columns` are those it sets.

    One that takes a list needs an example of all its values: a list of that length then goes in as
    `name_1`, `name_2`, and so on.
    """
    made = statement.compile(dialect=dialect, column_keys=list(columns) or None)
    assert isinstance(made, SQLCompiler)
    if example:
        whole = made.construct_expanded_state(example)
        return Spelled(whole.statement, tuple(whole.positiontup or ()), whole.parameters)
    return Spelled(made.string, tuple(made.positiontup or ()), made.params)


def written(moment: datetime) -> str:
    """A moment in UTC as SQLite keeps it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
