"""A database host that falls silent: people hear so at once, and later all is said, and once."""

import asyncio
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.desk import A_CASE
from tests.fakes import FakeSlack, SlackChannel, SlackPerson
from tests.journeys.test_kill import amends, nothing_waits
from tests.journeys.test_machines import titles
from tests.proxy import Proxy

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

SOON = 10.0
NOT_SAVED = "I could not save that just now"
LEASE = 60.0
"""What a process held when it ended is said within a minute."""


async def fails(ana: SlackPerson, channel: SlackChannel, what: str) -> str:
    """What comes back at once when she marks a case failed; she waits three seconds at most."""
    began = time.monotonic()
    send_ephemeral = await ana.command(f"failed {what}", channel)
    assert time.monotonic() - began < 3
    return send_ephemeral.words() if send_ephemeral else ""


async def all_said(slack: FakeSlack, cases: int, seconds: float = SOON) -> None:
    """Waits until the messages of so many cases are said, and sees that none is said twice."""
    await slack.until(lambda: len(slack.posted()) >= A_CASE * cases, seconds)
    await nothing_waits(slack)
    keys = Counter(
        str(posted.metadata["event_payload"]["key"]) for posted in slack.posted() if posted.metadata
    )
    assert len(keys) == len(slack.posted()) == A_CASE * cases


async def test_a_host_that_forgot_our_connections_is_connected_to_anew(
    tmp_path: Path, database_url: str
) -> None:
    async with Proxy(database_url) as proxy, FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        async with amends(slack, tmp_path / "a.db", AMENDS_DATABASE_URL=proxy.url):
            await fails(ana, support, "ZD-1 Lost")
            await all_said(slack, 1)
            proxy.silence()
            proxy.admit()
            async with asyncio.timeout(SOON):
                while NOT_SAVED in await fails(ana, support, "ZD-2 Late"):
                    continue
                await slack.until(lambda: len(slack.posted()) > A_CASE)
            await all_said(slack, 2)


async def test_while_the_host_is_silent_people_hear_so_and_afterwards_it_goes_on(
    tmp_path: Path, database_url: str
) -> None:
    async with Proxy(database_url) as proxy, FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        async with amends(slack, tmp_path / "a.db", AMENDS_DATABASE_URL=proxy.url):
            await fails(ana, support, "ZD-1 Lost")
            await all_said(slack, 1)
            proxy.silence()
            together = [fails(ana, support, f"ZD-{number} Late") for number in range(2, 52)]
            assert all(NOT_SAVED in answer for answer in await asyncio.gather(*together))
            retro = support.roots()[0]
            began = time.monotonic()
            await ana.click(retro, "Answer")
            assert time.monotonic() - began < 3
            proxy.admit()
            async with asyncio.timeout(SOON):
                assert NOT_SAVED not in await fails(ana, support, "ZD-2 Late")
                await slack.until(lambda: len(slack.posted()) > A_CASE)
            await all_said(slack, 2)


@pytest.mark.parametrize("way", ["admit", "heal"])
async def test_a_host_that_falls_silent_while_a_message_is_said_delays_the_next_by_seconds(
    tmp_path: Path, database_url: str, way: str
) -> None:
    async with Proxy(database_url) as proxy, FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        async with amends(slack, tmp_path / "a.db", AMENDS_DATABASE_URL=proxy.url):
            slack.lingering["chat.postMessage"] = 0.2
            await fails(ana, support, "ZD-1 Lost")
            await slack.until(lambda: len(slack.posted()) == 1)
            proxy.silence()
            assert NOT_SAVED in await fails(ana, support, "ZD-2 Late")
            getattr(proxy, way)()
            await slack.until(lambda: len(slack.posted()) >= 2, SOON)
            await all_said(slack, 1)


async def test_sigterm_ends_in_ten_seconds_while_the_host_is_silent(
    tmp_path: Path, database_url: str
) -> None:
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = [slack.channel(f"support-{number}", members=[ana]) for number in range(3)]
        async with (
            Proxy(database_url) as proxy,
            amends(slack, tmp_path / "a.db", AMENDS_DATABASE_URL=proxy.url) as process,
        ):
            # Messages are on their way and will not arrive.
            slack.latency["chat.postMessage"] = 60.0
            for number, channel in enumerate(support):
                await fails(ana, channel, f"ZD-{number} Lost")
            await slack.until(lambda: slack.calls["chat.postMessage"] == 3)
            proxy.silence()
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 20) == 0
            assert time.monotonic() - began < 10
        slack.latency.clear()
        async with amends(slack, tmp_path / "b.db", AMENDS_DATABASE_URL=database_url):
            await all_said(slack, 3, LEASE)
        assert titles(slack).count("Retro: Lost") == 3
