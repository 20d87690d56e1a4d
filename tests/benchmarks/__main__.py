"""`python -m tests.benchmarks [a … p coach]` measures; nothing fails for being slow."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import (
    blocks,
    burst,
    coach,
    deliveries,
    first_message,
    grown,
    held,
    jobs,
    later_writes,
    leads,
    lists,
    opening,
    reads,
    start,
    sweep,
    teams,
    writes,
)
from tests.benchmarks.figure import Figure, table
from tests.benchmarks.process import Program

Measure = Callable[[Path], Coroutine[None, None, list[Figure]]]

BENCHMARKS: dict[str, Measure] = {
    "a": writes.measure,
    "b": opening.measure,
    "c": lists.measure,
    "d": start.measure,
    "e": teams.measure,
    "f": sweep.measure,
    "g": jobs.measure,
    "h": burst.measure,
    "i": first_message.measure,
    "j": reads.measure,
    "k": blocks.measure,
    "l": grown.measure,
    "m": held.measure,
    "n": later_writes.measure,
    "o": leads.measure,
    "p": deliveries.measure,
    "coach": coach.measure,
}


def main() -> None:
    """Runs the benchmarks that were named, or all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="a: what is saved, at 50 in flight. b: saying imported retros. "
        "c: lists over much data. d: start and memory. e: clicks in Teams, and how long they block. "
        "f: the look at what is due among very much. g: jobs a second, one and two processes. "
        "h: 200 failed cases in 20 places. i: from a command to its first message. "
        "j: what only reads, at 50 in flight. "
        "k: the longest block of the event loop. l: what is asked for, with much stored. "
        "m: settings, forget and export, with much stored. n: a write after 9,000 of them. "
        "o: what a lead sees, in a house that has grown. "
        "p: clicks while 10,000 deliveries of a helpdesk come in a minute. "
        "coach: how often the language coach is right.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="|".join(BENCHMARKS), help="all of them when none is named"
    )
    parser.add_argument(
        "--rival", type=Path, metavar="FOLDER", help="another commit's checkout, measured beside in a, j"
    )
    parser.add_argument(
        "--rival-python",
        default=sys.executable,
        metavar="PYTHON",
        help="the one that has what the rival needs, when it needs something else",
    )
    args = parser.parse_args()
    names = args.names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if args.rival and not (args.rival / "bot").is_dir():
        parser.error(f"--rival {args.rival} is no checkout of Amends")
    rival = Program(args.rival.resolve(), args.rival_python) if args.rival else None
    benchmarks = BENCHMARKS | {
        "a": partial(writes.measure, rival=rival),
        "j": partial(reads.measure, rival=rival),
    }
    print(
        f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f} before"
    )
    figures: list[Figure] = []
    # One folder for all, so that what is filled for one benchmark serves the next.
    with TemporaryDirectory(prefix="amends-benchmarks-") as folder:
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)
            figures += asyncio.run(benchmarks[name](Path(folder)))
    print(table(figures))


if __name__ == "__main__":
    main()
