"""The first rows of each of several channels, by one statement, each channel's found in an index."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select, union_all

from storage.statement import Query, Statement

MAX_ACROSS = 128
"""SQLite puts no more than 500 queries together."""


class Across:
    """A limited query about one channel, asked about several at once; who asks merges what it finds.

    `one` makes it for a channel. It is compiled for 1, 2, 4, 8 … channels; the last one is repeated to
    fill the list, so a row may come several times.
    """

    def __init__(self, one: Callable[[BindParameter[str]], Query]) -> None:
        self._one = one
        self._statements: dict[int, Statement] = {}

    def all(
        self, connection: Connection, values: Mapping[str, Any], channels: Collection[str]
    ) -> list[Any]:
        """The rows of all these channels, in no order; none without any."""
        found: list[Any] = []
        ordered = sorted(set(channels))
        while ordered:
            these, ordered = ordered[:MAX_ACROSS], ordered[MAX_ACROSS:]
            size = 1 << (len(these) - 1).bit_length()
            names = [f"channel_{number}" for number in range(size)]
            these += these[-1:] * (size - len(these))
            given = dict(zip(names, these, strict=True))
            found += self._statement(size, names).all(connection, {**values, **given})
        return found

    def _statement(self, size: int, names: list[str]) -> Statement:
        if size not in self._statements:
            # Each in a query of its own: SQLite lets only the whole of them have an order and a limit.
            ones = [select(self._one(bindparam(name)).subquery()) for name in names]
            self._statements[size] = Statement(union_all(*ones) if size > 1 else ones[0])
        return self._statements[size]
