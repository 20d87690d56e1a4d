"""Helpdesks: connections, what arrived by them, and the cases that they propose; and who waits most.

The older program runs on beside this, and knows of none of it. A proposal that is opened is a case like
any other to it. Secrets are stored sealed with AMENDS_SECRET_KEY, which is nowhere in the database.

A recovery says by which day something is owed next, and an index leads to the most urgent; lists of one
person's go by the same day. What the older program changes of a customer keeps the day it had, and what
it adds comes last, until this program stores it again. Its own lists go by the index that it knows,
which goes one version later.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
INDEXES = {
    "connections_by_id": ("connections", ["id"]),
    "connections_of_channel": ("connections", ["workspace", "channel_id", "made_at"]),
    "deliveries_arrived": ("deliveries", ["workspace", "connection_id", "arrived_at"]),
    "deliveries_of_reference": (
        "deliveries",
        ["workspace", "connection_id", "reference_folded"],
    ),
    "deliveries_to_drop": ("deliveries", ["arrived_at"]),
    "proposals_of_connection": ("proposals", ["workspace", "connection_id", "made_at"]),
}
PARTIAL = {
    "proposals_ended": ("proposals", ["workspace", "channel_id", "state", "ended_at"], "ended_at"),
    "deliveries_of_customer": ("deliveries", ["workspace", "customer_folded"], "customer_folded"),
    "proposals_of_customer": ("proposals", ["workspace", "customer_folded"], "customer_folded"),
    "proposals_of_case": ("proposals", ["workspace", "case_number"], "case_number"),
    "proposals_look_at": ("proposals", ["look_at", "workspace"], "look_at"),
}
"""Indexes over the rows in which that last column is not empty."""
WAITING = sa.text("outcome = '' AND due IS NULL")
BATCH_SIZE = 500
DUE = (
    "UPDATE recovery_owners SET due = (SELECT recoveries.{day} FROM recoveries "
    "WHERE recoveries.workspace = recovery_owners.workspace "
    'AND recoveries."case" = recovery_owners."case")'
)


def upgrade() -> None:
    """Takes it in use."""
    op.create_table(
        "connections",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("a_day", sa.Integer(), nullable=False),
        sa.Column("test_for", sa.String(), nullable=True),
        sa.Column("test_until", MOMENT, nullable=True),
        sa.Column("asked_at", MOMENT, nullable=True),
        sa.Column("refused_at", MOMENT, nullable=True),
        sa.Column("refused_why", sa.String(), nullable=False, server_default=""),
        sa.Column("former_channels", sa.JSON(), nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_connections")),
    )
    op.create_table(
        "deliveries",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("arrived_at", MOMENT, nullable=False),
        sa.Column("reference_folded", sa.String(), nullable=False),
        sa.Column("customer_folded", sa.String(), nullable=True),
        sa.Column("signal", sa.JSON(), nullable=False),
        sa.Column("became", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "connection_id", "key", name=op.f("pk_deliveries")),
    )
    op.create_table(
        "proposals",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("reference_folded", sa.String(), nullable=True),
        sa.Column("customer_folded", sa.String(), nullable=True),
        sa.Column("signal", sa.JSON(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("gathered", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("case_number", sa.Integer(), nullable=True),
        sa.Column("later", sa.JSON(), nullable=True),
        sa.Column("forgotten_at", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("look_at", MOMENT, nullable=True, server_default="1970-01-01 00:00:00.000000"),
        sa.PrimaryKeyConstraint("workspace", "number", name=op.f("pk_proposals")),
    )
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)
    for name, (table, columns, filled) in PARTIAL.items():
        _index(name, table, columns, filled)
    _index(
        "proposals_by_reference",
        "proposals",
        ["workspace", "connection_id", "reference_folded"],
        "reference_folded",
        unique=True,
    )
    undecided = sa.text("state = 'proposed'")
    columns = ["workspace", "channel_id", "rating", "number"]
    op.create_index(
        *("proposals_urgent", "proposals", columns),
        sqlite_where=undecided,
        postgresql_where=undecided,
    )
    unforgotten = sa.text("forgotten_at IS NULL AND case_number IS NULL")
    columns = ["made_at", "workspace"]
    op.create_index(
        *("proposals_to_forget", "proposals", columns),
        sqlite_where=unforgotten,
        postgresql_where=unforgotten,
    )
    op.add_column("recoveries", sa.Column("next_due", sa.Date(), nullable=True))
    _fill_recoveries()
    op.execute(DUE.format(day="next_due"))
    columns = ["workspace", "place", "rests", "next_due", "case"]
    op.create_index(
        "recoveries_urgent", "recoveries", columns, sqlite_where=WAITING, postgresql_where=WAITING
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_index("recoveries_urgent", "recoveries")
    op.execute(DUE.format(day="due"))
    op.drop_column("recoveries", "next_due")
    for table in ("proposals", "deliveries", "connections"):
        op.drop_table(table)


def _index(name: str, table: str, columns: list[str], filled: str, *, unique: bool = False) -> None:
    where = sa.text(f"{filled} IS NOT NULL")
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _fill_recoveries() -> None:
    """By which day something is owed next to those without a verdict."""
    names = ("workspace", "case", "outcome", "due", "apologise_by", "next_due")
    days = {"due", "apologise_by", "next_due"}
    recoveries = sa.table(
        "recoveries",
        *(sa.column(name, sa.Date() if name in days else None) for name in names),
        sa.column("steps", sa.JSON()),
    )
    connection = op.get_bind()
    key = sa.tuple_(recoveries.c.workspace, recoveries.c.case)
    some = sa.select(recoveries).where(recoveries.c.outcome == "").order_by(*key).limit(BATCH_SIZE)
    this = (
        recoveries.c.workspace == sa.bindparam("in_workspace"),
        recoveries.c.case == sa.bindparam("of_case"),
    )
    fill = sa.update(recoveries).where(*this).values(next_due=sa.bindparam("day"))
    last: tuple[object, object] = ("", 0)
    while (
        rows := connection.execute(some.where(key > sa.tuple_(*map(sa.literal, last)))).mappings().all()
    ):
        last = (rows[-1]["workspace"], rows[-1]["case"])
        days_of = [(row, row["due"] or min(_owed_by(row), default=None)) for row in rows]
        filled = [
            {"in_workspace": row["workspace"], "of_case": row["case"], "day": day}
            for row, day in days_of
            if day
        ]
        if filled:
            connection.execute(fill, filled)


def _owed_by(row: Mapping[Any, Any]) -> Iterable[date]:
    """The days of the apology, and of checking back: which days a team works is not known here."""
    steps = {step["name"]: step for step in row["steps"]}
    if steps["apologise"]["state"] == "to do":
        yield row["apologise_by"]
    kept = steps["keep"]
    if kept["state"] == "done" and kept["at"] and steps["check_back"]["state"] == "to do":
        yield date.fromisoformat(kept["at"][:10]) + timedelta(days=1)
