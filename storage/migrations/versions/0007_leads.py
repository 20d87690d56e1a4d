"""What leads ask for: pages, a board, prompts and a policy of a team's own, and items put right.

Who is let in to the pages by a link from chat, and the indexes of what they list. What needs somebody is
found by an index each: items by what they wait for, and the open ones of one owner or gap, retros that
are to be decided, customers to whom nothing is promised; and whose teams are near somebody. A promise
says who keeps it, and a recovery whether only the retro is waited for. A team's prompts and its kinds
of case, the kind of a case, and with each retro what it asks, for ever: retros that are there, and
those that the older program opens beside this one, ask what it always asked, which stands here as it
was and never follows `bot/prompts.py`. A team's days off, its own and public ones; its policy for its
fixes, and the small failures that it lets go without a retro: the older program asks their prompts all
the same. Of an item by whom its words were changed, when, and what they were before.

The older program runs on beside this: it does not know what is new, which has defaults, and leaves it as
it is; what it stores of a customer counts as waiting until this program stores it again. For finding
there is an index over words, and marks that say of which cases it is out of date; triggers set them,
whoever writes: see `storage/search_index.py`. What threads were told of earlier cases is found by an
index.
"""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LISTED = {
    "cases_listed": ("cases", ["workspace", "place", "failed_at", "number"]),
    "retros_listed": ("retros", ["workspace", "place", "state", "opened_at", "case"]),
    "action_items_by_gap": ("action_items", ["workspace", "place", "gap", "case"]),
    "cases_numbered": ("cases", ["workspace", "place", "number"]),
    "recoveries_listed": ("recoveries", ["workspace", "place", "outcome", "case"]),
}
SORTED = {
    "cases_by_what": ("what_happened", ""),
    "cases_by_name": ("customer", " WHERE customer IS NOT NULL"),
}
"""Cases by the first letters of their words, which are too long for an index; and which of them."""

ASKED_BEFORE = (
    {
        "key": "training",
        "label": "Training",
        "question": "What would we have needed to know or practise to handle this well?",
        "gap": "training",
    },
    {
        "key": "communication",
        "label": "Communication",
        "question": "What did people need to hear, from whom and when, that did not reach them?",
        "gap": "communication",
    },
    {
        "key": "after_hours",
        "label": "After-hours support",
        "question": "What help was needed outside working hours, and how easy was it to reach someone?",
        "gap": "after-hours support",
    },
    {"key": "else", "label": "Anything else"},
)

BATCH_SIZE = 500
ITEMS = {
    "action_items_agreed": "state = 'agreed' AND NOT cancelled",
    "action_items_unowned": "state = 'proposed' AND owner IS NULL AND NOT cancelled",
    "action_items_unaccepted": "state = 'proposed' AND owner IS NOT NULL AND NOT cancelled",
    "action_items_unverified": "state = 'done' AND NOT cancelled",
}

RETROS = {
    "retros_undecided": "state = 'open' AND NOT cancelled",
    "retros_unsettled": "unsettled_at IS NOT NULL AND NOT cancelled",
}

NEAR = {"teams_by_name": ["name"], "teams_of_lead": ["lead", "name"]}
OPEN = {"action_items_open_by_owner": "owner", "action_items_open_by_gap": "gap"}

OF_TEAM = ("days_off", "policy")


def upgrade() -> None:
    """Takes it in use."""
    _upgrade_item_edits()
    _upgrade_pages()
    _upgrade_prompts()
    _upgrade_board()
    _upgrade_policy()
    _upgrade_search()
    _upgrade_carried()


def downgrade() -> None:
    """Takes it back."""
    _downgrade_carried()
    _downgrade_search()
    _downgrade_policy()
    _downgrade_board()
    _downgrade_prompts()
    _downgrade_pages()
    _downgrade_item_edits()


def _upgrade_item_edits() -> None:
    op.add_column(
        "action_items", sa.Column("edits", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def _downgrade_item_edits() -> None:
    op.drop_column("action_items", "edits")


def _upgrade_carried() -> None:
    _index("said_of_earlier", "said", ("key",), "substr(key, 1, 8) = 'earlier:'")


def _downgrade_carried() -> None:
    op.drop_index("said_of_earlier", "said")


def _upgrade_policy() -> None:
    for name in OF_TEAM:
        op.add_column(
            "teams", sa.Column(name, sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
        )
    op.add_column(
        "retros", sa.Column("small", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )


def _downgrade_policy() -> None:
    op.drop_column("retros", "small")
    for name in reversed(OF_TEAM):
        op.drop_column("teams", name)


def _upgrade_pages() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "digest", name=op.f("pk_sign_ins")),
        sqlite_with_rowid=False,
    )
    op.create_index("sign_ins_to_drop", "sign_ins", ["workspace", "expires_at"])
    op.create_index("sign_ins_of_person", "sign_ins", ["workspace", "person_id"])
    for name, (table, columns) in LISTED.items():
        op.create_index(name, table, columns)
    for name, columns in NEAR.items():
        op.create_index(name, "teams", ["workspace", *columns, "place"])
    # By the code points, so that both databases, and this program, sort alike.
    by = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    for name, (words, where) in SORTED.items():
        letters = f"(lower(substr({words}, 1, 60)){by})" if by else f"lower(substr({words}, 1, 60))"
        op.execute(f"CREATE INDEX {name} ON cases (workspace, place, {letters}, number){where}")


def _downgrade_pages() -> None:
    for name in NEAR:
        op.drop_index(name, "teams")
    for name in SORTED:
        op.drop_index(name, "cases")
    for name, (table, _) in LISTED.items():
        op.drop_index(name, table)
    op.drop_table("sign_ins")


def _upgrade_prompts() -> None:
    op.add_column("teams", sa.Column("prompts", sa.JSON(), nullable=True))
    op.add_column("teams", sa.Column("kinds", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("cases", sa.Column("kind", sa.String(), nullable=True))
    before = json.dumps(ASKED_BEFORE)
    op.add_column("retros", sa.Column("prompts", sa.JSON(), nullable=False, server_default=before))


def _downgrade_prompts() -> None:
    op.drop_column("retros", "prompts")
    op.drop_column("cases", "kind")
    op.drop_column("teams", "kinds")
    op.drop_column("teams", "prompts")


def _upgrade_board() -> None:
    for name, where in ITEMS.items():
        _index(name, "action_items", ("due", "number"), where)
    for name, column in OPEN.items():
        _index(name, "action_items", (column, "state", "due", "number"), "active")
    for name, where in RETROS.items():
        _index(name, "retros", ("answers_close_on", "case"), where)
    op.add_column("recoveries", sa.Column("keeper", sa.String(), nullable=True))
    op.add_column(
        "recoveries",
        sa.Column("rests", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    _index(
        "recoveries_waiting",
        "recoveries",
        ("rests", "apologise_by", "case"),
        "outcome = '' AND due IS NULL",
    )
    _fill_recoveries()


def _downgrade_board() -> None:
    op.drop_index("recoveries_waiting", "recoveries")
    op.drop_column("recoveries", "rests")
    op.drop_column("recoveries", "keeper")
    for name in reversed(RETROS):
        op.drop_index(name, "retros")
    for name in reversed((*ITEMS, *OPEN)):
        op.drop_index(name, "action_items")


def _index(name: str, table: str, columns: tuple[str, ...], where: str) -> None:
    condition = sa.text(where)
    columns = ("workspace", "place", *columns)
    op.create_index(name, table, [*columns], sqlite_where=condition, postgresql_where=condition)


def _fill_recoveries() -> None:
    """Who keeps what is promised, and who waits only for the retro, of those without a verdict."""
    names = ("workspace", "case", "outcome", "contact", "due", "finished_at", "keeper")
    recoveries = sa.table(
        "recoveries",
        *(sa.column(name) for name in names),
        sa.column("steps", sa.JSON()),
        sa.column("rests", sa.Boolean()),
    )
    connection = op.get_bind()
    key = sa.tuple_(recoveries.c.workspace, recoveries.c.case)
    some = sa.select(recoveries).order_by(recoveries.c.workspace, recoveries.c.case).limit(BATCH_SIZE)
    last: tuple[object, object] = ("", 0)
    while (
        rows := connection.execute(some.where(key > sa.tuple_(*map(sa.literal, last)))).mappings().all()
    ):
        last = (rows[-1]["workspace"], rows[-1]["case"])
        for row in rows:
            if row["outcome"] == "" and (changed := _changed(row)):
                this = (recoveries.c.workspace == row["workspace"], recoveries.c.case == row["case"])
                connection.execute(sa.update(recoveries).where(*this).values(changed))


def _changed(row: Mapping[Any, Any]) -> dict[str, object]:
    steps = row["steps"]
    if row["due"] is not None:
        keeper = next((step["owner"] for step in steps if step["name"] == "keep"), None)
        return {"keeper": keeper or row["contact"]}
    first = next((step["name"] for step in steps if step["state"] == "to do"), "")
    return {"rests": True} if first == "tell_changed" and row["finished_at"] is None else {}


MARKED = {
    "cases": ("number", ("what_happened", "reference", "customer", "history")),
    "answers": ("case", ("text", "author", "case")),
    "action_items": ("case", ("what", "measure", "history", "case")),
    "recoveries": ("case", ("steps", "earlier")),
}
"""Each table whose words are found: the column of a case's number, and what changes make a mark."""
EVENTS = ("INSERT", "UPDATE", "DELETE")


def _upgrade_search() -> None:
    op.create_table(
        "search_stale",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("case_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_search_stale")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_index",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("case_number", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "case_number", name=op.f("pk_search_index")),
    )
    on_server = op.get_bind().dialect.name == "postgresql"
    # By the bytes, so that words that begin alike stand together whatever the server's language.
    word = sa.String(collation="C") if on_server else sa.String()
    op.create_table(
        "search_unnamed",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("word", word, nullable=False),
        sa.Column("case_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace", "channel_id", "word", "case_number", name=op.f("pk_search_unnamed")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("search_unnamed_of_case", "search_unnamed", ["workspace", "case_number"])
    if on_server:
        _add_to_server()
    else:
        _add_to_file()
    op.execute(
        "INSERT INTO search_stale (workspace, id, case_number) "
        "SELECT workspace, number, number FROM cases"
    )


def _add_to_file() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE search_words USING fts5(workspace UNINDEXED, case_number UNINDEXED, "
        "channel_id UNINDEXED, scope, case_words, item_words, customer_words, answer_words, "
        # Vowels that are written as signs are part of a word, as they are in Python and on a server.
        "tokenize = 'unicode61 remove_diacritics 0 categories ''L* M* N* Co''')"
    )
    for table, (number, columns) in MARKED.items():
        changed = " OR ".join(f'OLD."{column}" IS NOT NEW."{column}"' for column in columns)
        for event in EVENTS:
            row = "OLD" if event == "DELETE" else "NEW"
            marks = [_mark(row, number)]
            if event == "UPDATE" and number in columns:
                marks.append(_mark("OLD", number))
            when = f"WHEN {changed} " if event == "UPDATE" else ""
            op.execute(
                f"CREATE TRIGGER search_{table}_{event.lower()} AFTER {event} ON {table} {when}"
                f"BEGIN {' '.join(marks)} END"
            )


def _mark(row: str, number: str) -> str:
    mark = (
        "INSERT INTO search_stale (workspace, id, case_number) SELECT "
        "ROW.workspace, coalesce(max(id), 0) "
        '+ 1, ROW."NUMBER" FROM search_stale WHERE workspace = ROW.workspace;'
    )
    return mark.replace("ROW", row).replace("NUMBER", number)


def _add_to_server() -> None:
    op.add_column("search_index", sa.Column("words", sa.dialects.postgresql.TSVECTOR(), nullable=True))
    op.execute("CREATE INDEX search_words ON search_index USING gin (words) WITH (fastupdate = off)")
    op.execute("CREATE SEQUENCE search_stale_id OWNED BY search_stale.id START 1000000000")
    for table, (number, columns) in MARKED.items():
        mark = (
            "INSERT INTO search_stale (workspace, id, case_number) "
            "VALUES (ROW.workspace, nextval('search_stale_id'), ROW.\"NUMBER\");"
        )
        old, new = (mark.replace("ROW", row).replace("NUMBER", number) for row in ("OLD", "NEW"))
        op.execute(
            f"CREATE FUNCTION search_mark_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP <> 'INSERT' THEN {old} END IF; IF TG_OP <> 'DELETE' THEN {new} END IF; "
            "RETURN NULL; END $$"
        )
        changed = " OR ".join(
            f'OLD."{column}"::text IS DISTINCT FROM NEW."{column}"::text' for column in columns
        )
        for event in EVENTS:
            when = f"WHEN ({changed}) " if event == "UPDATE" else ""
            op.execute(
                f"CREATE TRIGGER search_{table}_{event.lower()} AFTER {event} ON {table} "
                f"FOR EACH ROW {when}EXECUTE FUNCTION search_mark_{table}()"
            )


def _downgrade_search() -> None:
    on_server = op.get_bind().dialect.name == "postgresql"
    for table in MARKED:
        for event in EVENTS:
            of = f" ON {table}" if on_server else ""
            op.execute(f"DROP TRIGGER search_{table}_{event.lower()}{of}")
        if on_server:
            op.execute(f"DROP FUNCTION search_mark_{table}()")
    if not on_server:
        op.execute("DROP TABLE search_words")
    for table in ("search_unnamed", "search_index", "search_stale"):
        op.drop_table(table)
