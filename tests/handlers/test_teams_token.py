"""The bot's own token: fetched off the loop, kept, renewed in time, and its trouble in one line."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from handlers.teams.token import RENEW_SECONDS, NoToken, Tokens, fetch_with
from tests.fake_teams import FakeTeams
from tests.journeys.teams_app import settings_for


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant, with the login."""
    async with FakeTeams() as fake:
        yield fake


def _tokens(*values: str, seconds: float = 3600.0, clock: Any = time.monotonic) -> Tokens:
    left = list(values)
    return Tokens(lambda: (left.pop(0), seconds), clock)


async def test_many_who_wait_cause_one_fetch_off_the_loop() -> None:
    threads: list[str] = []

    def fetch() -> tuple[str, float]:
        threads.append(threading.current_thread().name)
        return "t1", 3600.0

    tokens = Tokens(fetch)
    assert set(await asyncio.gather(*(tokens.get() for _ in range(50)))) == {"t1"}
    assert len(threads) == 1
    assert threads[0] != threading.main_thread().name


async def test_a_token_is_renewed_before_its_end_while_the_old_one_still_serves() -> None:
    now, values, loop = [0.0], ["t1", "t2"], asyncio.get_running_loop()
    renewed = asyncio.Event()

    def fetch() -> tuple[str, float]:
        value = values.pop(0)
        if not values:
            loop.call_soon_threadsafe(loop.call_soon, renewed.set)
        return value, 3600.0

    tokens = Tokens(fetch, lambda: now[0])
    assert await tokens.get() == "t1"
    now[0] = 3600 - RENEW_SECONDS + 1
    assert await tokens.get() == "t1"
    await asyncio.wait_for(renewed.wait(), 5)
    assert await tokens.get() == "t2"


async def test_a_token_that_was_refused_is_replaced_and_only_that_one() -> None:
    tokens = _tokens("t1", "t2")
    assert await tokens.get() == "t1"
    tokens.forget("older")
    assert await tokens.get() == "t1"
    tokens.forget("t1")
    assert await tokens.get() == "t2"


async def test_a_login_that_refuses_is_told_to_whoever_waits_and_asked_again_later() -> None:
    answers: list[Any] = [NoToken("no"), ("t1", 3600.0)]

    def fetch() -> tuple[str, float]:
        answer = answers.pop(0)
        if isinstance(answer, NoToken):
            raise answer
        token, seconds = answer
        return str(token), float(seconds)

    tokens = Tokens(fetch)
    with pytest.raises(NoToken):
        await tokens.get()
    assert await tokens.get() == "t1"


@pytest.mark.parametrize("kind", ["SingleTenant", "UserAssignedMSI"])
async def test_both_kinds_of_app_get_their_token(teams: FakeTeams, kind: str) -> None:
    settings = settings_for(teams, teams_app_type=kind)
    token, seconds = await asyncio.to_thread(fetch_with(settings))
    assert teams.login.accepts(f"Bearer {token}")
    assert 3500 < seconds <= 3600


async def test_a_wrong_secret_is_one_line_without_the_secret(teams: FakeTeams) -> None:
    settings = settings_for(teams, teams_app_password="wrong-secret")
    with pytest.raises(NoToken) as told:
        await asyncio.to_thread(fetch_with(settings))
    assert str(told.value) == "Microsoft's login refused the app (invalid_client)."


async def test_a_login_that_is_down_is_one_line(teams: FakeTeams) -> None:
    teams.fail_next("token", drop="before", times=9)
    with pytest.raises(NoToken, match="cannot be reached"):
        await asyncio.to_thread(fetch_with(settings_for(teams)))


async def test_the_loop_is_free_while_the_login_is_slow(teams: FakeTeams) -> None:
    teams.latency["token"] = 0.5
    tokens = Tokens(fetch_with(settings_for(teams)))
    waiting = asyncio.create_task(tokens.get())
    longest, last = 0.0, time.monotonic()
    while not waiting.done():
        await asyncio.sleep(0)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert await waiting
    assert longest < 0.25


async def test_a_login_that_refuses_the_app_is_known_until_it_gives_a_token(teams: FakeTeams) -> None:
    answers: list[NoToken | None] = [
        NoToken("Microsoft's login cannot be reached (Timeout)."),
        NoToken("Microsoft's login refused the app (invalid_client).", refused=True),
        NoToken("Microsoft's login cannot be reached (Timeout)."),
        None,
    ]

    def fetch() -> tuple[str, float]:
        if (fault := answers.pop(0)) is not None:
            raise fault
        return "token", 3600.0

    tokens, told = Tokens(fetch), []
    for _ in range(3):
        with pytest.raises(NoToken):
            await tokens.get()
        told.append(tokens.refused)
    assert told == ["", *["Microsoft's login refused the app (invalid_client)."] * 2]
    await tokens.get()
    assert tokens.refused == ""
    tokens.close()
