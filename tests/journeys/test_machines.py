"""Several processes on one database: who may speak, who goes on when one stops, what operators see."""

import asyncio
import json
import logging
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import bootstrap, check
from bot.domain.job import LEASE_SECONDS
from bot.settings import Misconfigured
from storage.database import Database
from tests.command_line import amends as run
from tests.desk import A_CASE
from tests.fakes import FakeSlack
from tests.handlers.slack_adapter import settings_for
from tests.journeys.slack_app import open_slack_app
from tests.journeys.test_kill import amends, nothing_waits
from tests.session import queue_of
from tests.storage.made import a_job
from tests.storage.test_job import claimed, schedule
from tests.test_command_line import table

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def titles(slack: FakeSlack) -> list[str]:
    """The first lines of everything that was said."""
    return [posted.words().splitlines()[0] for posted in slack.posted()]


async def test_an_sqlite_file_has_one_clock_whichever_way_leads_to_it(tmp_path: Path) -> None:
    database, elsewhere = tmp_path / "amends.db", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link.db").symlink_to(database)
    file = table(tmp_path, "Story\nLost\n")

    async def also(*arguments: str, url: str = "sqlite:///amends.db") -> tuple[int, str]:
        told = await asyncio.to_thread(
            run, tmp_path, *arguments, AMENDS_DATABASE_URL=url, AMENDS_PORT="0"
        )
        return told.returncode, told.stderr

    async with FakeSlack() as slack:
        async with amends(slack, database) as process:
            for url in ("sqlite:///amends.db", "sqlite:///elsewhere/../amends.db"):
                code, told = await also("serve", url=url)
                assert code == 2
                assert told.startswith(f"amends: Another Amends is at work on {database}")
                assert len(told.splitlines()) == 1
            assert (await also("tick", url="sqlite:///elsewhere/link.db"))[0] == 2
            # Everything else has its channel beside it.
            assert await also("import", file, "--team", "support", "--map", "what_happened=Story") == (
                0,
                "",
            )
            assert await also("export") == (0, "")
            assert await also("migrate") == (0, "")
            assert await also("check") == (0, "")
            assert await also("migrate", url="sqlite:///another.db") == (0, "")
            assert await also("tick", url="sqlite:///another.db") == (0, "")
            process.kill()
            await process.wait()
        # The lock went with the process, and the file that stays behind means nothing.
        assert (tmp_path / "amends.db-clock").exists()
        assert await also("tick") == (0, "")


async def test_a_clock_that_cannot_be_taken_is_one_line(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate").returncode == 0
    (tmp_path / "amends.db-clock").unlink(missing_ok=True)
    (tmp_path / "amends.db-clock").mkdir()
    told = run(tmp_path, "tick")
    assert told.returncode == 1
    assert "amends.db-clock cannot be used" in told.stderr
    assert len(told.stderr.splitlines()) == 1


async def test_the_clock_is_taken_before_any_adapter_opens(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "amends.db-clock", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with FakeSlack() as slack:
            url = f"sqlite:///{tmp_path / 'amends.db'}"
            settings = settings_for(slack, amends_database_url=url, amends_port=0)
            with pytest.raises(Misconfigured):
                await bootstrap.serve(settings, started=print)
            assert sum(slack.calls.values()) == 0
    assert not (tmp_path / "amends.db").exists()


@on_postgresql
async def test_several_clocks_share_one_postgresql(tmp_path: Path, database_url: str) -> None:
    url = {"AMENDS_DATABASE_URL": database_url}
    async with (
        FakeSlack() as slack,
        amends(slack, tmp_path / "a.db", **url) as first,
        amends(slack, tmp_path / "b.db", **url) as second,
    ):
        ana = slack.person("Ana")
        support = [slack.channel(f"support-{number}", members=[ana]) for number in range(5)]
        for number, channel in enumerate(support):
            await ana.command(f"failed ZD-{number} Lost {number}", channel)
        await slack.until(lambda: len(slack.posted()) >= 5 * A_CASE)
        await nothing_waits(slack)
        assert first.returncode is None
        assert second.returncode is None
        assert len(slack.posted()) == 5 * A_CASE


@pytest.mark.parametrize("acted", [False, True])
async def test_sigterm_ends_in_ten_seconds_whatever_hangs_and_the_next_goes_on_at_once(
    tmp_path: Path, acted: bool
) -> None:
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = [slack.channel(f"support-{number}", members=[ana]) for number in range(2)]
        slow = slack.lingering if acted else slack.latency
        async with amends(slack, tmp_path / "amends.db") as process:
            slow["chat.postMessage"] = 60.0
            slack.latency["views.open"] = 60.0
            for number, channel in enumerate(support):
                await ana.command(f"failed ZD-{number} Lost {number}", channel)
            await slack.until(lambda: slack.calls["chat.postMessage"] == 2)
            await slack.until(lambda: len(slack.posted()) == (2 if acted else 0))
            # A request whose form Slack does not open is in flight as well.
            asked = asyncio.create_task(ana.command("failed", support[0]))
            await slack.until(lambda: slack.calls["views.open"] == 1)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 20) == 0
            assert time.monotonic() - began < 10
            asked.cancel()
        slow.clear()
        # Well before any lease could end: the jobs were handed back.
        async with amends(slack, tmp_path / "amends.db"):
            await slack.until(lambda: len(slack.posted()) >= 2 * A_CASE, LEASE_SECONDS / 2)
            await nothing_waits(slack)
        assert len(titles(slack)) == 2 * A_CASE
        for number in range(2):
            assert titles(slack).count(f"Retro: Lost {number}") == 1


@on_postgresql
async def test_a_killed_processs_jobs_are_taken_over_within_a_minute(
    tmp_path: Path, database_url: str
) -> None:
    url = {"AMENDS_DATABASE_URL": database_url}
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = [slack.channel(f"support-{number}", members=[ana]) for number in range(3)]
        async with amends(slack, tmp_path / "a.db", **url) as first:
            slack.lingering["chat.postMessage"] = 60.0
            for number, channel in enumerate(support):
                await ana.command(f"failed ZD-{number} Lost {number}", channel)
            await slack.until(lambda: len(slack.posted()) == 3)
            async with amends(slack, tmp_path / "b.db", **url):
                first.kill()
                await first.wait()
                killed = time.monotonic()
                slack.lingering.clear()
                await slack.until(lambda: len(slack.posted()) >= 3 * A_CASE, 60.0)
                assert time.monotonic() - killed < 60
                await nothing_waits(slack)
        for number in range(3):
            assert titles(slack).count(f"Retro: Lost {number}") == 1
        assert len(slack.posted()) == 3 * A_CASE


async def test_check_and_healthz_say_what_was_given_up_and_the_rest_goes_on(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    schedule(database, a_job("poison", asked_by="U-secret", about="C-1"))
    [job] = claimed(database)
    queue_of(database).give_up(job, "Something is wrong in Amends (ValueError).")
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        async with open_slack_app(slack, database_url):
            await ana.command("failed ZD-1 Lost", support)
            await slack.until(lambda: len(slack.posted()) >= A_CASE)
            assert slack.events_url is not None
            url = slack.events_url.replace("/slack/events", "/healthz")
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                # It serves, so nobody shall restart it; who watches `dead` is told.
                assert response.status == 200
                health = json.loads(await response.text())
        assert (health["ok"], health["dead"]) == (True, 1)
        findings = await check.check(settings_for(slack, amends_database_url=database_url))
    [wrong] = [finding for finding in findings if not finding.fine]
    assert wrong.words == (
        "Messages that were given up: 1. The most: 1 of retro.announce: "
        "Something is wrong in Amends (ValueError)."
    )


async def test_healthz_is_not_ok_while_slack_refuses_the_token_and_says_so(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        async with open_slack_app(slack, database_url):
            assert slack.events_url is not None
            url = slack.events_url.replace("/slack/events", "/healthz")
            await ana.command("failed ZD-1 Lost", support)
            await slack.until(lambda: len(slack.posted()) >= A_CASE)
            ours, slack.token = slack.token, "xoxb-of-another-installation"
            await ana.command("failed ZD-2 Lost again", support)
            async with aiohttp.ClientSession() as session:
                await slack.until(lambda: "put back" in caplog.text)
                health = await _health(session, url)
                assert not health["ok"]
                assert "Slack no longer accepts my token (invalid_auth)." in health["why"]
                assert "installs me in the workspace again" in health["why"]
                slack.token = ours
                await slack.until(lambda: len(slack.posted()) >= 2 * A_CASE, seconds=20.0)
                assert (await _health(session, url))["ok"]
    assert "put back (chat.postMessage: invalid_auth)" in caplog.text


async def _health(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with session.get(url) as response:
        health: dict[str, Any] = await response.json()
        assert response.status == (200 if health["ok"] else 503)
        return health


async def test_check_says_what_to_do_about_a_revoked_token(database_url: str) -> None:
    async with FakeSlack() as slack:
        slack.fail_next("auth.test", error="token_revoked")
        findings = await check.check(settings_for(slack, amends_database_url=database_url))
    [wrong] = [finding for finding in findings if not finding.fine]
    assert "token_revoked" in wrong.words
    assert "installs me in the workspace again" in wrong.words
