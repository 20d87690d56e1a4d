"""Retros with what was answered and discussed in them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.case import Case
from bot.domain.reminder import NEVER_LOOKED
from bot.domain.retro import Answer, Comment, Counts, Retro
from storage import versioned
from storage.row import Values, find, read, several, values
from storage.tables import action_items, answers, cases, comments, retros
from storage.upsert import put

# The literal, not a bound 'open': only so does the query meet the index of open retros.
IS_OPEN = retros.c.state == literal_column("'open'")
OPEN_IN = (
    select(retros)
    .where(retros.c.workspace == bindparam("workspace"), retros.c.place == bindparam("place"), IS_OPEN)
    .order_by(retros.c.answers_close_on, retros.c.case)
    .limit(bindparam("most"))
)
CLOSED_IN = (
    select(retros)
    .where(
        retros.c.workspace == bindparam("workspace"),
        retros.c.place == bindparam("place"),
        retros.c.closed_at >= bindparam("after"),
    )
    .order_by(retros.c.closed_at)
    .limit(bindparam("most"))
)
AMONG = select(retros).where(
    retros.c.workspace == bindparam("workspace"),
    retros.c.case.in_(bindparam("numbers", expanding=True)),
)
ABOUT = select(cases).where(
    cases.c.workspace == bindparam("workspace"),
    cases.c.number.in_(bindparam("numbers", expanding=True)),
)


def _of_this(table: Table) -> ColumnElement[bool]:
    return and_(table.c.workspace == bindparam("workspace"), table.c.case == bindparam("number"))


ANSWERED = select(func.count()).select_from(answers).where(_of_this(answers)).scalar_subquery()
UNDONE = action_items.c.state.in_((literal_column("'proposed'"), literal_column("'agreed'")))
LATE = UNDONE & (action_items.c.due < bindparam("today"))
COUNTS = select(
    ANSWERED.label("answers"),
    func.count(case((action_items.c.state != "dropped", 1))).label("items"),
    func.count(case((LATE, 1))).label("late"),
    func.count(case((action_items.c.active, 1))).label("unfinished"),
).where(_of_this(action_items))
# PostgreSQL keeps rows in the order they came, and with each the transaction it came in (ctid, xmin).
# So a retro's unnamed answers are put in anew with every one more: in any order, all in one transaction.
SHUFFLE = text(
    'WITH these AS (DELETE FROM answers WHERE workspace = :workspace AND "case" = :number '
    "AND author IS NULL RETURNING *) INSERT INTO answers SELECT * FROM these ORDER BY random()"
)


class Retros:
    """repositories.Retros over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    async def get(self, case: int) -> Retro | None:
        return await find(self._connection, Retro, retros, workspace=self._workspace, case=case)

    async def add(self, retro: Retro) -> None:
        await versioned.add(self._connection, retros, self._values(retro))

    async def save(self, retro: Retro) -> None:
        await versioned.save(self._connection, retros, self._values(retro))

    def _values(self, retro: Retro) -> Values:
        opened = retro.state == "open"
        closed_at = None if opened or retro.last is None else retro.last.at
        look_at = NEVER_LOOKED if opened else None
        return values(self._workspace, retro, closed_at=closed_at, look_at=look_at)

    async def closed_in(self, place: str, after: datetime, most: int) -> Sequence[tuple[Retro, Case]]:
        asked = {"workspace": self._workspace, "place": place, "after": after, "most": most}
        return await self._with_cases(await several(self._connection, Retro, CLOSED_IN, asked))

    async def open_in(self, place: str, most: int) -> Sequence[tuple[Retro, Case]]:
        asked = {"workspace": self._workspace, "place": place, "most": most}
        return await self._with_cases(await several(self._connection, Retro, OPEN_IN, asked))

    async def among(self, numbers: Collection[int]) -> Mapping[int, tuple[Retro, Case]]:
        if not numbers:
            return {}
        asked = {"workspace": self._workspace, "numbers": sorted(set(numbers))}
        found = await several(self._connection, Retro, AMONG, asked)
        return {retro.case: (retro, case) for retro, case in await self._with_cases(found)}

    async def _with_cases(self, found: Sequence[Retro]) -> Sequence[tuple[Retro, Case]]:
        about = {"workspace": self._workspace, "numbers": [retro.case for retro in found]}
        known = {case.number: case for case in await several(self._connection, Case, ABOUT, about)}
        return [(retro, known[retro.case]) for retro in found]

    async def counts(self, case: int, today: date) -> Counts:
        asked = {"workspace": self._workspace, "number": case, "today": today}
        return read(Counts, (await self._connection.execute(COUNTS, asked)).one())

    async def answers(self, case: int) -> Sequence[Answer]:
        query = (
            select(answers)
            .where(answers.c.workspace == self._workspace, answers.c.case == case)
            .order_by(answers.c.posted_at.asc().nulls_last(), answers.c.id)
        )
        return await several(self._connection, Answer, query)

    async def answer(self, answer: str) -> Answer | None:
        return await find(self._connection, Answer, answers, workspace=self._workspace, id=answer)

    async def add_answer(self, answer: Answer) -> None:
        await versioned.add(self._connection, answers, values(self._workspace, answer))
        if answer.author is None and self._connection.dialect.name == "postgresql":
            await self._connection.execute(
                SHUFFLE, {"workspace": self._workspace, "number": answer.case}
            )

    async def save_answer(self, answer: Answer) -> None:
        await versioned.save(self._connection, answers, values(self._workspace, answer))

    async def comments(self, case: int) -> Sequence[Comment]:
        query = (
            select(comments)
            .where(comments.c.workspace == self._workspace, comments.c.case == case)
            .order_by(comments.c.posted_at, comments.c.id)
        )
        return await several(self._connection, Comment, query)

    async def keep_comment(self, comment: Comment) -> None:
        retro = await self.get(comment.case)
        if retro is None:
            raise LookupError(f"a comment belongs to retro C-{comment.case}, which is not there")
        row = values(self._workspace, comment, place=retro.place)
        key = {name: row[name] for name in ("workspace", "place", "id")}
        known = await find(self._connection, Comment, comments, **key)
        if known is None or known.author == comment.author:
            await put(self._connection, comments, row, "text")

    async def drop_comment(self, place: str, comment: str, author: str) -> None:
        await self._connection.execute(
            delete(comments).where(
                comments.c.workspace == self._workspace,
                comments.c.place == place,
                comments.c.id == comment,
                comments.c.author == author,
            )
        )
