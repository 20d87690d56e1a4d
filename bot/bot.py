"""The bot: a Request in, a Reply out; a Job in, a Message out."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.coach.coach import Remark
from bot.domain.errors import Lost, Refused
from bot.domain.job import Job
from bot.fault import told
from bot.flows import agenda, case, coach, forget
from bot.messages.parts import Message, Typed, sentence
from bot.ports import OpenWork, Unavailable, Undelivered, UnitOfWork
from bot.request import Reply, Request
from bot.routes import JOBS, VERBS, Verb

log = logging.getLogger(__name__)

BITE = 100
"""Things of a kind looked at in one transaction, so that nobody waits long for it."""
MOST_TRIES = 5
"""How often a request that lost a race is run again; each try meets the winner's new state."""


class Bot:
    """Answers requests, one transaction each, and finds the words for jobs.

    `committed` is called after every change, so that a worker can speak at once.
    """

    def __init__(self, open_work: OpenWork, committed: Callable[[], None]) -> None:
        self._open_work = open_work
        self._committed = committed
        self.answering = 0
        """How many requests are being answered just now; whoever speaks unasked may hold back."""

    async def answer(self, request: Request) -> Reply:
        """What the person gets back. Refusals and storage trouble are replies, never exceptions."""
        # No line here names the person or their words: an anonymous answer must leave no trace.
        verb = VERBS.get(request.verb)
        if verb is None:
            log.warning("verb=%s workspace=%s unknown", request.verb, request.workspace)
            older = "This button is from an older Amends; type "
            return Reply(message=sentence(older, Typed(words="help"), "."))
        try:
            return await self._try(verb, request)
        except Refused as refused:
            log.info("verb=%s workspace=%s refused", request.verb, request.workspace)
            return _turned_down(refused, request)
        except Lost:
            log.warning("verb=%s workspace=%s lost every race", request.verb, request.workspace)
            return _try_again(request)
        except Unavailable as unavailable:
            log.error("verb=%s workspace=%s not saved: %s", request.verb, request.workspace, unavailable)
            log.debug("%s", told(unavailable))
            return _try_again(request)

    async def _try(self, verb: Verb, request: Request) -> Reply:
        self.answering += 1
        try:
            for _ in range(MOST_TRIES - 1):
                try:
                    return await self._once(verb, request)
                except Lost:
                    continue
            return await self._once(verb, request)
        finally:
            self.answering -= 1

    async def _once(self, verb: Verb, request: Request) -> Reply:
        asks = verb.only_opens(request)
        flow = verb.form if verb.form is not None and asks else verb.flow
        writes = not (asks or verb.reads)
        remarks: Sequence[Remark] = ()
        async with self._open_work(request.workspace, writes=writes) as work:
            if writes and not verb.repeatable:
                known = request.key and not await work.requests.first_time(
                    request.key, forever=request.bulk
                )
                if known:
                    return Reply(already=True)
                await _remember(request, work)
            reply = await flow(request, work)
            if writes and verb.words and not request.bulk:
                remarks = await coach.remarks(request, *verb.words, work)
            if writes and not remarks:
                await work.commit()
        if remarks and verb.form and verb.words:
            # It could be posted, and is not yet: nothing was committed. Its writer sees it once more.
            async with self._open_work(request.workspace, writes=False) as work:
                opened = {"values": None, "about": coach.opened_for(request)}
                asked = await verb.form(request.model_copy(update=opened), work)
            return coach.once_more(asked, remarks, verb.words.fields, request)
        log.info(
            "verb=%s workspace=%s %s", request.verb, request.workspace, "saved" if writes else "read"
        )
        return reply

    async def look(self, workspace: str, at: datetime) -> int:
        """Looks at what is due in a workspace at `at`, a bite of it; returns how many things."""
        try:
            return await self._look(workspace, at, BITE)
        except (Unavailable, Lost):
            raise
        except Exception as fault:
            # One thing that cannot be looked at must not keep the others from their reminders.
            log.error("workspace=%s a look failed; one by one now: %s", workspace, told(fault))
        return await self._look_singly(workspace, at)

    async def _look(self, workspace: str, at: datetime, most: int) -> int:
        async with self._open_work(workspace, writes=True) as work:
            looked = await agenda.look(at, most, work)
            await work.commit()
        return looked

    async def _look_singly(self, workspace: str, at: datetime) -> int:
        looked = 0
        for _ in range(BITE):
            try:
                found = await self._look(workspace, at, 1)
            except (Unavailable, Lost):
                raise
            except Exception as fault:
                async with self._open_work(workspace, writes=True) as work:
                    skipped = await agenda.skip(at, work)
                    await work.commit()
                found = len(skipped)
                log.error("workspace=%s about=%s not looked at: %s", workspace, skipped, told(fault))
            if not found:
                break
            looked += found
        return looked

    async def forget(self, workspace: str, case: int, at: datetime) -> bool:
        """Removes what identifies the customer of a case; False when nothing was left to remove."""
        for tries in range(1, MOST_TRIES + 1):
            try:
                async with self._open_work(workspace, writes=True) as work:
                    forgotten = await forget.forget(case, at, work)
                    await work.commit()
                break
            except Lost:
                if tries == MOST_TRIES:
                    raise
        self._committed()
        return forgotten

    async def speak(self, job: Job, work: UnitOfWork) -> Message | None:
        """The words of a job as things stand now; None when there is nothing to say any more.

        Raises Undelivered for a job that this version does not know: a newer one beside it does.
        """
        spoken = JOBS.get(job.name)
        if spoken is None:
            raise Undelivered(f"{job.name} is a newer version's: this one waits for it.", outage=True)
        return await spoken.flow(job, work)

    def goes_on(self, job: Job) -> bool:
        """Whether anything follows once this job was said for the first time."""
        spoken = JOBS.get(job.name)
        return spoken is not None and spoken.then is not None

    async def sequel(self, job: Job, work: UnitOfWork) -> Sequence[Job]:
        """What the bot owes once this job was said for the first time."""
        spoken = JOBS.get(job.name)
        return await spoken.then(job, work) if spoken and spoken.then else ()

    async def substitute(self, job: Job, work: UnitOfWork) -> Sequence[Job]:
        """What the bot owes instead of a job that cannot be said; `job.detail` holds the reason."""
        spoken = JOBS.get(job.name)
        if spoken and spoken.otherwise:
            return await spoken.otherwise(job, work)
        return await case.note_unsaid(job, spoken.what if spoken else job.name, work)


async def _remember(request: Request, work: UnitOfWork) -> None:
    if request.unnamed or request.bulk:
        # An import is nobody; and a row that changes as an unnamed answer arrives would name its author.
        return
    await work.people.remember(request.person, *request.people)


def _turned_down(refused: Refused, request: Request) -> Reply:
    if request.values is not None:
        return Reply(faults={refused.field or "": refused.sentence}, refused=True)
    return Reply(message=sentence(refused.sentence), refused=True)


def _try_again(request: Request) -> Reply:
    words = "I could not save that just now, so nothing was changed. Please try again in a moment."
    if request.values is not None:
        return Reply(faults={"": words}, saved=False)
    return Reply(message=sentence(words), saved=False)
