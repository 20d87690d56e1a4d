"""How the fake Slack reaches the app: signed HTTP or Socket Mode, with the app's answers timed."""

import asyncio
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

ACK_SECONDS = 3.0
T = TypeVar("T")


@dataclass(frozen=True)
class Ack:
    """How the app answered: its status, its JSON (or {}), and after how many seconds."""

    status: int
    body: dict[str, Any]
    seconds: float


class Wire:
    """Sends payloads to `events_url`, or by Socket Mode while that is None."""

    http: aiohttp.ClientSession

    def __init__(self, team: str, secret: str) -> None:
        self.team, self.secret = team, secret
        self.events_url: str | None = None
        self.changed = asyncio.Condition()
        self.sockets: list[web.WebSocketResponse] = []
        self._acks: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._numbers: Counter[str] = Counter()
        self._last_ts = 0

    async def until(self, found: Callable[[], T | None], seconds: float = 5.0) -> T:
        """Waits until `found` returns something true, looked at after every change; then returns it."""
        async with asyncio.timeout(seconds), self.changed:
            while not (result := found()):
                await self.changed.wait()
            return result

    def sign(self, body: str, stamp: str | None = None) -> dict[str, str]:
        """Slack's signature headers for a body."""
        stamp = stamp or str(int(time.time()))
        mac = hmac.new(self.secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256)
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac.hexdigest()}"}

    async def post(self, body: str | bytes, headers: Mapping[str, str]) -> Ack:
        """Posts a body to the app as it is, signed or not."""
        assert self.events_url, "set events_url, or connect by Socket Mode"
        sent, began = BytesIO(body.encode() if isinstance(body, str) else body), time.monotonic()
        async with self.http.post(self.events_url, data=sent, headers=headers) as answer:
            text = await answer.text()
            parsed = json.loads(text) if text.startswith("{") else {}
            return Ack(answer.status, parsed, time.monotonic() - began)

    async def send(self, kind: str, payload: dict[str, Any], *, retry: int = 0) -> Ack:
        """Sends a payload the way the app is connected; `kind` as Socket Mode calls it."""
        if self.events_url is None:
            return await self._send_by_socket(kind, payload, retry)
        if kind == "events_api":
            body, content = json.dumps(payload), "application/json"
        else:
            fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            body, content = urlencode(fields), "application/x-www-form-urlencoded"
        headers = {"Content-Type": content, **self.sign(body)}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        return await self.post(body, headers)

    async def event(
        self,
        event: dict[str, Any],
        *,
        event_id: str | None = None,
        retry: int = 0,
        host: str | None = None,
        installed: str | None = None,
        shared: bool = False,
    ) -> Ack:
        """Sends an event; the same `event_id` again is a repeat.

        `host`: the workspace of its channel; `installed`: the one whose installation it was sent to.
        """
        authorized = {"team_id": installed or self.team, "is_bot": True, "is_enterprise_install": False}
        payload = {
            "type": "event_callback",
            "team_id": host or self.team,
            "context_team_id": installed or self.team,
            "authorizations": [authorized],
            "is_ext_shared_channel": shared,
            "api_app_id": "A0AMENDS",
            "event_id": event_id or self.next_id("Ev"),
            "event_time": int(time.time()),
            "event": {**event, "event_ts": event.get("ts", self.next_ts())},
        }
        return await self.send("events_api", payload, retry=retry)

    def next_id(self, prefix: str) -> str:
        """U00000001, C00000001 and so on: as long as real ones are at least."""
        self._numbers[prefix] += 1
        return f"{prefix}{self._numbers[prefix]:08}"

    def next_ts(self) -> str:
        """Slack's id of a message: the second it was posted, never twice the same."""
        self._last_ts = max(self._last_ts + 1, time.time_ns() // 1000)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06}"

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """A Socket Mode connection, from hello until the app leaves."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        async with self.changed:
            self.sockets.append(socket)
            self.changed.notify_all()
        async for message in socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                ack = json.loads(message.data)
                if waiting := self._acks.pop(ack["envelope_id"], None):
                    waiting.set_result(ack.get("payload") or {})
        self.sockets.remove(socket)
        return socket

    async def _send_by_socket(self, kind: str, payload: dict[str, Any], retry: int) -> Ack:
        await self.until(lambda: self.sockets)
        envelope, began = self.next_id("envelope-"), time.monotonic()
        self._acks[envelope] = asyncio.get_running_loop().create_future()
        sent = {
            "type": kind,
            "envelope_id": envelope,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
            "retry_attempt": retry,
        }
        await self.sockets[-1].send_json(sent)
        try:
            async with asyncio.timeout(ACK_SECONDS):
                answer = await self._acks[envelope]
        except TimeoutError:
            return Ack(504, {}, time.monotonic() - began)
        return Ack(200, answer, time.monotonic() - began)
