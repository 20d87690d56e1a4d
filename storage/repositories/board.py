"""What of some teams needs somebody: how much of it there is, and the most urgent of it, by indexes.

A source (`bot/domain/board.py`) is one look-up in each team; all that somebody sees at once is two
statements, however many teams it is of. What a team's look-ups go by is a row of `here`, which the
statement brings along.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    String,
    Table,
    TextClause,
    and_,
    bindparam,
    cast,
    exists,
    extract,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from bot.domain.board import MAX_COUNTED, Source
from bot.domain.board_filter import Filters
from bot.domain.owner_day import DayEverywhere
from bot.repositories import BoardRow, BoardTeam
from storage.column import UTCDateTime
from storage.repositories.retro import IS_OPEN
from storage.row import Values
from storage.statement import Statement
from storage.tables import action_items, cases, people, proposals, recoveries, recovery_owners, retros

A_DAY = timedelta(days=1)
MAX_TEAMS = 64
"""In one statement: SQLite took 999 values until it was 3.32."""
HERE: Mapping[str, TypeEngine[Any]] = {
    "channel_id": String(),
    "zone": String(),
    "today": Date(),
    "since": UTCDateTime(),
    "decides": Boolean(),
}
"""What the look-ups in a team go by, as BoardTeam says it."""
CHANNEL_ID, ZONE, TODAY, SINCE, DECIDES = (
    literal_column(f"here.{name}", kind) for name, kind in HERE.items()
)


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
    return func.coalesce(of_person, ZONE)


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
ANSWERS_CLOSED = retros.c.answers_close_on < TODAY


class From(NamedTuple):
    """Where a source's rows are: which of them, and by what the most urgent come first."""

    table: Table
    number: Column[Any]
    urgency: Column[Any]
    which: ColumnElement[bool]


def _items(which: ColumnElement[bool]) -> From:
    return From(action_items, action_items.c.number, action_items.c.due, which)


def _retros(which: ColumnElement[bool]) -> From:
    here = and_(which, text("NOT retros.cancelled"))
    return From(retros, retros.c.case_number, retros.c.answers_close_on, here)


def _counts(shape: "Shape") -> TextClause:
    """Whether an item is not cancelled, in the very words of the partial indexes.

    Each look has one that leads to it: by what an item waits for, or by its owner or its gap, of all
    that are open.
    """
    return text("action_items.active" if shape.owner or shape.gap else "NOT action_items.cancelled")


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
    "customer": _customers(recoveries.c.next_due, and_(NOTHING_PROMISED, ~recoveries.c.rests)),
    "proposed": From(
        *(proposals, proposals.c.number, proposals.c.rating, _is_text(proposals.c.state, "proposed"))
    ),
    "resting": _customers(recoveries.c.next_due, and_(NOTHING_PROMISED, recoveries.c.rests)),
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
    of, _, _, which = SOURCES[source]
    wanted: list[ColumnElement[bool] | TextClause] = [
        _of(of),
        of.c.channel_id == CHANNEL_ID,
        which,
    ]
    if of is action_items:
        wanted.append(_counts(shape))
        wanted += [action_items.c.owner == bindparam("owner")] if shape.owner else []
    if shape.owner and of is retros:
        wanted.append(DECIDES)
    if shape.owner and of is recoveries:
        theirs = recovery_owners.c.case_number == recoveries.c.case_number
        is_owner = recovery_owners.c.person_id == bindparam("owner")
        wanted.append(exists().where(_of(recovery_owners), theirs, is_owner))
    if shape.gap and of is action_items:
        wanted.append(action_items.c.gap == bindparam("gap"))
    elif shape.gap:
        of_gap = action_items.alias("of_gap")
        wanted.append(
            exists().where(
                _of(of_gap),
                of_gap.c.channel_id == CHANNEL_ID,
                of_gap.c.case_number == of.c.case_number,
                of_gap.c.gap == bindparam("gap"),
                of_gap.c.state != literal_column("'dropped'"),
            )
        )
    if shape.since:
        failed_since = cases.c.failed_at >= SINCE
        wanted.append(exists().where(_of(cases), cases.c.number == of.c.case_number, failed_since))
    if shape.only_late and source == "promise":
        wanted.append(PROMISE_LATE)
    if shape.only_unowned and of is recoveries:
        wanted.append(recoveries.c.contact.is_(None))
    return and_(*wanted)


def _of(where: Any) -> ColumnElement[bool]:
    here: ColumnElement[bool] = where.c.workspace == bindparam("workspace")
    return here


@cache
def counting(sources: tuple[Source, ...], shape: Shape, teams: int) -> Statement:
    """How many rows each source has in each team, up to one more than MAX_COUNTED."""
    counts = []
    for source in sources:
        some = select(SOURCES[source].number).where(_left(source, shape)).limit(MAX_COUNTED + 1)
        counted = select(func.count()).select_from(some.subquery(f"{source}_rows"))
        counts.append(counted.scalar_subquery().label(source))
    return _in_each(counts, teams)


@cache
def listing(sources: tuple[Source, ...], shape: Shape, teams: int) -> Statement:
    """The most urgent rows of each source in each team: see `_read`."""
    looks = []
    for source in sources:
        _, number, urgency, _ = SOURCES[source]
        look = (
            select(_written(number, urgency).label("row"))
            .where(_left(source, shape))
            .order_by(urgency.asc().nulls_last(), number)
            .limit(bindparam("limit"))
            .subquery(f"{source}_rows")
        )
        looks.append(select(_Joined(look.c.row)).select_from(look).scalar_subquery().label(source))
    return _in_each(looks, teams)


def _in_each(looks: Sequence[ColumnElement[Any]], teams: int) -> Statement:
    """These looks, each about a team, in so many teams."""
    rows = (
        select(*(bindparam(f"{name}_{place}", type_=kind).label(name) for name, kind in HERE.items()))
        for place in range(teams)
    )
    here = union_all(*rows) if teams > 1 else next(rows)
    return Statement(select(*looks).select_from(table("here")).add_cte(here.cte("here")))


class _Joined(FunctionElement[str]):
    """All of a column's texts as one, with commas between; SQLAlchemy's own takes them as a value."""

    type = String()
    inherit_cache = True


@compiles(_Joined, "sqlite")
def _on_file(joined: _Joined, compiler: SQLCompiler, **more: Any) -> str:
    return f"group_concat({compiler.process(joined.clauses, **more)}, ',')"


@compiles(_Joined, "postgresql")
def _on_server(joined: _Joined, compiler: SQLCompiler, **more: Any) -> str:
    return f"string_agg({compiler.process(joined.clauses, **more)}, ',')"


def _written(number: Column[Any], urgency: Column[Any]) -> ColumnElement[str]:
    """A row as a number and, where it is known how urgent it is, that behind a colon.

    Neither database returns several rows for one of another table without joining all of them.
    """
    as_number = _day_number(urgency) if isinstance(urgency.type, Date) else urgency
    return cast(number, String) + func.coalesce(literal(":") + cast(as_number, String), "")


def _day_number(day: Column[Any]) -> ColumnElement[int]:
    """A day as a number like 20260302."""
    year, month, of_month = (extract(part, day) for part in ("year", "month", "day"))
    return cast(year * 10_000 + month * 100 + of_month, Integer)


def _read(source: Source, written: str | None) -> Iterator[BoardRow]:
    for row in written.split(",") if written else ():
        number, _, urgency = row.partition(":")
        yield BoardRow(source, int(number), int(urgency) if urgency else None)


class Board:
    """repositories.ReadBoard over one transaction."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    def counts(
        self,
        teams: Sequence[BoardTeam],
        sources: Collection[Source],
        filters: Filters,
        everywhere: DayEverywhere,
    ) -> Mapping[Source, int]:
        ordered = _ordered(sources)
        found = self._look(counting, teams, ordered, filters, everywhere)
        return {source: sum(row[place] for row in found) for place, source in enumerate(ordered)}

    def most_urgent(
        self,
        teams: Sequence[BoardTeam],
        sources: Collection[Source],
        filters: Filters,
        everywhere: DayEverywhere,
        limit: int,
    ) -> Sequence[BoardRow]:
        ordered = _ordered(sources)
        found = self._look(listing, teams, ordered, filters, everywhere, limit=limit)
        rows = [
            one
            for row in found
            for place, source in enumerate(ordered)
            for one in _read(source, row[place])
        ]
        return sorted(rows, key=lambda row: (row.urgency is None, row.urgency, row.number))

    def _look(
        self,
        look: Callable[[tuple[Source, ...], Shape, int], Statement],
        teams: Sequence[BoardTeam],
        sources: tuple[Source, ...],
        filters: Filters,
        everywhere: DayEverywhere,
        **more: int,
    ) -> list[Any]:
        """A row for each team, and rows without anything that fill the statement."""
        params = {**self._params(filters, everywhere), **more}
        found: list[Any] = []
        for first in range(0, len(teams) if sources else 0, MAX_TEAMS):
            some = teams[first : first + MAX_TEAMS]
            size = 1 << (len(some) - 1).bit_length()
            here: Values = {}
            for place, team in enumerate([*some, *[NO_TEAM] * (size - len(some))]):
                here |= {f"{name}_{place}": value for name, value in team._asdict().items()}
            statement = look(sources, _shape(filters), size)
            found += statement.all(self._connection, params | here)
        return found

    def _params(self, filters: Filters, everywhere: DayEverywhere) -> Values:
        first = everywhere.first
        params: Values = {
            "workspace": self._workspace,
            "next_in": everywhere.next_in,
            "after_next_in": everywhere.after_next_in,
            "late": first,
            "late_last": first + A_DAY,
            "due": first + A_DAY,
            "due_last": first + 2 * A_DAY,
        }
        more = {"owner": filters.owner, "gap": filters.gap}
        return params | {name: value for name, value in more.items() if value}


NO_TEAM = BoardTeam("", "", date.max)


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
