"""What helpdesks told, as it arrived."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from bot.domain.signal import SignalDelivery
from storage.row import Values, find, several, values
from storage.statement import Statement
from storage.tables import deliveries
from storage.upsert import put

KEY = ("workspace", "connection_id", "key")
_OF_CONNECTION = (
    deliveries.c.workspace == bindparam("workspace"),
    deliveries.c.connection_id == bindparam("connection_id"),
)
LAST = Statement(
    select(deliveries)
    .where(*_OF_CONNECTION)
    .order_by(deliveries.c.arrived_at.desc(), deliveries.c.key)
    .limit(bindparam("limit"))
)
OF_REFERENCE = Statement(
    select(deliveries)
    .where(*_OF_CONNECTION, deliveries.c.reference_folded == bindparam("reference"))
    .order_by(deliveries.c.arrived_at.desc(), deliveries.c.key)
    .limit(bindparam("limit"))
)
OF_CUSTOMER = Statement(
    select(deliveries)
    .where(
        deliveries.c.workspace == bindparam("workspace"),
        deliveries.c.customer_folded == bindparam("customer"),
    )
    .limit(bindparam("limit"))
)
_THIS = (
    deliveries.c.workspace == bindparam("this_workspace"),
    deliveries.c.connection_id == bindparam("this_connection"),
    deliveries.c.key == bindparam("this_key"),
)
SAVE, DROP = (Statement(change(deliveries).where(*_THIS)) for change in (update, delete))


class Deliveries:
    """repositories.Deliveries over one transaction."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    def get(self, connection_id: str, key: str) -> SignalDelivery | None:
        named = {"connection_id": connection_id, "key": key}
        return find(self._connection, SignalDelivery, deliveries, workspace=self._workspace, **named)

    def add(self, delivery: SignalDelivery) -> bool:
        return put(self._connection, deliveries, self._row(delivery))

    def save(self, delivery: SignalDelivery) -> None:
        row = {name: value for name, value in self._row(delivery).items() if name not in KEY}
        SAVE.run(self._connection, {**self._this(delivery), **row})

    def drop(self, delivery: SignalDelivery) -> None:
        DROP.run(self._connection, self._this(delivery))

    def last(self, connection_id: str, limit: int) -> Sequence[SignalDelivery]:
        return self._several(LAST, connection_id=connection_id, limit=limit)

    def of_reference(self, connection_id: str, reference: str, limit: int) -> Sequence[SignalDelivery]:
        named = {"connection_id": connection_id, "reference": reference.casefold()}
        return self._several(OF_REFERENCE, **named, limit=limit)

    def of_customer(self, name: str, limit: int) -> Sequence[SignalDelivery]:
        return self._several(OF_CUSTOMER, customer=name.casefold(), limit=limit)

    def _several(self, query: Statement, **params: Any) -> Sequence[SignalDelivery]:
        params["workspace"] = self._workspace
        return several(self._connection, SignalDelivery, query, params)

    def _this(self, delivery: SignalDelivery) -> Values:
        named = {"this_connection": delivery.connection_id, "this_key": delivery.key}
        return {"this_workspace": self._workspace, **named}

    def _row(self, delivery: SignalDelivery) -> Values:
        said = delivery.signal
        folded = {"customer_folded": said.customer.casefold() or None}
        folded["reference_folded"] = said.reference.casefold()
        return values(self._workspace, delivery, **folded)
