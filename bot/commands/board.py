"""What a whole team has open: to see it, and to share it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial

from bot.board import BoardQuery, look
from bot.command import Command, Reply
from bot.commands.team import TO_MINE
from bot.domain.board import BY_NAME, GROUPS
from bot.domain.board_filter import EVERYTHING, BoardView, Filters, Known, UnknownFilter, read_filters
from bot.domain.errors import Refused
from bot.domain.person import Person
from bot.domain.recovery import Tally
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.jobs import board as jobs
from bot.messages import board as messages
from bot.messages.board import MAX_LISTED, MAX_TOLD, StatusFor
from bot.messages.team import no_channel
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.prompts import gaps_in_teams

NOTHING_FAILED = "Nothing has failed here yet: the first failed case makes this channel a team."
OTHER_TEAM = "I can't find that team: choose one whose channel you're in."
IN_DIRECT = "In a channel I show its own team only: write to me directly to see another one."


class Status(Command, frozen=True):
    """Shows what needs somebody in a team, or in all teams of whoever asks."""

    name = "board.status"
    access = "channel"
    shown_at = "board"
    gathers = True
    names_people = True


class Share(Command, frozen=True):
    """Posts a team's status in its channel, for everybody there."""

    name = "board.share"
    access = "channel"
    gathers = True
    begins = True


def status(command: Status, work: ReadOnlyWork) -> Reply:
    """What needs somebody; of a button, what that leads to."""
    teams = _teams(command, work)
    view = BoardView.parse(command.request.about)
    if command.request.typed:
        try:
            filters = among_known(partial(read_filters, command.request.typed), command, teams, work)
        except UnknownFilter as unknown:
            if unknown.key == "team" and command.channel_id is not None:
                raise Refused(IN_DIRECT) from None
            typed = command.request.typed.strip()
            return Reply(message=messages.unknown_filter(unknown.sentence, unknown.meant, typed))
        view = BoardView(filters)
    if command.channel_id is not None and not view.filters.team:
        # Its buttons may be pressed in another chat: where an answer for one person ends up.
        view = view._replace(filters=view.filters._replace(team=command.channel_id))
    chosen = _chosen(command, teams, view.filters.team)
    reader = StatusFor(
        asker=command.person.id,
        choices=teams,
        gathered=command.channel_id is None,
        unasked=0 if view.filters.team else command.channels_unasked,
        tally=_tally(chosen, view, work),
    )
    if view.group:
        group = BY_NAME[view.group]
        query = BoardQuery(view.filters, command.at, command.person, MAX_LISTED, view.page * MAX_LISTED)
        board = look(chosen, (group,), query, work)
        return Reply(message=messages.group_page(board, group, view.filters, reader, view.page))
    query = BoardQuery(view.filters, command.at, command.person, MAX_TOLD)
    return Reply(message=messages.status(look(chosen, GROUPS, query, work), view.filters, reader))


def share(command: Share, work: UnitOfWork) -> Reply:
    """Owes the channel what whoever asks has just read, as it stands when it is said."""
    view = BoardView.parse(command.request.about)
    chosen = _chosen(command, _teams(command, work), view.filters.team or command.channel_id or "")
    if len(chosen) != 1:
        raise Refused("Choose one team first: I share its status in its own channel.")
    team = chosen[0]
    filters = view.filters._replace(team=team.channel_id)
    work.jobs.schedule(jobs.shared_job(team, filters, command.person.id, command.at))
    return Reply(message=messages.shared(team), done=True)


def _teams(command: Command, work: ReadOnlyWork) -> Sequence[Team]:
    """The teams that somebody may ask about here: those they lead come first."""
    if command.channel_id is not None:
        team = work.teams.get(command.channel_id)
        if team is None:
            raise Refused(NOTHING_FAILED)
        return [team]
    found = work.teams.among(command.in_channels)
    teams = sorted(
        found.values(), key=lambda team: (team.lead != command.person.id, team.name, team.channel_id)
    )
    if not teams:
        raise Refused(no_channel(command.channels_unasked, "status"), instead=TO_MINE)
    return teams


def _chosen(command: Command, teams: Sequence[Team], channel_id: str) -> Sequence[Team]:
    """All of them, or the one that is named."""
    chosen = [team for team in teams if channel_id in ("", team.channel_id)]
    if not chosen:
        raise Refused(OTHER_TEAM if command.channel_id is None else IN_DIRECT)
    return chosen


def among_known(
    read: Callable[[Known], Filters], command: Command, teams: Sequence[Team], work: ReadOnlyWork
) -> Filters:
    """Filters that are asked of these teams: of whom they name, who owns something there is meant first.

    Only where they name nobody of those is everybody looked through, whom the bot has ever met.
    """

    def near() -> Iterable[Person]:
        owners = work.action_items.owners_in({team.channel_id for team in teams})
        return work.people.among(owners).values()

    try:
        return read(_known(command, teams, near))
    except UnknownFilter:
        return read(_known(command, teams, work.people.everybody))


def _known(command: Command, teams: Sequence[Team], met_people: Callable[[], Iterable[Person]]) -> Known:
    """What filters may name that are asked of these teams."""

    def people() -> Sequence[tuple[str, str]]:
        met = {person.id: person.name for person in met_people()}
        named = {person.id: person.name for person in command.request.people}
        return [(name, id) for id, name in (*met.items(), *named.items()) if name]

    return Known(
        asker=command.person.id,
        today=_day(command, teams),
        gaps=gaps_in_teams(teams),
        teams=[(team.name.removeprefix("#"), team.channel_id) for team in teams],
        people=people,
    )


def _day(command: Command, teams: Sequence[Team]) -> date:
    zone = teams[0].zone if len(teams) == 1 else command.person.zone or teams[0].zone
    return today(zone, command.at)


def _tally(teams: Sequence[Team], view: BoardView, work: ReadOnlyWork) -> Tally:
    if len(teams) > 1 or view.group or view.filters._replace(team="") != EVERYTHING:
        return Tally()
    return work.recoveries.tally(teams[0].channel_id)
