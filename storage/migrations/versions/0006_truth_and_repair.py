"""Mistakes can be put right, and nothing is said that is not so.

Who changed a case, when and why; what is cancelled; who withdrew an unnamed answer; which channel of the
web workspace was removed. When the last agreed fix of a retro fell that was closed with *fixes agreed*,
and whether a fix was verified of what a customer waits to hear.

The older program runs on beside this: it does not know what is new, which has defaults; it asks and
reminds of what was cancelled, until it is updated.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CANCELLED = ("retros", "action_items", "recoveries")


def upgrade() -> None:
    """Takes it in use."""
    op.add_column(
        "cases", sa.Column("history", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )
    op.create_index("cases_of_place", "cases", ["workspace", "place", "failed_at"])
    for table in CANCELLED:
        op.add_column(
            table, sa.Column("cancelled", sa.Boolean(), nullable=False, server_default=sa.text("false"))
        )
    op.create_table(
        "withdrawn_answers",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_number", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_withdrawn_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index("withdrawn_answers_of_case", "withdrawn_answers", ["workspace", "case_number", "id"])
    op.add_column(
        "places", sa.Column("gone", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column("retros", sa.Column("unsettled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "recoveries",
        sa.Column("has_verified", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    recoveries = sa.table(
        "recoveries",
        *(sa.column(name) for name in ("workspace", "case", "outcome", "finished_at", "has_verified")),
    )
    items = sa.table("action_items", *(sa.column(name) for name in ("workspace", "case", "state")))
    is_verified = sa.exists().where(
        items.c.workspace == recoveries.c.workspace,
        items.c.case == recoveries.c.case,
        items.c.state == "verified",
    )
    op.execute(
        sa.update(recoveries)
        .where(recoveries.c.finished_at.is_not(None), recoveries.c.outcome == "", is_verified)
        .values(has_verified=sa.true())
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_column("recoveries", "has_verified")
    op.drop_column("retros", "unsettled_at")
    op.drop_column("places", "gone")
    op.drop_table("withdrawn_answers")
    for table in reversed(CANCELLED):
        op.drop_column(table, "cancelled")
    op.drop_index("cases_of_place", "cases")
    op.drop_column("cases", "history")
