"""What botbuilder 4.17.1 does wrong, mended in one place.

Each mend says which fault it mends; `tests/handlers/test_teams_mends.py` has a test for each that turns
red once the library no longer has the fault, and says that the mend can go. The SDK gets no new
releases (its archiving was announced for the end of 2025), so every import of it stays in here.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, NamedTuple

import jwt
import msal
import requests
from azure.core.exceptions import DeserializationError
from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Activity, ActivityTypes
from botframework.connector.auth import AppCredentials, ServiceClientCredentialsFactory
from botframework.connector.auth.authentication_constants import AuthenticationConstants
from botframework.connector.auth.jwt_token_extractor import JwtTokenExtractor
from jwt.algorithms import RSAAlgorithm
from msal.exceptions import MsalError

from bot.settings import Settings
from handlers.payload import Malformed, Payload

log = logging.getLogger(__name__)

ISSUER = AuthenticationConstants.TO_BOT_FROM_CHANNEL_TOKEN_ISSUER
SCOPE = AuthenticationConstants.TO_CHANNEL_FROM_BOT_OAUTH_SCOPE
LOGIN = AuthenticationConstants.TO_CHANNEL_FROM_BOT_LOGIN_URL_PREFIX

ASIDE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="teams")
"""Where the libraries' blocking requests run; not the loop's own pool, so neither starves the other."""
FETCH_SECONDS = 15.0
KEYS_HOLD_SECONDS = 24 * 3600.0
KEYS_REST_SECONDS = 300.0
"""How soon an unknown key may cause another fetch: new keys are known in time, forgers cost little."""
RENEW_SECONDS = 240.0
"""How long before its end a token is renewed. MSAL itself gives the old one until 300 s before."""
RETRY_SECONDS = 30.0


class Unauthorised(Exception):
    """The request is not shown to come from Teams."""


class NoToken(Exception):
    """Microsoft's login gave no token; the words say why and hold no secret."""


# Fault: process() serialises the body of an invoke's answer twice, so that every dialog, message
# extension and card action ends in a 500; malformed JSON and a GET end in one too. Mend: the door reads
# and writes the HTTP itself, and the adapter gets the activity by its public process_activity().

Answer = tuple[int, Mapping[str, Any] | None]
KNOWN = ("type", "id", "name", "channelId", "serviceUrl", "conversation", "from", "recipient")
"""What the SDK gets to see. Its models drop unknown keys with a warning and mistake others' types."""


async def run_turn(
    adapter: CloudAdapter, header: str, body: Payload, logic: Callable[[], Awaitable[Answer]]
) -> Answer:
    """Authenticates an activity and runs `logic`; returns the status and JSON to answer with.

    Raises Unauthorised for every kind of bad token, and Malformed.
    """
    try:
        activity = Activity().deserialize({key: body[key] for key in KNOWN if key in body})
    except (DeserializationError, AttributeError, TypeError, ValueError):
        raise Malformed("it is no activity") from None
    who = await _authenticated(adapter, header, activity)
    answered: list[Answer] = []

    async def turn(context: TurnContext) -> None:
        status, answer = await logic()
        answered.append((status, answer))
        if activity.type == ActivityTypes.invoke:
            response = InvokeResponse(status=status, body=answer)
            await context.send_activity(Activity(type=ActivityTypes.invoke_response, value=response))

    invoked = await adapter.process_activity(who, activity, turn)
    if invoked is not None:
        return int(invoked.status), invoked.body
    return answered[0] if answered else (int(HTTPStatus.OK), None)


# Fault: an expired or forged token, garbage, an unknown key and a missing endorsement raise other
# things than PermissionError, so that they end in a 500. Mend: what fails while authenticating is a 401.


async def _authenticated(adapter: CloudAdapter, header: str, activity: Activity) -> Any:
    authentication = adapter.bot_framework_authentication
    try:
        return await authentication.authenticate_request(activity, header)
    except requests.RequestException as unreachable:
        log.error("the keys of Teams' tokens cannot be fetched (%s)", type(unreachable).__name__)
        raise Unauthorised("its key cannot be looked up") from None
    # Among what it raises are IndexError, AttributeError, every jwt error and a bare Exception.
    except Exception as wrong:
        raise Unauthorised(type(wrong).__name__) from None


def check_claims(header: str, app_id: str) -> None:
    """Turns away what needs no key to be seen as wrong; raises Unauthorised.

    The SDK would accept tokens of emulators and of other bots ("skills") too: we are neither's.
    """
    kind, _, token = header.partition(" ")
    if kind != "Bearer" or not token:
        raise Unauthorised("no bearer token")
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        algorithm = jwt.get_unverified_header(token).get("alg")
    except (jwt.PyJWTError, ValueError, TypeError):
        raise Unauthorised("not a token") from None
    if claims.get("iss") != ISSUER or claims.get("aud") != app_id or algorithm != "RS256":
        raise Unauthorised("a token of or for somebody else")


# Fault: the keys are fetched by blocking requests on the event loop, and an unknown key raises
# IndexError before the refresh that would find it. Mend: our own keys, put where the SDK keeps its own.


class SigningKey(NamedTuple):
    """A public key of Teams, and the channels that it vouches for."""

    public_key: Any
    endorsements: list[str]


class SigningKeys:
    """The keys behind one OpenID metadata address, fetched off the event loop and kept for a day."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, SigningKey] = {}
        self._fetched_at = self._tried_at = float("-inf")

    async def get(self, key_id: str | None) -> SigningKey:
        """The key; raises PermissionError when there is none, and requests' errors."""
        stale = time.monotonic() - self._fetched_at > KEYS_HOLD_SECONDS
        if stale or key_id not in self._keys:
            await asyncio.get_running_loop().run_in_executor(ASIDE, self._refresh, key_id)
        if key_id not in self._keys:
            raise PermissionError("Nobody knows this key.")
        return self._keys[key_id]

    def _refresh(self, key_id: str | None) -> None:
        now = time.monotonic()
        if now - self._tried_at < KEYS_REST_SECONDS and self._keys:
            return
        self._tried_at = now
        try:
            metadata = requests.get(self._url, timeout=FETCH_SECONDS)
            metadata.raise_for_status()
            answer = requests.get(metadata.json()["jwks_uri"], timeout=FETCH_SECONDS)
            answer.raise_for_status()
            found = [key for key in answer.json()["keys"] if key.get("kty") == "RSA"]
        except (requests.RequestException, KeyError, ValueError):
            # Old keys are better than none while Microsoft cannot be reached.
            if key_id in self._keys:
                log.warning("the keys of Teams' tokens cannot be renewed; the old ones are kept")
                return
            raise
        self._fetched_at = now
        self._keys = {
            key["kid"]: SigningKey(RSAAlgorithm.from_jwk(json.dumps(key)), key.get("endorsements", []))
            for key in found
        }


class _Cache(dict[str, SigningKeys]):
    """What the SDK looks its key holders up in; every address finds one of ours."""

    def get(self, url: str, _: object = None) -> SigningKeys:
        return self.setdefault(url, SigningKeys(url))


def mend_keys() -> None:
    """Puts our key holders in place of the SDK's, for the whole process; twice is once."""
    if not isinstance(JwtTokenExtractor.metadataCache, _Cache):
        JwtTokenExtractor.metadataCache = _Cache()


# Fault: every turn makes a new MSAL app with an empty cache, which asks for a token by blocking requests
# on the event loop. Mend: one source of tokens, off the loop, that renews them before they end.


class Tokens:
    """The bot's own token: fetched once for all who wait, kept, and renewed before its end.

    `fetch` blocks: it returns a token and the seconds it holds, or raises NoToken.
    """

    def __init__(
        self, fetch: Callable[[], tuple[str, float]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token = ""
        self._ends_at = 0.0
        self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    @property
    def now(self) -> str:
        """The token that is at hand; empty when there is none."""
        return self._token if self._clock() < self._ends_at else ""

    async def get(self) -> str:
        """A token that holds; waits for one only when there is none. Raises NoToken."""
        left = self._ends_at - self._clock()
        if left <= 0:
            await asyncio.shield(self._renew())
        elif left <= RENEW_SECONDS and self._clock() - self._tried_at > RETRY_SECONDS:
            self._renew()
        return self._token

    def forget(self, refused: str) -> None:
        """The connector refused this token: the next call gets another one."""
        if refused == self._token:
            self._ends_at = 0.0

    def close(self) -> None:
        """Calls off a renewal that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()

    async def keep_fresh(self) -> None:
        """Renews it before it ends, until cancelled; trouble is logged and tried again."""
        while True:
            try:
                await asyncio.shield(self._renew())
                wait = self._ends_at - self._clock() - RENEW_SECONDS
            except NoToken as why:
                log.error("no token for Teams: %s", why)
                wait = RETRY_SECONDS
            await asyncio.sleep(max(wait, 1.0))

    def _renew(self) -> asyncio.Task[None]:
        if self._fetching is None or self._fetching.done():
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._renewed())
            self._fetching.add_done_callback(_heard)
        return self._fetching

    async def _renewed(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(FETCH_SECONDS * 2):
                token, seconds = await loop.run_in_executor(ASIDE, self._fetch)
        except TimeoutError:
            raise NoToken("Microsoft's login did not answer in time.") from None
        self._token, self._ends_at = token, self._clock() + seconds


def _heard(task: asyncio.Task[None]) -> None:
    """Looks at how it ended: a renewal that nobody waits for must not complain that nobody asked."""
    if not task.cancelled():
        task.exception()


def fetch_with(settings: Settings) -> Callable[[], tuple[str, float]]:
    """How the configured kind of app gets its token: with a password, or as the machine it runs on."""

    def password() -> tuple[str, float]:
        # A new one each time: MSAL would give an old token again that the connector just refused.
        app = msal.ConfidentialClientApplication(
            settings.teams_app_id,
            client_credential=settings.teams_app_password,
            authority=f"{LOGIN}{settings.teams_app_tenant_id}",
            instance_discovery=False,  # one more request each time, to learn that Microsoft is Microsoft
            timeout=FETCH_SECONDS,
        )
        return _read_token(app.acquire_token_for_client([f"{SCOPE}/.default"]))

    def machine() -> tuple[str, float]:
        identity = msal.UserAssignedManagedIdentity(client_id=settings.teams_app_id)
        with requests.Session() as session:
            app = msal.ManagedIdentityClient(identity, http_client=session)
            return _read_token(app.acquire_token_for_client(resource=SCOPE))

    chosen = password if settings.teams_app_type == "SingleTenant" else machine

    def fetch() -> tuple[str, float]:
        try:
            return chosen()
        except (requests.RequestException, ValueError, MsalError, msal.ManagedIdentityError) as trouble:
            raise NoToken(f"Microsoft's login cannot be reached ({type(trouble).__name__}).") from None

    return fetch


def _read_token(result: Mapping[str, Any]) -> tuple[str, float]:
    if "access_token" not in result:
        # The code ("invalid_client") names what is wrong; the description repeats ids.
        raise NoToken(f"Microsoft's login refused the app ({result.get('error', 'without a reason')}).")
    return str(result["access_token"]), float(result.get("expires_in", 600))


class _Credentials(AppCredentials):  # type: ignore[misc]  # the library has no types
    """For whatever the SDK signs itself: the token at hand, without a look at the network."""

    def __init__(self, app_id: str, tokens: Tokens) -> None:
        super().__init__(app_id=app_id)
        self._tokens = tokens

    def get_access_token(self, force_refresh: bool = False) -> str:
        return self._tokens.now


class CachedCredentials(ServiceClientCredentialsFactory):  # type: ignore[misc]  # the same
    """Gives every turn the same credentials. Without an app id, authentication is off."""

    def __init__(self, app_id: str, tokens: Tokens) -> None:
        self._app_id = app_id
        self._credentials = _Credentials(app_id, tokens)

    async def is_valid_app_id(self, app_id: str) -> bool:
        """Whether a token is for us."""
        return bool(app_id == self._app_id)

    async def is_authentication_disabled(self) -> bool:
        """Only without an app id."""
        return not self._app_id

    async def create_credentials(self, *_: object, **__: object) -> _Credentials:
        """The ones there are."""
        return self._credentials


class _Configuration(NamedTuple):
    """The names under which the SDK looks for its settings; the rest comes from our credentials."""

    APP_ID: str


def adapter_for(app_id: str, tokens: Tokens) -> CloudAdapter:
    """The SDK's adapter with the mends in place; an empty `app_id` turns authentication off."""
    mend_keys()
    factory = CachedCredentials(app_id, tokens)
    return CloudAdapter(
        ConfigurationBotFrameworkAuthentication(_Configuration(app_id), credentials_factory=factory)
    )
