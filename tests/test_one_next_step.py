"""One message, one next step: what every message may offer, counted over all examples."""

from collections import Counter

import pytest

from bot.messages.parts import MAX_IN_ROW, Buttons, Fields, Line, Mention, Message, pressable
from tests.examples import MESSAGES

MAX_IN_MENU = 15
"""Entries that a menu may have before nobody reads it."""


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_has_one_primary_two_more_and_one_menu(name: str) -> None:
    """A list has the same for each of its lines, and one row for the whole of it."""
    rows = [part for part in MESSAGES[name].parts if isinstance(part, Buttons)]
    lines = [part for part in MESSAGES[name].parts if isinstance(part, Line)]
    assert len(rows) <= 1, "more than one row of buttons"
    for row in rows:
        assert len(row.buttons) <= MAX_IN_ROW
        assert sum(button.look == "main" for button in row.buttons) <= 1
    offering: list[Buttons | Line] = [*rows, *lines]
    for part in offering:
        assert all(entry.look == "plain" for entry in part.menu)
        assert len(part.menu) <= MAX_IN_MENU
        assert len({entry.label for entry in part.menu}) == len(part.menu)


@pytest.mark.parametrize("name", MESSAGES)
def test_nothing_is_red_outside_of_a_form_that_asks(name: str) -> None:
    assert all(button.look != "danger" for button in pressable(MESSAGES[name]))


@pytest.mark.parametrize("name", MESSAGES)
def test_nobody_is_mentioned_twice_in_a_message(name: str) -> None:
    mentioned = Counter(mention.person_id for mention in mentions(MESSAGES[name]))
    assert max(mentioned.values(), default=0) <= 1


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
