"""The wheel: what `pipx run` and `uvx` install, in an environment that has nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener
from zipfile import ZipFile

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "handlers", "storage")
OPENING = {("serve",): "Who are you?", ("demo", "--no-browser"): "parcel-shop"}
"""The commands that open a workspace and say where, and what somebody reads there at first."""


def environment() -> dict[str, str]:
    """What a process of somebody else's sees: none of our settings, and not this folder's code."""
    ours = ("AMENDS_", "SLACK_", "TEAMS_", "PYTHON", "VIRTUAL_ENV", "COV_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def run(folder: Path, *command: object, piped: str | None = None) -> str:
    """What a command prints; it has to end well."""
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment(),
        input=piped,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def opened(folder: Path, *command: object) -> Iterator[str]:
    """The address that a command says it is open at; told to stop, it ends well."""
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env={**environment(), "AMENDS_PORT": "0", "AMENDS_PACE": "0"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield next(
                found[1] for line in process.stdout if (found := re.search(r"(http://\S+)", line))
            )
        finally:
            process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_what_the_wheel_installs_in_a_fresh_environment_serves_demonstrates_and_coaches(
    tmp_path: Path,
) -> None:
    # A copy, because building leaves folders behind, and an older one's must not fill the gaps.
    source, wheels, away = (tmp_path / name for name in ("source", "wheels", "away"))
    away.mkdir()
    unbuilt = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=unbuilt)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    run(away, sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, source)
    (wheel,) = wheels.iterdir()
    expected = {
        path.relative_to(source).as_posix()
        for package in PACKAGES
        for path in (source / package).rglob("*")
        if path.is_file()
    }
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == expected, "say in pyproject.toml under package-data what belongs to the program"

    # The versions that the other tests run with; which packages they are, the wheel alone says.
    pinned = re.findall(r"^[a-z][^\s;]*==[^\s;]+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    (tmp_path / "constraints.txt").write_text("\n".join(pinned))
    run(away, sys.executable, "-m", "venv", tmp_path / "fresh")
    scripts = tmp_path / "fresh" / "bin"
    run(away, scripts / "pip", "install", "-q", "-c", tmp_path / "constraints.txt", wheel)
    amends = scripts / "amends"

    remarks = run(away, amends, "coach", "--for", "customer", piped="We are sorry if you were upset.\n")
    assert "conditional_apology" in json.loads(remarks)["labels"]
    assert json.loads(run(away, amends, "export", "--format", "json")) == []
    # The first visit is remembered by a cookie.
    without_proxy = build_opener(ProxyHandler({}), HTTPCookieProcessor())
    for command, words in OPENING.items():
        with opened(away, amends, *command) as address:
            for page in ("/healthz", "/", "/static/app.css"):
                with without_proxy.open(f"{address}{page}") as answer:
                    assert answer.status == 200
                    shown = answer.read().decode()
                    assert page != "/" or words in shown
                    assert page != "/healthz" or json.loads(shown)["ok"] is True
    app_id = "00000000-0000-0000-0000-000000000000"
    run(away, amends, "teams-package", "--app-id", app_id, "--domain", "a.example")
    assert (away / "amends-teams.zip").exists()
