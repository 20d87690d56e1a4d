"""Numbers that people say: C-7, AI-12."""

from functools import cache
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import counters
from storage.upsert import insert


async def count(
    connection: AsyncConnection, workspace: str, noun: Literal["case", "item", "post"]
) -> int:
    """The workspace's next number for a noun, from 1.

    It belongs to the transaction: others wait for it to end, and a rollback leaves no gap.
    """
    first = {"workspace": workspace, "noun": noun, "number": 1}
    counted = await connection.execute(_counting(connection.dialect.name), first)
    return int(counted.scalar_one())


@cache
def _counting(dialect: str) -> Any:
    statement = insert(dialect, counters).on_conflict_do_update(
        index_elements=["workspace", "noun"], set_={"number": counters.c.number + 1}
    )
    return statement.returning(counters.c.number)
