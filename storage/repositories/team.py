"""The teams around channels."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from bot.domain.reminder import NEVER_CHECKED
from bot.domain.team import Team
from storage.row import Values, several, values
from storage.statement import Statement
from storage.tables import teams
from storage.versioned import Versioned

HERE = teams.c.workspace == bindparam("workspace")
ALL = Statement(select(teams).where(HERE).order_by(teams.c.name, teams.c.channel_id))


class Teams(Versioned[Team]):
    """repositories.Teams over one transaction."""

    kind, table, key = Team, teams, "channel_id"

    def all(self) -> Sequence[Team]:
        return several(self._connection, Team, ALL, {"workspace": self._workspace})

    def row(self, thing: Team) -> Values:
        return values(self._workspace, thing, next_check_at=NEVER_CHECKED)
