"""Connections that ask for nothing: they cost nobody a click, and fill no log."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from handlers.connections import Limits
from tests.command_line import environment
from tests.desk import A_CASE
from tests.fakes import FakeSlack
from tests.journeys.slack_app import open_slack_app
from tests.journeys.test_kill import ROOT

HALF = (
    b"",
    b"POST /slack/events HTTP/1.1\r\nHost: x\r\nX-Slack-Req",
    b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\ntoken=",
)
LATE = 600.0


@asynccontextmanager
async def half_open(slack: FakeSlack, count: int) -> AsyncIterator[Sequence[asyncio.StreamReader]]:
    """So many connections that begin to ask for something and go no further, the oldest first."""
    assert slack.events_url is not None
    address = urlsplit(slack.events_url)
    opened = []
    try:
        for number in range(count):
            opened.append(await asyncio.open_connection(address.hostname, address.port))
            opened[-1][1].write(HALF[number % len(HALF)])
        yield [reader for reader, _ in opened]
    finally:
        for _, writer in opened:
            writer.close()


async def connections(slack: FakeSlack) -> dict[str, int]:
    """What /healthz says of them."""
    assert slack.events_url is not None
    url = slack.events_url.replace("/slack/events", "/healthz")
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        counts: dict[str, int] = (await response.json())["connections"]
    return counts


async def test_600_half_open_requests_cost_nobody_a_click(database_url: str) -> None:
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        limits = Limits(683, head=LATE, body=LATE, idle=LATE)  # as many as `ulimit -n 1024` leaves
        async with open_slack_app(slack, database_url, limits=limits), half_open(slack, 600) as readers:
            await ana.command("failed ZD-1 Lost", support)  # the fake asks for its 3 seconds
            await slack.until(lambda: len(slack.posted()) >= A_CASE)
            counts = await connections(slack)
            assert counts["open"] >= 600
            assert counts["made_room"] == counts["refused"] == counts["too_slow"] == 0
            async with half_open(slack, 200):
                await ana.command("failed ZD-2 Late", support)
                await slack.until(lambda: len(slack.posted()) >= 2 * A_CASE)
                counts = await connections(slack)
                assert counts["made_room"] >= 800 - 683
                assert counts["refused"] == 0
                assert not readers[-1].at_eof()  # the oldest made room


async def test_more_idle_connections_than_files_neither_end_the_service_nor_fill_the_log(
    tmp_path: Path,
) -> None:
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        settings = {
            "AMENDS_PORT": "0",
            "AMENDS_PACE": "0",
            "SLACK_BOT_TOKEN": slack.token,
            "SLACK_SIGNING_SECRET": slack.secret,
            "SLACK_API_URL": slack.api_url,
            "PYTHONPATH": str(ROOT),
        }
        with (tmp_path / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *("sh", "-c", f'ulimit -n 256 && exec "{sys.executable}" -m bot'),
                cwd=tmp_path,
                env={**environment(), **settings, "PATH": os.environ["PATH"]},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
            try:
                assert process.stdout is not None
                line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
                (address,) = re.findall(r"http://\S+", line)
                slack.events_url = f"{address}/slack/events"
                async with half_open(slack, 400):
                    await ana.command("failed ZD-1 Lost", support)
                    await slack.until(lambda: len(slack.posted()) >= A_CASE)
                    counts = await connections(slack)
                    assert counts["most"] == 171
                    assert counts["open"] <= 171
            finally:
                process.send_signal(signal.SIGTERM)
                await process.wait()
        lines = (tmp_path / "log").read_text().splitlines()
        assert len(lines) == 1, lines
        assert "Too many connections" in lines[0]
