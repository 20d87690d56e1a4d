"""Helpdesks: connections, what arrived by them, and the cases that they propose.

The older program runs on beside this, and knows of none of it. A proposal that is opened is a case like
any other to it. Secrets are stored sealed with AMENDS_SECRET_KEY, which is nowhere in the database.
"""

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
    "proposals_ended": ("proposals", ["workspace", "channel_id", "state", "ended_at"]),
}
PARTIAL = {
    "deliveries_of_customer": ("deliveries", ["workspace", "customer_folded"], "customer_folded"),
    "proposals_of_customer": ("proposals", ["workspace", "customer_folded"], "customer_folded"),
    "proposals_of_case": ("proposals", ["workspace", "case_number"], "case_number"),
    "proposals_look_at": ("proposals", ["look_at", "workspace"], "look_at"),
}
"""Indexes over the rows in which that last column is not empty."""


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


def downgrade() -> None:
    """Takes it back."""
    for table in ("proposals", "deliveries", "connections"):
        op.drop_table(table)


def _index(name: str, table: str, columns: list[str], filled: str, *, unique: bool = False) -> None:
    where = sa.text(f"{filled} IS NOT NULL")
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
