"""One test per race: of two at the same time one wins, and the other is told."""

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Barrier

import pytest

from bot.domain.errors import ConflictError
from bot.ports import ReadOnlyWork, UnitOfWork
from storage.database import Database
from tests.session import open_work
from tests.storage.made import (
    a_case,
    a_post,
    a_retro,
    a_team,
    an_answer,
    an_item,
    one_writer,
    saved,
    seen,
)

Change = Callable[[UnitOfWork], object]
Look = Callable[[ReadOnlyWork], object]


async def race(database: Database, *changes: Change) -> Counter[str]:
    """Runs changes side by side, each in a transaction of its own, begun before any other is over."""
    begun = Barrier(len(changes))

    def at_once(change: Change, work: UnitOfWork) -> None:
        work.cases.get(1)
        if not one_writer(
            database
        ):  # else they wait before the adapter: behind it there is room for one
            begun.wait()
        change(work)

    async def one(change: Change) -> str:
        try:
            await database.write("W", partial(at_once, change))
        except ConflictError:
            return "lost"
        return "won"

    return Counter(await asyncio.gather(*(one(change) for change in changes)))


def _save_item(what: str) -> Change:
    return lambda work: work.action_items.save(an_item(number=1, what=what))


def _save_retro(by: str) -> Change:
    return lambda work: work.retros.save(a_retro(opened_by=by))


def _save_answer(text: str) -> Change:
    return lambda work: work.retros.save_answer(an_answer(text=text, author="U1"))


def _save_team(name: str) -> Change:
    return lambda work: work.teams.save(a_team(name=name))


def _save_case(what: str) -> Change:
    return lambda work: work.cases.save(a_case(number=1, what_happened=what))


@pytest.mark.parametrize(
    ("add", "save", "read"),
    [
        (lambda w: w.action_items.add(an_item()), _save_item, lambda w: w.action_items.get(1)),
        (lambda w: w.retros.add(a_retro()), _save_retro, lambda w: w.retros.get(1)),
        (lambda w: w.retros.add_answer(an_answer()), _save_answer, lambda w: w.retros.answer("a1")),
        (lambda w: w.teams.add(a_team()), _save_team, lambda w: w.teams.get("P1")),
        (lambda w: w.cases.add(a_case()), _save_case, lambda w: w.cases.get(1)),
    ],
    ids=["item", "retro", "answer", "team", "case"],
)
async def test_of_two_who_change_the_same_thing_one_is_told_that_they_lost(
    database: Database, add: Change, save: Callable[[str], Change], read: Look
) -> None:
    saved(database, add)
    assert await race(database, save("first"), save("second")) == {"won": 1, "lost": 1}
    stored = seen(database, read)
    assert stored.version == 2
    assert ("first" in stored.model_dump_json()) != ("second" in stored.model_dump_json())


def test_who_saw_the_newest_version_wins(database: Database) -> None:
    saved(database, lambda work: work.action_items.add(an_item()))
    for what in ("one", "two", "three"):
        with open_work(database, "W", writes=True) as work:
            item = work.action_items.get(1)
            assert item is not None
            work.action_items.save(item.model_copy(update={"what": what}))
            work.commit()
    item = seen(database, lambda work: work.action_items.get(1))
    assert (item.what, item.version) == ("three", 4)


async def test_the_same_reference_twice_at_once_opens_one_case(database: Database) -> None:
    def add(work: UnitOfWork) -> object:
        return work.cases.add(a_case(reference="ZD-1"))

    assert await race(database, add, add, add) == {"won": 1, "lost": 2}
    # The losers rolled back, so their numbers are given out again.
    assert saved(database, lambda work: work.cases.add(a_case())).number == 2


async def test_two_channels_becoming_a_team_at_once_make_one_team(database: Database) -> None:
    def add(work: UnitOfWork) -> object:
        work.teams.add(a_team())
        return None

    assert await race(database, add, add) == {"won": 1, "lost": 1}


async def test_the_same_request_twice_at_once_is_new_to_one_of_them(database: Database) -> None:
    answers: list[bool] = []

    def first(work: UnitOfWork) -> None:
        answers.append(work.requests.first_time("key"))

    assert await race(database, first, first, first) == {"won": 3}
    assert sorted(answers) == [False, False, True]


async def test_numbers_have_no_gaps_and_no_doubles_whoever_asks_at_once(database: Database) -> None:
    numbers: list[int] = []

    def add(work: UnitOfWork) -> None:
        numbers.append(work.cases.add(a_case()).number)
        numbers.append(work.action_items.add(an_item()).number)

    def fail(work: UnitOfWork) -> None:
        work.cases.add(a_case())
        raise ConflictError("changed their mind")

    assert await race(database, *[add] * 5, fail, *[add] * 5) == {"won": 10, "lost": 1}
    assert sorted(numbers) == sorted([*range(1, 11), *range(1, 11)])


async def test_two_who_post_under_one_key_at_once_get_the_same_post(database: Database) -> None:
    ids: list[int] = []

    def add(work: UnitOfWork) -> None:
        ids.append(work.posts.add(a_post(text="x", key="k")).id)

    assert await race(database, add, add) == {"won": 2}
    assert len(set(ids)) == 1
