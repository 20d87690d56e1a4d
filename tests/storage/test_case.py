"""Cases are numbered, and a reference is there once per team."""

from datetime import timedelta, timezone
from functools import partial

import pytest
from sqlalchemy import select

from bot.domain.case import Case, CaseChange
from bot.domain.errors import ConflictError
from bot.ports import UnitOfWork
from storage.database import Database
from storage.tables import cases
from tests.session import open_work
from tests.storage.made import AT, a_case, saved, seen


def _add(case: Case, work: UnitOfWork) -> Case:
    return work.cases.add(case)


def test_a_case_comes_back_as_it_was_stored(database: Database) -> None:
    case = saved(
        database,
        lambda work: work.cases.add(
            a_case(
                what_happened="é 🙃 \u202eabc <!channel>\n" * 2000,
                reference="ZD-4711",
                customer="Kund AB",
                happened_at=AT.astimezone(timezone(timedelta(hours=5, minutes=30))),
                happened_by_day=True,
                public_post="https://example.test/post",
                link="https://example.test/message",
            )
        ),
    )
    assert case.number == 1
    assert seen(database, lambda work: work.cases.get(1)) == case
    assert seen(database, lambda work: work.cases.get(2)) is None


def test_a_reference_is_found_whatever_its_case_and_only_in_its_team(database: Database) -> None:
    case = saved(database, lambda work: work.cases.add(a_case(reference="ZD-4711")))
    assert seen(database, lambda work: work.cases.by_reference("P1", "zd-4711")) == case
    assert seen(database, lambda work: work.cases.by_reference("P2", "ZD-4711")) is None
    assert seen(database, lambda work: work.cases.by_reference("P1", "ZD-4712")) is None


def test_a_second_case_with_the_reference_is_lost_but_other_teams_may_have_it(
    database: Database,
) -> None:
    saved(database, lambda work: work.cases.add(a_case(reference="ZD-4711")))
    with pytest.raises(ConflictError):
        saved(database, lambda work: work.cases.add(a_case(reference="zd-4711")))
    other = saved(database, lambda work: work.cases.add(a_case(channel_id="P2", reference="ZD-4711")))
    assert other.number == 2


def test_cases_without_a_reference_never_collide(database: Database) -> None:
    for _ in range(2):
        saved(database, lambda work: work.cases.add(a_case()))
    assert seen(database, lambda work: work.cases.get(2)).reference is None


def test_pages_follow_each_other_in_the_order_of_numbers(database: Database) -> None:
    for _ in range(5):
        saved(database, lambda work: work.cases.add(a_case()))

    def page(after: int, limit: int) -> list[int]:
        with open_work(database, "W", writes=False) as work:
            cases: list[Case] = list(work.cases.after(after, limit))
        return [case.number for case in cases]

    assert [page(0, 2), page(2, 2), page(4, 2)] == [[1, 2], [3, 4], [5]]


def test_a_customers_cases_are_found_by_name_until_they_are_forgotten(database: Database) -> None:
    for name in ("Åsa Öberg", "ÅSA ÖBERG", None, "Åsa"):
        saved(database, partial(_add, a_case(customer=name)))
    saved(database, partial(_add, a_case(customer="Åsa Öberg")), "V")
    assert seen(database, lambda work: work.cases.of_customer("åsa öberg")) == [1, 2]
    assert seen(database, lambda work: work.cases.of_customer("nobody")) == []
    first = seen(database, lambda work: work.cases.get(1))
    forgotten = first.model_copy(update={"customer": None})
    saved(database, lambda work: work.cases.save(forgotten))
    assert seen(database, lambda work: work.cases.of_customer("Åsa Öberg")) == [2]
    with database.transaction(writes=False) as connection:
        query = select(cases.c.customer_sum).where(cases.c.number == 1, cases.c.workspace == "W")
        assert connection.scalar(query) is None


def test_two_customers_whose_sums_are_the_same_are_told_apart(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.repositories.case.customer_sum", lambda _: 7)
    for name in ("Maria", "Mario"):
        saved(database, partial(_add, a_case(customer=name)))
    assert seen(database, lambda work: work.cases.of_customer("mario")) == [2]


def test_the_doubles_of_a_case_are_found_by_its_whole_number(database: Database) -> None:
    for same_as in (None, 1, 11, 1):
        change = CaseChange(step="cancel", by="U1", at=AT, why="same as", same_as=same_as)
        saved(database, partial(_add, a_case(history=(change,))))
    back = CaseChange(step="restore", by="U1", at=AT)
    elsewhere = CaseChange(step="cancel", by="U1", at=AT, same_as=1)
    saved(database, partial(_add, a_case(channel_id="P2", history=(elsewhere,))))
    fourth = seen(database, lambda work: work.cases.require(4))
    restored = fourth.model_copy(update={"history": (*fourth.history, back)})
    saved(database, lambda work: work.cases.save(restored))
    first = seen(database, lambda work: work.cases.require(1))
    doubles = seen(database, lambda work: work.cases.doubles_of(first))
    assert [case.number for case in doubles] == [2, 4]
