"""What happens with a team's connections to helpdesks: its lead lists, tests, and ends them."""

from collections.abc import Mapping, Sequence

from bot.command import Command, Invocation, Opening, Reply, Request
from bot.commands import team as team_commands
from bot.domain import connection as domain
from bot.domain.channel import Channel
from bot.domain.connection import Connection
from bot.domain.errors import NextStep, Refused
from bot.domain.proposal import ProposalChange
from bot.domain.reference import ConnectionRef, ConnectionsRef, Reference, not_found
from bot.domain.signal import SignalDelivery
from bot.domain.team import Team
from bot.helpdesks import Helpdesk, Instruction
from bot.jobs import proposal as proposal_jobs
from bot.jobs import reminder as reminder_jobs
from bot.messages import connection as messages
from bot.messages.connection import Shown
from bot.messages.page import SETTINGS
from bot.messages.parts import Form, Message
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.repositories import NoteTrouble

WHAT = "which helpdesks it is connected to"
"""Of a team, which is its lead's to say."""
ADDRESS = "AMENDS_URL (the address at which a helpdesk reaches me)"
KEY = "AMENDS_SECRET_KEY (a long random text that encrypts its secrets)"
NO_TEAM = "You lead no team: the lead of one asks for this in its own channel."
NO_TROUBLES: Mapping[str, NoteTrouble] = {}
A_PAGE, LAST_PAGE = 10, 99
"""Deliveries that stand in one message, and the last such page: a month of them has no end."""


class OfHelpdesks(Command, frozen=True):
    """What a lead asks about the team's connections."""

    access = "members"
    set_at = SETTINGS
    connects = True


class Show(OfHelpdesks, frozen=True):
    """Says which helpdesks a team is connected to."""

    name = "connections.show"
    title = messages.SHOW.label

    subject: ConnectionsRef | None = None

    @classmethod
    def subject_of(cls, request: Request) -> Reference | None:
        if request.about:
            return super().subject_of(request)
        channel = request.shared_channel
        return ConnectionsRef(channel_id=channel.id) if channel else None


class OfOne(OfHelpdesks, frozen=True):
    """What a lead asks about one connection."""

    subject: ConnectionRef


class ShowDeliveries(OfOne, frozen=True):
    """Shows what arrived last by a connection, and what was made of it."""

    name = "connection.show_deliveries"
    title = messages.DELIVERIES.label


class ShowSteps(OfOne, frozen=True):
    """Shows once more what is to be done in the other program, without the secret."""

    name = "connection.show_steps"
    title = messages.STEPS.label


class Test(OfOne, frozen=True):
    """Asks to be shown the next delivery, on which nothing else is done."""

    name = "connection.test"
    title = messages.TEST.label


class Remove(OfOne, frozen=True):
    """Ends a connection for good."""

    name = "connection.remove"
    title = "Remove connection"
    submit = "Remove"
    takes_away = True


def show(command: Show, work: ReadOnlyWork) -> Reply:
    """The team's connections; asked in a chat of one's own, which of one's teams is meant."""
    if command.subject is None:
        led = led_by(command, work)
        if not led:
            raise Refused(NO_TEAM, instead=team_commands.TO_MINE)
        return Reply(message=messages.choice(led))
    team = team_of(command.subject.channel_id, command, work)
    return Reply(message=_listing(team, command, work), replaces=True)


def show_deliveries(command: ShowDeliveries, work: ReadOnlyWork) -> Reply:
    """What arrived last, a page of it."""
    team, connection = connection_of(command, work)
    first = command.subject.page * A_PAGE
    last = work.deliveries.last(connection.id, first + A_PAGE + 1)
    # What arrived while it led to another channel belongs to that.
    theirs = [delivery for delivery in last if delivery.arrived_at >= connection.here_since]
    more = len(theirs) > first + A_PAGE and command.subject.page < LAST_PAGE
    page = theirs[first : first + A_PAGE]
    page = [delivery for delivery in page if not _is_elsewhere(delivery, connection, work)]
    shown = shown_of(connection, command, work)
    return Reply(message=messages.deliveries(shown, page, command.subject, team.zone, more=more))


def _is_elsewhere(delivery: SignalDelivery, connection: Connection, work: ReadOnlyWork) -> bool:
    """Whether a delivery is about a ticket that was proposed in a channel of before, and stays there."""
    reference = delivery.signal.reference
    if not connection.former_channels or not reference:
        return False
    proposal = work.proposals.by_reference(connection.id, reference)
    return proposal is not None and proposal.channel_id != connection.channel_id


def show_steps(command: ShowSteps, work: ReadOnlyWork) -> Reply:
    """All the steps, for whoever left in the middle of them."""
    _, connection = connection_of(command, work)
    check_possible(command, work)
    steps = steps_of(connection, command)
    return Reply(message=messages.all_steps(shown_of(connection, command, work), steps))


def steps_of(connection: Connection, invocation: Invocation) -> Sequence[Instruction]:
    """What is to be done in the other program, without the secret that was shown."""
    product = product_of(connection, invocation)
    secret = "" if product.OWN_SECRET else messages.UNSHOWN
    return product.instructions(invocation.helpdesks.address(connection.id), secret)


def test(command: Test, work: UnitOfWork) -> Reply:
    """The next delivery is shown to whoever asks; asked twice, it is shown once."""
    _, connection = connection_of(command, work)
    product = product_of(connection, command)
    check_possible(command, work)
    if not connection.secret:
        secret = messages.PASTE_SECRET if product.OWN_SECRET else messages.NEW_SECRET
        step = NextStep(secret.label, secret.command_name, str(connection.ref))
        refusal = f"{product.TITLE} still waits for its secret: press {secret.label} first."
        raise Refused(refusal, instead=step)
    waits = connection.tester(command.at) == command.person.id
    if not waits:
        work.connections.save(domain.with_test(connection, command.person.id, command.at))
    return Reply(message=messages.awaits_test(), already=waits)


def open_remove(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Asks first, because nothing brings it back."""
    _, connection = connection_of(opening, work)
    waiting = work.proposals.count_waiting(connection.id, connection.channel_id)
    return Reply(form=removal_form(connection, opening.helpdesks.called(connection), waiting))


def removal_form(connection: Connection, title: str, waiting: int) -> Form:
    """Remove connection, with how many proposals wait."""
    parts = messages.above_removal(title, waiting, leaves_notes=bool(connection.token))
    return Remove.form(connection.ref, parts=parts)


def remove(command: Remove, work: UnitOfWork) -> Reply:
    """Ends a connection: its address and secrets are gone, and what it proposed here is waved off.

    What it proposed in a channel to which it led before is decided there.
    """
    team, connection = connection_of(command, work)
    work.connections.save(domain.without_secrets(connection, command.at))
    change = ProposalChange(
        step="wave_off", by=command.person.id, at=command.at, why=messages.DISCONNECTED
    )
    waved = work.proposals.end_waiting(connection.id, connection.channel_id, change)
    # Very many may have been gathered: a message says all of a day, and nobody is reminded of any.
    alone = work.proposals.among([ended.number for ended in waved if not ended.gathered])
    for proposal in alone.values():
        reminder_jobs.resolve(proposal, "waved off", command.at, work)
    proposal_jobs.edit(alone.values(), command.at, work)
    gathered = [ended for ended in waved if ended.gathered]
    proposal_jobs.edit_gathered(connection.id, gathered, command.at, work)
    title = command.helpdesks.called(connection)
    return listing_after(f"Not connected any more: {title}.", team, command, work)


def connection_of(invocation: Invocation, work: ReadOnlyWork) -> tuple[Team, Connection]:
    """The connection that is meant and its team; refuses whoever does not lead it."""
    ref = invocation.subject
    connection = work.connections.get(ref.id) if isinstance(ref, ConnectionRef) else None
    if connection is None or connection.removed_at is not None:
        raise not_found(invocation.request.about)
    return team_of(connection.channel_id, invocation, work), connection


def team_of(channel_id: str, invocation: Invocation, work: ReadOnlyWork) -> Team:
    """The team of a channel, or what its first use would make; refuses whoever does not lead it."""
    channel = channel_of(channel_id, invocation, work)
    team = work.teams.get(channel_id) or team_commands.new(channel, invocation)
    team_commands.check_is_leads(team, invocation, work, WHAT)
    return team


def led_by(invocation: Invocation, work: ReadOnlyWork) -> list[Team]:
    """The teams that whoever asks leads."""
    return [team for team in work.teams.all() if team.lead == invocation.person.id]


def channel_of(channel_id: str, invocation: Invocation, work: ReadOnlyWork) -> Channel:
    """The channel of this id as it is known, also where nobody has used it before."""
    here = invocation.request.shared_channel
    if here is not None and here.id == channel_id:
        return here
    return work.channels.get(channel_id) or Channel(id=channel_id, name=channel_id)


def _missing(invocation: Invocation, work: ReadOnlyWork) -> str:
    """What the operator has to set before a helpdesk can be connected; "" where nothing is missing."""
    there = {ADDRESS: bool(invocation.helpdesks.public_address), KEY: work.vault.has_key}
    missing = [setting for setting, is_set in there.items() if not is_set]
    return to_set(*missing) if missing else ""


def to_set(*settings: str) -> str:
    """The sentence that names what the operator has to set, all at once."""
    return f"Whoever runs Amends first sets {' and '.join(settings)}, and starts me again."


def check_possible(invocation: Invocation, work: ReadOnlyWork) -> None:
    """Refuses what needs an address and a key, where the operator has set none."""
    if missing := _missing(invocation, work):
        raise Refused(missing)


def check_key(work: ReadOnlyWork) -> None:
    """Refuses what is secret, where the operator has set no key."""
    if not work.vault.has_key:
        raise Refused(to_set(KEY))


def product_of(connection: Connection, invocation: Invocation) -> Helpdesk:
    """What a connection leads to; refuses what this version knows no more."""
    product = invocation.helpdesks.products.get(connection.product)
    if product is None:
        raise Refused("I don't know this helpdesk any more: remove it, and connect it again.")
    return product


def shown_of(
    connection: Connection,
    invocation: Invocation,
    work: ReadOnlyWork,
    troubles: Mapping[str, NoteTrouble] = NO_TROUBLES,
    *,
    in_short: bool = False,
) -> Shown:
    """A connection with how it is doing, for its line in the list.

    `in_short`: when something arrived last is asked only where something was refused.
    """
    product = invocation.helpdesks.products.get(connection.product)
    asks = not in_short or connection.refused_at is not None
    last = work.deliveries.last(connection.id, 1) if asks else ()
    return Shown(
        connection=connection,
        title=invocation.helpdesks.called(connection),
        own_secret=product is not None and product.OWN_SECRET,
        takes_notes=product is not None and bool(product.HOSTS),
        last_at=last[0].arrived_at if last else None,
        trouble=troubles.get(connection.id),
    )


def in_short(
    teams: Sequence[Team], invocation: Invocation, work: ReadOnlyWork
) -> Mapping[str, Sequence[Shown]]:
    """How the connections of each of the teams are doing, by its channel."""
    shown: dict[str, list[Shown]] = {team.channel_id: [] for team in teams}
    connections = work.connections.in_channel(*shown)
    troubles = _troubles_of(connections, work)
    for connection in connections:
        one = shown_of(connection, invocation, work, troubles, in_short=True)
        shown[connection.channel_id].append(one)
    return shown


def _troubles_of(connections: Sequence[Connection], work: ReadOnlyWork) -> Mapping[str, NoteTrouble]:
    """The notes that could not be left so far, by connection; of none, nothing is asked."""
    all_troubles = work.connections.troubles() if connections else ()
    return {trouble.connection.id: trouble for trouble in all_troubles}


def _listing(team: Team, invocation: Invocation, work: ReadOnlyWork, before: str = "") -> Message:
    connections = work.connections.in_channel(team.channel_id)
    troubles = _troubles_of(connections, work)
    return messages.listing(
        team,
        [shown_of(connection, invocation, work, troubles) for connection in connections],
        team_commands.lead_of(team, work),
        missing=_missing(invocation, work),
        before=before,
    )


def listing_after(done: str, team: Team, command: Command, work: ReadOnlyWork) -> Reply:
    """What was just done, in a sentence, and how all is now."""
    return Reply(message=_listing(team, command, work, done), done=True, replaces=True)
