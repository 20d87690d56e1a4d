"""What was noted and promised for the customer of a double goes on in the case that it is."""

from datetime import timedelta

import pytest

from bot.domain.recovery import Recovery
from bot.messages.parts import Context, plain, plain_words
from tests.desk import ANA, AT, BEN, CLEO, Desk, words
from tests.session import open_work

HEARD = {"words": "I waited for two days."}
SORRY = {"how": "A call", "words": "We are sorry."}
PROMISED = {"words": "A new parcel", "due": "2026-03-09", "how": "A call", "keeper": BEN.id}
NOTED = (("hear", HEARD), ("apologise", SORRY), ("ask_wish", {"words": "A day"}), ("promise", PROMISED))


async def note(desk: Desk, name: str, label: str, values: dict[str, str]) -> None:
    reply = await desk.ask(CLEO, f"recovery.{name}", label, values)
    assert not reply.faults, reply


@pytest.fixture
async def promised(desk: Desk) -> Desk:
    """C-1 of Ana, in which nothing was noted, and C-2 of Cleo, whose customer Ben promised a parcel."""
    await desk.fail(ANA)
    for person in (ANA, BEN, CLEO):
        desk.meet(person)
    await desk.ask(CLEO, "case.fail", values={"what_happened": "The same parcel", "reference": "ZD-2"})
    for name, values in NOTED:
        await note(desk, name, "C-2", values)
    desk.say_all()
    return desk


def recovery(desk: Desk, number: int) -> Recovery:
    with open_work(desk.database, desk.workspace, writes=False) as work:
        found = work.recoveries.get(number)
    assert found is not None
    return found


def done(desk: Desk, number: int) -> list[str]:
    return [step.name for step in recovery(desk, number).steps if step.state == "done"]


async def move(desk: Desk) -> dict[str, str]:
    return dict((await desk.ask(ANA, "case.same_as", "C-2", {"other": "C-1"})).faults)


async def test_the_promise_goes_on_in_the_case_that_is_kept(promised: Desk) -> None:
    opened = await promised.ask(ANA, "case.same_as", "C-2")
    assert opened.form is not None
    above = [plain_words(part.words) for part in opened.form.parts if isinstance(part, Context)]
    assert "Hear the customer, Apologise in person" in above[1]
    assert await move(promised) == {}
    assert done(promised, 1) == ["hear", "apologise", "ask_wish", "promise"]
    assert done(promised, 2) == []
    assert (recovery(promised, 1).contact, recovery(promised, 1).cancelled) == (CLEO.id, False)
    assert recovery(promised, 2).cancelled
    said = promised.say_all()
    assert "Keep the promise" in plain(said["customer:1:U2"])
    assert "A new parcel" in plain(said["recovery:1"])
    for key in ("recovery:2", "customer:2:U2", "customer:2:U3"):
        assert "C-2 is the same as C-1: its customer is looked after there." in plain(said[key]), key
        assert "https://example.com/retro:1" in said[key].model_dump_json(), key
    assert "is the same as C-1: its customer is looked after there" in plain(
        said["case_cancelled:2:1:U2"]
    )
    assert "looks after the customer of C-1 now" in plain(said["customer:1:U1"])
    mine = words(await promised.ask(BEN, "action_item.mine"))
    assert "C-1" in mine
    assert "C-2" not in mine


async def test_its_keeper_is_reminded_of_it_and_of_nothing_in_the_double(promised: Desk) -> None:
    await move(promised)
    promised.say_all()
    asked = [
        plain(message)
        for day in range(1, 6)
        for key, message in (await promised.tick(AT + timedelta(days=day))).items()
        if key.startswith("remind:U2")
    ]
    assert any("C-1" in text for text in asked)
    assert not any("C-2" in text for text in asked)


async def test_a_double_that_comes_back_has_everything_to_do(promised: Desk) -> None:
    await move(promised)
    await promised.ask(ANA, "case.restore", "C-2")
    assert done(promised, 2) == []
    assert not recovery(promised, 2).cancelled
    assert done(promised, 1) == ["hear", "apologise", "ask_wish", "promise"]


async def test_where_steps_are_noted_in_both_a_promise_is_not_lost_and_the_way_out_works(
    promised: Desk,
) -> None:
    await note(promised, "hear", "C-1", {"words": "It never came."})
    faults = await move(promised)
    assert "In C-2 something is promised to the customer" in faults["other"]
    assert not promised.retro("C-2").cancelled
    await note(promised, "keep", "C-2", {"words": "Sent."})
    faults = await move(promised)
    assert "first note in C-1 what only C-2 has" in faults["other"]
    assert (
        "(Apologise in person, Ask what would make it right, Promise, Keep the promise)"
        in (faults["other"])
    )
    for name, values in (*NOTED[1:], ("keep", {"words": "Sent."})):
        await note(promised, name, "C-1", values)
    assert await move(promised) == {}
    assert done(promised, 1) == ["hear", "apologise", "ask_wish", "promise", "keep"]
    assert recovery(promised, 1).step("hear").words == "It never came."


async def test_what_was_taken_back_in_the_double_is_no_reason_to_refuse(promised: Desk) -> None:
    await note(promised, "hear", "C-1", {"words": "It never came."})
    for step in ("promise", "ask_wish", "apologise"):
        reply = await promised.ask(
            CLEO, "recovery.take_back", "C-2", {"step": step, "why": "It is C-1."}
        )
        assert not reply.faults
    assert await move(promised) == {}


async def test_a_verdict_moves_with_the_rest_and_both_cases_follow(promised: Desk) -> None:
    await note(promised, "keep", "C-2", {"words": "Sent."})
    await note(promised, "verdict", "C-2", {"verdict": "recovered", "words": "All is well."})
    assert await move(promised) == {}
    assert recovery(promised, 1).outcome == "recovered"
    with open_work(promised.database, promised.workspace, writes=False) as work:
        states = [work.cases.require(number).state for number in (1, 2)]
    assert states == ["recovered", "failed"]


async def test_a_round_that_began_anew_moves_whole(promised: Desk) -> None:
    await note(promised, "keep", "C-2", {"words": "Sent."})
    await note(promised, "verdict", "C-2", {"verdict": "not recovered", "words": "It is broken."})
    began = recovery(promised, 2)
    assert await move(promised) == {}
    here = recovery(promised, 1)
    assert (here.earlier, here.failed_at) == (began.earlier, began.failed_at)
    assert done(promised, 1) == ["hear"]


async def test_into_an_imported_case_whose_customer_nobody_looks_after(desk: Desk) -> None:
    await desk.ask(
        ANA, "case.fail", values={"what_happened": "Old", "reference": "ZD-1"}, bulk=True, here="C1"
    )
    desk.meet(BEN)
    await desk.ask(CLEO, "case.fail", values={"what_happened": "The same parcel", "reference": "ZD-2"})
    await note(desk, "hear", "C-2", HEARD)
    assert await move(desk) == {}
    assert done(desk, 1) == ["hear"]
    assert recovery(desk, 1).contact == CLEO.id


async def test_a_customer_to_whom_nothing_happened_stays_with_the_case_that_is_kept(desk: Desk) -> None:
    await desk.fail(ANA)
    await desk.ask(CLEO, "case.fail", values={"what_happened": "The same parcel", "reference": "ZD-2"})
    await note(desk, "hear", "C-1", HEARD)
    assert await move(desk) == {}
    assert done(desk, 1) == ["hear"]
    assert recovery(desk, 1).contact == ANA.id
