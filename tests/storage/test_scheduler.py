"""The clock finds what is due through an index, and two clocks never look at the same thing at once."""

from datetime import date, datetime, time, timedelta
from functools import partial

from sqlalchemy import select, update

from bot.domain.action_item import ActionItem
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.person import Person
from bot.domain.reminder import SentReminder
from bot.domain.retro import Turn
from bot.ports import UnitOfWork
from storage.database import Database
from storage.jobs.scheduler import workspaces_with_due_work
from storage.tables import action_items
from tests.session import open_work
from tests.storage.made import AT, a_case, a_retro, a_team, an_item, one_writer, saved, seen, stir_all

LATER = AT + timedelta(days=3)


def an_asked(**more: object) -> SentReminder:
    """A reminder that was due."""
    given = {"about": "AI-1", "name": "item_late", "recipient_id": "U1", "day": date(2026, 3, 2)}
    return SentReminder.model_validate({**given, "message": "remind:U1:x", "asked_at": AT, **more})


def _remember(person: Person, work: UnitOfWork) -> None:
    work.people.remember(person)


def _closed_since(after: datetime, work: UnitOfWork) -> object:
    return work.retros.closed_in("P1", after, 5)


def _add(item: ActionItem, work: UnitOfWork) -> object:
    return work.action_items.add(item)


def due(database: Database, by: datetime = AT, workspace: str = "W") -> set[str]:
    """What the clock would look at."""
    with open_work(database, workspace, writes=True) as work:
        look = work.scheduler.due(by, 10)
    items, retros = (thing.label for thing in look.items), (thing.label for thing in look.retros)
    return {*items, *retros, *(team.channel_id for team in look.teams)}


def test_whatever_is_added_comes_up_at_once_and_when_it_was_put_off_to(database: Database) -> None:
    saved(database, lambda work: work.teams.add(a_team()))
    saved(database, lambda work: work.retros.add(a_retro()))
    item: ActionItem = saved(database, lambda work: work.action_items.add(an_item()))
    assert due(database) == {"AI-1", "C-1", "P1"}
    saved(
        database,
        lambda work: work.scheduler.reschedule([(item, LATER), (a_retro(), None), (a_team(), LATER)]),
    )
    assert due(database, LATER - timedelta(seconds=1)) == set()
    assert due(database, LATER) == {"AI-1", "P1"}


def test_a_change_brings_it_up_again_and_an_end_never_does(database: Database) -> None:
    item: ActionItem = saved(database, lambda work: work.action_items.add(an_item()))
    saved(database, lambda work: work.scheduler.reschedule([(item, LATER)]))
    saved(database, lambda work: work.action_items.save(item))
    assert due(database) == {"AI-1"}
    ended = item.model_copy(update={"version": 2, "state": "dropped"})
    saved(database, lambda work: work.action_items.save(ended))
    assert due(database, LATER) == set()


def test_what_was_changed_meanwhile_is_not_put_off(database: Database) -> None:
    item: ActionItem = saved(database, lambda work: work.action_items.add(an_item()))
    saved(database, lambda work: work.action_items.save(item))
    saved(database, lambda work: work.scheduler.reschedule([(item, None)]))
    assert due(database) == {"AI-1"}


def test_one_workspace_never_looks_at_anothers(database: Database) -> None:
    saved(database, lambda work: work.action_items.add(an_item()), "W")
    saved(database, lambda work: work.action_items.add(an_item()), "V")
    assert due(database, workspace="X") == set()
    assert due(database, workspace="V") == {"AI-1"}
    with database.transaction(writes=False) as connection:
        assert workspaces_with_due_work(connection, AT, 10) == ["V", "W"]


def test_two_clocks_share_what_is_due_and_neither_waits_for_the_other(database: Database) -> None:
    for _ in range(4):
        saved(database, lambda work: work.action_items.add(an_item()))
    if one_writer(database):
        # There is one clock on SQLite; what it looked at and did not put off, it looks at again.
        assert due(database) == due(database) == {"AI-1", "AI-2", "AI-3", "AI-4"}
        return
    with (
        open_work(database, "W", writes=True) as one,
        open_work(database, "W", writes=True) as other,
    ):
        first = {item.number for item in one.scheduler.due(AT, 2).items}
        second = {item.number for item in other.scheduler.due(AT, 4).items}
    assert len(first) == 2
    assert first | second == {1, 2, 3, 4}
    assert not first & second


def test_an_owner_whose_zone_changed_or_who_left_has_their_items_brought_up(
    database: Database,
) -> None:
    ana = Person(id="U1", name="Ana", zone="Europe/Stockholm")
    saved(database, lambda work: work.people.remember(ana))
    mine: ActionItem = saved(database, lambda work: work.action_items.add(an_item(owner="U1")))
    other: ActionItem = saved(database, lambda work: work.action_items.add(an_item(owner="U2")))
    both = [(mine, LATER), (other, LATER)]
    for now in ({"zone": "Asia/Tokyo"}, {"gone": True}):
        saved(database, lambda work: work.scheduler.reschedule(both))
        assert due(database) == set()
        ana = ana.model_copy(update=now)
        saved(database, partial(_remember, ana))
        stir_all(database)
        assert due(database) == {"AI-1"}
    saved(database, lambda work: work.scheduler.reschedule(both))
    saved(database, lambda work: work.people.remember(ana.model_copy(update={"name": "Anna"})))
    stir_all(database)
    assert due(database) == set()


def test_new_settings_bring_up_what_is_open_in_a_channel(database: Database) -> None:
    item: ActionItem = saved(database, lambda work: work.action_items.add(an_item()))
    done = an_item(state="verified")
    saved(database, lambda work: work.action_items.add(done))
    saved(database, lambda work: work.retros.add(a_retro()))
    closed = a_retro(2, state="closed", history=(Turn(step="close", by="U1", at=AT),))
    saved(database, lambda work: work.retros.add(closed))
    saved(database, lambda work: work.scheduler.reschedule([(item, LATER), (a_retro(), LATER)]))
    saved(database, lambda work: work.scheduler.run_now(channel_id="P1"))
    stir_all(database)
    assert due(database) == {"AI-1", "C-1"}


def test_a_reader_is_kept_and_changed(database: Database) -> None:
    preferences = NotificationPreferences(
        person_id="U1", days=(0, 2), starts=time(8), ends=time(12), digest=True
    )
    saved(database, lambda work: work.preferences.save(preferences))
    changed = preferences.model_copy(update={"quiet_until": date(2026, 4, 1), "digest": False})
    saved(database, lambda work: work.preferences.save(changed))
    assert seen(database, lambda work: work.preferences.get("U1")) == changed
    assert seen(database, lambda work: work.preferences.among(["U1", "U2"])) == {"U1": changed}
    assert seen(database, lambda work: work.preferences.get("U1"), "V") is None


def test_the_same_reminder_is_kept_once_and_its_outcome_with_it(database: Database) -> None:
    first = an_asked()
    saved(database, lambda work: work.reminders.add([first]))
    again = an_asked(message="remind:U1:y", asked_at=LATER)
    saved(database, lambda work: work.reminders.add([again, an_asked(recipient_id="U2")]))
    kept = seen(database, lambda work: work.reminders.of(["AI-1"]))
    assert sorted((one.recipient_id, one.message) for one in kept) == [
        ("U1", "remind:U1:x"),
        ("U2", "remind:U1:x"),
    ]
    answered = first.model_copy(update={"outcome": "done", "outcome_at": LATER})
    saved(database, lambda work: work.reminders.resolve([answered]))
    (mine, others) = sorted(
        seen(database, lambda work: work.reminders.in_message("remind:U1:x")),
        key=lambda one: one.recipient_id,
    )
    assert mine == answered
    assert others.outcome == ""


def test_closed_retros_of_a_week_are_found_by_when_they_were_closed(database: Database) -> None:
    saved(database, lambda work: work.cases.add(a_case()))
    closed = a_retro(state="closed", history=(Turn(step="close", by="U1", at=AT),))
    saved(database, lambda work: work.retros.add(closed))
    for after, found in ((AT, 1), (AT + timedelta(seconds=1), 0)):
        listed = seen(database, partial(_closed_since, after))
        assert len(listed) == found


def test_only_what_waits_for_somebody_is_to_be_acted_on(database: Database) -> None:
    today = AT.date()
    for item in (
        an_item(owner="U1", state="agreed", due=today - timedelta(days=1)),
        an_item(owner="U1", state="agreed", due=today),
        an_item(),
        an_item(owner="U1", state="done"),
        an_item(owner="U1", state="verified"),
        an_item(channel_id="P2"),
    ):
        saved(database, partial(_add, item))
    found = seen(database, lambda work: work.action_items.to_act_on("P1", today, 9))
    assert [item.number for item in found] == [1, 3, 4]


def test_what_an_older_program_stored_is_looked_at_at_once(database: Database) -> None:
    saved(database, lambda work: work.action_items.add(an_item()))
    with database.transaction(writes=True) as connection:
        row = dict(
            zip(action_items.c.keys(), connection.execute(select(action_items)).one(), strict=True)
        )
        del row["next_check_at"]
        connection.execute(action_items.insert(), {**row, "number": 2})
        connection.execute(
            update(action_items).where(action_items.c.number == 1).values(next_check_at=None)
        )
        connection.commit()
    assert due(database) == {"AI-2"}
