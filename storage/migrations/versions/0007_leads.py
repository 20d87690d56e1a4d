"""What leads decide for their teams and see on pages, and what was put right in an action item.

Days off: a team's own, and whose public holidays it keeps. A team's policy for its fixes, and the small
failures that it lets go without a retro: the older program asks their prompts all the same. Who is let
in to the pages by a link from chat, and the indexes of what they list. Of an item: by whom it was put
right, when, and what it was.

The older program runs on beside this: it does not know what is new, which has defaults, and leaves it as
it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LISTED = {
    "cases_listed": ("cases", ["workspace", "place", "failed_at", "number"]),
    "retros_listed": ("retros", ["workspace", "place", "state", "opened_at", "case"]),
    "action_items_by_gap": ("action_items", ["workspace", "place", "gap", "case"]),
}

OF_TEAM = ("days_off", "policy")


def upgrade() -> None:
    """Takes it in use."""
    _upgrade_item_edits()
    _upgrade_pages()
    _upgrade_policy()


def downgrade() -> None:
    """Takes it back."""
    _downgrade_policy()
    _downgrade_pages()
    _downgrade_item_edits()


def _upgrade_item_edits() -> None:
    op.add_column(
        "action_items", sa.Column("edits", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def _downgrade_item_edits() -> None:
    op.drop_column("action_items", "edits")


def _upgrade_policy() -> None:
    for name in OF_TEAM:
        op.add_column(
            "teams", sa.Column(name, sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
        )
    op.add_column(
        "retros", sa.Column("small", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )


def _downgrade_policy() -> None:
    op.drop_column("retros", "small")
    for name in reversed(OF_TEAM):
        op.drop_column("teams", name)


def _upgrade_pages() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "digest", name=op.f("pk_sign_ins")),
        sqlite_with_rowid=False,
    )
    op.create_index("sign_ins_to_drop", "sign_ins", ["workspace", "expires_at"])
    op.create_index("sign_ins_of_person", "sign_ins", ["workspace", "person_id"])
    for name, (table, columns) in LISTED.items():
        op.create_index(name, table, columns)


def _downgrade_pages() -> None:
    for name, (table, _) in LISTED.items():
        op.drop_index(name, table)
    op.drop_table("sign_ins")
