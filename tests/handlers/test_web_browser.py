"""The web adapter in a real browser: dialogs, live updates, keyboard, narrow, dark, no script error."""

import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from bot.domain.person import Person
from bot.repositories import Post
from handlers.web.outgoing import WORKSPACE
from tests.browser import PATIENCE_MS, Trouble, tab_to
from tests.session import open_work
from tests.web_app import OPENED, YOU, WebHouse, known_at

expect.set_options(timeout=PATIENCE_MS)

MOMENT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)

# Texts whose contrast with what lies behind them is below 4.5 (WCAG 2.2, 1.4.3, level AA).
WEAK_CONTRAST = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((one) => {
      const share = one / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const weak = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility({opacityProperty: true})) continue;
    const [high, low] = [light(getComputedStyle(element).color), light(behind(element))].sort(
      (a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) weak.push(`${element.className || element.tagName}: ${ratio.toFixed(2)}`);
  }
  return weak;
}"""


@pytest.fixture(autouse=True)
async def known(web_house: WebHouse, context: BrowserContext) -> None:
    """The browser knows who its person is.

    The workspace is asked for first and so closes last: a page left open would miss it.
    """
    await be(context, web_house)


async def be(context: BrowserContext, web_house: WebHouse, person: Person = YOU) -> None:
    """The browser knows that its person is this one."""
    [(name, value)] = known_at(web_house.url, person).items()
    await context.add_cookies([{"name": name, "value": value, "url": web_house.url}])


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def thread(page: Page) -> Locator:
    return page.locator("#thread")


async def fail(page: Page, what: str) -> None:
    """Marks a case failed with the dialog, and waits for its retro."""
    await page.get_by_role("button", name="Mark a case failed").click()
    await page.get_by_label("What happened").fill(what)
    await page.get_by_role("button", name="Open the retro").click()
    await expect(page.get_by_role("heading", name=f"Retro: {what}")).to_be_visible()


async def add_person(page: Page, name: str) -> None:
    await page.get_by_role("button", name="Add a person").click()
    await page.get_by_label("Name").fill(name)
    await dialog(page).get_by_role("button", name="Add").click()
    option = page.get_by_label("You are").get_by_role("option", name=name, exact=True)
    await expect(option).to_be_attached()


async def test_the_first_start_explains_itself(page: Page, web_house: WebHouse) -> None:
    await page.goto(web_house.url)
    await expect(page.get_by_role("heading", name="support")).to_be_visible()
    await expect(page.locator(".welcome li")).to_have_count(3)
    await expect(page.get_by_role("button", name="Mark a case failed")).to_be_visible()
    await expect(page.get_by_label("You are")).to_have_value("u_you")


async def test_the_main_job_from_failed_case_to_verified_item(page: Page, web_house: WebHouse) -> None:
    await page.goto(web_house.url)
    await fail(page, "Parcel promised twice")
    await expect(page.locator(".welcome")).to_have_count(0)
    await page.get_by_role("link", name=OPENED).click()
    await thread(page).get_by_role("button", name="Answer").nth(1).click()
    await page.get_by_label("Training").fill("Reading courier notes")
    await page.get_by_role("button", name="Post").click()
    await expect(thread(page).get_by_text("Training · You")).to_be_visible()
    await thread(page).get_by_role("button", name="Add action item").last.click()
    await expect(page.get_by_label("What will change")).to_have_value("Reading courier notes")
    await page.get_by_label("Owner").select_option(label="You")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(thread(page).get_by_text("agreed · AI-1")).to_be_visible()

    await expect(page.locator(".count")).to_have_text("2 new")
    await page.get_by_role("link", name="Amends").click()
    await page.get_by_role("button", name="Mark done").click()
    await page.get_by_label("What changed").fill("We practise it every Monday")
    await page.get_by_role("button", name="Done", exact=True).click()
    await expect(page.get_by_role("button", name="Mark done")).to_have_count(0)

    await add_person(page, "Ana")
    await page.get_by_label("You are").select_option(label="Ana")
    await expect(page.get_by_label("You are").locator("option:checked")).to_have_text("Ana")
    await page.get_by_role("link", name="support").click()
    await page.get_by_role("link", name=re.compile(r"\d+ replies")).click()
    await thread(page).get_by_role("button", name="Verify").click()
    await page.get_by_label("What I saw").fill("Three orders have them.")
    await page.get_by_role("dialog").get_by_role("button", name="Verify").click()
    await expect(thread(page).get_by_text("verified · AI-1")).to_be_visible()


async def test_a_second_tab_hears_of_it_and_keeps_what_is_half_typed(
    context: BrowserContext, web_house: WebHouse
) -> None:
    first, second = await context.new_page(), await context.new_page()
    await first.goto(web_house.url)
    await second.goto(f"{web_house.url}/p/support")
    await second.evaluate("window.sameDocument = true")
    composer = second.get_by_role("textbox", name="Write to #support")
    await composer.press_sequentially("half a sen")
    await fail(first, "Parcel missed")
    await expect(second.get_by_role("heading", name="Retro: Parcel missed")).to_be_visible()
    await expect(second.get_by_role("link", name=OPENED)).to_be_visible()
    await expect(composer).to_have_value("half a sen")
    await expect(composer).to_be_focused()
    await composer.press_sequentially("tence")
    await composer.press("Enter")
    await expect(first.get_by_text("half a sentence")).to_be_visible()
    await expect(composer).to_have_value("")
    assert await second.evaluate("window.sameDocument") is True


async def test_a_change_elsewhere_leaves_focus_and_an_open_dialog_alone(
    context: BrowserContext, web_house: WebHouse
) -> None:
    first, second = await context.new_page(), await context.new_page()
    await first.goto(web_house.url)
    await fail(first, "Parcel missed")
    await second.goto(f"{web_house.url}/p/support/t/1")
    await thread(second).get_by_role("button", name="Close retro").focus()
    await first.get_by_role("button", name="Answer").click()
    await first.get_by_label("Training").fill("A call before six")
    await second.get_by_role("button", name="Add action item").first.focus()
    await first.get_by_role("button", name="Post").click()
    await expect(thread(second).get_by_text("Training · You")).to_be_visible()
    await expect(second.get_by_role("button", name="Add action item").first).to_be_focused()

    await second.get_by_role("button", name="Add action item").first.press("Enter")
    await second.get_by_label("What will change").fill("Call befo")
    await first.get_by_role("textbox", name="Write to #support").fill("Any news?")
    await first.get_by_role("button", name="Send").click()
    await expect(second.get_by_text("Any news?")).to_be_attached()
    await expect(second.get_by_label("What will change")).to_have_value("Call befo")
    await expect(second.get_by_label("What will change")).to_be_focused()


async def test_an_open_menu_stays_open_when_news_come_and_closes_with_escape(
    page: Page, web_house: WebHouse
) -> None:
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    await expect(page.get_by_role("link", name=OPENED)).to_be_visible()
    await page.get_by_text("More…").click()
    cancel = page.get_by_role("button", name="Cancel retro")
    await cancel.focus()
    post(web_house, "Any news?")
    await expect(page.get_by_text("Any news?")).to_be_visible()
    await expect(cancel).to_be_visible()
    await expect(cancel).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(cancel).to_be_hidden()
    await expect(page.get_by_text("More…")).to_be_focused()


async def test_a_reader_far_up_is_not_moved_by_news(page: Page, web_house: WebHouse) -> None:
    await page.goto(web_house.url)
    for number in range(30):
        post(web_house, f"post number {number}")
    await expect(page.get_by_text("post number 29")).to_be_in_viewport()
    first = page.get_by_text("post number 0", exact=True)
    await first.scroll_into_view_if_needed()
    before = await height_of(first)
    post(web_house, "the newest")
    await expect(page.get_by_text("the newest")).to_be_attached()
    assert abs(await height_of(first) - before) < 2  # a browser scrolls by whole pixels of its own


async def height_of(target: Locator) -> float:
    """How far down the window it stands, in pixels."""
    box = await target.bounding_box()
    assert box is not None
    return box["y"]


def post(web_house: WebHouse, text: str) -> None:
    """Somebody says something."""
    with open_work(web_house.database, WORKSPACE, writes=True) as work:
        work.posts.add(Post(channel_id="support", author="u_you", text=text, posted_at=MOMENT))
        work.commit()
    web_house.adapter.hub.changed("support")


async def test_everything_works_with_the_keyboard_alone(page: Page, web_house: WebHouse) -> None:
    await page.goto(web_house.url)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the conversation")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    button = page.get_by_role("button", name="Mark a case failed")
    await tab_to(page, button)
    outline = await button.evaluate("one => getComputedStyle(one).outlineStyle")
    assert outline == "solid"
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("What happened")).to_be_focused()

    await page.keyboard.press("Shift+Tab")  # to the cross, and further back stays in the dialog
    for _ in range(14):
        await page.keyboard.press("Tab")
        inside = "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        assert await page.evaluate(inside)
    await page.keyboard.press("Escape")
    await expect(dialog(page)).to_have_count(0)
    await expect(button).to_be_focused()

    await page.keyboard.press("Enter")
    await expect(page.get_by_label("What happened")).to_be_focused()
    await page.keyboard.type("Nobody called back")
    await tab_to(page, page.get_by_role("button", name="Open the retro"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Retro: Nobody called back")).to_be_visible()
    await tab_to(page, page.get_by_role("link", name=OPENED))
    await page.keyboard.press("Enter")
    await tab_to(page, thread(page).get_by_role("textbox", name="Reply"))
    await page.keyboard.type("One line")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("and another")
    await page.keyboard.press("Enter")
    await expect(thread(page).locator(".said")).to_have_text("One line\nand another")


async def test_faults_stand_beside_their_field_and_nothing_typed_is_lost(
    page: Page, web_house: WebHouse
) -> None:
    await page.goto(web_house.url)
    await page.get_by_role("button", name="Mark a case failed").click()
    await page.get_by_label("Customer").fill("Mrs. Ólafsdóttir")
    await page.get_by_label("Date").fill("2126-01-01")
    await page.get_by_label("Time").fill("21:15")
    await page.get_by_role("button", name="Open the retro").click()
    what = page.get_by_label("What happened")
    await expect(what).to_be_focused()
    await expect(what).to_have_attribute("aria-invalid", "true")
    await expect(what).to_have_accessible_description(re.compile("Say what happened"))
    await what.fill("Parcel missed")
    await page.get_by_role("button", name="Open the retro").click()
    await expect(page.get_by_label("Time")).to_have_attribute("aria-invalid", "true")
    await expect(what).to_have_value("Parcel missed")
    await expect(page.get_by_label("Customer")).to_have_value("Mrs. Ólafsdóttir")
    await page.get_by_label("Date").fill("2026-01-01")
    await page.get_by_role("button", name="Open the retro").click()
    await expect(page.get_by_role("heading", name="Retro: Parcel missed")).to_be_visible()


async def test_escape_keeps_what_was_typed_and_sending_forgets_it(
    page: Page, web_house: WebHouse
) -> None:
    await page.goto(web_house.url)
    mark = page.get_by_role("button", name="Mark a case failed")
    await mark.click()
    await page.get_by_label("What happened").fill("Parcel missed")
    await page.keyboard.press("Escape")
    await expect(dialog(page)).to_have_count(0)
    await page.reload()
    await mark.click()
    await expect(page.get_by_label("What happened")).to_have_value("Parcel missed")
    await page.get_by_role("button", name="Open the retro").click()
    await expect(page.get_by_role("heading", name="Retro: Parcel missed")).to_be_visible()
    await mark.click()
    await expect(page.get_by_label("What happened")).to_have_value("")


async def test_cancel_forgets_what_was_typed_and_a_form_with_words_of_its_own_takes_none(
    page: Page, web_house: WebHouse
) -> None:
    await page.goto(web_house.url)
    mark = page.get_by_role("button", name="Mark a case failed")
    await mark.click()
    await page.get_by_label("Customer").fill("Mr Ames")
    await page.keyboard.press("Escape")
    typed = page.get_by_role("textbox", name="Write to #support")
    await typed.fill("/amends faild ZD-10 Broken vase for Ms Lee")
    await page.keyboard.press("Enter")
    await page.locator(".note").get_by_role("button", name="Mark a case failed").click()
    await expect(page.get_by_label("What happened")).to_have_value("Broken vase for Ms Lee")
    await expect(page.get_by_label("Customer")).to_have_value("")
    await page.keyboard.press("Escape")
    await mark.first.click()
    await expect(page.get_by_label("Customer")).to_have_value("Mr Ames")
    await dialog(page).get_by_role("button", name="Cancel").click()
    await expect(dialog(page)).to_have_count(0)
    await mark.first.click()
    await expect(page.get_by_label("Customer")).to_have_value("")


async def test_an_answer_comes_back_with_its_tick_or_not_at_all(page: Page, web_house: WebHouse) -> None:
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    await page.get_by_role("link", name=OPENED).click()
    answer = thread(page).get_by_role("button", name="Answer").nth(1)
    await answer.click()
    await page.get_by_label("Training").fill("Reading the notes")
    await page.get_by_label("Post without my name").check()
    await page.keyboard.press("Escape")
    await page.reload()
    await answer.click()
    await expect(page.get_by_label("Training")).to_have_value("Reading the notes")
    await expect(page.get_by_label("Post without my name")).to_be_checked()
    await page.keyboard.press("Escape")
    # Kept by an older page, or for a form that has changed since: the tick is not among it.
    await page.evaluate("""() => {
      for (const [key, kept] of Object.entries(sessionStorage)) {
        const words = Object.entries(JSON.parse(kept)).filter(([name]) => !name.includes("unnamed"));
        sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(words)));
      }
    }""")
    await answer.click()
    await expect(page.get_by_label("Training")).to_have_value("")
    await expect(page.get_by_label("Post without my name")).not_to_be_checked()


async def test_dates_and_choices_come_back_with_the_words(page: Page, web_house: WebHouse) -> None:
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    await page.get_by_role("link", name=OPENED).click()
    add = thread(page).get_by_role("button", name="Add action item").first
    await add.click()
    await page.get_by_label("What will change").fill("We read the notes")
    await page.get_by_label("Owner").select_option(label="You")
    await page.get_by_label("Due").fill("2027-01-04")
    await page.keyboard.press("Escape")
    await add.click()
    await expect(page.get_by_label("What will change")).to_have_value("We read the notes")
    await expect(page.get_by_label("Owner").locator("option:checked")).to_have_text("You")
    await expect(page.get_by_label("Due")).to_have_value("2027-01-04")


async def test_the_coachs_remarks_say_what_change_it_does_and_that_nothing_is_changed(
    page: Page, web_house: WebHouse
) -> None:
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    await page.get_by_role("link", name=OPENED).click()
    await thread(page).get_by_role("button", name="Answer").nth(1).click()
    training = page.get_by_label("Training")
    await training.fill("Tom should have known better.")
    await page.get_by_role("button", name="Post", exact=True).click()
    change = dialog(page).get_by_role("button", name="Change it")
    await expect(dialog(page).get_by_text("then press Change it: they are read again")).to_be_visible()
    await change.click()
    await expect(dialog(page).get_by_role("alert")).to_have_text(
        "Nothing is changed yet. Change the words below, or press Post as it is."
    )
    await expect(training).to_be_focused()
    await training.fill("The notes were hard to find.")
    await change.click()
    await expect(thread(page).get_by_text("The notes were hard to find.")).to_be_visible()


async def test_no_two_buttons_of_a_form_have_one_name(page: Page, web_house: WebHouse) -> None:
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    await page.get_by_role("link", name=OPENED).click()
    root = thread(page).locator(".post").first
    await root.get_by_role("button", name="Close retro").click()
    await expect(dialog(page).get_by_role("button", name="Close", exact=True)).to_have_count(1)
    await dialog(page).get_by_role("button", name="Close this form").click()
    await root.get_by_text("More…").click()
    await root.get_by_role("button", name="Cancel retro").click()
    await expect(dialog(page).get_by_role("button", name="Cancel")).to_have_text(["Cancel retro"])
    await dialog(page).get_by_role("button", name="Keep it").click()
    await expect(dialog(page)).to_have_count(0)


async def test_what_stands_under_both_sides_opens_in_its_dialog_and_closes_with_it(
    page: Page, web_house: WebHouse
) -> None:
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    await page.get_by_role("link", name=OPENED).click()
    card = thread(page).locator(".post", has=page.get_by_role("button", name="Hear the customer"))
    await card.get_by_role("button", name="Hear the customer").click()
    await page.get_by_label("Their account").fill("I wiated.")
    await dialog(page).get_by_role("button", name="Save").click()
    await expect(dialog(page)).to_have_count(0)
    card = thread(page).locator(".post", has_text="I wiated.")
    await card.get_by_text("More…").click()
    await card.get_by_role("button", name="Both sides").click()
    await expect(dialog(page).get_by_role("heading", name="Both sides")).to_be_visible()
    await dialog(page).get_by_role("button", name="Correct").click()
    await expect(dialog(page).get_by_role("heading", name="Correct a step")).to_be_visible()
    await dialog(page).get_by_role("button", name="Go on").click()
    await page.get_by_label("Their account").fill("I waited.")
    await dialog(page).get_by_role("button", name="Save").click()
    await expect(dialog(page)).to_have_count(0)
    await expect(thread(page).locator(".post", has_text="corrected by")).to_contain_text("I waited.")


async def test_a_double_click_on_submit_opens_one_retro(page: Page, web_house: WebHouse) -> None:
    await page.goto(web_house.url)
    await page.get_by_role("button", name="Mark a case failed").click()
    await page.get_by_label("What happened").fill("Parcel missed")
    await page.get_by_role("button", name="Open the retro").dblclick()
    await expect(page.get_by_role("link", name=OPENED)).to_be_visible()
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        assert [case.number for case in work.cases.after(0)] == [1]


async def test_a_note_is_for_me_alone_and_can_be_dismissed(page: Page, web_house: WebHouse) -> None:
    await page.goto(web_house.url)
    await page.get_by_role("button", name="Help", exact=True).click()
    note = page.get_by_role("region", name="Only you can see this")
    await expect(note).to_contain_text("/amends mine")
    await note.get_by_role("button", name="Dismiss").click()
    await expect(note).to_have_count(0)
    await expect(page.get_by_role("textbox", name="Write to #support")).to_be_focused()


async def test_a_channel_is_added_and_opened(page: Page, web_house: WebHouse) -> None:
    await page.goto(web_house.url)
    await page.get_by_role("button", name="Add a channel").click()
    await page.get_by_label("Name").fill("Night shift")
    await dialog(page).get_by_role("button", name="Add").click()
    await expect(page).to_have_url(f"{web_house.url}/p/night-shift")
    await expect(page.get_by_role("heading", name="Night shift")).to_be_visible()


async def test_a_server_that_is_gone_is_told_and_nothing_typed_is_lost(
    browser: Browser, web_house: WebHouse
) -> None:
    # A context of its own: here the browser itself reports the lost connection as an error.
    context = await browser.new_context()
    await be(context, web_house)
    page = await context.new_page()
    await page.goto(web_house.url)
    composer = page.get_by_role("textbox", name="Write to #support")
    await composer.fill("Is anybody there?")
    await context.set_offline(True)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    await expect(composer).to_have_value("Is anybody there?")
    await context.set_offline(False)
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".said")).to_have_text("Is anybody there?")
    await context.close()


async def test_a_thread_opens_at_what_it_asks_and_an_answer_is_shown_where_it_stands(
    page: Page, web_house: WebHouse
) -> None:
    await page.set_viewport_size({"width": 1280, "height": 520})
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    await page.get_by_role("link", name=OPENED).click()
    prompt = thread(page).locator(".post").nth(1)
    await expect(prompt).to_contain_text("know or practise")
    await expect(prompt).to_be_in_viewport(ratio=1)
    # The composer is one key away.
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to writing")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(thread(page).get_by_label("Reply")).to_be_focused()

    await prompt.get_by_role("button", name="Answer").click()
    await page.get_by_label("Training").fill("Reading the notes")
    await page.get_by_role("button", name="Post", exact=True).click()
    note = thread(page).get_by_role("region", name="Only you can see this")
    await expect(note).to_contain_text("Posted under Training. Thank you.")
    answer = thread(page).locator(".post:target")
    await expect(answer).to_contain_text("Reading the notes")
    await expect(answer).to_be_in_viewport(ratio=1)
    colour = "one => getComputedStyle(one).backgroundColor"
    marked, plain = await answer.evaluate(colour), await prompt.evaluate(colour)
    assert marked != plain

    # What somebody else says meanwhile takes nobody away from where they read.
    before = page.url
    post(web_house, "Has anybody called?")
    await expect(page.get_by_text("Has anybody called?")).to_be_attached()
    assert page.url == before


async def test_a_form_that_was_not_taken_shows_nothing_as_its_own(
    page: Page, web_house: WebHouse
) -> None:
    await page.goto(web_house.url)
    await page.get_by_role("button", name="Mark a case failed").click()
    await page.get_by_role("button", name="Open the retro").click()
    await expect(page.get_by_text("Say what happened, in a sentence or two.")).to_be_visible()
    await page.keyboard.press("Escape")
    post(web_house, "Something else")
    await expect(page.get_by_text("Something else")).to_be_visible()
    assert "#" not in page.url


async def test_a_wide_window_is_used(page: Page, web_house: WebHouse) -> None:
    await page.set_viewport_size({"width": 1920, "height": 1000})
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    channel = await page.locator("#place-posts").bounding_box()
    assert channel is not None
    assert channel["width"] > 1_100
    await page.get_by_role("link", name=OPENED).click()
    beside = await thread(page).locator("#thread-posts").bounding_box()
    assert beside is not None
    assert beside["width"] > 900


async def test_a_lines_menu_opens_below_it_and_moves_nothing_of_it(
    page: Page, web_house: WebHouse
) -> None:
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    await page.goto(f"{web_house.url}/settings")
    await page.get_by_role("link", name="Prompts").click()
    first = page.locator(".line").filter(has_text="Training")
    more, entry = first.get_by_text("More…"), first.get_by_role("button", name="Move down")
    stays = (first.locator("p"), first.get_by_text("Edit"), more)
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        closed = [await where(one) for one in stays]
        await more.click()
        assert [await where(one) for one in stays] == closed
        words, _, beside = closed
        left, top, _, _ = await where(entry)
        assert left == words[0]
        assert top >= max(words[3], beside[3])
        await more.click()
        await expect(entry).to_be_hidden()


async def where(one: Locator) -> tuple[float, float, float, float]:
    """Its left, top, right and bottom, in pixels of the page."""
    box = await one.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


async def test_a_narrow_window_shows_one_pane_at_a_time(browser: Browser, web_house: WebHouse) -> None:
    trouble = Trouble()
    context = await browser.new_context(viewport={"width": 360, "height": 720})
    trouble.watch(context)
    await be(context, web_house)
    page = await context.new_page()
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    sidebar = page.get_by_role("navigation")
    await expect(sidebar).to_be_hidden()
    await page.get_by_role("link", name=OPENED).click()
    await expect(thread(page)).to_be_visible()
    await expect(page.locator("#conversation")).to_be_hidden()
    await expect(page.get_by_role("main")).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thread in #support")
    await page.get_by_role("link", name="Back to support").click()
    await expect(page.get_by_role("main")).to_be_visible()
    await page.get_by_role("link", name="Back to the channels").click()
    await expect(page.get_by_role("main").get_by_role("navigation")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Amends")
    await page.get_by_role("button", name="Help", exact=True).click()
    await expect(sidebar.get_by_role("region", name="Only you can see this")).to_be_in_viewport()
    for path in ("/p/support", "/p/support/t/1", "/?channels", "/dm"):
        await page.goto(web_house.url + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await context.close()
    assert not trouble


async def test_a_note_stands_in_the_pane_that_is_shown(page: Page, web_house: WebHouse) -> None:
    await page.set_viewport_size({"width": 800, "height": 720})
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    await page.get_by_role("link", name=OPENED).click()
    await expect(page.locator("#conversation")).to_be_hidden()
    await page.get_by_role("button", name="Status").click()
    note = thread(page).get_by_role("region", name="Only you can see this")
    await expect(note).to_be_in_viewport()
    # What is shown once goes to a place of its own there, too, and so replaces no other note.
    await page.evaluate("document.querySelector('#place-stays').innerHTML = '<p>Once</p>'")
    await expect(page.locator("#thread-stays")).to_have_text("Once")
    await expect(note).to_be_visible()
    await note.get_by_role("button", name="Dismiss").click()
    await expect(thread(page).get_by_label("Reply")).to_be_focused()


async def test_what_a_retro_asks_for_stays_in_sight_wherever_its_thread_is_opened(
    page: Page, web_house: WebHouse
) -> None:
    await page.set_viewport_size({"width": 1280, "height": 520})
    await page.goto(web_house.url)
    await fail(page, "Parcel missed")
    await page.get_by_role("link", name=OPENED).click()
    last = await thread(page).locator(".post").last.get_attribute("id")
    await page.goto(f"{page.url}#{last}")
    await page.reload()
    root = thread(page).locator(".post").first
    await expect(root.get_by_role("button", name="Answer")).not_to_be_in_viewport()
    head = thread(page).locator(".head")
    await head.get_by_role("button", name="Answer").click()
    await page.get_by_label("Training").fill("Reading the notes")
    await page.get_by_role("button", name="Post", exact=True).click()
    await expect(thread(page).get_by_text("Training · You")).to_be_in_viewport()

    await root.get_by_role("button", name="Close retro").click()
    await page.get_by_label("Outcome").select_option("an apology was enough")
    await page.get_by_label("Why").fill("They asked for nothing else.")
    await dialog(page).get_by_role("button", name="Close", exact=True).click()
    await expect(root.get_by_role("button", name="Reopen")).to_be_attached()
    await expect(head.get_by_role("button", name="Answer")).to_have_count(0)


async def test_a_dialog_is_a_page_without_scripts_and_its_title_is_in_sight(
    browser: Browser, web_house: WebHouse
) -> None:
    context = await browser.new_context(
        java_script_enabled=False, viewport={"width": 800, "height": 400}
    )
    await be(context, web_house)
    page = await context.new_page()
    await page.goto(web_house.url)
    await page.get_by_role("button", name="Mark a case failed").click()
    title = page.get_by_role("heading", name="Mark a case failed")
    await expect(title).to_have_count(1)
    await expect(title).to_be_in_viewport(ratio=1)
    await expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    await page.get_by_label("What happened").fill("Parcel missed")
    await page.get_by_role("button", name="Open the retro").click()
    await expect(page.get_by_role("heading", name="Only you can see this")).to_be_visible()
    await page.get_by_role("link", name="Back to the workspace").click()
    await expect(page.get_by_role("heading", name="Retro: Parcel missed")).to_be_visible()
    await context.close()


async def test_colours_are_readable_in_the_light_and_in_the_dark(
    browser: Browser, web_house: WebHouse
) -> None:
    for scheme in ("light", "dark"):
        trouble = Trouble()
        context = await browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
        )
        trouble.watch(context)
        await be(context, web_house)
        page = await context.new_page()
        await page.goto(f"{web_house.url}/p/support")
        if scheme == "light":
            await fail(page, "Parcel missed")
        await page.goto(f"{web_house.url}/p/support/t/1")
        await page.get_by_role("button", name="Help", exact=True).click()
        await expect(page.get_by_role("region", name="Only you can see this")).to_be_visible()
        assert await page.evaluate(WEAK_CONTRAST) == []
        dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert dark == ("rgb(22, 27, 26)" if scheme == "dark" else "rgb(255, 255, 255)")
        await context.close()
        assert not trouble


async def test_a_person_and_a_place_are_renamed_and_removed_with_the_keyboard(
    page: Page, web_house: WebHouse
) -> None:
    await page.goto(web_house.url)
    await add_person(page, "Ana")
    await page.get_by_role("button", name="Rename or remove").focus()
    await page.keyboard.press("Enter")
    who = dialog(page).get_by_label("Who or which channel")
    await expect(who).to_be_focused()
    await who.select_option(label="Ana")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Anna")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Ana is called Anna now.")).to_be_visible()
    option = page.get_by_label("You are").get_by_role("option", name="Anna", exact=True)
    await expect(option).to_be_attached()
    await page.get_by_role("button", name="Rename or remove").click()
    await who.select_option(label="#support")
    await dialog(page).get_by_role("button", name="Remove").click()
    await expect(dialog(page).get_by_text("One channel has to stay")).to_be_visible()
    await who.select_option(label="Anna")
    await dialog(page).get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("Anna was removed.")).to_be_visible()
    await expect(page.get_by_label("You are").get_by_role("option", name="Anna")).not_to_be_attached()
    await page.get_by_role("button", name="Rename or remove").click()
    await who.select_option(label="#support")
    await dialog(page).get_by_label("New name").fill("care")
    await dialog(page).get_by_role("button", name="Rename").click()
    await expect(page.get_by_role("heading", name="care")).to_be_visible()
