"""What ended is put away at once when it is alone, and together when much ends."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.ports import Ended, StorageUnavailable
from handlers.put_away import PutAway
from storage.database import Database
from storage.jobs.queue import Queue
from tests.session import queue_of
from tests.storage.made import a_job
from tests.storage.test_job import claimed, schedule


@pytest.fixture
def put_together(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The keys of the jobs of each transaction, with a job "poison" that no transaction takes."""
    transactions: list[list[str]] = []
    put_away = Queue.put_away

    def faulty(queue: Queue, ended: Sequence[Ended]) -> None:
        transactions.append(sorted(one.job.key for one in ended))
        put_away(queue, ended)
        if any(one.job.key == "poison" for one in ended):
            raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Queue, "put_away", faulty)
    return transactions


def ended(database: Database, *keys: str) -> list[Ended]:
    schedule(database, *(a_job(key, channel_id=key) for key in keys))
    return [Ended(job, "done") for job in claimed(database)]


async def test_a_lone_one_is_put_away_at_once_and_what_ends_meanwhile_together(
    database: Database, put_together: list[list[str]]
) -> None:
    first, *others = ended(database, "a", "b", "c", "d")
    put_away = PutAway(database)
    alone = asyncio.create_task(put_away(first))
    for _ in range(2):
        await asyncio.sleep(0)  # until its transaction has been asked for
    await asyncio.gather(alone, *(put_away(one) for one in others))
    assert list(map(len, put_together)) == [1, 3]
    assert claimed(database) == []


async def test_one_at_fault_takes_no_other_with_it(
    database: Database, put_together: list[list[str]]
) -> None:
    some = ended(database, "a", "b", "poison")
    put_away = PutAway(database)
    results = await asyncio.gather(*(put_away(one) for one in some), return_exceptions=True)
    assert {one.job.key: result for one, result in zip(some, results, strict=True) if result} == {
        "poison": results[[one.job.key for one in some].index("poison")]
    }
    assert sorted(put_together) == [["a"], ["a", "b", "poison"], ["b"], ["poison"]]
    assert [job.key for job in queue_of(database).claim(None, "me", 5)] == []
    with pytest.raises(RuntimeError):
        await put_away(next(one for one in some if one.job.key == "poison"))


async def test_who_waits_no_longer_keeps_nobody_from_being_put_away(database: Database) -> None:
    first, *others = ended(database, "a", "b", "c")
    put_away = PutAway(database)
    given_up = asyncio.create_task(put_away(first))
    left = [asyncio.create_task(put_away(one)) for one in others]
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(*left)
    with pytest.raises(asyncio.CancelledError):
        await given_up
    database.close()
    with pytest.raises(StorageUnavailable):
        await put_away(first)
