"""What is searched of a case, and how words are told apart: alike on every database, in any language.

A word is folded: small letters, without accents. Scripts that put no space between words are read two
letters at a time. Nothing here knows who wrote what.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from bot.domain.action_item import ActionItem
from bot.domain.case import Case, by_case
from bot.domain.forget import REMOVED, customers_words
from bot.domain.prompt import Prompts
from bot.domain.recovery import Recovery
from bot.domain.retro import Answer, Retro

Field = Literal["case", "item", "customer", "answer"]
FIELDS: tuple[Field, ...] = ("case", "item", "customer", "answer")
"""What texts are of, those that weigh most first: `storage/search_index.py` has a weight for each."""

WHAT_HAPPENED = "What happened"

MAX_LETTERS = 40
"""Of a word: what is longer is cut, where it is stored and where it is asked for."""
MAX_ASKED = 12
"""Words of a question that are looked for; nobody types more of them to find something."""
MAX_INDEXED = 2_000
"""Different words of one field of a case, some thirty pages: PostgreSQL takes a megabyte of them."""
MIN_PREFIX = 3
"""Letters from which on a word also finds those that only begin with it."""
SNIPPET = 160
"""Characters of a text around its first word that was found."""

_RUN = re.compile(
    r"(?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0df3]"
    r"|[\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u109d\u17b4-\u17d3])+"
)
"""Letters, digits and what is written onto them; of Hebrew, Arabic, the scripts of India, Thai, Lao,
Burmese and Khmer as well."""
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff66-\uffdc"
    "\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Chinese, Japanese and Korean, which two letters at a time serve as well."""
_PARTS = re.compile(rf"([{_UNSPACED}]+)|[^{_UNSPACED}]+")
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
"""Letters of the Latin alphabet that Unicode does not take apart, though people leave out the stroke."""


class Text(NamedTuple):
    """One text of a case that can be found: what it is `of`, as people call it."""

    field: Field
    of: str
    words: str
    item: int | None = None
    """The number of the item that it is of."""
    unnamed: bool = False
    """It is an answer without a name, whose place among others must not be kept."""


class Asked(NamedTuple):
    """What somebody looks for: folded words, each of which must be there, or `any` of them."""

    words: tuple[str, ...]
    any: bool = False


class Span(NamedTuple):
    """A word as it stands in a text, from `start` to before `end`, and as it is folded."""

    start: int
    end: int
    word: str


def texts(
    case: Case,
    answers: Iterable[Answer],
    items: Iterable[ActionItem],
    recovery: Recovery | None,
    prompts: Prompts = (),
) -> list[Text]:
    """All that is searched of a case; nothing of one that is cancelled. This is the one list of it.

    `prompts`: what its retro asks, so that an answer says to which of them; that is not searched.
    """
    if case.cancelled:
        return []
    found = [
        Text("case", WHAT_HAPPENED, case.what_happened),
        Text("case", "Reference", case.reference or ""),
        Text("case", "Customer", case.customer or ""),
    ]
    for item in items:
        evidence = [moved.words for moved in item.history if moved.step in ("done", "verify")]
        words = (item.what, item.measure, *evidence)
        found += [Text("item", item.label, one, item.number) for one in words]
    if recovery is not None:
        found += [Text("customer", "In the customer's words", one) for one in customers_words(recovery)]
    found += [
        Text("answer", _answer_to(answer, prompts), answer.text, unnamed=answer.author is None)
        for answer in answers
    ]
    return [text for text in found if text.words and text.words != REMOVED]


def _answer_to(answer: Answer, prompts: Prompts) -> str:
    label = next((prompt.label for prompt in prompts if prompt.key == answer.prompt), "")
    return f"Answer · {label}" if label else "Answer"


def texts_by_case(
    cases: Mapping[int, Case],
    answers: Iterable[Answer],
    items: Iterable[ActionItem],
    recoveries: Mapping[int, Recovery],
    retros: Mapping[int, Retro] | None = None,
) -> dict[int, list[Text]]:
    """All that is searched of each of these cases; with `retros` answers say which prompt is theirs."""
    answers_of, items_of = by_case(answers), by_case(items)
    asks = {number: retro.prompts for number, retro in (retros or {}).items()}
    return {
        number: texts(
            case, answers_of[number], items_of[number], recoveries.get(number), asks.get(number, ())
        )
        for number, case in cases.items()
    }


def asked_for(typed: str, *, any: bool = False) -> Asked:
    """What typed words look for; signs between them mean nothing."""
    words = dict.fromkeys(span.word for span in spans(typed))
    return Asked(tuple(words)[:MAX_ASKED], any)


def spans(text: str) -> Iterator[Span]:
    """The words of a text where they stand, in order; those of scripts without spaces overlap."""
    for run in _RUN.finditer(text):
        start = run.start()
        for part in _PARTS.finditer(run[0]):
            letters, at = part[0], start + part.start()
            wide = 2 if part[1] else len(letters)
            for place in range(max(len(letters) - wide, 0) + 1):
                if word := folded(letters[place : place + wide]):
                    yield Span(at + place, at + min(place + wide, len(letters)), word)


def folded(letters: str) -> str:
    """Letters and digits as they are compared: small, without accents; "" where there are none."""
    if letters.isascii() and letters.isalnum():
        return letters.lower()[:MAX_LETTERS]  # most words, in a tenth of the time
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", letters).casefold())
    kept = "".join(filter(_is_kept, plain)).translate(_LETTERS)
    return unicodedata.normalize("NFC", kept)[:MAX_LETTERS]


def _is_kept(sign: str) -> bool:
    """Whether it is a letter, a digit, or a vowel written as a sign; an accent is none of them."""
    return sign.isalnum() or (unicodedata.category(sign)[0] == "M" and not unicodedata.combining(sign))


def words_of(found: Iterable[Text]) -> list[str]:
    """The folded words of texts in their order, at most MAX_INDEXED different ones."""
    words: list[str] = []
    known: set[str] = set()
    for text in found:
        for span in spans(text.words):
            if span.word not in known and len(known) == MAX_INDEXED:
                continue
            known.add(span.word)
            words.append(span.word)
    return words


def matches(word: str, asked: str) -> bool:
    """Whether a folded word is one that was asked for, or begins with it."""
    return word == asked or (is_prefix(asked) and word.startswith(asked))


def is_prefix(asked: str) -> bool:
    """Whether a word that was asked for also finds those that begin with it."""
    unspaced = _PARTS.match(asked)
    return len(asked) >= MIN_PREFIX or (unspaced is not None and unspaced[1] is not None)


def best(found: Sequence[Text], asked: Asked) -> Text | None:
    """The text that shows most of what was asked for; of several the first by FIELDS."""

    def shown(text: Text) -> tuple[int, int]:
        words = {span.word for span in spans(text.words)}
        there = sum(any(matches(word, one) for word in words) for one in asked.words)
        return there, -FIELDS.index(text.field)

    ranked = max(found, key=shown, default=None)
    return ranked if ranked is not None and shown(ranked)[0] else None


def snippet(text: str, asked: Asked, length: int = SNIPPET) -> list[tuple[str, bool]]:
    """A piece of a text around the first word found: its parts, and whether each was asked for."""
    line = " ".join(text.split())
    hits = [
        (span.start, span.end)
        for span in spans(line)
        if any(matches(span.word, one) for one in asked.words)
    ]
    first = hits[0][0] if hits else 0
    begin = 0 if len(line) <= length else _word_start(line, max(0, first - length // 4))
    end = len(line) if len(line) - begin <= length else _word_end(line, begin, begin + length)
    parts: list[tuple[str, bool]] = [("…", False)] if begin else []
    at = begin
    for start, stop in _joined(hits):
        if begin <= start and stop <= end:
            parts += [(line[at:start], False), (line[start:stop], True)]
            at = stop
    parts += [(line[at:end], False), ("…" if end < len(line) else "", False)]
    return [part for part in parts if part[0]]


def _joined(hits: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, stop in hits:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined


def _word_start(line: str, at: int) -> int:
    space = line.rfind(" ", max(0, at - MAX_LETTERS), at)
    return space + 1 if at and space >= 0 else at


def _word_end(line: str, begin: int, at: int) -> int:
    space = line.rfind(" ", max(begin, at - MAX_LETTERS), at)
    return space if space > begin else at
