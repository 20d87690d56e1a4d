"""What Teams sends, as Requests: who asks for what, where, and about what.

The readers are pure: they know only the activity. What only Teams or the storage knows (names of
channels, whom the people picker named) is the directory's to add.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from bot.command import Request, SourceMessage
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.domain.reference import likely_reference
from bot.routes import names_people, typed
from handlers.payload import Malformed, Payload, mapping, needed, text_at
from handlers.teams.markup import shown, ticket_link

SOMEBODY = "someone"
TICKED, UNTICKED = "yes", "no"
"""What a tick says: words for both, because Teams sends nothing at all for an input that is empty."""
THREAD = ";messageid="
JOINING = ("conversationUpdate", "installationUpdate")
REOPENING = ("channelRestored", "teamRestored", "teamUnarchived")
"""What happens to a channel or a team before it can be spoken in again."""


class Origin(NamedTuple):
    """Where somebody asked from, and what it takes to answer there.

    `conversation` has the thread's suffix, as Teams told it; `shared`: others read it too; `known`:
    the bot itself talks in it (a message action can come from any chat).
    """

    service_url: str
    tenant: str
    conversation: str
    person_id: str
    aad: str
    bot: str
    team: str
    shared: bool
    known: bool


def tenant_of(body: Payload) -> str:
    """The tenant; the SDK's own field for it is always empty, so the raw JSON is read. Empty: none."""
    data = mapping(mapping(body, "channelData"), "tenant")
    return text_at(data, "id") or text_at(mapping(body, "conversation"), "tenantId")


def workspace_of(body: Payload) -> str:
    """The tenant's workspace; only an emulator names no tenant."""
    return f"teams:{tenant_of(body) or 'local'}"


def origin(body: Payload) -> Origin:
    """The way back to whoever sent an activity."""
    conversation, sender = mapping(body, "conversation"), mapping(body, "from")
    kind = text_at(conversation, "conversationType")
    extension = text_at(body, "name").startswith("composeExtension/")
    return Origin(
        service_url=needed(body, "serviceUrl"),
        tenant=tenant_of(body),
        conversation=needed(conversation, "id"),
        person_id=text_at(sender, "id"),
        aad=text_at(sender, "aadObjectId"),
        bot=text_at(mapping(body, "recipient"), "id"),
        team=text_at(mapping(mapping(body, "channelData"), "team"), "id"),
        shared=kind == "channel",
        # A message extension is used in any chat; whether the bot is in it, nobody says.
        known=kind == "channel" or (kind in ("", "personal") and not extension),
    )


def whoever(body: Payload) -> Person:
    """Who sent it; their zone as their own client tells it."""
    sender = mapping(body, "from")
    zone = text_at(body, "localTimezone") or next(
        (text_at(info, "timezone") for info in _entities(body) if info.get("type") == "clientInfo"), ""
    )
    return Person(id=needed(sender, "id"), name=text_at(sender, "name") or SOMEBODY, zone=zone or None)


def direct_channel(body: Payload) -> Channel:
    """The bot's chat with whoever sent it; its conversation is only known from inside it."""
    person, way = whoever(body), origin(body)
    reference = {"service_url": way.service_url, "tenant_id": way.tenant, "bot_id": way.bot}
    reference |= {"aad_object_id": way.aad} if way.aad else {}
    if way.known and not way.shared:
        reference["conversation_id"] = way.conversation
    return Channel(id=person.id, name=person.name, kind="direct", reference=reference)


def shared_channel(body: Payload) -> Channel | None:
    """The channel that it came from; None when it came from elsewhere. Mostly Teams tells no name."""
    way = origin(body)
    if not way.shared:
        return None
    data = mapping(body, "channelData")
    channel, team = mapping(data, "channel"), mapping(data, "team")
    chosen = text_at(mapping(mapping(data, "settings"), "selectedChannel"), "id")
    id = chosen or text_at(channel, "id") or text_at(data, "teamsChannelId") or base(way.conversation)
    reference = {
        "service_url": way.service_url,
        "tenant_id": way.tenant,
        "conversation_id": id,
        "team_id": text_at(team, "id"),
        "channel_id": id,
        "bot_id": way.bot,
    }
    # The General channel has no name of its own, and the team's id.
    name = text_at(channel, "name") or (text_at(team, "name") if id == text_at(team, "id") else "")
    return Channel(id=id, name=name, reference={key: value for key, value in reference.items() if value})


def channel_of(body: Payload) -> Channel:
    """Where it came from: a channel, or else the person's own chat with the bot."""
    return shared_channel(body) or direct_channel(body)


def here(body: Payload) -> str | None:
    """The channel that Teams itself says it came from, whatever a card or a dialog carries."""
    way = origin(body)
    return base(way.conversation) if way.shared else None


def base(conversation: str) -> str:
    """A conversation without the thread in it."""
    return conversation.partition(THREAD)[0]


def root_of(body: Payload) -> str:
    """The id of the message that the thread began with; empty outside threads."""
    return needed(mapping(body, "conversation"), "id").partition(THREAD)[2]


def key_of(*parts: str) -> str:
    """The same for a repeat of the same event. Hashed: a chat's id would name the person."""
    return "teams:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def _request(body: Payload, command_name: str, at: datetime, **more: object) -> Request:
    whole = {
        "workspace": workspace_of(body),
        "command_name": command_name,
        "person": whoever(body),
        "channel": channel_of(body),
        "here": here(body),
        "at": at,
        "key": _event_key(body, command_name),
        **more,
    }
    return Request.model_validate(whole)


def _event_key(body: Payload, *more: str) -> str:
    conversation = text_at(mapping(body, "conversation"), "id")
    return key_of(conversation, text_at(body, "id") or text_at(body, "timestamp"), *more)


# Messages


def message(body: Payload, at: datetime) -> Request | None:
    """A message: words for the bot, an old client's button, or a reply in a thread; None otherwise."""
    value = body.get("value")
    if isinstance(value, Mapping) and text_at(value, "verb") and not text_at(body, "text").strip():
        return _pressed(body, value, at)
    words, called = said_to(body)
    command = words.strip().lower().startswith("/amends")
    if called or command or not origin(body).shared:
        command_name, rest = typed(_without_slash(words))
        if names_people(command_name):
            _, rest = typed(_without_slash(said_to(body, by_id=True)[0]))
        if _has_file(body) and not words.strip():
            command_name, rest = "team.picture", ""
        return _request(body, command_name, at, typed=rest)
    return discussed(body, at)


def _has_file(body: Payload) -> bool:
    """Whether a picture or a file came along; the text itself comes once more, as HTML."""
    files = body.get("attachments")
    kinds = [
        text_at(file, "contentType")
        for file in (files if isinstance(files, list) else ())
        if isinstance(file, Mapping)
    ]
    return any(kind.startswith(("image/", "application/vnd.microsoft.teams.file")) for kind in kinds)


def _without_slash(words: str) -> str:
    first, *rest = words.strip().split(maxsplit=1) or [""]
    return "".join(rest) if first.lower() in ("/amends", "@amends") else words


def said_to(body: Payload, *, by_id: bool = False) -> tuple[str, bool]:
    """The words of a message without the mention of the bot, and whether there was one.

    `by_id`: whoever else is mentioned stands there by their id, between quotation marks.
    """
    text, bot = text_at(body, "text"), text_at(mapping(body, "recipient"), "id")
    called = False
    for entity in _entities(body):
        who = text_at(mapping(entity, "mentioned"), "id")
        if entity.get("type") != "mention":
            continue
        if who == bot:
            text, called = text.replace(text_at(entity, "text"), " "), True
        elif by_id and who and text_at(entity, "text"):
            text = text.replace(text_at(entity, "text"), f'"{who}"')
    return shown(text), called


def discussed(body: Payload, at: datetime) -> Request | None:
    """A plain reply in a thread, new or changed; None for what begins a thread, and for empty ones."""
    root, id = root_of(body), text_at(body, "id")
    words, called = said_to(body)
    if not origin(body).shared or called or not root or root == id or not words.strip():
        return None
    values = {"text": words, "id": id}
    return _request(body, "retro.discuss", at, about=root, values=values, key=None, heard=True)


def changed(body: Payload, at: datetime) -> Request | None:
    """A message that its author changed, or brought back."""
    return discussed(body, at)


def deleted(body: Payload, at: datetime) -> Request | None:
    """A reply that its author deleted."""
    root, id = root_of(body), text_at(body, "id")
    if not origin(body).shared or not root or root == id:
        return None
    values = {"id": id}
    return _request(body, "retro.undiscuss", at, about=root, values=values, key=None, heard=True)


def joined(body: Payload, at: datetime) -> Request | None:
    """The app was added: to a team (or a channel of it), or for one person."""
    return _request(body, "team.joined", at, heard=True) if _adds_us(body) else None


def _adds_us(body: Payload) -> bool:
    bot = text_at(mapping(body, "recipient"), "id")
    members = body.get("membersAdded")
    added = isinstance(members, list) and any(
        isinstance(member, Mapping) and member.get("id") == bot for member in members
    )
    return added or text_at(body, "action").startswith("add")


def regroups(body: Payload) -> bool:
    """Whether it tells that a team's people or channels came, went or changed."""
    personal = text_at(mapping(body, "conversation"), "conversationType") == "personal"
    return needed(body, "type") in JOINING and not personal


def reopened_team(body: Payload) -> str:
    """The id of a team that we are in again, or that is open again; empty for everything else."""
    data = mapping(body, "channelData")
    reopens = text_at(data, "eventType") in REOPENING
    added = needed(body, "type") in JOINING and _adds_us(body)
    return text_at(mapping(data, "team"), "id") if reopens or added else ""


def renamed(body: Payload) -> Channel | None:
    """A channel under its new name; None for everything else."""
    if text_at(mapping(body, "channelData"), "eventType") != "channelRenamed":
        return None
    return shared_channel(body)


def channel_changed(body: Payload, channel: Channel, called: str, at: datetime) -> Request:
    """A channel has another name, or can be spoken in again; who did it does not matter."""
    us = Person(id=text_at(mapping(body, "recipient"), "id"), name="Amends", bot=True)
    return Request(
        workspace=workspace_of(body),
        command_name="team.channel_changed",
        person=us,
        channel=channel,
        here=channel.id,
        heard=True,
        values={"called": called},
        at=at,
    )


# Buttons and dialogs


def click(body: Payload, at: datetime) -> Request:
    """A pressed button (Action.Execute)."""
    action = mapping(mapping(body, "value"), "action")
    if text_at(action, "type") != "Action.Execute":
        raise Malformed("the action is no Action.Execute")
    return _pressed(body, {**mapping(action, "data"), "verb": needed(action, "verb")}, at)


def opening(body: Payload, at: datetime) -> Request:
    """A button that opens a dialog, in a message."""
    return _pressed(body, mapping(mapping(body, "value"), "data"), at)


def only_opens(body: Payload) -> bool:
    """Whether it only asks for a dialog."""
    return text_at(body, "name") in ("task/fetch", "composeExtension/fetchTask")


def _pressed(body: Payload, data: Payload, at: datetime) -> Request:
    command_name, about = needed(data, "verb"), text_at(data, "about")
    key = _event_key(body, command_name, about, text_at(body, "replyToId"))
    channel, words = _kept_channel(text_at(data, "channel"), body), text_at(data, "typed")
    return _request(body, command_name, at, about=about, typed=words, channel=channel, key=key)


def shortcut(body: Payload, at: datetime) -> Request:
    """A message action, or the same action without a message: its form opens."""
    value = mapping(body, "value")
    payload = mapping(value, "messagePayload")
    source = _found(payload) if payload else None
    return _request(body, needed(value, "commandId"), at, source=source, key=None)


def submission(body: Payload, at: datetime) -> Request:
    """A filled-in dialog, or a button in one. Chosen people are there as the picker named them."""
    data = mapping(mapping(body, "value"), "data")
    own = mapping(data, "amends")
    if not own:
        return _pressed(body, data, at)
    values = {str(key): str(value) for key, value in mapping(own, "kept").items()}
    ticks = _names(own, "ticks")
    others = ("amends", "msteams", *ticks)
    values |= {name: _value(value) for name, value in data.items() if name not in others}
    values |= _ticked(data, ticks)
    chosen = [values[name] for name in _names(own, "places") if values.get(name)]
    channel = Channel(id=chosen[0], name="") if chosen else _kept_channel(text_at(own, "place"), body)
    return _request(
        body,
        needed(own, "verb"),
        at,
        about=text_at(own, "about"),
        values=values,
        channel=channel,
        people=tuple(
            Person(id=values[name], name="") for name in _names(own, "persons") if values.get(name)
        ),
        key=key_of(needed(own, "once")),
    )


def hidden(body: Payload) -> Mapping[str, str]:
    """What a submitted dialog carried beside its fields."""
    own = mapping(mapping(mapping(body, "value"), "data"), "amends")
    return {str(key): str(value) for key, value in mapping(own, "kept").items()}


def person_fields(body: Payload) -> list[str]:
    """The names of the people pickers in a submitted dialog."""
    return _names(mapping(mapping(mapping(body, "value"), "data"), "amends"), "persons")


def channel_fields(body: Payload) -> list[str]:
    """The names of the choices of a channel in a submitted dialog."""
    return _names(mapping(mapping(mapping(body, "value"), "data"), "amends"), "places")


def _kept_channel(kept: str, body: Payload) -> Channel:
    """The channel that a button or a dialog carries, which proves nothing; or else where it stands."""
    stands = channel_of(body)
    return stands if kept in ("", stands.id) else Channel(id=kept, name="")


def _names(own: Payload, key: str) -> list[str]:
    names = own.get(key)
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, Mapping | list):
        raise Malformed("a field is no text")
    return str(value)


def _ticked(data: Payload, names: Iterable[str]) -> dict[str, str]:
    """What ticks say; one that says neither got lost, and only the bot knows what that means."""
    said = {TICKED: "yes", UNTICKED: "", True: "yes", False: ""}
    told = {name: data.get(name) for name in names}
    return {
        name: said[value]
        for name, value in told.items()
        if isinstance(value, str | bool) and value in said
    }


def _found(payload: Payload) -> SourceMessage:
    sender, id = mapping(payload, "from"), text_at(payload, "id")
    content = mapping(payload, "body")
    text = text_at(content, "content")
    # The picker's and the messages' ids differ (AAD, and 29:…), so the author is a name without one.
    name = text_at(mapping(sender, "user"), "displayName")
    html = text_at(content, "contentType") == "html"
    # What an app's card says is not sent along: all that is left is what the message is called.
    words = (shown(text) if html else text) or text_at(payload, "subject") or text_at(payload, "summary")
    app = bool(mapping(sender, "application")) and not name
    ticket = ticket_link(text) if app and html else ""
    return SourceMessage(
        text=words,
        ticket=ticket or None,
        reference=likely_reference(words, ticket) if app else "",
        link=text_at(payload, "linkToMessage") or None,
        thread=text_at(payload, "replyToId") or id or None,
        author=Person(id="", name=name) if name else None,
    )


def _entities(body: Payload) -> list[Payload]:
    entities = body.get("entities")
    return (
        [entity for entity in entities if isinstance(entity, Mapping)]
        if isinstance(entities, list)
        else []
    )


ReadEvent = Callable[[Payload, datetime], Request | None]

HEARD: Mapping[str, ReadEvent] = {
    "message": message,
    "messageUpdate": changed,
    "messageDelete": deleted,
    "conversationUpdate": joined,
    "installationUpdate": joined,
}
"""What happens in Teams, by the activity's type."""

INVOKED: Mapping[str, Callable[[Payload, datetime], Request]] = {
    "adaptiveCard/action": click,
    "task/fetch": opening,
    "task/submit": submission,
    "composeExtension/fetchTask": shortcut,
    "composeExtension/submitAction": submission,
}
"""What waits for an answer, by the invoke's name."""
