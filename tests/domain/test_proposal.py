"""The life of a proposed case."""

from typing import Any, get_args

import pytest

from bot.domain import reference
from bot.domain.errors import Refused
from bot.domain.proposal import STEPS, Proposal, ProposalState, ProposalStep, forget, take
from tests.domain.test_connection import AT, a_signal


def a_proposal(**more: Any) -> Proposal:
    given = {
        "number": 3,
        "connection_id": "a" * 40,
        "channel_id": "C1",
        "ticket": "77",
        "reference": "ZD-77",
        "signal": a_signal(rating=1, words="Never again", customer="Mrs Lopez"),
        "made_at": AT,
    }
    return Proposal(**{**given, **more})


@pytest.mark.parametrize(
    ("step", "allowed"),
    [
        ("open", {"proposed": "opened", "waved off": "opened", "lapsed": "opened"}),
        ("tie", {"proposed": "opened", "waved off": "opened", "lapsed": "opened"}),
        ("wave_off", {"proposed": "waved off"}),
        ("lapse", {"proposed": "lapsed"}),
        ("worsen", {"waved off": "proposed", "lapsed": "proposed"}),
    ],
)
def test_each_step_leads_from_where_it_is_allowed_to_its_state(
    step: ProposalStep, allowed: dict[ProposalState, ProposalState]
) -> None:
    assert set(STEPS[step].places) == set(allowed)
    for state in get_args(ProposalState):
        proposal = a_proposal(state=state)
        if state in allowed:
            assert take(proposal, step, "U1", AT, "because").state == allowed[state]
            continue
        with pytest.raises(Refused) as refused:
            take(proposal, step, "U1", AT)
        assert refused.value.sentence.endswith(".")


def test_what_was_done_and_why_is_kept_with_the_case_it_became() -> None:
    waved = take(a_proposal(), "wave_off", "U1", AT, "Not ours")
    opened = take(waved, "open", "U2", AT, case=9)
    assert [(change.step, change.by, change.why) for change in opened.history] == [
        ("wave_off", "U1", "Not ours"),
        ("open", "U2", ""),
    ]
    assert opened.case_number == 9


@pytest.mark.parametrize("state", get_args(ProposalState))
def test_with_its_customer_ends_what_became_no_case(state: ProposalState) -> None:
    gone = forget(a_proposal(state=state, later=a_signal(words="Thanks")), str, AT)
    assert gone.state == ("opened" if state == "opened" else "forgotten")
    assert (gone.reference, gone.ticket, gone.later, gone.forgotten_at) == (None, "", None, AT)
    assert not {"Mrs Lopez", "Never again", "ZD-77"} & set(gone.signal.model_dump().values())


def test_its_reference_is_read_again() -> None:
    assert reference.parse(str(a_proposal().ref)) == a_proposal().ref
    assert reference.parse("P-3/part") is None
