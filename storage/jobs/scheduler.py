"""When the scheduler checks what: a moment in each row, and an index over the rows that have one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Select, Table, bindparam, select, union_all, update

from bot.domain.action_item import ActionItem
from bot.domain.proposal import Proposal
from bot.domain.recovery import Recovery
from bot.domain.reminder import NEVER_CHECKED, Subject
from bot.domain.retro import Retro
from bot.domain.team import Team
from bot.repositories import DueWork
from storage.column import UTCDateTime
from storage.jobs import stirred as stirring
from storage.row import read
from storage.statement import Statement
from storage.tables import action_items, proposals, recoveries, retros, stirred, teams

KINDS: dict[type[BaseModel], tuple[Table, str]] = {
    ActionItem: (action_items, "number"),
    Retro: (retros, "case_number"),
    Recovery: (recoveries, "case_number"),
    Proposal: (proposals, "number"),
    Team: (teams, "channel_id"),
}
BY = bindparam("by", type_=UTCDateTime)


def _due(table: Table) -> Select[Any]:
    """The due rows of a table, without those that another process has locked."""
    # Without the "" SQLite goes by the primary key, through all that a workspace has, and sorts it.
    here = table.c.workspace.concat("") == bindparam("this_workspace")
    return (
        select(table)
        .where(table.c.next_check_at <= BY, here)
        .order_by(table.c.next_check_at)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True)
    )


DUE = {kind: Statement(_due(table)) for kind, (table, _) in KINDS.items()}
PUT_OFF = {
    kind: Statement(
        update(table)
        .where(
            table.c.workspace == bindparam("this_workspace"),
            table.c[key] == bindparam("this_key"),
            table.c.version == bindparam("this_version"),
        )
        .values(next_check_at=bindparam("next_at", type_=UTCDateTime))
    )
    for kind, (table, key) in KINDS.items()
}
_RESTLESS = union_all(
    *(
        select(
            select(table.c.workspace)
            .where(table.c.next_check_at <= BY)
            .order_by(table.c.next_check_at)
            .limit(bindparam("limit"))
            .subquery()
            .c.workspace
        )
        for table, _ in KINDS.values()
    ),
    select(select(stirred.c.workspace).limit(bindparam("limit")).subquery().c.workspace),
)
RESTLESS = Statement(_RESTLESS)


def workspaces_with_due_work(connection: Connection, by: datetime, limit: int) -> Sequence[str]:
    """Workspaces with something due by then, among the first `limit` due rows of each kind."""
    return sorted({row.workspace for row in RESTLESS.all(connection, {"by": by, "limit": limit})})


class Scheduler:
    """repositories.Scheduler over one transaction."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    def due(self, by: datetime, limit: int) -> DueWork:
        params = {"by": by, "this_workspace": self._workspace, "limit": limit}
        things: dict[type[BaseModel], tuple[Any, ...]] = {}
        for kind, statement in DUE.items():
            rows = statement.all(self._connection, params)
            things[kind] = tuple(read(kind, row) for row in rows)
        return DueWork(
            items=things[ActionItem],
            retros=things[Retro],
            recoveries=things[Recovery],
            proposals=things[Proposal],
            teams=things[Team],
        )

    def reschedule(self, until: Sequence[tuple[Subject | Team, datetime | None]]) -> None:
        for kind, (_, key) in KINDS.items():
            rows = [
                {
                    "this_workspace": self._workspace,
                    "this_key": getattr(thing, key),
                    "this_version": thing.version,
                    "next_at": next_at,
                }
                for thing, next_at in until
                if type(thing) is kind
            ]
            PUT_OFF[kind].run_each(self._connection, rows)

    def run_now(self, *, channel_id: str | None = None, owner: str | None = None) -> None:
        stirring.mark(self._connection, self._workspace, channel_id, owner)

    def stir(self, limit: int) -> bool:
        batch = stirring.go_on(self._connection, self._workspace, limit)
        if batch is None:
            return False
        table, key = KINDS[batch[0]]
        these = (table.c.workspace == self._workspace, table.c[key].in_(batch[1]))
        self._connection.execute(update(table).where(*these).values(next_check_at=NEVER_CHECKED))
        return True
