"""A text that is longer than a platform's box stays whole when somebody changes another field."""

from bot import bootstrap
from tests.fake_teams import Dialog, FakeTeams
from tests.fakes import FakeSlack
from tests.journeys import slack_app, teams_app
from tests.session import open_work

FAILED = "failed ZD-1 Parcel missed"
LONG = "Nobody called us back. " * 600 + "That was the end."


def lengthen(built: bootstrap.App, workspace: str) -> None:
    """The story of C-1 is as long as one that was imported."""
    with open_work(built.database, workspace, writes=True) as work:
        work.cases.save(work.cases.require(1).model_copy(update={"what_happened": LONG}))
        work.commit()


def story(built: bootstrap.App, workspace: str) -> tuple[str, str | None]:
    """What happened in C-1, and to whom."""
    with open_work(built.database, workspace, writes=False) as work:
        case = work.cases.require(1)
    return case.what_happened, case.customer


async def test_in_slack_the_story_stays_whole_unless_somebody_writes_another(database_url: str) -> None:
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        async with slack_app.open_slack_app(slack, database_url) as built:
            workspace = f"slack:{slack.team}"
            await ana.command(FAILED, support)
            retro = await slack_app.said(slack, "Retro: Parcel missed")
            lengthen(built, workspace)
            form = await ana.press(retro, "Edit case")
            assert f"Left as it is, all {len(LONG):,} characters stay." in str(form.view)
            await ana.submit(form, {"Customer": "Mrs. Ó."})
            assert story(built, workspace) == (LONG, "Mrs. Ó.")
            form = await ana.press(retro, "Edit case")
            await ana.submit(form, {"What happened": LONG[:500]})
            assert story(built, workspace) == (LONG[:500].strip(), "Mrs. Ó.")


async def test_in_teams_the_story_stays_whole_unless_somebody_writes_another(database_url: str) -> None:
    async with FakeTeams() as teams:
        ana = teams.person("Ana")
        support = teams.channel("support", members=[ana])
        async with teams_app.open_teams_app(teams, database_url) as built:
            workspace = f"teams:{teams.login.tenant}"
            await ana.says(FAILED, support, mention=True)
            retro = await teams_app.said(teams, "Retro: Parcel missed", where=support)
            lengthen(built, workspace)
            form = await ana.press(retro, "Edit case")
            assert isinstance(form, Dialog)
            assert len(form.standing()["What happened"]) < len(LONG)
            await ana.submit(form, {"Customer": "Mrs. Ó."})
            assert story(built, workspace) == (LONG, "Mrs. Ó.")
            form = await ana.press(retro, "Edit case")
            assert isinstance(form, Dialog)
            await ana.submit(form, {"What happened": LONG[:500]})
            assert story(built, workspace) == (LONG[:500].strip(), "Mrs. Ó.")
