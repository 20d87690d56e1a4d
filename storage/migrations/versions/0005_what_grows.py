"""What grows with the data: whose hours changed comes up a bite at a time, and indexes.

The older program runs on beside this: it does not know the table, and brings all up at once; and its
cases have no sum, so that they are looked through one by one. Those that are there get theirs afterwards
(`storage/repositories/case.py`), because this keeps everybody from the table.
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
    # Cases before recoveries, as a request takes them: or it and this would wait for each other.
    op.add_column("cases", sa.Column("customer_sum", sa.Integer(), nullable=True))
    op.create_index(
        "cases_of_customer",
        "cases",
        ["workspace", "customer_sum", "number"],
        sqlite_where=sa.text("customer IS NOT NULL"),
        postgresql_where=sa.text("customer IS NOT NULL"),
    )
    op.create_index("recoveries_ended", "recoveries", ["workspace", "place", "outcome", "was_enough"])


def downgrade() -> None:
    """Takes it back."""
    op.drop_index("recoveries_ended", "recoveries")
    op.drop_index("cases_of_customer", "cases")
    op.drop_column("cases", "customer_sum")
    op.drop_table("stirred")
