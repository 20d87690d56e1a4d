"""Action items, numbered within the workspace."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, Select, bindparam, literal_column, or_, select, text

from bot.domain.action_item import ActionItem
from bot.domain.reminder import NEVER_CHECKED
from bot.domain.trends import Fix
from storage.across import Across
from storage.counter import count
from storage.row import Values, read, rows_among, several, several_among, values
from storage.statement import Among, Statement
from storage.tables import action_items, people
from storage.versioned import Versioned

ENDED = ("verified", "dropped")


def _active(whose: Column[Any]) -> Select[Any]:
    """Items that are neither verified nor dropped, earliest due first, undated last."""
    here = action_items.c.workspace == bindparam("workspace")
    return (
        select(action_items)
        .where(here, action_items.c.active, whose == bindparam("whose"))
        .order_by(action_items.c.due.asc().nulls_last(), action_items.c.number)
        .limit(bindparam("limit"))
    )


def _to_act_on() -> Select[Any]:
    """Of a channel: late, unowned, proposed, or done and not verified; the earliest due first."""
    agreed = action_items.c.state == literal_column("'agreed'")
    overdue = agreed & (action_items.c.due < bindparam("today"))
    unowned = action_items.c.owner.is_(None)
    undecided = action_items.c.state.in_((literal_column("'proposed'"), literal_column("'done'")))
    to_act_on = _active(action_items.c.channel_id).where(or_(overdue, unowned, undecided))
    return to_act_on.offset(bindparam("skipped"))


OWNED_BY = Statement(_active(action_items.c.owner))
OWNED_BY_IN = Among(_active(action_items.c.owner), action_items.c.channel_id)
OWNERS = Across(
    lambda channel: (
        select(action_items.c.owner)
        .where(
            action_items.c.workspace == bindparam("workspace"),
            action_items.c.channel_id == channel,
            text("action_items.active"),  # in the very words of the index
            action_items.c.owner.is_not(None),
        )
        .distinct()
    )
)
OPEN_IN = Statement(_active(action_items.c.channel_id))
TO_ACT_ON = Statement(_to_act_on())
OF_CASE = rows_among(action_items, "case_number", action_items.c.case_number, action_items.c.number)


FIXES = Among(
    select(
        action_items.c.number,
        action_items.c.case_number,
        action_items.c.gap,
        action_items.c.state,
        action_items.c.due,
        action_items.c.history,
        people.c.zone,
    )
    .outerjoin(
        people, (people.c.workspace == action_items.c.workspace) & (people.c.id == action_items.c.owner)
    )
    .where(action_items.c.workspace == bindparam("workspace")),
    action_items.c.case_number,
)


class ActionItems(Versioned[ActionItem]):
    """repositories.ActionItems over one transaction."""

    kind, table, key = ActionItem, action_items, "number"

    def add(self, thing: ActionItem) -> ActionItem:
        number = count(self._connection, self._workspace, "item")
        return super().add(thing.model_copy(update={"number": number}))

    def of_case(self, *cases: int) -> Sequence[ActionItem]:
        return several_among(self._connection, ActionItem, OF_CASE, self._workspace, cases)

    def owned_by(
        self, person_id: str, limit: int, channels: Collection[str] | None = None
    ) -> Sequence[ActionItem]:
        params = {"workspace": self._workspace, "whose": person_id, "limit": limit}
        if channels is None:
            return several(self._connection, ActionItem, OWNED_BY, params)
        return [read(ActionItem, row) for row in OWNED_BY_IN.all(self._connection, params, channels)]

    def owners_in(self, channel_ids: Collection[str]) -> Collection[str]:
        rows = OWNERS.all(self._connection, {"workspace": self._workspace}, channel_ids)
        return {row.owner for row in rows}

    def open_in(self, channel_id: str, limit: int) -> Sequence[ActionItem]:
        params = {"workspace": self._workspace, "whose": channel_id, "limit": limit}
        return several(self._connection, ActionItem, OPEN_IN, params)

    def fixes(self, *cases: int) -> Sequence[Fix]:
        rows = FIXES.all(self._connection, {"workspace": self._workspace}, cases)
        return [_fix(row) for row in rows]

    def to_act_on(
        self, channel_id: str, today: date, limit: int, skipped: int = 0
    ) -> Sequence[ActionItem]:
        params = {"workspace": self._workspace, "whose": channel_id, "today": today, "limit": limit}
        return several(self._connection, ActionItem, TO_ACT_ON, {**params, "skipped": skipped})

    def row(self, thing: ActionItem) -> Values:
        active = thing.state not in ENDED and not thing.cancelled
        return values(
            self._workspace, thing, active=active, next_check_at=NEVER_CHECKED if active else None
        )


def _fix(row: Any) -> Fix:
    """A row of FIXES; of its history only when it was done last, and verified for the first time."""
    last = {moved["step"]: moved["at"] for moved in row.history}
    first = {moved["step"]: moved["at"] for moved in reversed(row.history)}
    return Fix(
        number=row.number,
        case_number=row.case_number,
        gap=row.gap,
        state=row.state,
        due=row.due,
        added_at=row.history[0]["at"],
        moved_at=row.history[-1]["at"],
        done_at=last.get("done"),
        verified_at=first.get("verify"),
        owner_zone=row.zone,
    )
