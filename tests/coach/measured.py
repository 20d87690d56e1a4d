"""How often the coach is right: precision and recall per label, over texts whose labels are known."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bot.coach.coach import Remark, labels, read_for_customer, read_for_team
from tests.shared import SHARED

SENTENCES = Path(__file__).parent / "sentences"
LANGUAGE = SHARED / "data" / "language"
DEV_SETS = {"team": "blame_dev.jsonl", "customer": "apology_dev.jsonl"}


class Labelled(NamedTuple):
    """A text and what it should be marked with; `doubtful` where people would not agree."""

    text: str
    labels: frozenset[str]
    doubtful: bool = False


class Score(NamedTuple):
    """How many texts bear a label rightly, wrongly, and not though they should."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """The share of what was marked that should be; 1 when nothing was."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """The share of what should be marked that was; 1 when nothing should be."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def own(name: str) -> list[Labelled]:
    """Our own sentences from the file of that name."""
    lines = (SENTENCES / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines]
    return [Labelled(text, frozenset(said.split(",")) - {"ok", "none"}) for said, text in pairs]


def dev_set(reader: str) -> list[Labelled]:
    """The labelled sentences that came with the project, of which none may be shipped."""
    lines = (LANGUAGE / DEV_SETS[reader]).read_text(encoding="utf-8").splitlines()
    rows = (json.loads(line) for line in lines)
    return [
        Labelled(
            row["text"],
            frozenset(row.get("labels") or [row["label"]]) - {"ok", "none"},
            bool(row["borderline"]),
        )
        for row in rows
    ]


def ordinary(file: Path) -> list[tuple[str, str]]:
    """Texts in which nothing is to be marked: for whom each is, and what it says."""
    rows = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    return [(row["for"], row["text"]) for row in rows]


def read(text: str, reader: str) -> tuple[Remark, ...]:
    """All that the coach says of a text."""
    return read_for_team(text) if reader == "team" else read_for_customer(text)


def marked(text: str, reader: str) -> frozenset[str]:
    """What the coach marks a text with."""
    return frozenset(labels(read(text, reader)))


def scores(texts: Sequence[Labelled], reader: str) -> dict[str, Score]:
    """A score for every label that occurs, in order of the label."""
    counts: Counter[tuple[str, str]] = Counter()
    for each in texts:
        got = marked(each.text, reader)
        counts.update((label, "right") for label in got & each.labels)
        counts.update((label, "wrong") for label in got - each.labels)
        counts.update((label, "missed") for label in each.labels - got)
    return {
        label: Score(*(counts[label, kind] for kind in Score._fields))
        for label in sorted({label for label, _ in counts})
    }


def flagged(sentences: Iterable[str], reader: str) -> Iterator[bool]:
    """Whether each sentence is marked with anything."""
    return (bool(marked(sentence, reader)) for sentence in sentences)
