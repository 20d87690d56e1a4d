"""A text as sentences of words, each of which knows where it stands in the text."""

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

LONGEST_WORD = 40
"""Letters that are compared; no rule knows a longer word, and a wall of letters must cost nothing."""

# One letter for one letter, so that places in the text stay what they are.
_LETTERS = str.maketrans("‘’‚′´＇“”„«»", "''''''\"\"\"\"\"")
# What a text may hold instead of plain letters: entities, what is there and cannot be seen, the rest.
_ODD = re.compile(
    r"""
      (?P<entity>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31});)
    | (?P<unseen>[\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff])
    | (?P<letter>[^\x00-\x7f])
    """,
    re.VERBOSE,
)
_PIECE = re.compile(
    r"""
      (?P<quoted_line>^[ \t]*>[^\n]*)            # what somebody else wrote, in Markdown
    | (?P<code>`[^`\n]{1,200}`)
    | (?P<link>https?://[^\s>]+|www\.[^\s>]+)
    | (?P<person><@[^>\s]{1,80}>|@[\w.-]+)       # a mention, as Slack writes it or as people do
    | (?P<word>\w[\w\u0300-\u036f]*(?:['-]\w[\w\u0300-\u036f]*)*)
    | (?P<end>[.!?\u2026]+(?=["')\]]*(?:\s|$))|[.!?](?=[A-Z])|\n[ \t]*\n|\n(?=[ \t]*[-*\u2022])|[!?]+)
    | (?P<mark>["'(),;:&\u2014\u2013-])
    """,
    re.VERBOSE | re.MULTILINE,
)
_NAMED = {"code": "`", "link": "link", "person": "@"}


class Word(NamedTuple):
    """A word or a mark in small letters, and the part `start:end` of the text that it stands for."""

    word: str
    start: int
    end: int
    capital: bool = False
    quoted: bool = False


class Spelling(NamedTuple):
    """What a language writes together or in short: "can't" is can not, "-n't" is not."""

    whole: Mapping[str, Sequence[str]]
    endings: Mapping[str, str]


def sentences(text: str, spelling: Spelling) -> Iterator[list[Word]]:
    """The sentences of a text in order; lines that begin with > are left out."""
    plain, origins = _plain(text)
    sentence: list[Word] = []
    for found in _PIECE.finditer(plain):
        kind = found.lastgroup
        start, end = found.span()
        if kind == "end":
            if found.group()[0] in "!?":
                sentence.append(_word(found.group()[0], start, end, origins))
            if sentence:
                yield _with_quotations(sentence)
            sentence = []
        elif kind == "word":
            for word, first, last in _spelt_out(found.group(), start, spelling):
                sentence.append(_word(word, first, last, origins, found.group()[0].isupper()))
        elif kind != "quoted_line":
            sentence.append(_word(_NAMED.get(str(kind), found.group()), start, end, origins))
    if sentence:
        yield _with_quotations(sentence)


def _plain(text: str) -> tuple[str, Sequence[int] | None]:
    """The text in plain letters, and where each of them came from; None: from the same place."""
    text = text.translate(_LETTERS)
    if text.isascii() and "&" not in text:
        return text, None
    letters: list[str] = []
    origins: list[int] = []

    def add(part: str, start: int, step: int) -> None:
        letters.append(part)
        origins.extend(start + step * index for index in range(len(part)))

    last = 0
    for found in _ODD.finditer(text):
        start, end = found.span()
        add(text[last:start], last, 1)
        add(_meant(found), start, 0)
        last = end
    add(text[last:], last, 1)
    # The end of the last letter: one past the text.
    return "".join(letters), (*origins, len(text))


def _meant(odd: re.Match[str]) -> str:
    if odd.lastgroup == "unseen":
        return ""
    if odd.lastgroup == "entity":
        return html.unescape(odd.group()).translate(_LETTERS)
    # Bold or wide letters that people paste are letters.
    return unicodedata.normalize("NFKC", odd.group())


def _word(word: str, start: int, end: int, origins: Sequence[int] | None, capital: bool = False) -> Word:
    if origins is not None:
        # The end is the end of the last letter's origin: an entity is several letters long.
        following = next(
            (origins[i] for i in range(end, len(origins)) if origins[i] > origins[end - 1]), 0
        )
        start, end = origins[start], following
    return Word(word[:LONGEST_WORD].lower(), start, end, capital)


def _spelt_out(word: str, start: int, spelling: Spelling) -> Iterator[tuple[str, int, int]]:
    end = start + len(word)
    small = word[:LONGEST_WORD].lower()
    if parts := spelling.whole.get(small):
        for part in parts:
            yield part, start, end
        return
    if "'" in small:
        for ending, meant in spelling.endings.items():
            if small.endswith(ending) and len(small) > len(ending) and len(word) <= LONGEST_WORD:
                cut = end - len(ending)
                yield word[: -len(ending)], start, cut
                yield meant, cut, end
                return
    yield word, start, end


def _with_quotations(sentence: list[Word]) -> list[Word]:
    """Marks what stands between two quotation marks of the same kind."""
    for mark in ('"', "'"):
        places = [index for index, word in enumerate(sentence) if word.word == mark]
        for first, last in zip(places[::2], places[1::2], strict=False):
            for index in range(first, last + 1):
                sentence[index] = sentence[index]._replace(quoted=True)
    return sentence
