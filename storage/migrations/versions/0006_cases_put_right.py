"""What people change of a case: who, when and why.

The older program runs on beside this: it does not know the column, which has a default.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Takes it in use."""
    op.add_column(
        "cases", sa.Column("history", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_column("cases", "history")
