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
    update,
)

from bot.domain.action_item import AGREED_STATES
from bot.domain.case import Case
from bot.domain.errors import ConflictError
from bot.domain.reminder import NEVER_CHECKED
from bot.domain.retro import Answer, Comment, Counts, Retro, WithdrawnAnswer
from storage import versioned
from storage.repositories.case import Cases
from storage.row import Values, find, read, rows_among, several, several_among, values
from storage.statement import Among, Statement
from storage.tables import action_items, answers, comments, retros, withdrawn_answers
from storage.upsert import put
from storage.versioned import Versioned

# The literal, not a bound 'open': only so does the query meet the index of open retros.
IS_OPEN = retros.c.state == literal_column("'open'")
OPEN_IN = Statement(
    select(retros)
    .where(
        retros.c.workspace == bindparam("workspace"),
        retros.c.channel_id == bindparam("channel_id"),
        IS_OPEN,
        ~retros.c.cancelled,
    )
    .order_by(retros.c.answers_close_on, retros.c.case_number)
    .limit(bindparam("limit"))
)
ANSWERING = Among(
    select(retros)
    .where(
        retros.c.workspace == bindparam("workspace"),
        IS_OPEN,
        ~retros.c.cancelled,
        retros.c.answers_close_on >= bindparam("day"),
    )
    .limit(bindparam("limit")),
    retros.c.channel_id,
)
ANSWERED_BY = Among(
    select(answers.c.case_number).where(
        answers.c.workspace == bindparam("workspace"), answers.c.author == bindparam("author")
    ),
    answers.c.case_number,
)
CLOSED_IN = Statement(
    select(retros)
    .where(
        retros.c.workspace == bindparam("workspace"),
        retros.c.channel_id == bindparam("channel_id"),
        retros.c.closed_at >= bindparam("after"),
    )
    .order_by(retros.c.closed_at)
    .limit(bindparam("limit"))
)


def _of_this(table: Table) -> ColumnElement[bool]:
    return and_(table.c.workspace == bindparam("workspace"), table.c.case_number == bindparam("number"))


HOLD = Statement(select(retros.c.version).where(_of_this(retros)).with_for_update(read=True))
ANSWERED = select(func.count()).select_from(answers).where(_of_this(answers)).scalar_subquery()
AGREED = action_items.c.state.in_(tuple(literal_column(f"'{state}'") for state in AGREED_STATES))
LATE = (action_items.c.state == literal_column("'agreed'")) & (action_items.c.due < bindparam("today"))
COUNTS = Statement(
    select(
        ANSWERED.label("answers"),
        func.count(case((action_items.c.state != "dropped", 1))).label("items"),
        func.count(case((LATE, 1))).label("late"),
        func.count(case((action_items.c.active, 1))).label("unfinished"),
        func.count(case((AGREED, 1))).label("agreed"),
    ).where(_of_this(action_items))
)
ANSWERS = rows_among(
    answers,
    "case_number",
    answers.c.case_number,
    answers.c.posted_at.asc().nulls_last(),
    answers.c.id,
)
WITHDRAWN = rows_among(
    withdrawn_answers, "case_number", withdrawn_answers.c.case_number, withdrawn_answers.c.id
)
COMMENTS = rows_among(
    comments, "case_number", comments.c.case_number, comments.c.posted_at, comments.c.id
)
# PostgreSQL keeps rows in the order they came, and with each the transaction it came in (ctid, xmin).
# So a retro's unnamed answers are put in anew with every one more: in any order, all in one transaction.
SHUFFLE = text(
    'WITH these AS (DELETE FROM answers WHERE workspace = :workspace AND "case" = :number '
    "AND author IS NULL RETURNING *) INSERT INTO answers SELECT * FROM these ORDER BY random()"
)


class Retros(Versioned[Retro]):
    """repositories.Retros over one transaction."""

    kind, table, key = Retro, retros, "case_number"

    def row(self, thing: Retro) -> Values:
        opened = thing.state == "open"
        passed_by = opened or thing.cancelled or thing.last is None
        closed_at = None if passed_by or thing.last is None else thing.last.at
        is_due = (opened or thing.unsettled_at) and not thing.cancelled
        next_check_at = NEVER_CHECKED if is_due else None
        return values(self._workspace, thing, closed_at=closed_at, next_check_at=next_check_at)

    def closed_in(self, channel_id: str, after: datetime, limit: int) -> Sequence[tuple[Retro, Case]]:
        params = {"workspace": self._workspace, "channel_id": channel_id, "after": after, "limit": limit}
        return self._with_cases(several(self._connection, Retro, CLOSED_IN, params))

    def open_in(self, channel_id: str, limit: int) -> Sequence[tuple[Retro, Case]]:
        params = {"workspace": self._workspace, "channel_id": channel_id, "limit": limit}
        return self._with_cases(several(self._connection, Retro, OPEN_IN, params))

    def answering(self, channels: Collection[str], day: date, limit: int) -> Sequence[Retro]:
        params = {"workspace": self._workspace, "day": day, "limit": limit}
        return [read(Retro, row) for row in ANSWERING.all(self._connection, params, channels)]

    def answered_by(self, person_id: str, cases: Collection[int]) -> Collection[int]:
        params = {"workspace": self._workspace, "author": person_id}
        return {row.case_number for row in ANSWERED_BY.all(self._connection, params, cases)}

    def with_cases(self, numbers: Collection[int]) -> Mapping[int, tuple[Retro, Case]]:
        retros = list(self.among(numbers).values())
        return {retro.case_number: (retro, case) for retro, case in self._with_cases(retros)}

    def _with_cases(self, retros: Sequence[Retro]) -> Sequence[tuple[Retro, Case]]:
        cases = Cases(self._connection, self._workspace).among([retro.case_number for retro in retros])
        return [(retro, cases[retro.case_number]) for retro in retros]

    def counts(self, case_number: int, today: date) -> Counts:
        params = {"workspace": self._workspace, "number": case_number, "today": today}
        return read(Counts, COUNTS.first(self._connection, params))

    def answers(self, *cases: int) -> Sequence[Answer]:
        return several_among(self._connection, Answer, ANSWERS, self._workspace, cases)

    def answer(self, answer: str) -> Answer | None:
        return find(self._connection, Answer, answers, workspace=self._workspace, id=answer)

    def hold(self, retro: Retro) -> None:
        if self._connection.dialect.name == "sqlite":
            return  # whoever writes there is alone from the beginning of the transaction
        params = {"workspace": self._workspace, "number": retro.case_number}
        row = HOLD.first(self._connection, params)
        if row is None or row.version != retro.version:
            raise ConflictError("retros: somebody changed it first")

    def add_answer(self, answer: Answer) -> None:
        versioned.add(self._connection, answers, values(self._workspace, answer))
        if answer.author is None:
            self._shuffle(answer.case_number)

    def move(self, case_number: int, to: int) -> None:
        # Whoever edits a named answer just now meets a conflict; an unnamed one shows no sign of it.
        named = case((answers.c.author.is_(None), 0), else_=1)
        changed = {answers: {"version": answers.c.version + named}, comments: {}, withdrawn_answers: {}}
        for table, more in changed.items():
            here = (table.c.workspace == self._workspace, table.c.case_number == case_number)
            self._connection.execute(update(table).where(*here).values(case_number=to, **more))
        self._shuffle(to)

    def _shuffle(self, case_number: int) -> None:
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(SHUFFLE, {"workspace": self._workspace, "number": case_number})

    def save_answer(self, answer: Answer) -> None:
        versioned.save(self._connection, answers, values(self._workspace, answer))

    def drop_answer(self, answer: Answer) -> None:
        dropped = self._connection.execute(
            delete(answers).where(
                answers.c.workspace == self._workspace,
                answers.c.id == answer.id,
                answers.c.version == answer.version,
            )
        )
        if dropped.rowcount == 0:
            raise ConflictError("answers: somebody changed it first")

    def withdrawn(self, answer: str) -> WithdrawnAnswer | None:
        key = {"workspace": self._workspace, "id": answer}
        return find(self._connection, WithdrawnAnswer, withdrawn_answers, **key)

    def withdrawn_of(self, case_number: int) -> Sequence[WithdrawnAnswer]:
        return several_among(
            self._connection, WithdrawnAnswer, WITHDRAWN, self._workspace, (case_number,)
        )

    def keep_withdrawn(self, withdrawn: WithdrawnAnswer) -> None:
        put(self._connection, withdrawn_answers, values(self._workspace, withdrawn), "why")

    def comments(self, *cases: int) -> Sequence[Comment]:
        return several_among(self._connection, Comment, COMMENTS, self._workspace, cases)

    def keep_comment(self, comment: Comment) -> None:
        retro = self.get(comment.case_number)
        if retro is None:
            raise LookupError(f"a comment belongs to retro C-{comment.case_number}, which is not there")
        row = values(self._workspace, comment, channel_id=retro.channel_id)
        key = {name: row[name] for name in ("workspace", "channel_id", "id")}
        stored = find(self._connection, Comment, comments, **key)
        if stored is None or stored.author == comment.author:
            put(self._connection, comments, row, "text")

    def drop_comment(self, channel_id: str, comment: str, author: str) -> None:
        self._connection.execute(
            delete(comments).where(
                comments.c.workspace == self._workspace,
                comments.c.channel_id == channel_id,
                comments.c.id == comment,
                comments.c.author == author,
            )
        )
