"""Slack's payloads as Requests."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.command import Request, SourceMessage
from bot.domain.channel import Channel
from bot.routes import is_unnamed
from handlers.payload import Malformed
from handlers.slack import incoming
from handlers.slack.directory import person_of
from handlers.slack.markup import said
from handlers.slack.workspace import Workspace, WrongWorkspace, is_doubtful

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
OURS = Workspace(team="T1", url="https://acme.slack.com/", bot="UBOT")
USER = {"id": "U1", "username": "ana", "name": "ana", "team_id": "T1"}
WHO = {"user": USER, "team": {"id": "T1", "domain": "acme"}}


def command(**more: str) -> dict[str, str]:
    return {
        "command": "/amends",
        "text": "failed ZD-1 It broke",
        "team_id": "T1",
        "channel_id": "C1",
        "channel_name": "support",
        "user_id": "U1",
        "user_name": "ana",
        "trigger_id": "13.7.abc",
        **more,
    }


def click(**more: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "trigger_id": "13.7.abc",
        "container": {"type": "message", "message_ts": "17.1", "channel_id": "C1"},
        "channel": {"id": "C1", "name": "support"},
        "actions": [{"action_id": "action_item.take", "value": "AI-1", "action_ts": "18.5"}],
        **WHO,
        **more,
    }


def message(**more: Any) -> dict[str, Any]:
    event = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "ts": "20.1"}
    return {
        "team_id": "T1",
        "event_id": "Ev1",
        "event": {**event, "text": "hello", "team": "T1", **more},
    }


def read_event(body: dict[str, Any]) -> Request | None:
    return incoming.event(body, OURS, AT)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("status late owner:<@U2|ben>", "late owner:@U2"),
        ("status owner:<@U2> gap:tools", "owner:@U2 gap:tools"),
        ("failed ZD-1 <@U2|ben> called", "ZD-1 @ben called"),
    ],
)
def test_whom_a_command_is_about_is_there_by_id_and_whom_words_name_by_name(
    text: str, words: str
) -> None:
    assert incoming.command(command(text=text), OURS, AT).typed == words
    happened = message(text=text, channel="D1", channel_type="im")
    request = read_event(happened)
    assert request is not None
    assert request.typed == words


def test_a_command_is_its_words() -> None:
    request = incoming.command(command(), OURS, AT)
    assert (request.workspace, request.command_name, request.typed) == (
        "slack:T1",
        "case.fail",
        "ZD-1 It broke",
    )
    assert (request.person.id, request.person.name) == ("U1", "ana")
    assert request.channel == Channel(id="C1", name="support")
    assert request.key == "command:13.7.abc"
    assert request.at == AT


def test_a_button_brings_back_what_was_typed() -> None:
    action = {"action_id": "case.edit", "value": "typed:C-1", "action_ts": "18.5"}
    request = incoming.click(click(actions=[action]), OURS, AT)
    assert (request.about, request.typed, request.offered) == ("", "C-1", True)


def test_unknown_words_are_kept_for_what_they_may_mean() -> None:
    request = incoming.command(command(text="frobnicate now"), OURS, AT)
    assert (request.command_name, request.typed) == ("team.unknown", "frobnicate now")


def test_a_private_channels_name_is_not_told_by_slack() -> None:
    request = incoming.command(command(channel_name="privategroup"), OURS, AT)
    assert request.channel == Channel(id="C1", name="")


@pytest.mark.parametrize(
    ("channel_id", "name"), [("D1", "directmessage"), ("D1", "ana"), ("G1", "directmessage")]
)
def test_direct_messages_are_a_direct_channel(channel_id: str, name: str) -> None:
    request = incoming.command(command(channel_id=channel_id, channel_name=name), OURS, AT)
    assert request.channel is not None
    assert request.channel.kind == "direct"


def test_a_command_from_another_workspace_is_turned_away() -> None:
    with pytest.raises(WrongWorkspace):
        incoming.command(command(team_id="T2"), OURS, AT)


def test_a_click_is_its_buttons_verb_and_what_about() -> None:
    request = incoming.click(click(), OURS, AT)
    assert (request.command_name, request.about, request.values) == ("action_item.take", "AI-1", None)
    assert request.channel == Channel(id="C1", name="support")
    assert request.key == "click:18.5:17.1:action_item.take:13.7.abc"


@pytest.mark.parametrize("menu", ["menu", "menu-2"])
def test_what_was_chosen_from_a_menu_is_asked_for_as_its_button_would(menu: str) -> None:
    """Also from the second one that an older program drew, which still stands in its messages."""
    option = {"text": {"type": "plain_text", "text": "Drop"}, "value": "action_item.drop AI-1~1f"}
    chosen = {**click()["actions"][0], "action_id": menu, "selected_option": option}
    request = incoming.click(click(actions=[chosen]), OURS, AT)
    assert (request.command_name, request.about) == ("action_item.drop", "AI-1~1f")
    assert request.key == "click:18.5:17.1:action_item.drop:13.7.abc"


def test_a_click_in_a_dialog_belongs_to_the_forms_channel() -> None:
    view = {"type": "modal", "private_metadata": '{"about":"C-7","place":"C9","name":"desk","kept":{}}'}
    request = incoming.click(click(channel=None, view=view, container={"type": "view"}), OURS, AT)
    assert request.channel == Channel(id="C9", name="desk")


@pytest.mark.parametrize(
    "forged",
    [
        {"user": {**USER, "team_id": "T2"}},
        {"team": {"id": "T2"}},
        {"user": {**USER, "team_id": "T2"}, "team": {"id": "T2"}},
    ],
)
def test_a_click_of_somebody_elsewhere_is_turned_away(forged: dict[str, Any]) -> None:
    with pytest.raises(WrongWorkspace):
        incoming.click(click(**forged), OURS, AT)


@pytest.mark.parametrize(
    "broken",
    [
        {"user": None},
        {"user": "U1"},
        {"user": {"id": "U1"}, "team": None},
        {"actions": []},
        {"actions": ["x"]},
        {"actions": [{"action_id": 7}]},
        {"actions": [{"action_id": "menu"}]},
        {"actions": [{"action_id": "menu", "selected_option": None}]},
        {"container": "here"},
        {"channel": {"name": "x"}},
        {"view": {"private_metadata": "not json"}},
        {"view": {"private_metadata": "[]"}},
    ],
)
def test_what_slack_never_sends_is_malformed(broken: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        incoming.click(click(**broken), OURS, AT)


def submitted(values: dict[str, Any], **more: Any) -> dict[str, Any]:
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "case.fail",
        "private_metadata": '{"about":"C-7","place":"C9","name":"desk","kept":{"answer":"a1"}}',
        "state": {"values": {name: {name: element} for name, element in values.items()}},
    }
    return {"type": "view_submission", "view": {**view, **more}, **WHO}


def test_a_submission_is_its_fields_and_what_the_form_kept() -> None:
    option = {"text": {"type": "plain_text", "text": "Tools"}, "value": "tools"}
    days = [{"value": "0"}, {"value": "4"}]
    body = submitted(
        {
            "what": {"type": "plain_text_input", "value": "a & <b>"},
            "empty": {"type": "plain_text_input", "value": None},
            "count": {"type": "number_input", "value": "3"},
            "on": {"type": "datepicker", "selected_date": "2026-11-20"},
            "clock": {"type": "timepicker", "selected_time": "16:30"},
            "owner": {"type": "users_select", "selected_user": "U2"},
            "second": {"type": "users_select", "selected_user": "U2"},
            "gap": {"type": "static_select", "selected_option": option},
            "none": {"type": "static_select", "selected_option": None},
            "days": {"type": "checkboxes", "selected_options": days},
            "unnamed": {"type": "checkboxes", "selected_options": []},
            "many": {"type": "multi_static_select", "selected_options": [{"value": "x"}]},
        }
    )
    request = incoming.submission(body, OURS, AT)
    assert request.command_name == "case.fail"
    assert request.about == "C-7"
    assert request.channel == Channel(id="C9", name="desk")
    assert request.key == "view:V1"
    assert request.values == {
        "answer": "a1",
        "what": "a & <b>",
        "empty": "",
        "count": "3",
        "on": "2026-11-20",
        "clock": "16:30",
        "owner": "U2",
        "second": "U2",
        "gap": "tools",
        "none": "",
        "days": "0,4",
        "unnamed": "",
        "many": "x",
    }
    assert [person.id for person in request.people] == ["U2"]


@pytest.mark.parametrize(
    ("boxes", "read"),
    [
        ({"selected_options": [{"value": "yes"}]}, "yes"),
        ({"selected_options": []}, ""),
        ({"selected_options": None}, None),
        ({}, None),
        (None, None),
    ],
)
def test_boxes_say_what_is_ticked_or_that_nothing_is_and_else_they_got_lost(
    boxes: dict[str, Any] | None, read: str | None
) -> None:
    body = submitted({"unnamed": {"type": "checkboxes", **boxes}} if boxes is not None else {})
    body["view"]["callback_id"] = "retro.answer"
    request = incoming.submission(body, OURS, AT)
    assert request.values is not None
    assert request.values.get("unnamed") == read
    assert is_unnamed(request) is (read != "")


def test_a_chosen_channel_is_where_a_submission_belongs() -> None:
    body = submitted({"place": {"type": "conversations_select", "selected_conversation": "C5"}})
    assert incoming.submission(body, OURS, AT).channel == Channel(id="C5", name="")


def test_a_key_never_names_the_person() -> None:
    tick = {"unnamed": {"type": "checkboxes", "selected_options": [{"value": "yes"}]}}
    requests = (
        incoming.command(command(), OURS, AT),
        incoming.click(click(), OURS, AT),
        incoming.submission(submitted(tick), OURS, AT),
        read_event(message(thread_ts="10.1")),
    )
    for request in requests:
        assert request is not None
        assert request.key
        assert "U1" not in request.key


def test_a_message_shortcut_brings_the_message_and_its_link() -> None:
    body = {
        "type": "message_action",
        "callback_id": "case.fail_message",
        "trigger_id": "1.2.3",
        "channel": {"id": "C1", "name": "support"},
        "message": {
            "ts": "1700.000100",
            "thread_ts": "1600.000200",
            "user": "U2",
            "text": "It &lt;broke&gt;",
        },
        **WHO,
    }
    request = incoming.shortcut(body, OURS, AT)
    assert request.source is not None
    assert request.source.text == "It <broke>"
    assert request.source.thread == "1600.000200"
    assert request.source.author is not None
    assert request.source.author.id == "U2"
    assert request.source.link == (
        "https://acme.slack.com/archives/C1/p1700000100?thread_ts=1600.000200&cid=C1"
    )


def test_a_message_outside_threads_is_its_own_root() -> None:
    body = {
        "callback_id": "case.fail_message",
        "trigger_id": "1.2.3",
        "channel": {"id": "C1", "name": "support"},
        "message": {"ts": "1700.000100", "bot_id": "B1", "text": "alert"},
        **WHO,
    }
    source = incoming.shortcut(body, OURS, AT).source
    assert source is not None
    assert (source.thread, source.author) == ("1700.000100", None)
    assert source.link == "https://acme.slack.com/archives/C1/p1700000100"


def test_a_global_shortcut_has_no_channel() -> None:
    body = {"callback_id": "case.fail", "trigger_id": "1.2.3", **WHO}
    request = incoming.shortcut(body, OURS, AT)
    assert (request.command_name, request.channel, request.source) == ("case.fail", None, None)


@pytest.mark.parametrize("subtype", [None, "file_share", "thread_broadcast"])
def test_a_thread_reply_is_discussion(subtype: str | None) -> None:
    more = {"subtype": subtype} if subtype else {}
    request = read_event(message(thread_ts="10.1", text="I &lt;b&gt; think &amp; <@U2|Bo>", **more))
    assert request is not None
    assert (request.command_name, request.about, request.key) == ("retro.discuss", "10.1", "event:Ev1")
    assert request.values == {"text": "I <b> think & @Bo", "id": "20.1"}
    assert request.person.id == "U1"


@pytest.mark.parametrize(
    "chatter",
    [
        {},
        {"thread_ts": "20.1"},
        {"thread_ts": "10.1", "bot_id": "B1"},
        {"thread_ts": "10.1", "subtype": "bot_message"},
        {"thread_ts": "10.1", "subtype": "channel_join"},
        {"thread_ts": "10.1", "text": "  "},
        {"thread_ts": "10.1", "user": None},
        {"thread_ts": "10.1", "user_team": "T2"},
        {"thread_ts": "10.1", "team": "T2"},
        {"subtype": "message_changed", "message": {"ts": "9.9", "user": "U1", "text": "new"}},
        {"subtype": "message_deleted", "deleted_ts": "9.9", "previous_message": {"user": "U1"}},
    ],
)
def test_chatter_is_none_of_our_business(chatter: dict[str, Any]) -> None:
    assert read_event(message(**chatter)) is None


def test_an_edited_reply_is_the_same_reply_with_new_words() -> None:
    now = {"ts": "20.1", "thread_ts": "10.1", "user": "U1", "text": "better"}
    request = read_event(
        message(
            subtype="message_changed",
            user=None,
            ts="30.1",
            message=now,
            previous_message={"text": "old"},
        )
    )
    assert request is not None
    assert (request.command_name, request.about) == ("retro.discuss", "10.1")
    assert request.values == {"text": "better", "id": "20.1"}


@pytest.mark.parametrize(
    "change",
    [
        {"message": {"ts": "20.1", "thread_ts": "10.1", "user": "U1", "text": "same"}},
        {"message": {"ts": "20.1", "thread_ts": "10.1", "bot_id": "B1", "user": "UBOT", "text": "new"}},
        {
            "message": {
                "ts": "20.1",
                "thread_ts": "10.1",
                "user": "U1",
                "text": "",
                "subtype": "tombstone",
            }
        },
    ],
)
def test_a_change_of_nothing_or_of_a_bots_is_ignored(change: dict[str, Any]) -> None:
    before = {"previous_message": {"text": "same"}}
    assert read_event(message(subtype="message_changed", **change, **before)) is None


def test_a_deleted_reply_is_forgotten() -> None:
    before = {"ts": "20.1", "thread_ts": "10.1", "user": "U1", "text": "oops"}
    request = read_event(
        message(subtype="message_deleted", user=None, deleted_ts="20.1", previous_message=before)
    )
    assert request is not None
    assert (request.command_name, request.about, request.values) == (
        "retro.undiscuss",
        "10.1",
        {"id": "20.1"},
    )


def test_a_direct_message_is_typed_words() -> None:
    request = read_event(message(channel_id="D1", channel_type="im", text="mine"))
    assert request is not None
    assert (request.command_name, request.typed, request.values) == ("action_item.mine", "", None)
    assert request.channel is not None
    assert request.channel.kind == "direct"


FILE = {"name": "parcel.png", "permalink": "https://acme.slack.com/files/U1/F1/parcel.png"}
LINE = "parcel.png: https://acme.slack.com/files/U1/F1/parcel.png"


def test_a_picture_without_words_is_answered_and_one_with_words_is_read_by_them() -> None:
    direct = {"channel_id": "D1", "channel_type": "im", "subtype": "file_share", "files": [FILE]}
    alone, captioned = (read_event(message(**direct, text=text)) for text in ("", "mine"))
    assert alone is not None
    assert (alone.command_name, alone.typed) == ("team.picture", "")
    assert captioned is not None
    assert captioned.command_name == "action_item.mine"


@pytest.mark.parametrize(("text", "kept"), [("Look", f"Look\n{LINE}"), ("", LINE)])
def test_files_in_a_thread_are_kept_as_links_in_the_discussion(text: str, kept: str) -> None:
    gone = {"id": "F2", "mode": "tombstone"}
    files: list[Any] = [FILE, gone, "no file", {"name": "x", "permalink": "javascript:alert(1)"}]
    request = read_event(message(thread_ts="10.1", subtype="file_share", text=text, files=files))
    assert request is not None
    assert request.values == {"text": kept, "id": "20.1"}


@pytest.mark.parametrize("files", [None, [], "none", [{"id": "F2"}]])
def test_a_reply_of_nothing_is_no_discussion(files: Any) -> None:
    more = {"files": files, "subtype": "file_share"}
    assert read_event(message(thread_ts="10.1", text=" ", **more)) is None


def test_our_own_direct_messages_are_not_answered() -> None:
    assert read_event(message(channel_id="D1", channel_type="im", bot_id="B1")) is None


def test_only_our_own_joining_is_told() -> None:
    joined = {"type": "member_joined_channel", "user": "UBOT", "channel": "C1", "inviter": "U1"}
    request = read_event({"team_id": "T1", "event_id": "Ev2", "event": joined})
    assert request is not None
    assert (request.command_name, request.person.id) == ("team.joined", "U1")
    assert read_event({"team_id": "T1", "event_id": "Ev3", "event": {**joined, "user": "U1"}}) is None


def test_the_home_tab_is_told_and_the_messages_tab_is_not() -> None:
    opened = {"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home"}
    request = read_event({"team_id": "T1", "event_id": "Ev2", "event": opened})
    assert request is not None
    assert (request.command_name, request.channel) == ("team.home", None)
    messages = {**opened, "tab": "messages"}
    assert read_event({"team_id": "T1", "event_id": "Ev3", "event": messages}) is None


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("&copy; &amp;lt;", "&copy; &lt;"),
        ("<@U1|Ana> and <@U2>", "@Ana and @someone"),
        ("<#C1|support> and <#C2|>", "#support and a private channel"),
        ("<https://x.org/a?b&amp;c>", "https://x.org/a?b&c"),
        ("<https://x.org|the post>", "the post (https://x.org)"),
        ("<http://x.org|x.org>", "http://x.org"),
        ("<!channel> <!here|here> <!subteam^S1|@desk>", "@channel here @desk"),
        ("plain 🙂 שלום", "plain 🙂 שלום"),
    ],
)
def test_a_text_is_what_its_author_saw(sent: str, shown: str) -> None:
    assert said(sent) == shown


def test_a_person_is_who_slack_says_now() -> None:
    user = {
        "id": "U1",
        "name": "ana",
        "real_name": "Ana Ruiz",
        "tz": "Europe/Madrid",
        "is_bot": False,
        "deleted": True,
        "profile": {"display_name": ""},
    }
    person = person_of(user)
    assert (person.name, person.zone, person.gone, person.bot) == (
        "Ana Ruiz",
        "Europe/Madrid",
        True,
        False,
    )
    assert person_of({"id": "USLACKBOT", "name": "slackbot"}).bot


def shortcut(**more: Any) -> dict[str, Any]:
    said_there = {"ts": "1700.000100", "user": "U2", "text": "It broke"}
    channel = {"id": "C1", "name": "support"}
    params = {"type": "message_action", "callback_id": "case.fail_message", "trigger_id": "1.2.3"}
    return {**params, "channel": channel, "message": said_there, **WHO, **more}


DIALOG = {"type": "modal", "private_metadata": '{"about":"C-7","place":"C9","name":"desk","kept":{}}'}
DIRECT = {"id": "D1", "name": "directmessage"}


def test_where_somebody_asks_from_is_what_slack_itself_says() -> None:
    assert incoming.command(command(), OURS, AT).here == "C1"
    assert incoming.click(click(), OURS, AT).here == "C1"
    assert incoming.shortcut(shortcut(), OURS, AT).here == "C1"
    # Direct messages are no channel, and what a form carries proves nothing.
    assert incoming.command(command(channel_id="D1"), OURS, AT).here is None
    assert incoming.click(click(channel=DIRECT), OURS, AT).here is None
    assert incoming.click(click(channel=None, view=DIALOG), OURS, AT).here is None
    assert incoming.shortcut(shortcut(channel=DIRECT), OURS, AT).here is None
    assert incoming.shortcut(shortcut(channel=None, message=None), OURS, AT).here is None
    chosen = {"place": {"type": "conversations_select", "selected_conversation": "C5"}}
    for values in ({}, chosen):
        form = incoming.submission(submitted(values), OURS, AT)
        assert form.channel is not None
        assert form.here is None


def test_only_events_are_heard_and_only_those_that_nobody_asks_for() -> None:
    joined = {"type": "member_joined_channel", "user": "UBOT", "channel": "C1", "inviter": "U1"}
    changed = {"ts": "20.1", "thread_ts": "10.1", "user": "U1", "text": "better"}
    gone = {"thread_ts": "10.1", "user": "U1", "text": "oops"}
    heard = [
        message(thread_ts="10.1"),
        message(subtype="message_changed", message=changed, previous_message={"text": "old"}),
        message(subtype="message_deleted", deleted_ts="20.1", previous_message=gone),
        {"team_id": "T1", "event_id": "Ev2", "event": joined},
    ]
    for body in heard:
        request = read_event(body)
        assert request is not None
        assert (request.heard, request.here) == (True, "C1"), body
    moved = {"type": "user_change", "user": {"id": "U1"}}
    request = read_event({"team_id": "T1", "event_id": "Ev2", "event": moved})
    assert request is not None
    assert (request.heard, request.here) == (True, None)
    opened = {"type": "app_home_opened", "user": "U1", "tab": "home"}
    asked = [
        incoming.command(command(), OURS, AT),
        incoming.click(click(), OURS, AT),
        incoming.shortcut(shortcut(), OURS, AT),
        incoming.submission(submitted({}), OURS, AT),
        read_event(message(channel_id="D1", channel_type="im", text="mine")),
        read_event({"team_id": "T1", "event_id": "Ev3", "event": opened}),
    ]
    for request in asked:
        assert request is not None
        assert not request.heard


def test_a_click_cannot_pretend_to_be_an_event() -> None:
    """Whatever else stands in a click's body, its reader makes no heard request."""
    forged = click(event={"type": "message"}, heard=True, type="event_callback")
    forged["actions"] = [{"action_id": "retro.discuss", "value": "10.1", "heard": True}]
    assert not incoming.click(forged, OURS, AT).heard


ON_GRID = OURS.model_copy(update={"enterprise": "E1"})


@pytest.mark.parametrize(
    ("team", "ours"),
    [("T1", True), ("E1", True), ("T2", None), ("E2", False)],
)
def test_on_grid_a_person_may_be_of_a_sister_workspace(team: str, ours: bool | None) -> None:
    """Which only Slack can tell; another organisation says so itself."""
    body = click(user={**USER, "team_id": team})
    hand_in = submitted({}) | {"user": {**USER, "team_id": team}}
    reply = message(thread_ts="10.1", team=team)
    if ours is False:
        for read, sent in ((incoming.click, body), (incoming.submission, hand_in)):
            with pytest.raises(WrongWorkspace):
                read(sent, ON_GRID, AT)
        assert incoming.event(reply, ON_GRID, AT) is None
        return
    assert incoming.click(body, ON_GRID, AT).person.id == "U1"
    assert incoming.submission(hand_in, ON_GRID, AT).person.id == "U1"
    assert incoming.event(reply, ON_GRID, AT) is not None
    for sent in (body, hand_in, reply):
        assert is_doubtful(sent, ON_GRID) is (ours is None)
        assert not is_doubtful(sent, OURS)


def test_on_grid_a_command_from_a_sister_workspace_names_the_organisation() -> None:
    sister = command(team_id="T2", enterprise_id="E1")
    assert incoming.command(sister, ON_GRID, AT).person.id == "U1"
    assert not is_doubtful(sister, ON_GRID)
    unsaid = command(team_id="T2")
    assert incoming.command(unsaid, ON_GRID, AT).person.id == "U1"
    assert is_doubtful(unsaid, ON_GRID)
    other = command(team_id="T2", enterprise_id="E2")
    for foreign, workspace in ((other, ON_GRID), (other, OURS), (unsaid, OURS)):
        with pytest.raises(WrongWorkspace):
            incoming.command(foreign, workspace, AT)
    # A workspace may have come into an organisation since we started.
    assert incoming.command(command(enterprise_id="E1"), OURS, AT).person.id == "U1"


@pytest.mark.parametrize(
    ("outside", "ours"),
    [
        ({"authorizations": [{"team_id": "T1"}]}, True),
        ({"context_team_id": "T1"}, True),
        ({"context_team_id": "T1", "authorizations": [{"team_id": "T1", "enterprise_id": None}]}, True),
        ({"authorizations": [{"team_id": "T9"}]}, False),
        ({"context_team_id": "T9"}, False),
        ({"authorizations": [], "context_team_id": None}, False),
        ({"authorizations": ["T1"]}, False),
        ({"team_id": None}, False),
    ],
)
def test_an_event_of_a_channel_that_a_partner_hosts_is_for_whom_it_was_sent_to(
    outside: dict[str, Any], ours: bool
) -> None:
    body = message(thread_ts="10.1") | {"team_id": "T9", "is_ext_shared_channel": True, **outside}
    assert (read_event(body) is not None) is ours


def test_an_event_that_was_sent_to_another_installation_is_not_ours_though_the_channel_is() -> None:
    body = message(thread_ts="10.1") | {"authorizations": [{"team_id": "T9"}], "context_team_id": "T9"}
    assert read_event(body) is None


@pytest.mark.parametrize("where", ["message", "previous_message"])
def test_a_partner_is_not_heard_by_editing_or_deleting(where: str) -> None:
    theirs = {"ts": "20.1", "thread_ts": "10.1", "user": "U9", "text": "x", "user_team": "T9"}
    event = {
        "message": message(
            subtype="message_changed", user=None, team=None, message=theirs, previous_message={}
        ),
        "previous_message": message(
            subtype="message_deleted", user=None, team=None, deleted_ts="20.1", previous_message=theirs
        ),
    }
    assert read_event(event[where]) is None
    del theirs["user_team"]
    assert read_event(event[where]) is not None


def test_a_deleted_message_of_ours_is_told_by_its_id_and_names_nobody() -> None:
    before = {"user": "UBOT", "bot_id": "B1", "ts": "20.1", "text": "Retro", "team": "T1"}
    request = read_event(
        message(subtype="message_deleted", user=None, deleted_ts="20.1", previous_message=before)
    )
    assert request is not None
    assert (request.command_name, request.values) == ("team.message_deleted", {"id": "20.1"})
    assert (request.person.id, request.heard) == ("UBOT", True)


@pytest.mark.parametrize("user", ["UBOT", "U1"])
def test_a_deleted_message_with_replies_leaves_its_place_and_is_told_if_it_was_ours(user: str) -> None:
    left = {"subtype": "tombstone", "user": "USLACKBOT", "ts": "20.1", "thread_ts": "20.1", "text": "…"}
    before = {"user": user, "ts": "20.1", "thread_ts": "20.1", "text": "Retro"}
    request = read_event(
        message(subtype="message_changed", user=None, message=left, previous_message=before)
    )
    told = request and (request.command_name, request.values)
    assert told == (("team.message_deleted", {"id": "20.1"}) if user == "UBOT" else None)


@pytest.mark.parametrize(
    ("happened", "called"),
    [
        ({"type": "channel_rename", "channel": {"id": "C1", "name": "care"}}, "care"),
        ({"type": "group_rename", "channel": {"id": "C1", "name": "care"}}, "care"),
        ({"type": "channel_unarchive", "channel": "C1", "user": "U1"}, ""),
        ({"type": "group_unarchive", "channel": "C1", "user": "U1"}, ""),
        (message(subtype="channel_convert_to_private"), ""),
    ],
)
def test_a_channel_that_changed_is_told_to_the_bot_and_not_who_changed_it(
    happened: dict[str, Any], called: str
) -> None:
    request = read_event(
        happened if "event" in happened else {"team_id": "T1", "event_id": "Ev9", "event": happened}
    )
    assert request is not None
    assert (request.command_name, request.values) == ("team.channel_changed", {"called": called})
    assert request.channel is not None
    assert (request.channel.id, request.person.id) == ("C1", "UBOT")


def pointed_at(**found: Any) -> SourceMessage:
    """What a shortcut on an app's message brings."""
    body = {
        "callback_id": "case.fail_message",
        "trigger_id": "1.2.3",
        "channel": {"id": "C1", "name": "support"},
        "message": {"ts": "1700.000100", "bot_id": "B1", **found},
        **WHO,
    }
    source = incoming.shortcut(body, OURS, AT, {"U7": "Bo"}).source
    assert source is not None
    return source


TICKET = "https://acme.zendesk.com/agent/tickets/4711"
EXCUSE = "This content can't be displayed."
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": f"*<{TICKET}|Parcel>* lost, <@U7>"}}
RICH = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "Lost, says "},
                {"type": "user", "user_id": "U7"},
                {"type": "text", "text": ": "},
                {"type": "link", "url": TICKET, "text": "Ticket #4711"},
            ],
        }
    ],
}
ATTACHMENT = {
    "title": "Ticket #4711: Parcel &amp; letter lost",
    "title_link": TICKET,
    "text": "Opened by <@U7>, asked of <@U8>",
    "fallback": "New ticket",
}


@pytest.mark.parametrize(
    ("found", "text", "reference"),
    [
        ({"text": "New ticket ZD-12", "attachments": [ATTACHMENT]}, "New ticket ZD-12", "#4711"),
        ({"text": "", "blocks": [SECTION]}, f"*Parcel ({TICKET})* lost, @Bo", "4711"),
        ({"text": EXCUSE, "blocks": [RICH]}, f"Lost, says @Bo: Ticket #4711 ({TICKET})", "#4711"),
        (
            {"text": EXCUSE.replace("'", "\u2019"), "blocks": [], "attachments": [ATTACHMENT]},
            "Ticket #4711: Parcel & letter lost\nOpened by @Bo, asked of @someone",
            "#4711",
        ),
        (
            {"attachments": [{"fallback": "ZD-9 is late", "title_link": TICKET}]},
            "ZD-9 is late",
            "ZD-9",
        ),
    ],
)
def test_an_apps_message_is_read_where_its_words_are_and_tells_its_ticket(
    found: dict[str, Any], text: str, reference: str
) -> None:
    source = pointed_at(**found)
    assert (source.text, source.reference, source.ticket) == (text, reference, TICKET)
    assert source.link == "https://acme.slack.com/archives/C1/p1700000100"


def test_a_message_of_a_person_or_without_a_ticket_tells_none() -> None:
    unfolded = {"title": "#4711", "title_link": TICKET, "from_url": TICKET}
    theirs = pointed_at(text="See #4711", user="U2", bot_id=None, attachments=[unfolded])
    assert (theirs.text, theirs.ticket, theirs.reference) == ("See #4711", None, "")
    none = pointed_at(text="All is quiet", attachments=[{"fallback": "[no preview available]"}])
    assert (none.text, none.ticket, none.reference) == ("All is quiet", None, "")
    script = pointed_at(attachments=[{"title": "Hi", "title_link": "javascript:alert(4711)"}])
    assert (script.text, script.ticket) == ("Hi", None)


def test_an_apps_message_of_a_strange_shape_breaks_nothing() -> None:
    broken: list[Any] = [None, "x", [], [None, 7], [{}], [{"type": "rich_text", "elements": [{}, 7]}]]
    for strange in broken:
        assert pointed_at(text="", blocks=strange, attachments=strange).text == ""
    assert pointed_at(blocks=[{"type": "section", "text": {"type": "image"}}]).text == ""
