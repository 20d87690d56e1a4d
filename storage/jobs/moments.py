"""Moves a channel queue's moments in one direction only: the one who moved it further wins."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, or_

from storage.statement import Statement
from storage.tables import channel_queues
from storage.upsert import insert

Name = tuple[str, str]  # workspace and key, or workspace and channel queue


def wake(connection: Connection, due_at: Mapping[Name, datetime]) -> None:
    """Makes channel queues due at these moments, unless they are due earlier."""
    _move(connection, "due_at", due_at, sooner=True)


def hold_back(connection: Connection, until: Mapping[Name, datetime]) -> None:
    """Lets whole workspaces cool down until these moments or later; comes last in a transaction."""
    _move(connection, "next_allowed_at", until, sooner=False)


def _move(
    connection: Connection, column: str, moments: Mapping[Name, datetime], *, sooner: bool
) -> None:
    # In the order of their names, so that two transactions never deadlock.
    rows = [
        {"workspace": name[0], "queue_id": name[1], column: moments[name], "claimed_by": ""}
        for name in sorted(moments)
    ]
    _moving(connection.dialect.name, column, sooner).run_each(connection, rows)


@cache
def _moving(dialect: str, column: str, sooner: bool) -> Statement:
    statement = insert(dialect, channel_queues)
    stored, new = channel_queues.c[column], statement.excluded[column]
    return Statement(
        statement.on_conflict_do_update(
            index_elements=list(channel_queues.primary_key.columns),
            set_={column: new},
            where=or_(stored.is_(None), stored > new if sooner else stored < new),
        )
    )
