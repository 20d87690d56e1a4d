"""Which reminders were due, to whom, and what came of them."""

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.reminder import Asked
from storage.row import several, values
from storage.tables import reminders
from storage.upsert import insert

HERE = reminders.c.workspace == bindparam("workspace")
OF = select(reminders).where(HERE, reminders.c.about.in_(bindparam("abouts", expanding=True)))
IN_MESSAGE = select(reminders).where(HERE, reminders.c.message == bindparam("message"))
KEY = ("workspace", "about", "name", "reader", "day")
SETTLE = (
    update(reminders)
    .where(*(reminders.c[name] == bindparam(f"this_{name}") for name in KEY))
    .values(outcome=bindparam("new_outcome"), outcome_at=bindparam("new_outcome_at"))
)


class Reminders:
    """repositories.Reminders over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    async def of(self, abouts: Collection[str]) -> Sequence[Asked]:
        if not abouts:
            return ()
        asked = {"workspace": self._workspace, "abouts": sorted(set(abouts))}
        return _by_day(await several(self._connection, Asked, OF, asked))

    async def in_message(self, key: str) -> Sequence[Asked]:
        asked = {"workspace": self._workspace, "message": key}
        return _by_day(await several(self._connection, Asked, IN_MESSAGE, asked))

    async def add(self, asked: Sequence[Asked]) -> None:
        if asked:
            adding = insert(self._connection.dialect.name, reminders).on_conflict_do_nothing()
            await self._connection.execute(adding, [values(self._workspace, one) for one in asked])

    async def settle(self, asked: Sequence[Asked]) -> None:
        rows = [
            {f"this_{name}": value for name, value in values(self._workspace, one).items()}
            | {"new_outcome": one.outcome, "new_outcome_at": one.outcome_at}
            for one in asked
        ]
        these = [*(f"this_{name}" for name in KEY), "new_outcome", "new_outcome_at"]
        if rows:
            await self._connection.execute(SETTLE, [{name: row[name] for name in these} for row in rows])


def _by_day(found: Sequence[Asked]) -> Sequence[Asked]:
    return sorted(found, key=lambda one: (one.day, one.about, one.name))
