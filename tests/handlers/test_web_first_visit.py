"""The first visit in a real browser: it asks who one is, and takes the time zone from the browser."""

import pytest
from playwright.async_api import Browser, Page, expect

from bot.domain.person import Person
from handlers.web.outgoing import WORKSPACE
from tests.browser import PATIENCE_MS, Trouble
from tests.handlers.test_web_browser import WEAK_CONTRAST
from tests.session import open_work
from tests.web_app import WebHouse

expect.set_options(timeout=PATIENCE_MS)


def person(house: WebHouse, name: str) -> Person:
    """Who is called that."""
    with open_work(house.database, WORKSPACE, writes=False) as work:
        return next(one for one in work.people.everybody() if one.name == name)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Argentina/Buenos_Aires", "Asia/Kolkata"])
async def test_a_newcomers_zone_is_that_of_their_browser(
    web_house: WebHouse, browser: Browser, zone: str
) -> None:
    trouble = Trouble()
    context = await browser.new_context(timezone_id=zone)
    trouble.watch(context)
    page = await context.new_page()
    await page.goto(f"{web_house.url}/dm")
    told = await page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    await expect(page.get_by_label("Time zone")).to_have_value(told)
    await page.get_by_label("Name").fill("Ana")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Only you and Amends")).to_be_visible()
    assert person(web_house, "Ana").zone == told
    await page.get_by_role("button", name="My settings").click()
    await page.get_by_role("dialog").get_by_role("link", name="Your name and time zone").click()
    await expect(page.get_by_role("dialog", name="Your name and time zone")).to_be_visible()
    zone_field = page.get_by_role("combobox", name="Time zone")
    await expect(zone_field).to_have_value(told)
    await zone_field.select_option("Europe/Lisbon")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert person(web_house, "Ana").zone == "Europe/Lisbon"
    await context.close()
    assert not trouble


async def test_a_zone_that_was_chosen_stays_when_the_name_is_refused(
    web_house: WebHouse, page: Page
) -> None:
    await page.goto(web_house.url)
    await page.get_by_label("Name").fill("you")
    await page.get_by_label("Time zone").select_option("Asia/Tokyo")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("you is here already")).to_be_visible()
    await expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_question_can_be_read_and_answered_by_keyboard_on_a_narrow_window(
    web_house: WebHouse, browser: Browser, scheme: str
) -> None:
    context = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": 390, "height": 800}
    )
    page = await context.new_page()
    await page.goto(web_house.url)
    await expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()
    assert await page.evaluate(WEAK_CONTRAST) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_role("button", name="You").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="support")).to_be_visible()
    await context.close()
