"""The questions people ask are look-ups in an index, however much is stored."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, get_args

import pytest
from sqlalchemy import Connection, event

from bot.domain.board import Source
from bot.domain.board_filter import EVERYTHING, Filters
from bot.domain.case_list import CaseList, Order, Place
from bot.domain.owner_day import day_everywhere
from bot.repositories import BoardTeam
from storage import tables
from storage.database import Database
from storage.jobs.channel_queue import free_queues, moments
from storage.jobs.queue import Past, Queue
from storage.jobs.stirred import OPEN
from storage.repositories.board import SOURCES
from storage.statement import Compiled, Statement
from storage.unit_of_work import UnitOfWork
from tests.storage.made import AT, a_case

DAY = timedelta(days=1)
DueWork = Callable[[UnitOfWork], object]


def listed(wanted: CaseList, work: UnitOfWork) -> object:
    """The first part of a list, and the next one."""
    first = work.cases.listed(wanted, None, 20)
    keys = {"failed": AT, "closes": AT.date(), "case": 900, "what": "x", "customer": "x"}
    keys |= {"retro": AT, "ended": 900, "team": AT}
    keys |= {"closes": AT} if wanted.state == "closed" else {}
    key = 900 if wanted.gap and wanted.order in ("failed", "case", "team") else keys[wanted.order]
    return first, work.cases.listed(wanted, Place(key=key, number=900), 20)


LOOKS: dict[str, DueWork] = {
    "action_items.owned_by": lambda work: work.action_items.owned_by("U7", 20),
    "action_items.owned_by in channels": lambda work: work.action_items.owned_by("U7", 20, ["P7", "P8"]),
    "action_items.owners_in": lambda work: work.action_items.owners_in(["P7", "P8"]),
    "action_items.open_in": lambda work: work.action_items.open_in("P7", 20),
    "action_items.of_case": lambda work: work.action_items.of_case(7),
    "action_items.fixes": lambda work: work.action_items.fixes(7, 8, 9),
    "action_items.get": lambda work: work.action_items.get(7),
    "action_items.to_act_on": lambda work: work.action_items.to_act_on("P7", date(2026, 3, 2), 20),
    "agenda.due": lambda work: work.scheduler.due(AT, 20),
    "readers.get": lambda work: work.preferences.get("U7"),
    "proposals.count_lapsed": lambda work: work.proposals.count_lapsed("P7", AT, AT + DAY),
    "proposals.of_case": lambda work: work.proposals.of_case(7),
    "proposals.of_customer": lambda work: (
        work.proposals.of_customer("Maria Santos", 20),
        work.proposals.cases_of_customer("Maria Santos"),
    ),
    "deliveries.of_customer": lambda work: work.deliveries.of_customer("Maria Santos", 20),
    "connections.troubles": lambda work: work.connections.troubles(),
    "reminders.of": lambda work: work.reminders.of(["AI-7"]),
    "reminders.in_message": lambda work: work.reminders.in_message("remind:U7:2026-03-02:0"),
    "reminders.in_messages": lambda work: work.reminders.in_messages(["remind:U7:2026-03-02:0"]),
    "retros.closed_in": lambda work: work.retros.closed_in("P7", AT, 20),
    "retros.answering": lambda work: work.retros.answering(["P7", "P8", "P9"], date(2026, 3, 2), 20),
    "retros.answered_by": lambda work: work.retros.answered_by("U7", [7, 8, 9]),
    "retros.open_in": lambda work: work.retros.open_in("P7", 20),
    "retros.get": lambda work: work.retros.get(7),
    "retros.counts": lambda work: work.retros.counts(7, date(2026, 3, 2)),
    "retros.answers": lambda work: work.retros.answers(7),
    "retros.comments": lambda work: work.retros.comments(7),
    "retros.withdrawn": lambda work: (work.retros.withdrawn("a7"), work.retros.withdrawn_of(7)),
    "of several cases": lambda work: (
        work.retros.answers(7, 8, 9),
        work.retros.comments(7, 8, 9),
        work.action_items.of_case(7, 8, 9),
    ),
    "recoveries.get": lambda work: work.recoveries.get(7),
    "recoveries.owed_by": lambda work: work.recoveries.owed_by("U7", 20),
    "recoveries.owed_by in channels": lambda work: work.recoveries.owed_by("U7", 20, ["P7", "P8"]),
    "recoveries.open_in": lambda work: work.recoveries.open_in("P7", 20),
    "recoveries.enough_in": lambda work: work.recoveries.enough_in("P7", 20),
    "recoveries.tally": lambda work: work.recoveries.tally("P7"),
    "cases.get": lambda work: work.cases.get(7),
    "cases.failed_since": lambda work: work.cases.failed_since("P7", AT, 20),
    "cases.failures": lambda work: work.cases.failures("P7", AT, 20),
    "cases.failures_in": lambda work: work.cases.failures_in(["P7", "P8"], AT, 20),
    "teams.nearest": lambda work: work.teams.nearest("U7", 20),
    **{
        f"cases.listed {wanted.order} {wanted.highest_first} {wanted.state} {wanted.gap}": partial(
            listed, wanted
        )
        for wanted in (
            CaseList(
                channels=("P7", "P8"), since=AT, order=order, highest_first=highest_first, **narrowed
            )
            for order in get_args(Order)
            for highest_first in (True, False)
            for narrowed in (
                {},
                {"state": "open"},
                {"state": "closed"},
                {"gap": "training"},
                {"gap": "training", "state": "open"},
            )
        )
    },
    "sign_ins": lambda work: work.sign_ins.get("d7"),
    "cases.of_customer": lambda work: work.cases.of_customer("Maria Santos"),
    "cases.doubles_of": lambda work: work.cases.doubles_of(a_case(number=7)),
    "cases.by_reference": lambda work: work.cases.by_reference("P7", "ZD-7"),
    "said.of_earlier": lambda work: work.sent_messages.of_earlier("P7"),
    "said.key_of": lambda work: work.sent_messages.key_of("P7", "7"),
    "jobs.owed": lambda work: work.jobs.owed({"retro:7"}),
    "said.starting": lambda work: (
        work.sent_messages.starting("backlog:P7:", "P7"),
        work.sent_messages.starting("not_recovered:7:"),
    ),
    "posts.roots": lambda work: work.posts.roots("P7", 20, before=900),
    "posts.newest": lambda work: work.posts.newest(),
    "posts.thread": lambda work: (work.posts.thread(7), work.posts.thread(7, 20, before=900)),
    "posts.by_key": lambda work: work.posts.by_key("k"),
    "places.named": lambda work: work.channels.named("support"),
    "places.direct_with": lambda work: work.channels.direct_with("aad_object_id", "7"),
}
TEAMS = [BoardTeam(f"P{number}", "UTC", date(2026, 3, 2), since=AT) for number in (7, 8, 9)]
EVERYWHERE = day_everywhere(AT)
FILTERED = Filters(
    owner="U7", gap="training", since=TEAMS[0].today, words=frozenset({"late", "unowned"})
)


def _look_at_board(sources: Sequence[Source], filters: Filters) -> DueWork:
    return lambda work: (
        work.board.counts(TEAMS, sources, filters, EVERYWHERE),
        work.board.most_urgent(TEAMS, sources, filters, EVERYWHERE, 20),
    )


LOOKS["board"] = _look_at_board([*SOURCES], EVERYTHING)
for _source in SOURCES:
    LOOKS[f"board.{_source}"] = _look_at_board([_source], EVERYTHING)
    LOOKS[f"board.{_source}, filtered"] = _look_at_board([_source], FILTERED)
LOCKING = ("agenda.due",)
"""What it finds it also locks, so it is no reading transaction's."""
TABLES = "|".join(tables.Row.metadata.tables)


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_up_never_reads_a_whole_table(database: Database, name: str) -> None:
    with database.transaction(writes=name in LOCKING) as connection:
        if connection.dialect.name == "postgresql":
            # An empty table is cheapest read whole. So both are forbidden: PostgreSQL then says
            # "Disabled" where it sees no other way.
            for way in ("seqscan", "sort"):
                connection.exec_driver_sql(f"SET enable_{way} = off")
        plans = plans_of(connection, LOOKS[name])
    assert plans
    for plan in plans:
        assert not re.search(rf"SCAN ({TABLES})|TEMP B-TREE|\"Disabled\": true", plan), plan


@pytest.mark.parametrize(
    ("of", "day"),
    [(of, day) for of in OPEN for day in (date.min, None) if day or of != "place's retros"],
)
def test_what_new_hours_concern_is_found_in_an_index(
    database: Database, of: str, day: date | None
) -> None:
    with database.transaction(writes=True) as connection:
        if connection.dialect.name == "postgresql":
            for way in ("seqscan", "sort", "bitmapscan"):
                connection.exec_driver_sql(f"SET enable_{way} = off")
        mark = {"workspace": "W", "of": of, "whose": "U1", "day": day, "number": 7}
        connection.execute(tables.stirred.insert(), mark)
        plans = plans_of(connection, lambda work: work.scheduler.stir(20))
    assert len(plans) == 2
    for plan in plans:
        assert not re.search(rf"SCAN ({TABLES})|TEMP B-TREE|\"Disabled\": true", plan), plan
    in_order = r"number>|case>|due,\w+\)>|answers_close_on,case\)>|Index Cond.*ROW|Index Cond.* > 7"
    assert re.search(in_order, plans[1]), plans[1]


def test_whether_any_customer_is_due_to_be_forgotten_is_a_look_into_indexes(database: Database) -> None:
    with database.transaction(writes=False) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        queue = Queue(connection, Past())
        plans = plans_of(connection, lambda _: (queue.overdue(DAY), queue.old_tests(DAY, 20)))
    for index in ("cases_to_forget", "proposals_to_forget", "deliveries_to_drop"):
        assert [plan for plan in plans if index in plan], index


def test_a_tally_reads_nothing_but_an_index(sqlite: Database) -> None:
    with sqlite.transaction(writes=False) as connection:
        (plan,) = plans_of(connection, LOOKS["recoveries.tally"])
    assert plan.count("SEARCH recoveries USING COVERING INDEX") == 3


def test_proposed_cases_that_wait_are_found_in_an_index_of_their_own(sqlite: Database) -> None:
    with sqlite.transaction(writes=False) as connection:
        plans = plans_of(connection, LOOKS["board.proposed"])
    assert len(plans) == 2
    for plan in plans:
        assert "INDEX proposals_urgent (workspace=? AND channel_id=?" in plan, plan


@pytest.mark.parametrize(
    "source", ["late", "agreed", "undated", "undecided", "answering", "promise", "promised", "customer"]
)
def test_what_is_of_another_source_is_not_read_to_find_it(sqlite: Database, source: Source) -> None:
    """A plan that passes by all the others grows with them."""
    with sqlite.transaction(writes=False) as connection:
        plans = plans_of(connection, LOOKS[f"board.{source}"])
    assert len(plans) == 2
    for plan in plans:
        assert re.search(r"\(workspace=\? AND place=\? AND .*(due[<=>]|rests=|close_on[<>])", plan), plan


@pytest.mark.parametrize("source", ["late", "agreed", "unaccepted", "unverified"])
@pytest.mark.parametrize("filters", [Filters(owner="U7"), Filters(gap="training")])
def test_what_is_somebodys_or_of_a_gap_is_found_by_an_index_of_that(
    sqlite: Database, source: Source, filters: Filters
) -> None:
    by = "owner" if filters.owner else "gap"
    with sqlite.transaction(writes=False) as connection:
        plans = plans_of(connection, _look_at_board([source], filters))
    for plan in plans:
        index = rf"action_items_open_by_{by} \(workspace=\? AND place=\? AND {by}=\? AND state=\?"
        assert re.search(index, plan), plan


@pytest.mark.parametrize("source", ["undecided", "promised", "customer"])
def test_whether_a_case_has_an_item_of_a_gap_is_one_look_up(sqlite: Database, source: Source) -> None:
    with sqlite.transaction(writes=False) as connection:
        plans = plans_of(connection, _look_at_board([source], Filters(gap="training")))
    for plan in plans:
        assert "by_gap (workspace=? AND place=? AND gap=? AND case=?)" in plan, plan


def test_what_belongs_to_several_cases_is_looked_up_case_by_case(sqlite: Database) -> None:
    with sqlite.transaction(writes=False) as connection:
        plans = plans_of(connection, LOOKS["of several cases"])
    assert all("(workspace=? AND case=?)" in plan for plan in plans), plans


def test_a_claim_looks_queues_and_jobs_up(sqlite: Database) -> None:
    with sqlite.transaction(writes=False) as connection:

        def look(_: UnitOfWork) -> Any:
            return free_queues(None).all(connection, {"by": AT, "limit": 20, **moments(AT)})

        [plan] = plans_of(connection, look)
    assert "USING INDEX lanes_due" in plan
    assert "USING INDEX jobs_first" in plan
    assert "TEMP B-TREE" not in plan


def plans_of(connection: Connection, look: DueWork) -> list[str]:
    """How the database would run each statement of a look."""
    ran: list[tuple[str, Any]] = []

    def remember(_: Any, __: Any, statement: str, given: Any, *___: Any) -> None:
        ran.append((statement, given))

    def compiled(statement: Statement, connection: Connection, values: Mapping[str, Any]) -> Compiled:
        known = compile_(statement, connection, values)
        ran.append((known.words, known.bound(values)))
        return known

    # What it looks up as it begins is none of the look.
    work = UnitOfWork(connection, "W")
    compile_ = Statement.compiled
    event.listen(connection, "before_cursor_execute", remember)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Statement, "compiled", compiled)
        look(work)
    event.remove(connection, "before_cursor_execute", remember)
    return [_plan(connection, *one) for one in ran if one[0].startswith(("SELECT", "WITH"))]


def _plan(connection: Connection, statement: str, given: Any) -> str:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        return "\n".join(row.detail for row in rows)
    rows = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", given)
    plan: Any = rows.scalar_one()
    return plan if isinstance(plan, str) else json.dumps(plan)
