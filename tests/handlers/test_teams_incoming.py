"""What Teams sends, read as requests."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.command import Request, SourceMessage
from bot.routes import is_unnamed
from handlers.payload import Malformed
from handlers.teams import incoming
from handlers.teams.markup import shown

AT = datetime(2026, 11, 22, tzinfo=UTC)
CHANNEL, TEAM, ROOT = "19:chan@thread.tacv2", "19:team@thread.tacv2", "1700000000001"
BOT = {"id": "28:bot", "name": "Amends"}
MENTION = {"type": "mention", "mentioned": BOT, "text": "<at>Amends</at>"}


def activity(kind: str = "message", **more: Any) -> dict[str, Any]:
    """An activity in a channel's thread."""
    return {
        "type": kind,
        "id": "1700000000002",
        "serviceUrl": "https://smba.example/emea/",
        "channelId": "msteams",
        "from": {"id": "29:ana", "name": "Ana", "aadObjectId": "aad-ana"},
        "recipient": BOT,
        "conversation": {
            "id": f"{CHANNEL};messageid={ROOT}",
            "conversationType": "channel",
            "tenantId": "t1",
        },
        "channelData": {
            "tenant": {"id": "t1"},
            "team": {"id": TEAM},
            "channel": {"id": CHANNEL},
        },
        "localTimezone": "Europe/Stockholm",
        **more,
    }


def personal(kind: str = "message", **more: Any) -> dict[str, Any]:
    """An activity in the personal chat."""
    chat = {"id": "a:1chat", "conversationType": "personal", "tenantId": "t1"}
    return activity(kind, conversation=chat, channelData={"tenant": {"id": "t1"}}, **more)


def message(body: dict[str, Any]) -> Request:
    request = incoming.message(body, AT)
    assert request is not None
    return request


def test_a_mention_is_a_command_and_is_taken_out_of_its_words() -> None:
    request = message(activity(text="<at>Amends</at> failed ZD-1 A &amp; B", entities=[MENTION]))
    assert (request.command_name, request.typed) == ("case.fail", "ZD-1 A & B")
    assert request.workspace == "teams:t1"
    assert (request.person.id, request.person.name, request.person.zone) == (
        "29:ana",
        "Ana",
        "Europe/Stockholm",
    )
    assert request.channel is not None
    assert (request.channel.id, request.channel.kind) == (CHANNEL, "shared")
    assert request.channel.reference == {
        "service_url": "https://smba.example/emea/",
        "tenant_id": "t1",
        "conversation_id": CHANNEL,
        "team_id": TEAM,
        "channel_id": CHANNEL,
        "bot_id": "28:bot",
    }


def test_whom_a_command_is_about_is_there_by_id() -> None:
    other = {"type": "mention", "mentioned": {"id": "29:ben"}, "text": "<at>Ben Okafor</at>"}
    text = "<at>Amends</at> status late owner:<at>Ben Okafor</at>"
    request = incoming.message(activity(text=text, entities=[MENTION, other]), AT)
    assert request is not None
    assert (request.command_name, request.typed) == ("board.status", 'late owner:"29:ben"')


def test_somebody_elses_mention_stays_in_the_words() -> None:
    other = {"type": "mention", "mentioned": {"id": "29:ben"}, "text": "<at>Ben</at>"}
    request = message(
        activity(text="<at>Amends</at> failed ask <at>Ben</at>", entities=[MENTION, other])
    )
    assert request.typed == "ask Ben"


@pytest.mark.parametrize("kind", ["image/png", "application/vnd.microsoft.teams.file.download.info"])
def test_a_picture_without_words_is_answered_and_one_with_words_is_read_by_them(kind: str) -> None:
    files = [{"contentType": "text/html", "content": "<div></div>"}, {"contentType": kind}, "no file"]
    assert message(personal(text=" ", attachments=files)).command_name == "team.picture"
    assert message(personal(text="mine", attachments=files)).command_name == "action_item.mine"
    only_html = [{"contentType": "text/html", "content": "<div></div>"}]
    assert message(personal(text="", attachments=only_html)).command_name == "team.help"


@pytest.mark.parametrize("text", ["mine", "/amends mine", "@Amends mine", "  MINE "])
def test_in_the_personal_chat_everything_is_for_the_bot(text: str) -> None:
    request = message(personal(text=text))
    assert request.command_name == "action_item.mine"
    assert request.channel is not None
    assert (request.channel.id, request.channel.kind) == ("29:ana", "direct")
    assert request.channel.reference["conversation_id"] == "a:1chat"
    assert request.channel.reference["aad_object_id"] == "aad-ana"


def test_a_repeat_has_the_same_key_and_the_key_names_nobody() -> None:
    first, again = (message(personal(text="help")).key for _ in range(2))
    assert first == again
    assert first is not None
    assert "29:" not in first
    assert "chat" not in first
    assert message(personal(text="help", id="other")).key != first


def test_a_plain_reply_is_discussion_of_its_thread() -> None:
    said = message(activity(text="Nobody&nbsp;called <b>back</b>"))
    assert (said.command_name, said.about) == ("retro.discuss", ROOT)
    assert said.values == {"text": "Nobody called back", "id": "1700000000002"}
    assert said.key is None


def test_what_begins_a_thread_and_what_is_empty_is_not_discussion() -> None:
    assert incoming.message(activity(text="hello", id=ROOT), AT) is None
    assert incoming.message(activity(text="  "), AT) is None
    top = {"id": CHANNEL, "conversationType": "channel", "tenantId": "t1"}
    assert incoming.message(activity(text="hello", conversation=top), AT) is None


def test_changed_and_deleted_replies_are_told_by_their_id() -> None:
    changed = incoming.changed(activity("messageUpdate", text="better"), AT)
    assert changed is not None
    assert changed.values == {"text": "better", "id": "1700000000002"}
    gone = incoming.deleted(activity("messageDelete"), AT)
    assert gone is not None
    assert (gone.command_name, gone.about, gone.values) == (
        "retro.undiscuss",
        ROOT,
        {"id": "1700000000002"},
    )
    assert (
        incoming.changed(activity("messageUpdate", text="<at>Amends</at> x", entities=[MENTION]), AT)
        is None
    )


def test_a_click_names_its_verb_and_what_about() -> None:
    value = {"action": {"type": "Action.Execute", "verb": "action_item.take", "data": {"about": "AI-1"}}}
    request = incoming.click(activity("invoke", value=value, replyToId="5"), AT)
    assert (request.command_name, request.about, request.values) == ("action_item.take", "AI-1", None)
    again = incoming.click(activity("invoke", value=value, replyToId="5"), AT)
    assert request.key == again.key
    with pytest.raises(Malformed):
        incoming.click(activity("invoke", value={"action": {"type": "Action.Submit"}}), AT)


def test_an_old_clients_click_is_a_message_with_a_value() -> None:
    request = message(activity(value={"verb": "action_item.take", "about": "AI-1"}))
    assert (request.command_name, request.about) == ("action_item.take", "AI-1")


def test_a_submission_brings_its_values_its_people_and_its_key() -> None:
    own = {
        "verb": "action_item.add",
        "about": "C-1",
        "place": CHANNEL,
        "kept": {"link": "https://x.example"},
        "once": "abc",
        "persons": ["owner"],
    }
    data = {"amends": own, "what": "Do it", "owner": "aad-ben", "count": 3, "tick": "yes", "none": None}
    sent = incoming.submission(activity("invoke", value={"data": data}), AT)
    assert (sent.command_name, sent.about) == ("action_item.add", "C-1")
    assert sent.values == {
        "link": "https://x.example",
        "what": "Do it",
        "owner": "aad-ben",
        "count": "3",
        "tick": "yes",
        "none": "",
    }
    assert [person.id for person in sent.people] == ["aad-ben"]
    other = incoming.submission(activity("invoke", id="another", value={"data": data}), AT)
    assert sent.key == other.key, "the client repeats a slow submission under another id"


def test_a_button_brings_back_what_was_typed() -> None:
    data = {"verb": "case.fail", "about": "typed:ZD-1 lost", "msteams": {"type": "task/fetch"}}
    request = incoming.opening(activity("invoke", value={"data": data}), AT)
    assert (request.about, request.typed, request.offered) == ("", "ZD-1 lost", True)


@pytest.mark.parametrize(
    ("sent", "read"),
    [("yes", "yes"), ("no", ""), (True, "yes"), (False, ""), ("", None), (None, None), ("maybe", None)],
)
def test_a_tick_says_yes_or_no_and_what_says_neither_got_lost(sent: object, read: str | None) -> None:
    own = {"verb": "retro.answer", "about": "C-1", "once": "abc", "kept": {}, "ticks": ["unnamed"]}
    data: dict[str, object] = {"amends": own, "training": "Maps", "unnamed": sent}
    request = incoming.submission(activity("invoke", value={"data": data}), AT)
    assert request.values is not None
    assert request.values.get("unnamed") == read
    assert is_unnamed(request) is (read != "")
    del data["unnamed"]
    lost = incoming.submission(activity("invoke", value={"data": data}), AT)
    assert lost.values == {"training": "Maps"}
    assert is_unnamed(lost)


def test_a_chosen_channel_is_where_it_belongs() -> None:
    own = {"verb": "case.fail", "once": "abc", "places": ["place"]}
    data = {"amends": own, "place": CHANNEL, "what_happened": "x"}
    sent = incoming.submission(personal("invoke", value={"data": data}), AT)
    assert sent.channel is not None
    assert (sent.channel.id, sent.channel.kind) == (CHANNEL, "shared")


ELSEWHERE = "19:elsewhere@thread.tacv2"


def pressed(way: str, data: dict[str, Any], body: dict[str, Any]) -> Request | None:
    """A command that somebody asks for, with data that travelled through their client."""
    value: dict[str, dict[str, Any]] = {
        "click": {"action": {"type": "Action.Execute", "verb": data["verb"], "data": data}},
        "opening": {"data": data},
        "submission": {"data": {"amends": {**data, "once": "abc", "kept": {}}}},
        "shortcut": {"commandId": data["verb"]},
        "message": data,
    }
    reader: Any = getattr(incoming, way)
    read: Request | None = reader({**body, "value": value[way]}, AT)
    return read


@pytest.mark.parametrize("way", ["click", "opening", "submission", "shortcut", "message"])
def test_the_channel_they_ask_from_is_the_conversations_whatever_their_data_says(way: str) -> None:
    claims: dict[str, Any] = {
        "verb": "team.settings",
        "about": "C-1",
        "place": ELSEWHERE,
        "channel": ELSEWHERE,
    }
    claims |= {"here": ELSEWHERE, "heard": True, "introduced": True}
    inside = pressed(way, claims, activity("invoke", name="task/fetch"))
    alone = pressed(way, claims, personal("invoke", name="task/fetch"))
    assert inside is not None
    assert alone is not None
    assert (inside.here, alone.here) == (CHANNEL, None)
    for request in (inside, alone):
        assert not request.heard
        assert not request.introduced


def test_a_group_chat_is_no_channel() -> None:
    chat = {"id": "19:group@thread.v2", "conversationType": "groupChat", "tenantId": "t1"}
    data = {"tenant": {"id": "t1"}, "channel": {"id": CHANNEL}}
    assert message(activity(text="help", conversation=chat, channelData=data)).here is None


def test_typed_words_are_asked_and_what_happens_is_heard() -> None:
    typed = message(activity(text="<at>Amends</at> help", entities=[MENTION]))
    assert (typed.here, typed.heard) == (CHANNEL, False)
    happened = (
        incoming.message(activity(text="a reply"), AT),
        incoming.changed(activity("messageUpdate", text="a better reply"), AT),
        incoming.deleted(activity("messageDelete"), AT),
        incoming.joined(activity("conversationUpdate", membersAdded=[BOT]), AT),
    )
    assert [event and event.heard for event in happened] == [True] * 4


def test_a_adapter_leads_back_to_the_channel_that_it_was_asked_for_in() -> None:
    data = {"verb": "team.settings", "about": "", "channel": CHANNEL, "typed": "x"}
    request = pressed("opening", data, personal("invoke"))
    assert request is not None
    assert request.channel is not None
    assert (request.channel.id, request.here, request.typed) == (CHANNEL, None, "x")


def test_people_and_channels_that_come_and_go_are_told_by_a_teams_own_events() -> None:
    assert incoming.regroups(activity("conversationUpdate", membersRemoved=[{"id": "29:x"}]))
    assert incoming.regroups(activity("installationUpdate", action="add"))
    assert not incoming.regroups(personal("conversationUpdate", membersAdded=[BOT]))
    assert not incoming.regroups(activity("message", text="hello"))


def test_a_message_action_brings_the_message_as_people_read_it() -> None:
    payload = {
        "id": "1700000000007",
        "replyToId": None,
        "linkToMessage": "https://teams.example/l/message/1",
        "from": {"user": {"id": "aad-ben", "displayName": "Ben"}},
        "body": {
            "contentType": "html",
            "content": "<div><p>Late &amp; <b>lost</b></p><p>twice<br>over</p></div>",
        },
    }
    value = {"commandId": "case.fail_message", "messagePayload": payload}
    request = incoming.shortcut(activity("invoke", name="composeExtension/fetchTask", value=value), AT)
    assert request.command_name == "case.fail_message"
    assert request.source is not None
    assert request.source.text == "Late & lost\ntwice\nover"
    assert request.source.link == "https://teams.example/l/message/1"
    assert request.source.thread == "1700000000007"
    assert request.source.author is not None
    assert request.source.author.name == "Ben"


def test_an_apps_message_tells_its_ticket_as_far_as_its_words_are_sent_along() -> None:
    ticket = "https://acme.example/tickets/4711"
    content = f'<p>Parcel lost: <a href="{ticket}">open it</a></p><attachment id="1"></attachment>'
    payload: dict[str, Any] = {
        "id": "7",
        "from": {"application": {"id": "app", "displayName": "Desk"}, "user": None},
        "body": {"contentType": "html", "content": content},
    }

    def read(**more: Any) -> SourceMessage:
        value = {"commandId": "case.fail_message", "messagePayload": {**payload, **more}}
        body = activity("invoke", name="composeExtension/fetchTask", value=value)
        source = incoming.shortcut(body, AT).source
        assert source is not None
        return source

    source = read()
    assert (source.text, source.ticket, source.reference) == ("Parcel lost: open it", ticket, "4711")
    empty = {"contentType": "html", "content": '<attachment id="1"></attachment>'}
    card = read(body=empty, subject=None, summary="ZD-12 is late")
    assert (card.text, card.ticket, card.reference) == ("ZD-12 is late", None, "ZD-12")
    person = read(**{"from": {"user": {"id": "aad", "displayName": "Ben"}}})
    assert (person.ticket, person.reference) == (None, "")


def test_a_message_action_in_somebody_elses_chat_tells_no_way_to_speak_there() -> None:
    body = personal("invoke", name="composeExtension/fetchTask", value={"commandId": "case.fail"})
    assert "conversation_id" not in incoming.direct_channel(body).reference
    assert not incoming.origin(body).known


def test_being_added_is_told_and_somebody_elses_coming_is_not() -> None:
    joined = incoming.joined(activity("conversationUpdate", membersAdded=[BOT]), AT)
    assert joined is not None
    assert joined.command_name == "team.joined"
    assert incoming.joined(activity("conversationUpdate", membersAdded=[{"id": "29:x"}]), AT) is None
    assert incoming.joined(activity("installationUpdate", action="add"), AT) is not None
    assert incoming.joined(activity("installationUpdate", action="remove"), AT) is None


def test_the_channel_that_was_chosen_on_install_is_the_channel_and_general_has_the_teams_name() -> None:
    data = {"tenant": {"id": "t1"}, "team": {"id": TEAM, "name": "Care"}}
    general = {"id": TEAM, "conversationType": "channel"}
    channel = incoming.shared_channel(activity(conversation=general, channelData=data))
    assert channel is not None
    assert (channel.id, channel.name) == (TEAM, "Care")
    chosen = {**data, "settings": {"selectedChannel": {"id": CHANNEL}}}
    channel = incoming.shared_channel(activity(conversation=general, channelData=chosen))
    assert channel is not None
    assert (channel.id, channel.name) == (CHANNEL, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": {}},
        {"from": "Ana"},
        {"conversation": {}},
        {"serviceUrl": 7},
        {"channelData": []},
        {"localTimezone": {}},
    ],
)
def test_what_teams_never_sends_is_malformed(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        incoming.message(activity(text="<at>Amends</at> help", entities=[MENTION]) | wrong, AT)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("5 &lt; 6 &amp; 7", "5 < 6 & 7"),
        ("<p>one</p><p>&nbsp;</p><p>two</p>", "one\n\ntwo"),
        ('<img alt="a cat"> and <attachment id="x"></attachment>text', "a cat and text"),
        ("a < b", "a < b"),
    ],
)
def test_html_becomes_what_people_read(sent: str, read: str) -> None:
    assert shown(sent) == read
