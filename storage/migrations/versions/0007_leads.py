"""What leads ask for: pages, prompts of a team's own, and action items whose words were put right.

Who is let in to the pages by a link from chat, and the indexes of what they list. A team's prompts and
its kinds of case, the kind of a case, and with each retro what it asks, for ever: retros that are there,
and those that the older program opens beside this one, ask what it always asked, which stands here as it
was and never follows `bot/prompts.py`. Of an item by whom its words were changed, when, and what they
were before.

The older program runs on beside this: it does not know what is new, which has defaults, and leaves it as
it is.
"""

import json

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

ASKED_BEFORE = (
    {
        "key": "training",
        "label": "Training",
        "question": "What would we have needed to know or practise to handle this well?",
        "gap": "training",
    },
    {
        "key": "communication",
        "label": "Communication",
        "question": "What did people need to hear, from whom and when, that did not reach them?",
        "gap": "communication",
    },
    {
        "key": "after_hours",
        "label": "After-hours support",
        "question": "What help was needed outside working hours, and how easy was it to reach someone?",
        "gap": "after-hours support",
    },
    {"key": "else", "label": "Anything else"},
)


def upgrade() -> None:
    """Takes it in use."""
    _upgrade_item_edits()
    _upgrade_pages()
    _upgrade_prompts()


def downgrade() -> None:
    """Takes it back."""
    _downgrade_prompts()
    _downgrade_pages()
    _downgrade_item_edits()


def _upgrade_item_edits() -> None:
    op.add_column(
        "action_items", sa.Column("edits", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def _downgrade_item_edits() -> None:
    op.drop_column("action_items", "edits")


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


def _upgrade_prompts() -> None:
    op.add_column("teams", sa.Column("prompts", sa.JSON(), nullable=True))
    op.add_column("teams", sa.Column("kinds", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("cases", sa.Column("kind", sa.String(), nullable=True))
    before = json.dumps(ASKED_BEFORE)
    op.add_column("retros", sa.Column("prompts", sa.JSON(), nullable=False, server_default=before))


def _downgrade_prompts() -> None:
    op.drop_column("retros", "prompts")
    op.drop_column("cases", "kind")
    op.drop_column("teams", "kinds")
    op.drop_column("teams", "prompts")
