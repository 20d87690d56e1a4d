"""The little language that rules are written in, and how it finds words in a sentence.

A pattern is a line of words. `a|b` is one of several words, `<name>` any word of that list, `[a]` a
word that may be missing, `a_b` the two in a row, `..` up to three words of the same clause, `...` up to
eight that may pass commas, `!a|b` "and now none of these", `^` the beginning of the sentence, `$` its
end or that of its clause, `=` the word three before it once more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from sys import intern
from typing import NamedTuple, Protocol

from bot.coach.words import Word


class Misread(ValueError):
    """A pattern that cannot be meant, told in one sentence."""


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
    """The word lists of a language, turned around: from a word to its lists, each written `<name>`."""

    def __init__(self, lists: Mapping[str, WordList]):
        self._lists = lists
        self._always: dict[str, tuple[str, ...]] = {}
        self._capital: dict[str, tuple[str, ...]] = {}
        self._endings: list[tuple[bool, tuple[str, ...], frozenset[str], str]] = []
        self._places: dict[str, OneOf] = {}
        for name, listed in lists.items():
            index = self._capital if listed.capital else self._always
            for word in listed.words:
                index[word] = (*index.get(word, ()), f"<{name}>")
            if listed.endings:
                self._endings.append((listed.capital, listed.endings, listed.exceptions, f"<{name}>"))

    def lists_of(self, word: Word) -> tuple[str, ...]:
        """Every list that the word is in."""
        found = self._always.get(word.word, ())
        if word.capital:
            found += self._capital.get(word.word, ())
        if len(word.word) > 3:
            for capital, endings, exceptions, name in self._endings:
                if capital and not word.capital:
                    continue
                if word.word.endswith(endings) and word.word not in exceptions:
                    found += (name,)
        return found

    def place(self, options: str) -> "OneOf":
        """The place for `a|b_c|<name>`: one object for all patterns, which share most of theirs.

        Raises KeyError when there is no such list, Misread when an option is empty.
        """
        if options not in self._places:
            phrases: dict[str, tuple[tuple[str, ...], ...]] = {}
            lists: set[str] = set()
            needed: set[str] = set()
            for option in options.split("|"):
                if option.startswith("<"):
                    lists |= self._parts(option[1:-1])
                    continue
                words = [intern(word) for word in option.split("_")]  # most stand in many patterns
                if not words[0]:
                    raise Misread(f"There is an empty option in {options!r}.")
                phrases[words[0]] = (*phrases.get(words[0], ()), tuple(words[1:]))
                needed.add(max(words, key=len))
            self._places[options] = OneOf(phrases, frozenset(lists), frozenset(needed | lists))
        return self._places[options]

    def _parts(self, name: str) -> set[str]:
        return {f"<{name}>"}.union(*(self._parts(part) for part in self._lists[name].also))


class Sentence:
    """A sentence in the form that patterns search; `known` holds its words and the lists they are in."""

    def __init__(self, words: Sequence[Word], lexicon: Lexicon):
        self.words = words
        self.plain = tuple(word.word for word in words)
        self.lists = [lexicon.lists_of(word) for word in words]
        self.known = frozenset(self.plain).union(*self.lists)

    def may_meet(self, pattern: "Pattern") -> bool:
        """Whether it has a word of each of those that the pattern needs."""
        return not any(map(self.known.isdisjoint, pattern.needs))

    def found_by(self, pattern: "Pattern") -> Iterator[range]:
        """The numbers of the words of every place that fits, in order, none twice."""
        if not self.may_meet(pattern):
            return
        lost: set[int] = set()
        after = 0
        for start, word in enumerate(self.plain):
            if start < after or not pattern.may_begin(word, self.lists[start]):
                continue
            end = pattern.end(self, start, lost)
            if end is not None:
                after = end
                yield range(start, end)


class Place(Protocol):
    """One place of a pattern."""

    def ends(self, sentence: Sentence, start: int) -> Iterable[int]:
        """Where what fills this place from word `start` may end, the best way first."""


class OneOf(NamedTuple):
    """One of several: `phrases` by their first word, then any word of the `lists`.

    `needed`: of each way to fill this place the longest word, or the list.
    """

    phrases: Mapping[str, Sequence[tuple[str, ...]]]
    lists: frozenset[str]
    needed: frozenset[str]

    def ends(self, sentence: Sentence, start: int) -> Sequence[int]:
        """As the rule names them; the lists come last."""
        if start == len(sentence.plain):
            return ()
        found = []
        for more in self.phrases.get(sentence.plain[start], ()):
            end = start + 1 + len(more)
            if sentence.plain[start + 1 : end] == more:
                found.append(end)
        if not self.lists.isdisjoint(sentence.lists[start]):
            found.append(start + 1)
        return found


class _Optional(NamedTuple):
    inner: OneOf

    def ends(self, sentence: Sentence, start: int) -> Iterable[int]:
        return (*self.inner.ends(sentence, start), start)


class _NoneOf(NamedTuple):
    inner: OneOf

    def ends(self, sentence: Sentence, start: int) -> Iterable[int]:
        return () if self.inner.ends(sentence, start) else (start,)


class _Gap(NamedTuple):
    most: int
    stops: frozenset[str]

    def ends(self, sentence: Sentence, start: int) -> Iterable[int]:
        yield start
        for end, word in enumerate(sentence.plain[start : start + self.most], start + 1):
            if word in self.stops:
                return
            yield end


class _Beginning:
    def ends(self, sentence: Sentence, start: int) -> Iterable[int]:
        return () if start else (0,)


class _End:
    def ends(self, sentence: Sentence, start: int) -> Iterable[int]:
        ends = start == len(sentence.plain) or sentence.plain[start] in _CLAUSE
        return (start,) if ends else ()


class _OnceMore:
    def ends(self, sentence: Sentence, start: int) -> Iterable[int]:
        here = sentence.plain[start : start + 1]
        return (start + 1,) if here and here == sentence.plain[start - 3 : start - 2] else ()


_CLAUSE = frozenset(',;:()—–"?!')
_OTHERS: Mapping[str, Place] = {
    "^": _Beginning(),
    "$": _End(),
    "=": _OnceMore(),
    "..": _Gap(3, _CLAUSE),
    "...": _Gap(8, frozenset(";:()—–?!")),
}


class Pattern:
    """A line of a rule, ready to search; a sentence without a word of each of `needs` cannot fit."""

    def __init__(self, line: str, places: Sequence[Place]):
        self.line = line
        self.needs = tuple(place.needed for place in places if isinstance(place, OneOf))
        self._places = places
        self._first = _first(places)

    def may_begin(self, word: str, lists: Sequence[str]) -> bool:
        """Whether this may be its first word; to ask is quicker than to try."""
        first = self._first
        return not first or word in first or not first.isdisjoint(lists)

    def end(self, sentence: Sentence, start: int, lost: set[int], number: int = 0) -> int | None:
        """Where its places from `number` on end when they begin at word `start`; None: they do not fit.

        `lost` remembers what does not, so that no sentence takes long, however many ways there are.
        """
        if number == len(self._places):
            return start
        way = start * len(self._places) + number
        if way in lost:
            return None
        for following in self._places[number].ends(sentence, start):
            end = self.end(sentence, following, lost, number + 1)
            if end is not None:
                return end
        lost.add(way)
        return None


def _first(places: Sequence[Place]) -> frozenset[str]:
    """The words and lists that a pattern may begin with; empty when it may be any word."""
    every: set[str] = set()
    for place in places:
        here = place.inner if isinstance(place, _Optional) else place
        if isinstance(here, OneOf):
            every |= here.phrases.keys() | here.lists
        elif not isinstance(here, _Beginning):
            break
        if isinstance(place, OneOf):
            return frozenset(every)
    return frozenset()


def compiled(line: str, lexicon: Lexicon) -> Pattern:
    """The pattern of a line; raises Misread when it cannot be meant."""
    try:
        pattern = Pattern(line, [_place(element, lexicon) for element in line.lower().split()])
    except KeyError as unknown:
        raise Misread(f"The pattern {line!r} names a list that is not there: {unknown}.") from None
    if not pattern.needs:
        raise Misread(f"The pattern {line!r} needs at least one word that is written out.")
    return pattern


def _place(element: str, lexicon: Lexicon) -> Place:
    if element in _OTHERS:
        return _OTHERS[element]
    if element.startswith("!"):
        return _NoneOf(lexicon.place(element[1:]))
    if element.startswith("[") and element.endswith("]"):
        return _Optional(lexicon.place(element[1:-1]))
    return lexicon.place(element)
