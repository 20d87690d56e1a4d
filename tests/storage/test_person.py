"""Persons are remembered as they are now."""

from bot.domain.person import Person
from storage.database import Database
from tests.session import open_work
from tests.storage.made import saved, seen

ANA = Person(id="U1", name="Ana", zone="Europe/Stockholm")
BO = Person(id="U2", name="Bo")


def test_a_person_is_remembered_as_they_are_now(database: Database) -> None:
    saved(database, lambda work: work.people.remember(ANA, BO))
    saved(database, lambda work: work.people.remember(ANA.model_copy(update={"gone": True})))
    known = seen(database, lambda work: work.people.among(["U1", "U2", "U3"]))
    assert known == {"U1": ANA.model_copy(update={"gone": True}), "U2": BO}
    assert seen(database, lambda work: work.people.get("U3")) is None


def test_an_unknown_zone_does_not_forget_the_known_one(database: Database) -> None:
    saved(database, lambda work: work.people.remember(ANA))
    saved(database, lambda work: work.people.remember(Person(id="U1", name="Ana B")))
    assert seen(database, lambda work: work.people.get("U1")) == Person(
        id="U1", name="Ana B", zone="Europe/Stockholm"
    )


def test_everybody_is_listed_by_name(database: Database) -> None:
    saved(database, lambda work: work.people.remember(BO, ANA))
    assert seen(database, lambda work: work.people.everybody()) == [ANA, BO]


def test_a_person_who_did_not_change_is_not_written(database: Database) -> None:
    saved(database, lambda work: work.people.remember(ANA))
    # A reading transaction refuses to write, so this passes only when nothing is written.
    with open_work(database, "W", writes=False) as work:
        work.people.remember(ANA, ANA.model_copy(update={"zone": None}))
