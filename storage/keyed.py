"""Things by their key: what a transaction has read, it does not read again."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, Table

from storage.row import find, read, rows_among

Thing = TypeVar("Thing", bound=BaseModel)


class Keyed(Generic[Thing]):
    """The things of one table over one transaction, which reads none of them twice by its key.

    A `kind` of thing, its `table`, and the column that is its `key` beside the workspace. Whoever
    changes one puts it into `_known`, where None stands for what is not there.
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

    def require(self, key: Any) -> Thing:
        """The thing of this key, which is there; raises LookupError when the data is damaged."""
        thing = self.get(key)
        if thing is None:
            raise LookupError(f"{self.table.name} has no {self.key} {key!r}")
        return thing

    def among(self, keys: Collection[Any]) -> Mapping[Any, Thing]:
        """Those of these keys that are there."""
        unread = set(keys) - self._known.keys()
        rows = _by_key(self.table, self.key).all(
            self._connection, {"workspace": self._workspace}, unread
        )
        things = {getattr(row, self.key): read(self.kind, row) for row in rows}
        self._known |= dict.fromkeys(unread) | things
        return {key: thing for key in keys if (thing := self._known[key]) is not None}


_by_key = cache(rows_among)
