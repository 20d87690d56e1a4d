"""What the lead hears when a gap comes back soon after its fix was verified."""

from datetime import datetime, time

from bot import retro_thread
from bot.domain import message_key
from bot.domain.action_item import ActionItem
from bot.domain.gap import LOOKED_BACK, fix_before
from bot.domain.job import Job
from bot.domain.notification_preferences import hours_of
from bot.domain.trends import MAX_FAILURES
from bot.domain.working_hours import moment, next_working, today
from bot.jobs.edit_said import edit_said
from bot.jobs.payload import JobPayload, Number, may_have_been_read
from bot.messages import returned as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork, UnitOfWork


class TellLead(JobPayload):
    """Tells the lead that a fix may not hold; nothing when no fix of the gap was verified before."""

    name = "action_item.tell_returned"
    what = "that {gap} came back in C-{case_number}"
    about = "C-{case_number}"
    detail = "{gap}"

    case_number: Number
    gap: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Which fix it is, and where the gap came back; that it is settled, once it is."""
        fix = self._fix(work)
        if fix is None:
            return messages.over(self.gap) if may_have_been_read(job, work) else None
        case = work.cases.require(self.case_number)
        zone = work.teams.require(case.channel_id).zone
        links = retro_thread.links_of({case.number, fix.case_number}, work)
        verified = fix.last("verify")
        verified_on = today(zone, verified.at) if verified else today(zone, job.now)
        return messages.returned(self.gap, case, fix, verified_on, links, today(zone, job.now))

    def _fix(self, work: ReadOnlyWork) -> ActionItem | None:
        """The last fix of the gap that was verified shortly before the case failed, and still is."""
        case = work.cases.get(self.case_number)
        if case is None or case.cancelled:
            return None
        if not any(
            item.gap == self.gap and item.state != "dropped"
            for item in work.action_items.of_case(case.number)
        ):
            return None
        since = case.failed_at - LOOKED_BACK
        failures = work.cases.failures(case.channel_id, since, MAX_FAILURES)
        earlier = [one.number for one in failures if one.number != case.number]
        fix = fix_before(self.gap, case.failed_at, work.action_items.fixes(*earlier))
        if fix is None:
            return None
        items = work.action_items.of_case(fix.case_number)
        named = [item for item in items if item.gap == self.gap and item.state == "verified"]
        return max(named, key=lambda item: item.history[-1].at, default=None)


def tell_lead(item: ActionItem, at: datetime, work: UnitOfWork) -> None:
    """Owes the lead that word, in their working hours; whether there is anything to say is seen then."""
    team = work.teams.require(item.channel_id)
    if item.gap is None or team.lead is None:
        return
    lead = work.people.get(team.lead)
    settings = work.preferences.get(team.lead)
    hours = hours_of(settings, lead.zone if lead else None, team)
    quiet = settings.quiet_until if settings else None
    if quiet is not None and today(hours.zone, at) < quiet:
        at = moment(hours.zone, quiet, time(0))
    work.jobs.schedule(_job(item.case_number, item.gap, team.lead, next_working(hours, at)))


def edit_told(at: datetime, work: UnitOfWork) -> None:
    """Brings up to date what leads were told, after a fix was opened again or words of it went."""
    keys = work.sent_messages.starting(message_key.ALL_RETURNED)
    told = map(message_key.returned_of, keys)
    edit_said((_job(number, gap, lead, at) for number, gap, lead in told), work)


def _job(case_number: int, gap: str, lead: str, at: datetime) -> Job:
    key = message_key.returned(case_number, gap, lead)
    return TellLead(case_number=case_number, gap=gap).job(lead, key, at, direct=True)
