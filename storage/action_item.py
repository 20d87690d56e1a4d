"""Action items, numbered within the workspace."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.action_item import ActionItem
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


OWNED_BY = _active(action_items.c.owner)
OPEN_IN = _active(action_items.c.place)


class ActionItems:
    """ports.ActionItems over one transaction."""

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

    def _values(self, item: ActionItem) -> Values:
        return values(self._workspace, item, active=item.state not in ENDED)
