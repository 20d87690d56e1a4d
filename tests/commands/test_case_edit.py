"""What was said of a case is put right, and whatever shows it follows."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from bot.commands.export import one
from bot.domain.case import Case
from bot.domain.channel import Channel
from bot.domain.errors import ConflictError
from bot.domain.person import Person
from bot.domain.recovery import Recovery
from bot.domain.reference import missing
from bot.messages.export import as_csv, as_data, as_markdown
from bot.messages.parts import Message, plain, shortened
from bot.messages.whole_text import SHORTEST_CUT
from storage.database import Database
from tests.desk import ANA, AT, BEN, CLEO, Desk, words
from tests.session import open_work

DIRECT = Channel(id="D1", name="Ana", kind="direct")
WHOLE = {
    "what_happened": "Parcel missed twice",
    "reference": "ZD-4711",
    "customer": "Mrs. Ólafsdóttir",
    "date": "2026-03-04",
    "time": "16:30",
    "public_post": "https://example.com/post/1",
    "link": "https://example.com/ticket/1",
}


def stored(desk: Desk, number: int = 1) -> Case:
    with open_work(desk.database, desk.workspace, writes=False) as work:
        return work.cases.require(number)


def recovery_of(desk: Desk) -> Recovery:
    with open_work(desk.database, desk.workspace, writes=False) as work:
        recovery = work.recoveries.get(1)
    assert recovery is not None
    return recovery


async def filled_in(desk: Desk) -> dict[str, str]:
    reply = await desk.ask(BEN, "case.edit", "C-1")
    assert reply.form is not None, reply
    return {field.name: field.value for field in reply.form.fields}


CALLED = "Nobody called us back on Monday, nor on Tuesday; " * 6
WROTE = "Nobody wrote to us at all, nor did anybody knock; " * 6


@pytest.mark.parametrize("dots", ["…", "..."])
async def test_of_two_long_texts_that_end_in_dots_alike_the_one_that_was_saved_stands_there_whole(
    desk: Desk, dots: str
) -> None:
    first, second = CALLED.strip() + dots, WROTE.strip() + dots
    longer = f"{CALLED}and {WROTE.strip()}{dots}"
    assert min(map(len, (first, second))) >= SHORTEST_CUT
    await desk.ask(ANA, "case.fail", values={"what_happened": first})
    for told, customer in ((first, "Ana"), (second, "Ben"), (longer, "Cleo"), (second, "Dora")):
        changed = {**await filled_in(desk), "what_happened": told}
        assert (await desk.ask(BEN, "case.edit", "C-1", changed)).done
        assert stored(desk).what_happened == told
        # Another field is changed, and the long one was left as its box shows it.
        for box in (told, shortened(told, 250)):
            left = {**await filled_in(desk), "what_happened": box, "customer": f"{customer} {len(box)}"}
            assert (await desk.ask(BEN, "case.edit", "C-1", left)).done
            assert (stored(desk).what_happened, stored(desk).customer) == (told, left["customer"])


async def test_the_form_asks_what_marking_it_failed_asked_filled_in_with_what_is_stored(
    desk: Desk,
) -> None:
    marked = await desk.ask(ANA, "case.fail")
    await desk.ask(ANA, "case.fail", values={**WHOLE})
    reply = await desk.ask(BEN, "case.edit", "C-1")
    assert reply.form is not None
    assert marked.form is not None
    assert (reply.form.title, reply.form.submit) == ("Edit case", "Save")
    labels = [field.label for field in reply.form.fields]
    assert labels == [*(field.label for field in marked.form.fields), "Link"]
    assert {field.name: field.value for field in reply.form.fields} == WHOLE
    assert {field.name for field in reply.form.fields if field.needed} == {"what_happened"}


@pytest.mark.parametrize("typed", ["C-1", "c-1", "ZD-4711", "zd-4711"])
async def test_it_is_typed_with_the_number_or_the_cases_own_reference(desk: Desk, typed: str) -> None:
    await desk.fail()
    reply = await desk.ask(BEN, "case.edit", typed=typed, channel=DIRECT)
    assert reply.form is not None
    assert reply.form.about == desk.ref("C-1")


async def test_nothing_typed_asks_which(desk: Desk) -> None:
    await desk.fail()
    assert "Say which case, as in: edit C-7." in words(await desk.ask(BEN, "case.edit"))


@pytest.mark.parametrize(
    ("command_name", "values", "sentence"),
    [
        ("case.edit", WHOLE, "Say which case, as in: edit C-7."),
        ("case.cancel", {"why": "A test"}, "Say which case, as in: cancel C-7."),
    ],
)
async def test_a_form_that_lost_its_case_asks_which(
    desk: Desk, command_name: str, values: Mapping[str, str], sentence: str
) -> None:
    await desk.fail()
    assert sentence in words(await desk.ask(BEN, command_name, "", values))


async def test_the_retro_its_card_and_its_reminders_follow_and_who_edited_is_said(desk: Desk) -> None:
    await desk.fail()
    desk.say_all()
    values = {**WHOLE, "what_happened": "Parcel missed three times", "reference": "ZD-9"}
    assert not (await desk.ask(BEN, "case.edit", "C-1", values)).faults
    said = desk.say_all()
    assert {"retro:1", "recovery:1", "customer:1:U1"} <= set(said)
    retro = plain(said["retro:1"])
    assert said["retro:1"].title == "Retro: Parcel missed three times"
    assert " · ZD-9" in retro
    assert "Mrs. Ólafsdóttir · " in retro
    assert "Edited by Ben on Thu 5 Mar." in retro
    assert "https://example.com/ticket/1" in said["retro:1"].model_dump_json()
    assert "Parcel missed three times" in said["recovery:1"].summary
    assert [(change.step, change.by) for change in stored(desk).history] == [("edit", "U2")]


async def test_a_case_of_which_only_the_day_is_known_is_edited_without_an_hour(desk: Desk) -> None:
    await desk.ask(ANA, "case.fail", values={"what_happened": "Lost", "date": "2026-03-03"})
    values = await filled_in(desk)
    assert (values["date"], values["time"]) == ("2026-03-03", "")


async def test_saving_what_stands_there_changes_nothing_and_says_nothing(desk: Desk) -> None:
    seconds = AT - timedelta(days=1, seconds=7)
    await desk.ask(ANA, "case.fail", values={**WHOLE})
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.cases.save(work.cases.require(1).model_copy(update={"happened_at": seconds}))
        work.commit()
    desk.say_all()
    before = stored(desk)
    assert not (await desk.ask(BEN, "case.edit", "C-1", await filled_in(desk))).faults
    assert stored(desk) == before
    assert before.happened_at == seconds
    assert desk.say_all() == {}


async def test_a_reference_of_another_case_of_the_channel_is_refused_and_names_it(desk: Desk) -> None:
    await desk.fail()
    await desk.fail(BEN, "ZD-2 Another one")
    values = {**await filled_in(desk), "reference": "zd-2"}
    reply = await desk.ask(BEN, "case.edit", "C-1", values)
    assert reply.faults == {"reference": "C-2 has this reference: look there, or write another one."}
    assert stored(desk).reference == "ZD-4711"


async def test_a_reference_of_a_case_elsewhere_is_no_hindrance_and_nothing_is_said_of_it(
    desk: Desk,
) -> None:
    await desk.fail()
    sales = Channel(id="C2", name="sales")
    await desk.ask(CLEO, "case.fail", typed="ZD-2 Sold twice", channel=sales, here="C2")
    reply = await desk.ask(BEN, "case.edit", "C-1", {**await filled_in(desk), "reference": "ZD-2"})
    assert not reply.faults
    assert stored(desk).reference == "ZD-2"


async def test_a_reference_that_somebody_takes_at_the_same_moment_is_a_conflict(
    database: Database,
) -> None:
    desk = Desk(database)
    await desk.fail()
    await desk.fail(BEN, "ZD-2 Another one")
    with open_work(database, desk.workspace, writes=True) as work:
        taken = work.cases.require(1).model_copy(update={"reference": "ZD-2"})
        with pytest.raises(ConflictError, match="somebody took it first"):
            work.cases.save(taken)


async def test_when_it_happened_moves_the_aim_of_the_apology(desk: Desk) -> None:
    await desk.fail()
    assert recovery_of(desk).apologise_by == date(2026, 3, 5)
    values = {**await filled_in(desk), "date": "2026-03-02", "time": "10:00"}
    assert not (await desk.ask(BEN, "case.edit", "C-1", values)).faults
    after = recovery_of(desk)
    assert after.apologise_by == date(2026, 3, 2)
    assert after.failed_at.isoformat() == "2026-03-02T09:00:00+00:00"
    assert "Mon 2 Mar" in plain(desk.say_all()["recovery:1"])


async def test_a_public_post_brings_the_public_apology_and_takes_it_away_until_it_was_made(
    desk: Desk,
) -> None:
    await desk.fail()
    post = {**await filled_in(desk), "public_post": "https://example.com/post/1"}
    without = {**post, "public_post": ""}
    await desk.ask(BEN, "case.edit", "C-1", post)
    assert [step.name for step in recovery_of(desk).steps][:4] == [
        "hear",
        "apologise",
        "apologise_publicly",
        "ask_wish",
    ]
    await desk.ask(BEN, "case.edit", "C-1", without)
    assert "apologise_publicly" not in {step.name for step in recovery_of(desk).steps}
    await desk.ask(BEN, "case.edit", "C-1", post)
    said = {
        "link": "https://example.com/post/2",
        "words": "We promised your parcel and did not bring it.",
    }
    reply = await desk.ask(BEN, "recovery.apologise_publicly", "C-1", {**said})
    if reply.form is not None:
        await desk.ask(BEN, "recovery.apologise_publicly", "C-1", {**said, **reply.form.hidden})
    await desk.ask(BEN, "case.edit", "C-1", without)
    assert recovery_of(desk).step("apologise_publicly").state == "done"


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("what_happened", " ", "Say what happened"),
        ("date", "2026-03-06", "in the future"),
        ("public_post", "javascript:alert(1)", "https://"),
        ("link", "javascript:alert(1)", "https://"),
        ("link", "//example.com", "https://"),
        ("link", "/foo", "https://"),
        ("link", "http://", "https://"),
        ("link", "https:///foo", "https://"),
    ],
)
async def test_bad_input_is_one_sentence_beside_its_field(
    desk: Desk, name: str, value: str, part: str
) -> None:
    await desk.fail()
    reply = await desk.ask(BEN, "case.edit", "C-1", {**await filled_in(desk), name: value})
    assert list(reply.faults) == [name]
    assert part in reply.faults[name]
    assert stored(desk).history == ()


async def test_a_link_within_the_web_workspace_stays_when_nobody_touches_it(desk: Desk) -> None:
    await desk.ask(ANA, "case.fail", values={**WHOLE, "link": "/message/3"})
    values = {**await filled_in(desk), "customer": "Somebody else"}
    assert not (await desk.ask(BEN, "case.edit", "C-1", values)).faults
    assert (stored(desk).link, stored(desk).customer) == ("/message/3", "Somebody else")


async def test_a_forgotten_customer_is_not_written_in_again(desk: Desk) -> None:
    await desk.fail()
    assert await desk.bot.forget(desk.workspace, 1, AT)
    for reply in (
        await desk.ask(BEN, "case.edit", "C-1"),
        await desk.ask(BEN, "case.edit", "C-1", {**WHOLE}),
    ):
        assert "were forgotten, so it cannot be edited" in words(reply)
    assert stored(desk).customer is None


async def test_whoever_leads_or_looks_after_it_from_outside_may_not_edit(desk: Desk) -> None:
    await desk.fail(ANA)
    desk.memberships.channels[ANA.id] = set()
    for values in (None, {**WHOLE}):
        reply = await desk.ask(ANA, "case.edit", "C-1", values, channel=DIRECT)
        assert "I can't find C-1. Check the number, or press Status." in words(reply)
    assert stored(desk).history == ()


async def test_the_same_click_twice_is_one_edit(desk: Desk) -> None:
    await desk.fail()
    values = {**await filled_in(desk), "customer": "Mrs. Ólafsdóttir"}
    for _ in range(2):
        await desk.ask(BEN, "case.edit", "C-1", values, key="view-7")
    assert len(stored(desk).history) == 1


async def test_an_export_says_who_edited_and_when(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(BEN, "case.edit", "C-1", {**await filled_in(desk), "customer": "Mrs. Ó."})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        whole = one("C-1", work)
    change = {"step": "edit", "by": "Ben", "at": AT.isoformat(), "why": None}
    assert as_data(whole)["case_history"] == [{**change, "same_as": None}]
    assert f"case: edit,,,Ben,,,{AT.isoformat()}," in as_csv(whole, first=True)
    assert "- 2026-03-05 · edit · Ben" in as_markdown(whole, first=True)


async def take_back_verdict(desk: Desk) -> None:
    values = {"step": "verdict", "why": "It was another customer."}
    assert (await desk.ask(BEN, "recovery.take_back", "C-1", values)).done


@pytest.mark.parametrize("verdict", ["recovered", "not recovered"])
async def test_a_public_post_that_was_added_after_the_verdict_counts_once_that_is_taken_back(
    desk: Desk, verdict: str
) -> None:
    await desk.fail()
    post = {**await filled_in(desk), "public_post": "https://example.com/post/1"}
    said = {"verdict": verdict, "words": "So it is."}
    assert (await desk.ask(ANA, "recovery.verdict", "C-1", said)).done
    await desk.ask(BEN, "case.edit", "C-1", post)
    await take_back_verdict(desk)
    assert recovery_of(desk).step("apologise_publicly").state == "to do"
    # And one that goes after the verdict is owed no more, as long as nobody answered there.
    assert (await desk.ask(ANA, "recovery.verdict", "C-1", said)).done
    await desk.ask(BEN, "case.edit", "C-1", {**post, "public_post": ""})
    await take_back_verdict(desk)
    assert "apologise_publicly" not in {step.name for step in recovery_of(desk).steps}


async def test_a_public_post_that_was_added_after_the_verdict_counts_when_all_begins_anew(
    desk: Desk,
) -> None:
    await desk.fail()
    post = {**await filled_in(desk), "public_post": "https://example.com/post/1"}
    await desk.ask(ANA, "recovery.verdict", "C-1", {"verdict": "recovered", "words": "Fine."})
    await desk.ask(BEN, "case.edit", "C-1", post)
    again = {"verdict": "not recovered", "words": "It broke again."}
    assert (await desk.ask(ANA, "recovery.verdict", "C-1", again)).done
    assert recovery_of(desk).step("apologise_publicly").state == "to do"


async def open_form(desk: Desk, person: Person = BEN) -> tuple[str, dict[str, str]]:
    """What the open form of somebody is about, and all that comes back when it is sent as it is."""
    form = (await desk.ask(person, "case.edit", "C-1")).form
    assert form is not None
    return form.about, {**{field.name: field.value for field in form.fields}, **form.hidden}


async def test_of_two_open_forms_the_second_is_shown_again_with_all_that_was_written(desk: Desk) -> None:
    await desk.fail()
    about, standing = await open_form(desk)
    assert (await desk.ask(ANA, "case.edit", about, {**standing, "customer": "Mrs. Ó."})).done
    written = {**standing, "reference": "ZD-12", "date": "2026-03-04"}
    form = (await desk.ask(BEN, "case.edit", about, written)).form
    assert form is not None
    told = plain(Message(summary="", parts=form.parts))
    assert "Ana changed it meanwhile: look again." in told
    assert "Customer: Mrs. Ó." in told
    assert "Case reference: ZD-4711" in told
    assert "What happened" not in told, "what is the same is not told"
    assert {field.name: field.value for field in form.fields} == {
        name: value for name, value in written.items() if name != "seen"
    }
    assert (stored(desk).customer, stored(desk).reference) == ("Mrs. Ó.", "ZD-4711")
    again = {**written, **form.hidden, "customer": "Mrs. Ó."}
    assert (await desk.ask(BEN, "case.edit", form.about, again)).done
    case = stored(desk)
    assert (case.customer, case.reference) == ("Mrs. Ó.", "ZD-12")
    assert [change.by for change in case.history] == ["U1", "U2"]


async def test_a_form_of_an_older_program_and_one_that_says_the_same_are_not_shown_again(
    desk: Desk,
) -> None:
    await desk.fail()
    about, standing = await open_form(desk)
    same = {**standing, "customer": "Mrs. Ó."}
    await desk.ask(ANA, "case.edit", about, same)
    assert (await desk.ask(BEN, "case.edit", about, same)).form is None
    older = {name: value for name, value in standing.items() if name != "seen"}
    assert (await desk.ask(BEN, "case.edit", about, {**older, "customer": "Mr. Ó."})).done
    assert stored(desk).customer == "Mr. Ó."
    await desk.ask(ANA, "case.cancel", "C-1", {"why": "A mistake."})
    await desk.ask(ANA, "case.restore", "C-1")
    about, standing = await open_form(desk)
    assert (await desk.ask(BEN, "case.edit", about, {**standing, "customer": "Mrs. Ó."})).done


async def test_a_form_that_is_shown_again_tells_nothing_to_whoever_may_not_edit(desk: Desk) -> None:
    await desk.fail()
    about, standing = await open_form(desk, CLEO)
    await desk.ask(ANA, "case.edit", about, {**standing, "customer": "Mrs. Ó."})
    desk.memberships.channels["U3"] = set()
    reply = await desk.ask(CLEO, "case.edit", about, {**standing, "customer": "Mr. X"}, channel=DIRECT)
    assert reply.form is None
    assert words(reply) == missing("C-1")
