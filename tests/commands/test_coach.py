"""The coach reads along for the writer alone, blocks nothing, and is silent where it was turned off."""

import asyncio
from threading import current_thread

import pytest

from bot.coach.coach import Remark, read_for_team
from bot.command import Reply
from bot.commands import coach as reading_along
from bot.commands.coach import SHORT
from bot.domain.channel import Channel
from bot.messages import coach as messages
from bot.messages.parts import Bold, Message, plain
from tests.desk import ANA, BEN, Desk, words
from tests.session import open_work

BLAMING = "Ben was careless and should have checked the address."


def read(reply: Reply) -> str:
    """All that a reply's form says above its fields."""
    assert reply.form is not None, reply
    return plain(Message(summary="", parts=reply.form.parts))


async def test_the_writer_sees_remarks_before_anything_is_posted_and_can_post_all_the_same(
    desk: Desk,
) -> None:
    await desk.fail()
    typed = {"training": BLAMING, "communication": "A word to the driver"}
    reply = await desk.ask(BEN, "retro.answer", "C-1", typed)
    form = reply.form
    assert form is not None
    assert "careless" in read(reply)
    assert (form.submit, form.other_way and form.other_way.label) == ("Post as it is", "Change it")
    values = {field.name: field.value for field in form.fields}
    assert (values["training"], values["communication"]) == (BLAMING, "A word to the driver")
    assert desk.answers("C-1") == []
    await desk.ask(BEN, "retro.answer", "C-1", {**typed, **form.hidden})
    assert {answer.text for answer in desk.answers("C-1")} == {BLAMING, "A word to the driver"}


async def test_only_a_form_that_may_be_unnamed_asks_how_many_are_in_the_channel(desk: Desk) -> None:
    await desk.fail()
    item = {"what": BLAMING}
    assert (await desk.ask(BEN, "action_item.add", "C-1", item)).form is not None
    assert desk.memberships.counted == []
    assert (await desk.ask(BEN, "retro.answer", "C-1", {"training": BLAMING})).form is not None
    assert desk.memberships.counted == ["C1"]


async def test_changed_words_are_read_once_more_and_fine_ones_are_posted(desk: Desk) -> None:
    await desk.fail()
    assert (await desk.ask(BEN, "retro.answer", "C-1", {"training": BLAMING})).form is not None
    fine = {"training": "We needed to know where the address is checked."}
    assert (await desk.ask(BEN, "retro.answer", "C-1", fine)).form is None
    assert len(desk.answers("C-1")) == 1


async def test_a_post_without_a_name_is_read_too_and_nothing_of_it_is_kept(desk: Desk) -> None:
    await desk.fail()
    typed = {"training": BLAMING, "unnamed": "yes"}
    reply = await desk.ask(BEN, "retro.answer", "C-1", typed)
    assert reply.form is not None
    assert {field.name: field.value for field in reply.form.fields}["unnamed"] == "yes"
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.people.get(BEN.id) is None


@pytest.mark.parametrize(
    ("command_name", "values"),
    [
        ("retro.close", {"outcome": "an apology was enough", "why": BLAMING}),
        ("action_item.add", {"what": BLAMING}),
    ],
)
async def test_whys_and_items_are_read_too(
    desk: Desk, command_name: str, values: dict[str, str]
) -> None:
    await desk.fail()
    advised = await desk.ask(ANA, command_name, "C-1", values)
    assert "careless" in read(advised)
    assert advised.form is not None
    changed = {**values, **advised.form.hidden, "why": f"{BLAMING} Again.", "what": f"{BLAMING} Again."}
    assert (await desk.ask(ANA, command_name, "C-1", changed)).form is not None, (
        "other words are read again"
    )
    assert (await desk.ask(ANA, command_name, "C-1", {**values, **advised.form.hidden})).form is None


async def test_a_team_can_turn_the_coach_off_and_an_older_form_leaves_it_as_it_is(desk: Desk) -> None:
    await desk.fail()
    settings = {
        "lead": "U1",
        "zone": "Europe/Stockholm",
        "days": "0,1,2,3,4",
        "starts": "09:00",
        "ends": "17:00",
        "days_to_answer": "3",
    }
    for coach in ({"coach": ""}, {}):
        await desk.ask(ANA, "team.settings", values={**settings, **coach})
        assert (await desk.ask(BEN, "retro.answer", "C-1", {"training": BLAMING})).form is None
    # In direct messages the item or the retro says whose team it is.
    direct = Channel(id="D1", name="Ana", kind="direct")
    assert (
        await desk.ask(ANA, "action_item.add", "C-1", {"what": BLAMING}, channel=direct)
    ).form is None
    await desk.ask(ANA, "team.settings", values={**settings, "coach": "yes"})
    again = await desk.ask(ANA, "action_item.add", "C-1", {"what": BLAMING}, channel=direct)
    assert again.form is not None


async def test_a_draft_is_read_in_a_form_and_marked_up(desk: Desk) -> None:
    opened = await desk.ask(ANA, "coach.draft")
    assert opened.form is not None
    assert [field.label for field in opened.form.fields] == ["Text", "Who will read it"]
    text = "We are sorry if you were upset. We were very busy that week."
    read_of_it = await desk.ask(ANA, "coach.draft", values={"text": text, "reader": "customer"})
    assert text in read(read_of_it)
    assert read_of_it.form is not None
    marked = [
        piece.text
        for part in read_of_it.form.parts
        for piece in getattr(part, "words", ())
        if isinstance(piece, Bold)
    ]
    assert any("sorry if" in one.lower() for one in marked)
    assert any("busy" in one for one in marked)


async def test_a_draft_says_how_many_suggestions_there_are_and_marks_all_their_words(desk: Desk) -> None:
    text = "I should have checked, it was my fault."
    reply = await desk.ask(ANA, "coach.draft", values={"text": text, "reader": "team"})
    assert "One suggestion, only for you." in read(reply)
    assert reply.form is not None
    bold = [
        [piece.text for piece in getattr(part, "words", ()) if isinstance(piece, Bold)]
        for part in reply.form.parts
    ]
    assert [words for words in bold if words] == [
        ["I should have checked", "my fault"],
        ["“I should have checked”", "“my fault”"],
    ]
    two = {"text": "Ben was lazy. Who did it?", "reader": "team"}
    assert "Two suggestions, only for you." in read(await desk.ask(ANA, "coach.draft", values=two))


async def test_a_draft_misses_an_apology_only_where_its_writer_says_that_it_is_one(desk: Desk) -> None:
    letter = {"text": "Your parcel is on its way."}
    silent = await desk.ask(ANA, "coach.draft", values={**letter, "reader": "customer"})
    assert "I found nothing to remark on." in read(silent)
    owed = await desk.ask(ANA, "coach.draft", values={**letter, "reader": "apology"})
    assert "Without an apology" in read(owed)


async def test_two_fields_of_which_the_same_is_said_draw_one_remark(desk: Desk) -> None:
    await desk.fail()
    typed = {"training": "It was my fault.", "communication": "I should have called."}
    told = read(await desk.ask(BEN, "retro.answer", "C-1", typed))
    assert told.count("Everybody slips") == 1
    assert "my fault" in told
    assert "I should have called" in told


async def test_a_draft_can_be_typed_with_the_command(desk: Desk) -> None:
    told = words(await desk.ask(ANA, "coach.draft", typed="I know how you feel."))
    assert "I know how you feel" in told
    assert "Better:" in told


async def test_a_text_without_remarks_is_told_so(desk: Desk) -> None:
    told = await desk.ask(ANA, "coach.draft", values={"text": "The page loads.", "reader": "team"})
    assert "I found nothing to remark on." in read(told)


async def test_it_reads_before_the_turn_at_the_database_and_one_text_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others wait for a turn to end, and twenty who compile its rules at once hold up everybody."""
    reading: list[str] = []
    now: list[str] = []
    together: list[int] = []

    def watched(text: str) -> tuple[Remark, ...]:
        reading.append(current_thread().name)
        now.append(text)
        together.append(len(now))
        remarks = read_for_team(text)
        now.remove(text)
        return remarks

    monkeypatch.setattr(reading_along, "read_for_team", watched)
    await desk.fail()
    asked = (desk.ask(BEN, "retro.answer", "C-1", {"training": f"{n} {BLAMING}"}) for n in range(20))
    assert all(reply.form for reply in await asyncio.gather(*asked))
    assert len(reading) == 20
    assert not [name for name in reading if name.startswith(("writer", "reader", "database"))]
    assert set(together) == {1}


@pytest.mark.parametrize(("times", "on_the_loop"), [(1, True), (SHORT // len(BLAMING) + 1, False)])
async def test_a_long_text_is_read_beside_the_loop_and_a_short_one_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, times: int, on_the_loop: bool
) -> None:
    """And never in a turn at the database, whose end others wait for."""
    threads: list[str] = []

    def watched(text: str) -> tuple[Remark, ...]:
        threads.append(current_thread().name)
        return read_for_team(text)

    monkeypatch.setattr(reading_along, "read_for_team", watched)
    await desk.fail()
    reply = await desk.ask(BEN, "retro.answer", "C-1", {"training": " ".join([BLAMING] * times)})
    assert reply.form
    assert [name == current_thread().name for name in threads] == [on_the_loop]
    assert not threads[0].startswith(("writer", "reader", "database"))


async def test_a_draft_is_read_outside_the_databases_threads(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long one takes half a second, in which nobody shall wait for a turn."""
    threads: list[str] = []

    def read(text: str, *, whole: bool, owed: bool) -> tuple[Remark, ...]:
        threads.append(current_thread().name)
        return ()

    monkeypatch.setattr("bot.commands.coach.read_for_customer", read)
    await desk.ask(ANA, "coach.draft", typed="We are sorry that you waited.")
    [thread] = threads
    assert not thread.startswith(("reader", "writer", "database", "Main"))


async def test_a_form_that_is_shown_once_more_holds_only_text_that_can_be_sent(desk: Desk) -> None:
    await desk.fail()
    blaming = "You failed to read the notes, it is your fault.\ud83d"
    again = await desk.ask(ANA, "retro.answer", "C-1", {"training": blaming, "unnamed": "yes"})
    assert again.form is not None
    assert again.form.model_dump_json().encode()
    assert [field.value for field in again.form.fields if field.name == "training"] == [
        f"{blaming[:-1]}?"
    ]


def test_of_many_remarks_the_first_few_are_shown_and_the_others_counted() -> None:
    remark = read_for_team(BLAMING)[0]

    def shown(number: int) -> str:
        return plain(messages.read(BLAMING, number * (remark,)))

    assert f"“{remark.words}” · {remark.why}" in shown(1)
    assert "and 1 more" not in shown(messages.MAX_SHOWN)
    assert "and 1 more" in shown(messages.MAX_SHOWN + 1)
    assert shown(messages.MAX_SHOWN + 1).count("Better: ") == messages.MAX_SHOWN


def test_the_writer_reads_how_many_suggestions_there_are() -> None:
    remark = read_for_team(BLAMING)[0]
    counts = {number: messages.read(BLAMING, number * (remark,)).summary for number in (0, 1, 2, 10, 11)}
    assert counts == {
        0: "I found nothing to remark on.",
        1: "One suggestion, only for you.",
        2: "Two suggestions, only for you.",
        10: "Ten suggestions, only for you.",
        11: "11 suggestions, only for you.",
    }
