"""A strict Teams on loopback: refuses what Teams refuses, fails when told to, and people can use it.

    async with FakeTeams() as teams:
        ana = teams.person("Ana", tz="Europe/Stockholm")
        support = teams.channel("support", members=[ana])
        teams.endpoint = "http://127.0.0.1:3000/api/messages"
        await ana.says("failed ZD-4711 Parcel promised twice", support, mention=True)
        dialog = await ana.press(support.roots()[1], "Answer")
        await ana.submit(dialog, {"Training": "…", "Post without my name": True})

It is the Bot Connector, the login that gives the bot its tokens, and the keys of Teams' own tokens.
It runs in its own thread, because the SDK blocks the loop that it is called in. While it runs, what
this process asks of Microsoft's login comes to it (`redirected`).

`python -m tests.fake_teams --port N` runs it alone; GET /control/state shows what was said.
"""

import argparse
import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from uuid import uuid4

import aiohttp
from aiohttp import web

from tests.fake_teams_card import NotFilledIn
from tests.fake_teams_connector import Connector
from tests.fake_teams_login import redirected
from tests.fake_teams_person import TeamsPerson
from tests.fake_teams_state import Dialog, Posted, TeamsChannel, Told

__all__ = ["Dialog", "FakeTeams", "NotFilledIn", "Posted", "TeamsChannel", "TeamsPerson", "Told"]

T = TypeVar("T")
APP = "11111111-aaaa-4bbb-8ccc-000000000001"
TENANT = "22222222-aaaa-4bbb-8ccc-000000000002"


@dataclass(frozen=True)
class Heard:
    """How the bot answered an activity: its status, its JSON (or None), and after how many seconds."""

    status: int
    body: Any
    seconds: float


class FakeTeams(Connector):
    """One tenant. Everything that was said is in `channels`; `app_id=""` turns authentication off."""

    def __init__(self, app_id: str = APP, password: str = "fake-password", tenant: str = TENANT) -> None:
        super().__init__(app_id, password, tenant)
        self.endpoint = ""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._waiting: set[Callable[[], object]] = set()
        self._around = ExitStack()

    # Running it

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> Self:
        """Listens on 127.0.0.1, on a free port unless one is given."""
        ready: Future[int] = Future()
        self._running = threading.Thread(target=self._run, args=(port, ready), daemon=True)
        self._running.start()
        self.port = await asyncio.wrap_future(ready)
        self._around.enter_context(redirected(self.origin))
        self.http = aiohttp.ClientSession()
        return self

    async def stop(self) -> None:
        """Closes every connection and ends its thread."""
        await self.http.close()
        self._around.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._running.join)

    def _run(self, port: int, ready: Future[int]) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        try:
            self._loop.run_until_complete(runner.setup())
            self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", port).start())
            ready.set_result(runner.addresses[0][1])
            self._loop.run_forever()
            self._loop.run_until_complete(runner.cleanup())
        except BaseException as why:
            if ready.done():
                raise
            ready.set_exception(why)
        finally:
            self._loop.close()

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def service_url(self) -> str:
        """What activities tell as the address to answer to; it ends with a slash, as Teams' does."""
        return f"{self.origin}/{self.region}/"

    def moves(self, region: str) -> None:
        """Serves under another service URL from now on; the old one is gone."""
        self.region = region

    def notify(self) -> None:
        """Lets whoever waits look again; any thread may call it."""
        for wake in tuple(self._waiting):
            wake()

    async def until(self, found: Callable[[], T | None], seconds: float = 5.0) -> T:
        """Waits until `found` returns something true, looked at after every change; then returns it."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(woken.set)

        self._waiting.add(wake)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    woken.clear()
                    if result := found():
                        return result
                    await woken.wait()
        finally:
            self._waiting.discard(wake)

    # Its people and channels

    def person(
        self, name: str, tz: str | None = "UTC", *, tenant: str = "", guest: bool = False
    ) -> TeamsPerson:
        """Somebody new; the app is installed for them. A guest is a guest of their tenant."""
        person = TeamsPerson(self, f"29:{uuid4().hex}", name, tz, tenant or self.tenant)
        person.role = "guest" if guest else "user"
        self.people[person.id] = person
        chat = TeamsChannel(f"a:1{uuid4().hex}", name, direct_to=person.id, members={person.id})
        self.channels[chat.id] = person.chat = chat
        return person

    def channel(
        self,
        name: str,
        members: Iterable[TeamsPerson] = (),
        *,
        team: str = "",
        rsc: bool = True,
        private: bool = False,
        tenant: str = "",
    ) -> TeamsChannel:
        """A channel, in a team of its own unless one is named (by the id in `TeamsChannel.team`).

        `tenant`: whose it is, when members of several are in it.
        """
        if not team:
            team = f"19:{uuid4().hex}@thread.tacv2"
            self.teams[team] = f"The {name} team"
        ids = {person.id for person in members}
        id = f"19:{uuid4().hex}@thread.tacv2"
        place = TeamsChannel(id, name, team, members=ids, private=private, tenant=tenant, rsc=rsc)
        self.channels[place.id] = place
        return place

    def posted(self) -> list[Posted]:
        """Every message of the bot's that is still there, in the order they were said."""
        everything = [p for place in list(self.channels.values()) for p in list(place.messages.values())]
        return sorted((p for p in everything if p.bot), key=lambda posted: int(posted.id))

    # Speaking to the bot

    async def send(self, activity: Mapping[str, Any], *, token: str | None = None) -> Heard:
        """Sends an activity, signed as Teams signs unless a token is given."""
        if token is None and self.login.app_id:
            token = self.login.sign(str(activity["serviceUrl"]))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.post(json.dumps(activity), headers)

    async def post(self, body: str | bytes, headers: Mapping[str, str]) -> Heard:
        """Posts a body to the bot as it is, signed or not."""
        assert self.endpoint, "set endpoint first"
        began, more = time.monotonic(), {"Content-Type": "application/json; charset=utf-8"}
        async with self.http.post(self.endpoint, data=body, headers={**more, **headers}) as answer:
            text = await answer.text()
            # The old SDK itself answers plain texts to what it refuses.
            shown = (
                json.loads(text) if "json" in answer.headers.get("Content-Type", "") and text else None
            )
            heard = Heard(answer.status, shown, time.monotonic() - began)
        self.notify()
        return heard


async def _serve(port: int) -> None:
    teams = await FakeTeams().start(port)
    try:
        teams.channel("support", members=[teams.person("Ana")])
        print(teams.service_url, flush=True)
        await asyncio.Event().wait()
    finally:
        await teams.stop()


def main() -> None:
    """Runs the fake alone, with one person and one channel, until it is stopped."""
    parser = argparse.ArgumentParser(prog="python -m tests.fake_teams", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
