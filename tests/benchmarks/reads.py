"""(j) What only reads, 50 in flight, against a bare Bolt: lists, and opening a form."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.clicks import Body, answer_form, command
from tests.benchmarks.contenders import BARE, RIVAL, US, against, contenders, in_turns
from tests.benchmarks.figure import Figure, ms, percentile
from tests.benchmarks.process import Program

BURST, BURSTS, ITEMS = 250, 4, 3_000

KINDS: Sequence[tuple[str, Body]] = (
    ("/amends mine", lambda number: command("mine", number)),
    ("/amends status", lambda number: command("status", number)),
    ("click Answer (a form)", answer_form),
)


async def measure(folder: Path, rival: Program | None = None) -> list[Figure]:
    """A second, and the slowest in a hundred, for each question; all on one database each."""
    figures = []
    async with contenders(folder, "reads", ITEMS, (BARE, US, RIVAL), rival) as field:
        for kind, body in KINDS:
            turns = [
                await in_turns(field, body, range(BURST * turn, BURST * (turn + 1)))
                for turn in range(BURSTS + 1)
            ][1:]  # the first warms up
            rounds = {name: [turn[name].round for turn in turns] for name in field}
            if any(one.refused for kept in rounds.values() for one in kept):
                raise RuntimeError(f"{kind} was not answered each time")
            rates = {name: median(one.rate for one in kept) for name, kept in rounds.items()}
            slowest = {
                name: percentile([s for one in kept for s in one.seconds], 99)
                for name, kept in rounds.items()
            }
            figures += against(f"j  {kind}: a second", rates, "{:.0f}".format, {BARE: ">= 0.40"})
            figures += against(f"j  {kind}: p99", slowest, ms)
    return figures
