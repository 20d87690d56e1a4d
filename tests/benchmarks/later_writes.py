"""(n) What a command that saves costs after 9,000 of them in one process, against after 500."""

from pathlib import Path

from tests.benchmarks.clicks import failed
from tests.benchmarks.contenders import US, Field, contenders, in_turns
from tests.benchmarks.figure import Figure, ms

EARLY, LATE, LOOKED_AT = 500, 9_000, 500
"""Writes before each look, and how many are looked at."""


async def measure(folder: Path) -> list[Figure]:
    """A row of the processor's time for each, and one of the time until all are acknowledged."""
    async with contenders(folder, "later", 1, (US,)) as field:
        await _write(field, 1, EARLY)
        early = await _write(field, 1 + EARLY, EARLY + LOOKED_AT)
        await _write(field, 1 + EARLY + LOOKED_AT, LATE)
        late = await _write(field, 1 + LATE, LATE + LOOKED_AT)
    what = f"n  /amends failed …, after {LATE:,} of them"
    return [
        Figure(
            f"{what}: {words}",
            ms(after),
            f"{ms(before)} (after {EARLY})",
            f"{after / before:.2f}",
            "<= 1.1",
        )
        for words, after, before in (
            ("processor each", late[0], early[0]),
            ("seconds each, 50 in flight", late[1], early[1]),
        )
    ]


async def _write(field: Field, first: int, last: int) -> tuple[float, float]:
    turn = (await in_turns(field, failed, range(first, last + 1)))[US]
    if turn.round.refused:
        raise RuntimeError(f"{turn.round.refused} were not acknowledged")
    return turn.processor, 1 / turn.round.rate
