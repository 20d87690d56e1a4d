"""Two cases that are one: what was said in the double moves to the other, and it is cancelled."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from bot.commands.export import one
from bot.domain.channel import Channel
from bot.domain.retro import Answer, Retro
from bot.messages.export import as_markdown
from bot.messages.parts import plain
from bot.ports import UnitOfWork
from storage.database import Database
from tests.commands.test_case_cancel import labels
from tests.desk import ANA, AT, BEN, CLEO, Desk, words
from tests.session import open_work
from tests.storage.made import a_case, a_retro, an_answer, saved

DIRECT = Channel(id="D1", name="Ana", kind="direct")
SALES = Channel(id="C2", name="sales")


@pytest.fixture
async def two(desk: Desk) -> Desk:
    """C-1 of Ana, and C-2 of Cleo that is the same, with answers, a reply and Ben's agreed item."""
    await desk.fail(ANA)
    desk.meet(BEN)
    await desk.ask(CLEO, "case.fail", values={"what_happened": "The same parcel", "reference": "ZD-2"})
    desk.say_all()
    await desk.add_item(BEN, "C-2", owner=BEN.id, due="2026-03-09")
    await desk.ask(BEN, "retro.answer", "C-2", {"training": "Maps", "unnamed": ""})
    await desk.ask(CLEO, "retro.answer", "C-2", {"communication": "A call", "unnamed": "yes"})
    await desk.ask(CLEO, "retro.discuss", "m-retro:2", {"text": "It was the depot.", "id": "1.2"})
    desk.say_all()
    return desk


async def move(desk: Desk, other: str = "C-1") -> None:
    reply = await desk.ask(BEN, "case.same_as", "C-2", {"other": other})
    assert not reply.faults, reply


@pytest.mark.parametrize("other", ["C-1", "c-1", "ZD-4711", "zd-4711"])
async def test_answers_discussion_and_items_move_and_the_double_is_cancelled(
    two: Desk, other: str
) -> None:
    await move(two, other)
    assert {answer.text for answer in two.answers("C-1")} == {"Maps", "A call"}
    prompts = {key: plain(one) for key, one in two.say_all().items() if key.endswith(":training")}
    assert prompts["prompt:1:training"].endswith("\n1 answer")
    assert "1 answer" not in prompts["prompt:2:training"]
    assert two.answers("C-2") == []
    assert two.item("AI-1").case_number == 1
    assert two.retro("C-2").cancelled
    assert not two.retro("C-1").cancelled
    with open_work(two.database, two.workspace, writes=False) as work:
        assert [comment.text for comment in work.retros.comments(1)] == ["It was the depot."]
        assert work.cases.require(2).history[-1].same_as == 1
        double, kept = work.recoveries.get(2), work.recoveries.get(1)
        read = as_markdown(one("C-2", work), first=True)
    assert f" · cancel · {BEN.name} · same as C-1" in read
    assert double is not None
    assert kept is not None
    assert (double.state, kept.state) == ("cancelled", "open")


async def test_both_threads_and_both_retros_say_it_with_links_to_each_other(two: Desk) -> None:
    await move(two)
    said = two.say_all()
    assert "Cancelled by Ben · same as C-1" in plain(said["retro:2"])
    assert labels(said["retro:2"]) == ["Bring it back"]
    for key, link in (("retro:2", "retro:1"), ("case:2:1", "retro:1"), ("case_moved:2:1", "retro:2")):
        assert f"https://example.com/{link}" in said[key].model_dump_json(), key
    assert "Ben found that C-2 is the same as C-1" in plain(said["case:2:1"])
    assert "its answers, discussion and action items are part of this retro" in plain(
        said["case_moved:2:1"]
    )
    assert "2 answers · 1 action item" in plain(said["retro:1"])


async def test_owners_are_not_told_again_and_the_contact_of_the_double_is_told_once(two: Desk) -> None:
    await move(two)
    said = two.say_all()
    told = [key for key in said if key.startswith("case_cancelled:")]
    assert told == ["case_cancelled:2:1:U3"]
    assert "is the same as C-1" in plain(said[told[0]])
    # Their copy is edited, and leads to the retro that has it now.
    assert "https://example.com/retro:1" in said["owner:1:U2"].model_dump_json()
    assert "Mark done" in labels(said["owner:1:U2"])
    assert {"Mark done"} <= set(labels(said["item:1"]))


async def test_an_item_that_moved_goes_on_and_an_answer_that_moved_can_be_edited(two: Desk) -> None:
    await move(two)
    two.say_all()
    (named,) = (answer for answer in two.answers("C-1") if answer.author)
    assert not (await two.ask(BEN, "retro.edit_answer", named.id, {"text": "Better maps"})).faults
    assert not (await two.ask(BEN, "action_item.done", "AI-1", {"changed": "A map hangs."})).faults
    closing = {"outcome": "fixes agreed"}
    assert not (await two.ask(ANA, "retro.close", "C-1", closing)).faults
    summary = plain(two.say_all()["turn:1:1"])
    for part in ("Better maps", "A call", "AI-1"):
        assert part in summary


async def test_brought_back_it_says_that_what_moved_stays_there(two: Desk) -> None:
    await move(two)
    two.say_all()
    await two.ask(BEN, "case.restore", "C-2")
    said = two.say_all()
    assert "What was moved to C-1 stays there." in plain(said["case:2:2"])
    assert two.item("AI-1").case_number == 1
    assert "Answer" in labels(said["retro:2"])


async def test_marking_its_reference_failed_again_leads_to_the_case_that_is_kept(two: Desk) -> None:
    await move(two)
    two.say_all()
    reply = await two.ask(BEN, "case.fail", typed="ZD-2 The same parcel once more")
    assert "ZD-2 is C-2, which is the same as C-1." in words(reply)
    assert reply.message is not None
    assert "https://example.com/retro:1" in reply.message.model_dump_json()


async def test_a_case_of_another_channel_is_none(two: Desk) -> None:
    await two.ask(CLEO, "case.fail", typed="ZD-3 Sold twice", channel=SALES, here="C2")
    for other in ("C-3", "ZD-3", "C-99"):
        reply = await two.ask(BEN, "case.same_as", "C-2", {"other": other})
        assert reply.faults == {"other": f"I can't find {other} in this channel: check what you wrote."}
    assert not two.retro("C-2").cancelled


async def test_the_same_case_a_cancelled_one_and_nothing_are_refused_beside_the_field(two: Desk) -> None:
    for other, part in (("ZD-2", "this very case"), ("", "Write the number")):
        reply = await two.ask(BEN, "case.same_as", "C-2", {"other": other})
        assert part in reply.faults["other"]
    await two.ask(BEN, "case.cancel", "C-1", {"why": "A test."})
    reply = await two.ask(BEN, "case.same_as", "C-2", {"other": "C-1"})
    assert "C-1 is cancelled: press Bring it back" in reply.faults["other"]
    assert not two.retro("C-2").cancelled


async def test_whoever_looks_after_it_from_outside_may_not(two: Desk) -> None:
    two.memberships.channels[CLEO.id] = set()
    for values in (None, {"other": "C-1"}):
        reply = await two.ask(CLEO, "case.same_as", "C-2", values, channel=DIRECT)
        assert "I can't find C-2. Check the number, or press Status." in words(reply)
    assert not two.retro("C-2").cancelled


def _keep_retro(retro: Retro, work: UnitOfWork) -> None:
    work.retros.add(retro)


def test_nothing_tells_which_unnamed_answers_moved_nor_their_order(database: Database) -> None:
    """On PostgreSQL even the rows' own marks (ctid, xmin) are alike for all of them."""

    def keep(answer: Answer) -> None:
        saved(database, lambda work: work.retros.add_answer(answer))

    for number in (1, 2):
        retro = a_retro(number)
        saved(database, lambda work: work.cases.add(a_case()))
        saved(database, partial(_keep_retro, retro))
    for place in range(20):
        keep(an_answer(f"{place:032x}", case_number=1 + place % 2))
    keep(an_answer("f" * 32, case_number=2, author="U1", posted_at=AT))
    saved(database, lambda work: work.retros.move(2, 1))
    with open_work(database, "W", writes=False) as work:
        answers = work.retros.answers(1)
        assert work.retros.answers(2) == []
    unnamed: list[Answer] = [answer for answer in answers if answer.author is None]
    assert len(unnamed) == 20
    assert {(answer.posted_at, answer.version) for answer in unnamed} == {(None, 1)}
    (moved,) = (answer for answer in answers if answer.author)
    assert (moved.posted_at, moved.version) == (AT, 2)
    if database.file is None:
        with database.transaction(writes=False) as connection:
            rows = connection.execute(
                text("SELECT id, xmin::text FROM answers WHERE author IS NULL ORDER BY ctid")
            ).all()
        assert len({row[1] for row in rows}) == 1
        assert [row[0] for row in rows] != sorted(row[0] for row in rows)


async def test_an_agreed_fix_that_moves_in_settles_the_case_that_is_kept(two: Desk) -> None:
    await two.add_item(ANA, "C-1", owner=ANA.id, due="2026-03-20", what="Count the bags")
    closing = {"outcome": "fixes agreed"}
    assert not (await two.ask(ANA, "retro.close", "C-1", closing)).faults
    assert not (await two.ask(ANA, "action_item.drop", "AI-2", {"why": "No use."})).faults
    two.say_all()
    assert two.retro("C-1").unsettled_at is not None
    await move(two)
    assert two.retro("C-1").unsettled_at is None
    said = two.say_all()
    assert "AI-1" in plain(said["turn:1:1"])
    assert "Maps" in plain(said["turn:1:1"])
    assert "Closed: fixes agreed" in plain(said["retro:1"])


async def test_a_double_that_comes_back_without_its_fixes_says_one_thing(two: Desk) -> None:
    closing = {"outcome": "fixes agreed"}
    assert not (await two.ask(ANA, "retro.close", "C-2", closing)).faults
    two.say_all()
    await move(two)
    assert "AI-1" not in plain(two.say_all()["turn:2:1"])
    assert two.retro("C-2").unsettled_at is None
    await two.ask(BEN, "case.restore", "C-2", at=AT + timedelta(days=1))
    said = two.say_all()
    assert two.retro("C-2").unsettled_at == AT + timedelta(days=1)
    for key in ("retro:2", "turn:2:1"):
        assert "losed without a decision" in plain(said[key]), key


@pytest.fixture
async def chain(two: Desk) -> Desk:
    """C-2 was found to be C-1, and C-1 then to be C-3."""
    await two.ask(ANA, "case.fail", values={"what_happened": "Late once more", "reference": "ZD-9"})
    two.say_all()
    await move(two)
    two.say_all()
    assert not (await two.ask(BEN, "case.same_as", "C-1", {"other": "C-3"})).faults
    return two


async def test_a_double_of_a_double_leads_to_the_case_that_is_kept(chain: Desk) -> None:
    said = chain.say_all()
    for key in ("retro:2", "case:2:1", "recovery:2", "customer:2:U3", "case_cancelled:2:1:U3"):
        assert "the same as C-3" in plain(said[key]) or "same as C-3" in plain(said[key]), key
        assert "C-1" not in plain(said[key]), key
    reply = await chain.ask(BEN, "case.fail", typed="ZD-2 The same parcel once more")
    assert "ZD-2 is C-2, which is the same as C-3." in words(reply)
    await chain.ask(BEN, "case.restore", "C-2")
    assert "What was moved to C-3 stays there." in plain(chain.say_all()["case:2:2"])
    assert {answer.text for answer in chain.answers("C-3")} == {"Maps", "A call"}


async def test_the_case_that_is_kept_may_take_the_reference_of_its_double(chain: Desk) -> None:
    chain.say_all()
    taken = {"what_happened": "Late once more", "reference": "zd-2"}
    assert not (await chain.ask(BEN, "case.edit", "C-3", taken)).faults
    said = chain.say_all()
    assert "zd-2" in plain(said["retro:3"])
    assert "ZD-2" not in plain(said["retro:2"])
    assert "same as C-3" in plain(said["retro:2"])
    reply = await chain.ask(BEN, "case.fail", typed="ZD-2 The same parcel once more")
    assert "already has a retro" in words(reply)
    with open_work(chain.database, chain.workspace, writes=False) as work:
        assert work.cases.require(2).history[-1].reference == "ZD-2"


async def test_no_other_case_may_take_a_reference_that_is_in_use(chain: Desk) -> None:
    await chain.ask(ANA, "case.fail", values={"what_happened": "A glass broke", "reference": "ZD-10"})
    for label, reference in (("C-4", "ZD-2"), ("C-3", "ZD-10")):
        given = {"what_happened": "Something", "reference": reference}
        assert "has this reference" in words(await chain.ask(BEN, "case.edit", label, given))
    await chain.ask(BEN, "case.restore", "C-2")
    given = {"what_happened": "Something", "reference": "ZD-2"}
    assert "has this reference" in words(await chain.ask(BEN, "case.edit", "C-3", given))
