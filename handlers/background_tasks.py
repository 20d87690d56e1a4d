"""What an adapter still does after it has answered; a failure there is logged."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from bot.safe_traceback import redacted

log = logging.getLogger(__name__)

PARTING_SECONDS = 3.0
"""How long what is under way may still take when the adapter closes."""


class BackgroundTasks:
    """Tasks that run after an answer, side by side."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Runs it after the answer; the adapter waits for it when it closes."""
        task = asyncio.create_task(_logged(coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Waits PARTING_SECONDS for what is under way, then cancels the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PARTING_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _logged(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        await coroutine
    except Exception as error:  # nobody awaits this task: only the log shows it
        log.error("what follows an answer failed: %s", redacted(error))
