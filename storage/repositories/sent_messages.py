"""What was said where."""

from collections.abc import Mapping

from sqlalchemy import bindparam, select

from bot.domain.job import MessageRef
from storage.keyed import Keyed
from storage.row import values
from storage.statement import Statement
from storage.tables import sent_messages
from storage.upsert import put_each

KEY_OF = Statement(
    select(sent_messages.c.key)
    .where(
        sent_messages.c.workspace == bindparam("workspace"),
        sent_messages.c.channel_id == bindparam("channel_id"),
        sent_messages.c.message == bindparam("message"),
    )
    .limit(1)
)


class SentMessages(Keyed[MessageRef]):
    """repositories.SentMessages over one transaction."""

    kind, table, key = MessageRef, sent_messages, "key"

    def keep(self, key: str, message_ref: MessageRef) -> None:
        self.keep_each({key: message_ref})

    def keep_each(self, message_refs: Mapping[str, MessageRef]) -> None:
        """Stores several, by their message keys."""
        rows = [
            values(self._workspace, message_ref, key=key) for key, message_ref in message_refs.items()
        ]
        put_each(self._connection, sent_messages, rows, *MessageRef.model_fields)
        self._known |= message_refs

    def key_of(self, channel_id: str, message: str) -> str | None:
        params = {"workspace": self._workspace, "channel_id": channel_id, "message": message}
        row = KEY_OF.first(self._connection, params)
        return None if row is None else str(row.key)
