"""What axe-core objects to on a page, in the light and in the dark, on a wide and on a narrow window."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

FINDINGS = """async ([context, options]) => {
  const {violations} = await axe.run(context ?? document, options);
  return violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${node.html.slice(0, 160)} (${node.failureSummary.replaceAll("\\n", " ")})`));
}"""

# WCAG 2.2 A and AA and axe's best practices; the size of what is pressed has to be asked for.
EVERY_RULE: Mapping[str, Any] = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
}
COLOURS: Mapping[str, Any] = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}


class Look(NamedTuple):
    """How a page is looked at, and by which rules.

    The scheme changes colours only, and the width everything else, so that not each goes with each.
    """

    width: int
    height: int
    scheme: Literal["light", "dark"]
    options: Mapping[str, Any]


NARROW = Look(390, 844, "dark", EVERY_RULE)
# So high that nothing is out of sight, for axe-core judges no colour that is.
PAGE = (Look(1280, 8000, "light", EVERY_RULE), Look(1280, 8000, "dark", COLOURS), NARROW)
PART = (Look(1280, 1600, "light", EVERY_RULE), NARROW)


async def findings(page: Page, name: str, inside: str | None = None) -> list[str]:
    """What axe-core objects to on the page, or only `inside` what this selector finds, all in sight."""
    found: list[str] = []
    # The page's own policy forbids foreign scripts; what the debugger evaluates is none of the page's.
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(AXE_SCRIPT)
    for look in PART if inside else PAGE:
        await page.set_viewport_size({"width": look.width, "height": look.height})
        await page.emulate_media(color_scheme=look.scheme, reduced_motion="reduce")
        told: list[str] = await page.evaluate(FINDINGS, [inside, look.options])
        found += [f"{name}, {look.scheme}, {look.width} px: {each}" for each in told]
    await page.set_viewport_size({"width": 1280, "height": 800})
    return found
