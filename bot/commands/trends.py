"""What the last months tell about a team."""

from collections.abc import Sequence

from bot.command import Command, Invocation, Reply
from bot.commands.team import TO_MINE
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
    known = filter(None, map(work.teams.get, asked))
    teams = sorted(known, key=lambda team: team.name)
    found = of_teams(teams, command, None if channel else command.person.zone, work)
    return Reply(message=messages.trends(found, teams, command.channels_unasked))


def of_teams(teams: Sequence[Team], command: Invocation, zone: str | None, work: ReadOnlyWork) -> Trends:
    """The figures of these teams together; months begin in this zone, or in the first team's."""
    zone = zone or (teams[0].zone if teams else "UTC")
    months = months_until(today(zone, command.at))
    rows = []
    for team in teams:
        found_cases = work.cases.failures(team.channel_id, since(team, months), MAX_FAILURES + 1)
        failures = found_cases[:MAX_FAILURES]
        fixes = work.action_items.fixes(*(failure.number for failure in failures))
        rows.append(TeamRows(team, failures, fixes, has_more=len(found_cases) > MAX_FAILURES))
    return trends(rows, months, command.at)
