"""Persons the bot has met."""

from collections.abc import Callable, Sequence

from sqlalchemy import bindparam, select

from bot.domain.person import Person
from bot.repositories import Traces
from storage.former import Former
from storage.jobs.scheduler import Scheduler
from storage.keyed import Keyed
from storage.row import several, values
from storage.statement import Statement
from storage.tables import people
from storage.upsert import put

HERE = people.c.workspace == bindparam("workspace")
EVERYBODY = Statement(select(people).where(HERE).order_by(people.c.name, people.c.id))


class People(Keyed[Person]):
    """repositories.People over one transaction."""

    kind, table, key = Person, people, "id"

    def everybody(self) -> Sequence[Person]:
        return several(self._connection, Person, EVERYBODY, {"workspace": self._workspace})

    def remember(self, *persons: Person) -> None:
        # In the order of their ids, so that two transactions never deadlock.
        if len(persons) > 1:
            self.among([person.id for person in persons])
        for person in sorted(persons, key=lambda person: person.id):
            before = self.get(person.id)
            if person == before:
                continue
            zone = person.zone or (before and before.zone)
            now = person.model_copy(update={"zone": zone})
            if now == before:
                continue
            row = values(self._workspace, now)
            put(self._connection, people, row, "name", "zone", "bot", "gone")
            self._known[now.id] = now
            if before and (before.zone, before.gone) != (now.zone, now.gone):
                # Their day begins at another moment, or never again.
                Scheduler(self._connection, self._workspace).run_now(owner=person.id)

    def forget(
        self, person: Person, former: Person, scrub: Callable[[str], str], *, waits: bool = True
    ) -> Traces:
        traces = Former(self._connection, self._workspace, person, former, scrub).forget(waits=waits)
        self._known.clear()
        return traces
