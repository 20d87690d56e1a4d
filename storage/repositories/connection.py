"""Connections to helpdesks."""

from collections.abc import Sequence

from sqlalchemy import Connection as Transaction
from sqlalchemy import bindparam, null, select

from bot.domain.connection import Connection
from storage.row import read, several
from storage.statement import Statement
from storage.tables import connections
from storage.versioned import Versioned

IN_CHANNEL = Statement(
    select(connections)
    .where(
        connections.c.workspace == bindparam("workspace"),
        connections.c.channel_id == bindparam("channel_id"),
        connections.c.removed_at.is_(null()),
    )
    .order_by(connections.c.made_at, connections.c.id)
)
HELD = Statement(
    select(connections)
    .where(connections.c.workspace == bindparam("workspace"), connections.c.id == bindparam("id"))
    .with_for_update()
)
AT_ADDRESS = Statement(select(connections).where(connections.c.id == bindparam("id")))


class Connections(Versioned[Connection]):
    """repositories.Connections over one transaction."""

    kind, table, key = Connection, connections, "id"

    def in_channel(self, channel_id: str) -> Sequence[Connection]:
        params = {"workspace": self._workspace, "channel_id": channel_id}
        return several(self._connection, Connection, IN_CHANNEL, params)

    def hold(self, connection_id: str) -> Connection | None:
        row = HELD.first(self._connection, {"workspace": self._workspace, "id": connection_id})
        held = None if row is None else read(Connection, row)
        self._known[connection_id] = held
        return held


def at_address(connection: Transaction, id: str) -> tuple[str, Connection] | None:
    """The connection that has this id in its address, and its workspace."""
    row = AT_ADDRESS.first(connection, {"id": id})
    return None if row is None else (row.workspace, read(Connection, row))
