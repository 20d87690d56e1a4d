"""What the worker does beside sending: it notes the time, removes old rows, and looks for damage."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.bot import Bot
from bot.domain.signal import KEPT as KEPT_DELIVERIES
from bot.ports import ObservedTime, StorageUnavailable, Transactions

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
"""How long finished jobs stay for the operator to look at."""
PRUNE_SECONDS = 3600.0
BATCH_SIZE = 500
"""Rows pruned in one transaction, so that nobody waits for it."""
FORGET_BATCH_SIZE = 10
"""Customers forgotten before messages get their turn again."""
OBSERVE_SECONDS = 600.0
"""How often it is written down how much time has passed; the rest is lost with the process."""
EXAMINE_SECONDS = 24 * 3600.0
"""How often all that is stored is read: a second for each 300 MB of an SQLite file."""
INDEX_SECONDS = 60.0
"""How often it is looked whether an older program beside this, or somebody by hand, changed words."""
FAR_BEHIND = timedelta(days=1)
"""Observed time is so far behind the clock only when Amends was off, or the clock is wrong."""
NEXT_BATCH_SECONDS = 0.5
"""How soon the next batch follows while there is more."""


class Upkeep:
    """Notes the time, forgets customers and prunes; each now and then, and each a batch at a time."""

    def __init__(self, bot: Bot, transactions: Transactions, forget_after: timedelta | None) -> None:
        self._bot = bot
        self._transactions = transactions
        self._forget_after = forget_after
        self._observed: ObservedTime | None = None
        self._observed_at = 0.0
        self._deliveries_kept = min(KEPT_DELIVERIES, forget_after or KEPT_DELIVERIES)
        self._to_forget: Sequence[tuple[str, str]] = ()
        self._examine_at = 0.0
        self._examining: asyncio.Task[None] | None = None
        self._index_at = 0.0
        self.prune_at = 0.0

    async def observe_time(self) -> ObservedTime:
        """Writes down now and then how much time has passed; warns when the clock may be wrong."""
        now, before = asyncio.get_running_loop().time(), self._observed
        elapsed = now - self._observed_at
        if before is not None and elapsed < OBSERVE_SECONDS:
            return before
        observed = await self._transactions.write_queue(
            lambda queue: queue.observe_time(before, timedelta(seconds=elapsed))
        )
        self._observed, self._observed_at = observed, now
        if observed.behind > FAR_BEHIND and (before is None or before.behind <= FAR_BEHIND):
            log.warning(
                "The clock is %d days ahead of the time that was observed: Amends was off, or the clock "
                "is wrong. What is old goes by the observed time, which catches up 5 days a day.",
                observed.behind.days,
            )
        return observed

    def examine(self) -> None:
        """Looks at the start and once a day whether all that is stored can be read; beside the rest."""
        now = asyncio.get_running_loop().time()
        if now >= self._examine_at:
            self._examine_at = now + EXAMINE_SECONDS
            self._examining = asyncio.create_task(self._look_for_damage())

    async def _look_for_damage(self) -> None:
        try:
            damage = await self._transactions.damage(deep=True)
        except StorageUnavailable as trouble:
            log.warning("whether the database is whole could not be seen: %s", trouble)
            return
        if damage is not None:
            log.error("%s. Restore a backup: docs/operations.md says how.", damage)

    def stop(self) -> None:
        """Waits for nothing more."""
        if self._examining is not None:
            self._examining.cancel()

    async def prune(self, observed: ObservedTime) -> None:
        """Once an hour, and batch after batch while there is more; age goes by the observed time."""
        now = asyncio.get_running_loop().time()
        if now < self.prune_at:
            return
        await self._forget()
        more_tests = await self._drop_tests()
        before = min(datetime.now(UTC), observed.at) - KEPT
        pruned = await self._transactions.write_queue(
            lambda queue: queue.prune(before, BATCH_SIZE, self._deliveries_kept)
        )
        more = pruned >= BATCH_SIZE or self._to_forget or more_tests
        self.prune_at = now + (NEXT_BATCH_SECONDS if more else PRUNE_SECONDS)

    async def index_words(self) -> None:
        """Once a minute, and batch after batch while there is more: others' words are found, too."""
        now = asyncio.get_running_loop().time()
        if now < self._index_at:
            return
        more = await self._transactions.write_queue(lambda queue: queue.index_words())
        self._index_at = now + (NEXT_BATCH_SECONDS if more else INDEX_SECONDS)

    async def _forget(self) -> None:
        """Forgets the customers of old cases where the operator asked for that; the log says so."""
        if self._forget_after is None:
            return
        age = self._forget_after
        if not self._to_forget:
            # Looked up while others may write; a case that is gone meanwhile is only skipped.
            old, waiting = await self._transactions.read_queue(lambda queue: queue.overdue(age))
            if not old or not await self._transactions.write_queue(
                lambda queue: queue.take_daily_quota()
            ):
                return
            self._to_forget = old[: len(old) - waiting]
            if waiting:
                log.warning(
                    "%d more customers are due to be forgotten and wait: only a tenth of all cases, and "
                    "of proposed ones, is forgotten in a day. 'python -m bot forget --due' forgets them "
                    "all now.",
                    waiting,
                )
        some, left = self._to_forget[:FORGET_BATCH_SIZE], self._to_forget[FORGET_BATCH_SIZE:]
        # After trouble the rest waits for the next quota, or two might be used within one day.
        self._to_forget = ()
        for workspace, label in some:
            for forgotten in await self._bot.forget_due(workspace, label, datetime.now(UTC)):
                log.info("workspace=%s about=%s its customer is forgotten", workspace, forgotten)
        if some and not left:
            await self._bot.wipe_words(some[-1][0])
        self._to_forget = left

    async def _drop_tests(self) -> bool:
        """Removes old tests, also from the messages that show them; returns whether more wait."""
        age, limit = self._deliveries_kept, FORGET_BATCH_SIZE
        old = await self._transactions.read_queue(lambda queue: queue.old_tests(age, limit))
        for workspace, connection_id, key in old:
            await self._bot.drop_test(workspace, connection_id, key, datetime.now(UTC))
        return len(old) == limit
