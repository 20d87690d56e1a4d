"""At home: what this is for a newcomer, then what needs somebody, then what else is theirs."""

from datetime import date, timedelta

import pytest

from bot.command import Reply
from bot.messages.parts import Bold, Buttons, Line, Paragraph, Status, plain, plain_words, pressable
from tests.desk import ANA, AT, BEN, Desk, words

LATER = date(2026, 3, 20)


def headings(reply: Reply) -> list[str]:
    """The headings of a home, and the lines under each."""
    assert reply.message is not None
    shown = []
    for part in reply.message.parts:
        if isinstance(part, Paragraph):
            shown.append(plain_words(part.words))
        elif isinstance(part, Line):
            signs = [piece.text for piece in part.words if isinstance(piece, Status)]
            menu = [button.label for button in part.menu]
            first = part.button.label if part.button else ""
            what = [piece.text for piece in part.words if isinstance(piece, Bold)]
            shown.append(": ".join([*what, *signs, first, str(len(menu))]))
    return shown


@pytest.mark.parametrize("typed", ["hi", "Hello!", "hey there"])
async def test_a_newcomer_reads_in_three_lines_what_this_is_and_how_it_begins(
    desk: Desk, typed: str
) -> None:
    home = await desk.ask(ANA, "team.home", channel=None)
    assert home.message is not None
    first, *_, last = headings(home)
    assert first.startswith("I am Amends: when a customer's case has failed")
    assert len(headings(home)) == 4
    assert last == "Needs you"
    assert "failed ZD-4711 Parcel missed twice" in words(home)
    assert words(home).endswith("Nothing needs you right now.")
    (row,) = (part for part in home.message.parts if isinstance(part, Buttons))
    assert [(button.label, button.look) for button in row.buttons] == [
        ("Mark a case failed", "main"),
        ("My settings", "plain"),
        ("Help", "plain"),
    ]
    # A greeting is answered with the same.
    assert (await desk.ask(ANA, "team.unknown", typed=typed)).message == home.message


async def test_what_needs_somebody_comes_before_what_else_is_theirs(desk: Desk) -> None:
    await desk.fail()
    await desk.add_item(ANA, owner=BEN.id, what="Notes")
    await desk.add_item(BEN, owner=BEN.id, what="Labels", due=LATER.isoformat())
    await desk.add_item(BEN, owner=BEN.id, what="Maps", due=AT.date().isoformat())
    home = await desk.ask(BEN, "team.home", channel=None, at=AT + timedelta(days=6))
    shown = headings(home)
    assert shown == [
        "Needs you",
        "Maps: agreed · late: Mark done: 5",
        "Notes: proposed: Accept: 5",
        "Mine",
        "Labels: agreed: Mark done: 5",
    ]
    assert home.message is not None
    assert home.message.summary == "Something needs you."


async def test_customers_that_somebody_looks_after_need_them(desk: Desk) -> None:
    await desk.fail(ANA)
    mine = words(await desk.ask(ANA, "team.home", channel=None))
    assert "C-1" in mine
    assert "I am Amends" not in mine
    assert "Nothing needs you" not in mine
    # Nobody else reads of them.
    assert "C-1" not in words(await desk.ask(BEN, "team.home", channel=None))


async def test_a_home_of_much_says_that_there_is_more(desk: Desk) -> None:
    await desk.fail(BEN)
    for number in range(12):
        await desk.add_item(ANA, owner=ANA.id, what=f"Fix {number}")
    home = await desk.ask(ANA, "team.home", channel=None)
    assert sum("Fix " in line for line in headings(home)) == 10
    assert home.message is not None
    assert "There is more." in words(home)
    # The button leads to all of it, and that to what does not fit there, either.
    (to_all,) = (one for one in pressable(home.message) if one.label == "My action items")
    shown = []
    for about, has_more in (("", True), ("1", False)):
        mine = (await desk.ask(ANA, to_all.command_name, about)).message
        assert mine is not None
        shown += [line for line in plain(mine).splitlines() if line.startswith("Fix ")]
        further = [one.about for one in pressable(mine) if one.label == "Show more"]
        assert further == (["1"] if has_more else [])
        assert ("There are more" in plain(mine)) is has_more
        assert mine.summary.startswith("You have" if has_more else "More of what is yours")
    assert shown == [f"Fix {number}" for number in range(12)]
    over = await desk.ask(ANA, to_all.command_name, "2")
    assert "There is nothing more." in words(over)
    assert "You have no" not in words(over)
