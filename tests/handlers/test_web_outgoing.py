"""Speaking in the web workspace: each message once, edits in place, and pages that hear of it."""

from datetime import UTC, datetime

import pytest

from bot.domain.channel import Channel
from bot.domain.job import MessageRef
from bot.messages.parts import sentence
from bot.ports import Delivery, DeliveryError
from handlers.web.outgoing import WORKSPACE, Hub, WebMessenger
from storage.database import Database
from tests.session import open_work

SUPPORT = Channel(id="support", name="support")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def delivery(words: str, key: str = "retro:1", thread: MessageRef | None = None) -> Delivery:
    return Delivery(
        workspace=WORKSPACE, key=key, channel=SUPPORT, message=sentence(words), thread=thread
    )


@pytest.fixture
def messenger(sqlite: Database) -> WebMessenger:
    return WebMessenger(sqlite, Hub(), "http://127.0.0.1:3000")


async def test_a_message_is_said_once_however_often_it_is_tried(
    messenger: WebMessenger, sqlite: Database
) -> None:
    first = await messenger.say(delivery("Hello"))
    assert await messenger.say(delivery("Hello")) == first
    with open_work(sqlite, WORKSPACE, writes=False) as work:
        (post,) = work.posts.roots("support", 10)
    assert str(post.id) == first.message
    assert first.link == f"http://127.0.0.1:3000/p/support/t/{post.id}#m{post.id}"


async def test_what_was_said_is_found_by_its_name(messenger: WebMessenger) -> None:
    assert await messenger.find(delivery("Hello"), LONG_AGO) is None
    message_ref = await messenger.say(delivery("Hello"))
    assert await messenger.find(delivery("Hello"), LONG_AGO) == message_ref


async def test_a_message_goes_into_the_thread_of_another(
    messenger: WebMessenger, sqlite: Database
) -> None:
    root = await messenger.say(delivery("Retro"))
    reply = await messenger.say(delivery("Prompt", "prompt:1:training", root))
    assert reply.link == f"http://127.0.0.1:3000/p/support/t/{root.message}#m{reply.message}"
    with open_work(sqlite, WORKSPACE, writes=False) as work:
        assert [str(post.id) for post in work.posts.thread(int(root.message))] == [reply.message]


async def test_an_edit_changes_the_words_where_they_stand(
    messenger: WebMessenger, sqlite: Database
) -> None:
    message_ref = await messenger.say(delivery("Open"))
    assert await messenger.edit(delivery("Closed"), message_ref) == message_ref
    with open_work(sqlite, WORKSPACE, writes=False) as work:
        (post,) = work.posts.roots("support", 10)
    assert post.message == sentence("Closed")
    assert post.edited_at is not None


async def test_what_is_deleted_is_gone_and_again_is_no_failure(
    messenger: WebMessenger, sqlite: Database
) -> None:
    message_ref = await messenger.say(delivery("Open"))
    for _ in range(2):
        await messenger.delete(delivery("Over"), message_ref)
    with open_work(sqlite, WORKSPACE, writes=False) as work:
        assert work.posts.roots("support", 10) == []
    assert await messenger.find(delivery("Open"), LONG_AGO) is None


async def test_what_somebody_answered_below_is_not_deleted(
    messenger: WebMessenger, sqlite: Database
) -> None:
    root = await messenger.say(delivery("Open"))
    await messenger.say(delivery("A reply", "prompt:1:training", root))
    with pytest.raises(DeliveryError) as told:
        await messenger.delete(delivery("Over"), root)
    assert told.value.permanent
    with open_work(sqlite, WORKSPACE, writes=False) as work:
        assert len(work.posts.roots("support", 10)) == 1


@pytest.mark.parametrize("message", ["999", "not-a-number"])
async def test_an_edit_of_what_is_not_there_is_given_up(messenger: WebMessenger, message: str) -> None:
    with pytest.raises(DeliveryError) as told:
        await messenger.edit(delivery("Closed"), MessageRef(channel_id="support", message=message))
    assert told.value.permanent


async def test_a_direct_message_is_linked_among_the_direct_messages(sqlite: Database) -> None:
    messenger = WebMessenger(sqlite, Hub())
    channel = Channel(id="u_you", name="You", kind="direct")
    message_ref = await messenger.say(
        Delivery(workspace=WORKSPACE, key="owner:1", channel=channel, message=sentence("Yours"))
    )
    assert message_ref.link == f"/dm#m{message_ref.message}"


async def test_whoever_looks_hears_of_every_change_and_of_the_end() -> None:
    hub = Hub()
    before = hub.version
    with hub.listen() as listener:
        hub.changed("support")
        hub.changed("night")
        assert await listener.changes(5) == {"support", "night"}
        assert await listener.changes(0.001) == set()
        hub.close()
        assert await listener.changes(5) == set()
        assert listener.closed
    assert hub.version != before
    with hub.listen() as late:
        assert late.closed
