"""What a command does not need it does not load: each library takes time and memory of every process."""

import asyncio
import re
import signal
import sys
from collections.abc import Collection
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.command_line import environment
from tests.fakes import FakeSlack
from tests.test_command_line import table

PROGRAM = """
import atexit, runpy, sys
from pathlib import Path

atexit.register(lambda: Path("loaded").write_text("\\n".join(sys.modules)))
runpy.run_module("bot", run_name="__main__")
"""
SLACK = {"slack_bolt", "slack_sdk", "handlers.slack"}
TEAMS = {"botbuilder", "botframework", "msal", "msrest", "azure", "requests", "handlers.teams"}
WEB = {"jinja2", "handlers.web.app"}
ADAPTERS = SLACK | TEAMS | WEB
SERVER = {"psycopg", "storage.postgresql"}
DATABASE = {"sqlalchemy", "sqlmodel", "storage", *SERVER}


async def loaded(folder: Path, *arguments: str, piped: str = "", **settings: str) -> Collection[str]:
    """The modules that one command had loaded when it ended; one that serves is told to stop."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, *arguments),
        cwd=folder,
        env=environment(AMENDS_PORT="0", **settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(piped.encode())
    process.stdin.close()
    async for line in process.stdout:
        if opened := re.match(r"Amends is open at (http://\S+)", line.decode()):
            with await asyncio.to_thread(urlopen, f"{opened[1]}/healthz") as health:
                assert health.status == 200
            process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    return (folder / "loaded").read_text().splitlines()


def slack_settings(slack: FakeSlack) -> dict[str, str]:
    """Slack's settings, and no other's."""
    return {
        "SLACK_BOT_TOKEN": slack.token,
        "SLACK_SIGNING_SECRET": slack.secret,
        "SLACK_API_URL": slack.api_url,
    }


def of(libraries: Collection[str], modules: Collection[str]) -> set[str]:
    """Which of these libraries are among the modules, by themselves or in parts."""
    return {name for name in libraries if any(f"{module}.".startswith(f"{name}.") for module in modules)}


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (("coach", "--for", "team"), ADAPTERS | DATABASE | {"aiohttp", "alembic"}),
        (("migrate",), ADAPTERS | SERVER),
        (("check",), ADAPTERS | SERVER),
        (("export",), ADAPTERS | SERVER),
        (
            ("import", "cases.csv", "--team", "support", "--map", "what_happened=Story"),
            ADAPTERS | SERVER,
        ),
    ],
    ids=["coach", "migrate", "check", "export", "import"],
)
async def test_a_command_loads_no_adapter_that_it_does_not_open(
    tmp_path: Path, arguments: tuple[str, ...], unneeded: set[str]
) -> None:
    table(tmp_path, "Story\nLost\n")
    modules = await loaded(tmp_path, *arguments, piped="Ana forgot to call.\n")
    assert of(["bot"], modules)
    assert not of(unneeded, modules)


async def test_a_check_of_slack_loads_slack_alone(tmp_path: Path) -> None:
    async with FakeSlack() as slack:
        modules = await loaded(tmp_path, "check", **slack_settings(slack))
    assert of(ADAPTERS | SERVER, modules) == SLACK


async def test_serving_slack_alone_loads_slack_alone(tmp_path: Path) -> None:
    async with FakeSlack() as slack:
        modules = await loaded(tmp_path, "serve", **slack_settings(slack))
    assert of(ADAPTERS | SERVER, modules) == SLACK


async def test_serving_teams_alone_loads_teams_alone(tmp_path: Path) -> None:
    modules = await loaded(tmp_path, "serve", TEAMS_UNAUTHENTICATED="1")
    assert of(SLACK | WEB, modules) == set()
    assert of(TEAMS, modules)


async def test_the_sdk_of_teams_is_only_loaded_where_tokens_are_checked(tmp_path: Path) -> None:
    for command in ("serve", "check"):
        modules = await loaded(tmp_path, command, TEAMS_UNAUTHENTICATED="1")
        assert of({"handlers.teams"}, modules)
        assert not of({"botbuilder", "botframework"}, modules), command


async def test_serving_the_web_adapter_alone_loads_no_platform(tmp_path: Path) -> None:
    modules = await loaded(tmp_path, "serve")
    assert of(ADAPTERS | SERVER, modules) == WEB


async def test_a_start_with_an_up_to_date_database_loads_no_migrations(tmp_path: Path) -> None:
    assert of(["alembic"], await loaded(tmp_path, "migrate"))
    assert not of(["alembic"], await loaded(tmp_path, "serve"))
