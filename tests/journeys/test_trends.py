"""A lead asks which gap keeps coming back, over the real wire: in Slack, old and new, and in Teams."""

import pytest

from tests.fake_slack_limits import is_new
from tests.fake_teams import FakeTeams
from tests.fakes import FakeSlack
from tests.journeys import teams_app
from tests.journeys.slack_app import open_slack_app, said

CASES = 5


@pytest.mark.parametrize("taken", [True, False], ids=["native", "lines"])
async def test_trends_in_slack(slack: FakeSlack, database_url: str, taken: bool) -> None:
    slack.takes_new_blocks = taken
    ana, ben = slack.person("Ana", tz="Europe/Stockholm"), slack.person("Ben")
    olga = slack.person("Olga")
    support = slack.channel("support", members=[ana, ben], private=True)
    lobby = slack.channel("lobby", members=[ana, ben, olga])
    async with open_slack_app(slack, database_url):
        for number in range(1, CASES + 1):
            await ana.command(f"failed ZD-{number} Parcel {number} missed", support)
        retro = await said(slack, "Retro: Parcel 1 missed")
        form = await ana.press(retro, "Add action item")
        await ana.submit(form, {"What will change": "A map", "Gap": "training"})
        await said(slack, "A map")

        assert await ben.command("trends", support) is None
        (shown,) = await slack.until(lambda: ben.whispers)
        assert shown.channel_id == support.id
        assert is_new(shown.blocks) == taken
        assert f"*{CASES} failed cases*" in shown.words()
        assert "Cases: most often Training (1)." in shown.words()
        assert "Ana" not in shown.words()
        assert not [posted for posted in slack.posted() if "failed cases" in posted.words()]

        # In their own chat it is all of their channels, and nothing of anybody else's.
        await ana.says("trends", ana.direct)
        direct = await said(slack, "Trends", where=ana.direct.id)
        assert f"*{CASES} failed cases*" in direct.words()
        await olga.says("trends", olga.direct)
        await said(slack, "I can't find a team's channel that you're in", where=olga.direct.id)
        elsewhere = await olga.command("trends", lobby)
        assert elsewhere is not None
        assert "No failed case counts" in elsewhere.words()


async def test_trends_in_teams(teams: FakeTeams, database_url: str) -> None:
    ana, olga = teams.person("Ana", tz="Europe/Stockholm"), teams.person("Olga")
    support = teams.channel("support", members=[ana])
    async with teams_app.open_teams_app(teams, database_url):
        for number in range(1, CASES + 1):
            await ana.says(f"failed ZD-{number} Parcel {number} missed", support, mention=True)
            await teams_app.said(teams, f"Retro: Parcel {number} missed")
        await ana.says("trends", support, mention=True)
        shown = await teams_app.told(teams, ana, f"{CASES} failed cases")
        assert "Cases: no gap is named yet." in shown
        await ana.says("trends")
        await teams_app.answered(teams, ana, "by the month in which a case was marked failed")
        await olga.says("trends")
        refused = await teams_app.answered(teams, olga, "I can't find a team's channel that you're in")
        assert "failed cases" not in refused
    assert teams.refusals == []
