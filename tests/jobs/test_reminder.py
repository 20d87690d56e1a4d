"""A reminder that cannot be said yet."""

import pytest

from bot.domain.job import Job
from bot.domain.reminder import SentReminder
from bot.ports import DeliveryError
from storage.database import Database
from tests.desk import AT, Desk
from tests.session import open_work


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
