"""Connections to helpdesks."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection as Transaction
from sqlalchemy import and_, bindparam, null, or_, select, update

from bot.domain import message_key, note
from bot.domain.connection import Connection
from bot.ports import MAX_COUNTED
from bot.repositories import NoteTrouble
from storage.column import UTCDateTime
from storage.jobs.job import IS_DEAD, IS_WAITING
from storage.row import Values, read, several, several_among
from storage.statement import Among, Statement
from storage.tables import connections, jobs
from storage.versioned import Versioned

_ALL = (
    select(connections)
    .where(connections.c.workspace == bindparam("workspace"))
    .order_by(connections.c.made_at, connections.c.id)
)
ALL = Statement(_ALL)
IN_CHANNEL = Among(_ALL.where(connections.c.removed_at.is_(null())), connections.c.channel_id)
HELD = Statement(
    select(connections)
    .where(connections.c.workspace == bindparam("workspace"), connections.c.id == bindparam("id"))
    .with_for_update()
)
GIVEN_UP, PUT_BACK = (
    Statement(
        select(jobs.c.channel_id, jobs.c.why)
        .where(
            jobs.c.workspace == bindparam("workspace"),
            jobs.c.channel_id.startswith(note.ALL, autoescape=True),
            # What is only read there is given up without a word.
            jobs.c.key.startswith(message_key.ALL_NOTES, autoescape=True),
            which,
        )
        .limit(MAX_COUNTED)
    )
    for which in (IS_DEAD, and_(IS_WAITING, jobs.c.why != ""))
)
"""The notes that were given up, and those that failed and wait for another try."""
REFUSAL = ("refused_at", "refused_why")
_THIS = (connections.c.workspace == bindparam("here"), connections.c.id == bindparam("this_id"))
NOTE_REFUSAL = Statement(
    update(connections)
    .where(
        *_THIS,
        connections.c.removed_at.is_(null()),
        or_(
            connections.c.refused_at.is_(null()),
            connections.c.refused_at < bindparam("quiet_since", type_=UTCDateTime),
        ),
    )
    .values(refused_at=bindparam("refused"), refused_why=bindparam("why"))
)
FORGET_REFUSAL = Statement(update(connections).where(*_THIS).values(refused_at=None, refused_why=""))
DROP_REFUSALS = Statement(
    update(connections)
    .where(connections.c.refused_at < bindparam("before", type_=UTCDateTime))
    .values(refused_at=None, refused_why="")
)
AT_ADDRESS = Statement(select(connections).where(connections.c.id == bindparam("id")))


class Connections(Versioned[Connection]):
    """repositories.Connections over one transaction."""

    kind, table, key = Connection, connections, "id"

    def row(self, thing: Connection) -> Values:
        """Without what was refused, which has no version: saving the rules leaves it as it is."""
        return {name: value for name, value in super().row(thing).items() if name not in REFUSAL}

    def note_refusal(self, connection_id: str, at: datetime, why: str, quiet_since: datetime) -> bool:
        refusal = {"refused": at, "why": why, "quiet_since": quiet_since}
        return self._change_refusal(NOTE_REFUSAL, connection_id, **refusal)

    def forget_refusal(self, connection_id: str) -> None:
        self._change_refusal(FORGET_REFUSAL, connection_id)

    def _change_refusal(self, change: Statement, connection_id: str, **params: object) -> bool:
        self._known.pop(connection_id, None)
        this = {"here": self._workspace, "this_id": connection_id}
        return change.run(self._connection, {**this, **params}) == 1

    def troubles(self) -> Sequence[NoteTrouble]:
        here = {"workspace": self._workspace}
        dead, waiting = GIVEN_UP.all(self._connection, here), PUT_BACK.all(self._connection, here)
        why = {note.connection_of(row.channel_id): row.why for row in (*dead, *waiting)}
        given_up = Counter(note.connection_of(row.channel_id) for row in dead)
        wait = Counter(note.connection_of(row.channel_id) for row in waiting)
        return [
            NoteTrouble(connection, wait[id], given_up[id], why[id])
            for id in sorted(why)
            if (connection := self.get(id)) is not None and connection.removed_at is None
        ]

    def in_channel(self, *channel_ids: str) -> Sequence[Connection]:
        return several_among(self._connection, Connection, IN_CHANNEL, self._workspace, channel_ids)

    def ever_in(self, channel_id: str) -> Sequence[Connection]:
        every = several(self._connection, Connection, ALL, {"workspace": self._workspace})
        return [connection for connection in every if channel_id in connection.ever_in]

    def hold(self, connection_id: str) -> Connection | None:
        row = HELD.first(self._connection, {"workspace": self._workspace, "id": connection_id})
        held = None if row is None else read(Connection, row)
        self._known[connection_id] = held
        return held


def at_address(connection: Transaction, id: str) -> tuple[str, Connection] | None:
    """The connection that has this id in its address, and its workspace."""
    row = AT_ADDRESS.first(connection, {"id": id})
    return None if row is None else (row.workspace, read(Connection, row))


def drop_refusals(connection: Transaction, before: datetime) -> None:
    """Forgets what was refused before then, in all workspaces."""
    DROP_REFUSALS.run(connection, {"before": before})
