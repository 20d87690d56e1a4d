"""What the tests of the adapters share."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from bot import bootstrap
from bot.settings import Settings, for_demo
from storage.database import Database
from tests.browser import browser, context, page
from tests.web_app import Visitor, WebHouse, known_at, open_web_app

__all__ = ["browser", "context", "page"]


@pytest.fixture
async def web_house(sqlite: Database) -> AsyncIterator[WebHouse]:
    """The web workspace on loopback, with everything real behind it."""
    async with open_web_app(sqlite) as opened:
        yield opened


@pytest.fixture
async def stranger(web_house: WebHouse) -> AsyncIterator[Visitor]:
    """Somebody whose browser comes for the first time."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield Visitor(session, web_house.url)


@pytest.fixture
async def visitor(web_house: WebHouse) -> AsyncIterator[Visitor]:
    """Somebody who visits it without scripts, and said who they are."""
    jar = CookieJar(unsafe=True)
    async with ClientSession(cookie_jar=jar, cookies=known_at(web_house.url)) as session:
        yield Visitor(session, web_house.url)


@pytest.fixture
async def demo_address(tmp_path: Path) -> AsyncIterator[str]:
    """The demo, open at this address."""
    own = Settings(_env_file=None, amends_port=0)
    settings = for_demo(own, f"sqlite:///{tmp_path}/demo.db")
    tour = await bootstrap.play(settings, datetime.now(UTC), "Europe/Lisbon")
    async with (
        bootstrap.open_app(settings) as built,
        bootstrap.adapters(built, tour) as opened,
        bootstrap.server(built, opened) as url,
    ):
        yield url
