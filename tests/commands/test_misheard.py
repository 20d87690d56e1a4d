"""Words that are no command: the nearest one as a button, and nothing that was typed is lost."""

import pytest

from bot.command import Reply
from bot.domain.channel import Channel
from bot.messages.parts import OFFERED, Button, Buttons, Quote
from handlers.slack import render as slack
from tests.desk import ANA, CLEO, Desk, words

DIRECT = Channel(id="D1", name="direct messages", kind="direct")


def buttons(reply: Reply) -> list[Button]:
    """The buttons of a reply."""
    assert reply.message is not None
    rows = [part.buttons for part in reply.message.parts if isinstance(part, Buttons)]
    return [button for row in rows for button in row]


async def typed(desk: Desk, text: str) -> Reply:
    """What comes back when somebody types words that are no command."""
    return await desk.ask(ANA, "team.unknown", typed=text)


@pytest.mark.parametrize(
    ("wrong", "meant", "label"),
    [
        ("stauts", "status", "Status"),
        ("faild", "failed", "Mark a case failed"),
        ("Fail", "failed", "Mark a case failed"),
        ("mien", "mine", "Mine"),
        ("setings!", "settings", "Settings"),
        ("draf", "draft", "Draft"),
    ],
)
async def test_a_misspelt_word_is_answered_with_the_nearest_command(
    desk: Desk, wrong: str, meant: str, label: str
) -> None:
    reply = await typed(desk, wrong)
    assert words(reply) == f'I don\'t know "{wrong}". Did you mean {meant}?'
    assert [button.label for button in buttons(reply)] == [label, "Help"]


async def test_help_misspelt_is_offered_once(desk: Desk) -> None:
    assert [button.label for button in buttons(await typed(desk, "hlep"))] == ["Help"]


async def test_the_button_does_what_was_meant_with_the_other_words(desk: Desk) -> None:
    await desk.fail()
    (edit, _) = buttons(await typed(desk, "edti C-1"))
    opened = await desk.ask(ANA, edit.command_name, edit.about)
    assert opened.form is not None
    assert opened.form.about == desk.ref("C-1")
    (own, _) = buttons(await typed(desk, "setings mine"))
    mine = await desk.ask(ANA, own.command_name, own.about)
    assert mine.form is not None
    assert mine.form.title == "My settings"


async def test_a_failure_that_was_only_guessed_opens_its_form_filled_in_and_no_retro(desk: Desk) -> None:
    reply = await typed(desk, "faild ZD-1 parcel lost")
    assert words(reply).endswith("Did you mean failed?\nZD-1 parcel lost")
    (mark, _) = buttons(reply)
    opened = await desk.ask(ANA, mark.command_name, mark.about)
    assert opened.form is not None
    values = {field.name: field.value for field in opened.form.fields}
    assert (values["reference"], values["what_happened"]) == ("ZD-1", "parcel lost")
    assert desk.say_all() == {}
    # Typed as it should be, it opens at once, as ever.
    assert await desk.fail(typed="ZD-1 parcel lost") == "C-1"


async def test_a_sentence_to_the_bot_is_offered_as_what_happened(desk: Desk) -> None:
    reply = await desk.ask(ANA, "team.unknown", typed="Our parcel got lost twice", channel=DIRECT)
    mark, *_ = buttons(reply)
    opened = await desk.ask(ANA, mark.command_name, mark.about, channel=DIRECT)
    assert opened.form is not None
    filled = {field.name: field.value for field in opened.form.fields}
    assert filled["what_happened"] == "Our parcel got lost twice"


async def test_many_words_are_all_there_and_their_button_fits_slack(desk: Desk) -> None:
    long = "ZD-1 " + "lost " * 600
    reply = await typed(desk, f"faild {long}")
    assert reply.message is not None
    assert [part.text for part in reply.message.parts if isinstance(part, Quote)] == [long.strip()]
    (mark, _) = buttons(reply)
    assert long.startswith(mark.about.removeprefix(OFFERED))
    assert len(mark.about) > 1_500
    assert slack.message(reply.message)["blocks"]


@pytest.mark.parametrize("text", ["thanks!", "Thanks, that helped", "thx", "cheers"])
async def test_thanks_are_answered_with_a_smile_and_no_list(desk: Desk, text: str) -> None:
    reply = await typed(desk, text)
    assert words(reply) == "You're welcome. 🙂"
    assert buttons(reply) == []


async def test_a_guess_lets_nobody_see_what_they_may_not(desk: Desk) -> None:
    await desk.fail()
    desk.memberships.channels = {CLEO.id: {"C2"}}
    there = await desk.ask(CLEO, "case.edit", f"{OFFERED}C-1", channel=DIRECT)
    never = await desk.ask(CLEO, "case.edit", f"{OFFERED}C-99", channel=DIRECT)
    assert there.refused
    assert never.refused
    assert words(there) == words(never).replace("C-99", "C-1")
