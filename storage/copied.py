"""Copies all rows into another database, for asking what would happen without touching them."""

from sqlalchemy import Connection, insert, select, update

from storage.tables import Row, channel_queues

BATCH_SIZE = 1000
"""Rows that are held in memory at once."""


def copy_rows(source: Connection, target: Connection) -> None:
    """Copies every table into an empty one, where no channel rests and nobody is speaking.

    Whoever speaks or waits for a platform does so with the original.
    """
    for table in Row.metadata.sorted_tables:
        names = [column.key for column in table.columns]
        rows = source.execute(select(table).execution_options(yield_per=BATCH_SIZE))
        for some in rows.partitions():
            target.execute(insert(table), [dict(zip(names, row, strict=True)) for row in some])
    target.execute(update(channel_queues).values(next_allowed_at=None, leased_until=None))
