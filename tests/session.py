"""Transactions step by step, in the test's own thread: what the product runs in turns."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, cast

from sqlalchemy import Connection

from bot import ports
from bot.domain.job import Job, MessageRef
from bot.ports import Ended
from storage.database import Database
from storage.jobs.queue import Clock, Past, Queue
from storage.unit_of_work import UnitOfWork
from storage.vault import Vault


class Session(UnitOfWork):
    """A unit of work that is saved by hand."""

    def __init__(self, connection: Connection, workspace: str, vault: Vault) -> None:
        super().__init__(connection, workspace, vault)
        self._session = connection

    def commit(self) -> None:
        """Saves everything, the scheduled jobs with it."""
        self.flush()
        self._session.commit()


@contextmanager
def open_work(database: Database, workspace: str, *, writes: bool) -> Iterator[Session]:
    """A transaction; without a commit everything is rolled back."""
    with database.transaction(writes=writes) as connection:
        yield Session(connection, workspace, database.vault)


class QueueOf(ports.Queue, Protocol):
    """The worker's side of the jobs, which puts them away one by one, too."""

    def finish(
        self, job: Job, message_ref: MessageRef | None, min_interval: float, follow: Sequence[Job] = ()
    ) -> None:
        """Said, or nothing left to say."""

    def retry(self, job: Job, cool_down: float, **how: Any) -> None:
        """Put back."""

    def give_up(self, job: Job, why: str, follow: Sequence[Job] = ()) -> None:
        """Set aside."""


def queue_of(database: Database, clock: Clock | None = None) -> QueueOf:
    """The worker's side of the jobs; each call is one transaction."""
    return cast(QueueOf, _EachAlone(database, clock))


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

    def finish(
        self, job: Job, message_ref: MessageRef | None, min_interval: float, follow: Sequence[Job] = ()
    ) -> None:
        self.put_away([Ended(job, "done", min_interval, message_ref=message_ref, follow=follow)])

    def retry(self, job: Job, cool_down: float, **how: Any) -> None:
        self.put_away([Ended(job, "waiting", cool_down, **how)])

    def give_up(self, job: Job, why: str, follow: Sequence[Job] = ()) -> None:
        self.put_away([Ended(job, "dead", why=why, follow=follow)])
