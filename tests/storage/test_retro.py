"""Retros with their answers, comments and counts."""

from datetime import date, timedelta

import pytest

from bot.domain.retro import Comment, Counts, Turn
from bot.ports import UnitOfWork
from storage.database import Database
from storage.tables import AnswerRow
from tests.storage.made import AT, a_case, a_retro, an_answer, an_item, saved, seen


async def test_a_retro_comes_back_as_it_was_stored(database: Database) -> None:
    turns = (
        Turn(step="close", by="U1", at=AT, outcome="fixes agreed"),
        Turn(step="reopen", by="U2", at=AT, why="Ana has more to tell"),
    )
    retro = a_retro(opened_by="U1", history=turns)
    await saved(database, lambda work: work.retros.add(retro))
    assert await seen(database, lambda work: work.retros.get(1)) == retro
    assert await seen(database, lambda work: work.retros.get(2)) is None


async def test_open_retros_come_with_their_cases_and_the_longest_closed_answers_first(
    database: Database,
) -> None:
    days = [date(2026, 3, 9), date(2026, 3, 5), date(2026, 3, 7), date(2026, 3, 1)]
    async with database.open_work("W", writes=True) as work:
        for day in days:
            case = await work.cases.add(a_case())
            await work.retros.add(a_retro(case.number, answers_close_on=day))
        await work.commit()
    closed = a_retro(4, state="closed", answers_close_on=days[3])
    await saved(database, lambda work: work.retros.save(closed))

    found = await seen(database, lambda work: work.retros.open_in("P1", 2))
    assert [(retro.case, case.number) for retro, case in found] == [(2, 2), (3, 3)]
    assert await seen(database, lambda work: work.retros.open_in("P2", 2)) == []


async def test_counts_are_answers_items_late_and_unfinished_ones(database: Database) -> None:
    today = date(2026, 3, 10)
    yesterday = today - timedelta(days=1)

    async def fill(work: UnitOfWork) -> None:
        await work.retros.add_answer(an_answer("a"))
        await work.retros.add_answer(an_answer("b"))
        await work.retros.add_answer(an_answer("c", case=2))
        for state, due in [
            ("proposed", yesterday),
            ("agreed", yesterday),
            ("agreed", today),
            ("done", yesterday),
            ("verified", yesterday),
            ("dropped", yesterday),
        ]:
            await work.action_items.add(an_item(state=state, due=due))

    await saved(database, fill)
    assert await seen(database, lambda work: work.retros.counts(1, today)) == Counts(
        answers=2, items=5, late=2, unfinished=4
    )
    assert await seen(database, lambda work: work.retros.counts(3, today)) == Counts()


async def test_unnamed_answers_come_last_in_an_order_that_says_nothing(database: Database) -> None:
    later = AT + timedelta(minutes=5)
    async with database.open_work("W", writes=True) as work:
        await work.retros.add_answer(an_answer("zz"))
        await work.retros.add_answer(an_answer("bb", author="U1", posted_at=later))
        await work.retros.add_answer(an_answer("mm"))
        await work.retros.add_answer(an_answer("yy", author="U2", posted_at=AT))
        await work.retros.add_answer(an_answer("aa"))
        await work.commit()
    found = await seen(database, lambda work: work.retros.answers(1))
    assert [answer.id for answer in found] == ["yy", "bb", "aa", "mm", "zz"]


async def test_an_unnamed_answer_is_stored_without_a_person_a_moment_or_a_place_in_line(
    sqlite: Database,
) -> None:
    await saved(sqlite, lambda work: work.retros.add_answer(an_answer("zz")))
    await saved(sqlite, lambda work: work.retros.add_answer(an_answer("aa")))
    async with sqlite.transaction(writes=False) as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM answers")).mappings().all()
        with pytest.raises(Exception, match="no such column: rowid"):
            await connection.exec_driver_sql("SELECT rowid FROM answers")
    assert [row["id"] for row in rows] == ["aa", "zz"]
    assert {(row["author"], row["posted_at"]) for row in rows} == {(None, None)}
    assert set(AnswerRow.model_fields) == {
        *("workspace", "id", "case", "prompt", "text", "author", "posted_at", "version")
    }


async def test_a_comment_is_kept_once_with_its_newest_text(database: Database) -> None:
    await saved(database, lambda work: work.retros.add(a_retro()))
    comments = [
        Comment(id="2", case=1, author="U2", text="Second", posted_at=AT + timedelta(minutes=1)),
        Comment(id="1", case=1, author="U1", text="Frist", posted_at=AT),
        Comment(id="1", case=1, author="U1", text="First", posted_at=AT),
    ]
    async with database.open_work("W", writes=True) as work:
        for comment in comments:
            await work.retros.keep_comment(comment)
        await work.commit()
    kept = await seen(database, lambda work: work.retros.comments(1))
    assert kept == [comments[2], comments[0]]

    await saved(database, lambda work: work.retros.drop_comment("P2", "1", "U1"))
    await saved(database, lambda work: work.retros.drop_comment("P1", "1", "U9"))
    forged = Comment(id="1", case=1, author="U9", text="Forged", posted_at=AT)
    await saved(database, lambda work: work.retros.keep_comment(forged))
    assert await seen(database, lambda work: work.retros.comments(1)) == kept
    await saved(database, lambda work: work.retros.drop_comment("P1", "1", "U1"))
    assert await seen(database, lambda work: work.retros.comments(1)) == [comments[0]]
