"""The Slack adapter: signed requests (or a socket) in, the bot's replies out.

Everything is acknowledged after the bot has saved it. What needs Slack's Web API (a dialog, a note
to the person) follows the acknowledgement, so that a slow Slack never makes a click look failed.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError

from bot.access import NO_ANSWER_NOW
from bot.command import Reply, Request
from bot.domain.errors import Refused
from bot.messages.parts import (
    Button,
    Buttons,
    Form,
    Message,
    Paragraph,
    Typed,
    sentence,
    with_button,
)
from bot.ports import MembershipUnknown, StorageUnavailable
from bot.routes import COMMANDS, is_quiet, is_unnamed
from bot.safe_traceback import redacted
from bot.settings import Misconfigured, Settings
from bot.untold import Untold
from handlers.payload import Malformed, Payload, mapping, text_at
from handlers.slack import incoming, outgoing, render
from handlers.slack.directory import Directory, in_time
from handlers.slack.markup import mentioned
from handlers.slack.memberships import SHARED, SlackMemberships
from handlers.slack.outgoing import NO_ANSWER, code_of
from handlers.slack.replies import Replies, channel_name
from handlers.slack.signature import Signature
from handlers.slack.workspace import Workspace, WrongWorkspace, is_doubtful, is_shared

log = logging.getLogger(__name__)

MAX_BYTES = 2 * 1024 * 1024
"""More than Slack's largest payload (a view of 250 kB, form-encoded) needs."""

MAX_NAMES = 10
"""People mentioned in a message whose names are asked for when somebody points at it."""

ELSEWHERE = sentence("This belongs to another workspace; ask somebody there.")
UNKNOWN = sentence(
    "I don't know this any more: it's from another version of me. Try ", Typed(words="help"), "."
)
TROUBLE = sentence("Something went wrong on my side, and nothing was changed. Please try again.")

ORGANISATION = (
    "SLACK_BOT_TOKEN is of an installation for a whole organisation, which I cannot serve yet: "
    "install me in one workspace, and use the token from there."
)

STUMBLES = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
"""How Bolt fails on payloads that are not what Slack sends."""

Read = Callable[[Payload, Workspace, datetime], Request | None]


class TokenRefused(Misconfigured):
    """Slack does not accept the token: it was revoked, say."""


class Answers(Protocol):
    """What this adapter needs of the bot."""

    untold: Untold

    async def answer(self, request: Request) -> Reply: ...


async def connect(
    settings: Settings,
) -> tuple[aiohttp.ClientSession, outgoing.Client, AuthorizeResult]:
    """A connection to the workspace of the token.

    Raises Misconfigured when Slack does not accept it, StorageUnavailable when Slack itself has trouble.
    """
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=outgoing.CALL_SECONDS))
    slack = outgoing.client(settings.slack_bot_token, settings.slack_api_url, session)
    try:
        who = await slack.auth_test()
    except NO_ANSWER as error:
        await session.close()
        trouble = outgoing.undelivered(error)
        if isinstance(error, SlackApiError) and (trouble.maybe_delivered or trouble.retry_after):
            raise StorageUnavailable(f"{trouble.reason} Start me again in a minute.") from None
        if isinstance(error, SlackApiError):
            raise TokenRefused(f"SLACK_BOT_TOKEN is not accepted by Slack ({code_of(error)}).") from None
        host = urlsplit(settings.slack_api_url).hostname
        raise Misconfigured(
            f"Slack cannot be reached at {host}: check the network, or SLACK_API_URL."
        ) from None
    if who.get("is_enterprise_install") or not str(who.get("team_id") or "").startswith("T"):
        await session.close()
        raise Misconfigured(ORGANISATION)
    authorized = AuthorizeResult(
        enterprise_id=who.get("enterprise_id"),
        team_id=who["team_id"],
        team=who.get("team"),
        url=who["url"],
        bot_user_id=who["user_id"],
        bot_id=who.get("bot_id"),
        bot_token=settings.slack_bot_token,
    )
    return session, slack, authorized


class SlackAdapter:
    """One workspace's Slack: `handler` serves POST /slack/events, `messenger` sends messages."""

    def __init__(
        self,
        settings: Settings,
        bot: Answers,
        session: aiohttp.ClientSession,
        slack: outgoing.Client,
        authorized: AuthorizeResult,
    ) -> None:
        self.workspace = Workspace(
            team=authorized.team_id or "",
            url=authorized.url or "",
            bot=authorized.bot_user_id or "",
            enterprise=authorized.enterprise_id or "",
        )
        self.messenger = outgoing.SlackMessenger(
            slack, self.workspace.id, self.workspace.url, settings.amends_pace
        )
        self._settings = settings
        self._bot = bot
        self._session = session
        self._slack = slack
        self._directory = Directory(slack, self.workspace)
        self.memberships = SlackMemberships(
            self._directory, self.workspace, shared_too=settings.amends_shared_channels
        )
        self._signature = Signature(settings.slack_signing_secret)
        self._bolt = self._listening(authorized)
        self._socket: AsyncSocketModeHandler | None = None
        self._replies = Replies(slack, session, self.messenger.figures)

    @classmethod
    async def open(cls, settings: Settings, bot: Answers) -> Self:
        """The adapter, once Slack has accepted the token; raises Misconfigured with one sentence."""
        return cls(settings, bot, *await connect(settings))

    def _listening(self, authorized: AuthorizeResult) -> AsyncApp:
        async def authorize(**_: object) -> AuthorizeResult:
            # Other workspaces are turned away by `incoming`, with a sentence of ours.
            return authorized

        bolt = AsyncApp(
            name="amends",
            client=self._slack,
            authorize=authorize,
            # `handler` has checked the signature, before anything is parsed; a socket needs none.
            request_verification_enabled=False,
            ssl_check_enabled=False,  # unsigned, so it comes no further than `handler`
            # What becomes of our own messages is ours to know; the readers know our words from people's.
            ignoring_self_events_enabled=False,
            attaching_function_token_enabled=False,  # for steps of Slack's workflows: there are none
            process_before_response=True,
            logger=outgoing.quiet,
        )
        anything = re.compile("")
        # Bolt asks them in this order; most of what comes are clicks, and the dialogs they open.
        bolt.action(anything)(self._pressed(incoming.click))
        bolt.view(anything)(self._submission)
        bolt.command(anything)(self._command)
        bolt.event(anything)(self._event)
        bolt.shortcut(anything)(self._chosen)
        bolt.error(_failed)
        return bolt

    @property
    def trouble(self) -> str:
        """What an admin has to put right before anything can be said in Slack; mostly empty."""
        code = self._slack.refused
        return f"Slack no longer accepts my token ({code}). {outgoing.WHAT_TO_DO}" if code else ""

    # The ways in

    async def handler(self, request: web.Request) -> web.Response:
        """POST /slack/events: 413 too large, 401 unsigned or stale, 400 malformed, else the answer."""
        body = b""
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MAX_BYTES:
                return web.Response(status=413, text="too large")
        if not self._signature.is_valid(request.headers, body):
            return web.Response(status=401, text="not signed by Slack")
        try:
            headers = {name: [value] for name, value in request.headers.items()}
            bolt_request = AsyncBoltRequest(
                body=body.decode(), query=request.query_string, headers={**headers}
            )
            answer = await self._bolt.async_dispatch(bolt_request)
        except STUMBLES:
            # Our own mistakes end in _failed: what comes out here is Bolt stumbling over the body.
            return web.Response(status=400, text="malformed")
        if answer.status == 404:  # nothing of ours listens to such a thing, and Slack sends none
            return web.Response(status=400, text="malformed")
        return await to_aiohttp_response(answer)

    async def start_socket_mode(self) -> None:
        """Connects by Socket Mode; raises Misconfigured when Slack does not accept SLACK_APP_TOKEN."""
        token = self._settings.slack_app_token or ""
        try:
            opened = await self._slack.apps_connections_open(app_token=token)
        except SlackApiError as refused:
            raise Misconfigured(
                f"SLACK_APP_TOKEN is not accepted by Slack ({code_of(refused)})."
            ) from None
        except (aiohttp.ClientError, TimeoutError):
            raise Misconfigured("Slack cannot be reached for Socket Mode: check the network.") from None
        socket = AsyncSocketModeHandler(self._bolt, token, logger=outgoing.quiet, web_client=self._slack)
        socket.client.wss_uri = opened["url"]
        # The library takes a proxy from the environment, even for loopback.
        socket.client.proxy = self._slack.proxy
        self._socket = socket
        await socket.connect_async()  # type: ignore[no-untyped-call]  # the library has no types here

    async def close(self) -> None:
        """Ends the socket, lets replies that are under way finish, and closes the connection."""
        if self._socket is not None:
            await self._socket.close_async()  # type: ignore[no-untyped-call]  # the same
        await self._replies.finish()
        await self.memberships.close()
        await self._directory.close()
        await self._session.close()

    # What comes in

    async def _command(self, body: dict[str, Any]) -> BoltResponse:
        origin = incoming.origin(body)
        request, reply = await self._asked(incoming.command, body)
        if reply.form:
            self._replies.add(self._replies.open(reply.form, request, origin))
        if reply.message and self.messenger.figures.may_be_refused(reply.message):
            # Nobody hears whether Slack took what is in an acknowledgement.
            self._replies.add(self._replies.tell(reply.message, origin))
        elif reply.message:
            drawn = render.message(reply.message, natively=False)
            return _answer({"response_type": "ephemeral", **drawn})
        return _answer()

    def _pressed(self, read: Read) -> Callable[[dict[str, Any]], Coroutine[Any, Any, BoltResponse]]:
        """A listener for clicks and shortcuts, which are answered apart from the acknowledgement."""

        async def listen(body: dict[str, Any]) -> BoltResponse:
            origin = incoming.origin(body)
            request, reply = await self._asked(read, body)
            if reply.form:
                self._replies.add(self._replies.open(reply.form, request, origin))
            if reply.message:
                self._replies.add(self._replies.tell(reply.message, origin, replaces=reply.replaces))
            if request and origin.view == "home" and not reply.form:
                self._replies.add(self._refresh_home(request, incoming.shown_home(body)))
            return _answer()

        return listen

    async def _chosen(self, body: dict[str, Any]) -> BoltResponse:
        """A shortcut; whom its message mentions is asked about, for a second at most."""
        ids = mentioned(mapping(body, "message"))[:MAX_NAMES]
        profiles = await asyncio.gather(*(in_time(self._directory.people.get(id)) for id in ids))
        known = zip(ids, profiles, strict=True)
        names = {id: profile.person.name for id, profile in known if profile is not None}
        return await self._pressed(partial(incoming.shortcut, names=names))(body)

    async def _submission(self, body: dict[str, Any]) -> BoltResponse:
        inputs, origin = incoming.inputs(body), incoming.origin(body)
        # Under a form that was asked once more lies the first one, which is done with, too.
        over = incoming.lies_on_another(body)
        self._check_way_back(origin.own)
        request, reply = await self._asked(incoming.submission, body)
        if reply.faults and inputs:
            faults = render.faults(reply.faults, inputs)
            if reply.instead and origin.channel_id and request and not is_unnamed(request):
                # No button stands beside a fault: it waits where the form was opened.
                refused = with_button(" ".join(reply.faults.values()), reply.instead)
                self._replies.add(self._replies.tell(refused, origin._replace(view="")))
            return _answer({"response_action": "errors", "errors": faults})
        if reply.form:
            view = render.form(reply.form, channel_name(reply.form, request), origin.back, over=over)
            # On top of the one that was filled in: closing it is the way back, with everything typed.
            way = "push" if reply.form.other_way else "update"
            return _answer({"response_action": way, "view": view})
        message = reply.message
        if reply.faults:
            message = with_button(" ".join(reply.faults.values()), reply.instead)
        # A call to Slack would tell who is behind an unnamed answer: its own dialog confirms that.
        whisper = reply.done and origin.channel_id and request and not is_unnamed(request)
        if message and not whisper:
            view = render.reading(message, ends_all=over)
            return _answer({"response_action": "update", "view": view})
        if message:
            telling = self._replies.tell(message, origin._replace(view=""), replaces=reply.replaces)
            self._replies.add(telling)
        return _answer({"response_action": "clear"} if over else None)

    async def _event(self, body: dict[str, Any]) -> BoltResponse:
        happened = mapping(body, "event")
        if text_at(happened, "type") == "user_change":
            # The request then has them as they are now, whatever was known of them.
            self._directory.learn(mapping(happened, "user"))
        self.memberships.hear(happened)
        if said := incoming.own_message(body, self.workspace):
            self.messenger.heard.hear(said)
            return _answer()
        request, reply = await self._asked(incoming.event, body)
        if request is not None and request.command_name == "team.message_deleted":
            values = request.values or {}
            self.messenger.heard.forget(request.here or "", values.get("id", ""))
        if not reply.saved:
            # Slack repeats an event that was not acknowledged, up to three times.
            return BoltResponse(status=500)
        message = reply.message or (reply.form and _button_to(reply.form))
        if request is None or request.heard or not message:
            return _answer()
        # Who an event is about is the reader's to know: some name nobody, some name us.
        origin = incoming.origin(body)._replace(person_id=request.person.id)
        if request.command_name == "team.home" and request.channel is None:
            self._publish_home(message, origin.person_id, incoming.shown_home(body))
        elif request.channel and request.channel.kind == "direct":
            self._replies.add(self._replies.say(message, origin))
        else:
            self._replies.add(self._replies.tell(message, origin))
        return _answer()

    def _publish_home(self, message: Message, person_id: str, shown: str) -> None:
        """Shows somebody their home, unless that is what their screen shows already."""
        home = render.home(message)
        if home["private_metadata"] != shown:
            self._replies.add(self._replies.publish(home, person_id))

    async def _refresh_home(self, request: Request, shown: str) -> None:
        home = Request(
            workspace=request.workspace, command_name="team.home", person=request.person, at=request.at
        )
        if (reply := await self._bot.answer(home)).message:
            self._publish_home(reply.message, request.person.id, shown)

    def _check_way_back(self, url: str) -> None:
        if url and not outgoing.is_slacks(url, self._settings.slack_api_url):
            raise Malformed("response_url is not at Slack")

    async def _asked(self, read: Read, body: Payload) -> tuple[Request | None, Reply]:
        """What the bot replies; raises only Malformed. What does not reach the bot has no request."""
        self._check_way_back(text_at(body, "response_url"))
        try:
            request = read(body, self.workspace, datetime.now(UTC))
        except WrongWorkspace:
            return None, _from_elsewhere(body)
        if request is None:
            return None, Reply()
        route = COMMANDS.get(request.command_name)
        if route is None:
            log.warning("command=%r is unknown", request.command_name[:100])
            return None, Reply(message=UNKNOWN)
        return await self._answered(request, body, hurry=route.only_opens(request))

    async def _answered(
        self, request: Request, body: Payload, *, hurry: bool
    ) -> tuple[Request | None, Reply]:
        try:
            admitted = await self._admitted(request, body, hurry=hurry)
            return admitted, await self._bot.answer(admitted)
        except WrongWorkspace:
            return None, _from_elsewhere(body)
        except Refused as refused:
            self._log(logging.INFO, request, "refused")
            return None, _turned_down(refused.sentence, request)
        except MembershipUnknown:
            self._log(logging.WARNING, request, "turned down: Slack does not say where or who this is")
            return None, _turned_down(NO_ANSWER_NOW, request, saved=False)
        except Exception as error:  # whatever it is, the person hears of it, and it is in the log
            self._log(logging.ERROR, request, f"failed: {redacted(error)}")
            if request.values is None:
                return request, Reply(message=TROUBLE, saved=False)
            return request, Reply(faults={"": TROUBLE.summary}, saved=False)

    def _log(self, level: int, request: Request, words: str) -> None:
        """A line for the operator; about somebody who is or may become unnamed it comes later."""
        if not is_quiet(request):
            log.log(level, "command=%s %s", request.command_name, words)
        elif level >= logging.WARNING:
            self._bot.untold.note(f"command={request.command_name} {words}")

    async def _admitted(self, request: Request, body: Payload, *, hurry: bool) -> Request:
        """The request with everybody as Slack knows them.

        Raises WrongWorkspace for somebody of another organisation, Refused in a channel shared with one,
        and MembershipUnknown when only Slack could say, and it does not answer.
        """
        people, id = self._directory.people, request.person.id
        # Of which organisation somebody is stays true for longer than what else is known of them.
        doubtful = is_doubtful(body, self.workspace) and people.last(id) is None
        if doubtful and (is_unnamed(request) or await in_time(people.get(id)) is None):
            raise MembershipUnknown
        introduced = self._directory.resolve_people(request, hurry=hurry)
        here = None if request.heard else request.here
        if self.memberships.answers_at_once(here):  # then there is nothing to wait for side by side
            resolved, closed = await introduced, await self.memberships.is_closed(here)
        else:
            resolved, closed = await asyncio.gather(introduced, self.memberships.is_closed(here))
        if request.heard:
            # Its channel's name was asked, and with it what the event may not say.
            shared = is_shared(body)
            closed = self.memberships.is_known_closed(request.here, shared=shared)
        profile = people.last(id)
        if profile is not None and not profile.ours:
            raise WrongWorkspace
        if closed is None:
            raise MembershipUnknown
        if closed:
            raise Refused(SHARED)
        if request.here and not request.heard:
            self.memberships.met(request.here, id)
        return resolved


def _from_elsewhere(body: Payload) -> Reply:
    log.warning("a request from another workspace was turned away")
    # An event is nobody's question.
    return Reply() if "event" in body else Reply(message=ELSEWHERE)


def _turned_down(words: str, request: Request, *, saved: bool = True) -> Reply:
    if request.heard:
        return Reply(refused=True, saved=saved)
    if request.values is None:
        return Reply(message=sentence(words), refused=True, saved=saved)
    return Reply(faults={"": words}, refused=True, saved=saved)


def _answer(body: dict[str, Any] | None = None) -> BoltResponse:
    return BoltResponse(status=200, body=body or "")


def _button_to(form: Form) -> Message:
    """A message with the button that opens a form: Slack opens a dialog only after a click."""
    button = Button(
        label=form.title, command_name=form.command_name, about=form.about, look="main", opens=True
    )
    words = "Press the button, and the form opens."
    return Message(summary=words, parts=(Paragraph(words=(words,)), Buttons(buttons=(button,))))


async def _failed(error: Exception) -> BoltResponse:
    """Bolt's last resort, for listeners and everything before them."""
    if isinstance(error, Malformed):
        log.warning("a malformed payload: %s", error)
        return BoltResponse(status=400, body="malformed")
    log.error("a request failed: %s", redacted(error))
    # Faults of ours are caught in _asked: this is Bolt stumbling over a payload of another shape.
    return BoltResponse(status=400 if isinstance(error, STUMBLES) else 500)
