"""What leads asked for: prompts of a team's own, and what was put right in an action item.

Of an item by whom, when, and what it was before. A team's prompts and its kinds of case, the kind of a
case, and with each retro what it asks, for ever. Retros that are there, and those that the older program
opens beside this one, ask what it always asked: that stands here as it was, and never follows
`bot/prompts.py`.

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
    _upgrade_prompts()


def downgrade() -> None:
    """Takes it back."""
    _downgrade_prompts()
    _downgrade_item_edits()


def _upgrade_item_edits() -> None:
    op.add_column(
        "action_items", sa.Column("edits", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def _downgrade_item_edits() -> None:
    op.drop_column("action_items", "edits")


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
