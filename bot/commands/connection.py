"""What happens with a team's connections to helpdesks: its lead makes, tests, changes and ends them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.command import Command, Invocation, Opening, Reply, Request
from bot.commands import team as team_commands
from bot.commands.stamped import Stamped, check_seen
from bot.domain import connection as domain
from bot.domain.channel import Channel, channel_label
from bot.domain.connection import Connection, Rules
from bot.domain.errors import NextStep, Refused, check_all
from bot.domain.prompt import kind_called, used_kinds
from bot.domain.proposal import ProposalChange
from bot.domain.reference import ConnectionRef, ConnectionsRef, Reference, not_found
from bot.domain.team import Team
from bot.fields import Choice, Line, MaybeTick, Number, choices, field
from bot.helpdesks import Helpdesk, Helpdesks, Instruction
from bot.jobs import proposal as proposal_jobs
from bot.jobs import reminder as reminder_jobs
from bot.messages import connection as messages
from bot.messages.connection import Shown
from bot.messages.page import SETTINGS
from bot.messages.parts import Form, Message, Option, Part
from bot.messages.stale_form import stamped
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.repositories import NoteTrouble

WHAT = "which helpdesks it is connected to"
"""Of a team, which is its lead's to say."""
ADDRESS = "AMENDS_URL (the address at which a helpdesk reaches me)"
KEY = "AMENDS_SECRET_KEY (a long random text that encrypts its secrets)"
NO_TEAM = "You lead no team: the lead of one asks for this in its own channel."
USUAL = Connection(
    id="", channel_id="", product="", made_by="", made_at=datetime.min.replace(tzinfo=UTC)
)
"""Whose rules suit most teams."""
NONE = "none"
RATINGS = (NONE, "1", "2", "3", "4", "5")
MAX_LISTED = 800
"""Characters of all tags of a rule."""
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

    subject: ConnectionsRef | None = None

    @classmethod
    def subject_of(cls, request: Request) -> Reference | None:
        if request.about:
            return super().subject_of(request)
        channel = request.shared_channel
        return ConnectionsRef(channel_id=channel.id) if channel else None


class ChoosesProduct(OfHelpdesks, frozen=True):
    """What the form of a new connection asks first."""

    product: Choice = field("Helpdesk", needed="Choose the helpdesk.")


class Ruled(OfHelpdesks, frozen=True):
    """What the form of a connection's rules asks: a ticket that meets any is of a failed case."""

    rating: Choice = field(
        "Rating at or below",
        needed="Choose a rating, or none.",
        hint="1 is the worst, 5 the best.",
        options=RATINGS,
    )
    tags: Line = field(
        "Tags",
        hint="With commas between. A ticket with any of them counts.",
        max_length=MAX_LISTED,
        check=domain.check_listed,
    )
    priorities: Line = field(
        "Priorities",
        hint="With commas between, as in urgent, escalated.",
        max_length=MAX_LISTED,
        check=domain.check_listed,
    )
    sla_breached: MaybeTick = field("SLA breached", hint="A promised time was missed.")
    reopened: MaybeTick = field("Reopened", hint="A solved ticket was opened again.")
    action: Choice = field(
        "What happens",
        needed="Choose what happens.",
        options=tuple(option.value for option in messages.ACTIONS),
    )
    goes_to: Choice = field(
        "Channel", hint="Where it is proposed or opened, and whose lead changes these rules."
    )
    kind: Choice = field("Kind", hint="What its retros ask. Without one, what the ticket says.")
    a_day: Number = field(
        "Proposals a day",
        needed="Say how many a day.",
        hint=f"1 to {domain.MAX_A_DAY}. What is more stands in one message.",
        check=domain.check_a_day,
    )

    @property
    def channels_named(self) -> frozenset[str]:
        return frozenset({self.goes_to} - {""})


class Add(Ruled, ChoosesProduct, frozen=True):
    """Connects a helpdesk to a team's channel."""

    name = "connection.add"
    title = "Connect a helpdesk"
    submit = "Connect"
    begins = True

    subject: ConnectionsRef


class Edit(Ruled, Stamped, frozen=True):
    """Changes what a connection is heard for, and what happens then."""

    name = "connection.edit"
    title = "Rules"
    submit = "Save"

    subject: ConnectionRef


class OfOne(OfHelpdesks, frozen=True):
    """What a lead asks about one connection."""

    subject: ConnectionRef


class ShowDeliveries(OfOne, frozen=True):
    """Shows what arrived last by a connection, and what was made of it."""

    name = "connection.show_deliveries"


class ShowSteps(OfOne, frozen=True):
    """Shows once more what is to be done in the other program, without the secret."""

    name = "connection.show_steps"


class Test(OfOne, frozen=True):
    """Asks to be shown the next delivery, on which nothing else is done."""

    name = "connection.test"


class Remove(OfOne, frozen=True):
    """Ends a connection for good."""

    name = "connection.remove"
    title = "Remove connection"
    submit = "Remove"
    takes_away = True


def show(command: Show, work: ReadOnlyWork) -> Reply:
    """The team's connections; asked in a chat of one's own, which of one's teams is meant."""
    if command.subject is None:
        led = _led(command, work)
        if not led:
            raise Refused(NO_TEAM, instead=team_commands.TO_MINE)
        return Reply(message=messages.choice(led))
    team = _team(command.subject.channel_id, command, work)
    return Reply(message=_listing(team, command, work), replaces=True)


def open_add(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form of a new connection, unless the operator has to set something first."""
    team = _team_of_new(opening, work)
    offered = _offered(team, opening, work)
    if opening.only_checks:
        _check_readable(opening, offered)
    return Reply(form=add_form(offered, opening.helpdesks))


def add_form(offered: Sequence[Team], helpdesks: Helpdesks) -> Form:
    """Connect a helpdesk, with rules that suit most teams; `offered` as of `_offered`."""
    team = offered[0]
    products = tuple(Option(value=name, label=helpdesks.choice(name)) for name in helpdesks.products)
    return Add.form(
        ConnectionsRef(channel_id=team.channel_id),
        channel_id=team.channel_id,
        parts=_above(offered),
        values={**_written(USUAL), "goes_to": team.channel_id},
        changed={"product": {"options": products}, **_options(offered, USUAL)},
        without=_left_out(offered, USUAL),
    )


def add(command: Add, work: UnitOfWork) -> Reply:
    """Connects a helpdesk, and says what is left to do there."""
    offered = _offered(_team_of_new(command, work), command, work)
    product = command.helpdesks.products.get(command.product)
    rules = _rules(command, Rules())
    if product is None:
        raise Refused("Helpdesk: choose one from the list.", "product")
    _, (where, kind) = check_all(
        lambda: domain.check_rules(rules), lambda: _where_and_kind(command, offered)
    )
    team = team_commands.of(_channel(where.channel_id, command, work), command, work)
    secret = "" if product.OWN_SECRET else domain.new_secret()
    made = work.connections.add(
        Connection(
            id=domain.new_id(),
            channel_id=team.channel_id,
            product=command.product,
            made_by=command.person.id,
            made_at=command.at,
            secret=work.vault.seal(secret),
            rules=rules,
            action=_action(command.action),
            kind=kind,
            a_day=command.a_day or domain.USUAL_A_DAY,
        )
    )
    steps = product.instructions(command.helpdesks.address(made.id), secret)
    shown = shown_of(made, command, work)
    made_known = messages.made(shown, steps, shows_secret=bool(secret))
    return Reply(message=made_known, shown_once=bool(secret))


def open_edit(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the rules of a connection, as they are now."""
    team, connection = connection_of(opening, work)
    offered = _offered(team, opening, work)
    if opening.only_checks:
        _check_readable(opening, offered, connection)
    return Reply(form=edit_form(offered, connection))


def edit_form(offered: Sequence[Team], connection: Connection) -> Form:
    """Rules, filled in with what they are; `offered` as of `_offered`."""
    form = Edit.form(
        connection.ref,
        parts=_above(offered),
        values=_written(connection),
        changed=_options(offered, connection),
        without=_left_out(offered, connection),
    )
    return stamped(form)


def edit(command: Edit, work: UnitOfWork) -> Reply:
    """Changes the rules from the next delivery on; what is waved off is counted afresh.

    In another channel, too: what was proposed before stays in the one where it was.
    """
    team, connection = connection_of(command, work)
    offered = _offered(team, command, work)
    check_seen(edit_form(offered, connection), command, work)
    rules = _rules(command, connection.rules)
    _, (where, kind) = check_all(
        lambda: domain.check_rules(rules), lambda: _where_and_kind(command, offered, connection)
    )
    changed = {
        "rules": rules.model_copy(update={"since": command.at}),
        "action": _action(command.action),
        "kind": kind,
        "a_day": command.a_day or connection.a_day,
        "asked_at": None,
    }
    there = domain.moved(connection, where.channel_id, command.at)
    work.connections.save(there.model_copy(update=changed))
    if where.channel_id == team.channel_id:
        return _listed(team, command, work, "Saved: that counts from the next delivery on.")
    lost = connection.kind if kind is None and command.kind else None
    return _listed(where, command, work, messages.moved(where.name, lost))


def show_deliveries(command: ShowDeliveries, work: ReadOnlyWork) -> Reply:
    """What arrived last, a page of it."""
    team, connection = connection_of(command, work)
    first = command.subject.page * A_PAGE
    last = work.deliveries.last(connection.id, first + A_PAGE + 1)
    # What arrived while it led to another channel belongs to that.
    told = [one for one in last if one.arrived_at >= connection.here_since]
    more = len(told) > first + A_PAGE and command.subject.page < LAST_PAGE
    shown, page = shown_of(connection, command, work), told[first : first + A_PAGE]
    return Reply(message=messages.deliveries(shown, page, command.subject, team.zone, more=more))


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
    waiting = work.proposals.count_waiting(connection.id)
    return Reply(form=removal_form(connection, opening.helpdesks.called(connection), waiting))


def removal_form(connection: Connection, title: str, waiting: int) -> Form:
    """Remove connection, with how many proposals wait."""
    return Remove.form(connection.ref, parts=messages.above_removal(title, waiting))


def remove(command: Remove, work: UnitOfWork) -> Reply:
    """Ends a connection: its address and secrets are gone, and what it proposed is waved off."""
    team, connection = connection_of(command, work)
    work.connections.save(domain.without_secrets(connection, command.at))
    change = ProposalChange(
        step="wave_off", by=command.person.id, at=command.at, why=messages.DISCONNECTED
    )
    waved = work.proposals.end_waiting(connection.id, change)
    # Very many may have been gathered: a message says all of a day, and nobody is reminded of any.
    alone = work.proposals.among([one.number for one in waved if not one.gathered])
    for proposal in alone.values():
        reminder_jobs.resolve(proposal, "waved off", command.at, work)
    proposal_jobs.edit(alone.values(), command.at, work)
    gathered = [one for one in waved if one.gathered]
    proposal_jobs.edit_gathered(connection.id, gathered, command.at, work)
    title = command.helpdesks.called(connection)
    return _listed(team, command, work, f"Not connected any more: {title}.")


def connection_of(invocation: Invocation, work: ReadOnlyWork) -> tuple[Team, Connection]:
    """The connection that is meant and its team; refuses whoever does not lead it."""
    ref = invocation.subject
    connection = work.connections.get(ref.id) if isinstance(ref, ConnectionRef) else None
    if connection is None or connection.removed_at is not None:
        raise not_found(invocation.request.about)
    return _team(connection.channel_id, invocation, work), connection


def _team(channel_id: str, invocation: Invocation, work: ReadOnlyWork) -> Team:
    """The team of a channel, or what its first use would make; refuses whoever does not lead it."""
    channel = _channel(channel_id, invocation, work)
    team = work.teams.get(channel_id) or team_commands.new(channel, invocation)
    team_commands.check_is_leads(team, invocation, work, WHAT)
    return team


def _led(invocation: Invocation, work: ReadOnlyWork) -> list[Team]:
    """The teams that whoever asks leads."""
    return [team for team in work.teams.all() if team.lead == invocation.person.id]


def _offered(team: Team, invocation: Invocation, work: ReadOnlyWork) -> Sequence[Team]:
    """The team that it is about, and then the others that whoever asks leads, by their names."""
    gone = {channel.id for channel in work.channels.gone()} | {team.channel_id}
    others = (other for other in _led(invocation, work) if other.channel_id not in gone)
    return (team, *sorted(others, key=lambda other: other.name.casefold()))


def _team_of_new(invocation: Invocation, work: ReadOnlyWork) -> Team:
    """The same, for a connection that can be made: the operator has set what that needs."""
    ref = invocation.subject
    if not isinstance(ref, ConnectionsRef):
        raise not_found(invocation.request.about)
    team = _team(ref.channel_id, invocation, work)
    check_possible(invocation, work)
    return team


def _channel(channel_id: str, invocation: Invocation, work: ReadOnlyWork) -> Channel:
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


def _rules(command: Ruled, before: Rules) -> Rules:
    """The rules as the form says them; a tick that got lost stays as it was."""
    missed, reopened = command.sla_breached, command.reopened
    return Rules(
        rating=None if command.rating == NONE else int(command.rating),
        tags=domain.listed(command.tags),
        priorities=domain.listed(command.priorities),
        sla_breached=before.sla_breached if missed is None else missed,
        reopened=before.reopened if reopened is None else reopened,
    )


def _action(written: str) -> domain.Action:
    return "open" if written == "open" else "propose"


def _written(connection: Connection) -> dict[str, str]:
    """What stands in the form of these rules."""
    rules = connection.rules
    return {
        "rating": NONE if rules.rating is None else str(rules.rating),
        "tags": ", ".join(rules.tags),
        "priorities": ", ".join(rules.priorities),
        "sla_breached": "yes" if rules.sla_breached else "",
        "reopened": "yes" if rules.reopened else "",
        "action": connection.action,
        "goes_to": connection.channel_id,
        "kind": connection.kind or "",
        "a_day": str(connection.a_day),
    }


def _above(offered: Sequence[Team]) -> tuple[Part, ...]:
    return messages.above_add("" if len(offered) > 1 else offered[0].name)


def _kinds(offered: Sequence[Team], connection: Connection) -> tuple[str, ...]:
    """What can be chosen: the kinds of case of these teams, and whatever stands there already."""
    in_use = (kind.name for team in offered for kind in used_kinds(team.kinds))
    return tuple(dict.fromkeys((*in_use, *filter(None, (connection.kind,)))))


def _options(offered: Sequence[Team], connection: Connection) -> dict[str, dict[str, object]]:
    channels = tuple(Option(value=team.channel_id, label=channel_label(team.name)) for team in offered)
    return {
        "action": {"options": messages.ACTIONS},
        "goes_to": {"options": channels, "needed": True},
        "kind": {"options": choices(_kinds(offered, connection))},
    }


def _left_out(offered: Sequence[Team], connection: Connection) -> tuple[str, ...]:
    """Fields in which there is nothing to choose."""
    there = {"goes_to": len(offered) > 1, "kind": bool(_kinds(offered, connection))}
    return tuple(name for name, is_there in there.items() if not is_there)


def _where_and_kind(
    command: Ruled, offered: Sequence[Team], connection: Connection | None = None
) -> tuple[Team, str | None]:
    """Whose cases these are from now on, and of which kind; refuses where they cannot be told."""
    team = _chosen(command.goes_to, offered)
    if team is not offered[0] and team.channel_id not in command.in_channels:
        raise Refused(messages.NO_SUCH_CHANNEL, "goes_to")
    return team, _kind(command.kind, team, connection)


def _chosen(channel_id: str, offered: Sequence[Team]) -> Team:
    """The team whose channel was chosen, as it is where none was; refuses what was not offered."""
    chosen = next((team for team in offered if channel_id in ("", team.channel_id)), None)
    if chosen is None:
        raise Refused(messages.NO_SUCH_CHANNEL, "goes_to")
    return chosen


def _kind(name: str, team: Team, connection: Connection | None = None) -> str | None:
    """The kind of case that was chosen; refuses what the team calls none.

    One that nobody chose now stays as it was, or goes where another team does not have it.
    """
    kind = kind_called(team.kinds, name) if name else None
    if kind is not None or not name:
        return kind.name if kind else None
    if connection is None or name != connection.kind:
        raise Refused(messages.no_such_kind(team), "kind")
    return name if team.channel_id == connection.channel_id else None


def _check_readable(
    opening: Opening, offered: Sequence[Team], connection: Connection | None = None
) -> None:
    """Refuses what else is wrong in a form in which something cannot be read."""
    said = opening.readable("goes_to", "kind")
    _kind(said["kind"] or "", _chosen(said["goes_to"] or "", offered), connection)


def shown_of(
    connection: Connection,
    invocation: Invocation,
    work: ReadOnlyWork,
    troubles: Mapping[str, NoteTrouble] = NO_TROUBLES,
) -> Shown:
    """A connection with how it is doing, for its line in the list."""
    product = invocation.helpdesks.products.get(connection.product)
    last = work.deliveries.last(connection.id, 1)
    return Shown(
        connection=connection,
        title=invocation.helpdesks.called(connection),
        own_secret=product is not None and product.OWN_SECRET,
        takes_notes=product is not None and bool(product.HOSTS),
        last_at=last[0].arrived_at if last else None,
        trouble=troubles.get(connection.id),
    )


def _listing(team: Team, invocation: Invocation, work: ReadOnlyWork, said: str = "") -> Message:
    connections = work.connections.in_channel(team.channel_id)
    found = work.connections.troubles() if connections else ()
    troubles = {trouble.connection.id: trouble for trouble in found}
    return messages.listing(
        team,
        [shown_of(connection, invocation, work, troubles) for connection in connections],
        team_commands.lead_of(team, work),
        missing=_missing(invocation, work),
        before=said,
    )


def _listed(team: Team, command: Command, work: ReadOnlyWork, said: str) -> Reply:
    """What was just done, and how all is now."""
    return Reply(message=_listing(team, command, work, said), done=True, replaces=True)
