"""A lead asks what needs them today: over the real wire, in Slack and in Teams."""

from tests.fake_teams import FakeTeams
from tests.fakes import FakeSlack
from tests.journeys import teams_app
from tests.journeys.slack_app import open_slack_app, said

STOCKHOLM = "Europe/Stockholm"


async def test_what_needs_a_lead_today_in_slack(slack: FakeSlack, database_url: str) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=STOCKHOLM)
    support = slack.channel("support", members=[ana, ben], private=True)
    sales = slack.channel("sales", members=[ana, ben], private=True)
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Parcel lost", support)
        retro = await said(slack, "Retro: Parcel lost")
        for what, owner in (("A map", {}), ("A list", {"Owner": ben})):
            form = await ana.press(retro, "Add action item")
            await ana.submit(form, {"What will change": what, **owner, "Gap": "training"})
        for number in range(4):
            form = await ana.press(retro, "Add action item")
            await ana.submit(form, {"What will change": f"Fix {number}"})
        await ana.command("failed ZD-2 Offer lost", sales)
        await said(slack, "Retro: Offer lost")

        status = await ana.command("status", support)
        assert status is not None
        assert "*Without an owner* · 5" in status.words()
        assert "*Waiting for a yes or no* · 1" in status.words()
        assert "*Customers who wait* · 1" in status.words()
        assert "Offer lost" not in status.words()
        # One step from there, and all of a group.
        await ana.click(status, "Take it")
        await said(slack, "agreed · AI-4 · Ana")
        await ana.click(status, "Show all 5")
        everything = await slack.until(
            lambda: next((w for w in ana.whispers if "Fix 3" in w.words()), None)
        )
        assert everything.channel_id == support.id
        # Whoever Slack does not name by their id is found by their name.
        for name in ("@Ben", "ben", f"@{ben.id}"):
            his = await ana.command(f"status owner:{name}", support)
            assert his is not None
            assert "owner: Ben" in his.words()
            assert "A list" in his.words()
            assert "Fix 1" not in his.words()
        none = await ana.command("status unownd gap:training", support)
        assert none is not None
        assert "Did you mean unowned gap:training?" in none.words()
        # Nobody else has read any of it, until it is shared.
        assert ben.whispers == []
        assert not [
            posted
            for posted in slack.posted()
            if "need" in posted.words() and "Status" in posted.words()
        ]
        await ana.click(status, "Share here")
        shared = await said(slack, "shared by Ana", where=support.id)
        assert "Accept" not in shared.buttons()
        await slack.until(lambda: [w for w in ana.whispers if "Shared in" in w.words()])


async def test_what_needs_somebody_of_several_teams_in_slack(
    slack: FakeSlack, database_url: str
) -> None:
    ana, olga = slack.person("Ana", tz=STOCKHOLM), slack.person("Olga")
    support = slack.channel("support", members=[ana], private=True)
    sales = slack.channel("sales", members=[ana], private=True)
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Parcel lost", support)
        await ana.command("failed ZD-2 Offer lost", sales)
        await said(slack, "Retro: Offer lost")
        await ana.says("status", ana.direct)
        both = await said(slack, "things need you", where=ana.direct.id)
        assert "Offer lost" in both.words()
        assert "Parcel lost" in both.words()
        await ana.click(both, "Team #sales")
        await slack.until(lambda: "All my teams" in str([slack.whispers, ana.direct.messages]))
        await olga.says("status team:support", olga.direct)
        await said(slack, "I can't find a team's channel that you're in", where=olga.direct.id)

        # At home stands what is theirs, and which retros want their answer.
        home = await ana.opens_home()
        assert "Retros that want your answer" in home.words()
        form = await ana.press(home, "Answer")
        await ana.submit(form, {"Training": "Maps"})
        await said(slack, "Training · Ana")
        again = await ana.opens_home()
        assert home.words().count("answers close") - again.words().count("answers close") == 1
        before = slack.calls["views.publish"]
        await ana.looks_at_home()
        assert slack.calls["views.publish"] == before
        await ana.says("hi", ana.direct)
        await said(slack, "Retros that want your answer", where=ana.direct.id)


async def test_what_needs_a_lead_today_in_teams(teams: FakeTeams, database_url: str) -> None:
    ana, ben = teams.person("Ana", tz=STOCKHOLM), teams.person("Ben Okafor", tz=STOCKHOLM)
    olga = teams.person("Olga")
    support = teams.channel("support", members=[ana, ben])
    sales = teams.channel("sales", members=[ana])
    async with teams_app.open_teams_app(teams, database_url):
        await ana.says("failed ZD-1 Parcel lost", support, mention=True)
        retro = await teams_app.said(teams, "Retro: Parcel lost")
        for number in range(4):
            form = await ana.press(retro, "Add action item")
            await ana.submit(form, {"What will change": f"Fix {number}"})
        form = await ana.press(retro, "Add action item")
        await ana.submit(form, {"What will change": "A list", "Owner": ben})
        await ana.says("failed ZD-2 Offer lost", sales, mention=True)
        await teams_app.said(teams, "Retro: Offer lost")

        await ana.says("status", support, mention=True)
        shown = await teams_app.told(teams, ana, "Without an owner")
        assert "Offer lost" not in shown
        status = await teams.until(
            lambda: next(
                (p for p in ana.chat.messages.values() if "Without an owner" in p.words()), None
            )
        )
        # It stands in their own chat, and its buttons still mean the channel.
        everything = await ana.press(status, "Show all 4")
        assert "Fix 3" in everything.words()
        assert "Offer lost" not in everything.words()
        assert "need" not in "".join(
            p.words() for p in support.messages.values() if p.bot and "Status" in p.words()
        )
        await ana.click(status, "Share here: #support")
        shared = await teams_app.said(teams, "shared by Ana", where=support)
        assert "need somebody" in shared.words()
        await ben.says("status owner:@Ben Okafor late", support, mention=True)
        await teams_app.told(teams, ben, "late · mine")

        await ana.says("status")
        both = await teams_app.told(teams, ana, "#sales, #support")
        assert "Offer lost" in both
        assert "Parcel lost" in both
        await ana.says("home")
        home = await teams_app.told(teams, ana, "Retros that want your answer")
        assert "My customers" in home or "Needs you" in home
        await olga.says("status")
        await teams_app.answered(teams, olga, "I can't find a team's channel that you're in")
    assert teams.refusals == []
