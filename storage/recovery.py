"""What is owed to customers, and by whom."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
)

from bot.domain.errors import Lost
from bot.domain.recovery import MOST_TALLIED, Recovery, Tally, owners, promised_by
from bot.domain.reminder import NEVER_LOOKED
from storage.row import Values, several, values
from storage.statement import Statement
from storage.tables import recoveries, recovery_owners
from storage.versioned import Versioned

OF_PLACE = (
    recoveries.c.workspace == bindparam("workspace"),
    recoveries.c.place == bindparam("place"),
)
OWED_BY = Statement(
    select(recovery_owners.c.case)
    .where(
        recovery_owners.c.workspace == bindparam("workspace"),
        recovery_owners.c.person == bindparam("person"),
    )
    .order_by(recovery_owners.c.due.asc().nulls_last(), recovery_owners.c.case)
    .limit(bindparam("most"))
)
OPEN_IN = Statement(
    select(recoveries)
    .where(*OF_PLACE, recoveries.c.outcome == bindparam("outcome"))
    .order_by(recoveries.c.due.asc().nulls_last(), recoveries.c.case)
    .limit(bindparam("most"))
)
ENOUGH_IN = Statement(
    select(recoveries)
    .where(*OF_PLACE, recoveries.c.was_enough == bindparam("was_enough"))
    .order_by(recoveries.c.case.desc())
    .limit(bindparam("most"))
)
RECOVERED = recoveries.c.outcome == literal_column("'recovered'")
UNANSWERED = recoveries.c.outcome == literal_column("'no answer'")


def _count(which: ColumnElement[bool]) -> ScalarSelect[int]:
    """No further than is told, in an index."""
    some = select(recoveries.c.place).where(*OF_PLACE, which).limit(MOST_TALLIED + 1)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


COUNTED = {
    "recovered": RECOVERED,
    "enough": RECOVERED & recoveries.c.was_enough,
    "unanswered": UNANSWERED,
}
TALLY = Statement(select(*(_count(one).label(name) for name, one in COUNTED.items())))
FORGET_OWNERS = Statement(
    delete(recovery_owners).where(
        recovery_owners.c.workspace == bindparam("this_workspace"),
        recovery_owners.c.case == bindparam("this_case"),
    )
)
ADD_OWNERS = Statement(insert(recovery_owners))


class Recoveries(Versioned[Recovery]):
    """repositories.Recoveries over one transaction."""

    kind, table, key = Recovery, recoveries, "case"

    def add(self, thing: Recovery) -> Recovery:
        super().add(thing)
        self._keep_owners(thing)
        return thing

    def save(self, thing: Recovery) -> None:
        before = self.get(thing.case)
        if before is not None and before.version != thing.version:
            raise Lost("recoveries: somebody changed it first")
        super().save(thing)
        self._keep_owners(thing, before)

    def owed_by(self, person: str, most: int) -> Sequence[Recovery]:
        asked = {"workspace": self._workspace, "person": person, "most": most}
        numbers = [row.case for row in OWED_BY.all(self._connection, asked)]
        found = self.among(numbers)
        return [found[number] for number in numbers]

    def open_in(self, place: str, most: int) -> Sequence[Recovery]:
        asked = {"workspace": self._workspace, "place": place, "outcome": "", "most": most}
        return several(self._connection, Recovery, OPEN_IN, asked)

    def enough_in(self, place: str, most: int) -> Sequence[Recovery]:
        asked = {"workspace": self._workspace, "place": place, "was_enough": True, "most": most}
        return several(self._connection, Recovery, ENOUGH_IN, asked)

    def tally(self, place: str) -> Tally:
        asked = {"workspace": self._workspace, "place": place}
        return Tally(*TALLY.all(self._connection, asked)[0])

    def _keep_owners(self, recovery: Recovery, before: Recovery | None = None) -> None:
        owed = _owed(recovery)
        if before is not None:
            if owed == _owed(before):
                return
            here = {"this_workspace": self._workspace, "this_case": recovery.case}
            FORGET_OWNERS.run(self._connection, here)
        row = {"workspace": self._workspace, "case": recovery.case}
        rows = [{**row, "person": person, "due": due} for person, due in owed]
        ADD_OWNERS.run_each(self._connection, rows)

    def row(self, thing: Recovery) -> Values:
        return values(
            self._workspace,
            thing,
            outcome=thing.outcome or "",
            was_enough=bool(thing.enough),
            due=promised_by(thing),
            look_at=NEVER_LOOKED if thing.outcome is None else None,
        )


def _owed(recovery: Recovery) -> Sequence[tuple[str, date | None]]:
    """Who owes something to the customer, and by when."""
    due = promised_by(recovery)
    return [] if recovery.outcome else [(person, due) for person in sorted(owners(recovery))]
