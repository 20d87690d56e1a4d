"""How people want to be reminded."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, select

from bot.domain.reader import Reader
from storage.row import find, read, values
from storage.statement import Among
from storage.tables import readers
from storage.upsert import put

AMONG = Among(select(readers).where(readers.c.workspace == bindparam("workspace")), readers.c.person)


class Readers:
    """repositories.Readers over one transaction."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    def get(self, person: str) -> Reader | None:
        return find(self._connection, Reader, readers, workspace=self._workspace, person=person)

    def among(self, persons: Collection[str]) -> Mapping[str, Reader]:
        found = AMONG.all(self._connection, {"workspace": self._workspace}, persons)
        return {row.person: read(Reader, row) for row in found}

    def save(self, reader: Reader) -> None:
        changed = [name for name in Reader.model_fields if name != "person"]
        put(self._connection, readers, values(self._workspace, reader), *changed)
