"""An import finds the channel that it is told, on every platform, used before or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import bootstrap
from bot.bootstrap import App
from bot.domain.errors import Refused
from bot.settings import Misconfigured, Settings
from handlers.csv_import.import_file import Summary, Way
from tests.exports import INTERCOM_RATINGS
from tests.fake_teams import FakeTeams
from tests.fakes import FakeSlack, SlackChannel, SlackPerson
from tests.handlers.slack_adapter import settings_for
from tests.journeys.slack_app import open_slack_app, said
from tests.journeys.teams_app import open_teams_app
from tests.journeys.teams_app import said as said_in_teams
from tests.journeys.teams_app import settings_for as teams_settings
from tests.session import open_work
from tests.workbooks import Rows, xlsx


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a file for one test."""
    return f"sqlite:///{tmp_path / 'amends.db'}"


async def imported(folder: Path, team: str, settings: Settings) -> Summary:
    """What became of a table with two cases."""
    (folder / "cases.csv").write_text("Id,Story\nZD-1,Lost\nZD-2,Late\n")
    mapping = ("what_happened=Story", "reference=Id")
    wanted = bootstrap.Wanted(folder / "cases.csv", team, mapping, (), None, None)
    return await bootstrap.import_file(settings, wanted, _unheard, _unheard)


def _unheard(*_: object) -> None:
    """Nobody listens to the progress."""


async def of_rows(
    folder: Path, settings: Settings, rows: int, *, way: Way | None = None, rehearses: bool = False
) -> Summary:
    """What became of a table with so many cases for #support; the last three are broken or doubles."""
    text = "".join(f"ZD-{row},Story {row}\n" for row in range(1, rows + 1))
    (folder / "many.csv").write_text(f"Id,Story\n{text}ZD-1,Again\nZD-2,Again\nZD-0,\n")
    mapping = ("what_happened=Story", "reference=Id")
    wanted = bootstrap.Wanted(
        folder / "many.csv", "support", mapping, (), None, None, way=way, rehearses=rehearses
    )
    return await bootstrap.import_file(settings, wanted, _unheard, _unheard)


@asynccontextmanager
async def invited(slack: FakeSlack, url: str) -> AsyncIterator[tuple[SlackPerson, SlackChannel, App]]:
    """Somebody, and their channel that Amends was invited to."""
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana], with_bot=False)
    async with open_slack_app(slack, url) as built:
        await slack.invite_bot(support, ana)
        await said(slack, "I am Amends", where=support.id)
        yield ana, support, built


def everything(slack: FakeSlack) -> str:
    """All that anybody can read."""
    whispers = [one.words() for one in slack.whispers]
    return "\n".join([*(one.words() for one in slack.posted()), *whispers])


def stored(built: App, slack: FakeSlack) -> tuple[int, int]:
    """How many cases there are, and how many of them wait for somebody to open them."""
    with open_work(built.database, f"slack:{slack.team}", writes=False) as work:
        cases = work.cases.after(0, 1_000)
        return len(cases), sum(work.retros.get(case.number) is None for case in cases)


async def test_many_rows_for_a_chat_need_a_word_and_it_is_said_what_would_happen(
    slack: FakeSlack, tmp_path: Path, url: str
) -> None:
    settings = settings_for(slack, amends_database_url=url, amends_pace=1.1)
    async with invited(slack, url) as (_, support, built):
        with pytest.raises(Refused) as told:
            await of_rows(tmp_path, settings, 94)
        assert str(told.value).startswith(
            "94 retros: 376 messages in #support over 7 minutes. Say --open"
        )
        assert "Nothing was written." in str(told.value)
        assert stored(built, slack) == (0, 0)
        # So does a rehearsal, which may be of either way, and knows what is there twice.
        summary = await of_rows(tmp_path, settings, 94, way="open", rehearses=True)
        assert summary.foretold == "94 retros: 376 messages in #support over 7 minutes"
        assert summary.counts == "94 opened, 2 already there, 1 skipped"
        quietly = await of_rows(tmp_path, settings, 94, way="backlog", rehearses=True)
        assert quietly.foretold == "94 cases taken in: 1 message in #support"
        assert stored(built, slack) == (0, 0)
        # Twenty rows need no word, nor does a table of which most is there.
        few = await of_rows(tmp_path, settings, 17)
        assert few.counts == "17 opened, 2 already there, 1 skipped"
        assert stored(built, slack) == (17, 0)
        assert len(support.roots()) >= 1


async def test_a_backlog_is_one_message_until_somebody_opens_a_retro(
    slack: FakeSlack, tmp_path: Path, url: str
) -> None:
    settings = settings_for(slack, amends_database_url=url)
    async with invited(slack, url) as (ana, support, built):
        summary = await of_rows(tmp_path, settings, 94, way="backlog")
        assert summary.counts == "94 taken in, 0 opened, 2 already there, 1 skipped"
        assert (await of_rows(tmp_path, settings, 94, way="backlog")).counts.startswith("0 opened, 96")
        assert stored(built, slack) == (94, 94)
        built.woken.set()
        message = await said(slack, "94 older cases were taken in here", where=support.id)
        assert "*Story 94* · C-94 · ZD-94" in message.words()
        assert "89 more" in message.words()
        hello = 1
        assert len(support.messages) == hello + 1
        # The newest one's button: its retro opens, with its prompts and its customer's card.
        await ana.click(message, "Open the retro")
        await said(slack, "open · looked after by", where=support.id)
        await slack.until(lambda: "93 older cases" in message.words())
        assert stored(built, slack) == (94, 93)
        # By its reference; and again, it is only shown.
        form = await ana.opens("failed ZD-7", support)
        assert "Story 7" in str(form.view)
        await ana.submit(form, {})
        await said(slack, "Retro: Story 7", where=support.id)
        await ana.command("failed ZD-7 Story 7", support)
        await ana.command("failed ZD-6 In other words", support)
        await said(slack, "Retro: Story 6", where=support.id)
        await slack.until(lambda: "already has a retro" in everything(slack))
        assert stored(built, slack) == (94, 91)
        # Looking at one begins nothing.
        await ana.command("customer ZD-8", support)
        await slack.until(lambda: "It came from a list" in everything(slack))
        assert stored(built, slack) == (94, 91)


TABLE = """Id,Story,Who,When
ZD-1,Lost,Mrs. Ó.,2026-03-04 10:15:20
,Late,Mr. X,2026-03-04
,Late,Mr. X,2026-03-05
"""


async def of_table(folder: Path, settings: Settings, way: Way, *, rehearses: bool = False) -> str:
    """The counts of a table of three cases, two of them without a reference."""
    (folder / "three.csv").write_text(TABLE)
    mapping = ("what_happened=Story", "reference=Id", "customer=Who", "happened_at=When")
    path = folder / "three.csv"
    wanted = bootstrap.Wanted(path, "support", mapping, (), None, None, way=way, rehearses=rehearses)
    return (await bootstrap.import_file(settings, wanted, _unheard, _unheard)).counts


async def test_a_table_that_was_taken_in_can_be_opened_later_and_no_case_is_there_twice(
    slack: FakeSlack, tmp_path: Path, url: str
) -> None:
    settings = settings_for(slack, amends_database_url=url)
    async with invited(slack, url) as (ana, support, built):
        quietly = "3 taken in, 0 opened, 0 already there, 0 skipped"
        assert await of_table(tmp_path, settings, "backlog") == quietly
        built.woken.set()
        message = await said(slack, "3 older cases were taken in here", where=support.id)
        await ana.click(message, "Open the retro")
        await slack.until(lambda: stored(built, slack) == (3, 2))
        foretold = await of_table(tmp_path, settings, "open", rehearses=True)
        assert foretold == "2 opened, 1 already there, 0 skipped"
        assert stored(built, slack) == (3, 2)
        assert await of_table(tmp_path, settings, "open") == foretold
        assert stored(built, slack) == (3, 0)
        built.woken.set()
        await said(slack, "Retro: Lost", where=support.id)
        again = "0 opened, 3 already there, 0 skipped"
        assert await of_table(tmp_path, settings, "open") == again
        assert await of_table(tmp_path, settings, "backlog") == again
        assert stored(built, slack) == (3, 0)
        with open_work(built.database, f"slack:{slack.team}", writes=False) as work:
            begun = [number for number in (1, 2, 3) if work.recoveries.get(number)]
        assert len(begun) == 1, "only who pressed the button looks after a customer"


async def open_once(settings: Settings) -> None:
    """Opens every adapter that is configured, and closes it again."""
    async with bootstrap.open_app(settings) as built, bootstrap.adapters(built):
        pass


@pytest.mark.parametrize("by", ["name", "id"])
async def test_a_slack_channel_is_found_that_amends_was_only_invited_to(
    slack: FakeSlack, tmp_path: Path, url: str, by: str
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana], with_bot=False)
    settings = settings_for(slack, amends_database_url=url)
    async with open_slack_app(slack, url) as built:
        await slack.invite_bot(support, ana)
        await said(slack, "I am Amends", where=support.id)
        team = support.id if by == "id" else "#Support"
        assert await imported(tmp_path, team, settings) == Summary(opened=2)
        assert await imported(tmp_path, team, settings) == Summary(already=2)
        await said(slack, "Retro: Late", where=support.id)
        # And the channel keeps its name.
        with open_work(built.database, f"slack:{slack.team}", writes=False) as work:
            assert [team.name for team in work.teams.all()] == ["support"]


@pytest.mark.parametrize("by", ["name", "id"])
async def test_a_teams_channel_is_found_that_amends_was_only_added_to(
    teams: FakeTeams, tmp_path: Path, url: str, by: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    settings = teams_settings(teams, amends_database_url=url)
    async with open_teams_app(teams, url):
        await ana.adds_app(support)
        await said_in_teams(teams, "I am Amends", where=support)
        team = support.id if by == "id" else "support"
        assert await imported(tmp_path, team, settings) == Summary(opened=2)
        assert await imported(tmp_path, team, settings) == Summary(already=2)
        await said_in_teams(teams, "Retro: Late", where=support)


async def test_a_name_in_two_workspaces_is_one_sentence_and_the_id_still_works(
    slack: FakeSlack, tmp_path: Path, url: str
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana], with_bot=False)
    both = settings_for(slack, amends_database_url=url, amends_web=True)
    async with open_slack_app(slack, url):
        await slack.invite_bot(support, ana)
        await said(slack, "I am Amends", where=support.id)
    await open_once(both)
    with pytest.raises(Misconfigured, match="support is in several workspaces; name the channel by its"):
        await imported(tmp_path, "support", both)
    assert await imported(tmp_path, support.id, both) == Summary(opened=2)


async def test_the_unused_first_channel_of_a_web_workspace_that_is_closed_now_is_not_meant(
    slack: FakeSlack, tmp_path: Path, url: str
) -> None:
    await open_once(Settings(_env_file=None, slack_bot_token=None, amends_database_url=url))
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana], with_bot=False)
    settings = settings_for(slack, amends_database_url=url)
    with pytest.raises(Misconfigured, match="support is no channel that I know: invite me there"):
        await imported(tmp_path, "support", settings)
    async with open_slack_app(slack, url):
        await slack.invite_bot(support, ana)
        await said(slack, "I am Amends", where=support.id)
        assert await imported(tmp_path, "support", settings) == Summary(opened=2)
        await said(slack, "Retro: Late", where=support.id)


async def test_somebodys_direct_messages_are_no_channel_for_an_import(
    teams: FakeTeams, tmp_path: Path, url: str
) -> None:
    ana = teams.person("Ana")
    settings = teams_settings(teams, amends_database_url=url)
    async with open_teams_app(teams, url):
        await ana.installs()
        with pytest.raises(Misconfigured, match="is no channel that I know"):
            await imported(tmp_path, ana.id, settings)


async def of_export(
    folder: Path, url: str, *, rehearses: bool = False
) -> tuple[str, list[str], Settings]:
    """The counts of an export of three rated conversations in a workbook, and what was said before."""
    rows: Rows = [
        INTERCOM_RATINGS,
        (215469, datetime(2026, 3, 4, 22, 15), "Nobody wrote back", 1, "Mrs. Ó."),  # noqa: DTZ001
        (215470, datetime(2026, 3, 4, 22, 20), None, 2, "Mr. X"),  # noqa: DTZ001
        (215471, datetime(2026, 3, 4, 22, 25), "Great", 5, "Mr. Y"),  # noqa: DTZ001
    ]
    path = xlsx(folder / "ratings.xlsx", {"Ratings": rows, "About": [("Made in March",)]})
    settings = Settings(_env_file=None, slack_bot_token=None, amends_database_url=url)
    wanted = bootstrap.Wanted(path, "support", (), (), None, None, rehearses=rehearses)
    said: list[str] = []
    summary = await bootstrap.import_file(settings, wanted, _unheard, _unheard, said.append)
    return summary.counts, said, settings


async def test_an_export_in_a_workbook_is_taken_once_and_its_times_are_of_its_own_zone(
    tmp_path: Path, database_url: str
) -> None:
    rehearsed, said, settings = await of_export(tmp_path, database_url, rehearses=True)
    assert rehearsed == "2 opened, 0 already there, 0 skipped"
    assert said[0] == "Of 2 sheets 'Ratings' is read; --sheet names another: 'About'."
    assert said[1].startswith("This is a conversation export of Intercom: ")
    assert "its 'Conversation rating' is 1 or 2" in said[1]
    assert (await of_export(tmp_path, database_url))[0] == "2 opened, 0 already there, 0 skipped"
    assert (await of_export(tmp_path, database_url))[0] == "0 opened, 2 already there, 0 skipped"
    async with bootstrap.open_app(settings) as built:
        with open_work(built.database, "web", writes=False) as work:
            cases = work.cases.after(0, 10)
    assert [(case.reference, case.what_happened, case.customer) for case in cases] == [
        ("215469", "Nobody wrote back", "Mrs. Ó."),
        ("215470", "The customer rated it 2.", "Mr. X"),
    ]
    # A quarter past ten in the evening in New York, wherever the team is.
    assert cases[0].happened_at == datetime(2026, 3, 5, 3, 15, tzinfo=UTC)


async def test_a_sheet_and_its_row_are_named_where_a_row_is_left_out(
    tmp_path: Path, database_url: str
) -> None:
    rows: Rows = [("Story", "When"), ("Lost", "07/14/23"), ("Late", "soon"), ("Gone", "03/04/23")]
    path = xlsx(tmp_path / "cases.xlsx", {"March": rows})
    settings = Settings(_env_file=None, slack_bot_token=None, amends_database_url=database_url)
    mapping = ("what_happened=Story", "happened_at=When")
    wanted = bootstrap.Wanted(path, "support", mapping, (), None, None, sheet="march")
    faults: list[tuple[str, str]] = []
    summary = await bootstrap.import_file(
        settings, wanted, lambda place, reason: faults.append((place, reason)), _unheard
    )
    assert faults == [("row 3 of March", "'soon' is not a date that can be read.")]
    assert (summary.opened, summary.skipped) == (2, 1)
    assert summary.settled is not None
    assert "as '07/14/23' in row 2 of March shows" in summary.settled.sentence


async def test_two_imports_at_once_make_one_channel(tmp_path: Path, url: str) -> None:
    settings = Settings(_env_file=None, slack_bot_token=None, amends_database_url=url)
    await open_once(settings)
    both = await asyncio.gather(*(imported(tmp_path, "billing", settings) for _ in range(2)))
    assert sorted(summary.made_channel for summary in both) == ["", "billing"]
    assert sum(summary.opened for summary in both) == sum(summary.already for summary in both) == 2
