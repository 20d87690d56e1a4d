"""Saves the ends of jobs together: what ends during one transaction is saved in the next."""

import asyncio
from collections.abc import Sequence
from functools import partial

from bot.ports import Ended, Queue, Transactions


class PutAway:
    """Saves how jobs ended: a lone one at once, and many in one transaction."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._ended: list[tuple[Ended, asyncio.Future[bool]]] = []
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, ended: Ended) -> None:
        """Returns once it is saved.

        When several cannot be saved together, each is saved by itself: one of them may be at fault, or
        held by somebody else. Raises what the database raises.
        """
        together: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._ended.append((ended, together))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        if not await together:
            await self._save([ended])

    async def _run(self) -> None:
        while self._ended:
            some, self._ended = self._ended, []
            fault: Exception | None = None
            try:
                await self._save([ended for ended, _ in some])
            except Exception as trouble:
                fault = trouble
            for _, together in some:
                if together.cancelled():
                    continue
                if fault is not None and len(some) == 1:
                    together.set_exception(fault)
                else:
                    together.set_result(fault is None)
        self._running = None

    async def _save(self, ended: Sequence[Ended]) -> None:
        await self._transactions.write_queue(partial(_put_away, ended))


def _put_away(ended: Sequence[Ended], queue: Queue) -> None:
    queue.put_away(ended)
