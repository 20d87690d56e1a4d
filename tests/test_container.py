"""The container, compose.yaml and the systemd unit: as far as they can be told without a daemon."""

import json
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from bot.__main__ import parser
from bot.settings import Misconfigured, Settings, read
from tests.command_line import environment
from tests.test_command_line import serving

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
UNIT = (ROOT / "docs" / "amends.service").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    ([\w-]+) ", parser().format_help(), re.MULTILINE)


def instructions(word: str) -> list[str]:
    """What follows this instruction of the Dockerfile, each on a line of its own."""
    return re.findall(rf"^{word} +(.*)$", DOCKERFILE, re.MULTILINE)


def judged_by(judge: str, *arguments: object) -> tuple[int, str]:
    """How a linter ends and what it says; skips where it is not installed, here or on the machine."""
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    found = shutil.which(judge, path=beside)
    if found is None:
        pytest.skip(f"{judge} is not installed")
    ended = subprocess.run(
        [found, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_the_image_takes_what_the_program_needs_and_nothing_else_reaches_the_builder() -> None:
    copied = {line.split()[0] for line in instructions("COPY")}
    assert copied == {"requirements.txt", "bot", "handlers", "storage"}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in ignored if not line.startswith("#")]
    let_in = {line.removeprefix("!") for line in patterns if line.startswith("!")}
    assert patterns[0] == "*"
    assert let_in == copied
    for secret in (".env", "amends.db", "amends.db-wal", ".git"):
        assert not any(fnmatch(secret, name) for name in let_in)


def test_the_image_installs_pinned_packages_by_their_hashes_and_belongs_to_nobody_special() -> None:
    (install,) = (line for line in instructions("RUN") if "pip install" in line)
    assert "--require-hashes" in install
    assert "-r /app/requirements.txt" in install
    user = instructions("USER")[-1]
    assert int(user.partition(":")[0]) >= 1000
    (entry,), (command,) = instructions("ENTRYPOINT"), instructions("CMD")
    assert [*json.loads(entry), *json.loads(command)] == ["python", "-m", "bot", "serve"]


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    assert judged_by("hadolint", "--no-color", ROOT / "Dockerfile") == (0, "")


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    # The program is not installed there, and systemd looks whether it is.
    there = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT, flags=re.MULTILINE)
    (tmp_path / "amends.service").write_text(there, encoding="utf-8")
    assert judged_by("systemd-analyze", "verify", tmp_path / "amends.service") == (0, "")


def health_of(address: str) -> int:
    """How the image's own question ends when it is asked of a server at this address."""
    (asked,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    python, *rest = json.loads(asked)
    assert python == "python"
    port = str(urlsplit(address).port)
    elsewhere = "http://127.0.0.1:9"  # no proxy is asked about this very machine
    env = environment(AMENDS_PORT=port, HTTP_PROXY=elsewhere, http_proxy=elsewhere)
    return subprocess.run(
        [sys.executable, *rest], env=env, capture_output=True, timeout=60, check=False
    ).returncode


def test_the_image_is_healthy_while_it_serves_and_not_afterwards(tmp_path: Path) -> None:
    with serving(tmp_path, "serve") as address:
        assert health_of(address) == 0
    assert health_of(address) == 1


def test_inside_the_image_everybody_is_listened_to_and_the_web_workspace_needs_a_word_for_that(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (env,) = (line for line in instructions("ENV") if "AMENDS_HOST" in line)
    for setting in env.split():
        name, _, value = setting.partition("=")
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert dict(setting.split("=") for setting in env.split())["AMENDS_HOST"] == "0.0.0.0"
    with pytest.raises(
        Misconfigured, match=r"AMENDS_HOST is 0\.0\.0\.0, and the web workspace has no login"
    ):
        read()
    monkeypatch.setenv("AMENDS_WEB_WITHOUT_LOGIN", "1")
    assert read().web


def test_compose_migrates_before_it_serves_and_waits_for_the_database(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"database", "migrate", "serve"}
    assert services["database"]["healthcheck"]["test"][1] == "pg_isready"
    assert services["migrate"]["command"] == ["migrate"]
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    waits_for = {name: told["condition"] for name, told in services["serve"]["depends_on"].items()}
    assert waits_for == {"database": "service_healthy", "migrate": "service_completed_successfully"}
    assert "command" not in services["serve"]  # what the image does by itself
    (port,) = services["serve"]["ports"]
    assert port.startswith("127.0.0.1:")
    mounted = {volume.partition(":")[0] for volume in services["database"]["volumes"]}
    assert mounted == set(compose["volumes"])


def test_compose_keeps_secrets_in_the_env_file_and_tells_the_database_no_tokens(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    assert "env_file" not in services["database"]
    for name in ("migrate", "serve"):
        assert services[name]["env_file"] == ".env"
        set_here = services[name]["environment"]
        assert {setting.lower() for setting in set_here} <= set(Settings.model_fields)
        assert set_here["AMENDS_HOST"] == "0.0.0.0"
        url = re.sub(r"\$\{POSTGRES_PASSWORD:\?[^}]*\}", "word", set_here["AMENDS_DATABASE_URL"])
        assert Settings(_env_file=None, amends_database_url=url).amends_database_url == (
            "postgresql://amends:word@database/amends"
        )
    for told in services.values():
        for setting, value in told["environment"].items():
            if re.search("PASSWORD|TOKEN|SECRET", setting):
                assert value.startswith("${")


def test_the_unit_runs_the_console_script_without_rights_and_stays_down_when_it_is_asked_wrongly() -> (
    None
):
    lines = dict(re.findall(r"^(\w+)=(.*)$", UNIT, re.MULTILINE))
    program, command = lines["ExecStart"].split()
    assert Path(program).name == "amends"
    assert command in COMMANDS
    assert lines["User"] not in ("", "root")
    assert lines["RestartPreventExitStatus"] == "2"
    assert lines["WorkingDirectory"] == f"/var/lib/{lines['StateDirectory']}"
    # SIGTERM finishes what is under way within 10 seconds.
    assert int(lines["TimeoutStopSec"]) > 10
