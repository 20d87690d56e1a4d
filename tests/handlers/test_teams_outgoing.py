"""Speaking in Teams: what is sent where, and what each failure means for whoever would repeat it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.channel import Channel
from bot.domain.job import MessageRef
from bot.messages.parts import sentence
from bot.ports import Delivery, DeliveryError
from handlers.teams.connector import WINDOWS, Connector, ConnectorError, Limits
from handlers.teams.outgoing import TeamsMessenger
from handlers.teams.token import Tokens, fetch_with
from storage.database import Database
from tests.fake_teams import APP, FakeTeams, TeamsChannel, TeamsPerson
from tests.journeys.teams_app import settings_for
from tests.session import open_work

HELLO = sentence("Hello.")


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant."""
    async with FakeTeams() as fake:
        yield fake


@pytest.fixture
async def messenger(teams: FakeTeams, sqlite: Database) -> AsyncIterator[TeamsMessenger]:
    """Who speaks there."""
    tokens = Tokens(fetch_with(settings_for(teams)))
    connector = Connector(tokens, lambda _: True)
    yield TeamsMessenger(connector, sqlite, APP, 0.0)
    tokens.close()
    await connector.close()


def delivery(
    teams: FakeTeams,
    to: TeamsChannel | TeamsPerson,
    thread: MessageRef | None = None,
    key: str = "retro:7",
    **more: str,
) -> Delivery:
    """A message on its way to a channel, or to a person."""
    reference = {
        "service_url": teams.service_url,
        "tenant_id": teams.tenant,
        "bot_id": teams.bot,
        **more,
    }
    if isinstance(to, TeamsChannel):
        reference |= {"conversation_id": to.id, "channel_id": to.id}
        channel = Channel(id=to.id, name=to.name, reference=reference)
    else:
        channel = Channel(id=to.id, name=to.name, kind="direct", reference=reference)
    return Delivery(
        workspace=f"teams:{teams.tenant}", key=key, channel=channel, message=HELLO, thread=thread
    )


async def test_a_message_is_a_new_post_and_a_reply_is_in_its_thread(
    teams: FakeTeams, messenger: TeamsMessenger
) -> None:
    support = teams.channel("support", [teams.person("Ana")])
    root = await messenger.say(delivery(teams, support))
    reply = await messenger.say(delivery(teams, support, root, "prompt:7"))
    (posted,) = support.roots()
    assert (root.channel_id, root.message) == (support.id, posted.id)
    assert root.link is not None
    assert root.link.startswith(f"https://teams.microsoft.com/l/message/{support.id}/{posted.id}?")
    assert [said.id for said in support.thread(posted)] == [reply.message]
    edited = await messenger.edit(delivery(teams, support, root, "prompt:7"), reply)
    assert edited.message == reply.message
    await messenger.edit(delivery(teams, support), root)
    assert [said.edits for said in support.messages.values()] == [1, 1]
    assert teams.refusals == []


async def test_what_was_said_is_deleted_and_again_is_no_failure(
    teams: FakeTeams, messenger: TeamsMessenger
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", [ana])
    root = await messenger.say(delivery(teams, support))
    reply = await messenger.say(delivery(teams, support, root, "remind:C-7"))
    own = await messenger.say(delivery(teams, ana, key="remind:U1"))
    for _ in range(2):
        await messenger.delete(delivery(teams, support, root, "remind:C-7"), reply)
        await messenger.delete(delivery(teams, ana, key="remind:U1"), own)
    assert list(support.messages) == [root.message]
    assert ana.chat.messages == {}


async def test_what_may_not_be_deleted_in_teams_is_for_good(
    teams: FakeTeams, messenger: TeamsMessenger
) -> None:
    support = teams.channel("support", [teams.person("Ana")])
    root = await messenger.say(delivery(teams, support))
    teams.fail_next("delete", status=403)
    with pytest.raises(DeliveryError) as caught:
        await messenger.delete(delivery(teams, support), root)
    assert caught.value.permanent
    assert list(support.messages) == [root.message]


async def test_a_personal_chat_is_opened_once_and_remembered(
    teams: FakeTeams, messenger: TeamsMessenger, sqlite: Database
) -> None:
    ana = teams.person("Ana")
    message_ref = await messenger.say(delivery(teams, ana))
    assert message_ref.channel_id == ana.id
    with open_work(sqlite, f"teams:{teams.tenant}", writes=False) as work:
        stored = work.channels.get(ana.id)
    assert stored is not None
    assert stored.reference["conversation_id"] == ana.chat.id
    again = delivery(teams, ana, key="other").model_copy(update={"channel": stored})
    await messenger.edit(again, message_ref)
    await messenger.say(again)
    assert teams.calls["create"] == 1
    assert len(ana.chat.messages) == 2


@pytest.mark.parametrize(
    ("fault", "permanent", "unsure", "wait"),
    [
        ({"status": 400}, True, False, None),
        ({"status": 403}, True, False, None),
        ({"status": 404}, True, False, None),
        ({"status": 412}, False, False, None),
        ({"status": 413}, True, False, None),
        ({"status": 429, "retry_after": 7}, False, False, 7.0),
        ({"status": 429}, False, False, None),
        ({"status": 500}, False, True, None),
        ({"status": 502}, False, True, None),
        ({"status": 503, "retry_after": 3}, False, True, 3.0),
        ({"status": 504}, False, True, None),
        ({"drop": "before"}, False, True, None),
        ({"drop": "after"}, False, True, None),
    ],
)
async def test_every_failure_says_if_a_retry_can_help_and_if_it_may_have_arrived(
    teams: FakeTeams,
    messenger: TeamsMessenger,
    fault: dict[str, Any],
    permanent: bool,
    unsure: bool,
    wait: float | None,
) -> None:
    support = teams.channel("support")
    teams.fail_next("create", **fault)
    with pytest.raises(DeliveryError) as told:
        await messenger.say(delivery(teams, support))
    assert (told.value.permanent, told.value.maybe_delivered, told.value.retry_after) == (
        permanent,
        unsure,
        wait,
    )
    assert support.id not in told.value.reason


async def test_an_owner_without_the_app_is_permanent_and_the_sentence_says_how_to_add_it(
    teams: FakeTeams, messenger: TeamsMessenger
) -> None:
    ana = teams.person("Ana")
    ana.installed = False
    with pytest.raises(DeliveryError) as told:
        await messenger.say(delivery(teams, ana))
    assert told.value.permanent
    assert "find Amends and choose Add" in told.value.reason
    nowhere = delivery(teams, ana).model_copy(
        update={"channel": Channel(id=ana.id, name="Ana", kind="direct")}
    )
    with pytest.raises(DeliveryError) as told:
        await messenger.say(nowhere)
    assert told.value.permanent


async def test_a_login_that_refuses_is_told_and_tried_again(
    teams: FakeTeams, messenger: TeamsMessenger
) -> None:
    teams.fail_next("token", status=500, times=9)
    with pytest.raises(DeliveryError) as told:
        await messenger.say(delivery(teams, teams.channel("support")))
    assert (told.value.permanent, told.value.maybe_delivered) == (False, False)


async def test_what_this_process_said_is_known_and_the_rest_is_said_again(
    teams: FakeTeams, messenger: TeamsMessenger
) -> None:
    support, now = teams.channel("support"), datetime.now(UTC)
    assert await messenger.find(delivery(teams, support), now) is None
    message_ref = await messenger.say(delivery(teams, support))
    assert await messenger.find(delivery(teams, support), now) == message_ref
    other = delivery(teams, support).model_copy(update={"workspace": "teams:other"})
    assert await messenger.find(other, now) is None


def test_a_conversation_is_never_spoken_to_faster_than_teams_allows() -> None:
    now = [0.0]
    limits = Limits(WINDOWS, lambda: now[0])
    sent: list[float] = []
    while len(sent) < 2_000:
        wait = limits.wait("19:a")
        if wait == 0:
            sent.append(now[0])
        now[0] += wait
    for limit, seconds in WINDOWS:
        for first, last in zip(sent, sent[limit:], strict=False):
            assert last - first >= seconds - 1e-6
    assert limits.wait("19:b") == 0


async def test_who_would_wait_long_for_their_turn_is_told_how_long() -> None:
    now = [0.0]
    limits = Limits(((2, 60.0),), lambda: now[0])
    await limits.turn("t")
    await limits.turn("t")
    with pytest.raises(ConnectorError) as told:
        await limits.turn("t")
    assert (told.value.status, told.value.retry_after) == (429, 60.0)


async def test_what_somebody_deleted_is_told_apart_from_what_is_out_of_reach(
    teams: FakeTeams, messenger: TeamsMessenger
) -> None:
    support = teams.channel("support", [teams.person("Ana")])
    root = await messenger.say(delivery(teams, support))
    reply = await messenger.say(delivery(teams, support, root, "prompt:7"))
    del support.messages[reply.message]
    with pytest.raises(DeliveryError) as edited:
        await messenger.edit(delivery(teams, support, root, "prompt:7"), reply)
    assert edited.value.gone
    del support.messages[root.message]
    with pytest.raises(DeliveryError) as said:
        await messenger.say(delivery(teams, support, root, "prompt:8"))
    assert said.value.gone
    assert await messenger.find(delivery(teams, support, root, "prompt:7"), datetime.now(UTC)) is None
    teams.fail_next("create", status=404)
    with pytest.raises(DeliveryError) as posted:
        await messenger.say(delivery(teams, support, key="retro:8"))
    assert not posted.value.gone


async def test_a_reply_is_edited_in_its_own_thread_after_its_root_was_posted_again(
    teams: FakeTeams, messenger: TeamsMessenger
) -> None:
    support = teams.channel("support", [teams.person("Ana")])
    root = await messenger.say(delivery(teams, support))
    reply = await messenger.say(delivery(teams, support, root, "prompt:7"))
    newer = await messenger.say(delivery(teams, support))
    await messenger.edit(delivery(teams, support, newer, "prompt:7"), reply)
    assert support.messages[reply.message].edits == 1
