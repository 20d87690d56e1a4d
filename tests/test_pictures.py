"""README's pictures are there, and the tooling that makes them draws what the platforms get."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.examples import MESSAGES
from tests.pictures import golden
from tests.pictures.sheets import show
from tests.pictures.studio import TOOLING, Studio, missing, open_studio

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PICTURE = re.compile(r"!\[(?P<words>[^\]]*)\]\((?P<path>[^)\s]+)\)")
IMAGE = re.compile(r'<img src="(?P<path>[^"]+)"[^>]*? alt="(?P<words>[^"]*)"')
SMALL = 160_000
"""Bytes: a reader waits for them."""


def _pictures() -> list[tuple[Path, str, str]]:
    """Each picture that a page shows: the page, the path that it names and the words beside it."""
    return [
        (page, found["path"], found["words"])
        for page in PAGES
        for pattern in (PICTURE, IMAGE)
        for found in pattern.finditer(page.read_text(encoding="utf-8"))
    ]


def test_every_picture_that_a_page_shows_is_there_and_small_and_has_its_words() -> None:
    shown = _pictures()
    assert {path for page, path, _ in shown if page.name == "README.md"} >= {
        f"docs/pictures/{platform}.png" for platform in golden.PLATFORMS
    }
    for page, path, words in shown:
        picture = page.parent / path
        assert picture.is_file(), (
            f"{page.name} shows {path}, which is not there: scripts/pictures makes it"
        )
        assert picture.stat().st_size < SMALL, f"{path} is too large for a page"
        assert len(words) > 20, f"{page.name}: say in words what {path} shows"


def test_no_picture_is_kept_that_no_page_shows() -> None:
    shown = {(page.parent / path).resolve() for page, path, _ in _pictures()}
    kept = set((ROOT / "docs").rglob("*.png"))
    assert kept == shown


def test_the_tooling_installs_from_whatever_registry_npm_goes_by() -> None:
    locked = json.loads((TOOLING / "package-lock.json").read_text(encoding="utf-8"))
    named = [name for name, package in locked["packages"].items() if "resolved" in package]
    assert len(locked["packages"]) > 50
    assert named == [], "npm install --omit-lockfile-registry-resolved"


def test_sheets_of_a_revision_that_nobody_knows_are_refused() -> None:
    with (
        pytest.raises(golden.NoSuchRevision, match="no-such-revision"),
        golden.tree_at("no-such-revision"),
    ):
        pass


def test_sheets_of_the_tree_as_it_is_show_every_example() -> None:
    with golden.tree_at(None) as tree:
        for platform in golden.PLATFORMS:
            names = {file.name for file in golden.golden_files(tree, platform)}
            assert names >= set(MESSAGES)


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    """Where pictures are taken; skips where npm's packages are not installed, as in the gate."""
    if why := missing():
        pytest.skip(why)
    async with open_studio() as opened:
        yield opened


async def test_the_tooling_draws_a_message_of_slack_and_of_teams(studio: Studio) -> None:
    with golden.tree_at(None) as tree:
        for platform in ("slack", "teams"):
            files = {file.name: file for file in golden.golden_files(tree, platform)}
            async with studio.page("Europe/Stockholm", 1200, 800) as page:
                await show(studio, page, tree, platform, "now", [files["retro.invitation_hostile"]])
                words = await page.locator("[data-draws]").inner_text()
                buttons = await page.locator("[data-draws] button").all_inner_texts()
            assert "Retro: Look:" in words
            assert "<!channel> <@U1> @here &amp; *bold*" in words.replace("\u200b", ""), "as typed"
            assert "@Ana" not in words, "what somebody typed mentions nobody"
            assert "📝 open" in words
            assert "{{DATE" not in words
            assert "<!date" not in words
            assert buttons[:3] == ["Answer", "Add action item", "Close retro"]
    assert studio.undrawn == []


async def test_a_block_that_cannot_be_drawn_is_named_and_not_left_out(studio: Studio) -> None:
    strange = golden.Golden("retro.strange", json.dumps({"blocks": [{"type": "hologram"}]}))
    async with studio.page("Europe/Stockholm", 1200, 800) as page:
        await show(studio, page, ROOT, "slack", "now", [strange])
        assert "(no picture of hologram)" in await page.locator("[data-draws]").inner_text()
    assert studio.undrawn == ["retro.strange: hologram"]
