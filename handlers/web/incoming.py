"""What a browser sends, and who may send it: Requests for the bot, or refused in a sentence."""

import dataclasses
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from ipaddress import ip_address
from socket import gethostname
from urllib.parse import urlsplit

from aiohttp import web
from multidict import MultiMapping
from pydantic import ValidationError

from bot.command import Request, SourceMessage
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.parts import MAX_TEXT_LENGTH, Form
from bot.ports import ReadOnlyWork
from bot.repositories import Post
from bot.routes import COMMANDS, TYPED_WORDS, typed
from bot.settings import Settings
from handlers.web.outgoing import WORKSPACE, path_to

PERSON_PREFIX = "u_"
"""Every person's id made here starts with it and no channel's does: both are the `channel` of posts."""
COMMAND = "/amends"
NEARLY = 0.8
"""Of the letters of a name that is meant to be ours, so many are."""
STALE = "This page is out of date: reload it and try again."
KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")


class HTTPProblem(Exception):
    """What was sent cannot be used; `sentence` tells the person, `status` is HTTP's."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


def new_key() -> str:
    """A one-time name for something that can be pressed once."""
    return secrets.token_urlsafe(12)


# ---- who may knock


@cache
def own_names(host: str) -> frozenset[str]:
    """The host names this server answers to when it is bound to `host`, beside plain IP addresses."""
    machine = gethostname().lower()
    return frozenset({"localhost", host.lower(), machine, f"{machine}.local"})


def check_host(request: web.BaseRequest, settings: Settings, public: str = "") -> None:
    """Refuses other people's host names: a page elsewhere may point its own name at this machine.

    `public` is the address by which others reach us, where they may.

    (DNS rebinding.) An address cannot be pointed anywhere, so IP addresses pass, but only
    loopback ones while the server listens on loopback.
    """
    name = _host_name(request.host)
    if public and name == _host_name(_netloc(public)):
        return
    try:
        address = ip_address(name)
    except ValueError:
        known = name in own_names(settings.amends_host) and (
            not settings.loopback or name in ("localhost", settings.amends_host.lower())
        )
    else:
        known = address.is_loopback or not settings.loopback
    if not known:
        raise HTTPProblem(
            "Amends does not answer under this name; open it by the address it printed.", 403
        )


def check_origin(request: web.BaseRequest, public: str = "") -> None:
    """Refuses what another web page makes the browser send; programs without a browser pass.

    `public` is the address by which others reach us: what is in front of us may call us otherwise.
    """
    origin = request.headers.get("Origin")
    if origin is not None:
        foreign = _netloc(origin) not in {request.host.lower(), _netloc(public)} - {""}
    else:
        foreign = request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")
    if foreign:
        raise HTTPProblem("This came from another web page, so nothing was done.", 403)


def check_address(request: web.BaseRequest) -> None:
    """Refuses an address or a cookie with what no text holds: NUL, or bytes beyond UTF-8."""
    told = (request.path, *request.query.values(), *request.cookies.values())
    if any("\0" in text or not _is_text(text) for text in told):
        raise HTTPProblem("This address cannot be read.", 400)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


# ---- what a form of a page says


@dataclass(frozen=True)
class Pressed:
    """A button that was pressed, or a dialog that was sent in.

    `channel` is the channel on screen, `thread` its open thread, `note` whether the button stood in a
    private note. `values` is None unless a dialog's `form` was sent in.
    """

    command_name: str
    key: str
    channel_id: str
    thread: int | None = None
    about: str = ""
    note: bool = False
    form: Form | None = None
    values: Mapping[str, str] | None = None


Data = MultiMapping[str | bytes | bytearray | web.FileField]


async def posted(request: web.Request) -> Data:
    """What a form sent; refuses a body that is no form."""
    try:
        return await request.post()
    except (ValueError, LookupError):  # an unknown charset, broken multipart, bytes beyond UTF-8
        raise HTTPProblem("What was sent is no form, so nothing was done.", 400) from None


async def written(request: web.Request) -> list[str]:
    """What somebody wrote into the texts of a form; nothing where no form of ours was sent."""
    try:
        form, values = read_form(await posted(request))
    except HTTPProblem:
        return []
    return [
        text
        for field in form.fields
        if field.kind in ("line", "text") and (text := values.get(field.name, "").strip())
    ]


def text_of(data: Data, name: str) -> str:
    """One field's text, with line ends as "\\n"; NUL, which no database of ours stores, is dropped."""
    value = data.get(name, "")
    if not isinstance(value, str):
        raise HTTPProblem("Amends takes no files.")
    return _clean(value)


def read_press(command_name: str, data: Data) -> Pressed:
    """The press of a button or of a dialog's main button; refuses what no page of ours sends."""
    if command_name not in COMMANDS or COMMANDS[command_name].command.access == "platform":
        raise HTTPProblem(f"Amends does not know {command_name[:60]!r}.", 404)
    pressed = Pressed(
        command_name=command_name,
        key=read_key(data),
        channel_id=text_of(data, "place"),
        thread=read_number(text_of(data, "thread")),
        about=text_of(data, "about"),
        note=bool(text_of(data, "note")),
    )
    if "dialog" not in data:
        return pressed
    form, values = read_form(data)
    if form.command_name != command_name:
        raise HTTPProblem(STALE)
    other_way = form.other_way if "again" in data else None
    return Pressed(
        command_name=command_name,
        key=pressed.key,
        channel_id=pressed.channel_id,
        thread=pressed.thread,
        about=form.about,
        form=form,
        values={**(other_way.hidden if other_way else form.hidden), **values},
    )


def read_form(data: Data) -> tuple[Form, dict[str, str]]:
    """The dialog that was sent in, and what its fields say; other fields are not looked at."""
    try:
        form = Form.model_validate_json(text_of(data, "dialog"))
    except ValidationError:
        raise HTTPProblem(STALE) from None
    values: dict[str, str] = {}
    for field in form.fields:
        sent = [_clean(value) for value in data.getall(f"v.{field.name}", []) if isinstance(value, str)]
        if field.kind == "tick" and not (sent or f"t.{field.name}" in data):
            # A browser sends nothing for a box that is not ticked, but what stands beside it. Without
            # either it got lost, and only the bot knows what that means.
            continue
        values[field.name] = ",".join(sent) if field.kind == "choices" else (sent or [""])[0]
    return form, values


def read_key(data: Data) -> str:
    """The one-time key of what was pressed."""
    key = text_of(data, "key")
    if not KEY.fullmatch(key):
        raise HTTPProblem(STALE)
    return f"web:{key}"


def read_number(text: str) -> int | None:
    """A post's id; None for an empty one."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise HTTPProblem(STALE)
    return int(text)


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


# ---- from there to the bot


def command(text: str, *, direct: bool, in_thread: bool) -> tuple[str, str] | None:
    """The command and the rest that a typed line asks for, or None when it is plain talk.

    In direct messages everything is for the bot. In a channel `/amends …` is, also a little misspelt
    or as `@amends`, so is a slash before any typed word, and a line that begins with the word
    `failed`, except in a thread, where people talk about what failed.
    """
    text = text.strip()
    head, _, rest = text.partition(" ") if " " in text else text.partition("\n")
    if _calls_us(head):
        return typed(rest.strip())
    if head.startswith("/") and head[1:].lower() in TYPED_WORDS:
        return typed(text[1:])
    if direct or (head.lower() == "failed" and not in_thread):
        return typed(text)
    return None


def _calls_us(head: str) -> bool:
    sign, name = head[:1], head[1:].lower().rstrip(":,")
    return sign in ("/", "@") and bool(get_close_matches(name, [COMMAND[1:]], cutoff=NEARLY))


def check_text(text: str) -> None:
    """Refuses a message without words, or longer than any platform carries."""
    if not text.strip():
        raise HTTPProblem("Write something first.")
    if len(text) > MAX_TEXT_LENGTH:
        raise HTTPProblem(
            f"That is {len(text):,} characters, and a message can have {MAX_TEXT_LENGTH:,}: shorten it."
        )


def channel_for(work: ReadOnlyWork, channel_id: str, viewer: Person) -> Channel:
    """The channel on screen: a shared one, or the reader's direct messages; refuses one that is gone."""
    if channel_id == viewer.id:
        return direct_channel(viewer)
    channel = work.channels.get(channel_id)
    if channel is None or channel.gone:
        raise HTTPProblem("I can't find this channel. It may have been removed.", 404)
    return channel


def direct_channel(viewer: Person) -> Channel:
    """The bot's direct messages with the reader."""
    return Channel(id=viewer.id, name=viewer.name, kind="direct")


@dataclass(frozen=True)
class ResolvedPress:
    """A press with everything the bot wants to know about it, read from the workspace."""

    pressed: Pressed
    viewer: Person
    channel: Channel
    at: datetime
    people: tuple[Person, ...] = dataclasses.field(default=())
    source: SourceMessage | None = None

    def request(self) -> Request:
        """The bot's request."""
        return _request(
            self.viewer,
            self.channel,
            self.at,
            command_name=self.pressed.command_name,
            about="" if self.source else self.pressed.about,
            values=self.pressed.values,
            people=self.people,
            source=self.source,
            key=self.pressed.key,
        )


def typed_line(
    asked: tuple[str, str], viewer: Person, channel: Channel, at: datetime, key: str
) -> Request:
    """A typed command: its name, and the words that belong to it."""
    command_name, words = asked
    return _request(viewer, channel, at, command_name=command_name, typed=words, key=key)


def overheard(post: Post, viewer: Person, channel: Channel) -> Request:
    """A reply in a thread that was just posted: nobody asks for anything with it."""
    values = {"text": post.text, "id": str(post.id)}
    about, key = str(post.thread), f"{post.key}:d"
    return _request(
        viewer,
        channel,
        post.posted_at,
        command_name="retro.discuss",
        about=about,
        values=values,
        key=key,
        heard=True,
    )


def _request(viewer: Person, channel: Channel, at: datetime, **more: object) -> Request:
    # Who reads was just looked up, and the channel on the page is where they are.
    shared = channel.kind == "shared"
    whole = {"workspace": WORKSPACE, "person": viewer, "introduced": True, "at": at, "channel": channel}
    return Request.model_validate({**whole, "here": channel.id if shared else None, **more})


def resolve(work: ReadOnlyWork, pressed: Pressed, viewer: Person, at: datetime) -> ResolvedPress:
    """Reads what belongs to a press: its channel, the persons it names, the message it is about."""
    channel_id = (pressed.form.channel_id if pressed.form else "") or pressed.channel_id
    named = [
        value
        for field in (pressed.form.fields if pressed.form else ())
        if field.kind == "person" and (value := (pressed.values or {}).get(field.name))
    ]
    people = work.people.among(named) if named else {}
    return ResolvedPress(
        pressed=pressed,
        viewer=viewer,
        channel=channel_for(work, channel_id, viewer),
        at=at,
        people=tuple(people.values()),
        source=found_message(work, pressed),
    )


POST_ABOUT = "post:"
"""Begins `about` where a button is pressed on a person's message, like a chat's message shortcut."""


def found_message(work: ReadOnlyWork, pressed: Pressed) -> SourceMessage | None:
    """The message a shortcut was used on; refuses one that is gone."""
    if pressed.form or not pressed.about.startswith(POST_ABOUT):
        return None
    number = read_number(pressed.about.removeprefix(POST_ABOUT))
    post: Post | None = work.posts.get(number) if number else None
    if post is None or post.message is not None or post.channel_id != pressed.channel_id:
        raise HTTPProblem("That message is gone.", 404)
    author = work.people.get(post.author) if post.author else None
    return SourceMessage(
        text=post.text,
        link=path_to(post),
        thread=None if post.thread is None else str(post.thread),
        author=author,
    )
