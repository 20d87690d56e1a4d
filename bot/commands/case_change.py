"""What happens with a case that should not stand there: it is cancelled, or moved, and brought back."""

from collections.abc import Collection, Iterable
from datetime import datetime

from bot import retro_thread
from bot.command import Command, Opening, Reply
from bot.commands.lookup import case_of, retro_of
from bot.domain import case as domain
from bot.domain import message_key, reference
from bot.domain.action_item import OPEN_STATES, ActionItem
from bot.domain.case import Case
from bot.domain.errors import NextStep, Refused
from bot.domain.prompt import carried as carried_prompts
from bot.domain.recovery import Recovery, carried, left_behind, moves, noted, owners
from bot.domain.recovery_step import STEPS
from bot.domain.reference import CaseRef
from bot.domain.reminder import Subject
from bot.domain.retro import Retro, settle
from bot.fields import Line, Text, field
from bot.jobs import action_item as action_item_jobs
from bot.jobs import case as case_jobs
from bot.jobs import note as note_jobs
from bot.jobs import proposal as proposal_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.jobs.carry_over import edit_carried
from bot.jobs.edit_said import edit_said
from bot.messages import case as messages
from bot.messages import confirmation
from bot.messages.parts import Form
from bot.ports import ReadOnlyWork, UnitOfWork

WHICH_TO_CANCEL = "Say which case, as in: cancel C-7."


class Cancel(Command, frozen=True):
    """Cancels a case that was marked failed by mistake, and its retro with it."""

    name = "case.cancel"
    access = "members"
    of_cancelled = True
    title = "Cancel retro"
    submit = "Cancel retro"
    takes_away = True

    subject: CaseRef | None = None
    why: Text = field("Why", needed="Say why, in a sentence.", coach="team")


class Restore(Command, frozen=True):
    """Brings a cancelled case back, as it was."""

    name = "case.restore"
    access = "members"
    of_cancelled = True

    subject: CaseRef


class SameAs(Command, frozen=True):
    """Notes that a case is another one: what was said in it moves there, and it is cancelled."""

    name = "case.same_as"
    access = "members"
    title = "Same as another case"
    submit = "Move it there"

    subject: CaseRef
    other: Line = field(
        "Case number or reference",
        needed="Write the number or the reference of the other case.",
        hint="A case of this channel. What was said here moves there, and this case is cancelled.",
    )


def _opened(case: Case, work: ReadOnlyWork, field: str | None = None) -> Case:
    """The case; refuses one that was taken in quietly, as long as nobody has opened its retro."""
    if work.retros.get(case.number) is None:
        raise Refused(
            f"{case.label} has no retro yet: open its retro first, or leave it as it is.",
            field,
            instead=NextStep("Open the retro", "case.open", case.label),
        )
    return case


def open_cancel(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form to cancel a retro."""
    if opening.subject is None:
        raise Refused(WHICH_TO_CANCEL)
    case = _opened(case_of(opening.subject, work), work)
    domain.check(case, "cancel")
    return Reply(form=cancel_form(case))


def cancel_form(case: Case) -> Form:
    """Cancel retro, with a why."""
    return Cancel.form(case.ref, channel_id=case.channel_id, parts=messages.above_cancelling(case))


def cancel(command: Cancel, work: UnitOfWork) -> Reply:
    """Cancels a case and its retro: nothing is asked, reminded of or counted until it is back."""
    if command.subject is None:
        raise Refused(WHICH_TO_CANCEL)
    case = _opened(case_of(command.subject, work), work)
    changed = domain.change(case, "cancel", command.person.id, command.at, command.why)
    work.cases.save(changed)
    _set_cancelled(changed, command, work)
    link = retro_thread.links_of({case.number}, work).get(case.number)
    return Reply(message=confirmation.case_cancelled(changed, link), done=True)


def restore(command: Restore, work: UnitOfWork) -> Reply:
    """Brings a cancelled case back: everything goes on where it was."""
    case = case_of(command.subject, work)
    changed = domain.change(case, "restore", command.person.id, command.at)
    work.cases.save(changed)
    _set_cancelled(changed, command, work)
    for proposal in work.proposals.of_case(case.number):
        proposal_jobs.look_up(proposal, command.at, work)
    return Reply()


def _set_cancelled(case: Case, command: Command, work: UnitOfWork) -> None:
    """All that hangs on a case follows it, and so does what shows it; its people hear of it once."""
    number, cancelled, at, by = case.number, case.cancelled, command.at, command.person.id
    _claim(case, work)
    retro = work.retros.get(number)
    items = work.action_items.of_case(number)
    recovery = work.recoveries.get(number)
    set_to: dict[str, object] = {"cancelled": cancelled}
    if retro is not None:
        # What it was closed with may have moved to another case while it was cancelled.
        still = retro if cancelled else _settled(retro, at, work)
        work.retros.save(still.model_copy(update=set_to))
        if still != retro:
            retro_jobs.edit_summaries(still, at, work, asked_by=by)
    for item in items:
        work.action_items.save(item.model_copy(update=set_to))
    if recovery is not None:
        # From here on: nobody was asked meanwhile, so no silence of those days ends it.
        work.recoveries.save(recovery.model_copy(update={**set_to, "touched_at": at}))
    subjects: list[Subject] = [*items, *(thing for thing in (retro, recovery) if thing is not None)]
    if cancelled:
        for subject in subjects:
            reminder_jobs.resolve(subject, "cancelled", at, work)
    elif retro is not None:
        # What the thread heard before says that it is cancelled.
        reminder_jobs.quote_anew(retro, at, work)
    shown = retro_jobs.retro_job(number, case.channel_id, at, asked_by=by)
    for job in (shown, *(retro_jobs.ask(retro, shown, work) if retro else ())):
        work.jobs.schedule(job)
    for item in items:
        work.jobs.schedule(action_item_jobs.item_job(item, at, by))
        if item.owner is not None and item.state in OPEN_STATES:
            work.jobs.schedule(action_item_jobs.owner_job(item, item.owner, at))
    edit_said((job for item in items for job in action_item_jobs.copies(item, at)), work)
    edit_carried(case.channel_id, at, work, cases=[number], items=[item.number for item in items])
    note_jobs.follow(number, at, work)
    concerned = _concerned(items, recovery)
    # Whoever cancels it knows; that it is back is for all who read that it was not.
    _say_change(case, concerned - {by} if cancelled else concerned, command, work)


def _claim(case: Case, work: UnitOfWork) -> None:
    """What is posted in its retro just now is there by now, or its author meets a conflict.

    So it comes before anybody reads what the retro holds.
    """
    retro = work.retros.get(case.number)
    if retro is not None:
        work.retros.save(retro)


def _settled(retro: Retro, at: datetime, work: ReadOnlyWork) -> Retro:
    """The retro with the moment since when its outcome does not hold, as its items are now."""
    return settle(retro, work.action_items.of_case(retro.case_number), at)


def _concerned(items: Iterable[ActionItem], recovery: Recovery | None) -> set[str]:
    """Who has something left to do in it."""
    people = {item.owner for item in items if item.state in OPEN_STATES}
    people |= owners(recovery) if recovery is not None and recovery.outcome is None else set()
    return {person_id for person_id in people if person_id}


def _say_change(case: Case, people: Collection[str], command: Command, work: UnitOfWork) -> None:
    """Says it in the thread, and to everybody whom it concerns; what was said before is edited."""
    said = [place for place, change in enumerate(case.history, start=1) if change.step != "edit"]
    for place in said[-2:]:
        work.jobs.schedule(case_jobs.change_job(case, place, command.at, command.person.id))
    for person_id in sorted(people):
        work.jobs.schedule(case_jobs.tell_job(case, domain.told_as(case), person_id, command.at))


def open_same_as(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form that asks which case this one is."""
    case = _opened(case_of(opening.subject, work), work)
    return Reply(form=same_as_form(case, work.recoveries.get(case.number)))


def same_as_form(case: Case, recovery: Recovery | None = None) -> Form:
    """Same as another case: which one; it says what was noted for the customer of this one."""
    steps = [STEPS[name].label for name in noted(recovery)] if recovery else []
    parts = messages.above_same_as(case, steps)
    return SameAs.form(case.ref, channel_id=case.channel_id, parts=parts)


def same_as(command: SameAs, work: UnitOfWork) -> Reply:
    """Moves answers, discussion, items and the customer to the case that this one is, and cancels it."""
    case, by, at = _opened(case_of(command.subject, work), work), command.person.id, command.at
    kept = _opened(_other(command.other, case, work), work, "other")
    changed = domain.change(case, "cancel", by, at, same_as=kept)
    carries = moves(work.recoveries.get(case.number), work.recoveries.get(kept.number))
    _claim(case, work)
    work.retros.move(case.number, kept.number)
    items = [
        item.model_copy(update={"case_number": kept.number})
        for item in work.action_items.of_case(case.number)
    ]
    for item in items:
        work.action_items.save(item)
    # Saved in any case: should somebody cancel that one just now, one of both meets a conflict.
    kept_retro = _with_answers_of(retro_of(case.ref, work), retro_of(kept.ref, work), work)
    kept_retro = _settled(kept_retro, at, work)
    work.retros.save(kept_retro)
    work.cases.save(changed)
    _set_cancelled(changed, command, work)
    for double in work.cases.doubles_of(case):
        _lead_on(domain.follow(double, case, kept), command, work)
    if carries:
        _carry(case.number, kept, command, work)
    for item in items:
        work.jobs.schedule(action_item_jobs.item_job(item, at, by))
        if item.owner is not None and item.state in OPEN_STATES:
            work.jobs.schedule(action_item_jobs.owner_job(item, item.owner, at))
    shown = retro_jobs.retro_job(kept.number, kept.channel_id, at, asked_by=by)
    work.jobs.schedule(shown)
    edit_said(retro_jobs.prompt_jobs(kept_retro, shown), work)
    work.jobs.schedule(case_jobs.moved_job(changed, len(changed.history), kept.number, at, by))
    for retro in (kept_retro, retro_of(case.ref, work)):
        retro_jobs.edit_summaries(retro, at, work, asked_by=by)
    reminder_jobs.refresh(kept_retro, at, work)
    recovery_jobs.note_retro(kept.number, at, work)
    return Reply(message=confirmation.case_moved(changed, kept), done=True)


def _with_answers_of(double: Retro, kept: Retro, work: ReadOnlyWork) -> Retro:
    """With the prompts that answers from its double belong to, where it asks something else."""
    answered = frozenset(answer.prompt for answer in work.retros.answers(kept.case_number))
    return kept.model_copy(update={"prompts": carried_prompts(kept.prompts, double.prompts, answered)})


def _lead_on(double: Case, command: SameAs, work: UnitOfWork) -> None:
    """Saves a double that leads to another case from now on, and edits what says where it leads."""
    work.cases.save(double)
    number, at = double.number, command.at
    jobs = [retro_jobs.retro_job(number, double.channel_id, at)]
    jobs += [
        case_jobs.change_job(double, place, at)
        for place, change in enumerate(double.history, start=1)
        if change.step != "edit"
    ]
    recovery = work.recoveries.get(number)
    if recovery is not None:
        jobs += recovery_jobs.card_jobs(recovery, at)
    for key in work.sent_messages.starting(message_key.all_case_cancelled(number)):
        _, place, person_id = message_key.told_of(key)
        jobs.append(case_jobs.tell_job(double, place, person_id, at))
    edit_said(jobs, work)


def _carry(number: int, kept: Case, command: SameAs, work: UnitOfWork) -> None:
    """What was noted for the customer of a double goes on in the case that is kept."""
    double, own = work.recoveries.get(number), work.recoveries.get(kept.number)
    if double is None:
        return
    team, at, by = work.teams.require(kept.channel_id), command.at, command.person.id
    here = carried(double, own, kept, team, at)
    there = left_behind(double, work.cases.require(number), team, at)
    (work.recoveries.add if own is None else work.recoveries.save)(here)
    work.recoveries.save(there)
    for recovery in (here, there):
        recovery_jobs.move_case(recovery, work)
    was = owners(own) if own else frozenset[str]()
    recovery_jobs.refresh_cards(here, at, work, was=was, asked_by=by)
    reminder_jobs.resolve_over(here, "hand_over", at, work)


def _other(words: str, case: Case, work: ReadOnlyWork) -> Case:
    """The case of the same channel that somebody named; for all others there is none."""
    named = reference.parse(words)
    found = work.cases.get(named.number) if isinstance(named, CaseRef) else None
    if found is None or found.channel_id != case.channel_id:
        found = work.cases.by_reference(case.channel_id, words)
    if found is None:
        raise Refused(f"I can't find {words[:40]} in this channel: check what you wrote.", "other")
    if found.number == case.number:
        raise Refused(f"{words} is this very case: write the other one.", "other")
    if found.cancelled:
        raise Refused(domain.FIRST_BRING_BACK.format(label=found.label), "other")
    return found
