"""What the tests of the adapters share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from storage.database import Database
from tests.browser import browser, context, page
from tests.conftest import DemoMonths
from tests.web_app import Visitor, WebHouse, known_at, open_demo, open_web_app

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
async def demo_address(demo_months: DemoMonths, tmp_path: Path) -> AsyncIterator[str]:
    """The demo, open at this address."""
    async with open_demo(demo_months, tmp_path) as url:
        yield url
