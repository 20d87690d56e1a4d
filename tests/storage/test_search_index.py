"""What people find: by any of the words that are searched, and by nothing else."""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from sqlite3 import connect
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, literal_column, select, text

from bot.domain.action_item import Moved
from bot.domain.case import Case, CaseChange
from bot.domain.recovery import Recovery
from bot.domain.recovery_step import Step
from bot.domain.retro import Answer
from bot.domain.search import asked_for
from bot.ports import ReadOnlyWork, UnitOfWork
from storage.database import Database
from storage.migrations.run import upgrade
from storage.search_index import METADATA, search_unnamed
from storage.tables import Row
from tests.session import open_work
from tests.storage.made import AT, a_case, a_retro, an_answer, an_item, saved, seen
from tests.storage.test_plans import plans_of


def test_a_case_is_found_by_every_kind_of_its_words(database: Database) -> None:
    saved(database, _a_whole_case)
    for words in (
        "parcel", "zd 4711", "ólafsdóttir", "checklist", "audited", "stranded", "umbrella", "whisper",
        "PARCEL missed", "Olafsdottir", "check", "parcel umbrella",
    ):  # fmt: skip
        assert _found(database, words) == [1], words
    for words in ("Uma", "U7", "arcel", "parcel nothing", "", "  ", "'", "W", "P1"):
        assert _found(database, words) == [], words


def test_nothing_is_found_in_another_workspace_or_channel(database: Database) -> None:
    saved(database, _a_whole_case)
    saved(database, lambda work: work.cases.add(a_case(channel_id="P2", what_happened="Parcel lost")))
    saved(database, lambda work: work.cases.add(a_case(what_happened="Parcel lost")), "V")
    assert _found(database, "parcel") == [1]
    assert _found(database, "parcel", ("P2",)) == [2]
    assert set(_found(database, "parcel", ("P1", "P2", "P3"))) == {1, 2}
    assert _found(database, "parcel", ()) == []
    assert _found(database, "whisper", ("P2",)) == []
    for workspace, expected in (("V", [1]), ("U", [])):
        assert _found(database, "parcel", workspace=workspace) == expected
        assert _found(database, "whisper", workspace=workspace) == []


CHANGES: dict[str, tuple[Callable[[UnitOfWork], object], str, str]] = {
    "an edited case": (
        lambda work: work.cases.save(_case(work).model_copy(update={"what_happened": "Box bent"})),
        "parcel",
        "box bent",
    ),
    "a forgotten customer": (
        lambda work: work.cases.save(_case(work).model_copy(update={"customer": None})),
        "ólafsdóttir",
        "parcel",
    ),
    "a cancelled case": (
        lambda work: work.cases.save(
            _case(work).model_copy(
                update={"history": (CaseChange(step="cancel", by="U1", at=AT, why="Wrong"),)}
            )
        ),
        "whisper",
        "",
    ),
    "an edited item": (
        lambda work: work.action_items.save(_item(work).model_copy(update={"what": "A new poster"})),
        "checklist",
        "poster",
    ),
    "an item done": (
        lambda work: work.action_items.save(
            _item(work).model_copy(
                update={"history": (Moved(step="done", by="U1", at=AT, words="Poster hangs"),)}
            )
        ),
        "audited",
        "hangs",
    ),
    "an edited answer": (
        lambda work: work.retros.save_answer(_answer(work, "a1").model_copy(update={"text": "Snow"})),
        "umbrella",
        "snow",
    ),
    "an answer taken back": (
        lambda work: work.retros.drop_answer(_answer(work, "a1")),
        "umbrella",
        "whisper",
    ),
    "an unnamed answer withdrawn": (
        lambda work: work.retros.drop_answer(_answer(work, "a2")),
        "whisper",
        "umbrella",
    ),
    "an unnamed answer scrubbed": (
        lambda work: work.retros.save_answer(_answer(work, "a2").model_copy(update={"text": "Hush"})),
        "whisper",
        "hush",
    ),
    "the customer's words removed": (
        lambda work: work.recoveries.save(
            work.recoveries.among([1])[1].model_copy(update={"steps": (Step(name="hear"),)})
        ),
        "stranded",
        "parcel",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_gone_is_found_no_more_and_what_is_new_at_once(database: Database, name: str) -> None:
    saved(database, _a_whole_case)
    change, gone, new = CHANGES[name]
    assert _found(database, gone) == [1]
    saved(database, change)
    assert _found(database, gone) == []
    assert _found(database, new) == ([1] if new else [])


def test_what_was_rolled_back_is_found_as_before(database: Database) -> None:
    saved(database, _a_whole_case)
    change, before, after = CHANGES["an edited case"]
    with open_work(database, "W", writes=True) as work:
        change(work)
    assert _found(database, before) == [1]
    assert _found(database, after) == []


def test_moved_answers_are_found_with_the_case_that_has_them_now(database: Database) -> None:
    saved(database, _a_whole_case)
    saved(database, lambda work: (work.cases.add(a_case()), work.retros.add(a_retro(2))))
    saved(database, lambda work: work.retros.move(1, 2))
    assert _found(database, "umbrella") == [2]
    assert _found(database, "whisper") == [2]


def test_those_that_say_it_more_to_the_point_come_first(database: Database) -> None:
    for what in ("Courier late", "Invoice wrong", "Courier courier"):
        case = a_case(what_happened=what)
        saved(database, partial(_add_case, case))
    saved(database, lambda work: work.retros.add(a_retro(2)))
    long = "Somebody said that a courier came, and then a great deal more about it all. " * 5
    saved(database, lambda work: work.retros.add_answer(_named("a1", 2, long)))
    assert _found(database, "courier") == [3, 1, 2]
    assert _found(database, "courier", limit=1) == [3]


def test_any_word_will_do_where_that_is_asked(database: Database) -> None:
    saved(database, _a_whole_case)
    with open_work(database, "W", writes=False) as work:
        asked = asked_for("parcel elephant", any=True)
        assert work.search.find(asked, {"P1"}, 5) == [1]
        assert work.search.find(asked_for("whisper elephant", any=True), {"P1"}, 5) == [1]
        assert work.search.find(asked_for("tiger elephant", any=True), {"P1"}, 5) == []


@pytest.mark.parametrize(
    ("written", "other"),
    [("दिल", "दाल"), ("กิน", "กัน"), ("மீன்", "மான்"), ("কিনা", "কেনা")],
    ids=["Hindi", "Thai", "Tamil", "Bengali"],
)
def test_words_that_differ_by_a_vowel_sign_alone_are_not_the_same(
    database: Database, written: str, other: str
) -> None:
    saved(database, lambda work: work.cases.add(a_case(what_happened=written)))
    assert _found(database, written) == [1]
    assert _found(database, other) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=80), typed=st.text(max_size=400))
def test_no_text_whatever_is_a_fault_and_what_was_written_is_found_by_its_own_words(
    database: Database, words: str, typed: str
) -> None:
    storable = words.replace("\0", "").encode(errors="ignore").decode()
    with open_work(database, "W", writes=True) as work:
        case = work.cases.add(a_case(what_happened=storable or "-"))
        work.flush()
        work.search.find(asked_for(typed), {"P1"}, 5)
        asked = asked_for(storable)
        found = work.search.find(asked, {"P1"}, 5)
    assert found == ([case.number] if asked.words else []), asked


@pytest.mark.parametrize(
    "typed",
    [
        '"',
        "'",
        "a OR b",
        "NEAR(a b)",
        "scope : x",
        "a* -b ^c",
        "(((",
        "a & ! b:*",
        "\\",
        "x" * 9_000,
        "a " * 9_000,
    ],
)
def test_operators_and_quotes_are_only_signs(database: Database, typed: str) -> None:
    assert _found(database, typed) == []


async def test_what_an_older_program_writes_is_made_up_for_by_upkeep_and_not_by_people(
    database: Database,
) -> None:
    saved(database, _a_whole_case)
    for number in range(50):
        saved(database, partial(_add_case, a_case(what_happened=f"Case {number}")))
    with database.transaction(writes=True) as connection:
        connection.execute(text("UPDATE cases SET what_happened = 'Meadow'"))
        connection.execute(text("UPDATE answers SET text = 'Meadow' WHERE id = 'a2'"))
        connection.commit()
    saved(database, partial(_add_case, a_case(what_happened="Brook")))
    assert _found(database, "brook") == [52]
    assert _found(database, "meadow") == []
    batches = 0
    while await database.write_queue(lambda queue: queue.index_words()):
        batches += 1
    assert batches > 1
    assert len(_found(database, "meadow", limit=100)) == 51
    for words in ("parcel", "whisper"):
        assert _found(database, words) == []
    assert not await database.write_queue(lambda queue: queue.index_words())


async def test_two_who_write_of_one_case_at_once_are_both_found(database: Database) -> None:
    saved(database, _a_whole_case)
    answers = [_named(f"b{number}", 1, f"Brook{number}") for number in range(12)]
    await asyncio.gather(*(database.write("W", partial(_add_answer, answer)) for answer in answers))
    for number in range(12):
        assert _found(database, f"brook{number}") == [1]


def test_an_older_database_is_filled_when_it_is_upgraded(empty_url: str) -> None:
    database = Database(empty_url)
    if database.file is not None:
        database.file.touch()
    with database.transaction(writes=True) as connection:
        upgrade(connection, "0006")
        for number in range(1, 451):
            connection.execute(
                text(
                    "INSERT INTO cases (workspace, number, place, what_happened, happened_by_day, "
                    "failed_at, state, version) "
                    "VALUES ('W', :number, 'P1', :words, false, '2026-03-02', 'failed', 1)"
                ),
                {"number": number, "words": f"Meadow m{number}"},
            )
        connection.commit()
    database.migrate()
    assert _found(database, "m450") == [450]
    assert len(_found(database, "meadow", limit=1000)) == 450
    with database.transaction(writes=False) as connection:
        assert connection.execute(text("SELECT count(*) FROM search_stale")).scalar_one() == 0
    database.close()


def test_nothing_in_the_index_tells_in_which_order_unnamed_answers_came(database: Database) -> None:
    """Whatever order they come in, the stored rows are the same; and full text never has their words."""
    stored = []
    for workspace, order in (("W", (0, 1, 2)), ("W2", (2, 0, 1))):
        saved(database, lambda work: (work.cases.add(a_case()), work.retros.add(a_retro())), workspace)
        for place in order:
            answer = an_answer(
                f"{place}{workspace}", text=("Zebra walks", "Ant walks", "Moose ran")[place]
            )
            saved(database, partial(_add_answer, answer), workspace)
        with database.transaction(writes=False) as connection:
            unnamed = select(search_unnamed).where(search_unnamed.c.workspace == workspace)
            if database.file is None:
                columns = ("ctid", "xmin")
                written: list[ColumnElement[str]] = [
                    literal_column(f"{name}::text").label(name) for name in columns
                ]
                rows = list(connection.execute(unnamed.add_columns(*written)).all())
                assert len({row.xmin for row in rows}) == 1
                rows = sorted(rows, key=lambda row: tuple(map(int, re.findall(r"\d+", row.ctid))))
                index = connection.execute(text("SELECT words::text FROM search_index")).all()
            else:
                rows = list(connection.execute(unnamed).all())
                index = connection.execute(text("SELECT * FROM search_words")).all()
        stored.append([(row.word, row.case_number) for row in rows])
        assert "zebra" not in str(index)
    assert stored[0] == stored[1]
    assert [word for word, _ in stored[0]] == ["ant", "moose", "ran", "walks", "zebra"]
    if database.file is not None:
        assert b"zebra" not in _segments(database)


def _segments(database: Database) -> bytes:
    """All that SQLite's full text keeps, its outdated parts as well."""
    with database.transaction(writes=False) as connection:
        rows = connection.execute(text("SELECT block FROM search_words_data")).scalars()
        return b"".join(bytes(block) for block in rows)


def test_a_question_is_answered_by_the_index_alone(database: Database) -> None:
    with database.transaction(writes=False) as connection:
        if database.file is None:
            connection.exec_driver_sql("SET enable_seqscan = off")
        asked = asked_for("parcel umbrella")
        plans = plans_of(connection, lambda work: work.search.find(asked, {"P1", "P2"}, 5))
    words, unnamed = plans[-2:]
    if database.file is None:
        assert "Seq Scan" not in words + unnamed
        assert '"Disabled": true' not in words + unnamed
        assert re.search(r"search_words|pk_search_index", words), words
        assert re.search(r"pk_search_unnamed|search_unnamed_of_case", unnamed), unnamed
        return
    # The letter says that the index of words is asked, and "=" or ">" that of its rows only some are.
    assert len(re.findall(r"SCAN search_words VIRTUAL TABLE INDEX \d+:[^M]*M", words)) == 2, words
    assert (
        unnamed.count("SEARCH search_unnamed USING PRIMARY KEY (workspace=? AND channel_id=? AND word>?")
        == 2
    )


def test_a_vacuum_a_check_and_a_backup_leave_everything_to_be_found(
    sqlite: Database, tmp_path: Any
) -> None:
    saved(sqlite, _a_whole_case)
    saved(sqlite, CHANGES["an edited case"][0])
    with closing(connect(str(sqlite.file), isolation_level=None)) as file:
        file.execute("VACUUM")
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        file.execute("INSERT INTO search_words (search_words) VALUES ('integrity-check')")
    assert _found(sqlite, "box") == [1]
    saved(sqlite, CHANGES["an edited item"][0])
    assert _found(sqlite, "poster") == [1]
    copy = tmp_path / "copy.db"
    sqlite.back_up(copy)
    restored = Database(f"sqlite:///{copy}")
    restored.prepare()
    assert _found(restored, "poster") == [1]
    assert _found(restored, "whisper") == [1]
    restored.close()


def test_the_derived_tables_are_known_to_nobody_else(database: Database) -> None:
    assert not set(METADATA.tables) & set(Row.metadata.tables)


def _add_case(case: Case, work: UnitOfWork) -> None:
    work.cases.add(case)


def _add_answer(answer: Answer, work: UnitOfWork) -> None:
    work.retros.add_answer(answer)


def _a_whole_case(work: UnitOfWork) -> None:
    work.cases.add(
        a_case(what_happened="Parcel missed twice", reference="ZD-4711", customer="Ms. Ólafsdóttir")
    )
    work.retros.add(a_retro())
    work.retros.add_answer(_named("a1", 1, "An umbrella helps"))
    work.retros.add_answer(an_answer("a2", text="I could only whisper"))
    done = Moved(step="done", by="U7", at=AT, words="It is audited")
    work.action_items.add(an_item(what="Checklist for drivers", history=(done,)))
    heard = Step(name="hear", state="done", by="U7", at=AT, words="We were stranded")
    work.recoveries.add(
        Recovery(
            case_number=1, channel_id="P1", contact="U7", failed_at=AT, begun_at=AT, aim=0,
            apologise_by=AT.date(), steps=(heard,), touched_at=AT,
        )
    )  # fmt: skip


def _named(answer: str, number: int, words: str) -> Any:
    return an_answer(
        answer, case_number=number, text=words, author="Uma", posted_at=AT + timedelta(hours=1)
    )


def _case(work: ReadOnlyWork) -> Any:
    return work.cases.require(1)


def _item(work: ReadOnlyWork) -> Any:
    return work.action_items.among([1])[1]


def _answer(work: ReadOnlyWork, answer: str) -> Any:
    return work.retros.answer(answer)


def _found(
    database: Database,
    words: str,
    channels: Sequence[str] = ("P1",),
    *,
    workspace: str = "W",
    limit: int = 10,
) -> list[int]:
    asked = asked_for(words)
    return list(seen(database, lambda work: work.search.find(asked, channels, limit), workspace))


def test_of_what_was_wiped_or_backed_up_no_word_stays_in_the_file(
    sqlite: Database, tmp_path: Any
) -> None:
    saved(sqlite, _a_whole_case)
    saved(sqlite, CHANGES["an answer taken back"][0])
    assert b"umbrella" in _segments(sqlite)
    copy = tmp_path / "copy.db"
    sqlite.back_up(copy)
    assert b"umbrella" not in copy.read_bytes().lower()
    saved(sqlite, lambda work: work.search.wipe())
    assert b"umbrella" not in _segments(sqlite)
    assert _found(sqlite, "whisper") == [1]


def test_a_row_that_cannot_be_read_keeps_nobody_from_writing_or_migrating(database: Database) -> None:
    saved(database, _a_whole_case)
    saved(database, partial(_add_case, a_case(what_happened="Meadow")))
    with database.transaction(writes=True) as connection:
        connection.execute(
            text("UPDATE cases SET what_happened = 'Brook', state = 'odd' WHERE number = 1")
        )
        connection.execute(text("UPDATE cases SET what_happened = 'Brook' WHERE number = 2"))
        connection.commit()
    database.migrate()
    assert _found(database, "brook") == [2]
    assert _found(database, "parcel") == []
