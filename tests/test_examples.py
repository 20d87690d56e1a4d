"""Every message has an example, and every example looks on each platform as its golden file says.

`python -m tests.test_examples` writes the golden files anew; read the difference before you commit.
"""

import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from bot.domain.channel import Channel
from bot.messages import (
    action_item,
    board,
    case,
    coach,
    note,
    recovery,
    recovery_form,
    reminder,
    retro,
    sign_in,
    team,
    trends,
)
from bot.messages.parts import Form, Message, pressable
from bot.routes import COMMANDS, JOB_HANDLERS
from handlers.helpdesks import render as helpdesks
from handlers.slack import render as slack
from handlers.teams import render as teams
from handlers.web import render as web
from tests.examples import ANA, AT, BEN, FORMS, MESSAGES, NOTES, PEOPLE

SNAPSHOTS = Path(__file__).parent / "snapshots"


def _slack_message(message: Message) -> str:
    return json.dumps(slack.message(message), ensure_ascii=False, indent=1) + "\n"


def _slack_form(form: Form) -> str:
    return json.dumps(slack.form(form), ensure_ascii=False, indent=1) + "\n"


KNOWN = teams.FormContext("one-time-key", PEOPLE, [Channel(id="C1", name="support")])


def _teams_message(message: Message) -> str:
    return json.dumps(teams.message(message), ensure_ascii=False, indent=1) + "\n"


def _teams_form(form: Form) -> str:
    return json.dumps(teams.dialog(form, KNOWN), ensure_ascii=False, indent=1) + "\n"


FRAME = web.Frame(viewer=ANA, now=AT, key=lambda: "one-time-key", channel_id="C1", people=PEOPLE)


def _web_message(message: Message) -> str:
    return f"{web.message(message, FRAME)}\n"


def _web_form(form: Form) -> str:
    return f"{web.form(form, FRAME, [ANA, BEN], [Channel(id='C1', name='support')])}\n"


def _note(message: Message) -> str:
    return f"{helpdesks.text(message)}\n"


def _no_form(form: Form) -> str:
    raise AssertionError(f"{form.command_name} is asked on no ticket")


# How a platform draws: the ending of its golden files, a message, a form.
DRAWN: Mapping[str, tuple[str, Callable[[Message], str], Callable[[Form], str]]] = {
    "helpdesks": ("txt", _note, _no_form),
    "slack": ("json", _slack_message, _slack_form),
    "teams": ("json", _teams_message, _teams_form),
    "web": ("html", _web_message, _web_form),
}


def _drawn(platform: str) -> Mapping[Path, str]:
    """What each golden file of a platform should hold."""
    ending, draw_message, draw_form = DRAWN[platform]
    folder = SNAPSHOTS / platform
    on_tickets = platform == "helpdesks"
    said, asked = (NOTES, {}) if on_tickets else (MESSAGES, FORMS)
    messages = {folder / f"{name}.{ending}": draw_message(it) for name, it in said.items()}
    forms = {folder / f"{name}.form.{ending}": draw_form(it) for name, it in asked.items()}
    return messages | forms


@pytest.mark.parametrize("platform", DRAWN)
def test_every_example_looks_as_its_golden_file_says(platform: str) -> None:
    drawn = _drawn(platform)
    kept = set((SNAPSHOTS / platform).iterdir())
    assert kept == set(drawn), "write them anew: python -m tests.test_examples"
    for path, text in drawn.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} differs"


@pytest.mark.parametrize(
    "module",
    [
        *(case, retro, action_item, team, board, reminder, recovery, recovery_form, coach, trends),
        *(sign_in, note),
    ],
    ids=lambda module: module.__name__,
)
def test_every_function_that_makes_a_message_or_a_form_has_an_example(module: ModuleType) -> None:
    examples = Path(__file__).with_name("examples.py").read_text()
    noun = module.__name__.rpartition(".")[2]
    for name, function in inspect.getmembers(module, inspect.isfunction):
        made = inspect.signature(function).return_annotation
        if function.__module__ == module.__name__ and made in (Message, Form) and name[0] != "_":
            assert f"{noun}.{name}(" in examples, f"add an example of {noun}.{name} to tests/examples.py"


def test_every_button_and_form_asks_for_a_verb_that_is_routed() -> None:
    asked = {form.command_name for form in FORMS.values()}
    for message in MESSAGES.values():
        asked |= {button.command_name for button in pressable(message)}
    assert asked <= set(COMMANDS)


def test_a_button_opens_something_exactly_when_its_verb_has_a_form_or_is_read_or_followed() -> None:
    for message in MESSAGES.values():
        for button in pressable(message):
            route = COMMANDS[button.command_name]
            drawn_whole = route.form is not None or route.reads or route.command.shows_link
            assert button.opens == drawn_whole, button


def test_routes_are_named_noun_verb_and_jobs_name_what_they_say() -> None:
    for name in (*COMMANDS, *JOB_HANDLERS):
        noun, _, command_name = name.partition(".")
        assert noun.isidentifier(), name
        assert command_name.isidentifier(), name


if __name__ == "__main__":
    for platform in DRAWN:
        (SNAPSHOTS / platform).mkdir(parents=True, exist_ok=True)
        for old in (SNAPSHOTS / platform).iterdir():
            old.unlink()
        for path, text in _drawn(platform).items():
            path.write_text(text, encoding="utf-8")
