"""The customer beside the retro: when a recovery begins, what shows it, and what the retro tells it."""

from collections.abc import Iterable
from datetime import datetime

from bot.domain import recovery as domain
from bot.domain.case import Case, number_of
from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.recovery import Recovery
from bot.domain.retro import Retro, state_of
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.flows import thread
from bot.ports import UnitOfWork
from bot.prompts import BY_KEY
from bot.request import Request

MOST_RECALLED = 20
"""Former apologies that were enough among which the same gap is looked for."""


def card(case: int, place: str, at: datetime, asked_by: str | None = None) -> Job:
    """The job that keeps the card in the retro's thread current: posted once, edited from then on."""
    return Job(
        name="recovery.show",
        about=f"C-{case}",
        place=place,
        key=f"recovery:{case}",
        thread=thread.key(case),
        due_at=at,
        asked_by=asked_by,
    )


def own_key(recovery: Recovery, person: str) -> str:
    """The key of the card's copy in a person's direct messages."""
    return f"customer:{recovery.case}:{person}"


def showing(
    recovery: Recovery, at: datetime, *, was: Iterable[str] = (), asked_by: str | None = None
) -> list[Job]:
    """The jobs that keep the card and its copies current; `was`: who had something to do before."""
    copies = [
        Job(
            name="recovery.tell_owner",
            about=f"{recovery.case_label}/{person}",
            place=person,
            key=own_key(recovery, person),
            direct=True,
            due_at=at,
            asked_by=asked_by if asked_by != person else None,
        )
        for person in sorted({*domain.owners(recovery), *was})
    ]
    return [card(recovery.case, recovery.place, at, asked_by), *copies]


def shown(
    recovery: Recovery,
    at: datetime,
    work: UnitOfWork,
    *,
    was: Iterable[str] = (),
    asked_by: str | None = None,
) -> None:
    """Brings the card and its copies up to date."""
    for job in showing(recovery, at, was=was, asked_by=asked_by):
        work.jobs.schedule(job)


def begin(case: Case, contact: str | None, team: Team, at: datetime, work: UnitOfWork) -> Recovery:
    """Begins what is owed to the customer; the card and its copies come with the retro's prompts."""
    recovery = domain.begin(case, contact, team, at)
    retro = work.retros.get(case.number)
    if retro is not None and _is_finished(retro, team, at, work):
        recovery = recovery.model_copy(update={"finished_at": at})
    work.recoveries.add(recovery)
    return recovery


def of(label: str, request: Request, work: UnitOfWork) -> Recovery:
    """The recovery of `C-7`; cases from before it, and imported ones, begin theirs on first need."""
    number = number_of(label, "C")
    recovery = work.recoveries.get(number)
    if recovery is not None:
        return recovery
    case, retro = work.cases.get(number), work.retros.get(number)
    team = work.teams.get(case.place) if case else None
    if case is None or retro is None or team is None:
        raise Refused(f"{label[:40]} is not here any more, or never was.")
    contact = retro.opened_by or team.lead or request.person.id
    recovery = begin(case, contact, team, request.at, work)
    shown(recovery, request.at, work)
    return recovery


def view_of(label: str, work: UnitOfWork) -> str:
    """What the customer answered when they were told what changed; refuses when there is nothing yet."""
    recovery = work.recoveries.get(number_of(label, "C"))
    view = recovery.step("tell_changed").view if recovery else ""
    if not view:
        raise Refused(f"The customer of {label[:20]} has not said anything about it yet.")
    return view


def note_retro(case: int, at: datetime, work: UnitOfWork) -> None:
    """The retro or its items moved: the customer can be told what changed once it is finished."""
    recovery, retro = work.recoveries.get(case), work.retros.get(case)
    if recovery is None or retro is None:
        return
    team = work.teams.get(retro.place) or Team(place=retro.place, name=retro.place)
    finished = _is_finished(retro, team, at, work)
    if finished == (recovery.finished_at is not None):
        return
    changed = {"finished_at": at if finished else None, "touched_at": at}
    recovery = recovery.model_copy(update=changed)
    work.recoveries.save(recovery)
    shown(recovery, at, work)


def _is_finished(retro: Retro, team: Team, at: datetime, work: UnitOfWork) -> bool:
    if retro.state == "open":
        return False
    counts = work.retros.counts(retro.case, today(team.zone, at))
    return state_of(retro, counts) == "finished"


def gaps_of(case: int, work: UnitOfWork) -> frozenset[str]:
    """What was missing, as far as answers and items say."""
    answers, items = work.retros.answers(case), work.action_items.of_case(case)
    answered = {BY_KEY[answer.prompt].gap for answer in answers if answer.prompt in BY_KEY}
    return frozenset({*answered, *(item.gap or "" for item in items if item.state != "dropped")} - {""})


def recalled(case: int, place: str, work: UnitOfWork) -> dict[int, tuple[str, ...]]:
    """Other cases of the place in which an apology was enough, by the gaps that are back in this one."""
    former = [one for one in work.recoveries.enough_in(place, MOST_RECALLED) if one.case != case]
    if not any(one.gaps for one in former):
        return {}
    here = gaps_of(case, work)
    back = {one.case: tuple(gap for gap in one.gaps if gap in here) for one in former}
    return {number: gaps for number, gaps in back.items() if gaps}
