"""Speaking in Slack: what is said where, what every failure means, and looking before repeating."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bot.domain.job import MessageRef
from bot.messages.parts import Message, Quote, sentence
from bot.ports import DeliveryError
from handlers.slack import outgoing
from handlers.slack.delivered import LookUps
from handlers.slack.outgoing import SlackMessenger
from tests.examples import FIGURES
from tests.fake_slack_limits import is_new
from tests.fakes import FakeSlack
from tests.handlers.slack_adapter import delivery


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def messenger(slack: FakeSlack) -> AsyncIterator[SlackMessenger]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1.0)) as session:
        client = outgoing.client(slack.token, slack.api_url, session)
        yield SlackMessenger(client, f"slack:{slack.team}", slack.url, 1.1)


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_message_is_said_and_its_receipt_leads_to_it(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    message_ref = await messenger.say(delivery(slack, channel.id))
    (posted,) = channel.roots()
    assert posted.words() == "Hello."
    assert message_ref == MessageRef(
        channel_id=channel.id,
        message=posted.ts,
        link=f"https://fake.slack.com/archives/{channel.id}/p{posted.ts.replace('.', '')}",
    )


async def test_metadata_is_our_key_and_nothing_else(slack: FakeSlack, messenger: SlackMessenger) -> None:
    channel = slack.channel("support")
    await messenger.say(delivery(slack, channel.id))
    assert channel.roots()[0].metadata == {
        "event_type": "amends_message",
        "event_payload": {"key": "retro:7"},
    }


async def test_a_reply_is_said_in_its_thread(slack: FakeSlack, messenger: SlackMessenger) -> None:
    channel = slack.channel("support")
    root = await messenger.say(delivery(slack, channel.id))
    reply = await messenger.say(delivery(slack, channel.id, key="prompt:7", thread=root))
    (posted,) = channel.thread(channel.roots()[0])
    assert posted.ts == reply.message
    assert reply.link is not None
    assert reply.link.endswith(f"?thread_ts={root.message}&cid={channel.id}")


async def test_a_direct_message_needs_only_the_person(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    ana = slack.person("Ana")
    message_ref = await messenger.say(delivery(slack, ana.id))
    assert message_ref.channel_id == ana.direct.id
    assert [posted.words() for posted in ana.direct.roots()] == ["Hello."]


async def test_an_edit_changes_the_message_that_is_there(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    message_ref = await messenger.say(delivery(slack, channel.id))
    for _ in range(2):
        edited = await messenger.edit(delivery(slack, channel.id, sentence("Goodbye.")), message_ref)
        assert edited == message_ref
    (posted,) = channel.roots()
    assert (posted.words(), posted.edits) == ("Goodbye.", 2)
    assert posted.metadata is not None
    assert posted.metadata["event_payload"] == {"key": "retro:7"}


async def test_the_longest_message_is_taken(slack: FakeSlack, messenger: SlackMessenger) -> None:
    channel = slack.channel("support")
    message = Message(summary="<!channel>", title="x" * 500, parts=(Quote(text="<🙂&" * 10_000),))
    message_ref = await messenger.say(delivery(slack, channel.id, message))
    await messenger.edit(delivery(slack, channel.id, message), message_ref)


async def test_a_workspace_that_takes_no_tables_is_asked_once_and_reads_lines(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    slack.takes_new_blocks = False
    message_ref = await messenger.say(delivery(slack, channel.id, FIGURES))
    assert slack.calls["chat.postMessage"] == 2
    (posted,) = channel.roots()
    assert not is_new(posted.blocks)
    assert "Recovered: 4" in posted.words()
    await messenger.edit(delivery(slack, channel.id, FIGURES), message_ref)
    await messenger.say(delivery(slack, channel.id, FIGURES, key="later:1"))
    assert (slack.calls["chat.postMessage"], slack.calls["chat.update"]) == (3, 1)
    assert posted.metadata is not None


async def test_a_workspace_that_takes_tables_gets_them_again_and_again(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    message_ref = await messenger.say(delivery(slack, channel.id, FIGURES))
    await messenger.edit(delivery(slack, channel.id, FIGURES), message_ref)
    (posted,) = channel.roots()
    assert is_new(posted.blocks)
    assert (slack.calls["chat.postMessage"], slack.calls["chat.update"]) == (1, 1)


@pytest.mark.parametrize(("message", "tries"), [(FIGURES, 2), (sentence("Hello."), 1)])
async def test_blocks_that_are_refused_without_tables_too_are_a_fault_and_no_reason_to_leave_them_out(
    slack: FakeSlack, messenger: SlackMessenger, message: Message, tries: int
) -> None:
    channel = slack.channel("support")
    slack.fail_next("chat.postMessage", times=tries, error="invalid_blocks")
    with pytest.raises(DeliveryError) as refused:
        await messenger.say(delivery(slack, channel.id, message))
    assert (refused.value.permanent, refused.value.code) == (True, "chat.postMessage: invalid_blocks")
    assert slack.calls["chat.postMessage"] == tries
    await messenger.say(delivery(slack, channel.id, FIGURES))
    assert is_new(channel.roots()[0].blocks)


async def test_what_was_said_is_found_by_its_key(slack: FakeSlack, messenger: SlackMessenger) -> None:
    channel = slack.channel("support")
    root = await messenger.say(delivery(slack, channel.id))
    reply = await messenger.say(delivery(slack, channel.id, key="prompt:7", thread=root))
    slack.page = 1
    for number in range(3):
        await messenger.say(delivery(slack, channel.id, key=f"later:{number}"))
    assert await messenger.find(delivery(slack, channel.id), now()) == root
    lost = delivery(slack, channel.id, key="prompt:7", thread=root)
    assert await messenger.find(lost, now()) == reply
    assert await messenger.find(delivery(slack, channel.id, key="never"), now()) is None
    assert slack.calls["conversations.history"] == 4 + 4


async def test_a_direct_message_is_found_too(slack: FakeSlack, messenger: SlackMessenger) -> None:
    ana = slack.person("Ana")
    message_ref = await messenger.say(delivery(slack, ana.id))
    assert await messenger.find(delivery(slack, ana.id), now()) == message_ref


async def test_only_what_was_said_since_is_looked_at(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    await messenger.say(delivery(slack, channel.id))
    assert await messenger.find(delivery(slack, channel.id), now() + timedelta(minutes=2)) is None


async def test_a_dropped_connection_is_unsure_and_nothing_is_sent_twice(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    slack.fail_next("chat.postMessage", drop="after")
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(delivery(slack, channel.id))
    assert caught.value.maybe_delivered
    assert not caught.value.permanent
    assert (slack.calls["chat.postMessage"], len(channel.roots())) == (1, 1)
    found = await messenger.find(delivery(slack, channel.id), now())
    assert found is not None
    assert found.message == channel.roots()[0].ts


async def test_a_connection_dropped_before_leaves_nothing_to_find(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    slack.fail_next("chat.postMessage", drop="before")
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(delivery(slack, channel.id))
    assert caught.value.maybe_delivered
    assert await messenger.find(delivery(slack, channel.id), now()) is None


async def test_a_call_that_takes_too_long_is_unsure(slack: FakeSlack, messenger: SlackMessenger) -> None:
    channel = slack.channel("support")
    slack.latency["chat.postMessage"] = 5.0
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(delivery(slack, channel.id))
    assert caught.value.maybe_delivered


async def test_a_slack_that_is_not_there_was_surely_not_reached(slack: FakeSlack) -> None:
    async with aiohttp.ClientSession() as session:
        client = outgoing.client(slack.token, "http://127.0.0.1:9/api/", session)
        messenger = SlackMessenger(client, f"slack:{slack.team}", slack.url, 1.1)
        with pytest.raises(DeliveryError) as caught:
            await messenger.say(delivery(slack, "C1"))
    assert not caught.value.maybe_delivered
    assert not caught.value.permanent


@pytest.mark.parametrize(("header", "seconds"), [(7, 7.0), (None, 30.0)])
async def test_429_says_how_long_to_wait(
    slack: FakeSlack, messenger: SlackMessenger, header: int | None, seconds: float
) -> None:
    channel = slack.channel("support")
    slack.fail_next("chat.postMessage", status=429, retry_after=header)
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(delivery(slack, channel.id))
    failure = caught.value
    assert (failure.retry_after, failure.maybe_delivered, failure.permanent) == (seconds, False, False)


async def test_the_fakes_own_pace_is_a_429_too(slack: FakeSlack, messenger: SlackMessenger) -> None:
    slack.one_a_second = True
    channel = slack.channel("support")
    await messenger.say(delivery(slack, channel.id))
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(delivery(slack, channel.id, key="second"))
    assert (caught.value.retry_after, slack.too_fast) == (1.0, 1)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_slacks_own_trouble_is_unsure(
    slack: FakeSlack, messenger: SlackMessenger, status: int
) -> None:
    channel = slack.channel("support")
    slack.fail_next("chat.postMessage", status=status)
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(delivery(slack, channel.id))
    assert (caught.value.maybe_delivered, caught.value.permanent) == (True, False)


@pytest.mark.parametrize(
    ("code", "permanent", "unsure", "words"),
    [
        ("is_archived", True, False, "archived"),
        ("not_in_channel", True, False, "/invite @Amends"),
        ("channel_not_found", True, False, "/invite @Amends"),
        ("restricted_action", True, False, "rules"),
        ("messages_tab_disabled", True, False, "messages tab"),
        ("token_revoked", False, False, "install me"),
        ("account_inactive", False, False, "install me"),
        ("invalid_auth", False, False, "install me"),
        ("msg_too_long", True, False, "too long"),
        ("cannot_reply_to_message", True, False, "no thread"),
        ("user_not_found", True, False, "left"),
        ("internal_error", False, True, "trouble"),
        ("fatal_error", False, True, "trouble"),
        ("service_unavailable", False, True, "trouble"),
        ("never_heard_of_it", False, False, "never_heard_of_it"),
    ],
)
async def test_every_code_says_whether_a_repeat_can_help(
    slack: FakeSlack, messenger: SlackMessenger, code: str, permanent: bool, unsure: bool, words: str
) -> None:
    channel = slack.channel("support")
    slack.fail_next("chat.postMessage", error=code)
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(delivery(slack, channel.id))
    assert (caught.value.permanent, caught.value.maybe_delivered) == (permanent, unsure)
    assert words in caught.value.reason
    assert caught.value.reason.endswith(".")


async def test_the_ratelimited_code_without_a_429_waits(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    slack.fail_next("chat.postMessage", error="rate_limited")
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(delivery(slack, channel.id))
    assert caught.value.retry_after == 30.0


async def test_a_missing_scope_is_named(slack: FakeSlack, messenger: SlackMessenger) -> None:
    channel = slack.channel("support")
    slack.scopes.discard("chat:write")
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(delivery(slack, channel.id))
    assert caught.value.permanent
    assert "chat:write" in caught.value.reason


@pytest.mark.parametrize("private", [True, False])
async def test_a_channel_without_us_says_how_to_invite_us(
    slack: FakeSlack, messenger: SlackMessenger, private: bool
) -> None:
    channel = slack.channel("support", private=private, with_bot=False)
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(delivery(slack, channel.id))
    assert caught.value.reason == (
        "I'm not in that channel yet. Type /invite @Amends there, and I'll post it."
    )


async def test_a_message_that_was_deleted_cannot_be_edited(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    message_ref = await messenger.say(delivery(slack, channel.id))
    del channel.messages[message_ref.message]
    with pytest.raises(DeliveryError) as caught:
        await messenger.edit(delivery(slack, channel.id), message_ref)
    assert caught.value.permanent


async def test_what_was_said_is_deleted_and_again_is_no_failure(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    message_ref = await messenger.say(delivery(slack, channel.id))
    await messenger.delete(delivery(slack, channel.id), message_ref)
    assert channel.messages == {}
    await messenger.delete(delivery(slack, channel.id), message_ref)
    assert slack.calls["chat.delete"] == 2


@pytest.mark.parametrize(
    "code", ["cant_delete_message", "compliance_exports_prevent_deletion", "missing_scope"]
)
async def test_a_message_that_may_not_be_deleted_is_for_good(
    slack: FakeSlack, messenger: SlackMessenger, code: str
) -> None:
    channel = slack.channel("support")
    message_ref = await messenger.say(delivery(slack, channel.id))
    slack.fail_next("chat.delete", error=code)
    with pytest.raises(DeliveryError) as caught:
        await messenger.delete(delivery(slack, channel.id), message_ref)
    assert caught.value.permanent
    assert list(channel.messages) == [message_ref.message]


async def test_nothing_is_said_for_another_workspace(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    channel = slack.channel("support")
    other = delivery(slack, channel.id).model_copy(update={"workspace": "slack:T0OTHER"})
    with pytest.raises(DeliveryError) as caught:
        await messenger.say(other)
    assert caught.value.permanent
    assert slack.calls["chat.postMessage"] == 0


async def test_messages_need_exactly_the_scopes_of_the_manifest(
    slack: FakeSlack, messenger: SlackMessenger
) -> None:
    ana = slack.person("Ana")
    private = slack.channel("desk", private=True)
    for channel_id in (ana.id, private.id, slack.channel("support").id):
        message_ref = await messenger.say(delivery(slack, channel_id))
        assert await messenger.find(delivery(slack, channel_id), now()) == message_ref


async def test_a_look_up_that_slack_puts_off_holds_up_nothing_and_goes_on_where_it_was(
    slack: FakeSlack,
) -> None:
    clock = [0.0]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1.0)) as session:
        client = outgoing.client(slack.token, slack.api_url, session)
        look_ups = LookUps(clock=lambda: clock[0])
        messenger = SlackMessenger(client, f"slack:{slack.team}", slack.url, 1.1, look_ups)
        channel, began = slack.channel("support"), now()
        message_ref = await messenger.say(delivery(slack, channel.id))
        for number in range(20):
            await messenger.say(delivery(slack, channel.id, key=f"retro:{number + 10}"))
        slack.page = 15  # what Slack shows to apps from outside its Marketplace
        slack.fail_next("conversations.history", status=429, retry_after=60)
        calls = slack.calls["conversations.history"]
        with pytest.raises(DeliveryError) as put_off:
            await messenger.find(delivery(slack, channel.id), began)
        fault = put_off.value
        assert (fault.retry_after, fault.outage, fault.maybe_delivered) == (None, True, True)
        with pytest.raises(DeliveryError):
            await messenger.find(delivery(slack, channel.id), began)
        assert slack.calls["conversations.history"] == calls + 1, "Slack is not asked meanwhile"
        await messenger.say(delivery(slack, channel.id, key="retro:99"))
        clock[0] += 60.0
        assert await messenger.find(delivery(slack, channel.id), began) == message_ref


async def test_a_long_look_up_goes_on_where_a_wait_ended_it(slack: FakeSlack) -> None:
    clock = [0.0]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1.0)) as session:
        client = outgoing.client(slack.token, slack.api_url, session)
        look_ups = LookUps(1, clock=lambda: clock[0])
        messenger = SlackMessenger(client, f"slack:{slack.team}", slack.url, 1.1, look_ups)
        channel, began = slack.channel("support"), now()
        message_ref = await messenger.say(delivery(slack, channel.id))
        for number in range(3):
            await messenger.say(delivery(slack, channel.id, key=f"retro:{number + 10}"))
        slack.page = 2
        with pytest.raises(DeliveryError):
            await messenger.find(delivery(slack, channel.id), began)
        clock[0] += 60.0
        assert await messenger.find(delivery(slack, channel.id), began) == message_ref
    assert slack.calls["conversations.history"] == 2
