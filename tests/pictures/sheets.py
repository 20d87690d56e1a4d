"""Contact sheets: every message of the examples on each platform, under the name of its golden file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from tests.examples import PEOPLE
from tests.pictures.golden import STYLE, Golden, golden_files
from tests.pictures.studio import Studio

ZONE = "Europe/Stockholm"
"""Where the people of the examples are."""
WIDTH = 2520
ON_A_SHEET = 60
"""Messages: Chromium draws no picture that is higher than 16,384 dots."""
NAMES = {"slack": "Slack", "teams": "Microsoft Teams", "web": "Web"}


async def draw(studio: Studio, tree: Path, platform: str, said: str, folder: Path) -> Sequence[Path]:
    """Draws a platform's sheets into a folder, one a noun or more; `said` names the tree."""
    made = []
    for name, files in _sheets(golden_files(tree, platform)):
        picture = folder / f"{platform}-{name}.png"
        async with studio.page(ZONE, WIDTH, 400) as page:
            await show(studio, page, tree, platform, f"{name} · {said}", files)
            await page.screenshot(path=picture, full_page=True)
        made.append(picture)
    return made


async def show(
    studio: Studio, page: Page, tree: Path, platform: str, said: str, files: Sequence[Golden]
) -> None:
    """Shows some golden files of a platform, drawn."""
    await studio.show(
        page,
        "sheet.html",
        heading=f"{NAMES[platform]} · {said}",
        platform=platform,
        style=(tree / STYLE).read_text(encoding="utf-8") if platform == "web" else "",
        messages=[(one.name, _given(one, platform)) for one in files],
        people=_names(),
    )


def _sheets(files: Iterable[Golden]) -> Iterable[tuple[str, Sequence[Golden]]]:
    for noun, group in groupby(files, key=lambda one: one.noun):
        whole = list(group)
        parts = [whole[start : start + ON_A_SHEET] for start in range(0, len(whole), ON_A_SHEET)]
        for number, part in enumerate(parts, start=1):
            yield noun if len(parts) == 1 else f"{noun}-{number}", part


def _given(file: Golden, platform: str) -> Any:
    return file.text if platform == "web" else json.loads(file.text)


def _names() -> Mapping[str, str]:
    return {person_id: person.name for person_id, person in PEOPLE.items()}
