"""One message, one next step: what every message may offer, counted over all examples."""

import json
from collections import Counter
from datetime import datetime
from itertools import product
from pathlib import Path

import pytest

from bot.domain.recovery import correctable, is_offered, kind_of
from bot.domain.recovery_step import CATALOGUE, Step, StepState
from bot.messages.parts import (
    MAX_IN_MENU,
    MAX_IN_ROW,
    ROW_CHARACTERS,
    Buttons,
    Fields,
    Line,
    Mention,
    Message,
    plain,
    plain_words,
    pressable,
)
from bot.messages.recovery import offers
from tests.examples import AT, CASE, FORMS, MESSAGES, OWED


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_has_one_primary_two_more_and_one_menu(name: str) -> None:
    """A list has the same for each of its lines, and one row for the whole of it."""
    rows = [part for part in MESSAGES[name].parts if isinstance(part, Buttons)]
    lines = [part for part in MESSAGES[name].parts if isinstance(part, Line)]
    assert len(rows) <= 1, "more than one row of buttons"
    for row in rows:
        assert len(row.buttons) <= MAX_IN_ROW
        assert sum(button.look == "main" for button in row.buttons) <= 1
        together = sum(len(button.label) for button in row.buttons)
        assert len(row.buttons) < MAX_IN_ROW or together <= ROW_CHARACTERS
    offering: list[Buttons | Line] = [*rows, *lines]
    for part in offering:
        assert all(entry.look == "plain" for entry in part.menu)
        assert len(part.menu) <= MAX_IN_MENU
        assert len({entry.label for entry in part.menu}) == len(part.menu)


SLACK = sorted((Path(__file__).parent / "snapshots" / "slack").glob("*.json"))
MENUS = ("overflow", "static_select")


@pytest.mark.parametrize("path", SLACK, ids=lambda path: path.stem)
def test_in_slack_a_message_has_one_menu_of_five_and_so_has_each_line(path: Path) -> None:
    """A list to choose from keeps what was chosen, and says nothing when that is chosen once more."""
    blocks = json.loads(path.read_text(encoding="utf-8"))["blocks"]
    rows = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    of_rows = [element for element in rows if element["type"] in MENUS]
    of_lines = [block["accessory"] for block in blocks if "accessory" in block]
    assert len(of_rows) <= 1, "more than one menu"
    for menu in (*of_rows, *(element for element in of_lines if element["type"] in MENUS)):
        assert menu["type"] == "overflow"
        assert len(menu["options"]) <= MAX_IN_MENU


@pytest.mark.parametrize("finished_at", [None, AT])
@pytest.mark.parametrize("public", [True, False])
def test_a_customers_card_offers_everything_in_one_row_and_one_menu_or_under_both_sides(
    *, public: bool, finished_at: datetime | None
) -> None:
    """In whatever state its steps are, of which the last is to do as long as it goes on."""
    states: tuple[StepState, ...] = ("to do", "done", "not needed")
    kinds = [kind for kind in CATALOGUE if public or not kind.public]
    for each in product(states, repeat=len(kinds) - 1):
        steps = tuple(
            Step(name=kind.name, state=state, by="U1" if state == "done" else None)
            for kind, state in zip(kinds, (*each, states[0]), strict=True)
        )
        owed = OWED.model_copy(update={"steps": steps, "finished_at": finished_at})
        row, further = offers(owed, CASE.ref)
        labels = [button.label for button in (*row.buttons, *row.menu, *further)]
        assert len(row.buttons) <= MAX_IN_ROW
        together = sum(len(button.label) for button in row.buttons)
        assert len(row.buttons) < MAX_IN_ROW or together <= ROW_CHARACTERS
        assert len(row.menu) <= MAX_IN_MENU
        assert row.menu[-1].label == "Both sides"
        offered = [kind_of(owed, step.name).label for step in steps if is_offered(owed, step.name)]
        corrected = ["Correct"] if correctable(owed) else []
        assert {*offered, *corrected, "Hand over", "How it ended"} <= {*labels}


@pytest.mark.parametrize("name", MESSAGES)
def test_nothing_is_red_outside_of_a_form_that_asks(name: str) -> None:
    assert all(button.look != "danger" for button in pressable(MESSAGES[name]))


@pytest.mark.parametrize("name", MESSAGES)
def test_nobody_is_mentioned_twice_in_a_message(name: str) -> None:
    mentioned = Counter(mention.person_id for mention in mentions(MESSAGES[name]))
    assert max(mentioned.values(), default=0) <= 1


CARDS = [name for name in MESSAGES if name.startswith(("recovery.card", "recovery.own_copy"))]
MAX_CARD_LINES = 20
"""Of a card that says everything: what is next, the way, eight steps, and what the customer said."""


@pytest.mark.parametrize("name", CARDS)
def test_a_customers_card_says_its_owner_once_and_that_something_is_done_nowhere(name: str) -> None:
    """Ana looks after all customers of the examples; what the progress shows is not said again."""
    said = plain(MESSAGES[name]).replace("Ana asks you to take over", "")
    own = name.startswith("recovery.own_copy")
    assert said.count("Ana") <= 1
    assert said.count("looked after by") <= (0 if own and "You're looking after" in said else 1)
    rows = [part for part in MESSAGES[name].parts if isinstance(part, Fields)]
    for label, words in (row for part in rows for row in part.rows):
        assert "done" not in plain_words(words)
        assert words, label


@pytest.mark.parametrize("name", CARDS)
def test_a_customers_card_is_read_at_a_glance(name: str) -> None:
    assert len(plain(MESSAGES[name]).splitlines()) <= MAX_CARD_LINES
    assert "The apology came" not in plain(MESSAGES[name])


def test_the_cards_have_owners_and_words_to_count() -> None:
    assert sum("looked after by Ana" in plain(MESSAGES[name]) for name in CARDS) > 10
    assert sum(any(isinstance(part, Fields) for part in MESSAGES[name].parts) for name in CARDS) > 10


def test_what_is_done_has_nothing_beside_it_in_a_list_of_ones_own() -> None:
    """It waits for somebody else's eyes; Reopen is in the menu."""
    lines = [part for part in MESSAGES["action_item.mine"].parts if isinstance(part, Line)]
    pressed = [line.button.label if line.button else None for line in lines]
    assert pressed[:3] == ["Mark done", "Accept", None]
    assert lines[2].menu[0].label == "Reopen"


@pytest.mark.parametrize("name", ["team.help", "team.help_unknown"])
def test_help_offers_by_button_what_it_says_can_be_typed(name: str) -> None:
    (offered,) = (part for part in MESSAGES[name].parts if isinstance(part, Buttons))
    assert [each.label for each in offered.buttons] == [
        "Mark a case failed",
        "My action items",
        "Status",
    ]
    assert [each.label for each in offered.menu] == ["My settings"]


@pytest.mark.parametrize("name", ["reminder.unowned", "reminder.left"])
def test_an_item_without_an_owner_says_what_it_waits_for(name: str) -> None:
    assert "waits for an owner" in plain(MESSAGES[name])


def test_much_that_nobody_looks_after_is_counted_and_three_of_it_named() -> None:
    said = plain(MESSAGES["team.colleague_left_much"])
    assert "nobody in #support looks after these 12 things now." in said
    assert said.count("(AI-12)") == 3
    assert "and 9 more" in said


def mentions(message: Message) -> list[Mention]:
    """Everybody whom a message tells that they are meant."""
    found: list[Mention] = []
    for part in message.parts:
        pieces = list(getattr(part, "words", ()))
        if isinstance(part, Fields):
            pieces += [piece for _, words in part.rows for piece in words]
        found += [piece for piece in pieces if isinstance(piece, Mention)]
    return found


def test_the_examples_have_menus_and_lines_to_count() -> None:
    parts = [part for message in MESSAGES.values() for part in message.parts]
    assert any(isinstance(part, Line) and part.menu for part in parts)
    assert any(isinstance(part, Buttons) and part.menu for part in parts)


TAKES_AWAY = {
    *("action_item.drop", "case.cancel", "retro.delete_answer", "retro.withdraw_answer"),
    *("connection.remove", "connection.renew_secret"),
}


def test_a_form_looks_like_danger_only_where_it_ends_something_or_takes_it_away() -> None:
    assert {form.command_name for form in FORMS.values() if form.look == "danger"} == TAKES_AWAY
