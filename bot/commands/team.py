"""What happens with a team: its first use, its settings, and what Amends says about itself."""

from collections.abc import Mapping

from bot.commands import fields
from bot.domain import notification_preferences
from bot.domain import team as teams
from bot.domain.channel import Channel
from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.team import Team, aim
from bot.domain.working_hours import today
from bot.jobs import team as team_jobs
from bot.messages import team as messages
from bot.ports import UnitOfWork
from bot.request import Reply, Request

OWN = ("mine", "my", "me", "own")
"""What can be typed after `settings` for one's own."""


def of(channel: Channel, request: Request, work: UnitOfWork) -> Team:
    """The team of a channel; its first use makes it, with the person as lead, in their time zone."""
    team = work.teams.get(channel.id)
    if team is None:
        work.channels.remember(channel)
        team = new(channel, request)
        work.teams.add(team)
    elif team.lead is None and team.version == 1 and not request.bulk:
        # An import made the team, and an import leads nobody; nobody has settled anything either.
        first = new(channel, request)
        team = team.model_copy(update={"lead": first.lead, "zone": first.zone})
        work.teams.save(team)
        team = team.model_copy(update={"version": team.version + 1})
    return team


def new(channel: Channel, request: Request) -> Team:
    """A team with default settings, not stored."""
    lead = None if request.bulk else request.person.id
    zone = request.person.zone or "UTC"
    return Team(channel_id=channel.id, name=channel.name, lead=lead, zone=zone, made_at=request.at)


def _own(request: Request) -> bool:
    """Whether a person's own settings are meant: typed so, or typed where no team is."""
    return request.typed.strip().lower() in OWN or (
        request.channel is not None and request.channel.kind == "direct"
    )


def settings_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the team's settings, or a person's own."""
    if _own(request):
        return own_settings_form(request, work)
    channel = _shared_channel(request)
    team = work.teams.get(channel.id) or new(channel, request)
    return Reply(form=messages.settings_form(team))


def own_settings_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens a person's own settings."""
    preferences = work.preferences.get(request.person.id)
    return Reply(
        form=messages.own_settings_form(
            preferences or NotificationPreferences(person_id=request.person.id)
        )
    )


def own_settings(request: Request, work: UnitOfWork) -> Reply:
    """Saves when and how a person wants to be reminded."""
    preferences = work.preferences.get(request.person.id) or NotificationPreferences(
        person_id=request.person.id
    )
    quiet_until = fields.day(request, "quiet_until")
    if quiet_until is not None and quiet_until <= today(request.person.zone or "UTC", request.at):
        quiet_until = None
    changed = notification_preferences.with_settings(
        preferences,
        starts=fields.clock(request, "starts"),
        ends=fields.clock(request, "ends"),
        days=fields.days(request, "days"),
        digest=bool(fields.text(request, "digest")),
        quiet_until=quiet_until,
    )
    work.preferences.save(changed)
    work.scheduler.run_now(owner=request.person.id)
    for team in work.teams.all():
        if team.lead == request.person.id:
            work.scheduler.run_now(channel_id=team.channel_id)
    return Reply(message=messages.settled_own(changed))


def settings(request: Request, work: UnitOfWork) -> Reply:
    """Saves the team's settings."""
    team = of(_shared_channel(request), request, work)
    lead = fields.person(request, "lead", work)
    count = fields.text(request, "days_to_answer", needed="Say how many working days people have.")
    starts, ends = fields.clock(request, "starts"), fields.clock(request, "ends")
    if starts is None or ends is None:
        raise Refused("Say when the day starts and ends.", "starts" if starts is None else "ends")
    changed = teams.with_settings(
        team,
        lead=lead.id if lead else None,
        zone=fields.text(request, "zone", needed="Choose a time zone."),
        days=fields.days(request, "days"),
        starts=starts,
        ends=ends,
        days_to_answer=int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0,
    )
    if "coach" in (request.values or {}):  # a form of an older program does not have it
        changed = changed.model_copy(update={"coach": bool(fields.text(request, "coach"))})
    days = fields.text(request, "days_to_apologise") or str(team.days_to_apologise)
    changed = aim(changed, int(days) if days.isascii() and days.isdigit() and len(days) < 4 else -1)
    work.teams.save(changed)
    work.scheduler.run_now(channel_id=team.channel_id)
    for recipient_id in sorted({team.lead, changed.lead} - {request.person.id, None}, key=str):
        work.jobs.schedule(
            team_jobs.settings_changed_job(changed, str(recipient_id), request.person.id, request.at)
        )
    return Reply(message=messages.settled(changed))


def _shared_channel(request: Request) -> Channel:
    if request.channel is None or request.channel.kind == "direct":
        raise Refused("This belongs to a team: ask for it in the team's own place.")
    return request.channel


def say_help(commands: Mapping[str, str], request: Request, work: UnitOfWork) -> Reply:
    """What can be typed, and what each does; words that are no command come back in the first line."""
    word = request.typed.split(maxsplit=1)[0] if request.typed.strip() else ""
    return Reply(message=messages.help_text(commands, word[:40]))


def joined(request: Request, work: UnitOfWork) -> Reply:
    """Amends was added to a channel: it says one line, and then what could not be said there before."""
    if request.channel is None:
        return Reply()
    channel = request.channel
    work.channels.remember(channel)
    hello = Job(
        name="team.hello",
        about=channel.id,
        channel_id=channel.id,
        key=f"hello:{channel.id}",
        once=True,
        due_at=request.at,
    )
    work.jobs.schedule(hello)
    work.jobs.retry_dead(channel.id)
    return Reply()


def person_changed(request: Request, work: UnitOfWork) -> Reply:
    """Somebody has another name or zone, or has left: kept, when it is somebody that we know."""
    if work.people.get(request.person.id) is not None:
        work.people.remember(request.person)
    return Reply()
