"""Retros with what was answered and discussed in them."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, Table, and_, bindparam, case, delete, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.case import Case
from bot.domain.retro import Answer, Comment, Counts, Retro
from storage import versioned
from storage.row import find, read, several, values
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


class Retros:
    """ports.Retros over one transaction."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    async def get(self, case: int) -> Retro | None:
        return await find(self._connection, Retro, retros, workspace=self._workspace, case=case)

    async def add(self, retro: Retro) -> None:
        await versioned.add(self._connection, retros, values(self._workspace, retro))

    async def save(self, retro: Retro) -> None:
        await versioned.save(self._connection, retros, values(self._workspace, retro))

    async def open_in(self, place: str, most: int) -> Sequence[tuple[Retro, Case]]:
        asked = {"workspace": self._workspace, "place": place, "most": most}
        opened = await several(self._connection, Retro, OPEN_IN, asked)
        numbers = [retro.case for retro in opened]
        about = {"workspace": self._workspace, "numbers": numbers}
        found = {case.number: case for case in await several(self._connection, Case, ABOUT, about)}
        return [(retro, found[retro.case]) for retro in opened]

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
