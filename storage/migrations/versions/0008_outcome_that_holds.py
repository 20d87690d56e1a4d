"""What makes an outcome untrue, and what may be told to a customer.

When the last agreed fix of a retro fell that was closed with *fixes agreed*: then its lead is asked. And
whether a fix was verified of what a customer waits to hear. The older program runs on beside this: it
knows neither column, and asks nobody.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Takes it in use."""
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
