"""What a command is about, as it is stored; one sentence for everything that is not there."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NoReturn

from bot.command import NO_SUBJECT
from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.connection import Connection, is_one_account
from bot.domain.errors import NextStep, Refused
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.recovery import Recovery
from bot.domain.reference import (
    AnswerRef,
    CaseRef,
    ItemRef,
    ProposalRef,
    Reference,
    named_apart,
    not_found,
    spellings,
)
from bot.domain.retro import Answer, Retro
from bot.domain.signal import Signal
from bot.ports import ReadOnlyWork


def case_of(subject: Reference | None, work: ReadOnlyWork) -> Case:
    """The case; raises Refused where there is none."""
    case = work.cases.get(subject.number) if isinstance(subject, CaseRef) else None
    return case or _refuse(subject)


def retro_of(subject: Reference | None, work: ReadOnlyWork) -> Retro:
    """The retro of a case; raises Refused where there is none."""
    retro = work.retros.get(subject.number) if isinstance(subject, CaseRef) else None
    return retro or _refuse(subject)


def item_of(subject: Reference | None, work: ReadOnlyWork) -> ActionItem:
    """The action item; raises Refused where there is none."""
    item = work.action_items.get(subject.number) if isinstance(subject, ItemRef) else None
    return item or _refuse(subject)


def answer_of(subject: Reference | None, work: ReadOnlyWork) -> Answer:
    """The answer; raises Refused where there is none."""
    answer = work.retros.answer(subject.id) if isinstance(subject, AnswerRef) else None
    return answer or _refuse(subject)


def recovery_of(subject: Reference | None, work: ReadOnlyWork) -> Recovery:
    """What is owed to the customer of a case; raises Refused where it has not begun."""
    if not isinstance(subject, CaseRef):
        return _refuse(subject)
    recovery = work.recoveries.get(subject.number)
    if recovery is None:
        raise Refused(
            f"Nobody looks after the customer of {subject.label} yet: press Customer on its retro, then "
            "Look after this customer.",
            instead=NextStep("Look after this customer", "recovery.begin", str(subject)),
        )
    return recovery


def proposal_of(subject: Reference | None, work: ReadOnlyWork) -> Proposal:
    """The proposed case; raises Refused where there is none."""
    proposal = work.proposals.get(subject.number) if isinstance(subject, ProposalRef) else None
    return proposal or _refuse(subject)


def case_of_ticket(signal: Signal, connection: Connection, work: ReadOnlyWork) -> Case | None:
    """The case of a connection's ticket, however people wrote its number; first one that still counts.

    In a channel to which the connection led before, only a case of that time: whoever marks one failed
    there today is shown nothing of the ticket. Never a case that is of another helpdesk's ticket, or of
    another account's, with the same number.
    """
    called_so = (
        case
        for channel_id in connection.ever_in
        for case in _called_so(signal, channel_id, connection.product, work)
        if connection.led_to(channel_id, case.failed_at)
    )
    return _first_of(connection, called_so, work)


def case_of_proposal(proposal: Proposal, work: ReadOnlyWork) -> Case | None:
    """The case that somebody marked failed for a proposal's ticket, in its channel; as above."""
    connection = work.connections.get(proposal.connection_id)
    if connection is None or proposal.reference is None:
        return None
    called_so = _called_so(proposal.signal, proposal.channel_id, connection.product, work)
    return _first_of(connection, called_so, work)


def _first_of(connection: Connection, cases: Iterable[Case], work: ReadOnlyWork) -> Case | None:
    """The first of these that may be of a connection's ticket; a cancelled one only where all are."""
    found = [case for case in cases if _may_be_of(connection, case, work)]
    return min(found, key=lambda case: case.cancelled, default=None)


def _called_so(signal: Signal, channel_id: str, product: str, work: ReadOnlyWork) -> Sequence[Case]:
    """A channel's cases that are called like a ticket, and then those that we named apart from them."""

    def called(names: Iterable[str]) -> Iterator[Case | None]:
        return (work.cases.by_reference(channel_id, name) for name in names)

    found = [case for case in called(spellings(signal.reference, signal.prefix)) if case is not None]
    if not found:
        return ()
    apart = takewhile(lambda case: case is not None, called(named_apart(signal.reference, product)))
    return [*found, *filter(None, apart)]


def _may_be_of(connection: Connection, case: Case, work: ReadOnlyWork) -> bool:
    told = told_by(case, work)
    is_its = any(one.id == connection.id for one in told)
    return is_its or all(is_one_account(connection, one) for one in told)


def told_by(case: Case, work: ReadOnlyWork) -> Sequence[Connection]:
    """The connections that told of the ticket of a case, removed ones too; none of one told by hand."""
    found = (work.connections.get(one.connection_id) for one in work.proposals.of_case(case.number))
    return [connection for connection in found if connection is not None]


def person_of(person_id: str, field: str, work: ReadOnlyWork) -> Person | None:
    """Whom a form names, None for nobody; refuses bots, people who left, and unknown ones."""
    return chosen_person(person_id, field, work) if person_id else None


def chosen_person(person_id: str, field: str, work: ReadOnlyWork) -> Person:
    """Whom a form names that has to name somebody; refuses bots, people who left, and unknown ones."""
    chosen = work.people.get(person_id)
    if chosen is None:
        raise Refused("I don't know this person: choose somebody from the list.", field)
    if chosen.bot:
        raise Refused(f"{chosen.name} is a bot; choose a person.", field)
    if chosen.gone:
        raise Refused(f"{chosen.name} has left; choose somebody else.", field)
    return chosen


def _refuse(subject: Reference | None) -> NoReturn:
    raise not_found(subject.label) if subject is not None else Refused(NO_SUBJECT)
