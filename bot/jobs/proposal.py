"""What the bot says of proposed cases: each in a message of its own, or many in one."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from bot import retro_thread
from bot.domain import message_key, note
from bot.domain.job import Job
from bot.domain.proposal import Proposal
from bot.domain.signal import GOOD_FROM, Signal
from bot.domain.working_hours import moment, today
from bot.jobs.edit_said import edit_said
from bot.jobs.note import takes_notes
from bot.jobs.payload import JobPayload, Number
from bot.messages import proposal as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.repositories import EndedProposal

WAITS = (timedelta(0), timedelta(minutes=10))
"""How long after a rating what was written beside it is looked for."""


class Show(JobPayload):
    """A proposed case, in the team's channel; kept current until somebody decides, and then too."""

    name = "proposal.show"
    what = "a proposed case"
    about = "P-{number}"

    number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The proposal as it stands; nothing of one that was decided before it was said."""
        proposal = work.proposals.get(self.number)
        if proposal is None:
            return None
        if proposal.state != "proposed" and work.sent_messages.get(job.key) is None and not job.unsure:
            return None
        number = proposal.case_number
        links = retro_thread.links_of({number} if number else (), work)
        # What got worse names who decided before that.
        people = work.people.among({change.by for change in proposal.history[-2:]})
        return messages.card(proposal, people, links)


class Gather(JobPayload):
    """How many more a connection would have proposed on a day than it may, the worst first."""

    name = "proposal.gather"
    what = "what a helpdesk proposes beside the rest"
    about = "{day}"
    detail = "{connection_id}"

    connection_id: str
    day: date

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Those that wait; nothing when all were decided before it was said."""
        connection = work.connections.get(self.connection_id)
        if connection is None:
            return None
        waiting = _waiting(self.connection_id, job.channel_id, self.day, work)
        if not waiting and work.sent_messages.get(job.key) is None and not job.unsure:
            return None
        return messages.gathered(waiting, connection.a_day)


class LookUp(JobPayload):
    """What the customer wrote, read on the ticket where a helpdesk sends no words; nothing is said.

    Whoever reads it asks for `proposal.fill_in`. Where it cannot be read, the plain title stays.
    """

    name = "proposal.look_up"
    what = "what a customer wrote on a ticket"
    about = "P-{number}"

    number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """That it is read; nothing once nobody wants it any more, or nobody lets us read."""
        proposal = work.proposals.get(self.number)
        return messages.READ_ON_TICKET if proposal and wants_words(proposal, work) else None

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """Nothing: what the helpdesk told is there all the same."""
        return ()


def wants_words(proposal: Proposal, work: ReadOnlyWork) -> bool:
    """Whether the customer's words are still missing, and a token lets us read the ticket.

    Once somebody waved it off, or edited what happened, nobody wants them any more.
    """
    signal = proposal.signal
    missing = signal.wordless and not signal.words and proposal.forgotten_at is None
    if not missing or not takes_notes(proposal, work):
        return False
    return proposal.state == "proposed" or _is_unedited(proposal, work)


def _is_unedited(proposal: Proposal, work: ReadOnlyWork) -> bool:
    """Whether it became a case that may be edited, and still says what the helpdesk told."""
    case = work.cases.get(proposal.case_number) if proposal.case_number is not None else None
    if case is None or case.cancelled or case.forgotten_at is not None:
        return False
    return case.what_happened == messages.said(proposal.signal)


class ReadComment(JobPayload):
    """What the customer wrote beside a rating, read where the helpdesk keeps it; nothing is said.

    Whoever reads it asks for `proposal.hear_comment`.
    """

    name = "proposal.read_comment"
    what = "what a customer wrote beside a rating"
    about = "P-{number}"
    detail = "{rated_at}"

    number: Number
    rated_at: datetime

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """That it is read; nothing once nobody wants it any more, or nobody lets us read."""
        proposal = work.proposals.get(self.number)
        wanted = proposal is not None and wants_comment(proposal, self.rated_at, work)
        return messages.READ_ON_TICKET if wanted else None

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """Nothing: the rating is there all the same."""
        return ()


def wants_comment(proposal: Proposal, rated_at: datetime, work: ReadOnlyWork) -> bool:
    """Whether what was written beside the rating of that moment is missed, and a token opens it.

    A helpdesk keeps one comment of a ticket, the last rating's: it is a draft of how it ended, or else
    what went wrong, as long as the case says that as the helpdesk told it. Thanks do not say that.
    """
    if proposal.forgotten_at is not None or not takes_notes(proposal, work):
        return False
    later = proposal.later
    if later is not None and later.ticket == proposal.ticket and later.rating is not None:
        return later.at == rated_at and not later.words
    if proposal.signal.rating is None or proposal.signal.rating >= GOOD_FROM:
        return False
    return proposal.state == "proposed" or _is_unedited(proposal, work)


def read_comment(signal: Signal, connection_id: str, at: datetime, work: UnitOfWork) -> None:
    """Has what the customer wrote beside a rating read, where it was not sent: at once, and again later.

    A click on a rating is told at once, and who clicked may write on for a while.
    """
    if not signal.wordless or signal.words or signal.rating is None:
        return
    proposal = work.proposals.by_reference(connection_id, signal.reference)
    if proposal is None or not wants_comment(proposal, signal.at, work):
        return
    ticket = note.channel(connection_id, proposal.number)
    payload = ReadComment(number=proposal.number, rated_at=signal.at)
    for attempt, wait in enumerate(WAITS):
        key = message_key.comment(proposal.number, signal.at, attempt)
        work.jobs.schedule(payload.job(ticket, key, at + wait))


def look_up(proposal: Proposal, at: datetime, work: UnitOfWork) -> None:
    """Has the customer's words read on the ticket, where they are wanted.

    What was given up, or was not wanted for a while, is tried again.
    """
    if wants_words(proposal, work):
        ticket = note.channel(proposal.connection_id, proposal.number)
        key = message_key.ticket(proposal.number)
        work.jobs.schedule(LookUp(number=proposal.number).job(ticket, key, at))


def waiting_with(proposal: Proposal, work: ReadOnlyWork) -> Sequence[Proposal]:
    """What is gathered in one message with a proposal and is not decided, the worst first."""
    return _waiting(proposal.connection_id, proposal.channel_id, _day_of(proposal, work), work)


def _waiting(connection_id: str, channel_id: str, day: date, work: ReadOnlyWork) -> Sequence[Proposal]:
    zone = work.teams.require(channel_id).zone
    since, until = (moment(zone, one, time(0)) for one in (day, day + timedelta(days=1)))
    limit = messages.MAX_COUNTED + 1
    waiting = work.proposals.gathered(connection_id, channel_id, since, until, limit)
    return sorted(waiting, key=lambda one: (one.signal.rating or 6, one.number))


def show(proposal: Proposal, at: datetime, work: UnitOfWork, *, by: str | None = None) -> None:
    """Says a proposal, or brings up to date what says it.

    `by`: who changed it, and sees that at once; without, it waits behind what people do.
    """
    job = _job(proposal, at, work)
    work.jobs.schedule(job.model_copy(update={"bulk": by is None, "asked_by": by}))


def edit(proposals: Iterable[Proposal], at: datetime, work: UnitOfWork) -> None:
    """Brings up to date what was said of these, also what is on its way."""
    edit_said([_job(proposal, at, work) for proposal in proposals], work, on_their_way=True)


def edit_gathered(
    connection_id: str, gathered: Iterable[EndedProposal], at: datetime, work: UnitOfWork
) -> None:
    """Edits the messages that gathered these, however many: one for each day of a channel."""
    days = {(proposal.channel_id, _day_of(proposal, work)) for proposal in gathered}
    jobs = [_gather_job(connection_id, channel_id, day, at) for channel_id, day in sorted(days)]
    edit_said(jobs, work, on_their_way=True)


def _job(proposal: Proposal, at: datetime, work: ReadOnlyWork) -> Job:
    """The job that says it in its channel, alone or with all that its connection may not say alone."""
    if not proposal.gathered:
        key = message_key.proposal(proposal.number)
        return Show(number=proposal.number).job(proposal.channel_id, key, at, bulk=True)
    return _gather_job(proposal.connection_id, proposal.channel_id, _day_of(proposal, work), at)


def _gather_job(connection_id: str, channel_id: str, day: date, at: datetime) -> Job:
    key = message_key.gathered(connection_id, channel_id, day)
    return Gather(connection_id=connection_id, day=day).job(channel_id, key, at, bulk=True)


def _day_of(proposal: Proposal | EndedProposal, work: ReadOnlyWork) -> date:
    """The day on which it was proposed, in its team's zone."""
    return today(work.teams.require(proposal.channel_id).zone, proposal.made_at)
