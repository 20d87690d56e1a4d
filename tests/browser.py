"""A real browser for tests: Chromium, without a window, that fails the test on any script trouble."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 10_000


def find_chromium() -> str | None:
    """Where Chromium is, or None."""
    usual = "/usr/bin/chromium"
    if Path(usual).exists():
        return usual
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Trouble(list[str]):
    """What went wrong in the pages of a test: script errors, and errors in the console."""

    def watch(self, context: BrowserContext) -> None:
        """Listens to every page of the context."""
        context.on("weberror", lambda error: self.append(f"script error: {error.error}"))
        context.on(
            "console",
            lambda said: self.append(f"console: {said.text}") if said.type == "error" else None,
        )
        context.set_default_timeout(PATIENCE_MS)


@asynccontextmanager
async def open_chromium(*arguments: str) -> AsyncIterator[Browser]:
    """Chromium; where it is missing the test is skipped, and fails on CI."""
    path = find_chromium()
    if path is None:
        why = "Chromium is not installed here"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
        yield opened
        await opened.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """The same for one test."""
    async with open_chromium() as opened:
        yield opened


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser profile of its own, wide enough for three columns."""
    trouble = Trouble()
    opened = await browser.new_context(viewport={"width": 1280, "height": 800})
    trouble.watch(opened)
    yield opened
    # Before it closes: a fetch that closing breaks off is the browser's end and no fault of the page.
    seen = list(trouble)
    await opened.close()
    assert not seen, "in the pages of this test: " + "; ".join(seen)


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    """A tab in it."""
    return await context.new_page()


async def tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until the target has the focus."""
    for _ in range(60):
        if await target.evaluate("one => one === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    await expect(target).to_be_focused()
