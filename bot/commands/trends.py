"""What the last months tell about a team."""

from collections.abc import Sequence

from bot.command import Command, Invocation, Reply
from bot.commands.team import TO_MINE
from bot.domain.case import by_case
from bot.domain.errors import Refused
from bot.domain.team import Team
from bot.domain.trends import MAX_FAILURES, TeamRows, Trends, months_until, since, trends
from bot.domain.working_hours import today
from bot.messages import trends as messages
from bot.messages.team import no_channel
from bot.ports import ReadOnlyWork


class Show(Command, frozen=True):
    """Shows how often which gap was there, and how soon things were put right."""

    name = "trends.show"
    access = "channel"
    gathers = True
    shown_at = "trends"


def show(command: Show, work: ReadOnlyWork) -> Reply:
    """The trends of the channel; asked in none, of all teams of the person's channels together."""
    channel = command.request.shared_channel
    asked = command.in_channels if channel is None else {channel.id}
    if not asked:
        raise Refused(
            no_channel(command.channels_unasked, "trends"),
            instead=TO_MINE,
        )
    teams = sorted(work.teams.among(asked).values(), key=lambda team: (team.name, team.channel_id))
    found = of_teams(teams, command, None if channel else command.person.zone, work)
    return Reply(message=messages.trends(found, teams, command.channels_unasked))


def of_teams(teams: Sequence[Team], command: Invocation, zone: str | None, work: ReadOnlyWork) -> Trends:
    """The figures of these teams together; months begin in this zone, or in the first team's."""
    zone = zone or (teams[0].zone if teams else "UTC")
    months = months_until(today(zone, command.at))
    begins = {team.channel_id: since(team, months) for team in teams}
    # From where the first month began first; where it began later, the newest are the same.
    first = min(begins.values(), default=command.at)
    found = {
        channel_id: [failure for failure in failures if failure.failed_at >= begins[channel_id]]
        for channel_id, failures in work.cases.failures_in(begins, first, MAX_FAILURES + 1).items()
    }
    counted = {channel_id: failures[:MAX_FAILURES] for channel_id, failures in found.items()}
    numbers = [failure.number for failures in counted.values() for failure in failures]
    fixes = by_case(work.action_items.fixes(*numbers))
    rows = [
        TeamRows(
            team,
            counted[team.channel_id],
            [fix for failure in counted[team.channel_id] for fix in fixes[failure.number]],
            has_more=len(found[team.channel_id]) > MAX_FAILURES,
        )
        for team in teams
    ]
    return trends(rows, months, command.at)
