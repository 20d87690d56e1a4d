"""The keys of Teams' tokens: fetched off the event loop, kept, and never at a forger's wish."""

import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
import requests

from handlers.teams import signing_keys
from handlers.teams.signing_keys import SigningKeys
from tests.fake_teams import FakeTeams

URL = "https://login.botframework.com/v1/.well-known/openidconfiguration"


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant, with the keys."""
    async with FakeTeams() as fake:
        yield fake


async def test_a_key_is_fetched_off_the_loop_and_kept(
    teams: FakeTeams, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    get = requests.get

    def watched(*asked: Any, **more: Any) -> requests.Response:
        threads.append(threading.current_thread().name)
        return get(*asked, **more)

    monkeypatch.setattr(requests, "get", watched)
    keys = SigningKeys(URL)
    found = await keys.get("first")
    assert "msteams" in found.endorsements
    assert await keys.get("first") is found
    assert teams.calls["keys"] == 1
    assert threads
    assert threading.main_thread().name not in threads
    with pytest.raises(PermissionError):
        await keys.get("unknown")
    with pytest.raises(PermissionError):
        await keys.get("another")
    assert teams.calls["keys"] == 1, "an unknown key may not cause a fetch each time"


async def test_keys_that_cannot_be_fetched_raise_and_old_ones_are_kept(
    teams: FakeTeams, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = SigningKeys(URL)
    teams.fail_next("keys", status=503)
    with pytest.raises(requests.RequestException):
        await keys.get("first")
    found = await keys.get("first")
    monkeypatch.setattr(signing_keys, "HOLD_SECONDS", 0.0)
    monkeypatch.setattr(signing_keys, "REST_SECONDS", 0.0)
    teams.fail_next("keys", status=503)
    assert await keys.get("first") is found
