"""Transactions in which nothing that is written stays: for asking what would happen."""

from collections.abc import Callable
from typing import TypeVar

from bot.ports import Queue, ReadOnlyWork, Transactions, UnitOfWork

Result = TypeVar("Result")


class _Undone(Exception):
    """Ends a transaction that was only rehearsed."""


class Rehearsal:
    """ports.Transactions over others: every write is carried out to its end, and then undone."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def write(self, workspace: str, change: Callable[[UnitOfWork], Result]) -> Result:
        """What `change` returns; nothing of it is kept."""
        results: list[Result] = []

        def rehearse(work: UnitOfWork) -> None:
            results.append(change(work))
            raise _Undone

        try:
            await self._transactions.write(workspace, rehearse)
        except _Undone:
            # Only the last try counts: one that lost a race is run again.
            return results[-1]
        raise AssertionError("what is rehearsed never ends well")

    async def read(self, workspace: str, look: Callable[[ReadOnlyWork], Result]) -> Result:
        """As ever: it changes nothing."""
        return await self._transactions.read(workspace, look)

    async def write_queue(self, change: Callable[[Queue], Result]) -> Result:
        """Refuses: nothing is said in a rehearsal."""
        raise LookupError("a rehearsal speaks to nobody")

    async def read_queue(self, look: Callable[[Queue], Result]) -> Result:
        """As ever."""
        return await self._transactions.read_queue(look)

    async def damage(self, *, deep: bool = False) -> str | None:
        """As ever."""
        return await self._transactions.damage(deep=deep)
