"""Channels are found by what people call them."""

from bot.domain.channel import Channel
from storage.database import Database
from tests.session import open_work
from tests.storage.made import a_team, saved, seen

SUPPORT = Channel(id="C1", name="support", reference={"service": "https://example.test/"})
DIRECT = Channel(id="D1", name="billing", kind="direct")


def test_a_channel_is_found_by_id_and_by_name_however_it_is_written(database: Database) -> None:
    saved(database, lambda work: work.channels.remember(SUPPORT))
    with open_work(database, "W", writes=False) as work:
        for name in ("C1", "support", "#support", "#Support", " SUPPORT "):
            assert work.channels.named(name) == SUPPORT, name
        assert work.channels.named("sales") is None


def test_direct_messages_are_not_among_the_shared_channels(database: Database) -> None:
    saved(database, lambda work: work.channels.remember(SUPPORT))
    saved(database, lambda work: work.channels.remember(DIRECT))
    assert seen(database, lambda work: work.channels.all()) == [SUPPORT]
    assert seen(database, lambda work: work.channels.named("billing")) is None
    assert seen(database, lambda work: work.channels.get("D1")) == DIRECT


def test_an_empty_reference_keeps_the_known_one(database: Database) -> None:
    saved(database, lambda work: work.channels.remember(SUPPORT))
    renamed = Channel(id="C1", name="care")
    saved(database, lambda work: work.channels.remember(renamed))
    assert seen(database, lambda work: work.channels.named("#care")) == Channel(
        id="C1", name="care", reference=SUPPORT.reference
    )


def test_a_channel_that_did_not_change_is_not_written(database: Database) -> None:
    saved(database, lambda work: work.channels.remember(SUPPORT))
    # A reading transaction refuses to write, so this passes only when nothing is written.
    with open_work(database, "W", writes=False) as work:
        work.channels.remember(SUPPORT)


def test_a_workspace_is_known_by_its_channels_before_any_team_uses_one(database: Database) -> None:
    saved(database, lambda work: work.channels.remember(SUPPORT))
    assert list(database.workspaces()) == []
    assert list(database.workspaces(used=False)) == ["W"]
    saved(database, lambda work: work.teams.add(a_team(channel_id="C1")))
    assert list(database.workspaces()) == ["W"]


def test_direct_messages_are_found_by_what_their_reference_holds(database: Database) -> None:
    chat = DIRECT.model_copy(update={"reference": {"aad_object_id": "a'b", "tenant_id": "t1"}})
    channel = SUPPORT.model_copy(update={"reference": {"aad_object_id": "a'b"}})
    saved(database, lambda work: work.channels.remember(channel))
    saved(database, lambda work: work.channels.remember(DIRECT.model_copy(update={"id": "D0"})))
    saved(database, lambda work: work.channels.remember(chat))
    held = "aad_object_id"
    assert seen(database, lambda work: work.channels.direct_with(held, "a'b")) == chat
    assert seen(database, lambda work: work.channels.direct_with(held, "other")) is None
    assert seen(database, lambda work: work.channels.direct_with("bot_id", "a'b")) is None
