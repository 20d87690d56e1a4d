"""Compare and swap: a change is a claim that can lose to somebody else's."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import Column, Connection, Table, bindparam, insert, select, update

from bot.domain.errors import Lost
from storage.row import Values, find, read, values
from storage.statement import Among, Statement

Thing = TypeVar("Thing", bound=BaseModel)

UNIQUE_VIOLATION = "23505"  # PostgreSQL, appendix A of its manual
UNIQUE_VIOLATIONS = (
    "SQLITE_CONSTRAINT_PRIMARYKEY",
    "SQLITE_CONSTRAINT_UNIQUE",
)  # sqlite.org/rescode.html


class Versioned(Generic[Thing]):
    """The things of one table over one transaction, which reads none of them twice by its key.

    A `kind` of thing, its `table`, and the column that is its `key` beside the workspace.
    """

    kind: ClassVar[Any]
    table: ClassVar[Table]
    key: ClassVar[str]

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace
        self._known: dict[Any, Thing | None] = {}

    def get(self, key: Any) -> Thing | None:
        """The thing of this key."""
        if key not in self._known:
            where = {"workspace": self._workspace, self.key: key}
            self._known[key] = find(self._connection, self.kind, self.table, **where)
        return self._known[key]

    def among(self, keys: Collection[Any]) -> Mapping[Any, Thing]:
        """Those of these keys that are there."""
        unread = set(keys) - self._known.keys()
        rows = _among(self.table, self.key).all(self._connection, {"workspace": self._workspace}, unread)
        found = {getattr(row, self.key): read(self.kind, row) for row in rows}
        self._known |= dict.fromkeys(unread) | found
        return {key: thing for key in keys if (thing := self._known[key]) is not None}

    def add(self, thing: Thing) -> Thing:
        """Stores a new thing as it returns it; raises Lost when somebody stored the like of it first."""
        add(self._connection, self.table, self.row(thing))
        self._known[getattr(thing, self.key)] = thing
        return thing

    def save(self, thing: Thing) -> None:
        """Stores the next version of a thing; raises Lost when it is not the stored one's."""
        row = self.row(thing)
        save(self._connection, self.table, row)
        next_one = thing.model_copy(update={"version": row["version"] + 1})
        self._known[getattr(thing, self.key)] = next_one

    def row(self, thing: Thing) -> Values:
        """The columns of a thing."""
        return values(self._workspace, thing)


def add(connection: Connection, table: Table, values: Values) -> None:
    """Stores a new row; raises Lost when somebody stored the like of it first."""
    try:
        _adding(table).run(connection, values)
    except Exception as refused:
        if is_taken(refused):
            raise Lost(f"{table.name}: somebody added it first") from refused
        raise


def save(connection: Connection, table: Table, values: Values) -> None:
    """Stores the next version of a row; raises Lost when `values["version"]` is not the stored one."""
    known = {f"known_{column.name}": values[column.name] for column in _known(table)}
    unknown = {name: values[name] for name in values if f"known_{name}" not in known}
    if _saving(table).run(connection, {**unknown, **known}) == 0:
        raise Lost(f"{table.name}: somebody changed it first")


def _known(table: Table) -> list[Column[Any]]:
    return [*table.primary_key.columns, table.c.version]


@cache
def _among(table: Table, key: str) -> Among:
    return Among(select(table).where(table.c.workspace == bindparam("workspace")), table.c[key])


@cache
def _adding(table: Table) -> Statement:
    return Statement(insert(table))


@cache
def _saving(table: Table) -> Statement:
    seen = (column == bindparam(f"known_{column.name}") for column in _known(table))
    return Statement(update(table).where(*seen).values(version=table.c.version + 1))


def is_taken(refused: BaseException) -> bool:
    """Whether a key was there already, in either database's words."""
    error = getattr(refused, "orig", refused)
    name = getattr(error, "sqlite_errorname", None)
    return name in UNIQUE_VIOLATIONS or getattr(error, "sqlstate", None) == UNIQUE_VIOLATION
