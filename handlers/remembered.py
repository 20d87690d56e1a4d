"""A cache of what a platform says, for minutes: one question at a time per id, and events clear it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Remembered(Generic[K, T]):
    """Facts by id. `ask` gets one from the platform, or None when it does not answer just now.

    A question goes on when nobody waits for its answer any more, so that the next one to ask has it at
    once. With several processes an event reaches only one; the others ask anew after `seconds`.
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
        self._limit = limit
        self._values: dict[K, tuple[float, T]] = {}
        self._asking: dict[K, asyncio.Task[T | None]] = {}
        self._under_way: set[asyncio.Task[T | None]] = set()

    def known(self, id: K) -> T | None:
        """The last answer, unless it is too old to be believed."""
        until, value = self._values.get(id, (0.0, None))
        return value if until > self._clock() else None

    def last(self, id: K) -> T | None:
        """The last answer, however old."""
        return self._values[id][1] if id in self._values else None

    def learn(self, id: K, value: T) -> None:
        """Stores a new answer; when there are more than `limit`, drops the oldest."""
        self._values.pop(id, None)
        self._values[id] = (self._clock() + self._seconds, value)
        if len(self._values) > self._limit:
            del self._values[next(iter(self._values))]

    def expire(self, id: K) -> None:
        """Makes it too old to be believed; `last` still returns it."""
        self._asking.pop(id, None)
        if id in self._values:
            self._values[id] = (0.0, self._values[id][1])

    def forget(self, id: K) -> None:
        """Removes it, and ignores an answer that is on its way."""
        self._asking.pop(id, None)
        self._values.pop(id, None)

    def forget_all(self, belongs: Callable[[K], bool]) -> None:
        """The same for every id that belongs to what changed."""
        for id in [id for id in (*self._values, *self._asking) if belongs(id)]:
            self.forget(id)

    def begin(self, id: K) -> "asyncio.Task[T | None]":
        """The question to the platform: the one under way, or a new one."""
        task = self._asking.get(id)
        if task is None:
            task = self._asking[id] = asyncio.create_task(self._run(id))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return task

    async def ask(self, id: K) -> T | None:
        """A new answer. Whoever stops waiting, by a time limit, does not end the question."""
        task = self.begin(id)
        await asyncio.wait((task,))
        return None if task.cancelled() else task.result()

    async def get(self, id: K) -> T | None:
        """The last answer while it can be believed, or else a new one."""
        value = self.known(id)
        return await self.ask(id) if value is None else value

    async def close(self) -> None:
        """Cancels every question."""
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _run(self, id: K) -> T | None:
        value = None
        try:
            value = await self._ask(id)
        finally:
            # An answer that began before `forget` may be out of date: it is not stored.
            if self._asking.get(id) is asyncio.current_task():
                del self._asking[id]
                if value is not None:
                    self.learn(id, value)
        return value
