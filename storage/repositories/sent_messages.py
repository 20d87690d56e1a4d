"""What was said where."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, select

from bot.domain.job import MessageRef
from storage.row import read, values
from storage.statement import Among, Statement
from storage.tables import sent_messages
from storage.upsert import put_each

HERE = sent_messages.c.workspace == bindparam("workspace")
AMONG = Among(select(sent_messages).where(HERE), sent_messages.c.key)
KNOWN = Among(select(sent_messages.c.key).where(HERE), sent_messages.c.key)
KEY_OF = Statement(
    select(sent_messages.c.key)
    .where(
        HERE,
        sent_messages.c.channel_id == bindparam("channel_id"),
        sent_messages.c.message == bindparam("message"),
    )
    .limit(1)
)


class SentMessages:
    """repositories.SentMessages over one transaction."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    def get(self, key: str) -> MessageRef | None:
        return self.among([key]).get(key)

    def among(self, keys: Collection[str]) -> Mapping[str, MessageRef]:
        rows = AMONG.all(self._connection, {"workspace": self._workspace}, keys)
        return {row.key: read(MessageRef, row) for row in rows}

    def known(self, keys: Collection[str]) -> Collection[str]:
        """Those of these keys that something was said under."""
        rows = KNOWN.all(self._connection, {"workspace": self._workspace}, keys)
        return {row.key for row in rows}

    def keep(self, key: str, message_ref: MessageRef) -> None:
        self.keep_each({key: message_ref})

    def keep_each(self, message_refs: Mapping[str, MessageRef]) -> None:
        """Keeps several."""
        rows = [
            values(self._workspace, message_ref, key=key) for key, message_ref in message_refs.items()
        ]
        put_each(self._connection, sent_messages, rows, *MessageRef.model_fields)

    def key_of(self, channel_id: str, message: str) -> str | None:
        params = {"workspace": self._workspace, "channel_id": channel_id, "message": message}
        row = KEY_OF.first(self._connection, params)
        return None if row is None else str(row.key)
