"""What is owed to customers, and by whom."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import bindparam, case, delete, func, insert, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.recovery import Recovery, Tally, owners, promised_by
from bot.domain.reminder import NEVER_LOOKED
from storage import versioned
from storage.row import Values, find, several, values
from storage.tables import recoveries, recovery_owners

OF_PLACE = (
    recoveries.c.workspace == bindparam("workspace"),
    recoveries.c.place == bindparam("place"),
)
AMONG = select(recoveries).where(
    recoveries.c.workspace == bindparam("workspace"),
    recoveries.c.case.in_(bindparam("numbers", expanding=True)),
)
OWED_BY = (
    select(recovery_owners.c.case)
    .where(
        recovery_owners.c.workspace == bindparam("workspace"),
        recovery_owners.c.person == bindparam("person"),
    )
    .order_by(recovery_owners.c.due.asc().nulls_last(), recovery_owners.c.case)
    .limit(bindparam("most"))
)
OPEN_IN = (
    select(recoveries)
    .where(*OF_PLACE, recoveries.c.outcome == bindparam("outcome"))
    .order_by(recoveries.c.due.asc().nulls_last(), recoveries.c.case)
    .limit(bindparam("most"))
)
ENOUGH_IN = (
    select(recoveries)
    .where(*OF_PLACE, recoveries.c.was_enough == bindparam("was_enough"))
    .order_by(recoveries.c.case.desc())
    .limit(bindparam("most"))
)
RECOVERED = recoveries.c.outcome == literal_column("'recovered'")
TALLY = select(
    func.count(case((RECOVERED, 1))).label("recovered"),
    func.count(case((RECOVERED & recoveries.c.was_enough, 1))).label("enough"),
    func.count(case((recoveries.c.outcome == literal_column("'no answer'"), 1))).label("unanswered"),
).where(*OF_PLACE)
FORGET_OWNERS = delete(recovery_owners).where(
    recovery_owners.c.workspace == bindparam("this_workspace"),
    recovery_owners.c.case == bindparam("this_case"),
)
ADD_OWNERS = insert(recovery_owners)


class Recoveries:
    """ports.Recoveries over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    async def get(self, case: int) -> Recovery | None:
        return await find(self._connection, Recovery, recoveries, workspace=self._workspace, case=case)

    async def add(self, recovery: Recovery) -> None:
        await versioned.add(self._connection, recoveries, self._values(recovery))
        await self._keep_owners(recovery)

    async def save(self, recovery: Recovery) -> None:
        await versioned.save(self._connection, recoveries, self._values(recovery))
        await self._keep_owners(recovery)

    async def among(self, numbers: Collection[int]) -> Mapping[int, Recovery]:
        if not numbers:
            return {}
        asked = {"workspace": self._workspace, "numbers": sorted(set(numbers))}
        found = await several(self._connection, Recovery, AMONG, asked)
        return {recovery.case: recovery for recovery in found}

    async def owed_by(self, person: str, most: int) -> Sequence[Recovery]:
        asked = {"workspace": self._workspace, "person": person, "most": most}
        numbers = list(await self._connection.scalars(OWED_BY, asked))
        found = await self.among(numbers)
        return [found[number] for number in numbers]

    async def open_in(self, place: str, most: int) -> Sequence[Recovery]:
        asked = {"workspace": self._workspace, "place": place, "outcome": "", "most": most}
        return await several(self._connection, Recovery, OPEN_IN, asked)

    async def enough_in(self, place: str, most: int) -> Sequence[Recovery]:
        asked = {"workspace": self._workspace, "place": place, "was_enough": True, "most": most}
        return await several(self._connection, Recovery, ENOUGH_IN, asked)

    async def tally(self, place: str) -> Tally:
        asked = {"workspace": self._workspace, "place": place}
        return Tally(*(await self._connection.execute(TALLY, asked)).one())

    async def _keep_owners(self, recovery: Recovery) -> None:
        here = {"this_workspace": self._workspace, "this_case": recovery.case}
        await self._connection.execute(FORGET_OWNERS, here)
        if recovery.outcome is not None:
            return
        row = {"workspace": self._workspace, "case": recovery.case, "due": promised_by(recovery)}
        rows = [{**row, "person": person} for person in sorted(owners(recovery))]
        if rows:
            await self._connection.execute(ADD_OWNERS, rows)

    def _values(self, recovery: Recovery) -> Values:
        return values(
            self._workspace,
            recovery,
            outcome=recovery.outcome or "",
            was_enough=bool(recovery.enough),
            due=promised_by(recovery),
            look_at=NEVER_LOOKED if recovery.outcome is None else None,
        )
