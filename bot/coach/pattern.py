"""The little language that rules are written in, and how it finds words in a sentence.

A pattern is a line of words. `a|b` is one of several words, `<name>` any word of that list, `[a]` a
word that may be missing, `a_b` the two in a row, `..` up to three words of the same clause, `...` up to
eight that may pass commas, `!a|b` "and now none of these", `^` the beginning of the sentence.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from bot.coach.words import Word

_GAPS = {
    "..": r"(?:(?![,;:()—–\"?!]/)[^ ]+ ){0,3}?",
    "...": r"(?:(?![;:()—–?!]/)[^ ]+ ){0,8}?",
}


class WordList(NamedTuple):
    """Words that stand for each other: those named, and any with one of the endings, but the exceptions.

    `also` names lists that are part of this one; `capital`: only where the text writes a capital
    letter, as in a name (the lists that are part of it decide for themselves).
    """

    words: frozenset[str]
    endings: tuple[str, ...] = ()
    exceptions: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()
    capital: bool = False


class Lexicon:
    """The word lists of a language, turned around: from a word to the signs of its lists."""

    def __init__(self, lists: Mapping[str, WordList]):
        self.lists = lists
        # One sign for each list, from the letters that Unicode keeps free for such things.
        self._signs = {name: chr(0xE000 + number) for number, name in enumerate(lists)}
        self._always: dict[str, str] = {}
        self._capital: dict[str, str] = {}
        self._endings: list[tuple[tuple[str, ...], frozenset[str], str]] = []
        for name, listed in lists.items():
            sign = self._signs[name]
            index = self._capital if listed.capital else self._always
            for word in listed.words:
                index[word] = index.get(word, "") + sign
            if listed.endings:
                self._endings.append((listed.endings, listed.exceptions, sign))

    def signs_of(self, word: Word) -> str:
        """The signs of every list that the word is in."""
        signs = self._always.get(word.word, "")
        if word.capital:
            signs += self._capital.get(word.word, "")
        for endings, exceptions, sign in self._endings:
            if len(word.word) > 3 and word.word.endswith(endings) and word.word not in exceptions:
                signs += sign
        return signs

    def signs_in(self, name: str) -> str:
        """The signs that a word of this list may bear; raises KeyError when there is no such list."""
        return self._signs[name] + "".join(self.signs_in(other) for other in self.lists[name].also)

    def words_in(self, name: str) -> frozenset[str] | None:
        """Every word of a list; None when there is no end to them."""
        listed = self.lists[name]
        parts = [listed.words, *(self.words_in(other) for other in listed.also)]
        if listed.endings or None in parts:
            return None
        return frozenset().union(*(part for part in parts if part is not None))


class Sentence:
    """A sentence in the form that patterns search: every word with the signs of its lists."""

    def __init__(self, words: Sequence[Word], lexicon: Lexicon):
        self.words = words
        self.known = frozenset(word.word for word in words)
        pieces = [f"{word.word}/{lexicon.signs_of(word)} " for word in words]
        self.line = "".join(pieces)
        places = accumulate((len(piece) for piece in pieces), initial=0)
        self._number = {place: number for number, place in enumerate(places)}

    def found_by(self, pattern: "Pattern") -> Iterator[range]:
        """The numbers of the words of every place that fits, in order, none twice."""
        for needed in pattern.needs:
            if self.known.isdisjoint(needed):
                return
        after = 0
        for place, number in self._number.items():
            # To look only where the first word fits is several times quicker than to search the line.
            if place < after or number == len(self.words):
                continue
            if pattern.first and self.words[number].word not in pattern.first:
                continue
            found = pattern.expression.match(self.line, place)
            if found and found.group():
                after = found.end()
                yield range(number, self._number[after])


class Pattern:
    """A line of a rule, ready to search; a sentence without a word of each of `needs` cannot fit.

    `first` holds every word that it may begin with; empty when there is no end to them.
    """

    def __init__(self, line: str, source: str, needs: tuple[frozenset[str], ...], first: frozenset[str]):
        self.line = line
        self.needs = needs
        self.first = first
        self._source = source

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """Made when it is first searched: most of them never are, and the coach must start fast."""
        return re.compile(self._source)


class Misread(ValueError):
    """A pattern that cannot be meant, told in one sentence."""


def compiled(line: str, lexicon: Lexicon) -> Pattern:
    """The pattern of a line; raises Misread when it cannot be meant."""
    parts: list[str] = []
    needs: list[frozenset[str]] = []
    try:
        for element in line.lower().split():
            if element == "^":
                parts.append(r"\A")
            elif element in _GAPS:
                parts.append(_GAPS[element])
            elif element.startswith("!"):
                parts.append(f"(?!{_one_of(element[1:], lexicon)})")
            elif element.startswith("[") and element.endswith("]"):
                parts.append(f"(?:{_one_of(element[1:-1], lexicon)})?")
            else:
                parts.append(_one_of(element, lexicon))
                if needed := _needed(element, lexicon):
                    needs.append(needed)
    except KeyError as unknown:
        raise Misread(f"The pattern {line!r} names a list that is not there: {unknown}.") from None
    if not needs:
        raise Misread(f"The pattern {line!r} needs at least one word that is written out.")
    return Pattern(line, "".join(parts), tuple(needs), _first(line.lower().split(), lexicon))


def _first(elements: Sequence[str], lexicon: Lexicon) -> frozenset[str]:
    """Every word that a pattern may begin with; empty when there is no end to them."""
    every: set[str] = set()
    for element in elements:
        if element == "^":
            continue
        if element in _GAPS or element.startswith("!"):
            return frozenset()
        optional = element.startswith("[") and element.endswith("]")
        words = _words_of(element.strip("[]") if optional else element, lexicon, 0)
        if not words:
            return frozenset()
        every |= words
        if not optional:
            break
    return frozenset(every)


def _one_of(element: str, lexicon: Lexicon) -> str:
    options = element.split("|")
    names = [option[1:-1] for option in options if option.startswith("<")]
    ways = [
        "".join(f"{re.escape(word)}/[^ ]* " for word in option.split("_"))
        for option in options
        if not option.startswith("<")
    ]
    if any(way.startswith("/") for way in ways):
        raise Misread(f"There is an empty place in {element!r}.")
    if names:
        signs = "".join(lexicon.signs_in(name) for name in names)
        ways.append(f"[^ /]+/[^ {signs}]*[{signs}][^ ]* ")
    return f"(?:{'|'.join(ways)})"


def _needed(element: str, lexicon: Lexicon) -> frozenset[str]:
    """A word of each way to fill this place, the longest; empty when there is no end to them."""
    return _words_of(element, lexicon, None)


def _words_of(element: str, lexicon: Lexicon, number: int | None) -> frozenset[str]:
    """The words of that number in every option, or the longest; empty when there is no end to them."""
    every: set[str] = set()
    for option in element.split("|"):
        if option.startswith("<"):
            words = lexicon.words_in(option[1:-1])
            if words is None:
                return frozenset()
            every |= words
        else:
            parts = option.split("_")
            every.add(max(parts, key=len) if number is None else parts[number])
    return frozenset(every)
