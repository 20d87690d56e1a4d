"""What is owed to customers, and by whom."""

from collections.abc import Collection, Sequence
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

from bot.domain.errors import ConflictError
from bot.domain.recovery import (
    MAX_TALLIED,
    Recovery,
    Tally,
    next_due,
    owner_of,
    owners,
    promised_by,
    rests,
)
from bot.domain.reminder import NEVER_CHECKED
from storage.row import Values, several, values
from storage.statement import Among, Query, Statement
from storage.tables import recoveries, recovery_owners
from storage.versioned import Versioned

OF_PLACE = (
    recoveries.c.workspace == bindparam("workspace"),
    recoveries.c.channel_id == bindparam("channel_id"),
)
_OWED_BY: Query = (
    select(recovery_owners.c.case_number)
    .where(
        recovery_owners.c.workspace == bindparam("workspace"),
        recovery_owners.c.person_id == bindparam("person_id"),
    )
    .order_by(recovery_owners.c.due.asc().nulls_last(), recovery_owners.c.case_number)
    .limit(bindparam("limit"))
)
OWED_BY = Statement(_OWED_BY)
OWED_BY_IN = Among(
    _OWED_BY.join(
        recoveries,
        (recoveries.c.workspace == recovery_owners.c.workspace)
        & (recoveries.c.case_number == recovery_owners.c.case_number),
    ),
    recoveries.c.channel_id,
)
OPEN_IN = Statement(
    select(recoveries)
    .where(*OF_PLACE, recoveries.c.outcome == bindparam("outcome"))
    .order_by(recoveries.c.due.asc().nulls_last(), recoveries.c.case_number)
    .limit(bindparam("limit"))
)
ENOUGH_IN = Statement(
    select(recoveries)
    .where(*OF_PLACE, recoveries.c.was_enough == bindparam("was_enough"))
    .order_by(recoveries.c.case_number.desc())
    .limit(bindparam("limit"))
)
CANCELLED = "cancelled"
"""In the column of outcomes: neither open nor counted."""
RECOVERED = recoveries.c.outcome == literal_column("'recovered'")
UNANSWERED = recoveries.c.outcome == literal_column("'no answer'")


def _count(which: ColumnElement[bool]) -> ScalarSelect[int]:
    """A count by an index, that stops just above MAX_TALLIED."""
    some = select(recoveries.c.channel_id).where(*OF_PLACE, which).limit(MAX_TALLIED + 1)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


COUNTED = {
    "recovered": RECOVERED,
    "enough": RECOVERED & recoveries.c.was_enough,
    "unanswered": UNANSWERED,
}
TALLY = Statement(select(*(_count(condition).label(name) for name, condition in COUNTED.items())))
FORGET_OWNERS = Statement(
    delete(recovery_owners).where(
        recovery_owners.c.workspace == bindparam("this_workspace"),
        recovery_owners.c.case_number == bindparam("this_case"),
    )
)
ADD_OWNERS = Statement(insert(recovery_owners))


class Recoveries(Versioned[Recovery]):
    """repositories.Recoveries over one transaction."""

    kind, table, key = Recovery, recoveries, "case_number"

    def add(self, thing: Recovery) -> Recovery:
        super().add(thing)
        self._keep_owners(thing)
        return thing

    def save(self, thing: Recovery) -> None:
        before = self.get(thing.case_number)
        if before is not None and before.version != thing.version:
            raise ConflictError("recoveries: somebody changed it first")
        super().save(thing)
        self._keep_owners(thing, before)

    def owed_by(
        self, person_id: str, limit: int, channels: Collection[str] | None = None
    ) -> Sequence[Recovery]:
        params = {"workspace": self._workspace, "person_id": person_id, "limit": limit}
        if channels is None:
            rows = OWED_BY.all(self._connection, params)
        else:
            rows = OWED_BY_IN.all(self._connection, params, channels)
        numbers = [row.case_number for row in rows]
        by_number = self.among(numbers)
        return [by_number[number] for number in numbers]

    def open_in(self, channel_id: str, limit: int) -> Sequence[Recovery]:
        params = {"workspace": self._workspace, "channel_id": channel_id, "outcome": "", "limit": limit}
        return several(self._connection, Recovery, OPEN_IN, params)

    def enough_in(self, channel_id: str, limit: int) -> Sequence[Recovery]:
        params = {
            "workspace": self._workspace,
            "channel_id": channel_id,
            "was_enough": True,
            "limit": limit,
        }
        return several(self._connection, Recovery, ENOUGH_IN, params)

    def tally(self, channel_id: str) -> Tally:
        params = {"workspace": self._workspace, "channel_id": channel_id}
        return Tally(*TALLY.all(self._connection, params)[0])

    def _keep_owners(self, recovery: Recovery, before: Recovery | None = None) -> None:
        owed = _owed(recovery)
        if before is not None:
            if owed == _owed(before):
                return
            here = {"this_workspace": self._workspace, "this_case": recovery.case_number}
            FORGET_OWNERS.run(self._connection, here)
        row = {"workspace": self._workspace, "case_number": recovery.case_number}
        rows = [{**row, "person_id": person_id, "due": due} for person_id, due in owed]
        ADD_OWNERS.run_each(self._connection, rows)

    def row(self, thing: Recovery) -> Values:
        return values(
            self._workspace,
            thing,
            outcome=CANCELLED if thing.cancelled else thing.outcome or "",
            was_enough=bool(thing.enough) and not thing.cancelled,
            due=promised_by(thing),
            keeper=owner_of(thing, "keep") if promised_by(thing) else None,
            rests=rests(thing),
            next_due=next_due(thing),
            next_check_at=NEVER_CHECKED if thing.outcome is None and not thing.cancelled else None,
        )


def _owed(recovery: Recovery) -> Sequence[tuple[str, date | None]]:
    """Who owes something to the customer, and by when something is owed next."""
    due = next_due(recovery)
    over = recovery.outcome or recovery.cancelled
    return [] if over else [(person_id, due) for person_id in sorted(owners(recovery))]
