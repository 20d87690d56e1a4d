"""What is pasted elsewhere comes out of every platform as it is, and no platform shortens it."""

import re
from html import unescape

import pytest

from bot.commands.connection import removal_form
from bot.commands.connection_rules import add_form, edit_form
from bot.domain.connection import RuleName, Rules
from bot.messages import connection as messages
from bot.messages import signal as signal_messages
from bot.messages.connection import Shown
from bot.messages.parts import Line, Paragraph, Pasted, plain, plain_words, pressable
from bot.messages.proposal import BECAUSE
from handlers.helpdesks.products import PRODUCTS
from handlers.slack import render as slack
from handlers.teams import render as teams
from handlers.web import render as web
from tests import fake_teams_card as cards
from tests.examples import (
    ADDRESS,
    ANA,
    AT,
    CONNECTION,
    HELPDESKS,
    LATE_NOTE,
    LOST_NOTES,
    SECRET,
    TEAM,
    TOLD_SIGNAL,
)


@pytest.mark.parametrize("name", PRODUCTS)
def test_what_is_pasted_is_exact_on_each_platform(name: str) -> None:
    product = PRODUCTS[name]
    shown = Shown(CONNECTION, product.TITLE, product.OWN_SECRET, bool(product.HOSTS))
    steps = product.instructions(ADDRESS, "" if product.OWN_SECRET else SECRET)
    message = messages.made(shown, steps, shows_secret=not product.OWN_SECRET)
    pasted = [part.text for part in message.parts if isinstance(part, Pasted)]
    assert pasted == [step.paste for step in steps if step.paste]
    in_slack = [
        block["elements"][0]["elements"][0]["text"]
        for block in slack.message(message)["blocks"]
        if block["type"] == "rich_text"
    ]
    assert in_slack == pasted
    in_teams = [
        "\n".join(cards.read(line["text"]) for line in box["items"])
        for box in teams.card_of(message)["body"]
        if box["type"] == "Container"
    ]
    assert in_teams == pasted
    frame = web.Frame(viewer=ANA, now=AT, key=lambda: "k", channel_id="C1")
    drawn = str(web.message(message, frame))
    assert [unescape(text) for text in re.findall(r"<pre[^>]*>(.*?)</pre>", drawn, re.DOTALL)] == pasted


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("secret", ["", "sealed"])
def test_what_a_step_asks_for_is_pressed_beside_it_and_nowhere_else(name: str, secret: str) -> None:
    product = PRODUCTS[name]
    connection = CONNECTION.model_copy(update={"secret": secret})
    shown = Shown(connection, product.TITLE, product.OWN_SECRET, bool(product.HOSTS))
    steps = product.instructions(ADDRESS, "")
    message = messages.all_steps(shown, steps)
    beside = {
        plain_words(part.words): part.button.label
        for part in message.parts
        if isinstance(part, Line) and part.button
    }
    asked = {number: step.then for number, step in enumerate(steps, 1) if step.then}
    early = {"test"} if shown.waits_for_secret else set()
    assert {int(words.split(".")[0]): label for words, label in beside.items()} == {
        number: messages.AT_STEP[then].label for number, then in asked.items() if then not in early
    }
    everywhere = [button.label for button in pressable(message)]
    assert len(everywhere) == len({*everywhere})
    assert [button.look for button in pressable(message)].count("main") == 1
    assert ("Give a token" in everywhere) == bool(product.HOSTS)
    assert ("Paste the secret" in beside.values()) == product.OWN_SECRET


def test_a_form_of_rules_says_only_of_a_new_connection_that_all_can_be_changed_later() -> None:
    for form, says in (
        (add_form((TEAM,), HELPDESKS), True),
        (edit_form((TEAM,), CONNECTION, HELPDESKS), False),
    ):
        assert ("change all of this later" in str(form.parts)) == says


@pytest.mark.parametrize("token", ["", "sealed"])
def test_on_removing_a_connection_notes_are_spoken_of_where_some_are_left(token: str) -> None:
    connection = CONNECTION.model_copy(update={"token": token})
    assert ("no more notes" in str(removal_form(connection, "Zendesk", 0).parts)) == bool(token)


def test_that_the_secret_is_shown_once_is_read_before_the_steps() -> None:
    shown = Shown(CONNECTION, "your own tool")
    steps = PRODUCTS["generic"].instructions(ADDRESS, SECRET)
    made = messages.made(shown, steps, shows_secret=True)
    again, anew = messages.all_steps(shown, steps), messages.renewed(shown, steps[1:2])
    for message, said in ((made, messages.ONCE), (again, messages.NOT_AGAIN), (anew, messages.ONCE)):
        assert message.parts[1] == Paragraph(words=(said,))


def test_a_test_that_meets_no_rule_says_the_rules_and_leads_to_them() -> None:
    told = TOLD_SIGNAL.model_copy(update={"rating": 4, "replied": True})
    missed = signal_messages.test(told, (), CONNECTION, TEAM)
    assert "Your rules: rating 2 or lower." in plain(missed)
    [rules] = pressable(missed)
    assert (rules.label, rules.about, rules.look) == ("Rules", str(CONNECTION.ref), "main")
    assert "the customer wrote on a solved ticket" in plain(missed)
    met = signal_messages.test(TOLD_SIGNAL, ("rating",), CONNECTION, TEAM)
    assert "Your rules" not in plain(met)
    assert "wrote on a solved ticket" not in plain(met)
    assert [(button.label, button.look) for button in pressable(met)] == [("Rules", "plain")]


@pytest.mark.parametrize("name", ["sla_breached", "reopened"])
def test_a_rule_is_called_in_lists_and_on_cards_what_the_form_calls_it(name: RuleName) -> None:
    labels = {field.name: field.label for field in edit_form((TEAM,), CONNECTION, HELPDESKS).fields}
    rules = Rules.model_validate({name: True})
    heard, because = messages.HEARD[name](rules), BECAUSE[name](TOLD_SIGNAL)
    assert heard == because
    assert heard.casefold() == labels[name].casefold()


def test_where_notes_were_given_up_the_next_step_is_another_token() -> None:
    for one, first in ((LOST_NOTES, "Give a token"), (LATE_NOTE, "Rules")):
        [line] = [part for part in messages.listing(TEAM, (one,), ANA).parts if isinstance(part, Line)]
        assert line.button is not None
        assert line.button.label == first
        labels = [line.button.label, *(button.label for button in line.menu)]
        assert sorted(labels) == sorted({*labels, "Rules", "Give a token"})


@pytest.mark.parametrize("name", [name for name, product in PRODUCTS.items() if product.HOSTS])
def test_the_last_step_of_a_product_that_takes_notes_says_where_its_token_is_made(name: str) -> None:
    assert (
        PRODUCTS[name]
        .instructions("", "")[-1]
        .text.startswith("So that Amends can leave internal notes")
    )
    assert PRODUCTS[name].RIGHT.endswith(".")
