"""The coach reads along in each of the three channels, for the writer alone."""

from aiohttp import ClientSession

from storage.database import Database
from tests.fake_teams import Dialog, FakeTeams, Told
from tests.fakes import FakeSlack
from tests.journeys import teams_app
from tests.journeys.slack_app import open_slack_app, said
from tests.session import open_work
from tests.web_app import Visitor, dialog, known_at, open_web_app

BLAMING = "Ben was careless and should have checked the address."
BETTER = "The address is not shown where the label is printed."


async def test_in_slack_remarks_lie_on_top_and_closing_them_is_the_way_back(
    slack: FakeSlack, database_url: str
) -> None:
    ana = slack.person("Ana", tz="Europe/Stockholm")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Late twice", support)
        retro = await said(slack, "Retro: Late twice")
        form = await ana.press(retro, "Answer")
        remarks = await ana.submit(form, {"Training": BLAMING})
        assert remarks is not None
        assert remarks.depth == form.depth + 1, "the form that was filled in stays underneath"
        drawn = str(remarks.view)
        assert all(words in drawn for words in ("careless", "Post as it is", "Change it"))
        # Back, changed, and posted without another word.
        assert await ana.submit(form, {"Training": BETTER}) is None
        await said(slack, BETTER)
        # And as it is: both forms close.
        form = await ana.press(retro, "Answer")
        remarks = await ana.submit(form, {"Training": BLAMING})
        assert remarks is not None
        assert await ana.submit(remarks) is None
        assert not form.open
        await said(slack, BLAMING)
    assert all(
        "careless" not in posted.words() or BLAMING in posted.words() for posted in slack.posted()
    )


async def test_in_teams_the_dialog_comes_back_with_remarks_and_two_ways(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana", tz="Europe/Stockholm")
    support = teams.channel("support", members=[ana])
    async with teams_app.open_teams_app(teams, database_url):
        await ana.says("failed ZD-1 Late twice", support, mention=True)
        retro = await teams_app.said(teams, "Retro: Late twice", where=support)
        remarks = await ana.submit(await ana.press(retro, "Answer"), {"Training": BLAMING})
        assert isinstance(remarks, Dialog)
        assert "careless" in remarks.words()
        assert list(remarks.buttons())[-2:] == ["Post as it is", "Change it"]
        again = await ana.submit(remarks, button="Change it")
        assert isinstance(again, Dialog), "nothing was changed, so the remarks stay"
        assert isinstance(await ana.submit(again, {"Training": BETTER}, button="Change it"), Told)
        await teams_app.said(teams, BETTER, where=support)
        remarks = await ana.submit(await ana.press(retro, "Answer"), {"Training": BLAMING})
        assert isinstance(remarks, Dialog)
        assert isinstance(await ana.submit(remarks, button="Post as it is"), Told)
        await teams_app.said(teams, BLAMING, where=support)


async def test_in_the_web_adapter_the_form_comes_back_with_remarks_and_two_ways(
    sqlite: Database,
) -> None:
    async with open_web_app(sqlite) as house, ClientSession(cookies=known_at(house.url)) as session:
        visitor = Visitor(session, house.url)
        await visitor.see("/")
        await visitor.say("/amends failed ZD-1 Late twice")
        opened = await visitor.press("retro.answer", about="C-1")
        remarks = await visitor.fill(opened, training=BLAMING)
        assert "careless" in remarks.text
        assert {"Post as it is", "Change it"} <= {button.text for button in remarks.all("button")}
        assert [button.text for button in remarks.all("button", **{"class": "main"})] == ["Change it"]
        path, data = dialog(remarks, training=BLAMING)
        assert "careless" in (await visitor.send(path, {**data, "again": "yes"})).text
        with open_work(sqlite, "web", writes=False) as work:
            assert work.retros.answers(1) == []
        await visitor.fill(remarks, training=BLAMING)
        with open_work(sqlite, "web", writes=False) as work:
            assert [answer.text for answer in work.retros.answers(1)] == [BLAMING]
