"""What the bot says of what is owed to a customer, and what begins and ends it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot import retro_thread
from bot.domain import message_key
from bot.domain import recovery as domain
from bot.domain.case import Case, CaseState
from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.later_word import standing
from bot.domain.person import Person
from bot.domain.prompt import gap_of
from bot.domain.recovery import Recovery
from bot.domain.reference import not_found
from bot.domain.retro import Retro, state_of
from bot.domain.signal import Signal
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.jobs import note as note_jobs
from bot.jobs import out_of_reach
from bot.jobs.edit_said import edit_said
from bot.jobs.payload import JobPayload, Number, may_have_been_read
from bot.messages import recovery as messages
from bot.messages.parts import Message
from bot.messages.recovery import CardContext
from bot.ports import ReadOnlyWork, UnitOfWork

MAX_RECALLED = 20
"""Former apologies that were enough among which the same gap is looked for."""


def move_case(recovery: Recovery, work: UnitOfWork) -> None:
    """The state of the case follows the customer's verdict; who is still unhappy has failed again."""
    case = work.cases.require(recovery.case_number)
    states: dict[str | None, CaseState] = {"recovered": "recovered", "no answer": "no answer"}
    state = states.get(recovery.outcome, "failed")
    if case.state != state:
        work.cases.save(case.model_copy(update={"state": state}))


def card_context(recovery: Recovery, at: datetime, work: ReadOnlyWork) -> CardContext:
    """All that the card shows."""
    steps = [step for steps in (*recovery.earlier[-1:], recovery.steps) for step in steps]
    named = {recovery.contact, *(step.by for step in steps)}
    named |= {step.owner for step in steps} | {step.handed_by for step in steps}
    named |= {step.corrected_by for step in steps} | {step.undone_by for step in steps}
    back = recalled(recovery.case_number, recovery.channel_id, work)
    case = work.cases.require(recovery.case_number)
    same_as = {case.cancellation.same_as or case.number} if case.cancellation else set[int]()
    return CardContext(
        recovery,
        case,
        work.teams.require(recovery.channel_id),
        work.people.among({person_id for person_id in named if person_id}),
        at,
        retro_thread.links_of({case.number, *same_as, *back}, work),
        back,
        later_word(recovery, work),
    )


def later_word(recovery: Recovery, work: ReadOnlyWork) -> Signal | None:
    """What the customer said last in their helpdesk, as long as nobody noted how it ended since."""
    proposals = work.proposals.of_case(recovery.case_number)
    return standing((each.later for each in proposals if each.later is not None), recovery)


class Show(JobPayload):
    """The card, in the retro's thread."""

    name = "recovery.show"
    what = "what is owed to the customer of C-{case_number}"
    about = "C-{case_number}"
    lasting = True

    case_number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The card as it stands."""
        context = _context_of(self.case_number, job.now, work)
        return messages.card(context) if context else None


class TellOwner(JobPayload):
    """The card, in the direct messages of whoever has something to do in it, or had."""

    name = "recovery.tell_owner"
    what = "the customer of C-{case_number} to whoever looks after them"
    about = "C-{case_number}/{person_id}"
    lasting = True

    case_number: Number
    person_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The card as it concerns them; nothing of a cancelled case to somebody who never got it."""
        context = _context_of(self.case_number, job.now, work)
        if context is None or (context.recovery.cancelled and not may_have_been_read(job, work)):
            return None
        return messages.own_copy(context, self.person_id)

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """They are named in the thread instead."""
        return go_public(self.case_number, self.person_id, reason, job.now, work)


class CallOwner(JobPayload):
    """Names somebody in the thread; nothing when they have nothing left to do."""

    name = "recovery.call_owner"
    what = "a word about the customer of C-{case_number}"
    about = "C-{case_number}/{person_id}"

    case_number: Number
    person_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """That the customer waits for them."""
        recovery = _owned(self.case_number, self.person_id, work)
        return messages.call_owner(recovery, _owner(self.person_id, work)) if recovery else None


class TellLead(JobPayload):
    """Tells the lead that somebody cannot be reached, and why."""

    name = "recovery.tell_lead"
    what = "that somebody is out of reach about C-{case_number}"
    about = "C-{case_number}/{person_id}"
    detail = "{reason}"

    case_number: Number
    person_id: str
    reason: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Who it is, and what the platform says."""
        recovery = _owned(self.case_number, self.person_id, work)
        if recovery is None:
            return None
        return messages.unreached(recovery, _owner(self.person_id, work), self.reason)


class TellNotRecovered(JobPayload):
    """Tells somebody that a customer is not put right."""

    name = "recovery.tell_not_recovered"
    what = "that the customer of C-{case_number} is not put right"
    about = "C-{case_number}/{person_id}"

    case_number: Number
    person_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The customer's words, and the fixes of whoever reads it; once said, that it was taken back."""
        recovery = work.recoveries.get(self.case_number)
        if recovery is None:
            return None
        _, number, _ = message_key.told_of(job.key)
        place = domain.told_rounds(recovery).get(number)
        if place is None:
            return self._taken_back(recovery, work) if may_have_been_read(job, work) else None
        items = work.action_items.of_case(self.case_number)
        own = [item for item in items if item.owner == self.person_id and item.state != "dropped"]
        link = retro_thread.links_of({self.case_number}, work).get(self.case_number)
        case = work.cases.require(self.case_number)
        return messages.not_recovered(recovery, place, case, own, link)

    def _taken_back(self, recovery: Recovery, work: ReadOnlyWork) -> Message:
        by = work.people.get(recovery.step("verdict").undone_by or "")
        link = retro_thread.links_of({self.case_number}, work).get(self.case_number)
        return messages.recovered_after_all(recovery, by, link)


class CheckIn(JobPayload):
    """A word to whoever handled a case that no one could have won; only they ever see it."""

    name = "recovery.check_in"
    what = "a word"
    about = "C-{case_number}"
    secret = True

    case_number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """That it was not about them, and who would listen."""
        recovery = work.recoveries.get(self.case_number)
        if recovery is None:
            return None
        team = work.teams.get(recovery.channel_id)
        other = team.lead if team and team.lead != job.channel_id else None
        lead = work.people.get(other) if other else None
        return messages.check_in(recovery, lead.name if lead else "")

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """Nothing: what is private stays so, also when it could not be said."""
        return ()


def go_public(
    case_number: int, person_id: str, reason: str, at: datetime, work: ReadOnlyWork
) -> list[Job]:
    """Somebody cannot be reached directly: they are named in the thread, and the lead is told."""
    recovery = _owned(case_number, person_id, work)
    if recovery is None or recovery.outcome is not None:
        return []
    call = CallOwner(case_number=case_number, person_id=person_id)
    to_lead = TellLead(case_number=case_number, person_id=person_id, reason=reason)
    return out_of_reach.go_public(
        person_id,
        recovery,
        out_of_reach.Word(call, message_key.call_about_customer(case_number, person_id)),
        out_of_reach.Word(to_lead, message_key.unreached_about_customer(case_number, person_id)),
        at,
        work,
    )


def _owned(case_number: int, person_id: str, work: ReadOnlyWork) -> Recovery | None:
    """The recovery, as long as this person has something to do in it."""
    recovery = work.recoveries.get(case_number)
    if recovery is None or recovery.cancelled:
        return None
    return recovery if person_id in domain.owners(recovery) else None


def _owner(person_id: str, work: ReadOnlyWork) -> Person:
    return work.people.get(person_id) or Person(id=person_id, name="They")


def _context_of(case_number: int, at: datetime, work: ReadOnlyWork) -> CardContext | None:
    recovery = work.recoveries.get(case_number)
    return card_context(recovery, at, work) if recovery else None


def card_job(case_number: int, channel_id: str, at: datetime, asked_by: str | None = None) -> Job:
    """The job that keeps the card in the retro's thread current: posted once, edited from then on."""
    return Show(case_number=case_number).job(
        channel_id,
        message_key.recovery(case_number),
        at,
        thread=message_key.retro(case_number),
        asked_by=asked_by,
    )


def card_jobs(
    recovery: Recovery, at: datetime, *, was: Iterable[str] = (), asked_by: str | None = None
) -> list[Job]:
    """The jobs that keep the card and its copies current; `was`: who had something to do before."""
    number = recovery.case_number
    copies = [
        TellOwner(case_number=number, person_id=person_id).job(
            person_id,
            message_key.customer(number, person_id),
            at,
            direct=True,
            asked_by=asked_by if asked_by != person_id else None,
        )
        for person_id in sorted({*domain.owners(recovery), *was})
    ]
    return [card_job(number, recovery.channel_id, at, asked_by), *copies]


def check_in_job(case_number: int, contact: str, number: int, at: datetime) -> Job:
    """The job of the private word to whoever handled a case, after the `number`th turn of its retro.

    Asked for by nobody: whether it could be said is nobody else's business either.
    """
    return CheckIn(case_number=case_number).job(
        contact, message_key.check_in(case_number, number), at, direct=True, once=True
    )


def next_telling(recovery: Recovery, work: ReadOnlyWork) -> int:
    """The number under which people are told of the next *not recovered*: none that was ever used."""
    said = work.sent_messages.starting(message_key.all_not_recovered(recovery.case_number))
    used = [0, *domain.told_rounds(recovery), *(message_key.told_of(key)[1] for key in said)]
    return max(used) + 1


def say_not_recovered(recovery: Recovery, by: str, at: datetime, work: UnitOfWork) -> None:
    """Tells the lead and the owners of the fixes, each once, but whoever noted it themself."""
    number = max(domain.told_rounds(recovery))
    for person_id in sorted(_to_be_told(recovery, work) - {by}):
        work.jobs.schedule(not_recovered_job(recovery.case_number, number, person_id, at))


def told_jobs(recovery: Recovery, at: datetime, work: ReadOnlyWork) -> list[Job]:
    """The jobs of all that people are told of each *not recovered*, also of what is on its way."""
    return [
        not_recovered_job(recovery.case_number, number, person_id, at)
        for number in domain.told_rounds(recovery)
        for person_id in sorted(_to_be_told(recovery, work))
    ]


def say_taken_back(before: Recovery, after: Recovery, at: datetime, work: UnitOfWork) -> None:
    """Edits what people were told of a *not recovered* that somebody has taken back."""
    number, told = before.case_number, _to_be_told(before, work)
    for place in sorted(domain.told_rounds(before).keys() - domain.told_rounds(after)):
        keys = work.sent_messages.starting(message_key.all_not_recovered(number))
        told |= {who for _, other, who in map(message_key.told_of, keys) if other == place}
        jobs = [not_recovered_job(number, place, person_id, at) for person_id in sorted(told)]
        edit_said(jobs, work, on_their_way=True)


def _to_be_told(recovery: Recovery, work: ReadOnlyWork) -> set[str]:
    """The lead, and the owners of the fixes."""
    team = work.teams.require(recovery.channel_id)
    items = work.action_items.of_case(recovery.case_number)
    owners = {item.owner for item in items if item.state != "dropped"}
    return {person_id for person_id in (team.lead, *owners) if person_id}


def not_recovered_job(case_number: int, number: int, person_id: str, at: datetime) -> Job:
    """The job of the word to somebody that a customer is not put right, for the `number`th time."""
    return TellNotRecovered(case_number=case_number, person_id=person_id).job(
        person_id, message_key.not_recovered(case_number, number, person_id), at, direct=True
    )


def refresh_cards(
    recovery: Recovery,
    at: datetime,
    work: UnitOfWork,
    *,
    was: Iterable[str] = (),
    asked_by: str | None = None,
) -> None:
    """Brings the card and its copies up to date."""
    for job in card_jobs(recovery, at, was=was, asked_by=asked_by):
        work.jobs.schedule(job)


def begin(
    case: Case,
    contact: str | None,
    team: Team,
    at: datetime,
    work: UnitOfWork,
    *,
    aim_from: datetime | None = None,
) -> Recovery:
    """Begins what is owed to the customer; the card and its copies come with the retro's prompts.

    `aim_from`: from when on the team's aim to apologise counts, when that is not the failure.
    """
    recovery = domain.begin(case, contact, team, at)
    if aim_from is not None:
        recovery = recovery.model_copy(update={"apologise_by": domain.aim_day(team, aim_from)})
    retro = work.retros.get(case.number)
    if retro is not None and _is_finished(retro, team, at, work):
        verified = _has_verified(case.number, work)
        recovery = recovery.model_copy(update={"finished_at": at, "has_verified": verified})
    work.recoveries.add(recovery)
    return recovery


def of(number: int, at: datetime, work: UnitOfWork, *, contact: str) -> Recovery:
    """The recovery of a case; older and imported ones begin theirs on first need, with this contact."""
    recovery = work.recoveries.get(number)
    if recovery is not None:
        return recovery
    case, retro = work.cases.get(number), work.retros.get(number)
    team = work.teams.get(case.channel_id) if case else None
    if case is None or retro is None or team is None:
        raise not_found(f"C-{number}")
    recovery = begin(case, contact, team, at, work)
    refresh_cards(recovery, at, work)
    return recovery


def view_of(number: int, work: ReadOnlyWork) -> str:
    """What the customer answered when they were told what changed; refuses when there is nothing yet."""
    recovery = work.recoveries.get(number)
    view = recovery.step("tell_changed").view if recovery else ""
    if not view:
        raise Refused(f"The customer of C-{number} has not said anything about it yet.")
    return view


def note_retro(case_number: int, at: datetime, work: UnitOfWork) -> None:
    """The retro or its items moved: the customer can be told what changed once it is finished."""
    recovery, retro = work.recoveries.get(case_number), work.retros.get(case_number)
    if recovery is None or retro is None:
        return
    team = work.teams.require(retro.channel_id)
    finished = _is_finished(retro, team, at, work)
    verified = finished and _has_verified(case_number, work)
    if finished == (recovery.finished_at is not None) and verified == recovery.has_verified:
        return
    changed = {
        "finished_at": at if finished else None,
        "has_verified": verified,
        "touched_at": at,
    }
    recovery = recovery.model_copy(update=changed)
    work.recoveries.save(recovery)
    refresh_cards(recovery, at, work)
    note_jobs.follow(case_number, at, work)


def _has_verified(case_number: int, work: ReadOnlyWork) -> bool:
    return any(item.state == "verified" for item in work.action_items.of_case(case_number))


def _is_finished(retro: Retro, team: Team, at: datetime, work: ReadOnlyWork) -> bool:
    if retro.state == "open":
        return False
    counts = work.retros.counts(retro.case_number, today(team.zone, at))
    return state_of(retro, counts) == "finished"


def gaps_of(case_number: int, work: ReadOnlyWork) -> frozenset[str]:
    """What was missing, as far as answers and items say."""
    answers, items = work.retros.answers(case_number), work.action_items.of_case(case_number)
    retro = work.retros.get(case_number)
    prompts = retro.prompts if retro else ()
    answered = {gap_of(prompts, answer.prompt) for answer in answers}
    return frozenset({*answered, *(item.gap or "" for item in items if item.state != "dropped")} - {""})


def recalled(case_number: int, channel_id: str, work: ReadOnlyWork) -> dict[int, tuple[str, ...]]:
    """Other cases in which an apology was enough, by the gaps that are back in this one."""
    former = [
        recovery
        for recovery in work.recoveries.enough_in(channel_id, MAX_RECALLED)
        if recovery.case_number != case_number
    ]
    if not any(recovery.gaps for recovery in former):
        return {}
    here = gaps_of(case_number, work)
    back = {
        recovery.case_number: tuple(gap for gap in recovery.gaps if gap in here) for recovery in former
    }
    return {number: gaps for number, gaps in back.items() if gaps}
