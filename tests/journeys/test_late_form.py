"""A form that is sent after its retro was closed: its words stay, and the next step is a button."""

import pytest
from aiohttp import ClientSession

from storage.database import Database
from tests.fake_slack_person import FormErrors
from tests.fake_teams import Dialog, FakeTeams
from tests.fakes import FakeSlack
from tests.journeys import slack_app, teams_app
from tests.session import open_work
from tests.web_app import Visitor, known_at, open_web_app

FAILED = "failed ZD-1 Parcel missed"
ENOUGH = {"Outcome": "an apology was enough", "Why": "She said so."}
LATE = "The retro C-1 is closed; reopen it to answer."


async def test_in_slack_the_button_waits_where_the_form_was_opened(database_url: str) -> None:
    async with FakeSlack() as slack:
        ana, ben = slack.person("Ana"), slack.person("Ben")
        support = slack.channel("support", members=[ana, ben])
        async with slack_app.open_slack_app(slack, database_url):
            await ana.command(FAILED, support)
            retro = await slack_app.said(slack, "Retro: Parcel missed")
            named, unnamed = await ben.press(retro, "Answer"), await ben.press(retro, "Answer")
            await ana.submit(await ana.press(retro, "Close retro"), ENOUGH)
            await slack.until(lambda: "Reopen" in retro.buttons())
            with pytest.raises(FormErrors, match="reopen it to answer"):
                await ben.submit(named, {"Training": "Maps"})
            assert named.open
            await slack.until(lambda: any(LATE in whisper.words() for whisper in ben.whispers))
            (whisper,) = (one for one in ben.whispers if LATE in one.words())
            assert list(whisper.buttons()) == ["Reopen"]
            # A call to Slack would tell who is about to answer without a name.
            with pytest.raises(FormErrors, match="reopen it to answer"):
                await ben.submit(unnamed, {"Training": "Maps", "Post without my name": True})
            form = await ben.press(whisper, "Reopen")
            await ben.submit(form, {"Why": "An answer."})
            await slack.until(lambda: "Answer" in retro.buttons())
            assert len([one for one in ben.whispers if LATE in one.words()]) == 1
            await ben.submit(named, {"Training": "Maps"})
            await slack_app.said(slack, "Maps")


async def test_in_teams_it_is_in_the_dialog_above_what_was_typed(database_url: str) -> None:
    async with FakeTeams() as teams:
        ana, ben = teams.person("Ana"), teams.person("Ben")
        support = teams.channel("support", members=[ana, ben])
        async with teams_app.open_teams_app(teams, database_url):
            await ana.says(FAILED, support, mention=True)
            retro = await teams_app.said(teams, "Retro: Parcel missed", where=support)
            form = await ben.press(retro, "Answer")
            assert isinstance(form, Dialog)
            hers = await ana.press(retro, "Close retro")
            assert isinstance(hers, Dialog)
            await ana.submit(hers, ENOUGH)
            await teams.until(lambda: "Reopen" in retro.buttons())
            refused = await ben.submit(form, {"Training": "Maps of the city"})
            assert isinstance(refused, Dialog)
            assert LATE in refused.words()
            assert "Maps of the city" in refused.words()
            again = await ben.press(refused, "Reopen")
            assert isinstance(again, Dialog)
            assert again.title == "Reopen"


async def test_in_the_web_workspace_it_is_in_the_dialog_once(sqlite: Database) -> None:
    async with open_web_app(sqlite) as house, ClientSession(cookies=known_at(house.url)) as session:
        visitor = Visitor(session, house.url)
        await visitor.see("/")
        await visitor.say(f"/amends {FAILED}")
        form = await visitor.press("retro.answer", about="C-1")
        close = await visitor.press("retro.close", about="C-1")
        await visitor.fill(close, outcome=ENOUGH["Outcome"], why=ENOUGH["Why"])
        refused = await visitor.fill(form, training="Maps")
        assert LATE in refused.text
        assert "Maps" in refused.text
        again = await visitor.fill(refused, training="Maps")
        assert [button.text for button in again.all("button")].count("Reopen") == 1
        await visitor.fill(await visitor.press("retro.reopen", about="C-1"), why="An answer.")
        await visitor.fill(again, training="Maps")
        with open_work(sqlite, "web", writes=False) as work:
            assert [answer.text for answer in work.retros.answers(1)] == ["Maps"]
