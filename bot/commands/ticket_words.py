"""What happens once a ticket was read, because its helpdesk sends none of the customer's words."""

from collections.abc import Mapping

from bot.command import Command, Reply
from bot.commands import case as case_commands
from bot.commands.signal import hear_elsewhere
from bot.domain import message_key
from bot.domain.signal import Signal, SignalDelivery, together
from bot.fields import Line, Text, field
from bot.jobs import proposal as proposal_jobs
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
    """Keeps it as if it had been sent, and brings up to date what shows the proposal, or its case.

    Nothing is kept once somebody waved it off, cancelled the case or put it into words of their own, nor
    of a customer who was forgotten.
    """
    proposal = work.proposals.get(int(command.number))
    if proposal is None or not proposal_jobs.wants_words(proposal, work):
        return Reply(already=True)
    told = Signal(
        ticket=proposal.ticket,
        reference=proposal.reference or "",
        prefix=proposal.signal.prefix,
        at=proposal.signal.at,
        words=command.words,
        customer=command.customer,
        wordless=True,
    )
    work.deliveries.add(
        SignalDelivery(
            connection_id=proposal.connection_id,
            key=message_key.ticket(proposal.number),
            # Nobody sent it: no newer delivery was taken, and it is of the channel of its proposal.
            arrived_at=proposal.made_at,
            signal=told,
            became="known",
        )
    )
    filled = proposal.model_copy(update={"signal": together([told, proposal.signal])})
    work.proposals.save(filled)
    proposal_jobs.edit([filled], command.at, work)
    if filled.case_number is not None:
        case = work.cases.require(filled.case_number)
        case_commands.fill_in(case, command.words, command.customer, command.at, work)
    hear_elsewhere(filled.signal, filled.connection_id, filled.channel_id, command.at, work)
    return Reply()
