"""What grows with the data: whose hours changed comes up a bite at a time, and indexes.

The older program runs on beside this: it does not know the table, and brings all up at once; and its
cases have no sum, so that they are looked through one by one.
"""

import zlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BITE = 1000
"""Rows read at once, so that any number fits in memory."""

cases = sa.table(
    "cases",
    *(sa.column(name, sa.String()) for name in ("workspace", "customer")),
    *(sa.column(name, sa.Integer()) for name in ("number", "customer_sum")),
)


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
    op.create_index("recoveries_ended", "recoveries", ["workspace", "place", "outcome", "was_enough"])
    op.add_column("cases", sa.Column("customer_sum", sa.Integer(), nullable=True))
    _sum_customers()
    op.create_index(
        "cases_of_customer",
        "cases",
        ["workspace", "customer_sum", "number"],
        sqlite_where=sa.text("customer IS NOT NULL"),
        postgresql_where=sa.text("customer IS NOT NULL"),
    )


def _sum_customers() -> None:
    connection, key = op.get_bind(), (cases.c.workspace, cases.c.number)
    this = [column == sa.bindparam(f"this_{column.name}") for column in key]
    fill = sa.update(cases).where(*this).values(customer_sum=sa.bindparam("sum"))
    bite = sa.select(*key, cases.c.customer).where(cases.c.customer.is_not(None)).order_by(*key)
    rows = connection.execute(bite.limit(BITE)).all()
    while rows:
        told = [
            {
                "this_workspace": row.workspace,
                "this_number": row.number,
                "sum": zlib.crc32(row.customer.casefold().encode(errors="replace")) & 0xFFFF,
            }
            for row in rows
        ]
        connection.execute(fill, told)
        after = sa.tuple_(*key) > sa.tuple_(*rows[-1][:2])
        rows = connection.execute(bite.where(after).limit(BITE)).all()


def downgrade() -> None:
    """Takes it back."""
    op.drop_index("recoveries_ended", "recoveries")
    op.drop_index("cases_of_customer", "cases")
    op.drop_column("cases", "customer_sum")
    op.drop_table("stirred")
