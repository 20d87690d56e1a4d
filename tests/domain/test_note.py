"""What a ticket is told: which moments, under which marks, and where."""

from datetime import date, timedelta
from typing import Any

import pytest

from bot.domain import note
from bot.domain.case import Case, CaseChange
from bot.domain.recovery import Recovery, begin, judge, take
from bot.domain.recovery_step import Step
from bot.domain.retro import Retro
from bot.domain.team import Team
from tests.desk import AT

TEAM = Team(channel_id="C1", name="Support")
CASE = Case(number=7, channel_id="C1", what_happened="Missed twice", failed_at=AT)
RETRO = Retro(case_number=7, channel_id="C1", opened_at=AT, answers_close_on=date(2026, 3, 10))
OWED = begin(CASE, "U1", TEAM, AT)
LATER, LAST = AT + timedelta(hours=1), AT + timedelta(hours=2)


def promised(words: str = "The fee back", **more: Any) -> Recovery:
    step = Step(
        name="promise", state="done", by="U1", at=LATER, words=words, how="A call", due=date(2026, 3, 20)
    )
    return take(OWED, step.model_copy(update=more), LATER)


def ended(recovery: Recovery, verdict: str) -> Recovery:
    given = {"name": "verdict", "by": "U1", "at": LAST, "words": "So.", "chosen": verdict}
    return judge(recovery, Step.model_validate(given), LAST, TEAM)


def marks(recovery: Recovery | None = None, case: Case = CASE) -> list[str]:
    return [moment.mark for moment in note.moments(case, RETRO, recovery)]


def turned(*steps: str) -> Case:
    history = [CaseChange.model_validate({"step": step, "by": "U1", "at": LATER}) for step in steps]
    return CASE.model_copy(update={"history": tuple(history)})


def test_marks_are_the_ones_that_stand_in_databases() -> None:
    assert marks() == marks(OWED) == ["opened"]
    assert marks(promised()) == ["opened", "promised.1.ed14ae65"]
    assert marks(ended(promised(), "recovered"))[2:] == ["ended.1.recovered"]
    finished = OWED.model_copy(update={"finished_at": LATER})
    assert marks(finished) == ["opened", "finished.20260305T153000"]


def test_another_promise_is_another_moment_and_the_same_one_is_not() -> None:
    assert marks(promised()) == marks(promised(corrected_at=LAST, by="U2"))
    others = {marks(promised("Twice the fee"))[1], marks(promised(due=date(2026, 3, 21)))[1]}
    assert len(others | {marks(promised())[1]}) == 3


def test_each_round_for_a_customer_is_told_of() -> None:
    again = ended(ended(promised(), "not recovered"), "no answer")
    assert marks(again)[1:] == [marks(promised())[1], "ended.1.not-recovered", "ended.2.no-answer"]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((), []),
        (("edit",), []),
        (("cancel",), ["cancelled.1"]),
        (("edit", "cancel", "restore"), ["restored.3"]),
        (("cancel", "restore", "cancel"), ["cancelled.3"]),
    ],
)
def test_of_being_cancelled_and_brought_back_only_the_last_is_told(
    steps: tuple[str, ...], told: list[str]
) -> None:
    assert marks(case=turned(*steps)) == ["opened", *told]


def test_of_a_forgotten_customer_nothing_is_told() -> None:
    assert marks(promised(), CASE.model_copy(update={"forgotten_at": LAST})) == []


def test_a_ticket_is_a_channel_whose_account_is_its_connection() -> None:
    channel = note.channel("a" * note.ID_LENGTH, 12)
    assert channel == f"note/{'a' * 40}/12"
    assert channel[: note.ACCOUNT_LENGTH] == note.account("a" * 40)
    assert note.platform_of("slack:T1", channel) == note.PLATFORM
    assert note.platform_of("slack:T1", "C1") == "slack"
    assert note.platform_of("web", "support") == "web"
