"""What people read about a team, and about Amends itself."""

from collections.abc import Mapping
from datetime import time
from functools import cache
from importlib.resources import files

from bot.domain.reader import Reader
from bot.domain.team import MOST_DAYS_TO_ANSWER, Team
from bot.domain.working_hours import WEEKDAYS, known_zones
from bot.messages.parts import (
    Button,
    Buttons,
    Day,
    Form,
    FormField,
    Message,
    Option,
    Paragraph,
    Small,
    Typed,
    Words,
    sentence,
)


def hello() -> Message:
    """One line about itself, said once in a place it was added to."""
    return sentence(
        "I am Amends: when a customer's case has failed, type ",
        Typed(words="failed"),
        " and what happened, and I open a blameless retro here and stay with its fixes until they are "
        "done.",
    )


def help_text(commands: Mapping[str, str], unknown: str = "") -> Message:
    """What can be typed, and what each does; after an unknown word it says so first."""
    known = tuple(
        Paragraph(words=(Typed(words=words), f" · {meaning}")) for words, meaning in commands.items()
    )
    first = f"I do not know {unknown!r}. This is what I know:" if unknown else "What you can type:"
    return Message(
        gist=first,
        parts=(
            Paragraph(words=(first,)),
            *known,
            Buttons(
                buttons=(
                    Button(
                        label="Mark a case failed", verb="case.fail", about="", look="main", opens=True
                    ),
                )
            ),
        ),
    )


REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)
"""Places' own names; the others (EST, GB, Etc/…) are old spellings or wrong in summer."""


def _spelled_today() -> frozenset[str]:
    """The zones that IANA lists by country: without the old spellings (Asia/Calcutta) of the same."""
    listed = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split("\t")[2] for line in listed if line and not line.startswith("#"))


@cache
def zones() -> tuple[Option, ...]:
    """The time zones of the world, grouped by region, with UTC in front."""
    known = known_zones() & _spelled_today()
    named = sorted(zone for zone in known if zone.partition("/")[0] in REGIONS)
    return (
        Option(value="UTC", label="UTC", group="Universal"),
        *(
            Option(value=zone, label=zone.replace("_", " "), group=zone.partition("/")[0])
            for zone in named
        ),
    )


def _zones_with(zone: str) -> tuple[Option, ...]:
    if any(option.value == zone for option in zones()):
        return zones()
    return (Option(value=zone, label=zone, group="Now"), *zones())


def settings_form(team: Team) -> Form:
    """Team settings."""
    return Form(
        verb="team.settings",
        title="Team settings",
        place=team.place,
        parts=(Small(words=("Your own reminders: ", Typed(words="settings mine"))),),
        fields=(
            FormField(name="lead", label="Lead", kind="person", value=team.lead or ""),
            FormField(
                name="zone",
                label="Time zone",
                kind="choice",
                needed=True,
                value=team.zone,
                options=_zones_with(team.zone),
            ),
            FormField(
                name="days",
                label="Working days",
                kind="choices",
                needed=True,
                value=",".join(str(day) for day in team.days),
                options=_WEEK,
            ),
            FormField(
                name="starts", label="Day starts", kind="time", needed=True, value=f"{team.starts:%H:%M}"
            ),
            FormField(
                name="ends", label="Day ends", kind="time", needed=True, value=f"{team.ends:%H:%M}"
            ),
            FormField(
                name="days_to_answer",
                label="Days to answer",
                kind="number",
                needed=True,
                value=str(team.days_to_answer),
                hint=f"Working days until answers close, 1 to {MOST_DAYS_TO_ANSWER}.",
            ),
            FormField(
                name="days_to_apologise",
                label="Days to apologise",
                kind="number",
                value=str(team.days_to_apologise),
                hint="Working days until the customer has had an apology in person; 0 is the same one.",
            ),
            FormField(
                name="coach",
                label="Language coach",
                kind="tick",
                value="yes" if team.coach else "",
                hint="Reads along and makes remarks to the writer alone, before something is posted.",
            ),
        ),
        submit="Save",
    )


def own_settings_form(reader: Reader) -> Form:
    """My settings: when and how one person wants to be reminded."""
    return Form(
        verb="team.own_settings",
        title="My settings",
        parts=(Small(words=("When and how I remind you. What stays empty is as in your team.",)),),
        fields=(
            FormField(
                name="days",
                label="Working days",
                kind="choices",
                value=",".join(str(day) for day in reader.days),
                options=_WEEK,
            ),
            FormField(name="starts", label="Day starts", kind="time", value=_clock(reader.starts)),
            FormField(name="ends", label="Day ends", kind="time", value=_clock(reader.ends)),
            FormField(
                name="digest",
                label="One daily digest",
                kind="tick",
                value="yes" if reader.digest else "",
                hint="Everything at the start of your day, in one message, and nothing after it.",
            ),
            FormField(
                name="quiet_until",
                label="Quiet until",
                kind="date",
                value=reader.quiet_until.isoformat() if reader.quiet_until else "",
                hint="No reminders before that day, for a holiday say.",
            ),
        ),
        submit="Save",
    )


def _clock(at: time | None) -> str:
    return f"{at:%H:%M}" if at else ""


def settled_own(reader: Reader) -> Message:
    """To the person who saved their own settings: what they are now."""
    days = ", ".join(WEEKDAYS[day] for day in reader.days) or "your team's working days"
    hours = f"{_clock(reader.starts)} to {_clock(reader.ends)}" if reader.starts else "your team's hours"
    digest = "one daily digest" if reader.digest else "reminders as they come up"
    quiet: Words = (", none before ", Day(day=reader.quiet_until)) if reader.quiet_until else ()
    return Message(
        gist="Your settings are saved.",
        parts=(
            Paragraph(words=("Your settings are saved.",)),
            Small(words=(f"{days}, {hours}; {digest}", *quiet, ".")),
        ),
    )


_WEEK = tuple(Option(value=str(number), label=day) for number, day in enumerate(WEEKDAYS))


def settled(team: Team) -> Message:
    """To the person who saved the settings: what they are now."""
    first = f"The settings of {team.name} are saved."
    return Message(gist=first, parts=(Paragraph(words=(first,)), Small(words=(_hours(team),))))


def settings_changed(team: Team, by: str, lead: str) -> Message:
    """To the lead, of before and of now: who changed the settings, and what they are; names as words."""
    first = f"{by} changed the settings of {team.name}."
    now = f"Lead: {lead or 'nobody'}. {_hours(team)}"
    return Message(gist=first, parts=(Paragraph(words=(first,)), Small(words=(now,))))


def _hours(team: Team) -> str:
    days = ", ".join(WEEKDAYS[day] for day in team.days)
    return (
        f"{days}, {team.starts:%H:%M} to {team.ends:%H:%M} ({team.zone}); "
        f"{team.days_to_answer} working days to answer, "
        f"{team.days_to_apologise or 'the same day'} to apologise."
    )
