"""One request is at most one line of the log at INFO, on each platform, with all that follows."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, CookieJar

from bot import bootstrap
from bot.settings import Settings
from storage.database import Database
from tests.desk import A_CASE
from tests.fake_teams import FakeTeams
from tests.fakes import FakeSlack
from tests.journeys import teams_app
from tests.journeys.later import on_sqlite
from tests.journeys.slack_app import open_slack_app, said
from tests.session import queue_of
from tests.web_app import Visitor

STAND_IN = "aiohttp.access"
"""Where a stand-in for a platform, in this same process, logs what it was asked."""


async def lines(
    caplog: pytest.LogCaptureFixture, database: Database, ask: Callable[[], Awaitable[object]]
) -> list[str]:
    """The lines at INFO of one request, once nothing is owed any more."""
    caplog.set_level(logging.INFO)
    caplog.clear()
    await ask()
    async with asyncio.timeout(20):
        while queue_of(database).next_due() is not None:  # noqa: ASYNC110 - rows have no event
            await asyncio.sleep(0)
    return [record.getMessage() for record in caplog.records]


@on_sqlite
async def test_in_slack(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with FakeSlack() as slack:
        caplog.set_level(logging.WARNING, STAND_IN)
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        async with open_slack_app(slack, database_url) as house:

            async def fail() -> None:
                await ana.command("failed ZD-1 Lost", support)
                await slack.until(lambda: len(slack.posted()) >= A_CASE)

            saved = await lines(caplog, house.database, fail)
            assert saved == [f"command=case.fail workspace=slack:{slack.team} saved"]
            retro = await said(slack, "Retro: Lost")
            assert await lines(caplog, house.database, lambda: ana.press(retro, "Answer")) == []
            status = await lines(caplog, house.database, lambda: ana.command("status", support))
            assert status == []
            again = await lines(caplog, house.database, lambda: ana.command("customer C-9", support))
            assert len(again) == 1


@on_sqlite
async def test_in_teams(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with FakeTeams() as teams:
        caplog.set_level(logging.WARNING, STAND_IN)
        ana = teams.person("Ana")
        support = teams.channel("support", members=[ana])
        async with teams_app.open_teams_app(teams, database_url) as house:

            async def fail() -> None:
                await ana.says("failed ZD-1 Lost", support, mention=True)
                await teams_app.said(teams, "After-hours support", where=support)

            assert len(await lines(caplog, house.database, fail)) == 1

            async def ask() -> None:
                await ana.says("customer C-9", support, mention=True)
                await teams_app.answered(teams, ana, "I can't find")

            assert len(await lines(caplog, house.database, ask)) == 1


@asynccontextmanager
async def open_web(database: Database) -> AsyncIterator[Visitor]:
    """The web workspace behind the very server that `serve` opens."""
    settings = Settings(
        _env_file=None, amends_database_url=f"sqlite:///{database.file}", amends_port=0, amends_pace=0
    )
    async with (
        bootstrap.open_app(settings) as built,
        bootstrap.adapters(built) as opened,
        bootstrap.server(built, opened) as address,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        clock = asyncio.create_task(opened.worker.run())
        yield Visitor(session, address)
        await opened.worker.stop()
        await clock


async def test_in_the_web_workspace(sqlite: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with open_web(sqlite) as visitor:
        await visitor.introduce("Ana")
        assert await lines(caplog, sqlite, lambda: visitor.see("/")) == []
        saved = await lines(caplog, sqlite, lambda: visitor.say("/amends failed ZD-1 Lost"))
        assert saved == ["command=case.fail workspace=web saved"]
        refused = await lines(caplog, sqlite, lambda: visitor.say("/amends customer C-9"))
        assert len(refused) == 1
