"""The teams around places."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.reminder import NEVER_LOOKED
from bot.domain.team import Team
from storage import versioned
from storage.row import Values, find, several, values
from storage.tables import teams


class Teams:
    """repositories.Teams over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    async def get(self, place: str) -> Team | None:
        return await find(self._connection, Team, teams, workspace=self._workspace, place=place)

    async def all(self) -> Sequence[Team]:
        here = teams.c.workspace == self._workspace
        query = select(teams).where(here).order_by(teams.c.name, teams.c.place)
        return await several(self._connection, Team, query)

    async def add(self, team: Team) -> None:
        await versioned.add(self._connection, teams, self._values(team))

    async def save(self, team: Team) -> None:
        await versioned.save(self._connection, teams, self._values(team))

    def _values(self, team: Team) -> Values:
        return values(self._workspace, team, look_at=NEVER_LOOKED)
