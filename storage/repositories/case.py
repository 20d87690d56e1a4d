"""Cases, numbered within the workspace."""

import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, bindparam, cast, false, func, select, update

from bot.domain.case import Case
from bot.domain.case_list import CaseList, Place
from bot.domain.recovery_step import Step, StepName
from bot.domain.trends import Failure
from storage.across import Across
from storage.column import UTCDateTime
from storage.counter import count
from storage.repositories import case_list
from storage.row import Values, find, several, values
from storage.statement import Among, Statement
from storage.tables import cases, people, recoveries, retros, teams
from storage.versioned import Versioned

# The index is by channel: a case has a team, so the teams' channels lead to it.
WITH_REFERENCE = Statement(
    select(cases)
    .where(
        cases.c.workspace == bindparam("workspace"),
        cases.c.channel_id.in_(
            select(teams.c.channel_id).where(teams.c.workspace == bindparam("workspace"))
        ),
        cases.c.reference_folded == bindparam("reference"),
    )
    .order_by(cases.c.number)
)
FAILED_SINCE = Statement(
    select(cases)
    .where(
        cases.c.workspace == bindparam("workspace"),
        cases.c.channel_id == bindparam("channel_id"),
        cases.c.failed_at >= bindparam("since", type_=UTCDateTime),
    )
    .order_by(cases.c.failed_at.desc())
    .limit(bindparam("limit"))
)
_FAILURES = (
    select(
        cases.c.channel_id,
        cases.c.number,
        cases.c.failed_at,
        retros.c.state,
        retros.c.closed_at,
        retros.c.small,
        retros.c.unsettled_at,
        recoveries.c.failed_at.label("owed_since"),
        recoveries.c.apologise_by,
        recoveries.c.contact,
        recoveries.c.steps,
        recoveries.c.earlier,
        recoveries.c.outcome,
    )
    .join(
        retros,
        (retros.c.workspace == cases.c.workspace) & (retros.c.case_number == cases.c.number),
    )
    .outerjoin(
        recoveries,
        (recoveries.c.workspace == cases.c.workspace) & (recoveries.c.case_number == cases.c.number),
    )
    .where(
        cases.c.workspace == bindparam("workspace"),
        cases.c.failed_at >= bindparam("since", type_=UTCDateTime),
        retros.c.cancelled.is_(false()),
    )
    .order_by(cases.c.failed_at.desc())
    .limit(bindparam("limit"))
)
FAILURES = Across(lambda channel: _FAILURES.where(cases.c.channel_id == channel))
ZONES = Among(
    select(people.c.id, people.c.zone).where(people.c.workspace == bindparam("workspace")), people.c.id
)
AFTER = Statement(
    select(cases)
    .where(cases.c.workspace == bindparam("workspace"), cases.c.number > bindparam("number"))
    .order_by(cases.c.number)
    .limit(bindparam("limit"))
)
# In the text of the history, because neither database has an index over what is inside; the number may
# be followed by others, so whoever asks looks once more.
DOUBLES = Statement(
    select(cases)
    .where(
        cases.c.workspace == bindparam("workspace"),
        cases.c.channel_id == bindparam("channel_id"),
        cast(cases.c.history, String).like(bindparam("same_as", type_=String), escape="\\"),
    )
    .order_by(cases.c.number)
)
_WITHOUT_RETRO = (
    cases.c.workspace == bindparam("workspace"),
    cases.c.channel_id == bindparam("channel_id"),
    ~select(retros.c.case_number)
    .where(retros.c.workspace == cases.c.workspace, retros.c.case_number == cases.c.number)
    .correlate(cases)
    .exists(),
)
WITHOUT_RETRO = Statement(
    select(cases).where(*_WITHOUT_RETRO).order_by(cases.c.number.desc()).limit(bindparam("limit"))
)
COUNT_WITHOUT_RETRO = Statement(select(func.count().label("left")).where(*_WITHOUT_RETRO))

OF_CUSTOMER, UNSUMMED = (
    Statement(
        select(cases.c.number, cases.c.customer)
        .where(cases.c.workspace == bindparam("workspace"), cases.c.customer.is_not(None), chosen)
        .order_by(cases.c.number)
    )
    for chosen in (cases.c.customer_sum == bindparam("sum"), cases.c.customer_sum.is_(None))
)

# Its customer may be forgotten meanwhile: then there is nothing to find it by.
SUM = Statement(
    update(cases)
    .where(
        cases.c.workspace == bindparam("of"),
        cases.c.number == bindparam("this"),
        cases.c.customer == bindparam("known"),
    )
    .values(customer_sum=bindparam("sum"))
)


def customer_sum(name: str) -> int:
    """A checksum of a name, upper and lower case alike, so short that it identifies nobody.

    So it does no harm where an older program forgets a customer and leaves it behind.
    """
    return zlib.crc32(name.casefold().encode(errors="replace")) & 0xFFFF


def sum_customers(connection: Connection, limit: int) -> int:
    """Fills in the checksum of at most `limit` cases that an older program stored; returns how many."""
    unsummed = select(cases.c.workspace, cases.c.number, cases.c.customer).where(
        cases.c.customer.is_not(None), cases.c.customer_sum.is_(None)
    )
    rows = connection.execute(unsummed.limit(limit)).all()
    SUM.run_each(
        connection,
        [
            {
                "of": row.workspace,
                "this": row.number,
                "known": row.customer,
                "sum": customer_sum(row.customer),
            }
            for row in rows
        ],
    )
    return len(rows)


class Cases(Versioned[Case]):
    """repositories.Cases over one transaction."""

    kind, table, key = Case, cases, "number"

    def by_reference(self, channel_id: str, reference: str) -> Case | None:
        named = {"channel_id": channel_id, "reference_folded": reference.casefold()}
        return find(self._connection, Case, cases, workspace=self._workspace, **named)

    def with_reference(self, reference: str) -> Sequence[Case]:
        params = {"workspace": self._workspace, "reference": reference.casefold()}
        return several(self._connection, Case, WITH_REFERENCE, params)

    def failed_since(self, channel_id: str, since: datetime, limit: int) -> Sequence[Case]:
        params = {"workspace": self._workspace, "channel_id": channel_id, "since": since, "limit": limit}
        return several(self._connection, Case, FAILED_SINCE, params)

    def listed(self, wanted: CaseList, after: Place | None, limit: int) -> Sequence[Place]:
        return case_list.listed(self._connection, self._workspace, wanted, after, limit)

    def failures(self, channel_id: str, since: datetime, limit: int) -> Sequence[Failure]:
        return self.failures_in([channel_id], since, limit)[channel_id]

    def failures_in(
        self, channel_ids: Collection[str], since: datetime, limit: int
    ) -> Mapping[str, Sequence[Failure]]:
        params = {"workspace": self._workspace, "since": since, "limit": limit}
        found_rows = FAILURES.all(self._connection, params, channel_ids)
        newest_first = sorted(found_rows, key=lambda row: row.failed_at, reverse=True)
        rows = [(row, _needed(row)) for row in {row.number: row for row in newest_first}.values()]
        keepers = {keeper for row, needed in rows if (keeper := _keeper(row, needed))}
        found = ZONES.all(self._connection, {"workspace": self._workspace}, keepers)
        zones = {person.id: person.zone for person in found}
        failures: dict[str, list[Failure]] = {channel_id: [] for channel_id in channel_ids}
        for row, needed in rows:
            failures[row.channel_id].append(_failure(row, needed, zones.get(_keeper(row, needed))))
        return failures

    def add(self, thing: Case) -> Case:
        number = count(self._connection, self._workspace, "case")
        return super().add(thing.model_copy(update={"number": number}))

    def without_retro(self, channel_id: str, limit: int) -> Sequence[Case]:
        params = {"workspace": self._workspace, "channel_id": channel_id, "limit": limit}
        return several(self._connection, Case, WITHOUT_RETRO, params)

    def doubles_of(self, case: Case) -> Sequence[Case]:
        params = {"workspace": self._workspace, "channel_id": case.channel_id}
        found = several(
            self._connection, Case, DOUBLES, params | {"same_as": f'%"same\\_as":{case.number}%'}
        )
        return [
            other for other in found if any(change.same_as == case.number for change in other.history)
        ]

    def count_without_retro(self, channel_id: str) -> int:
        params = {"workspace": self._workspace, "channel_id": channel_id}
        [row] = COUNT_WITHOUT_RETRO.all(self._connection, params)
        return int(row.left)

    def after(self, number: int, limit: int = 100) -> Sequence[Case]:
        params = {"workspace": self._workspace, "number": number, "limit": limit}
        return several(self._connection, Case, AFTER, params)

    def of_customer(self, name: str) -> Sequence[int]:
        params = {"workspace": self._workspace, "sum": customer_sum(name)}
        rows = OF_CUSTOMER.all(self._connection, params)
        rows = [*rows, *UNSUMMED.all(self._connection, {"workspace": self._workspace})]
        return sorted(row.number for row in rows if row.customer.casefold() == name.casefold())

    def row(self, thing: Case) -> Values:
        reference = thing.reference.casefold() if thing.reference else None
        sum_ = None if thing.customer is None else customer_sum(thing.customer)
        return values(self._workspace, thing, reference_folded=reference, customer_sum=sum_)


def _needed(row: Any) -> Mapping[StepName, Step]:
    """The steps of a row of FAILURES; one that is not needed is neither owed nor done."""
    steps = map(Step.model_validate, row.steps or ())
    return {step.name: step for step in steps if step.state != "not needed"}


def _keeper(row: Any, needed: Mapping[StepName, Step]) -> str | None:
    """Who keeps the promise, where one was made."""
    keep = needed.get("keep") if "promise" in needed else None
    return (keep.owner or row.contact) if keep else None


def _failure(row: Any, needed: Mapping[StepName, Step], keeper_zone: str | None) -> Failure:
    """A row of FAILURES."""
    apologise, promise, keep = (needed.get(name) for name in ("apologise", "promise", "keep"))
    was_a_retro = row.state == "closed" and not row.unsettled_at and not row.small
    return Failure(
        number=row.number,
        failed_at=row.failed_at,
        ended=row.outcome or ("not recovered" if row.earlier else None),
        closed_at=row.closed_at if was_a_retro else None,
        owed_since=row.owed_since,
        apologise_by=row.apologise_by if apologise else None,
        apologised_at=apologise.at if apologise else None,
        promised_by=promise.due if promise and keep else None,
        kept_at=keep.at if keep else None,
        keeper_zone=keeper_zone,
    )
