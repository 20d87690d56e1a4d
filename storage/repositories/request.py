"""Requests that were seen, so that a repeat of the same event changes nothing."""

from datetime import UTC, date, datetime
from hashlib import sha256

from sqlalchemy import Connection

from storage.tables import requests
from storage.upsert import put


class Requests:
    """repositories.Requests over one transaction; only a hash of the key and the day are kept."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    def first_time(self, key: str, *, forever: bool = False) -> bool:
        row = {
            "workspace": self._workspace,
            "key": sha256(key.encode()).hexdigest(),
            "day": date.max if forever else datetime.now(UTC).date(),
        }
        # Of two at once the second waits here until the first has committed or given up.
        return put(self._connection, requests, row)
