"""The typed commands are declared once: parsing, help, both manifests and the README go by that list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from bot.messages.parts import Message, Paragraph, Typed, plain, pressable
from bot.messages.team import help_text
from bot.routes import COMMANDS, TYPED, TYPED_WORDS, only_a_command, typed
from handlers.slack import render as slack
from handlers.teams import package
from handlers.teams import render as teams
from handlers.teams.app import UNKNOWN
from handlers.teams.card import escaped
from handlers.web import render as web
from tests.examples import FORMS, MESSAGES
from tests.test_examples import FRAME

ROOT = Path(__file__).parent.parent
TABLE = re.compile(r"<!-- typed commands -->\n(.*?)\n<!-- end of typed commands -->", re.DOTALL)
BARE = re.compile(r"(?<![\w/:])/amends\b")
"""The command as a sentence would hold it; an address like sqlite:///amends.db is something else."""


def _table() -> str:
    """The rows as the README shows them: what is typed, and what happens then."""
    rows = [f"| `/amends {words}` | {meaning} |" for words, meaning in TYPED.items()]
    return "\n".join(["| type | and this happens |", "|---|---|", *rows])


def _typed_within(node: object) -> Iterator[Typed]:
    """Every typed command that a message or a form shows."""
    if isinstance(node, Typed):
        yield node
    elif isinstance(node, tuple):
        for piece in node:
            yield from _typed_within(piece)
    elif isinstance(node, BaseModel):
        for _, value in node:
            yield from _typed_within(value)


@pytest.mark.parametrize("word", TYPED_WORDS)
def test_every_word_asks_for_its_verb_in_any_spelling_and_no_other_word_does(word: str) -> None:
    command_name = TYPED_WORDS[word].command_name
    assert command_name in COMMANDS
    assert typed(word)[0] == typed(f" {word.upper()} more")[0] == command_name
    assert typed(f"{word}? more!")[0] == command_name
    assert typed(f"{word}x")[0] == "team.unknown"


def test_what_follows_a_word_belongs_to_it_except_after_help() -> None:
    assert typed("settings  mine ") == ("team.settings", "mine")
    assert typed("help me") == ("team.help", "")
    assert typed("") == ("team.help", "")


def test_help_says_every_command_once_as_it_is_typed_on_each_platform() -> None:
    message = help_text(TYPED)
    for words in TYPED:
        assert plain(message).count(f"/amends {words} · ") == 1
        assert str(slack.message(message)["blocks"]).count(f"`/amends {words}` · ") == 1
        assert str(web.message(message, FRAME)).count(f">/amends {words}</code>") == 1
        card = teams.message(message)["attachments"][0]["content"]
        assert card["fallbackText"].count(f"@Amends {words} · ") == 1
        assert [block["text"] for block in card["body"] if "text" in block].count(
            f"**@Amends {escaped(words)}** · {escaped(TYPED[words])}"
        ) == 1


def test_nothing_that_teams_shows_says_the_command_of_slack() -> None:
    for name, message in MESSAGES.items():
        assert not BARE.search(str(teams.message(message))), name
        assert not BARE.search(str(teams.reading(message))), name
    for name, form in FORMS.items():
        assert not BARE.search(str(teams.dialog(form, teams.FormContext("once")))), name
    assert "Try @Amends help." in str(teams.reading(UNKNOWN))
    assert teams.message(UNKNOWN)["summary"].endswith("Try @Amends help.")


def test_every_command_that_a_message_names_is_one_that_can_be_typed() -> None:
    named = {one.words for said in (*MESSAGES.values(), *FORMS.values()) for one in _typed_within(said)}
    assert named
    for words in named:
        assert words.split()[0] in TYPED_WORDS, f"nobody can type {words}"


@pytest.mark.parametrize("path", sorted((ROOT / "bot").rglob("*.py")), ids=lambda path: path.stem)
def test_no_sentence_of_ours_spells_the_command_itself(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    spelled = [
        f"{path.name}:{node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and BARE.search(node.value)
    ]
    known = 1 if path == ROOT / "bot" / "messages" / "parts.py" else 0
    assert len(spelled) == known, (
        f"{spelled}: in Teams one types otherwise; use Typed (bot/messages/parts.py)."
    )


def test_a_typed_command_is_no_way_to_change_what_people_wrote() -> None:
    theirs = Message(
        summary="g", parts=(Paragraph(words=("Say /amends status: ", Typed(words="mine"))),)
    )
    (drawn,) = teams.message(theirs)["attachments"][0]["content"]["body"]
    assert drawn["text"] == "Say /amends status: **@Amends mine**"


def test_slacks_usage_hint_lists_every_command() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    (command,) = manifest["features"]["slash_commands"]
    hint = " | ".join(TYPED)
    assert command["usage_hint"] == hint, f"put this into manifest.yml:\n{hint}"


def test_the_teams_package_says_of_each_suggested_word_what_it_does() -> None:
    made = package.manifest("11111111-aaaa-4bbb-8ccc-000000000001", "amends.example.com")
    told = zip(TYPED_WORDS.values(), TYPED.items(), strict=True)
    said = [f"{words}: {meaning}" for typed, (words, meaning) in told if typed.suggested]
    for listed in made["bots"][0]["commandLists"]:
        assert [one["description"] for one in listed["commands"]] == said


def test_the_readme_shows_the_table_of_typed_commands() -> None:
    match = TABLE.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert match, "the README has lost the comments around its table of typed commands"
    assert match[1] == _table(), f"put this into the README:\n{_table()}"


def test_a_word_that_only_names_a_command_is_asked_back_and_a_sentence_is_not() -> None:
    asked = only_a_command(" Status ")
    assert asked is not None
    assert [button.command_name for button in pressable(asked)] == ["board.status"]
    assert only_a_command("Status of the parcel?") is None
    assert only_a_command("") is None
