"""What was said where."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, literal_column, select, text, update

from bot.domain.job import MessageRef
from storage import tables
from storage.keyed import Keyed
from storage.row import values
from storage.statement import Statement
from storage.tables import sent_messages
from storage.upsert import put_each

_THIS = (
    sent_messages.c.workspace == bindparam("workspace"),
    sent_messages.c.channel_id == bindparam("channel_id"),
    sent_messages.c.message == bindparam("message"),
)
_KEYED = (
    sent_messages.c.workspace == bindparam("this_workspace"),
    sent_messages.c.key == bindparam("this_key"),
)
OF_EARLIER = Statement(
    select(sent_messages.c.key).where(
        sent_messages.c.workspace == bindparam("workspace"),
        sent_messages.c.channel_id == bindparam("channel_id"),
        text(tables.OF_EARLIER),
    )
)
KEY_OF = Statement(select(sent_messages.c.key).where(*_THIS).limit(1))
FORGET = Statement(delete(sent_messages).where(*_THIS))
FORGET_IF_STILL = Statement(
    delete(sent_messages).where(*_KEYED, sent_messages.c.message == bindparam("message"))
)
DOUBT = Statement(update(sent_messages).where(*_KEYED).values(digest=literal_column("''")))


class SentMessages(Keyed[MessageRef]):
    """repositories.SentMessages over one transaction."""

    kind, table, key = MessageRef, sent_messages, "key"

    def __init__(self, connection: Connection, workspace: str) -> None:
        super().__init__(connection, workspace)
        self._doubted: set[str] = set()

    def doubt(self, key: str) -> None:
        self._doubted.add(key)

    def flush(self) -> None:
        """Writes what is doubted, after the jobs: whoever speaks locks them in that order, too."""
        rows = [{"this_workspace": self._workspace, "this_key": key} for key in sorted(self._doubted)]
        DOUBT.run_each(self._connection, rows)
        self._doubted = set()

    def keep(self, key: str, message_ref: MessageRef) -> None:
        self.keep_each({key: message_ref})

    def keep_each(self, message_refs: Mapping[str, MessageRef]) -> None:
        """Stores several, by their message keys."""
        rows = [
            values(self._workspace, message_ref, key=key) for key, message_ref in message_refs.items()
        ]
        put_each(self._connection, sent_messages, rows, *MessageRef.model_fields)
        self._known |= message_refs

    def forget_each(self, gone: Collection[tuple[str, str]]) -> None:
        """Forgets messages by their keys and ids; one that was posted again meanwhile stays."""
        rows = [
            {"this_workspace": self._workspace, "this_key": key, "message": message}
            for key, message in sorted(gone)
        ]
        FORGET_IF_STILL.run_each(self._connection, rows)

    def forget(self, channel_id: str, message: str) -> None:
        params = {"channel_id": channel_id, "message": message, "workspace": self._workspace}
        FORGET.run(self._connection, params)
        self._known = {
            key: kept
            for key, kept in self._known.items()
            if kept is None or (kept.channel_id, kept.message) != (channel_id, message)
        }

    def starting(self, prefix: str, channel_id: str | None = None) -> Sequence[str]:
        where = [
            sent_messages.c.workspace == self._workspace,
            sent_messages.c.key.startswith(prefix, autoescape=True),
        ]
        if channel_id is not None:
            where.append(sent_messages.c.channel_id == channel_id)
        return sorted(self._connection.scalars(select(sent_messages.c.key).where(*where)))

    def of_earlier(self, channel_id: str) -> Sequence[str]:
        params = {"workspace": self._workspace, "channel_id": channel_id}
        return sorted(row.key for row in OF_EARLIER.all(self._connection, params))

    def key_of(self, channel_id: str, message: str) -> str | None:
        params = {"workspace": self._workspace, "channel_id": channel_id, "message": message}
        row = KEY_OF.first(self._connection, params)
        return None if row is None else str(row.key)
