"""Forgetting a customer, or a colleague who left: who they are goes, and what was learned stays."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.domain.action_item import ActionItem, reopened_with
from bot.domain.case import Case
from bot.domain.person import FORMER, Person
from bot.domain.recovery import Recovery
from bot.domain.recovery_step import Step, StepName
from bot.domain.retro import Retro

REMOVED = "(removed)"
WORDS_REMOVED = "What the customer wrote (removed)"
"""What happened in a case that said it in the customer's words alone."""
THEM = "the customer"
COLLEAGUE = "a former colleague"
MIN_NAME_LENGTH = 4
"""Letters: a shorter part of a name (Mr, Li, May) is too often another word."""
ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
SPACED = "\u0e00"
"""Scripts from here on (Thai, Chinese, Japanese) put no space between words."""
LINK = re.compile(r"https?://\S+")
NUMBER = re.compile(r"\+?\d[\d ()/-]{6,}\d")
"""A telephone, account or order number; a date has fewer digits in a row of these."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SENTENCE = re.compile(r"(?<=[.!?\u3002])\s+|\n+")
MIN_WORDS = 3
"""A sentence of fewer words is nobody's own: "Thank you." may be anybody's."""

THEIRS: tuple[StepName, ...] = ("hear", "ask_wish", "check_back", "verdict")
"""The steps whose words are the customer's own; those of the others are ours to them."""

Scrub = Callable[[str], str]


def scrubber(case: Case, said: Iterable[str] = ()) -> Scrub:
    """What takes the customer's name, numbers and addresses out of a text, and what they `said`."""
    customers = [case.customer, *(change.customer for change in case.history)]
    references = [case.reference, *(change.reference for change in case.history)]
    return scrubber_of(customers, references, said)


def scrubber_of(
    customers: Iterable[str | None], references: Iterable[str | None], said: Iterable[str]
) -> Scrub:
    """The same of whoever has these names, and is known by these references."""
    rules: list[tuple[re.Pattern[str], str]] = [(quote, REMOVED) for quote in _quotes(said)]
    for customer in sorted(set(filter(None, customers)), key=len, reverse=True):
        rules.append((_word(customer), THEM))
        parts = sorted(set(re.findall(r"[^\W\d_]+", customer)), key=len, reverse=True)
        for part in parts:
            if len(part) >= MIN_NAME_LENGTH:
                # As a name is written, or shouted: in lower case it is too often another word.
                shouted = re.escape(part.upper())
                rules.append((re.compile(rf"\b(?:{re.escape(part)}|{shouted})\b"), THEM))
    for reference in sorted(set(filter(None, references)), key=len, reverse=True):
        rules.append((re.compile(rf"(?<!\w){re.escape(reference)}(?!\w)", re.IGNORECASE), REMOVED))
    rules += [(LINK, REMOVED), (ADDRESS, REMOVED)]

    def scrub(text: str) -> str:
        for pattern, instead in rules:
            text = pattern.sub(instead, text)
        return NUMBER.sub(lambda match: match[0] if DAY.fullmatch(match[0]) else REMOVED, text)

    return scrub


def _quotes(said: Iterable[str]) -> list[re.Pattern[str]]:
    """What finds each of these texts, and each sentence of them, where somebody quotes it."""
    texts = {sentence.strip() for text in said for sentence in (text, *SENTENCE.split(text))}
    own = [text for text in texts if len(text.split()) >= MIN_WORDS or _is_long(text)]
    return [
        re.compile(r"\s+".join(map(re.escape, text.split())), re.IGNORECASE)
        for text in sorted(own, key=len, reverse=True)
    ]


def _is_long(text: str) -> bool:
    return len(text) >= MIN_NAME_LENGTH and max(text) >= SPACED


def _word(name: str) -> re.Pattern[str]:
    whole = re.escape(name)
    if max(name) < SPACED:
        whole = rf"(?<![^\W_]){whole}(?![^\W_])"
    return re.compile(whole, re.IGNORECASE)


def forget_case(case: Case, scrub: Scrub, at: datetime) -> Case:
    """The case without its customer, its reference, and every way back to them."""
    history = [
        change.model_copy(update={"why": scrub(change.why), "customer": "", "reference": ""})
        for change in case.history
    ]
    what_happened = scrub(case.what_happened)
    return case.model_copy(
        update={
            "history": tuple(history),
            "what_happened": WORDS_REMOVED if what_happened.strip() == REMOVED else what_happened,
            "customer": None,
            "reference": None,
            "public_post": None,
            "link": None,
            "forgotten_at": at,
        }
    )


def forget_retro(retro: Retro, scrub: Scrub) -> Retro:
    """The retro, its whys without the customer."""
    history = tuple(turn.model_copy(update={"why": scrub(turn.why)}) for turn in retro.history)
    return retro.model_copy(update={"history": history})


def forget_item(item: ActionItem, scrub: Scrub, recovery: Recovery | None) -> ActionItem:
    """The action item, its words without the customer.

    `recovery`: what is owed to that customer, whose verdicts may have reopened it, in words of theirs.
    """
    steps = _all_steps(recovery) if recovery else []
    verdicts = [step for step in steps if step.name == "verdict" and step.by]
    theirs = [reopened_with(item, verdict.by, verdict.at) for verdict in verdicts]
    history = tuple(
        moved.model_copy(update={"words": REMOVED if moved in theirs else scrub(moved.words)})
        for moved in item.history
    )
    edits = tuple(edit.model_copy(update={"was": scrub(edit.was)}) for edit in item.edits)
    words = {"what": scrub(item.what), "measure": scrub(item.measure)}
    return item.model_copy(update={**words, "history": history, "edits": edits})


def customers_words(recovery: Recovery) -> list[str]:
    """What the customer said themself, in every round."""
    steps = _all_steps(recovery)
    theirs = [step.words for step in steps if step.state == "done" and step.name in THEIRS]
    said = [*theirs, *(step.view for step in steps)]
    return [text for text in said if text and text != REMOVED]


def _all_steps(recovery: Recovery) -> list[Step]:
    return [step for steps in (*recovery.earlier, recovery.steps) for step in steps]


def forget_recovery(recovery: Recovery, scrub: Scrub) -> Recovery:
    """The recovery: which steps were taken, by whom and when, without a word that was exchanged."""
    return recovery.model_copy(
        update={
            "steps": tuple(_forget_step(step, scrub) for step in recovery.steps),
            "earlier": tuple(
                tuple(_forget_step(step, scrub) for step in steps) for steps in recovery.earlier
            ),
            "enough": scrub(recovery.enough),
        }
    )


def _forget_step(step: Step, scrub: Scrub) -> Step:
    # Why a step is not needed is the team's word, which may be learned from.
    words = (step.words and REMOVED) if step.state == "done" else scrub(step.words)
    return step.model_copy(
        update={
            "words": words,
            "how": scrub(step.how),
            "view": step.view and REMOVED,
            "handed_why": scrub(step.handed_why),
            "undone_why": scrub(step.undone_why),
            "link": "",
        }
    )


def former(mark: str) -> Person:
    """Who a colleague is once they are forgotten: nobody in particular, who has left."""
    return Person(id=f"{FORMER}{mark}", name=COLLEAGUE, gone=True)


def name_words(person: Person) -> list[str]:
    """The words of a person's name, or the name itself where it has none: what to look for."""
    return re.findall(r"[^\W\d_]+", person.name) or [person.name]


def nameless(person: Person, colleagues: Iterable[str]) -> Scrub:
    """What takes a person's name out of a text, and what a platform writes for them.

    A name of one word is taken out as it is written or shouted, because otherwise it may be another word
    (Will, Mark); so is a long part of a name, unless one of the `colleagues` is called so as well, and a
    colleague's whole name stays, whatever it has in common with theirs.
    """
    id = re.escape(person.id)
    ids = [rf"<@!?{id}(?:\|[^>]*)?>", rf"(?<![\w@]){id}(?!\w)"]
    if len(person.name.split()) > 1:
        whole = [rf"@?(?i:{_word(person.name).pattern})"]
    else:
        whole = [_as_written(person.name), rf"(?i:@{re.escape(person.name)})(?![^\W_])"]
    mine = {word.casefold() for word in name_words(person)}
    alike = [name for name in colleagues if mine & _words(name)]
    taken = {word for name in alike for word in _words(name)}
    parts = [
        _as_written(part)
        for part in sorted(name_words(person), key=len, reverse=True)
        if len(part) >= MIN_NAME_LENGTH and part.casefold() not in taken
    ]
    kept = [name for name in sorted(alike, key=len, reverse=True) if name != person.name]
    theirs = [f"(?P<kept{n}>@?(?i:{_word(name).pattern}))" for n, name in enumerate(kept)]
    longer = sum(len(name) > len(person.name) for name in kept)
    them = re.compile("|".join([*ids, *theirs[:longer], *whole, *theirs[longer:], *parts]))

    def instead(match: re.Match[str]) -> str:
        return match[0] if any(match.groupdict().values()) else COLLEAGUE

    return lambda text: them.sub(instead, text)


def _words(name: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]+", name)}


def _as_written(name: str) -> str:
    return rf"@?(?:{_word(name).pattern}|{_word(name.upper()).pattern})"
