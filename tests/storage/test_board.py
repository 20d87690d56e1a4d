"""What needs somebody is found in the order of its urgency, and counted no further than it is told."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, cast

import pytest
from sqlalchemy import insert, select

from bot.domain import recovery as domain
from bot.domain.board import MAX_COUNTED, Source
from bot.domain.board_filter import EVERYTHING, Filters
from bot.domain.owner_day import day_everywhere
from bot.domain.proposal import ProposalChange, ProposalState
from bot.domain.recovery import Recovery, next_due, promised_by
from bot.domain.recovery_step import Step
from bot.ports import UnitOfWork
from bot.repositories import BoardTeam
from storage.database import Database
from storage.migrations.run import upgrade
from storage.repositories.action_item import ActionItems
from storage.repositories.board import MAX_TEAMS
from storage.repositories.recovery import Recoveries
from storage.tables import action_items, recoveries, recovery_owners
from tests.domain.test_connection import a_signal
from tests.domain.test_proposal import a_proposal
from tests.storage.made import AT, a_case, a_retro, a_team, an_item, saved, seen

TODAY = AT.date()
HERE = BoardTeam("P1", "Europe/Stockholm", TODAY, decides=True)
EVERYWHERE = day_everywhere(AT)


def urgent(
    database: Database,
    *sources: Source,
    filters: Filters = EVERYTHING,
    workspace: str = "W",
    channel_id: str = "P1",
) -> Sequence[Any]:
    here = [HERE._replace(channel_id=channel_id)]
    rows = seen(
        database,
        lambda work: work.board.most_urgent(here, sources, filters, EVERYWHERE, 10),
        workspace,
    )
    counts = seen(
        database, lambda work: work.board.counts(here, sources, filters, EVERYWHERE), workspace
    )
    assert sum(counts.values()) == len(rows)
    return [row.number for row in rows]


def store(database: Database, noun: str, *things: object) -> None:
    """Each in a transaction of its own."""
    for thing in things:
        saved(database, partial(_add, noun, thing))


def _add(noun: str, thing: object, work: UnitOfWork) -> None:
    getattr(work, noun).add(thing)


def on(days: int) -> date:
    return TODAY + timedelta(days=days)


def add_items(database: Database, *items: dict[str, Any]) -> None:
    store(database, "action_items", *(an_item(**item) for item in items))


def test_items_come_by_what_they_wait_for_the_earliest_first_and_undated_last(
    database: Database,
) -> None:
    add_items(
        database,
        {"due": None},
        {"due": on(3)},
        {"due": on(1)},
        {"due": None},
        {"owner": "U1", "due": on(2)},
        {"owner": "U1", "due": on(-1), "state": "agreed"},
        {"owner": "U1", "due": on(-2), "state": "agreed"},
        {"owner": "U1", "due": on(0), "state": "agreed"},
        {"owner": "U1", "due": None, "state": "agreed"},
        {"owner": "U1", "due": on(-9), "state": "done"},
        {"owner": "U1", "due": on(-9), "state": "verified"},
        {"owner": "U1", "due": on(-9), "state": "dropped"},
        {"owner": "U1", "due": on(-9), "state": "agreed", "cancelled": True},
        {"owner": "U1", "due": on(-9), "state": "agreed", "channel_id": "P2"},
    )
    assert urgent(database, "unowned") == [3, 2, 1, 4]
    assert urgent(database, "unaccepted") == [5]
    assert urgent(database, "late") == [7, 6]
    assert urgent(database, "agreed") == [8]
    assert urgent(database, "undated") == [9]
    assert urgent(database, "unverified") == [10]
    assert urgent(database, "late", channel_id="P2") == [14]
    assert urgent(database, "late", workspace="A") == []


def test_retros_come_by_the_day_on_which_answers_closed(database: Database) -> None:
    days = {1: on(-1), 2: on(-3), 3: on(0), 4: on(5), 5: on(-9), 6: on(-9)}
    others: dict[int, dict[str, Any]] = {
        5: {"cancelled": True},
        6: {"state": "closed", "unsettled_at": AT},
    }
    for number, day in days.items():
        more = others.get(number, {})
        retro = a_retro(number, answers_close_on=day, **more)
        store(database, "retros", retro)
    assert urgent(database, "undecided") == [2, 1]
    assert urgent(database, "answering") == [3, 4]
    assert urgent(database, "unsettled") == [6]
    assert sorted(urgent(database, "undecided", "answering", "unsettled")) == [1, 2, 3, 4, 6]


def a_recovery(number: int, contact: str | None = "U1", **more: Any) -> Recovery:
    begun = domain.begin(a_case(number=number), contact, a_team(), AT)
    return begun.model_copy(update=more)


def promised(number: int, due: date) -> Recovery:
    step = Step(name="promise", by="U1", at=AT, words="Soon.", due=due, how="A call")
    return domain.take(a_recovery(number), step, AT)


def resting(number: int, **more: Any) -> Recovery:
    recovery = a_recovery(number, **more)
    for name in ("hear", "apologise", "ask_wish", "promise"):
        recovery = domain.not_needed(recovery, name, "U1", AT, "They have moved away.")
    return recovery


def kept(number: int, check_back_by: date | None, **more: Any) -> Recovery:
    """Whose promise was kept; apologised to unless `more` says by when that is to be done."""
    done = domain.take(
        promised(number, on(0)),
        Step(name="keep", by="U1", at=AT, words="It came.", check_back_by=check_back_by),
        AT,
    )
    return done.model_copy(update=more) if more else apologised(done)


def apologised(recovery: Recovery) -> Recovery:
    return domain.take(recovery, Step(name="apologise", by="U1", at=AT, words="Sorry."), AT)


def test_customers_come_by_what_is_owed_next(database: Database) -> None:
    store(
        database,
        "recoveries",
        a_recovery(1, apologise_by=on(2)),
        a_recovery(2, apologise_by=on(-2)),
        a_recovery(3, contact=None, apologise_by=on(9)),
        promised(4, on(0)),
        promised(5, on(-1)),
        promised(6, on(1)),
        resting(7),
        resting(8, finished_at=AT),
        a_recovery(9, cancelled=True),
    )
    assert urgent(database, "promise") == [5, 4]
    assert urgent(database, "promised") == [6]
    assert urgent(database, "resting") == [7]
    assert urgent(database, "customer") == [2, 1, 3, 8]
    only_late, unowned = Filters(frozenset({"late"})), Filters(frozenset({"unowned"}))
    assert urgent(database, "promise", filters=only_late) == [5]
    assert urgent(database, "customer", filters=unowned) == [3]
    assert urgent(database, "customer", filters=Filters(owner="U1")) == [2, 1, 8]
    assert urgent(database, "customer", filters=Filters(owner="U2")) == []


def test_an_apology_that_is_overdue_comes_before_checking_back_and_what_has_no_day_comes_last(
    database: Database,
) -> None:
    long_ago = on(-40)
    undated = Step(name="promise", by="U1", at=AT, words="Soon.")
    store(
        database,
        "recoveries",
        kept(1, on(7)).model_copy(update={"apologise_by": long_ago}),
        apologised(a_recovery(2, apologise_by=long_ago)),
        domain.take(apologised(a_recovery(3, apologise_by=long_ago)), undated, AT),
        kept(4, on(1)),
        a_recovery(5, apologise_by=on(-30)),
        kept(6, on(3), apologise_by=on(-3)),
    )
    assert urgent(database, "customer") == [5, 6, 4, 1, 2, 3]
    # A customer who was apologised to has no day any more.
    saved(database, lambda work: work.recoveries.save(apologised(a_recovery(5))))
    assert urgent(database, "customer") == [6, 4, 1, 2, 3, 5]


def test_proposed_cases_come_by_their_rating_then_the_oldest_and_unrated_last(
    database: Database,
) -> None:
    ratings = (None, 2, 1, 2, None, 1, 1, 1)
    more: dict[int, dict[str, Any]] = {
        4: {"gathered": True},
        6: {"state": "waved off"},
        7: {"channel_id": "P2"},
        8: {"state": "opened", "case_number": 7},
    }
    for number, rating in enumerate(ratings, start=1):
        told = a_signal(rating=rating, reopened=rating is None)
        given = {"channel_id": "P1", "reference": f"ZD-{number}", **more.get(number, {})}
        store(database, "proposals", a_proposal(number=number, signal=told, **given))
    assert urgent(database, "proposed") == [3, 2, 4, 1, 5]
    assert urgent(database, "proposed", channel_id="P2") == [7]
    assert urgent(database, "proposed", workspace="A") == []
    here = [HERE, HERE._replace(channel_id="P2")]
    rows = seen(
        database, lambda work: work.board.most_urgent(here, ["proposed"], EVERYTHING, EVERYWHERE, 9)
    )
    assert [row.number for row in rows] == [3, 7, 2, 4, 1, 5]


@pytest.mark.parametrize("state", ["lapsed", "waved off", "forgotten"])
def test_a_proposal_that_ends_is_not_counted_any_more_and_one_that_got_worse_is(
    sqlite: Database, state: ProposalState
) -> None:
    made = a_proposal(channel_id="P1")
    saved(sqlite, lambda work: work.proposals.add(made))

    def move(work: UnitOfWork, to: ProposalState, rating: int) -> None:
        kept = work.proposals.get(1)
        assert kept is not None
        signal = kept.signal.model_copy(update={"rating": rating})
        work.proposals.save(kept.model_copy(update={"state": to, "signal": signal}))

    assert urgent(sqlite, "proposed") == [1]
    saved(sqlite, lambda work: move(work, state, 1))
    assert urgent(sqlite, "proposed") == []
    saved(sqlite, lambda work: move(work, "proposed", 2))
    rows = seen(
        sqlite, lambda work: work.board.most_urgent([HERE], ["proposed"], EVERYTHING, EVERYWHERE, 9)
    )
    assert [row.urgency for row in rows] == [2]


def test_what_waits_of_a_connection_that_is_removed_is_not_counted(sqlite: Database) -> None:
    saved(sqlite, lambda work: work.proposals.add(a_proposal(channel_id="P1")))
    change = ProposalChange(step="wave_off", by="U1", at=AT)
    saved(sqlite, lambda work: work.proposals.end_waiting("a" * 40, "P1", change))
    assert urgent(sqlite, "proposed") == []


def test_filters_look_at_the_case_too(database: Database) -> None:
    for number, days in ((1, 0), (2, 30)):
        case = a_case(number=number, failed_at=AT - timedelta(days=days))
        store(database, "cases", case)
        store(database, "retros", a_retro(number))
    add_items(
        database,
        {"gap": "tools", "case_number": 1},
        {"gap": "tools", "case_number": 2, "state": "dropped"},
        {"gap": "training", "case_number": 2},
    )
    assert urgent(database, "unowned", filters=Filters(gap="tools")) == [1]
    assert urgent(database, "answering", filters=Filters(gap="tools")) == [1]
    assert urgent(database, "answering", filters=Filters(gap="training")) == [2]
    recent = [HERE._replace(since=AT - timedelta(days=7))]
    filters = Filters(since=on(-7))
    sources: list[Source] = ["unowned", "answering"]
    rows = seen(database, lambda work: work.board.most_urgent(recent, sources, filters, EVERYWHERE, 9))
    assert [(row.source, row.number) for row in rows] == [("answering", 1), ("unowned", 1)]


@pytest.mark.parametrize("decides", [True, False])
def test_a_retro_is_its_leads_to_decide(database: Database, decides: bool) -> None:
    store(database, "retros", a_retro(1, answers_close_on=on(-1)))
    of_lead, here = Filters(owner="U1"), [HERE._replace(decides=decides)]
    counts = seen(database, lambda work: work.board.counts(here, ["undecided"], of_lead, EVERYWHERE))
    assert counts == {"undecided": int(decides)}


@pytest.mark.parametrize("teams", [2, 3, MAX_TEAMS + 1])
def test_teams_are_looked_into_together_each_by_its_own_day(database: Database, teams: int) -> None:
    store(
        database,
        "retros",
        *(a_retro(n, channel_id=f"P{n}", answers_close_on=on(0)) for n in (1, 2, teams + 1)),
    )
    add_items(
        database,
        {"channel_id": "P2", "due": on(3)},
        {"channel_id": "P1", "due": on(4)},
        {"channel_id": "P1", "due": on(2)},
        {"channel_id": f"P{teams + 1}", "due": on(1)},
    )
    here = [HERE._replace(channel_id=f"P{number}") for number in range(1, teams + 1)]
    here[1] = here[1]._replace(today=on(1))
    sources: list[Source] = ["unowned", "undecided", "answering"]
    assert seen(database, lambda work: work.board.counts(here, sources, EVERYTHING, EVERYWHERE)) == {
        "unowned": 3,
        "undecided": 1,
        "answering": 1,
    }
    rows = seen(database, lambda work: work.board.most_urgent(here, sources, EVERYTHING, EVERYWHERE, 9))
    by_source = {source: [row.number for row in rows if row.source == source] for source in sources}
    assert by_source == {"unowned": [3, 1, 2], "undecided": [2], "answering": [1]}
    assert rows[0].urgency == int(on(0).strftime("%Y%m%d"))


def test_nothing_is_counted_for_ever(database: Database) -> None:
    with database.transaction(writes=True) as connection:
        row = ActionItems(connection, "W").row(an_item())
        rows = [{**row, "number": number} for number in range(1, MAX_COUNTED + 200)]
        connection.execute(insert(action_items), rows)
        connection.commit()
    counts = seen(database, lambda work: work.board.counts([HERE], ["unowned"], EVERYTHING, EVERYWHERE))
    assert counts == {"unowned": MAX_COUNTED + 1}


@pytest.mark.parametrize(("here", "sources"), [([HERE], []), ([], ["unowned"])])
def test_without_a_source_or_a_team_nothing_is_asked(
    database: Database, here: Sequence[BoardTeam], sources: Sequence[Source]
) -> None:
    counts = seen(database, lambda work: work.board.counts(here, sources, EVERYTHING, EVERYWHERE))
    assert counts == dict.fromkeys(sources, 0)
    rows = seen(database, lambda work: work.board.most_urgent(here, sources, EVERYTHING, EVERYWHERE, 9))
    assert rows == []


NEW_COLUMNS = ("keeper", "rests", "next_due")


def as_an_older_program_stores(*stored: Recovery) -> list[dict[str, Any]]:
    rows = []
    for recovery in stored:
        with_new = Recoveries(cast(Any, None), "W").row(recovery)
        row = {name: with_new[name] for name in with_new if name not in NEW_COLUMNS}
        steps = [step.model_dump(mode="json", exclude={"check_back_by"}) for step in recovery.steps]
        rows.append(row | {"steps": steps})
    return rows


def test_an_older_database_is_told_who_keeps_a_promise_who_waits_for_the_retro_and_what_is_due(
    empty_url: str,
) -> None:
    handed = domain.hand_over(promised(2, on(3)), "keep", "U1", "U2", "", AT, None)
    ended = Step(name="verdict", by="U1", at=AT, words="Thanks.", chosen="recovered")
    stored = [promised(1, on(3)), handed, resting(3), resting(4, finished_at=AT), a_recovery(5)]
    stored += [domain.judge(resting(6), ended, AT, a_team()), a_recovery(7, cancelled=True)]
    stored += [apologised(a_recovery(8)), kept(9, None), kept(10, None, apologise_by=on(-3))]
    stored += [a_recovery(number) for number in range(11, 1200)] + [resting(1200)]
    database = Database(empty_url)
    if database.file is not None:
        database.file.touch()
    with database.transaction(writes=True) as connection:
        upgrade(connection, "0006")
        connection.execute(insert(recoveries), as_an_older_program_stores(*stored))
        owner = {"workspace": "W", "person_id": "U1"}
        rows = [{**owner, "case_number": one.case_number, "due": promised_by(one)} for one in stored]
        connection.execute(insert(recovery_owners), rows)
        connection.commit()
    database.migrate()
    whole = select(*(recoveries.c[name] for name in ("case_number", *NEW_COLUMNS)))
    with database.transaction(writes=False) as connection:
        rows_now = {row.case_number: row for row in connection.execute(whole)}
        theirs = {row.case_number: row.due for row in connection.execute(select(recovery_owners))}
    first = seen(
        database, lambda work: work.board.most_urgent([HERE], ["customer"], EVERYTHING, EVERYWHERE, 3)
    )
    assert [row.number for row in first] == [10, 5, 11]
    database.close()
    found = {number: (row.keeper, row.rests) for number, row in rows_now.items()}
    days = {number: row.next_due for number, row in rows_now.items()}
    assert (
        days
        == theirs
        == {one.case_number: next_due(one) for one in stored if not one.cancelled} | {7: None}
    )
    assert {number: said for number, said in found.items() if said != (None, False)} == {
        1: ("U1", False),
        2: ("U2", False),
        3: (None, True),
        1200: (None, True),
    }
    assert found == {
        recovery.case_number: (row["keeper"], row["rests"])
        for recovery in stored
        for row in [Recoveries(cast(Any, None), "W").row(recovery)]
    }


@pytest.mark.parametrize("source", ["customer", "resting"])
def test_what_an_older_program_adds_counts_as_waiting(database: Database, source: Source) -> None:
    with database.transaction(writes=True) as connection:
        connection.execute(insert(recoveries), as_an_older_program_stores(a_recovery(1)))
        connection.commit()
    assert urgent(database, source) == ([1] if source == "customer" else [])


def test_what_an_older_program_adds_comes_last_until_this_one_stores_it(database: Database) -> None:
    overdue = a_recovery(1, apologise_by=on(-5))
    store(database, "recoveries", a_recovery(2, apologise_by=on(5)))
    with database.transaction(writes=True) as connection:
        connection.execute(insert(recoveries), as_an_older_program_stores(overdue))
        connection.commit()
    assert urgent(database, "customer") == [2, 1]
    saved(database, lambda work: work.recoveries.save(overdue))
    assert urgent(database, "customer") == [1, 2]
