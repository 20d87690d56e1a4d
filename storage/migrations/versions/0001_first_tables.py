"""The first tables: everything from a failed case to its verified action items."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings an empty database to 0001."""
    op.create_table(
        "action_items",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("gap", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "number", name=op.f("pk_action_items")),
    )
    op.create_index(
        "action_items_of_case",
        "action_items",
        ["workspace", "case", "number"],
    )
    op.create_index(
        "action_items_of_owner",
        "action_items",
        ["workspace", "active", "owner", "due", "number"],
    )
    op.create_index(
        "action_items_of_place",
        "action_items",
        ["workspace", "active", "place", "due", "number"],
    )
    op.create_table(
        "answers",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "answers_of_case",
        "answers",
        ["workspace", "case", "posted_at", "id"],
    )
    op.create_table(
        "cases",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("what_happened", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("reference_folded", sa.String(), nullable=True),
        sa.Column("customer", sa.String(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("happened_by_day", sa.Boolean(), nullable=False),
        sa.Column("public_post", sa.String(), nullable=True),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "number", name=op.f("pk_cases")),
    )
    op.create_index(
        "cases_by_reference",
        "cases",
        ["workspace", "place", "reference_folded"],
        unique=True,
        sqlite_where=sa.text("reference_folded IS NOT NULL"),
        postgresql_where=sa.text("reference_folded IS NOT NULL"),
    )
    op.create_table(
        "comments",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "place", "id", name=op.f("pk_comments")),
    )
    op.create_index(
        "comments_of_case",
        "comments",
        ["workspace", "case", "posted_at", "id"],
    )
    op.create_table(
        "counters",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("noun", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "noun", name=op.f("pk_counters")),
    )
    op.create_table(
        "jobs",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("direct", sa.Boolean(), nullable=False),
        sa.Column("thread", sa.String(), nullable=True),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("bulk", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unsure", sa.Boolean(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", name=op.f("pk_jobs")),
    )
    op.create_index(
        "jobs_dead",
        "jobs",
        ["workspace", "place"],
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "jobs_due",
        "jobs",
        ["workspace", "lane", "due_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "jobs_ended",
        "jobs",
        ["ended_at"],
        sqlite_where=sa.text("ended_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_index(
        "jobs_first",
        "jobs",
        ["workspace", "lane", "bulk", "id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "lanes",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("claimed_key", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "lane", name=op.f("pk_lanes")),
    )
    op.create_index(
        "lanes_due",
        "lanes",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "people",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("bot", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_people")),
    )
    op.create_table(
        "places",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_folded", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reference", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_places")),
    )
    op.create_index(
        "places_by_name",
        "places",
        ["workspace", "name_folded"],
    )
    op.create_table(
        "posts",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("thread", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("message", sa.JSON(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_posts")),
    )
    op.create_index(
        "posts_by_key",
        "posts",
        ["workspace", "key"],
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    )
    op.create_index(
        "posts_of_place",
        "posts",
        ["workspace", "place", "id"],
        sqlite_where=sa.text("thread IS NULL"),
        postgresql_where=sa.text("thread IS NULL"),
    )
    op.create_index(
        "posts_of_thread",
        "posts",
        ["workspace", "thread", "id"],
        sqlite_where=sa.text("thread IS NOT NULL"),
        postgresql_where=sa.text("thread IS NOT NULL"),
    )
    op.create_table(
        "requests",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", name=op.f("pk_requests")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "requests_by_day", "requests", ["day"], unique=False, sqlite_where=None, postgresql_where=None
    )
    op.create_table(
        "retros",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answers_close_on", sa.Date(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "case", name=op.f("pk_retros")),
    )
    op.create_index(
        "retros_open",
        "retros",
        ["workspace", "place", "answers_close_on", "case"],
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "said",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", name=op.f("pk_said")),
    )
    op.create_index(
        "said_where",
        "said",
        ["workspace", "place", "message"],
    )
    op.create_table(
        "teams",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=True),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("days_to_answer", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "place", name=op.f("pk_teams")),
    )


def downgrade() -> None:
    """Takes everything back."""
    op.drop_table("teams")
    op.drop_index("said_where", table_name="said", sqlite_where=None, postgresql_where=None)
    op.drop_table("said")
    op.drop_index(
        "retros_open",
        table_name="retros",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_table("retros")
    op.drop_index("requests_by_day", table_name="requests", sqlite_where=None, postgresql_where=None)
    op.drop_table("requests")
    op.drop_index(
        "posts_of_thread",
        table_name="posts",
        sqlite_where=sa.text("thread IS NOT NULL"),
        postgresql_where=sa.text("thread IS NOT NULL"),
    )
    op.drop_index(
        "posts_of_place",
        table_name="posts",
        sqlite_where=sa.text("thread IS NULL"),
        postgresql_where=sa.text("thread IS NULL"),
    )
    op.drop_index(
        "posts_by_key",
        table_name="posts",
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    )
    op.drop_table("posts")
    op.drop_index("places_by_name", table_name="places", sqlite_where=None, postgresql_where=None)
    op.drop_table("places")
    op.drop_table("people")
    op.drop_index(
        "lanes_due",
        table_name="lanes",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_table("lanes")
    op.drop_index(
        "jobs_first",
        table_name="jobs",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index(
        "jobs_ended",
        table_name="jobs",
        sqlite_where=sa.text("ended_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.drop_index(
        "jobs_due",
        table_name="jobs",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index(
        "jobs_dead",
        table_name="jobs",
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.drop_table("jobs")
    op.drop_table("counters")
    op.drop_index("comments_of_case", table_name="comments", sqlite_where=None, postgresql_where=None)
    op.drop_table("comments")
    op.drop_index(
        "cases_by_reference",
        table_name="cases",
        sqlite_where=sa.text("reference_folded IS NOT NULL"),
        postgresql_where=sa.text("reference_folded IS NOT NULL"),
    )
    op.drop_table("cases")
    op.drop_index("answers_of_case", table_name="answers", sqlite_where=None, postgresql_where=None)
    op.drop_table("answers")
    op.drop_index(
        "action_items_of_place", table_name="action_items", sqlite_where=None, postgresql_where=None
    )
    op.drop_index(
        "action_items_of_owner", table_name="action_items", sqlite_where=None, postgresql_where=None
    )
    op.drop_index(
        "action_items_of_case", table_name="action_items", sqlite_where=None, postgresql_where=None
    )
    op.drop_table("action_items")
