"""What the coach knows about a language: the TOML files of its folder, read once.

`words.toml` holds word lists, `team.toml` and `customer.toml` the rules for a reader each. A language
is added by adding a folder beside `en`; nothing else has to know.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from threading import Lock
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from bot.coach.pattern import Lexicon, Pattern, Sentence, WordList, compiled
from bot.coach.words import Spelling

Flag = Literal[
    "blame", "excuse", "passes_blame", "conditional_apology", "presumes_feelings", "combative"
]
"""What a text may be marked with; `coach` writes these very words."""
Hint = Literal["asks_why_or_who", "any_harm", "no_apology", "no_responsibility", "no_next_step"]
"""What is worth a remark and marks nothing."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


_READING = Lock()
"""Whoever asks for a language while another thread reads it waits for that, and does not read it too."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _WordsRead(_Read):
    words: str = ""
    endings: str = ""
    exceptions: str = ""
    also: tuple[str, ...] = ()
    capital: bool = False


class _SpellingRead(_Read):
    whole: dict[str, str]
    endings: dict[str, str]


class _LanguageRead(_Read):
    spelling: _SpellingRead
    common: str
    foreign: str
    denials: str
    denials_broken_by: str = ""
    reports: str
    turns: str = ""
    oneself: str = ""
    anybody: str = ""
    lists: dict[str, _WordsRead]


class _NamingRead(_Read):
    words: Line
    why: Line
    instead: Line | None = None


class _RuleRead(_Read):
    label: Flag | Hint
    kind: Line
    says: tuple[Line, ...] = ()
    may_say: tuple[Line, ...] = ()
    fine: tuple[Line, ...] = ()
    fine_nearby: tuple[Line, ...] = ()
    denied_is_fine: bool = False
    why: Line
    instead: Line
    naming: tuple[_NamingRead, ...] = ()
    of_oneself: bool = False
    owned_is_fine: bool = False
    shown_by: Literal["owned", "calm"] | None = None
    not_asked_if: Literal["owned", "calm"] | None = None

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not (self.says or self.may_say):
            raise ValueError("A rule must say what to look for: `says`, `may_say`, or both.")
        return self


class _SignRead(_Read):
    says: tuple[Line, ...] = ()
    fine: tuple[Line, ...] = ()


class _RulesRead(_Read):
    rule: tuple[_RuleRead, ...]
    missing: tuple[_RuleRead, ...] = ()
    apology: _SignRead = _SignRead()
    trouble: _SignRead = _SignRead()
    owned: _SignRead = _SignRead()
    calm: _SignRead = _SignRead()
    aside: tuple[Line, ...] = ()


class Naming(BaseModel, frozen=True):
    """What to say where one of `words` stands in what was found; `{word}` in `why` is that word."""

    words: tuple[str, ...]
    why: str
    instead: str


class Rule(BaseModel, frozen=True, arbitrary_types_allowed=True):
    """What to look for, when it is fine all the same, and what to say about it.

    `says` is evidence wherever it stands; `may_say` is none in a whole letter or account that shows
    otherwise how it is meant (see `Signs`). `fine` forgives where it overlaps what was found;
    `fine_nearby` anywhere in this sentence and the ones beside it; `denied_is_fine` a denial shortly
    before ("it is not your fault"). `of_oneself`: it speaks to somebody who blames themself, and answers
    for every rule of its label that they meet so. `owned_is_fine`: it means nothing where the writer
    takes responsibility. Of what is missing: `shown_by` is a sign that it is there, `not_asked_if` one
    that nobody misses it, unless an apology is owed.
    """

    label: Flag | Hint
    kind: str
    says: tuple[Pattern, ...]
    may_say: tuple[Pattern, ...]
    fine: tuple[Pattern, ...]
    fine_nearby: tuple[Pattern, ...]
    denied_is_fine: bool
    why: str
    instead: str
    naming: tuple[Naming, ...]
    of_oneself: bool
    owned_is_fine: bool
    shown_by: Literal["owned", "calm"] | None
    not_asked_if: Literal["owned", "calm"] | None


class Sign(BaseModel, frozen=True, arbitrary_types_allowed=True):
    """Words by which a text shows what it is, and where the same words show nothing."""

    says: tuple[Pattern, ...]
    fine: tuple[Pattern, ...]


class Signs(BaseModel, frozen=True):
    """What a whole text shows about itself.

    `apology`: that it apologises for a harm; `trouble`: that something went wrong (without words for it,
    this is not asked); `owned`: that its writer takes responsibility; `calm`: that it makes something
    good, offers something or tells how things came about.
    """

    apology: Sign
    trouble: Sign
    owned: Sign
    calm: Sign


class Rulebook:
    """The rules for one reader, and which of them a sentence can meet at all.

    A sentence is not held against every pattern, only against those with a word of its own: each is
    looked up by the rarest words, or lists of words, that it needs. `aside`: after these words it is
    not the writer who judges ("she told us that ...", "it is not about who ...").
    """

    def __init__(
        self, rules: Sequence[Rule], common: frozenset[str], aside: Sequence[Pattern], signs: Signs
    ):
        self.rules = rules
        self.aside = aside
        self.signs = signs
        self.of_oneself = {rule.label: rule for rule in rules if rule.of_oneself}
        self._by_word: dict[str, list[tuple[int, Pattern]]] = defaultdict(list)

        def often(needed: frozenset[str]) -> int:
            return sum(300 if one.startswith("<") else 100 if one in common else 1 for one in needed)

        for number, rule in enumerate(rules):
            for pattern in (*rule.says, *rule.may_say):
                for word in min(pattern.needs, key=often):
                    self._by_word[word].append((number, pattern))

    def possible(self, sentence: Sentence) -> Iterator[tuple[Rule, list[Pattern]]]:
        """The rules that the sentence may meet, in order, each with the patterns worth a look."""
        worth: dict[int, dict[str, Pattern]] = defaultdict(dict)
        for word in sentence.known & self._by_word.keys():
            for number, pattern in self._by_word[word]:
                if sentence.may_meet(pattern):
                    worth[number][pattern.line] = pattern
        for number in sorted(worth):
            yield self.rules[number], list(worth[number].values())


class Language(BaseModel, frozen=True, arbitrary_types_allowed=True):
    """The word lists of a language, and its rules for each reader.

    `common` and `foreign`: short words of this language and of others, to tell them apart; `turns`:
    words at which a sentence goes back to what its writer says; `oneself` and `anybody`: words for the
    writer, and lists of words for others.
    """

    spelling: Spelling
    common: frozenset[str]
    foreign: frozenset[str]
    denials: frozenset[str]
    denials_broken_by: frozenset[str]
    reports: frozenset[str]
    turns: frozenset[str]
    oneself: frozenset[str]
    anybody: frozenset[str]
    lexicon: Lexicon
    team: Rulebook
    customer: Rulebook
    missing: tuple[Rule, ...]


def languages() -> tuple[str, ...]:
    """The names of the languages that have a folder, in order."""
    here = files("bot.coach")
    return tuple(sorted(item.name for item in here.iterdir() if (item / "words.toml").is_file()))


def language(name: str) -> Language:
    """The language of that name, read when it is first asked for, which takes a tenth of a second.

    Raises ValueError with a sentence when there is none.
    """
    with _READING:
        return _read(name)


@cache
def _read(name: str) -> Language:
    if name not in languages():
        raise ValueError(f"The coach has no rules for {name!r}; it knows {', '.join(languages())}.")
    return read_folder(files("bot.coach") / name)


def read_folder(folder: Traversable) -> Language:
    """The language that a folder describes; raises ValueError where a file of it cannot be meant."""

    def table(file: str) -> dict[str, object]:
        return tomllib.loads((folder / file).read_text(encoding="utf-8"))

    read = _LanguageRead.model_validate(table("words.toml"))
    lexicon = Lexicon({name: _word_list(listed) for name, listed in read.lists.items()})
    team = _RulesRead.model_validate(table("team.toml"))
    customer = _RulesRead.model_validate(table("customer.toml"))
    whole = {word: tuple(meant.split()) for word, meant in read.spelling.whole.items()}

    def rules(found: tuple[_RuleRead, ...]) -> tuple[Rule, ...]:
        return tuple(_rule(rule, lexicon) for rule in found)

    def book(rules_read: _RulesRead) -> Rulebook:
        signs = Signs(**{name: sign(getattr(rules_read, name)) for name in Signs.model_fields})
        aside = _patterns(rules_read.aside, lexicon)
        return Rulebook(rules(rules_read.rule), common, aside, signs)

    def sign(read: _SignRead) -> Sign:
        return Sign(says=_patterns(read.says, lexicon), fine=_patterns(read.fine, lexicon))

    common = frozenset(read.common.split())
    return Language(
        spelling=Spelling(whole, read.spelling.endings),
        common=common,
        foreign=frozenset(read.foreign.split()),
        denials=frozenset(read.denials.split()),
        denials_broken_by=frozenset(read.denials_broken_by.split()),
        reports=frozenset(read.reports.split()),
        turns=frozenset(read.turns.split()),
        oneself=frozenset(read.oneself.split()),
        anybody=lexicon.place(read.anybody).lists if read.anybody else frozenset(),
        lexicon=lexicon,
        team=book(team),
        customer=book(customer),
        missing=rules(customer.missing),
    )


def _word_list(read: _WordsRead) -> WordList:
    return WordList(
        words=frozenset(read.words.lower().split()),
        endings=tuple(read.endings.split()),
        exceptions=frozenset(read.exceptions.split()),
        also=read.also,
        capital=read.capital,
    )


def _patterns(lines: tuple[str, ...], lexicon: Lexicon) -> tuple[Pattern, ...]:
    return tuple(compiled(line, lexicon) for line in lines)


def _rule(read: _RuleRead, lexicon: Lexicon) -> Rule:
    return Rule(
        **read.model_dump(exclude={"says", "may_say", "fine", "fine_nearby", "naming"}),
        says=_patterns(read.says, lexicon),
        may_say=_patterns(read.may_say, lexicon),
        fine=_patterns(read.fine, lexicon),
        fine_nearby=_patterns(read.fine_nearby, lexicon),
        naming=tuple(
            Naming(words=tuple(each.words.split()), why=each.why, instead=each.instead or read.instead)
            for each in read.naming
        ),
    )
