"""What is put right of botbuilder: each patch works, and its fault is still there.

A red test named `..._still_...` is good news: the library was mended, and the patch it names can go.
"""

import inspect
from collections.abc import AsyncIterator
from typing import NamedTuple

import jwt
import pytest
from botbuilder.integration.aiohttp import ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Activity
from botframework.connector.auth import EmulatorValidation, JwtTokenExtractor
from botframework.connector.auth.jwt_token_extractor import _OpenIdMetadata

from handlers.payload import Malformed
from handlers.teams.authentication import Claims, Unauthorised
from handlers.teams.botbuilder_patches import KEYS, BotbuilderAuthenticator
from handlers.teams.signing_keys import SigningKeys
from tests.fake_teams import APP, FakeTeams

SERVICE_URL = "http://127.0.0.1:9/"
ACTIVITY = {"type": "message", "channelId": "msteams", "serviceUrl": SERVICE_URL}
OF_AN_EMULATOR = "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant, with the login and the keys."""
    async with FakeTeams() as fake:
        yield fake


class Configuration(NamedTuple):
    """What the stock check reads."""

    APP_ID: str


async def stock(header: str, service_url: str | None = SERVICE_URL) -> bool:
    """The check without a patch: True when it let the request in; raises whatever it raises."""
    sdk = ConfigurationBotFrameworkAuthentication(Configuration(APP))
    activity = Activity(channel_id="msteams", service_url=service_url)
    found = await sdk.authenticate_request(activity, header)
    return bool(found.claims_identity.is_authenticated)


async def test_a_token_of_teams_for_us_says_who_sent_it(teams: FakeTeams) -> None:
    header = f"Bearer {teams.login.sign(SERVICE_URL)}"
    assert await BotbuilderAuthenticator(APP).authenticate(header, ACTIVITY) == Claims("msteams", True)


def test_nobody_is_let_in_for_want_of_an_app() -> None:
    with pytest.raises(ValueError, match="everybody"):
        BotbuilderAuthenticator("")


# Keys


async def test_the_stock_keys_still_crash_on_an_unknown_one_and_are_still_fetched_on_the_loop() -> None:
    keys = _OpenIdMetadata("http://127.0.0.1:9/")
    keys.keys = [{"kid": "known"}]
    with pytest.raises(IndexError):
        keys._find("unknown")
    source = inspect.getsource(_OpenIdMetadata._refresh)
    assert "requests.get" in source
    assert "await" not in source


def test_the_sdk_looks_keys_up_in_ours(teams: FakeTeams) -> None:
    BotbuilderAuthenticator(APP)
    assert isinstance(JwtTokenExtractor.get_open_id_metadata(KEYS), SigningKeys)


async def test_keys_that_cannot_be_fetched_turn_the_request_away_and_are_in_the_log(
    teams: FakeTeams, caplog: pytest.LogCaptureFixture
) -> None:
    teams.fail_next("keys", status=503)
    authenticator, header = BotbuilderAuthenticator(APP), f"Bearer {teams.login.sign(SERVICE_URL)}"
    with pytest.raises(Unauthorised, match="its key cannot be looked up"):
        await authenticator.authenticate(header, ACTIVITY)
    assert "cannot be fetched (HTTPError)" in caplog.text
    assert (await authenticator.authenticate(header, ACTIVITY)).signed


# Tokens


async def test_the_stock_check_still_raises_other_things_than_permission_errors(
    teams: FakeTeams,
) -> None:
    BotbuilderAuthenticator(APP)  # for keys that are fetched beside the loop, where the stand-in runs
    for token, error in (
        (teams.login.sign(SERVICE_URL, exp=1), jwt.ExpiredSignatureError),
        ("not.a.token", jwt.DecodeError),
    ):
        with pytest.raises(error):
            await stock(f"Bearer {token}")


async def test_every_bad_token_is_one_kind_of_error(teams: FakeTeams) -> None:
    authenticator = BotbuilderAuthenticator(APP)
    tokens = (
        teams.login.sign(SERVICE_URL, exp=1),
        teams.login.sign(SERVICE_URL, headers={"kid": "unknown"}),
        teams.login.sign("https://elsewhere.example/"),
        f"{teams.login.sign(SERVICE_URL)[:-8]}AAAAAAAA",
        "not.a.token",
        "",
    )
    for token in tokens:
        with pytest.raises(Unauthorised):
            await authenticator.authenticate(f"Bearer {token}", ACTIVITY)


def test_the_stock_check_still_takes_tokens_of_emulators_for_its_own(teams: FakeTeams) -> None:
    header = f"Bearer {teams.login.sign('x', iss=OF_AN_EMULATOR)}"
    assert EmulatorValidation.is_token_from_emulator(header)


async def test_a_token_of_or_for_somebody_else_is_turned_away_before_any_key_is_fetched(
    teams: FakeTeams,
) -> None:
    authenticator, good = BotbuilderAuthenticator(APP), teams.login.sign(SERVICE_URL)
    claims = jwt.decode(good, options={"verify_signature": False})
    for header, why in (
        ("", "no bearer token"),
        ("Bearer", "no bearer token"),
        ("Bearer ", "no bearer token"),
        (f"Basic {good}", "no bearer token"),
        ("Bearer nonsense", "not a token"),
        (f"Bearer {teams.login.sign(SERVICE_URL, aud='another')}", "somebody else"),
        (f"Bearer {teams.login.sign(SERVICE_URL, iss=OF_AN_EMULATOR)}", "somebody else"),
        (f"Bearer {jwt.encode(claims, '', algorithm='none')}", "somebody else"),
    ):
        with pytest.raises(Unauthorised, match=why):
            await authenticator.authenticate(header, ACTIVITY)
    assert teams.calls["keys"] == 0


# Service URLs


async def test_the_stock_check_still_takes_an_activity_without_a_service_url(teams: FakeTeams) -> None:
    BotbuilderAuthenticator(APP)  # for its keys
    assert await stock(f"Bearer {teams.login.sign('https://elsewhere.example/')}", None)


@pytest.mark.parametrize("wrong", [None, "", 7, {}])
async def test_an_activity_without_a_service_url_is_malformed(teams: FakeTeams, wrong: object) -> None:
    header = f"Bearer {teams.login.sign(SERVICE_URL)}"
    with pytest.raises(Malformed):
        await BotbuilderAuthenticator(APP).authenticate(header, {**ACTIVITY, "serviceUrl": wrong})
