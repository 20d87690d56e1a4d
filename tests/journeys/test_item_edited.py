"""An action item is put right over the real wire: from its menu to whoever had agreed to it."""

from tests.fake_teams import Dialog, FakeTeams
from tests.fakes import FakeSlack
from tests.journeys import slack_app, teams_app

FAILED = "failed ZD-4711 Parcel missed twice"
EDITED = {"What will change": "Show the notes to drivers"}


async def test_in_slack_an_item_is_edited_its_owner_told_and_what_changed_corrected(
    database_url: str,
) -> None:
    async with FakeSlack() as slack:
        ana, ben = slack.person("Ana"), slack.person("Ben")
        support = slack.channel("support", members=[ana, ben])
        async with slack_app.open_slack_app(slack, database_url):
            await ana.command(FAILED, support)
            retro = await slack_app.said(slack, "Retro: Parcel missed twice")
            added = {"What will change": "Show the nots", "Owner": ben}
            await ana.submit(await ana.press(retro, "Add action item"), added)
            item = await slack_app.said(slack, "proposed · AI-1", where=support.id)
            own = await slack_app.said(slack, "Ana asks you to take this on", where=ben.direct.id)
            await ben.click(own, "Accept")
            await slack.until(lambda: "agreed · AI-1" in item.words())
            form = await ana.press(item, "Edit item")
            assert "Show the nots" in str(form.view)
            await ana.submit(form, EDITED)
            await slack.until(lambda: EDITED["What will change"] in item.words())
            assert "edited by Ana" in item.words()
            told = await slack_app.said(slack, "Ana changed what you agreed to.", where=ben.direct.id)
            assert "Show the nots" in told.words()

            await ben.submit(await ben.press(told, "Mark done"), {"What changed": "Thy are shown."})
            await slack.until(lambda: "done · AI-1" in item.words())
            await slack.until(lambda: "changed what you agreed to" not in told.words())
            await ana.click(item, "Correct what I wrote")
            await slack.until(lambda: ana.whispers and "Only who wrote" in ana.whispers[-1].words())
            form = await ben.press(item, "Correct what I wrote")
            await ben.submit(form, {"What changed": "They are shown."})
            await slack.until(lambda: "They are shown." in item.words())
            await slack.until(
                lambda: all("Thy are shown." not in posted.words() for posted in slack.posted())
            )


async def test_in_teams_an_item_is_edited_and_its_owner_told(database_url: str) -> None:
    async with FakeTeams() as teams:
        ana, ben = teams.person("Ana"), teams.person("Ben")
        support = teams.channel("support", members=[ana, ben])
        async with teams_app.open_teams_app(teams, database_url):
            await ana.says(FAILED, support, mention=True)
            retro = await teams_app.said(teams, "Retro: Parcel missed twice", where=support)
            added = {"What will change": "Show the nots", "Owner": ana}
            await ana.submit(await ana.press(retro, "Add action item"), added)
            item = await teams_app.said(teams, "agreed · AI-1", where=support)
            form = await ben.press(item, "Edit item")
            assert isinstance(form, Dialog)
            assert form.standing()["What will change"] == "Show the nots"
            await ben.submit(form, EDITED)
            await teams.until(lambda: "edited by Ben" in item.words())
            assert EDITED["What will change"] in item.words()
            await teams_app.said(teams, "Ben changed what you agreed to.")
