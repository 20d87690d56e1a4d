"""Notes on helpdesks' tickets: each ticket in order, and all tickets of a connection at one pace."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.domain import note
from bot.domain.job import Job
from bot.ports import Ended, Limits, Rate
from storage import restored
from storage.database import Database
from tests.session import queue_of
from tests.storage.made import AT, a_job, saved
from tests.storage.test_job import MESSAGE_REF, schedule
from tests.storage.test_queue import Clock

ONE, OTHER = "a" * 40, "b" * 40
"""Two connections."""
LIMITS = {
    "W": Limits(new=Rate(60, 1)),
    note.PLATFORM: Limits(new=Rate(60, 2), together=True, in_order=True),
}

LIMITLESS = {"W": Limits(), note.PLATFORM: Limits()}


def on_ticket(key: str, proposal: int = 1, connection: str = ONE) -> Job:
    return a_job(key, channel_id=note.channel(connection, proposal), once=True)


def keys(jobs: Sequence[Job]) -> list[str]:
    return sorted(job.key for job in jobs)


def test_a_note_that_could_not_be_left_holds_up_what_comes_after_it_on_its_ticket_alone(
    database: Database,
) -> None:
    clock = Clock()
    queue = queue_of(database, clock)
    schedule(database, on_ticket("first"), on_ticket("second"), on_ticket("else", 2))
    claimed = {job.key: job for job in queue.claim(None, "me", 9, LIMITLESS)}
    assert set(claimed) == {"first", "else"}
    queue.retry(claimed["first"], 300, why="down", hold_queue=True)
    queue.finish(claimed["else"], MESSAGE_REF, 0)
    clock.move(299)
    assert queue.claim(None, "me", 9) == []
    clock.move(2)
    [first] = queue.claim(None, "me", 9)
    assert first.key == "first"
    queue.finish(first, MESSAGE_REF, 0)
    assert keys(queue.claim(None, "me", 9)) == ["second"]


def test_what_follows_a_message_comes_before_what_is_owed_later(database: Database) -> None:
    """Elsewhere what follows lets others pass for a minute."""
    schedule(database, a_job("retro:1"))
    [retro] = queue_of(database).claim(None, "me", 9)
    queue_of(database).put_away(
        [Ended(retro, "done", message_ref=MESSAGE_REF, follow=(on_ticket("opened"),))]
    )
    schedule(database, on_ticket("promised"))
    assert keys(queue_of(database).claim(None, "me", 9)) == ["opened"]


def test_all_tickets_of_a_connection_share_one_limit_which_is_not_the_workspaces(
    database: Database,
) -> None:
    queue = queue_of(database, Clock())
    tickets = [on_ticket(f"{name}{n}", n, name * 40) for name in "ab" for n in range(4)]
    schedule(database, *tickets, *(a_job(f"C{n}", channel_id=f"C{n}") for n in range(3)))
    first = keys(queue.claim(None, "me", 20, LIMITS))
    assert [sum(key[0] == name for key in first) for name in "abC"] == [2, 2, 1]
    assert queue.claim(None, "me", 20, LIMITS) == []


def test_a_wait_that_a_helpdesk_asks_for_concerns_its_connection_alone(database: Database) -> None:
    clock = Clock()
    queue = queue_of(database, clock)
    schedule(database, on_ticket("a1"), on_ticket("a2", 2), on_ticket("b1", 3, OTHER))
    schedule(database, a_job("retro:1", channel_id="C1"))
    [job] = queue.claim(None, "me", 1, LIMITS)
    assert job.key == "a1"
    queue.retry(job, 30, why="429", hold_queue=True, hold_workspace=True)
    others = queue.claim(None, "me", 20, LIMITS)
    assert keys(others) == ["b1", "retro:1"]
    for job in others:
        queue.finish(job, MESSAGE_REF, 0)
    clock.move(29)
    assert keys(queue.claim(None, "me", 20, LIMITS)) == []
    clock.move(2)
    assert keys(queue.claim(None, "me", 20, LIMITS)) == ["a1", "a2"]


def test_notes_are_left_by_who_leaves_notes_and_speaks_in_their_workspace(database: Database) -> None:
    queue = queue_of(database, Clock())
    schedule(database, on_ticket("note"), a_job("retro:1", channel_id="C1"))
    for limits in ({"elsewhere": Limits(), note.PLATFORM: Limits()}, {note.PLATFORM: Limits()}):
        assert queue.next_due(limits) is None
        assert keys(queue.claim(None, "me", 9, limits)) == []
    assert keys(queue.claim(None, "me", 9, {"W": Limits()})) == ["retro:1"]
    assert keys(queue.claim(None, "me", 9, LIMITLESS)) == ["note"]


def test_what_a_connection_did_not_take_gets_another_try_in_order(database: Database) -> None:
    queue = queue_of(database)
    schedule(database, on_ticket("first"), on_ticket("second"), on_ticket("theirs", 7, OTHER))
    for _ in range(2):
        for job in queue.claim(None, "me", 9):
            queue.give_up(job, "The token is not accepted.")
    assert saved(database, lambda work: work.jobs.retry_dead(note.account(ONE))) == 2
    [first] = queue.claim(None, "me", 9)
    assert first.key == "first"
    queue.finish(first, MESSAGE_REF, 0)
    assert keys(queue.claim(None, "me", 9)) == ["second"]


@pytest.mark.parametrize(
    ("looked_up", "counts"),
    [(["W", note.PLATFORM], (2, 0)), (["W"], (1, 1)), ([note.PLATFORM], (0, 2)), ([], (0, 2))],
)
def test_after_a_restore_notes_are_held_where_nobody_can_look_them_up(
    sqlite: Database, looked_up: list[str], counts: tuple[int, int]
) -> None:
    schedule(sqlite, on_ticket("note"), a_job("retro:1", channel_id="C1"))
    with sqlite.transaction(writes=True) as connection:
        restored.mark(connection, AT + timedelta(hours=1))
        connection.commit()
    assert queue_of(sqlite).doubt(looked_up) == counts
