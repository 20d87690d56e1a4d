"""Retros with their answers, comments and counts."""

from datetime import date, timedelta

import pytest

from bot.domain.retro import Comment, Counts, Turn
from bot.ports import UnitOfWork
from storage.database import Database
from storage.tables import AnswerRow
from tests.session import open_work
from tests.storage.made import AT, a_case, a_retro, an_answer, an_item, saved, seen


def test_a_retro_comes_back_as_it_was_stored(database: Database) -> None:
    turns = (
        Turn(step="close", by="U1", at=AT, outcome="fixes agreed"),
        Turn(step="reopen", by="U2", at=AT, why="Ana has more to tell"),
    )
    retro = a_retro(opened_by="U1", history=turns)
    saved(database, lambda work: work.retros.add(retro))
    assert seen(database, lambda work: work.retros.get(1)) == retro
    assert seen(database, lambda work: work.retros.get(2)) is None


def test_open_retros_come_with_their_cases_and_the_longest_closed_answers_first(
    database: Database,
) -> None:
    days = [date(2026, 3, 9), date(2026, 3, 5), date(2026, 3, 7), date(2026, 3, 1)]
    with open_work(database, "W", writes=True) as work:
        for day in days:
            case = work.cases.add(a_case())
            work.retros.add(a_retro(case.number, answers_close_on=day))
        work.commit()
    closed = a_retro(4, state="closed", answers_close_on=days[3])
    saved(database, lambda work: work.retros.save(closed))

    found = seen(database, lambda work: work.retros.open_in("P1", 2))
    assert [(retro.case_number, case.number) for retro, case in found] == [(2, 2), (3, 3)]
    assert seen(database, lambda work: work.retros.open_in("P2", 2)) == []


def test_counts_are_answers_items_late_unfinished_and_agreed_ones(database: Database) -> None:
    today = date(2026, 3, 10)
    yesterday = today - timedelta(days=1)

    def fill(work: UnitOfWork) -> None:
        work.retros.add_answer(an_answer("a"))
        work.retros.add_answer(an_answer("b"))
        work.retros.add_answer(an_answer("c", case_number=2))
        for state, due in [
            ("proposed", yesterday),
            ("agreed", yesterday),
            ("agreed", today),
            ("done", yesterday),
            ("verified", yesterday),
            ("dropped", yesterday),
        ]:
            work.action_items.add(an_item(state=state, due=due))

    saved(database, fill)
    assert seen(database, lambda work: work.retros.counts(1, today)) == Counts(
        answers=2, items=5, late=1, unfinished=4, agreed=4
    )
    assert seen(database, lambda work: work.retros.counts(3, today)) == Counts()


def test_unnamed_answers_come_last_in_an_order_that_says_nothing(database: Database) -> None:
    later = AT + timedelta(minutes=5)
    with open_work(database, "W", writes=True) as work:
        work.retros.add_answer(an_answer("zz"))
        work.retros.add_answer(an_answer("bb", author="U1", posted_at=later))
        work.retros.add_answer(an_answer("mm"))
        work.retros.add_answer(an_answer("yy", author="U2", posted_at=AT))
        work.retros.add_answer(an_answer("aa"))
        work.commit()
    found = seen(database, lambda work: work.retros.answers(1))
    assert [answer.id for answer in found] == ["yy", "bb", "aa", "mm", "zz"]


def test_an_unnamed_answer_is_stored_without_a_person_a_moment_or_a_place_in_line(
    sqlite: Database,
) -> None:
    saved(sqlite, lambda work: work.retros.add_answer(an_answer("zz")))
    saved(sqlite, lambda work: work.retros.add_answer(an_answer("aa")))
    with sqlite.transaction(writes=False) as connection:
        rows = connection.exec_driver_sql("SELECT * FROM answers").mappings().all()
        with pytest.raises(Exception, match="no such column: rowid"):
            connection.exec_driver_sql("SELECT rowid FROM answers")
    assert [row["id"] for row in rows] == ["aa", "zz"]
    assert {(row["author"], row["posted_at"]) for row in rows} == {(None, None)}
    assert set(AnswerRow.model_fields) == {
        *("workspace", "id", "case_number", "prompt", "text", "author", "posted_at", "version")
    }


def test_a_comment_is_kept_once_with_its_newest_text(database: Database) -> None:
    saved(database, lambda work: work.retros.add(a_retro()))
    comments = [
        Comment(id="2", case_number=1, author="U2", text="Second", posted_at=AT + timedelta(minutes=1)),
        Comment(id="1", case_number=1, author="U1", text="Frist", posted_at=AT),
        Comment(id="1", case_number=1, author="U1", text="First", posted_at=AT),
    ]
    with open_work(database, "W", writes=True) as work:
        for comment in comments:
            work.retros.keep_comment(comment)
        work.commit()
    kept = seen(database, lambda work: work.retros.comments(1))
    assert kept == [comments[2], comments[0]]

    saved(database, lambda work: work.retros.drop_comment("P2", "1", "U1"))
    saved(database, lambda work: work.retros.drop_comment("P1", "1", "U9"))
    forged = Comment(id="1", case_number=1, author="U9", text="Forged", posted_at=AT)
    saved(database, lambda work: work.retros.keep_comment(forged))
    assert seen(database, lambda work: work.retros.comments(1)) == kept
    saved(database, lambda work: work.retros.drop_comment("P1", "1", "U1"))
    assert seen(database, lambda work: work.retros.comments(1)) == [comments[0]]
