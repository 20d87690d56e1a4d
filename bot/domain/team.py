"""A team: one channel of a chat, with a lead, a time zone and working hours."""

from collections.abc import Mapping
from datetime import datetime, time

from pydantic import BaseModel

from bot.domain import days_off
from bot.domain.days_off import DaysOff
from bot.domain.errors import Refused, check_all
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.prompt import Kind, Prompts
from bot.domain.working_hours import WorkingHours, known_zones

MAX_DAYS_TO_ANSWER = 30
"""Longer than this is no retro any more; the number is ours."""


NO_DAYS = "Choose at least one working day."


class Team(BaseModel, frozen=True):
    """The people around one channel; `channel_id` is its key within the workspace."""

    channel_id: str
    name: str
    lead: str | None = None
    zone: str = "UTC"
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    starts: time = time(9)
    ends: time = time(17)
    days_to_answer: int = 3
    coach: bool = True
    """Whether the language coach reads along in its forms."""
    days_to_apologise: int = 0
    """The team's aim, in working days; 0 is the same working day."""
    prompts: Prompts | None = None
    """What its retros ask, retired ones too; None: what `bot/prompts.py` says."""
    kinds: tuple[Kind, ...] = ()
    """Kinds of case whose retros ask something else."""
    days_off: DaysOff = days_off.NONE
    policy: Policy = Policy()
    made_at: datetime | None = None
    """When its channel first used Amends; None for teams that are older than this field."""
    version: int = 1

    @property
    def hours(self) -> WorkingHours:
        """The team's week, and its days off."""
        return WorkingHours(
            zone=self.zone, days=self.days, starts=self.starts, ends=self.ends, off=self.days_off
        )


def present_lead(team: Team, people: Mapping[str, Person]) -> Person | None:
    """The team's lead, as far as `people` knows them; None when there is none, or they have left."""
    if team.lead is None:
        return None
    lead = people.get(team.lead) or Person(id=team.lead, name="the lead")
    return None if lead.gone or lead.bot else lead


def lead_to_ask(team: Team, by: str, people: Mapping[str, Person]) -> Person | None:
    """Whom somebody has to ask about what is the lead's to say; None: they may say it themself.

    While a lead is there, it is theirs alone. Once they have left, or where nobody was ever named, it is
    everybody's in the channel, so that no team is stuck.
    """
    lead = present_lead(team, people)
    return lead if lead is not None and lead.id != by else None


def verifier(team: Team, people: Mapping[str, Person]) -> Person | None:
    """Whoever alone verifies, by the team's policy: its lead, while one is there; None: anybody else."""
    return present_lead(team, people) if team.policy.lead_verifies else None


def with_settings(
    team: Team,
    *,
    lead: str | None,
    zone: str,
    days: tuple[int, ...],
    starts: time,
    ends: time,
    days_to_answer: int,
) -> Team:
    """The team with new settings; refuses a week, a day or a zone that cannot be."""
    check_all(
        lambda: check_zone(zone),
        lambda: check_days(days),
        lambda: check_day(starts, ends),
        lambda: check_days_to_answer(days_to_answer),
    )
    return team.model_copy(
        update={
            "lead": lead,
            "zone": zone,
            "days": tuple(sorted(set(days))),
            "starts": starts,
            "ends": ends,
            "days_to_answer": days_to_answer,
        }
    )


def check_zone(zone: str) -> None:
    """Refuses what is no time zone."""
    if zone not in known_zones():
        raise Refused(f"{zone!r} is not a time zone; choose one from the list.", "zone")


def check_days(days: tuple[int, ...]) -> None:
    """Refuses a week without a working day."""
    if not days:
        raise Refused(NO_DAYS, "days")


def check_days_to_answer(days: int) -> None:
    """Refuses what is no number of days to answer."""
    if not 1 <= days <= MAX_DAYS_TO_ANSWER:
        raise Refused(f"Days to answer is a number from 1 to {MAX_DAYS_TO_ANSWER}.", "days_to_answer")


def check_aim(days: int) -> None:
    """Refuses what is no aim for the apology."""
    if not 0 <= days <= MAX_DAYS_TO_ANSWER:
        raise Refused(
            f"Days to apologise is a number from 0 to {MAX_DAYS_TO_ANSWER}.", "days_to_apologise"
        )


def aim(team: Team, days_to_apologise: int) -> Team:
    """The team with another aim for the apology to a customer; refuses what is no aim."""
    check_aim(days_to_apologise)
    return team.model_copy(update={"days_to_apologise": days_to_apologise})


def check_day(starts: time, ends: time) -> None:
    """Refuses a working day that ends before it starts."""
    if ends <= starts:
        raise Refused("The day must end after it starts.", "ends")
