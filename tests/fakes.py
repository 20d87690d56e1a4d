"""A strict Slack on loopback: refuses what Slack refuses, fails when told to, and people can use it.

    async with FakeSlack() as slack:
        ana = slack.person("Ana", tz="Europe/Stockholm")
        support = slack.channel("support", members=[ana])
        slack.events_url = "http://127.0.0.1:3000/slack/events"   # or leave it, for Socket Mode
        await ana.command("failed ZD-4711 Parcel promised twice", support)
        view = await ana.press(support.roots()[0], "Answer")
        await ana.submit(view, {"Training": "…", "Post without my name": True})

`python -m tests.fakes --port N` runs it alone; GET /control/state shows what was said.
"""

import argparse
import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Self

import aiohttp
import yaml
from aiohttp import web

from tests.fake_slack_limits import is_new
from tests.fake_slack_methods import METHODS, Refusal
from tests.fake_slack_person import FormErrors, NotFilledIn, SlackPerson
from tests.fake_slack_state import Ephemeral, Posted, SlackChannel, Trigger, View
from tests.fake_slack_wire import Ack, Wire

__all__ = [
    "Ack",
    "Ephemeral",
    "FakeSlack",
    "FormErrors",
    "Mood",
    "NotFilledIn",
    "Posted",
    "SlackChannel",
    "SlackPerson",
    "View",
]

MANIFEST = Path(__file__).parent.parent / "manifest.yml"


@dataclass
class Fault:
    """What happens to the next call of a method instead of (or after) its effect."""

    status: int = 200
    error: str = ""
    retry_after: int | None = None
    drop: str = ""
    acted: bool = False
    """With a status: only the answer fails, the call took effect."""


BAD_MOOD = (
    Fault(status=429, retry_after=1),
    Fault(status=500),
    Fault(status=500, acted=True),
    Fault(drop="before"),
    Fault(drop="after"),
    Fault(drop="after"),
)


@dataclass(frozen=True)
class Mood:
    """Lets a share (0 to 1) of all calls fail, at random; `spared` are methods that never do."""

    random: Random
    share: float
    faults: Sequence[Fault] = BAD_MOOD
    spared: frozenset[str] = frozenset({"auth.test"})

    def fault(self, method: str) -> Fault:
        """What happens to a call of this method."""
        if method in self.spared or self.random.random() >= self.share:
            return Fault()
        return self.random.choice(self.faults)


class FakeSlack(Wire):
    """One workspace. Everything that was said is in `channels`, `whispers`, `views` and `homes`."""

    def __init__(
        self,
        team: str = "T0FAKE",
        token: str = "xoxb-fake",
        secret: str = "fake-secret",
        app_token: str = "xapp-fake",
        enterprise: str | None = None,
    ) -> None:
        super().__init__(team, secret)
        self.enterprise = enterprise
        """The organisation of the workspace, on Enterprise Grid."""
        self.org_wide = False
        """Whether the token is of an installation for the whole organisation."""
        self.token, self.app_token = token, app_token
        self.bot, self.bot_id = "U0AMENDS", "B0AMENDS"
        self.url = "https://fake.slack.com/"
        manifest = yaml.safe_load(MANIFEST.read_text())
        self.scopes = set(manifest["oauth_config"]["scopes"]["bot"])
        self.subscribed = set(manifest["settings"]["event_subscriptions"]["bot_events"])
        self.people: dict[str, SlackPerson] = {}
        self.channels: dict[str, SlackChannel] = {}
        self.whispers: list[Ephemeral] = []
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.calls: Counter[str] = Counter()
        self.latency: dict[str, float] = {}
        """Seconds before a call of a method takes effect."""
        self.lingering: dict[str, float] = {}
        """Seconds between its effect and its answer."""
        self.mood: Mood | None = None
        """Faults at random, for calls that `fail_next` says nothing about."""
        self.one_a_second = False
        self.keeps_messages = False
        """Whether this workspace lets nobody delete a message."""
        self.takes_new_blocks = True
        """Whether this workspace takes tables and charts."""
        self.deleted: list[Posted] = []
        """What the bot took away, oldest first."""
        self.too_fast = 0
        self.page = 200
        self.port = 0
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, tuple[str, Ephemeral | None]] = {}

    # Running it

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> Self:
        """Listens on 127.0.0.1, on a free port unless one is given."""
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_post("/api/{method}", self._call)
        app.router.add_post("/response/{id}", self._respond)
        app.router.add_get("/socket", self.connect)
        app.router.add_get("/control/state", self._control)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.port = self._runner.addresses[0][1]
        self.http = aiohttp.ClientSession()
        return self

    async def stop(self) -> None:
        """Closes every connection."""
        for socket in self.sockets:
            await socket.close()
        await self.http.close()
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL is set to."""
        return f"http://127.0.0.1:{self.port}/api/"

    # Its people and channels

    def person(
        self,
        name: str,
        tz: str | None = "UTC",
        *,
        bot: bool = False,
        guest: bool = False,
        team: str | None = None,
        organisation: str | None = None,
        workspaces: Sequence[str] | None = None,
    ) -> "SlackPerson":
        """Somebody new in the workspace, or, with another `team`, in one of our channels only.

        On Enterprise Grid they are of our organisation, unless `team` or `organisation` is another's,
        and members of `workspaces`: of our own, unless said otherwise.
        """
        person = SlackPerson(self, self.next_id("U"), name, tz, bot=bot)
        person.guest = guest
        person.organisation = organisation or (None if team else self.enterprise)
        person.team = team or self.team
        person.workspaces = tuple(workspaces) if workspaces is not None else (person.team,)
        self.people[person.id] = person
        return person

    def channel(
        self,
        name: str,
        members: Iterable["SlackPerson"] = (),
        *,
        private: bool = False,
        with_bot: bool = True,
        shared: bool = False,
        host: str | None = None,
    ) -> SlackChannel:
        """A channel; Amends is in it unless said otherwise."""
        ids = {person.id for person in members} | ({self.bot} if with_bot else set())
        channel = SlackChannel(
            self.next_id("C"), name, private=private, shared=shared, host=host, members=ids
        )
        self.channels[channel.id] = channel
        return channel

    def direct(self, person_id: str) -> SlackChannel:
        """The direct messages between Amends and a person, opened if need be."""
        for channel in self.channels.values():
            if channel.direct_to == person_id:
                return channel
        if person_id not in self.people:
            raise Refusal("user_not_found")
        if self.people[person_id].deleted:
            raise Refusal("user_disabled")
        channel = SlackChannel(self.next_id("D"), "", direct_to=person_id, members={person_id, self.bot})
        self.channels[channel.id] = channel
        return channel

    async def invite_bot(self, channel: SlackChannel, by: "SlackPerson") -> Ack:
        """Adds Amends to a channel, and tells it."""
        channel.members.add(self.bot)
        joined = {"user": self.bot, "channel": channel.id, "inviter": by.id, "team": self.team}
        event = {"type": "member_joined_channel", **joined}
        return await self.event(event, host=channel.host, shared=channel.shared)

    async def joins(self, person: "SlackPerson", channel: SlackChannel) -> None:
        """Adds somebody to a channel."""
        channel.members.add(person.id)
        gone = {"user": person.id, "channel": channel.id, "team": person.team}
        await self.tell({"type": "member_joined_channel", **gone}, channel)

    async def leaves(self, person: "SlackPerson", channel: SlackChannel) -> None:
        """Takes somebody out of a channel."""
        channel.members.discard(person.id)
        gone = {"user": person.id, "channel": channel.id, "team": person.team}
        await self.tell({"type": "member_left_channel", **gone}, channel)

    async def removes_bot(self, channel: SlackChannel) -> None:
        """Takes Amends out of a channel."""
        await self.tell({"type": f"{_kind(channel)}_left", "channel": channel.id}, channel)
        channel.members.discard(self.bot)

    async def archives(self, channel: SlackChannel, *, archived: bool = True) -> None:
        """Archives a channel, or takes it out of the archive."""
        channel.archived = archived
        kind = f"{_kind(channel)}_{'archive' if archived else 'unarchive'}"
        await self.tell({"type": kind, "channel": channel.id, "user": "U0ADMIN"}, channel)

    async def deletes(self, channel: SlackChannel) -> None:
        """Deletes a channel, with all that was said."""
        await self.tell({"type": f"{_kind(channel)}_deleted", "channel": channel.id}, channel)
        del self.channels[channel.id]

    async def renames(self, channel: SlackChannel, name: str) -> None:
        """Gives a channel another name."""
        channel.name = name
        renamed = {"id": channel.id, "name": name, "created": 1_700_000_000}
        await self.tell({"type": f"{_kind(channel)}_rename", "channel": renamed}, channel)

    async def loses(self, message: Posted, *, heard: bool = True) -> None:
        """An admin deletes a message of Amends'; `heard`: the event of it gets through."""
        channel = self.channels[message.channel_id]
        del channel.messages[message.ts]
        if not heard:
            return
        event: dict[str, Any] = {"type": "message", "subtype": "message_deleted", "hidden": True}
        event |= {"channel": channel.id, "channel_type": _kind(channel), "ts": self.next_ts()}
        event |= {"previous_message": {**message.shown(), "team": self.team}}
        if channel.thread(message):
            # The place of what has replies stays.
            left = {"subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted."}
            left |= {"ts": message.ts, "thread_ts": message.ts}
            await self.tell({**event, "subtype": "message_changed", "message": left}, channel)
        else:
            await self.tell({**event, "deleted_ts": message.ts}, channel)

    async def converts(self, channel: SlackChannel, *, private: bool) -> None:
        """Makes a channel private or public, which a message in it tells."""
        channel.private = private
        subtype = f"channel_convert_to_{'private' if private else 'public'}"
        said = {"type": "message", "subtype": subtype, "user": "U0ADMIN", "ts": self.next_ts()}
        kind = "group" if private else "channel"
        await self.tell({**said, "channel": channel.id, "channel_type": kind}, channel)

    async def shares(self, channel: SlackChannel, *, shared: bool = True) -> None:
        """Shares a channel with another organisation, or no more."""
        channel.shared, channel.pending = shared, False
        if shared:
            event = {"type": "channel_shared", "connected_team_id": "T0PARTNER"}
        else:
            event = {"type": "channel_unshared", "previously_connected_team_id": "T0PARTNER"}
        await self.tell({**event, "channel": channel.id}, channel)

    async def tell(self, event: dict[str, Any], channel: SlackChannel) -> None:
        """Sends what happened in a channel to Amends, if it asked for such and can see the channel."""
        kind = event["type"]
        if kind == "message":
            kind = f"message.{event['channel_type']}s"
        in_it = self.bot in channel.members
        seen = in_it or (not channel.private and kind.startswith("channel_"))
        if kind in self.subscribed and seen:
            ack = await self.event(event, host=channel.host, shared=channel.shared)
            assert ack.status == 200, f"Slack will repeat this event: status {ack.status}"

    def posted(self) -> list[Posted]:
        """Every message of Amends', in the order they were said."""
        said = [m for channel in self.channels.values() for m in channel.messages.values() if m.bot]
        return sorted(said, key=lambda posted: posted.ts)

    # Faults

    def fail_next(
        self,
        method: str,
        *,
        times: int = 1,
        status: int = 200,
        error: str = "",
        retry_after: int | None = None,
        drop: str = "",
    ) -> None:
        """Lets the next calls fail.

        With an HTTP status, an error code, or a connection dropped "before" or "after" the call takes
        effect. The method "response_url" stands for posts to those addresses (status only).
        """
        for _ in range(times):
            self._faults[method].append(Fault(status, error, retry_after, drop))

    # Small things the methods and the people need

    def trigger(self, user: str, view: str | None = None) -> str:
        """A fresh trigger id."""
        trigger = Trigger(f"{self.next_id('1')}.2.abc", user, view)
        self._triggers[trigger.id] = trigger
        return trigger.id

    def use_trigger(self, args: Mapping[str, Any]) -> Trigger:
        """Spends a trigger; refuses an unknown, a spent and a late one."""
        trigger = self._triggers.get(str(args.get("trigger_id")))
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if trigger.expired:
            raise Refusal("expired_trigger_id")
        trigger.used = True
        return trigger

    def late(self, trigger: str) -> None:
        """Lets a trigger's three seconds be over."""
        self._triggers[trigger].born -= 60.0

    def response_url(self, user: str, own: Ephemeral | None = None) -> str:
        """An address that whispers to a person, or replaces their `own` message."""
        id = self.next_id("R")
        self._responses[id] = (user, own)
        return f"http://127.0.0.1:{self.port}/response/{id}"

    # The server's side

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        args, token = await self._arguments(request)
        self.calls[method] += 1
        async with self.changed:
            self.changed.notify_all()
        if seconds := self.latency.get(method):
            await asyncio.sleep(seconds)
        fault = self._fault(method)
        if fault.status != 200 and not fault.acted:
            return _failed(fault)
        answer: dict[str, Any] = {"ok": False, "error": fault.error}
        if not fault.error and fault.drop != "before":
            answer = self._answer(method, args, token)
        async with self.changed:
            self.changed.notify_all()
        if seconds := self.lingering.get(method):
            await asyncio.sleep(seconds)
        if fault.drop:
            assert request.transport is not None
            request.transport.abort()
        if fault.status != 200:
            return _failed(fault)
        status = 429 if answer.get("error") == "ratelimited" else 200
        headers = {"Retry-After": str(answer["retry_after"])} if "retry_after" in answer else {}
        return web.json_response(answer, status=status, headers=headers)

    def _fault(self, method: str) -> Fault:
        if self._faults[method]:
            return self._faults[method].popleft()
        return self.mood.fault(method) if self.mood else Fault()

    async def _arguments(self, request: web.Request) -> tuple[dict[str, Any], str]:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if request.content_type == "application/json":
            return dict(await request.json()), token
        fields = {key: str(value) for key, value in (await request.post()).items()}
        return fields, token or fields.get("token", "")

    def _answer(self, method: str, args: dict[str, Any], token: str) -> dict[str, Any]:
        known, expected = METHODS.get(method), self.token
        if method == "apps.connections.open":
            expected = self.app_token
        try:
            if known is None:
                raise Refusal("unknown_method")
            if token != expected:
                raise Refusal("invalid_auth")
            call, scope = known
            needed = scope and scope.format(self._kind(args))
            if needed and needed not in self.scopes:
                raise Refusal("missing_scope", needed=needed, provided=",".join(sorted(self.scopes)))
            return {"ok": True, **call(self, args)}
        except Refusal as refused:
            return refused.answer

    def _kind(self, args: Mapping[str, Any]) -> str:
        channel = self.channels.get(str(args.get("channel")))
        if channel is not None and channel.direct_to:
            return "im"
        return "groups" if channel is not None and channel.private else "channels"

    async def _respond(self, request: web.Request) -> web.Response:
        found, body = self._responses.get(request.match_info["id"]), await request.json()
        if self._faults["response_url"]:
            return web.Response(status=self._faults["response_url"].popleft().status)
        if found is None:
            return web.Response(status=404, text="expired_url")
        if is_new(body.get("blocks")) and not self.takes_new_blocks:
            return web.Response(status=400, text="invalid_blocks")
        (user, own), text, blocks = found, body.get("text", ""), body.get("blocks", [])
        async with self.changed:
            if body.get("replace_original") and own is not None:
                own.text, own.blocks = text, blocks
            else:
                self.whispers.append(Ephemeral(user, text, blocks))
            self.changed.notify_all()
        return web.Response(text="ok")

    async def _control(self, _: web.Request) -> web.Response:
        channels = {
            channel.id: {
                "name": channel.name,
                "direct_to": channel.direct_to,
                "messages": [posted.shown() for posted in channel.messages.values()],
            }
            for channel in self.channels.values()
        }
        whispers = [asdict(send_ephemeral) for send_ephemeral in self.whispers]
        return web.json_response({"channels": channels, "whispers": whispers, "calls": self.calls})


def _kind(channel: SlackChannel) -> str:
    return "group" if channel.private else "channel"


def _failed(fault: Fault) -> web.Response:
    retry = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    code = "ratelimited" if fault.status == 429 else "internal_error"
    return web.json_response({"ok": False, "error": code}, status=fault.status, headers=retry)


async def _serve(port: int) -> None:
    slack = await FakeSlack().start(port)
    try:
        slack.channel("support", members=[slack.person("Ana")])
        print(slack.api_url, flush=True)
        await asyncio.Event().wait()
    finally:
        await slack.stop()


def main() -> None:
    """Runs the fake alone, with one person and one channel, until it is stopped."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
