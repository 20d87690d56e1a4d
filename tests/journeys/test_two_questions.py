"""A lead's two questions from the demo's months on: what needs me today; which gap keeps coming back.

In Slack and in Teams over the wire, and on from there to the pages, in a real browser behind https.
"""

import json
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector
from playwright.async_api import Browser, expect

from bot.demo.story import PARCELS
from tests.browser import Trouble, open_chromium
from tests.https_front import NAME, Front, open_front
from tests.journeys.platforms import InSlack, InTeams, open_in_slack, open_in_teams
from tests.journeys.told_month import tell_months

URL = f"https://{NAME}"
LARGEST = 200_000
"""Bytes of a page."""
Opens = Callable[..., AbstractAsyncContextManager[InSlack | InTeams]]


@pytest.mark.parametrize("opens", [open_in_slack, open_in_teams], ids=["slack", "teams"])
async def test_a_lead_asks_two_questions_and_goes_on_in_the_browser(
    opens: Opens, sqlite_url: str, tmp_path: Path
) -> None:
    async with opens(sqlite_url, amends_url=URL) as platform:
        await tell_months(platform)
        await what_needs_me_today(platform)
        link = await which_gap_keeps_coming_back(platform)
        async with (
            open_front(tmp_path) as front,
            open_chromium(front.browser_argument) as browser,
        ):
            front.target = int(platform.later.address.rpartition(":")[2])
            await preview(front, link)
            await in_the_browser(browser, link)


async def what_needs_me_today(platform: InSlack | InTeams) -> None:
    """The most urgent comes first, and is gone from there once its button was pressed."""
    status = await platform.asks("Mina", "status", PARCELS.name)
    assert "6 things need you" in status.words
    groups = ("Promises due", "Late", "Customers who wait", "Waiting for a yes", "Retros to decide")
    places = [status.words.find(group) for group in groups]
    assert -1 not in places
    assert places == sorted(places)
    form = {"What was done, and how": "She has her parcel, and the locker its code."}
    await platform.fills("Mina", status, "Keep the promise", form)
    await platform.turn()
    status = await platform.asks("Mina", "status", PARCELS.name)
    assert "Promises due" not in status.words


async def which_gap_keeps_coming_back(platform: InSlack | InTeams) -> str:
    """Trends name it, and lead on to a page by a link for the lead alone."""
    trends = await platform.asks("Mina", "trends", PARCELS.name)
    assert "Training, Communication, Process" in re.sub(r"\*", "", trends.words)
    way = await platform.clicks("Mina", trends, "Open in browser")
    [link] = set(re.findall(rf"{URL}/open/[^\s'\"|>)\\]+", json.dumps(vars(way.what), default=str)))
    return str(link)


async def preview(front: Front, link: str) -> None:
    """A chat program looks at the link, as it does to draw a preview, which changes nothing."""
    at = link.replace(URL, f"https://127.0.0.1:{front.port}")
    async with ClientSession(connector=TCPConnector(ssl=False)) as session:
        for method in ("HEAD", "GET"):
            async with session.request(method, at, headers={"Host": NAME}) as answer:
                assert answer.status == 200


async def in_the_browser(browser: Browser, link: str) -> None:
    """All pages one after the other."""
    context = await browser.new_context(ignore_https_errors=True)
    trouble = Trouble()
    trouble.watch(context)
    page = await context.new_page()
    await page.goto(link)
    await page.get_by_role("button", name="Go on as Mina").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Trends: parcel-shop")
