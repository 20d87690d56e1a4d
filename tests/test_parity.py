"""Slack and Teams show the same buttons and the same fields, for every example."""

from typing import Any

import pytest

from bot.messages.parts import Form, Message
from handlers.slack import render as slack
from handlers.teams import render as teams
from tests import fake_slack_state as slack_state
from tests import fake_teams_card as cards
from tests.examples import FORMS, MESSAGES

Pressed = tuple[str, str, bool]
Filled = tuple[str, bool]
PRESSED = ("Action.Execute", "Action.Submit")


def slack_buttons(drawn: Any) -> list[Pressed]:
    """Labels and commands in order, and whether they are in a menu."""
    return sorted(
        (label, pressed["action_id"], False)
        if pressed["type"] == "button"
        else (label, pressed["selected_option"]["value"].partition(" ")[0], True)
        for label, pressed in slack_state.pressable_in(drawn["blocks"])
    )


def teams_message(message: Message) -> cards.Node:
    """The one card of a message."""
    (attachment,) = teams.message(message)["attachments"]
    card: cards.Node = attachment["content"]
    return card


def teams_form(form: Form) -> cards.Node:
    """The card of a dialog."""
    return teams.form(form, teams.FormContext("once"))


def teams_buttons(card: cards.Node) -> list[Pressed]:
    """The same as `slack_buttons`; a dialog's own submit button stands apart, under the card."""
    found = (element for element in cards.elements(card["body"]) if element.get("type") in PRESSED)
    return sorted(
        (str(action["title"]), str(action["data"]["verb"]), action.get("mode") == "secondary")
        for action in found
    )


def slack_fields(view: Any) -> list[Filled]:
    """Labels, and whether they must be filled in."""
    return [
        (block["label"]["text"], not block["optional"])
        for block in view["blocks"]
        if block["type"] == "input"
    ]


def teams_fields(card: cards.Node) -> list[Filled]:
    """The same."""
    return [(cards.label_of(e), bool(e.get("isRequired"))) for e in cards.inputs(card)]


@pytest.mark.parametrize("name", MESSAGES)
def test_every_button_of_one_platform_is_on_the_other(name: str) -> None:
    message: Message = MESSAGES[name]
    in_slack, in_teams = slack_buttons(slack.message(message)), teams_buttons(teams_message(message))
    assert in_teams == in_slack


@pytest.mark.parametrize("name", FORMS)
def test_every_field_of_one_platform_is_on_the_other(name: str) -> None:
    form: Form = FORMS[name]
    in_slack, in_teams = slack.form(form), teams_form(form)
    assert teams_fields(in_teams) == slack_fields(in_slack)
    assert teams_buttons(in_teams) == slack_buttons(in_slack)


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.submit])
def test_every_form_is_sent_off_with_the_same_word(name: str) -> None:
    view, card = slack.form(FORMS[name]), teams_form(FORMS[name])
    submits = [
        action["title"] for action in card.get("actions", []) if action["type"] == "Action.Submit"
    ]
    # Slack's way back is to close what lies on top of the form that was filled in first.
    other_way = [view["close"]["text"]] if FORMS[name].other_way else []
    assert submits == [view["submit"]["text"], *other_way]


def test_the_examples_have_buttons_and_fields_to_compare() -> None:
    """The comparisons above would hold for nothing at all too."""
    buttons = {
        command_name for m in MESSAGES.values() for _, command_name, _ in teams_buttons(teams_message(m))
    }
    labels = {label for f in FORMS.values() for label, _ in teams_fields(teams_form(f))}
    assert {"retro.answer", "action_item.take", "action_item.verify"} <= buttons
    assert {"What happened", "Training", "Owner", "New owner", "Outcome", "Time zone"} <= labels
