"""An older backup is put in place, and Amends goes on: nothing twice, nothing lost, no number twice."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from bot import bootstrap, check
from bot.domain.reference import lost
from bot.settings import Settings
from handlers.worker import Worker
from tests.desk import A_CASE, reminds
from tests.fake_teams import FakeTeams
from tests.fakes import FakeSlack, Posted
from tests.handlers.slack_adapter import settings_for
from tests.journeys import teams_app
from tests.journeys.later import (
    NEW_YORK,
    STOCKHOLM,
    added,
    after,
    at,
    failed,
    open_slack_later,
    working_day,
)


@asynccontextmanager
async def amends(settings: Settings, fake: FakeSlack | FakeTeams) -> AsyncIterator[Worker]:
    """Amends with its door open; it speaks when the test lets it."""
    async with (
        bootstrap.open_app(settings, speaks=True) as built,
        bootstrap.adapters(built) as opened,
        bootstrap.server(built, opened) as address,
    ):
        if isinstance(fake, FakeSlack):
            fake.events_url = f"{address}/slack/events"
        else:
            fake.endpoint = f"{address}/api/messages"
        yield opened.worker


async def speak(worker: Worker) -> None:
    """Says all that is owed."""
    await worker.run_due(datetime.now(UTC))


def restore(copy: Path, database: Path) -> None:
    """As the docs say: the old files away, the copy in their place."""
    for name in ("", "-wal", "-shm"):
        database.with_name(database.name + name).unlink(missing_ok=True)
    copy.rename(database)


def retro(slack: FakeSlack, what: str) -> Posted:
    """The newest retro of this name."""
    return [one for one in slack.posted() if one.words().startswith(f"Retro: {what}")][-1]


def settings_of(slack: FakeSlack, database: Path) -> Settings:
    return settings_for(slack, amends_database_url=f"sqlite:///{database}", amends_port=0, amends_pace=0)


async def test_what_was_owed_at_the_backup_and_said_since_is_found_and_numbers_jump_ahead(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database, copy = tmp_path / "amends.db", tmp_path / "copy.db"
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        settings = settings_of(slack, database)
        async with amends(settings, slack) as worker:
            await ana.command("failed ZD-1 Lost", support)
            await speak(worker)
            await ana.command("failed ZD-2 Late", support)
            bootstrap.back_up(settings, copy)  # ZD-2 is owed, with all that follows from it
            await speak(worker)
            await ana.command("failed ZD-3 Broken", support)
            await speak(worker)
        before = [(posted.ts, posted.words().splitlines()[0]) for posted in slack.posted()]
        assert len(before) == 3 * A_CASE
        restore(copy, database)
        async with amends(settings, slack) as worker:
            await speak(worker)
            assert [(posted.ts, posted.words().splitlines()[0]) for posted in slack.posted()] == before
            assert worker.outcomes["found"] == A_CASE
            assert [record.name for record in caplog.records].count("handlers.worker") == 1
            # What the backup knows goes on where it was said; what it does not know says so.
            late, broken = retro(slack, "Late"), retro(slack, "Broken")
            view = await ana.press(late, "Answer")
            await ana.submit(view, {"Training": "How to look it up"})
            await ana.click(broken, "Answer")
            await slack.until(lambda: lost("C-3") in ana.whispers[-1].words())
            await ana.command("failed ZD-3 Broken", support)
            await speak(worker)
            assert "C-2001" in retro(slack, "Broken").words()
        caplog.clear()
        async with amends(settings, slack) as worker:
            await ana.command("failed ZD-4 Gone", support)
            await speak(worker)
            assert "C-2002" in retro(slack, "Gone").words()
        assert not caplog.records
        titles = Counter(posted.words().splitlines()[0] for posted in slack.posted())
        assert titles["Retro: Late"] == 1
        assert titles["Retro: Broken"] == 2  # the lost one, and the one that was entered again


class Then(datetime):
    """A clock that stands still."""

    moment: datetime

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Then":
        """The moment that the test chose."""
        return cls.fromtimestamp(cls.moment.timestamp(), tz)


async def test_a_reminder_that_came_up_after_the_backup_is_not_said_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, copy = tmp_path / "amends.db", tmp_path / "copy.db"
    due = working_day(NEW_YORK, 5)
    soon = at(NEW_YORK, after(due, -2))
    async with FakeSlack() as slack:
        ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=NEW_YORK)
        support = slack.channel("support", members=[ana, ben])
        settings = settings_of(slack, database)
        async with open_slack_later(slack, f"sqlite:///{database}") as later:
            case = await failed(later, ana, support)
            await added(later, ana, case, "A night number", owner=ben, due=due)
            (own,) = ben.direct.roots()
            await ben.click(own, "Accept")
            await later.turn()
            bootstrap.back_up(settings, copy)
            await later.turn(soon)
            (said,) = ben.direct.thread(own)
            assert reminds(said.words(), "AI-1", "is due soon")
        restore(copy, database)
        Then.moment = soon + timedelta(hours=2)
        monkeypatch.setattr("handlers.worker.datetime", Then)
        async with open_slack_later(slack, f"sqlite:///{database}") as later:
            await later.turn(Then.moment)
            assert ben.direct.thread(own) == [said]
            # What comes up from now on is said as ever.
            await later.turn(at(NEW_YORK, due))
            assert reminds(ben.direct.thread(own)[-1].words(), "AI-1", "is due today")


async def test_what_was_never_said_is_said_once_after_a_restore(tmp_path: Path) -> None:
    database, copy = tmp_path / "amends.db", tmp_path / "copy.db"
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        support = slack.channel("support", members=[ana])
        settings = settings_of(slack, database)
        async with amends(settings, slack):
            await ana.command("failed ZD-1 Lost", support)
            bootstrap.back_up(settings, copy)
        restore(copy, database)
        async with amends(settings, slack) as worker:
            await speak(worker)
        assert len(slack.posted()) == A_CASE
        assert slack.calls["conversations.history"] == 1


@pytest.mark.parametrize("say", [True, False])
async def test_in_teams_what_may_have_been_said_since_waits_for_the_operators_word(
    tmp_path: Path, say: bool
) -> None:
    database, copy = tmp_path / "amends.db", tmp_path / "copy.db"
    async with FakeTeams() as teams:
        ana = teams.person("Ana")
        support = teams.channel("support", members=[ana])
        settings = teams_app.settings_for(
            teams, amends_database_url=f"sqlite:///{database}", amends_port=0, amends_pace=0
        )
        async with amends(settings, teams) as worker:
            await ana.says("failed ZD-1 Lost", support, mention=True)
            await teams_app.answered(teams, ana, "C-1 is marked failed")
            bootstrap.back_up(settings, copy)
            await speak(worker)
        before = len(teams.posted())
        restore(copy, database)
        async with amends(settings, teams) as worker:
            await speak(worker)
            assert len(teams.posted()) == before
            # What is new is said; what was held does not stand in its way.
            await ana.says("failed ZD-2 Late", support, mention=True)
            await teams_app.answered(teams, ana, "C-2001 is marked failed")
            await speak(worker)
            new = len(teams.posted())
            assert new > before
        [wrong] = [finding for finding in await check.check(settings) if not finding.fine]
        assert "whether 1 messages were said since" in wrong.words
        assert await bootstrap.end_hold(settings, say=say) == 1
        assert all(finding.fine for finding in await check.check(settings))
        async with amends(settings, teams) as worker:
            await speak(worker)
            again = [one for one in teams.posted() if one.words().startswith("Retro: Lost")]
            assert len(again) == (2 if say else 1)
            assert len(teams.posted()) == (new + A_CASE if say else new)
