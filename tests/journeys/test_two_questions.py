"""A lead's two questions from the demo's months on: what needs me today; which gap keeps coming back.

In Slack and in Teams over the wire, and on from there to the pages, in a real browser behind https.
"""

import json
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector
from playwright.async_api import Browser, Locator, Page, expect

from bot.demo.story import PARCELS
from bot.messages.board import HEADINGS
from handlers.web.leads import USED
from tests.accessible import findings
from tests.browser import Trouble, open_chromium, tab_to
from tests.https_front import NAME, Front, open_front
from tests.journeys.platforms import InSlack, InTeams, open_in_slack, open_in_teams
from tests.journeys.told_month import tell_months

URL = f"https://{NAME}"
LATE = "Each locker code is tried once before it is sent"
LARGEST = 200_000
"""Bytes of a page."""
Judge = Callable[[Page, str], Awaitable[list[str]]]
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
            # The pages are the same from Teams: what axe-core objects to is seen once.
            judge = findings if isinstance(platform, InSlack) else _no_findings
            await in_the_browser(browser, link, judge)


async def what_needs_me_today(platform: InSlack | InTeams) -> None:
    """The most urgent comes first, and what was seen to is gone from there."""
    status = await platform.asks("Mina", "status", PARCELS.name)
    groups = re.findall(r"^\*?([A-Z][a-z ]+)\*? · \d", status.words, re.MULTILINE)
    assert groups == [heading for heading in HEADINGS.values() if heading in groups]
    assert "Late" in groups
    late = await platform.asks("Mina", "status late", PARCELS.name)
    assert LATE in late.words
    await platform.fills("Mina", late, "Hand over", {"New owner": "Pia"})
    await platform.turn()
    nothing = await platform.asks("Mina", "status late", PARCELS.name)
    assert "Nothing is left with these filters." in nothing.words


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


async def _no_findings(page: Page, name: str) -> list[str]:
    return []


async def in_the_browser(browser: Browser, link: str, judge: Judge) -> None:
    """From the gap that keeps coming back to what is done about it, and on through all pages."""
    context = await browser.new_context(ignore_https_errors=True, reduced_motion="reduce")
    trouble = Trouble()
    trouble.watch(context)
    page = await context.new_page()
    await page.goto(link)
    found = await judge(page, "a link from chat")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Go on as Mina")).to_be_focused()
    await page.keyboard.press("Enter")
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("Trends: parcel-shop")
    await is_small(page)
    assert await is_used(browser, link)

    gap = page.get_by_role("row").filter(has_text="came back").get_by_role("link").first
    await press_by_keyboard(page, gap)
    await expect(heading).to_have_text("Cases")
    await is_small(page)
    case = page.get_by_role("rowheader").get_by_role("link").first
    name = (await case.inner_text()).partition("…")[0]
    await press_by_keyboard(page, case)
    await expect(heading).to_contain_text(name[:60])
    await is_small(page)
    await press_by_keyboard(page, page.get_by_role("rowheader").get_by_role("link").first)
    steps = page.get_by_role("table", name="What happened to it").get_by_role("rowheader")
    await expect(steps.first).to_have_text("added")
    await expect(steps.last).to_have_text("verified")
    await is_small(page)
    pages = page.get_by_role("navigation", name="Pages")
    await press_by_keyboard(page, pages.get_by_role("link", name="Board"))
    await expect(heading).to_have_text("Board")
    found += await judge(page, "the board")
    await is_small(page)
    await tab_to(page, page.get_by_role("checkbox", name="Waiting"))
    await page.keyboard.press("Space")
    await press_by_keyboard(page, page.get_by_role("button", name="Show", exact=True))
    await expect(page).to_have_url(re.compile("waiting=yes"))
    await expect(page.get_by_role("checkbox", name="Waiting")).to_be_checked()
    await expect(page.get_by_role("main")).to_contain_text(LATE)
    await press_by_keyboard(page, pages.get_by_role("link", name="Settings"))
    await expect(heading).to_have_text("Settings")
    await is_small(page)
    await press_by_keyboard(page, page.get_by_role("button", name="Sign out"))
    await expect(heading).to_have_text("Signed out")
    found += await judge(page, "signed out")
    assert found + trouble == []
    refused = await page.goto(f"{URL}/board")
    assert refused is not None
    assert refused.status == 401
    await context.close()


async def press_by_keyboard(page: Page, target: Locator) -> None:
    """Goes there by Tab, and presses Enter."""
    await tab_to(page, target)
    await page.keyboard.press("Enter")


async def is_small(page: Page) -> None:
    """Nothing scrolls sideways on a telephone, and the page is not large."""
    assert len((await page.content()).encode()) < LARGEST
    # A heading is there before the style sheets are.
    await page.wait_for_load_state("load")
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
    await page.set_viewport_size({"width": 1280, "height": 800})


async def is_used(browser: Browser, link: str) -> bool:
    """Whether the link lets nobody in any more, in a browser that is nobody's."""
    context = await browser.new_context(ignore_https_errors=True)
    page = await context.new_page()
    await page.goto(link)
    told = await page.get_by_role("main").inner_text()
    await context.close()
    return USED in told
