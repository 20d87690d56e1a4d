"""What is owed to customers is kept whole, found by whoever owes it, and changed by one at a time."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert

from bot.domain import recovery as domain
from bot.domain.errors import ConflictError
from bot.domain.recovery import MAX_TALLIED, Recovery, Tally
from bot.domain.recovery_step import Step
from bot.messages import owed
from bot.messages.parts import Message, plain
from bot.ports import UnitOfWork
from storage.database import Database
from storage.jobs.scheduler import workspaces_with_due_work
from storage.repositories.recovery import Recoveries
from storage.tables import recoveries
from tests.session import open_work
from tests.storage.made import AT, a_case, a_team, saved, seen, stir_all

LATER = AT + timedelta(days=3)


def a_recovery(number: int = 1, contact: str = "U1", **more: Any) -> Recovery:
    begun = domain.begin(a_case(number=number), contact, a_team(), AT)
    return begun.model_copy(update=more)


def promised(number: int, due: date, contact: str = "U1") -> Recovery:
    step = Step(name="promise", by="U1", at=AT, words="Soon.", due=due, how="A call")
    return domain.take(a_recovery(number, contact), step, AT)


def ended(number: int, verdict: str, **more: Any) -> Recovery:
    given = Step(name="verdict", by="U1", at=AT, words="So.", chosen=verdict)
    return domain.judge(a_recovery(number, **more), given, AT, a_team())


def add(work: UnitOfWork, *recoveries: Recovery) -> None:
    for recovery in recoveries:
        work.recoveries.add(recovery)


def _owed(person_id: str, limit: int, work: UnitOfWork) -> object:
    return work.recoveries.owed_by(person_id, limit)


def _owed_in(person_id: str, limit: int, channels: Sequence[str], work: UnitOfWork) -> object:
    return work.recoveries.owed_by(person_id, limit, channels)


def _bring_up(whose: dict[str, str], work: UnitOfWork) -> None:
    work.scheduler.run_now(**whose)


def test_it_comes_back_as_it_was_stored(database: Database) -> None:
    step = Step(name="hear", by="U1", at=AT, words="Twice.\n  And “no” call 📦")
    again = Step(name="verdict", by="U1", at=AT, words="No.", chosen="not recovered")
    kept = domain.judge(domain.take(a_recovery(), step, AT), again, LATER, a_team())
    saved(database, lambda work: work.recoveries.add(kept))
    assert seen(database, lambda work: work.recoveries.get(1)) == kept
    assert seen(database, lambda work: work.recoveries.among({1, 2})) == {1: kept}
    assert seen(database, lambda work: work.recoveries.get(2)) is None


def test_a_case_has_one_recovery_and_the_second_change_of_the_same_state_loses(
    database: Database,
) -> None:
    saved(database, lambda work: work.recoveries.add(a_recovery()))
    with pytest.raises(ConflictError):
        saved(database, lambda work: work.recoveries.add(a_recovery()))
    saved(database, lambda work: work.recoveries.save(a_recovery(enough="x")))
    with pytest.raises(ConflictError):
        saved(database, lambda work: work.recoveries.save(a_recovery(enough="y")))
    assert seen(database, lambda work: work.recoveries.get(1)).enough == "x"


def test_whoever_owes_something_finds_it_the_earliest_day_first(database: Database) -> None:
    late, soon = promised(2, date(2026, 3, 2)), promised(3, date(2026, 3, 9))
    aim = date(2026, 3, 12)
    handed = a_recovery(4, "U2", apologise_by=aim)
    handed = domain.hand_over(handed, "hear", "U2", "U1", "", AT, None)
    others = (
        a_recovery(1, apologise_by=aim),
        late,
        soon,
        handed,
        ended(5, "recovered"),
        a_recovery(6, "U9"),
    )
    saved(database, lambda work: add(work, *others))
    owed = seen(database, lambda work: work.recoveries.owed_by("U1", 9))
    assert [one.case_number for one in owed] == [2, 3, 1, 4]
    for person_id, limit, cases in (("U1", 1, [2]), ("U2", 9, [4])):
        owed = seen(database, partial(_owed, person_id, limit))
        assert [one.case_number for one in owed] == cases
    here = late.channel_id
    for channels, cases in (([here, "P9"], [2, 3]), (["P9"], []), ([], [])):
        owed = seen(database, partial(_owed_in, "U1", 2, channels))
        assert [one.case_number for one in owed] == cases
    # What was handed over is theirs, and what is over is nobody's.
    back = domain.hand_over(handed, "hear", "U1", "U2", "", AT, None)
    saved(database, lambda work: work.recoveries.save(back))
    owed = seen(database, lambda work: work.recoveries.owed_by("U1", 9))
    assert [one.case_number for one in owed] == [2, 3, 1]


def test_whoever_owes_something_finds_an_overdue_apology_before_what_is_due_later(
    database: Database,
) -> None:
    sorry = Step(name="apologise", by="U1", at=AT, words="Sorry.")
    overdue = a_recovery(3, apologise_by=date(2026, 2, 2))
    others = (domain.take(a_recovery(1), sorry, AT), promised(2, date(2026, 3, 9)), overdue)
    saved(database, lambda work: add(work, *others))
    owed = seen(database, lambda work: work.recoveries.owed_by("U1", 9))
    assert [one.case_number for one in owed] == [3, 2, 1]
    saved(database, lambda work: work.recoveries.save(domain.take(overdue, sorry, AT)))
    owed = seen(database, lambda work: work.recoveries.owed_by("U1", 9))
    assert [one.case_number for one in owed] == [2, 1, 3]


def test_a_channel_sees_what_it_owes_and_how_it_ended(database: Database) -> None:
    enough = domain.enough(a_recovery(4), "U1", AT, "Her words.", ("tools", "training"))
    verdict = Step(name="verdict", by="U1", at=AT, words="So.", chosen="recovered")
    everything = (
        a_recovery(1),
        promised(2, date(2026, 3, 9)),
        ended(3, "recovered"),
        domain.judge(enough, verdict, AT, a_team()),
        ended(5, "no answer"),
        ended(6, "not recovered"),
        promised(7, date(2026, 3, 2)).model_copy(update={"channel_id": "P2"}),
    )
    saved(database, lambda work: add(work, *everything))
    opened = seen(database, lambda work: work.recoveries.open_in("P1", 9))
    assert [one.case_number for one in opened] == [2, 1, 6]
    (alone,) = seen(database, lambda work: work.recoveries.enough_in("P1", 9))
    assert (alone.case_number, alone.gaps) == (4, ("tools", "training"))
    assert seen(database, lambda work: work.recoveries.tally("P1")) == Tally(2, 1, 1)
    assert seen(database, lambda work: work.recoveries.tally("P3")) == Tally()


def test_a_channel_is_tallied_no_further_than_it_is_told(database: Database) -> None:
    given = [(number, "recovered" if number < 1100 else "no answer") for number in range(1, 1110)]
    with database.transaction(writes=True) as connection:
        row = Recoveries(connection, "W").row(a_recovery())
        rows = [
            {**row, "case_number": number, "outcome": verdict, "was_enough": number < 4, "due": None}
            for number, verdict in given
        ]
        connection.execute(insert(recoveries), rows)
        connection.commit()
    tally = seen(database, lambda work: work.recoveries.tally("P1"))
    assert tally == Tally(MAX_TALLIED + 1, 3, 10)
    (told,) = owed.ended(tally)
    assert plain(Message(parts=(told,), summary="")).strip() == (
        "Customers so far: more than 1,000 recovered (3 with an apology alone), 10 no answer."
    )


def test_one_workspace_never_sees_anothers(database: Database) -> None:
    saved(database, lambda work: work.recoveries.add(a_recovery()), "A")
    assert seen(database, lambda work: work.recoveries.get(1), "B") is None
    assert seen(database, lambda work: work.recoveries.owed_by("U1", 9), "B") == []
    assert seen(database, lambda work: work.recoveries.open_in("P1", 9), "B") == []
    assert seen(database, lambda work: work.recoveries.tally("P1"), "B") == Tally()
    saved(database, lambda work: work.recoveries.add(a_recovery(contact="U2")), "B")
    assert seen(database, lambda work: work.recoveries.get(1), "A").contact == "U1"


def test_the_clock_looks_at_it_until_the_verdict_is_there(database: Database) -> None:
    def due() -> list[int]:
        with open_work(database, "W", writes=True) as work:
            return [recovery.case_number for recovery in work.scheduler.due(AT, 9).recoveries]

    first = a_recovery()
    saved(database, lambda work: work.recoveries.add(first))
    assert due() == [1]
    with database.transaction(writes=False) as connection:
        assert workspaces_with_due_work(connection, AT, 9) == ["W"]
    saved(database, lambda work: work.scheduler.reschedule([(first, LATER)]))
    assert due() == []
    # Whoever has something to do in it changed their hours, or the team did.
    for whose in ({"owner": "U1"}, {"channel_id": "P1"}):
        saved(database, partial(_bring_up, whose))
        stir_all(database)
        assert due() == [1]
        saved(database, lambda work: work.scheduler.reschedule([(first, LATER)]))
    saved(database, lambda work: work.scheduler.run_now(owner="U7"))
    stir_all(database)
    assert due() == []
    saved(database, lambda work: work.recoveries.save(ended(1, "recovered")))
    saved(database, lambda work: work.scheduler.run_now(channel_id="P1"))
    stir_all(database)
    assert due() == []
