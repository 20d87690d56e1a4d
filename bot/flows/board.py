"""What a whole team has open."""

from datetime import date, datetime, time, timedelta

from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.recovery import owners
from bot.domain.reminder import NEVER_LOOKED
from bot.domain.team import Team
from bot.domain.working_hours import add_working_days, is_working, moment, next_working, today
from bot.flows import thread
from bot.flows.action_item import MOST_LISTED
from bot.messages import board as messages
from bot.messages import owed as owed_messages
from bot.messages.parts import Message
from bot.ports import UnitOfWork
from bot.request import Reply, Request


def begin_week(team: Team, at: datetime, work: UnitOfWork) -> datetime:
    """Schedules the weekly summary once the team's week has begun; returns when the next one begins."""
    week = today(team.zone, at) - timedelta(days=today(team.zone, at).weekday())
    begins = _begins(team, week)
    if begins > at:
        week -= timedelta(days=7)
        begins = _begins(team, week)
    next_week = _begins(team, week + timedelta(days=7))
    if begins <= (team.made_at or NEVER_LOOKED):
        return next_week
    if not is_working(team.hours, at):
        # It was slept through until after hours.
        return min(next_working(team.hours, at), next_week)
    work.jobs.schedule(
        Job(
            name="board.weekly",
            about=week.isoformat(),
            place=team.place,
            key=weekly_key(team.place, week),
            once=True,
            due_at=at,
        )
    )
    return next_week


def weekly_key(place: str, monday: date) -> str:
    """The key of a week's summary."""
    return f"weekly:{place}:{monday.isoformat()}"


def _begins(team: Team, monday: date) -> datetime:
    """The start of the team's first working day in the week of this Monday."""
    first = add_working_days(team.hours, monday - timedelta(days=1), 1)
    return moment(team.zone, first, team.starts)


def weekly(job: Job, work: UnitOfWork) -> Message | None:
    """What is late, unowned and unverified in a team; nothing when there is nothing to act on."""
    team = work.teams.get(job.place)
    if team is None:
        return None
    at = job.at or job.due_at
    day = today(team.zone, at)
    items = work.action_items.to_act_on(team.place, day, MOST_LISTED + 1)
    if not items:
        return None
    monday = date.fromisoformat(job.about)
    closed = work.retros.closed_in(
        team.place, moment(team.zone, monday - timedelta(days=7), time(0)), MOST_LISTED
    )
    links = thread.links_of({item.case for item in items} | {retro.case for retro, _ in closed}, work)
    people = work.people.among({item.owner for item in items if item.owner})
    more = len(items) > MOST_LISTED
    return messages.weekly(items[:MOST_LISTED], closed, links, people, day, more=more)


def status(request: Request, work: UnitOfWork) -> Reply:
    """Open retros and items of the team, late ones first."""
    if request.place is None or request.place.kind == "direct":
        raise Refused("This belongs to a team: ask for it in the team's own place.")
    team = work.teams.get(request.place.id)
    if team is None:
        raise Refused("Nothing has failed here yet: the first failed case makes this place a team.")
    day = today(team.zone, request.at)
    retros_found = work.retros.open_in(team.place, MOST_LISTED + 1)
    items_found = work.action_items.open_in(team.place, MOST_LISTED + 1)
    listed, items = retros_found[:MOST_LISTED], items_found[:MOST_LISTED]
    links = thread.links_of({retro.case for retro, _ in listed} | {item.case for item in items}, work)
    recoveries = work.recoveries.open_in(team.place, MOST_LISTED + 1)
    cases = work.retros.with_cases({recovery.case for recovery in recoveries})
    named = {item.owner for item in items} | {
        owner for recovery in recoveries for owner in owners(recovery)
    }
    people = work.people.among({person for person in named if person})
    more = max(len(retros_found), len(items_found), len(recoveries)) > MOST_LISTED
    owed = owed_messages.status(
        recoveries[:MOST_LISTED],
        {number: case for number, (_, case) in cases.items()},
        people,
        work.recoveries.tally(team.place),
        day,
    )
    return Reply(message=messages.status(listed, items, links, people, day, more=more, owed=owed))
