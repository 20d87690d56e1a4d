"""Action items, numbered within the workspace."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, Select, bindparam, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.action_item import ActionItem
from bot.domain.reminder import NEVER_LOOKED
from storage import versioned
from storage.counter import count
from storage.row import Values, find, several, values
from storage.tables import action_items

ENDED = ("verified", "dropped")


def _active(whose: Column[Any]) -> Select[Any]:
    """Items that are neither verified nor dropped, earliest due first, undated last."""
    here = action_items.c.workspace == bindparam("workspace")
    return (
        select(action_items)
        .where(here, action_items.c.active, whose == bindparam("whose"))
        .order_by(action_items.c.due.asc().nulls_last(), action_items.c.number)
        .limit(bindparam("most"))
    )


def _to_act_on() -> Select[Any]:
    """Of a place: late (due before `today`), unowned, or done and not verified; late ones first."""
    undone = action_items.c.state.in_((literal_column("'proposed'"), literal_column("'agreed'")))
    late = undone & (action_items.c.due < bindparam("today"))
    unowned = action_items.c.owner.is_(None)
    unverified = action_items.c.state == literal_column("'done'")
    return _active(action_items.c.place).where(or_(late, unowned, unverified))


OWNED_BY = _active(action_items.c.owner)
OPEN_IN = _active(action_items.c.place)
TO_ACT_ON = _to_act_on()
AMONG = select(action_items).where(
    action_items.c.workspace == bindparam("workspace"),
    action_items.c.number.in_(bindparam("numbers", expanding=True)),
)


class ActionItems:
    """repositories.ActionItems over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    async def get(self, number: int) -> ActionItem | None:
        return await find(
            self._connection, ActionItem, action_items, workspace=self._workspace, number=number
        )

    async def add(self, item: ActionItem) -> ActionItem:
        number = await count(self._connection, self._workspace, "item")
        item = item.model_copy(update={"number": number})
        await versioned.add(self._connection, action_items, self._values(item))
        return item

    async def save(self, item: ActionItem) -> None:
        await versioned.save(self._connection, action_items, self._values(item))

    async def of_case(self, case: int) -> Sequence[ActionItem]:
        query = (
            select(action_items)
            .where(action_items.c.workspace == self._workspace, action_items.c.case == case)
            .order_by(action_items.c.number)
        )
        return await several(self._connection, ActionItem, query)

    async def owned_by(self, person: str, most: int) -> Sequence[ActionItem]:
        asked = {"workspace": self._workspace, "whose": person, "most": most}
        return await several(self._connection, ActionItem, OWNED_BY, asked)

    async def open_in(self, place: str, most: int) -> Sequence[ActionItem]:
        asked = {"workspace": self._workspace, "whose": place, "most": most}
        return await several(self._connection, ActionItem, OPEN_IN, asked)

    async def to_act_on(self, place: str, today: date, most: int) -> Sequence[ActionItem]:
        asked = {"workspace": self._workspace, "whose": place, "today": today, "most": most}
        return await several(self._connection, ActionItem, TO_ACT_ON, asked)

    async def among(self, numbers: Collection[int]) -> Mapping[int, ActionItem]:
        if not numbers:
            return {}
        asked = {"workspace": self._workspace, "numbers": sorted(set(numbers))}
        found = await several(self._connection, ActionItem, AMONG, asked)
        return {item.number: item for item in found}

    def _values(self, item: ActionItem) -> Values:
        active = item.state not in ENDED
        return values(self._workspace, item, active=active, look_at=NEVER_LOOKED if active else None)
