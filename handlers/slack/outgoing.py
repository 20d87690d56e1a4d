"""Sends messages to Slack: a Delivery in, Slack's ids out, and a DeliveryError for each failure."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.job import MessageRef
from bot.ports import Delivery, DeliveryError, Limits, Rate
from bot.settings import USUAL_PACE
from handlers.slack import render
from handlers.slack.delivered import A_MINUTE, HeardMessages, LookUps
from handlers.slack.refused_blocks import REFUSALS, BlocksRefused, Figures

CALL_SECONDS = 10.0
"""Slack answers in well under a second; a call must end long before its job's lease (18 s)."""
PAGE = 200
"""Messages per page of a look-up: the most that conversations.history recommends."""
HOOKS = ("hooks.slack.com", "hooks.slack-gov.com")
MAX_WAIT = 3600.0
"""Nobody's rate limit holds a channel for longer; a larger number is a slip somewhere."""
LIMITS = Limits(min_interval=USUAL_PACE, new=Rate(300, 600), edits=Rate(50, 50), together=True)
"""chat.postMessage: about one a second in a channel, "several hundred" a minute in a workspace, and
short bursts; chat.update and chat.delete: 50 a minute (tier 3). A 429 is about a method in a workspace.
https://docs.slack.dev/apis/web-api/rate-limits"""
CLOCKS_APART = timedelta(seconds=60)
"""How far Slack's clock, which stamps messages, may be behind ours."""


class Failure(NamedTuple):
    """What one of Slack's error codes means: whether a person must act first, and the sentence.

    An `outage` ends by itself, or when an admin ends it; the token stays good. `gone`: somebody deleted
    the message that was to be changed or answered.
    """

    permanent: bool
    reason: str
    maybe_delivered: bool = False
    outage: bool = False
    gone: bool = False


NOT_THERE = Failure(True, "I'm not in that channel yet. Type /invite @Amends there, and I'll post it.")
ARCHIVED = Failure(True, "That channel is archived, so nothing can be said there any more.")
RESTRICTED = Failure(True, "This workspace's rules don't let me post in that channel: ask an admin.")
# Nobody can be told in Slack while the token is not accepted, so what is owed waits for the admin.
NOT_LET_IN = Failure(
    False,
    "Slack no longer accepts my token: an admin has to install me in the workspace again.",
    outage=True,
)
TOO_LONG = Failure(True, "Slack found the message too long; the mistake is mine.")
NO_PERSON = Failure(True, "Slack does not let me write to that person; they may have left.")
GONE = Failure(True, "The message was deleted in Slack, so there is nothing left to change.", gone=True)
BROKEN = Failure(False, "Slack had trouble of its own.", maybe_delivered=True, outage=True)
REFUSED = Failure(True, "Slack did not accept how the message was built; the mistake is mine.")

# https://docs.slack.dev/reference/methods/chat.postMessage#errors, and those of the other methods here.
FAILURES: Mapping[str, Failure] = {
    "not_in_channel": NOT_THERE,
    "channel_not_found": NOT_THERE,
    "is_archived": ARCHIVED,
    "restricted_action": RESTRICTED,
    "restricted_action_read_only_channel": RESTRICTED,
    "restricted_action_thread_only_channel": RESTRICTED,
    "restricted_action_thread_locked": RESTRICTED,
    "restricted_action_non_threadable_channel": RESTRICTED,
    "cannot_reply_to_message": Failure(True, "That message can have no thread, so I cannot answer it."),
    "thread_not_found": GONE,
    "message_not_found": GONE,
    "cant_update_message": Failure(True, "That message is not mine, so I cannot change it."),
    "cant_delete_message": Failure(True, "This workspace does not let me delete that message."),
    "compliance_exports_prevent_deletion": Failure(
        True, "This workspace keeps every message, so I cannot delete that one."
    ),
    "edit_window_closed": Failure(True, "This workspace no longer lets me edit that message."),
    "messages_tab_disabled": Failure(True, "My messages tab is off: an admin turns it on in App Home."),
    "user_not_found": NO_PERSON,
    "users_not_found": NO_PERSON,
    "user_disabled": NO_PERSON,
    "user_not_visible": NO_PERSON,
    "cannot_dm_bot": NO_PERSON,
    "msg_too_long": TOO_LONG,
    "msg_blocks_too_long": TOO_LONG,
    "metadata_too_large": TOO_LONG,
    **dict.fromkeys(REFUSALS, REFUSED),
    "invalid_arguments": REFUSED,
    "no_text": REFUSED,
    "invalid_auth": NOT_LET_IN,
    "not_authed": NOT_LET_IN,
    "account_inactive": NOT_LET_IN,
    "token_revoked": NOT_LET_IN,
    "token_expired": NOT_LET_IN,
    "team_access_not_granted": NOT_LET_IN,
    "ekm_access_denied": Failure(True, "This workspace's admins have suspended what I may post."),
    "internal_error": BROKEN,
    "fatal_error": BROKEN,
    "service_unavailable": BROKEN,
    "request_timeout": BROKEN,
}


TOKEN_REFUSED = frozenset(code for code, failure in FAILURES.items() if failure is NOT_LET_IN)
WHAT_TO_DO = (
    "An admin installs me in the workspace again (api.slack.com/apps, Install App), and you set "
    "SLACK_BOT_TOKEN to the new token."
)

NO_ANSWER = (SlackApiError, aiohttp.ClientError, TimeoutError)
"""How a call to Slack fails."""

# Bolt and the SDK write whole payloads into their debug and some warning lines; none of ours may.
quiet = logging.getLogger("handlers.slack.library")
quiet.setLevel(logging.ERROR)


class Client(AsyncWebClient):
    """The library's client, which also knows whether Slack still accepts our token."""

    refused = ""
    """Slack's code for why it does not; empty as long as it does."""

    async def api_call(self, *args: Any, **more: Any) -> AsyncSlackResponse:
        """The library's own; raises what that does, and BlocksRefused where it is that."""
        try:
            answer = await super().api_call(*args, **more)
        except SlackApiError as error:
            code = _answer(error)[2]
            self.refused = code if code in TOKEN_REFUSED else self.refused
            if code in REFUSALS:
                raise BlocksRefused(code, error.response) from None
            raise
        self.refused = ""
        return answer


def client(token: str | None, api_url: str, session: aiohttp.ClientSession) -> Client:
    """A Web API client that repeats nothing by itself, and logs no payload.

    The library's own repeat after a dropped connection posts a message twice. It also takes a proxy
    from the environment for every host, NO_PROXY or not; loopback is never behind one.
    """
    made = Client(token=token, base_url=api_url, session=session, retry_handlers=[], logger=quiet)
    if urlsplit(api_url).hostname in ("127.0.0.1", "::1", "localhost"):
        made.proxy = None
    return made


def code_of(error: Exception) -> str:
    """What may be logged of a failed call: Slack's code, never what was sent or to whom."""
    return (isinstance(error, SlackApiError) and _answer(error)[2]) or type(error).__name__


def permalink(workspace_url: str, channel_id: str, message: str, thread: str | None = None) -> str:
    """The link that Slack itself gives a message; `thread` is the root's id for a reply."""
    link = f"{workspace_url.rstrip('/')}/archives/{channel_id}/p{message.replace('.', '')}"
    reply = thread is not None and thread != message
    return f"{link}?thread_ts={thread}&cid={channel_id}" if reply else link


def undelivered(error: Exception) -> DeliveryError:
    """The DeliveryError for a failed call: whether and when to repeat it."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return DeliveryError("Slack cannot be reached just now.", outage=True)
    if not isinstance(error, SlackApiError):
        return DeliveryError("The connection to Slack broke off.", maybe_delivered=True, outage=True)
    status, headers, code = _answer(error)
    if status == 429 or code in ("ratelimited", "rate_limited"):
        retry_after = _seconds(headers.get("Retry-After"))
        return DeliveryError("Slack asked to wait.", retry_after=retry_after, outage=True)
    if status >= 500:
        return DeliveryError(BROKEN.reason, maybe_delivered=True, outage=True)
    if code == "missing_scope":
        needed = error.response.get("needed")
        scope = f"the permission {needed}" if needed else "a permission"
        return DeliveryError(
            f"I am missing {scope} in Slack: an admin has to install me again.", permanent=True
        )
    failure = FAILURES.get(code) or Failure(False, f"Slack answered {code[:60]!r}.")
    return DeliveryError(
        failure.reason,
        permanent=failure.permanent,
        maybe_delivered=failure.maybe_delivered,
        outage=failure.outage,
        gone=failure.gone,
    )


def _answer(error: SlackApiError) -> tuple[int, Mapping[str, str], str]:
    """Status, headers and code of an answer; one whose body was no JSON is aiohttp's own response."""
    response = error.response
    if isinstance(response, aiohttp.ClientResponse):
        return max(response.status, 500), response.headers, ""
    data = response.data
    code = data.get("error", "") if isinstance(data, Mapping) else ""
    status = response.status_code
    # A proxy on the way may answer with a page of its own: then nobody knows what Slack did.
    return status if code or status == 429 else max(status, 500), response.headers, str(code)


def _seconds(header: str | None) -> float:
    """Retry-After in seconds, an hour at most; 30 when it cannot be read, as the library assumes."""
    readable = header and header.isascii() and header.isdigit()
    return min(float(header or ""), MAX_WAIT) if readable else 30.0


class Wait(DeliveryError):
    """Slack lets nobody read back just now what was said, so it is looked for later."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__), maybe_delivered=True, outage=True)


class SlackMessenger:
    """ports.Messenger for the one workspace that the token belongs to."""

    def __init__(
        self,
        slack: AsyncWebClient,
        workspace: str,
        workspace_url: str,
        min_interval: float,
        look_ups: LookUps | None = None,
    ) -> None:
        self.limits = LIMITS.at(min_interval)
        self.heard = HeardMessages()
        self.figures = Figures()
        self._look_ups = look_ups or LookUps(A_MINUTE if self.limits.new else None)
        self._read_up_to: dict[str, str] = {}
        self._slack = slack
        self._workspace = workspace
        self._url = workspace_url

    async def say(self, delivery: Delivery) -> MessageRef:
        """Posts it, in its thread when it has one; a direct message opens by itself."""
        body = {"channel": delivery.channel.id, "unfurl_links": False, "unfurl_media": False}
        if delivery.thread is not None:
            body |= {"channel": delivery.thread.channel_id, "thread_ts": delivery.thread.message}
        answer = await self._call("chat.postMessage", delivery, body, says=True)
        return self._message_ref(str(answer["channel"]), str(answer["ts"]), delivery)

    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        """Replaces what it said; repeating an edit changes nothing."""
        body = {"channel": message_ref.channel_id, "ts": message_ref.message}
        try:
            await self._call("chat.update", delivery, body, says=True)
        except DeliveryError as undelivered_edit:
            if undelivered_edit.gone:
                self.heard.forget(message_ref.channel_id, message_ref.message)
            raise
        return MessageRef(
            channel_id=message_ref.channel_id, message=message_ref.message, link=message_ref.link
        )

    async def delete(self, delivery: Delivery, message_ref: MessageRef) -> None:
        """Takes away what it said; what is gone already is no failure."""
        body = {"channel": message_ref.channel_id, "ts": message_ref.message}
        await self._call("chat.delete", delivery, body, unless="message_not_found")

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        """What events told of it, or else what is read back since then (minus a minute: clocks differ).

        Reading goes on where a wait ended it: Slack may show 15 messages a minute.
        """
        oldest = (since - CLOCKS_APART).timestamp()
        if heard := self.heard.find(delivery.key, oldest):
            return self._message_ref(heard.channel_id, heard.ts, delivery)
        channel_id = delivery.thread.channel_id if delivery.thread else delivery.channel.id
        if delivery.channel.kind == "direct" and render.PERSON.fullmatch(channel_id):
            opened = await self._call("conversations.open", delivery, {"users": channel_id})
            channel_id = str(opened["channel"]["id"])
        body: dict[str, Any] = {
            "channel": channel_id,
            "oldest": f"{oldest:.6f}",
            "include_all_metadata": True,
            "limit": PAGE,
        }
        method = "conversations.history"
        if delivery.thread is not None:
            method, body = "conversations.replies", {**body, "ts": delivery.thread.message}
        if read_up_to := self._read_up_to.pop(delivery.key, ""):
            body["cursor"] = read_up_to
        while True:
            try:
                page = await self._look_up(method, delivery, body)
            except Wait:
                self._read_up_to[delivery.key] = str(body.get("cursor") or "")
                raise
            for message in page["messages"]:
                if key_in(message) == delivery.key:
                    return self._message_ref(channel_id, str(message["ts"]), delivery)
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
            body["cursor"] = cursor

    async def _look_up(self, method: str, delivery: Delivery, body: dict[str, Any]) -> Mapping[str, Any]:
        """A page of what was said; raises Wait when that has to wait, and nothing else waits with it."""
        if not self._look_ups.may():
            raise Wait
        try:
            return await self._call(method, delivery, body)
        except DeliveryError as refused:
            if refused.retry_after is None:
                raise
            self._look_ups.rest(refused.retry_after)
            raise Wait from None

    async def _call(
        self,
        method: str,
        delivery: Delivery,
        body: dict[str, Any],
        *,
        says: bool = False,
        unless: str = "",
    ) -> Mapping[str, Any]:
        """Slack's answer, or nothing when it is the error `unless`; raises DeliveryError.

        `says`: the message goes with it.
        """
        if delivery.workspace != self._workspace:
            raise DeliveryError("That message belongs to another workspace.", permanent=True)

        async def send(drawn: render.Block) -> AsyncSlackResponse:
            said = {**body, **drawn, "metadata": _metadata(delivery)}
            return await self._slack.api_call(method, json=said)

        # The read methods take form fields only; the others need JSON for their nested parts.
        sent = {"data": body} if method.startswith("conversations.") else {"json": body}
        try:
            if says:
                answer = await self.figures.sent(delivery.message, send)
            else:
                answer = await self._slack.api_call(method, **sent)  # type: ignore[arg-type]  # one of both
        except NO_ANSWER as error:
            if unless and code_of(error) == unless:
                return {}
            fault = undelivered(error)
            fault.code = f"{method}: {code_of(error)[:60]}"
            raise fault from None
        if not isinstance(answer.data, dict):
            raise DeliveryError(BROKEN.reason, maybe_delivered=True)
        return answer.data

    def _message_ref(self, channel_id: str, ts: str, delivery: Delivery) -> MessageRef:
        thread = delivery.thread.message if delivery.thread else None
        return MessageRef(
            channel_id=channel_id, message=ts, link=permalink(self._url, channel_id, ts, thread)
        )


def _metadata(delivery: Delivery) -> dict[str, Any]:
    # Anybody in the workspace can read it: our own key for the message, and nothing about people.
    return {"event_type": "amends_message", "event_payload": {"key": delivery.key}}


def key_in(message: Mapping[str, Any]) -> str:
    """Our key in a message's metadata, which anybody in the workspace can write; empty without one."""
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, Mapping) else None
    return str(payload.get("key") or "") if isinstance(payload, Mapping) else ""


def is_slacks(address: str, api_url: str) -> bool:
    """Whether an address to answer at is Slack's own, or where the operator's stand-in is."""
    try:
        there, api = urlsplit(address), urlsplit(api_url)
        if there.username is not None:
            return False
        stand_in = (there.hostname, there.port) == (api.hostname, api.port)
    except ValueError:
        return False
    return (there.scheme == "https" and there.hostname in HOOKS) or (
        stand_in and there.scheme == api.scheme
    )
