"""How alike two cases are, in any language: whether one may be the other, or has something to teach."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from bot.domain.case import Case
from bot.domain.search import spans

WITHIN = timedelta(days=7)
"""How long a case may be back to be taken for the same."""
ALIKE = 0.7
"""From this share of common groups of letters on (Dice's coefficient, 0 to 1) two texts are alike."""
MIN_GROUPS = 12
"""A text with fewer groups, such as "Lost again", says too little to be taken for another."""
READ = 1_000
"""Characters that are compared, so that long texts cost no more."""
NUMBER = re.compile(r"\d+")

LAST_SPACED = "\u0e00"
"""Words of scripts from here on are two letters long (Latin letters with accents are folded away)."""
TEACHES = 0.2
"""From this cosine on (0 to 1) an earlier case is told of: three in four of those are really of the same
product and issue, see docs/decisions/carry-over.md."""
UNKNOWN = 10
"""Texts that are taken to have none of the words: among two or three, rare and common look the same."""
MIN_SHARED = 3
"""Words that both must have: with fewer earlier cases to compare with, chance alone makes two alike."""
MIN_LETTERS = 4
"""Shorter words are mostly those that every text has; without spaces two letters are a word."""


def most_alike(text: str, others: Mapping[int, str], limit: int) -> Sequence[int]:
    """Those of other texts, by their keys, that are about much the same, the most alike first.

    By the cosine of their words, each of which weighs more the fewer of the others have it.
    """
    these = Counter(_telling(text))
    read = {key: Counter(_telling(other)) for key, other in others.items()}
    known = Counter(word for words in read.values() for word in words)
    own = _weighed(these, known, len(read))
    scores = {
        key: _cosine(own, _weighed(words, known, len(read)))
        for key, words in read.items()
        if len(words.keys() & these.keys()) >= MIN_SHARED
    }
    near = [key for key, score in scores.items() if score >= TEACHES]
    return sorted(near, key=lambda key: (-scores[key], -key))[:limit]


def _telling(text: str) -> Iterable[str]:
    for span in spans(text):
        if len(span.word) >= MIN_LETTERS or span.word.isdigit() or span.word > LAST_SPACED:
            yield span.word


def _weighed(words: Counter[str], known: Counter[str], of: int) -> dict[str, float]:
    """Each word's weight (1 + log of how often) × log of how rare, all of length 1 together."""
    weights = {
        word: (1 + math.log(count)) * math.log((of + UNKNOWN) / (known[word] + 0.5))
        for word, count in words.items()
        if known[word] <= of
    }
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {word: weight / length for word, weight in weights.items()}


def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
    return sum(weight * other.get(word, 0.0) for word, weight in one.items())


def may_be(new: Case, known: Case) -> bool:
    """Whether a case that is to be opened may be this one: its customer, or nearly its words."""
    customer = _folded(new.customer or "")
    if customer and customer == _folded(known.customer or ""):
        return True
    return are_alike(new.what_happened, known.what_happened)


def are_alike(one: str, other: str) -> bool:
    """Whether two texts say nearly the same, by the groups of three letters that they have in common.

    Groups of letters, and no words: not every language puts spaces between them, and endings differ.
    Texts that name different numbers are about different things, however alike the rest is.
    """
    first, second = _folded(one[:READ]), _folded(other[:READ])
    if set(NUMBER.findall(first)) != set(NUMBER.findall(second)):
        return False
    groups, others = _groups(first), _groups(second)
    if min(len(groups), len(others)) < MIN_GROUPS:
        return False
    return 2 * len(groups & others) / (len(groups) + len(others)) >= ALIKE


def _folded(text: str) -> str:
    """Its letters and digits, alike whether large or small, with one space where anything else stood."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(letter if letter.isalnum() else " " for letter in plain).split())


def _groups(folded: str) -> frozenset[str]:
    padded = f" {folded} "
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2))
