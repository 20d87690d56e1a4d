"""A channel becomes a team once."""

from datetime import date, time

import pytest
from sqlalchemy import update

from bot.domain.days_off import DaysOff, Span
from bot.domain.errors import ConflictError
from bot.domain.policy import Policy
from storage.database import Database
from storage.tables import teams
from tests.storage.made import a_team, saved, seen


def test_a_team_comes_back_as_it_was_stored(database: Database) -> None:
    team = a_team(lead="U1", zone="Asia/Tokyo", days=(6, 0), starts=time(7, 30), ends=time(15))
    spans = (Span(first=date(2026, 12, 24), last=date(2027, 1, 2)),)
    policy = Policy(
        due_by_gap={"training": 10, "": 15}, days_to_verify=5, lead_verifies=True, small_failures=True
    )
    off = DaysOff(spans=spans, country="DE", region="BY")
    team = team.model_copy(update={"days_off": off, "policy": policy})
    saved(database, lambda work: work.teams.add(team))
    assert seen(database, lambda work: work.teams.get("P1")) == team
    assert seen(database, lambda work: work.teams.all()) == [team]


def test_a_team_that_must_be_there_and_is_not_is_damage(database: Database) -> None:
    saved(database, lambda work: work.teams.add(a_team()))
    assert seen(database, lambda work: work.teams.require("P1")) == a_team()
    with pytest.raises(LookupError, match="teams has no channel_id 'P2'"):
        seen(database, lambda work: work.teams.require("P2"))


def test_a_channel_becomes_a_team_only_once(database: Database) -> None:
    saved(database, lambda work: work.teams.add(a_team()))
    with pytest.raises(ConflictError):
        saved(database, lambda work: work.teams.add(a_team(name="Other")))


def test_a_team_of_an_older_program_has_no_days_off_and_the_policy_of_everybody(
    database: Database,
) -> None:
    saved(database, lambda work: work.teams.add(a_team()))
    with database.transaction(writes=True) as connection:
        connection.execute(update(teams).values(days_off={}, policy={}))
        connection.commit()
    team = seen(database, lambda work: work.teams.get("P1"))
    assert team == a_team()
