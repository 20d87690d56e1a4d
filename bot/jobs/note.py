"""Notes on a helpdesk's ticket: what became of the case that it told us of."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from bot import retro_thread
from bot.domain import message_key
from bot.domain import note as domain
from bot.domain.case import Case
from bot.domain.job import Job
from bot.domain.note import Kind, Moment
from bot.domain.proposal import Proposal, tells_since
from bot.domain.retro import Retro
from bot.domain.working_hours import today
from bot.jobs.payload import JobPayload, Number
from bot.messages import note as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork, UnitOfWork


class Leave(JobPayload):
    """One note on one ticket; each is left once, because nobody can edit it there."""

    name = "note.leave"
    what = "a note on the ticket of C-{case_number}"
    about = "C-{case_number}/{proposal_number}"
    detail = "{mark}"

    case_number: Number
    proposal_number: Number
    mark: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """What is still true of it; nothing where the connection takes no notes any more."""
        proposal = work.proposals.get(self.proposal_number)
        case, retro = work.cases.get(self.case_number), work.retros.get(self.case_number)
        if proposal is None or case is None or retro is None or not takes_notes(proposal, work):
            return None
        told = [moment for moment in _moments(case, retro, work) if moment.mark == self.mark]
        said = set(work.sent_messages.starting(message_key.all_notes(self.proposal_number)))
        if not told or not _is_to_be_told(told[0], case, said):
            return None
        return WORDS[told[0].kind](Told(case, retro, told[0], job.now, work))

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """Nothing is said: `check` and the page of connections show it, with how many wait."""
        return ()


class Told(NamedTuple):
    """What a note is made from."""

    case: Case
    retro: Retro
    moment: Moment
    at: datetime
    work: ReadOnlyWork

    @property
    def link(self) -> str | None:
        """Where the retro is."""
        return self.link_of(self.case.number)

    def link_of(self, case_number: int) -> str | None:
        """Where the retro of a case is; None as long as nobody knows."""
        return retro_thread.links_of({case_number}, self.work).get(case_number) or None


def _opened(told: Told) -> Message:
    channel = told.work.channels.get(told.case.channel_id)
    return messages.opened(told.case, channel.name if channel else "", told.link)


def _promised(told: Told) -> Message:
    [promise] = (step for step in told.moment.steps if step.name == "promise")
    team = told.work.teams.require(told.case.channel_id)
    return messages.promised(told.case, promise, today(team.zone, told.at))


def _finished(told: Told) -> Message:
    items = told.work.action_items.of_case(told.case.number)
    outcome = told.retro.last.outcome if told.retro.last else None
    return messages.finished(told.case, outcome, items, told.link)


def _ended(told: Told) -> Message:
    return messages.ended(told.case, told.moment.steps[-1].chosen or "no answer")


def _cancelled(told: Told) -> Message:
    other = told.case.same_as
    return messages.cancelled(told.case, told.link_of(other) if other else None)


def _restored(told: Told) -> Message:
    return messages.restored(told.case, told.link)


WORDS: Mapping[Kind, Callable[[Told], Message]] = {
    "opened": _opened,
    "promised": _promised,
    "finished": _finished,
    "ended": _ended,
    "cancelled": _cancelled,
    "restored": _restored,
}


def _moments(case: Case, retro: Retro, work: ReadOnlyWork) -> Sequence[Moment]:
    return domain.moments(case, retro, work.recoveries.get(case.number))


def _is_to_be_told(moment: Moment, case: Case, said: set[str]) -> bool:
    """Whether it is still worth saying, after all that was `said` on the ticket, by its keys."""
    if moment.kind == "cancelled":
        return bool(said)
    if moment.kind == "restored":
        return any(key.rpartition(":")[2].startswith("cancelled.") for key in said)
    return not case.cancelled


def takes_notes(proposal: Proposal, work: ReadOnlyWork) -> bool:
    """Whether its connection is there, with a token that opens the helpdesk."""
    connection = work.connections.get(proposal.connection_id)
    return connection is not None and connection.removed_at is None and bool(connection.token)


def owed(case_number: int, at: datetime, work: ReadOnlyWork, *, traceless: bool = False) -> list[Job]:
    """The notes on the tickets of a case as things stand, those that were left too, in their order.

    A case that no helpdesk told of owes none. No ticket hears what happened before we heard of it.
    """
    proposals = [each for each in work.proposals.of_case(case_number) if takes_notes(each, work)]
    case, retro = work.cases.get(case_number), work.retros.get(case_number)
    if not proposals or case is None or retro is None:
        return []
    found = _moments(case, retro, work)
    return [
        Leave(case_number=case_number, proposal_number=each.number, mark=moment.mark).job(
            domain.channel(each.connection_id, each.number),
            message_key.note(each.number, moment.mark),
            at,
            once=True,
            traceless=traceless,
        )
        for each in proposals
        for moment in found
        if moment.at >= (tells_since(each) or moment.at)
    ]


def follow(case_number: int, at: datetime, work: UnitOfWork) -> None:
    """Owes the tickets of a case what is new; before its retro is said, nothing: that has the link.

    What was left, or waits already, is left alone.
    """
    jobs = owed(case_number, at, work)
    if jobs and work.sent_messages.get(message_key.retro(case_number)) is not None:
        for job in jobs:
            work.jobs.schedule(job)


def try_again(connection_id: str, work: UnitOfWork) -> int:
    """Gives what a connection did not take another try, in order; returns how many notes."""
    return work.jobs.retry_dead(domain.account(connection_id))
