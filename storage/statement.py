"""Statements that run on every request: compiled once, then handed to the driver as they are.

What SQLAlchemy does on each run takes several times as long as SQLite needs for the statement itself.
So its SQL, and the conversions of values and columns, are made once.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Delete,
    Dialect,
    Insert,
    Select,
    Update,
    bindparam,
)
from sqlalchemy.sql.compiler import SQLCompiler

Processor = Callable[[Any], Any]
Query = Select[*tuple[Any, ...]]
Built = Query | CompoundSelect[*tuple[Any, ...]] | Insert | Update | Delete

MAX_AMONG = 512
"""SQLite took 999 values in a statement until it was 3.32."""


class Statement:
    """One statement; the values that it is run with name its bind parameters, or columns that it sets.

    It runs in the connection's transaction, begins one where there is none, and raises the driver's own
    errors; see `storage/failure.py`. It takes no list of values: see `Among`.
    """

    def __init__(self, built: Built) -> None:
        self.built = built
        self._compiled: dict[tuple[str, tuple[str, ...]], Compiled] = {}

    def all(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """All rows that it finds or returns, each a named tuple."""
        compiled = self.compiled(connection, values)
        with _cursor(connection) as cursor:
            cursor.execute(compiled.words, compiled.bound(values))
            return compiled.read(cursor.fetchall())

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Any | None:
        """The first of them, or None."""
        return next(iter(self.all(connection, values)), None)

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """How many rows it changed."""
        compiled = self.compiled(connection, values)
        with _cursor(connection) as cursor:
            cursor.execute(compiled.words, compiled.bound(values))
            return int(cursor.rowcount)

    def run_each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Runs it for each of these rows, which all have the same keys."""
        if rows:
            compiled = self.compiled(connection, rows[0])
            with _cursor(connection) as cursor:
                cursor.executemany(compiled.words, [compiled.bound(row) for row in rows])

    def compiled(self, connection: Connection, values: Mapping[str, Any]) -> "Compiled":
        """The statement compiled for the connection's database and values of these names."""
        key = connection.dialect.name, tuple(values)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = Compiled(self.built, connection.dialect, list(values))
        return compiled


class Among:
    """A query about several things at once, by the values of one column.

    It is compiled for 1, 2, 4, 8 … values; the last one is repeated to fill the list.
    """

    def __init__(self, built: Query, column: ColumnElement[Any]) -> None:
        self.built = built
        self._column = column
        self._statements: dict[int, Statement] = {}

    def all(
        self, connection: Connection, values: Mapping[str, Any], those: Collection[Any]
    ) -> Sequence[Any]:
        """All rows in which the column has one of the values; none without any."""
        if not those:
            return []
        ordered = sorted(set(those))
        size = 1 << (len(ordered) - 1).bit_length()
        if size > MAX_AMONG:
            half = len(ordered) // 2
            first, second = ordered[:half], ordered[half:]
            return [*self.all(connection, values, first), *self.all(connection, values, second)]
        names = [f"those_{number}" for number in range(size)]
        statement = self._statements.get(size)
        if statement is None:
            chosen = self._column.in_([bindparam(name) for name in names])
            statement = self._statements[size] = Statement(self.built.where(chosen))
        ordered += ordered[-1:] * (size - len(ordered))
        return statement.all(connection, {**values, **dict(zip(names, ordered, strict=True))})


class Compiled:
    """A statement as SQL of one database, with the conversions of its values and columns."""

    def __init__(
        self,
        built: Built,
        dialect: Dialect,
        names: list[str],
    ) -> None:
        compiled = built.compile(dialect=dialect, column_keys=names)
        self.words = str(compiled)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(f"{self.words} takes no values")
        self._binding = _processors(
            (name, parameter.type.dialect_impl(dialect).bind_processor(dialect))
            for parameter, name in compiled.bind_names.items()
        )
        self._fixed: dict[str, Any] = {}
        self._fixed = self.bound({n: v for n, v in compiled.params.items() if n not in names})
        columns = list(built.exported_columns)
        self._row = _row([str(column.key) for column in columns])
        self._reading = _processors(
            (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for place, column in enumerate(columns)
        )

    def bound(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the driver takes them; None is NULL for every type."""
        bound = {**self._fixed, **values}
        for name, processor in self._binding:
            if values.get(name) is not None:
                bound[name] = processor(values[name])
        return bound

    def read(self, raw_rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Named tuples of Python values from the driver's rows."""
        rows = []
        for raw in raw_rows:
            columns = list(raw)
            for place, processor in self._reading:
                if columns[place] is not None:
                    columns[place] = processor(columns[place])
            rows.append(self._row._make(columns))
        return rows


def _row(names: Sequence[str]) -> Any:
    return namedtuple("Row", names)


def _processors(pairs: Iterable[tuple[Any, Processor | None]]) -> list[tuple[Any, Processor]]:
    return [(where, processor) for where, processor in pairs if processor is not None]


def _cursor(connection: Connection) -> closing[Any]:
    if not connection.in_transaction():
        connection.begin()
    return closing(connection.connection.cursor())
