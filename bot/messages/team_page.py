"""The page of settings: how each team works, and how whoever looks is reminded."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from bot.domain.channel import channel_label
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.person import Person
from bot.domain.prompt import Prompts, asked
from bot.domain.reference import ConnectionsRef, PromptsRef
from bot.domain.team import Team
from bot.messages import connection, policy
from bot.messages.connection import Shown
from bot.messages.item_page import name_of
from bot.messages.page import SETTINGS, Listing, Page, Section, form_at
from bot.messages.parts import Fields, Link, Words, joined, on, working_days
from bot.messages.team import days_off_words, short_days
from bot.prompts import of_team

WAYS = (
    ("Change settings", "team.settings"),
    ("Days off", "team.days_off"),
    ("Policy", "team.policy"),
)
"""The forms of a team that stand on the page, by what leads to them."""


def settings_page(
    teams: Sequence[Team],
    people: Mapping[str, Person],
    own: NotificationPreferences,
    connected: Mapping[str, Sequence[Shown]],
    day: date,
    listing: Listing,
    where: Words,
) -> Page:
    """Every team of whoever looks, and what is theirs alone.

    `connected`: the connections, by channel, of the teams whose are theirs to look after.
    """
    mine = Section(
        heading="When you are reminded",
        parts=(Fields(rows=tuple(_own(own, day))),),
        ways=(("Change when you are reminded", form_at("team.own_settings")),),
    )
    sections = (
        Section(
            heading=channel_label(team.name),
            parts=(Fields(rows=(*_facts(team, people, day), *_helpdesks(team, connected))),),
            ways=(
                *((label, form_at(name, team.channel_id)) for label, name in WAYS),
                prompts_way(PromptsRef(channel_id=team.channel_id)),
                helpdesks_way(team.channel_id),
            ),
        )
        for team in teams
    )
    return Page(
        title="Settings",
        here=SETTINGS,
        where=where,
        listing=listing,
        sections=(mine, *sections),
    )


def prompts_way(ref: PromptsRef) -> tuple[str, str]:
    """The way to what retros ask, of any case or of one kind."""
    return "Prompts", form_at("prompts.show", about=str(ref.at("")))


def helpdesks_way(channel_id: str) -> tuple[str, str]:
    """The way to a team's connections."""
    about = str(ConnectionsRef(channel_id=channel_id))
    return connection.SHOW.label, form_at(connection.SHOW.command_name, about=about)


def _facts(team: Team, people: Mapping[str, Person], day: date) -> Iterator[tuple[str, Words]]:
    lead = people.get(team.lead or "")
    yield "Lead", (name_of(team.lead, people) + (", who has left" if lead and lead.gone else ""),)
    yield "Time zone", (team.zone.replace("_", " "),)
    yield "Working days", (f"{short_days(team.days)}, {team.starts:%H:%M}–{team.ends:%H:%M}",)
    yield "Days to answer", (working_days(team.days_to_answer),)
    aim = working_days(team.days_to_apologise) if team.days_to_apologise else "the same working day"
    yield "Days to apologise", (aim,)
    yield "Language coach", ("reads along" if team.coach else "is off",)
    yield "Days off", days_off_words(team.days_off, day) or ("none but the weekly ones",)
    yield from policy.rows(team.policy)
    yield "Retros ask", (_labels(of_team(team)),)
    kinds = [kind for kind in team.kinds if not kind.retired]
    yield "Kinds of case", (", ".join(kind.name for kind in kinds) or "none of its own",)


def _helpdesks(team: Team, connected: Mapping[str, Sequence[Shown]]) -> Iterator[tuple[str, Words]]:
    shown = connected.get(team.channel_id)
    if shown is not None:
        label, way = helpdesks_way(team.channel_id)
        count = Link(text=f"{len(shown) or 'none'} connected", url=f"/{way}")
        yield label, joined((count,), connection.in_short(shown))


def _labels(prompts: Prompts) -> str:
    return ", ".join(prompt.label for prompt in asked(prompts))


def _own(own: NotificationPreferences, day: date) -> Iterator[tuple[str, Words]]:
    yield "Working days", (short_days(own.days) if own.days else "your team's",)
    hours = f"{own.starts:%H:%M}–{own.ends:%H:%M}" if own.starts and own.ends else "your team's"
    yield "Hours", (hours,)
    yield "One daily digest", ("yes" if own.digest else "no",)
    if own.quiet_until:
        yield "Quiet until", (on(own.quiet_until, day),)
