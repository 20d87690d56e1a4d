"""What people read about a team, and about Amends itself."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from functools import cache
from importlib.resources import files
from unicodedata import normalize

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.channel import channel_label
from bot.domain.days_off import DaysOff, Span
from bot.domain.holiday import countries, named
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.person import Person
from bot.domain.team import Team, present_lead
from bot.domain.working_hours import WEEKDAYS, known_zones
from bot.messages.author import signed
from bot.messages.parts import (
    OFFERED,
    Bold,
    Button,
    Buttons,
    Context,
    Message,
    Option,
    Paragraph,
    Part,
    Quote,
    Typed,
    Words,
    on,
    one_line,
    plain_words,
    sentence,
    working_days,
)

MAX_SPANS = 3
"""Days off that a message says by themselves; the others are counted."""
MAX_LEFT = 3
"""Things that a lead is told of by name in one message; the others are counted."""


def hello() -> Message:
    """One line about itself, said once in a channel it was added to."""
    return sentence(
        "I am Amends: when a customer's case has failed, type ",
        Typed(words="failed"),
        " and what happened, and I open a blameless retro here and stay with its fixes until they are "
        "done.",
    )


PUNCTUATION = "!?.,:;"
"""What may stand around a typed word."""
OFFERED_LENGTH = 1_900
"""Characters of somebody's words that a button carries; Slack's limit is 2,000 for all of it."""
WELCOME = sentence("You're welcome. 🙂")
MY_SETTINGS = Button(label="My settings", command_name="team.own_settings", about="", opens=True)
MARK_FAILED = Button(
    label="Mark a case failed", command_name="case.fail", about="", look="main", opens=True
)
MINE = Button(label="My action items", command_name="action_item.mine", about="", opens=True)
TO_STATUS = Button(label="Status", command_name="board.status", about="", opens=True)
PICTURE = Message(
    summary="I keep words and links only, so your file is not saved.",
    parts=(
        Paragraph(words=("I keep words and links only, so your file is not saved.",)),
        Context(
            words=(
                "Share it in your team's channel, copy the link to it, and paste that where you write "
                "what happened.",
            )
        ),
        Buttons(buttons=(MARK_FAILED,)),
    ),
)


def misheard(word: str, meant: str, offers: Mapping[str, Button], rest: str) -> Message:
    """A misspelt command: the one that was probably meant, with the other words on its button."""
    words: Words = (f'I don\'t know "{word}". Did you mean ', Bold(text=meant), "?")
    button = _with_words(offers[meant], rest).model_copy(update={"look": "main"})
    buttons = (button,) if meant == "help" else (button, offers["help"])
    return Message(
        summary=plain_words(words),
        parts=(Paragraph(words=words), *_kept(rest), Buttons(buttons=buttons)),
    )


def meant_command(word: str, offers: Mapping[str, Button]) -> Message:
    """To whoever wrote nothing but the name of a command where everybody reads: it waits for a yes."""
    words: Words = ("Did you mean the command ", Bold(text=word), "? Nobody else has read it.")
    how = "To post the word as it is, send it once more."
    return Message(
        summary=plain_words(words),
        parts=(
            Paragraph(words=words),
            Context(words=(how,)),
            Buttons(buttons=(offers[word].model_copy(update={"look": "main"}),)),
        ),
    )


def _with_words(button: Button, words: str) -> Button:
    about = f"{OFFERED}{words[:OFFERED_LENGTH]}" if words else ""
    return button.model_copy(update={"about": about})


def _kept(words: str) -> tuple[Part, ...]:
    """What the button carries, and also what does not fit on it: nothing that somebody typed is lost."""
    return (Quote(text=words),) if words else ()


def not_asked(channels: int, word: str) -> str:
    """Of how many channels nobody was asked whether they belong to the reader, and what to type."""
    return f"{left_out(channels)} Ask for {word} in the one that you mean."


def left_out(channels: int, looked: str = "at") -> str:
    """That so many channels were not looked `at`, or through."""
    more = f"{channels} more channel{'' if channels == 1 else 's'}"
    return f"Not looked {looked}, because there are so many: {more}."


def no_channel(unasked: int, word: str) -> str:
    """To whoever is in no team's channel, or in none of those that were asked about."""
    none = "I can't find a team's channel that you're in."
    if unasked:
        return f"{none} {not_asked(unasked, word)}"
    return f"{none} The first failed case makes a channel a team."


def help_text(commands: Mapping[str, str], unknown: str = "", words: str = "") -> Message:
    """What can be typed, and what each does; after an unknown word it says so first.

    `words`: what was written instead, for the form that it may belong in.
    """
    lines = tuple(
        Paragraph(words=(Typed(words=words), f" · {meaning}")) for words, meaning in commands.items()
    )
    first = f'I don\'t know "{unknown}". This is what I know:' if unknown else "What you can type:"
    return Message(
        summary=first,
        parts=(
            Paragraph(words=(first,)),
            *lines,
            *_kept(words),
            Buttons(buttons=(_with_words(MARK_FAILED, words), MINE, TO_STATUS), menu=(MY_SETTINGS,)),
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
"""Channels' own names; the others (EST, GB, Etc/…) are old spellings or wrong in summer."""


def _spelled_today() -> frozenset[str]:
    """The zones that IANA lists by country: without the old spellings (Asia/Calcutta) of the same."""
    listed = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split("\t")[2] for line in listed if line and not line.startswith("#"))


@cache
def zones() -> tuple[Option, ...]:
    """The time zones of the world, grouped by region, with UTC in front."""
    current = known_zones() & _spelled_today()
    named = sorted(zone for zone in current if zone.partition("/")[0] in REGIONS)
    return (
        Option(value="UTC", label="UTC", group="Universal"),
        *(
            Option(value=zone, label=zone.replace("_", " "), group=zone.partition("/")[0])
            for zone in named
        ),
    )


def zones_with(zone: str) -> tuple[Option, ...]:
    """The time zones of the world, and this one in front where it is none of them."""
    if any(option.value == zone for option in zones()):
        return zones()
    return (Option(value=zone, label=zone, group="Now"), *zones())


NO_COUNTRY = "none"
"""What the form says where a team keeps no country's holidays."""


@cache
def country_options() -> tuple[Option, ...]:
    """None, and every country whose holidays are known, under its first letter."""
    return (
        Option(value=NO_COUNTRY, label="None", group="No country"),
        *(Option(value=code, label=name, group=_letter(name)) for code, name in countries().items()),
    )


def _letter(name: str) -> str:
    """`A` also for `Åland Islands`."""
    return normalize("NFD", name)[0]


def leaderless(team: Team, lead: Person | None) -> str:
    """That anybody may say what is the lead's, and why; "" while a lead is there."""
    if present_lead(team, {lead.id: lead} if lead else {}) is not None:
        return ""
    gone = f"{signed(lead.name)}, who led this team, has left" if lead else "Nobody leads this team"
    return f"{gone}, so everybody in the channel can change this."


def above_settings(team: Team, lead: Person | None) -> tuple[Part, ...]:
    """What other settings there are, and that the next lead is to be named where the last one left."""
    nobody = leaderless(team, lead)
    return (*((Context(words=(f"{nobody} {NAME_NEXT}",)),) if nobody else ()), *ABOVE_SETTINGS)


NAME_NEXT = "Choose who leads it from now on."
ABOVE_SETTINGS: tuple[Part, ...] = (
    Context(
        words=(
            "Your own reminders: ",
            Typed(words="settings mine"),
            ". More of the team's: ",
            Typed(words="settings days off"),
            ", ",
            Typed(words="settings policy"),
            ".",
        )
    ),
)
ABOVE_DAYS_OFF = (Context(words=("On these days I remind nobody of what is this team's.",)),)
ABOVE_OWN_SETTINGS = (
    Context(words=("When and how I remind you. Leave a field empty to use your team's setting.",)),
)
WEEK = tuple(Option(value=str(number), label=day) for number, day in enumerate(WEEKDAYS))


def _clock(at: time | None) -> str:
    return f"{at:%H:%M}" if at else ""


def settled_own(preferences: NotificationPreferences, today: date) -> Message:
    """To the person who saved their own settings: what they are now."""
    days = short_days(preferences.days) or "Your team's working days"
    hours = (
        f"{_clock(preferences.starts)}–{_clock(preferences.ends)}"
        if preferences.starts
        else "your team's hours"
    )
    digest = "One daily digest" if preferences.digest else "Reminders as they come up"
    quiet: Words = (
        (", none before ", on(preferences.quiet_until, today)) if preferences.quiet_until else ()
    )
    return Message(
        summary="Your settings are saved.",
        parts=(
            Paragraph(words=("Your settings are saved.",)),
            Context(words=(f"{days}, {hours}. {digest}", *quiet, ".")),
        ),
    )


def settled(team: Team, today: date) -> Message:
    """To the person who saved the settings: what they are now."""
    saved = sentence(f"Saved. {channel_label(team.name)} works {_hours(team)}")
    return saved.model_copy(update={"parts": (*saved.parts, *_quiet_off(team, today))})


def settled_days_off(team: Team, today: date) -> Message:
    """To the person who saved the days off: what they are now."""
    off = _off(team.days_off, today) or ("No days off but the weekly ones.",)
    return sentence(f"Saved for {channel_label(team.name)}. ", *off)


def _quiet_off(team: Team, today: date) -> tuple[Part, ...]:
    off = _off(team.days_off, today)
    return (Context(words=off),) if off else ()


def _hours(team: Team) -> str:
    """`Mon–Fri, 09:00–17:00 (Stockholm). Answers: 3 working days. Apology: same day.`"""
    zone = team.zone.rpartition("/")[2].replace("_", " ")
    hours = f"{short_days(team.days)}, {team.starts:%H:%M}–{team.ends:%H:%M} ({zone})"
    apology = working_days(team.days_to_apologise) if team.days_to_apologise else "same day"
    return f"{hours}. Answers: {working_days(team.days_to_answer)}. Apology: {apology}."


def _off(off: DaysOff, today: date) -> Words:
    """`Days off: Thu 24 Dec, the holidays of Sweden.`, or nothing where none are to come."""
    coming = days_off_words(off, today)
    return ("Days off: ", *coming, ".") if coming else ()


def days_off_words(off: DaysOff, today: date) -> Words:
    """`Thu 24 Dec, the holidays of Sweden`, or nothing where none are to come."""
    coming = [span for span in off.spans if span.last >= today]
    named_days = [_span(span, today) for span in coming[:MAX_SPANS]]
    if len(coming) > MAX_SPANS:
        named_days.append((f"{len(coming) - MAX_SPANS} more",))
    if off.country:
        named_days.append((f"the holidays of {named(off.country, off.region)}",))
    if not named_days:
        return ()
    first, *others = named_days
    return (*first, *(piece for each in others for piece in (", ", *each)))


def _span(span: Span, today: date) -> Words:
    first = on(span.first, today)
    return (first,) if span.first == span.last else (first, " to ", on(span.last, today))


def short_days(days: Sequence[int]) -> str:
    """`Mon–Fri`, or each day where they are not all in a row."""
    named = [WEEKDAYS[day][:3] for day in days]
    in_a_row = len(days) > 2 and list(days) == list(range(days[0], days[0] + len(days)))
    return f"{named[0]}–{named[-1]}" if in_a_row else ", ".join(named)


def settings_changed(team: Team, by: str, lead: str, today: date) -> Message:
    """To the lead, of before and of now: who changed the settings, and what they are; names as words."""
    first = f"{by} changed the settings of {channel_label(team.name)}."
    now = f"Lead: {lead or 'nobody'}. {_hours(team)}"
    parts = (Paragraph(words=(first,)), Context(words=(now,)), *_quiet_off(team, today))
    return Message(summary=first, parts=parts)


def colleague_left(team: Team, items: Sequence[ActionItem], cases: Sequence[Case]) -> Message:
    """To the lead: a colleague was removed, and what nobody looks after now; it does not say who."""
    things: list[Words] = [(Bold(text=one_line(item.what)), f" ({item.label})") for item in items]
    things += [
        ("The customer of ", Bold(text=one_line(case.what_happened)), f" ({case.label})")
        for case in cases
    ]
    more = len(things) - MAX_LEFT
    this = f"these {len(things)} things" if more > 0 else "this"
    here = channel_label(team.name)
    first = f"A colleague who left was removed from Amends: nobody in {here} looks after {this} now."
    listed = tuple(Paragraph(words=words) for words in things[:MAX_LEFT])
    rest = (Context(words=(f"and {more} more",)),) if more > 0 else ()
    how: Words = ("Type ", Typed(words="status"), f" in {here} to find somebody for it.")
    return Message(summary=first, parts=(Paragraph(words=(first,)), *listed, *rest, Context(words=how)))
