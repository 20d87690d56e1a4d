"""How a step is turned down: in one sentence that a person can read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar, overload

First = TypeVar("First")
Second = TypeVar("Second")


class NextStep(NamedTuple):
    """What somebody can do instead of what was refused: its button's label, command, and what about."""

    label: str
    command_name: str
    about: str = ""


STATUS = NextStep("Status", "board.status")


class Refused(Exception):
    """A step that is not allowed, told in one sentence.

    `field` names the form field that the sentence is about, so that a form can show it there and
    keep what was typed. `also` holds the sentences for other fields that are wrong besides. `instead`
    is the obvious next step, where there is one and no form holds what was typed.
    """

    def __init__(
        self,
        sentence: str,
        field: str | None = None,
        also: Mapping[str, str] | None = None,
        instead: NextStep | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        self.also = also or {}
        self.instead = instead

    @property
    def faults(self) -> Mapping[str, str]:
        """Every sentence by its field, this one first; "" is the form as a whole."""
        return {self.field or "": self.sentence, **self.also}


def together(refusals: Iterable[Refused]) -> Refused:
    """Several refusals as one, which names every field once, with the first that is said of it."""
    faults: dict[str, str] = {}
    for refused in refusals:
        faults |= {field: said for field, said in refused.faults.items() if field not in faults}
    (field, sentence), *others = faults.items()
    return Refused(sentence, field or None, dict(others))


@overload
def check_all(first: Callable[[], First], second: Callable[[], Second], /) -> tuple[First, Second]:
    """Of two checks the types of what they return are known."""


@overload
def check_all(*checks: Callable[[], object]) -> Sequence[object]:
    """Of more they are not."""


def check_all(*checks: Callable[[], object]) -> Sequence[object]:
    """Makes every check: what each returns, or a refusal that says all that is wrong at once.

    What is refused as a whole, and not beside a field, is refused alone: nothing else matters then.
    """
    results: list[object] = []
    refusals: list[Refused] = []
    for check in checks:
        try:
            results.append(check())
        except Refused as refused:
            refusals.append(refused)
    if refusals:
        raise as_one(refusals)
    return tuple(results)


def as_one(refusals: Sequence[Refused]) -> Refused:
    """Several refusals as one: the first that is of the whole alone, or else all of them together."""
    whole = [refused for refused in refusals if refused.field is None]
    return whole[0] if whole else together(refusals)


class ConflictError(Exception):
    """Somebody else changed the same thing first.

    Whoever catches it reads afresh and tries again: the second try meets the new state, and the
    domain's own sentence then says what happened.
    """
