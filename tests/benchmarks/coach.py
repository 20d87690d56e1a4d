"""(coach) How often the coach is right, how often it speaks for nothing, and how long it takes."""

import ast
import csv
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import median

from bot.coach.coach import read_for_customer, read_for_team
from tests.benchmarks.figure import Figure, ms, percentile
from tests.coach.measured import DEV_SETS, LANGUAGE, Labelled, dev_set, flagged, own, scores
from tests.shared import COMPLAINTS, ROOT

AIMS = {"team": "0.90, 0.75", "customer": "0.85, 0.75"}
WORDS = 500
ROUNDS = 400
MAX_SENTENCES = 20_000
_RESIDENT = """
import psutil
before = psutil.Process().memory_info().rss
from bot.coach.coach import read_for_customer, read_for_team
for line in open({file!r}, encoding="utf-8"):
    read_for_team(line)
    read_for_customer(line)
print((psutil.Process().memory_info().rss - before) / 2**20)
"""


async def measure(folder: Path) -> list[Figure]:
    """Rows for every label, for prose that should be left alone, and for 500 words."""
    return [*_rightness(), *_silence(), *_time(), _memory(folder)]


def _rightness() -> Iterator[Figure]:
    for recipient_id, file in DEV_SETS.items():
        if not (LANGUAGE / file).exists():
            yield Figure(f"coach  {file}", f"skipped: {LANGUAGE / file} is not here")
        else:
            rows = dev_set(recipient_id)
            sure = [row for row in rows if not row.doubtful]
            yield from _scored(f"{file}, all {len(rows)}", rows, recipient_id)
            yield from _scored(f"{file}, the {len(sure)} that are not borderline", sure, recipient_id)
        for part in (recipient_id, f"{recipient_id}_held_out"):
            texts = own(part)
            yield from _scored(f"our own {part.replace('_', ' ')}, {len(texts)}", texts, recipient_id)


def _scored(what: str, texts: Sequence[Labelled], recipient_id: str) -> Iterator[Figure]:
    for label, score in scores(texts, recipient_id).items():
        of = f"of {score.right + score.wrong} marked and {score.right + score.missed} to mark"
        yield Figure(
            f"coach  precision, recall: {label}, {what}",
            f"{score.precision:.2f}, {score.recall:.2f}",
            of,
            aim=AIMS[recipient_id],
        )


def _silence() -> Iterator[Figure]:
    """Software prose has nobody to blame and no customer; complaints have, and are here to compare."""
    texts = {"Python's and our own documentation": list(_documentation())}
    if COMPLAINTS.exists():
        texts["complaints by customers (these do blame)"] = list(_complaints())
    else:
        yield Figure("coach  complaints", f"skipped: {COMPLAINTS} is not here")
    for what, sentences in texts.items():
        for recipient_id in DEV_SETS:
            share = sum(flagged(sentences, recipient_id)) / len(sentences)
            yield Figure(
                f"coach  marked for the {recipient_id}: {what}",
                f"{share:.2%}",
                f"of {len(sentences)} sentences",
                aim="-" if "blame" in what else "< 0.3%",
            )


def _documentation() -> Iterator[str]:
    files = [*Path(ast.__file__).parent.glob("*.py"), *ROOT.glob("*/**/*.py")]
    texts = [(ROOT / "README.md").read_text(encoding="utf-8")]
    for file in sorted(files):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                texts.append(ast.get_docstring(node) or "")
    yield from islice(_sentences(texts), MAX_SENTENCES)


def _complaints() -> Iterator[str]:
    with COMPLAINTS.open(encoding="utf-8", newline="") as file:
        texts = [row["Consumer complaint narrative"] for row in csv.DictReader(file)]
    yield from islice(_sentences(texts), MAX_SENTENCES)


def _sentences(texts: Sequence[str]) -> Iterator[str]:
    seen = set()
    for text in texts:
        for sentence in re.split(r"(?<=[.!?])\s+", " ".join(text.split())):
            if 20 < len(sentence) < 400 and sentence not in seen:
                seen.add(sentence)
                yield sentence


def _time() -> Iterator[Figure]:
    chance = random.Random(1)
    for recipient_id, read in (("team", read_for_team), ("customer", read_for_customer)):
        sentences = [
            each.text for part in (recipient_id, f"{recipient_id}_held_out") for each in own(part)
        ]
        took: list[float] = []
        for _ in range(ROUNDS):
            chance.shuffle(sentences)
            text = " ".join(" ".join(sentences * 2).split()[:WORDS])
            began = time.perf_counter()
            read(text)
            took.append(time.perf_counter() - began)
        yield Figure(
            f"coach  {WORDS} words for the {recipient_id}, p50 and p99",
            f"{ms(median(took))}, {ms(percentile(took, 99))}",
            aim="p99 < 20 ms",
        )


def _memory(folder: Path) -> Figure:
    file = folder / "texts.txt"
    texts = [each.text for part in ("team", "customer") for each in own(part)]
    file.write_text("\n".join(texts * 10), encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-c", _RESIDENT.format(file=str(file))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return Figure(
        "coach  memory on top of a bare Python", f"{float(told.stdout):.0f} MiB", aim="< 100 MiB"
    )
