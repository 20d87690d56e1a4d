"""Counters for the numbers that people see: C-7, AI-12."""

from functools import cache
from typing import Literal

from sqlalchemy import Connection

from storage.statement import Statement
from storage.tables import counters
from storage.upsert import insert


def count(
    connection: Connection, workspace: str, noun: Literal["case", "item", "post", "proposal"]
) -> int:
    """The workspace's next number for a noun, from 1.

    It belongs to the transaction: others wait for it to end, and a rollback leaves no gap.
    """
    first = {"workspace": workspace, "noun": noun, "number": 1}
    [counted] = _counting(connection.dialect.name).all(connection, first)
    return int(counted.number)


@cache
def _counting(dialect: str) -> Statement:
    statement = insert(dialect, counters).on_conflict_do_update(
        index_elements=["workspace", "noun"], set_={"number": counters.c.number + 1}
    )
    return Statement(statement.returning(counters.c.number))
