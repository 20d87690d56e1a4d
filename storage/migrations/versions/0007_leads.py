"""What was put right in an action item (by whom, when, and what it was before), and finding by words.

The older program runs on beside this: it does not know what is new, which has defaults, and leaves it as
it is. For finding there is an index over words, and marks that say of which cases it is out of date;
triggers set them, whoever writes: see `storage/search_index.py`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Takes it in use."""
    _upgrade_item_edits()
    _upgrade_search()


def downgrade() -> None:
    """Takes it back."""
    _downgrade_search()
    _downgrade_item_edits()


def _upgrade_item_edits() -> None:
    op.add_column(
        "action_items", sa.Column("edits", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def _downgrade_item_edits() -> None:
    op.drop_column("action_items", "edits")


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
        "tokenize = 'unicode61 remove_diacritics 0')"
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
