"""An answer is taken back over the real wire: in Slack and in Teams, from the click to the thread."""

from tests.fake_teams import Dialog, FakeTeams
from tests.fakes import FakeSlack
from tests.journeys import slack_app, teams_app

FAILED = "failed ZD-4711 Parcel promised twice, missed twice"
FILLED = {"Training": "Reading courier notes"}


async def test_in_slack_an_answer_is_deleted_unnamed_and_withdrawn(database_url: str) -> None:
    async with FakeSlack() as slack:
        ana, ben = slack.person("Ana"), slack.person("Ben")
        support = slack.channel("support", members=[ana, ben])
        async with slack_app.open_slack_app(slack, database_url):
            await ben.command(FAILED, support)
            retro = await slack_app.said(slack, "Retro: Parcel promised twice, missed twice")
            await slack_app.said(slack, "know or practise")
            await ana.submit(await ana.press(retro, "Answer"), FILLED)
            first = await slack_app.said(slack, "Training · Ana")
            await ben.click(first, "Delete")
            await slack.until(
                lambda: ben.whispers and "Only the person who wrote" in ben.whispers[-1].words()
            )
            await ana.submit(await ana.press(first, "Delete"))
            await slack.until(lambda: first not in slack.posted() and "0 answers" in retro.words())

            await ana.submit(await ana.press(retro, "Answer"), FILLED)
            named = await slack_app.said(slack, "Training · Ana")
            await ana.submit(await ana.press(named, "Remove my name"))
            unnamed = await slack_app.said(slack, "Training · someone on the team")
            await slack.until(lambda: named not in slack.posted())
            assert unnamed.ts != named.ts
            assert unnamed.thread_ts == retro.ts

            form = await ben.press(unnamed, "Withdraw")
            await ben.submit(form, {"Why": "It names a customer."})
            await slack.until(lambda: "An answer was withdrawn by Ben" in unnamed.words())
            assert "It names a customer." in unnamed.words()
            assert "courier" not in "\n".join(posted.words() for posted in slack.posted())


async def test_in_teams_an_answer_is_deleted_unnamed_and_withdrawn(database_url: str) -> None:
    async with FakeTeams() as teams:
        ana, ben = teams.person("Ana"), teams.person("Ben")
        support = teams.channel("support", members=[ana, ben])
        async with teams_app.open_teams_app(teams, database_url):
            await ben.says(FAILED, support, mention=True)
            retro = await teams_app.said(teams, "Retro: Parcel promised twice, missed twice")
            await teams_app.said(teams, "know or practise")
            await ana.submit(await ana.press(retro, "Answer"), FILLED)
            first = await teams_app.said(teams, "Training · Ana")
            await ana.submit(await ana.press(first, "Delete"), {})
            await teams.until(lambda: first not in teams.posted() and "0 answers" in retro.words())

            await ana.submit(await ana.press(retro, "Answer"), FILLED)
            named = await teams_app.said(teams, "Training · Ana")
            await ana.submit(await ana.press(named, "Remove my name"), {})
            unnamed = await teams_app.said(teams, "Training · someone on the team")
            await teams.until(lambda: named not in teams.posted())

            form = await ben.press(unnamed, "Withdraw")
            await ben.submit(form, {"Why": "It names a customer."})
            await teams.until(lambda: "An answer was withdrawn by Ben" in unnamed.words())
            assert not teams.refusals


async def test_in_slack_a_step_is_corrected_and_taken_back(database_url: str) -> None:
    async with FakeSlack() as slack:
        ben = slack.person("Ben")
        support = slack.channel("support", members=[ben])
        async with slack_app.open_slack_app(slack, database_url):
            await ben.command(FAILED, support)
            card = await slack_app.said(slack, "looked after by", where=support.id)
            hear = await ben.press(card, "Hear the customer")
            await ben.submit(hear, {"Their account, in their own words": "I wiated."})
            await slack.until(lambda: "I wiated." in card.words())
            both_sides = await ben.press(card, "Both sides")
            form = await ben.submit(
                await ben.press(both_sides, "Correct"), {"What": "Hear the customer"}
            )
            assert form is not None
            assert "I wiated." in str(form.view)
            await ben.submit(form, {"Their account, in their own words": "I waited."})
            assert not both_sides.open, "what it says is done with, too"
            await slack.until(lambda: "corrected by Ben" in card.words())
            assert "I waited." in card.words()
            form = await ben.press(await ben.press(card, "Both sides"), "Take back")
            await ben.submit(form, {"Why": "It was another customer."})
            await slack.until(lambda: "taken back by Ben: It was another" in card.words())
            assert "I waited." not in card.words()


async def test_in_teams_a_step_is_corrected_and_taken_back(database_url: str) -> None:
    async with FakeTeams() as teams:
        ben = teams.person("Ben")
        support = teams.channel("support", members=[ben])
        async with teams_app.open_teams_app(teams, database_url):
            await ben.says(FAILED, support, mention=True)
            card = await teams_app.said(teams, "looked after by", where=support)
            hear = await ben.press(card, "Hear the customer")
            await ben.submit(hear, {"Their account, in their own words": "I wiated."})
            await teams.until(lambda: "I wiated." in card.words())
            both_sides = await ben.press(card, "Both sides")
            form = await ben.submit(
                await ben.press(both_sides, "Correct"), {"What": "Hear the customer"}
            )
            assert isinstance(form, Dialog)
            assert "I wiated." in str(form.standing())
            await ben.submit(form, {"Their account, in their own words": "I waited."})
            await teams.until(lambda: "corrected by Ben" in card.words())
            form = await ben.press(await ben.press(card, "Both sides"), "Take back")
            await ben.submit(form, {"Why": "It was another customer."})
            await teams.until(lambda: "taken back by Ben: It was another" in card.words())
            assert not teams.refusals
