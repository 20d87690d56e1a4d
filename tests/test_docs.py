"""The pages: links lead somewhere, people's own ones are short, and the owners' names every button."""

import re
from pathlib import Path
from typing import get_args

import pytest

from bot.domain.action_item import can_wait, may, steps
from bot.domain.item_step import STEPS, ItemState
from bot.messages.action_item import later_button
from tests.domain.test_item_step import item

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
OWN_PAGES = sorted((ROOT / "docs").glob("for-*.md"))

OWNERS = ROOT / "docs" / "for-owners.md"
STATES: tuple[ItemState, ...] = get_args(ItemState)


def anchors(page: Path) -> set[str]:
    """What can stand behind the # of a link to it, as GitHub makes it of the headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_link_leads_to_a_page_and_a_heading_that_are_there(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{link} leads nowhere."
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading."


def test_the_readme_leads_to_the_page_of_everybody_and_none_is_long() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) < 200
    assert len(OWN_PAGES) == 3
    for page in OWN_PAGES:
        assert f"(docs/{page.name})" in readme
        assert len(page.read_text(encoding="utf-8").splitlines()) < 100


def test_the_owners_page_names_the_buttons_that_an_item_has_for_them() -> None:
    rows = re.findall(
        r"^\| ([a-z]+)([^|]*) \|([^|]*)\|", OWNERS.read_text(encoding="utf-8"), re.MULTILINE
    )
    told = {
        (state, "without an owner" in more): re.findall(r"\*\*(.*?)\*\*", buttons)
        for state, more, buttons in rows
        if state in STATES
    }
    assert len(told) == len(STATES) + 1
    for (state, unowned), buttons in told.items():
        one = item(state, None if unowned else "U1")
        labels = {STEPS[step].button.label for step in steps(one) if may(one, step, "U1", lead=None)}
        later = {later_button(one.ref).label} if can_wait(one) else set()
        assert set(buttons) == labels | later, state
