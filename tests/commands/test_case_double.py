"""A likely double without a reference is pointed out before it opens, and nothing typed is lost."""

from datetime import timedelta

import pytest

from bot.domain.channel import Channel
from bot.messages.parts import Form, Message, plain
from tests.desk import ANA, AT, BEN, CLEO, Desk
from tests.session import open_work

SALES = Channel(id="C2", name="sales")
DIRECT = Channel(id="D1", name="Ben", kind="direct")
WHAT = "Parcel promised twice, missed twice"
LIKE = "The parcel promised twice, missed twice"
OTHER = "Nobody answered the phone at night"


def cases(desk: Desk) -> list[str]:
    with open_work(desk.database, desk.workspace, writes=False) as work:
        return [case.what_happened for case in work.cases.after(0)]


@pytest.fixture
async def known(desk: Desk) -> Desk:
    """C-1 with a reference and a customer, said."""
    values = {"what_happened": WHAT, "reference": "ZD-1", "customer": "Mrs. Ólafsdóttir"}
    await desk.ask(ANA, "case.fail", values=values)
    desk.say_all()
    return desk


def filled(form: Form, **more: str) -> dict[str, str]:
    return {**{field.name: field.value for field in form.fields}, **form.hidden, **more}


@pytest.mark.parametrize(
    "values",
    [
        {"what_happened": LIKE, "customer": "Somebody else", "date": "2026-03-04", "time": "10:15"},
        {"what_happened": OTHER, "customer": " mrs.  ólafsdóttir", "public_post": "https://x.example"},
    ],
)
async def test_the_form_comes_back_with_the_case_it_may_be_and_all_that_was_typed(
    known: Desk, values: dict[str, str]
) -> None:
    reply = await known.ask(BEN, "case.fail", values={**values, "link": "https://x.example/m"}, key="v")
    form = reply.form
    assert form is not None
    shown = form.model_dump_json()
    for part in ("This may be ", "C-1", "https://example.com/retro:1", WHAT):
        assert part in shown
    assert form.submit == "Open it all the same"
    assert form.other_way is not None
    assert form.other_way.label == "Change it"
    assert {field.name: field.value for field in form.fields if field.value} == {
        name: value.strip() for name, value in values.items()
    } | ({"customer": values["customer"]} if values["customer"] != values["customer"].strip() else {})
    assert cases(known) == [WHAT]
    assert known.say_all() == {}
    # The very same event once more, now that they have read it.
    opened = await known.ask(BEN, form.command_name, values=filled(form), key="v")
    assert opened.form is None
    assert not opened.already
    assert len(cases(known)) == 2
    assert "https://x.example/m" in known.say_all()["retro:2"].model_dump_json()


async def test_typed_words_are_answered_with_the_form_that_holds_them(known: Desk) -> None:
    reply = await known.ask(BEN, "case.fail", typed=LIKE)
    form = reply.form
    assert form is not None
    assert {field.name: field.value for field in form.fields}["what_happened"] == LIKE
    assert form.other_way is None
    assert form.channel_id == "C1"
    assert cases(known) == [WHAT]
    await known.ask(BEN, form.command_name, values=filled(form))
    assert len(cases(known)) == 2


async def test_changed_words_are_looked_at_again_and_what_was_pointed_out_is_not_twice(
    known: Desk,
) -> None:
    await known.ask(CLEO, "case.fail", values={"what_happened": OTHER})
    first = (await known.ask(BEN, "case.fail", values={"what_happened": LIKE})).form
    assert first is not None
    second = (await known.ask(BEN, "case.fail", values=filled(first, what_happened=OTHER))).form
    assert second is not None
    assert "C-2" in second.model_dump_json()
    third = await known.ask(BEN, "case.fail", values=filled(second, what_happened=LIKE))
    assert third.form is None
    assert len(cases(known)) == 3


@pytest.mark.parametrize("many", [7, 60])
async def test_many_likely_doubles_are_asked_about_in_one_form(known: Desk, many: int) -> None:
    for number in range(many):
        row = {"what_happened": f"Thing {number}", "customer": "ACME", "reference": f"ZD-9{number}"}
        await known.ask(ANA, "case.fail", values=row, bulk=True)
    known.say_all()
    form = (await known.ask(BEN, "case.fail", values={"what_happened": OTHER, "customer": "ACME"})).form
    assert form is not None
    shown = plain(Message(summary="", parts=form.parts))
    assert "This may be one of these:" in shown
    assert f"C-{many + 1} · Thing {many - 1}" in shown
    assert f"C-{many - 3} · Thing {many - 5}" in shown
    assert f"C-{many - 4} " not in shown
    assert f"and {many - 5} more" in shown
    opened = await known.ask(BEN, "case.fail", values=filled(form))
    assert (opened.form, opened.faults, len(cases(known))) == (None, {}, many + 2)


async def test_what_has_a_reference_or_other_words_opens_at_once(known: Desk) -> None:
    for typed in (f"ZD-2 {LIKE}", OTHER):
        assert (await known.ask(BEN, "case.fail", typed=typed)).form is None
    assert len(cases(known)) == 3


async def test_a_case_of_another_channel_is_never_pointed_out(known: Desk) -> None:
    reply = await known.ask(BEN, "case.fail", typed=WHAT, channel=SALES, here="C2")
    assert reply.form is None
    chosen = {"what_happened": WHAT, "place": "C2"}
    # In sales there is one by now; in support nobody asked.
    reply = await known.ask(BEN, "case.fail", values=chosen, channel=DIRECT)
    assert reply.form is not None
    assert "C-2" in reply.form.model_dump_json()
    assert '"C-1' not in reply.form.model_dump_json()
    place = {field.name: field.value for field in reply.form.fields}["place"]
    assert place == "C2"


async def test_what_failed_more_than_a_week_ago_or_was_cancelled_is_no_double(known: Desk) -> None:
    await known.ask(ANA, "case.cancel", "C-1", {"why": "A test."})
    assert (await known.ask(BEN, "case.fail", typed=LIKE)).form is None
    week = AT + timedelta(days=7, minutes=1)
    assert (await known.ask(BEN, "case.fail", typed=LIKE, at=week)).form is None
    assert (await known.ask(BEN, "case.fail", typed=LIKE, at=week)).form is not None


async def test_what_is_wrong_in_the_form_is_said_first(known: Desk) -> None:
    reply = await known.ask(BEN, "case.fail", values={"what_happened": LIKE, "date": "2026-03-06"})
    assert list(reply.faults) == ["date"]


async def test_an_import_is_not_asked(known: Desk) -> None:
    reply = await known.ask(BEN, "case.fail", values={"what_happened": LIKE}, bulk=True)
    assert reply.form is None
    assert len(cases(known)) == 2
