"""What people do in a channel is shown next, whatever machines owe there; by the order of messages."""

from datetime import UTC, datetime, time, timedelta

from bot.domain import message_key
from bot.domain.reminder import SentReminder
from bot.jobs.reminder import reminder_job
from bot.ports import UnitOfWork
from tests.fakes import FakeSlack
from tests.journeys.slack_app import open_slack_app, said

PACE = 0.1


def owe_reminders(work: UnitOfWork) -> None:
    """600 reminders are due in the retro's thread, at any hour."""
    now, item = datetime.now(UTC), work.action_items.get(1)
    team = work.teams.all()[0]
    always = {"days": tuple(range(7)), "starts": time(0), "ends": time(23, 59, 59)}
    work.teams.save(team.model_copy(update=always))
    assert item is not None
    for days in range(600):
        day = now.date() - timedelta(days=days)
        row = SentReminder(
            about="AI-1",
            name="item_unowned",
            recipient_id="",
            day=day,
            message=message_key.reminder_in_thread(1, "item_unowned", day),
            asked_at=now,
        )
        work.reminders.add([row])
        work.jobs.schedule(reminder_job(row, item, now, bulk=True))


async def test_an_answer_is_next_among_600_reminders_and_ten_openings(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana"), slack.person("Ben")
    support = slack.channel("support", members=[ana, ben])
    async with open_slack_app(slack, database_url, min_interval=PACE) as built:
        await ana.command("failed ZD-4711 Parcel missed twice", support)
        retro = await said(slack, "Retro: Parcel missed twice")
        await said(slack, "open · looked after by", where=support.id)
        await ana.submit(await ana.press(retro, "Add action item"), {"What will change": "Notes"})
        await said(slack, "proposed · AI-1", where=support.id)
        await built.database.write(f"slack:{slack.team}", owe_reminders)
        built.woken.set()
        await said(slack, "This has no owner yet", where=support.id)
        form = await ben.press(retro, "Answer")
        for number in range(10):
            await ana.command(f"failed ZD-{number} Story {number}", support)
        await ben.submit(form, {"Training": "A rehearsal of the handover"})
        before = {posted.ts for posted in slack.posted() if posted.channel_id == support.id}
        answer = await said(slack, "A rehearsal of the handover", where=support.id)
        # The message in flight, and nothing else.
        between = [p for p in slack.posted() if p.channel_id == support.id and p.ts < answer.ts]
        assert len([p for p in between if p.ts not in before]) <= 1
        # The openings come next, and then all the rest.
        for number in range(10):
            await said(slack, f"Retro: Story {number}", where=support.id)
        reminders = [p for p in slack.posted() if "This has no owner yet" in p.words()]
        assert len(reminders) < 100
