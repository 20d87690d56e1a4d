"""A process that dies at the worst moment loses nothing and says nothing twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.desk import A_CASE
from tests.fakes import FakeSlack
from tests.journeys.slack_app import said

ROOT = Path(__file__).parent.parent.parent
# The dead process's lease has to end first: 30 s, see LEASE_SECONDS in bot/domain/job.py.
PATIENCE = 60.0


@asynccontextmanager
async def amends(
    slack: FakeSlack, database: Path, **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m bot` in a process of its own, ready for Slack's requests."""
    environment = {
        **os.environ,
        "AMENDS_DATABASE_URL": f"sqlite:///{database}",
        "AMENDS_PORT": "0",
        "AMENDS_PACE": "0.01",
        "SLACK_BOT_TOKEN": slack.token,
        "SLACK_SIGNING_SECRET": slack.secret,
        "SLACK_API_URL": slack.api_url,
        "PYTHONPATH": str(ROOT),
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        cwd=database.parent,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        address = next(word for word in line.split() if word.startswith("http://"))
        slack.events_url = f"{address}/slack/events"
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()


async def waiting(slack: FakeSlack) -> int:
    """How many messages the process still owes."""
    assert slack.events_url is not None
    url = slack.events_url.replace("/slack/events", "/healthz")
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return int((await response.json())["waiting"])


async def nothing_waits(slack: FakeSlack) -> None:
    """Until no job waits: the last that a case owes may find that it has nothing to say."""
    async with asyncio.timeout(20):
        while await waiting(slack):
            continue


@pytest.mark.parametrize("moment", ["between commit and send", "between send and answer"])
async def test_kill_9_loses_nothing_and_doubles_nothing(tmp_path: Path, moment: str) -> None:
    database = tmp_path / "amends.db"
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        slow = slack.latency if moment == "between commit and send" else slack.lingering
        async with amends(slack, database) as process:
            slow["chat.postMessage"] = 120.0
            await ana.command("failed ZD-1 Lost", support)
            if moment == "between commit and send":
                await slack.until(lambda: slack.calls["chat.postMessage"] == 1)
                assert slack.posted() == []
            else:
                await said(slack, "Retro: Lost")
            process.kill()
            await process.wait()
        del slow["chat.postMessage"]
        async with amends(slack, database):
            await slack.until(lambda: len(slack.posted()) >= A_CASE, PATIENCE)
            await nothing_waits(slack)
        titles = [(posted.channel_id, posted.words().splitlines()[0]) for posted in slack.posted()]
        assert len(titles) == len(set(titles)) == A_CASE


async def test_sigterm_lets_what_is_being_said_finish(tmp_path: Path) -> None:
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        async with amends(slack, tmp_path / "amends.db") as process:
            slack.lingering["chat.postMessage"] = 1.0
            await ana.command("failed ZD-1 Lost", support)
            await said(slack, "Retro: Lost")
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 10) == 0
        del slack.lingering["chat.postMessage"]
        async with amends(slack, tmp_path / "amends.db"):
            await slack.until(lambda: len(slack.posted()) >= A_CASE)
        assert slack.calls["conversations.history"] == 0
