"""What a form did is said where it was asked for; of an unnamed answer only its own dialog says it."""

from tests.desk import ASKED
from tests.fake_teams import FakeTeams, Told
from tests.fakes import FakeSlack, View
from tests.journeys import teams_app
from tests.journeys.slack_app import open_slack_app, said

THANKS = "Posted under Training. Thank you."
UNNAMED_THANKS = "Posted under Training, without your name. Thank you."
BLAMING = "Ben was careless with the parcel."


async def test_in_slack_a_form_is_answered_in_the_thread_it_was_opened_in(database_url: str) -> None:
    async with FakeSlack() as slack:
        ana, ben = slack.person("Ana"), slack.person("Ben")
        support = slack.channel("support", members=[ana, ben])
        async with open_slack_app(slack, database_url):
            await ana.command("failed ZD-1 Lost", support)
            retro = await said(slack, "Retro: Lost")
            prompt = await said(slack, ASKED[0].question)
            form = await ana.press(prompt, "Answer")
            before = len(ana.whispers)
            assert await ana.submit(form, {"Training": "Maps"}) is None
            await slack.until(lambda: len(ana.whispers) > before)
            told = ana.whispers[-1]
            assert THANKS in told.words()
            assert (told.channel_id, told.thread_ts) == (support.id, retro.ts)
            # After the coach's remarks both forms close, and it is said in the same place.
            remarks = await ana.submit(await ana.press(prompt, "Answer"), {"Training": BLAMING})
            assert isinstance(remarks, View)
            before = len(ana.whispers)
            assert await ana.submit(remarks) is None
            await slack.until(lambda: len(ana.whispers) > before)
            assert (THANKS, ana.whispers[-1].thread_ts) == (ana.whispers[-1].words(), retro.ts)
            assert not any(THANKS in whisper.words() for whisper in ben.whispers)
            # Without a channel to say it in, the dialog itself says it.
            opened = await ana.shortcut("case.fail")
            stays = await ana.submit(opened, {"What happened": "Broken", "Channel": support})
            assert isinstance(stays, View)
            assert "C-2 is marked failed" in stays.words()
        assert not any(THANKS in posted.words() for posted in slack.posted())


async def test_in_slack_no_call_tells_who_reads_that_their_unnamed_answer_is_posted(
    database_url: str,
) -> None:
    async with FakeSlack() as slack:
        ana, ben = slack.person("Ana"), slack.person("Ben")
        support = slack.channel("support", members=[ana, ben])
        async with open_slack_app(slack, database_url):
            await ana.command("failed ZD-1 Lost", support)
            prompt = await said(slack, ASKED[0].question)
            form = await ben.press(prompt, "Answer")
            told = await ben.submit(form, {"Training": "Maps", "Post without my name": True})
            assert isinstance(told, View)
            assert told.words() == UNNAMED_THANKS
            # Nor after the coach's remarks: closing what is read closes the form below, too.
            form = await ben.press(prompt, "Answer")
            remarks = await ben.submit(form, {"Training": BLAMING, "Post without my name": True})
            assert isinstance(remarks, View)
            told = await ben.submit(remarks)
            assert isinstance(told, View)
            assert (told.words(), told.view["clear_on_close"]) == (UNNAMED_THANKS, True)
            await said(slack, BLAMING)
        assert ben.whispers == []
        assert ben.direct.roots() == []


async def test_in_teams_the_dialog_says_what_a_form_did(database_url: str) -> None:
    async with FakeTeams() as teams:
        ana, ben = teams.person("Ana", tz="Europe/Stockholm"), teams.person("Ben", tz="Asia/Tokyo")
        support = teams.channel("support", members=[ana, ben])
        async with teams_app.open_teams_app(teams, database_url):
            await ana.says("failed ZD-1 Lost", support, mention=True)
            retro = await teams_app.said(teams, "Retro: Lost", where=support)
            told = await ana.submit(await ana.press(retro, "Answer"), {"Training": "Maps"})
            assert isinstance(told, Told)
            assert told.words() == THANKS
            secret = {"Training": "Rotas", "Post without my name": True}
            told = await ben.submit(await ben.press(retro, "Answer"), secret)
            assert isinstance(told, Told)
            assert told.words() == UNNAMED_THANKS
            await teams_app.said(teams, "Rotas", where=support)
            assert not any("Posted under" in posted.words() for posted in teams.posted())
