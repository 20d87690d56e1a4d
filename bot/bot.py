"""The bot: a Request in, parsed into its Command, and a Reply out; a Job in, a Message out."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeVar

from bot.access import NO_ANSWER_NOW, MembershipNeeded, PlatformFacts, check
from bot.allowance import Allowance
from bot.coach.coach import Remark
from bot.command import AskFirst, Command, Opening, Reply, Request
from bot.commands import coach as coach_commands
from bot.commands import forget as forget_commands
from bot.commands.forget import Told
from bot.domain import message_key
from bot.domain.case import first_bring_back
from bot.domain.errors import ConflictError, NextStep, Refused, as_one
from bot.domain.job import Job, minute
from bot.domain.person import Person
from bot.helpdesks import NO_HELPDESKS
from bot.jobs import retro as retro_jobs
from bot.jobs import scheduler as scheduler_jobs
from bot.jobs.payload import JobPayload, unsaid_jobs
from bot.messages.parts import Button, Message, Typed, sentence, with_button
from bot.messages.sign_in import with_way
from bot.ports import (
    DeliveryError,
    Memberships,
    MembershipUnknown,
    ReadOnlyWork,
    StorageUnavailable,
    Transactions,
    UnitOfWork,
)
from bot.routes import COMMANDS, JOB_HANDLERS, PAGES, Route, is_quiet, is_unnamed
from bot.safe_traceback import redacted
from bot.untold import Untold

Result = TypeVar("Result")

log = logging.getLogger(__name__)

BATCH_SIZE = 30
"""Things of a kind looked at in one transaction, so that nobody waits long for it."""
BATCH_SIZE_BESIDE = 10
"""The same while somebody waits for an answer just now."""
MAX_TRIES = 5
"""How often a request that lost a race is run again; each try meets the winner's new state."""
TOO_MANY = "That is more than one person may start in a minute: wait a moment, then go on."


class Uncounted(Exception):
    """A form says how many people could have written an answer, and they were not counted yet."""

    def __init__(self, channel_id: str) -> None:
        super().__init__(channel_id)
        self.channel_id = channel_id


class Bot:
    """Answers requests, one transaction each, and finds the words for jobs.

    `committed` is called after a commit that owes messages, so a worker can speak. `memberships` says
    who is in which channel, by platform ("slack" of "slack:T1"): each adapter adds its own. Where none
    does, nothing that belongs to a channel is shown to anybody who asks from elsewhere.
    """

    def __init__(
        self,
        transactions: Transactions,
        committed: Callable[[], None],
        allowance: Allowance | None = None,
    ) -> None:
        self._transactions = transactions
        self._committed = committed
        self._allowance = allowance or Allowance(0)
        self.memberships: dict[str, Memberships] = {}
        self.pages_at: dict[str, str] = {}
        """Where the pages of a platform's people are, without a slash at its end."""
        self.helpdesks = NO_HELPDESKS
        """What a team can connect."""
        self.answering = 0
        """How many requests are being answered just now; whoever speaks unasked may hold back."""
        self.untold = Untold()
        """What went wrong with unnamed answers, for whoever tells it once an hour."""

    async def answer(self, request: Request) -> Reply:
        """What the person gets back. Refusals and storage trouble are replies, never exceptions."""
        return await self._answer(COMMANDS.get(request.command_name), request)

    async def show(self, request: Request) -> Reply:
        """What a browser shows: as `answer`, of the pages, which nobody reaches by a button."""
        return await self._answer(PAGES.get(request.command_name), request)

    async def is_guest(self, workspace: str, person: Person) -> bool:
        """Whether somebody is only a guest of a workspace; also where nobody can say it just now."""
        memberships = self.memberships.get(workspace.partition(":")[0])
        try:
            return memberships is None or await memberships.is_guest(workspace, person, unnamed=False)
        except (MembershipUnknown, Refused):
            return True

    async def _answer(self, route: Route | None, request: Request) -> Reply:
        # No line here names the person or their words: an anonymous answer must leave no trace.
        if route is None:
            log.warning("command=%s workspace=%s unknown", request.command_name, request.workspace)
            older = "This button is from an older Amends; type "
            return Reply(message=sentence(older, Typed(words="help"), "."))
        try:
            if is_unnamed(request):
                return await self._quietly(route, request)
            return await self._try(route, request)
        except Refused as refused:
            self._log(_level(request), request, "refused")
            return _turned_down(refused, request)
        except MembershipUnknown:
            self._log(logging.WARNING, request, "membership unknown")
            return _turned_down(Refused(NO_ANSWER_NOW), request)
        except ConflictError:
            self._log(logging.WARNING, request, "lost every race")
            return _try_again(request)
        except StorageUnavailable as unavailable:
            self._log(logging.ERROR, request, f"not saved: {unavailable}")
            self._log(logging.DEBUG, request, redacted(unavailable))
            return _try_again(request)

    async def _quietly(self, route: Route, request: Request) -> Reply:
        """Answers somebody who is not named, by the minute; a fault leaves no line of its own."""
        try:
            return await self._try(route, request.model_copy(update={"at": minute(request.at)}))
        except (Refused, MembershipUnknown, ConflictError, StorageUnavailable):
            raise
        except Exception as fault:
            # An adapter would log it, with the moment; the operator reads of it within the hour.
            self._log(logging.ERROR, request, f"failed: {redacted(fault)}")
            return _try_again(request)

    def _log(self, level: int, request: Request, words: str) -> None:
        """A line for the operator; of who is or may become unnamed only what went wrong, and later."""
        if not is_quiet(request):
            log.log(level, "command=%s workspace=%s %s", request.command_name, request.workspace, words)
        elif level >= logging.WARNING:
            self.untold.note(f"command={request.command_name} workspace={request.workspace} {words}")

    async def _try(self, route: Route, request: Request) -> Reply:
        if (
            route.command.begins
            and not (request.bulk or route.only_opens(request))
            and not self._allowance.take(request.workspace, request.person.id)
        ):
            raise Refused(TOO_MANY)
        try:
            invocation = route.parse(request)
        except Refused as refused:
            if route.form is not None and not request.bulk:
                opening = Opening.parse(route.command, request)
                try:
                    await self._carry_out(route, opening.model_copy(update={"only_checks": True}))
                except Refused as also:
                    # Whether it may be asked for at all is said before anything in its form is.
                    raise (as_one((refused, also)) if also.field else also) from None
            raise
        return await self._carry_out(route, invocation)

    async def _carry_out(self, route: Route, invocation: Command | Opening) -> Reply:
        """Asks the platform what decides, as often as something new does, and does what was asked."""
        self.answering += 1
        request, facts = invocation.request, PlatformFacts()
        pages_at = self._pages_at(route, request)
        if pages_at:
            invocation = invocation.model_copy(update={"pages_at": pages_at})
        if route.command.connects:
            invocation = invocation.model_copy(update={"helpdesks": self.helpdesks})
        try:
            if route.command.access in ("channel", "thing", "members") and not request.bulk:
                await self._ask_before(request, facts)
            if request.here and isinstance(invocation, Opening) and _shows_people(route, invocation):
                facts.people[request.here] = await self._people_in(request.here, request)
            remarks = await _remarks(route, invocation)
            for tries in range(1, MAX_TRIES + 1):
                try:
                    reply = await self._once(route, invocation, remarks, facts)
                    return _with_way(reply, route) if pages_at and route.reads else reply
                except ConflictError:
                    if tries == MAX_TRIES:
                        raise
                except MembershipNeeded as unasked:
                    await self._ask(unasked, request, facts)
                except Uncounted as uncounted:
                    facts.people[uncounted.channel_id] = await self._people_in(
                        uncounted.channel_id, request
                    )
            raise MembershipUnknown
        finally:
            self.answering -= 1

    async def _once(
        self,
        route: Route,
        invocation: Command | Opening,
        remarks: Sequence[Remark],
        facts: PlatformFacts,
    ) -> Reply:
        workspace = invocation.request.workspace
        if isinstance(invocation, Opening):
            return await self._open(route, invocation, facts)
        if route.reads:
            reply = await self._transactions.read(
                workspace, lambda work: _look(route, invocation, facts, work)
            )
            if route.apart is not None:
                reply = await asyncio.to_thread(route.apart, invocation)
            self._log(logging.DEBUG, invocation.request, "read")
            return reply
        try:
            reply = await self._save(
                workspace, lambda work: _change(route, invocation, remarks, facts, work)
            )
        except _NotYet as not_yet:
            return await self._once_more(not_yet, route, remarks)
        except AskFirst as first:
            self._log(logging.INFO, invocation.request, "asked back")
            return first.reply
        self._log(_level(invocation.request), invocation.request, "saved")
        return reply

    async def _open(self, route: Route, opening: Opening, facts: PlatformFacts) -> Reply:
        reply = await self._transactions.read(
            opening.request.workspace, lambda work: _draw(route, opening, facts, work)
        )
        self._log(logging.DEBUG, opening.request, "read")
        return reply

    async def _once_more(self, not_yet: "_NotYet", route: Route, remarks: Sequence[Remark]) -> Reply:
        """The form once more, filled as it was posted, with what the coach remarks."""
        command, channel_id, people = not_yet.command, not_yet.channel_id, None
        if command.may_be_unnamed() and channel_id is not None:
            people = await self._people_in(channel_id, command.request)
        opening = Opening(
            request=command.request.model_copy(update={"values": None}),
            command=type(command),
            subject=command.subject,
            inside=command.inside,
            people_in_channel=people,
        )
        reply = await self._transactions.read(
            command.request.workspace, lambda work: _form(route, opening, work)
        )
        return coach_commands.once_more(reply, remarks, command)

    async def _save(self, workspace: str, change: Callable[[UnitOfWork], Result]) -> Result:
        """What `change` returns, once it is saved; wakes whoever speaks when it owes messages."""
        result, owes = await self._transactions.write(workspace, lambda work: (change(work), work.owes))
        if owes:
            self._committed()
        return result

    async def _ask_before(self, request: Request, facts: PlatformFacts) -> None:
        """Asks at once about the channel of a form: what it was opened for is mostly there."""
        channel = request.channel
        if channel is not None and channel.kind == "shared" and channel.id != request.here:
            await self._ask(MembershipNeeded({channel.id}), request, facts)

    async def _ask(self, unasked: MembershipNeeded, request: Request, facts: PlatformFacts) -> None:
        """Asks the platform what decides, and notes what it does not say.

        Raises MembershipUnknown where nobody could say anything.
        """
        memberships = self._memberships(request)
        if memberships is None:
            raise MembershipUnknown
        workspace, person, unnamed = request.workspace, request.person, is_unnamed(request)
        channels = sorted(unasked.channels)
        if unasked.guest and facts.guest is None:
            facts.guest = await memberships.is_guest(workspace, person, unnamed=unnamed)
        for place in sorted(unasked.places):
            try:
                await memberships.check_open(workspace, place)
                facts.closed[place] = None
            except Refused as refused:
                facts.closed[place] = refused

        for place in sorted(unasked.speaks_in):
            facts.speaks_in[place] = await memberships.speaks_in(workspace, place)

        async def ask(channel_id: str) -> bool | MembershipUnknown | Refused:
            try:
                return await memberships.includes(workspace, channel_id, person, unnamed=unnamed)
            except (MembershipUnknown, Refused) as trouble:
                return trouble

        answers = await asyncio.gather(*map(ask, channels))
        for channel_id, answer in zip(channels, answers, strict=True):
            if isinstance(answer, bool):
                facts.channels[channel_id] = answer
            else:
                # Another thing of the same name may still be theirs.
                facts.trouble, facts.channels[channel_id] = answer, False
                if isinstance(answer, MembershipUnknown):
                    facts.unsaid.add(channel_id)

    async def _people_in(self, channel_id: str, request: Request) -> int | None:
        memberships = self._memberships(request)
        return await memberships.people_in(request.workspace, channel_id) if memberships else None

    def _memberships(self, request: Request) -> Memberships | None:
        return self.memberships.get(request.workspace.partition(":")[0])

    def _pages_at(self, route: Route, request: Request) -> str:
        return (
            self.pages_at.get(request.workspace.partition(":")[0], "") if route.command.shown_at else ""
        )

    async def run_due(self, workspace: str, at: datetime) -> int:
        """Looks at what is due in a workspace at `at`, a batch of it; returns how many things."""
        try:
            return await self._run_due(
                workspace, at, BATCH_SIZE_BESIDE if self.answering else BATCH_SIZE
            )
        except (StorageUnavailable, ConflictError):
            raise
        except Exception as fault:
            # One thing that cannot be looked at must not keep the others from their reminders.
            log.error("workspace=%s a look failed; one by one now: %s", workspace, redacted(fault))
        return await self._run_due_singly(workspace, at)

    async def _run_due(self, workspace: str, at: datetime, limit: int) -> int:
        return await self._save(workspace, lambda work: scheduler_jobs.run_due(at, limit, work))

    async def _run_due_singly(self, workspace: str, at: datetime) -> int:
        looked = 0
        for _ in range(BATCH_SIZE):
            try:
                count = await self._run_due(workspace, at, 1)
            except (StorageUnavailable, ConflictError):
                raise
            except Exception as fault:
                skipped = await self._save(workspace, lambda work: scheduler_jobs.skip(at, work))
                count = len(skipped)
                log.error("workspace=%s about=%s not looked at: %s", workspace, skipped, redacted(fault))
            if not count:
                break
            looked += count
        return looked

    async def forget(self, workspace: str, case_number: int, at: datetime) -> Sequence[str]:
        """Removes what identifies the customer of a case, with its doubles; returns of what, in words.

        With it goes what helpdesks told of somebody of their name and no case came of. It returns an
        empty sequence where nothing was left to remove.
        """
        names = partial(forget_commands.names_of, case_number)
        told = [
            what
            for name in await self._transactions.read(workspace, names)
            for what in await self.forget_told(workspace, name, at)
        ]
        cases = await self._forget(workspace, partial(forget_commands.forget, case_number, at))
        return [*(f"C-{number}" for number in cases), *told]

    async def forget_told(self, workspace: str, customer: str, at: datetime) -> Sequence[str]:
        """Removes a customer from what helpdesks told of them and no case came of; returns of what."""
        total, forget_batch = Told(), partial(forget_commands.forget_told, customer, at)
        while (batch := await self._forget(workspace, forget_batch)) != Told():
            total += batch
        return total.of_what

    async def forget_due(self, workspace: str, label: str, at: datetime) -> Sequence[str]:
        """Removes the customer of a case (`C-7`) or a proposal (`P-7`) that is old; returns of which."""
        return await self._forget(workspace, partial(forget_commands.forget_due, label, at))

    async def drop_test(self, workspace: str, connection_id: str, key: str, at: datetime) -> None:
        """Removes a delivery that was shown to somebody as a test, and what they read of it."""
        await self._forget(workspace, partial(forget_commands.drop_test, connection_id, key, at))

    async def _forget(self, workspace: str, forget: Callable[[UnitOfWork], Result]) -> Result:
        for _ in range(MAX_TRIES - 1):
            with suppress(ConflictError):
                return await self._save(workspace, forget)
        return await self._save(workspace, forget)

    async def wipe_words(self, workspace: str) -> None:
        """Leaves no trace in the index of what was forgotten, in whatever workspace of the database.

        A second for a hundred thousand cases: once after many were forgotten, not after each.
        """
        await self._save(workspace, lambda work: work.search.wipe())

    def speak(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The words of a job as things stand now; None when there is nothing to say any more.

        Raises DeliveryError for a job that this version does not know, or cannot read: a newer one
        beside it does.
        """
        payload = _payload(job)
        if payload is None:
            raise DeliveryError(f"{job.name} is a newer version's: this one waits for it.", outage=True)
        message = payload.text(job, work)
        pages_at = self.pages_at.get(work.workspace.partition(":")[0])
        if message is None or not (pages_at and payload.shown_at and job.direct):
            return message
        return with_way(message, payload.shown_at)

    def has_follow_up(self, job: Job) -> bool:
        """Whether anything may follow once this job was said for the first time."""
        handler = JOB_HANDLERS.get(job.name)
        return handler is not None and handler.has_follow_up()

    def follow_up_jobs(self, job: Job, work: ReadOnlyWork) -> Sequence[Job]:
        """What the bot owes once this job was said for the first time."""
        payload = _payload(job)
        return payload.on_sent(job, work) if payload else ()

    def fallback_jobs(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """What the bot owes instead of a job that cannot be said, for this reason."""
        payload = _payload(job)
        if payload is None:
            return unsaid_jobs(job, job.name, reason, work)
        return payload.on_failure(job, reason, work)

    def root_jobs(self, job: Job) -> Sequence[Job]:
        """What posts the message in whose thread this job belongs, if that is a retro's."""
        case_number = message_key.retro_of(job.thread)
        if case_number is None:
            return ()
        root = retro_jobs.retro_job(
            case_number, job.channel_id, job.due_at, bulk=job.bulk, traceless=job.traceless
        )
        return (root,)

    def is_lasting(self, job: Job) -> bool:
        """Whether its message is posted again when somebody has deleted it."""
        handler = JOB_HANDLERS.get(job.name)
        return handler is not None and handler.lasting

    def is_secret(self, job: Job) -> bool:
        """Whether nobody but its reader learns that it was said; also where this version cannot tell."""
        handler = JOB_HANDLERS.get(job.name)
        return handler is None or handler.secret

    def label(self, job: Job) -> str:
        """What a job is about, for the log; "" where this version cannot read it."""
        payload = _payload(job)
        return payload.label if payload else ""


def _payload(job: Job) -> JobPayload | None:
    """What a job says; None when this version does not know it, or not as it is stored."""
    handler = JOB_HANDLERS.get(job.name)
    return handler.decode(job.about, job.detail) if handler else None


async def _remarks(route: Route, invocation: Command | Opening) -> Sequence[Remark]:
    """What the coach says of a form, before its turn, because others wait for that to end."""
    if isinstance(invocation, Opening) or route.reads or not route.form or invocation.request.bulk:
        return ()
    if coach_commands.is_short(invocation):
        return coach_commands.remarks(invocation)
    return await asyncio.to_thread(coach_commands.remarks, invocation)


def _level(request: Request) -> int:
    """How loud the line of a request is; an import tells of its many rows itself."""
    return logging.DEBUG if request.bulk else logging.INFO


class _NotYet(Exception):
    """It could be posted, and is not yet: nothing was kept, and its writer sees its form once more."""

    def __init__(self, command: Command, channel_id: str | None) -> None:
        super().__init__()
        self.command = command
        self.channel_id = channel_id


def _shows_people(route: Route, opening: Opening) -> bool:
    """Whether the form says how many could have written what is posted without a name."""
    return route.command.may_be_unnamed() and not opening.only_checks


def _draw(route: Route, opening: Opening, facts: PlatformFacts, work: ReadOnlyWork) -> Reply:
    opening, channel_id, cancelled = check(opening, facts, work)
    _check_cancelled(route, cancelled)
    if _shows_people(route, opening) and channel_id is not None:
        if channel_id not in facts.people:
            raise Uncounted(channel_id)
        counted = {"people_in_channel": facts.people[channel_id]}
        opening = opening.model_copy(update=counted)
    return _form(route, opening, work)


def _form(route: Route, opening: Opening, work: ReadOnlyWork) -> Reply:
    return route.form(opening, work) if route.form is not None else Reply()


def _look(route: Route, command: Command, facts: PlatformFacts, work: ReadOnlyWork) -> Reply:
    command, _, cancelled = check(command, facts, work)
    if route.form is not None:  # what asks first and changes nothing yet leads to what does
        _check_cancelled(route, cancelled)
    return route.read(command, work) if route.read is not None else Reply()


def _change(
    route: Route,
    command: Command,
    remarks: Sequence[Remark],
    facts: PlatformFacts,
    work: UnitOfWork,
) -> Reply:
    command, channel_id, cancelled = check(command, facts, work)
    _check_cancelled(route, cancelled)
    request = command.request
    if not command.repeatable:
        if request.key and not work.requests.first_time(request.key, forever=request.bulk):
            return Reply(already=True)
        _remember(command, work)
    reply = route.run(command, work) if route.run is not None else Reply()
    if remarks and coach_commands.reads_along(channel_id, work):
        raise _NotYet(command, channel_id)
    return reply


def _check_cancelled(route: Route, label: str) -> None:
    """Refuses what would go on with a cancelled case: it is brought back first, or left alone."""
    if label and not route.command.of_cancelled:
        raise first_bring_back(label)


def _remember(command: Command, work: UnitOfWork) -> None:
    if command.unnamed or command.request.bulk:
        # An import is nobody; and a row that changes as an unnamed answer arrives would name its author.
        return
    work.people.remember(command.person, *command.request.people)


def _with_way(reply: Reply, route: Route) -> Reply:
    """The answer with the way to the page that shows the same."""
    message = reply.message and with_way(reply.message, route.command.shown_at)
    return reply.model_copy(update={"message": message})


def _turned_down(refused: Refused, request: Request) -> Reply:
    button = _button_to(refused.instead) if refused.instead else None
    if request.values is not None:
        return Reply(faults=refused.faults, instead=button, refused=True)
    return Reply(message=with_button(" ".join(refused.faults.values()), button), refused=True)


def _button_to(step: NextStep) -> Button:
    route = COMMANDS[step.command_name]
    return Button(
        label=step.label,
        command_name=step.command_name,
        about=step.about,
        look="main",
        opens=route.opens,
    )


def _try_again(request: Request) -> Reply:
    words = "I could not save that just now, so nothing was changed. Please try again in a moment."
    if request.values is not None:
        return Reply(faults={"": words}, saved=False)
    return Reply(message=sentence(words), saved=False)
