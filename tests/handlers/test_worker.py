"""The clock says what is owed: in order, at a pace, once, whatever the platform does meanwhile."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.commands import signal as signal_commands
from bot.commands.forget import forget_person
from bot.domain.channel import Channel
from bot.domain.job import MAX_ATTEMPTS, MAX_ATTEMPTS_IN_AN_OUTAGE, Job, MessageRef
from bot.domain.reminder import SentReminder
from bot.domain.signal import SignalDelivery
from bot.domain.team import Team
from bot.jobs.payload import JobPayload
from bot.messages.parts import Message, plain, sentence
from bot.ports import Delivery, DeliveryError, Limits, Rate, ReadOnlyWork, StorageUnavailable, UnitOfWork
from bot.routes import JOB_HANDLERS
from bot.untold import HOUR, Untold
from handlers.worker import Worker
from storage.database import Database
from storage.jobs.queue import Queue
from storage.tables import jobs
from tests.desk import A_CASE, ANA, AT, BEN, SUPPORT, Desk, looked_after, opening
from tests.domain.test_connection import a_signal
from tests.session import open_work, queue_of
from tests.storage.test_proposal import a_connection

SOON = timedelta(seconds=10)


class Platform:
    """A chat platform across the network: it keeps what was said, and fails when told to."""

    def __init__(self, min_interval: float = 0.0) -> None:
        self.limits = Limits(min_interval)
        self.said: list[tuple[str, str, str | None]] = []
        self.edits: list[str] = []
        self.deleted: list[str] = []
        self.looked_up: list[str] = []
        self.at: dict[str, list[float]] = defaultdict(list)
        self.faults: list[tuple[DeliveryError, bool]] = []
        self.look_up_faults: list[DeliveryError] = []
        self.edit_faults: list[DeliveryError] = []
        self.gone: set[str] = set()
        """The platform's ids of messages that somebody deleted."""
        self.ids: dict[str, str] = {}
        self.unreachable = ""
        self.hangs: list[asyncio.Event] = []
        """The next messages are said, and their answers come once these are set."""

    def fail(self, fault: DeliveryError, *, after_acting: bool = False) -> None:
        """The next call fails, before or after it took effect."""
        self.faults.append((fault, after_acting))

    async def say(self, delivery: Delivery) -> MessageRef:
        thread = delivery.thread.message if delivery.thread else None
        if thread in self.gone:
            raise deleted()
        fault, after = self.faults.pop(0) if self.faults else (None, False)
        if delivery.channel.id == self.unreachable:
            fault = DeliveryError("They have left.", permanent=True)
        if fault is not None and not after:
            raise fault
        self.said.append((delivery.key, delivery.channel.id, thread))
        self.at[delivery.channel.id].append(asyncio.get_running_loop().time())
        self.ids[delivery.key] = f"id-{len(self.said)}"
        if fault is not None:
            raise fault
        if self.hangs:
            await self.hangs.pop(0).wait()
        return MessageRef(channel_id=delivery.channel.id, message=self.ids[delivery.key])

    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        if self.edit_faults:
            raise self.edit_faults.pop(0)
        if message_ref.message in self.gone:
            raise deleted()
        self.edits.append(plain(delivery.message))
        return message_ref

    async def delete(self, delivery: Delivery, message_ref: MessageRef) -> None:
        fault, after = self.faults.pop(0) if self.faults else (None, False)
        if fault is None or after:
            self.deleted.append(delivery.key)
        if fault is not None:
            raise fault

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        self.looked_up.append(delivery.key)
        if self.look_up_faults:
            raise self.look_up_faults.pop(0)
        known = self.ids.get(delivery.key)
        return MessageRef(channel_id=delivery.channel.id, message=known) if known else None

    @property
    def keys(self) -> list[str]:
        return [key for key, _, _ in self.said]


@asynccontextmanager
async def running(database: Database, desk: Desk, platform: Platform) -> AsyncIterator[Worker]:
    """A worker at work."""
    worker = Worker(desk.bot, database, {"test": platform}, desk.woken)
    async with at_work(worker):
        yield worker


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[None]:
    """Lets a worker work until the block ends."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        await worker.stop()
        await task


async def until(true: Callable[[], bool]) -> None:
    """Waits for a thing, not for a time."""
    async with asyncio.timeout(SOON.total_seconds()):
        while not true():  # noqa: ASYNC110 - rows and lists have no event of their own
            await asyncio.sleep(0.01)


@pytest.fixture
def desk(sqlite: Database) -> Desk:
    """People asking the bot."""
    # Now, and not some day: the clock, too, would remind of what has been open since then.
    return Desk(sqlite, at=datetime.now(UTC))


async def failed(desk: Desk) -> None:
    """A case whose customer nobody looks after yet, as an import makes it: its opening, no more."""
    await desk.ask(ANA, "case.fail", typed="ZD-4711 Parcel missed twice", bulk=True)


async def test_the_retro_is_said_first_and_its_prompts_in_its_thread(desk: Desk) -> None:
    platform = Platform()
    async with running(desk.database, desk, platform):
        await failed(desk)
        await until(lambda: platform.keys == opening())
    assert platform.said[0] == ("retro:1", "C1", None)
    assert {thread for _, _, thread in platform.said[1:]} == {"id-1"}


async def test_a_change_edits_the_message_and_no_change_says_nothing(desk: Desk) -> None:
    platform = Platform()
    async with running(desk.database, desk, platform) as worker:
        await failed(desk)
        await until(lambda: platform.keys == opening())
        await desk.ask(ANA, "retro.answer", "C-1", {"training": "Notes"})
        (answer,) = desk.answers("C-1")
        both = [*opening(), f"answer:{answer.id}"]
        await until(lambda: len(platform.edits) == 2 and platform.keys == both)
        await desk.ask(ANA, "retro.edit_answer", answer.id, {"text": "Notes"})
        await until(lambda: worker.outcomes["already so"] == 2)
    # The retro counts it, and so does its prompt.
    assert all("1 answer" in edited for edited in platform.edits)


async def test_new_messages_in_one_channel_keep_the_pace_and_other_channels_do_not_wait(
    desk: Desk,
) -> None:
    platform = Platform(min_interval=0.2)
    await failed(desk)
    await desk.ask(
        ANA, "case.fail", typed="ZD-2 Other", channel=Channel(id="C2", name="returns"), bulk=True
    )
    async with running(desk.database, desk, platform):
        await until(lambda: sorted(platform.keys) == sorted([*opening(1), *opening(2)]))
    for moments in platform.at.values():
        assert min(later - earlier for earlier, later in pairwise(moments)) >= 0.2
    assert {channel_id for _, channel_id, _ in platform.said[:2]} == {"C1", "C2"}


async def test_retry_after_is_honoured_and_nothing_is_said_twice(desk: Desk) -> None:
    platform = Platform()
    platform.fail(DeliveryError("Slow down.", retry_after=0.3))
    async with running(desk.database, desk, platform) as worker:
        await failed(desk)
        await until(lambda: worker.outcomes["put back"] == 1)
        refused_at = asyncio.get_running_loop().time()
        await until(lambda: platform.keys == opening())
    assert platform.at["C1"][0] - refused_at >= 0.25
    assert platform.keys.count("retro:1") == 1
    assert platform.looked_up == []


async def test_a_call_that_may_have_arrived_is_looked_up_and_not_repeated(desk: Desk) -> None:
    platform = Platform()
    platform.fail(DeliveryError("The connection broke.", maybe_delivered=True), after_acting=True)
    async with running(desk.database, desk, platform):
        await failed(desk)
        await until(lambda: platform.keys == opening())
    assert platform.keys.count("retro:1") == 1
    assert platform.looked_up == ["retro:1"]


async def test_a_look_up_that_fails_leaves_it_unsure_and_is_done_again(desk: Desk) -> None:
    platform = Platform()
    platform.fail(DeliveryError("The connection broke.", maybe_delivered=True), after_acting=True)
    platform.look_up_faults.append(DeliveryError("Slow down.", retry_after=0.1))
    async with running(desk.database, desk, platform):
        await failed(desk)
        await until(lambda: platform.keys == opening())
    assert platform.keys.count("retro:1") == 1
    assert platform.looked_up == ["retro:1", "retro:1"]


async def test_a_fault_of_ours_after_it_was_said_does_not_say_it_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.backoff", lambda attempts, jitter: 0.0)
    follow_up_jobs, faults = desk.bot.follow_up_jobs, [RuntimeError("ours")]

    def faulty(job: Job, work: UnitOfWork) -> Sequence[Job]:
        if faults:
            raise faults.pop()
        return follow_up_jobs(job, work)

    monkeypatch.setattr(desk.bot, "follow_up_jobs", faulty)
    platform = Platform()
    async with running(desk.database, desk, platform):
        await failed(desk)
        await until(lambda: platform.keys == opening())
    assert platform.keys.count("retro:1") == 1


async def test_a_call_that_did_not_arrive_is_looked_up_and_repeated(desk: Desk) -> None:
    platform = Platform()
    platform.fail(DeliveryError("The connection broke.", maybe_delivered=True))
    async with running(desk.database, desk, platform):
        await failed(desk)
        await until(lambda: platform.keys == opening())
    assert platform.keys.count("retro:1") == 1


async def test_what_cannot_be_said_is_given_up_with_a_line_and_the_person_is_told(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    platform = Platform()
    platform.fail(DeliveryError("I am not in that channel.", permanent=True))
    with caplog.at_level(logging.ERROR):
        async with running(desk.database, desk, platform):
            await desk.fail()
            await until(lambda: len(platform.said) == 1)
    assert platform.said[0][1] == "U1"
    assert "job=retro.show" in caplog.text
    assert "about=C-1" in caplog.text
    assert "I am not in that channel." in caplog.text
    assert queue_of(desk.database).state()["dead"] == 1


async def test_the_lead_is_told_too_and_alone_when_nobody_may_be_named(desk: Desk) -> None:
    platform = Platform()
    async with running(desk.database, desk, platform):
        await desk.fail(BEN)
        await until(lambda: sorted(platform.keys) == sorted(looked_after(BEN)))
        platform.fail(DeliveryError("The channel is archived.", permanent=True))
        await desk.ask(ANA, "retro.answer", "C-1", {"training": "Maps", "unnamed": "yes"})
        await until(lambda: len(platform.said) > A_CASE)
    assert [channel_id for _, channel_id, _ in platform.said[A_CASE:]] == ["U2"]


async def test_of_an_unnamed_answer_there_is_no_line_and_no_row_once_it_was_said(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    platform = Platform()
    await failed(desk)
    async with running(desk.database, desk, platform) as worker:
        await until(lambda: worker.outcomes["said"] == len(opening()))
        caplog.clear()
        platform.fail(DeliveryError("Slack had trouble of its own.", maybe_delivered=True, outage=True))
        with caplog.at_level(logging.DEBUG):
            await desk.ask(ANA, "retro.answer", "C-1", {"training": "Maps", "unnamed": "yes"})
            said = len(opening()) + 1
            await until(lambda: worker.outcomes["said"] == said and worker.outcomes["edited"] == 2)
        assert worker.outcomes["put back"] == 1
    lines = [record for record in caplog.records if record.name.startswith(("bot", "handlers"))]
    assert [record.getMessage() for record in lines] == []
    with desk.database.transaction(writes=False) as connection:
        names = set(connection.scalars(select(jobs.c.name)))
    assert names == {"retro.prompt"}


async def test_an_unnamed_answer_that_cannot_be_said_is_told_within_the_hour_and_by_itself(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    platform = Platform()
    await desk.fail(BEN)
    async with running(desk.database, desk, platform) as worker:
        await until(lambda: worker.outcomes["said"] == A_CASE)
        caplog.clear()
        platform.fail(DeliveryError("The channel is archived.", permanent=True))
        await desk.ask(ANA, "retro.answer", "C-1", {"training": "Maps", "unnamed": "yes"})
        await until(lambda: worker.outcomes["said"] == A_CASE + 1 and worker.outcomes["edited"] == 1)
        assert caplog.text == ""
        assert platform.said[-1][1] == "U2"  # the lead hears of it at once
        [gone] = queue_of(desk.database).given_up()
        assert (gone.name, gone.why) == ("retro.answered", "The channel is archived.")
    # It stops: whenever that is, it says nothing about the answer.
    [line] = [record.getMessage() for record in caplog.records]
    assert line == (
        "unnamed answers, within the last hour: 1 times: job=retro.answered workspace=test:1 "
        "given up after 1 attempts: The channel is archived."
    )


async def test_what_failed_is_told_once_an_hour(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(desk.bot, "untold", Untold(lambda: now))
    desk.bot.untold.note("job=retro.answered failed")
    async with running(desk.database, desk, Platform()) as worker:
        now = HOUR - 1
        await failed(desk)
        await until(lambda: worker.outcomes["said"] == len(opening()))
        assert caplog.text == ""
        now = HOUR
        await until(lambda: "1 times: job=retro.answered failed" in caplog.text)


async def test_an_owner_out_of_reach_is_named_in_the_thread_and_the_lead_is_told(desk: Desk) -> None:
    platform = Platform()
    async with running(desk.database, desk, platform):
        await desk.fail(BEN)
        await until(lambda: sorted(platform.keys) == sorted(looked_after(BEN)))
        platform.unreachable = "U1"
        await desk.add_item(ANA, owner="U1")
        await until(lambda: {"call:1:U1", "unreached:1:U1"} <= set(platform.keys))
    said = {key: (channel_id, thread) for key, channel_id, thread in platform.said}
    assert said["call:1:U1"] == ("C1", "id-1")
    assert said["unreached:1:U1"] == ("U2", None)


class Poison(JobPayload):
    """A message whose words cannot be made."""

    name = "retro.poison"
    what = "poison"
    about = "C-1"

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        raise RuntimeError("ours")


async def test_a_fault_of_ours_is_set_aside_after_its_tries_and_the_queue_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.backoff", lambda attempts, jitter: 0.0)
    platform = Platform()
    monkeypatch.setattr("bot.bot.JOB_HANDLERS", {**JOB_HANDLERS, Poison.name: Poison})
    poison = Poison().job("C1", "poison", datetime.now(UTC))
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.jobs.schedule(poison)
        work.commit()
    async with running(desk.database, desk, platform) as worker:
        await failed(desk)
        await until(lambda: worker.outcomes["given up"] == 1 and platform.keys == opening())
    assert worker.outcomes["put back"] == MAX_ATTEMPTS - 1


async def test_a_thread_message_waits_until_its_root_is_there(desk: Desk) -> None:
    platform = Platform()
    await failed(desk)
    queue = queue_of(desk.database)
    (root,) = queue.claim(None, "somebody else", 5)
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "Notes"})
    (answer,) = desk.answers("C-1")
    queue.retry(root, 0.5, unsure=False, hold_queue=False, why="not yet")
    async with running(desk.database, desk, platform):
        await until(lambda: sorted(platform.keys) == sorted([*opening(), f"answer:{answer.id}"]))
    assert platform.keys[0] == "retro:1"


async def test_due_by_a_time_is_said_and_counted_and_then_it_ends(desk: Desk) -> None:
    platform = Platform()
    await failed(desk)
    worker = Worker(desk.bot, desk.database, {"test": platform}, desk.woken)
    assert await worker.run_due(datetime.now(UTC)) == {"said": len(opening())}
    assert await worker.run_due(datetime.now(UTC)) == {"said": len(opening())}
    assert platform.keys == opening()


def forgetting(desk: Desk, days: int = 30, platform: Platform | None = None) -> Worker:
    """A worker that forgets customers after so many days."""
    return Worker(
        desk.bot,
        desk.database,
        {"test": platform or Platform()},
        desk.woken,
        forget_after=timedelta(days=days),
    )


async def santos_waited(desk: Desk, *days_ago: float) -> None:
    """A case of the customer Santos so many days ago each."""
    values = {"what_happened": "Santos waited", "customer": "Santos"}
    for days in days_ago:
        at = datetime.now(UTC) - timedelta(days=days)
        assert (await desk.ask(ANA, "case.fail", values=values, bulk=True, at=at)).saved


def remembered(desk: Desk) -> list[int]:
    """The numbers of the cases whose customer is known."""
    with open_work(desk.database, desk.workspace, writes=False) as work:
        return [case.number for case in work.cases.after(0) if case.customer == "Santos"]


async def test_the_customers_of_old_cases_are_forgotten_where_the_operator_asked_for_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await santos_waited(desk, 31, 0)
    caplog.set_level(logging.INFO)
    async with at_work(forgetting(desk)):
        await until(lambda: "about=C-1 its customer is forgotten" in caplog.text)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        first = work.cases.get(1)
    assert first is not None
    assert (first.customer, first.what_happened) == (None, "the customer waited")
    assert remembered(desk) == [2]


async def test_what_helpdesks_told_is_forgotten_at_that_age_with_the_messages_that_show_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """A proposal that became no case, a test in somebody's chat, and what came to nothing."""
    now = datetime.now(UTC)
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.channels.remember(SUPPORT)
        work.teams.add(Team(channel_id=SUPPORT.id, name=SUPPORT.name, lead=ANA.id, made_at=now))
        made = a_connection(test_for=ANA.id, test_until=now - timedelta(days=8))
        work.connections.add(made)
        work.commit()
    for number, (days, rating) in enumerate(((8.1, 1), (7.9, 1), (7.9, 4), (6, 1))):
        at = now - timedelta(days=days)
        of_it = {"ticket": f"t{number}", "reference": f"HD-{number}", "words": f"{number} Santos"}
        signal = a_signal(at=at, rating=rating, customer="Santos", **of_it)
        told = SignalDelivery(connection_id=made.id, key=f"{number}", arrived_at=at, signal=signal)
        taken = signal_commands.values(made.id, (told,))
        assert (await desk.ask(signal_commands.HELPDESK, "signal.take_in", values=taken, at=at)).saved
    assert set(desk.say_all()) == {f"hook_test:0:{ANA.id}", "proposal:1", "proposal:2"}
    caplog.set_level(logging.INFO)
    platform = Platform()

    def kept() -> list[str]:
        with open_work(desk.database, desk.workspace, writes=False) as work:
            return [one.key for one in work.deliveries.last(made.id, 9)]

    async with at_work(forgetting(desk, 7, platform)):
        await until(lambda: kept() == ["3"])
        await until(
            lambda: "A test arrived here. What it told is not kept any longer." in platform.edits
        )
        await until(lambda: "Its customer is forgotten, so nobody is" in "\n".join(platform.edits))
    assert "about=P-1 its customer is forgotten" in caplog.text
    assert "about=P-2" not in caplog.text
    with open_work(desk.database, desk.workspace, writes=False) as work:
        young = work.proposals.get(2)
    assert young is not None
    assert young.signal.words == "3 Santos"


async def test_a_tick_forgets_nobody_whatever_time_it_is_told(desk: Desk) -> None:
    await santos_waited(desk, 31, 0)
    outcomes = await forgetting(desk).run_due(datetime.now(UTC) + timedelta(days=3652))
    assert outcomes["said"]
    assert "given up" not in outcomes
    assert remembered(desk) == [1, 2]


async def test_a_fault_in_what_follows_a_failure_keeps_no_channel_from_speaking(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        raise KeyError(job.name)

    monkeypatch.setattr(desk.bot, "fallback_jobs", broken)
    platform = Platform()
    await desk.fail()
    platform.fail(DeliveryError("I am not in that channel.", permanent=True))
    await desk.fail(typed="ZD-2 Lost as well")
    worker = Worker(desk.bot, desk.database, {"test": platform}, desk.woken)
    assert (await worker.run_due(datetime.now(UTC)))["given up"] == 1
    assert "retro:2" in platform.keys
    assert "nothing is said instead" in caplog.text


KEY = "remind:U1:2026-03-05:0"


async def superseded(desk: Desk, *, said: bool = True) -> None:
    """A reminder of which nothing is left to say; it was `said`, or nobody knows."""
    await desk.fail()
    desk.say_all()
    row = SentReminder(
        about="C-1",
        name="retro_undecided",
        recipient_id="U1",
        day=AT.date(),
        message=KEY,
        asked_at=AT,
        outcome="asked again",
        outcome_at=AT,
    )
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.reminders.add([row])
        if said:
            work.sent_messages.keep(KEY, MessageRef(channel_id="U1", message="id-0", digest="old"))
        work.jobs.schedule(
            Job(name="reminder.tell", about="C-1", channel_id="U1", key=KEY, direct=True, due_at=AT)
        )
        work.commit()


def known(desk: Desk) -> MessageRef | None:
    """Where the reminder is, as far as is known."""
    with open_work(desk.database, desk.workspace, writes=False) as work:
        return work.sent_messages.get(KEY)


async def spoken(desk: Desk, platform: Platform) -> dict[str, int]:
    """What a tick did."""
    worker = Worker(desk.bot, desk.database, {"test": platform}, desk.woken)
    return dict(await worker.run_due(datetime.now(UTC) + timedelta(minutes=1)))


async def test_what_was_superseded_is_deleted_once_and_nothing_is_known_of_it(desk: Desk) -> None:
    await superseded(desk)
    platform = Platform()
    assert (await spoken(desk, platform))["deleted"] == 1
    assert platform.deleted == [KEY]
    assert known(desk) is None
    assert "deleted" not in await spoken(desk, platform)
    assert platform.deleted == [KEY]
    assert KEY not in platform.keys


async def test_a_deletion_whose_answer_was_lost_is_tried_again(desk: Desk) -> None:
    await superseded(desk)
    platform = Platform()
    platform.fail(DeliveryError("It broke off.", maybe_delivered=True, outage=True), after_acting=True)
    outcomes = await spoken(desk, platform)
    assert (outcomes["put back"], outcomes["deleted"]) == (1, 1)
    assert platform.deleted == [KEY, KEY]
    assert known(desk) is None


async def test_where_nothing_may_be_deleted_a_line_says_that_it_is_over_and_the_log_says_so_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await superseded(desk)
    platform = Platform()
    worker = Worker(desk.bot, desk.database, {"test": platform}, desk.woken)
    for _ in range(2):
        platform.fail(DeliveryError("Not allowed.", permanent=True))
        await worker.run_due(datetime.now(UTC) + timedelta(minutes=1))
        with open_work(desk.database, desk.workspace, writes=True) as work:
            work.sent_messages.keep(KEY, MessageRef(channel_id="U1", message="id-0", digest="old"))
            work.jobs.schedule(
                Job(name="reminder.tell", about="C-1", channel_id="U1", key=KEY, direct=True, due_at=AT)
            )
            work.commit()
    assert platform.edits == ["Nothing is left to do here."] * 2
    assert platform.deleted == []
    assert caplog.text.count("cannot be deleted there") == 1
    assert "given up" not in worker.outcomes


async def test_what_may_neither_be_deleted_nor_edited_is_let_be(desk: Desk) -> None:
    class Keeps(Platform):
        """Lets nothing be changed."""

        async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
            raise DeliveryError("Not allowed.", permanent=True)

    await superseded(desk)
    platform = Keeps()
    platform.fail(DeliveryError("Not allowed.", permanent=True))
    assert "given up" not in await spoken(desk, platform)
    assert KEY not in platform.keys


async def test_a_superseded_reminder_that_was_never_said_is_not_said(desk: Desk) -> None:
    await superseded(desk, said=False)
    platform = Platform()
    assert (await spoken(desk, platform))["nothing to say"] >= 1
    assert (KEY in platform.keys, platform.deleted) == (False, [])


async def test_a_superseded_reminder_that_may_have_been_heard_is_looked_for_and_deleted(
    desk: Desk,
) -> None:
    await superseded(desk, said=False)
    with desk.database.transaction(writes=True) as connection:
        connection.execute(
            update(jobs).where(jobs.c.key == KEY).values(unsure=True, began_at=AT, attempts=1)
        )
        connection.commit()
    platform = Platform()
    platform.ids[KEY] = "id-0"
    assert (await spoken(desk, platform))["deleted"] == 1
    assert (platform.looked_up, platform.deleted) == ([KEY], [KEY])


async def test_a_tick_says_an_imported_retro_before_what_was_put_under_it(desk: Desk) -> None:
    """The reminder that its answers are closed is due, and an import's own message comes last."""
    await santos_waited(desk, 31)
    later = datetime.now(UTC) + timedelta(days=60)
    wednesday = (later + timedelta(days=(2 - later.weekday()) % 7)).replace(hour=14, minute=30)
    platform = Platform()
    outcomes = await Worker(desk.bot, desk.database, {"test": platform}, desk.woken).run_due(wednesday)
    assert platform.keys[0] == "retro:1"
    under = [key for key in platform.keys if key.startswith("remind:C-1")]
    assert under, platform.keys
    assert "given up" not in outcomes


async def test_a_tenth_is_forgotten_in_bites_and_it_is_logged_how_many_wait(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.upkeep.FORGET_BATCH_SIZE", 1)
    await santos_waited(desk, *range(60, 31, -1), 0)
    caplog.set_level(logging.INFO)
    async with at_work(forgetting(desk)):
        await until(lambda: caplog.text.count("its customer is forgotten") == 3)
    assert remembered(desk) == list(range(4, 31))
    assert caplog.text.count("26 more customers are due to be forgotten and wait") == 1


async def test_what_trouble_keeps_from_being_forgotten_waits_for_the_next_day(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    async def unavailable(workspace: str, label: str, at: datetime) -> bool:
        tried.append(label)
        raise StorageUnavailable("the disk is full")

    monkeypatch.setattr(desk.bot, "forget_due", unavailable)
    await santos_waited(desk, *range(60, 31, -1), 0)
    worker = forgetting(desk)
    async with at_work(worker):
        await until(lambda: worker._upkeep.prune_at > 0)
    assert "the disk is full" in caplog.text
    assert tried == ["C-1"]
    assert remembered(desk) == list(range(1, 31))


async def test_a_clock_that_jumps_by_years_forgets_nobody_and_is_told_of_once(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.upkeep.OBSERVE_SECONDS", 0.0)
    monkeypatch.setattr("handlers.upkeep.PRUNE_SECONDS", 0.0)
    ahead, readings = timedelta(), 0

    def clock(_: object) -> datetime:
        nonlocal readings
        readings += 1
        return datetime.now(UTC) + ahead

    await santos_waited(desk, 29, 0)
    monkeypatch.setattr("storage.jobs.queue._clock", clock)
    async with at_work(forgetting(desk)):
        await until(lambda: readings > 10)
        assert "The clock is" not in caplog.text
        ahead, readings = timedelta(days=3652), 0
        desk.woken.set()
        await until(lambda: readings > 20)
    assert remembered(desk) == [1, 2]
    assert caplog.text.count("The clock is 3651 days ahead") == 1


async def test_what_a_dead_process_holds_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.jobs.queue.LEASE_SECONDS", 0.5)
    platform = Platform()
    await failed(desk)
    assert len(queue_of(desk.database).claim(None, "dead", 5)) == 1
    worker = Worker(desk.bot, desk.database, {"test": platform}, desk.woken)
    assert await worker.run_due(datetime.now(UTC)) == {"said": len(opening())}


async def test_an_error_that_nobody_knew_is_told_and_does_not_stop_the_clock(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    claim, faults = Queue.claim, [RuntimeError("a driver's own")]

    def faulty(queue: Queue, *asked: Any) -> Sequence[Job]:
        if faults:
            raise faults.pop()
        return claim(queue, *asked)

    monkeypatch.setattr(Queue, "claim", faulty)
    platform = Platform()
    async with running(desk.database, desk, platform):
        await failed(desk)
        await until(lambda: platform.keys == opening())
    assert "RuntimeError" in caplog.text


async def test_while_somebody_is_answered_the_clock_claims_now_and_then_and_looks_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.LOOK_LATE_SECONDS", 0.3)
    claims: list[float] = []
    looks: list[float] = []
    claim, look = Queue.claim, Worker._look_once

    def counted(queue: Queue, *asked: Any) -> Sequence[Job]:
        claims.append(time.monotonic())
        return claim(queue, *asked)

    async def looked(worker: Worker, by: datetime) -> bool:
        looks.append(time.monotonic())
        return await look(worker, by)

    monkeypatch.setattr(Queue, "claim", counted)
    monkeypatch.setattr(Worker, "_look_once", looked)
    platform = Platform()
    await failed(desk)
    desk.bot.answering += 1
    async with running(desk.database, desk, platform):
        await until(lambda: platform.keys == opening() and len(looks) > 1)
        before = len(claims)
        desk.bot.answering -= 1
        desk.woken.set()
        await until(lambda: len(claims) > before)
    gaps = [later - earlier for earlier, later in pairwise(claims[:before])]
    assert min(gaps) >= 0.09
    assert min(later - earlier for earlier, later in pairwise(looks)) >= 0.29


async def test_bite_after_bite_is_looked_at_without_a_pause_while_there_is_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.POLL_SECONDS", 2 * SOON.total_seconds())
    bites = [True] * 5 + [False]

    async def look(worker: Worker, by: datetime) -> bool:
        return bites.pop(0) if bites else False

    monkeypatch.setattr(Worker, "_look_once", look)
    async with running(desk.database, desk, Platform()):
        await until(lambda: not bites)


async def test_an_outage_is_sat_out_where_a_fault_of_ours_is_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.backoff", lambda attempts, jitter: 0.0)
    platform = Platform()
    for _ in range(MAX_ATTEMPTS + 1):
        platform.fail(DeliveryError("Slack asked to wait.", retry_after=0.0, outage=True))
    async with running(desk.database, desk, platform):
        await failed(desk)
        await until(lambda: platform.keys == opening())


async def test_without_its_adapter_a_workspaces_messages_wait(desk: Desk) -> None:
    await failed(desk)
    worker = Worker(desk.bot, desk.database, {}, desk.woken)
    assert await worker.run_due(datetime.now(UTC)) == {}
    assert queue_of(desk.database).state()["waiting"] == 1


async def test_told_to_stop_it_hands_back_what_hangs_and_another_goes_on_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.GRACE_SECONDS", 0.05)
    platform, other = Platform(), Platform()
    platform.hangs.append(asyncio.Event())
    await failed(desk)
    async with running(desk.database, desk, platform) as worker:
        await until(lambda: len(platform.said) == 1)
    assert worker.outcomes == {"handed back": 1}
    assert queue_of(desk.database).state()["waiting"] == 1
    # It was heard before it hung; whoever comes next looks first, and need not wait for a lease.
    other.ids = platform.ids
    async with asyncio.timeout(SOON.total_seconds()), running(desk.database, desk, other):
        await until(lambda: other.keys == opening()[1:])
    assert other.looked_up == ["retro:1"]


async def test_told_to_stop_while_it_claims_it_hands_that_back_and_says_nothing(desk: Desk) -> None:
    platform = Platform()
    await failed(desk)
    worker = Worker(desk.bot, desk.database, {"test": platform}, desk.woken)
    clock = asyncio.create_task(worker.run())
    await asyncio.sleep(0)  # it asked the database, and has no answer yet
    await worker.stop()
    await clock
    assert platform.said == []
    assert worker.outcomes == {"handed back": 1}
    [job] = queue_of(desk.database).claim(None, "me", 5)
    assert not job.unsure


async def test_a_clock_that_jumps_ahead_says_nothing_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, ahead = Platform(), timedelta()
    answer = asyncio.Event()
    platform.hangs.append(answer)

    monkeypatch.setattr("storage.jobs.queue._clock", lambda _: datetime.now(UTC) + ahead)
    await failed(desk)
    worker = Worker(desk.bot, desk.database, {"test": platform}, desk.woken)
    task = asyncio.create_task(worker.run())
    await until(lambda: len(platform.said) == 1)
    ahead = timedelta(days=7)
    desk.woken.set()
    # Its lease is long over, so it is claimed once more; the call is waited for all the same.
    await until(lambda: len(worker._speaking) == 2)
    answer.set()
    await until(lambda: platform.keys == opening())
    await worker.stop()
    await task
    assert platform.keys.count("retro:1") == 1
    assert platform.looked_up == ["retro:1"]


async def test_who_is_forgotten_while_messages_are_sent_is_named_in_none_of_them(desk: Desk) -> None:
    platform = Platform()
    await failed(desk)
    async with running(desk.database, desk, platform):
        await until(lambda: platform.keys == opening())
        answered = asyncio.Event()
        platform.hangs += [answered] * 2
        desk.meet(BEN)
        await desk.ask(ANA, "action_item.add", "C-1", {"what": "Show the notes", "owner": BEN.id})
        # They arrived, in her name, and nothing knows of it yet.
        await until(lambda: {"item:1", "owner:1:U2"} <= set(platform.keys))
        before = len(platform.edits)
        await desk.database.write(desk.workspace, lambda work: forget_person(ANA, AT, work))
        answered.set()
        desk.woken.set()
        await until(lambda: "a former colleague asks you" in "".join(platform.edits[before:]))
    assert platform.keys.count("owner:1:U2") == 1
    assert platform.keys.count("item:1") == 1
    assert not any("Ana" in words for words in platform.edits[before:])


async def test_a_customer_is_forgotten_while_a_copy_of_their_card_is_sent(desk: Desk) -> None:
    platform = Platform()
    await desk.ask(
        ANA,
        "case.fail",
        values={"what_happened": "Late", "customer": "Maria Santos", "reference": "ZD-1"},
    )
    async with running(desk.database, desk, platform):
        await until(lambda: set(platform.keys) == set(looked_after(ANA)))
        answered = asyncio.Event()
        platform.hangs += [answered] * 2
        desk.meet(BEN)
        hand = {"step": "hear", "owner": BEN.id, "why": "Maria Santos likes you."}
        before = len(platform.edits)
        assert not (await desk.ask(ANA, "recovery.hand_over", "C-1", hand)).faults
        await until(lambda: "customer:1:U2" in platform.keys)
        assert await desk.bot.forget(desk.workspace, 1, AT)
        answered.set()
        await until(lambda: "the customer likes you" in "".join(platform.edits[before:]))
    assert platform.keys.count("customer:1:U2") == 1


class Newer(JobPayload):
    """A message that only a newer version knows."""

    name = "retro.newer"
    what = "news"
    about = "{what_is_new}"

    what_is_new: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        return sentence("Something new.")


async def test_a_job_of_a_newer_version_waits_for_it_longer_than_a_fault_of_ours(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.backoff", lambda attempts, jitter: 0.0)
    platform = Platform()
    new = Newer(what_is_new="all of it").job("C1", "newer", datetime.now(UTC))
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.jobs.schedule(new)
        work.commit()
    async with running(desk.database, desk, platform) as worker:
        await until(lambda: worker.outcomes["put back"] > MAX_ATTEMPTS)
    assert platform.said == []
    assert worker.outcomes["given up"] == 0

    monkeypatch.setattr("bot.bot.JOB_HANDLERS", {**JOB_HANDLERS, Newer.name: Newer})
    async with running(desk.database, desk, platform):
        await until(lambda: platform.keys == ["newer"])


async def test_a_job_that_cannot_be_read_waits_for_a_version_that_can_and_holds_up_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.backoff", lambda attempts, jitter: 0.0)
    platform = Platform()
    unreadable = Job(
        name="retro.show", about="nonsense", channel_id="C9", key="odd", due_at=datetime.now(UTC)
    )
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.jobs.schedule(unreadable)
        work.commit()
    async with running(desk.database, desk, platform) as worker:
        await failed(desk)
        await until(lambda: worker.outcomes["put back"] > MAX_ATTEMPTS and len(platform.said) == 4)
    assert "odd" not in platform.keys
    assert worker.outcomes["given up"] == 0


async def test_a_job_that_kills_whoever_tries_is_set_aside_in_the_end(desk: Desk) -> None:
    platform = Platform()
    await failed(desk)
    with desk.database.transaction(writes=True) as connection:
        connection.execute(update(jobs).values(attempts=MAX_ATTEMPTS_IN_AN_OUTAGE))
        connection.commit()
    async with running(desk.database, desk, platform) as worker:
        await until(lambda: worker.outcomes["given up"] == 1)
    assert "retro:1" not in platform.keys


async def test_a_tick_leaves_what_it_cannot_have_in_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("handlers.worker.PATIENCE_SECONDS", 0.1)
    platform = Platform()
    await failed(desk)
    [job] = queue_of(desk.database).claim(None, "somebody else", 5)
    worker = Worker(desk.bot, desk.database, {"test": platform}, desk.woken)
    async with asyncio.timeout(SOON.total_seconds()):
        assert await worker.run_due(datetime.now(UTC)) == {}
    assert "held elsewhere" in caplog.text
    queue_of(desk.database).retry(job, 0, unsure=False, hold_queue=False, why="not said")
    assert await worker.run_due(datetime.now(UTC)) == {"said": len(opening())}


async def test_a_tick_for_a_later_time_waits_between_its_tries(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.backoff", lambda attempts, jitter: 0.3)
    platform = Platform()
    platform.fail(DeliveryError("Slack had trouble of its own.", outage=True))
    await desk.fail()
    worker = Worker(desk.bot, desk.database, {"test": platform}, desk.woken)
    began = asyncio.get_running_loop().time()
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert await worker.run_due(later) == {"put back": 1, "said": A_CASE}
    assert platform.at["C1"][0] - began >= 0.3


async def test_a_workspaces_budget_is_kept_over_all_its_channels(desk: Desk) -> None:
    platform = Platform()
    platform.limits = Limits(new=Rate(600, 4))
    for number in range(3):
        channel = Channel(id=f"C{number}", name=f"support-{number}")
        await desk.ask(ANA, "case.fail", typed=f"ZD-{number} Late", channel=channel)
    began = asyncio.get_running_loop().time()
    async with running(desk.database, desk, platform):
        await until(lambda: len(platform.said) >= 12)
    # Four at once, and from then on ten a second, however late a message follows its claim.
    for count, moment in enumerate(sorted(at for place in platform.at.values() for at in place), 1):
        assert count <= 4 + 10 * (moment - began)


async def test_a_wait_that_concerns_the_workspace_is_kept_in_all_its_channels(desk: Desk) -> None:
    platform = Platform()
    platform.limits = Limits(new=Rate(6000, 100), together=True)
    platform.fail(DeliveryError("Slow down.", retry_after=0.5))
    await desk.fail()
    async with running(desk.database, desk, platform) as worker:
        await until(lambda: worker.outcomes["put back"] == 1)
        refused_at = asyncio.get_running_loop().time()
        await desk.ask(ANA, "case.fail", typed="ZD-2 Other", channel=Channel(id="C2", name="returns"))
        await until(lambda: {"retro:1", "retro:2"} <= set(platform.keys))
    assert min(platform.at["C1"] + platform.at["C2"]) - refused_at >= 0.4


def test_a_quicker_pace_quickens_every_limit_and_a_slower_one_slows_no_other() -> None:
    usual = Limits(1.0, new=Rate(60, 5), edits=Rate(30, 2), together=True)
    assert usual.at(2.0) == Limits(2.0, Rate(60, 5), Rate(30, 2), together=True)
    assert usual.at(0.5) == Limits(0.5, Rate(120, 5), Rate(60, 2), together=True)
    assert usual.at(0) == Limits(together=True)
    assert Limits().at(0) == Limits()


async def test_what_is_owed_is_said_between_two_looks_at_what_is_due(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saved settings concern thousands of things, and nobody waits until all were looked at."""
    platform, saw = Platform(), list[int]()
    look = desk.bot.run_due

    async def endless(workspace: str, at: datetime) -> int:
        saw.append(len(platform.said))
        return 1 + await look(workspace, at)

    monkeypatch.setattr(desk.bot, "run_due", endless)
    monkeypatch.setattr("storage.jobs.scheduler.workspaces_with_due_work", lambda *_: [desk.workspace])
    await failed(desk)
    async with running(desk.database, desk, platform):
        await until(lambda: platform.keys == opening())
        await until(lambda: saw[-1] == len(opening()))
    assert saw[0] == 0


def deleted() -> DeliveryError:
    """Somebody deleted what was to be changed or answered."""
    return DeliveryError("It was deleted.", permanent=True, gone=True)


async def answered(desk: Desk) -> str:
    """An answer to the first retro; returns its message's key."""
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "Notes"})
    return f"answer:{desk.answers('C-1')[-1].id}"


async def test_a_message_that_was_deleted_is_posted_again_once(desk: Desk) -> None:
    platform = Platform()
    async with running(desk.database, desk, platform) as worker:
        await failed(desk)
        await until(lambda: platform.keys == opening())
        platform.edit_faults.append(deleted())
        key = await answered(desk)
        await until(lambda: key in platform.keys and platform.keys.count("retro:1") == 2)
        assert worker.outcomes["gone"] == 1
        await desk.ask(ANA, "retro.close", "C-1", {"outcome": "an apology was enough", "why": "Small."})
        await until(lambda: len(platform.edits) >= 1)
    assert platform.keys.count("retro:1") == 2, "what is posted again is edited from then on"
    assert platform.looked_up == []


async def test_a_message_that_is_posted_again_is_looked_for_when_nobody_knows_if_it_arrived(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.backoff", lambda attempts, jitter: 0.0)
    platform = Platform()
    async with running(desk.database, desk, platform):
        await failed(desk)
        await until(lambda: platform.keys == opening())
        platform.edit_faults.append(deleted())
        # As after a crash in between: it was said, and nobody lived to write that down.
        platform.fail(DeliveryError("It broke.", maybe_delivered=True), after_acting=True)
        with open_work(desk.database, desk.workspace, writes=True) as work:
            work.sent_messages.doubt("retro:1")
            work.jobs.schedule(
                JOB_HANDLERS["retro.show"]
                .model_validate({"case_number": 1})
                .job("C1", "retro:1", datetime.now(UTC))
            )
            work.commit()
        desk.woken.set()
        await until(lambda: platform.looked_up == ["retro:1"])
        await until(lambda: _link_of(desk, "retro:1") == platform.ids["retro:1"])
    assert platform.keys.count("retro:1") == 2


def _link_of(desk: Desk, key: str) -> str:
    with open_work(desk.database, desk.workspace, writes=False) as work:
        message_ref = work.sent_messages.get(key)
    return message_ref.message if message_ref else ""


async def test_what_belongs_under_a_deleted_message_follows_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.backoff", lambda attempts, jitter: 0.0)
    platform = Platform()
    async with running(desk.database, desk, platform):
        await failed(desk)
        await until(lambda: platform.keys == opening())
        old = platform.ids["retro:1"]
        platform.gone.add(old)
        key = await answered(desk)
        await until(lambda: key in platform.keys)
    assert platform.keys.count("retro:1") == 2
    assert platform.said[-1] == (key, "C1", platform.ids["retro:1"])
    assert platform.ids["retro:1"] != old


async def test_a_root_that_cannot_be_posted_again_is_not_tried_for_each_reply(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.worker.backoff", lambda attempts, jitter: 0.0)
    platform = Platform()
    async with running(desk.database, desk, platform) as worker:
        await failed(desk)
        await until(lambda: platform.keys == opening())
        platform.gone.add(platform.ids["retro:1"])
        platform.unreachable = "C1"
        await answered(desk)
        await until(lambda: worker.outcomes["given up"] == 2)
    assert worker.outcomes["put back"] == MAX_ATTEMPTS - 2
    assert platform.keys.count("retro:1") == 1


async def test_what_does_not_last_is_not_posted_again_when_it_was_deleted(desk: Desk) -> None:
    platform = Platform()
    await failed(desk)
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.sent_messages.keep("hello:C1", MessageRef(channel_id="C1", message="id-0"))
        work.jobs.schedule(
            JOB_HANDLERS["case.withdrawn"]
            .model_validate({"case_number": 1})
            .job("C1", "hello:C1", datetime.now(UTC))
        )
        work.commit()
    platform.edit_faults.append(deleted())
    worker = Worker(desk.bot, desk.database, {"test": platform}, desk.woken)
    outcomes = await worker.run_due(datetime.now(UTC))
    assert outcomes["gone"] == 1
    assert "given up" not in outcomes
    assert "hello:C1" not in platform.keys
