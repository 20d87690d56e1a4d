"""What an adapter still does once it has answered: kept until it is done, and heard of when it fails."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from bot.safe_traceback import redacted

log = logging.getLogger(__name__)

PARTING_SECONDS = 3.0
"""How long what is under way may still take when the adapter closes."""


class BackgroundTasks:
    """Runs what follows an answer beside everything else."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Runs it after the answer; the adapter waits for it when it closes."""
        task = asyncio.create_task(_logged(coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Lets what is under way finish, for a moment."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PARTING_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _logged(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        await coroutine
    except Exception as error:  # nobody awaits this task: the log is where it is heard
        log.error("what follows an answer failed: %s", redacted(error))
