"""Makes README's picture anew: `python -m tests.pictures` plays a short story in a real browser."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Page, async_playwright

from storage.database import Database
from tests.browser import ARGUMENTS, find_chromium
from tests.desk import ASKED
from tests.web_app import OPENED, open_web_app

PICTURE = Path(__file__).parent.parent / "docs" / "web.png"


async def _story(page: Page, url: str) -> None:
    """Two people, one failed case, three answers and an action item."""
    await page.goto(url)
    await page.get_by_label("Name").fill("Ana")
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("button", name="Add a person").click()
    await page.get_by_label("Name").fill("Ben")
    await page.get_by_role("dialog").get_by_role("button", name="Add").click()
    await page.get_by_label("You are").get_by_role("option", name="Ben").wait_for(state="attached")
    await page.get_by_role("button", name="Mark a case failed").click()
    await page.get_by_label("What happened").fill("Parcel promised twice, missed twice")
    await page.get_by_label("Case reference").fill("ZD-4711")
    await page.get_by_label("Customer").fill("Mrs. Ólafsdóttir")
    await page.get_by_role("button", name="Open the retro").click()
    await page.get_by_role("link", name=OPENED).click()
    thread = page.locator("#thread")
    await _answer(page, {"Training": "Reading the courier's notes before we promise a day."})
    await thread.get_by_text("Training · Ana").wait_for()
    await _answer(page, {ASKED[-1].label: "A number that is answered at night."}, unnamed=True)
    await thread.get_by_text("someone on the team").wait_for()
    await thread.get_by_role("button", name="Add action item").last.click()
    await page.get_by_label("What will change").fill("The night number stands on every order")
    await page.get_by_label("Owner").select_option(label="Ben")
    await page.get_by_role("button", name="Add", exact=True).click()
    await thread.get_by_text("proposed · AI-1").wait_for()
    await page.get_by_text("1 action item").first.wait_for()


async def _answer(page: Page, texts: dict[str, str], *, unnamed: bool = False) -> None:
    await page.locator("#conversation").get_by_role("button", name="Answer").first.click()
    for label, text in texts.items():
        await page.get_by_label(label).fill(text)
    if unnamed:
        await page.get_by_label("Post without my name").check()
    await page.get_by_role("button", name="Post", exact=True).click()


async def make(picture: Path) -> None:
    """Plays the story on an empty database and takes the picture."""
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/amends.db")
        database.prepare()
        async with open_web_app(database) as house, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=find_chromium(), args=[*ARGUMENTS]
            )
            page = await browser.new_page(viewport={"width": 1280, "height": 860})
            await _story(page, house.url)
            await page.screenshot(path=picture)
            await browser.close()
        database.close()


if __name__ == "__main__":
    asyncio.run(make(PICTURE))
