"""Between a domain object and its row: the field names are the same, so this is all of it."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Column, Connection, Table, UnaryExpression, bindparam, select

from storage.statement import Among, Query, Statement

Values = dict[str, Any]
Thing = TypeVar("Thing", bound=BaseModel)


def values(workspace: str, thing: BaseModel, **more: Any) -> Values:
    """The columns of a thing in its workspace; `more` are those that only the table knows."""
    fields = {name: getattr(thing, name) for name in type(thing).model_fields}
    return {**fields, "workspace": workspace, **more}


def read(kind: type[Thing], row: Any) -> Thing:
    """The thing that a row holds, validated; columns that only the table knows are left out."""
    return kind.model_validate(row._asdict())


def find(connection: Connection, kind: type[Thing], table: Table, **where: Any) -> Thing | None:
    """The thing whose columns have these values; they name it, so there is one at most."""
    row = _having(table, tuple(where)).first(connection, where)
    return None if row is None else read(kind, row)


def several(
    connection: Connection, kind: type[Thing], query: Statement | Query, where: Values | None = None
) -> Sequence[Thing]:
    """All things that a query finds, in its order."""
    if isinstance(query, Statement):
        return [read(kind, row) for row in query.all(connection, where or {})]
    names = [str(column.key) for column in query.exported_columns]
    rows = connection.execute(query, where)
    return [kind.model_validate(dict(zip(names, row, strict=True))) for row in rows]


def rows_among(table: Table, key: str, *order: Column[Any] | UnaryExpression[Any]) -> Among:
    """The query for a workspace's rows in which the column `key` has one of several values."""
    here = table.c.workspace == bindparam("workspace")
    return Among(select(table).where(here).order_by(*order), table.c[key])


def several_among(
    connection: Connection, kind: type[Thing], query: Among, workspace: str, keys: Collection[Any]
) -> Sequence[Thing]:
    """All things that such a query finds, in its order."""
    return [read(kind, row) for row in query.all(connection, {"workspace": workspace}, keys)]


@cache
def _having(table: Table, names: tuple[str, ...]) -> Statement:
    return Statement(select(table).where(*(table.c[name] == bindparam(name) for name in names)))
