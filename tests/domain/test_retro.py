"""A retro's own rules, whoever asks: how it is closed, and who takes an answer back."""

from datetime import UTC, date, datetime

import pytest

from bot.domain.errors import Refused
from bot.domain.retro import Answer, Retro, check_withdraw, close

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
RETRO = Retro(case_number=7, channel_id="C1", opened_at=AT, answers_close_on=date(2026, 3, 10))


@pytest.mark.parametrize("outcome", ["", "forgotten", "FIXES AGREED"])
def test_a_retro_is_closed_with_one_of_the_outcomes_and_no_other(outcome: str) -> None:
    with pytest.raises(Refused, match="Choose an outcome") as refused:
        close(RETRO, "U1", AT, outcome, "So.", ())
    assert refused.value.field == "outcome"


@pytest.mark.parametrize(
    ("author", "by", "lead", "refused"),
    [
        ("U1", "U5", "U5", "has a name on it"),
        (None, "U1", None, "choose a lead in the settings first"),
        (None, "U1", "U5", "Only the team's lead can withdraw"),
        (None, "U5", "U5", None),
    ],
)
def test_only_the_lead_withdraws_an_answer_and_only_one_without_a_name(
    author: str | None, by: str, lead: str | None, refused: str | None
) -> None:
    answer = Answer(id="a1", case_number=7, prompt="training", text="Notes.", author=author)
    if refused is None:
        check_withdraw(answer, by, lead)
        return
    with pytest.raises(Refused, match=refused):
        check_withdraw(answer, by, lead)
