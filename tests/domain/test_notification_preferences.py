"""How one person wants to be reminded."""

from datetime import date, time

import pytest

from bot.domain.errors import Refused
from bot.domain.notification_preferences import NotificationPreferences, hours_of, with_settings
from bot.domain.team import Team
from bot.domain.working_hours import WorkingHours

TEAM = Team(channel_id="C1", name="support", zone="Europe/Stockholm", days=(0, 1, 2, 3))
ANA = NotificationPreferences(person_id="U1")


def test_whoever_never_said_is_reminded_as_their_team_works() -> None:
    assert hours_of(None, None, TEAM) == TEAM.hours
    assert hours_of(ANA, None, TEAM) == TEAM.hours


def test_the_zone_is_the_readers_own_where_it_is_known() -> None:
    assert hours_of(ANA, "Asia/Kathmandu", TEAM) == WorkingHours(zone="Asia/Kathmandu", days=TEAM.days)


def test_what_a_reader_said_counts_for_them_and_the_rest_is_the_teams() -> None:
    early = with_settings(ANA, starts=time(6), ends=time(14))
    assert hours_of(early, None, TEAM) == WorkingHours(
        zone=TEAM.zone, days=TEAM.days, starts=time(6), ends=time(14)
    )
    weekend = with_settings(ANA, starts=None, ends=None, days=(5, 6))
    assert hours_of(weekend, None, TEAM) == TEAM.hours.model_copy(update={"days": (5, 6)})


def test_a_day_that_starts_at_midnight_is_not_taken_for_the_teams() -> None:
    night = with_settings(ANA, starts=time(0), ends=time(8))
    assert hours_of(night, None, TEAM).starts == time(0)


def test_settings_that_are_taken_back_are_the_teams_again() -> None:
    early = with_settings(ANA, starts=time(6), ends=time(14), days=(0,))
    assert hours_of(with_settings(early, starts=None, ends=None, days=()), None, TEAM) == TEAM.hours


def test_a_digest_and_a_quiet_time_are_kept_beside_the_hours() -> None:
    quiet = with_settings(ANA, starts=None, ends=None, digest=True, quiet_until=date(2026, 4, 7))
    assert (quiet.digest, quiet.quiet_until, quiet.person_id) == (True, date(2026, 4, 7), "U1")


@pytest.mark.parametrize(
    ("starts", "ends", "field"),
    [
        (time(9), None, "ends"),
        (None, time(17), "starts"),
        (time(17), time(9), "ends"),
        (time(9), time(9), "ends"),
    ],
)
def test_half_a_day_or_one_that_ends_before_it_starts_is_refused(
    starts: time | None, ends: time | None, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        with_settings(ANA, starts=starts, ends=ends)
    assert refused.value.field == field
    assert refused.value.sentence.endswith(".")
