"""Lists of cases, a part at a time: each order, narrowed or not, is read along an index of its own."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    asc,
    bindparam,
    desc,
    literal_column,
    select,
    tuple_,
)

from bot.domain.case_list import CaseList, Order, Place
from storage.across import Across
from storage.column import UTCDateTime
from storage.tables import action_items, cases, retros

SINCE = bindparam("since", type_=UTCDateTime)
MAX_NUMBER = 2**31 - 1
LOWEST: Mapping[Order, datetime | date | int] = {
    "failed": datetime(1, 1, 2, tzinfo=UTC),
    "closes": date.min,
    "number": -1,
}
HIGHEST: Mapping[Order, datetime | date | int] = {
    "failed": datetime(9999, 12, 30, tzinfo=UTC),
    "closes": date.max,
    "number": MAX_NUMBER,
}
"""Before and after every case of a list, by its order."""


class Read(NamedTuple):
    """The table that a list is read from, and the columns that it is in the order of."""

    table: Table
    key: Column[Any]
    number: Column[Any]


BY_ITEM = Read(action_items, action_items.c.case_number, action_items.c.case_number)
BY_CLOSING = Read(retros, retros.c.answers_close_on, retros.c.case_number)
BY_RETRO = Read(retros, retros.c.opened_at, retros.c.case_number)
"""A retro was opened when its case was marked failed."""
BY_CASE = Read(cases, cases.c.failed_at, cases.c.number)


def listed(
    connection: Connection, workspace: str, wanted: CaseList, after: Place | None, limit: int
) -> Sequence[Place]:
    """The first `limit` of a list, behind a place, in its order."""
    first = (HIGHEST if wanted.highest_first else LOWEST)[wanted.order]
    place = after or Place(key=first, number=MAX_NUMBER if wanted.highest_first else -1)
    values = {"workspace": workspace, "after_number": place.number, "limit": limit}
    if wanted.order != "number":
        values["after_key"] = place.key
    if wanted.gap:
        values["gap"] = wanted.gap
    if wanted.since:
        values["since"] = wanted.since
    first_rows = _first_rows(wanted.order, wanted.state, bool(wanted.since), wanted.highest_first)
    rows = set(first_rows.all(connection, values, wanted.channels))
    ordered = sorted(rows, reverse=wanted.highest_first)[:limit]
    return [Place(key=row[0], number=row.number) for row in ordered]


@cache
def _first_rows(order: Order, state: str, since: bool, highest_first: bool) -> Across:
    """The first cases of a list in each of several channels."""
    by_failed = BY_RETRO if state else BY_CASE
    of = {"failed": by_failed, "closes": BY_CLOSING, "number": BY_ITEM}[order]
    where = [of.table.c.workspace == bindparam("workspace"), _behind(of, highest_first)]
    if of is BY_ITEM:
        where += _of_items(state, since)
    else:
        where += [(of.key if of is BY_CASE else BY_RETRO.key) >= SINCE] if since else []
        where += [retros.c.state == literal_column(f"'{state}'")] if state else []
    if of is not BY_CASE:
        where.append(~of.table.c.cancelled)
    direction = desc if highest_first else asc
    columns = list(dict.fromkeys((of.key, of.number)))
    labelled = [of.number.label("number")]
    labelled[:0] = [of.key.label("key")] if len(columns) > 1 else []
    ordered = select(*labelled).where(*where).order_by(*map(direction, columns))
    if of is BY_ITEM:
        ordered = ordered.distinct()
    channel_id = of.table.c.channel_id
    return Across(lambda channel: ordered.where(channel_id == channel).limit(bindparam("limit")))


def _behind(of: Read, highest_first: bool) -> ColumnElement[bool]:
    """Whether a row comes behind the place where the part before ended."""
    number = bindparam("after_number", type_=of.number.type)
    if of is BY_ITEM:
        return of.number < number if highest_first else of.number > number
    here, after = tuple_(of.key, of.number), tuple_(bindparam("after_key", type_=of.key.type), number)
    return here < after if highest_first else here > after


def _of_items(state: str, since: bool) -> list[ColumnElement[bool]]:
    """What narrows the list of cases that have an item of a gap."""
    where = [action_items.c.gap == bindparam("gap"), action_items.c.state != literal_column("'dropped'")]
    if state:
        is_so = retros.c.state == literal_column(f"'{state}'")
        where.append(_in_case(retros, retros.c.case_number, is_so))
    if since:
        where.append(_in_case(cases, cases.c.number, cases.c.failed_at >= SINCE))
    return where


def _in_case(table: Table, number: Column[Any], is_so: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether what belongs to an item's case is so."""
    here = (table.c.workspace == action_items.c.workspace, number == action_items.c.case_number)
    return select(number).where(*here, is_so).correlate(action_items).exists()
