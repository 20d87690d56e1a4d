"""What was said where."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.job import Receipt
from storage.row import find, read, values
from storage.tables import said
from storage.upsert import put


class Said:
    """ports.Said over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace
        self._here = said.c.workspace == workspace

    async def get(self, key: str) -> Receipt | None:
        return await find(self._connection, Receipt, said, workspace=self._workspace, key=key)

    async def among(self, keys: Collection[str]) -> Mapping[str, Receipt]:
        if not keys:
            return {}
        query = select(said).where(self._here, said.c.key.in_(sorted(set(keys))))
        return {row.key: read(Receipt, row) for row in await self._connection.execute(query)}

    async def keep(self, key: str, receipt: Receipt) -> None:
        row = values(self._workspace, receipt, key=key)
        await put(self._connection, said, row, *Receipt.model_fields)

    async def key_of(self, place: str, message: str) -> str | None:
        query = select(said.c.key).where(self._here, said.c.place == place, said.c.message == message)
        row = (await self._connection.execute(query.limit(1))).first()
        return None if row is None else str(row.key)
