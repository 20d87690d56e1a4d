"""How often the earlier cases that a retro is told of are really alike, on complaints of a public file.

`python -m tests.benchmarks.alike FILE` reads the CSV of the CFPB's complaint database: each complaint
with a narrative becomes a case, and is compared with those that came before. Alike is whatever has the
same product and issue. "Plain" is the order of the full text alone.
"""

import csv
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bot.domain.likeness import most_alike
from bot.domain.search import asked_for
from bot.jobs.carry_over import MAX_CARRIED, MAX_COMPARED
from bot.ports import ReadOnlyWork
from storage.database import Database
from tests.session import open_work
from tests.storage.made import a_case

KNOWN_BEFORE = 300
"""Cases that are only looked through: a team that has had fewer is no fair test."""
EVERY = 3
"""One case in so many is asked about."""


class Complaint(NamedTuple):
    """What somebody wrote, and how the bureau filed it."""

    text: str
    filed: tuple[str, str]


class Figures(NamedTuple):
    """Of the cases asked about: with one alike among the first three, and how many were told at all."""

    asked: int
    hit: int
    first: int
    told: int
    right: int
    silent: int


def complaints(file: Path) -> list[Complaint]:
    """Those with words, the oldest first."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = [row for row in csv.DictReader(opened) if row["Consumer complaint narrative"].strip()]
    rows.sort(key=lambda row: datetime.strptime(row["Date received"], "%Y/%m/%d").replace(tzinfo=UTC))
    return [
        Complaint(row["Consumer complaint narrative"], (row["Product"], row["Issue"])) for row in rows
    ]


def by_full_text(number: int, known: Sequence[Complaint], work: ReadOnlyWork) -> Sequence[int]:
    """The first three in the order of the full text."""
    asked = asked_for(known[number - 1].text, any=True)
    found = work.search.find(asked, {"P1"}, MAX_COMPARED)
    return [other for other in found if other < number][:MAX_CARRIED]


def compared(number: int, known: Sequence[Complaint], work: ReadOnlyWork) -> Sequence[int]:
    """Those that a retro is told of."""
    asked = asked_for(known[number - 1].text, any=True)
    found = work.search.find(asked, {"P1"}, MAX_COMPARED)
    texts = {other: known[other - 1].text for other in found if other < number}
    return most_alike(known[number - 1].text, texts, MAX_CARRIED)


def measure(
    known: Sequence[Complaint], rank: Callable[[int, Sequence[Complaint], ReadOnlyWork], Sequence[int]]
) -> Figures:
    """What a ranking finds, each case among those before it."""
    hit = first = told = right = silent = asked = 0
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'alike.db'}")
        database.prepare()
        for number, complaint in enumerate(known, 1):
            with open_work(database, "W", writes=True) as work:
                work.cases.add(a_case(what_happened=complaint.text))
                work.flush()
                if number > KNOWN_BEFORE and number % EVERY == 0:
                    found = rank(number, known, work)
                    same = [known[other - 1].filed == complaint.filed for other in found]
                    asked, hit, first = asked + 1, hit + any(same), first + bool(same and same[0])
                    told, right, silent = told + len(same), right + sum(same), silent + (not same)
                work.commit()
        database.close()
    return Figures(asked, hit, first, told, right, silent)


def main() -> None:
    """Prints the figures of both."""
    known = complaints(Path(sys.argv[1]))
    for name, rank in (("plain", by_full_text), ("compared", compared)):
        print(name, measure(known, rank))


if __name__ == "__main__":
    main()
