"""The command line, as an operator meets it: in a process of its own, in an empty folder."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.__main__ import parser
from bot.routes import COMMANDS
from bot.settings import Settings
from tests.shared import COMPLAINTS

ROOT = Path(__file__).parent.parent
IMPORT = (
    "--map",
    "what_happened=Consumer complaint narrative|Issue",
    "--map",
    "reference=Complaint ID",
    "--map",
    "happened_at=Date received",
    "--where",
    "Timely response?=No",
)


def amends(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m bot` with these settings and no others."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AMENDS_", "SLACK_", "TEAMS_"))
    }
    environment = {**kept, "PYTHONPATH": str(ROOT), "AMENDS_LOG_LEVEL": "WARNING", **settings}
    return subprocess.run(  # noqa: PLW1510 - the exit code is what the tests look at
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        encoding="utf-8",
    )


def table(folder: Path, text: str, name: str = "cases.csv") -> str:
    """A file to import."""
    (folder / name).write_text(text, encoding="utf-8")
    return name


def test_rows_become_retros_once_and_what_cannot_be_read_is_named_by_line(tmp_path: Path) -> None:
    rows = "Id;Story;Day\nZD-1;Lost;2026/3/4\nZD-2;;2026/3/4\nZD-3;Late;soon\nZD-4;Broken;2026/3/5\n"
    file = table(tmp_path, rows)
    columns = ("--map", "what_happened=Story", "--map", "reference=Id", "--map", "happened_at=Day")
    asked = ("import", file, "--team", "support", *columns)
    first = amends(tmp_path, *asked)
    made = "There was no place support yet, so it was made.\n"
    assert first.stdout == f"{made}2 opened, 0 already there, 2 skipped.\n", first.stderr
    assert "line 3: Say what happened" in first.stderr
    assert "line 4: 'soon' is not a date" in first.stderr
    assert amends(tmp_path, *asked).stdout == "0 opened, 2 already there, 2 skipped.\n"
    exported = json.loads(amends(tmp_path, "export", "--format", "json").stdout)
    assert [(case["reference"], case["happened_at"]) for case in exported] == [
        ("ZD-1", "2026-03-04"),
        ("ZD-4", "2026-03-05"),
    ]


def test_rows_without_a_reference_are_known_again_too(tmp_path: Path) -> None:
    file = table(tmp_path, "Story\nLost\nLate\n")
    asked = ("import", file, "--team", "support", "--map", "what_happened=Story")
    assert "\n2 opened" in amends(tmp_path, *asked).stdout
    assert amends(tmp_path, *asked).stdout.startswith("0 opened, 2 already there")


@pytest.mark.skipif(not COMPLAINTS.exists(), reason=f"{COMPLAINTS} is not here")
def test_the_real_complaints_open_94_retros(tmp_path: Path) -> None:
    first = amends(tmp_path, "import", str(COMPLAINTS), "--team", "support", *IMPORT)
    assert first.stdout.endswith("\n94 opened, 0 already there, 0 skipped.\n"), first.stderr
    again = amends(tmp_path, "import", str(COMPLAINTS), "--team", "support", *IMPORT)
    assert again.stdout == "0 opened, 94 already there, 0 skipped.\n"
    said = amends(tmp_path, "tick")
    assert said.stdout == "376 said.\n", said.stderr
    cases = json.loads(amends(tmp_path, "export", "--format", "json").stdout)
    assert len(cases) == 94
    assert all(case["reference"] for case in cases)


def test_a_customer_is_forgotten_by_name_or_by_case_and_it_is_said_where(tmp_path: Path) -> None:
    rows = "Id;Story;Who\nZD-1;Lost;Ana Maria\nZD-2;Late;ana maria\nZD-3;Late;Ben\n"
    columns = ("what_happened=Story", "reference=Id", "customer=Who")
    mapped = [word for column in columns for word in ("--map", column)]
    amends(tmp_path, "import", table(tmp_path, rows), "--team", "support", *mapped)
    named = amends(tmp_path, "forget", "--customer", "Ana Maria")
    assert named.stdout.startswith("Forgot the customer of C-1, C-2: ")
    assert "nothing to forget" in amends(tmp_path, "forget", "--case", "C-1").stdout
    assert amends(tmp_path, "forget", "--case", "C-3").stdout.startswith("Forgot the customer of C-3")
    whole = amends(tmp_path, "export", "--format", "json").stdout
    assert not [word for word in ("Maria", "maria", "Ben", "ZD-") if word in whole]
    assert amends(tmp_path, "forget", "--case", "7").returncode == 2
    assert amends(tmp_path, "forget").returncode == 2


def test_an_export_is_one_retro_or_everything_in_three_formats(tmp_path: Path) -> None:
    file = table(tmp_path, "Id,Story\nZD-1,=cmd()\nZD-2,# Not a heading\n")
    asked = ("--team", "support", "--map", "what_happened=Story", "--map", "reference=Id")
    amends(tmp_path, "import", file, *asked)
    one = amends(tmp_path, "export", "C-2").stdout
    assert one.startswith("# Retro: \\# Not a heading (C-2, open)")
    assert "> # Not a heading" in one
    lines = amends(tmp_path, "export", "--format", "csv").stdout.splitlines()
    assert len(lines) == 3  # nothing was answered, decided or added yet
    assert lines[1].endswith(",'=cmd()")
    amends(tmp_path, "export", "--format", "json", "--out", "all.json")
    assert len(json.loads((tmp_path / "all.json").read_text())) == 2
    missing = amends(tmp_path, "export", "C-9", "--out", "all.json")
    assert (missing.returncode, missing.stderr) == (2, "amends: There is no case C-9.\n")
    assert len(json.loads((tmp_path / "all.json").read_text())) == 2
    nowhere = amends(tmp_path, "export", "--out", "none/all.json")
    assert nowhere.returncode == 2
    assert nowhere.stderr.startswith("amends: --out none/all.json cannot be written")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".part") == []


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"SLACK_SIGNING_SECRET": "s"}, "SLACK_BOT_TOKEN is missing"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET is missing"),
        ({"SLACK_BOT_TOKEN": "xapp-1", "SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN is wrong"),
        ({"AMENDS_PORT": "many"}, "AMENDS_PORT is wrong"),
        ({"AMENDS_HOST": "0.0.0.0"}, "the web door has no login"),
        ({"AMENDS_DATABASE_URL": "mysql://x"}, "AMENDS_DATABASE_URL is wrong"),
        ({"AMENDS_DATABASE_URL": "sqlite:///:memory:"}, "AMENDS_DATABASE_URL is wrong"),
        ({"AMENDS_DATABASE_URL": "postgresql+asyncpg://u@h:port/x"}, "AMENDS_DATABASE_URL is wrong"),
        ({"SLACK_API_URL": "http://[bad/"}, "SLACK_API_URL is wrong"),
        (
            {
                "SLACK_BOT_TOKEN": "xoxb-1",
                "SLACK_SIGNING_SECRET": "s",
                "SLACK_API_URL": "http://127.0.0.1:9/api/",
            },
            "Slack cannot be reached",
        ),
        ({"TEAMS_APP_PASSWORD": "p"}, "TEAMS_APP_ID is missing"),
        ({"TEAMS_APP_ID": "a", "TEAMS_APP_TENANT_ID": "t"}, "TEAMS_APP_PASSWORD is missing"),
        ({"TEAMS_APP_ID": "a", "TEAMS_APP_PASSWORD": "p"}, "TEAMS_APP_TENANT_ID is missing"),
        (
            {"TEAMS_APP_ID": "a", "TEAMS_APP_TYPE": "UserAssignedMSI"},
            "TEAMS_APP_TENANT_ID is missing",
        ),
        ({"TEAMS_APP_ID": "a", "TEAMS_APP_TYPE": "MultiTenant"}, "TEAMS_APP_TYPE is wrong"),
        ({"TEAMS_UNAUTHENTICATED": "1", "AMENDS_HOST": "0.0.0.0"}, "TEAMS_UNAUTHENTICATED"),
    ],
)
def test_a_missing_or_wrong_setting_is_one_line_that_names_it(
    tmp_path: Path, settings: dict[str, str], part: str
) -> None:
    told = amends(tmp_path, **settings)
    assert told.returncode == 2
    assert part in told.stderr
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("import", "none.csv", "--team", "x", "--map", "what_happened=Story"), "none.csv"),
        (("import", "cases.csv", "--team", "x", "--map", "what_happened=Storey"), "Story"),
        (("import", "cases.csv", "--team", "x", "--map", "reference=Story"), "what_happened"),
        (("import", "cases.csv", "--team", "x"), "what_happened"),
    ],
)
def test_an_import_that_cannot_be_meant_is_one_line_and_changes_nothing(
    tmp_path: Path, arguments: tuple[str, ...], part: str
) -> None:
    table(tmp_path, "Story\nLost\n")
    told = amends(tmp_path, *arguments)
    assert told.returncode == 2
    assert part in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_check_says_what_is_configured(tmp_path: Path) -> None:
    told = amends(tmp_path, "check")
    assert told.returncode == 0
    assert "The database is up to date" in told.stdout
    assert "Slack is not configured" in told.stdout
    assert "Teams is not configured" in told.stdout
    assert "The web door opens on 127.0.0.1:3000" in told.stdout


def test_a_tick_by_a_wrong_time_is_refused_and_by_a_right_one_says_what_it_did(tmp_path: Path) -> None:
    assert amends(tmp_path, "tick", "--at", "soon").returncode == 2
    assert amends(tmp_path, "tick", "--at", "2030-01-01T09:00").stdout == "Nothing was due.\n"


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_an_outdated_postgresql_schema_is_refused_in_one_line_until_it_is_migrated(
    tmp_path: Path, empty_url: str
) -> None:
    refused = amends(tmp_path, AMENDS_DATABASE_URL=empty_url)
    assert refused.returncode == 2
    assert "run 'python -m bot migrate'" in refused.stderr
    assert amends(tmp_path, "migrate", AMENDS_DATABASE_URL=empty_url).returncode == 0
    assert amends(tmp_path, "check", AMENDS_DATABASE_URL=empty_url).returncode == 0


def test_every_setting_command_and_typed_word_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for setting in Settings.model_fields:
        assert f"`{setting.upper()}`" in readme, f"say in README.md what {setting.upper()} means"
    for command in re.findall(r"^    (\w+) ", parser().format_help(), re.MULTILINE):
        assert f"`{command}" in readme, f"say in README.md what `{command}` does"
    for word in COMMANDS:
        assert f"`/amends {word}" in readme, f"say in README.md what /amends {word} does"
