"""README's story: a finished case of the demo and a new one, told to the program itself."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from bot import bootstrap
from bot.demo.parcels import BIRTHDAY, LOCKER, TALK
from bot.demo.story import JONAS, MINA, PARCELS, PEOPLE, PIA, Scene, do
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork
from bot.repositories import Post
from bot.settings import Settings, for_demo
from handlers.web.outgoing import WORKSPACE
from storage.database import Database

ZONE = "Europe/Lisbon"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FAILED = "The locker gave out a code that opened another box."
"""Short enough for the retro's title."""


def _first_day() -> Sequence[Scene]:
    """How the locker's case began, on the last day of ours: what fits into a picture."""
    marked, *later = LOCKER.scenes
    answers = [one for one in later if one.does == "retro.answer" and one.who is PIA]
    marked = marked._replace(values={**(marked.values or {}), "what_happened": FAILED, "date": -1})
    return [scene._replace(day=0) for scene in (marked, *answers)]


ITEM = (
    do(
        0,
        "11:20",
        MINA,
        "action_item.add",
        "codes",
        what="Each locker code is tried once before it is sent",
        gap="tools",
        owner=JONAS.id,
        due=3,
        measure="Two weeks without a wrong box",
    ),
    do(0, "11:40", JONAS, "action_item.accept", "codes"),
)
STORIES = (TALK, BIRTHDAY, LOCKER._replace(scenes=[*_first_day(), *ITEM]))


class Told(NamedTuple):
    """The story as it is stored: a channel's posts, each with its thread, the oldest first."""

    settings: Settings
    channel: Sequence[tuple[Post, Sequence[Post]]]


async def tell(folder: Path) -> Told:
    """Tells the story to the program, whose database lies in this folder."""
    settings = for_demo(Settings(_env_file=None, amends_port=0), f"sqlite:///{folder}/pictures.db")
    await bootstrap.play(settings, NOW, ZONE, STORIES)
    database = Database(settings.amends_database_url)

    def read(work: ReadOnlyWork) -> Told:
        roots = work.posts.roots(PARCELS.id, 10)
        return Told(settings, [(root, work.posts.thread(root.id, 100)) for root in roots])

    try:
        return await database.read(WORKSPACE, read)
    finally:
        database.close()


ID = re.compile(r'"u_([a-z]+)"')
NAMES: Mapping[str, str] = {f"U{one.id.removeprefix('u_').upper()}": one.name for one in PEOPLE}
"""The people of the story, by ids as Slack gives them."""


def in_slack(message: Message) -> Message:
    """The same message, with such ids in its mentions."""
    stored = message.model_dump_json(by_alias=True)
    return type(message).model_validate_json(ID.sub(lambda found: f'"U{found[1].upper()}"', stored))
