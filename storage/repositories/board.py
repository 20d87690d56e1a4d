"""What of a channel needs somebody: how much of it there is, and the most urgent of it, by indexes.

A source (`bot/domain/board.py`) is one look-up; all that somebody sees at once is two statements.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Table,
    TextClause,
    and_,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
    union_all,
)

from bot.domain.board import MAX_COUNTED, Source
from bot.domain.board_filter import Filters
from bot.repositories import BoardDay, BoardRow
from storage.column import UTCDateTime
from storage.repositories.retro import IS_OPEN
from storage.row import Values
from storage.statement import Statement
from storage.tables import action_items, cases, people, recoveries, recovery_owners, retros

A_DAY = timedelta(days=1)


def _is_text(column: Column[Any], word: str) -> ColumnElement[bool]:
    """A literal, not a bound parameter: only so does the query meet a partial index."""
    return column == literal_column(f"'{word}'")


def _zone(person_id: ColumnElement[Any]) -> ColumnElement[str]:
    """Where somebody is, or the team where nobody knows that."""
    of_person = (
        select(people.c.zone)
        .where(people.c.workspace == bindparam("workspace"), people.c.id == person_id)
        .scalar_subquery()
    )
    return func.coalesce(of_person, bindparam("zone"))


def _is_before(due: Column[Any], person_id: ColumnElement[Any], first: str) -> ColumnElement[bool]:
    """Whether a day is before the one that it is for somebody, as `bot/domain/owner_day.py` says it.

    `first` and what follows name the parameters of such days; the last one bounds what is read.
    """
    among = literal("%,") + _zone(person_id) + literal(",%")
    return and_(
        due <= bindparam(f"{first}_last", type_=Date),
        or_(
            due < bindparam(first, type_=Date),
            and_(due == bindparam(first, type_=Date), bindparam("next_in").like(among)),
            and_(due > bindparam(first, type_=Date), bindparam("after_next_in").like(among)),
        ),
    )


def _is_from(due: Column[Any], first: str) -> ColumnElement[bool]:
    """What is not before the first of such days: what was before is not read to find it."""
    return due >= bindparam(first, type_=Date)


ITEM_LATE = _is_before(action_items.c.due, action_items.c.owner, "late")
PROMISE_LATE = _is_before(recoveries.c.due, recoveries.c.keeper, "late")
PROMISE_DUE = _is_before(recoveries.c.due, recoveries.c.keeper, "due")
PROPOSED, AGREED = (_is_text(action_items.c.state, state) for state in ("proposed", "agreed"))
DONE = _is_text(action_items.c.state, "done")
NO_OUTCOME = _is_text(recoveries.c.outcome, "")
NOTHING_PROMISED = and_(NO_OUTCOME, recoveries.c.due.is_(None))
ANSWERS_CLOSED = retros.c.answers_close_on < bindparam("today", type_=Date)


class From(NamedTuple):
    """Where a source's rows are: which of them, and the day by which the most urgent come first."""

    table: Table
    number: Column[Any]
    day: Column[Any]
    which: ColumnElement[bool]


def _items(which: ColumnElement[bool]) -> From:
    return From(
        action_items, action_items.c.number, action_items.c.due, and_(_counts(action_items), which)
    )


def _retros(which: ColumnElement[bool]) -> From:
    here = and_(which, _counts(retros))
    return From(retros, retros.c.case_number, retros.c.answers_close_on, here)


def _counts(table: Table) -> TextClause:
    """Whether it is not cancelled, in the very words of the partial indexes."""
    return text(f"NOT {table.name}.cancelled")


def _customers(day: Column[Any], which: ColumnElement[bool]) -> From:
    return From(recoveries, recoveries.c.case_number, day, which)


SOURCES: Mapping[Source, From] = {
    "late": _items(and_(AGREED, ITEM_LATE)),
    "agreed": _items(and_(AGREED, _is_from(action_items.c.due, "late"), not_(ITEM_LATE))),
    "undated": _items(and_(AGREED, action_items.c.due.is_(None))),
    "unowned": _items(and_(PROPOSED, action_items.c.owner.is_(None))),
    "unaccepted": _items(and_(PROPOSED, action_items.c.owner.is_not(None))),
    "unverified": _items(DONE),
    "undecided": _retros(and_(IS_OPEN, ANSWERS_CLOSED)),
    "answering": _retros(and_(IS_OPEN, not_(ANSWERS_CLOSED))),
    "unsettled": _retros(retros.c.unsettled_at.is_not(None)),
    "promise": _customers(recoveries.c.due, and_(NO_OUTCOME, PROMISE_DUE)),
    "promised": _customers(
        recoveries.c.due, and_(NO_OUTCOME, _is_from(recoveries.c.due, "due"), not_(PROMISE_DUE))
    ),
    "customer": _customers(recoveries.c.apologise_by, and_(NOTHING_PROMISED, ~recoveries.c.rests)),
    "resting": _customers(recoveries.c.apologise_by, and_(NOTHING_PROMISED, recoveries.c.rests)),
}


class Shape(NamedTuple):
    """Which filters there are, whatever they say: a statement is compiled for each."""

    owner: bool
    gap: bool
    since: bool
    only_late: bool
    only_unowned: bool


def _left(source: Source, shape: Shape) -> ColumnElement[bool]:
    """The rows of a source that the filters leave."""
    table, _, _, which = SOURCES[source]
    wanted = [_of(table), which]
    if shape.owner and table is action_items:
        # By the index of owners: what one person has is less than what a channel has. The channel is
        # compared as an expression, which no index of channels is about.
        wanted += [action_items.c.active, action_items.c.owner == bindparam("owner")]
        wanted.append(action_items.c.channel_id.concat("") == bindparam("channel_id"))
    else:
        wanted.append(table.c.channel_id == bindparam("channel_id"))
    if shape.owner and table is recoveries:
        theirs = recovery_owners.c.case_number == recoveries.c.case_number
        is_owner = recovery_owners.c.person_id == bindparam("owner")
        wanted.append(exists().where(_of(recovery_owners), theirs, is_owner))
    if shape.gap and table is action_items:
        wanted.append(action_items.c.gap == bindparam("gap"))
    elif shape.gap:
        of_gap = action_items.alias("of_gap")
        wanted.append(
            exists().where(
                _of(of_gap),
                of_gap.c.case_number == table.c.case_number,
                of_gap.c.gap == bindparam("gap"),
                of_gap.c.state != literal_column("'dropped'"),
            )
        )
    if shape.since:
        failed_since = cases.c.failed_at >= bindparam("since", type_=UTCDateTime)
        wanted.append(exists().where(_of(cases), cases.c.number == table.c.case_number, failed_since))
    if shape.only_late and source == "promise":
        wanted.append(PROMISE_LATE)
    if shape.only_unowned and table is recoveries:
        wanted.append(recoveries.c.contact.is_(None))
    return and_(*wanted)


def _of(table: Any) -> ColumnElement[bool]:
    here: ColumnElement[bool] = table.c.workspace == bindparam("workspace")
    return here


@cache
def counting(sources: tuple[Source, ...], shape: Shape) -> Statement:
    """How many rows each source has, up to one more than MAX_COUNTED."""
    counts = []
    for source in sources:
        some = select(SOURCES[source].number).where(_left(source, shape)).limit(MAX_COUNTED + 1)
        counted = select(func.count()).select_from(some.subquery(f"{source}_rows"))
        counts.append(counted.scalar_subquery().label(source))
    return Statement(select(*counts))


@cache
def listing(sources: tuple[Source, ...], shape: Shape) -> Statement:
    """The most urgent rows of each source: its name, the number of the thing, and the day."""
    looks = []
    for source in sources:
        _, number, day, _ = SOURCES[source]
        name: ColumnElement[str] = literal_column(f"'{source}'").label("source")
        look = (
            select(name, number.label("number"), day.label("day"))
            .where(_left(source, shape))
            .order_by(day.asc().nulls_last(), number)
            .limit(bindparam("limit"))
        )
        looks.append(select(look.subquery(f"{source}_rows")))
    return Statement(union_all(*looks) if len(looks) > 1 else looks[0])


class Board:
    """repositories.ReadBoard over one transaction."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    def counts(
        self, channel_id: str, sources: Collection[Source], filters: Filters, day: BoardDay
    ) -> Mapping[Source, int]:
        if not sources:
            return {}
        ordered = _ordered(sources)
        statement = counting(ordered, _shape(filters))
        row = statement.all(self._connection, self._params(channel_id, filters, day))[0]
        return dict(zip(ordered, row, strict=True))

    def most_urgent(
        self,
        channel_id: str,
        sources: Collection[Source],
        filters: Filters,
        day: BoardDay,
        limit: int,
    ) -> Sequence[BoardRow]:
        if not sources:
            return []
        params = {**self._params(channel_id, filters, day), "limit": limit}
        rows = listing(_ordered(sources), _shape(filters)).all(self._connection, params)
        return [BoardRow(row.source, row.number, row.day) for row in rows]

    def _params(self, channel_id: str, filters: Filters, day: BoardDay) -> Values:
        first = day.everywhere.first
        params: Values = {
            "workspace": self._workspace,
            "channel_id": channel_id,
            "zone": day.zone,
            "today": day.today,
            "next_in": day.everywhere.next_in,
            "after_next_in": day.everywhere.after_next_in,
            "late": first,
            "late_last": first + A_DAY,
            "due": first + A_DAY,
            "due_last": first + 2 * A_DAY,
        }
        more = {"owner": filters.owner, "gap": filters.gap, "since": day.since}
        return params | {name: value for name, value in more.items() if value}


def _ordered(sources: Collection[Source]) -> tuple[Source, ...]:
    return tuple(source for source in SOURCES if source in sources)


def _shape(filters: Filters) -> Shape:
    return Shape(
        bool(filters.owner),
        bool(filters.gap),
        filters.since is not None,
        filters.only_late,
        filters.only_unowned,
    )
