"""Connections, what arrives by them, and what they propose, as stored."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bot.domain.connection import Connection, without_secrets
from bot.domain.errors import ConflictError
from bot.domain.proposal import ProposalChange, take
from bot.domain.signal import KEPT, SignalDelivery
from bot.ports import UnitOfWork
from bot.repositories import EndedProposal
from storage.database import Database
from storage.jobs.scheduler import Scheduler
from tests.domain.test_connection import AT, a_signal
from tests.domain.test_proposal import a_proposal
from tests.session import queue_of
from tests.storage.made import saved, seen
from tests.storage.test_versioned import race

DAY = timedelta(days=1)


def _connect(made: Connection, work: UnitOfWork) -> None:
    work.connections.add(made)


def _arrive(delivery: SignalDelivery, work: UnitOfWork) -> None:
    assert work.deliveries.add(delivery)


def a_connection(id: str = "a" * 40, **more: Any) -> Connection:
    given = {"channel_id": "C1", "product": "generic", "made_by": "U1", "made_at": AT}
    return Connection(**{"id": id, **given, **more})


def a_delivery(key: str = "e1", **more: Any) -> SignalDelivery:
    given = {"connection_id": "a" * 40, "arrived_at": AT, "signal": a_signal(rating=1)}
    return SignalDelivery(**{"key": key, **given, **more})


def test_a_connection_is_found_by_its_address_in_its_workspace_alone(database: Database) -> None:
    saved(database, lambda work: work.connections.add(a_connection()), "A")
    assert queue_of(database).connection_at("a" * 40) == ("A", a_connection())
    assert queue_of(database).connection_at("b" * 40) is None
    assert seen(database, lambda work: work.connections.get("a" * 40), "B") is None
    assert seen(database, lambda work: work.connections.in_channel("C1"), "B") == []


def test_a_removed_connection_is_not_among_those_of_its_channel(sqlite: Database) -> None:
    for id in ("a" * 40, "b" * 40):
        saved(sqlite, partial(_connect, a_connection(id)))

    def remove(work: Any) -> None:
        held = work.connections.hold("a" * 40)
        work.connections.save(without_secrets(held, AT))

    saved(sqlite, remove)
    here = seen(sqlite, lambda work: work.connections.in_channel("C1"))
    assert [one.id for one in here] == ["b" * 40]
    assert seen(sqlite, lambda work: work.connections.get("a" * 40)).removed_at == AT


def _refuse(
    work: UnitOfWork, *, id: str = "a" * 40, at: datetime = AT, quiet_since: datetime = AT
) -> bool:
    return work.connections.note_refusal(id, at, "The secret is another.", quiet_since)


def test_of_refusals_in_a_minute_one_is_noted_and_in_no_other_workspace(database: Database) -> None:
    for workspace in ("W", "B"):
        saved(database, partial(_connect, a_connection()), workspace)
    later, minute = AT + timedelta(seconds=59), timedelta(minutes=1)
    assert saved(database, _refuse)
    assert not saved(database, partial(_refuse, at=later, quiet_since=later - minute))
    noted = seen(database, lambda work: work.connections.get("a" * 40))
    assert (noted.refused_at, noted.refused_why) == (AT, "The secret is another.")
    assert saved(database, partial(_refuse, at=later + minute, quiet_since=later))
    assert seen(database, lambda work: work.connections.get("a" * 40), "B") == a_connection()
    saved(database, lambda work: work.connections.forget_refusal("a" * 40))
    assert seen(database, lambda work: work.connections.get("a" * 40)) == a_connection()


async def test_whoever_changes_a_connection_and_a_refusal_do_not_meet(database: Database) -> None:
    saved(database, partial(_connect, a_connection()))
    changed = a_connection(a_day=9)
    assert await race(database, lambda work: work.connections.save(changed), _refuse) == {"won": 2}
    stored = seen(database, lambda work: work.connections.get("a" * 40))
    assert (stored.a_day, stored.refused_at, stored.version) == (9, AT, 2)


def test_of_a_removed_connection_nothing_is_noted(sqlite: Database) -> None:
    saved(sqlite, partial(_connect, a_connection(removed_at=AT)))
    assert not saved(sqlite, _refuse)


def test_a_refusal_is_forgotten_after_a_month_before_what_was_taken_after_it(
    database: Database,
) -> None:
    now = datetime.now(UTC)
    for id, age in (("a" * 40, KEPT + DAY), ("b" * 40, KEPT - DAY)):
        saved(database, partial(_connect, a_connection(id)))
        assert saved(database, partial(_refuse, id=id, at=now - age, quiet_since=now - age))
    saved(database, partial(_arrive, a_delivery(arrived_at=now - KEPT + DAY)))
    queue_of(database).prune(now - timedelta(days=7))
    left = seen(database, lambda work: work.connections.in_channel("C1"))
    assert [(one.id[0], one.refused_why) for one in left] == [("a", ""), ("b", "The secret is another.")]


def test_a_repeated_delivery_is_known_and_the_last_ones_come_first(database: Database) -> None:
    assert saved(database, lambda work: work.deliveries.add(a_delivery()))
    assert not saved(database, lambda work: work.deliveries.add(a_delivery(arrived_at=AT + DAY)))
    assert saved(database, lambda work: work.deliveries.add(a_delivery("e2", arrived_at=AT + DAY)))
    assert saved(database, lambda work: work.deliveries.add(a_delivery(connection_id="b" * 40)))
    saved(database, lambda work: work.deliveries.save(a_delivery(became="proposed")))
    last = seen(database, lambda work: work.deliveries.last("a" * 40, 5))
    assert [(one.key, one.became) for one in last] == [("e2", ""), ("e1", "proposed")]
    assert len(seen(database, lambda work: work.deliveries.of_reference("a" * 40, "zd-77", 1))) == 1
    assert seen(database, lambda work: work.deliveries.of_reference("a" * 40, "ZD-78", 5)) == []


def test_deliveries_are_found_by_their_customer(sqlite: Database) -> None:
    theirs = a_delivery(signal=a_signal(customer="Mrs Lopez"))
    saved(sqlite, lambda work: [work.deliveries.add(theirs), work.deliveries.add(a_delivery("e2"))])
    assert seen(sqlite, lambda work: work.deliveries.of_customer("MRS LOPEZ", 5)) == [theirs]
    assert seen(sqlite, lambda work: work.deliveries.of_customer("Lopez", 5)) == []


def test_deliveries_are_dropped_after_a_month(database: Database) -> None:
    now = datetime.now(UTC)
    for key, age in (("young", KEPT - DAY), ("old", KEPT + DAY)):
        arrived = a_delivery(key, arrived_at=now - age)
        saved(database, partial(_arrive, arrived))
    queue_of(database).prune(now - timedelta(days=7))
    left = seen(database, lambda work: work.deliveries.last("a" * 40, 5))
    assert [one.key for one in left] == ["young"]


def test_deliveries_are_dropped_sooner_where_customers_are_forgotten_sooner(sqlite: Database) -> None:
    now = datetime.now(UTC)
    for key, days in (("young", 2.9), ("old", 3.1)):
        saved(sqlite, partial(_arrive, a_delivery(key, arrived_at=now - days * DAY)))
    queue_of(sqlite).prune(now - timedelta(days=7), 500, 3 * DAY)
    assert [one.key for one in seen(sqlite, lambda work: work.deliveries.last("a" * 40, 5))] == ["young"]


def test_an_old_test_stays_until_it_is_dropped_with_the_message_that_shows_it(
    database: Database,
) -> None:
    now = datetime.now(UTC)
    for key, days, became in (("new", 2, "test"), ("old", 4, "test"), ("other", 4, "")):
        told = a_delivery(key, arrived_at=now - days * DAY, became=became)
        saved(database, partial(_arrive, told))
    queue = queue_of(database)
    assert queue.old_tests(3 * DAY, 5) == [("W", "a" * 40, "old")]
    queue.prune(now - timedelta(days=7), 500, 3 * DAY)
    new, old = seen(database, lambda work: work.deliveries.last("a" * 40, 5))
    assert (new.key, old.key) == ("new", "old")
    saved(database, lambda work: work.deliveries.drop(old))
    assert seen(database, lambda work: work.deliveries.last("a" * 40, 5)) == [new]


def test_a_connection_has_one_proposal_for_each_reference(database: Database) -> None:
    first = saved(database, lambda work: work.proposals.add(a_proposal()))
    assert first.number == 1
    with pytest.raises(ConflictError):
        saved(database, lambda work: work.proposals.add(a_proposal(reference="zd-77")))
    other = saved(database, lambda work: work.proposals.add(a_proposal(connection_id="b" * 40)))
    assert other.number == 2
    assert seen(database, lambda work: work.proposals.by_reference("a" * 40, "Zd-77")) == first


def test_proposals_are_found_by_their_case_their_customer_and_how_they_ended(
    database: Database,
) -> None:
    def fill(work: Any) -> None:
        for number in range(4):
            work.proposals.add(a_proposal(reference=f"ZD-{number}", gathered=number == 3))
        opened, waved, lapsed = (work.proposals.get(number) for number in (1, 2, 3))
        work.proposals.save(take(opened, "open", "U1", AT, case=7))
        work.proposals.save(take(waved, "wave_off", "U1", AT + DAY))
        work.proposals.save(take(lapsed, "lapse", "", AT + DAY))

    saved(database, fill)

    def found(work: Any) -> list[object]:
        of_case = work.proposals.of_case(7)
        return [
            [one.number for one in of_case],
            [one.number for one in work.proposals.of_customer("mrs lopez", 2)],
            work.proposals.cases_of_customer("mrs Lopez"),
            work.proposals.cases_of_customer("Lopez"),
            [one.number for one in work.proposals.opened_of_customer("a" * 40, "MRS lopez", 5)],
            work.proposals.opened_of_customer("b" * 40, "Mrs Lopez", 5),
            work.proposals.opened_of_customer("a" * 40, "Mrs Lope", 5),
            [one.number for one in work.proposals.decided("a" * 40, 5)],
            [one.number for one in work.proposals.gathered("a" * 40, "C1", AT, AT + DAY, 5)],
            work.proposals.gathered("a" * 40, "C2", AT, AT + DAY, 5),
            work.proposals.count_made("a" * 40, "C1", AT),
            work.proposals.count_made("a" * 40, "C2", AT),
            work.proposals.count_lapsed("C1", AT, AT + 2 * DAY),
            work.proposals.count_lapsed("C1", AT, AT + DAY),
        ]

    assert seen(database, found) == [[1], [2, 3], [7], [], [1], [], [], [2, 1], [4], [], 3, 0, 1, 0]


def test_all_that_waits_of_a_connection_ends_at_once_as_one_by_one(database: Database) -> None:
    def fill(work: Any) -> None:
        for number in range(3):
            work.proposals.add(a_proposal(reference=f"ZD-{number}", gathered=number == 2))
        work.proposals.add(a_proposal(reference="ZD-0", connection_id="b" * 40))
        work.proposals.add(a_proposal(reference="ZD-9"))
        work.proposals.add(a_proposal(reference="ZD-8", channel_id="C2"))
        work.proposals.save(take(work.proposals.get(5), "lapse", "", AT))
        work.proposals.save(take(work.proposals.get(5), "worsen", "", AT))
        work.proposals.save(take(work.proposals.get(2), "wave_off", "U1", AT))

    saved(database, fill)
    saved(database, fill, "V")
    assert seen(database, lambda work: work.proposals.count_waiting("a" * 40, "C1")) == 3
    change = ProposalChange(step="wave_off", by="U2", at=AT + DAY)

    def end(work: Any) -> Sequence[EndedProposal]:
        before = [work.proposals.get(number) for number in (1, 3, 5)]
        ended = work.proposals.end_waiting("a" * 40, "C1", change)
        now = [take(one, "wave_off", "U2", AT + DAY) for one in before]
        counted = [one.model_copy(update={"version": one.version + 1}) for one in now]
        assert [work.proposals.get(number) for number in (1, 3, 5)] == counted
        return sorted(ended)

    assert saved(database, end) == [(1, "C1", AT, False), (3, "C1", AT, True), (5, "C1", AT, False)]
    with pytest.raises(ConflictError):  # whoever saw it wait looks again
        saved(database, lambda work: work.proposals.save(a_proposal(number=1, reference="ZD-0")))
    assert seen(database, lambda work: work.proposals.get(2)).last.by == "U1"
    assert seen(database, lambda work: work.proposals.count_waiting("a" * 40, "C1")) == 0
    assert seen(database, lambda work: work.proposals.count_waiting("b" * 40, "C1")) == 1
    assert seen(database, lambda work: work.proposals.count_waiting("a" * 40, "C1"), "V") == 3
    decided = seen(database, lambda work: work.proposals.decided("a" * 40, 9))
    assert [one.number for one in decided] == [5, 3, 1, 2]
    with database.transaction(writes=True) as connection:
        due = Scheduler(connection, "W").due(AT + DAY, 9).proposals
    assert [one.number for one in due] == [4, 6]
