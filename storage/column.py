"""What a column can hold beyond the plain, moments in UTC and our own objects as JSON; and indexes."""

from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, DateTime, Dialect, Index, TypeDecorator, text
from sqlmodel import Field


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware in, UTC stored, aware UTC out. A naive one is a ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone; only aware moments are stored")
        value = value.astimezone(UTC)
        # SQLite keeps text: without the offset all of it has one form, so that text order is time order.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Data(TypeDecorator[Any]):
    """Pydantic objects, and tuples and mappings of them, as JSON; pydantic reads them back."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return to_jsonable_python(value)


def index(name: str, *columns: str, unique: bool = False, where: str | None = None) -> Index:
    """An index, over part of the rows when `where` says so.

    A query only meets such an index when it says the same in the same words: a bound parameter
    will not do (see `storage/job.py`).
    """
    condition = None if where is None else text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def never_looked() -> Any:
    """When the clock has to look at it next; None when never again.

    The default makes what an older program stored due at once, which then sets the true moment.
    """
    at_once = text("'1970-01-01 00:00:00.000000'")
    return Field(sa_type=UTCDateTime, sa_column_kwargs={"server_default": at_once})


def looked_at(table: str) -> Index:
    """The index over what has such a moment."""
    return index(f"{table}_look_at", "look_at", "workspace", where="look_at IS NOT NULL")
