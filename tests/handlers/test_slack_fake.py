"""The fake Slack itself: it must refuse what Slack refuses, or the journeys prove nothing."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests import fake_slack_limits as limits
from tests.fakes import Ack, FakeSlack

TEXT = {"type": "plain_text", "text": "x"}
BUTTON = {"type": "button", "action_id": "a", "text": TEXT}
INPUT = {"type": "input", "label": TEXT, "element": {"type": "plain_text_input", "action_id": "a"}}


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


async def call(slack: FakeSlack, method: str, token: str | None = None, **args: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {slack.token if token is None else token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(slack.api_url + method, json=args, headers=headers) as answer,
    ):
        return dict(await answer.json())


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}],
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}],
        [{"type": "section", "fields": [TEXT] * 11}],
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        [{"type": "actions", "elements": [BUTTON, BUTTON]}],
        [{"type": "actions", "elements": [{**BUTTON, "value": "x" * 2_001}]}],
        [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}],
        [{"type": "divider", "colour": "red"}],
        [{"type": "divider"}] * 51,
        [INPUT],
        [{"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": []}] * 0}],
        [{"type": "marquee"}],
        ["text"],
    ],
)
def test_wrong_blocks_are_refused(blocks: list[Any]) -> None:
    assert limits.message_problems(blocks)


@pytest.mark.parametrize(
    "change",
    [
        {"submit": None},
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"private_metadata": "x" * 3_001},
        {"blocks": [INPUT] * 101},
        {"type": "window"},
        {"blocks": [{**INPUT, "element": {**INPUT["element"], "max_length": 3_001}}]},  # type: ignore[dict-item]  # a literal of mixed values
        {"blocks": [{**INPUT, "element": {"type": "static_select", "action_id": "a", "options": []}}]},
    ],
)
def test_wrong_views_are_refused(change: dict[str, Any]) -> None:
    view = {"type": "modal", "title": TEXT, "submit": TEXT, "blocks": [INPUT]}
    assert limits.view_problems(view) == []
    changed = {key: value for key, value in {**view, **change}.items() if value is not None}
    assert limits.view_problems(changed)


async def test_calls_are_refused_with_slacks_own_codes(slack: FakeSlack) -> None:
    ana, gone = slack.person("Ana"), slack.person("Gone")
    gone.deleted = True
    open_channel = slack.channel("support", [ana])
    archived = slack.channel("old")
    archived.archived = True
    outside = slack.channel("outside", with_bot=False)
    hidden = slack.channel("hidden", with_bot=False, private=True)
    here = {"channel": open_channel.id, "text": "x"}
    root = await call(slack, "chat.postMessage", **here)
    reply = await call(slack, "chat.postMessage", **here, thread_ts=root["ts"])
    posted = await ana.says("mine", outside)
    for expected, method, args in (
        ("unknown_method", "chat.shout", {}),
        ("invalid_auth", "auth.test", {"token": "xoxb-wrong"}),
        ("channel_not_found", "chat.postMessage", {**here, "channel": "C404"}),
        ("not_in_channel", "chat.postMessage", {**here, "channel": outside.id}),
        ("is_archived", "chat.postMessage", {**here, "channel": archived.id}),
        ("user_disabled", "chat.postMessage", {**here, "channel": gone.id}),
        ("no_text", "chat.postMessage", {"channel": open_channel.id}),
        ("msg_too_long", "chat.postMessage", {**here, "text": "x" * 40_001}),
        ("invalid_blocks", "chat.postMessage", {**here, "blocks": [{"type": "marquee"}]}),
        ("thread_not_found", "chat.postMessage", {**here, "thread_ts": "1.1"}),
        ("cannot_reply_to_message", "chat.postMessage", {**here, "thread_ts": reply["ts"]}),
        ("message_not_found", "chat.update", {**here, "ts": "1.1"}),
        ("msg_too_long", "chat.update", {**here, "ts": root["ts"], "text": "x" * 4_001}),
        ("message_not_found", "chat.delete", {**here, "ts": "1.1"}),
        ("cant_delete_message", "chat.delete", {"channel": outside.id, "ts": posted.ts}),
        ("channel_not_found", "chat.delete", {"channel": "C404", "ts": root["ts"]}),
        ("user_not_in_channel", "chat.postEphemeral", {**here, "user": gone.id}),
        ("thread_not_found", "conversations.replies", {"channel": open_channel.id, "ts": posted.ts}),
        ("user_not_found", "users.info", {"user": "U404"}),
        ("channel_not_found", "conversations.members", {"channel": hidden.id}),
        ("invalid_limit", "conversations.members", {"channel": outside.id, "limit": 1000}),
        ("invalid_limit", "conversations.members", {"channel": outside.id, "limit": "many"}),
        ("invalid_cursor", "conversations.members", {"channel": outside.id, "cursor": "U404"}),
        ("invalid_trigger_id", "views.open", {"trigger_id": "x", "view": reading()}),
        ("invalid_arguments", "views.open", {"trigger_id": "x", "view": {"type": "modal"}}),
    ):
        assert (await call(slack, method, **args))["error"] == expected


def reading() -> dict[str, Any]:
    return {"type": "modal", "title": TEXT, "blocks": [{"type": "divider"}]}


async def test_a_trigger_opens_one_dialog_within_three_seconds(slack: FakeSlack) -> None:
    ana = slack.person("Ana")
    trigger, late = slack.trigger(ana.id), slack.trigger(ana.id)
    slack.late(late)
    assert (await call(slack, "views.open", trigger_id=trigger, view=reading()))["ok"]
    again = await call(slack, "views.open", trigger_id=trigger, view=reading())
    assert again["error"] == "exchanged_trigger_id"
    after = await call(slack, "views.open", trigger_id=late, view=reading())
    assert after["error"] == "expired_trigger_id"


async def test_metadata_is_only_told_when_asked_for(slack: FakeSlack) -> None:
    channel = slack.channel("support")
    metadata = {"event_type": "amends_message", "event_payload": {"key": "retro:7"}}
    await call(slack, "chat.postMessage", channel=channel.id, text="x", metadata=metadata)
    for asked, told in ((True, metadata), (False, {"event_type": "amends_message"})):
        page = await call(slack, "conversations.history", channel=channel.id, include_all_metadata=asked)
        assert page["messages"][0]["metadata"] == told


async def test_it_runs_alone_and_shows_what_was_said() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            api_url = (await process.stdout.readline()).decode().strip()
        async with aiohttp.ClientSession(headers={"Authorization": "Bearer xoxb-fake"}) as session:
            said = {"channel": "C00000001", "text": "Hello."}
            async with session.post(f"{api_url}chat.postMessage", json=said) as answer:
                assert (await answer.json())["ok"]
            async with session.get(api_url.replace("/api/", "/control/state")) as answer:
                state = json.loads(await answer.text())
        assert [message["text"] for message in state["channels"]["C00000001"]["messages"]] == ["Hello."]
    finally:
        process.kill()
        await process.wait()


async def test_members_are_told_page_by_page(slack: FakeSlack) -> None:
    people = [slack.person(f"P{number}") for number in range(5)]
    channel = slack.channel("support", people, with_bot=False)
    slack.page = 2
    told, cursor = [], ""
    for size in (2, 2, 1):
        page = await call(slack, "conversations.members", channel=channel.id, cursor=cursor)
        assert len(page["members"]) == size
        told += page["members"]
        cursor = page["response_metadata"]["next_cursor"]
    assert (told, cursor) == (sorted(person.id for person in people), "")


async def test_how_many_are_in_a_channel_is_only_told_when_asked_for(slack: FakeSlack) -> None:
    channel = slack.channel("support", [slack.person("Ana")])
    for asked, told in (("true", 2), ("false", None)):
        answer = await call(slack, "conversations.info", channel=channel.id, include_num_members=asked)
        assert answer["channel"].get("num_members") == told


async def test_people_only_act_where_slack_shows_them_a_channel(slack: FakeSlack) -> None:
    ana, gus = slack.person("Ana"), slack.person("Gus", guest=True)
    eve = slack.person("Eve", team="T0PARTNER")
    plaza, den = slack.channel("plaza"), slack.channel("den", private=True)
    assert [person.sees(plaza) for person in (ana, gus, eve)] == [True, False, False]
    for person in (ana, gus, eve):
        assert not person.sees(den)
        den.members.add(person.id)
        assert person.sees(den)
    with pytest.raises(AssertionError, match="no such channel"):
        await gus.command("mine", plaza)


async def test_what_the_manifest_does_not_ask_for_is_not_told(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def hear(event: dict[str, Any], **_: object) -> Ack:
        told.append(event.get("subtype") or event["type"])
        return Ack(200, {}, 0.0)

    monkeypatch.setattr(slack, "event", hear)
    ana = slack.person("Ana")
    plaza, den = slack.channel("plaza", with_bot=False), slack.channel("den", private=True)
    unseen = slack.channel("unseen", private=True, with_bot=False)
    for channel in (plaza, den, unseen):
        await slack.joins(ana, channel)
        await slack.leaves(ana, channel)
        await slack.archives(channel)
        await slack.archives(channel, archived=False)
        await slack.shares(channel)
        await slack.shares(channel, shared=False)
    everything = ["member_joined_channel", "member_left_channel", "group_archive", "group_unarchive"]
    public = ["channel_archive", "channel_unarchive", "channel_shared", "channel_unshared"]
    assert told == [*public, *everything, "channel_shared", "channel_unshared"]
    told.clear()
    slack.subscribed -= {"member_joined_channel", "group_left"}
    await slack.joins(ana, den)
    await slack.converts(den, private=False)
    await slack.converts(den, private=True)
    await slack.removes_bot(den)
    await slack.converts(den, private=False)
    await slack.deletes(den)
    convert = "channel_convert_to_"
    assert told == [f"{convert}public", f"{convert}private", "channel_deleted"]


async def test_on_grid_a_person_is_told_with_their_organisation() -> None:
    async with FakeSlack(enterprise="E0FAKE") as slack:
        sue = slack.person("Sue", workspaces=["T0SISTER"])
        assert (await call(slack, "auth.test"))["enterprise_id"] == "E0FAKE"
        told = (await call(slack, "users.info", user=sue.id))["user"]
        assert told["enterprise_user"]["teams"] == ["T0SISTER"]
        assert told["is_stranger"]
        slack.channel("support", [sue])
        assert "is_stranger" not in (await call(slack, "users.info", user=sue.id))["user"]
