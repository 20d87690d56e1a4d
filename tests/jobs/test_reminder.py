"""A reminder that cannot be said yet, or not to whom it is for."""

from datetime import datetime, timedelta

import pytest

from bot.domain.job import Job
from bot.domain.reminder import SentReminder
from bot.ports import DeliveryError
from storage.database import Database
from tests.commands.test_team import SETTINGS
from tests.desk import ANA, AT, BEN, Desk
from tests.session import open_work, queue_of


async def test_a_reminder_that_only_a_newer_version_knows_waits_for_it(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail()
    desk.say_all()
    key = "remind:U1:2026-03-05:0"
    with open_work(desk.database, desk.workspace, writes=True) as work:
        newer = SentReminder(
            about="C-1", name="newer", recipient_id="U1", day=AT.date(), message=key, asked_at=AT
        )
        work.reminders.add([newer])
        work.jobs.schedule(
            Job(name="reminder.tell", about="C-1", channel_id="U1", key=key, direct=True, due_at=AT)
        )
        work.commit()
        job = Job(name="reminder.tell", about="C-1", channel_id="U1", key=key, direct=True, due_at=AT)
        with pytest.raises(DeliveryError, match="newer version") as waits:
            desk.bot.speak(job, work)
    assert waits.value.outage


async def owed(desk: Desk, person_id: str, until: datetime) -> Job:
    """The next reminder to somebody, as it waits to be said."""
    at = desk.at
    while at < until:
        at += timedelta(hours=1)
        while await desk.bot.run_due(desk.workspace, at):
            pass
        for job in queue_of(desk.database).claim(at, "nobody", 50):
            if job.key.startswith(f"remind:{person_id}:"):
                return job.model_copy(update={"at": at})
        desk.say_all(at)
    raise AssertionError(f"{person_id} is reminded of nothing")


def instead(desk: Desk, job: Job) -> dict[str, str]:
    """Whose channel hears what, because this job cannot be said."""
    with open_work(desk.database, desk.workspace, writes=False) as work:
        jobs = desk.bot.fallback_jobs(job, "They have left.", work)
    return {job.key: job.channel_id for job in jobs}


async def test_an_owner_whom_no_reminder_reaches_is_named_in_the_thread_while_it_is_theirs(
    sqlite: Database,
) -> None:
    desk = Desk(sqlite)
    await desk.fail(ANA)
    item = await desk.add_item(BEN, owner="U2", due="2026-03-06")
    desk.say_all()
    job = await owed(desk, "U2", AT + timedelta(days=5))
    assert instead(desk, job) == {"call:1:U2": "C1", "unreached:1:U2": "U1"}
    await desk.ask(BEN, "action_item.done", item, {"changed": "A note"})
    assert instead(desk, job) == {}


async def test_whoever_looks_after_a_customer_is_named_in_the_thread_until_it_is_closed(
    sqlite: Database,
) -> None:
    desk = Desk(sqlite)
    await desk.fail(BEN)
    desk.meet(ANA)
    await desk.ask(BEN, "team.settings", values={**SETTINGS, "days_to_apologise": "0"})
    desk.say_all()
    job = await owed(desk, "U2", AT + timedelta(days=5))
    assert instead(desk, job) == {"call_customer:1:U2": "C1", "unreached_customer:1:U2": "U1"}
    await desk.ask(BEN, "recovery.verdict", "C-1", {"verdict": "recovered", "words": "Thanks."})
    assert instead(desk, job) == {}
