"""What was said where."""

from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.job import Receipt
from storage.row import find, read, values
from storage.tables import said
from storage.upsert import put

HERE = said.c.workspace == bindparam("workspace")
AMONG = select(said).where(HERE, said.c.key.in_(bindparam("keys", expanding=True)))
KEY_OF = (
    select(said.c.key)
    .where(HERE, said.c.place == bindparam("place"), said.c.message == bindparam("message"))
    .limit(1)
)


class Said:
    """repositories.Said over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    async def get(self, key: str) -> Receipt | None:
        return await find(self._connection, Receipt, said, workspace=self._workspace, key=key)

    async def among(self, keys: Collection[str]) -> Mapping[str, Receipt]:
        if not keys:
            return {}
        asked = {"workspace": self._workspace, "keys": sorted(set(keys))}
        return {row.key: read(Receipt, row) for row in await self._connection.execute(AMONG, asked)}

    async def keep(self, key: str, receipt: Receipt) -> None:
        row = values(self._workspace, receipt, key=key)
        await put(self._connection, said, row, *Receipt.model_fields)

    async def key_of(self, place: str, message: str) -> str | None:
        asked = {"workspace": self._workspace, "place": place, "message": message}
        row = (await self._connection.execute(KEY_OF, asked)).first()
        return None if row is None else str(row.key)
