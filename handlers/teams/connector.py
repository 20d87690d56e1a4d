"""The Bot Connector's REST calls, on the event loop, within Teams' limits.

The SDK's own client sends from threads, which cannot be cancelled: a call given up after the worker's
deadline would still arrive. It also loses what it cannot parse of an error. So only its
check of what comes in is used, and these few calls are made here, signed with the bot's own token.
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from handlers.teams.token import NoToken, Tokens

WINDOWS = ((7, 1.0), (8, 2.0), (60, 30.0), (1_800, 3_600.0))
"""How many messages one conversation takes in how many seconds; a channel is one, threads and all.
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit"""
TENANT_WINDOWS = ((50, 1.0),)
"""All requests of one app in one tenant."""
ROSTER_WINDOWS = ((14, 1.0), (16, 2.0), (120, 30.0), (3_600, 3_600.0))
"""Questions about the people of one conversation."""
TENANT_ROSTER_WINDOWS = ((25, 1.0),)
"""Half of what a tenant allows: who opens a form in a large house must not keep messages waiting."""
ROSTER_PAGE = 500
"""People on a page of a roster: the most that Teams gives."""
MAX_WAIT = 3.0
"""Seconds that a call waits for its turn; who would have to wait longer is told so instead."""
MAX_RETRY_AFTER = 3600.0
"""Nobody's rate limit holds a channel for longer; a larger number is a slip somewhere."""
CALL_SECONDS = 15.0
MAX_KNOWN = 10_000

NO_ANSWER = (aiohttp.ClientError, TimeoutError)
"""How a call to the connector fails without an answer."""

JsonObject = Mapping[str, Any]


class ConnectorError(Exception):
    """The connector refused a call; holds its status and code, and no one's id."""

    def __init__(self, status: int, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{status} {code}".strip())
        self.status = status
        self.code = code
        self.retry_after = retry_after


class Limits:
    """Rate limits as sliding windows over what was sent, per conversation or tenant."""

    def __init__(
        self, windows: tuple[tuple[int, float], ...], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._windows = windows
        self._clock = clock
        self._most = max(limit for limit, _ in windows)
        self._sent: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=self._most))

    def wait(self, name: str) -> float:
        """Seconds until another one may be sent; 0 counts it as sent now."""
        now, sent = self._clock(), self._sent[name]
        waits = [sent[-limit] + seconds - now for limit, seconds in self._windows if len(sent) >= limit]
        wait = max(waits, default=0.0)
        if wait > 0:
            return wait
        sent.append(now)
        if len(self._sent) > MAX_KNOWN:
            del self._sent[next(iter(self._sent))]
        return 0.0

    async def turn(self, name: str) -> None:
        """Waits until it may be sent; raises ConnectorError when that would take long."""
        waited = 0.0
        while (wait := self.wait(name)) > 0:
            waited += wait
            if waited > MAX_WAIT:
                raise ConnectorError(429, "our own limit", wait)
            await asyncio.sleep(wait)


class Connector:
    """Calls to whatever service URL an activity named; its claim was checked when it came in."""

    def __init__(self, tokens: Tokens | None, may_call: Callable[[str], bool]) -> None:
        # Without a token nothing is signed: that is the emulator, on this machine.
        self._tokens = tokens
        self._may_call = may_call
        self._session: aiohttp.ClientSession | None = None
        self._conversations = Limits(WINDOWS)
        self._tenants = Limits(TENANT_WINDOWS)
        self._rosters = Limits(ROSTER_WINDOWS)
        self._tenant_rosters = Limits(TENANT_ROSTER_WINDOWS)
        self._latest: dict[str, str] = {}

    async def close(self) -> None:
        """Closes its connections."""
        if self._session is not None:
            await self._session.close()

    async def create(self, way: JsonObject, body: JsonObject, conversation: str = "") -> JsonObject:
        """A new post in a channel, or the chat with one person; `conversation` is whose pace it is."""
        return await self.call("POST", way, "/v3/conversations", body, conversation)

    async def send(
        self, way: JsonObject, conversation: str, activity: JsonObject, *, to_one: str = ""
    ) -> JsonObject:
        """A message in a conversation; with `to_one` only that member sees it."""
        path = f"/v3/conversations/{quote(conversation, safe='')}/activities"
        if to_one:
            path, activity = f"{path}?isTargetedActivity=true", {**activity, "recipient": {"id": to_one}}
        return await self.call("POST", way, path, activity, conversation)

    async def update(self, way: JsonObject, conversation: str, id: str, activity: JsonObject) -> None:
        """Another text for a message of ours."""
        path = f"/v3/conversations/{quote(conversation, safe='')}/activities/{quote(id, safe='')}"
        await self.call("PUT", way, path, activity, conversation)

    async def delete(self, way: JsonObject, conversation: str, id: str) -> None:
        """Takes a message of ours away."""
        path = f"/v3/conversations/{quote(conversation, safe='')}/activities/{quote(id, safe='')}"
        await self.call("DELETE", way, path, None, conversation)

    async def member(self, way: JsonObject, conversation: str, person_id: str) -> JsonObject:
        """Somebody in a conversation's roster, by either of their ids."""
        await self._rosters.turn(conversation)
        path = f"/v3/conversations/{quote(conversation, safe='')}/members/{quote(person_id, safe='')}"
        return await self.call("GET", way, path)

    async def roster(self, way: JsonObject, conversation: str, after: str = "") -> JsonObject:
        """A page of a conversation's roster; its `continuationToken` is the next page's `after`.

        https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context
        """
        await self._tenant_rosters.turn(str(way.get("tenant_id", "")))
        await self._rosters.turn(conversation)
        more = f"&continuationToken={quote(after, safe='')}" if after else ""
        path = f"/v3/conversations/{quote(conversation, safe='')}/pagedmembers?pageSize={ROSTER_PAGE}"
        return await self.call("GET", way, f"{path}{more}")

    async def channels(self, way: JsonObject, team: str) -> list[JsonObject]:
        """A team's channels."""
        answer = await self.call("GET", way, f"/v3/teams/{quote(team, safe='')}/conversations")
        return [channel for channel in answer.get("conversations") or () if isinstance(channel, dict)]

    async def team(self, way: JsonObject, team: str) -> JsonObject:
        """A team's own name."""
        return await self.call("GET", way, f"/v3/teams/{quote(team, safe='')}")

    def visited(self, tenant: str, service_url: str) -> None:
        """Where Teams serves a tenant from just now: it may move, and older references lag behind."""
        self._latest[tenant] = service_url

    async def call(
        self,
        method: str,
        way: JsonObject,
        path: str,
        body: JsonObject | None = None,
        conversation: str = "",
    ) -> JsonObject:
        """One call; raises ConnectorError, NoToken, and NO_ANSWER's errors when its end is unknown.

        What was certainly not done is repeated once: after 401 with a new token, after 404 at an old
        address with the new one.
        """
        tenant, stored = str(way.get("tenant_id", "")), str(way["service_url"])
        await self._tenants.turn(tenant)
        if conversation:
            await self._conversations.turn(conversation.partition(";")[0])
        try:
            return await self._asked(method, stored, path, body)
        except ConnectorError as declined:
            latest = self._latest.get(tenant, stored)
            moved = declined.status == 404 and latest != stored
            if not moved and not (declined.status == 401 and self._tokens):
                raise
            return await self._asked(method, latest if moved else stored, path, body)

    async def _asked(
        self, method: str, service_url: str, path: str, body: JsonObject | None
    ) -> JsonObject:
        if not self._may_call(service_url):
            # Stored before hosts were looked at, say: our token goes nowhere else.
            raise ConnectorError(403, "a host that is not Microsoft's")
        token = await self._tokens.get() if self._tokens else ""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=True)
        url = f"{service_url.rstrip('/')}{path}"
        # Ids are quoted already and must stay so: a channel's has ":" and "@", a thread's ";" and "=".
        async with self._session.request(
            method, URL(url, encoded=True), json=body, headers=headers, allow_redirects=False
        ) as answer:
            text = await answer.text(errors="replace")
            if answer.status == 401 and self._tokens:
                self._tokens.forget(token)
            if not 200 <= answer.status < 300:
                raise ConnectorError(
                    answer.status, _code(text), _seconds(answer.headers.get("Retry-After"))
                )
        return _object(text)


def _object(text: str) -> JsonObject:
    try:
        value = json.loads(text) if text.strip() else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _code(text: str) -> str:
    """The error's code; a page of a proxy on the way has none."""
    error = _object(text).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code[:60] if isinstance(code, str) else ""


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds, an hour at most; None when it is missing or no number."""
    readable = header and header.isascii() and header.isdigit()
    return min(float(header or ""), MAX_RETRY_AFTER) if readable else None


FAILED = (ConnectorError, NoToken, *NO_ANSWER)
"""Every way in which a call can fail."""


def why(error: Exception) -> str:
    """A failure for the log: a status and a code, or its kind, never an address with somebody's id."""
    return str(error) if isinstance(error, ConnectorError) else type(error).__name__
