"""What the scheduler is told of an action item, a retro and what is owed to a customer."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.job import Job
from bot.domain.person import Person
from bot.domain.reminder import SILENT, SentReminder, Subject
from bot.jobs.remindable import ReminderContext, recipients, remindable
from bot.reminders import BY_NAME
from storage.database import Database
from tests import examples
from tests.examples import AGREED, AT, DONE, LATE, OWED, PROMISED, RETRO, TEAM, TODAY, TOLD
from tests.session import open_work

CONTEXT = ReminderContext({"C1": TEAM}, {"U1": examples.ANA, "U2": examples.BEN}, {})
BEN_LEFT = CONTEXT._replace(people={"U2": examples.BEN.model_copy(update={"gone": True})})
ANA_LEFT = CONTEXT._replace(people={"U1": examples.ANA.model_copy(update={"gone": True})})


def row(recipient_id: str = "U1", name: str = "item_late", day: int = 5) -> SentReminder:
    """A reminder of a day in March, asked on that day."""
    when = date(2026, 3, day)
    return SentReminder(
        about="AI-12",
        name=name,
        recipient_id=recipient_id,
        day=when,
        message="remind:x",
        asked_at=AT.replace(day=day),
    )


@pytest.mark.parametrize(
    ("subject", "late_after"),
    [(AGREED, date(2026, 3, 12)), (RETRO, None), (OWED, None), (PROMISED, date(2026, 3, 6))],
)
def test_only_what_has_a_day_can_be_late(subject: Subject, late_after: date | None) -> None:
    assert remindable(subject).late_after == late_after


@pytest.mark.parametrize(
    ("subject", "is_open"),
    [
        (DONE, True),
        (examples.DONE_AND_SEEN, False),
        (examples.DROPPED, False),
        (RETRO, True),
        (examples.CLOSED, False),
        (OWED, True),
        (examples.RECOVERED, False),
    ],
)
def test_what_has_ended_is_not_looked_at(subject: Subject, is_open: bool) -> None:
    assert remindable(subject).is_open == is_open


def test_a_reminder_follows_the_message_that_its_reader_has_anyway() -> None:
    assert remindable(AGREED).own_message("U1") == "owner:12:U1"
    assert remindable(AGREED).own_message("U2") is None
    assert remindable(RETRO).own_message("U1") is None
    assert remindable(OWED).own_message("U2") == "customer:7:U2"


def test_remind_me_later_keeps_it_from_its_owner_alone() -> None:
    later = AGREED.model_copy(update={"remind_on": date(2026, 3, 20)})
    assert remindable(later).quiet_until("U1") == date(2026, 3, 20)
    assert remindable(later).quiet_until("U2") is None
    assert remindable(RETRO).quiet_until("U1") is None


def test_others_see_when_an_owner_was_asked_until_they_did_it() -> None:
    rows = [row(day=3), row("U2", day=4), row(day=5)]
    assert remindable(LATE).asked_before("U2", rows, CONTEXT) == (date(2026, 3, 3), date(2026, 3, 5))
    assert remindable(LATE).asked_before("U1", rows, CONTEXT) == ()
    assert remindable(DONE).asked_before("U2", rows, CONTEXT) == ()
    assert remindable(OWED).asked_before("U2", rows, CONTEXT) == ()
    nobodys = LATE.model_copy(update={"owner": None})
    assert remindable(nobodys).asked_before("U2", [row("")], CONTEXT) == ()


def test_an_owner_was_asked_on_the_day_that_they_read_it_in_their_zone_and_once_a_message() -> None:
    friday = datetime(2026, 3, 6, 23, 30, tzinfo=UTC)  # Saturday in Stockholm, where Ana is
    rows = [row(day=3).model_copy(update={"asked_at": friday, "name": name}) for name in ("x", "y")]
    later = row(day=9).model_copy(update={"asked_at": friday})
    days = (date(2026, 3, 7), date(2026, 3, 9))
    assert remindable(LATE).asked_before("U2", [*rows, later], CONTEXT) == days


def test_whoever_leads_stands_in_for_a_customers_contact_who_left() -> None:
    waits = BY_NAME["recovery_waits"]
    owed = OWED.model_copy(update={"contact": "U2"})
    assert remindable(owed).owner_to_ask(waits, CONTEXT) == "U2"
    assert remindable(owed).owner_to_ask(waits, BEN_LEFT) == "U1"
    assert remindable(owed).owner(waits) == "U2"


def test_an_item_of_somebody_who_left_has_only_the_reminder_that_says_so() -> None:
    item = remindable(LATE)
    assert not item.applies(BY_NAME["item_left"], CONTEXT)
    assert item.applies(BY_NAME["item_late"], CONTEXT)
    assert item.applies(BY_NAME["item_left"], ANA_LEFT)
    assert not item.applies(BY_NAME["item_late"], ANA_LEFT)
    assert remindable(DONE).applies(BY_NAME["item_done"], ANA_LEFT)
    for thing in (item, remindable(RETRO), remindable(OWED)):
        others = [name for name, reminder in BY_NAME.items() if thing.applies(reminder, CONTEXT)]
        assert len({name.partition("_")[0] for name in others}) == 1


def test_whoever_may_not_take_the_step_is_not_asked_for_it() -> None:
    done = BY_NAME["item_done"]
    assert {who for _, who in recipients(done, remindable(DONE), CONTEXT)} == {"U2"}
    by_ben = DONE.model_copy(update={"owner": "U2"})
    assert "U2" not in {who for _, who in recipients(done, remindable(by_ben), CONTEXT)}


def test_what_is_for_nobody_who_is_there_is_said_in_the_thread_where_the_table_says_so() -> None:
    nobody = ReminderContext(
        {"C1": TEAM}, {id: Person(id=id, name=id, gone=True) for id in ("U1", "U2")}, {}
    )
    assert {who for _, who in recipients(BY_NAME["item_left"], remindable(LATE), nobody)} == {""}
    assert recipients(BY_NAME["item_late"], remindable(LATE), nobody) == {}


def test_only_a_customers_silence_ends_anything_by_itself() -> None:
    weeks = [row(name=SILENT, day=day) for day in (10, 16)]
    hours = TEAM.hours
    for subject in (AGREED, RETRO, OWED):
        assert remindable(subject).ends_at(weeks, hours) is None
    assert remindable(TOLD).ends_at(weeks[:1], hours) is None
    assert remindable(TOLD).ends_at(weeks, hours) is not None


def test_nothing_ends_before_its_time(sqlite: Database) -> None:
    weeks = [row(name=SILENT, day=day) for day in (10, 16)]
    ends_at = remindable(TOLD).ends_at(weeks, TEAM.hours)
    assert ends_at is not None
    with open_work(sqlite, "test:1", writes=True) as work:
        before = ends_at - timedelta(microseconds=1)
        assert remindable(TOLD).end(weeks, TEAM.hours, before, work) is None
        assert remindable(RETRO).end(weeks, TEAM.hours, ends_at, work) is None


def test_what_cannot_be_said_to_its_reader_is_said_where_it_belongs(sqlite: Database) -> None:
    with open_work(sqlite, "test:1", writes=True) as work:
        for subject in (AGREED, RETRO):
            thing = remindable(subject)
            assert thing.jobs_instead("U2", "Closed.", AT, work, is_due=True) is None
            assert thing.jobs_instead("U2", "Closed.", AT, work, is_due=False) == ()
        assert remindable(AGREED).jobs_instead("U1", "Closed.", AT, work, is_due=False) == ()
        work.teams.add(TEAM.model_copy(update={"lead": "U2"}))
        work.recoveries.add(OWED)
        for is_due in (True, False):
            jobs = remindable(OWED).jobs_instead("U1", "Closed.", AT, work, is_due=is_due) or ()
            assert [(job.name, job.channel_id, job.detail) for job in jobs] == [
                ("recovery.call_owner", "C1", ""),
                ("recovery.tell_lead", "U2", "Closed."),
            ]


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        (LATE, ["action_item.show", "retro.show"]),
        (AGREED, []),
        (RETRO, []),
        (examples.LATE_PROMISE, ["recovery.show", "recovery.tell_owner"]),
        (PROMISED, []),
    ],
)
def test_what_is_late_is_shown_as_late(
    subject: Subject, names: list[str], sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[Job] = []
    with open_work(sqlite, "test:1", writes=True) as work:
        monkeypatch.setattr(work.jobs, "schedule", jobs.append)
        remindable(subject).show_late(TODAY, AT, work)
    assert [job.name for job in jobs] == names
