"""Jobs that tell nothing about who answered without a name, and nothing left of those that did.

The older program runs on beside this: what it schedules is not traceless, as before. On SQLite the
table is copied, because only a new one can be without a rowid, which tells in which order rows came.
"""

import secrets
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MINUTE = 60_000_000
"""Microseconds, which ids count."""
MOMENTS = ("due_at", "began_at", "ended_at")

jobs = sa.table(
    "jobs",
    *(sa.column(name, sa.String()) for name in ("workspace", "key", "name", "asked_by", "state")),
    *(sa.column(name, sa.Boolean()) for name in ("bulk", "traceless")),
    sa.column("id", sa.BigInteger()),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in MOMENTS),
)
UNNAMED = sa.and_(jobs.c.name == "retro.answered", jobs.c.asked_by.is_(None))
BESIDE = sa.and_(
    jobs.c.name.in_(("retro.show", "reminder.tell_thread")),
    jobs.c.asked_by.is_(None),
    jobs.c.bulk.is_(False),
)
"""What an unnamed answer keeps current beside itself; other things do as well, and it is all one."""


def upgrade() -> None:
    """Takes it in use."""
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    with op.batch_alter_table(
        "jobs",
        recreate="always" if sqlite else "never",
        table_kwargs={"sqlite_with_rowid": False},
    ) as batch:
        batch.add_column(
            sa.Column("traceless", sa.Boolean(), nullable=False, server_default=sa.text("false"))
        )
    # What was said is said: finished jobs are only kept to be looked at, and would go in a week.
    connection.execute(sa.delete(jobs).where(jobs.c.state == "done", sa.or_(UNNAMED, BESIDE)))
    for row in connection.execute(sa.select(jobs).where(sa.or_(UNNAMED, BESIDE))).all():
        this = sa.and_(jobs.c.workspace == row.workspace, jobs.c.key == row.key)
        told: dict[str, Any] = {"traceless": True, "id": _within(row.id)}
        told |= {name: _minute(getattr(row, name)) for name in MOMENTS}
        connection.execute(sa.update(jobs).where(this).values(told))


def _within(id: int) -> int:
    return id // MINUTE * MINUTE + secrets.randbelow(MINUTE)


def _minute(at: datetime | None) -> datetime | None:
    return at and at.replace(second=0, microsecond=0)


def downgrade() -> None:
    """Takes it back."""
    op.drop_column("jobs", "traceless")
