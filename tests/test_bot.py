"""The bot itself: whom it wakes, and how much one person may start."""

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta

import pytest

from bot.access import NO_ANSWER_NOW, MembershipNeeded
from bot.allowance import Allowance
from bot.bot import BATCH_SIZE, BATCH_SIZE_BESIDE, MAX_TRIES, TOO_MANY, Bot
from bot.command import Reply
from bot.domain.errors import ConflictError
from bot.jobs.scheduler import Look
from bot.ports import StorageUnavailable, UnitOfWork
from bot.routes import filled_again
from storage.database import Database
from tests.desk import ANA, BEN, ROBOT, Desk, words


@pytest.fixture
def desk(sqlite: Database) -> Desk:
    """People asking the bot."""
    return Desk(sqlite)


async def test_whoever_speaks_is_woken_by_a_commit_that_owes_a_message(desk: Desk) -> None:
    await desk.fail()
    assert desk.woken.is_set()


async def test_nobody_is_woken_for_a_form_a_list_a_refusal_or_a_setting_of_ones_own(desk: Desk) -> None:
    await desk.fail()
    desk.say_all()
    desk.woken.clear()
    await desk.ask(BEN, "retro.answer", "C-1")
    await desk.ask(BEN, "action_item.mine")
    await desk.ask(BEN, "retro.close", "C-1", {"outcome": "no such"})
    await desk.ask(BEN, "team.own_settings", "", {"starts": "09:00", "ends": "17:00", "days": "0"})
    assert not desk.woken.is_set()


async def test_rows_of_an_import_are_no_lines_of_the_log_and_a_persons_refusal_is_one(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for values in ({"what_happened": ""}, {"what_happened": "Lost", "reference": "ZD-1"}):
        await desk.ask(ROBOT, "case.fail", values=values, bulk=True)
    assert caplog.messages == []
    await desk.ask(ANA, "case.fail", values={"what_happened": ""})
    assert [line.endswith("refused") for line in caplog.messages] == [True]


async def test_a_reminder_that_falls_due_wakes_whoever_speaks(desk: Desk) -> None:
    await desk.fail()
    desk.say_all()
    desk.woken.clear()
    while await desk.bot.run_due(desk.workspace, desk.at.replace(day=20)):
        pass
    assert desk.woken.is_set()


async def test_one_person_starts_only_so_many_things_a_minute(desk: Desk) -> None:
    now = 0.0
    desk.bot = Bot(desk.database, desk.woken.set, Allowance(3, lambda: now))
    desk.bot.memberships["test"] = desk.memberships
    for number in range(3):
        await desk.fail(typed=f"ZD-{number} Lost")
    refused = await desk.ask(ANA, "case.fail", typed="ZD-4 Lost")
    assert words(refused) == TOO_MANY
    assert await desk.fail(BEN, "ZD-5 Lost") == "C-4"
    form = await desk.ask(ANA, "case.fail")
    assert form.form is not None
    now = 20.0
    assert await desk.fail(typed="ZD-6 Lost") == "C-5"
    assert words(await desk.ask(ANA, "case.fail", typed="ZD-7 Lost")) == TOO_MANY


async def test_an_import_starts_as_many_as_its_file_has(desk: Desk) -> None:
    desk.bot = Bot(desk.database, desk.woken.set, Allowance(1))
    desk.bot.memberships["test"] = desk.memberships
    for _ in range(3):
        reply = await desk.ask(ANA, "case.fail", "", {"what_happened": "Long ago"}, bulk=True)
        assert not reply.refused


def test_an_allowance_of_none_lets_everybody_start_anything() -> None:
    allowance = Allowance(0)
    assert all(allowance.take("test:1", "U1") for _ in range(1_000))


def test_people_and_workspaces_have_allowances_of_their_own() -> None:
    allowance = Allowance(1, lambda: 0.0)
    assert allowance.take("test:1", "U1")
    assert not allowance.take("test:1", "U1")
    assert allowance.take("test:1", "U2")
    assert allowance.take("test:2", "U1")


async def test_looking_singly_ends_when_nothing_is_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[int] = []

    def look(at: datetime, limit: int, work: UnitOfWork) -> int:
        limits.append(limit)
        if len(limits) == 1:
            raise ValueError("one of them is broken")
        return 1 if len(limits) < 4 else 0

    monkeypatch.setattr("bot.jobs.scheduler.run_due", look)
    assert await desk.bot.run_due(desk.workspace, desk.at) == 2
    assert limits == [BATCH_SIZE, 1, 1, 1]


async def test_a_database_that_goes_silent_while_things_are_looked_at_singly_skips_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([ValueError("one of them is broken"), StorageUnavailable()])

    def look(at: datetime, limit: int, work: UnitOfWork) -> int:
        raise next(looks)

    def skip(at: datetime, work: UnitOfWork) -> list[str]:
        raise AssertionError("nothing is wrong with the thing that is next")

    monkeypatch.setattr("bot.jobs.scheduler.run_due", look)
    monkeypatch.setattr("bot.jobs.scheduler.skip", skip)
    with pytest.raises(StorageUnavailable):
        await desk.bot.run_due(desk.workspace, desk.at)


async def test_the_clock_takes_small_bites_while_somebody_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bites: list[int] = []

    def look(at: datetime, limit: int, work: UnitOfWork) -> int:
        bites.append(limit)
        return 0

    monkeypatch.setattr("bot.jobs.scheduler.run_due", look)
    for answering in (0, 1, 0, 3):
        desk.bot.answering = answering
        await desk.bot.run_due(desk.workspace, desk.at)
    assert bites == [BATCH_SIZE, BATCH_SIZE_BESIDE, BATCH_SIZE, BATCH_SIZE_BESIDE]
    assert BATCH_SIZE_BESIDE < BATCH_SIZE


@pytest.mark.parametrize("trouble", [StorageUnavailable(), ConflictError("C-1")])
async def test_a_database_in_trouble_is_nothing_that_looking_singly_would_mend(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    limits: list[int] = []

    def look(at: datetime, limit: int, work: UnitOfWork) -> int:
        limits.append(limit)
        raise trouble

    monkeypatch.setattr("bot.jobs.scheduler.run_due", look)
    with pytest.raises(type(trouble)):
        await desk.bot.run_due(desk.workspace, desk.at)
    assert limits == [BATCH_SIZE]


async def test_what_cannot_be_looked_at_is_named_and_left_alone_until_the_next_day(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.fail()
    looked: list[datetime] = []

    def broken(subjects: object, at: datetime, work: UnitOfWork) -> Look:
        looked.append(at)
        raise ValueError("nobody can look at this")

    monkeypatch.setattr("bot.jobs.scheduler._look", broken)
    skipped = []
    for hours in (0, 23, 25):
        looked.clear()
        caplog.clear()
        at = desk.at + timedelta(hours=hours)
        while await desk.bot.run_due(desk.workspace, at):
            pass
        skipped.append({name for line in caplog.messages for name in ("C-1", "'C1'") if name in line})
    assert skipped == [{"C-1", "'C1'"}, set(), {"C-1", "'C1'"}]


@pytest.mark.parametrize(
    ("conflicts", "is_forgotten"), [(0, True), (MAX_TRIES - 1, True), (MAX_TRIES, False)]
)
async def test_forgetting_a_customer_is_tried_again_but_not_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, conflicts: int, is_forgotten: bool
) -> None:
    await desk.fail()
    tries = iter([ConflictError("C-1")] * conflicts)

    def forget(number: int, at: datetime, work: UnitOfWork) -> Sequence[int]:
        if conflict := next(tries, None):
            raise conflict
        return [number]

    monkeypatch.setattr("bot.commands.forget.forget", forget)
    with nullcontext() if is_forgotten else pytest.raises(ConflictError):
        assert await desk.bot.forget(desk.workspace, 1, desk.at) == ["C-1"]
    assert next(tries, None) is None


async def test_a_platform_that_must_be_asked_for_ever_counts_as_one_that_says_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.fail()

    async def once_more(*_: object) -> Reply:
        raise MembershipNeeded({"C1"})

    monkeypatch.setattr(desk.bot, "_once", once_more)
    reply = await desk.ask(BEN, "case.edit", "C-1")
    assert reply.refused
    assert words(reply) == NO_ANSWER_NOW


@pytest.mark.parametrize(("races", "is_saved"), [(MAX_TRIES - 1, True), (MAX_TRIES, False)])
async def test_a_race_that_is_lost_is_run_again_but_not_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, races: int, is_saved: bool
) -> None:
    lost = iter([ConflictError("C-1")] * races)

    async def race(*_: object) -> Reply:
        if conflict := next(lost, None):
            raise conflict
        return Reply()

    monkeypatch.setattr(desk.bot, "_once", race)
    assert (await desk.ask(ANA, "case.fail", typed="ZD-1 Lost")).saved == is_saved
    assert next(lost, None) is None


def test_a_form_that_only_an_older_version_had_is_shown_as_it_was_filled() -> None:
    assert filled_again("case.older", {"why": "So."}) == {"why": "So."}


def test_whoever_started_something_longest_ago_is_forgotten_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.allowance.MAX_PEOPLE", 2)
    allowance = Allowance(1, lambda: 0.0)
    assert all(allowance.take("test:1", person) for person in ("U1", "U2", "U3"))
    assert not allowance.take("test:1", "U3")
    assert not allowance.take("test:1", "U2")
    assert allowance.take("test:1", "U1")
