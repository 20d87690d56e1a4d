"""Persons the bot has met."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, select

from bot.request import Person
from storage.agenda import Agenda
from storage.row import read, several, values
from storage.statement import Among, Statement
from storage.tables import people
from storage.upsert import put

HERE = people.c.workspace == bindparam("workspace")
AMONG = Among(select(people).where(HERE), people.c.id)
EVERYBODY = Statement(select(people).where(HERE).order_by(people.c.name, people.c.id))


class People:
    """repositories.People over one transaction."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace
        self._known: dict[str, Person | None] = {}

    def get(self, person: str) -> Person | None:
        self.among([person])
        return self._known[person]

    def among(self, persons: Collection[str]) -> Mapping[str, Person]:
        unread = set(persons) - self._known.keys()
        rows = AMONG.all(self._connection, {"workspace": self._workspace}, unread)
        self._known |= dict.fromkeys(unread) | {row.id: read(Person, row) for row in rows}
        found = {person: self._known[person] for person in persons}
        return {id: person for id, person in found.items() if person is not None}

    def everybody(self) -> Sequence[Person]:
        return several(self._connection, Person, EVERYBODY, {"workspace": self._workspace})

    def remember(self, *persons: Person) -> None:
        # In the order of their ids, so that two transactions never wait for each other in a ring.
        self.among([person.id for person in persons])
        for person in sorted(persons, key=lambda person: person.id):
            before = self.get(person.id)
            zone = person.zone or (before and before.zone)
            now = person.model_copy(update={"zone": zone})
            if now == before:
                continue
            row = values(self._workspace, now)
            put(self._connection, people, row, "name", "zone", "bot", "gone")
            self._known[now.id] = now
            if before and (before.zone, before.gone) != (now.zone, now.gone):
                # Their day begins at another moment, or never again.
                Agenda(self._connection, self._workspace).bring_up(owner=person.id)
