"""Two people have the same form open, in each of the three channels: the second undoes nothing."""

from aiohttp import ClientSession

from storage.database import Database
from tests.fake_teams import Dialog, FakeTeams
from tests.fakes import FakeSlack
from tests.journeys import slack_app, teams_app
from tests.session import open_work
from tests.web_app import Visitor, known_at, open_web_app

FAILED = "failed ZD-1 Parcel missed"
AGAIN = "Ana changed it meanwhile: look again."


async def test_in_slack_edit_case_comes_back_as_it_was_filled_in(database_url: str) -> None:
    async with FakeSlack() as slack:
        ana, ben = slack.person("Ana"), slack.person("Ben")
        support = slack.channel("support", members=[ana, ben])
        async with slack_app.open_slack_app(slack, database_url):
            await ana.command(FAILED, support)
            retro = await slack_app.said(slack, "Retro: Parcel missed")
            hers, his = await ana.press(retro, "Edit case"), await ben.press(retro, "Edit case")
            await ana.submit(hers, {"Customer": "Mrs. Ó."})
            again = await ben.submit(his, {"What happened": "Parcel missed twice"})
            assert again is his
            assert all(words in str(again.view) for words in (AGAIN, "Mrs. Ó.", "Parcel missed twice"))
            await ben.submit(again, {"Customer": "Mrs. Ó."})
            await slack.until(lambda: "Parcel missed twice" in retro.words())
            assert "Mrs. Ó." in retro.words()


async def test_in_teams_edit_case_comes_back_as_it_was_filled_in(database_url: str) -> None:
    async with FakeTeams() as teams:
        ana, ben = teams.person("Ana"), teams.person("Ben")
        support = teams.channel("support", members=[ana, ben])
        async with teams_app.open_teams_app(teams, database_url):
            await ana.says(FAILED, support, mention=True)
            retro = await teams_app.said(teams, "Retro: Parcel missed", where=support)
            hers, his = await ana.press(retro, "Edit case"), await ben.press(retro, "Edit case")
            assert isinstance(hers, Dialog)
            assert isinstance(his, Dialog)
            await ana.submit(hers, {"Customer": "Mrs. Ó."})
            again = await ben.submit(his, {"What happened": "Parcel missed twice"})
            assert isinstance(again, Dialog)
            assert all(words in again.words() for words in (AGAIN, "Mrs. Ó."))
            assert again.standing()["What happened"] == "Parcel missed twice"
            await ben.submit(again, {"Customer": "Mrs. Ó."})
            await teams.until(lambda: "Parcel missed twice" in retro.words())
            assert "Mrs. Ó." in retro.words()


async def test_in_the_web_workspace_it_comes_back_as_it_was_filled_in(sqlite: Database) -> None:
    async with open_web_app(sqlite) as house, ClientSession(cookies=known_at(house.url)) as session:
        visitor = Visitor(session, house.url)
        await visitor.see("/")
        await visitor.say(f"/amends {FAILED}")
        hers, his = [await visitor.press("case.edit", about="C-1") for _ in range(2)]
        await visitor.fill(hers, what_happened="Parcel missed", customer="Mrs. Ó.")
        again = await visitor.fill(his, what_happened="Parcel missed twice", customer="")
        assert "You changed it meanwhile: look again." in again.text
        assert "Mrs. Ó." in again.text
        assert "Parcel missed twice" in again.text
        await visitor.fill(again, what_happened="Parcel missed twice", customer="Mrs. Ó.")
        with open_work(sqlite, "web", writes=False) as work:
            case = work.cases.require(1)
        assert (case.what_happened, case.customer) == ("Parcel missed twice", "Mrs. Ó.")
