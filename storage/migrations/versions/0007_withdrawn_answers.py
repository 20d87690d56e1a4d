"""An unnamed answer can be withdrawn by the team's lead, and a channel of the web workspace removed.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Takes it in use."""
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


def downgrade() -> None:
    """Takes it back."""
    op.drop_column("places", "gone")
    op.drop_table("withdrawn_answers")
