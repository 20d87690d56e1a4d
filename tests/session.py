"""Transactions step by step, in the test's own thread: what the product runs in turns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Connection

from bot import ports
from storage.database import Database
from storage.queue import Clock, Past, Queue
from storage.unit_of_work import UnitOfWork


class Session(UnitOfWork):
    """A unit of work that is saved by hand."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        super().__init__(connection, workspace)
        self._session = connection

    def commit(self) -> None:
        """Saves everything, the scheduled jobs with it."""
        self.flush()
        self._session.commit()


@contextmanager
def open_work(database: Database, workspace: str, *, writes: bool) -> Iterator[Session]:
    """A transaction; without a commit everything is rolled back."""
    with database.transaction(writes=writes) as connection:
        yield Session(connection, workspace)


def queue_of(database: Database, clock: Clock | None = None) -> ports.Queue:
    """The worker's side of the jobs; each call is one transaction."""
    return cast(ports.Queue, _EachAlone(database, clock))


class _EachAlone:
    def __init__(self, database: Database, clock: Clock | None) -> None:
        self._database = database
        self._clock = clock
        self._past = Past()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            with self._database.transaction(writes=True) as connection:
                result = getattr(Queue(connection, self._past, self._clock), name)(*given, **named)
                connection.commit()
            return result

        return call
