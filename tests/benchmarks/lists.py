"""(c) What people ask to see, with very much stored against little: indexes, not scans."""

import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bot.bot import Bot
from bot.command import Request
from bot.domain.channel import Channel
from bot.domain.person import Person
from storage.database import Database
from tests.benchmarks.figure import Figure, ms
from tests.benchmarks.filled import BUSY_PERSON, BUSY_PLACE, WORKSPACE, fill

LITTLE = (1_000, 10_000)
MUCH = (100_000, 1_000_000)
TIMES = 200
ASKED = {"/amends mine": "action_item.mine", "/amends status": "board.status"}


async def filled(folder: Path, sizes: tuple[int, int]) -> Path:
    """The file with so many retros and items; made once for all benchmarks of a run."""
    file = folder / f"filled-{sizes[0]}.db"
    if not file.exists():
        await fill(file, *sizes)
    return file


async def measure(folder: Path) -> list[Figure]:
    """A row for each question, asked by the person and in the channel that have a tenth of it all."""
    databases = [Database(f"sqlite:///{await filled(folder, sizes)}") for sizes in (LITTLE, MUCH)]
    try:
        return [await _asked(words, command_name, databases) for words, command_name in ASKED.items()]
    finally:
        for database in databases:
            database.close()


async def _asked(words: str, command_name: str, databases: list[Database]) -> Figure:
    bots = [Bot(database, committed=lambda: None) for database in databases]
    request = Request(
        workspace=WORKSPACE,
        command_name=command_name,
        person=Person(id=BUSY_PERSON, name="Person 0", zone="Europe/Stockholm"),
        channel=Channel(id=BUSY_PLACE, name="team-0"),
        at=datetime.now(UTC),
    )
    seconds: list[list[float]] = [[], []]
    lengths = set()
    for _ in range(TIMES):
        for bot, kept in zip(bots, seconds, strict=True):
            began = time.perf_counter()
            reply = await bot.answer(request)
            kept.append(time.perf_counter() - began)
            assert reply.message is not None
            lengths.add(len(reply.message.parts))
    if len(lengths) != 1:
        raise RuntimeError(f"the two answers to {words} are not alike: {lengths} parts")
    little, much = (median(kept) for kept in seconds)
    return Figure(
        f"c  {words}, {MUCH[0]:,} retros and {MUCH[1]:,} items",
        ms(much),
        f"{ms(little)} ({LITTLE[0]:,} and {LITTLE[1]:,})",
        f"{much / little:.2f}",
        "<= 1.5",
    )
