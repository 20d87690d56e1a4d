"""What was put right in an action item: by whom, when, and what it was before.

The older program runs on beside this: it does not know what is new, which has defaults, and leaves it as
it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Takes it in use."""
    _upgrade_item_edits()


def downgrade() -> None:
    """Takes it back."""
    _downgrade_item_edits()


def _upgrade_item_edits() -> None:
    op.add_column(
        "action_items", sa.Column("edits", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def _downgrade_item_edits() -> None:
    op.drop_column("action_items", "edits")
