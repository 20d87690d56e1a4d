"""Database work as turns: the event loop submits them, and threads run them in that order.

What runs in a turn is plain code in a thread; whoever asked waits on the loop. A turn that has not
begun can be given up; one that has begun comes to its end, whether or not anybody still waits for it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection

from bot.ports import StorageUnavailable

log = logging.getLogger(__name__)

Result = TypeVar("Result")


TURN_SECONDS = 2.0
"""How long a turn may wait to begin: with what one may take, about Slack's 3."""
LOOK_SECONDS = 0.1


class Turn(Generic[Result]):
    """Work that waits for a thread, and what came of it; made on the loop of whoever waits for that.

    The thread that begins it sets `result` or `fault`, and then answers; see `answer_all`.
    """

    def __init__(self, work: Callable[[Connection], Result]) -> None:
        self.work = work
        self.result: Result | None = None
        self.fault: BaseException | None = None
        self.loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Result] = self.loop.create_future()
        # Taken once: by the thread that begins the turn, or by whoever gives it up before that.
        self._decided = Lock()

    def begin(self) -> bool:
        """Whether it begins now, in this thread; False when it was given up."""
        return self._decided.acquire(blocking=False)

    def give_up(self) -> bool:
        """Whether it never begins; False when it has begun."""
        return self._decided.acquire(blocking=False)

    def run(self, serve: Callable[[Callable[[Connection], Result]], Result]) -> None:
        """Does the work, unless it was given up; `serve` gives the work a connection."""
        if not self.begin():
            return
        try:
            self.result = serve(self.work)
        except BaseException as fault:
            self.fault = fault
        answer_all([self])

    async def outcome(self, patience: float, alive: Callable[[], bool]) -> Result:
        """What comes of it once it has ended, or what it raised.

        Raises StorageUnavailable when it did not begin in time; then it never will. That is after
        TURN_SECONDS, and after `patience` already when the database is not `alive`: waiting on would
        help nobody.
        """
        until = self.loop.time() + TURN_SECONDS
        limit = self.loop.call_later(patience, lambda: look())  # noqa: PLW0108 - it is not there yet

        def look() -> None:
            nonlocal limit
            if self.loop.time() < until and alive():
                limit = self.loop.call_later(LOOK_SECONDS, look)
            elif not self._answer.done() and self.give_up():
                self._answer.set_exception(StorageUnavailable("the database is busy"))

        try:
            return await self._answer
        except asyncio.CancelledError:
            if not self.give_up() and not self._answer.cancelled():
                self.log_fault()  # it ended in the very moment in which the wait for it was cancelled
            raise
        finally:
            limit.cancel()

    def answer(self) -> None:
        """Answers whoever waits; on the loop."""
        if self._answer.done():
            self.log_fault()
        elif self.fault is None:
            self._answer.set_result(cast(Result, self.result))
        elif isinstance(self.fault, StopIteration):
            # asyncio takes this one for the end of a coroutine, and refuses it.
            error = RuntimeError("StopIteration in a turn")
            error.__cause__ = self.fault
            self._answer.set_exception(error)
        else:
            self._answer.set_exception(self.fault)

    def log_fault(self) -> None:
        """Logs the kind of a fault that nobody waits for any more, without its place: see Untold.

        What the bot itself raises is an answer, and whoever it was for has gone.
        """
        if self.fault is not None and not type(self.fault).__module__.startswith("bot."):
            name = type(self.fault).__name__
            log.warning("a turn that nobody waited for any more failed: %s", name)


def answer_all(turns: Sequence[Turn[Any]]) -> None:
    """Answers whoever waits for these, from a thread: together, because waking a loop takes long."""
    for loop in {turn.loop for turn in turns}:
        here = [turn for turn in turns if turn.loop is loop]
        try:
            loop.call_soon_threadsafe(_answer, here)
        except RuntimeError:  # the loop is closed, so nobody waits there
            for turn in here:
                turn.log_fault()


def _answer(turns: Sequence[Turn[Any]]) -> None:
    for turn in turns:
        turn.answer()
