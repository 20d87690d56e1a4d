"""What a team may ask of itself."""

import pytest

from bot.domain.errors import Refused
from bot.domain.team import MAX_DAYS_TO_ANSWER, Team, aim

TEAM = Team(channel_id="C1", name="support", zone="Europe/Stockholm")


@pytest.mark.parametrize(("days", "may_be"), [(-1, False), (0, True), (MAX_DAYS_TO_ANSWER, True)])
def test_the_aim_for_an_apology_is_a_number_of_days_that_can_be_kept(days: int, may_be: bool) -> None:
    if may_be:
        assert aim(TEAM, days).days_to_apologise == days
        return
    with pytest.raises(Refused, match="Days to apologise is a number") as refused:
        aim(TEAM, days)
    assert refused.value.field == "days_to_apologise"
    with pytest.raises(Refused):
        aim(TEAM, MAX_DAYS_TO_ANSWER + 1)
