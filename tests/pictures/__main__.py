"""Draws README's pictures, and contact sheets of all messages: `scripts/pictures --help`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.pictures import readme, sheets
from tests.pictures.golden import PLATFORMS, ROOT, NoSuchRevision, tree_at
from tests.pictures.studio import missing, open_studio, shrink

README, SHEETS = ROOT / "docs" / "pictures", ROOT / "build" / "pictures"


async def _draw(
    at: str | None, platforms: Sequence[str], *, only_sheets: bool
) -> tuple[Sequence[Path], Sequence[str]]:
    """The pictures, and what of the messages could not be drawn."""
    made: list[Path] = []
    said = at or "now"
    async with open_studio() as studio:
        if not only_sheets:
            made += await readme.draw(studio, README)
        with tree_at(at) as tree:
            for platform in platforms:
                made += await sheets.draw(studio, tree, platform, said, SHEETS / said)
    shrink(*made)
    return made, studio.undrawn


def main() -> int:
    """Draws what the command line asks for, and says where it lies."""
    parser = argparse.ArgumentParser(
        prog="scripts/pictures", description=__doc__.partition(":")[0] + "."
    )
    parser.add_argument(
        "--at", metavar="REVISION", help="sheets alone, of the golden files at this revision of git"
    )
    parser.add_argument("--sheets", action="store_true", help="sheets alone, of the tree as it is")
    parser.add_argument(
        "--platform", action="append", choices=PLATFORMS, help="sheets of this platform; may be repeated"
    )
    args = parser.parse_args()
    if why := missing():
        print(f"No picture can be drawn: {why}.", file=sys.stderr)
        return 1
    for folder in (README, SHEETS / (args.at or "now")):
        folder.mkdir(parents=True, exist_ok=True)
    only_sheets = bool(args.at or args.sheets or args.platform)
    try:
        made, undrawn = asyncio.run(_draw(args.at, args.platform or PLATFORMS, only_sheets=only_sheets))
    except NoSuchRevision as wrong:
        print(wrong, file=sys.stderr)
        return 1
    for picture in made:
        print(f"{picture.relative_to(ROOT)} ({picture.stat().st_size // 1000} KB)")
    for what in undrawn:
        print(f"Not drawn: {what}. Teach tests/pictures/tooling/draw.js.", file=sys.stderr)
    return 1 if undrawn else 0


if __name__ == "__main__":
    sys.exit(main())
