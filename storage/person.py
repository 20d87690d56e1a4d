"""Persons the bot has met."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.request import Person
from storage.agenda import Agenda
from storage.row import find, several, values
from storage.tables import people
from storage.upsert import put

HERE = people.c.workspace == bindparam("workspace")
AMONG = select(people).where(HERE, people.c.id.in_(bindparam("ids", expanding=True)))
EVERYBODY = select(people).where(HERE).order_by(people.c.name, people.c.id)


class People:
    """repositories.People over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    async def get(self, person: str) -> Person | None:
        return await find(self._connection, Person, people, workspace=self._workspace, id=person)

    async def among(self, persons: Collection[str]) -> Mapping[str, Person]:
        if not persons:
            return {}
        asked = {"workspace": self._workspace, "ids": sorted(set(persons))}
        found = await several(self._connection, Person, AMONG, asked)
        return {person.id: person for person in found}

    async def everybody(self) -> Sequence[Person]:
        return await several(self._connection, Person, EVERYBODY, {"workspace": self._workspace})

    async def remember(self, *persons: Person) -> None:
        # In the order of their ids, so that two transactions never wait for each other in a ring.
        for person in sorted(persons, key=lambda person: person.id):
            before = await self.get(person.id)
            zone = person.zone or (before and before.zone)
            now = person.model_copy(update={"zone": zone})
            if now == before:
                continue
            row = values(self._workspace, now)
            await put(self._connection, people, row, "name", "zone", "bot", "gone")
            if before and (before.zone, before.gone) != (now.zone, now.gone):
                # Their day begins at another moment, or never again.
                await Agenda(self._connection, self._workspace).bring_up(owner=person.id)
