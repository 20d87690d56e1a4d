"""Keeps secrets unreadable in what is stored: sealed with the operator's keys, which are not."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, or_, select, update

from bot.ports import VaultLocked
from storage.statement import Statement
from storage.tables import connections

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

MISSING = (
    "AMENDS_SECRET_KEY is not set: secrets of helpdesks are only stored encrypted, so whoever runs "
    "Amends sets it first."
)
WRONG = (
    "AMENDS_SECRET_KEY is not the key that a stored secret was encrypted with: put that key behind the "
    "new one, with a comma between them."
)
PURPOSE = b"amends: secrets at rest\0"

SEALED = Statement(
    select(connections.c.workspace, connections.c.id, connections.c.secret, connections.c.token).where(
        or_(connections.c.secret != "", connections.c.token != "")
    )
)
RESEAL = Statement(
    update(connections).where(
        connections.c.workspace == bindparam("this_workspace"),
        connections.c.id == bindparam("this_id"),
        connections.c.secret == bindparam("known_secret"),
        connections.c.token == bindparam("known_token"),
    )
)


class Vault:
    """ports.Vault; the first of its keys seals, and any of them opens."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = tuple(keys)
        self._made: MultiFernet | None = None

    @property
    def has_key(self) -> bool:
        """ports.Vault.has_key."""
        return bool(self._keys)

    def seal(self, secret: str) -> str:
        """ports.Vault.seal."""
        return self._fernet().encrypt(secret.encode()).decode() if secret else ""

    def open(self, sealed: str) -> str:
        """ports.Vault.open."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - see _fernet

        try:
            return self._fernet().decrypt(sealed).decode() if sealed else ""
        except InvalidToken:
            # Not even as its cause: that holds nothing that helps, and what is sealed stays out of logs.
            raise VaultLocked(WRONG) from None

    def reseal(self, sealed: str) -> str:
        """The same secret, sealed with the first key; raises VaultLocked."""
        return self.seal(self.open(sealed))

    def _fernet(self) -> "MultiFernet":
        # Only where there is a secret: the library takes 8 MiB and 30 ms.
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

        if not self._keys:
            raise VaultLocked(MISSING)
        if self._made is None:
            self._made = MultiFernet([Fernet(_derived(key)) for key in self._keys])
        return self._made


NO_VAULT = Vault()
"""Seals nothing, and opens nothing."""


def _derived(key: str) -> bytes:
    """A key of the form and length that Fernet takes, from one of whatever form."""
    return urlsafe_b64encode(sha256(PURPOSE + key.encode()).digest())


def check(connection: Connection, vault: Vault) -> None:
    """Raises VaultLocked where something is stored that the keys do not open."""
    for row in SEALED.all(connection, {}):
        vault.open(row.secret)
        vault.open(row.token)


def reseal(connection: Connection, vault: Vault) -> int:
    """Seals all that is stored with the first key, and returns of how many connections that is.

    Raises VaultLocked, and then nothing was changed.
    """
    rows = [
        {
            "this_workspace": row.workspace,
            "this_id": row.id,
            "known_secret": row.secret,
            "known_token": row.token,
            "secret": vault.reseal(row.secret),
            "token": vault.reseal(row.token),
        }
        for row in SEALED.all(connection, {})
    ]
    RESEAL.run_each(connection, rows)
    return len(rows)
