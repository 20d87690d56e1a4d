"""What a team's retros ask, whoever asks: prompts in their order, and kinds of case."""

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import prompt as domain
from bot.domain.errors import Refused
from bot.domain.prompt import MAX_KINDS, MAX_PROMPTS, MAX_RETIRED, Kind, Prompt, Prompts, asked, retired
from bot.domain.team import Team
from bot.prompts import PROMPTS, at_opening, of_team, with_prompts


def labels(prompts: Prompts) -> list[str]:
    """What they are called, in order."""
    return [prompt.label for prompt in prompts]


def some(count: int) -> Prompts:
    """So many prompts, called a, b, c."""
    return tuple(Prompt(key=name, label=name) for name in string.ascii_lowercase[:count])


def test_a_prompt_is_added_as_the_last_that_is_asked() -> None:
    prompts = domain.add(domain.retire(some(3), "b"), Prompt(key="z", label="z"))
    assert labels(asked(prompts)) == ["a", "c", "z"]
    assert labels(retired(prompts)) == ["b"]


def test_a_retro_asks_ten_things_and_no_more() -> None:
    with pytest.raises(Refused, match=f"at most {MAX_PROMPTS} things: retire one first") as refused:
        domain.add(some(MAX_PROMPTS), Prompt(key="z", label="z"))
    assert refused.value.field == "label"
    full = domain.add(domain.retire(some(MAX_PROMPTS), "a"), Prompt(key="z", label="z"))
    with pytest.raises(Refused, match="retire one first"):
        domain.bring_back(full, "a")


@pytest.mark.parametrize("name", ["a", "A"])
def test_two_prompts_are_not_called_the_same(name: str) -> None:
    new = Prompt(key="z", label=name)
    for change in (
        domain.add,
        lambda all, prompt: domain.reword(all, prompt.model_copy(update={"key": "b"})),
    ):
        with pytest.raises(Refused, match="already: choose another name") as refused:
            change(some(2), new)
        assert refused.value.field == "label"


def test_a_prompt_keeps_its_key_and_place_under_other_words() -> None:
    reworded = Prompt(key="b", label="Other", question="How?", gap="tools", needed=True)
    assert domain.reword(some(3), reworded) == (some(3)[0], reworded, some(3)[2])
    # Only in capitals is another spelling of its own name.
    assert labels(domain.reword(some(2), Prompt(key="a", label="A"))) == ["A", "b"]


@pytest.mark.parametrize(
    ("key", "by", "order"),
    [("b", -1, "bacd"), ("b", 1, "acbd"), ("a", -1, "abcd"), ("d", 1, "abcd"), ("d", -1, "abdc")],
)
def test_a_prompt_is_asked_earlier_or_later_and_stays_at_either_end(
    key: str, by: int, order: str
) -> None:
    assert "".join(labels(domain.move(some(4), key, by))) == order


def test_a_retro_asks_at_least_one_thing() -> None:
    with pytest.raises(Refused, match="at least one thing"):
        domain.retire(some(1), "a")


def test_the_last_ones_that_were_retired_can_be_brought_back() -> None:
    prompts = some(6)
    for key in "abcde":
        prompts = domain.retire(prompts, key)
    assert labels(retired(prompts)) == ["e", "d", "c"]
    assert len(retired(prompts)) == MAX_RETIRED
    assert labels(domain.bring_back(prompts, "c")) == ["f", "c", "e", "d"]
    for key in ("a", "f", "nobody"):
        with pytest.raises(Refused, match="changed meanwhile"):
            domain.bring_back(prompts, key)


CHANGES: tuple[Callable[[Prompts, str], Prompts], ...] = (
    lambda prompts, key: domain.add(prompts, Prompt(key=domain.new_key(), label=key + "!")),
    lambda prompts, key: domain.reword(prompts, Prompt(key=key, label=key + "?")),
    lambda prompts, key: domain.move(prompts, key, -1),
    lambda prompts, key: domain.move(prompts, key, 1),
    domain.retire,
    domain.bring_back,
)


@given(st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 20)), max_size=60))
def test_whatever_a_lead_does_the_prompts_stay_in_order(
    changes: list[tuple[Callable[[Prompts, str], Prompts], int]],
) -> None:
    prompts = some(4)
    for change, number in changes:
        key = prompts[number % len(prompts)].key
        before = prompts
        try:
            prompts = change(prompts, key)
        except Refused:
            assert prompts == before
        assert 1 <= len(asked(prompts)) <= MAX_PROMPTS
        assert len(retired(prompts)) <= MAX_RETIRED
        assert prompts == (*asked(prompts), *retired(prompts))
        assert len({prompt.key for prompt in prompts}) == len(prompts)
        assert len({prompt.label.casefold() for prompt in asked(prompts)}) == len(asked(prompts))
        # Nothing is lost but what was retired longest ago.
        gone = {prompt.key for prompt in before} - {prompt.key for prompt in prompts}
        assert len(gone) <= 1
        assert gone.isdisjoint(prompt.key for prompt in asked(before))


@given(st.permutations(list("abcde")))
def test_any_order_can_be_reached_by_moving(order: list[str]) -> None:
    prompts = some(5)
    for place, key in enumerate(order):
        while labels(prompts).index(key) > place:
            prompts = domain.move(prompts, key, -1)
    assert labels(prompts) == order


TEAM = Team(channel_id="C1", name="support", lead="U1")


def test_a_kind_of_case_begins_with_what_the_team_asks_and_then_goes_its_own_way() -> None:
    team = with_prompts(TEAM, "", domain.retire(PROMPTS, "else"))
    team = team.model_copy(update={"kinds": domain.add_kind(team.kinds, "Delivery", of_team(team))})
    (kind,) = team.kinds
    assert kind.prompts == asked(of_team(team))
    changed = with_prompts(team, kind.key, domain.add(kind.prompts, Prompt(key="z", label="Van")))
    assert labels(at_opening(changed, "delivery")) == [*labels(PROMPTS[:3]), "Van"]
    assert labels(at_opening(changed, None)) == labels(PROMPTS[:3])
    assert labels(at_opening(changed, "Called otherwise since")) == labels(PROMPTS[:3])


def test_kinds_are_few_and_each_has_a_name_of_its_own() -> None:
    kinds: tuple[Kind, ...] = ()
    for number in range(MAX_KINDS):
        kinds = domain.add_kind(kinds, f"Kind {number}", PROMPTS)
    with pytest.raises(Refused, match="at most 8 kinds of case") as refused:
        domain.add_kind(kinds, "One more", PROMPTS)
    assert refused.value.field == "called"
    kinds = domain.retire_kind(kinds, kinds[0].key)
    with pytest.raises(Refused, match="already: choose another name"):
        domain.add_kind(kinds, "KIND 1", PROMPTS)
    with pytest.raises(Refused, match="already: choose another name"):
        domain.rename_kind(kinds, kinds[0].key, "Kind 2")
    renamed = domain.rename_kind(kinds, kinds[0].key, "KIND 1")
    assert renamed[0].name == "KIND 1"
    assert domain.kind_called(renamed, " kind 1 ") == renamed[0]
    assert domain.kind_called(renamed, "Kind 0") is None
    back = domain.bring_kind_back(renamed, renamed[-1].key)
    assert domain.kind_called(back, "Kind 0") is not None
    for key in ("nobody", back[0].key):
        with pytest.raises(Refused, match="changed meanwhile"):
            domain.bring_kind_back(back, key)
    with pytest.raises(Refused, match="changed meanwhile"):
        domain.retire_kind(kinds, "nobody")


def test_a_gap_is_spelled_as_it_is_known() -> None:
    known = domain.gaps_of(PROMPTS, (Prompt(key="a", label="a", gap="Suppliers"),))
    assert known[-1] == "Suppliers"
    assert known[:5] == domain.GAPS
    assert domain.written_gap("  suppliers ", known) == "Suppliers"
    assert domain.written_gap("TRAINING", known) == "training"
    assert domain.written_gap("night  shift", known) == "night shift"


def test_answers_from_another_retro_bring_the_words_they_were_answers_to() -> None:
    van = Prompt(key="z", label="Van", gap="tools")
    prompts = domain.carried(PROMPTS, (*PROMPTS, van), frozenset({"training", "z"}))
    assert asked(prompts) == PROMPTS
    assert domain.label_of(prompts, "z") == "Van"
    assert domain.gap_of(prompts, "z") == "tools"
    assert domain.carried(PROMPTS, (*PROMPTS, van), frozenset({"training"})) == PROMPTS
