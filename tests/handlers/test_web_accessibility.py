"""axe-core objects to nothing on any page, note or dialog of the web workspace.

It sees about half of what can be wrong; keyboard, focus and words are for other tests and for people.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

import pytest
from aiohttp import ClientSession, CookieJar
from playwright.async_api import Browser, Page, expect

from bot.demo.notes import NOTES
from bot.demo.story import GRETA, PEOPLE
from bot.domain.person import Person
from bot.routes import COMMANDS
from tests.accessible import findings
from tests.browser import PATIENCE_MS
from tests.web_app import Markup, Visitor, WebHouse

expect.set_options(timeout=PATIENCE_MS)

TYPED_ONLY = {"coach.draft", "team.days_off", "team.policy"}
"""Forms that no message has a button for: they are typed."""
OF_PROMPTS = {"prompt.add": "Add prompt", "prompt.edit": "Edit", "kind.add": "Add kind"}
"""Forms that the list of prompts opens, which is typed, and the button there."""
OF_CONNECTIONS: Mapping[str, tuple[str, ...]] = {
    "connection.edit": (),
    "connection.renew_secret": ("connection.show_steps",),
    "connection.remove": (),
    "connection.add": (),
}
"""Forms that the list of connections opens, which is typed, and what is pressed there before."""
LIKE_ANOTHER = {"kind.edit", "proposal.say_why", "connection.paste_secret", "connection.give_token"}
"""Forms that look like others; the demo has nothing that they are about."""
WANTED = {name for name, route in COMMANDS.items() if route.form}
WANTED -= TYPED_ONLY | OF_PROMPTS.keys() | OF_CONNECTIONS.keys() | LIKE_ANOTHER
FAULTY = ("case.fail", "action_item.add", "action_item.hand_over", "retro.close", "recovery.promise")
"""Dialogs that are sent in empty as well: they have every kind of field that can be missing."""


class Press(NamedTuple):
    """A button that opens a dialog, and who finds it on which page."""

    path: str
    command_name: str
    about: str

    @property
    def button(self) -> str:
        """The selector of it."""
        form = f'form.act[action="/verb/{self.command_name}"]'
        return f'{form}:has(input[name="about"][value="{self.about}"]) button'


@pytest.fixture
async def tab(browser: Browser) -> AsyncIterator[Page]:
    """A tab in which a page that is not there is no fault."""
    opened = await browser.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    await opened.close()


async def test_nothing_is_found_in_a_new_workspace(web_house: WebHouse, tab: Page) -> None:
    url, found = web_house.url, []
    await tab.goto(url)
    found += await findings(tab, "who are you")
    await tab.get_by_role("button", name="Go on").click()
    await expect(tab.locator(".fault")).to_be_visible()
    found += await findings(tab, "who are you, with a fault")
    await tab.get_by_label("Name").fill("Ana")
    await tab.get_by_role("button", name="Go on").click()
    await expect(tab.get_by_role("button", name="Try it with a sample case")).to_be_visible()
    found += await findings(tab, "an empty channel")
    for path in ("/dm", "/?channels", "/nowhere", "/p/nowhere", "/add/you"):
        await tab.goto(url + path)
        found += await findings(tab, path)
    for name in ("Mark a case failed", "Help"):  # as somebody without scripts gets it
        await tab.goto(f"{url}/p/support")
        async with tab.expect_navigation():
            await tab.get_by_role("button", name=name, exact=True).first.evaluate(
                "one => one.form.submit()"
            )
        found += await findings(tab, f"{name}, without scripts")

    await tab.goto(f"{url}/p/support")
    for name in ("Add a channel", "Add a person", "Your name and time zone", "Rename or remove"):
        await tab.get_by_role("button", name=name).click()
        await expect(tab.locator("dialog")).to_be_visible()
        found += await findings(tab, name, "dialog")
        if await tab.locator("dialog input[type=text]").input_value() == "":
            await tab.locator("dialog .main").click()
            await expect(tab.locator("dialog [aria-invalid=true]").first).to_be_visible()
            found += await findings(tab, f"{name}, with a fault", "dialog")
        await tab.keyboard.press("Escape")
    for line in ("/amend status", "/amends stauts", "/amends draft", "/amends help"):
        await tab.goto(f"{url}/p/support")
        await tab.get_by_role("textbox", name="Write to #support").fill(line)
        await tab.keyboard.press("Enter")
        await expect(tab.locator("dialog[open], .note").first).to_be_visible()
        found += await findings(tab, line)
    await tab.goto(f"{url}/p/support")
    await tab.context.set_offline(True)
    await tab.get_by_role("button", name="Help", exact=True).click()
    await expect(tab.locator("#problem p")).to_be_visible()
    found += await findings(tab, "a server that is gone")
    assert not found, "\n".join(found)


async def test_nothing_is_found_in_a_full_workspace(demo_address: str, tab: Page) -> None:
    found = []
    await tab.goto(demo_address)
    for number in range(1, len(NOTES) + 1):
        await expect(tab.get_by_text(f"Note {number} of {len(NOTES)}")).to_be_visible()
        await tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        found += await findings(tab, f"note {number}")
        await tab.keyboard.press("Enter")
    await expect(tab.locator(".tour")).to_have_count(0)
    for name in ("My action items", "Status", "Trends", "Help"):
        await tab.goto(f"{demo_address}/p/parcel-shop")
        await tab.get_by_role("button", name=name, exact=True).click()
        await expect(tab.locator(".note")).to_be_visible()
        found += await findings(tab, name, ".note-room")

    for words in ("settings days off", "settings policy"):
        await say(tab, demo_address, f"/amends {words}")
        await expect(tab.locator("dialog[open]")).to_be_visible()
        found += await findings(tab, words, "dialog")
    for name, button in OF_PROMPTS.items():
        await say(tab, demo_address, "/amends prompts")
        await expect(tab.locator(".note")).to_be_visible()
        found += await findings(tab, "prompts", ".note-room")
        await tab.locator(f'.note form.act[action="/verb/{name}"] button').first.dispatch_event("click")
        await expect(tab.locator("dialog")).to_be_visible()
        found += await findings(tab, button, "dialog")
    await tab.goto(f"{demo_address}/p/energy-line")
    async with tab.expect_navigation():
        await tab.get_by_label("You are").select_option(GRETA.id)
    for name, before in OF_CONNECTIONS.items():
        await say(tab, demo_address, "/amends connect", "energy-line")
        await expect(tab.locator(".note")).to_be_visible()
        found += await findings(tab, "connections", ".note-room")
        for each in (*before, name):
            pressed = tab.locator(f'.note form.act[action="/verb/{each}"] button').first
            await pressed.dispatch_event("click")
        await expect(tab.locator("dialog")).to_be_visible()
        found += await findings(tab, name, "dialog")
    await tab.locator("dialog").get_by_label("Helpdesk").select_option(label="Zendesk")
    await tab.locator("dialog .main").click()
    await expect(tab.locator(".note .pasted").first).to_be_visible()
    found += await findings(tab, "what to paste in the other program", ".note-room")

    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        dialogs = await opened_by(Visitor(session, demo_address))
    assert WANTED - {press.command_name for _, press in dialogs} == set()
    for (person, path), here in groupby(dialogs, key=lambda found: (found[0], found[1].path)):
        await tab.goto(demo_address + path)
        if await tab.get_by_label("You are").input_value() != person.id:
            async with tab.expect_navigation():
                await tab.get_by_label("You are").select_option(person.id)
        for _, press in here:
            found += await findings_in_dialog(tab, press)
    assert not found, "\n".join(found)


async def say(tab: Page, address: str, line: str, channel: str = "parcel-shop") -> None:
    """Types a line in a channel of the demo."""
    await tab.goto(f"{address}/p/{channel}")
    await tab.get_by_role("textbox", name=f"Write to #{channel}").fill(line)
    await tab.keyboard.press("Enter")


async def findings_in_dialog(tab: Page, press: Press) -> list[str]:
    """What is found in a dialog that a button of the page opens, and in it once it was sent in."""
    found = []
    await tab.locator(press.button).first.dispatch_event("click")
    await expect(tab.locator("dialog")).to_be_visible()
    found += await findings(tab, press.command_name, "dialog")
    if press.command_name in FAULTY:
        await tab.evaluate(
            "document.querySelectorAll('[aria-required]').forEach((one) => { one.value = ''; })"
        )
        await tab.locator("dialog .main").click()
        await expect(tab.locator("dialog [aria-invalid=true]").first).to_be_visible()
        found += await findings(tab, f"{press.command_name}, with faults", "dialog")
    if press.command_name == "retro.answer":
        await tab.get_by_label("Training").fill("It was Jonas's fault: he should have known better.")
        await tab.locator("dialog .main").click()
        await expect(tab.get_by_role("button", name="Post as it is")).to_be_visible()
        found += await findings(tab, "remarks of the coach", "dialog")
    await tab.keyboard.press("Escape")
    await expect(tab.locator("dialog")).to_be_hidden()
    return found


async def opened_by(visitor: Visitor) -> list[tuple[Person, Press]]:
    """A button for each kind of dialog, and for whom it opens one; those of a page together."""
    known: dict[str, tuple[Person, Press]] = {}
    for person in PEOPLE:
        await visitor.send("/you", {"person": person.id, "back": "/dm"})
        paths = ["/dm"]
        for name in ("parcel-shop", "clinic-desk", "energy-line"):
            channel = await visitor.see(f"/p/{name}")
            paths += [
                f"/p/{name}",
                *(one.attributes["href"] for one in channel.all("a", **{"class": "replies"})),
            ]
        for path in paths:
            for press, data in presses(await visitor.see(path), path):
                if press.command_name in known:
                    continue
                drawn = await visitor.send(f"/verb/{press.command_name}", data)
                if drawn.all("h2", id="dialog-title"):
                    known[press.command_name] = person, press
        if set(known) >= WANTED:
            break
    return list(known.values())


def presses(page: Markup, path: str) -> Iterator[tuple[Press, dict[str, str]]]:
    """The buttons of a page that open a dialog, and what each sends."""
    action, data = "", dict[str, str]()
    for element in page.elements:
        if element.name == "form":
            action, data = element.attributes["action"], {}
        elif element.name == "input" and "name" in element.attributes:
            data[element.attributes["name"]] = element.attributes.get("value", "")
        elif element.name == "button" and "aria-haspopup" in element.attributes and "about" in data:
            yield Press(path, action.removeprefix("/verb/"), data["about"]), data
