"""The check of a Teams token by botbuilder 4.17.1, and what it does wrong, put right.

The SDK gets no new releases (its archiving was announced for the end of 2025), so this is the only file
that imports it. Each patch says which fault it is for; `tests/handlers/test_botbuilder_patches.py` has
a test for each that turns red once the library no longer has the fault, and the patch can go.
"""

import logging
from typing import NamedTuple

import jwt
import requests
from botbuilder.integration.aiohttp import ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Activity
from botframework.connector.auth import AuthenticationConstants, JwtTokenExtractor

from handlers.payload import Payload, needed, text_at
from handlers.teams.authentication import Claims, Unauthorised
from handlers.teams.signing_keys import SigningKeys

log = logging.getLogger(__name__)

ISSUER = AuthenticationConstants.TO_BOT_FROM_CHANNEL_TOKEN_ISSUER
KEYS = AuthenticationConstants.TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL


class _Configuration(NamedTuple):
    """The names under which the SDK looks for its settings."""

    APP_ID: str


class BotbuilderAuthenticator:
    """Takes what Microsoft signed for one app, and nothing else.

    The SDK checks the signature, the times, the service's endorsement by the key, and the service URL.
    """

    def __init__(self, app_id: str) -> None:
        if not app_id:
            raise ValueError("without an app's id the SDK would let everybody in")
        self._app_id = app_id
        self._sdk = ConfigurationBotFrameworkAuthentication(_Configuration(app_id))
        # Fault: the SDK fetches keys by blocking requests on the event loop, and an unknown key raises
        # IndexError before the refresh that would find it. Patch: our own keys, where it keeps its own.
        JwtTokenExtractor.metadataCache[KEYS] = SigningKeys(KEYS)

    async def authenticate(self, header: str, body: Payload) -> Claims:
        """The service that the token's key vouches for; raises Unauthorised and Malformed."""
        self._check_claims(header)
        # Fault: an activity without a service URL is taken, whatever the token says. Patch: needed().
        service, service_url = text_at(body, "channelId"), needed(body, "serviceUrl")
        # Fault: an expired or forged token, garbage, an unknown key and a missing endorsement raise
        # other things than PermissionError. Patch: whatever fails in here is the token's fault.
        try:
            activity = Activity(channel_id=service, service_url=service_url)
            await self._sdk.authenticate_request(activity, header)
        except requests.RequestException as unreachable:
            log.error("the keys of Teams' tokens cannot be fetched (%s)", type(unreachable).__name__)
            raise Unauthorised("its key cannot be looked up") from None
        # Among what it raises are IndexError, AttributeError, every jwt error and a bare Exception.
        except Exception as wrong:
            raise Unauthorised(type(wrong).__name__) from None
        return Claims(service, signed=True)

    def _check_claims(self, header: str) -> None:
        """Checks what can be checked without the key; raises Unauthorised."""
        kind, _, token = header.partition(" ")
        if kind != "Bearer" or not token:
            raise Unauthorised("no bearer token")
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            algorithm = jwt.get_unverified_header(token).get("alg")
        except (jwt.PyJWTError, ValueError, TypeError):
            raise Unauthorised("not a token") from None
        # Fault: the SDK takes tokens of emulators, too. Patch: we only take Microsoft's own for us.
        if claims.get("iss") != ISSUER or claims.get("aud") != self._app_id or algorithm != "RS256":
            raise Unauthorised("a token of or for somebody else")
