"""The Teams adapter: POST /api/messages in, the bot's replies out.

What comes in is authenticated, saved by the bot, and then answered. What has to be said by a call to
the connector follows the answer, so that a slow Teams never makes a click look failed.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol, Self
from uuid import uuid4

from aiohttp import web

from bot.command import Reply, Request
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.parts import (
    Form,
    Message,
    Paragraph,
    Part,
    Quote,
    Typed,
    offering,
    plain,
    sentence,
    with_button,
)
from bot.ports import StorageUnavailable, Transactions
from bot.routes import COMMANDS, filled_again
from bot.safe_traceback import redacted
from bot.settings import Settings
from handlers.payload import Malformed, Payload, mapping, needed, text_at
from handlers.teams import incoming, render
from handlers.teams.authentication import Authenticator, Claims, OpenAuthenticator, Unauthorised
from handlers.teams.card import MENTION
from handlers.teams.connector import Connector
from handlers.teams.directory import Directory, Met
from handlers.teams.hosts import Hosts
from handlers.teams.memberships import TeamsMemberships
from handlers.teams.outgoing import TeamsMessenger
from handlers.teams.replies import Replies
from handlers.teams.token import WHAT_TO_DO, Tokens, fetch_with

log = logging.getLogger(__name__)

MAX_BYTES = 512 * 1024
"""More than Teams' largest activity (a message of 100 KB with its HTML beside it) needs."""

WORDS = "application/vnd.microsoft.activity.message"
UNKNOWN = sentence(
    "I don't know this any more: it's from another version of me. Try ", Typed(words="help"), "."
)
TROUBLE = sentence("Something went wrong on my side, and nothing was changed. Please try again.")
CLOSED = sentence("That can no longer be done here; what you wrote is below, so that nothing is lost.")

TEAMS, EMULATOR = "msteams", "emulator"
"""The service that an activity came by; others (the chat of a web page, say) are signed as well."""

OK, FORBIDDEN, UNSAVED = (
    int(HTTPStatus.OK),
    int(HTTPStatus.FORBIDDEN),
    int(HTTPStatus.SERVICE_UNAVAILABLE),
)

Answer = tuple[int, Mapping[str, object] | None]
"""The status and the JSON of an HTTP answer."""


class Answers(Protocol):
    """What this adapter needs of the bot."""

    async def answer(self, request: Request) -> Reply: ...


class TeamsAdapter:
    """Every allowed tenant's Teams: `handler` serves /api/messages, `messenger` speaks unasked.

    `memberships` says who is in which channel; `committed` is called when something is owed anew.
    """

    def __init__(
        self,
        settings: Settings,
        bot: Answers,
        transactions: Transactions,
        committed: Callable[[], None],
        authenticator: Authenticator,
    ) -> None:
        self._settings = settings
        self._bot = bot
        self._transactions = transactions
        self._authenticator = authenticator
        self._tokens = Tokens(fetch_with(settings))
        self._hosts = Hosts(settings)
        self._connector = Connector(
            None if settings.teams_unauthenticated else self._tokens, self._hosts.include
        )
        app_id, min_interval = settings.teams_app_id or "", settings.amends_pace
        self.messenger = TeamsMessenger(self._connector, transactions, app_id, min_interval)
        self.memberships = TeamsMemberships(self._connector, transactions)
        self._directory = Directory(self._connector, transactions, self.memberships, committed)
        self._replies = Replies(self._connector, self.messenger, transactions, settings.teams_targeted)
        self._fresh: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, settings: Settings, bot: Answers, transactions: Transactions, committed: Callable[[], None]
    ) -> Self:
        """The adapter; its token is fetched meanwhile, because a login that is down must not stop it."""
        adapter = cls(settings, bot, transactions, committed, _authenticator_for(settings))
        if not settings.teams_unauthenticated:
            adapter._fresh = asyncio.create_task(adapter._tokens.keep_fresh())
        return adapter

    async def close(self) -> None:
        """Lets replies that are under way finish, and ends everything that the adapter holds open."""
        await self._replies.finish()
        await self.memberships.close()
        if self._fresh is not None:
            self._fresh.cancel()
            await asyncio.gather(self._fresh, return_exceptions=True)
        self._tokens.close()
        await self._connector.close()

    @property
    def trouble(self) -> str:
        """What an admin has to put right before anything can be said in Teams; mostly empty."""
        refused = self._tokens.refused
        return f"Teams: {refused} {WHAT_TO_DO}" if refused else ""

    # The way in

    async def handler(self, request: web.Request) -> web.Response:
        """405 no POST, 415 no JSON, 413 too large, 400 malformed, 401 unsigned, 403 another's.

        Another's: of a tenant that may not use the app, or of a service that is not Teams or not at
        Microsoft's.
        """
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"}, text="only POST")
        if request.content_type != "application/json":
            # A page in somebody's browser can send other types here unasked.
            return web.Response(status=415, text="only application/json")
        raw = b""
        async for chunk in request.content.iter_any():
            raw += chunk
            if len(raw) > MAX_BYTES:
                return web.Response(status=413, text="too large")
        try:
            body = _read(raw)
            header = request.headers.get("Authorization", "")
            claims = await self._authenticator.authenticate(header, body)
            _check_shape(body)
            status, answer = await self._turn(body, claims)
        except Unauthorised as why:
            log.warning("a request was turned away: %s", why)
            return web.Response(status=401, text="not from Teams")
        except Malformed as why:
            log.warning("a malformed activity: %s", why)
            return web.Response(status=400, text="malformed")
        except Exception as error:  # without its own words, which may hold somebody's
            log.error("an activity failed: %s", redacted(error))
            return web.Response(status=500, text="failed")
        return (
            web.json_response(answer, status=status)
            if answer is not None
            else web.Response(status=status)
        )

    async def _turn(self, body: Payload, claims: Claims) -> Answer:
        if claims.service not in ((TEAMS,) if claims.signed else (TEAMS, EMULATOR)):
            log.warning("an activity of another service than Teams was turned away")
            return FORBIDDEN, None
        tenant = incoming.tenant_of(body).lower()
        allowed = self._settings.tenants
        if (allowed or claims.signed) and tenant not in allowed:
            log.warning(
                "a request of another tenant was turned away; TEAMS_TENANTS names who may use me"
            )
            return FORBIDDEN, None
        if not self._hosts.include(needed(body, "serviceUrl")):
            log.warning("an activity whose answers would leave Microsoft's hosts was refused")
            return FORBIDDEN, None
        kind, now = needed(body, "type"), datetime.now(UTC)
        if kind == "invoke":
            read = incoming.INVOKED.get(text_at(body, "name"))
            if read is None:
                return int(HTTPStatus.NOT_IMPLEMENTED), None
            answer = await INVOKES[text_at(body, "name")](self, read(body, now), body)
            # Nothing more to show is no body at all: clients take an empty object for a broken dialog.
            return OK, answer or None
        workspace = incoming.workspace_of(body)
        if incoming.regroups(body):
            self.memberships.forget(workspace)
        if not await self._channels_changed(workspace, body, now):
            return UNSAVED, None
        read_event = incoming.HEARD.get(kind)
        request = read_event(body, now) if read_event else None
        if request is None:
            return OK, None
        return await (self._happened if request.heard else self._typed)(request, body)

    async def _channels_changed(self, workspace: str, body: Payload, now: datetime) -> bool:
        """Tells the bot of new names, and where it can speak again; False when that was not saved."""
        changed = []
        if renamed := incoming.renamed(body):
            changed.append(incoming.channel_changed(body, renamed, renamed.name, now))
        if team := incoming.reopened_team(body):
            channels = await self._directory.channels_of(workspace, team)
            changed += [incoming.channel_changed(body, channel, "", now) for channel in channels]
        replies = [await self._reply(request) for request in changed]
        return all(reply.saved for reply in replies)

    # What happens

    async def _happened(self, request: Request, body: Payload) -> Answer:
        """Handles an event, which nobody waits to see answered."""
        if request.command_name != "team.joined":
            # With the team's consent everything said in its channels arrives: the rest stays unread.
            if request.channel:
                await self._directory.hears(request.workspace, request.channel)
            if not await self._directory.begins_retro(request):
                return OK, None
        elif request.channel and request.channel.kind == "direct":
            # What could not be said to them is said now, and they are greeted.
            await self._directory.keep(request.workspace, request.channel, welcome=True)
            return (OK if (await self._reply(request)).saved else UNSAVED), None
        _, reply = await self._asked(request, body)
        return (OK if reply.saved else UNSAVED), None

    async def _typed(self, request: Request, body: Payload) -> Answer:
        """Handles a message: words for the bot, or a button of an old client."""
        request, reply = await self._asked(request, body)
        origin = incoming.origin(body)
        if reply.form:
            drawn = render.button_to(reply.form, request.typed)
        elif message := reply.message or _sentences(reply):
            drawn = render.message(message)
        else:
            return OK, None
        clicked = not text_at(body, "text").strip()
        if clicked or reply.refused or not reply.saved or not _for_all(request, origin):
            self._replies.add(self._replies.send_ephemeral(drawn, origin, request))
        else:
            self._replies.add(self._replies.say(drawn, origin))
        return OK, None

    async def _clicked(self, request: Request, body: Payload) -> Mapping[str, object]:
        request, reply = await self._asked(request, body)
        origin = incoming.origin(body)
        if reply.form:
            drawn = render.button_to(reply.form, request.typed)
            self._replies.add(self._replies.send_ephemeral(drawn, origin, request))
        elif reply.message and reply.refused and origin.shared:
            drawn = render.message(reply.message)
            self._replies.add(self._replies.send_ephemeral(drawn, origin, request))
        if reply.message and reply.replaces and not reply.refused:
            return {"statusCode": OK, "type": render.CARD, "value": render.card_of(reply.message)}
        words = reply.message or _sentences(reply)
        # This answer is shown to whoever pressed, and to nobody else; the card itself is edited for all.
        return {"statusCode": OK, "type": WORDS, "value": plain(words, MENTION)[:1_000] if words else ""}

    async def _opened(self, request: Request, body: Payload) -> Mapping[str, object]:
        request, reply = await self._asked(request, body)
        if reply.form:
            return render.dialog(reply.form, await self._known(reply.form, request))
        return render.reading(reply.message or _sentences(reply) or UNKNOWN)

    async def _submitted(self, request: Request, body: Payload) -> Mapping[str, object]:
        if request.values is None:
            return await self._pressed_inside(request, body)
        met = await self._met(request, body)
        faults, reply = met.faults, Reply()
        if not faults:
            reply = await self._reply(met.request)
            faults = reply.faults
        if faults:
            refused = reply.model_copy(update={"faults": faults})
            return await self._again(request, met.request, met.people, refused, body)
        if reply.form:
            return render.dialog(reply.form, await self._known(reply.form, met.request))
        if reply.message and reply.shown_once:
            # A dialog is gone once something in it is pressed: its buttons stand in the chat.
            drawn = render.message(render.only_buttons(reply.message))
            self._replies.add(self._replies.send_ephemeral(drawn, incoming.origin(body), met.request))
            return render.reading(render.without_buttons(reply.message))
        return render.reading(reply.message) if reply.message else {}

    async def _pressed_inside(self, request: Request, body: Payload) -> Mapping[str, object]:
        """A button inside a dialog: its form takes the dialog's channel, its words too."""
        request, reply = await self._asked(request, body)
        if reply.form:
            return render.dialog(reply.form, await self._known(reply.form, request))
        words = reply.message or _sentences(reply)
        return render.reading(words) if words else {}

    async def _again(
        self,
        sent: Request,
        request: Request,
        people: Mapping[str, Person],
        refused: Reply,
        body: Payload,
    ) -> Mapping[str, object]:
        """The dialog once more: everything typed still there, and what is wrong beside its field."""
        faults = refused.faults
        values = filled_again(sent.command_name, sent.values or {})
        channel = incoming.direct_channel(body) if incoming.channel_fields(body) else request.channel
        opening = request.model_copy(
            update={"values": None, "key": None, "channel": channel, "people": (), "typed": ""}
        )
        form = (await self._reply(opening)).form
        if form is None:
            return render.reading(_what_was_typed(values, incoming.hidden(body), refused))
        fields = tuple(
            field.model_copy(update={"value": values.get(field.name, "")}) for field in form.fields
        )
        filled = form.model_copy(update={"fields": fields, "hidden": incoming.hidden(body)})
        filled = offering(filled, refused.instead)
        return render.dialog(filled, await self._known(filled, request, people), faults)

    # The bot

    async def _asked(self, request: Request, body: Payload) -> tuple[Request, Reply]:
        met = await self._met(request, body)
        return met.request, await self._reply(met.request)

    async def _met(self, request: Request, body: Payload) -> Met:
        try:
            return await self._directory.resolve_people(request, body)
        except StorageUnavailable as unavailable:
            # The bot says it to the person, in its own words.
            log.error("command=%s: %s", request.command_name[:100], unavailable)
            return Met(request, {}, {})

    async def _reply(self, request: Request) -> Reply:
        if request.command_name not in COMMANDS:
            log.warning("command=%r is unknown", request.command_name[:100])
            return Reply(message=UNKNOWN, refused=True)
        try:
            return await self._bot.answer(request)
        except Exception as error:  # whatever it is, the person hears of it, and it is in the log
            log.error("command=%s failed: %s", request.command_name, redacted(error))
            if request.values is None:
                return Reply(message=TROUBLE, saved=False)
            return Reply(faults={"": TROUBLE.summary}, saved=False)

    async def _known(
        self, form: Form, request: Request, picked: Mapping[str, Person] | None = None
    ) -> render.FormContext:
        """What a form needs beside its fields: names of people in it, and channels to choose from."""
        ids = {field.value for field in form.fields if field.kind == "person" and field.value}
        wants_channels = any(field.kind == "place" for field in form.fields)
        people: dict[str, Person] = {}
        channels, unchecked = list[Channel](), False
        if ids or wants_channels:
            people, channels = await self._transactions.read(
                request.workspace,
                lambda work: (
                    dict(work.people.among(ids)),
                    list(work.channels.all()) if wants_channels else [],
                ),
            )
            channels, unchecked = await self.memberships.theirs(
                request.workspace, channels, request.person
            )
        return render.FormContext(
            uuid4().hex, {**people, **(picked or {})}, channels, unchecked=unchecked
        )


def _read(raw: bytes) -> Payload:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Malformed("the body is no JSON") from None
    if not isinstance(body, dict):
        raise Malformed("the body is no object")
    needed(body, "type")
    mapping(body, "conversation")
    return body


def _check_shape(body: Payload) -> None:
    """Raises Malformed for an activity whose parts have not the types that all readers expect."""
    mapping(body, "from")
    mapping(body, "recipient")
    text_at(body, "id")
    text_at(body, "name")


def _authenticator_for(settings: Settings) -> Authenticator:
    if settings.teams_unauthenticated:
        return OpenAuthenticator()
    from handlers.teams.botbuilder_patches import (  # noqa: PLC0415 - only where tokens are checked
        BotbuilderAuthenticator,
    )

    return BotbuilderAuthenticator(settings.teams_app_id or "")


def _for_all(request: Request, origin: incoming.Origin) -> bool:
    """Whether everybody in the channel may read the answer."""
    route = COMMANDS.get(request.command_name)
    return origin.shared and route is not None and route.command.audience == "channel"


def _sentences(reply: Reply) -> Message | None:
    return sentence(" ".join(reply.faults.values())) if reply.faults else None


def _what_was_typed(values: Mapping[str, str], hidden: Mapping[str, str], refused: Reply) -> Message:
    """A message for a dialog that cannot be shown again: why, what else to do, and what was typed."""
    typed = [value for name, value in values.items() if name not in hidden and len(value) > 3]
    message = with_button(" ".join(refused.faults.values()), refused.instead)
    parts: list[Part] = [*message.parts]
    if typed:
        parts += [Paragraph(words=(CLOSED.summary,)), *(Quote(text=value) for value in typed)]
    return message.model_copy(update={"parts": tuple(parts)})


INVOKES: Mapping[str, Callable[[TeamsAdapter, Request, Payload], Awaitable[Mapping[str, object]]]] = {
    "adaptiveCard/action": TeamsAdapter._clicked,
    "task/fetch": TeamsAdapter._opened,
    "task/submit": TeamsAdapter._submitted,
    "composeExtension/fetchTask": TeamsAdapter._opened,
    "composeExtension/submitAction": TeamsAdapter._submitted,
}
