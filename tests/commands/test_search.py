"""Finding cases by words: where somebody may look, and what opens by its name."""

from typing import Any

import pytest

from bot.access import MAX_GATHERED
from bot.command import Reply
from bot.domain.channel import Channel
from bot.domain.reference import PromptsRef
from bot.messages.parts import Bold, Line, pressable
from bot.routes import typed
from tests.commands.test_prompt import SUPPLIERS
from tests.desk import ANA, BEN, CLEO, SUPPORT, Desk, words

SALES = Channel(id="C2", name="sales")
DIRECT = Channel(id="D7", name="direct messages", kind="direct")


@pytest.fixture
async def desk(database: Any) -> Desk:
    """Two teams: #support with a whole case, and #sales with one that only its members see."""
    desk = Desk(database)
    await desk.fail(ANA, "ZD-4711 Parcel missed twice by the courier")
    await desk.ask(BEN, "retro.answer", "C-1", {"training": "A map of the courier routes"})
    await desk.ask(CLEO, "retro.answer", "C-1", {"training": "Whisper maps", "unnamed": "yes"})
    await desk.add_item(ANA, what="Print the courier map", gap="training")
    heard = {"words": "We waited in the snow for nothing"}
    await desk.ask(ANA, "recovery.hear", "C-1", heard)
    await desk.ask(ANA, "case.fail", typed="ZD-4712 Invoice for a courier", channel=SALES, here="C2")
    desk.memberships.channels = {CLEO.id: {"C1"}, BEN.id: {"C1", "C2"}}
    return desk


async def find(desk: Desk, looked_for: str, person: Any = BEN, **more: Any) -> Reply:
    return await desk.ask(person, "search.find", typed=looked_for, **more)


async def test_a_channel_is_looked_through_where_it_is_asked(desk: Desk) -> None:
    found = words(await find(desk, "courier"))
    assert "1 case for “courier”: best first." in found
    assert "Parcel missed twice" in found
    assert "Invoice" not in found
    assert "Invoice" in words(await find(desk, "courier", channel=SALES))
    assert (await find(desk, "courier", CLEO, channel=SALES)).refused


async def test_in_a_direct_chat_all_of_ones_own_channels_are_looked_through(desk: Desk) -> None:
    both = words(await find(desk, "courier", channel=DIRECT))
    assert "2 cases" in both
    assert "support" in both
    assert "sales" in both
    one = words(await find(desk, "courier", CLEO, channel=DIRECT))
    assert "1 case" in one
    assert "Invoice" not in one
    desk.memberships.channels[CLEO.id] = set()
    nowhere = await find(desk, "courier", CLEO, channel=DIRECT)
    assert nowhere.refused
    assert "team's channel that you're in" in words(nowhere)


async def test_where_membership_cannot_be_asked_nothing_is_shown(desk: Desk) -> None:
    desk.memberships.unsaid = {"C2"}
    reply = await find(desk, "courier", channel=DIRECT)
    assert reply.refused
    assert "courier" not in words(reply)


@pytest.mark.parametrize(
    ("looked_for", "shown", "button"),
    [
        ("map", "AI-1: Print the courier map", "Open"),
        ("routes", "Answer · Training: A map of the courier routes", "Open"),
        ("whisper", "Answer · Training: Whisper maps", "Open"),
        ("snow nothing", "In the customer's words: We waited in the snow for nothing", "Customer"),
        ("zd 4711", "Reference: ZD-4711", "Open"),
    ],
)
async def test_what_was_found_is_shown_with_its_words_bold_and_the_way_to_it(
    desk: Desk, looked_for: str, shown: str, button: str
) -> None:
    reply = await find(desk, looked_for)
    assert shown in words(reply)
    assert reply.message is not None
    (line,) = [part for part in reply.message.parts if isinstance(part, Line)]
    bold = [piece.text.lower() for piece in line.words[1:] if isinstance(piece, Bold)]
    assert all(any(word in one for one in bold) for word in looked_for.split()), bold
    assert line.button is not None
    assert line.button.label == button
    opened = await desk.ask(BEN, line.button.command_name, line.button.about)
    assert not opened.refused


async def test_an_answer_is_shown_under_the_prompt_as_its_retro_asked_it(sqlite: Any) -> None:
    desk = Desk(sqlite)
    all_of = PromptsRef(channel_id=SUPPORT.id)
    await desk.ask(ANA, "prompt.add", str(all_of), SUPPLIERS)
    key = next(prompt.key for prompt in desk.team().prompts or () if prompt.label == "Suppliers")
    await desk.fail()
    await desk.ask(BEN, "retro.answer", "C-1", {key: "A second courier", "training": "Elephants"})
    for label in ("Partners", "Friends"):
        await desk.ask(ANA, "prompt.edit", str(all_of.at(key)), {**SUPPLIERS, "label": label})
    await desk.ask(ANA, "prompt.retire", str(all_of.at(key)))
    assert "Answer · Suppliers: A second courier" in words(await find(desk, "second courier"))
    # Moved with its answers, they are still answers to what was asked.
    await desk.fail(ANA, "ZD-2 The same parcel")
    assert not (await desk.ask(ANA, "case.same_as", "C-1", {"other": "C-2"})).faults
    assert "Answer · Suppliers: A second courier" in words(await find(desk, "second courier"))


async def test_the_name_of_whoever_answered_finds_nothing(desk: Desk) -> None:
    for person in (BEN, CLEO):
        for name in (person.name, person.id):
            assert "Nothing here has" in words(await find(desk, name))
    assert "Cleo" not in words(await find(desk, "whisper"))


async def test_where_no_case_has_all_of_the_words_those_that_have_some_are_shown(desk: Desk) -> None:
    some = words(await find(desk, "courier elephant"))
    assert "none has all of these words, these have some" in some
    assert "Parcel missed twice" in some
    assert "Nothing here has “tiger elephant” in it." in words(await find(desk, "tiger elephant"))


@pytest.mark.parametrize("looked_for", ["", "  ", "?!", "'\"", "—"])
async def test_without_words_it_is_said_how_to_ask(desk: Desk, looked_for: str) -> None:
    reply = await find(desk, looked_for)
    assert reply.refused
    assert words(reply).startswith("Say what to look for, as in: find courier notes.")


@pytest.mark.parametrize("looked_for", ["x AND (z", '"' * 300, "x" * 9000, "NEAR/2 ^*:", "%_\\"])
async def test_strange_words_are_only_words(desk: Desk, looked_for: str) -> None:
    reply = await find(desk, looked_for)
    assert "Nothing here has" in words(reply) or reply.refused


@pytest.mark.parametrize(
    ("looked_for", "title"), [("C-1", "Retro: "), ("c-1", "Retro: "), ("AI-1", "Print the courier map")]
)
async def test_a_number_typed_alone_opens_that_thing_with_its_buttons(
    desk: Desk, looked_for: str, title: str
) -> None:
    command_name, rest = typed(f"find {looked_for}")
    assert command_name == "search.open"
    for channel in (SALES, DIRECT):
        reply = await desk.ask(BEN, command_name, typed=rest, channel=channel)
        assert title in words(reply)
        assert reply.message is not None
        assert pressable(reply.message)
    assert title in words(await desk.ask(BEN, "search.find", f"typed:{looked_for}"))


async def test_a_number_of_another_channel_is_as_one_that_was_never_given(desk: Desk) -> None:
    hidden = await desk.ask(CLEO, *typed_as("C-2"))
    never = await desk.ask(CLEO, *typed_as("C-99"))
    assert hidden.refused
    assert words(hidden).replace("C-2", "C-99") == words(never)
    never_item = words(await desk.ask(CLEO, *typed_as("AI-99")))
    assert "AI-99" in never_item


def typed_as(label: str) -> tuple[str, str]:
    """The command, and what it is about."""
    return typed(f"find {label}")


async def test_a_cases_own_reference_opens_it_where_its_channel_is_looked_through(desk: Desk) -> None:
    assert "Retro: Parcel missed" in words(await find(desk, "zd-4711"))
    assert "Nothing here has" in words(await find(desk, "ZD-4712"))
    assert "Retro: Invoice" in words(await find(desk, "ZD-4712", channel=DIRECT))


async def test_what_is_cancelled_or_edited_away_is_found_no_more(desk: Desk) -> None:
    await desk.ask(ANA, "case.edit", "C-1", {"what_happened": "Box bent", "reference": "ZD-4711"})
    assert "Nothing here has" in words(await find(desk, "missed"))
    assert "Box bent" in words(await find(desk, "bent"))
    await desk.ask(ANA, "case.cancel", "C-1", {"why": "Not ours"})
    assert "Nothing here has" in words(await find(desk, "bent"))
    assert "Nothing here has" in words(await find(desk, "whisper"))
    await desk.ask(ANA, "case.restore", "C-1")
    assert "Box bent" in words(await find(desk, "whisper"))


async def test_a_long_list_is_turned_page_by_page_and_says_how_much_there_is(sqlite: Any) -> None:
    desk = Desk(sqlite)
    for number in range(12):
        await desk.ask(ANA, "case.fail", typed=f"ZD-{number} Meadow{number} flooded", bulk=True)
    seen: list[str] = []
    about, looked_for = "", "flooded"
    for page in range(3):
        reply = await desk.ask(BEN, "search.find", about, typed=looked_for)
        assert reply.message is not None
        assert "12 cases" in words(reply)
        lines = [part for part in reply.message.parts if isinstance(part, Line)]
        more = [line.button for line in lines if line.button and line.button.label == "Show more"]
        seen += [str(line.words[0]) for line in lines if line.button not in more]
        if page < 2:
            about, looked_for = more[0].about, ""
        else:
            assert not more
    assert len(set(seen)) == 12


async def test_of_so_many_channels_some_are_left_out_and_that_is_said(sqlite: Any) -> None:
    desk = Desk(sqlite)
    for number in range(MAX_GATHERED + 3):
        channel = Channel(id=f"C{number}", name=f"team {number:02}")
        await desk.ask(ANA, "case.fail", typed="ZD-1 Lost", channel=channel, here=channel.id)
    assert "3 more channels" in words(await find(desk, "lost", ANA, channel=DIRECT))
    assert "3 more channels" in words(await find(desk, "nothing", ANA, channel=DIRECT))
