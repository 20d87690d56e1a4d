"""What the bot says about itself, and of a team's settings."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

from bot import retro_thread
from bot.board import BoardQuery, look
from bot.domain import message_key
from bot.domain.action_item import ActionItem
from bot.domain.board import NEEDING, Board
from bot.domain.board_filter import EVERYTHING
from bot.domain.channel import Channel
from bot.domain.job import Job
from bot.domain.owner_day import day_everywhere
from bot.domain.person import Person
from bot.domain.recovery import Recovery
from bot.domain.reminder import parse_label
from bot.domain.retro import Retro
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.jobs.payload import JobPayload
from bot.messages import home
from bot.messages import team as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork

MAX_ANSWERING = 200
"""Retros that are open for answers and looked at for one home; nobody answers more."""


class SettingsChanged(JobPayload):
    """A word to a lead, of before or of now, that somebody else changed their team's settings."""

    name = "team.settings_changed"
    what = "that a team's settings were changed"
    about = "{channel_id}"
    detail = "{changed_by}"

    channel_id: str
    changed_by: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Who changed them, and what they are now."""
        team = work.teams.get(self.channel_id)
        if team is None:
            return None
        people = work.people.among({self.changed_by, team.lead or ""} - {""})
        names = {id: person.name for id, person in people.items()}
        return messages.settings_changed(
            team,
            names.get(self.changed_by, "Somebody"),
            names.get(team.lead or "", ""),
            today(team.zone, job.now),
        )


class ColleagueLeft(JobPayload):
    """A word to a lead: a colleague was removed, and what has nobody to look after it now."""

    name = "team.colleague_left"
    what = "that a colleague was removed"
    about = "{channel_id}"
    detail = "{labels}"

    channel_id: str
    labels: str
    """Action items and cases, `AI-4 C-7`."""

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """What was theirs, by its own words."""
        team = work.teams.get(self.channel_id)
        if team is None:
            return None
        kinds = [parse_label(label) for label in self.labels.split()]
        items = work.action_items.among([number for kind, number in kinds if kind == "AI"])
        cases = work.retros.with_cases([number for kind, number in kinds if kind == "C"])
        return messages.colleague_left(
            team,
            [item for _, item in sorted(items.items())],
            [case for _, (_, case) in sorted(cases.items())],
        )


class Hello(JobPayload):
    """One line about itself, in a channel that Amends was added to, or to whoever added it."""

    name = "team.hello"
    what = "a greeting"
    about = "{channel_id}"
    shown_at = "board"

    channel_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """What it is, and what to type."""
        if not job.direct:
            return messages.hello()
        person = work.people.get(job.channel_id) or Person(id=job.channel_id, name="")
        return home_of(person, job.due_at, work, greets=True)


class HomeScope(NamedTuple):
    """Of which channels somebody reads at home.

    `channels` are the teams' that they are in, as far as that was asked (`not_all`: not of all), and
    `guest_in` the same of a guest, who reads of no others.
    """

    channels: Collection[str] = ()
    guest_in: Collection[str] | None = None
    not_all: bool = False


NO_CHANNELS = HomeScope()
"""Where nobody was asked which they are in."""


def home_of(
    person: Person,
    at: datetime,
    work: ReadOnlyWork,
    scope: HomeScope = NO_CHANNELS,
    *,
    greets: bool = False,
) -> Message:
    """What somebody reads at home at `at`: what needs them, what else is theirs, and who asks them."""
    person_id, guest_in = person.id, scope.guest_in
    items = work.action_items.owned_by(person_id, home.MAX_SHOWN + 1, guest_in)
    owed = work.recoveries.owed_by(person_id, home.MAX_OWED + 1, guest_in)
    shown, customers = items[: home.MAX_SHOWN], owed[: home.MAX_OWED]
    wanted = _wanting(person, scope.channels, at, work)
    numbers = {one.case_number for one in customers}
    numbers |= {retro.case_number for retro in wanted[: home.MAX_WANTED]}
    cases = {number: case for number, (_, case) in work.retros.with_cases(numbers).items()}
    theirs = home.Theirs(
        items=shown,
        customers=customers,
        wanted=wanted[: home.MAX_WANTED],
        cases=cases,
        links=retro_thread.links_of(numbers | {item.case_number for item in shown}, work),
        more=len(items) > home.MAX_SHOWN or len(owed) > home.MAX_OWED,
        more_wanted=max(0, len(wanted) - home.MAX_WANTED),
        not_all=scope.not_all,
        led=_led(person, scope.channels, at, work),
    )
    day = own_day(person, [*shown, *customers], at, work)
    return home.home(theirs, person, day, greets=greets)


def _led(person: Person, channels: Collection[str], at: datetime, work: ReadOnlyWork) -> Board | None:
    """How much of each group waits in the teams that somebody leads and is in; None: they lead none."""
    teams = [team for team in work.teams.among(channels).values() if team.lead == person.id]
    if not teams:
        return None
    return look(teams, NEEDING, BoardQuery(EVERYTHING, at, person, limit=0), work)


def _wanting(
    person: Person, channels: Collection[str], at: datetime, work: ReadOnlyWork
) -> Sequence[Retro]:
    """The retros of these channels that are open for answers and have none with this person's name.

    Those that close first come first. Who answered without a name is not known, so they are among them.
    """
    found = work.retros.answering(channels, day_everywhere(at).first, MAX_ANSWERING)
    teams = work.teams.among({one.channel_id for one in found})
    open_ones = [one for one in found if one.answers_close_on >= today(teams[one.channel_id].zone, at)]
    answered = work.retros.answered_by(person.id, [one.case_number for one in open_ones])
    left = [one for one in open_ones if one.case_number not in answered]
    return sorted(left, key=lambda one: (one.answers_close_on, one.case_number))


def own_day(
    person: Person, theirs: Sequence[ActionItem | Recovery], at: datetime, work: ReadOnlyWork
) -> date:
    """Which day it is for somebody, for what is theirs; where the team of it is, if nobody knows it."""
    zone = person.zone
    if zone is None and theirs:
        zone = work.teams.require(theirs[0].channel_id).zone
    return today(zone or "UTC", at)


def settings_changed_job(team: Team, recipient_id: str, changed_by: str, at: datetime) -> Job:
    """The job that says to one lead who changed the settings."""
    return SettingsChanged(channel_id=team.channel_id, changed_by=changed_by).job(
        recipient_id,
        message_key.settings(team.channel_id, team.version, recipient_id),
        at,
        direct=True,
        once=True,
    )


def colleague_left_job(team: Team, lead: str, labels: Collection[str], at: datetime) -> Job:
    """The job that tells the lead, once, what has nobody to look after it now."""
    told = " ".join(sorted(labels))
    return ColleagueLeft(channel_id=team.channel_id, labels=told).job(
        lead, message_key.colleague_left(team.channel_id, at), at, direct=True, once=True
    )


def hello_job(channel: Channel, at: datetime) -> Job:
    """The job that greets a channel, or whoever added Amends for themself, once."""
    direct = channel.kind == "direct"
    return Hello(channel_id=channel.id).job(
        channel.id, message_key.hello(channel.id), at, direct=direct, once=True
    )
