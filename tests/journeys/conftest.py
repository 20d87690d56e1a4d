"""What journeys share: a workspace in Slack and a tenant in Teams, each a strict stand-in."""

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.fake_teams import FakeTeams
from tests.fakes import FakeSlack
from tests.journeys.platforms import Platform, open_in_browser, open_in_slack, open_in_teams

OPENS: Mapping[str, Callable[[str], AbstractAsyncContextManager[Platform]]] = {
    "slack": open_in_slack,
    "teams": open_in_teams,
    "browser": open_in_browser,
}


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A workspace in Slack."""
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant in Teams."""
    async with FakeTeams() as fake:
        yield fake


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a ticket holds up stays so until the test moves the time, so nobody waits for it."""
    monkeypatch.setattr("handlers.worker.PATIENCE_SECONDS", 0.0)


@pytest.fixture
def sqlite_url(_ready_on_sqlite: Path, tmp_path: Path) -> str:
    """A database on the quick one alone."""
    return f"sqlite:///{shutil.copy(_ready_on_sqlite, tmp_path / 'amends.db')}"


@pytest.fixture(params=OPENS)
async def platform(request: pytest.FixtureRequest, sqlite_url: str) -> AsyncIterator[Platform]:
    """Amends at work on each platform, one after the other."""
    async with OPENS[request.param](sqlite_url) as opened:
        yield opened
