"""Column types beyond the plain ones, moments in UTC and our objects as JSON; and indexes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import JSON, DateTime, Dialect, Index, TypeDecorator, text
from sqlmodel import Field


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware in, UTC stored, aware UTC out. A naive one is a ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _in_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """The driver's value for a moment; SQLite keeps text, which we write ourselves, in a third of
        the time.
        """
        return _written if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """A moment from what the driver found."""
        return _read if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone; only aware moments are stored")
    return value.astimezone(UTC)


def _written(value: datetime | None) -> str | None:
    if value is None:
        return None
    # Without the offset all of it has one form, so that text order is time order.
    return _in_utc(value).isoformat(" ", "microseconds").removesuffix("+00:00")


def _read(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    # Ours have no offset; one that a tool or a person wrote may.
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


Data = JSON(none_as_null=True)
"""Pydantic objects, and tuples and mappings of them, as JSON; pydantic reads them back.

An engine says how, by AS_JSON.
"""
AS_JSON: Mapping[str, Any] = {
    "json_serializer": lambda value: to_json(value).decode(),
    "json_deserializer": from_json,
}


def stored_as(name: str, field: str) -> dict[str, str]:
    """For a field whose column has another name in the database: `table.c` knows it by the field's."""
    return {"name": name, "key": field}


def index(name: str, *columns: str, unique: bool = False, where: str | None = None) -> Index:
    """An index, over part of the rows when `where` says so.

    A query only meets such an index when it says the same in the same words: a bound parameter
    will not do (see `storage/jobs/job.py`).
    """
    condition = None if where is None else text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def never_checked() -> Any:
    """The column for when the scheduler has to check a row next; None when never again.

    Its default makes rows of an older program due at once; the check then sets the true moment.
    """
    at_once = text("'1970-01-01 00:00:00.000000'")
    kwargs = {"server_default": at_once, **stored_as("look_at", "next_check_at")}
    return Field(sa_type=UTCDateTime, sa_column_kwargs=kwargs)


def checked_at(table: str) -> Index:
    """The index over the rows that have such a moment."""
    return index(f"{table}_look_at", "next_check_at", "workspace", where="look_at IS NOT NULL")
