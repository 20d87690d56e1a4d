"""What leads ask for, and what was put right in an action item.

An item keeps who changed it after it was added, when, and what it said before. What needs somebody is
found by an index each: items by what they wait for, retros that are to be decided, customers to whom
nothing is promised. A promise says who keeps it, and a recovery whether only the retro is waited for.

The older program runs on beside this: it does not know what is new, which has defaults, and leaves it as
it is; what it stores of a customer counts as waiting until this program stores it again.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    """Takes it in use."""
    _upgrade_item_edits()
    _upgrade_board()


def downgrade() -> None:
    """Takes it back."""
    _downgrade_board()
    _downgrade_item_edits()


def _upgrade_item_edits() -> None:
    op.add_column(
        "action_items", sa.Column("edits", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def _downgrade_item_edits() -> None:
    op.drop_column("action_items", "edits")


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
