"""The teams around channels."""

from collections.abc import Sequence

from sqlalchemy import Integer, Select, bindparam, func, literal_column, select, union_all

from bot.domain.reminder import NEVER_CHECKED
from bot.domain.team import Team
from storage.row import Values, several, values
from storage.statement import Statement
from storage.tables import action_items, recoveries, recovery_owners, teams
from storage.versioned import Versioned

HERE = teams.c.workspace == bindparam("workspace")
ALL = Statement(select(teams).where(HERE).order_by(teams.c.name, teams.c.channel_id))
COUNT = Statement(select(func.count().label("teams")).where(HERE))
LEADS, HAS_THINGS, OTHER = range(3)
"""How near a team is to somebody."""

_THEIR_ITEMS = (
    select(action_items.c.channel_id)
    .where(
        action_items.c.workspace == bindparam("workspace"),
        action_items.c.active,
        action_items.c.owner == bindparam("person_id"),
    )
    .order_by(action_items.c.due.asc().nulls_last(), action_items.c.number)
    .limit(bindparam("limit"))
)
_THEIR_CUSTOMERS = (
    select(recoveries.c.channel_id)
    .select_from(recovery_owners)
    .join(
        recoveries,
        (recoveries.c.workspace == recovery_owners.c.workspace)
        & (recoveries.c.case_number == recovery_owners.c.case_number),
    )
    .where(
        recovery_owners.c.workspace == bindparam("workspace"),
        recovery_owners.c.person_id == bindparam("person_id"),
    )
    .order_by(recovery_owners.c.due.asc().nulls_last(), recovery_owners.c.case_number)
    .limit(bindparam("limit"))
)


def _near(how: int) -> Select[tuple[int, str, str]]:
    name, channel_id = teams.c.name.label("name"), teams.c.channel_id.label("channel_id")
    return select(literal_column(str(how), Integer).label("how"), name, channel_id)


def _where(their: Select[tuple[str]], name: str) -> Select[tuple[int, str, str]]:
    """The teams of the first of somebody's things."""
    things = their.subquery(name)
    return _near(HAS_THINGS).select_from(things).join(teams, HERE & (teams.c.channel_id == things.c[0]))


def _first(some: Select[tuple[int, str, str]]) -> Select[tuple[int, str, str]]:
    return some.order_by(teams.c.name, teams.c.channel_id).limit(bindparam("limit"))


NEAREST = Statement(
    union_all(
        *(
            select(some.subquery(name))
            for name, some in {
                "led": _first(_near(LEADS).where(HERE, teams.c.lead == bindparam("person_id"))),
                "of_items": _where(_THEIR_ITEMS, "their_items"),
                "of_customers": _where(_THEIR_CUSTOMERS, "their_customers"),
                "others": _first(_near(OTHER).where(HERE)),
            }.items()
        )
    )
)


class Teams(Versioned[Team]):
    """repositories.Teams over one transaction."""

    kind, table, key = Team, teams, "channel_id"

    def all(self) -> Sequence[Team]:
        return several(self._connection, Team, ALL, {"workspace": self._workspace})

    def nearest(self, person_id: str, limit: int) -> tuple[Sequence[str], int]:
        here = {"workspace": self._workspace}
        found = NEAREST.all(self._connection, {**here, "person_id": person_id, "limit": limit})
        [counted] = COUNT.all(self._connection, here)
        ordered = dict.fromkeys(row.channel_id for row in sorted(found))
        return list(ordered)[:limit], counted.teams

    def row(self, thing: Team) -> Values:
        return values(self._workspace, thing, next_check_at=NEVER_CHECKED)
