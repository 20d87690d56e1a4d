"""Two accounts of one product in one channel number their tickets alike, and are told apart."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.connection import Connection, continues
from bot.messages.parts import plain
from storage.database import Database
from tests.commands.test_connection_channel import House
from tests.desk import ANA, AT, BEN
from tests.jobs.test_proposal import ID
from tests.session import open_work

OTHER = "1e" * 20
HOUR = timedelta(hours=1)
NUMBER: dict[str, Any] = {"ticket": "4711", "reference": "4711", "prefix": "ZD"}


class TwoAccounts(House):
    """A house that another account of the same product tells of tickets, too."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.connect(OTHER)

    def connect(self, id: str, at: datetime = AT, **more: Any) -> None:
        """One more helpdesk, of the same product unless another is said."""
        of = {"channel_id": "C1", "product": "generic", "made_by": ANA.id, "made_at": at, **more}
        with open_work(self.database, self.workspace, writes=True) as work:
            work.connections.add(Connection.model_validate({"id": id, **of}))
            work.commit()

    async def remove(self, at: datetime) -> None:
        """The first account's connection is removed."""
        reply = await self.ask(ANA, "connection.remove", f"connection:{ID}", {}, at=at)
        assert reply.done, reply

    def names(self) -> list[str | None]:
        """What the cases are called."""
        with open_work(self.database, self.workspace, writes=False) as work:
            cases = (work.cases.get(number) for number in range(1, 9))
            return [case.reference for case in cases if case is not None]

    def told(self) -> list[str]:
        """What customers wrote, in all that is kept of what helpdesks told."""
        with open_work(self.database, self.workspace, writes=False) as work:
            connections = work.connections.ever_in("C1")
            last = (one for each in connections for one in work.deliveries.last(each.id, 9))
            return sorted(one.signal.words for one in last if one.signal.words)


@pytest.fixture
def house(sqlite: Database) -> TwoAccounts:
    return TwoAccounts(sqlite)


async def test_the_same_number_of_another_account_is_another_ticket(house: TwoAccounts) -> None:
    await house.tell(**NUMBER, words="Nobody came.")
    await house.ask(BEN, "proposal.open", "P-1")
    house.say_all()
    await house.tell(by=OTHER, at=AT + HOUR, **NUMBER, words="It leaks.", customer="Ida", rating=2)
    said = house.say_all()
    assert list(said) == ["proposal:2"]
    assert "It leaks." in plain(said["proposal:2"])
    assert (house.proposal(1).later, house.proposal(2).case_number) == (None, None)


async def test_each_account_has_its_own_case_under_a_name_of_its_own(house: TwoAccounts) -> None:
    third = "2d" * 20
    house.connect(third)
    for number, account in enumerate((ID, OTHER, third), 1):
        await house.tell(by=account, **NUMBER)
        await house.ask(BEN, "proposal.open", f"P-{number}")
    assert house.names() == ["4711", "generic-4711", "generic-4711-2"]
    assert [house.proposal(number).case_number for number in (1, 2, 3)] == [1, 2, 3]
    house.say_all()
    await house.tell(by=OTHER, at=AT + HOUR, **NUMBER, rating=5, words="Dry again.")
    said = house.say_all()
    assert "Dry again." in plain(said["recovery:2"])
    assert "recovery:1" not in said


async def test_what_opens_at_once_gets_a_name_of_its_own_too(house: TwoAccounts) -> None:
    house.connect("2d" * 20, action="open")
    await house.tell(**NUMBER)
    await house.ask(BEN, "proposal.open", "P-1")
    await house.tell(by="2d" * 20, **NUMBER)
    assert house.names() == ["4711", "generic-4711"]


async def test_a_case_goes_on_by_a_new_connection_once_the_former_was_removed(
    house: TwoAccounts,
) -> None:
    again = "2d" * 20
    await house.tell(**NUMBER)
    await house.ask(BEN, "proposal.open", "P-1")
    await house.remove(AT + HOUR)
    house.connect(again, AT + 2 * HOUR)
    house.say_all()
    # This account was there beside it, and so never was the same.
    await house.tell(by=OTHER, at=AT + 3 * HOUR, **NUMBER, rating=1)
    assert (house.proposal(2).connection_id, house.proposal(2).case_number) == (OTHER, None)
    await house.tell(by=again, at=AT + 4 * HOUR, **NUMBER, rating=5, words="Sorted.")
    assert (house.proposal(3).connection_id, house.proposal(3).case_number) == (again, 1)
    assert "Sorted." in plain(house.say_all()["recovery:1"])


async def test_a_ticket_that_two_connections_told_of_one_after_the_other_is_opened_once(
    house: TwoAccounts,
) -> None:
    again = "2d" * 20
    await house.tell(**NUMBER)
    await house.remove(AT + HOUR)
    house.connect(again, AT + 2 * HOUR)
    await house.tell(by=again, at=AT + 3 * HOUR, **NUMBER)
    for label in ("P-2", "P-1"):  # the former one was waved off with its connection
        await house.ask(BEN, "proposal.open", label, at=AT + 3 * HOUR)
    assert house.names() == ["4711"]
    assert [house.proposal(number).case_number for number in (1, 2)] == [1, 1]


async def test_a_case_that_was_named_apart_goes_on_as_well(house: TwoAccounts) -> None:
    again = "2d" * 20
    for number, account in enumerate((OTHER, ID), 1):
        await house.tell(by=account, **NUMBER)
        await house.ask(BEN, "proposal.open", f"P-{number}")
    await house.remove(AT + HOUR)
    house.connect(again, AT + 2 * HOUR)
    await house.tell(by=again, at=AT + 3 * HOUR, **NUMBER, rating=5)
    assert (house.proposal(3).case_number, house.names()) == (2, ["4711", "generic-4711"])


async def test_a_case_marked_failed_by_hand_is_of_the_first_account_that_speaks(
    house: TwoAccounts,
) -> None:
    await house.fail(typed="#4711 Parcel missed twice")
    await house.tell(by=OTHER, at=AT + HOUR, **NUMBER, rating=5)
    await house.tell(at=AT + 2 * HOUR, **NUMBER, rating=1)
    assert [house.proposal(number).case_number for number in (1, 2)] == [1, None]


async def test_with_a_customer_nothing_of_another_account_is_forgotten(house: TwoAccounts) -> None:
    await house.tell(**NUMBER, words="Nobody came.")
    await house.ask(BEN, "proposal.open", "P-1")
    await house.tell(by=OTHER, at=AT + HOUR, **NUMBER, words="It leaks.", customer="Ida")
    await house.bot.forget(house.workspace, 1, AT + 2 * HOUR)
    assert (house.proposal(2).state, house.told()) == ("proposed", ["It leaks."])


async def test_nor_is_the_ticket_of_another_case_whose_number_stood_there_by_mistake(
    house: TwoAccounts,
) -> None:
    await house.tell(**NUMBER, words="Nobody came.")
    await house.ask(BEN, "proposal.open", "P-1")
    for reference in ("4712", "4711"):
        edited = {"what_happened": "Nobody came.", "reference": reference}
        await house.ask(BEN, "case.edit", "C-1", edited)
    other = {**NUMBER, "ticket": "4712", "reference": "4712", "customer": "Ida"}
    await house.tell(at=AT + HOUR, **other, words="It leaks.")
    await house.ask(BEN, "proposal.open", "P-2")
    await house.bot.forget(house.workspace, 1, AT + 2 * HOUR)
    assert (house.names(), house.told()) == ([None, "4712"], ["It leaks."])


async def test_what_a_former_connection_to_the_account_told_is_forgotten_with_the_case(
    house: TwoAccounts,
) -> None:
    again = "2d" * 20
    await house.tell(**NUMBER, words="It was fine.", rating=5)
    await house.remove(AT + HOUR)
    house.connect(again, AT + 2 * HOUR)
    await house.tell(by=again, at=AT + 3 * HOUR, **NUMBER, words="Nobody came.")
    await house.ask(BEN, "proposal.open", "P-1")
    await house.bot.forget(house.workspace, 1, AT + 4 * HOUR)
    assert house.told() == []


ONE = Connection(id=ID, channel_id="C1", product="zendesk", made_by="U1", made_at=AT)
REMOVED = ONE.model_copy(update={"id": OTHER, "removed_at": AT + HOUR})


@pytest.mark.parametrize(
    ("now", "before", "continued"),
    [
        ({"made_at": AT + HOUR}, {}, True),
        ({"made_at": AT + 2 * HOUR}, {}, True),
        ({"made_at": AT}, {}, False),  # they were there side by side
        ({"made_at": AT + 2 * HOUR}, {"removed_at": None}, False),
        ({"made_at": AT + 2 * HOUR, "product": "jira"}, {}, False),
        ({"made_at": AT + 2 * HOUR, "origin": "https://a.zendesk.com"}, {}, True),
        (
            {"made_at": AT + 2 * HOUR, "origin": "https://a.zendesk.com"},
            {"origin": "https://a.zendesk.com"},
            True,
        ),
        (
            {"made_at": AT + 2 * HOUR, "origin": "https://b.zendesk.com"},
            {"origin": "https://a.zendesk.com"},
            False,
        ),
        ({"id": OTHER}, {"removed_at": None}, True),
    ],
)
def test_a_connection_goes_on_with_itself_and_with_what_it_came_after(
    now: dict[str, Any], before: dict[str, Any], continued: bool
) -> None:
    made = ONE.model_copy(update=now)
    assert continues(made, REMOVED.model_copy(update=before)) == continued
