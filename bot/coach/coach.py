"""Reads what somebody wrote and says which words may hurt, for the team or for a customer.

Pure: no network, no state, nothing kept. The remarks are for the writer alone and block nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, get_args

from pydantic import BaseModel

from bot.coach.pattern import Pattern, Sentence
from bot.coach.rules import Flag, Hint, Language, Rule, Rulebook, Sign
from bot.coach.rules import language as read_language
from bot.coach.words import sentences

FLAGS: tuple[Flag, ...] = get_args(Flag)
DENIED_WITHIN = 4
"""Words before what was found in which a denial forgives it."""

WHOLE = 2
"""Sentences from which on a text can show how its words are meant."""
LONGER = 3
"""Sentences from which on a text tells by itself whether something went wrong."""
REPORTED_WITHIN = 60
"""Words before what was found in which it is said that somebody else said it."""


class Remark(BaseModel, frozen=True):
    """One thing to look at again: where, what it may do to the reader (one sentence), better words."""

    label: Flag | Hint
    words: str
    """Exactly as they stand in the text; empty when something is missing."""
    also: tuple[str, ...] = ()
    """Other words of the text of which the same is to be said."""
    why: str
    instead: str


def read_for_team(text: str, language: str = "en") -> tuple[Remark, ...]:
    """Remarks on words in a retro, in the order of the text; none on a text in another language.

    Raises ValueError when there are no rules for `language`.
    """
    known = read_language(language)
    return _remarks(text, _sentences(text, known), known, known.team)


def read_for_customer(
    text: str, language: str = "en", *, whole: bool = True, owed: bool = False
) -> tuple[Remark, ...]:
    """Remarks on words to a customer, in the order of the text, and then on what is missing.

    `whole`: the text is all that the customer will read. Such a text can miss something where it
    apologises, excuses or denies, or where its writer said that an apology is `owed`; an ordinary
    letter misses nothing. Raises ValueError when there are no rules for `language`.
    """
    known = read_language(language)
    read = _sentences(text, known)
    remarks = _remarks(text, read, known, known.customer)
    if whole and read and (owed or remarks or _shows(known.customer.signs.apology, read)):
        return (*remarks, *_missing(read, known, owed))
    return remarks


def labels(remarks: Iterable[Remark]) -> list[str]:
    """What a text is marked with: each label once, in the order of the design; hints are not marks."""
    there = {remark.label for remark in remarks}
    return [flag for flag in FLAGS if flag in there]


def said_once(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """The same remarks, where those that say the same have become one that names the words of all."""
    once: dict[tuple[str, str, str], Remark] = {}
    for remark in remarks:
        same = (remark.label, remark.why, remark.instead)
        if first := once.get(same):
            others = dict.fromkeys((*first.also, remark.words, *remark.also))
            others.pop(first.words, None)
            once[same] = first.model_copy(update={"also": tuple(others)})
        else:
            once[same] = remark
    return tuple(once.values())


class _Found(NamedTuple):
    sentence: int
    start: int
    end: int
    rule: Rule
    evident: bool
    """Whether these words are evidence in whatever text they stand."""
    words: tuple[str, ...]


def _sentences(text: str, known: Language) -> list[Sentence]:
    """Its sentences; none when it is in another language."""
    read = [Sentence(words, known.lexicon) for words in sentences(text, known.spelling)]
    return read if _is_in(known, read) else []


def _remarks(
    text: str, read: Sequence[Sentence], known: Language, rules: Rulebook
) -> tuple[Remark, ...]:
    found: list[_Found] = []
    for number, sentence in enumerate(read):
        nearby = read[max(0, number - 1) : number + 2]
        for rule, patterns in rules.possible(sentence):
            found += _found(rule, patterns, sentence, number, nearby, known, rules)
    told = _not_asked_too(_longest(_meant(found, read, rules), len(text)))
    return said_once(_remark(each, text[each.start : each.end]) for each in told)


def _meant(found: Sequence[_Found], read: Sequence[Sentence], rules: Rulebook) -> Iterator[_Found]:
    """Without what is no evidence in a text like this one.

    Weak words mean nothing in a letter that makes something good, in an account of how things came
    about, and where nothing went wrong, unless they add up.
    """
    if not found or len(read) < WHOLE:
        yield from found
        return
    signs = rules.signs
    owned = _shows(signs.owned, read)
    smooth = len(read) >= LONGER and bool(signs.trouble.says) and not _shows(signs.trouble, read)
    calm = (owned or smooth or _shows(signs.calm, read)) and not _adds_up(found)
    for each in found:
        if (each.evident or not calm) and not (owned and each.rule.owned_is_fine):
            yield each


def _adds_up(found: Iterable[_Found]) -> bool:
    """Whether two sentences judge others in different words: one may be chance, two are a tone."""
    judging = (each for each in found if each.rule.label in FLAGS and not each.rule.of_oneself)
    return len(set({each.words: each.sentence for each in judging}.values())) > 1


def _missing(read: Sequence[Sentence], known: Language, owed: bool) -> Iterator[Remark]:
    def shows(sign: str | None) -> bool:
        return sign is not None and _shows(getattr(known.customer.signs, sign), read)

    for rule in known.missing:
        there = shows(rule.shown_by) or any(_says(sentence, rule.says) for sentence in read)
        if not there and (owed or not shows(rule.not_asked_if)):
            yield Remark(label=rule.label, words="", why=rule.why, instead=rule.instead)


def _shows(sign: Sign, read: Sequence[Sentence]) -> bool:
    for sentence in read:
        fine = _covered(sentence, sign.fine)
        places = (place for pattern in sign.says for place in sentence.found_by(pattern))
        if any(fine.isdisjoint(place) for place in places):
            return True
    return False


def _covered(sentence: Sentence, patterns: Iterable[Pattern]) -> frozenset[int]:
    """The numbers of the words that these patterns find."""
    return frozenset(
        number for pattern in patterns for place in sentence.found_by(pattern) for number in place
    )


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
    number: int,
    nearby: Sequence[Sentence],
    known: Language,
    rules: Rulebook,
) -> Iterator[_Found]:
    places = [(place, pattern) for pattern in patterns for place in sentence.found_by(pattern)]
    if not places or any(_says(each, rule.fine_nearby) for each in nearby):
        return
    fine = _covered(sentence, rule.fine)
    aside = [words for pattern in rules.aside for words in sentence.found_by(pattern)]
    for place, pattern in places:
        if not fine.isdisjoint(place) or _is_aside(place, aside, sentence, known):
            continue
        if rule.denied_is_fine and _denied(place, sentence, known):
            continue
        if _reported(place, sentence, known):
            continue
        spoken_to = _spoken_to(rule, place, sentence, known, rules)
        yield _Found(
            sentence=number,
            start=sentence.words[place.start].start,
            end=sentence.words[place.stop - 1].end,
            rule=spoken_to,
            # A slip of one's own is evidence only in the words of self-blame.
            evident=spoken_to is rule and pattern in rule.says,
            words=sentence.plain[place.start : place.stop],
        )


def _is_aside(place: range, aside: Iterable[range], sentence: Sentence, known: Language) -> bool:
    """Whether the writer does not judge here: "she told us that ...", "it is not about who ..."."""
    return any(
        words.start <= place.start <= words.stop + REPORTED_WITHIN
        and known.turns.isdisjoint(sentence.plain[words.stop : place.start])
        for words in aside
    )


def _spoken_to(rule: Rule, place: range, sentence: Sentence, known: Language, rules: Rulebook) -> Rule:
    """The rule, or the one that speaks to writers who blame themselves, where these words do so."""

    def theirs(number: int) -> bool:
        return not known.anybody.isdisjoint(sentence.lists[number])

    last = len(sentence.words) - 1
    for number in range(max(0, place.start - 1), place.stop):  # "I" may stand just before
        if theirs(number):
            break
        if sentence.plain[number] in known.oneself and not theirs(min(number + 1, last)):
            return rules.of_oneself.get(rule.label, rule)
    return rule


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


def _not_asked_too(found: Sequence[_Found]) -> Iterator[_Found]:
    """Without the hints on words that are marked already, for a hint says the same more mildly."""
    for each in found:
        marked = (other for other in found if other.rule.label in FLAGS)
        if each.rule.label in FLAGS or not any(
            other.start < each.end and each.start < other.end for other in marked
        ):
            yield each


def _remark(found: _Found, words: str) -> Remark:
    """What there is to say; a word that it names is one of those found."""
    rule = found.rule
    for naming in rule.naming:
        for word in found.words:
            if word in naming.words:
                why = naming.why.replace("{word}", word.capitalize())
                return Remark(label=rule.label, words=words, why=why, instead=naming.instead)
    return Remark(label=rule.label, words=words, why=rule.why, instead=rule.instead)
