"""After somebody's working hours changed: all that is open of theirs is made due, a batch at a time.

A mark says how far that got, in the order of an index: things with a day, by day and number, and then
those without one.
"""

from datetime import date
from typing import Any, NamedTuple

from pydantic import BaseModel
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    literal_column,
    select,
    true,
    tuple_,
    update,
)

from bot.domain.action_item import ActionItem
from bot.domain.recovery import Recovery
from bot.domain.retro import Retro
from storage.statement import Statement
from storage.tables import action_items, recoveries, recovery_owners, retros, stirred
from storage.upsert import put


class Open(NamedTuple):
    """What is open of a person, or of a channel."""

    kind: type[BaseModel]
    whose: Column[Any]
    day: Column[Any]
    number: Column[Any]
    is_open: ColumnElement[bool]


ITEM = (action_items.c.due, action_items.c.number, action_items.c.active)
OWED = (recovery_owners.c.due, recovery_owners.c.case_number, true())
RETRO = (retros.c.answers_close_on, retros.c.case_number, retros.c.state == literal_column("'open'"))
RECOVERY = (recoveries.c.due, recoveries.c.case_number, recoveries.c.outcome == "")
OPEN = {
    "owner's items": Open(ActionItem, action_items.c.owner, *ITEM),
    "owner's recoveries": Open(Recovery, recovery_owners.c.person_id, *OWED),
    "place's items": Open(ActionItem, action_items.c.channel_id, *ITEM),
    "place's retros": Open(Retro, retros.c.channel_id, *RETRO),
    "place's recoveries": Open(Recovery, recoveries.c.channel_id, *RECOVERY),
}

# What another process brings up just now is left to it.
MARKED = Statement(
    select(stirred)
    .where(stirred.c.workspace == bindparam("workspace"))
    .limit(1)
    .with_for_update(skip_locked=True)
)


def mark(connection: Connection, workspace: str, channel_id: str | None, owner: str | None) -> None:
    """Marks all of theirs to be made due, from the first on."""
    for of in OPEN:
        whose = owner if of.startswith("owner") else channel_id
        if whose is not None:
            row = {"workspace": workspace, "of": of, "whose": whose, "day": date.min, "number": 0}
            put(connection, stirred, row, "day", "number")


def go_on(
    connection: Connection, workspace: str, limit: int
) -> tuple[type[BaseModel], list[int]] | None:
    """The next `limit` things to make due, and moves their mark on; None without a mark."""
    this = MARKED.first(connection, {"workspace": workspace})
    if this is None:
        return None
    kind, whose, day, number, is_open = OPEN[this.of]
    after = tuple_(day, number) > tuple_(this.day, this.number)
    undated = and_(day.is_(None), number > this.number)
    rows = connection.execute(
        select(day, number)
        .where(whose.table.c.workspace == workspace, whose == this.whose, is_open)
        .where(undated if this.day is None else after)
        .order_by(*((number,) if this.day is None else (day, number)))
        .limit(limit)
    ).all()
    here = and_(*(stirred.c[name] == getattr(this, name) for name in ("workspace", "of", "whose")))
    if len(rows) == limit or this.day is not None:
        gone = rows[-1] if len(rows) == limit else (None, 0)
        connection.execute(update(stirred).where(here).values(day=gone[0], number=gone[1]))
    else:
        connection.execute(delete(stirred).where(here))
    return kind, sorted(row[1] for row in rows)
