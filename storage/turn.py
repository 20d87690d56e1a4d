"""Turns at the database: the event loop asks for them, threads take them in the order of asking.

What runs in a turn is plain code in a thread; whoever asked waits on the loop. A turn that has not
begun can be given up; one that has begun comes to its end, whether or not anybody still waits for it.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from bot.ports import Unavailable

log = logging.getLogger(__name__)

Result = TypeVar("Result")


TURN_SECONDS = 2.0
"""How long a turn may wait to begin: with what one may take, about Slack's 3."""
LOOK_SECONDS = 0.1


async def outcome(turn: Future[Result], patience: float, alive: Callable[[], bool]) -> Result:
    """What comes of a turn once it has ended, or what it raised.

    Raises Unavailable when it did not begin in time; then it never will. That is after TURN_SECONDS, and
    after `patience` already when the database is not `alive`: then waiting on would help nobody.
    """
    loop, in_time = asyncio.get_running_loop(), True
    until = loop.time() + TURN_SECONDS
    limit = loop.call_later(patience, lambda: look())  # noqa: PLW0108 - it is not there yet

    def look() -> None:
        nonlocal in_time, limit
        if loop.time() < until and alive():
            limit = loop.call_later(LOOK_SECONDS, look)
        else:
            in_time = not turn.cancel()

    try:
        return await asyncio.wrap_future(turn)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if not in_time and not (task and task.cancelling()):
            raise Unavailable("the database is busy") from None
        turn.add_done_callback(_tell)
        raise
    finally:
        limit.cancel()


def _tell(turn: Future[Result]) -> None:
    """Tells the operator of a fault that nobody waits for any more, and not where it was: see Untold.

    What the bot itself raises is an answer, and whoever it was for has gone.
    """
    fault = None if turn.cancelled() else turn.exception()
    if fault is not None and not type(fault).__module__.startswith("bot."):
        log.warning("a turn that nobody waited for any more failed: %s", type(fault).__name__)
