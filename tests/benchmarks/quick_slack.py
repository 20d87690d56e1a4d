"""A stand-in for Slack's Web API that agrees to everything, quickly, and notes when it was spoken to.

The strict one (`tests/fakes.py`) checks every block, which costs more than what is measured here.
"""

import asyncio
import time
from collections import defaultdict
from itertools import count
from typing import Any

from aiohttp import web

TEAM = "T0BENCHMARK"
PEOPLE = 25
"""In each channel."""


class QuickSlack:
    """The few methods that Amends calls; GET /said tells when each channel was spoken to."""

    def __init__(self) -> None:
        self.said: dict[str, list[float]] = defaultdict(list)
        self._numbers = count(1)

    async def call(self, request: web.Request) -> web.Response:
        """POST /api/<method>."""
        method = request.match_info["method"]
        json = request.content_type == "application/json"
        args: dict[str, Any] = dict(await request.json() if json else await request.post())
        return web.json_response({"ok": True, **self._answer(method, args)})

    def _answer(self, method: str, args: dict[str, Any]) -> dict[str, Any]:
        if method == "auth.test":
            return {
                "team_id": TEAM,
                "team": "Benchmark",
                "url": "https://benchmark.example/",
                "user_id": "U0AMENDS",
                "bot_id": "B0AMENDS",
            }
        if method == "users.info":
            person_id = str(args["user"])
            profile = {"real_name": f"Person {person_id}", "display_name": ""}
            who = {"id": person_id, "name": person_id, "team_id": TEAM, "tz": "Europe/Stockholm"}
            return {"user": {**who, "profile": profile}}
        if method == "conversations.info":
            channel = {"id": args["channel"], "name": f"team-{args['channel']}", "is_private": False}
            return {"channel": {**channel, "is_ext_shared": False, "num_members": PEOPLE}}
        if method == "conversations.members":
            return {"members": [f"U{number}" for number in range(PEOPLE)]}
        if method == "chat.postMessage":
            # Monotonic seconds are the same for every process of one machine.
            self.said[str(args["channel"])].append(time.monotonic())
            return {"channel": args["channel"], "ts": f"1700000000.{next(self._numbers):06d}"}
        return {}

    async def told(self, _: web.Request) -> web.Response:
        """GET /said."""
        return web.json_response(self.said)


async def main() -> None:
    """Serves on a free port of loopback until it is stopped."""
    slack = QuickSlack()
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.router.add_post("/api/{method}", slack.call)
    app.router.add_get("/said", slack.told)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
