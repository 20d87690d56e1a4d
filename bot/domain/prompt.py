"""What a retro asks: prompts, in their order, and kinds of case that have prompts of their own.

A team's list holds what is asked, in order, and then what was retired, the last one first. Keys are
never used again, so that answers keep theirs.
"""

from collections.abc import Sequence
from uuid import uuid4

from pydantic import BaseModel

from bot.domain.errors import Refused

GAPS = ("training", "communication", "after-hours support", "process", "tools")
MAX_PROMPTS = 10
"""That a retro asks; the number is ours: more than these nobody answers."""
MAX_KINDS = 8
"""Of case in one team; the number is ours: a list of them fits one message."""
MAX_RETIRED = 3
"""Prompts, and kinds, that can be brought back; older ones are gone from the list, and from no retro."""
MAX_LABEL = 40
MAX_QUESTION = 300
MAX_GAP = 20
"""Characters: what stands beside a chart has no room for more."""
NO_LABEL = "Say what the prompt is called, in a word or two."
NO_NAME = "Say what kind of case this is, in a word or two."
GONE = "This was changed meanwhile. Type prompts to see it as it is now."


class Prompt(BaseModel, frozen=True):
    """One thing a retro asks. `gap` is what an action item from its answers is filed under.

    A prompt without a question has a field in the form and no message in the thread. `needed`: whoever
    answers the whole retro fills it in. `retired`: it is not asked any more.
    """

    key: str
    label: str
    question: str = ""
    gap: str = ""
    needed: bool = False
    retired: bool = False


class Kind(BaseModel, frozen=True):
    """A kind of case, whose retros ask what it says."""

    key: str
    name: str
    prompts: tuple[Prompt, ...]
    retired: bool = False


Prompts = tuple[Prompt, ...]


def new_key() -> str:
    """A key that nothing has, or had: eight random hexadecimal digits."""
    return uuid4().hex[:8]


def asked(prompts: Sequence[Prompt]) -> Prompts:
    """Those that are asked, in their order."""
    return tuple(prompt for prompt in prompts if not prompt.retired)


def retired(prompts: Sequence[Prompt]) -> Prompts:
    """Those that can be brought back, the last one that was retired first."""
    return tuple(prompt for prompt in prompts if prompt.retired)


def of_key(prompts: Sequence[Prompt], key: str) -> Prompt:
    """The one that is asked under this key; refuses one that is not asked any more."""
    found = next((prompt for prompt in asked(prompts) if prompt.key == key), None)
    if found is None:
        raise Refused(GONE)
    return found


def label_of(prompts: Sequence[Prompt], key: str) -> str:
    """What the prompt is called, asked or retired; its key where these know nothing of it."""
    return next((prompt.label for prompt in prompts if prompt.key == key), key)


def gap_of(prompts: Sequence[Prompt], key: str) -> str:
    """What the answers to the prompt are filed under; empty where nothing says it."""
    return next((prompt.gap for prompt in prompts if prompt.key == key), "")


def gaps_of(*lists: Sequence[Prompt]) -> tuple[str, ...]:
    """The gaps that everybody has, and then those of a team's own that these prompts name."""
    own = (prompt.gap for prompts in lists for prompt in prompts if prompt.gap)
    return tuple(dict.fromkeys((*GAPS, *own)))


def written_gap(words: str, known: Sequence[str]) -> str:
    """A gap as somebody wrote it, in the spelling in which it is known already."""
    gap = " ".join(words.split())
    return next((each for each in known if each.casefold() == gap.casefold()), gap)


def check_gap(gap: str, known: Sequence[str]) -> None:
    """Refuses a gap that is none of these; none at all is let by."""
    if gap and gap not in known:
        raise Refused("Gap: choose one from the list.", "gap")


def add(prompts: Prompts, prompt: Prompt) -> Prompts:
    """The prompts with one more, the last that is asked; refuses too many, and two of one name."""
    _check_room(prompts)
    _check_label(prompts, prompt)
    return (*asked(prompts), prompt, *retired(prompts))


def reword(prompts: Prompts, reworded: Prompt) -> Prompts:
    """The prompts with other words for one of them; retros that are open keep the old ones."""
    of_key(prompts, reworded.key)
    _check_label(prompts, reworded)
    return tuple(reworded if each.key == reworded.key else each for each in prompts)


def move(prompts: Prompts, key: str, by: int) -> Prompts:
    """The prompts with one of them asked earlier (`by` -1) or later (1); at either end it stays."""
    prompt = of_key(prompts, key)
    others = [each for each in asked(prompts) if each is not prompt]
    place = max(0, asked(prompts).index(prompt) + by)
    return (*others[:place], prompt, *others[place:], *retired(prompts))


def retire(prompts: Prompts, key: str) -> Prompts:
    """The prompts without one of them, which can be brought back; refuses to ask nothing at all."""
    prompt = of_key(prompts, key)
    others = tuple(each for each in asked(prompts) if each is not prompt)
    if not others:
        raise Refused("A retro asks at least one thing: add another prompt first.")
    gone = prompt.model_copy(update={"retired": True})
    return (*others, *(gone, *retired(prompts))[:MAX_RETIRED])


def bring_back(prompts: Prompts, key: str) -> Prompts:
    """The prompts with a retired one asked again, as the last; refuses as for a new one."""
    prompt = next((each for each in retired(prompts) if each.key == key), None)
    if prompt is None:
        raise Refused(GONE)
    left = tuple(each for each in prompts if each is not prompt)
    return add(left, prompt.model_copy(update={"retired": False}))


def carried(prompts: Prompts, others: Sequence[Prompt], keys: frozenset[str]) -> Prompts:
    """A retro's prompts, and those of `others` that its answers from elsewhere belong to, not asked."""
    known = {prompt.key for prompt in prompts}
    more = [prompt for prompt in others if prompt.key in keys - known]
    return (*prompts, *(prompt.model_copy(update={"retired": True}) for prompt in more))


def add_kind(kinds: tuple[Kind, ...], name: str, prompts: Prompts) -> tuple[Kind, ...]:
    """The kinds with one more, which begins with these prompts; refuses too many, and a name twice."""
    kind = Kind(key=new_key(), name=name, prompts=asked(prompts))
    return _with_kind(kinds, kind)


def rename_kind(kinds: tuple[Kind, ...], key: str, name: str) -> tuple[Kind, ...]:
    """The kinds with another name for one of them."""
    renamed = kind_of(kinds, key).model_copy(update={"name": name})
    _check_name(kinds, renamed)
    return tuple(renamed if kind.key == key else kind for kind in kinds)


def retire_kind(kinds: tuple[Kind, ...], key: str) -> tuple[Kind, ...]:
    """The kinds without one of them, which can be brought back."""
    gone = kind_of(kinds, key).model_copy(update={"retired": True})
    used = tuple(kind for kind in kinds if not kind.retired and kind.key != key)
    return (*used, *(gone, *(kind for kind in kinds if kind.retired))[:MAX_RETIRED])


def bring_kind_back(kinds: tuple[Kind, ...], key: str) -> tuple[Kind, ...]:
    """The kinds with a retired one again; refuses as for a new one."""
    kind = next((each for each in kinds if each.retired and each.key == key), None)
    if kind is None:
        raise Refused(GONE)
    left = tuple(each for each in kinds if each is not kind)
    return _with_kind(left, kind.model_copy(update={"retired": False}))


def kind_of(kinds: Sequence[Kind], key: str) -> Kind:
    """The kind that has this key; refuses one that is retired."""
    found = next((kind for kind in kinds if kind.key == key and not kind.retired), None)
    if found is None:
        raise Refused(GONE)
    return found


def kind_called(kinds: Sequence[Kind], name: str) -> Kind | None:
    """The kind of this name, in capitals or not; None where no kind is called so now."""
    folded = name.strip().casefold()
    return next((kind for kind in used_kinds(kinds) if kind.name.casefold() == folded), None)


def used_kinds(kinds: Sequence[Kind]) -> tuple[Kind, ...]:
    """Those of which cases can be now."""
    return tuple(kind for kind in kinds if not kind.retired)


def _with_kind(kinds: tuple[Kind, ...], kind: Kind) -> tuple[Kind, ...]:
    used = used_kinds(kinds)
    if len(used) >= MAX_KINDS:
        raise Refused(f"A team has at most {MAX_KINDS} kinds of case: retire one first.", "called")
    _check_name(kinds, kind)
    return (*used, kind, *(each for each in kinds if each.retired))


def _check_room(prompts: Prompts) -> None:
    if len(asked(prompts)) >= MAX_PROMPTS:
        raise Refused(f"A retro asks at most {MAX_PROMPTS} things: retire one first.", "label")


def _check_label(prompts: Prompts, prompt: Prompt) -> None:
    others = (each for each in asked(prompts) if each.key != prompt.key)
    if any(other.label.casefold() == prompt.label.casefold() for other in others):
        raise Refused(f"There is a prompt called {prompt.label} already: choose another name.", "label")


def _check_name(kinds: Sequence[Kind], kind: Kind) -> None:
    same = kind_called(kinds, kind.name)
    if same is not None and same.key != kind.key:
        raise Refused(f"There is a kind called {same.name} already: choose another name.", "called")
