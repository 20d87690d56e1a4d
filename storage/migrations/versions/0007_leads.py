"""What leads ask for: pages, a board, prompts and a policy of a team's own, and items put right.


Who is let in to the pages by a link from chat, and the indexes of what they list. What needs somebody is
found by an index each: items by what they wait for, retros that are to be decided, customers to whom
nothing is promised. A promise says who keeps it, and a recovery whether only the retro is waited for. A
team's prompts and its kinds of case, the kind of a case, and with each retro what it asks, for ever:
retros that are there, and those that the older program opens beside this one, ask what it always asked,
which stands here as it was and never follows `bot/prompts.py`. A team's days off, its own and public
ones; its policy for its fixes, and the small failures that it lets go without a retro: the older program
asks their prompts all the same. Of an item by whom its words were changed, when, and what they were
before.

The older program runs on beside this: it does not know what is new, which has defaults, and leaves it as
it is; what it stores of a customer counts as waiting until this program stores it again.
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
}

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

OF_TEAM = ("days_off", "policy")


def upgrade() -> None:
    """Takes it in use."""
    _upgrade_item_edits()
    _upgrade_pages()
    _upgrade_prompts()
    _upgrade_board()
    _upgrade_policy()


def downgrade() -> None:
    """Takes it back."""
    _downgrade_prompts()
    _downgrade_policy()
    _downgrade_pages()
    _downgrade_board()
    _downgrade_item_edits()


def _upgrade_item_edits() -> None:
    op.add_column(
        "action_items", sa.Column("edits", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def _downgrade_item_edits() -> None:
    op.drop_column("action_items", "edits")


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


def _downgrade_pages() -> None:
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
    for name in reversed(ITEMS):
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
