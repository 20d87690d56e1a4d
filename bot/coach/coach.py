"""Reads what somebody wrote and says which words may hurt, for the team or for a customer.

Pure: no network, no state, nothing kept. The remarks are for the writer alone and block nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple, get_args

from pydantic import BaseModel

from bot.coach.pattern import Pattern, Sentence
from bot.coach.rules import Flag, Hint, Language, Rule, Rulebook
from bot.coach.rules import language as read_language
from bot.coach.words import sentences

FLAGS: tuple[Flag, ...] = get_args(Flag)
DENIED_WITHIN = 4
"""Words before what was found in which a denial forgives it."""


REPORTED_WITHIN = 60
"""Words before a quotation in which it is said to be one."""


class Remark(BaseModel, frozen=True):
    """One thing to look at again: where, what it may do to the reader (one sentence), better words."""

    label: Flag | Hint
    words: str
    """Exactly as they stand in the text; empty when something is missing."""
    why: str
    instead: str


def read_for_team(text: str, language: str = "en") -> tuple[Remark, ...]:
    """Remarks on words in a retro, in the order of the text; none on a text in another language.

    Raises ValueError when there are no rules for `language`.
    """
    known = read_language(language)
    return _read(text, known, known.team, ())


def read_for_customer(text: str, language: str = "en", *, whole: bool = True) -> tuple[Remark, ...]:
    """Remarks on words to a customer, in the order of the text, and then on what is missing.

    `whole`: the text is all that the customer will read, so what is missing is worth a remark.
    Raises ValueError when there are no rules for `language`.
    """
    known = read_language(language)
    return _read(text, known, known.customer, known.missing if whole else ())


def labels(remarks: Iterable[Remark]) -> list[str]:
    """What a text is marked with: each label once, in the order of the design; hints are not marks."""
    there = {remark.label for remark in remarks}
    return [flag for flag in FLAGS if flag in there]


class _Found(NamedTuple):
    start: int
    end: int
    rule: Rule


def _read(text: str, known: Language, rules: Rulebook, missing: Sequence[Rule]) -> tuple[Remark, ...]:
    read = [Sentence(words, known.lexicon) for words in sentences(text, known.spelling)]
    if not _is_in(known, read):
        return ()
    found: list[_Found] = []
    for number, sentence in enumerate(read):
        nearby = read[max(0, number - 1) : number + 2]
        for rule, patterns in rules.possible(sentence):
            found += _found(rule, patterns, sentence, nearby, known)
    remarks = [_remark(each.rule, text[each.start : each.end]) for each in _longest(found, len(text))]
    for rule in missing:
        if not any(_says(sentence, rule.says) for sentence in read):
            remarks.append(_remark(rule, ""))
    return tuple(remarks)


def _is_in(known: Language, read: Sequence[Sentence]) -> bool:
    """Whether the text is in this language: has words in its letters, and not more of another's."""
    words = [word.word for sentence in read for word in sentence.words]
    if not any(word[0].isascii() and word[0].isalpha() for word in words):
        return False
    return sum(word in known.common for word in words) >= sum(word in known.foreign for word in words)


def _found(
    rule: Rule,
    patterns: Iterable[Pattern],
    sentence: Sentence,
    nearby: Sequence[Sentence],
    known: Language,
) -> Iterable[_Found]:
    places = [place for pattern in patterns for place in sentence.found_by(pattern)]
    if not places or any(_says(each, rule.fine_nearby) for each in nearby):
        return
    fine = {number for pattern in rule.fine for place in sentence.found_by(pattern) for number in place}
    for place in places:
        if not fine.isdisjoint(place):
            continue
        if rule.denied_is_fine and _denied(place, sentence, known):
            continue
        if _reported(place, sentence, known):
            continue
        yield _Found(
            start=sentence.words[place.start].start, end=sentence.words[place.stop - 1].end, rule=rule
        )


def _denied(place: range, sentence: Sentence, known: Language) -> bool:
    first = max(0, place.start - DENIED_WITHIN)
    before = [word.word for word in sentence.words[first : place.start + 1]]
    return any(
        word in known.denials and following not in known.denials_broken_by
        for word, following in pairwise(before)
    )


def _reported(place: range, sentence: Sentence, known: Language) -> bool:
    """Whether these are words that somebody else said, between quotation marks."""
    inside = all(sentence.words[number].quoted for number in place)
    before = sentence.words[max(0, place.start - REPORTED_WITHIN) : place.start]
    return inside and any(word.word in known.reports for word in before)


def _says(sentence: Sentence, patterns: Iterable[Pattern]) -> bool:
    return any(True for pattern in patterns for _ in sentence.found_by(pattern))


def _longest(found: Iterable[_Found], length: int) -> list[_Found]:
    """In the order of the text; of those that overlap under one label, the one with the most words."""
    kept: list[_Found] = []
    taken: dict[str, bytearray] = defaultdict(lambda: bytearray(length))
    for each in sorted(found, key=lambda each: (each.start - each.end, each.start)):
        marks = taken[each.rule.label]
        if not any(marks[each.start : each.end]):
            marks[each.start : each.end] = b"x" * (each.end - each.start)
            kept.append(each)
    return sorted(kept, key=lambda each: (each.start, each.end))


def _remark(rule: Rule, words: str) -> Remark:
    return Remark(label=rule.label, words=words, why=rule.why, instead=rule.instead)
