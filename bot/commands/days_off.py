"""What happens with a team's days off: its own, and its country's holidays."""

from bot.command import Opening, Reply
from bot.commands import team as team_commands
from bot.commands.stamped import Stamped, check_seen
from bot.domain import days_off, holiday
from bot.domain.days_off import DaysOff
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.fields import Choice, Line, Text, field, read_spans
from bot.messages import team as messages
from bot.messages.page import SETTINGS
from bot.messages.parts import Form
from bot.messages.stale_form import stamped
from bot.ports import ReadOnlyWork, UnitOfWork


def _check_days_off(text: str) -> None:
    read_spans(text)


def _check_country(country: str) -> None:
    if country != messages.NO_COUNTRY:
        holiday.check_country(country)


class Save(Stamped, frozen=True):
    """Saves a team's days off."""

    name = "team.days_off"
    access = "channel"
    set_at = SETTINGS
    title = "Days off"
    submit = "Save"

    days_off: Text = field(
        "Days off",
        hint="Days on which nobody of the team works, as in 2026-12-24, 2026-12-31 to 2027-01-01.",
        max_length=3_000,
        check=_check_days_off,
    )
    country: Choice = field(
        "Country's holidays",
        hint="Its public holidays are days off as well.",
        check=_check_country,
    )
    region: Line = field(
        "Region", hint="Its name or code, where a part of the country has holidays of its own."
    )


def open_form(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the team's days off."""
    channel = team_commands.shared_channel(opening)
    if opening.only_checks:
        filled = opening.readable("country", "region")
        if filled["country"] is not None:
            _region(filled["country"], filled["region"] or "")
    return Reply(form=days_off_form(work.teams.get(channel.id) or team_commands.new(channel, opening)))


def _region(chosen: str, region: str) -> tuple[str, str]:
    """The codes of country and region; refuses a region that is none of it."""
    country = "" if chosen == messages.NO_COUNTRY else chosen
    return country, holiday.region_of(country, region)


def days_off_form(team: Team) -> Form:
    """Days off, as they are now."""
    off = team.days_off
    form = Save.form(
        channel_id=team.channel_id,
        parts=messages.ABOVE_DAYS_OFF,
        values={
            "days_off": days_off.written(off.spans),
            "country": off.country or messages.NO_COUNTRY,
            "region": holiday.region_named(off.country, off.region),
        },
        changed={"country": {"options": messages.country_options()}},
    )
    return stamped(form)


def save(command: Save, work: UnitOfWork) -> Reply:
    """Saves the team's days off; they hold at once for what is open."""
    team = team_commands.of(team_commands.shared_channel(command), command, work)
    country, region = _region(command.country, command.region)
    check_seen(days_off_form(team), command, work)
    off = DaysOff(spans=read_spans(command.days_off), country=country, region=region)
    changed = team.model_copy(update={"days_off": off})
    team_commands.keep(team, changed, command, work)
    day = today(team.zone, command.at)
    return Reply(message=messages.settled_days_off(changed, day), done=True)
