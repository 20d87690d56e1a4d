"""The clock of `serve` in a process of its own, with a messenger that answers at once."""

import asyncio
import gc
import logging
import os
import signal
from datetime import datetime
from itertools import count

from bot.bot import Bot
from bot.domain.job import MessageRef
from bot.ports import Delivery, Limits
from handlers.worker import Worker
from storage.database import Database


class AtOnce:
    """ports.Messenger without a platform."""

    limits = Limits()

    def __init__(self) -> None:
        self._numbers = count(1)

    async def say(self, delivery: Delivery) -> MessageRef:
        """Said."""
        return MessageRef(channel_id=delivery.channel.id, message=f"{os.getpid()}.{next(self._numbers)}")

    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        """Changed."""
        return message_ref

    async def delete(self, delivery: Delivery, message_ref: MessageRef) -> None:
        """Deleted."""

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        """Nobody knows of it."""
        return None


async def main() -> None:
    """Speaks until it is told to stop; says `ready` first."""
    logging.basicConfig(level=logging.INFO)  # as `serve` does: a line for each job
    database, woken, told = Database(os.environ["AMENDS_DATABASE_URL"]), asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    bot = Bot(database, committed=woken.set)
    worker = Worker(bot, database, {"slack": AtOnce()}, woken)
    clock = asyncio.create_task(worker.run())
    gc.freeze()
    print("ready", flush=True)
    await told.wait()
    await worker.stop()
    await clock
    database.close()


if __name__ == "__main__":
    asyncio.run(main())
