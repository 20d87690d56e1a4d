"""What happens with a proposed case: somebody opens its retro, or waves it off."""

from datetime import datetime
from functools import partial
from itertools import chain

from bot import retro_thread
from bot.command import Command, Opening, Reply
from bot.commands import case as case_commands
from bot.commands.lookup import case_of_proposal, proposal_of
from bot.domain import proposal as domain
from bot.domain.case import Case
from bot.domain.connection import IN_A_ROW, Connection
from bot.domain.errors import Refused
from bot.domain.prompt import kind_called
from bot.domain.proposal import Proposal, is_against
from bot.domain.reference import ProposalRef, named_apart
from bot.domain.team import Team, present_lead
from bot.fields import Text, field
from bot.jobs import proposal as proposal_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import signal as signal_jobs
from bot.messages import proposal as messages
from bot.ports import ReadOnlyWork, UnitOfWork


class Open(Command, frozen=True):
    """Opens the retro of a proposed case."""

    name = "proposal.open"
    access = "members"
    begins = True

    subject: ProposalRef


class WaveOff(Command, frozen=True):
    """Says that a proposal is no failed case, at once: a why is welcome afterwards."""

    name = "proposal.wave_off"
    access = "members"

    subject: ProposalRef


class SayWhy(Command, frozen=True):
    """Says why a proposal was waved off, so that whoever looks at the rules knows."""

    name = "proposal.say_why"
    access = "members"
    title = "Why not this one"
    submit = "Save"

    subject: ProposalRef
    why: Text = field("Why", needed="Say why, in a few words.", hint=messages.WHY_HINT)


class ShowAll(Command, frozen=True):
    """Shows all that was gathered with a proposal in one message."""

    name = "proposal.show_all"
    access = "members"

    subject: ProposalRef


def open_proposal(command: Open, work: UnitOfWork) -> Reply:
    """Opens its retro; where there is one already, it says where that is."""
    proposal = proposal_of(command.subject, work)
    case = _case_of(proposal, work)
    if case is not None and case.cancelled:
        return case_commands.say_cancelled(case, work)
    if case is not None:
        if proposal.case_number is None:
            _become(proposal, case, command.person.id, command.at, work)
        again = case_commands.Open(request=command.request, subject=case.ref)
        return case_commands.open_retro(again, work)
    domain.check(proposal, "open")
    team = work.teams.require(proposal.channel_id)
    case = open_case(proposal, team, command.person.id, command.at, work)
    return Reply(message=messages.opened(case, team), done=True)


def _case_of(proposal: Proposal, work: ReadOnlyWork) -> Case | None:
    """The case that it became, or that somebody marked failed meanwhile."""
    if proposal.case_number is not None:
        return work.cases.get(proposal.case_number)
    return case_of_proposal(proposal, work)


def open_case(proposal: Proposal, team: Team, by: str | None, at: datetime, work: UnitOfWork) -> Case:
    """Marks failed what a proposal is about, and opens its retro; `by` is None where a rule says so."""
    signal, connection = proposal.signal, work.connections.get(proposal.connection_id)
    # By now the connection may lead to another team, whose kinds are others.
    names = filter(None, (connection.kind if connection else None, signal.kind))
    kind = next(filter(None, (kind_called(team.kinds, name) for name in names)), None)
    new = Case(
        number=0,
        channel_id=proposal.channel_id,
        what_happened=messages.said(signal),
        reference=_free_reference(proposal, connection, work),
        customer=signal.customer or None,
        # A vendor's clock may be ahead of ours.
        happened_at=min(signal.at, at),
        link=signal.link or None,
        kind=kind.name if kind else None,
        failed_at=at,
    )
    case = case_commands.mark_failed(new, team, by, at, work)
    _become(proposal, case, by or "", at, work)
    return case


def _free_reference(proposal: Proposal, connection: Connection | None, work: ReadOnlyWork) -> str | None:
    """Its ticket's reference, or one like it where another case in the channel has that already."""
    reference = proposal.reference
    if connection is None or reference is None:
        return reference
    references = chain((reference,), named_apart(reference, connection.product))
    case_called = partial(work.cases.by_reference, proposal.channel_id)
    return next(each for each in references if case_called(each) is None)


def _become(proposal: Proposal, case: Case, by: str, at: datetime, work: UnitOfWork) -> None:
    opened = domain.take(proposal, "open", by, at, case=case.number)
    work.proposals.save(opened)
    proposal_jobs.look_up(opened, at, work)
    reminder_jobs.resolve(opened, "retro opened", at, work)
    if by:
        proposal_jobs.show(opened, at, work, by=by)


def wave_off(command: WaveOff, work: UnitOfWork) -> Reply:
    """Waves it off; after many in a row the lead is asked once to change the rules."""
    proposal = proposal_of(command.subject, work)
    if proposal.state != "proposed":
        case = work.cases.get(proposal.case_number) if proposal.case_number else None
        links = retro_thread.links_of({case.number} if case else (), work)
        people = work.people.among({proposal.last.by} if proposal.last else ())
        return Reply(message=messages.decided(proposal, people, links), already=True)
    waved = domain.take(proposal, "wave_off", command.person.id, command.at)
    work.proposals.save(waved)
    reminder_jobs.resolve(waved, "waved off", command.at, work)
    proposal_jobs.show(waved, command.at, work, by=command.person.id)
    _ask_for_other_rules(waved, command.at, work)
    return Reply(message=messages.waved_off(waved))


def _ask_for_other_rules(waved: Proposal, at: datetime, work: UnitOfWork) -> None:
    connection = work.connections.hold(waved.connection_id)
    if connection is None or connection.removed_at is not None or connection.asked_at is not None:
        return
    last = work.proposals.decided(connection.id, IN_A_ROW)
    if len(last) < IN_A_ROW or not all(is_against(one, connection.rules) for one in last):
        return
    team = work.teams.require(connection.channel_id)
    lead = present_lead(team, work.people.among({team.lead or ""}))
    if lead:
        work.connections.save(connection.model_copy(update={"asked_at": at}))
        work.jobs.schedule(signal_jobs.ask_job(connection, lead.id, at))


def open_say_why(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form that asks why it was waved off."""
    proposal = proposal_of(opening.subject, work)
    _check_waved_off(proposal)
    return Reply(form=SayWhy.form(proposal.ref, channel_id=proposal.channel_id))


def say_why(command: SayWhy, work: UnitOfWork) -> Reply:
    """Keeps why it was waved off, and shows it."""
    proposal = proposal_of(command.subject, work)
    _check_waved_off(proposal)
    said = domain.with_why(proposal, command.why)
    work.proposals.save(said)
    proposal_jobs.show(said, command.at, work, by=command.person.id)
    return Reply(message=messages.THANKS_FOR_WHY, done=True)


def _check_waved_off(proposal: Proposal) -> None:
    if proposal.state == "forgotten":
        raise Refused(domain.OTHERWISE["forgotten"])
    if proposal.state != "waved off":
        raise Refused(domain.NOT_WAVED_OFF)


def show_all(command: ShowAll, work: ReadOnlyWork) -> Reply:
    """What was gathered that day in that channel and still waits for somebody to decide."""
    waiting = proposal_jobs.waiting_with(proposal_of(command.subject, work), work)
    return Reply(message=messages.all_gathered(waiting))
