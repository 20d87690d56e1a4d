"""What happens with a team: its first use, its settings, and what Amends says about itself."""

from collections.abc import Callable, Mapping
from datetime import time
from difflib import get_close_matches

from bot.command import Command, Invocation, Opening, Reply, Request
from bot.commands.lookup import person_of
from bot.commands.stamped import Stamped, check_seen
from bot.domain import notification_preferences
from bot.domain import team as teams
from bot.domain.channel import Channel
from bot.domain.errors import NextStep, Refused, check_all
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.person import Person
from bot.domain.team import MAX_DAYS_TO_ANSWER, Team, aim
from bot.domain.working_hours import today
from bot.fields import (
    Choice,
    Clock,
    Day,
    Line,
    MaybeTick,
    NeededClock,
    Number,
    PersonId,
    Weekdays,
    field,
)
from bot.jobs import team as team_jobs
from bot.messages import team as messages
from bot.messages.page import SETTINGS
from bot.messages.parts import Button, Form
from bot.messages.stale_form import stamped
from bot.ports import ReadOnlyWork, UnitOfWork

OWN = ("mine", "my", "me", "own")
"""What can be typed after `settings` for one's own."""
GREETINGS = ("hi", "hello", "hey", "home")
"""What can be typed to see one's home, as in the personal chat in Teams."""
THANKS = ("thanks", "thank", "thx", "ty", "cheers")
NEAR = 0.74
"""From this share of the letters in common on, one word may be the other, misspelt."""
LONGEST_WORD = 40


class Settings(Stamped, frozen=True):
    """Saves a team's settings."""

    name = "team.settings"
    access = "channel"
    set_at = SETTINGS
    title = "Team settings"
    submit = "Save"

    lead: PersonId = field("Lead")
    zone: Choice = field("Time zone", needed="Choose a time zone.", check=teams.check_zone)
    days: Weekdays = field("Working days", needed=teams.NO_DAYS)
    starts: NeededClock = field("Day starts", needed="Say when the day starts and ends.")
    ends: NeededClock = field("Day ends", needed="Say when the day starts and ends.")
    days_to_answer: Number = field(
        "Days to answer",
        needed="Say how many working days people have.",
        hint=f"Working days until answers close, 1 to {MAX_DAYS_TO_ANSWER}.",
        check=teams.check_days_to_answer,
    )
    days_to_apologise: Number = field(
        "Days to apologise",
        hint="Working days until the customer gets an apology in person. 0 is the same day.",
        check=teams.check_aim,
    )
    coach: MaybeTick = field(
        "Language coach",
        hint="Reads along, and tells only the writer what may hurt before it's posted.",
    )


class OwnSettings(Stamped, frozen=True):
    """Saves when and how a person wants to be reminded."""

    name = "team.own_settings"
    access = "own"
    set_at = SETTINGS
    title = "My settings"
    submit = "Save"

    days: Weekdays = field("Working days")
    starts: Clock = field("Day starts")
    ends: Clock = field("Day ends")
    digest: MaybeTick = field(
        "One daily digest",
        hint="All in one message as your day starts, later only what is due that day.",
    )
    quiet_until: Day = field(
        "Quiet until", hint="No reminders before that day, when you're on holiday for example."
    )


class Help(Command, frozen=True):
    """Says what can be typed, and what each does."""

    name = "team.help"
    access = "own"
    audience = "channel"


class Home(Command, frozen=True):
    """What somebody reads at home: what needs them, what else is theirs, and what this is."""

    name = "team.home"
    access = "own"
    shown_at = "board"
    shows_things = True
    gathers = True


class Unknown(Command, frozen=True):
    """Words that are no command: says which one was probably meant, to whoever wrote them alone."""

    name = "team.unknown"
    access = "own"


class Picture(Command, frozen=True):
    """Somebody sent a picture or a file without a word: says what to do with it."""

    name = "team.picture"
    access = "own"


class Joined(Command, frozen=True):
    """Amends was added to a channel, or a person added it for themself."""

    name = "team.joined"
    access = "platform"


class ChannelChanged(Command, frozen=True):
    """A channel has another name, or can be spoken in again: it was archived, say."""

    name = "team.channel_changed"
    access = "platform"
    repeatable = True

    called: Line = field(hidden=True)


class MessageDeleted(Command, frozen=True):
    """Somebody deleted a message of ours."""

    name = "team.message_deleted"
    access = "platform"
    repeatable = True

    message_id: Line = field(name="id", hidden=True)


class PersonChanged(Command, frozen=True):
    """Somebody has another name or zone, or has left."""

    name = "team.person_changed"
    access = "platform"
    repeatable = True


def of(channel: Channel, invocation: Invocation, work: UnitOfWork) -> Team:
    """The team of a channel; its first use makes it, with the person as lead, in their time zone."""
    team = work.teams.get(channel.id)
    if team is None:
        work.channels.remember(channel)
        team = new(channel, invocation)
        work.teams.add(team)
    elif team.lead is None and team.version == 1 and not invocation.request.bulk:
        # An import made the team, and an import leads nobody; nobody has settled anything either.
        first = new(channel, invocation)
        team = team.model_copy(update={"lead": first.lead, "zone": first.zone})
        work.teams.save(team)
        team = team.model_copy(update={"version": team.version + 1})
    return team


def new(channel: Channel, invocation: Invocation) -> Team:
    """A team with default settings, not stored."""
    lead = None if invocation.request.bulk else invocation.person.id
    zone = invocation.person.zone or "UTC"
    return Team(channel_id=channel.id, name=channel.name, lead=lead, zone=zone, made_at=invocation.at)


def _means_own(opening: Opening) -> bool:
    """Whether a person's own settings are meant: typed so, or typed where no team is."""
    return opening.request.typed.strip().lower() in OWN or (
        opening.channel is not None and opening.channel.kind == "direct"
    )


def open_settings(
    others: Mapping[str, Callable[[Opening, ReadOnlyWork], Reply]],
    opening: Opening,
    work: ReadOnlyWork,
) -> Reply:
    """Opens the team's settings, a person's own, or the form among `others` whose name was typed."""
    if _means_own(opening):
        return open_own_settings(opening, work)
    other = others.get(" ".join(opening.request.typed.lower().split()))
    if other is not None:
        return other(opening, work)
    channel = shared_channel(opening)
    if opening.only_checks:
        filled = opening.readable("lead", "starts", "ends")
        starts, ends = filled["starts"], filled["ends"]
        check_all(
            lambda: person_of(filled["lead"] or "", "lead", work),
            lambda: teams.check_day(starts, ends) if starts and ends else None,
        )
    team = work.teams.get(channel.id) or new(channel, opening)
    return Reply(form=settings_form(team, lead_of(team, work)))


def settings_form(team: Team, lead: Person | None) -> Form:
    """Team settings, as they are now; a `lead` who has left is no choice any more."""
    gone = lead is not None and (lead.gone or lead.bot)
    values = {
        "lead": "" if gone else team.lead or "",
        "zone": team.zone,
        "days": _written_days(team.days),
        "starts": _written_time(team.starts),
        "ends": _written_time(team.ends),
        "days_to_answer": str(team.days_to_answer),
        "days_to_apologise": str(team.days_to_apologise),
        "coach": "yes" if team.coach else "",
    }
    form = Settings.form(
        channel_id=team.channel_id,
        parts=messages.above_settings(team, lead),
        values=values,
        changed={
            "zone": {"options": messages.zones_with(team.zone)},
            "days": {"options": messages.WEEK},
        },
    )
    return stamped(form)


def open_own_settings(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens a person's own settings."""
    return Reply(form=own_settings_form(_preferences(opening, work)))


def own_settings_form(mine: NotificationPreferences) -> Form:
    """My settings: when and how one person wants to be reminded."""
    values = {
        "days": _written_days(mine.days),
        "starts": _written_time(mine.starts),
        "ends": _written_time(mine.ends),
        "digest": "yes" if mine.digest else "",
        "quiet_until": mine.quiet_until.isoformat() if mine.quiet_until else "",
    }
    form = OwnSettings.form(
        parts=messages.ABOVE_OWN_SETTINGS,
        values=values,
        changed={"days": {"options": messages.WEEK}},
    )
    return stamped(form)


def _written_days(days: tuple[int, ...]) -> str:
    return ",".join(str(day) for day in days)


def _written_time(at: time | None) -> str:
    return f"{at:%H:%M}" if at else ""


def _preferences(invocation: Invocation, work: ReadOnlyWork) -> NotificationPreferences:
    stored = work.preferences.get(invocation.person.id)
    return stored or NotificationPreferences(person_id=invocation.person.id)


def own_settings(command: OwnSettings, work: UnitOfWork) -> Reply:
    """Saves when and how a person wants to be reminded."""
    quiet_until, day = command.quiet_until, today(command.person.zone or "UTC", command.at)
    if quiet_until is not None and quiet_until <= day:
        quiet_until = None
    mine = _preferences(command, work)
    check_seen(own_settings_form(mine), command, work)
    changed = notification_preferences.with_settings(
        mine,
        starts=command.starts,
        ends=command.ends,
        days=command.days,
        digest=bool(command.digest),
        quiet_until=quiet_until,
    )
    work.preferences.save(changed)
    work.scheduler.run_now(owner=command.person.id)
    for team in work.teams.all():
        if team.lead == command.person.id:
            work.scheduler.run_now(channel_id=team.channel_id)
    return Reply(message=messages.settled_own(changed, day), done=True)


def settings(command: Settings, work: UnitOfWork) -> Reply:
    """Saves the team's settings."""
    team = of(shared_channel(command), command, work)
    lead, _ = check_all(
        lambda: person_of(command.lead, "lead", work),
        lambda: teams.check_day(command.starts, command.ends),
    )
    check_seen(settings_form(team, lead_of(team, work)), command, work)
    changed = teams.with_settings(
        team,
        lead=lead.id if lead else None,
        zone=command.zone,
        days=command.days,
        starts=command.starts,
        ends=command.ends,
        days_to_answer=command.days_to_answer or 0,
    )
    if command.coach is not None:  # a form of an older program does not have it
        changed = changed.model_copy(update={"coach": command.coach})
    days = command.days_to_apologise
    changed = aim(changed, team.days_to_apologise if days is None else days)
    keep(team, changed, command, work)
    day = today(changed.zone, command.at)
    return Reply(message=messages.settled(changed, day), done=True)


def keep(team: Team, changed: Team, command: Command, work: UnitOfWork) -> None:
    """Saves how a team works from now on, makes what is open due by it, and tells its leads who did."""
    work.teams.save(changed)
    work.scheduler.run_now(channel_id=team.channel_id)
    for recipient_id in sorted({team.lead, changed.lead} - {command.person.id, None}, key=str):
        work.jobs.schedule(
            team_jobs.settings_changed_job(changed, str(recipient_id), command.person.id, command.at)
        )


def lead_of(team: Team, work: ReadOnlyWork) -> Person | None:
    """The team's lead, also one who has left; None where there is none, or we do not know them."""
    return work.people.get(team.lead) if team.lead else None


def lead_to_ask(team: Team, invocation: Invocation, work: ReadOnlyWork) -> Person | None:
    """The lead, when what is theirs to say is not for whoever asks; None when it is."""
    lead = lead_of(team, work)
    return teams.lead_to_ask(team, invocation.person.id, {lead.id: lead} if lead else {})


def check_is_leads(team: Team, invocation: Invocation, work: ReadOnlyWork, what: str) -> None:
    """Refuses `what` of a team to anybody but its lead, while one is there."""
    other = lead_to_ask(team, invocation, work)
    if other is not None:
        raise Refused(
            f"Only the team's lead changes {what}: ask {other.name}, or name another lead in Team "
            "settings.",
            instead=TO_SETTINGS,
        )


TO_SETTINGS = NextStep(Settings.title, Settings.name)
"""What somebody can do who has to ask the lead: any member can name another one."""
TO_MINE = NextStep(messages.MINE.label, messages.MINE.command_name)
"""What somebody can do instead who asked in no team's channel."""


def shared_channel(invocation: Invocation) -> Channel:
    """The channel that it is asked in; refuses a direct chat, which is no team's."""
    return shared_channel_of(invocation.request)


def shared_channel_of(request: Request) -> Channel:
    """The same, of what is not parsed yet."""
    if request.shared_channel is None:
        raise Refused(
            "This belongs to a team: ask for it in the team's own channel.",
            instead=TO_MINE,
        )
    return request.shared_channel


def say_help(commands: Mapping[str, str], command: Help, work: ReadOnlyWork) -> Reply:
    """What can be typed, and what each does."""
    return Reply(message=messages.help_text(commands))


def say_unknown(
    commands: Mapping[str, str], offers: Mapping[str, Button], command: Unknown, work: ReadOnlyWork
) -> Reply:
    """The command that was probably meant, as a button that keeps the other words; or all there are."""
    text = command.request.typed.strip()
    first, rest = (*text.split(maxsplit=1), "", "")[:2]
    word = first.lower().strip(messages.PUNCTUATION)[:LONGEST_WORD]
    if word in THANKS:
        return Reply(message=messages.WELCOME)
    near = get_close_matches(word, offers, n=1, cutoff=NEAR)
    if near:
        return Reply(message=messages.misheard(first[:LONGEST_WORD], near[0], offers, rest))
    return Reply(message=messages.help_text(commands, first[:LONGEST_WORD], text if rest else ""))


def show_home(command: Home, work: ReadOnlyWork) -> Reply:
    """What needs whoever asks, and what else is theirs."""
    scope = team_jobs.HomeScope(
        command.in_channels, command.guest_in, not_all=bool(command.channels_unasked)
    )
    return Reply(message=team_jobs.home_of(command.person, command.at, work, scope))


def say_picture(command: Picture, work: ReadOnlyWork) -> Reply:
    """What to do with a picture, which is kept nowhere."""
    return Reply(message=messages.PICTURE)


def joined(command: Joined, work: UnitOfWork) -> Reply:
    """Amends was added, to a channel or by a person: it says one line, and what it could not say."""
    if command.channel is None:
        return Reply()
    channel = command.channel
    if channel.kind == "shared":
        work.channels.remember(channel)
    work.jobs.schedule(team_jobs.hello_job(channel, command.at))
    work.jobs.retry_dead(channel.id)
    return Reply()


def channel_changed(command: ChannelChanged, work: UnitOfWork) -> Reply:
    """A channel that we know is kept under its new name, and what could not be said there is said."""
    known = work.channels.get(command.channel.id) if command.channel else None
    if known is None:
        return Reply()
    if command.called:
        rename(known, command.called, work)
    work.jobs.retry_dead(known.id)
    return Reply()


def rename(channel: Channel, name: str, work: UnitOfWork) -> Channel:
    """Keeps a channel, and the team in it, under another name."""
    renamed = channel.model_copy(update={"name": name})
    work.channels.remember(renamed)
    team = work.teams.get(channel.id)
    if team is not None and team.name != name:
        work.teams.save(team.model_copy(update={"name": name}))
    return renamed


def message_deleted(command: MessageDeleted, work: UnitOfWork) -> Reply:
    """A message of ours is gone: when there is something to say about it, it is posted again."""
    if command.channel is not None:
        work.sent_messages.forget(command.channel.id, command.message_id)
    return Reply()


def person_changed(command: PersonChanged, work: UnitOfWork) -> Reply:
    """Somebody has another name or zone, or has left: kept, when it is somebody that we know."""
    if work.people.get(command.person.id) is not None:
        work.people.remember(command.person)
    return Reply()
