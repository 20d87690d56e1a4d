"""The index of words: what `bot/domain/search.py` says is searched, kept with what it is of.

Triggers mark each case whose words change, whoever changes them; whoever ends a transaction of this
program indexes the cases that it marked. What an older program beside this leaves, which only makes
marks, or somebody who changes rows by hand, upkeep makes up for batch by batch, and `migrate` at once.

One row of the index holds a case: its words by field, folded in Python so that both databases agree, and
one word that stands for its channel, so that every question is of one workspace and some channels.

Words of unnamed answers stand apart, in a plain table that is sorted by the words. SQLite's full text is
written in segments, the newest last, and PostgreSQL's rows lie in the order they came: both would tell
which words of a case came last. All of a case's are put in anew when any changes.

These tables are no part of `Row.metadata`: what they hold follows from the others.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    delete,
    insert,
    intersect,
    literal_column,
    select,
    text,
    union,
)

from bot.domain.search import FIELDS, Asked, Field, Text, is_prefix, texts_by_case, words_of
from storage import upsert
from storage.repositories.action_item import ActionItems
from storage.repositories.case import Cases
from storage.repositories.recovery import Recoveries
from storage.repositories.retro import Retros
from storage.row import Values
from storage.statement import Statement
from storage.tables import cases, jobs, sent_messages

WEIGHTS: dict[Field, float] = {"case": 4.0, "item": 3.0, "customer": 2.0, "answer": 2.0}
"""How much more a word says in one field than in another."""
MAX_OWN = 500
"""Of its own newest marks a transaction makes up for so many at its end, and upkeep for the rest."""
BATCH_SIZE = 20
"""Marks of others that are made up for in one transaction, so that nobody waits for it."""
MAX_RANKED = 2_000
"""Cases that are ranked, the newest that match: a word that is in all of them costs no more."""
MAX_POSITIONS = 20
"""Of one word in one field: PostgreSQL keeps 255 of each, and a word said oftener says no more."""
LAST_POSITION = 16_383
"""PostgreSQL's."""
LAST_SIGN = "\U0010ffff"
FUSED = 60
"""The constant of reciprocal rank fusion, as its authors chose it (Cormack and others, 2009)."""

METADATA = MetaData()
search_stale = Table(
    "search_stale",
    METADATA,
    Column("workspace", String, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("case_number", Integer),
)
search_index = Table(
    "search_index",
    METADATA,
    Column("workspace", String, primary_key=True),
    Column("case_number", Integer, primary_key=True),
    Column("id", BigInteger),
)
search_unnamed = Table(
    "search_unnamed",
    METADATA,
    Column("workspace", String, primary_key=True),
    Column("channel_id", String, primary_key=True),
    Column("word", String, primary_key=True),
    Column("case_number", Integer, primary_key=True),
)

IN_WORKSPACE = search_stale.c.workspace == bindparam("of")
NEWEST = Statement(
    select(search_stale.c.id)
    .where(IN_WORKSPACE)
    .order_by(search_stale.c.id.desc())
    .limit(literal_column("1"))
)
TAKE_AFTER = Statement(
    delete(search_stale)
    .where(IN_WORKSPACE, search_stale.c.id > bindparam("before"))
    .returning(search_stale.c.case_number)
)
"""On a file, whose one writer knows the newest mark from before its turn."""
_LATEST = (
    select(search_stale.c.id)
    .where(IN_WORKSPACE)
    .order_by(search_stale.c.id.desc())
    .limit(bindparam("limit"))
)
TAKE_OWN = Statement(
    delete(search_stale)
    .where(
        IN_WORKSPACE,
        search_stale.c.id.in_(_LATEST),
        literal_column("search_stale.xmin") == literal_column("pg_current_xact_id()::xid"),
    )
    .returning(search_stale.c.case_number)
)
"""On a server, which knows by which transaction a row was written."""
TAKE = Statement(
    delete(search_stale)
    # Whoever else takes some of them leaves the others to us, and nobody waits.
    .where(IN_WORKSPACE, search_stale.c.id.in_(_LATEST.with_for_update(skip_locked=True)))
    .returning(search_stale.c.case_number)
)
UNNAMED_OF = Statement(
    select(search_unnamed.c.word).where(
        search_unnamed.c.workspace == bindparam("of"), search_unnamed.c.case_number == bindparam("this")
    )
)
DROP_UNNAMED = Statement(
    delete(search_unnamed).where(
        search_unnamed.c.workspace == bindparam("of"), search_unnamed.c.case_number == bindparam("this")
    )
)
ADD_UNNAMED = Statement(insert(search_unnamed))

COLUMNS = ("workspace", "case_number", "channel_id", "scope", *(f"{field}_words" for field in FIELDS))
"""Of SQLite's full text; the first three are only kept with it."""
INDEXED = text(
    "SELECT workspace, case_number, channel_id, scope, case_words, item_words, customer_words, "
    "answer_words FROM search_words WHERE rowid = :id"
)
TAKE_OUT = text("DELETE FROM search_words WHERE rowid = :id")
PUT_IN = text(
    "INSERT INTO search_words (rowid, workspace, case_number, channel_id, scope, case_words, "
    "item_words, customer_words, answer_words) VALUES (:id, :workspace, :case_number, :channel_id, "
    ":scope, :case_words, :item_words, :customer_words, :answer_words)"
)
WIPE = text("INSERT INTO search_words (search_words) VALUES ('optimize')")
"""Puts all segments into one: what was taken out stands in the older ones until then."""
STORE = text(
    "UPDATE search_index SET words = CAST(:words AS tsvector) WHERE workspace = :workspace "
    "AND case_number = :case_number AND words IS DISTINCT FROM CAST(:words AS tsvector)"
)
MATCH_IN_FILE = text(
    "SELECT case_number FROM search_words WHERE search_words MATCH :match "
    "AND workspace = :workspace AND rowid >= coalesce((SELECT min(id) FROM (SELECT rowid AS id "
    "FROM search_words WHERE search_words MATCH :match ORDER BY rowid DESC LIMIT :ranked)), 0) "
    "AND rank MATCH :weights ORDER BY rank LIMIT :limit"
)
WEIGHTS_IN_FILE = f"bm25({', '.join(str(weight) for weight in (0.0, 0.0, 0.0, 0.0, *WEIGHTS.values()))})"
"""Of each of COLUMNS, in that order."""
MATCH_ON_SERVER = text(
    "SELECT case_number FROM (SELECT case_number, words FROM search_index WHERE workspace = :workspace "
    "AND words @@ CAST(:match AS tsquery) ORDER BY case_number DESC LIMIT :ranked) AS newest "
    "ORDER BY ts_rank(CAST(:weights AS float4[]), words, CAST(:ranked_by AS tsquery), 1) DESC, "
    "case_number DESC LIMIT :limit"
)
WEIGHTS_ON_SERVER = [weight / max(WEIGHTS.values()) for weight in reversed(WEIGHTS.values())]
"""From D to A, which stand for FIELDS from the last to the first; 1 is the most."""
MARKED_IN = text("SELECT workspace FROM search_stale LIMIT 1")


class Search:
    """repositories.Search over one transaction, and what keeps the index true."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace
        self._wipes = False
        self._before = 0

    def find(self, asked: Asked, channel_ids: Collection[str], limit: int) -> Sequence[int]:
        """repositories.ReadSearch.find."""
        if not asked.words or not channel_ids:
            return []
        named, unnamed = self._matching(asked, channel_ids, limit), self._unnamed(asked, channel_ids)
        scores: dict[int, float] = {}
        for ranked in (named, unnamed):
            for place, number in enumerate(ranked, 1):
                scores[number] = scores.get(number, 0.0) + 1 / (FUSED + place)
        return sorted(scores, key=lambda number: (-scores[number], -number))[:limit]

    def _matching(self, asked: Asked, channel_ids: Collection[str], limit: int) -> list[int]:
        """The cases that match by what is not unnamed, best first."""
        scopes = [_scope(self._workspace, channel_id) for channel_id in sorted(channel_ids)]
        values: Values = {"workspace": self._workspace, "limit": limit, "ranked": MAX_RANKED}
        if self._connection.dialect.name == "sqlite":
            every = " OR " if asked.any else " AND "
            words = every.join(f'"{word}"{"*" if is_prefix(word) else ""}' for word in asked.words)
            match = f"scope : ({_either(scopes, ' OR ')}) AND - scope : ({words})"
            values |= {"match": match, "weights": WEIGHTS_IN_FILE}
            rows = self._connection.execute(MATCH_IN_FILE, values)
        else:
            every = " | " if asked.any else " & "
            words = every.join(f"'{word}'{':*' if is_prefix(word) else ''}" for word in asked.words)
            match = f"({_either(scopes, ' | ', quote=chr(39))}) & ({words})"
            values |= {"match": match, "ranked_by": words, "weights": WEIGHTS_ON_SERVER}
            rows = self._connection.execute(MATCH_ON_SERVER, values)
        return [row.case_number for row in rows]

    def _unnamed(self, asked: Asked, channel_ids: Collection[str]) -> list[int]:
        """The cases that match by their unnamed answers alone, the newest first."""
        words = {f"from_{place}": word for place, word in enumerate(asked.words)}
        ends = {
            f"to_{place}": word + LAST_SIGN if is_prefix(word) else word
            for place, word in enumerate(asked.words)
        }
        values = {"workspace": self._workspace, "ranked": MAX_RANKED, "channels": sorted(channel_ids)}
        query = _of_unnamed(len(asked.words), any=asked.any)
        rows = self._connection.execute(query, {**values, **words, **ends})
        return [row.case_number for row in rows]

    def begin(self) -> None:
        """Notes which marks are others', so that a transaction pays for its own alone."""
        if self._connection.dialect.name == "sqlite":
            newest = NEWEST.first(self._connection, {"of": self._workspace})
            self._before = newest.id if newest is not None else 0

    def refresh(self, *, all: bool = False) -> None:
        """Indexes the cases whose words this transaction changed; `all`: those of others as well."""
        of: Values = {"of": self._workspace}
        if all:
            while self.catch_up(MAX_OWN):
                continue
        elif self._connection.dialect.name == "sqlite":
            self._index(TAKE_AFTER.all(self._connection, of | {"before": self._before}))
        else:
            self._index(TAKE_OWN.all(self._connection, of | {"limit": MAX_OWN}))
        if self._wipes and self._connection.dialect.name == "sqlite":
            self._connection.execute(WIPE)

    def catch_up(self, limit: int) -> bool:
        """Indexes the cases of at most so many marks, whoever made them; False when there are none."""
        marks = TAKE.all(self._connection, {"of": self._workspace, "limit": limit})
        self._index(marks)
        return bool(marks)

    def wipe(self) -> None:
        """repositories.Search.wipe; a server's own VACUUM does it there, as for every table."""
        self._wipes = True

    def _index(self, marks: Sequence[Any]) -> None:
        """Indexes the marked cases, in the order of their numbers, so that two of us cannot deadlock."""
        numbers = sorted({mark.case_number for mark in marks})
        if not numbers:
            return
        rows = {number: self._hold(number) for number in numbers}
        found = self._texts(numbers)
        for number, (id, is_new) in rows.items():
            channel_id, those = found.get(number, ("", []))
            named = [one for one in those if not one.unnamed]
            unnamed = [one for one in those if one.unnamed]
            self._store(number, id, channel_id, named, is_new=is_new)
            if unnamed or not is_new:
                self._store_unnamed(number, channel_id, unnamed)

    def _texts(self, numbers: Sequence[int]) -> dict[int, tuple[str, list[Text]]]:
        """What is searched of these cases, with the channel of each; nothing of one that is damaged."""
        try:
            return self._read(numbers)
        except ValidationError:
            # Whoever shows it will say so; here it must keep nobody from writing, nor from starting.
            return (
                {}
                if len(numbers) == 1
                else {n: t for one in numbers for n, t in self._texts([one]).items()}
            )

    def _read(self, numbers: Sequence[int]) -> dict[int, tuple[str, list[Text]]]:
        # Read anew, now that nobody else indexes them: what this transaction had read may be older.
        cases = Cases(self._connection, self._workspace).among(numbers)
        answers = Retros(self._connection, self._workspace).answers(*numbers)
        items = ActionItems(self._connection, self._workspace).of_case(*numbers)
        recoveries = Recoveries(self._connection, self._workspace).among(numbers)
        found = texts_by_case(cases, answers, items, recoveries)
        return {number: (cases[number].channel_id, those) for number, those in found.items()}

    def _hold(self, number: int) -> tuple[int, bool]:
        """The id of a case's row in the index, and whether it is new.

        Nobody else indexes the case until the transaction ends.
        """
        # By its number, so that the newest stand last, and nothing else can be told from it.
        new = {
            "workspace": self._workspace,
            "case_number": number,
            "id": number << 31 | secrets.randbits(31),
        }
        [row] = _holding(self._connection.dialect.name).all(self._connection, new)
        return int(row.id), row.id == new["id"]

    def _store(
        self, number: int, id: int, channel_id: str, found: Sequence[Text], *, is_new: bool
    ) -> None:
        by_field = {field: words_of(one for one in found if one.field == field) for field in FIELDS}
        row = {"workspace": self._workspace, "case_number": number}
        scope = _scope(self._workspace, channel_id)
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(STORE, row | {"words": _vector(scope, by_field) if found else None})
            return
        more = {f"{field}_words": " ".join(words) for field, words in by_field.items()}
        row |= {"channel_id": channel_id, "scope": scope, **more}
        before = None if is_new else self._connection.execute(INDEXED, {"id": id}).one_or_none()
        after = tuple(row[column] for column in COLUMNS) if found else None
        if after == (tuple(before) if before is not None else None):
            return
        if before is not None:
            self._connection.execute(TAKE_OUT, {"id": id})
        if found:
            self._connection.execute(PUT_IN, row | {"id": id})

    def _store_unnamed(self, number: int, channel_id: str, found: Sequence[Text]) -> None:
        this = {"of": self._workspace, "this": number}
        before = {row.word for row in UNNAMED_OF.all(self._connection, this)}
        after = set(words_of(found))
        if before == after:
            return
        DROP_UNNAMED.run(self._connection, this)
        row = {"workspace": self._workspace, "channel_id": channel_id, "case_number": number}
        ADD_UNNAMED.run_each(self._connection, [{**row, "word": word} for word in sorted(after)])


def catch_up(connection: Connection, limit: int = BATCH_SIZE) -> bool:
    """Indexes a batch of what is marked, of one workspace; False when nothing is in any."""
    workspace = connection.execute(MARKED_IN).scalar_one_or_none()
    return workspace is not None and Search(connection, workspace).catch_up(limit)


def index_where_said_first(connection: Connection, job_name: str) -> None:
    """Indexes a new copy where words are looked for: in channels owed a first message of this name."""
    known = select(sent_messages.c.key).where(
        sent_messages.c.workspace == jobs.c.workspace, sent_messages.c.key == jobs.c.key
    )
    looked_for = (
        select(cases.c.number)
        .join(jobs, (jobs.c.workspace == cases.c.workspace) & (jobs.c.channel_id == cases.c.channel_id))
        .where(
            cases.c.workspace == search_stale.c.workspace,
            cases.c.number == search_stale.c.case_number,
            jobs.c.name == job_name,
            jobs.c.state == "waiting",
            ~known.exists(),
        )
    )
    connection.execute(delete(search_stale).where(~looked_for.exists()))
    while catch_up(connection, MAX_OWN):
        continue


def _scope(workspace: str, channel_id: str) -> str:
    """The word that stands for a channel in the index; no two channels have the same."""
    return hashlib.blake2s(f"{workspace}\0{channel_id}".encode(), digest_size=16).hexdigest()


def _either(words: Iterable[str], between: str, quote: str = '"') -> str:
    return between.join(f"{quote}{word}{quote}" for word in words)


def _vector(scope: str, by_field: dict[Field, list[str]]) -> str:
    """The words of a case as a tsvector is written: each with its places and its field's weight."""
    places: dict[str, list[str]] = {}
    position = 0
    for weight, words in zip("ABCD", by_field.values(), strict=True):
        here: dict[str, int] = {}
        for word in words:
            position += 1
            here[word] = here.get(word, 0) + 1
            if here[word] <= MAX_POSITIONS:
                places.setdefault(word, []).append(f"{min(position, LAST_POSITION)}{weight}")
    return " ".join([f"'{scope}'", *(f"'{word}':{','.join(at)}" for word, at in places.items())])


@cache
def _holding(dialect: str) -> Statement:
    statement = upsert.insert(dialect, search_index)
    held = statement.on_conflict_do_update(
        index_elements=["workspace", "case_number"], set_={"id": search_index.c.id}
    )
    return Statement(held.returning(search_index.c.id))


@cache
def _of_unnamed(words: int, *, any: bool) -> Select[Any]:
    """The query for the cases whose unnamed answers have all of so many words, or any."""
    # The sum keeps SQLite from choosing the index by numbers, for their order, over the words.
    number = (search_unnamed.c.case_number + literal_column("0")).label("case_number")
    each = [
        select(number).where(
            search_unnamed.c.workspace == bindparam("workspace"),
            search_unnamed.c.channel_id.in_(bindparam("channels", expanding=True)),
            search_unnamed.c.word.between(bindparam(f"from_{place}"), bindparam(f"to_{place}")),
        )
        for place in range(words)
    ]
    these = (union if any else intersect)(*each).subquery()
    newest = select(these.c.case_number).distinct().order_by(these.c.case_number.desc())
    return newest.limit(bindparam("ranked"))
