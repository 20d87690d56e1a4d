"""A lead sets the team's days off and its policy, and what follows, over the real wire."""

import pytest

from tests import fake_teams, fakes
from tests.desk import ASKED
from tests.fake_teams import FakeTeams
from tests.fake_teams_state import Dialog
from tests.fakes import FakeSlack, FormErrors
from tests.journeys import teams_app
from tests.journeys.slack_app import open_slack_app, said

OFF = {"Days off": "2026-12-31 to 2027-01-02", "Country's holidays": "Germany", "Region": "Bayern"}
SHOWN = "the holidays of Germany (Bayern)"
STRICT = {
    "Training: days until due": "10",
    "Who verifies": "the lead",
    "Small failures without a retro": True,
}
ONLY_ANA = "In this team the lead verifies: ask Ana to look at AI-1."
SMALL = {"What happened": "The wrong colour was sent", "No retro, only make it right": True}


async def test_days_off_and_policy_in_slack(slack: FakeSlack, database_url: str) -> None:
    ana, ben = slack.person("Ana", tz="Europe/Stockholm"), slack.person("Ben")
    support = slack.channel("support", members=[ana, ben])

    def in_thread(root: fakes.Posted) -> list[fakes.Posted]:
        return [one for one in support.thread(root) if one.ts != root.ts]

    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Lost", support)
        await said(slack, ASKED[-1].question)
        form = await ana.opens("settings days off", support)
        for bad in ({"Days off": "31.12."}, {"Region": "Kent"}):
            with pytest.raises(FormErrors) as wrong:
                await ana.submit(form, OFF | bad)
            assert wrong.value.sentences.keys() == bad.keys()
        await ana.submit(form, OFF)
        await slack.until(lambda: [one for one in ana.whispers if SHOWN in one.words()])
        policy = await ana.opens("settings policy", support)
        await ana.submit(policy, STRICT)
        await slack.until(lambda: [one for one in ana.whispers if "Who verifies" in one.words()])

        read = await ben.opens("settings policy", support)
        assert "Ana leads #support" in str(read.view)
        assert "submit" not in read.view
        small = await ben.opens("failed", support)
        await ben.submit(small, SMALL)
        root = await said(slack, "Small failure: The wrong colour was sent")
        (card,) = await slack.until(lambda: in_thread(root))
        assert "Hear the customer" in card.words()

        add = await ana.press(await said(slack, "Retro: Lost"), "Add action item")
        assert "training 10" in str(add.view)
        await ana.submit(add, {"What will change": "A map", "Gap": "training", "Owner": ben})
        asked = await said(slack, "A map", where=ben.direct.id)
        assert "due" in asked.words()
        await ben.click(asked, "Accept")
        agreed = await said(slack, "This is yours.", where=ben.direct.id)
        done = await ben.press(agreed, "Mark done")
        await ben.submit(done, {"What changed": "The map hangs there."})
        item = await said(slack, "The map hangs there.", where=support.id)
        await ben.click(item, "Verify")
        await slack.until(lambda: [one for one in ben.whispers if ONLY_ANA in one.words()])
        verify = await ana.press(item, "Verify")
        await ana.submit(verify, {"What I saw": "It hangs there."})
        await said(slack, "verified · AI-1", where=support.id)


async def test_days_off_and_policy_in_teams(teams: FakeTeams, database_url: str) -> None:
    ana, ben = teams.person("Ana", tz="Europe/Stockholm"), teams.person("Ben")
    support = teams.channel("support", members=[ana, ben])
    async with teams_app.open_teams_app(teams, database_url):
        await ana.says("failed ZD-1 Lost", support, mention=True)
        await teams_app.said(teams, "Retro: Lost")
        await ana.says("settings days off", support, mention=True)
        form = await ana.press(await teams_app.offered(teams, ana, "Days off"), "Days off")
        wrong = await ana.submit(form, OFF | {"Region": "Kent"})
        assert isinstance(wrong, Dialog)
        assert "is not a region of Germany" in wrong.words()
        saved = await ana.submit(wrong, OFF)
        assert saved is not None
        assert SHOWN in saved.words()
        await ana.says("settings policy", support, mention=True)
        policy = await ana.press(await teams_app.offered(teams, ana, "Policy"), "Policy")
        done = await ana.submit(policy, STRICT)
        assert isinstance(done, Dialog)
        assert "Who verifies" in done.words()

        await ben.says("settings policy", support, mention=True)
        read = await ben.press(await teams_app.offered(teams, ben, "Policy"), "Policy")
        assert isinstance(read, Dialog)
        assert "Ana leads #support" in read.words()
        await ben.says("failed", support, mention=True)
        label = "Mark a case failed"
        small = await ben.press(await teams_app.offered(teams, ben, label), label)
        await ben.submit(small, SMALL)
        root = await teams_app.said(teams, "Small failure: The wrong colour was sent")

        def thread() -> list[fake_teams.Posted]:
            return [one for one in teams_app.in_thread(support, root) if one.id != root.id]

        (card,) = await teams.until(thread)
        assert "Hear the customer" in card.words()
    assert teams.refusals == []
