"""New hours bring up what is open a batch at a time, and nothing is left out on the way."""

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select, update

from bot.domain.action_item import ActionItem
from bot.ports import UnitOfWork
from storage.database import Database
from storage.jobs.scheduler import workspaces_with_due_work
from storage.tables import action_items, stirred
from tests.session import open_work
from tests.storage.made import AT, a_retro, an_item, one_writer, saved, stir_all

LATER = AT + timedelta(days=3)
DUE = (date(2026, 3, 4), None, date(2026, 3, 4), date(2026, 3, 9), None)


def _add(items: list[ActionItem], work: UnitOfWork) -> None:
    for item in items:
        work.action_items.add(item)


def reschedule(database: Database) -> None:
    with database.transaction(writes=True) as connection:
        connection.execute(update(action_items).values(next_check_at=LATER))
        connection.commit()


def coming(database: Database) -> set[int]:
    """The items that the clock would look at."""
    with open_work(database, "W", writes=True) as work:
        return {item.number for item in work.scheduler.due(AT, 500).items}


def made(database: Database, *items: ActionItem) -> None:
    saved(database, partial(_add, list(items)))
    reschedule(database)


@pytest.mark.parametrize("whose", [{"owner": "U1"}, {"channel_id": "P1"}])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_all_of_theirs_comes_up_however_small_the_bites(
    database: Database, whose: dict[str, str], limit: int
) -> None:
    others = (an_item(owner="U2", channel_id="P2"), an_item(owner="U1", state="verified"))
    made(database, *(an_item(owner="U1", due=due) for due in DUE), *others)
    saved(database, lambda work: work.scheduler.run_now(**whose))
    assert coming(database) == set()
    while saved(database, lambda work: work.scheduler.stir(limit)):
        pass
    assert coming(database) == {1, 2, 3, 4, 5}
    with database.transaction(writes=False) as connection:
        assert connection.scalar(select(func.count()).select_from(stirred)) == 0


def test_what_is_broken_off_between_two_bites_goes_on_where_it_was(database: Database) -> None:
    made(database, *(an_item(owner="U1", due=due) for due in DUE))
    saved(database, lambda work: work.scheduler.run_now(owner="U1"))
    saved(database, lambda work: work.scheduler.stir(2))
    assert coming(database) == {1, 3}
    with open_work(database, "W", writes=True) as work:
        work.scheduler.stir(2)  # and then the process dies
    assert coming(database) == {1, 3}
    with database.transaction(writes=False) as connection:
        assert workspaces_with_due_work(connection, AT - timedelta(days=365), 9) == ["W"]
    stir_all(database)
    assert coming(database) == {1, 2, 3, 4, 5}


def test_hours_that_change_once_more_meanwhile_bring_up_all_again(database: Database) -> None:
    made(database, *(an_item(owner="U1", due=due) for due in DUE))
    for _ in range(2):
        saved(database, lambda work: work.scheduler.run_now(owner="U1"))
        saved(database, lambda work: work.scheduler.stir(2))
        assert coming(database) == {1, 3}
        reschedule(database)  # it was looked at
    stir_all(database)
    assert coming(database) == {2, 4, 5}


def test_a_retro_that_needs_no_look_any_more_stays_away(database: Database) -> None:
    saved(database, lambda work: work.retros.add(a_retro(1)))
    saved(database, lambda work: work.retros.add(a_retro(2, state="closed")))
    saved(database, lambda work: work.scheduler.run_now(channel_id="P1"))
    stir_all(database)
    with open_work(database, "W", writes=True) as work:
        assert [retro.case_number for retro in work.scheduler.due(AT, 9).retros] == [1]


def test_another_workspaces_people_of_the_same_name_are_left_alone(database: Database) -> None:
    made(database, an_item(owner="U1"))
    saved(database, lambda work: work.scheduler.run_now(owner="U1"), "V")
    assert not saved(database, lambda work: work.scheduler.stir(9))
    while saved(database, lambda work: work.scheduler.stir(9), "V"):
        pass
    assert coming(database) == set()


def test_saving_leaves_the_same_few_marks_however_much_is_open(database: Database) -> None:
    made(database, *(an_item(owner="U1") for _ in range(150)))
    saved(database, lambda work: work.scheduler.run_now(owner="U1", channel_id="P1"))
    assert coming(database) == set()
    with database.transaction(writes=False) as connection:
        assert connection.scalar(select(func.count()).select_from(stirred)) == 5


def test_two_clocks_do_not_wait_for_each_other(database: Database) -> None:
    if one_writer(database):
        return  # there is one clock on a file
    made(database, *(an_item(owner="U1", due=due) for due in DUE))
    saved(database, lambda work: work.scheduler.run_now(owner="U1"))
    with (
        open_work(database, "W", writes=True) as one,
        open_work(database, "W", writes=True) as other,
    ):
        assert [one.scheduler.stir(9), one.scheduler.stir(9), one.scheduler.stir(9)] == [
            True,
            True,
            True,
        ]
        assert not other.scheduler.stir(9)
