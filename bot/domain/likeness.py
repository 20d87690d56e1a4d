"""How alike two cases are, in any language: whether one may be the other, marked failed once more."""

import re
import unicodedata
from datetime import timedelta

from bot.domain.case import Case

WITHIN = timedelta(days=7)
"""How long a case may be back to be taken for the same."""
ALIKE = 0.7
"""From this share of common groups of letters on (Dice's coefficient, 0 to 1) two texts are alike."""
MIN_GROUPS = 12
"""A text with fewer groups, such as "Lost again", says too little to be taken for another."""
READ = 1_000
"""Characters that are compared, so that long texts cost no more."""
NUMBER = re.compile(r"\d+")


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
