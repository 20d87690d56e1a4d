"""Proposed cases, numbered within the workspace."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, update

from bot.domain.proposal import STEPS, Proposal, ProposalChange, take
from bot.domain.reminder import NEVER_CHECKED
from bot.repositories import EndedProposal
from storage.column import UTCDateTime
from storage.counter import count
from storage.row import Values, find, several, values
from storage.statement import Statement
from storage.tables import proposals
from storage.versioned import Versioned

_HERE = proposals.c.workspace == bindparam("workspace")
_OF_CONNECTION = (_HERE, proposals.c.connection_id == bindparam("connection_id"))
_SINCE = proposals.c.made_at >= bindparam("since", type_=UTCDateTime)
_IN_CHANNEL = proposals.c.channel_id == bindparam("channel_id")
COUNT_MADE = Statement(
    select(func.count().label("made")).where(
        *_OF_CONNECTION, _IN_CHANNEL, _SINCE, proposals.c.gathered.is_(False)
    )
)
GATHERED = Statement(
    select(proposals)
    .where(
        *_OF_CONNECTION,
        _IN_CHANNEL,
        _SINCE,
        proposals.c.made_at < bindparam("until", type_=UTCDateTime),
        proposals.c.gathered,
        proposals.c.state == "proposed",
    )
    .order_by(proposals.c.made_at, proposals.c.number)
    .limit(bindparam("limit"))
)
DECIDED = Statement(
    select(proposals)
    .where(*_OF_CONNECTION, or_(proposals.c.state == "opened", proposals.c.state == "waved off"))
    .order_by(proposals.c.ended_at.desc(), proposals.c.number.desc())
    .limit(bindparam("limit"))
)
COUNT_WAITING = Statement(
    select(func.count().label("waiting")).where(
        *_OF_CONNECTION, _IN_CHANNEL, proposals.c.state == "proposed"
    )
)
END_WAITING = Statement(
    update(proposals)
    .where(
        proposals.c.workspace == bindparam("this_workspace"),
        proposals.c.connection_id == bindparam("this_connection"),
        proposals.c.channel_id == bindparam("this_channel"),
        proposals.c.state == "proposed",
        proposals.c.ended_at.is_(None),
    )
    .values(version=proposals.c.version + 1)
    .returning(*(proposals.c[name] for name in EndedProposal._fields))
)
WAITING_AGAIN = Statement(
    select(proposals)
    .where(
        *(*_OF_CONNECTION, _IN_CHANNEL),
        *(proposals.c.state == "proposed", proposals.c.ended_at.is_not(None)),
    )
    .order_by(proposals.c.number)
)
COUNT_LAPSED = Statement(
    select(func.count().label("lapsed")).where(
        _HERE,
        _IN_CHANNEL,
        proposals.c.state == "lapsed",
        proposals.c.ended_at >= bindparam("since", type_=UTCDateTime),
        proposals.c.ended_at < bindparam("until", type_=UTCDateTime),
    )
)
OPENED_OF_CUSTOMER = Statement(
    select(proposals)
    .where(
        *_OF_CONNECTION,
        proposals.c.customer_folded == bindparam("customer"),
        proposals.c.state == "opened",
    )
    .order_by(proposals.c.number.desc())
    .limit(bindparam("limit"))
)
OF_CASE = Statement(
    select(proposals)
    .where(_HERE, proposals.c.case_number == bindparam("case_number"))
    .order_by(proposals.c.number)
)
_OF_CUSTOMER = (_HERE, proposals.c.customer_folded == bindparam("customer"))
OF_CUSTOMER = Statement(
    select(proposals)
    .where(*_OF_CUSTOMER, proposals.c.case_number.is_(None))
    .order_by(proposals.c.number)
    .limit(bindparam("limit"))
)
CASES_OF_CUSTOMER = Statement(
    select(proposals.c.case_number)
    .where(*_OF_CUSTOMER, proposals.c.case_number.is_not(None))
    .distinct()
    .order_by(proposals.c.case_number)
)


class Proposals(Versioned[Proposal]):
    """repositories.Proposals over one transaction."""

    kind, table, key = Proposal, proposals, "number"

    def add(self, thing: Proposal) -> Proposal:
        number = count(self._connection, self._workspace, "proposal")
        return super().add(thing.model_copy(update={"number": number}))

    def by_reference(self, connection_id: str, reference: str) -> Proposal | None:
        named = {"connection_id": connection_id, "reference_folded": reference.casefold()}
        return find(self._connection, Proposal, proposals, workspace=self._workspace, **named)

    def of_case(self, case_number: int) -> Sequence[Proposal]:
        return self._several(OF_CASE, case_number=case_number)

    def of_customer(self, name: str, limit: int) -> Sequence[Proposal]:
        return self._several(OF_CUSTOMER, customer=name.casefold(), limit=limit)

    def cases_of_customer(self, name: str) -> Sequence[int]:
        params = {"workspace": self._workspace, "customer": name.casefold()}
        return [row.case_number for row in CASES_OF_CUSTOMER.all(self._connection, params)]

    def opened_of_customer(self, connection_id: str, name: str, limit: int) -> Sequence[Proposal]:
        named = {"connection_id": connection_id, "customer": name.casefold()}
        return self._several(OPENED_OF_CUSTOMER, **named, limit=limit)

    def count_made(self, connection_id: str, channel_id: str, since: datetime) -> int:
        where = {"connection_id": connection_id, "channel_id": channel_id}
        return self._count(COUNT_MADE, **where, since=since)

    def gathered(
        self, connection_id: str, channel_id: str, since: datetime, until: datetime, limit: int
    ) -> Sequence[Proposal]:
        where = {"connection_id": connection_id, "channel_id": channel_id}
        return self._several(GATHERED, **where, since=since, until=until, limit=limit)

    def decided(self, connection_id: str, limit: int) -> Sequence[Proposal]:
        return self._several(DECIDED, connection_id=connection_id, limit=limit)

    def count_waiting(self, connection_id: str, channel_id: str) -> int:
        return self._count(COUNT_WAITING, connection_id=connection_id, channel_id=channel_id)

    def end_waiting(
        self, connection_id: str, channel_id: str, change: ProposalChange
    ) -> Sequence[EndedProposal]:
        ended = {
            "state": STEPS[change.step].to,
            "history": (change,),  # the first one of whatever waits for the first time
            "ended_at": change.at,
            "next_check_at": None,
        }
        these = {
            "this_workspace": self._workspace,
            "this_connection": connection_id,
            "this_channel": channel_id,
        }
        rows = END_WAITING.all(self._connection, {**these, **ended})
        self._known.clear()
        again = self._several(WAITING_AGAIN, connection_id=connection_id, channel_id=channel_id)
        for proposal in again:
            self.save(take(proposal, change.step, change.by, change.at, change.why))
        names = EndedProposal._fields
        return [EndedProposal(*(getattr(each, name) for name in names)) for each in (*rows, *again)]

    def count_lapsed(self, channel_id: str, since: datetime, until: datetime) -> int:
        return self._count(COUNT_LAPSED, channel_id=channel_id, since=since, until=until)

    def row(self, thing: Proposal) -> Values:
        return values(
            self._workspace,
            thing,
            reference_folded=thing.reference.casefold() if thing.reference else None,
            customer_folded=thing.signal.customer.casefold() or None,
            rating=thing.signal.rating,
            ended_at=thing.last.at if thing.last else None,
            next_check_at=NEVER_CHECKED if thing.state == "proposed" else None,
        )

    def _count(self, query: Statement, **params: object) -> int:
        [row] = query.all(self._connection, {"workspace": self._workspace, **params})
        return int(row[0])

    def _several(self, query: Statement, **params: object) -> Sequence[Proposal]:
        return several(self._connection, Proposal, query, {"workspace": self._workspace, **params})
