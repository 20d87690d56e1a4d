"""The whole app on a fake Teams: real HTTP in front, a real database behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bot import bootstrap
from bot.settings import Settings
from tests.fake_teams import FakeTeams, Posted, TeamsChannel, TeamsPerson
from tests.fakes import FakeSlack
from tests.handlers.slack_adapter import settings_for as slack_settings


def settings_for(teams: FakeTeams, slack: FakeSlack | None = None, **more: Any) -> Settings:
    """Settings that lead to the fake (to both, when there are two), whatever the environment says."""
    login = teams.login
    values: dict[str, Any] = {
        "teams_app_id": login.app_id or None,
        "teams_app_password": login.password if login.app_id else None,
        "teams_app_tenant_id": login.tenant if login.app_id else None,
        "teams_unauthenticated": not login.app_id,
        **more,
    }
    return slack_settings(slack, **values) if slack else Settings(_env_file=None, **values)


@asynccontextmanager
async def open_teams_app(
    teams: FakeTeams,
    database_url: str,
    *,
    slack: FakeSlack | None = None,
    min_interval: float = 0.0,
    **more: Any,
) -> AsyncIterator[bootstrap.App]:
    """Amends at work until the block ends."""
    settings = settings_for(
        teams, slack, amends_database_url=database_url, amends_port=0, amends_pace=min_interval, **more
    )
    async with (
        bootstrap.open_app(settings) as built,
        bootstrap.adapters(built) as opened,
        bootstrap.server(built, opened) as address,
    ):
        teams.endpoint = f"{address}/api/messages"
        if slack:
            slack.events_url = f"{address}/slack/events"
        clock = asyncio.create_task(opened.worker.run())
        yield built
        await opened.worker.stop()
        await clock


async def said(
    teams: FakeTeams, words: str, *, where: TeamsChannel | None = None, seconds: float = 5.0
) -> Posted:
    """Waits until a message of Amends' holds these words, and returns the newest such."""

    def found() -> Posted | None:
        fitting = [
            posted
            for posted in teams.posted()
            if words in posted.words() and (where is None or posted.channel_id == where.id)
        ]
        return fitting[-1] if fitting else None

    try:
        return await teams.until(found, seconds)
    except TimeoutError:
        told = "\n---\n".join(f"{p.channel_id}\n{p.words()}" for p in teams.posted())
        raise AssertionError(f"{words!r} was never said; {teams.refusals}; this was:\n{told}") from None


async def told(teams: FakeTeams, person: TeamsPerson, words: str) -> str:
    """Waits until something that only this person sees holds these words, and returns it."""
    return await _heard(teams, person, words, person.whispers)


async def answered(teams: FakeTeams, person: TeamsPerson, words: str) -> str:
    """The same, or until it was said in a thread that this person began."""

    def heard() -> list[str]:
        began = {
            posted.id
            for place in list(teams.channels.values())
            for posted in place.roots()
            if posted.author == person.id
        }
        return [*person.whispers(), *(p.words() for p in teams.posted() if p.root in began)]

    return await _heard(teams, person, words, heard)


async def _heard(
    teams: FakeTeams, person: TeamsPerson, words: str, heard: Callable[[], list[str]]
) -> str:
    def found() -> str | None:
        fitting = [one for one in heard() if words in one]
        return fitting[-1] if fitting else None

    try:
        return await teams.until(found)
    except TimeoutError:
        only = "\n---\n".join(heard())
        raise AssertionError(
            f"{person.name} was never told {words!r}; {teams.refusals}; only:\n{only}"
        ) from None


async def offered(teams: FakeTeams, person: TeamsPerson, label: str) -> Posted:
    """Waits for a button that answers what this person typed, and returns the newest message with it."""

    def found() -> Posted | None:
        fitting = [
            posted
            for posted in teams.posted()
            if label in posted.buttons()
            and (posted.channel_id == person.chat.id or _author(teams, posted) == person.id)
        ]
        return fitting[-1] if fitting else None

    return await teams.until(found)


def _author(teams: FakeTeams, posted: Posted) -> str:
    """Who began the thread that a message is in."""
    root = teams.channels[posted.channel_id].messages.get(posted.root)
    return root.author if root else ""


def in_thread(place: TeamsChannel, root: Posted) -> list[Posted]:
    """What Amends says in a thread for everybody, oldest first."""
    return [posted for posted in place.thread(root) if posted.bot and posted.only_for is None]
