"""A newcomer's first five minutes in a browser: the demo, and a sample in an empty workspace."""

import re
from pathlib import Path

from aiohttp import ClientSession, CookieJar
from jinja2 import Environment
from playwright.async_api import Browser, BrowserContext, Page, expect

from bot.demo.notes import NOTES
from handlers.web.outgoing import WORKSPACE
from tests.browser import PATIENCE_MS, Trouble
from tests.handlers.test_web_browser import WEAK_CONTRAST
from tests.pictures import readme
from tests.pictures.story import tell
from tests.pictures.studio import Studio
from tests.session import open_work
from tests.web_app import Visitor, WebHouse, new_key

expect.set_options(timeout=PATIENCE_MS)
TITLES = [note.title for note in NOTES]


async def narrow(browser: Browser, scheme: str) -> BrowserContext:
    return await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": 390, "height": 844},
        reduced_motion="reduce",
    )


async def test_what_was_verified_stays_in_a_narrow_window(demo_address: str, browser: Browser) -> None:
    context = await narrow(browser, "light")
    page = await context.new_page()
    await page.goto(demo_address)
    await page.goto(f"{demo_address}/p/parcel-shop")
    signs = page.locator(".post .status")
    await expect(signs.last).to_be_visible()
    right = "them => Math.max(...them.map((one) => one.getBoundingClientRect().right))"
    assert await signs.evaluate_all(right) <= 390
    await context.close()


async def test_notes_lead_a_newcomer_through_with_one_key_and_stay_skipped(
    demo_address: str, page: Page, browser: Browser
) -> None:
    await page.goto(demo_address)
    for number, title in enumerate(TITLES, start=1):
        note = page.get_by_role("region", name=title)
        await expect(note.get_by_text(f"Note {number} of {len(NOTES)}")).to_be_visible()
        await expect(
            note.get_by_role("button", name="Next" if number < len(NOTES) else "Done")
        ).to_be_focused()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.keyboard.press("Enter")
    await expect(page.locator(".tour")).to_have_count(0)
    await expect(page.get_by_role("main", name="Amends")).to_be_visible()
    await page.reload()
    await expect(page.locator(".tour")).to_have_count(0)
    # Both a new tab and another page of the demo keep quiet; whoever wants them has them back.
    await page.get_by_role("link", name="clinic-desk").click()
    await expect(page.get_by_role("heading", name="clinic-desk")).to_be_visible()
    await expect(page.locator(".tour")).to_have_count(0)
    await page.get_by_role("button", name="Show the notes").click()
    await expect(page.get_by_role("region", name=TITLES[0])).to_be_visible()
    await page.get_by_role("button", name="Skip the notes").click()
    await expect(page.get_by_role("heading", name="parcel-shop")).to_be_visible()
    await expect(page.locator(".tour")).to_have_count(0)

    # A first answer in the thread that the second note leads to, and other people's eyes.
    await page.get_by_role("button", name="Answer").last.click()
    await page.get_by_label("After-hours support").fill("The hours in one list, for shop and message.")
    await page.get_by_role("button", name="Post", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_label("You are").select_option(label="Tomás")
    await expect(page.get_by_label("You are").locator("option:checked")).to_have_text("Tomás")
    await expect(page.locator(".tour")).to_have_count(0)
    await page.get_by_role("button", name="My action items").click()
    await expect(page.get_by_role("region", name="Only you can see this")).to_contain_text("Ms. Haile")

    for scheme in ("light", "dark"):
        trouble = Trouble()
        context = await narrow(browser, scheme)
        trouble.watch(context)
        first = await context.new_page()
        await first.goto(demo_address)
        for number in range(1, len(NOTES) + 1):
            await expect(first.get_by_text(f"Note {number} of {len(NOTES)}")).to_be_visible()
            assert await first.evaluate(WEAK_CONTRAST) == []
            assert await first.evaluate("document.documentElement.scrollWidth") <= 390
            composer = await first.locator(".composer:visible").first.bounding_box()
            assert composer
            assert composer["y"] + composer["height"] <= 844
            await first.keyboard.press("Enter")
        await expect(first.locator(".tour")).to_have_count(0)
        await context.close()
        assert not trouble


async def test_the_notes_need_no_script_and_take_no_step_that_is_none(demo_address: str) -> None:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        visitor = Visitor(session, demo_address)
        page = await visitor.see("/")
        assert page.all("h2", id="tour-title")[0].text == TITLES[0]
        assert [one.text for one in page.all("option", selected="")] == ["Mina"]
        for step, status in (("9", 404), ("", 404), ("2", 200), ("skipped", 200)):
            await visitor.send("/tour", {"step": step, "back": "/dm"}, status)
        assert not (await visitor.see("/")).all("h2", id="tour-title")
        headers = {"Origin": "https://evil.example"}
        async with session.post(f"{demo_address}/tour", data={"step": "1"}, headers=headers) as refused:
            assert refused.status == 403
        assert not (await visitor.see("/")).all("h2", id="tour-title")


async def test_without_the_demo_there_are_no_notes(visitor: Visitor) -> None:
    await visitor.send("/tour", {"step": "1", "back": "/"}, 404)
    page = await visitor.see("/")
    assert not page.all("h2", id="tour-title")
    assert "Show the notes" not in page.text


async def test_an_empty_workspace_is_tried_with_a_sample_that_can_be_cancelled(
    web_house: WebHouse, page: Page
) -> None:
    await page.goto(web_house.url)
    await page.get_by_label("Name").fill("Ana")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Try it with a sample case").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Retro: Sample: a repair")).to_be_visible()
    await expect(page.locator(".post:target")).to_contain_text("Sample: a repair")
    await expect(page.get_by_role("button", name="Try it with a sample case")).to_have_count(0)
    # Typed, because where the retro's own button stands is for other tests to say.
    await page.get_by_role("textbox", name="Write to #support").fill("/amends cancel C-1")
    await page.keyboard.press("Enter")
    await page.get_by_label("Why").fill("I have seen enough.")
    await page.get_by_role("dialog").get_by_role("button", name="Cancel retro").click()
    await expect(page.get_by_text("cancelled").first).to_be_visible()
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        case = work.cases.require(1)
    assert case.cancelled
    assert case.reference == "SAMPLE-1"
    await page.reload()
    await expect(page.get_by_role("button", name="Try it with a sample case")).to_have_count(0)


async def test_a_sample_is_for_an_empty_workspace_and_for_who_said_who_they_are(
    visitor: Visitor, stranger: Visitor, web_house: WebHouse
) -> None:
    data = {"place": "support", "thread": "", "key": new_key()}
    await stranger.send("/sample", data, 403)
    await visitor.say("/amends failed ZD-1 Parcel missed")
    told = await visitor.send("/sample", data, 409)
    assert "Somebody has begun here meanwhile" in told.text
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        assert [case.reference for case in (work.cases.get(1), work.cases.get(2)) if case] == ["ZD-1"]


async def test_readmes_picture_is_taken_by_somebody_whom_the_workspace_knows(
    browser: Browser, tmp_path: Path
) -> None:
    studio = Studio(browser, tmp_path, Environment(autoescape=True))
    picture = await readme.web(studio, await tell(tmp_path), tmp_path)
    assert picture.stat().st_size > 50_000, (
        "a thread beside its channel, and no page that asks who it is"
    )


async def test_a_lead_sees_what_needs_them_today_in_the_demo_month(
    demo_address: str, page: Page
) -> None:
    await page.goto(demo_address)
    await page.get_by_role("button", name="Skip the notes").click()
    await page.get_by_role("button", name="Status", exact=True).click()
    note = page.get_by_role("region", name="Only you can see this")
    await expect(note.get_by_text(re.compile(r"\d+ things? needs? you"))).to_be_visible()
    await expect(note.get_by_text("Customers who wait")).to_be_visible()
    await note.get_by_role("button", name="Hand over").first.click()
    form = page.get_by_role("dialog", name="Hand over")
    await form.get_by_label("New owner").select_option(label="Tomás")
    await form.get_by_role("button", name="Hand over").click()
    await expect(page.get_by_text("Handed over to Tomás").first).to_be_visible()
    # What was late waits for a yes now.
    writing = page.get_by_role("textbox", name=re.compile("Write to"))
    await writing.fill("/amends status late gap:process")
    await writing.press("Enter")
    await expect(note.get_by_text("Nothing is left with these filters.")).to_be_visible()
    await note.get_by_role("button", name="Without filters").click()
    await note.get_by_role("button", name="Share here: #parcel-shop").click()
    await expect(note.get_by_text("Shared in")).to_be_visible()
    # In the chat with Amends it is all teams, and one of them by the menu.
    await page.get_by_role("link", name=re.compile("Amends")).last.click()
    await expect(page.get_by_role("heading", name="Amends", exact=True)).to_be_visible()
    await writing.fill("status")
    await writing.press("Enter")
    await expect(note.get_by_text("clinic-desk").first).to_be_visible()
    await note.get_by_text("More…").last.click()
    await note.get_by_role("button", name="Team #energy-line").click()
    await expect(note.get_by_role("button", name="Share here: #energy-line")).to_be_visible()
