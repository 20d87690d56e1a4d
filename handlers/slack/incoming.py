"""What Slack sends, as Requests: who asks for what, where, and about what.

The readers are pure: they know only the payload. What only Slack knows (names, time zones, who
left) is the directory's to add.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from bot.command import Request, SourceMessage
from bot.domain.channel import Channel
from bot.domain.link import is_web_link
from bot.domain.person import Person
from bot.domain.reference import likely_reference
from bot.routes import names_people, typed
from handlers.payload import Malformed, Payload, mapping, needed, text_at
from handlers.slack.delivered import Heard
from handlers.slack.markup import NOBODY, SOMEBODY, Names, mentioned, said, ticket_in, words_of
from handlers.slack.outgoing import key_in, permalink
from handlers.slack.render import MENU_ID
from handlers.slack.workspace import Workspace, WrongWorkspace, check_installed, check_ours

# Slack hides the names of private channels and calls every direct message the same.
UNNAMED_PLACES = ("privategroup", "mpdm", "directmessage")
CONVERTED = ("channel_convert_to_private", "channel_convert_to_public")
"""Messages that say that a channel is of another kind now."""


class Origin(NamedTuple):
    """Where somebody asked from: what a reply to only them may need.

    `view` is the kind of view they clicked in, "modal" or "home". `own` is where a message can be
    replaced that only they see, for half an hour after they clicked in it.
    """

    person_id: str
    channel_id: str = ""
    thread: str | None = None
    trigger: str = ""
    response_url: str = ""
    view: str = ""
    over: bool = False
    """Whether that view is a form: what is laid over it ends it, too."""
    own: str = ""

    @property
    def back(self) -> Mapping[str, str]:
        """What a form carries along, so that its answer stands where it was asked for."""
        more = {"thread": self.thread or "", "own": self.own}
        kept = {name: value for name, value in more.items() if value}
        return {"channel": self.channel_id, **kept} if self.channel_id else {}


def origin(body: Payload) -> Origin:
    """The way back to whoever sent a command, a click, a submission, a shortcut or an event."""
    happened = mapping(body, "event")
    if happened:
        user, channel_id, message = text_at(happened, "user"), text_at(happened, "channel"), happened
    elif "command" in body:
        user, channel_id, message = text_at(body, "user_id"), text_at(body, "channel_id"), {}
    else:
        user, channel_id = text_at(mapping(body, "user"), "id"), text_at(mapping(body, "channel"), "id")
        message = mapping(body, "message")
    view = mapping(body, "view")
    back = mapping(_kept(view), "back")
    is_own = mapping(body, "container").get("is_ephemeral") is True
    return Origin(
        person_id=user,
        channel_id=channel_id or text_at(back, "channel"),
        thread=text_at(message, "thread_ts") or text_at(back, "thread") or None,
        trigger=text_at(body, "trigger_id"),
        response_url=text_at(body, "response_url"),
        view=text_at(view, "type"),
        over=text_at(view, "type") == "modal" and bool(text_at(view, "callback_id")),
        own=text_at(body, "response_url") if is_own else text_at(back, "own"),
    )


def shown_home(body: Payload) -> str:
    """What the App Home carries that somebody opened, or clicked in; empty where it is not ours yet."""
    view = mapping(mapping(body, "event"), "view") or mapping(body, "view")
    return text_at(view, "private_metadata") if text_at(view, "type") == "home" else ""


def command(body: Payload, workspace: Workspace, at: datetime) -> Request:
    """`/amends …` in any channel."""
    check_ours(body, workspace)
    channel = _channel(needed(body, "channel_id"), text_at(body, "channel_name"))
    command_name, rest = _typed(text_at(body, "text"))
    return Request(
        workspace=workspace.id,
        command_name=command_name,
        typed=rest,
        person=Person(id=needed(body, "user_id"), name=text_at(body, "user_name") or SOMEBODY),
        channel=channel,
        here=_here(channel),
        at=at,
        key=f"command:{needed(body, 'trigger_id')}",
    )


def _typed(text: str) -> tuple[str, str]:
    """The command, and its words: with names as their author saw them, or ids where those count."""
    command_name, rest = typed(said(text))
    if names_people(command_name):
        _, rest = typed(said(text, {id: id for id in mentioned({"text": text})}))
    return command_name, rest


def click(body: Payload, workspace: Workspace, at: datetime) -> Request:
    """A pressed button, or what was chosen from a menu, in a message, a dialog or the App Home."""
    person = _whoever(body, workspace)
    actions = body.get("actions")
    action = actions[0] if isinstance(actions, list) and actions else None
    if not isinstance(action, Mapping):
        raise Malformed("a click without an action")
    command_name, about = needed(action, "action_id"), text_at(action, "value")
    if command_name.partition("-")[0] == MENU_ID:
        command_name, _, about = needed(mapping(action, "selected_option"), "value").partition(" ")
    container = mapping(body, "container")
    channel, kept = _asked_from(body), _kept(mapping(body, "view"))
    what = (
        text_at(action, "action_ts"),
        text_at(container, "message_ts"),
        command_name,
        text_at(body, "trigger_id"),
    )
    return Request(
        workspace=workspace.id,
        command_name=command_name,
        about=about,
        person=person,
        channel=channel or _kept_channel(kept),
        here=_here(channel),
        at=at,
        key="click:" + ":".join(what),
    )


def submission(body: Payload, workspace: Workspace, at: datetime) -> Request:
    """A filled-in form: people in it are there by id only, a chosen channel is where it belongs."""
    person, view = _whoever(body, workspace), mapping(body, "view")
    kept = _kept(view)
    fields = {
        name: element
        for elements in mapping(mapping(view, "state"), "values").values()
        if isinstance(elements, Mapping)
        for name, element in elements.items()
        if isinstance(element, Mapping)
    }
    values = {str(key): str(value) for key, value in mapping(kept, "kept").items()}
    values |= {name: _value(element) for name, element in fields.items() if not _is_lost(element)}
    chosen = _chosen(fields, "selected_conversation")
    return Request(
        workspace=workspace.id,
        command_name=needed(view, "callback_id"),
        about=text_at(kept, "about"),
        person=person,
        people=tuple(Person(id=other, name="") for other in _chosen(fields, "selected_user")),
        channel=_channel(chosen[0], "") if chosen else _kept_channel(kept),
        values=values,
        at=at,
        key=f"view:{needed(view, 'id')}",
    )


def shortcut(body: Payload, workspace: Workspace, at: datetime, names: Names = NOBODY) -> Request:
    """A shortcut from the lightning menu, or on a message; `names` are of people whom that mentions."""
    person, channel = _whoever(body, workspace), _asked_from(body)
    source = None
    if message := mapping(body, "message"):
        source = _found(message, needed(mapping(body, "channel"), "id"), workspace, names)
    return Request(
        workspace=workspace.id,
        command_name=needed(body, "callback_id"),
        person=person,
        channel=channel,
        here=_here(channel),
        source=source,
        at=at,
        key=f"shortcut:{needed(body, 'trigger_id')}",
    )


def event(body: Payload, workspace: Workspace, at: datetime) -> Request | None:
    """Something that happened in Slack; None when it does not concern us."""
    happened = mapping(body, "event")
    read = EVENTS.get(text_at(happened, "type"))
    if read is None:
        return None
    try:
        check_installed(body, workspace)
        check_ours(body, workspace)
    except WrongWorkspace:
        return None
    request = read(happened, workspace, at)
    return request and request.model_copy(update={"key": f"event:{needed(body, 'event_id')}"})


def own_message(body: Payload, workspace: Workspace) -> Heard | None:
    """A message of our own that an event tells of; None for everything else."""
    happened = mapping(body, "event")
    new = text_at(happened, "type") == "message" and text_at(happened, "subtype") in ("", "bot_message")
    if not new or text_at(happened, "user") != workspace.bot or not (key := key_in(happened)):
        return None
    try:
        check_installed(body, workspace)
    except WrongWorkspace:
        return None
    thread = text_at(happened, "thread_ts") or None
    return Heard(key, needed(happened, "channel"), needed(happened, "ts"), thread)


def _message(happened: Payload, workspace: Workspace, at: datetime) -> Request | None:
    subtype = text_at(happened, "subtype")
    if subtype == "message_changed":
        return _changed(happened, workspace, at)
    if subtype == "message_deleted":
        return _deleted(happened, workspace, at)
    if subtype in CONVERTED:
        return _channel_changed(happened, workspace, at)
    if subtype not in ("", "file_share", "thread_broadcast"):
        return None
    if text_at(happened, "channel_type") == "im":
        return _typed_to_us(happened, workspace, at)
    return _discussed(happened, happened, workspace, at)


def _typed_to_us(happened: Payload, workspace: Workspace, at: datetime) -> Request | None:
    if not (spoke := _speaker(happened)):
        return None
    words = text_at(happened, "text")
    command_name, rest = _typed(words)
    if happened.get("files") and not words.strip():
        command_name, rest = "team.picture", ""
    channel = _channel(needed(happened, "channel"), "directmessage")
    return Request(
        workspace=workspace.id,
        command_name=command_name,
        typed=rest,
        person=spoke,
        channel=channel,
        at=at,
    )


def _discussed(
    message: Payload, happened: Payload, workspace: Workspace, at: datetime
) -> Request | None:
    """A plain reply in a thread: `message` was said in the channel of `happened`."""
    root, ts, text = (
        text_at(message, "thread_ts"),
        text_at(message, "ts"),
        "\n".join(filter(None, (said(text_at(message, "text")), *_files(message)))),
    )
    spoke = _speaker(message)
    if not spoke or not text.strip() or not root or root == ts:
        return None
    channel = _channel(needed(happened, "channel"), "")
    return Request(
        workspace=workspace.id,
        command_name="retro.discuss",
        about=root,
        person=spoke,
        channel=channel,
        here=_here(channel),
        heard=True,
        values={"text": text, "id": ts},
        at=at,
    )


def _files(message: Payload) -> Iterator[str]:
    """The files of a message, as what they are called and the link to each in Slack."""
    files = message.get("files")
    for file in files if isinstance(files, list) else ():
        if isinstance(file, Mapping) and is_web_link(link := text_at(file, "permalink")):
            yield f"{text_at(file, 'name') or 'A file'}: {link}"


def _changed(happened: Payload, workspace: Workspace, at: datetime) -> Request | None:
    now, before = mapping(happened, "message"), mapping(happened, "previous_message")
    if text_at(now, "subtype") == "tombstone":
        # What has replies is not gone when it is deleted: its place stays.
        ours = text_at(before, "user") == workspace.bot and (ts := text_at(before, "ts"))
        return _about_us("team.message_deleted", happened, workspace, at, id=ts) if ours else None
    # Slack reports its own unfolding of links as a change too, and a reply more under a root.
    if text_at(now, "text") == text_at(before, "text"):
        return None
    return _discussed(now, happened, workspace, at)


def _deleted(happened: Payload, workspace: Workspace, at: datetime) -> Request | None:
    before = mapping(happened, "previous_message")
    root, ts, spoke = text_at(before, "thread_ts"), text_at(happened, "deleted_ts"), _speaker(before)
    if ts and text_at(before, "user") == workspace.bot:
        return _about_us("team.message_deleted", happened, workspace, at, id=ts)
    if not spoke or not root or not ts or root == ts:
        return None
    channel = _channel(needed(happened, "channel"), "")
    return Request(
        workspace=workspace.id,
        command_name="retro.undiscuss",
        about=root,
        person=spoke,
        channel=channel,
        here=_here(channel),
        heard=True,
        values={"id": ts},
        at=at,
    )


def _joined(happened: Payload, workspace: Workspace, at: datetime) -> Request | None:
    if text_at(happened, "user") != workspace.bot:
        return None
    inviter = text_at(happened, "inviter")
    person = (
        Person(id=inviter, name=SOMEBODY)
        if inviter
        else Person(id=workspace.bot, name="Amends", bot=True)
    )
    channel = _channel(needed(happened, "channel"), "")
    return Request(
        workspace=workspace.id,
        command_name="team.joined",
        person=person,
        channel=channel,
        here=_here(channel),
        heard=True,
        at=at,
    )


def _channel_changed(happened: Payload, workspace: Workspace, at: datetime) -> Request:
    """It is open again, has another name, or is private now: what could not be said there is said."""
    named = happened.get("channel")
    called = text_at(named, "name") if isinstance(named, Mapping) else ""
    return _about_us("team.channel_changed", happened, workspace, at, called=called)


def _about_us(
    command_name: str, happened: Payload, workspace: Workspace, at: datetime, **values: str
) -> Request:
    """What concerns our own words or place in a channel; who did it does not matter."""
    channel_id = channel_of(happened)
    if not channel_id:
        raise Malformed("channel is missing")
    # Its id stands for its name, which nobody needs here: then Slack is not asked for that.
    channel = _channel(channel_id, channel_id)
    return Request(
        workspace=workspace.id,
        command_name=command_name,
        person=Person(id=workspace.bot, name="Amends", bot=True),
        channel=channel,
        here=_here(channel),
        heard=True,
        values=values,
        at=at,
    )


def channel_of(happened: Payload) -> str:
    """The id of the channel that an event is about; where its name is new, that comes with it."""
    named = happened.get("channel")
    return text_at(named, "id") if isinstance(named, Mapping) else text_at(happened, "channel")


def _opened_home(happened: Payload, workspace: Workspace, at: datetime) -> Request | None:
    if text_at(happened, "tab") != "home":
        return None
    person = Person(id=needed(happened, "user"), name=SOMEBODY)
    return Request(workspace=workspace.id, command_name="team.home", person=person, at=at)


def _person_changed(happened: Payload, workspace: Workspace, at: datetime) -> Request | None:
    person = Person(id=needed(mapping(happened, "user"), "id"), name=SOMEBODY)
    return Request(
        workspace=workspace.id, command_name="team.person_changed", person=person, heard=True, at=at
    )


EVENTS: Mapping[str, Callable[[Payload, Workspace, datetime], Request | None]] = {
    "message": _message,
    "channel_rename": _channel_changed,
    "channel_unarchive": _channel_changed,
    "group_rename": _channel_changed,
    "group_unarchive": _channel_changed,
    "member_joined_channel": _joined,
    "app_home_opened": _opened_home,
    "user_change": _person_changed,
}


def _speaker(message: Payload) -> Person | None:
    """Who wrote a message; None for bots, ourselves included."""
    user = text_at(message, "user")
    return Person(id=user, name=SOMEBODY) if user and not message.get("bot_id") else None


def _found(message: Payload, channel_id: str, workspace: Workspace, names: Names) -> SourceMessage:
    ts, author = needed(message, "ts"), _speaker(message)
    root = text_at(message, "thread_ts") or None
    # A person's links are unfolded by Slack itself, so only an app's message is about a ticket.
    title, ticket = ticket_in(message) if author is None else ("", "")
    words = words_of(message, names)
    return SourceMessage(
        text=words,
        link=permalink(workspace.url, channel_id, ts, root),
        thread=root or ts,
        author=author,
        ticket=ticket or None,
        reference=likely_reference(title or words, ticket) if author is None else "",
    )


def _whoever(body: Payload, workspace: Workspace) -> Person:
    """Who pressed, submitted or chose; raises WrongWorkspace for somebody of another workspace."""
    user, team = mapping(body, "user"), mapping(body, "team")
    person = Person(
        id=needed(user, "id"), name=text_at(user, "name") or text_at(user, "username") or SOMEBODY
    )
    check_ours(body, workspace)
    if not text_at(team, "id") and not text_at(user, "team_id"):
        raise Malformed("nobody says which workspace this is from")
    return person


def _asked_from(body: Payload) -> Channel | None:
    """Where a click or a shortcut was made; None in dialogs, in the Home and from the lightning menu."""
    channel = mapping(body, "channel")
    return _channel(needed(channel, "id"), text_at(channel, "name")) if channel else None


def _here(channel: Channel | None) -> str | None:
    """The channel that Slack itself says somebody asks from; never one that travelled in a form."""
    return channel.id if channel is not None and channel.kind == "shared" else None


def _channel(channel_id: str, name: str) -> Channel:
    if channel_id.startswith("D") or name == "directmessage":
        return Channel(id=channel_id, name="direct messages", kind="direct")
    return Channel(id=channel_id, name="" if name in UNNAMED_PLACES else name)


def _kept(view: Payload) -> Payload:
    """What a form of ours carries in `private_metadata`; empty for views that carry nothing."""
    try:
        kept = json.loads(text_at(view, "private_metadata") or "{}")
    except ValueError:
        raise Malformed("private_metadata is not ours") from None
    if not isinstance(kept, Mapping):
        raise Malformed("private_metadata is not ours")
    return kept


def _kept_channel(kept: Payload) -> Channel | None:
    return _channel(needed(kept, "place"), text_at(kept, "name")) if text_at(kept, "place") else None


def _ticked(element: Payload) -> str:
    options = element.get("selected_options") or ()
    return ",".join(text_at(option, "value") for option in options if isinstance(option, Mapping))


# Under which key each kind of element carries what was filled in:
# https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
_READ: Mapping[str, Callable[[Payload], object]] = {
    "value": lambda element: element.get("value"),
    "selected_date": lambda element: element.get("selected_date"),
    "selected_time": lambda element: element.get("selected_time"),
    "selected_user": lambda element: element.get("selected_user"),
    "selected_conversation": lambda element: element.get("selected_conversation"),
    "selected_option": lambda element: mapping(element, "selected_option").get("value"),
    "selected_options": _ticked,
}


def _is_lost(element: Payload) -> bool:
    """Whether boxes say neither what is ticked nor that nothing is: only the bot knows what it means."""
    boxes = text_at(element, "type") == "checkboxes"
    return boxes and not isinstance(element.get("selected_options"), list)


def _value(element: Payload) -> str:
    """What was filled in; "" for an input that was left empty, which may carry no key at all."""
    found = (read(element) for key, read in _READ.items() if key in element)
    return str(next(found, None) or "")


def _chosen(fields: Mapping[str, Payload], key: str) -> list[str]:
    """What was picked in all pickers whose choice stands under a key, each once."""
    picked = (_value(element) for element in fields.values() if key in element)
    return list(dict.fromkeys(value for value in picked if value))


def lies_on_another(body: Payload) -> bool:
    """Whether a submitted form was laid over another one, which is done with when it is sent."""
    return _kept(mapping(body, "view")).get("over") is True


def inputs(body: Payload) -> list[str]:
    """The names of a submitted form's fields, in order."""
    blocks = mapping(body, "view").get("blocks")
    return [
        text_at(block, "block_id")
        for block in (blocks if isinstance(blocks, list) else ())
        if isinstance(block, Mapping) and block.get("type") == "input"
    ]
