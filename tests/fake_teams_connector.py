"""The fake Bot Connector: the addresses that a bot speaks to Teams by, and what they refuse.

Error codes as Microsoft lists them (Teams: "Status codes from bot conversational APIs").
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests import fake_teams_card as cards
from tests.fake_teams_login import KEYS, LOGIN, MANAGED, Login
from tests.fake_teams_state import Posted, TeamsChannel

if TYPE_CHECKING:
    from tests.fake_teams_person import TeamsPerson

MAX_MESSAGE_BYTES = 100 * 1024
"""Counted as UTF-16, as Teams does."""
WINDOWS = ((1.0, 7), (2.0, 8), (30.0, 60), (3600.0, 1800))
"""Seconds, and the most messages that one bot may send to one conversation in them."""
SUFFIX = ";messageid="

Body = Mapping[str, Any]
Answer = tuple[int, Any]


class Refusal(Exception):
    """What Teams answers instead of doing it."""

    def __init__(self, status: int, code: str, words: str = "", retry_after: int | None = None) -> None:
        super().__init__(f"{status} {code} {words}".strip())
        self.status, self.code, self.words, self.retry_after = status, code, words, retry_after


@dataclass(frozen=True)
class Fault:
    """What happens to the next call instead of (or after) its effect."""

    status: int = 200
    code: str = "Fault"
    retry_after: int | None = None
    drop: str = ""


class Connector:
    """The server's side. Everything here but `fail_next` runs in the fake's own thread."""

    def __init__(self, app_id: str, password: str, tenant: str) -> None:
        self.login = Login(app_id, password, tenant)
        self.tenant = tenant
        self.region = "emea"
        self.people: dict[str, TeamsPerson] = {}
        self.channels: dict[str, TeamsChannel] = {}
        self.teams: dict[str, str] = {}
        """The names of teams, by the id of their General channel."""
        self.calls: Counter[str] = Counter()
        self.refusals: list[str] = []
        """What was refused by the fake's own rules, with the reason."""
        self.latency: dict[str, float] = {}
        """Seconds before a call of an operation takes effect."""
        self.lingering: dict[str, float] = {}
        """Seconds between its effect and its answer."""
        self.throttled = False
        self.page = 50
        self.knows_aad = True
        """Whether a single member is found by the id that people pickers give: not every host does."""
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._last_id = 0

    @property
    def bot(self) -> str:
        """The bot's own id."""
        return f"28:{self.login.app_id}"

    def fail_next(
        self,
        operation: str,
        *,
        times: int = 1,
        status: int = 200,
        code: str = "Fault",
        retry_after: int | None = None,
        drop: str = "",
    ) -> None:
        """Lets the next calls of an operation fail.

        With an HTTP status and an error code, or a connection dropped "before" or "after" the call
        takes effect. Operations: create, send, update, delete, member, members, team, token, keys.
        """
        for _ in range(times):
            self._faults[operation].append(Fault(status, code, retry_after, drop))

    def next_message_id(self) -> str:
        """Milliseconds since 1970, never twice the same: what Teams calls a message."""
        self._last_id = max(self._last_id + 1, time.time_ns() // 1_000_000)
        return str(self._last_id)

    def notify(self) -> None:
        """Something changed; whoever waits looks again."""
        raise NotImplementedError

    # What it serves

    def routes(self) -> list[web.RouteDef]:
        """Every address, behind the faults that were ordered for it."""
        login, at = self.login, "/{region}/v3/conversations"
        one = at + "/{conversation}"
        return [
            web.post(f"/{LOGIN}/{{tenant}}/oauth2/v2.0/token", self._served("token", login.token)),
            web.get(f"/{LOGIN}/{{tenant}}/v2.0/.well-known/openid-configuration", login.discovery),
            web.get(f"/{MANAGED}/metadata/identity/oauth2/token", self._served("token", login.managed)),
            web.get(f"/{KEYS}/v1/.well-known/openidconfiguration", self._served("keys", login.metadata)),
            web.get(f"/{KEYS}/v1/.well-known/keys", login.keys),
            web.post(at, self._called("create", self._create)),
            web.post(one + "/activities", self._called("send", self._send)),
            web.post(one + "/activities/{activity}", self._called("send", self._send)),
            web.put(one + "/activities/{activity}", self._called("update", self._update)),
            web.delete(one + "/activities/{activity}", self._called("delete", self._delete)),
            web.get(one + "/members", self._called("members", self._members)),
            web.get(one + "/pagedmembers", self._called("members", self._paged)),
            web.get(one + "/members/{member}", self._called("member", self._member)),
            web.get("/{region}/v3/teams/{team}", self._called("team", self._team)),
            web.get("/{region}/v3/teams/{team}/conversations", self._called("team", self._channels)),
            web.get("/control/state", self._control),
        ]

    def _called(
        self, operation: str, act: Callable[[web.Request, Body], Answer]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            raw = await request.read()
            try:
                body = self._checked(request, raw)
                status, answer = act(request, body)
            except Refusal as refused:
                self.refusals.append(f"{request.method} {operation}: {refused}")
                return _refused(refused)
            return web.json_response(answer, status=status)

        return self._served(operation, serve)

    def _served(
        self, operation: str, serve: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def faulty(request: web.Request) -> web.StreamResponse:
            self.calls[operation] += 1
            self.notify()
            if seconds := self.latency.get(operation):
                await asyncio.sleep(seconds)
            fault = self._faults[operation].popleft() if self._faults[operation] else Fault()
            if fault.status != 200:
                return _refused(Refusal(fault.status, fault.code, "", fault.retry_after))
            answer: web.StreamResponse = web.Response(status=500)
            if fault.drop != "before":
                answer = await serve(request)
            self.notify()
            if seconds := self.lingering.get(operation):
                await asyncio.sleep(seconds)
            if fault.drop:
                assert request.transport is not None
                request.transport.abort()
            return answer

        return faulty

    def _checked(self, request: web.Request, raw: bytes) -> Body:
        """The body of a call that may be made; raises Refusal for others."""
        if request.match_info["region"] != self.region:
            raise Refusal(404, "", "this service URL is not, or no longer, ours")
        if self.login.app_id and not self.login.accepts(request.headers.get("Authorization", "")):
            raise Refusal(401, "Unauthorized", "the token is missing, unknown or over")
        if len(raw.decode().encode("utf-16-le")) > MAX_MESSAGE_BYTES:
            raise Refusal(413, "MessageSizeTooBig")
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            raise Refusal(400, "BadSyntax", "the body is no JSON") from None
        if not isinstance(body, dict):
            raise Refusal(400, "BadSyntax", "the body is no object")
        return body

    # Speaking

    def _create(self, _: web.Request, body: Body) -> Answer:
        data = body.get("channelData") or {}
        tenant = (data.get("tenant") or {}).get("id") or body.get("tenantId")
        channel = (data.get("channel") or {}).get("id")
        return self._post(str(channel), tenant, body) if channel else self._chat(tenant, body)

    def _post(self, channel_id: str, tenant: object, body: Body) -> Answer:
        place = self._allowed(channel_id)
        if tenant != (place.tenant or self.tenant):
            raise Refusal(400, "BadArgument", "the tenant is missing or another")
        if SUFFIX in channel_id or place.direct_to:
            raise Refusal(400, "BadArgument", "a new post needs a channel's own id")
        if not body.get("activity"):
            raise Refusal(400, "BadArgument", "without an activity there is no post")
        posted = self._say(place, body["activity"], root=None)
        return 201, {"id": f"{place.id}{SUFFIX}{posted.id}", "activityId": posted.id}

    def _chat(self, tenant: object, body: Body) -> Answer:
        members = body.get("members") or []
        if body.get("isGroup") or len(members) != 1:
            raise Refusal(400, "BadSyntax", "a bot can only begin a chat with one person")
        if body.get("activity"):
            raise Refusal(400, "BadSyntax", "a chat begins without a message")
        person = self.people.get(members[0].get("id", ""))
        if person is None or person.tenant != tenant:
            raise Refusal(400, "BadSyntax", "nobody has this id in this tenant")
        return 201, {"id": self._allowed(person.chat.id).id}

    def _send(self, request: web.Request, body: Body) -> Answer:
        place, root = self._thread(request.match_info["conversation"])
        reply = request.match_info.get("activity")
        if reply is not None and reply not in place.messages:
            raise Refusal(404, "ActivityNotFoundInConversation", "nothing to reply to")
        only_for = self._target(request, place, body)
        if body.get("type") == "typing":
            return 201, {"id": self.next_message_id()}
        return 201, {"id": self._say(place, body, root=root, only_for=only_for).id}

    def _target(self, request: web.Request, place: TeamsChannel, body: Body) -> str | None:
        if request.query.get("isTargetedActivity") != "true":
            return None
        recipient = str((body.get("recipient") or {}).get("id"))
        if place.direct_to or recipient not in place.members:
            raise Refusal(400, "BadArgument", "a targeted message needs a member as its recipient")
        return recipient

    def _say(
        self, place: TeamsChannel, activity: Body, root: str | None, only_for: str | None = None
    ) -> Posted:
        self._presentable(activity)
        self._in_pace(place)
        id = self.next_message_id()
        posted = Posted(id, place.id, root or id, self.bot, activity, bot=True, only_for=only_for)
        place.messages[id] = posted
        return posted

    def _presentable(self, activity: Body) -> None:
        if activity.get("type") != "message":
            raise Refusal(400, "BadArgument", f"the activity is a {activity.get('type')}")
        if found := cards.message_problems(activity):
            raise Refusal(400, "BadSyntax", "; ".join(found))
        known = {name for person in self.people.values() for name in (person.id, person.aad)}
        shown = Posted("", "", "", "", activity)
        if strangers := [id for id in shown.mentioned() if id not in known]:
            raise Refusal(400, "BadSyntax", f"a mention of nobody: {strangers}")

    def _in_pace(self, place: TeamsChannel) -> None:
        now = time.monotonic()
        if self.throttled:
            for seconds, limit in WINDOWS:
                if len([at for at in place.sends if at > now - seconds]) >= limit:
                    raise Refusal(429, "Throttled", "too many requests", 1)
        place.sends.append(now)

    def _update(self, request: web.Request, body: Body) -> Answer:
        _, posted = self._own(request)
        self._presentable(body)
        posted.activity, posted.edits = body, posted.edits + 1
        return 200, {"id": posted.id}

    def _delete(self, request: web.Request, _: Body) -> Answer:
        place, posted = self._own(request)
        del place.messages[posted.id]
        return 200, {}

    def _own(self, request: web.Request) -> tuple[TeamsChannel, Posted]:
        place, root = self._thread(request.match_info["conversation"])
        posted = place.messages.get(request.match_info["activity"])
        if posted is None or (root is not None and posted.root != root):
            raise Refusal(404, "ActivityNotFoundInConversation")
        if not posted.bot:
            raise Refusal(403, "ForbiddenOperationException", "the message is somebody else's")
        if posted.only_for and request.query.get("isTargetedActivity") != "true":
            raise Refusal(404, "ActivityNotFoundInConversation", "it is a targeted one")
        return place, posted

    def _thread(self, conversation: str) -> tuple[TeamsChannel, str | None]:
        base, _, root = conversation.partition(SUFFIX)
        place = self._allowed(base)
        if root and (root not in place.messages or place.messages[root].root != root):
            raise Refusal(404, "ConversationNotFound", "no thread begins there")
        return place, root or None

    def _allowed(self, id: str) -> TeamsChannel:
        """The channel, when the bot may speak there."""
        place = self.channels.get(id)
        if place is None:
            raise Refusal(404, "ConversationNotFound")
        if place.direct_to and not self.people[place.direct_to].installed:
            raise Refusal(403, "MessageWritesBlocked", "the person has no such app, or blocked it")
        if not place.installed:
            raise Refusal(403, "BotNotInConversationRoster")
        return place

    # Looking up

    def _roster(self, conversation: str) -> list[TeamsPerson]:
        if conversation in self.teams:
            channels = self._standard(conversation)
        else:
            place = self._allowed(conversation)
            channels = [place] if place.private or place.direct_to else self._standard(place.team)
        if not any(place.installed for place in channels):
            raise Refusal(403, "BotNotInConversationRoster")
        ids = {id for place in channels for id in place.members}
        return [person for person in self.people.values() if person.id in ids and not person.left]

    def _standard(self, team: str) -> list[TeamsChannel]:
        return [p for p in self.channels.values() if p.team == team and not p.private]

    def _members(self, request: web.Request, _: Body) -> Answer:
        return 200, [member.shown() for member in self._roster(request.match_info["conversation"])]

    def _paged(self, request: web.Request, _: Body) -> Answer:
        roster = self._roster(request.match_info["conversation"])
        start = int(request.query.get("continuationToken") or 0)
        size = min(int(request.query.get("pageSize") or self.page), self.page)
        page = {"members": [member.shown() for member in roster[start : start + size]]}
        more = start + size < len(roster)
        return 200, {**page, **({"continuationToken": str(start + size)} if more else {})}

    def _member(self, request: web.Request, _: Body) -> Answer:
        wanted = request.match_info["member"]
        for member in self._roster(request.match_info["conversation"]):
            if wanted == member.id or (self.knows_aad and wanted == member.aad):
                return 200, member.shown()
        raise Refusal(404, "MemberNotFoundInConversation")

    def _team(self, request: web.Request, _: Body) -> Answer:
        team = request.match_info["team"]
        self._roster(team)
        return 200, {"id": team, "name": self.teams.get(team), "tenantId": self.tenant}

    def _channels(self, request: web.Request, _: Body) -> Answer:
        team = request.match_info["team"]
        self._roster(team)
        found = [{"id": p.id, "name": p.name} for p in self.channels.values() if p.team == team]
        # The General channel has the team's own id, and no name.
        return 200, {"conversations": [{"id": team, "name": None}, *found]}

    async def _control(self, _: web.Request) -> web.Response:
        said = {
            place.id: {
                "name": place.name,
                "direct_to": place.direct_to,
                "messages": [[p.id, p.root, p.author, p.words()] for p in place.messages.values()],
            }
            for place in self.channels.values()
        }
        return web.json_response({"places": said, "calls": self.calls, "refusals": self.refusals})


def _refused(refused: Refusal) -> web.Response:
    if not refused.code:
        # Whoever answers there is no connector.
        return web.Response(status=refused.status, text="Not found")
    headers = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
    error = {"error": {"code": refused.code, "message": refused.words or refused.code}}
    return web.json_response(error, status=refused.status, headers=headers)
