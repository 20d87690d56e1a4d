"""What was said where."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, select

from bot.domain.job import Receipt
from storage.row import read, values
from storage.statement import Among, Statement
from storage.tables import said
from storage.upsert import put_each

HERE = said.c.workspace == bindparam("workspace")
AMONG = Among(select(said).where(HERE), said.c.key)
KNOWN = Among(select(said.c.key).where(HERE), said.c.key)
KEY_OF = Statement(
    select(said.c.key)
    .where(HERE, said.c.place == bindparam("place"), said.c.message == bindparam("message"))
    .limit(1)
)


class Said:
    """repositories.Said over one transaction."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    def get(self, key: str) -> Receipt | None:
        return self.among([key]).get(key)

    def among(self, keys: Collection[str]) -> Mapping[str, Receipt]:
        found = AMONG.all(self._connection, {"workspace": self._workspace}, keys)
        return {row.key: read(Receipt, row) for row in found}

    def known(self, keys: Collection[str]) -> Collection[str]:
        """Those of these keys that something was said under."""
        found = KNOWN.all(self._connection, {"workspace": self._workspace}, keys)
        return {row.key for row in found}

    def keep(self, key: str, receipt: Receipt) -> None:
        self.keep_each({key: receipt})

    def keep_each(self, receipts: Mapping[str, Receipt]) -> None:
        """Keeps several."""
        rows = [values(self._workspace, receipt, key=key) for key, receipt in receipts.items()]
        put_each(self._connection, said, rows, *Receipt.model_fields)

    def key_of(self, place: str, message: str) -> str | None:
        asked = {"workspace": self._workspace, "place": place, "message": message}
        row = KEY_OF.first(self._connection, asked)
        return None if row is None else str(row.key)
