"""Things by their key: what a transaction has read, it does not read again."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, Table, bindparam, select

from storage.row import find, read
from storage.statement import Among

Thing = TypeVar("Thing", bound=BaseModel)


class Keyed(Generic[Thing]):
    """The things of one table over one transaction, which reads none of them twice by its key.

    A `kind` of thing, its `table`, and the column that is its `key` beside the workspace. Whoever
    changes one tells `_known`.
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


@cache
def _among(table: Table, key: str) -> Among:
    return Among(select(table).where(table.c.workspace == bindparam("workspace")), table.c[key])
