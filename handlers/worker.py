"""Time: claims what is due, asks the bot for the words, says them, and remembers the platform's id."""

import asyncio
import hashlib
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal, TypeVar
from uuid import uuid4

from bot.bot import Bot
from bot.domain.channel import Channel
from bot.domain.errors import ConflictError
from bot.domain.job import (
    CALL_SECONDS,
    LEASE_SECONDS,
    MAX_ATTEMPTS_IN_AN_OUTAGE,
    Job,
    MessageRef,
    backoff,
    is_hopeless,
    minute,
)
from bot.domain.note import platform_of
from bot.messages.parts import Message, Superseded
from bot.ports import (
    Delivery,
    DeliveryError,
    Ended,
    Messenger,
    ReadOnlyWork,
    Restored,
    StorageUnavailable,
    Transactions,
)
from bot.safe_traceback import redacted
from handlers.put_away import PutAway
from handlers.upkeep import Upkeep

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Name = tuple[str, str]  # workspace and key
Words = tuple[Message | None, MessageRef | None, MessageRef | None, Channel | None]
WordsRead = asyncio.Task[Mapping[str, Words]]

ROUTINE = ("said", "edited", "already so", "nothing to say")
"""How nearly all messages end: one request owes many, and has its own line in the log."""
SIDE_BY_SIDE = 16
"""Channels spoken to at once. A call waits on the network, so more than the cores is right."""
BREATH_SECONDS = 0.1
"""How often something is claimed at most while a request is being answered: people come first."""
LOOK_LATE_SECONDS = 3.0
"""How long the look at what is due waits for people at most."""
AHEAD_SECONDS = 0.05
"""How early a channel's next message is claimed, so that its words are ready when it may be sent."""
POLL_SECONDS = 0.5
"""How late what another process committed is noticed; our own commits wake us at once."""
GRACE_SECONDS = 4.0
"""How long a call may still take when told to stop; with what the adapters wait, under 10."""
HAND_BACK_SECONDS = 1.0
"""How long handing back may take: a storage that is silent takes nothing, and the leases end."""
PATIENCE_SECONDS = 90.0
"""How long a tick waits for what it cannot claim: longer than any lease, and than any pace."""


DELETED = "deleted"
LEFT = "left as it is over"
"""Outcomes of a message that was superseded: gone, or saying so where it cannot be deleted."""


class RootMissing(DeliveryError):
    """The message that this belongs under is not there yet."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class Worker:
    """Speaks for the bot, one message at a time in each channel, channels side by side.

    `messengers` maps a workspace's platform ("slack" of "slack:T1", "web") to who speaks there, and
    `note.PLATFORM` to who leaves notes in helpdesks, for all workspaces.
    `woken` is set by whoever committed something, so that the clock looks at once.
    """

    def __init__(
        self,
        bot: Bot,
        transactions: Transactions,
        messengers: Mapping[str, Messenger],
        woken: asyncio.Event,
        forget_after: timedelta | None = None,
    ) -> None:
        self._bot = bot
        self._transactions = transactions
        self._messengers = messengers
        self._name = uuid4().hex
        self._woken = woken
        self._stopping = False
        self._look_at = 0.0
        self._upkeep = Upkeep(bot, transactions, forget_after)
        self._speaking: dict[asyncio.Task[None], Name] = {}
        self._limits = {platform: messenger.limits for platform, messenger in messengers.items()}
        self._ticking = False
        self._free_at: dict[tuple[str, str], float] = {}
        self._claimed_at = 0.0
        self._put_away = PutAway(transactions)
        self._undeletable: set[str] = set()
        self._restored: Restored | None = None
        self.outcomes: Counter[str] = Counter()

    async def run(self) -> None:
        """Speaks until `stop`; trouble with the storage is logged and waited out."""
        while not self._stopping:
            self._bot.untold.tell_hourly()
            self._upkeep.examine()
            claimed, more = 0, False
            try:
                # First of all: what this process stores proves nothing about its own clock.
                observed = await self._upkeep.observe_time()
                more = await self._look()
                await self._let_people_go_first()
                claimed = await self._claim(by=None)
                await self._upkeep.index_words()
                await self._upkeep.prune(observed)
            except (StorageUnavailable, ConflictError) as trouble:
                log.error("the queue cannot be reached; waiting: %s", trouble)
            except Exception as fault:
                # A fault of ours, or one of a driver's that nobody knew: people are answered meanwhile.
                log.error("speaking failed; trying again: %s", redacted(fault))
            if not claimed or len(self._speaking) >= SIDE_BY_SIDE:
                await self._sleep(BREATH_SECONDS if more else POLL_SECONDS)

    async def _look(self) -> bool:
        """Looks twice a second for what is due, and puts reminders of it among the messages owed.

        Returns whether there may be more: then it is looked for again soon.
        """
        now = asyncio.get_running_loop().time()
        if now >= self._look_at + (LOOK_LATE_SECONDS if self._bot.answering else 0.0):
            # What was claimed is said before more is looked at: saved settings concern thousands.
            more = await self._look_once(datetime.now(UTC))
            self._look_at = now if more else now + POLL_SECONDS
            return more
        return False

    async def _let_people_go_first(self) -> None:
        """Waits while somebody is being answered, if something was claimed just now."""
        until, loop = self._claimed_at + BREATH_SECONDS, asyncio.get_running_loop()
        while self._bot.answering and not self._stopping and (left := until - loop.time()) > 0:
            self._woken.clear()
            await self._sleep(left)

    async def _look_once(self, by: datetime) -> bool:
        """Looks at a batch in each workspace; whether there was something, so that there may be more."""
        workspaces = await self._transactions.read_queue(
            lambda queue: queue.workspaces_with_due_work(by)
        )
        looked = [await self._bot.run_due(workspace, by) for workspace in workspaces]
        # What another process is looking at just now is not ours to wait for.
        return any(looked)

    async def take_in_restored(self) -> None:
        """After a restored backup, before anything is said: doubts what may have been said since.

        That includes what was to be said since the backup, so what is due by now is looked at first.
        """
        restored = await self._transactions.read_queue(lambda queue: queue.restored())
        self._restored = restored
        if restored is None or restored.doubted:
            return
        by = datetime.now(UTC)
        while await self._look_once(by):
            continue
        looked_up = [name for name, limits in self._limits.items() if limits.looks_up]
        doubted = await self._transactions.write_queue(lambda queue: queue.doubt(looked_up))
        log.warning(
            "This database is a copy, made at %s UTC. Numbers jump ahead; messages to look up before "
            "they are said: %d; held until you say what to do (python -m bot check): %d.",
            f"{restored.made_at:%Y-%m-%d %H:%M}",
            *doubted,
        )

    async def stop(self) -> None:
        """Claims nothing more, lets what is being said finish for a moment, and hands back the rest."""
        self._stopping = True
        self._upkeep.stop()
        self._woken.set()
        if self._speaking:
            await asyncio.wait(self._speaking, timeout=GRACE_SECONDS)
        left = list(self._speaking)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=HAND_BACK_SECONDS)  # `_spoken` tells what went wrong
        self._bot.untold.tell()

    async def run_due(self, by: datetime) -> Mapping[str, int]:
        """Says everything due by `by`, at the usual pace, and returns how many came out how.

        What another process holds is waited for: it says it, or its lease ends. What cannot be
        claimed for longer than that (a platform that asked for an hour) is left for the next time.
        """
        loop, self._ticking = asyncio.get_running_loop(), True
        while await self._look_once(by) and not self._stopping:
            continue
        patient_until = loop.time() + PATIENCE_SECONDS
        while True:
            if await self._claim(by=by):
                continue
            if self._speaking:
                patient_until = loop.time() + PATIENCE_SECONDS
            else:
                due = await self._transactions.read_queue(lambda queue: queue.next_due(self._limits))
                if due is None or due > by:
                    return dict(self.outcomes)
                if loop.time() > patient_until:
                    log.warning("what is due since %s is held back or held elsewhere; left.", due)
                    return dict(self.outcomes)
            await self._sleep(POLL_SECONDS)

    async def _claim(self, by: datetime | None) -> int:
        self._woken.clear()
        if (room := SIDE_BY_SIDE - len(self._speaking)) <= 0:
            return 0
        # From before the claim on: a process that sleeps in between must not speak after its lease.
        self._claimed_at = asyncio.get_running_loop().time()
        until = self._claimed_at + CALL_SECONDS
        jobs = await self._transactions.write_queue(
            lambda queue: queue.claim(by, self._name, room, self._limits)
        )
        at = by or datetime.now(UTC)
        jobs = [job.model_copy(update={"at": at}) for job in jobs]
        read = {} if self._stopping else self._read_together(jobs)
        for job in jobs:
            if self._stopping:
                await self._hand_back(job, unsure=job.unsure)
                continue
            name = (job.workspace, job.key)
            same = [task for task, other in self._speaking.items() if other == name]
            # What they said, or did not, is read afterwards.
            words = None if same else read.get(job.workspace)
            task = asyncio.create_task(self._speak(job, words, same, until))
            self._speaking[task] = name
            task.add_done_callback(self._spoken)
        return len(jobs)

    async def _hand_back(self, job: Job, *, unsure: bool) -> None:
        """Lets another process go on at once, instead of when the lease has ended."""
        await self._put_away(Ended(job, "waiting", why="Amends was stopped.", unsure=unsure))
        self._count("handed back", job)

    def _spoken(self, task: asyncio.Task[None]) -> None:
        del self._speaking[task]
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            log.error("a job could not be put away; its lease will end: %s", redacted(fault))
        self._woken.set()

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return

    async def _speak(
        self, job: Job, words: WordsRead | None, same: Sequence[asyncio.Task[None]], until: float
    ) -> None:
        """Says it and puts it away; `same` are our own attempts whose lease the clock ended too early.

        A clock that jumps does that: then the call is waited for, and looked up afterwards.
        """
        try:
            if same:
                await asyncio.wait(same)
            await self._attempt(job, words, until)
        except asyncio.CancelledError:
            # The process stops, and whatever was being said may have been heard.
            await self._hand_back(job, unsure=True)
            raise

    async def _attempt(self, job: Job, words: WordsRead | None, until: float) -> None:
        messenger = self._messengers[platform_of(job.workspace, job.channel_id)]
        if job.attempts > MAX_ATTEMPTS_IN_AN_OUTAGE:
            # Nobody lived to put it back so often: it kills whoever tries.
            await self._put_back(job, DeliveryError("Amends never came to its end.", permanent=True))
            return
        try:
            await self._deliver(job, words, messenger, until)
        except DeliveryError as undelivered:
            await self._put_back(job, undelivered)
        except StorageUnavailable:
            # Whatever was said stays unsure, and is looked up when the lease has ended.
            raise
        except Exception as fault:
            # A fault of ours must neither stop the clock nor hold up the channel: it is tried again,
            # after a look at what may have been said, and set aside after its tries like all else.
            self._failed(job, f"failed: {redacted(fault)}")
            reason = f"Something is wrong in Amends ({type(fault).__name__})."
            await self._put_back(job, DeliveryError(reason, maybe_delivered=True))

    async def _deliver(
        self, job: Job, words: WordsRead | None, messenger: Messenger, until: float
    ) -> None:
        read = {} if words is None else await asyncio.shield(words)
        if job.key not in read:
            read = await self._surely(partial(self._words, job.workspace, [job]))
        message, said, root, known = read[job.key]
        takes_back = isinstance(message, Superseded)
        unsaid = takes_back and said is None and not job.unsure
        if message is None or (job.once and said is not None) or unsaid:
            await self._surely(partial(self._finish, job, None, 0.0, "nothing to say"))
            return
        if job.thread and root is None and not takes_back:
            raise RootMissing
        channel = known or Channel(
            id=job.channel_id, name=job.channel_id, kind="direct" if job.direct else "shared"
        )
        delivery = Delivery(
            workspace=job.workspace, key=job.key, channel=channel, message=message, thread=root
        )
        if said is None and not takes_back:
            await self._rested(job)
        began = asyncio.get_running_loop().time()
        if began >= until:
            raise DeliveryError("It came too late to be said.", maybe_delivered=job.unsure, outage=True)
        try:
            message_ref, outcome = await _call(messenger, delivery, said, job, until)
        except DeliveryError as undelivered:
            if (lost := said or root) is None or not undelivered.gone:
                raise
            step = self._post_anew if said else self._post_root_anew
            await self._surely(partial(step, job, lost))
            return
        if outcome == LEFT and job.workspace not in self._undeletable:
            self._undeletable.add(job.workspace)
            log.warning(
                "workspace=%s a message of ours cannot be deleted there, so it says that it is over.",
                job.workspace,
            )
        if job.unsure:  # it was looked for first, so nobody can say when the call itself began
            began = asyncio.get_running_loop().time()
        next_allowed_at = began + (messenger.limits.min_interval if outcome == "said" else 0.0)
        gone = (job.key, said.message) if said is not None and outcome == DELETED else None
        await self._surely(partial(self._finish, job, message_ref, next_allowed_at, outcome, gone))

    async def _surely(self, step: Callable[[], Awaitable[Result]]) -> Result:
        """Does it again while the storage is out of reach and the lease can hold; twice is once."""
        until = asyncio.get_running_loop().time() + LEASE_SECONDS
        while True:
            try:
                return await step()
            except StorageUnavailable as trouble:
                if self._stopping or asyncio.get_running_loop().time() >= until:
                    raise
                log.warning("a message waits for the storage: %s", trouble)
            await asyncio.sleep(POLL_SECONDS)

    def _read_together(self, jobs: Sequence[Job]) -> Mapping[str, WordsRead]:
        """Begins to read what several jobs of a workspace need, at once."""
        of = {job.workspace: [one for one in jobs if one.workspace == job.workspace] for job in jobs}
        return {
            workspace: asyncio.create_task(self._words_if_all(workspace, some))
            for workspace, some in of.items()
            if len(some) > 1
        }

    async def _words_if_all(self, workspace: str, jobs: Sequence[Job]) -> Mapping[str, Words]:
        """The same for all of them, or for none when one is in the way: then each reads for itself."""
        try:
            return await self._words(workspace, jobs)
        except Exception:
            return {}

    async def _words(self, workspace: str, jobs: Sequence[Job]) -> Mapping[str, Words]:
        """What to say, what was said before, what it belongs under, and where; by the job's key."""

        def look(work: ReadOnlyWork) -> Mapping[str, Words]:
            keys = {key for job in jobs for key in (job.key, job.thread) if key}
            message_refs = work.sent_messages.among(keys)
            return {
                job.key: (
                    self._bot.speak(job, work),
                    message_refs.get(job.key),
                    message_refs.get(job.thread or ""),
                    work.channels.get(job.channel_id),
                )
                for job in jobs
            }

        return await self._transactions.read(workspace, look)

    async def _rested(self, job: Job) -> None:
        """Waits for what is left of the channel's rest: it was claimed a little ahead."""
        left = (
            self._free_at.pop((job.workspace, job.channel_id), 0.0) - asyncio.get_running_loop().time()
        )
        if left > 0:
            await asyncio.sleep(left)

    async def _finish(
        self,
        job: Job,
        message_ref: MessageRef | None,
        next_allowed_at: float,
        outcome: str,
        gone: tuple[str, str] | None = None,
    ) -> None:
        """Puts it away; `next_allowed_at`, by the loop's clock, is when the channel has rested from it.

        It rests from the moment the call began: a slow call is no reason for a longer pause.
        """
        if outcome == "said":
            self._free_at[job.workspace, job.channel_id] = next_allowed_at
        follow: tuple[Job, ...] = ()
        if outcome in ("said", "found") and self._bot.has_follow_up(job):
            follow = await self._transactions.read(
                job.workspace, lambda work: tuple(self._bot.follow_up_jobs(job, work))
            )
        if outcome == "found" and self._was_lost(job):
            # Whoever said it said what follows, too, and a backup that was restored knows neither.
            doubt = {"unsure": True, "began_at": job.began_at and minute(job.began_at)}
            follow = tuple(one.model_copy(update=doubt) for one in follow)
        cool_down = max(0.0, next_allowed_at - AHEAD_SECONDS - asyncio.get_running_loop().time())
        await self._put_away(
            Ended(job, "done", cool_down, message_ref=message_ref, gone=gone, follow=follow)
        )
        self._count(outcome, job)
        self._wake_in(cool_down)

    async def _post_anew(self, job: Job, lost: MessageRef) -> None:
        """Somebody deleted the message that was to be changed: it is forgotten, and the job begins anew.

        Both in one transaction, and whoever posts it looks first when an attempt ended unknown: so it is
        posted once. What is not lasting has nothing to say any more.
        """
        state: Literal["waiting", "done"] = "waiting" if self._bot.is_lasting(job) else "done"
        why = "Somebody deleted the message, so it is posted again."
        await self._put_away(Ended(job, state, why=why, gone=(job.key, lost.message)))
        self._count("gone", job)

    async def _post_root_anew(self, job: Job, lost: MessageRef) -> None:
        """Somebody deleted the message whose thread this belongs in: that one first, then this one."""
        wait = backoff(job.attempts, random.random())  # noqa: S311 - jitter
        await self._put_away(
            Ended(
                job,
                "waiting",
                wait,
                why=str(RootMissing()),
                unsure=job.unsure,
                behind=True,
                gone=(job.thread or "", lost.message),
                follow=self._bot.root_jobs(job),
            )
        )
        self._count("gone", job)
        self._wake_in(wait)

    def _was_lost(self, job: Job) -> bool:
        """Whether it may have been said after the backup that was restored."""
        restored = self._restored
        return restored is not None and job.began_at is not None and job.began_at <= restored.made_at

    async def _put_back(self, job: Job, undelivered: DeliveryError) -> None:
        if undelivered.permanent or is_hopeless(job, outage=undelivered.outage):
            label = "" if job.traceless else self._bot.label(job)
            about = f" about={label}" if label else ""
            code = f" ({undelivered.code})" if undelivered.code else ""
            self._failed(
                job, f"given up{about} after {job.attempts} attempts: {undelivered.reason}{code}"
            )
            instead = await self._instead(job, undelivered.reason)
            await self._put_away(Ended(job, "dead", why=undelivered.reason, follow=instead))
            self._count("given up", job)
            return
        asked = undelivered.retry_after
        wait = max(asked or 0.0, backoff(job.attempts, random.random()))  # noqa: S311 - jitter
        # Once unsure, only a look-up that was answered makes sure; a needless one costs little.
        unsure = job.unsure or undelivered.maybe_delivered
        limits = self._limits[platform_of(job.workspace, job.channel_id)]
        behind = isinstance(undelivered, RootMissing)
        await self._put_away(
            Ended(
                job,
                "waiting",
                wait,
                why=undelivered.reason,
                unsure=unsure,
                behind=behind,
                follow=self._bot.root_jobs(job) if behind else (),
                # A tick may be told a later time than it is; only a channel queue's rest goes by the
                # real clock.
                hold_queue=asked is not None or self._ticking or limits.in_order,
                hold_workspace=asked is not None and limits.together,
            )
        )
        self._count("put back", job, undelivered.code)
        self._wake_in(wait)

    async def _instead(self, job: Job, reason: str) -> Sequence[Job]:
        """What is owed instead of a job that cannot be said."""
        try:
            return await self._transactions.read(
                job.workspace, lambda work: self._bot.fallback_jobs(job, reason, work)
            )
        except StorageUnavailable:
            raise
        except Exception as fault:
            # It would be begun again and again, and hold up its channel.
            self._failed(job, f"nothing is said instead: {redacted(fault)}")
            return ()

    def _count(self, outcome: str, job: Job, code: str = "") -> None:
        """Counts an outcome and writes a line; `code` is the platform's own for what went wrong."""
        self.outcomes[outcome] += 1
        told = f"{outcome} ({code})" if code else outcome
        if not job.traceless:
            level = logging.DEBUG if outcome in ROUTINE else logging.INFO
            log.log(level, "job=%s id=%s workspace=%s %s", job.name, job.id, job.workspace, told)
        elif code:
            self._bot.untold.note(f"job={job.name} workspace={job.workspace} {told}")

    def _failed(self, job: Job, how: str) -> None:
        """A line for the operator; of a traceless job later, and not which of them it was."""
        if job.traceless:
            self._bot.untold.note(f"job={job.name} workspace={job.workspace} {how}")
        else:
            log.error("job=%s id=%s workspace=%s %s", job.name, job.id, job.workspace, how)

    def _wake_in(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._woken.set)


async def _call(
    messenger: Messenger, delivery: Delivery, said: MessageRef | None, job: Job, until: float
) -> tuple[MessageRef | None, str]:
    """Says it, edits it, deletes it, or leaves it as it is; returns where it is now and what was done.

    `until`, by the loop's clock, is when the call is given up.

    A post whose last attempt nobody knows the end of is looked for first; an edit is simply repeated.
    """
    digest = hashlib.sha256(delivery.message.model_dump_json().encode()).hexdigest()
    try:
        async with asyncio.timeout_at(until):
            unsure_since = job.began_at if job.unsure and said is None else None
            found = await messenger.find(delivery, unsure_since) if unsure_since else None
            earlier = said or found
            if isinstance(delivery.message, Superseded) and (
                earlier is None or earlier.digest != digest
            ):
                return await _take_back(messenger, delivery, earlier, digest)
            if earlier is None:
                message_ref, outcome = await messenger.say(delivery), "said"
            elif earlier.digest == digest:
                message_ref, outcome = earlier, "already so"
            else:
                message_ref = await messenger.edit(delivery, earlier)
                outcome = "edited" if said else "found"
    except TimeoutError:
        raise DeliveryError(
            "The platform did not answer in time.", maybe_delivered=True, outage=True
        ) from None
    return message_ref.model_copy(update={"digest": digest}), outcome


async def _take_back(
    messenger: Messenger, delivery: Delivery, said: MessageRef | None, digest: str
) -> tuple[MessageRef | None, str]:
    """Deletes what was said, or says that it is over where the platform does not let us delete it."""
    if said is None:
        return None, "nothing to say"
    try:
        await messenger.delete(delivery, said)
    except DeliveryError as refused:
        if not refused.permanent:
            raise
    else:
        return None, DELETED
    try:
        said = await messenger.edit(delivery, said)
    except DeliveryError as refused:
        # It may change nothing either: then it stays as it is, and nothing is owed for that.
        if not refused.permanent:
            raise
    return said.model_copy(update={"digest": digest}), LEFT
