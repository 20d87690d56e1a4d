"""Which day it is for whoever has to do something: a thing is late when its day is over for them.

Wherever it is said that something is late, on its message, in a count or in a list, it goes by this day.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from bot.domain.action_item import ActionItem
from bot.domain.person import Person
from bot.domain.recovery import Recovery, owner_of
from bot.domain.working_hours import known_zones, today


def keeper(subject: ActionItem | Recovery) -> str | None:
    """Whose day it is: the item's owner, or whoever has to keep the promise to the customer."""
    return owner_of(subject, "keep") if isinstance(subject, Recovery) else subject.owner


def owner_day(
    subject: ActionItem | Recovery, people: Mapping[str, Person], team_zone: str, at: datetime
) -> date:
    """The day for them, in their own zone; in the team's where they have none, or nobody has it."""
    person = people.get(keeper(subject) or "")
    return today((person.zone if person else None) or team_zone, at)


class Days(NamedTuple):
    """The team's day, and those of the owners of its things, by their labels, where that was asked."""

    today: date
    owners: Mapping[str, date] = {}

    def of(self, subject: ActionItem | Recovery) -> date:
        """The day for whoever has to do this."""
        return self.owners.get(subject.label, self.today)


def days_of(
    subjects: Iterable[ActionItem | Recovery],
    people: Mapping[str, Person],
    team_zone: str,
    at: datetime,
) -> Days:
    """The day of one team, and of whoever has to do these things of it."""
    owners = {subject.label: owner_day(subject, people, team_zone, at) for subject in subjects}
    return Days(today(team_zone, at), owners)


class DayEverywhere(NamedTuple):
    """Which days it is on earth at one moment: `first`, and in some zones the next one or the one after.

    A database that knows the zones of people can tell by it whether a day is over for somebody. The
    zones are those that this machine knows, each between two commas.
    """

    first: date
    next_in: str
    after_next_in: str


def day_everywhere(at: datetime) -> DayEverywhere:
    """The days on earth at `at`; no zone is ever two days ahead of another for more than two hours."""
    return _day_everywhere(at.replace(second=0, microsecond=0))


@lru_cache(16)
def _day_everywhere(minute: datetime) -> DayEverywhere:
    days = {zone: today(zone, minute) for zone in known_zones()}
    first = min(days.values())
    later, last = (
        ",".join(["", *sorted(zone for zone, day in days.items() if day >= from_day), ""])
        for from_day in (first + timedelta(days=1), first + timedelta(days=2))
    )
    return DayEverywhere(first, later, last)
