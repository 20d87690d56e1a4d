"""What happens with a customer's words that were read on their ticket, because none were sent."""

from collections.abc import Mapping
from datetime import datetime

from bot.command import Command, Reply
from bot.commands import case as case_commands
from bot.commands.signal import hear_elsewhere, show_later
from bot.domain import message_key
from bot.domain.proposal import Proposal
from bot.domain.signal import Signal, SignalDelivery, together
from bot.fields import Line, Text, field
from bot.jobs import proposal as proposal_jobs
from bot.messages.parts import MAX_TEXT_LENGTH, shortened
from bot.ports import UnitOfWork


class FillIn(Command, frozen=True):
    """What a customer wrote was read on the ticket of a proposal, and who they are."""

    name = "proposal.fill_in"
    access = "platform"
    # What was filled in is not filled in again; and nobody is to be remembered.
    repeatable = True

    number: Line = field(hidden=True)
    words: Text = field(hidden=True)
    customer: Line = field(hidden=True)
    """"": nobody said, or nobody lets us read it."""


def values(number: int, words: str, customer: str) -> Mapping[str, str]:
    """What a request for it carries."""
    return {"number": str(number), "words": words, "customer": customer}


def fill_in(command: FillIn, work: UnitOfWork) -> Reply:
    """Keeps the words as if they had been sent, and edits what shows the proposal, or its case.

    Nothing is kept once somebody waved the proposal off, cancelled the case or wrote what happened in
    their own words, nor of a customer who was forgotten.
    """
    proposal = work.proposals.get(int(command.number))
    if proposal is None or not proposal_jobs.wants_words(proposal, work):
        return Reply(already=True)
    filled = _fill(proposal, command.words, command.customer, command.at, work)
    hear_elsewhere(filled.signal, filled.connection_id, filled.channel_id, command.at, work)
    return Reply()


def _fill(proposal: Proposal, words: str, customer: str, at: datetime, work: UnitOfWork) -> Proposal:
    """Lets the proposal, and its case, say these words, which were read on its ticket; returns it."""
    on_ticket = Signal(
        ticket=proposal.ticket,
        reference=proposal.reference or "",
        prefix=proposal.signal.prefix,
        at=proposal.signal.at,
        words=words,
        customer=customer,
        wordless=True,
    )
    read = SignalDelivery(
        connection_id=proposal.connection_id,
        key=message_key.ticket(proposal.number),
        # Nobody sent it: no newer delivery was taken, and it is of the channel of its proposal.
        arrived_at=proposal.made_at,
        signal=on_ticket,
        became="known",
    )
    if not work.deliveries.add(read):
        work.deliveries.save(read)  # more was read since
    filled = proposal.model_copy(update={"signal": together([on_ticket, proposal.signal])})
    work.proposals.save(filled)
    proposal_jobs.edit([filled], at, work)
    if filled.case_number is not None:
        case = work.cases.require(filled.case_number)
        case_commands.fill_in(case, words, customer, at, work)
    return filled


class HearComment(Command, frozen=True):
    """What a customer wrote beside a rating was read where the helpdesk keeps it."""

    name = "proposal.hear_comment"
    access = "platform"
    # What was heard is not heard again; and nobody is to be remembered.
    repeatable = True

    number: Line = field(hidden=True)
    rated_at: Line = field(hidden=True)
    """When they rated, in ISO format."""
    comment: Text = field(hidden=True)


def comment_values(number: int, rated_at: datetime, comment: str) -> Mapping[str, str]:
    """What a request for it carries."""
    return {"number": str(number), "rated_at": rated_at.isoformat(), "comment": comment}


def hear_comment(command: HearComment, work: UnitOfWork) -> Reply:
    """Shows it beside the rating: as how it may have ended, or before what else is known of the case."""
    proposal = work.proposals.get(int(command.number))
    rated_at = datetime.fromisoformat(command.rated_at)
    if proposal is None or not proposal_jobs.wants_comment(proposal, rated_at, work):
        return Reply(already=True)
    known = proposal.signal.words
    if f"\n{command.comment}\n" in f"\n{known}\n":  # the helpdesk keeps it although they rated again
        return Reply(already=True)
    if proposal.later is not None and proposal.later.at == rated_at:
        later = proposal.later.model_copy(update={"words": command.comment})
        show_later(proposal.model_copy(update={"later": later}), command.at, work)
        return Reply()
    words = command.comment if command.comment.startswith(known) else f"{command.comment}\n{known}"
    customer = proposal.signal.customer
    _fill(proposal, shortened(words, MAX_TEXT_LENGTH), customer, command.at, work)
    return Reply()
