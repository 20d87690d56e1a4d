"""What is mended of botbuilder: each mend works, and its fault is still there.

A red test named `..._still_...` is good news: the library was mended, and the mend it names can go.
"""

import asyncio
import inspect
import json
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import requests
from aiohttp.test_utils import make_mocked_request
from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Activity, ActivityTypes, ConversationAccount
from botframework.connector.auth import MicrosoftAppCredentials, PasswordServiceClientCredentialFactory
from botframework.connector.auth.jwt_token_extractor import JwtTokenExtractor, _OpenIdMetadata

from handlers.payload import Malformed
from handlers.teams import mends
from handlers.teams.mends import NoToken, SigningKeys, Tokens, Unauthorised
from tests.fake_teams import APP, FakeTeams
from tests.journeys.teams_house import settings_for

INVOKE = {
    "type": "invoke",
    "id": "f:1",
    "name": "task/fetch",
    "channelId": "msteams",
    "serviceUrl": "http://127.0.0.1:9/",
    "conversation": {"id": "a:1", "tenantId": "t"},
    "from": {"id": "29:1"},
    "recipient": {"id": "28:1"},
    "value": {"data": {}},
}


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant, with the login and the keys."""
    async with FakeTeams() as fake:
        yield fake


class Configuration:
    """No app: nothing is authenticated."""

    APP_ID = ""


class Echo:
    """A bot of the SDK that answers an invoke with a body, as its own handlers do."""

    async def on_turn(self, context: TurnContext) -> None:
        answer = InvokeResponse(status=200, body={"task": {"type": "message", "value": "hi"}})
        await context.send_activity(Activity(type=ActivityTypes.invoke_response, value=answer))


# Invokes


async def test_the_stock_adapter_still_fails_on_an_invoke_whose_answer_has_a_body() -> None:
    adapter = CloudAdapter(ConfigurationBotFrameworkAuthentication(Configuration()))
    request = make_mocked_request("POST", "/", headers={"Content-Type": "application/json"})
    request._read_bytes = json.dumps(INVOKE).encode()
    with pytest.raises(AttributeError, match="is_xml_model"):
        await adapter.process(request, Echo())


async def test_an_invoke_is_answered_with_its_status_and_its_own_json() -> None:
    adapter = mends.adapter_for("", _tokens("t"))
    body = {"task": {"type": "message", "value": "hi"}}

    async def logic() -> mends.Answer:
        return 200, body

    async def unknown() -> mends.Answer:
        return 501, None

    assert await mends.run_turn(adapter, "", INVOKE, logic) == (200, body)
    assert await mends.run_turn(adapter, "", INVOKE, unknown) == (501, None)
    assert await mends.run_turn(adapter, "", {**INVOKE, "type": "message"}, logic) == (200, body)


async def test_an_activity_of_a_wrong_shape_is_malformed_and_not_a_crash() -> None:
    adapter = mends.adapter_for("", _tokens("t"))

    async def logic() -> mends.Answer:
        raise AssertionError("nothing may happen")

    for wrong in ({"from": "Ana"}, {"conversation": ["a:1"]}, {"recipient": 7}):
        with pytest.raises(Malformed):
            await mends.run_turn(adapter, "", {**INVOKE, **wrong}, logic)


def test_the_stock_models_still_lose_the_tenant() -> None:
    assert Activity().deserialize(INVOKE).conversation.tenant_id is None
    assert ConversationAccount._attribute_map["tenant_id"]["key"] != "tenantId"


# Keys


async def test_the_stock_keys_still_crash_on_an_unknown_one_and_are_still_fetched_on_the_loop() -> None:
    stock = _OpenIdMetadata("http://127.0.0.1:9/")
    stock.keys = [{"kid": "known"}]
    with pytest.raises(IndexError):
        stock._find("unknown")
    source = inspect.getsource(_OpenIdMetadata._refresh)
    assert "requests.get" in source
    assert "await" not in source


async def test_a_key_is_fetched_off_the_loop_and_kept(teams: FakeTeams) -> None:
    mends.mend_keys()
    keys = JwtTokenExtractor.get_open_id_metadata(_keys_url())
    assert isinstance(keys, SigningKeys)
    found = await keys.get("first")
    assert "msteams" in found.endorsements
    assert await keys.get("first") is found
    assert teams.calls["keys"] == 1
    with pytest.raises(PermissionError):
        await keys.get("unknown")
    with pytest.raises(PermissionError):
        await keys.get("another")
    assert teams.calls["keys"] == 1, "an unknown key may not cause a fetch each time"


async def test_keys_that_cannot_be_fetched_raise_and_old_ones_are_kept(
    teams: FakeTeams, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = SigningKeys(_keys_url())
    teams.fail_next("keys", status=503)
    with pytest.raises(requests.RequestException):
        await keys.get("first")
    found = await keys.get("first")
    monkeypatch.setattr(mends, "KEYS_HOLD_SECONDS", 0.0)
    monkeypatch.setattr(mends, "KEYS_REST_SECONDS", 0.0)
    teams.fail_next("keys", status=503)
    assert await keys.get("first") is found


def _keys_url() -> str:
    return "https://login.botframework.com/v1/.well-known/openidconfiguration"


# Tokens that are sent to us


async def test_every_bad_token_is_one_kind_of_error(teams: FakeTeams) -> None:
    adapter = mends.adapter_for(APP, _tokens("t"))

    async def logic() -> mends.Answer:
        raise AssertionError("nothing may happen")

    url = INVOKE["serviceUrl"]
    tokens = (
        teams.login.sign(str(url), exp=1),
        teams.login.sign(str(url), headers={"kid": "unknown"}),
        teams.login.sign("https://elsewhere.example/"),
        f"{teams.login.sign(str(url))[:-8]}AAAAAAAA",
        "not.a.token",
        "",
    )
    for token in tokens:
        with pytest.raises(Unauthorised):
            await mends.run_turn(adapter, f"Bearer {token}", INVOKE, logic)


def test_a_token_of_or_for_somebody_else_is_turned_away_before_any_key_is_fetched(
    teams: FakeTeams,
) -> None:
    mends.check_claims(f"Bearer {teams.login.sign('x')}", APP)
    for header in (
        "",
        "Bearer",
        "Bearer ",
        f"Basic {teams.login.sign('x')}",
        "Bearer nonsense",
        f"Bearer {teams.login.sign('x', aud='another')}",
        f"Bearer {teams.login.sign('x', iss='https://sts.windows.net/x/')}",
    ):
        with pytest.raises(Unauthorised):
            mends.check_claims(header, APP)
    assert teams.calls["keys"] == 0


# Our own token


async def test_the_stock_factory_still_makes_new_credentials_with_an_empty_cache_each_time() -> None:
    stock = PasswordServiceClientCredentialFactory(APP, "p", "t")
    made = [await stock.create_credentials(APP, "s", mends.LOGIN, True) for _ in range(2)]
    assert made[0] is not made[1]
    assert not inspect.iscoroutinefunction(MicrosoftAppCredentials.get_access_token)


async def test_every_turn_gets_the_same_credentials_and_they_never_ask_the_network() -> None:
    tokens = _tokens("t1")
    factory = mends.CachedCredentials(APP, tokens)
    made = [await factory.create_credentials(APP, "scope") for _ in range(2)]
    assert made[0] is made[1]
    assert made[0].get_access_token() == ""
    await tokens.get()
    assert made[0].get_access_token() == "t1"
    assert not await factory.is_authentication_disabled()
    assert await mends.CachedCredentials("", tokens).is_authentication_disabled()
    assert await factory.is_valid_app_id(APP)
    assert not await factory.is_valid_app_id("another")


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
    now[0] = 3600 - mends.RENEW_SECONDS + 1
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
    token, seconds = await asyncio.to_thread(mends.fetch_with(settings))
    assert teams.login.accepts(f"Bearer {token}")
    assert 3500 < seconds <= 3600


async def test_a_wrong_secret_is_one_line_without_the_secret(teams: FakeTeams) -> None:
    settings = settings_for(teams, teams_app_password="wrong-secret")
    with pytest.raises(NoToken) as told:
        await asyncio.to_thread(mends.fetch_with(settings))
    assert str(told.value) == "Microsoft's login refused the app (invalid_client)."


async def test_a_login_that_is_down_is_one_line(teams: FakeTeams) -> None:
    teams.fail_next("token", drop="before", times=9)
    with pytest.raises(NoToken, match="cannot be reached"):
        await asyncio.to_thread(mends.fetch_with(settings_for(teams)))


async def test_the_loop_is_free_while_the_login_is_slow(teams: FakeTeams) -> None:
    teams.latency["token"] = 0.5
    tokens = Tokens(mends.fetch_with(settings_for(teams)))
    waiting = asyncio.create_task(tokens.get())
    longest, last = 0.0, time.monotonic()
    while not waiting.done():
        await asyncio.sleep(0)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert await waiting
    assert longest < 0.25
