"""A likely double is pointed out in each of the three channels, and opened when meant so."""

from aiohttp import ClientSession

from storage.database import Database
from tests.fake_teams import Dialog, FakeTeams
from tests.fakes import FakeSlack
from tests.journeys import teams_app
from tests.journeys.slack_app import open_slack_app, said
from tests.session import open_work
from tests.web_app import Visitor, known_at, open_web_app

WHAT = "Parcel promised twice and missed twice"
LIKE = "The parcel promised twice and missed twice"


async def test_in_slack_it_lies_on_top_of_the_form(slack: FakeSlack, database_url: str) -> None:
    ana = slack.person("Ana", tz="Europe/Stockholm")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        await ana.command(f"failed ZD-1 {WHAT}", support)
        await said(slack, f"Retro: {WHAT}")
        form = await ana.shortcut("case.fail")
        asked = await ana.submit(form, {"What happened": LIKE, "Channel": support})
        assert asked is not None
        assert all(words in str(asked.view) for words in ("This may be ", "C-1", LIKE))
        told = await ana.submit(asked)
        assert told is not None
        assert told.view["clear_on_close"], "the form below closes with what is read"
        assert "C-2 is marked failed" in told.words()
        await said(slack, f"Retro: {LIKE}")


async def test_in_teams_typed_words_get_a_button_to_the_form(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana", tz="Europe/Stockholm")
    support = teams.channel("support", members=[ana])
    async with teams_app.open_teams_app(teams, database_url):
        await ana.says(f"failed ZD-1 {WHAT}", support, mention=True)
        retro = await teams_app.said(teams, f"Retro: {WHAT}", where=support)
        await ana.says(f"failed {LIKE}", support, mention=True)
        button = await teams_app.said(teams, "This may be C-1", where=support)
        asked = await ana.press(button, "Mark a case failed")
        assert isinstance(asked, Dialog)
        assert all(words in asked.words() for words in ("This may be ", "C-1", WHAT))
        assert retro is not None
        assert await ana.submit(asked) is not asked
        await teams_app.said(teams, f"Retro: {LIKE}", where=support)


async def test_in_the_web_workspace_the_form_comes_back_filled_in(sqlite: Database) -> None:
    async with open_web_app(sqlite) as house, ClientSession(cookies=known_at(house.url)) as session:
        visitor = Visitor(session, house.url)
        await visitor.see("/")
        await visitor.say(f"/amends failed ZD-1 {WHAT}")
        asked = await visitor.fill(await visitor.press("case.fail"), what_happened=LIKE)
        assert "This may be " in asked.text
        assert {"Open it all the same", "Change it"} <= {button.text for button in asked.all("button")}
        await visitor.fill(asked, what_happened=LIKE)
        with open_work(sqlite, "web", writes=False) as work:
            assert [case.what_happened for case in work.cases.after(0)] == [WHAT, LIKE]
