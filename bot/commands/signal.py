"""What happens when a helpdesk tells of a ticket: it is kept, judged by the rules, and proposed."""

from collections.abc import Mapping
from datetime import UTC, datetime, time

from pydantic import TypeAdapter

from bot.command import Command, Reply, Request
from bot.commands.lookup import case_of_proposal, case_of_ticket
from bot.commands.proposal import open_case
from bot.domain import proposal as domain
from bot.domain.case import Case
from bot.domain.connection import (
    MAX_WHY,
    Connection,
    RuleName,
    Rules,
    is_worse,
    met,
    quiet_since,
    without_test,
)
from bot.domain.later_word import is_word, newer
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.signal import Became, Signal, SignalDelivery, together
from bot.domain.team import lead_to_ask
from bot.domain.working_hours import moment, today
from bot.fields import Line, Text, field
from bot.jobs import proposal as proposal_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import signal as signal_jobs
from bot.ports import ReadOnlyWork, UnitOfWork

HELPDESK = Person(id="helpdesk", name="A helpdesk", bot=True)
"""Who is said to ask, because nobody does; stored nowhere."""
MAX_DELIVERIES = 20
"""About one ticket, the last ones, that are looked at for what is known of it."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
MAX_CASES = 20
"""Cases of one customer, the last ones, in which their word is shown."""
MAX_LENGTH = 64 * 1024 * 1024
"""Of all that one request carries, in characters: each body is 1 MiB at most before it is read."""
DELIVERIES = TypeAdapter(tuple[SignalDelivery, ...])


class TakeIn(Command, frozen=True):
    """Something arrived by a connection, and was verified."""

    name = "signal.take_in"
    access = "platform"
    # Each delivery has a key of its own, by which a repeat is known; and nobody is to be remembered.
    repeatable = True

    connection_id: Line = field(hidden=True)
    told: Text = field(hidden=True, max_length=MAX_LENGTH)
    """The deliveries, as JSON: read only once it is known that nobody made them up."""


class Refuse(Command, frozen=True):
    """Something arrived by a connection, and was refused."""

    name = "signal.refuse"
    access = "platform"
    connects = True
    # Of many that arrive one in ten seconds is noted, whoever sends them; nobody is to be remembered.
    repeatable = True

    connection_id: Line = field(hidden=True)
    why: Line = field(hidden=True, max_length=MAX_WHY)
    """In our own words: of what was sent nothing is kept."""


def helpdesk_request(
    workspace: str, command_name: str, values: Mapping[str, str], at: datetime, key: str | None = None
) -> Request:
    """What a helpdesk causes: nobody asked for it, and there is nobody to meet."""
    return Request(
        workspace=workspace,
        command_name=command_name,
        person=HELPDESK,
        at=at,
        values=values,
        heard=True,
        introduced=True,
        key=key,
    )


def values(connection_id: str, deliveries: tuple[SignalDelivery, ...]) -> Mapping[str, str]:
    """What a request to take these in carries."""
    told = DELIVERIES.dump_json(deliveries).decode()
    return {"connection_id": connection_id, "told": told}


def take_in(command: TakeIn, work: UnitOfWork) -> Reply:
    """Keeps what arrived, one by one, and does what the rules say; what is known changes nothing.

    Refused once the connection was removed.
    """
    connection = work.connections.hold(command.connection_id)
    if connection is None or connection.removed_at is not None:
        return Reply(refused=True)
    for delivery in DELIVERIES.validate_json(command.told):
        if not work.deliveries.add(delivery):
            continue
        became = _take(delivery, connection, command.at, work)
        if became == "test":
            connection = without_test(connection)  # the next one is taken as ever
        if became not in ("", "test"):
            proposal_jobs.read_comment(delivery.signal, connection.id, command.at, work)
        if became:
            work.deliveries.save(delivery.model_copy(update={"became": became}))
    return Reply()


def refuse(command: Refuse, work: UnitOfWork) -> Reply:
    """Notes when and why for the lead, and owes whoever waits for a test the sentence, once.

    Refused once the connection was removed; without a change where one was noted just before.
    """
    connection = work.connections.get(command.connection_id)
    if connection is None or connection.removed_at is not None:
        return Reply(refused=True)
    why, since = " ".join(command.why.split()), quiet_since(connection, command.at)
    if not work.connections.note_refusal(connection.id, command.at, why, since):
        return Reply(already=True)
    if tester := _tester(connection, command.at, work):
        title = command.helpdesks.called(connection)
        work.jobs.schedule(signal_jobs.broken_job(connection, title, why, tester, command.at))
    return Reply()


def _tester(connection: Connection, at: datetime, work: ReadOnlyWork) -> str | None:
    """Who waits for a test, and still may: not once they left, or another leads the team."""
    team, tester = work.teams.get(connection.channel_id), connection.tester(at)
    if team is None or tester is None:
        return None
    people = work.people.among({tester, team.lead or ""})
    gone = tester in people and people[tester].gone
    return None if gone or lead_to_ask(team, tester, people) else tester


def _take(delivery: SignalDelivery, connection: Connection, at: datetime, work: UnitOfWork) -> Became:
    """Does what a delivery gives reason to; returns what it became."""
    if tester := _tester(connection, at, work):
        return _show_test(delivery, connection, tester, at, work)
    signal = delivery.signal
    deliveries = work.deliveries.of_reference(connection.id, signal.reference, MAX_DELIVERIES)
    proposal = work.proposals.by_reference(connection.id, signal.reference)
    # A proposal says as well what older deliveries told, which are not kept any more.
    before = (proposal.signal.model_copy(update={"at": LONG_AGO}),) if proposal else ()
    # What was sent as a test may be made up, and nothing is done with it.
    now = together([*before, *(each.signal for each in deliveries if each.became != "test")])
    case = _marked_by_hand(proposal, signal, connection, work)
    channel_id = (proposal or case or connection).channel_id
    named = signal.model_copy(update={"customer": signal.customer or now.customer})
    hear_elsewhere(named, connection.id, channel_id, at, work)
    if case is not None and not case.cancelled:
        proposal = _tie(proposal, case, now, connection, at, work)
    elif case is not None and proposal is None:
        return "known"
    if proposal is not None:
        return _hear_again(proposal, signal, now, connection.rules, at, work)
    rules = met(_as_it_stands(signal, now), connection.rules)
    return _propose(now, rules, connection, at, work) if rules else ""


def _marked_by_hand(
    proposal: Proposal | None, signal: Signal, connection: Connection, work: UnitOfWork
) -> Case | None:
    """The case that somebody marked failed for a ticket, as long as its proposal became none."""
    if proposal is None:
        return case_of_ticket(signal, connection, work)
    return case_of_proposal(proposal, work) if proposal.case_number is None else None


def _as_it_stands(signal: Signal, now: Signal) -> Signal:
    """A signal with the rating that stands now: a better one may have overtaken it on the way."""
    return signal if signal.rating is None else signal.model_copy(update={"rating": now.rating})


def _tie(
    proposal: Proposal | None,
    case: Case,
    now: Signal,
    connection: Connection,
    at: datetime,
    work: UnitOfWork,
) -> Proposal:
    """Ties a ticket to the case that somebody marked failed for it; nobody is told."""
    if proposal is None:
        new = _proposal(now, (), connection, at, channel_id=case.channel_id, gathered=True)
        return work.proposals.add(domain.tie(new, case))
    tied = domain.tie(proposal, case)
    work.proposals.save(tied)
    reminder_jobs.resolve(tied, "retro opened", at, work)
    proposal_jobs.edit([tied], at, work)
    return work.proposals.get(tied.number) or tied


def _hear_again(
    proposal: Proposal, signal: Signal, now: Signal, rules: Rules, at: datetime, work: UnitOfWork
) -> Became:
    """Updates a proposal that waits, and the message that shows it; a decided one stays as it was.

    If the ticket got worse since, somebody is asked again. Of a forgotten customer nothing is taken.
    """
    if proposal.forgotten_at is not None:
        return "known"
    if proposal.state == "opened":
        _hear_later(proposal, signal, at, work)
        return "known"
    changed = proposal
    if proposal.state == "proposed":
        changed = proposal.model_copy(update={"signal": now})
    elif is_worse(now, proposal.signal, rules):
        changed = domain.worsen(proposal, now, rules, at)
    if changed != proposal:
        work.proposals.save(changed)
        proposal_jobs.show(changed, at, work)
    if changed.state != proposal.state:
        proposal_jobs.look_up(changed, at, work)
    return "known"


def hear_elsewhere(
    signal: Signal, connection_id: str, channel_id: str, at: datetime, work: UnitOfWork
) -> None:
    """Shows what a customer says on a ticket in the cases of their other tickets in the channel."""
    if not signal.customer or not is_word(signal):
        return
    for other in work.proposals.opened_of_customer(connection_id, signal.customer, MAX_CASES):
        if other.ticket != signal.ticket and other.channel_id == channel_id:
            _hear_later(other, signal, at, work)


def _hear_later(proposal: Proposal, signal: Signal, at: datetime, work: UnitOfWork) -> None:
    """Keeps the customer's last word as a draft of how it ended, and shows it on their card."""
    if proposal.last is None or proposal.case_number is None:
        return
    later = newer(proposal.later, signal, proposal.last.at)
    if later != proposal.later:
        show_later(proposal.model_copy(update={"later": later}), at, work)


def show_later(proposal: Proposal, at: datetime, work: UnitOfWork) -> None:
    """Keeps a proposal that has another last word of the customer, and shows that on the card."""
    work.proposals.save(proposal)
    recovery = None if proposal.case_number is None else work.recoveries.get(proposal.case_number)
    if recovery is not None:
        recovery_jobs.refresh_cards(recovery, at, work)


def _propose(
    signal: Signal, rules: tuple[RuleName, ...], connection: Connection, at: datetime, work: UnitOfWork
) -> Became:
    """Proposes a case, or opens it; what is more than the connection may in a day is gathered."""
    team = work.teams.require(connection.channel_id)
    midnight = moment(team.zone, today(team.zone, at), time(0))
    gathered = work.proposals.count_made(connection.id, team.channel_id, midnight) >= connection.a_day
    new = _proposal(signal, rules, connection, at, channel_id=team.channel_id, gathered=gathered)
    proposal = work.proposals.add(new)
    if connection.action == "open" and not gathered:
        open_case(proposal, team, None, at, work)
        return "opened"
    proposal_jobs.show(proposal, at, work)
    proposal_jobs.look_up(proposal, at, work)
    return "gathered" if gathered else "proposed"


def _proposal(
    signal: Signal,
    rules: tuple[RuleName, ...],
    connection: Connection,
    at: datetime,
    *,
    channel_id: str,
    gathered: bool,
) -> Proposal:
    return Proposal(
        number=0,
        connection_id=connection.id,
        channel_id=channel_id,
        ticket=signal.ticket,
        reference=signal.reference,
        signal=signal,
        rules=rules,
        made_at=at,
        gathered=gathered,
    )


def _show_test(
    delivery: SignalDelivery, connection: Connection, tester: str, at: datetime, work: UnitOfWork
) -> Became:
    """Owes whoever asked for a test what was understood; the one after it is taken as ever."""
    work.jobs.schedule(signal_jobs.test_job(delivery, tester, at))
    work.connections.save(without_test(connection))
    return "test"
