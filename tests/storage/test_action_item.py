"""Action items, by number, by case, by owner and by channel."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from bot.domain.action_item import ActionItem, Moved
from storage.database import Database
from storage.unit_of_work import ReadOnlyWork
from tests.session import open_work
from tests.storage.made import AT, an_item, saved, seen


def test_an_item_comes_back_as_it_was_stored(database: Database) -> None:
    moved = (
        Moved(step="add", by="U1", at=AT),
        Moved(step="hand_over", by="U1", at=AT, to="U2", words="She knows “how” 🙃"),
    )
    given = an_item(
        gap="training", owner="U2", due=date(2026, 4, 1), measure="No late one", history=moved
    )
    item = saved(database, lambda work: work.action_items.add(given))
    assert item == given.model_copy(update={"number": 1})
    assert seen(database, lambda work: work.action_items.get(1)) == item


def test_the_earliest_due_comes_first_and_undated_ones_last(database: Database) -> None:
    with open_work(database, "W", writes=True) as work:
        for due in (None, date(2026, 4, 2), None, date(2026, 4, 1), date(2026, 4, 2)):
            work.action_items.add(an_item(owner="U1", due=due))
        work.commit()
    mine = seen(database, lambda work: work.action_items.owned_by("U1", 4))
    here = seen(database, lambda work: work.action_items.open_in("P1", 10))
    assert [item.number for item in mine] == [4, 2, 5, 1]
    assert [item.number for item in here] == [4, 2, 5, 1, 3]
    for channels, numbers in ((["P1", "P9"], [4, 2]), (["P9"], []), ([], [])):
        among = partial(_owned, 2, channels)
        assert [item.number for item in seen(database, among)] == numbers


def _owned(limit: int, channels: Sequence[str], work: ReadOnlyWork) -> Sequence[ActionItem]:
    return work.action_items.owned_by("U1", limit, channels)


def test_items_that_ended_are_nobodys_any_more_until_they_are_reopened(database: Database) -> None:
    with open_work(database, "W", writes=True) as work:
        for state in ("proposed", "agreed", "done", "verified", "dropped"):
            work.action_items.add(an_item(owner="U1", state=state))
        work.commit()
    mine = seen(database, lambda work: work.action_items.owned_by("U1", 10))
    assert [item.state for item in mine] == ["proposed", "agreed", "done"]

    verified = seen(database, lambda work: work.action_items.get(4))
    reopened = verified.model_copy(update={"state": "agreed"})
    saved(database, lambda work: work.action_items.save(reopened))
    here = seen(database, lambda work: work.action_items.open_in("P1", 10))
    assert [item.number for item in here] == [1, 2, 3, 4]
    of_case = seen(database, lambda work: work.action_items.of_case(1))
    assert [item.number for item in of_case] == [1, 2, 3, 4, 5]
