"""Between a domain object and its row: the field names are the same, so this is all of it.

Statements that run on every request are built once and given their values when they run: building
one costs SQLAlchemy several times as long as SQLite needs to run it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Executable, Select, Table, bindparam, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

Values = dict[str, Any]
Thing = TypeVar("Thing", bound=BaseModel)


def values(workspace: str, thing: BaseModel, **more: Any) -> Values:
    """The columns of a thing in its workspace; `more` are those that only the table knows."""
    fields = {name: getattr(thing, name) for name in type(thing).model_fields}
    return {**fields, "workspace": workspace, **more}


def read(kind: type[Thing], row: Row[Any]) -> Thing:
    """The thing that a row holds, validated; columns that only the table knows are left out."""
    return kind.model_validate(row._asdict())


async def find(
    connection: AsyncConnection, kind: type[Thing], table: Table, **where: Any
) -> Thing | None:
    """The thing whose columns have these values; they name it, so there is one at most."""
    found = await connection.execute(_having(table, tuple(where)), where)
    row = found.first()
    return None if row is None else read(kind, row)


async def several(
    connection: AsyncConnection,
    kind: type[Thing],
    query: Executable,
    where: Mapping[str, Any] | None = None,
) -> Sequence[Thing]:
    """All things that a query finds, in its order."""
    return [read(kind, row) for row in await connection.execute(query, where)]


@cache
def _having(table: Table, names: tuple[str, ...]) -> Select[Any]:
    return select(table).where(*(table.c[name] == bindparam(name) for name in names))
