"""(a) Commands, clicks and answers that are saved, 50 in flight: in bursts of 250, and 2,500 in a row.

Against a bare Bolt that only acknowledges, a plain application that saves the same rows, and, where it
is named, the program of another commit. The latter and ours speak meanwhile, as in life, and their
processor time is with that. After each kind the rows are counted: what was acknowledged has its row,
unless its sender was told that nothing could be saved.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.clicks import Body, answer, failed, take
from tests.benchmarks.contenders import (
    BARE,
    PLAIN,
    RIVAL,
    US,
    Contender,
    Field,
    Turn,
    against,
    contenders,
    in_turns,
)
from tests.benchmarks.figure import Figure, ms, percentile
from tests.benchmarks.process import Program, resident

BURST, BURSTS, SUSTAINED = 250, 4, 2_500
ALL = BURST * (BURSTS + 1) + SUSTAINED

KINDS: Sequence[tuple[str, Body, str]] = (
    ("/amends failed …", failed, "SELECT count(*) FROM cases"),
    ("click Take it", take, "SELECT count(*) FROM action_items WHERE owner IS NOT NULL"),
    ("an answer", answer, "SELECT count(*) FROM answers"),
)
"""Each kind with its requests, and the rows that they leave."""
AIMS = {BARE: ">= 0.15", PLAIN: "> 1", RIVAL: ">= 3"}
"""Of writes a second; the rival is commit 44acf33, before commands were plain functions."""


async def measure(folder: Path, rival: Program | None = None) -> list[Figure]:
    """The rows of each kind, each on fresh databases."""
    figures = []
    for number, (kind, body, rows) in enumerate(KINDS):
        names = (BARE, US, PLAIN, RIVAL)
        async with contenders(folder, f"writes-{number}", ALL + 1, names, rival) as field:
            figures += await _kind(f"a  {kind}", body, rows, field)
    return figures


async def _kind(what: str, body: Body, rows: str, field: Field) -> list[Figure]:
    before = {name: one.count(rows) for name, one in field.items()}
    turns = [
        await in_turns(field, body, range(1 + BURST * turn, 1 + BURST * (turn + 1)))
        for turn in range(BURSTS + 1)
    ]
    sustained = await in_turns(field, body, range(1 + ALL - SUSTAINED, 1 + ALL))
    stored = {name: one.count(rows) - before[name] for name, one in field.items()}
    bursts = {name: [turn[name] for turn in turns[1:]] for name in field}  # the first warms up
    long = {name: [turn] for name, turn in sustained.items()}
    memory = {name: resident(one.server.pid) for name, one in field.items()}
    return [
        *_pace(f"{what}, bursts of {BURST}", bursts, "p99 < 100 ms"),
        *_pace(f"{what}, {SUSTAINED:,} in a row", long, "p99 < 130 ms"),
        *against(
            f"{what}, {SUSTAINED:,} in a row: processor each",
            {name: turn.processor for name, turn in sustained.items()},
            lambda seconds: f"{seconds * 1000:.2f} ms",
        ),
        *against(
            f"{what}, {SUSTAINED:,} in a row: memory after it", memory, lambda mib: f"{mib:.0f} MiB"
        ),
        *(
            _kept(
                f"{what}: stored, {name}",
                [*(turn[name] for turn in turns), sustained[name]],
                one,
                stored[name],
            )
            for name, one in field.items()
            if one.file
        ),
    ]


def _pace(what: str, turns: dict[str, list[Turn]], aim: str) -> list[Figure]:
    rates = {name: median(turn.round.rate for turn in kept) for name, kept in turns.items()}
    seconds = {name: [s for turn in kept for s in turn.round.seconds] for name, kept in turns.items()}
    halves = {name: percentile(all_, 50) for name, all_ in seconds.items()}
    slowest = {name: percentile(all_, 99) for name, all_ in seconds.items()}
    return [
        *against(f"{what}: a second", rates, lambda rate: f"{rate:.0f}", AIMS),
        *against(f"{what}: p50", halves, ms),
        *against(f"{what}: p99", slowest, ms, {BARE: aim}),
    ]


def _kept(what: str, turns: Sequence[Turn], one: Contender, stored: int) -> Figure:
    """Rows against requests that were answered with 200."""
    refused = sum(turn.round.refused for turn in turns)
    acknowledged = sum(len(turn.round.seconds) for turn in turns) - refused
    again = one.asked_again()
    lost = acknowledged - again - stored
    said = f"LOST {lost}" if lost else "none lost"
    if lost:
        print(f"{what}: {said} of {acknowledged}", file=sys.stderr, flush=True)
    told = [f"{again:,} told to try again"] if again else []
    told += [f"{refused:,} more refused"] if refused else []
    return Figure(what, f"{stored:,}", f"{acknowledged:,} ({', '.join(['with 200', *told])})", said)
