"""An import finds the channel that it is told, on every platform, used before or not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import bootstrap
from bot.settings import Misconfigured, Settings
from handlers.csv_import.import_file import Summary
from tests.fake_teams import FakeTeams
from tests.fakes import FakeSlack
from tests.handlers.slack_adapter import settings_for
from tests.journeys.slack_app import open_slack_app, said
from tests.journeys.teams_app import open_teams_app
from tests.journeys.teams_app import said as said_in_teams
from tests.journeys.teams_app import settings_for as teams_settings
from tests.session import open_work


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A workspace."""
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant."""
    async with FakeTeams() as fake:
        yield fake


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a file for one test."""
    return f"sqlite:///{tmp_path / 'amends.db'}"


async def imported(folder: Path, team: str, settings: Settings) -> Summary:
    """What became of a table with two cases."""
    (folder / "cases.csv").write_text("Id,Story\nZD-1,Lost\nZD-2,Late\n")
    mapping = ("what_happened=Story", "reference=Id")
    wanted = bootstrap.Wanted(folder / "cases.csv", team, mapping, (), None, None)
    return await bootstrap.import_file(settings, wanted, _unheard, _unheard)


def _unheard(*_: object) -> None:
    """Nobody listens to the progress."""


async def open_once(settings: Settings) -> None:
    """Opens every adapter that is configured, and closes it again."""
    async with bootstrap.open_app(settings) as built, bootstrap.adapters(built):
        pass


@pytest.mark.parametrize("by", ["name", "id"])
async def test_a_slack_channel_is_found_that_amends_was_only_invited_to(
    slack: FakeSlack, tmp_path: Path, url: str, by: str
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana], with_bot=False)
    settings = settings_for(slack, amends_database_url=url)
    async with open_slack_app(slack, url) as built:
        await slack.invite_bot(support, ana)
        await said(slack, "I am Amends", where=support.id)
        team = support.id if by == "id" else "#Support"
        assert await imported(tmp_path, team, settings) == Summary(opened=2)
        assert await imported(tmp_path, team, settings) == Summary(already=2)
        await said(slack, "Retro: Late", where=support.id)
        # And the channel keeps its name.
        with open_work(built.database, f"slack:{slack.team}", writes=False) as work:
            assert [team.name for team in work.teams.all()] == ["support"]


@pytest.mark.parametrize("by", ["name", "id"])
async def test_a_teams_channel_is_found_that_amends_was_only_added_to(
    teams: FakeTeams, tmp_path: Path, url: str, by: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    settings = teams_settings(teams, amends_database_url=url)
    async with open_teams_app(teams, url):
        await ana.adds_app(support)
        await said_in_teams(teams, "I am Amends", where=support)
        team = support.id if by == "id" else "support"
        assert await imported(tmp_path, team, settings) == Summary(opened=2)
        assert await imported(tmp_path, team, settings) == Summary(already=2)
        await said_in_teams(teams, "Retro: Late", where=support)


async def test_a_name_in_two_workspaces_is_one_sentence_and_the_id_still_works(
    slack: FakeSlack, tmp_path: Path, url: str
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana], with_bot=False)
    both = settings_for(slack, amends_database_url=url, amends_web=True)
    async with open_slack_app(slack, url):
        await slack.invite_bot(support, ana)
        await said(slack, "I am Amends", where=support.id)
    await open_once(both)
    with pytest.raises(Misconfigured, match="support is in several workspaces; name the place by its"):
        await imported(tmp_path, "support", both)
    assert await imported(tmp_path, support.id, both) == Summary(opened=2)


async def test_the_unused_first_channel_of_a_web_workspace_that_is_closed_now_is_not_meant(
    slack: FakeSlack, tmp_path: Path, url: str
) -> None:
    await open_once(Settings(_env_file=None, slack_bot_token=None, amends_database_url=url))
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana], with_bot=False)
    settings = settings_for(slack, amends_database_url=url)
    with pytest.raises(Misconfigured, match="support is no place that I know: invite me there"):
        await imported(tmp_path, "support", settings)
    async with open_slack_app(slack, url):
        await slack.invite_bot(support, ana)
        await said(slack, "I am Amends", where=support.id)
        assert await imported(tmp_path, "support", settings) == Summary(opened=2)
        await said(slack, "Retro: Late", where=support.id)


async def test_somebodys_direct_messages_are_no_channel_for_an_import(
    teams: FakeTeams, tmp_path: Path, url: str
) -> None:
    ana = teams.person("Ana")
    settings = teams_settings(teams, amends_database_url=url)
    async with open_teams_app(teams, url):
        await ana.installs()
        with pytest.raises(Misconfigured, match="is no place that I know"):
            await imported(tmp_path, ana.id, settings)


async def test_two_imports_at_once_make_one_channel(tmp_path: Path, url: str) -> None:
    settings = Settings(_env_file=None, slack_bot_token=None, amends_database_url=url)
    await open_once(settings)
    both = await asyncio.gather(*(imported(tmp_path, "billing", settings) for _ in range(2)))
    assert sorted(summary.made_channel for summary in both) == ["", "billing"]
    assert sum(summary.opened for summary in both) == sum(summary.already for summary in both) == 2
