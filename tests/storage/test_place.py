"""Places are found by what people call them."""

from bot.request import Place
from storage.database import Database
from tests.session import open_work
from tests.storage.made import a_team, saved, seen

SUPPORT = Place(id="C1", name="support", reference={"service": "https://example.test/"})
DIRECT = Place(id="D1", name="billing", kind="direct")


def test_a_place_is_found_by_id_and_by_name_however_it_is_written(database: Database) -> None:
    saved(database, lambda work: work.places.remember(SUPPORT))
    with open_work(database, "W", writes=False) as work:
        for name in ("C1", "support", "#support", "#Support", " SUPPORT "):
            assert work.places.named(name) == SUPPORT, name
        assert work.places.named("sales") is None


def test_direct_messages_are_not_among_the_shared_places(database: Database) -> None:
    saved(database, lambda work: work.places.remember(SUPPORT))
    saved(database, lambda work: work.places.remember(DIRECT))
    assert seen(database, lambda work: work.places.all()) == [SUPPORT]
    assert seen(database, lambda work: work.places.named("billing")) is None
    assert seen(database, lambda work: work.places.get("D1")) == DIRECT


def test_an_empty_reference_keeps_the_known_one(database: Database) -> None:
    saved(database, lambda work: work.places.remember(SUPPORT))
    renamed = Place(id="C1", name="care")
    saved(database, lambda work: work.places.remember(renamed))
    assert seen(database, lambda work: work.places.named("#care")) == Place(
        id="C1", name="care", reference=SUPPORT.reference
    )


def test_a_place_that_did_not_change_is_not_written(database: Database) -> None:
    saved(database, lambda work: work.places.remember(SUPPORT))
    # A reading transaction refuses to write, so this passes only when nothing is written.
    with open_work(database, "W", writes=False) as work:
        work.places.remember(SUPPORT)


def test_a_workspace_is_known_by_its_places_before_any_team_uses_one(database: Database) -> None:
    saved(database, lambda work: work.places.remember(SUPPORT))
    assert list(database.workspaces()) == []
    assert list(database.workspaces(used=False)) == ["W"]
    saved(database, lambda work: work.teams.add(a_team(place="C1")))
    assert list(database.workspaces()) == ["W"]


def test_direct_messages_are_found_by_what_their_reference_holds(database: Database) -> None:
    chat = DIRECT.model_copy(update={"reference": {"aad_object_id": "a'b", "tenant_id": "t1"}})
    channel = SUPPORT.model_copy(update={"reference": {"aad_object_id": "a'b"}})
    saved(database, lambda work: work.places.remember(channel))
    saved(database, lambda work: work.places.remember(DIRECT.model_copy(update={"id": "D0"})))
    saved(database, lambda work: work.places.remember(chat))
    held = "aad_object_id"
    assert seen(database, lambda work: work.places.direct_with(held, "a'b")) == chat
    assert seen(database, lambda work: work.places.direct_with(held, "other")) is None
    assert seen(database, lambda work: work.places.direct_with("bot_id", "a'b")) is None
