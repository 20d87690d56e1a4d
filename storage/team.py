"""The teams around places."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from bot.domain.reminder import NEVER_LOOKED
from bot.domain.team import Team
from storage.row import Values, several, values
from storage.statement import Statement
from storage.tables import teams
from storage.versioned import Versioned

HERE = teams.c.workspace == bindparam("workspace")
ALL = Statement(select(teams).where(HERE).order_by(teams.c.name, teams.c.place))


class Teams(Versioned[Team]):
    """repositories.Teams over one transaction."""

    kind, table, key = Team, teams, "place"

    def all(self) -> Sequence[Team]:
        return several(self._connection, Team, ALL, {"workspace": self._workspace})

    def row(self, thing: Team) -> Values:
        return values(self._workspace, thing, look_at=NEVER_LOOKED)
