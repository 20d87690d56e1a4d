"""The bot's own token, with which it signs what it sends to Teams."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msal
import requests
from msal.exceptions import MsalError

from bot.settings import Settings

log = logging.getLogger(__name__)

LOGIN = "https://login.microsoftonline.com/"
SCOPE = "https://api.botframework.com"
"""What the token is for: the Bot Connector."""

THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="teams-token")
"""Where MSAL's blocking requests wait; not the loop's own pool, so neither starves the other."""
FETCH_SECONDS = 15.0
RENEW_SECONDS = 240.0
"""How long before its end a token is renewed. MSAL itself gives the old one until 300 s before."""
RETRY_SECONDS = 30.0


WHAT_TO_DO = (
    "Check TEAMS_APP_ID, TEAMS_APP_PASSWORD, TEAMS_APP_TENANT_ID, and whether the secret has ended."
)
"""For the operator, when the login refuses the app."""


class NoToken(Exception):
    """Microsoft's login gave no token; the words say why and hold no secret.

    `refused`: it knows the app, or its secret, no more; else it could not be reached.
    """

    def __init__(self, words: str, *, refused: bool = False) -> None:
        super().__init__(words)
        self.refused = refused


class Tokens:
    """The bot's own token: fetched once for all who wait, kept, and renewed before its end.

    `fetch` blocks: it returns a token and the seconds it is valid, or raises NoToken.
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
        self.refused = ""
        """Why the login gave no token the last time, if it refused the app; else empty."""

    @property
    def now(self) -> str:
        """The token, without waiting; empty when there is none."""
        return self._token if self._clock() < self._ends_at else ""

    async def get(self) -> str:
        """A valid token; waits only when there is none. Raises NoToken."""
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
        """Cancels a renewal that is under way."""
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
                token, seconds = await loop.run_in_executor(THREADS, self._fetch)
        except TimeoutError:
            raise NoToken("Microsoft's login did not answer in time.") from None
        except NoToken as why:
            self.refused = str(why) if why.refused else self.refused
            raise
        self.refused = ""
        self._token, self._ends_at = token, self._clock() + seconds


def _heard(task: asyncio.Task[None]) -> None:
    """Takes the exception of a renewal that nobody waits for, or asyncio would log it as unread."""
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
        reason = result.get("error", "without a reason")
        raise NoToken(f"Microsoft's login refused the app ({reason}).", refused=True)
    return str(result["access_token"]), float(result.get("expires_in", 600))
