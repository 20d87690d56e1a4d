"""What people change of a case: who, when and why; what hangs on a cancelled one; a channel's newest.

The older program runs on beside this: it does not know the columns, which have defaults. Of what is
cancelled it lists the open retro, and passes the rest by.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# In the order in which a request takes them, as in 0005.
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


def downgrade() -> None:
    """Takes it back."""
    for table in reversed(CANCELLED):
        op.drop_column(table, "cancelled")
    op.drop_index("cases_of_place", "cases")
    op.drop_column("cases", "history")
