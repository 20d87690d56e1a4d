"""What a whole team hears at the start of its week, and when somebody shares its status."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from bot import retro_thread
from bot.board import BoardQuery, look
from bot.domain import message_key
from bot.domain.action_item import ActionItem, is_late
from bot.domain.board import GROUPS
from bot.domain.board_filter import BoardView, Filters
from bot.domain.gap import LOOKED_BACK, came_back
from bot.domain.job import Job
from bot.domain.owner_day import days_of
from bot.domain.recovery import is_late as is_promise_late
from bot.domain.recovery import next_step, owners, urgency
from bot.domain.reminder import NEVER_CHECKED, SentReminder, Subject, since
from bot.domain.reminder import days as days_of_asking
from bot.domain.team import Team
from bot.domain.trends import MAX_FAILURES, Fix
from bot.domain.working_hours import add_working_days, is_working, moment, next_working, today
from bot.jobs.payload import JobPayload
from bot.jobs.remindable import ReminderContext, context_of, knows_first, remindable
from bot.messages import board as messages
from bot.messages import owed as owed_messages
from bot.messages.board import MAX_LISTED
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.reminders import BY_NAME

MAX_WAITING = 100
"""Customers who are looked at for the weekly summary; nobody's week has more."""
PAGE = 50
MAX_PAGES = 20
"""How many pages of items are looked through for those that the team may hear of."""


class Weekly(JobPayload):
    """Which customers wait, what is late, unanswered, unowned or unverified, and which gap came back.

    Nothing if there is none of that.
    """

    name = "board.weekly"
    what = "the week's summary"
    about = "{monday}"

    monday: date

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The week as it begins."""
        team = work.teams.get(job.channel_id)
        if team is None:
            return None
        day = today(team.zone, job.now)
        items = _to_act_on(team, job.now, work)
        open_ones = work.recoveries.open_in(team.channel_id, MAX_WAITING)
        waiting = sorted((one for one in open_ones if next_step(one) is not None), key=urgency)
        named = {item.owner for item in items} | {who for one in waiting for who in owners(one)}
        people = work.people.among({person_id for person_id in named if person_id})
        days = days_of([*items, *waiting], people, team.zone, job.now)
        last_week, this_week = (
            moment(team.zone, monday, time(0))
            for monday in (self.monday - timedelta(days=7), self.monday)
        )
        failures = work.cases.failures(team.channel_id, this_week - LOOKED_BACK, MAX_FAILURES)
        fixes = work.action_items.fixes(*(failure.number for failure in failures))
        back = came_back(failures, fixes, last_week, this_week)
        lapsed = work.proposals.count_lapsed(team.channel_id, last_week, this_week)
        if not items and not waiting and not back and not lapsed:
            return None
        closed = work.retros.closed_in(team.channel_id, last_week, MAX_LISTED)
        verified = _verified(fixes, last_week, this_week, work)
        named_cases = {item.case_number for item in (*items, *verified)}
        named_cases |= {retro.case_number for retro, _ in closed}
        links = retro_thread.links_of(named_cases.union(*(gap.cases for gap in back)), work)
        found = work.retros.with_cases({recovery.case_number for recovery in waiting})
        cases = {number: case for number, (_, case) in found.items()}
        told = _told("recovery_promise_late", waiting, job.now, work)
        late = {one.label for one in waiting if is_promise_late(one, days.of(one))} & told
        customers = owed_messages.weekly(waiting, cases, people, day, late)
        more = len(items) > MAX_LISTED
        return messages.weekly(
            items[:MAX_LISTED],
            messages.LastWeek(
                closed, [(gap, today(team.zone, gap.verified_at)) for gap in back], verified, lapsed
            ),
            links,
            people,
            days,
            more=more,
            customers=customers,
        )


def _to_act_on(team: Team, at: datetime, work: ReadOnlyWork) -> Sequence[ActionItem]:
    """The first items that the team may hear of, and one more where there are more.

    What their owners do not know yet is left out page by page, so that it takes nobody's place.
    """
    heard_of: list[ActionItem] = []
    for page in range(MAX_PAGES):
        items = work.action_items.to_act_on(team.channel_id, today(team.zone, at), PAGE, page * PAGE)
        heard_of += _known(items, team, at, work)
        if len(items) < PAGE or len(heard_of) > MAX_LISTED:
            break
    return heard_of[: MAX_LISTED + 1]


def _known(
    items: Sequence[ActionItem], team: Team, at: datetime, work: ReadOnlyWork
) -> Sequence[ActionItem]:
    """Those whose owner has heard of it first: that it is late, or that it waits for their answer."""
    context = context_of(map(remindable, items), work)
    days = days_of(items, context.people, team.zone, at)
    told = _told("item_late", [item for item in items if item.state == "agreed"], at, work)
    return [
        item
        for item in items
        if (
            is_late(item, days.of(item)) and item.label in told
            if item.state == "agreed"
            else item.state == "done" or _was_asked(item, context, days.of(item))
        )
    ]


def _was_asked(item: ActionItem, context: ReminderContext, day: date) -> bool:
    """Whether an item that was proposed to somebody is over, or was asked about on a day before."""
    if item.owner is None or (item.due is not None and item.due < day):
        return True
    asks, hours = BY_NAME["item_proposed"], context.hours(item.owner, item.channel_id)
    proposed = since(asks, item, hours)
    return proposed is not None and next(days_of_asking(asks, "owner", proposed, hours)) < day


def _verified(
    fixes: Sequence[Fix], since: datetime, until: datetime, work: ReadOnlyWork
) -> Sequence[ActionItem]:
    """The items that were verified between two moments and still are, in that order."""
    at = {
        fix.number: fix.moved_at
        for fix in fixes
        if fix.state == "verified" and since <= fix.moved_at < until
    }
    return sorted(work.action_items.among(at).values(), key=lambda item: at[item.number])


def _told(name: str, subjects: Iterable[Subject], at: datetime, work: ReadOnlyWork) -> frozenset[str]:
    """The labels of those whose owner has heard on a day before, by this reminder, that it is late.

    Those that are not late, and those that nobody could hear of, are among them.
    """
    things = {subject.label: remindable(subject) for subject in subjects}
    context = context_of(things.values(), work)
    rows: dict[str, list[SentReminder]] = {label: [] for label in things}
    for row in work.reminders.of(things):
        rows[row.about].append(row)
    late = BY_NAME[name]
    return frozenset(
        label
        for label, thing in things.items()
        if knows_first(late, "", thing, rows[label], context, at)
    )


class Shared(JobPayload):
    """A team's status, for everybody in its channel, because somebody shared what they had read."""

    name = "board.shared"
    what = "a status that was shared"
    about = "{view}"
    detail = "{shared_by}"

    view: str
    shared_by: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The status as it stands when it is said."""
        team = work.teams.get(job.channel_id)
        if team is None:
            return None
        filters = BoardView.parse(self.view).filters
        query = BoardQuery(filters, job.now, None, messages.MAX_TOLD)
        person = work.people.get(self.shared_by)
        return messages.status(
            look([team], GROUPS, query, work),
            filters,
            messages.StatusFor(),
            person.name if person else "somebody",
        )


def shared_job(team: Team, filters: Filters, shared_by: str, at: datetime) -> Job:
    """The job that posts a team's status in its channel, once."""
    return Shared(view=str(BoardView(filters)), shared_by=shared_by).job(
        team.channel_id,
        message_key.status_shared(team.channel_id, at),
        at,
        once=True,
        asked_by=shared_by,
    )


def begin_week(team: Team, at: datetime, work: UnitOfWork) -> datetime:
    """Schedules the weekly summary once the team's week has begun; returns when the next one begins."""
    week = today(team.zone, at) - timedelta(days=today(team.zone, at).weekday())
    begins = _begins(team, week)
    next_week = _begins(team, week + timedelta(days=7))
    if begins <= (team.made_at or NEVER_CHECKED):
        return next_week
    if not is_working(team.hours, at):
        # It has not begun, or was slept through until after hours.
        return min(next_working(team.hours, at), next_week)
    work.jobs.schedule(
        Weekly(monday=week).job(
            team.channel_id, message_key.weekly(team.channel_id, week), at, once=True, bulk=True
        )
    )
    return next_week


def _begins(team: Team, monday: date) -> datetime:
    """The start of the team's first working day in the week of this Monday."""
    first = add_working_days(team.hours, monday - timedelta(days=1), 1)
    return moment(team.zone, first, team.starts)
