"""Who may speak: the login that gives the bot its tokens, and the keys that Teams signs its own with."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import jwt
import requests
from aiohttp import web
from botframework.connector.auth.jwt_token_extractor import JwtTokenExtractor
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://api.botframework.com"
SCOPE = "https://api.botframework.com/.default"
LOGIN, KEYS = "login.microsoftonline.com", "login.botframework.com"
MANAGED = "169.254.169.254"
"""Where a machine in Azure asks for its managed identity's token."""
TOKEN_SECONDS = 3600
ENDORSED = ["msteams", "directline", "webchat", "emulator"]
"""The services that a key vouches for: as Microsoft's own, far more than Teams."""


def new_key() -> rsa.RSAPrivateKey:
    """A key to sign with."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


FIRST_KEY = cache(new_key)
"""The key that every fake of this process begins with: making one takes long."""


class Login:
    """Gives out tokens for one app of one tenant, and publishes the keys of inbound tokens."""

    def __init__(self, app_id: str, password: str, tenant: str) -> None:
        self.app_id, self.password, self.tenant = app_id, password, tenant
        self.token_seconds = TOKEN_SECONDS
        """How long the next tokens hold."""
        self.endorsed = list(ENDORSED)
        """The services that its keys vouch for, when they are fetched the next time."""
        self._key, self._kid = FIRST_KEY(), "first"
        self._tokens: dict[str, float] = {}

    def sign(
        self,
        service_url: str,
        *,
        key: rsa.RSAPrivateKey | None = None,
        headers: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A token as Teams sends it to the bot; every part can be made wrong. None leaves one out."""
        now = int(time.time())
        whole: dict[str, Any] = {
            "iss": ISSUER,
            "aud": self.app_id,
            "serviceurl": service_url,
            "iat": now,
            "nbf": now - 300,
            "exp": now + 3600,
            **claims,
        }
        return jwt.encode(
            _present(whole),
            key or self._key,
            algorithm="RS256",
            headers=_present({"kid": self._kid, **(headers or {})}),
        )

    def roll(self) -> None:
        """Signs with a new key from now on, as Microsoft does every few days."""
        self._key, self._kid = new_key(), uuid4().hex

    def accepts(self, header: str) -> bool:
        """Whether an Authorization header carries a token that this login gave out and still holds."""
        kind, _, token = header.partition(" ")
        return kind == "Bearer" and self._tokens.get(token, 0.0) > time.monotonic()

    def revoke(self) -> None:
        """Lets every token that was given out end at once."""
        self._tokens.clear()

    # What it serves

    async def token(self, request: web.Request) -> web.Response:
        """POST /{tenant}/oauth2/v2.0/token: client credentials only."""
        asked = await request.post()
        if request.match_info["tenant"] != self.tenant:
            return _refused("invalid_request", "AADSTS90002: Tenant not found.")
        if asked.get("client_id") != self.app_id:
            return _refused("unauthorized_client", "AADSTS700016: Application was not found.")
        if asked.get("client_secret") != self.password:
            return _refused("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
        if asked.get("grant_type") != "client_credentials" or asked.get("scope") != SCOPE:
            return _refused("invalid_scope", "AADSTS1002012: The provided value for scope is not valid.")
        return web.json_response(self._given(self.token_seconds))

    async def managed(self, request: web.Request) -> web.Response:
        """GET /metadata/identity/oauth2/token: a machine's own identity."""
        if request.headers.get("Metadata") != "true":
            return _refused("invalid_request", "Required metadata header not specified")
        if request.query.get("client_id") != self.app_id:
            return _refused("invalid_request", "Identity not found")
        given = self._given(self.token_seconds)
        # This one answers with texts for numbers.
        return web.json_response({**given, "expires_in": str(self.token_seconds)})

    def _given(self, seconds: int) -> dict[str, Any]:
        token = f"fake.{uuid4().hex}.token"
        self._tokens[token] = time.monotonic() + seconds
        return {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": token,
        }

    async def discovery(self, request: web.Request) -> web.Response:
        """GET /{tenant}/v2.0/.well-known/openid-configuration: where the tokens are."""
        authority = f"https://{LOGIN}/{request.match_info['tenant']}"
        return web.json_response(
            {
                "issuer": f"{authority}/v2.0",
                "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
                "token_endpoint": f"{authority}/oauth2/v2.0/token",
            }
        )

    async def metadata(self, _: web.Request) -> web.Response:
        """GET /v1/.well-known/openidconfiguration: where the keys are."""
        return web.json_response({"issuer": ISSUER, "jwks_uri": f"https://{KEYS}/v1/.well-known/keys"})

    async def keys(self, _: web.Request) -> web.Response:
        """GET /v1/.well-known/keys: the public keys, and whom each vouches for."""
        public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        key = {**public, "kid": self._kid, "x5t": self._kid, "use": "sig", "endorsements": self.endorsed}
        return web.json_response({"keys": [key]})


def _present(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part is not None}


def _refused(code: str, words: str, status: int = 400) -> web.Response:
    return web.json_response({"error": code, "error_description": words}, status=status)


@contextmanager
def redirected(origin: str) -> Iterator[None]:
    """Leads what the SDK asks of Microsoft's login to a stand-in, and nothing else beyond loopback.

    The addresses are fixed inside botbuilder and MSAL, and MSAL insists on https: so the requests are
    turned round at the last moment before the network.
    """
    stand_in = urlsplit(origin)
    # The SDK keeps keys for a day, under an address that is the same for every fake.
    JwtTokenExtractor.metadataCache.clear()
    send = requests.adapters.HTTPAdapter.send

    def sent(self: requests.adapters.HTTPAdapter, request: Any, *more: Any, **named: Any) -> Any:
        asked = urlsplit(request.url)
        if asked.hostname in (LOGIN, KEYS, MANAGED):
            path = f"/{asked.hostname}{asked.path}"
            request.url = urlunsplit((stand_in.scheme, stand_in.netloc, path, asked.query, ""))
        elif asked.hostname != "127.0.0.1":
            raise AssertionError(f"a test asked for {asked.hostname}")
        return send(self, request, *more, **named)

    requests.adapters.HTTPAdapter.send = sent  # type: ignore[method-assign]  # put back below
    try:
        yield
    finally:
        requests.adapters.HTTPAdapter.send = send  # type: ignore[method-assign]  # the original
