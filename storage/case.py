"""Cases, numbered within the workspace."""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.case import Case
from storage import versioned
from storage.counter import count
from storage.row import Values, find, several, values
from storage.tables import cases, teams

# The index is by place: a case has a team, so the teams' places lead to it.
WITH_REFERENCE = (
    select(cases)
    .where(
        cases.c.workspace == bindparam("workspace"),
        cases.c.place.in_(select(teams.c.place).where(teams.c.workspace == bindparam("workspace"))),
        cases.c.reference_folded == bindparam("reference"),
    )
    .order_by(cases.c.number)
)


class Cases:
    """repositories.Cases over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    async def get(self, number: int) -> Case | None:
        return await find(self._connection, Case, cases, workspace=self._workspace, number=number)

    async def by_reference(self, place: str, reference: str) -> Case | None:
        named = {"place": place, "reference_folded": reference.casefold()}
        return await find(self._connection, Case, cases, workspace=self._workspace, **named)

    async def with_reference(self, reference: str) -> Sequence[Case]:
        asked = {"workspace": self._workspace, "reference": reference.casefold()}
        return await several(self._connection, Case, WITH_REFERENCE, asked)

    async def add(self, case: Case) -> Case:
        number = await count(self._connection, self._workspace, "case")
        case = case.model_copy(update={"number": number})
        await versioned.add(self._connection, cases, self._values(case))
        return case

    async def save(self, case: Case) -> None:
        await versioned.save(self._connection, cases, self._values(case))

    async def after(self, number: int, most: int = 100) -> AsyncIterator[Case]:
        query = (
            select(cases)
            .where(cases.c.workspace == self._workspace, cases.c.number > number)
            .order_by(cases.c.number)
            .limit(most)
        )
        for case in await several(self._connection, Case, query):
            yield case

    def _values(self, case: Case) -> Values:
        reference = case.reference.casefold() if case.reference else None
        return values(self._workspace, case, reference_folded=reference)
