"""Alembic's entry: always on the connection that storage/migrations/run.py hands over."""

from alembic import context

from storage.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    # SQLite cannot change most of a column in place; Alembic then copies the table.
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
