"""What journeys share: a workspace in Slack and a tenant in Teams, each a strict stand-in.

Journeys are not measured for coverage: they keep to the clock, and start other processes.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fake_teams import FakeTeams
from tests.fakes import FakeSlack

HERE = Path(__file__).parent


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every journey, wherever the tests were started from."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("no_cover")
