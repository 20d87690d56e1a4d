"""Where pictures are taken: Chromium, the fonts of the tooling, and what draws blocks and cards."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser import ARGUMENTS, find_chromium

TOOLING = Path(__file__).parent / "tooling"
DRAWS = TOOLING / "build" / "draw.js"
FONTS = TOOLING / "node_modules" / "@expo-google-fonts"
ICON = (Path(__file__).parents[2] / "handlers/web/static/icon.svg").read_text(encoding="utf-8")

# Slack writes in Lato, Teams in Segoe UI, which Open Sans comes close to, and the web workspace in
# whatever a machine has. They are files of the tooling, seen by this one browser.
STAND_INS = {"Segoe UI": "Open Sans", "sans-serif": "Inter", "sans": "Inter"}
STANDS_IN = """
  <match target="pattern">
    <test qual="first" name="family"><string>{}</string></test>
    <edit name="family" mode="assign" binding="strong"><string>{}</string></edit>
  </match>"""
FONT_CONFIG = f"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{FONTS}</dir>{"".join(STANDS_IN.format(*pair) for pair in STAND_INS.items())}
  <match target="pattern"><edit name="family" mode="append"><string>Inter</string></edit></match>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
</fontconfig>
"""


def missing() -> str | None:
    """What is missing to take pictures, in a sentence; None when all is there."""
    if find_chromium() is None:
        return "Chromium is not installed here"
    if shutil.which("node") is None:
        return "Node.js is not installed here"
    if not (DRAWS.exists() and FONTS.exists()):
        return "the pictures' tooling is not installed here: scripts/pictures does that"
    return None


@dataclass(frozen=True)
class Studio:
    """A browser with the right fonts, and a folder for pages that are thrown away."""

    browser: Browser
    folder: Path
    templates: Environment
    undrawn: list[str] = field(default_factory=list)
    """What could not be drawn: the message, and what of it."""

    @asynccontextmanager
    async def page(self, zone: str, width: int, height: int, scale: float = 1) -> AsyncIterator[Page]:
        """A tab of a reader in this time zone, in light colours."""
        context: BrowserContext = await self.browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=scale,
            timezone_id=zone,
            locale="en-GB",
            color_scheme="light",
        )
        try:
            yield await context.new_page()
        finally:
            await context.close()

    async def show(self, page: Page, template: str, **words: object) -> None:
        """Shows a page of the tooling with all messages in it drawn, as far as they can be."""
        html = self.templates.get_template(template).render(tooling=TOOLING.as_uri(), icon=ICON, **words)
        file = self.folder / template
        file.write_text(html, encoding="utf-8")
        await page.goto(file.as_uri())
        self.undrawn.extend(await page.evaluate("drawAll()"))
        await page.evaluate("document.fonts.ready.then(() => null)")


@asynccontextmanager
async def open_studio() -> AsyncIterator[Studio]:
    """Opens the browser; ask `missing` first."""
    with TemporaryDirectory(prefix="amends-pictures-") as name:
        folder = Path(name)
        fonts = folder / "fonts.conf"
        fonts.write_text(FONT_CONFIG, encoding="utf-8")
        templates = Environment(
            loader=FileSystemLoader(TOOLING), autoescape=True, undefined=StrictUndefined
        )
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=find_chromium(),
                args=[*ARGUMENTS],
                env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
            )
            yield Studio(browser, folder, templates)
            await browser.close()


def shrink(*pictures: Path) -> None:
    """Makes PNG files a third as large, by a palette that the eye takes for all colours."""
    command = ["node", str(TOOLING / "shrink.js"), *map(str, pictures)]
    subprocess.run(command, check=True)
