"""Lists of cases, a part at a time: each order, narrowed or not, is read along an index of its own.

An order is read in stretches, one statement each, until a part is full. What a list is narrowed by, and
its index does not hold, is looked up case by case on the way.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FunctionElement,
    String,
    Table,
    asc,
    bindparam,
    desc,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from bot.domain.case_list import WRONG_ADDRESS, CaseList, Place
from bot.domain.errors import Refused
from storage.across import Across
from storage.column import UTCDateTime
from storage.statement import Statement
from storage.tables import action_items, cases, recoveries, retros

SINCE = bindparam("since", type_=UTCDateTime)
MAX_NUMBER = 2**31 - 1
LETTERS = 60
"""Letters by which words are sorted: no index holds a text of any length."""


class FirstLetters(FunctionElement[str]):
    """The first letters of a text in lower case, in the order of their code points on either database.

    In the very words of the indexes that the migrations make, or they are not met.
    """

    type = String()
    inherit_cache = True


@compiles(FirstLetters, "sqlite")
def _first_letters(element: FirstLetters, compiler: SQLCompiler, **how: Any) -> str:
    return f"lower(substr({compiler.process(element.clauses, **how)}, 1, {LETTERS}))"


@compiles(FirstLetters, "postgresql")
def _first_letters_on_server(element: FirstLetters, compiler: SQLCompiler, **how: Any) -> str:
    return f'{_first_letters(element, compiler, **how)} COLLATE "C"'


class Stretch(NamedTuple):
    """A part of an order: the table that it is read from, and the columns that it is in the order of.

    `kind` is what its key is. `only` is what of the table belongs to it. `turns`: the order's direction
    is its own; else its newest comes first, whatever that is. `state` is the retro's, where it has one.
    """

    name: str
    table: Table
    key: ColumnElement[Any]
    number: Column[int]
    kind: type
    only: tuple[ColumnElement[bool], ...] = ()
    turns: bool = True
    state: str = ""


def _said(value: str) -> ColumnElement[str]:
    # In its own words: no index over a part of a table is met by a parameter.
    return literal_column(f"'{value}'", String)


def _beside(
    table: Table, number: Column[int], other: Table, of: Column[int], *is_so: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Whether the case of a row has something in another table, where its number is `of`."""
    here = (other.c.workspace == table.c.workspace, of == number)
    return select(of).where(*here, *is_so).correlate(table).exists()


def _with_retro(*is_so: ColumnElement[bool]) -> ColumnElement[bool]:
    of = retros.c.case_number
    return _beside(cases, cases.c.number, retros, of, ~retros.c.cancelled, *is_so)


OUTCOMES = ("", "no answer", "not recovered", "recovered")
"""How it stands for a customer; "": it is open. What is cancelled counts as nothing."""
BY_CASE = Stretch("failed", cases, cases.c.failed_at, cases.c.number, datetime)
BY_NUMBER = Stretch("case", cases, cases.c.number, cases.c.number, int)
BY_WHAT = Stretch("what", cases, FirstLetters(cases.c.what_happened), cases.c.number, str)
BY_CUSTOMER = Stretch(
    *("customer", cases, FirstLetters(cases.c.customer), cases.c.number, str),
    only=(cases.c.customer.is_not(None),),
)
BY_ITEM = Stretch("item", action_items, action_items.c.case_number, action_items.c.case_number, int)
BY_CLOSING = Stretch(
    *("closes", retros, retros.c.answers_close_on, retros.c.case_number, date),
    only=(retros.c.state == _said("open"), ~retros.c.cancelled),
    state="open",
)
BY_STATE = tuple(
    # A retro was opened when its case was marked failed.
    Stretch(
        *(f"retro {state}", retros, retros.c.opened_at, retros.c.case_number, datetime),
        only=(retros.c.state == _said(state), ~retros.c.cancelled),
        turns=False,
        state=state,
    )
    for state in ("open", "closed")
)
BY_OUTCOME = tuple(
    Stretch(
        *(f"ended {outcome}", recoveries, recoveries.c.case_number, recoveries.c.case_number, int),
        only=(recoveries.c.outcome == _said(outcome),),
        turns=False,
    )
    for outcome in OUTCOMES
)
ENDED = _beside(
    *(cases, cases.c.number, recoveries, recoveries.c.case_number),
    recoveries.c.outcome.in_([_said(each) for each in OUTCOMES]),
)


def _rest(name: str, *is_so: ColumnElement[bool]) -> Stretch:
    """What has nothing to be ordered by, the newest first."""
    return BY_CASE._replace(name=f"{name} rest", only=is_so, turns=False)


NO_CUSTOMER = _rest("customer", cases.c.customer.is_(None))
NO_RETRO = _rest("retro", ~_with_retro())
NOT_OPEN = _rest("closes", ~_with_retro(retros.c.state == _said("open")))
NOT_ENDED = _rest("ended", ~ENDED)
OF_STATE = {each.state: each._replace(name=f"failed {each.state}", turns=True) for each in BY_STATE}
KEY_OF = {
    stretch.name: Statement(
        select(stretch.key.label("key"), cases.c.channel_id).where(
            cases.c.workspace == bindparam("workspace"), cases.c.number == bindparam("number")
        )
    )
    for stretch in (BY_WHAT, BY_CUSTOMER)
}


def _stretches(wanted: CaseList) -> tuple[Stretch, ...]:
    """The stretches of a list, in its order; those that its state leaves out are not among them."""
    state, falls = wanted.state, wanted.highest_first
    match wanted.order:
        case "failed" | "team":
            return (BY_ITEM if wanted.gap else OF_STATE.get(state, BY_CASE),)
        case "case":
            return (BY_ITEM if wanted.gap else BY_NUMBER,)
        case "what":
            return (BY_WHAT,)
        case "customer":
            return (BY_CUSTOMER, NO_CUSTOMER)
        case "closes":
            return {"open": (BY_CLOSING,), "closed": (OF_STATE["closed"]._replace(turns=False),)}.get(
                state, (BY_CLOSING, NOT_OPEN)
            )
        case "retro":
            turned = BY_STATE[::-1] if falls else BY_STATE
            of_state = tuple(each for each in turned if each.state == state)
            return of_state if state else (*turned, NO_RETRO)
        case "ended":
            return (*(BY_OUTCOME[::-1] if falls else BY_OUTCOME), NOT_ENDED)


def listed(
    connection: Connection, workspace: str, wanted: CaseList, after: Place | None, limit: int
) -> Sequence[Place]:
    """The first `limit` of a list, behind a place, in its order; raises Refused where that is none."""
    parts = _Parts(connection, workspace, wanted)
    stretches = _stretches(wanted)
    if wanted.order == "team":
        return _by_team(parts, stretches[0], after, limit)
    began = after.stretch if after else 0
    if began >= len(stretches):
        raise Refused(WRONG_ADDRESS, "after")
    found: list[Place] = []
    for number, stretch in enumerate(stretches):
        if number < began or len(found) >= limit:
            continue
        behind = after if number == began else None
        found += parts.of(stretch, number, behind, limit - len(found), wanted.channels)
    return found


def _by_team(parts: "_Parts", stretch: Stretch, after: Place | None, limit: int) -> Sequence[Place]:
    """A list by its teams' names, each team's newest case first: the place's team, and those behind."""
    wanted = parts.wanted
    channels = wanted.channels[::-1] if wanted.highest_first else wanted.channels
    stretch, found = stretch._replace(name=f"{stretch.name} of team", turns=False), list[Place]()
    if after is not None:
        if after.stretch >= len(channels):
            raise Refused(WRONG_ADDRESS, "after")
        here = (channels[after.stretch],)
        found += parts.of(stretch, after.stretch, after, limit, here)
    began = after.stretch + 1 if after else 0
    if len(found) < limit and channels[began:]:
        found += parts.of_each(stretch, began, limit - len(found), channels[began:])
    return found


class _Parts:
    """Reads parts of one list."""

    def __init__(self, connection: Connection, workspace: str, wanted: CaseList) -> None:
        self._connection = connection
        self._workspace = workspace
        self.wanted = wanted

    def of(
        self, stretch: Stretch, number: int, after: Place | None, limit: int, channels: Sequence[str]
    ) -> list[Place]:
        """The first ones of a stretch, behind a place in it."""
        falls = self._falls(stretch)
        rows = set(self._rows(stretch, falls, after, limit, channels))
        ordered = sorted(((row[0], row.number) for row in rows), reverse=falls)
        shown = list(dict.fromkeys(ordered))[:limit]
        return [Place(key=key, number=case, stretch=number) for key, case in shown]

    def of_each(self, stretch: Stretch, began: int, limit: int, channels: Sequence[str]) -> list[Place]:
        """The first ones of a stretch in several channels, one channel after the other."""
        rank = {channel_id: began + place for place, channel_id in enumerate(channels)}
        rows = set(self._rows(stretch, True, None, limit, channels))
        keyed = {(rank[row.channel_id], row[0], row.number) for row in rows}
        ordered = sorted(sorted(keyed, key=lambda one: one[1:], reverse=True), key=lambda one: one[0])
        return [Place(key=key, number=case, stretch=place) for place, key, case in ordered[:limit]]

    def _falls(self, stretch: Stretch) -> bool:
        return self.wanted.highest_first if stretch.turns else True

    def _rows(
        self,
        stretch: Stretch,
        falls: bool,
        after: Place | None,
        limit: int,
        channels: Sequence[str],
    ) -> Sequence[Any]:
        wanted = self.wanted
        key, number = self._behind(stretch, after, falls)
        values = {"workspace": self._workspace, "after_number": number, "limit": limit}
        if stretch.key is not stretch.number:
            values["after_key"] = key
        if wanted.gap:
            values["gap"] = wanted.gap
        if wanted.since:
            values["since"] = wanted.since
        first_rows = _first_rows(stretch, falls, wanted.state, bool(wanted.gap), bool(wanted.since))
        return first_rows.all(self._connection, values, channels)

    def _behind(self, stretch: Stretch, after: Place | None, falls: bool) -> tuple[Any, int]:
        """The key and the number behind which it begins; raises Refused for a place of another order."""
        if after is None:
            return (HIGHEST if falls else LOWEST)[stretch.kind], MAX_NUMBER if falls else -1
        key = after.key
        if key is None and stretch.kind is str:
            key = self._key_of(stretch, after.number)
        if type(key) is not stretch.kind or (isinstance(key, datetime) and key.tzinfo is None):
            raise Refused(WRONG_ADDRESS, "after")
        return key, after.number

    def _key_of(self, stretch: Stretch, number: int) -> str | None:
        """By what a case is sorted that is in one of the list's channels; None for any other number."""
        named = {"workspace": self._workspace, "number": number}
        row = KEY_OF[stretch.name].first(self._connection, named)
        return row.key if row is not None and row.channel_id in self.wanted.channels else None


LOWEST: dict[type, object] = {
    datetime: datetime(1, 1, 2, tzinfo=UTC),
    date: date.min,
    int: -1,
    str: "",
}
HIGHEST: dict[type, object] = {
    datetime: datetime(9999, 12, 30, tzinfo=UTC),
    date: date.max,
    int: MAX_NUMBER,
    str: "\U0010ffff" * LETTERS,
}
"""Before and after every case of a list, by what it is ordered by."""


def _first_rows(stretch: Stretch, falls: bool, state: str, gap: bool, since: bool) -> Across:
    """The first cases of a stretch in each of several channels."""
    name = (stretch.name, falls, state, gap, since)
    if name not in _MADE:
        _MADE[name] = _made(stretch, falls, state, gap, since)
    return _MADE[name]


_MADE: dict[tuple[str, bool, str, bool, bool], Across] = {}
"""By the names of stretches: what SQLAlchemy compares cannot be the key of anything."""


def _made(stretch: Stretch, falls: bool, state: str, gap: bool, since: bool) -> Across:
    table = stretch.table
    where = [table.c.workspace == bindparam("workspace"), _after(stretch, falls), *stretch.only]
    where += _narrowed(stretch, state, gap, since)
    direction = desc if falls else asc
    keys = [stretch.number] if stretch.key is stretch.number else [stretch.key, stretch.number]
    labelled = [stretch.number.label("number"), table.c.channel_id.label("channel_id")]
    labelled[:0] = [stretch.key.label("key")] if len(keys) > 1 else []
    ordered = select(*labelled).where(*where).order_by(*map(direction, keys))
    if stretch.table is action_items:
        ordered = ordered.distinct()
    return Across(lambda channel: ordered.where(table.c.channel_id == channel).limit(bindparam("limit")))


def _after(stretch: Stretch, falls: bool) -> ColumnElement[bool]:
    """Whether a row comes behind the place where the part before ended."""
    number = bindparam("after_number", type_=stretch.number.type)
    if stretch.key is stretch.number:
        return stretch.number < number if falls else stretch.number > number
    here = tuple_(stretch.key, stretch.number)
    after = tuple_(bindparam("after_key", type_=stretch.key.type), number)
    return here < after if falls else here > after


def _narrowed(stretch: Stretch, state: str, gap: bool, since: bool) -> list[ColumnElement[bool]]:
    """What leaves some of a list, beside what the stretch is of."""
    table, number = stretch.table, stretch.number
    where: list[ColumnElement[bool]] = []
    if since:
        failed: ColumnElement[Any] | None
        failed = {cases: cases.c.failed_at, retros: retros.c.opened_at}.get(table)
        if stretch.kind is str:
            # Said so that SQLite does not read by the day, and sort what it finds by itself.
            failed = func.coalesce(cases.c.failed_at, cases.c.failed_at)
        in_case = _beside(table, number, cases, cases.c.number, cases.c.failed_at >= SINCE)
        where.append(in_case if failed is None else failed >= SINCE)
    if state and not stretch.state:
        is_so = (retros.c.state == _said(state), ~retros.c.cancelled)
        where.append(_beside(table, number, retros, retros.c.case_number, *is_so))
    of_gap = (
        action_items.c.gap == bindparam("gap"),
        action_items.c.state != _said("dropped"),
        ~action_items.c.cancelled,
    )
    if table is action_items:
        where += of_gap
    elif gap:
        where.append(_beside(table, number, action_items, action_items.c.case_number, *of_gap))
    return where
