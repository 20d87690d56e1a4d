"""The app package: what Teams would accept, and what the code needs."""

import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from bot.__main__ import main
from bot.routes import COMMANDS, TYPED_WORDS
from bot.settings import Misconfigured
from handlers.teams import package
from tests.shared import SCHEMAS

APP = "11111111-aaaa-4bbb-8ccc-000000000001"
HOST = "amends.example.com"


@pytest.mark.parametrize(
    "pages_at", ["", "https://amends.example.com", "https://pages.example.com:8443"]
)
@pytest.mark.parametrize(("targeted", "version"), [(False, "1.25"), (True, "1.30")])
def test_teams_accepts_the_manifest(targeted: bool, version: str, pages_at: str) -> None:
    schema = SCHEMAS / f"teams-manifest-schema.v{version}.json"
    if not schema.exists():
        pytest.skip("Teams' manifest schema is not beside this repository")
    made = package.manifest(APP, HOST, targeted=targeted, pages_at=pages_at)
    assert made["manifestVersion"] == version
    assert version in made["$schema"]
    validator = Draft4Validator(json.loads(schema.read_text(encoding="utf-8-sig")))
    assert [error.message for error in validator.iter_errors(made)] == []


def test_pages_by_https_have_a_personal_tab_and_others_none() -> None:
    made = package.manifest(APP, HOST, pages_at="https://pages.example.com")
    [tab] = made["staticTabs"]
    assert tab["contentUrl"] == "https://pages.example.com/tab"
    assert tab["websiteUrl"] == "https://pages.example.com/board"
    assert tab["scopes"] == ["personal"]
    assert made["validDomains"] == [HOST, "pages.example.com"]
    assert package.manifest(APP, HOST, pages_at=f"https://{HOST}")["validDomains"] == [HOST]
    for pages_at in ("", "http://pages.example.com"):
        assert package.manifest(APP, HOST, pages_at=pages_at) == package.manifest(APP, HOST)
        assert "staticTabs" not in package.manifest(APP, HOST, pages_at=pages_at)


def test_the_command_knows_where_the_pages_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AMENDS_URL", "https://pages.example.com/")
    assert main(["teams-package", "--app-id", APP, "--domain", HOST, "--out", "made.zip"]) == 0
    with zipfile.ZipFile(tmp_path / "made.zip") as made:
        [tab] = json.loads(made.read("manifest.json"))["staticTabs"]
    assert tab["contentUrl"] == "https://pages.example.com/tab"


def test_targeted_messages_are_only_declared_where_they_are_switched_on() -> None:
    assert "supportsTargetedMessages" not in package.manifest(APP, HOST)["bots"][0]
    assert package.manifest(APP, HOST, targeted=True)["bots"][0]["supportsTargetedMessages"] is True


def test_every_action_is_a_verb_that_opens_a_form() -> None:
    commands = package.manifest(APP, HOST)["composeExtensions"][0]["commands"]
    assert [(one["id"], one["title"], one["context"]) for one in commands] == [
        ("case.fail_message", "Mark a case failed", ["message"]),
        ("action_item.add_message", "Add action item", ["message"]),
        ("case.fail", "Mark a case failed", ["compose", "commandBox"]),
    ]
    assert all(COMMANDS[one["id"]].form is not None and one["fetchTask"] for one in commands)


def test_the_suggested_words_are_offered_once_in_channels_and_in_the_personal_chat() -> None:
    (bot,) = package.manifest(APP, HOST)["bots"]
    assert [listed["scopes"] for listed in bot["commandLists"]] == [["team"], ["personal"]]
    for listed in bot["commandLists"]:
        suggested = [word for word, typed in TYPED_WORDS.items() if typed.suggested]
        assert [command["title"] for command in listed["commands"]] == suggested
        # What is not suggested while one types is a button of the retro.
        assert TYPED_WORDS.keys() - {*suggested} == {"edit", "cancel"}
        # Teams takes 12 commands in a list, with 128 characters each for the name.
        assert len(listed["commands"]) <= 12
        assert all(len(command["title"]) <= 128 for command in listed["commands"])


def test_the_app_and_the_host_stand_wherever_they_belong_and_nowhere_is_a_gap() -> None:
    made = package.manifest(APP, HOST)
    assert made["id"] == made["bots"][0]["botId"] == made["composeExtensions"][0]["botId"] == APP
    assert made["webApplicationInfo"]["id"] == APP
    assert made["validDomains"] == [HOST]
    (permission,) = made["authorization"]["permissions"]["resourceSpecific"]
    assert permission == {"name": "ChannelMessage.Read.Group", "type": "Application"}
    text = json.dumps(made)
    assert "APP_ID" not in text
    assert "DOMAIN" not in text


@pytest.mark.parametrize(
    ("app_id", "domain", "part"),
    [
        ("my-app", HOST, "--app-id"),
        (APP, "https://amends.example.com", "--domain"),
        (APP, "", "--domain"),
        (APP, 'a"b', "--domain"),
    ],
)
def test_an_id_or_a_host_that_teams_would_not_take_is_one_line(
    app_id: str, domain: str, part: str
) -> None:
    with pytest.raises(Misconfigured) as told:
        package.manifest(app_id, domain)
    assert str(told.value).startswith(part)


def test_the_command_writes_a_package_with_the_icons_at_its_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["teams-package", "--app-id", APP, "--domain", HOST]
    assert main([*asked, "--out", "made.zip"]) == 0
    assert capsys.readouterr().out.startswith("made.zip is ready")
    with zipfile.ZipFile(tmp_path / "made.zip") as made:
        assert sorted(made.namelist()) == ["color.png", "manifest.json", "outline.png"]
        assert json.loads(made.read("manifest.json")) == package.manifest(APP, HOST)
    assert main([*asked, "--out", "missing/made.zip"]) == 2
    assert "--out missing/made.zip cannot be written" in capsys.readouterr().err


def test_the_app_id_may_come_from_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEAMS_APP_ID", raising=False)
    assert main(["teams-package", "--domain", HOST]) == 2
    assert "--app-id is missing" in capsys.readouterr().err
    for name, value in (("ID", APP), ("PASSWORD", "p"), ("TENANT_ID", "t")):
        monkeypatch.setenv(f"TEAMS_APP_{name}", value)
    assert main(["teams-package", "--domain", HOST]) == 0
    assert (tmp_path / "amends-teams.zip").exists()


def test_the_outline_is_white_on_nothing_and_the_colour_icon_fills_its_tile(tmp_path: Path) -> None:
    package.write(tmp_path / "made.zip", APP, HOST)
    with zipfile.ZipFile(tmp_path / "made.zip") as made:
        width, height, outline = _pixels(made.read("outline.png"))
        color_width, color_height, color = _pixels(made.read("color.png"))
    assert (width, height) == (32, 32)
    assert (color_width, color_height) == (192, 192)
    assert {pixel[:3] for pixel in outline} == {(255, 255, 255)}
    assert outline[0][3] == 0
    assert max(pixel[3] for pixel in outline) == 255
    assert color[0][3] == 0
    assert color[20 * 192 + 96] == (0x0F, 0x76, 0x6E, 255)
    assert (255, 255, 255, 255) in color


def _pixels(png: bytes) -> tuple[int, int, list[Any]]:
    """Width, height and RGBA of a PNG whose lines are not filtered; checks every chunk."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, start = dict[bytes, bytes](), 8
    while start < len(png):
        (length,) = struct.unpack_from(">I", png, start)
        kind, content = png[start + 4 : start + 8], png[start + 8 : start + 8 + length]
        assert struct.unpack_from(">I", png, start + 8 + length)[0] == zlib.crc32(kind + content)
        chunks[kind] = content
        start += 12 + length
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    lines = zlib.decompress(chunks[b"IDAT"])
    pixels: list[Any] = []
    for row in range(height):
        line = lines[row * (1 + 4 * width) : (row + 1) * (1 + 4 * width)]
        assert line[0] == 0
        pixels += [tuple(line[1 + 4 * n : 5 + 4 * n]) for n in range(width)]
    return width, height, pixels
