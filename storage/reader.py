"""How people want to be reminded."""

from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.reader import Reader
from storage.row import find, several, values
from storage.tables import readers
from storage.upsert import put

AMONG = select(readers).where(
    readers.c.workspace == bindparam("workspace"),
    readers.c.person.in_(bindparam("persons", expanding=True)),
)


class Readers:
    """repositories.Readers over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    async def get(self, person: str) -> Reader | None:
        return await find(self._connection, Reader, readers, workspace=self._workspace, person=person)

    async def among(self, persons: Collection[str]) -> Mapping[str, Reader]:
        if not persons:
            return {}
        asked = {"workspace": self._workspace, "persons": sorted(set(persons))}
        found = await several(self._connection, Reader, AMONG, asked)
        return {reader.person: reader for reader in found}

    async def save(self, reader: Reader) -> None:
        changed = [name for name in Reader.model_fields if name != "person"]
        await put(self._connection, readers, values(self._workspace, reader), *changed)
