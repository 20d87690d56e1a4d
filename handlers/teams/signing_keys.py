"""The public keys with which Teams signs its requests, fetched off the event loop and kept for a day."""

import asyncio
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import requests
from jwt.algorithms import RSAAlgorithm

log = logging.getLogger(__name__)

THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="teams-keys")
"""Where blocking requests wait; not the loop's own pool, so neither starves the other."""
FETCH_SECONDS = 15.0
HOLD_SECONDS = 24 * 3600.0
REST_SECONDS = 300.0
"""How soon an unknown key may cause another fetch: new keys are known in time, forgers cost little."""


class SigningKey(NamedTuple):
    """A public key of Teams, and the channels that it vouches for."""

    public_key: Any
    endorsements: list[str]


class SigningKeys:
    """The keys behind one OpenID metadata address."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, SigningKey] = {}
        self._fetched_at = self._tried_at = float("-inf")

    async def get(self, key_id: str | None) -> SigningKey:
        """The key; raises PermissionError when there is none, and requests' errors."""
        stale = time.monotonic() - self._fetched_at > HOLD_SECONDS
        if stale or key_id not in self._keys:
            await asyncio.get_running_loop().run_in_executor(THREADS, self._refresh, key_id)
        if key_id not in self._keys:
            raise PermissionError("Nobody knows this key.")
        return self._keys[key_id]

    def _refresh(self, key_id: str | None) -> None:
        now = time.monotonic()
        if now - self._tried_at < REST_SECONDS and self._keys:
            return
        self._tried_at = now
        try:
            metadata = requests.get(self._url, timeout=FETCH_SECONDS)
            metadata.raise_for_status()
            answer = requests.get(metadata.json()["jwks_uri"], timeout=FETCH_SECONDS)
            answer.raise_for_status()
            rows = [key for key in answer.json()["keys"] if key.get("kty") == "RSA"]
        except (requests.RequestException, KeyError, ValueError):
            # Old keys are better than none while Microsoft cannot be reached.
            if key_id in self._keys:
                log.warning("the keys of Teams' tokens cannot be renewed; the old ones are kept")
                return
            raise
        self._fetched_at = now
        self._keys = {
            key["kid"]: SigningKey(RSAAlgorithm.from_jwk(json.dumps(key)), key.get("endorsements", []))
            for key in rows
        }
