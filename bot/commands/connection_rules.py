"""What happens with the rules of a connection: which signals are heard, what happens then, and where."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.command import Invocation, Opening, Reply
from bot.commands import team as team_commands
from bot.commands.connection import (
    OfHelpdesks,
    channel_of,
    check_possible,
    connection_of,
    led_by,
    listing_after,
    shown_of,
    team_of,
)
from bot.commands.stamped import Stamped, check_seen
from bot.domain import connection as domain
from bot.domain.channel import channel_label
from bot.domain.connection import Connection, Rules
from bot.domain.errors import Refused, check_all
from bot.domain.prompt import kind_called, used_kinds
from bot.domain.reference import ConnectionRef, ConnectionsRef, not_found
from bot.domain.team import Team
from bot.fields import Choice, Line, MaybeTick, Number, choices, field
from bot.helpdesks import Helpdesks
from bot.messages import connection as messages
from bot.messages.parts import Form, Option, Part
from bot.messages.stale_form import stamped
from bot.ports import ReadOnlyWork, UnitOfWork

USUAL = Connection(
    id="", channel_id="", product="", made_by="", made_at=datetime.min.replace(tzinfo=UTC)
)
"""Whose rules suit most teams."""
NONE = "none"
RATINGS = (NONE, "1", "2", "3", "4", "5")
MAX_LISTED = 800
"""Characters of all tags of a rule."""


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


def open_add(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form of a new connection, unless the operator has to set something first."""
    team = _team_of_new(opening, work)
    offered = _offered(team, opening, work)
    if opening.only_checks:
        _check_readable(opening, offered)
    return Reply(form=add_form(offered, opening.helpdesks))


def add_form(offered: Sequence[Team], helpdesks: Helpdesks) -> Form:
    """Connect a helpdesk, with rules that suit most teams; `offered` as `_offered` returns it."""
    team = offered[0]
    products = tuple(Option(value=name, label=helpdesks.choice(name)) for name in helpdesks.products)
    return Add.form(
        ConnectionsRef(channel_id=team.channel_id),
        channel_id=team.channel_id,
        parts=_above(offered, is_new=True),
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
    team = team_commands.of(channel_of(where.channel_id, command, work), command, work)
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
    message = messages.made(shown, steps, shows_secret=bool(secret))
    return Reply(message=message, shown_once=bool(secret))


def open_edit(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the rules of a connection, as they are now."""
    team, connection = connection_of(opening, work)
    offered = _offered(team, opening, work)
    if opening.only_checks:
        _check_readable(opening, offered, connection)
    return Reply(form=edit_form(offered, connection))


def edit_form(offered: Sequence[Team], connection: Connection) -> Form:
    """Rules, filled in with what they are; `offered` as `_offered` returns it."""
    form = Edit.form(
        connection.ref,
        parts=_above(offered, is_new=False),
        values=_written(connection),
        changed=_options(offered, connection),
        without=_left_out(offered, connection),
    )
    return stamped(form)


def edit(command: Edit, work: UnitOfWork) -> Reply:
    """Changes the rules from the next delivery on; what is waved off is counted afresh.

    So it is with the channel: what was proposed before stays in the one where it was.
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
    moved = domain.moved(connection, where.channel_id, command.at)
    work.connections.save(moved.model_copy(update=changed))
    if where.channel_id == team.channel_id:
        return listing_after("Saved: that counts from the next delivery on.", team, command, work)
    lost_kind = connection.kind if kind is None and command.kind else None
    return listing_after(messages.moved(where.name, lost_kind), where, command, work)


def _offered(team: Team, invocation: Invocation, work: ReadOnlyWork) -> Sequence[Team]:
    """The teams whose channels can be chosen: first its own, then others that whoever asks leads."""
    left_out = {channel.id for channel in work.channels.gone()} | {team.channel_id}
    others = (other for other in led_by(invocation, work) if other.channel_id not in left_out)
    return (team, *sorted(others, key=lambda other: other.name.casefold()))


def _team_of_new(invocation: Invocation, work: ReadOnlyWork) -> Team:
    """The team that is to be connected; refuses where the operator has not set what that needs."""
    ref = invocation.subject
    if not isinstance(ref, ConnectionsRef):
        raise not_found(invocation.request.about)
    team = team_of(ref.channel_id, invocation, work)
    check_possible(invocation, work)
    return team


def _rules(command: Ruled, before: Rules) -> Rules:
    """The rules as the form says them; a tick that got lost stays as it was."""
    sla_breached, reopened = command.sla_breached, command.reopened
    return Rules(
        rating=None if command.rating == NONE else int(command.rating),
        tags=domain.listed(command.tags),
        priorities=domain.listed(command.priorities),
        sla_breached=before.sla_breached if sla_breached is None else sla_breached,
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


def _above(offered: Sequence[Team], *, is_new: bool) -> tuple[Part, ...]:
    return messages.above_rules("" if len(offered) > 1 else offered[0].name, is_new=is_new)


def _kinds(offered: Sequence[Team], connection: Connection) -> tuple[str, ...]:
    """What can be chosen: the kinds of case of these teams, and whatever stands there already."""
    names = [kind.name for team in offered for kind in used_kinds(team.kinds)]
    return tuple(dict.fromkeys((*names, connection.kind) if connection.kind else names))


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
    """Whose cases these are from now on, and of which kind; refuses a channel that is not theirs."""
    team = _chosen(command.goes_to, offered)
    if team is not offered[0] and team.channel_id not in command.in_channels:
        raise Refused(messages.NO_SUCH_CHANNEL, "goes_to")
    return team, _kind(command.kind, team, connection)


def _chosen(channel_id: str, offered: Sequence[Team]) -> Team:
    """The team whose channel was chosen, or the first where none was; refuses what was not offered."""
    chosen = next((team for team in offered if channel_id in ("", team.channel_id)), None)
    if chosen is None:
        raise Refused(messages.NO_SUCH_CHANNEL, "goes_to")
    return chosen


def _kind(name: str, team: Team, connection: Connection | None = None) -> str | None:
    """The kind of case that was chosen; refuses one that the team does not have.

    The kind of before stays though it was retired, and is dropped where another team does not have it.
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
    fields = opening.readable("goes_to", "kind")
    _kind(fields["kind"] or "", _chosen(fields["goes_to"] or "", offered), connection)
