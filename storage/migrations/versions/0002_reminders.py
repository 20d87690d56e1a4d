"""Reminders: when the clock looks at what, what was asked, and how people want to be asked.

The older program runs on beside this: it knows none of the new columns, so each may be empty or has a
default.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LOOKED_AT = ("action_items", "retros", "teams")


def upgrade() -> None:
    """Takes it in use."""
    for table in LOOKED_AT:
        op.add_column(
            table,
            sa.Column(
                "look_at",
                sa.DateTime(timezone=True),
                nullable=True,
                server_default=sa.text("'1970-01-01 00:00:00.000000'"),
            ),
        )
    op.execute("UPDATE action_items SET look_at = NULL WHERE NOT active")
    op.execute("UPDATE retros SET look_at = NULL WHERE state = 'closed'")
    for table in LOOKED_AT:
        where = sa.text("look_at IS NOT NULL")
        op.create_index(
            f"{table}_look_at",
            table,
            ["look_at", "workspace"],
            sqlite_where=where,
            postgresql_where=where,
        )
    op.add_column("action_items", sa.Column("remind_on", sa.Date(), nullable=True))
    op.add_column("teams", sa.Column("made_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("retros", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "retros_closed",
        "retros",
        ["workspace", "place", "closed_at"],
        sqlite_where=sa.text("closed_at IS NOT NULL"),
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.create_table(
        "readers",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("quiet_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "person", name=op.f("pk_readers")),
    )
    op.create_table(
        "reminders",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint(
            "workspace", "about", "name", "reader", "day", name=op.f("pk_reminders")
        ),
    )
    op.create_index("reminders_of_message", "reminders", ["workspace", "message"])


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("reminders")
    op.drop_table("readers")
    op.drop_index("retros_closed", table_name="retros")
    for table in LOOKED_AT:
        op.drop_index(f"{table}_look_at", table_name=table)
        op.drop_column(table, "look_at")
    op.drop_column("retros", "closed_at")
    op.drop_column("teams", "made_at")
    op.drop_column("action_items", "remind_on")
