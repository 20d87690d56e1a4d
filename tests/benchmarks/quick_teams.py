"""A stand-in for Teams that agrees to everything: the login, the keys and the Bot Connector.

The strict one (`tests/fake_teams.py`) checks every card, which costs more than what is measured here.
GET /token gives a token as Teams signs it; POST /slow sets the seconds that answers take, and for how
many the bot's next tokens hold.
"""

import asyncio
from itertools import count
from typing import Any

from aiohttp import web

from tests.fake_teams_login import KEYS, LOGIN, Login

APP, PASSWORD = "11111111-aaaa-4bbb-8ccc-000000000001", "benchmark-password"
TENANT = "22222222-aaaa-4bbb-8ccc-000000000002"


class QuickTeams:
    """What a bot asks of Teams and of Microsoft's login."""

    def __init__(self) -> None:
        self.login = Login(APP, PASSWORD, TENANT)
        self.token_seconds = self.call_seconds = 0.0
        self._numbers = count(1_700_000_000_000)

    def application(self) -> web.Application:
        """Its addresses."""
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_post(f"/{LOGIN}/{{tenant}}/oauth2/v2.0/token", self._token)
        app.router.add_get(f"/{LOGIN}/{{tenant}}/v2.0/.well-known/openid-configuration", self._where)
        app.router.add_get(f"/{KEYS}/v1/.well-known/openidconfiguration", self.login.metadata)
        app.router.add_get(f"/{KEYS}/v1/.well-known/keys", self.login.keys)
        app.router.add_route("*", "/teams/{path:.*}", self._call)
        app.router.add_get("/token", self._signed)
        app.router.add_post("/slow", self._slow)
        return app

    async def _token(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.token_seconds)
        return await self.login.token(request)

    async def _where(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.token_seconds)
        return await self.login.discovery(request)

    async def _call(self, request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(self.call_seconds)
        if request.method == "GET":
            # Nobody asks for more than the names of a team and its channels.
            return web.json_response({"name": "A team", "conversations": []})
        number = next(self._numbers)
        known = {"id": str(number), "activityId": str(number)}
        opened = request.path.endswith("/v3/conversations")
        return web.json_response({**known, **({"id": f"a:{number}"} if opened else {})}, status=201)

    async def _signed(self, request: web.Request) -> web.Response:
        return web.Response(text=self.login.sign(f"http://{request.host}/teams/"))

    async def _slow(self, request: web.Request) -> web.Response:
        wanted: dict[str, Any] = await request.json()
        self.token_seconds = self.call_seconds = float(wanted["seconds"])
        self.login.token_seconds = int(wanted["lifetime"])
        return web.Response(status=204)


async def main() -> None:
    """Serves on a free port of loopback until it is stopped."""
    runner = web.AppRunner(QuickTeams().application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
