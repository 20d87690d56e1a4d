"""What a platform told, kept for minutes: asked once at a time for each id, forgotten by its events."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Remembered(Generic[K, T]):
    """Facts by id. `ask` gets one from the platform, or None when it is not told just now.

    A question goes on when nobody waits for its answer any more: the next one to ask has it at once.
    With several processes an event reaches one of them; the others forget when `seconds` are over.
    """

    def __init__(
        self,
        ask: Callable[[K], Awaitable[T | None]],
        seconds: float,
        clock: Callable[[], float],
        limit: int,
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._most = limit
        self._told: dict[K, tuple[float, T]] = {}
        self._asking: dict[K, asyncio.Task[T | None]] = {}
        self._under_way: set[asyncio.Task[T | None]] = set()

    def known(self, id: K) -> T | None:
        """What was told, unless it is too old to be believed."""
        until, told = self._told.get(id, (0.0, None))
        return told if until > self._clock() else None

    def last(self, id: K) -> T | None:
        """What was told last, however long ago."""
        return self._told[id][1] if id in self._told else None

    def learn(self, id: K, told: T) -> None:
        """Keeps what is so now; of more than `limit`, those learnt longest ago go."""
        self._told.pop(id, None)
        self._told[id] = (self._clock() + self._seconds, told)
        if len(self._told) > self._most:
            del self._told[next(iter(self._told))]

    def expire(self, id: K) -> None:
        """Lets it be asked again before it is believed; `last` still has it."""
        self._asking.pop(id, None)
        if id in self._told:
            self._told[id] = (0.0, self._told[id][1])

    def forget(self, id: K) -> None:
        """Forgets it, and what is being told of it at this moment."""
        self._asking.pop(id, None)
        self._told.pop(id, None)

    def forget_all(self, belongs: Callable[[K], bool]) -> None:
        """The same for every id that belongs to what changed."""
        for id in [id for id in (*self._told, *self._asking) if belongs(id)]:
            self.forget(id)

    def begin(self, id: K) -> "asyncio.Task[T | None]":
        """Asks, unless somebody is asking already."""
        task = self._asking.get(id)
        if task is None:
            task = self._asking[id] = asyncio.create_task(self._run(id))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return task

    async def ask(self, id: K) -> T | None:
        """What is told now. Whoever stops waiting, by a time limit, does not end the question."""
        task = self.begin(id)
        await asyncio.wait((task,))
        return None if task.cancelled() else task.result()

    async def get(self, id: K) -> T | None:
        """What is known, or else what is told now."""
        known = self.known(id)
        return await self.ask(id) if known is None else known

    async def close(self) -> None:
        """Ends every question."""
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _run(self, id: K) -> T | None:
        told = None
        try:
            told = await self._ask(id)
        finally:
            # Whoever was told to forget it meanwhile may not learn what was true before.
            if self._asking.get(id) is asyncio.current_task():
                del self._asking[id]
                if told is not None:
                    self.learn(id, told)
        return told
