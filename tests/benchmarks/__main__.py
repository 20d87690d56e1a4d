"""`python -m tests.benchmarks [a … i coach]` measures; nothing fails for being slow."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import (
    burst,
    clicks,
    coach,
    first_message,
    jobs,
    lists,
    opening,
    start,
    sweep,
    teams,
)
from tests.benchmarks.figure import Figure, table

BENCHMARKS: Mapping[str, Callable[[Path], Coroutine[None, None, list[Figure]]]] = {
    "a": clicks.measure,
    "b": opening.measure,
    "c": lists.measure,
    "d": start.measure,
    "e": teams.measure,
    "f": sweep.measure,
    "g": jobs.measure,
    "h": burst.measure,
    "i": first_message.measure,
    "coach": coach.measure,
}


def main() -> None:
    """Runs the benchmarks that were named, or all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="a: clicks at 50 in flight. b: saying imported retros. c: lists over much data. "
        "d: start and memory. e: clicks in Teams, and how long they block. f: the look at what is due "
        "among very much. g: jobs a second, one and two processes. h: 200 failed cases in 20 places. "
        "i: from a command to its first message. coach: how often the language coach is right.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="a|b|c|d|e|f|g|h|i|coach", help="all of them when none is named"
    )
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    print(
        f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f} before"
    )
    figures: list[Figure] = []
    # One folder for all, so that what is filled for one benchmark serves the next.
    with TemporaryDirectory(prefix="amends-benchmarks-") as folder:
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)
            figures += asyncio.run(BENCHMARKS[name](Path(folder)))
    print(table(figures))


if __name__ == "__main__":
    main()
