"""README's pictures: one story as Slack, Teams and the web workspace show it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from bot.bootstrap import adapters, open_app, server
from bot.demo.story import MINA, PARCELS, PEOPLE
from bot.messages.parts import Message
from bot.repositories import Post
from handlers.slack import render as slack
from handlers.teams import render as teams
from tests.pictures.story import NAMES, ZONE, Told, in_slack, tell
from tests.pictures.studio import Studio
from tests.web_app import known_at

WIDTH = 1180
HEIGHTS = {"slack": 1120, "teams": 1280, "web": 1120}
SCALE = 1.5
"""Dots to a pixel: README shows a picture smaller than it is."""
AUTHORS = {person.id: person.name for person in PEOPLE}

CHATS: Mapping[str, Callable[[Message], Any]] = {
    "slack": lambda message: slack.message(in_slack(message))["blocks"],
    "teams": lambda message: teams.message(message)["attachments"][0]["content"],
}
"""What of a message the drawing libraries take."""


async def draw(studio: Studio, folder: Path) -> Sequence[Path]:
    """Draws the three pictures into the folder."""
    with TemporaryDirectory(prefix="amends-pictures-") as name:
        told = await tell(Path(name))
        made = [await _chat(studio, told, platform, folder) for platform in CHATS]
        return [*made, await web(studio, told, folder)]


async def _chat(studio: Studio, told: Told, platform: str, folder: Path) -> Path:
    """The channel, and beside it the thread of the newest retro, both scrolled to their end."""
    picture, shown = folder / f"{platform}.png", CHATS[platform]
    async with studio.page(ZONE, WIDTH, HEIGHTS[platform], SCALE) as page:
        await studio.show(
            page,
            f"{platform}.html",
            channel=PARCELS.name,
            roots=_roots(told.channel, shown),
            thread=[_row(post, shown) for post in told.channel[-1][1]],
            people=NAMES,
        )
        await page.screenshot(path=picture)
    return picture


def _roots(
    channel: Sequence[tuple[Post, Sequence[Post]]], shown: Callable[[Message], Any]
) -> Sequence[Mapping[str, Any]]:
    """The posts of the channel, the first of each day below its day, with what a thread's foot says."""
    rows, day = [], ""
    for root, thread in channel:
        before, day = day, f"{_local(root):%A}, {_local(root).day} {_local(root):%B}"
        last = _local(thread[-1]) if thread else None
        said = f"{last.day} {last:%b} at {last:%H:%M}" if last else ""
        row = _row(root, shown)
        rows.append({**row, "day": day if day != before else "", "replies": len(thread), "last": said})
    return rows


def _row(post: Post, shown: Callable[[Message], Any]) -> Mapping[str, Any]:
    """A post as a chat shows it: who said it when, and its words or what draw.js draws."""
    return {
        "name": f"post-{post.id}",
        "who": AUTHORS[post.author] if post.author else "Amends",
        "at": f"{_local(post):%H:%M}",
        "text": post.text,
        "content": shown(post.message) if post.message else None,
    }


def _local(post: Post) -> datetime:
    return post.posted_at.astimezone(ZoneInfo(ZONE))


async def web(studio: Studio, told: Told, folder: Path) -> Path:
    """The program's own page; its clock stands still, so that nothing is said while it is looked at."""
    picture = folder / "web.png"
    async with (
        open_app(told.settings) as built,
        adapters(built) as opened,
        server(built, opened) as address,
        studio.page(ZONE, WIDTH, HEIGHTS["web"], SCALE) as page,
    ):
        ((name, value),) = known_at(address, MINA).items()
        await page.context.add_cookies([{"name": name, "value": value, "url": address}])
        await page.goto(f"{address}/p/{PARCELS.id}/t/{told.channel[-1][0].id}")
        for pane in ("#conversation", "#thread"):
            await page.locator(f"{pane} .scroll").evaluate("it => it.scrollTo(0, it.scrollHeight)")
        await page.screenshot(path=picture)
    return picture
