"""Answering without a name: the choice must be made, nothing is logged, and failures are told late."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest

from bot.bot import Bot
from bot.command import CHOICE_LOST, Reply, Request
from bot.domain.errors import ConflictError
from bot.messages.retro import FEW_PEOPLE
from bot.ports import StorageUnavailable
from bot.routes import COMMANDS, filled_again, is_unnamed
from bot.untold import Untold
from storage.database import Database
from tests.desk import ANA, AT, BEN, SUPPORT, Desk
from tests.session import open_work, queue_of

TYPED = {"training": "Courier notes"}


def submission(values: dict[str, str], command_name: str = "retro.answer") -> Request:
    """What Ana's form says, and no more."""
    more = {"about": "C-1", "place": SUPPORT, "values": values, "key": "view:1", "here": "C1"}
    return Request(workspace="test:1", command_name=command_name, person=ANA, at=AT, **more)


def test_a_choice_that_got_lost_is_shown_again_as_no_name() -> None:
    assert filled_again("retro.answer", TYPED) == {**TYPED, "unnamed": "yes"}
    assert filled_again("retro.answer", {**TYPED, "unnamed": ""}) == {**TYPED, "unnamed": ""}
    assert filled_again("retro.close", TYPED) == TYPED


async def test_a_refused_opening_of_the_answer_form_leaves_no_line(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.fail()
    caplog.clear()
    with caplog.at_level("DEBUG", logger="bot"):
        assert (await desk.ask(BEN, "retro.answer", "C-99")).refused
        desk.memberships.silent = True
        assert (await desk.ask(BEN, "retro.answer", "C-1")).refused
        assert caplog.messages == []
        assert (await desk.ask(BEN, "retro.close", "C-99")).refused
    assert len(caplog.messages) == 1


def test_no_other_command_can_hide_who_it_comes_from() -> None:
    can = {name for name, route in COMMANDS.items() if route.command.may_be_unnamed()}
    assert can == {"retro.answer", "retro.unname_answer"}
    assert is_unnamed(submission({}, "retro.unname_answer"))
    for command_name in set(COMMANDS) - can:
        assert not is_unnamed(submission({"unnamed": "yes"}, command_name))


@pytest.mark.parametrize(
    ("values", "unnamed"),
    [
        ({"unnamed": "yes"}, True),
        ({"unnamed": ""}, False),
        ({}, True),
        ({"unamed": ""}, True),
    ],
)
def test_a_choice_that_got_lost_names_nobody(values: dict[str, str], unnamed: bool) -> None:
    assert is_unnamed(submission({**TYPED, **values})) is unnamed
    assert not is_unnamed(submission({**TYPED, "unnamed": ""}, "retro.edit_answer"))
    assert not is_unnamed(submission(TYPED, "retro.edit_answer"))
    assert not is_unnamed(submission(TYPED).model_copy(update={"values": None}))


async def test_without_the_choice_nothing_is_posted_and_the_form_says_so(desk: Desk) -> None:
    await desk.fail(BEN)
    reply = await desk.bot.answer(submission(TYPED))
    assert reply == Reply(faults={"": CHOICE_LOST}, refused=True)
    assert CHOICE_LOST.count(".") == 1
    assert desk.answers("C-1") == []
    # It was not taken for handled: the same submission with its choice is.
    assert not (await desk.bot.answer(submission({**TYPED, "unnamed": ""}))).faults
    assert [answer.author for answer in desk.answers("C-1")] == ["U1"]


async def test_without_the_choice_its_sender_is_remembered_nowhere(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.fail(BEN)
    caplog.clear()
    with caplog.at_level("DEBUG", logger="bot"):
        await desk.bot.answer(submission(TYPED))
    assert caplog.text == ""
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.people.get("U1") is None


@pytest.mark.parametrize("people", [None, 0, 1, 2, 3, 30])
async def test_the_form_says_when_fewer_than_three_people_could_have_written_it(
    desk: Desk, people: int | None
) -> None:
    await desk.fail(BEN)
    desk.memberships.people = people
    reply = await desk.ask(BEN, "retro.answer", "C-1")
    assert reply.form is not None
    hint = reply.form.fields[-1].hint
    told = {None: None, 0: 1, 1: 1, 2: 2}.get(people)
    for number, sentence in FEW_PEOPLE.items():
        assert (sentence in hint) is (number == told)


async def test_with_remarks_of_the_coach_the_form_still_says_how_few_they_are(desk: Desk) -> None:
    await desk.fail(BEN)
    desk.memberships.people = 2
    blaming = {"training": "The night shift was careless and never reads notes.", "unnamed": "yes"}
    reply = await desk.ask(ANA, "retro.answer", "C-1", blaming)
    assert reply.form is not None
    assert FEW_PEOPLE[2] in reply.form.fields[-1].hint
    assert reply.form.fields[-1].value == "yes"


async def test_an_unnamed_submission_leaves_no_line_whatever_comes_of_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.fail(BEN)
    caplog.clear()
    with caplog.at_level("DEBUG", logger="bot"):
        await desk.ask(ANA, "retro.answer", "C-1")
        await desk.ask(ANA, "retro.answer", "C-1", {**TYPED, "unnamed": "yes"})
        await desk.ask(ANA, "retro.answer", "C-1", {"training": "", "unnamed": "yes"})
        await desk.ask(ANA, "retro.answer", "C-9", {**TYPED, "unnamed": "yes"})
    assert caplog.text == ""
    with caplog.at_level("DEBUG", logger="bot"):
        await desk.ask(ANA, "retro.answer", "C-1", {**TYPED, "unnamed": ""})
    assert "command=retro.answer workspace=test:1 saved" in caplog.text


async def test_what_an_unnamed_submission_stores_is_by_the_minute(desk: Desk) -> None:
    moment = AT + timedelta(seconds=12, microseconds=345)
    await desk.fail(BEN)
    desk.say_all()
    await desk.ask(ANA, "retro.answer", "C-1", {**TYPED, "unnamed": "yes"}, at=moment)
    jobs = queue_of(desk.database).claim(AT, "me", 5)
    assert {(job.name, job.due_at, job.traceless, job.asked_by) for job in jobs} == {
        ("retro.answered", AT, True, None),
        ("retro.show", AT, True, None),
    }


class Broken:
    """A memory in which nothing works."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    async def _fail(self, *_: object, **more: object) -> Any:
        raise type(self.fault)(*self.fault.args)  # a new one each time, with a traceback of its own

    write = read = write_queue = read_queue = damage = _fail


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (StorageUnavailable("the database is busy"), "not saved: the database is busy"),
        (ConflictError("somebody was first"), "lost every race"),
        (RuntimeError("Ana said: Courier notes"), "failed: "),
    ],
)
async def test_what_fails_is_told_to_the_operator_within_the_hour_and_not_when_it_was(
    caplog: pytest.LogCaptureFixture, fault: Exception, told: str
) -> None:
    bot = Bot(Broken(fault), committed=lambda: None)
    for person in (ANA, BEN):
        request = submission({**TYPED, "unnamed": "yes"}).model_copy(update={"person": person})
        reply = await bot.answer(request)
        assert reply.faults
        assert not reply.saved
    assert caplog.text == ""
    bot.untold.tell()
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("unnamed answers, within the last hour: 2 times: command=retro.answer")
    assert told in line
    for trace in ("U1", "U2", "Ana", "Courier"):
        assert trace not in line
    caplog.clear()
    bot.untold.tell()
    assert caplog.text == ""


async def test_a_fault_with_a_named_answer_is_still_the_adapters_to_log() -> None:
    bot = Bot(Broken(RuntimeError("ours")), committed=lambda: None)
    with pytest.raises(RuntimeError):
        await bot.answer(submission({**TYPED, "unnamed": ""}))


def test_failures_are_told_in_no_order_of_time(caplog: pytest.LogCaptureFixture) -> None:
    untold = Untold()
    for failure in ("zebra", "ant", "zebra"):
        untold.note(failure)
    with caplog.at_level(logging.ERROR):
        untold.tell()
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == ["ant", "zebra"]


@pytest.fixture
def crowded(database: Database) -> Desk:
    """People asking on either database."""
    return Desk(database)


async def test_many_unnamed_answers_at_once_are_all_kept(crowded: Desk) -> None:
    await crowded.fail(BEN)
    replies = await asyncio.gather(
        *(
            crowded.ask(ANA, "retro.answer", "C-1", {"training": f"Note {n}", "unnamed": "yes"})
            for n in range(12)
        )
    )
    kept = sorted(answer.text for answer in crowded.answers("C-1"))
    posted = [f"Note {n}" for n, reply in enumerate(replies) if reply.done]
    assert kept == sorted(posted)
    assert len(kept) == 12
