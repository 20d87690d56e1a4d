"""What is owed to customers: a recovery per case, who has something to do, the team's aim, its coach.

The older program runs on beside this: it knows neither table, and the new columns have defaults.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Takes it in use."""
    op.add_column(
        "teams",
        sa.Column("days_to_apologise", sa.Integer(), nullable=False, server_default=sa.text("0")),
    )
    op.add_column(
        "teams", sa.Column("coach", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    )
    op.add_column("cases", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "cases_to_forget",
        "cases",
        ["failed_at", "workspace"],
        sqlite_where=sa.text("forgotten_at IS NULL"),
        postgresql_where=sa.text("forgotten_at IS NULL"),
    )
    op.create_table(
        "recoveries",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("aim", sa.Integer(), nullable=False),
        sa.Column("apologise_by", sa.Date(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("earlier", sa.JSON(), nullable=False),
        sa.Column("enough", sa.String(), nullable=False),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("was_enough", sa.Boolean(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column(
            "look_at",
            sa.DateTime(timezone=True),
            nullable=True,
            server_default=sa.text("'1970-01-01 00:00:00.000000'"),
        ),
        sa.PrimaryKeyConstraint("workspace", "case", name=op.f("pk_recoveries")),
    )
    op.create_index(
        "recoveries_of_place", "recoveries", ["workspace", "place", "outcome", "due", "case"]
    )
    op.create_index("recoveries_enough", "recoveries", ["workspace", "place", "was_enough", "case"])
    here = sa.text("look_at IS NOT NULL")
    op.create_index(
        "recoveries_look_at",
        "recoveries",
        ["look_at", "workspace"],
        sqlite_where=here,
        postgresql_where=here,
    )
    op.create_table(
        "recovery_owners",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "case", "person", name=op.f("pk_recovery_owners")),
    )
    op.create_index(
        "recovery_owners_of_person", "recovery_owners", ["workspace", "person", "due", "case"]
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("recovery_owners")
    op.drop_table("recoveries")
    op.drop_index("cases_to_forget", table_name="cases")
    op.drop_column("cases", "forgotten_at")
    op.drop_column("teams", "coach")
    op.drop_column("teams", "days_to_apologise")
