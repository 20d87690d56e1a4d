"""manifest.yml: what Slack would accept, and what the code needs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.routes import COMMANDS
from tests.shared import SCHEMAS

ROOT = Path(__file__).parent.parent
SCHEMA = SCHEMAS / "slack-manifest-schema.json"
NEW_APP = "https://api.slack.com/apps?new_app=1&manifest_json="
LONGEST_ADDRESS = 8_000
"""Characters: servers take a request's line of 8 KiB, and all of it has to fit."""


@pytest.fixture
def manifest() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "manifest.yml").read_text())
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's manifest schema is not beside this repository")
def test_slack_accepts_the_manifest(manifest: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    assert list(Draft7Validator(schema).iter_errors(manifest)) == []


# https://docs.slack.dev/reference/app-manifest: the lengths, which the schema leaves out in part.
def test_every_text_keeps_slacks_lengths(manifest: dict[str, Any]) -> None:
    about, features = manifest["display_information"], manifest["features"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4_000
    assert len(features["bot_user"]["display_name"]) <= 80
    for shortcut in features["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
        assert len(shortcut["callback_id"]) <= 255
    for command in features["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["description"]) <= 2_000
        assert len(command["usage_hint"]) <= 1_000


def test_every_shortcut_is_a_verb_that_opens_a_form(manifest: dict[str, Any]) -> None:
    shortcuts = manifest["features"]["shortcuts"]
    assert [(shortcut["type"], shortcut["callback_id"]) for shortcut in shortcuts] == [
        ("global", "case.fail"),
        ("message", "case.fail_message"),
        ("message", "action_item.add_message"),
    ]
    assert all(COMMANDS[shortcut["callback_id"]].form is not None for shortcut in shortcuts)


def test_everything_slack_sends_arrives_at_one_address(manifest: dict[str, Any]) -> None:
    addresses = set(_values(manifest, "url")) | set(_values(manifest, "request_url"))
    assert len(addresses) == 1
    assert addresses.pop().endswith("/slack/events")


def test_events_have_the_scopes_that_slack_wants_for_them(manifest: dict[str, Any]) -> None:
    needed = {
        "app_home_opened": (),
        "channel_archive": ("channels:read",),
        "channel_deleted": ("channels:read",),
        "channel_left": ("channels:read",),
        "channel_rename": ("channels:read",),
        "channel_shared": ("channels:read", "groups:read"),
        "channel_unarchive": ("channels:read",),
        "channel_unshared": ("channels:read", "groups:read"),
        "group_archive": ("groups:read",),
        "group_deleted": ("groups:read",),
        "group_left": ("groups:read",),
        "group_rename": ("groups:read",),
        "group_unarchive": ("groups:read",),
        "member_joined_channel": ("channels:read", "groups:read"),
        "member_left_channel": ("channels:read", "groups:read"),
        "message.channels": ("channels:history",),
        "message.groups": ("groups:history",),
        "message.im": ("im:history",),
        "user_change": ("users:read",),
    }
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert set(events) == set(needed)
    assert {scope for event in events for scope in needed[event]} <= set(scopes)


def test_the_home_and_the_messages_tab_are_open(manifest: dict[str, Any]) -> None:
    home = manifest["features"]["app_home"]
    assert home["home_tab_enabled"]
    assert home["messages_tab_enabled"]
    assert not home["messages_tab_read_only_enabled"]


def by_socket(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest for Socket Mode, as its first lines say: no address stands in it."""

    def without_addresses(node: Any) -> Any:
        if isinstance(node, dict):
            kept = {name: value for name, value in node.items() if name not in ("url", "request_url")}
            return {name: without_addresses(value) for name, value in kept.items()}
        return [without_addresses(value) for value in node] if isinstance(node, list) else node

    socket: dict[str, Any] = without_addresses(manifest)
    socket["settings"]["socket_mode_enabled"] = True
    return socket


@pytest.mark.parametrize(
    ("words", "socket"), [("for Socket Mode", True), ("for a public address", False)]
)
def test_the_docs_link_opens_slacks_page_with_this_very_manifest(
    manifest: dict[str, Any], words: str, socket: bool
) -> None:
    expected = by_socket(manifest) if socket else manifest
    written = json.dumps(expected, separators=(",", ":"), ensure_ascii=False)
    link = NEW_APP + quote(written, safe=",:/")
    page = (ROOT / "docs" / "setup-slack.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"\[{words}\]\((\S+)\)", page)
    assert found == link, f"put this behind [{words}] in docs/setup-slack.md:\n{link}"
    assert len(link) <= LONGEST_ADDRESS
    (sent,) = parse_qs(urlsplit(found).query)["manifest_json"]
    assert json.loads(sent) == expected
    assert ("amends.example.com" in sent) is not socket


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's manifest schema is not beside this repository")
def test_slack_accepts_the_manifest_for_socket_mode(manifest: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    assert list(Draft7Validator(schema).iter_errors(by_socket(manifest))) == []


def _values(node: object, key: str) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield str(value)
            yield from _values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value, key)
