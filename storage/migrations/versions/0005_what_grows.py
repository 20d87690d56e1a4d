"""Whose hours changed, so that what is open of theirs comes up a bite at a time.

The older program runs on beside this: it does not know the table, and brings all up at once.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Takes it in use."""
    op.create_table(
        "stirred",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("whose", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "of", "whose", name=op.f("pk_stirred")),
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("stirred")
