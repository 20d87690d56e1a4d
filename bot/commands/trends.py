"""What the last months tell about a team."""

from bot.command import Command, Reply
from bot.commands.team import TO_MINE
from bot.domain.errors import Refused
from bot.domain.trends import MAX_FAILURES, TeamRows, months_until, since, trends
from bot.domain.working_hours import today
from bot.messages import trends as messages
from bot.messages.team import no_channel
from bot.ports import ReadOnlyWork


class Show(Command, frozen=True):
    """Shows how often which gap was there, and how soon things were put right."""

    name = "trends.show"
    access = "channel"
    gathers = True


def show(command: Show, work: ReadOnlyWork) -> Reply:
    """The trends of the channel; asked in none, of all teams of the person's channels together."""
    channel = command.request.shared_channel
    asked = command.in_channels if channel is None else {channel.id}
    if not asked:
        raise Refused(
            no_channel(command.channels_unasked, "trends"),
            instead=TO_MINE,
        )
    found = filter(None, map(work.teams.get, asked))
    teams = sorted(found, key=lambda team: team.name)
    of_team = teams[0].zone if teams else "UTC"
    zone = of_team if channel and teams else command.person.zone or of_team
    months = months_until(today(zone, command.at))
    rows = []
    for team in teams:
        found_cases = work.cases.failures(team.channel_id, since(team, months), MAX_FAILURES + 1)
        failures = found_cases[:MAX_FAILURES]
        fixes = work.action_items.fixes(*(failure.number for failure in failures))
        rows.append(TeamRows(team, failures, fixes, has_more=len(found_cases) > MAX_FAILURES))
    return Reply(
        message=messages.trends(trends(rows, months, command.at), teams, command.channels_unasked)
    )
