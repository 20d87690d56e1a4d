"""A colleague is forgotten beside the running program: the platform's messages name them no more."""

import asyncio
from datetime import UTC, datetime

from bot import bootstrap
from bot.commands import forget
from bot.domain.forget import COLLEAGUE
from bot.ports import UnitOfWork
from tests.fake_teams import FakeTeams, Told
from tests.fakes import FakeSlack
from tests.journeys.slack_app import open_slack_app, said
from tests.journeys.teams_app import open_teams_app
from tests.journeys.teams_app import said as said_in_teams


async def forget_wilma(built: bootstrap.App) -> None:
    """As the command line does, in another process."""
    (workspace,) = built.database.workspaces()
    person = await built.database.read(workspace, lambda work: forget.person_named("Wilma", work))

    def change(work: UnitOfWork) -> None:
        assert forget.forget_person(person, datetime.now(UTC), work)

    await asyncio.to_thread(built.database.write_at_length, workspace, change)
    built.woken.set()


async def test_in_slack_no_message_in_a_channel_names_them(database_url: str) -> None:
    async with FakeSlack() as slack:
        ana, wilma = slack.person("Ana", tz="Europe/Stockholm"), slack.person("Wilma", tz="Asia/Tokyo")
        support = slack.channel("support", members=[ana, wilma])
        async with open_slack_app(slack, database_url) as built:
            await ana.command("failed ZD-4711 Parcel missed twice, as Wilma saw", support)
            retro = await said(slack, "Retro: Parcel missed twice")
            await wilma.submit(await wilma.press(retro, "Answer"), {"Training": "Courier notes"})
            answer = await said(slack, "Training \u00b7 Wilma")
            form = await ana.press(answer, "Add action item")
            await ana.submit(form, {"What will change": "Show the notes", "Owner": wilma})
            item = await said(slack, "proposed \u00b7 AI-1", where=support.id)
            own = await said(slack, "Ana asks you to take this on", where=wilma.direct.id)
            card = await said(slack, "open \u00b7 looked after by", where=support.id)
            await wilma.click(own, "Accept")
            await slack.until(lambda: "agreed \u00b7 AI-1" in item.words())
            assert "Wilma" in item.words()

            await forget_wilma(built)
            told = await said(slack, "A colleague who left", where=ana.direct.id)
            assert "AI-1" in told.words()
            await slack.until(lambda: f"Training \u00b7 {COLLEAGUE}" in answer.words())
            await slack.until(lambda: "proposed \u00b7 AI-1" in item.words())
            await slack.until(lambda: f"as {COLLEAGUE} saw" in retro.words())
            await slack.until(lambda: f"as {COLLEAGUE} saw" in card.words())
            shown = [one for one in slack.posted() if one.channel_id != wilma.direct.id]
            assert len(shown) > 3
            for one in shown:
                assert "Wilma" not in one.words()
                assert wilma.id not in f"{one.blocks} {one.metadata}"

            # Somebody of the same account is met as anybody.
            await wilma.click(item, "Take it")
            await slack.until(lambda: "agreed \u00b7 AI-1" in item.words() and "Wilma" in item.words())
            assert "Wilma" not in answer.words()


async def test_in_teams_no_message_in_a_channel_names_them(database_url: str) -> None:
    async with FakeTeams() as teams:
        ana, wilma = teams.person("Ana", tz="Europe/Stockholm"), teams.person("Wilma", tz="Asia/Tokyo")
        support = teams.channel("support", members=[ana, wilma])
        async with open_teams_app(teams, database_url) as built:
            await ana.says("failed ZD-4711 Parcel missed twice", support, mention=True)
            retro = await said_in_teams(teams, "Retro: Parcel missed twice", where=support)
            form = await wilma.press(retro, "Answer")
            assert isinstance(await wilma.submit(form, {"Training": "Courier notes"}), Told)
            answer = await said_in_teams(teams, "Training \u00b7 Wilma")
            form = await ana.press(answer, "Add action item")
            filled = {"What will change": "Show the notes", "Owner": wilma}
            assert isinstance(await ana.submit(form, filled), Told)
            item = await said_in_teams(teams, "proposed \u00b7 AI-1", where=support)
            # The last of what was owed: a word on its way while she is forgotten may still name her.
            await said_in_teams(teams, "open \u00b7 looked after by", where=support)

            await forget_wilma(built)
            # Edits wait for the platform's pace, behind the prompts of the retro.
            await teams.until(lambda: f"Training \u00b7 {COLLEAGUE}" in answer.words(), 30.0)
            await teams.until(lambda: "Wilma" not in item.words(), 30.0)
            named = [one for one in teams.posted() if "Wilma" in one.words()]
            assert {one.channel_id for one in named} <= {wilma.chat.id}
