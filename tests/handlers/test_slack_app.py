"""The Slack adapter over the wire: signed HTTP, Socket Mode, and all that can go wrong with them."""

import json
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.command import Reply, Request
from bot.messages.parts import Button, Buttons, Form, FormField, Message, Paragraph, Quote, sentence
from bot.ports import DeliveryError
from bot.settings import Misconfigured
from handlers.slack.app import MAX_BYTES, SlackAdapter
from handlers.slack.outgoing import is_slacks
from tests.examples import FIGURES
from tests.fake_slack_limits import is_new
from tests.fakes import FakeSlack, FormErrors, NotFilledIn, Posted, SlackChannel
from tests.handlers.slack_adapter import Script, delivery, serving, settings_for

FORM = Form(
    command_name="case.fail",
    title="Mark a case failed",
    submit="Open the retro",
    about="C-7",
    channel_id="C00000001",
    hidden={"link": "x"},
    fields=(
        FormField(name="what_happened", label="What happened", kind="text", needed=True),
        FormField(name="owner", label="Owner", kind="person"),
        FormField(name="unnamed", label="Post without my name", kind="tick"),
    ),
)
WORDS = sentence("Are you sure?").parts
BUTTONS = Message(
    summary="A retro",
    parts=(
        Buttons(
            buttons=(
                Button(label="Answer", command_name="retro.answer", about="C-7", opens=True),
                Button(label="Take it", command_name="action_item.take", about="AI-1"),
                Button(label="From the past", command_name="old.verb", about="AI-1"),
            )
        ),
    ),
)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def bot() -> Script:
    return Script()


@pytest.fixture
async def adapter(slack: FakeSlack, bot: Script) -> AsyncIterator[SlackAdapter]:
    async with serving(slack, bot) as adapter:
        yield adapter


async def say_buttons(slack: FakeSlack, adapter: SlackAdapter, channel_id: str) -> Any:
    message_ref = await adapter.messenger.say(delivery(slack, channel_id, BUTTONS))
    return slack.channels[message_ref.channel_id].messages[message_ref.message]


async def test_a_command_is_answered_to_its_person_alone(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana Ruiz", tz="Europe/Madrid")
    channel = slack.channel("support", [ana])
    bot.replies["case.fail"] = Reply(message=sentence("The retro C-7 is open <!channel>."))
    answer = await ana.command("failed ZD-1 It <broke> & how", channel)
    assert answer is not None
    assert answer.words() == "The retro C-7 is open &lt;!channel&gt;."
    (request,) = bot.asked
    assert (request.typed, request.workspace) == ("ZD-1 It <broke> & how", f"slack:{slack.team}")
    assert (request.person.name, request.person.zone) == ("Ana Ruiz", "Europe/Madrid")
    assert channel.roots() == []


async def test_a_command_that_needs_a_form_opens_it_without_asking_who_it_is(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    bot.replies["case.fail"] = Reply(form=FORM)
    view = await ana.opens("failed", channel)
    assert view.title == "Mark a case failed"
    assert slack.calls["users.info"] == 0


async def test_a_submission_brings_its_fields_its_channel_and_fresh_people(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana, bo = slack.person("Ana"), slack.person("Bo")
    channel = slack.channel("support", [ana, bo])
    bot.replies["case.fail"] = lambda request: Reply(form=FORM if request.values is None else None)
    view = await ana.opens("failed", channel)
    bo.deleted = True
    fields = {"What happened": "It broke", "Owner": bo, "Post without my name": True}
    assert await ana.submit(view, fields) is None
    request = bot.asked[-1]
    assert request.values == {
        "link": "x",
        "what_happened": "It broke",
        "owner": bo.id,
        "unnamed": "yes",
    }
    assert (request.about, request.channel and request.channel.name) == ("C-7", "support")
    assert [(person.name, person.gone) for person in request.people] == [("Bo", True)]


async def test_slack_itself_asks_for_what_is_needed(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    bot.replies["case.fail"] = Reply(form=FORM)
    view = await ana.shortcut("case.fail")
    with pytest.raises(NotFilledIn):
        await ana.submit(view)
    assert [request.values for request in bot.asked] == [None]


async def test_faults_stay_in_the_form_with_what_was_typed(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    bot.replies["case.fail"] = Reply(form=FORM)
    view = await ana.shortcut("case.fail")
    bot.replies["case.fail"] = Reply(faults={"owner": "Bo has left.", "": "Try again."}, saved=False)
    with pytest.raises(FormErrors) as caught:
        await ana.submit(view, {"What happened": "It broke"})
    assert caught.value.sentences == {"Owner": "Bo has left.", "What happened": "Try again."}
    assert view.open


async def test_a_message_after_a_submission_replaces_the_form(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    bot.replies["case.fail"] = Reply(form=FORM)
    view = await ana.shortcut("case.fail")
    bot.replies["case.fail"] = Reply(message=sentence("ZD-1 has a retro already: C-3."))
    updated = await ana.submit(view, {"What happened": "It broke"})
    assert updated is not None
    assert updated.words().splitlines()[-1] == "ZD-1 has a retro already: C-3."
    assert "submit" not in updated.view


async def test_a_fault_without_a_field_to_stand_under_is_shown_instead(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    bot.replies["case.fail"] = Reply(form=FORM.model_copy(update={"fields": (), "parts": WORDS}))
    view = await ana.shortcut("case.fail")
    bot.replies["case.fail"] = Reply(faults={"": "C-7 was closed meanwhile."})
    shown = await ana.submit(view)
    assert shown is not None
    assert shown.words().splitlines()[-1] == "C-7 was closed meanwhile."


async def test_a_button_opens_its_form(slack: FakeSlack, bot: Script, adapter: SlackAdapter) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    message = await say_buttons(slack, adapter, channel.id)
    bot.replies["retro.answer"] = Reply(form=FORM)
    view = await ana.press(message, "Answer")
    assert view.labels() == ["What happened", "Owner", "Post without my name"]
    assert bot.asked[-1].about == "C-7"


async def test_a_click_is_acknowledged_while_slacks_api_is_slow(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    message = await say_buttons(slack, adapter, channel.id)
    slack.latency = {"users.info": 30, "chat.postEphemeral": 0.5}
    bot.replies["action_item.take"] = Reply(message=sentence("AI-1 is yours."))
    ack = await ana.click(message, "Take it")
    assert ack.seconds < 2.0
    assert ana.whispers == []
    await slack.until(lambda: ana.whispers)
    assert bot.asked[-1].person.name == "ana"


async def test_a_note_in_a_thread_is_whispered_there(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    message = await say_buttons(slack, adapter, channel.id)
    message.thread_ts = message.ts
    bot.replies["action_item.take"] = Reply(message=sentence("AI-1 is yours."))
    await ana.click(message, "Take it")
    (send_ephemeral,) = await slack.until(lambda: ana.whispers)
    assert (send_ephemeral.channel_id, send_ephemeral.thread_ts) == (channel.id, message.ts)


@pytest.mark.parametrize("failing", [1, 2])
async def test_a_note_finds_another_way_when_slack_refuses_the_first(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, failing: int
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    message = await say_buttons(slack, adapter, channel.id)
    slack.fail_next("chat.postEphemeral", error="user_not_in_channel")
    if failing == 2:
        slack.fail_next("response_url", status=500)
    bot.replies["action_item.take"] = Reply(message=sentence("AI-1 is yours."))
    await ana.click(message, "Take it")
    if failing == 1:
        (send_ephemeral,) = await slack.until(lambda: ana.whispers)
        assert (send_ephemeral.channel_id, send_ephemeral.words()) == (None, "AI-1 is yours.")
    else:
        (direct,) = await slack.until(ana.direct.roots)
        assert direct.words() == "AI-1 is yours."


@pytest.mark.parametrize("taken", [True, False])
async def test_figures_answer_a_command_after_its_acknowledgement_until_slack_is_known_to_refuse_them(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, taken: bool
) -> None:
    slack.takes_new_blocks = taken
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    bot.replies["board.status"] = Reply(message=FIGURES)
    assert await ana.command("status", channel) is None
    (answer,) = await slack.until(lambda: ana.whispers)
    assert (answer.channel_id, is_new(answer.blocks)) == (channel.id, taken)
    assert "Recovered" in answer.words()
    again = await ana.command("status", channel)
    assert (again is None) == taken
    await slack.until(lambda: len(ana.whispers) == 2)
    assert slack.calls["chat.postEphemeral"] == 2


async def test_figures_that_slack_refuses_at_a_response_url_come_there_as_lines(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    slack.takes_new_blocks = False
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    slack.fail_next("chat.postEphemeral", error="user_not_in_channel")
    bot.replies["board.status"] = Reply(message=FIGURES)
    await ana.command("status", channel)
    (answer,) = await slack.until(lambda: ana.whispers)
    assert (answer.channel_id, is_new(answer.blocks)) == (None, False)
    assert slack.calls["chat.postMessage"] == 0


async def test_figures_asked_for_in_direct_messages_are_answered_there_in_lines_where_refused(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    slack.takes_new_blocks = False
    ana = slack.person("Ana")
    bot.replies["action_item.mine"] = Reply(message=FIGURES)
    await ana.says("mine", ana.direct)
    answer = await slack.until(lambda: next((m for m in ana.direct.roots() if m.bot), None))
    assert not is_new(answer.blocks)
    assert "Recovered: 4" in answer.words()


async def test_a_trigger_that_expired_ends_in_a_sentence(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    message = await say_buttons(slack, adapter, channel.id)
    bot.replies["retro.answer"] = Reply(form=FORM)
    trigger = slack.trigger(ana.id)
    slack.late(trigger)
    await ana.click(message, "Answer", trigger=trigger)
    (send_ephemeral,) = await slack.until(lambda: ana.whispers)
    assert (
        send_ephemeral.words()
        == "Slack did not open the form in time. Please press or type that once more."
    )


async def test_somebody_from_another_workspace_reaches_nobody(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    eve = slack.person("Eve")
    channel = slack.channel("support", [eve])
    message = await say_buttons(slack, adapter, channel.id)
    eve.team = "T0OTHER"
    await eve.click(message, "Take it")
    (send_ephemeral,) = await slack.until(lambda: eve.whispers)
    assert send_ephemeral.words() == "This belongs to another workspace; ask somebody there."
    answer = await eve.command("mine", channel)
    assert answer is not None
    assert answer.words() == "This belongs to another workspace; ask somebody there."
    assert bot.asked == []


async def test_an_unknown_button_is_told_and_logged_by_its_id_only(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    message = await say_buttons(slack, adapter, channel.id)
    await ana.click(message, "From the past")
    (send_ephemeral,) = await slack.until(lambda: ana.whispers)
    assert "another version of me" in send_ephemeral.words()
    assert bot.asked == []
    assert "command='old.verb' is unknown" in caplog.text


async def test_a_message_shortcut_brings_the_message(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana, bo = slack.person("Ana"), slack.person("Bo")
    channel = slack.channel("desk", [ana, bo], private=True)
    message = await bo.says("It broke & <b>", channel)
    bot.replies["case.fail_message"] = Reply(form=FORM)
    await ana.shortcut("case.fail_message", message)
    source = bot.asked[-1].source
    assert source is not None
    assert (source.text, source.thread) == ("It broke & <b>", message.ts)


async def test_an_unknown_shortcut_is_told(slack: FakeSlack, bot: Script, adapter: SlackAdapter) -> None:
    ana = slack.person("Ana")
    await ana.choose("old.shortcut", slack.trigger(ana.id))
    (direct,) = await slack.until(ana.direct.roots)
    assert "another version of me" in direct.words()


async def test_a_button_in_a_dialog_opens_another_on_top(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    reading = Form(
        command_name="case.read", title="C-7", parts=(Quote(text="all of it"), *BUTTONS.parts)
    )
    bot.replies["case.fail"] = Reply(form=reading)
    view = await ana.shortcut("case.fail")
    bot.replies["retro.answer"] = Reply(form=FORM)
    assert (await ana.press(view, "Answer")).depth == 2
    bot.replies["action_item.take"] = Reply(message=sentence("AI-1 is yours."))
    assert "AI-1 is yours." in (await ana.press(view, "Take it")).words()


async def test_the_home_is_published_and_kept_current(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    bot.replies["team.home"] = Reply(message=BUTTONS)
    home = await ana.opens_home()
    assert list(home.buttons()) == ["Answer", "Take it", "From the past"]
    bot.replies["team.home"] = Reply(message=sentence("Nothing is left."))
    await ana.click(home, "Take it")
    await slack.until(lambda: ana.home and ana.home.words() == "Nothing is left.")


async def test_the_home_is_published_again_only_when_something_that_it_shows_changed(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    bot.replies["team.home"] = Reply(message=BUTTONS)
    await ana.looks_at_home()
    home = await slack.until(lambda: ana.home)
    for _ in range(3):
        await ana.looks_at_home()
        await ana.click(home, "Take it")
    bot.replies["team.home"] = Reply(message=sentence("Nothing is left."))
    await ana.looks_at_home()
    await slack.until(lambda: ana.home and ana.home.words() == "Nothing is left.")
    # Another program, or another machine, may have published what stands there now.
    slack.homes[ana.id].view.pop("private_metadata")
    await ana.opens_home()
    await adapter.close()
    assert slack.calls["views.publish"] == 3


async def test_what_is_typed_to_the_bot_directly_is_answered_there(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    bot.replies["action_item.mine"] = Reply(message=sentence("You have nothing to do."))
    await ana.says("mine", ana.direct)
    answer = await slack.until(lambda: next((m for m in ana.direct.roots() if m.bot), None))
    assert answer.words() == "You have nothing to do."


async def test_a_form_asked_for_in_a_message_is_one_press_away(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    bot.replies["case.fail"] = Reply(form=FORM)
    await ana.says("failed", ana.direct)
    answer = await slack.until(lambda: next((m for m in ana.direct.roots() if m.bot), None))
    assert (await ana.press(answer, "Mark a case failed")).title == "Mark a case failed"


async def test_thread_replies_reach_the_bot_and_chatter_does_not(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    root = await ana.says("good morning", channel)
    reply = await ana.says("I wonder", channel, root)
    await ana.edits(reply, "I know")
    await ana.deletes(reply)
    assert [(r.command_name, r.about, r.values) for r in bot.asked] == [
        ("retro.discuss", root.ts, {"text": "I wonder", "id": reply.ts}),
        ("retro.discuss", root.ts, {"text": "I know", "id": reply.ts}),
        ("retro.undiscuss", root.ts, {"id": reply.ts}),
    ]
    assert {r.channel and r.channel.name for r in bot.asked} == {"support"}


async def test_an_event_that_could_not_be_saved_is_asked_for_again(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    bot.replies["team.joined"] = Reply(saved=False)
    assert (await slack.invite_bot(channel, by=ana)).status == 500
    bot.replies["team.joined"] = Reply()
    assert (await slack.invite_bot(channel, by=ana)).status == 200


async def test_a_repeated_event_has_the_same_key(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    joined = {"type": "member_joined_channel", "user": slack.bot, "channel": "C9", "inviter": ana.id}
    for retry in range(4):
        assert (await slack.event(joined, event_id="Ev77", retry=retry)).status == 200
    assert [request.key for request in bot.asked] == ["event:Ev77"] * 4


async def test_events_that_nobody_asked_for_are_acknowledged(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    assert (await slack.event({"type": "team_join", "user": {"id": "U9"}})).status == 200
    assert (await slack.event({"type": "message", "subtype": "channel_topic"})).status == 200
    assert bot.asked == []


async def test_a_person_who_moved_is_known_by_the_event(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana", tz="Europe/Madrid")
    channel = slack.channel("support", [ana])
    await ana.command("mine", channel)
    ana.tz = "Asia/Tokyo"
    await slack.event({"type": "user_change", "user": ana.shown()})
    await ana.command("mine", channel)
    told = [(request.command_name, request.person.zone) for request in bot.asked]
    assert told == [
        ("action_item.mine", "Europe/Madrid"),
        ("team.person_changed", "Asia/Tokyo"),
        ("action_item.mine", "Asia/Tokyo"),
    ]
    assert slack.calls["users.info"] == 1


async def test_a_bot_that_breaks_ends_in_a_sentence_and_a_log_line_without_words(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(request: Request) -> Reply:
        raise RuntimeError(request.typed)

    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    bot.replies["action_item.mine"] = breaks
    answer = await ana.command("mine secret words", channel)
    assert answer is not None
    assert answer.words().startswith("Something went wrong on my side, and nothing was changed.")
    assert "RuntimeError" in caplog.text
    assert "secret words" not in caplog.text


async def test_a_bot_that_breaks_leaves_the_form_open(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    def breaks(request: Request) -> Reply:
        raise RuntimeError

    ana = slack.person("Ana")
    bot.replies["case.fail"] = Reply(form=FORM)
    view = await ana.shortcut("case.fail")
    bot.replies["case.fail"] = breaks
    with pytest.raises(FormErrors) as caught:
        await ana.submit(view, {"What happened": "It broke"})
    assert list(caught.value.sentences) == ["What happened"]


EVENT = json.dumps({"type": "event_callback", "team_id": "T0FAKE", "event_id": "E", "event": {}})


@pytest.mark.parametrize("age", [-360, 301, 86_400])
async def test_a_stale_request_is_401(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, age: int
) -> None:
    headers = slack.sign(EVENT, str(int(time.time()) - age))
    assert (await slack.post(EVENT, headers)).status == 401


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e9", "١٢٣", "9" * 5_000])
async def test_a_timestamp_that_is_no_number_is_401(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, stamp: str
) -> None:
    signed = slack.sign(EVENT)
    headers = {"X-Slack-Signature": signed["X-Slack-Signature"]}
    headers |= {"X-Slack-Request-Timestamp": stamp} if stamp else {}
    assert (await slack.post(EVENT, headers)).status == 401


async def test_a_forged_request_is_401_whatever_it_says(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    signed = slack.sign(EVENT)
    for body, headers in (
        (EVENT + " ", signed),
        ("{", signed),
        ("ssl_check=1", {}),
        (EVENT, {**signed, "X-Slack-Signature": "v0=" + "0" * 64}),
        (EVENT, {**signed, "X-Slack-Signature": "v0=ü"}),
        (b"\xff\xfe", signed),
        (EVENT, {}),
    ):
        assert (await slack.post(body, headers)).status == 401
    assert bot.asked == []


CLICK = {"type": "block_actions", "actions": [{"action_id": "x"}]}


def interaction(payload: object) -> str:
    return urlencode({"payload": json.dumps(payload)})


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[1, 2]",
        "{" * 10_000,
        "payload=%7B",
        interaction([1]),
        interaction(
            {"type": "block_actions", "actions": [{"action_id": "x"}], "team": {"id": "T0FAKE"}}
        ),
        interaction({"type": "block_actions", "actions": [{"action_id": "x"}], "user": "U1"}),
        interaction({"type": "view_submission", "view": {"callback_id": "case.fail", "id": 7}}),
        "command=%2Famends&text=mine&team_id=T0FAKE",
        json.dumps(
            {"type": "event_callback", "team_id": "T0FAKE", "event": {"type": "message", "ts": 7}}
        ),
    ],
)
async def test_a_malformed_request_is_400_and_nothing_happens(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, body: str
) -> None:
    kind = "application/json" if body[0] in "{[" else "application/x-www-form-urlencoded"
    ack = await slack.post(body, {"Content-Type": kind, **slack.sign(body)})
    assert ack.status == 400
    assert bot.asked == []


async def test_an_oversized_request_is_413(slack: FakeSlack, bot: Script, adapter: SlackAdapter) -> None:
    body = "x" * (MAX_BYTES + 1)
    assert (await slack.post(body, slack.sign(body))).status == 413


async def test_slacks_challenge_is_answered(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"})
    ack = await slack.post(body, {"Content-Type": "application/json", **slack.sign(body)})
    assert (ack.status, ack.body) == (200, {"challenge": "abc"})


async def test_without_a_signing_secret_nothing_is_accepted_over_http(
    slack: FakeSlack, bot: Script
) -> None:
    async with serving(slack, bot, socket=True):
        slack.secret = ""
        assert (await slack.post(EVENT, slack.sign(EVENT))).status == 401


async def test_a_wrong_token_is_one_sentence_at_the_start(slack: FakeSlack, bot: Script) -> None:
    slack.token = "xoxb-another"
    settings = settings_for(slack, slack_bot_token="xoxb-wrong")
    with pytest.raises(Misconfigured) as caught:
        await SlackAdapter.open(settings, bot)
    assert str(caught.value) == "SLACK_BOT_TOKEN is not accepted by Slack (invalid_auth)."


async def test_a_slack_that_cannot_be_reached_is_one_sentence(slack: FakeSlack, bot: Script) -> None:
    settings = settings_for(slack, slack_api_url="http://127.0.0.1:9/api/")
    with pytest.raises(Misconfigured) as caught:
        await SlackAdapter.open(settings, bot)
    assert str(caught.value) == (
        "Slack cannot be reached at 127.0.0.1: check the network, or SLACK_API_URL."
    )


async def test_everything_works_by_socket_mode_too(slack: FakeSlack, bot: Script) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    adapter = await SlackAdapter.open(settings_for(slack, socket=True), bot)
    try:
        await adapter.start_socket_mode()
        bot.replies["action_item.mine"] = Reply(message=sentence("Nothing to do."))
        answer = await ana.command("mine", channel)
        assert answer is not None
        assert answer.words() == "Nothing to do."
        bot.replies["case.fail"] = Reply(form=FORM)
        view = await ana.shortcut("case.fail")
        bot.replies["case.fail"] = Reply(faults={"": "No."})
        with pytest.raises(FormErrors):
            await ana.submit(view, {"What happened": "x"})
        assert (await slack.invite_bot(channel, by=ana)).status == 200
        assert bot.asked[-1].command_name == "team.joined"
    finally:
        await adapter.close()


async def test_a_wrong_app_token_is_one_sentence(slack: FakeSlack, bot: Script) -> None:
    settings = settings_for(slack, socket=True)
    slack.app_token = "xapp-another"
    adapter = await SlackAdapter.open(settings, bot)
    with pytest.raises(Misconfigured) as caught:
        await adapter.start_socket_mode()
    await adapter.close()
    assert str(caught.value) == "SLACK_APP_TOKEN is not accepted by Slack (invalid_auth)."


async def test_no_log_line_holds_a_person_a_text_or_a_token(
    slack: FakeSlack, bot: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(slack, bot) as adapter:
        ana = slack.person("Ana Ruiz")
        channel = slack.channel("support", [ana])
        message = await say_buttons(slack, adapter, channel.id)
        bot.replies["retro.answer"] = Reply(form=FORM)
        view = await ana.press(message, "Answer")
        await ana.submit(view, {"What happened": "very private words"})
        await ana.says("private too", channel, message)
        bot.replies["action_item.take"] = Reply(
            message=Message(summary="g", parts=(Paragraph(words=("w",)),))
        )
        for method in ("chat.postEphemeral", "chat.postMessage"):
            slack.fail_next(method, error="channel_not_found")
        slack.fail_next("response_url", status=500)
        await ana.click(message, "Take it")
        slack.fail_next("users.info", status=500)
        await ana.command("mine", channel)
        await slack.post("{", slack.sign("{"))
    for secret in (ana.id, "Ruiz", "private", slack.token, slack.secret):
        assert secret not in caplog.text


async def test_a_proxy_in_the_environment_is_not_used_for_loopback(
    slack: FakeSlack, bot: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    adapter = await SlackAdapter.open(settings_for(slack, socket=True), bot)
    try:
        await adapter.start_socket_mode()
        ana = slack.person("Ana")
        await ana.command("mine", slack.channel("support", [ana]))
        assert [request.command_name for request in bot.asked] == ["action_item.mine"]
    finally:
        await adapter.close()


def own_event(slack: FakeSlack, channel: SlackChannel, posted: Posted, **more: Any) -> dict[str, Any]:
    """What Slack tells of a new message in a channel."""
    kind = {"channel": channel.id, "channel_type": "channel"}
    return {**posted.shown(), **kind, "team": slack.team, **more}


async def test_an_event_of_our_own_message_confirms_it_without_asking_slack(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    channel, began = slack.channel("support"), datetime.now(UTC)
    message_ref = await adapter.messenger.say(delivery(slack, channel.id))
    (posted,) = channel.roots()
    assert (await slack.event(own_event(slack, channel, posted))).status == 200
    assert await adapter.messenger.find(delivery(slack, channel.id), began) == message_ref
    assert slack.calls["conversations.history"] == 0
    assert bot.asked == []

    # Of an older message of the same key, or a deleted one, it says nothing.
    later = datetime.now(UTC) + timedelta(minutes=2)
    assert await adapter.messenger.find(delivery(slack, channel.id), later) is None
    await slack.loses(posted)
    assert await adapter.messenger.find(delivery(slack, channel.id), began) is None
    assert slack.calls["conversations.history"] == 2


@pytest.mark.parametrize("theirs", [{"user": "U2", "bot_id": "B2"}, {"subtype": "me_message"}])
async def test_anothers_message_with_our_key_confirms_nothing(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, theirs: dict[str, str]
) -> None:
    channel = slack.channel("support")
    metadata = {"event_type": "amends_message", "event_payload": {"key": "retro:7"}}
    posted = Posted(slack.next_ts(), channel.id, slack.bot, "Hello.", metadata=metadata, bot=True)
    await slack.event(own_event(slack, channel, posted, **theirs))
    assert await adapter.messenger.find(delivery(slack, channel.id), datetime.now(UTC)) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/commands/1",
        "http://hooks.slack.com/commands/1",
        "https://hooks.slack.com.evil.example/1",
        "https://hooks.slack.com@evil.example/1",
        "http://127.0.0.1:1/response/1",
        "https://[::1",
    ],
)
async def test_an_answer_goes_to_slack_only(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not is_slacks(address, "https://slack.com/api/")
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    payload = {"command": "/amends", "text": "help", "team_id": slack.team, "channel_id": channel.id}
    payload |= {"user_id": ana.id, "trigger_id": "1.2.3", "response_url": address}
    assert (await slack.send("slash_commands", payload)).status == 400
    assert bot.asked == []
    assert "response_url is not at Slack" in caplog.text
    assert "evil" not in caplog.text


async def test_a_form_does_not_say_where_else_its_answer_goes(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    kept = {"about": "", "place": "", "name": "", "kept": {}, "back": {"own": "https://evil.example/1"}}
    view = {"type": "modal", "callback_id": "prompt.add", "private_metadata": json.dumps(kept)}
    payload = {"type": "view_submission", "team": {"id": slack.team}, "user": {"id": ana.id}}
    payload |= {"view": {**view, "id": "V1", "blocks": [], "state": {"values": {}}}}
    assert (await slack.send("interactive", payload)).status == 400
    assert bot.asked == []


@pytest.mark.parametrize("over", [False, True])
async def test_a_list_of_ones_own_is_replaced_where_it_stands_as_long_as_slack_lets_it(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, over: bool
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", [ana])
    button = Button(label="Move up", command_name="prompt.move_up", about="prompts::else:C1")
    before = Message(summary="Before", parts=(Buttons(buttons=(button,)),))
    bot.replies["prompts.show"] = Reply(message=before)
    listed = await ana.command("prompts", support)
    assert listed is not None
    if over:
        slack.fail_next("response_url", status=404)
    bot.replies["prompt.move_up"] = Reply(message=sentence("After."), replaces=True)
    await ana.click(listed, "Move up")
    await slack.until(lambda: ana.whispers[-1].words() == "After.")
    assert len(ana.whispers) == (2 if over else 1)


async def test_a_message_that_others_see_is_never_replaced_for_one_of_them(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    message = await say_buttons(slack, adapter, channel.id)
    shown = message.words()
    bot.replies["action_item.take"] = Reply(message=sentence("After."), replaces=True)
    await ana.click(message, "Take it")
    await slack.until(lambda: ana.whispers and ana.whispers[-1].words() == "After.")
    assert message.words() == shown


def test_slacks_own_hooks_and_a_stand_in_are_answered() -> None:
    assert is_slacks("https://hooks.slack.com/actions/T1/2/3", "https://slack.com/api/")
    assert is_slacks("https://hooks.slack-gov.com/actions/T1/2/3", "https://slack.com/api/")
    assert is_slacks("http://127.0.0.1:4000/response/1", "http://127.0.0.1:4000/api/")


@pytest.mark.parametrize("code", ["token_revoked", "invalid_auth", "account_inactive", "not_authed"])
async def test_a_token_that_slack_refuses_is_trouble_until_it_is_accepted(
    slack: FakeSlack, bot: Script, adapter: SlackAdapter, code: str
) -> None:
    channel = slack.channel("support")
    assert adapter.trouble == ""
    slack.fail_next("chat.postMessage", error=code)
    with pytest.raises(DeliveryError) as refused:
        await adapter.messenger.say(delivery(slack, channel.id))
    assert refused.value.code == f"chat.postMessage: {code}"
    assert f"Slack no longer accepts my token ({code})." in adapter.trouble
    slack.fail_next("chat.postMessage", error="is_archived")
    with pytest.raises(DeliveryError):
        await adapter.messenger.say(delivery(slack, channel.id))
    assert adapter.trouble, "another error proves nothing"
    await adapter.messenger.say(delivery(slack, channel.id))
    assert adapter.trouble == ""
