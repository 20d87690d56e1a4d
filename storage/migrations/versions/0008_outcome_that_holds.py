"""When the last agreed fix of a retro fell that was closed with *fixes agreed*: then its lead is asked.

The older program runs on beside this: it does not know the column, and asks nobody.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Takes it in use."""
    op.add_column("retros", sa.Column("unsettled_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Takes it back."""
    op.drop_column("retros", "unsettled_at")
