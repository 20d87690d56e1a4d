"""A reader: how one person wants to be reminded; whoever never said is reminded as their team works."""

from datetime import date, time

from pydantic import BaseModel

from bot.domain.errors import Refused
from bot.domain.team import Team, check_day
from bot.domain.working_hours import WorkingHours


class NotificationPreferences(BaseModel, frozen=True):
    """A person's own settings; what is empty is the team's.

    `quiet_until` is the first day, in their zone, on which reminders come again. `digest`: one message
    at the start of a day and after it only what is due that very day, instead of one whenever something
    comes up; so it is for whoever never said.
    """

    person_id: str
    days: tuple[int, ...] = ()
    starts: time | None = None
    ends: time | None = None
    digest: bool = True
    quiet_until: date | None = None


def hours_of(preferences: NotificationPreferences | None, zone: str | None, team: Team) -> WorkingHours:
    """When this person works, for reminders about this team's matters; `zone` is the person's own.

    The team's days off are theirs in its matters, whatever their own week is: whoever is in two teams
    hears of each on the days on which that one works.
    """
    settings = preferences or NotificationPreferences(person_id="")
    return WorkingHours(
        zone=zone or team.zone,
        days=settings.days or team.days,
        starts=settings.starts or team.starts,
        ends=settings.ends or team.ends,
        off=team.days_off,
    )


def with_settings(
    preferences: NotificationPreferences, *, starts: time | None, ends: time | None, **changes: object
) -> NotificationPreferences:
    """The reader with new settings; refuses half a working day, or one that ends before it starts."""
    if (starts is None) != (ends is None):
        raise Refused(
            "Say both when your day starts and when it ends, or neither.",
            "starts" if starts is None else "ends",
        )
    if starts is not None and ends is not None:
        check_day(starts, ends)
    return preferences.model_copy(update={"starts": starts, "ends": ends, **changes})
