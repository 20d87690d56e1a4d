"""A channel becomes a team once."""

from datetime import time

import pytest

from bot.domain.errors import ConflictError
from storage.database import Database
from tests.storage.made import a_team, saved, seen


def test_a_team_comes_back_as_it_was_stored(database: Database) -> None:
    team = a_team(lead="U1", zone="Asia/Tokyo", days=(6, 0), starts=time(7, 30), ends=time(15))
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
