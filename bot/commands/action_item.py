"""What happens with an action item: added, agreed, handed over, done, verified by somebody else."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import ClassVar

from pydantic import create_model

from bot import retro_thread
from bot.command import AskFirst, Command, Invocation, Opening, Reply
from bot.commands import retro as retro_commands
from bot.commands.lookup import answer_of, item_of, person_of, retro_of
from bot.domain import action_item as domain
from bot.domain import item_edit
from bot.domain import retro as retro_domain
from bot.domain.action_item import ActionItem, Moved
from bot.domain.errors import Refused, check_all
from bot.domain.item_step import STEPS, StepField, StepRow
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.prompt import GAPS, check_gap, gap_of
from bot.domain.reference import VIEW, AnswerRef, CaseRef, ItemRef
from bot.domain.retro import Retro, must_be_open
from bot.domain.working_hours import today
from bot.fields import (
    Choice,
    Day,
    FieldSpec,
    Line,
    PersonId,
    Text,
    choices,
    field,
    max_length,
    read_all,
)
from bot.jobs import action_item as action_item_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.jobs import returned as returned_jobs
from bot.jobs import team as team_jobs
from bot.jobs.carry_over import edit_carried
from bot.jobs.edit_said import edit_said
from bot.messages import action_item as messages
from bot.messages import confirmation
from bot.messages import owed as owed_messages
from bot.messages import policy as policy_messages
from bot.messages import retro as retro_messages
from bot.messages.board import MAX_LISTED
from bot.messages.parts import FieldKind, Form, Message, Page, on
from bot.messages.stale_form import changed_meanwhile, differing
from bot.messages.whole_text import said_to_stay, whole
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.prompts import gaps_in

NO_POLICY = Policy()
MAX_OWED = 5
"""Customers in a list: with ten items and their buttons, all of it fits one message in Slack."""


_WHAT = field("What will change", needed="Say what will change.", coach="team")
_GAP = field("Gap")
_MEASURE = field("How we will know it worked", coach="team")


class Add(Command, frozen=True):
    """Adds an action item: agreed when its owner adds it, proposed to them otherwise."""

    name = "action_item.add"
    access = "thing"
    begins = True
    title = "Add action item"
    submit = "Add"

    subject: CaseRef
    what: Text = _WHAT
    gap: Choice = _GAP
    owner: PersonId = field(
        "Owner", hint="They'll be asked to agree. If you choose yourself, it's agreed at once."
    )
    due: Day = field("Due")
    measure: Text = _MEASURE
    from_view: Line = field(hidden=True)
    """In a form that the program of before drew, where the subject does not say so."""

    @property
    def is_from_view(self) -> bool:
        """Whether it is added because of what the customer said."""
        return self.subject.part == VIEW or bool(self.from_view)


class AddMessage(Add, frozen=True):
    """The same, from a message in the retro's thread that somebody pointed at."""

    name = "action_item.add_message"


class Edit(Command, frozen=True):
    """Puts right what an item says, until it is done."""

    name = "action_item.edit"
    access = "thing"
    title = "Edit action item"
    submit = "Save"

    subject: ItemRef
    what: Text = _WHAT
    gap: Choice = _GAP
    measure: Text = _MEASURE
    seen: Line = field(hidden=True)
    """How much had been edited in it when the form was filled in."""


class Correct(Command, frozen=True):
    """Puts right, or takes back, what somebody wrote with the last step of an item."""

    name = "action_item.correct"
    access = "thing"
    title = "Correct what you wrote"
    submit = "Save"

    subject: ItemRef
    words: Text = field("What you wrote", coach="team")
    step: Line = field(hidden=True)
    """The place in the item's history, from 1, of the step that the form was opened for."""


class TakeStep(Command, frozen=True):
    """Takes a step of an item's life: each step is a command of its own, made from its row."""

    row: ClassVar[StepRow]
    access = "thing"

    subject: ItemRef
    words: str = ""
    owner: str = ""
    """Hand over: the new owner's id."""
    due: date | None = None
    """Change date: the new day."""

    @classmethod
    def fields(cls) -> tuple[FieldSpec, ...]:
        return tuple(_spec_of(each) for each in cls.row.form.fields) if cls.row.form else ()

    @classmethod
    def read(cls, values: Mapping[str, str]) -> dict[str, object]:
        return read_all({_HELD_BY[spec.kind]: spec for spec in cls.fields()}, values)

    def for_coach(self) -> tuple[tuple[FieldSpec, str], ...]:
        return tuple((spec, self.words) for spec in self.fields() if spec.coach)


_HELD_BY: Mapping[FieldKind, str] = {"text": "words", "person": "owner", "date": "due"}
"""Which attribute of a step's command holds what a field of its form says."""


def _spec_of(declared: StepField) -> FieldSpec:
    return FieldSpec(
        name=declared.name,
        kind=declared.kind,
        label=declared.label,
        needed=declared.needed,
        max_length=max_length(declared.kind),
        coach=declared.coach,
    )


class RemindLater(Command, frozen=True):
    """Leaves an item's owner alone with it until a day of their choice."""

    name = "action_item.remind_later"
    access = "thing"
    title = "Remind me later"
    submit = "Remind me later"

    subject: ItemRef
    when: Choice = field(
        "When",
        needed="Choose when to be reminded.",
        hint="I'll remind you that day, or on your next working day.",
        value="tomorrow",
    )


class Read(Command, frozen=True):
    """Shows all of an item's words."""

    name = "action_item.read"
    access = "thing"

    subject: ItemRef


class Mine(Command, frozen=True):
    """Lists a person's own open items."""

    name = "action_item.mine"
    access = "own"
    shows_things = True
    shown_at = "board"


def _command_of(row: StepRow) -> type[TakeStep]:
    command = create_model(row.name, __base__=TakeStep, __doc__=f"Takes the step {row.name}.")
    command.name, command.row = f"action_item.{row.name}", row
    if row.form is not None:
        command.title, command.submit = row.form.title, row.form.submit
        command.takes_away = row.form.takes_away
    return command


STEP_COMMANDS = tuple(_command_of(row) for row in STEPS.values())
"""One for each step of an item's life."""


def open_add(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form from a retro, from an answer, or from a thread's message."""
    subject, source = opening.subject, opening.request.source
    what = gap = ""
    if source is not None:
        case_number = retro_thread.case_of(opening.channel, source.thread, work)
        if case_number is None:
            raise Refused("Use this on a message in the thread of a retro.")
        subject, what = CaseRef(number=case_number), source.text
    elif isinstance(subject, AnswerRef):
        answer = answer_of(subject, work)
        subject, what = CaseRef(number=answer.case_number), answer.text
        gap = gap_of(retro_of(subject, work).prompts, answer.prompt)
    elif isinstance(subject, CaseRef) and subject.part == VIEW:
        what = recovery_jobs.view_of(subject.number, work)
    retro = retro_of(subject, work)
    gaps = gaps_in(retro, work.teams.require(retro.channel_id))
    ref = retro.ref.at(subject.part) if isinstance(subject, CaseRef) else retro.ref
    if ref.part != VIEW:
        must_be_open(retro, "add an action item")
    if opening.only_checks:
        filled = opening.readable("owner", "due", "gap")
        _check_filled(filled["owner"] or "", filled["due"], filled["gap"] or "", retro, opening, work)
    policy = work.teams.require(retro.channel_id).policy
    return Reply(form=add_form(ref, retro.channel_id, what, gap, gaps, policy))


def add_form(
    ref: CaseRef,
    channel_id: str,
    what: str = "",
    gap: str = "",
    gaps: Sequence[str] = GAPS,
    policy: Policy = NO_POLICY,
) -> Form:
    """Add action item; `gaps` are those that it can be filed under.

    It says when it is due without a date, where the team's policy does.
    """
    hint = policy_messages.due_hint(policy)
    return Add.form(
        ref,
        channel_id=channel_id,
        values={"what": what, "gap": gap},
        changed={"gap": {"options": choices(gaps)}, **({"due": {"hint": hint}} if hint else {})},
    )


def add(command: Add, work: UnitOfWork) -> Reply:
    """Adds an item: agreed when its owner adds it, proposed to them otherwise."""
    retro = retro_of(command.subject, work)
    if retro.state == "closed" and command.inside and command.is_from_view:
        # What the customer adds once the retro is finished is a reason to open it again.
        recovery_jobs.view_of(retro.case_number, work)
        why = "The customer's view of what changed."
        retro = retro_commands.open_because(retro, why, command, work)
    must_be_open(retro, "add an action item")
    # Should somebody close, cancel or move it just now, one of both loses and looks again.
    work.retros.hold(retro)
    owner, day = _check_filled(command.owner, command.due, command.gap, retro, command, work)
    team = work.teams.require(retro.channel_id)
    aim = team.policy.due(command.gap, team.hours, day) if command.due is None else None
    item = ActionItem(
        number=0,
        case_number=retro.case_number,
        channel_id=retro.channel_id,
        what=command.what,
        asked_by=command.person.id,
        gap=command.gap or None,
        owner=owner.id if owner else None,
        due=command.due or aim,
        measure=command.measure,
    )
    added = work.action_items.add(domain.propose(item, command.at, day))
    reply = _show(added, command, work)
    returned_jobs.tell_lead(added, command.at, work)
    words = confirmation.added(added, command.person.id, owner, on(aim, day) if aim else None)
    return _confirmed(words, reply)


def _check_filled(
    owner_id: str, due: date | None, gap: str, retro: Retro, invocation: Invocation, work: ReadOnlyWork
) -> tuple[Person | None, date]:
    """Whom the form names, and their today; refuses whom nobody can ask, a day gone by, and no gap."""
    named = work.people.get(owner_id) if owner_id else None
    day = _today(named or invocation.person, retro.channel_id, invocation, work)
    owner, _ = check_all(
        lambda: person_of(owner_id, "owner", work),
        lambda: check_all(
            lambda: domain.check_due(due, day),
            lambda: check_gap(gap, gaps_in(retro, work.teams.require(retro.channel_id))),
        ),
    )
    return owner, day


def open_edit(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form to edit an item, filled in with what is stored."""
    item = item_of(opening.subject, work)
    item_edit.check_edit(item)
    gaps = _gaps_of(item, work)
    if opening.only_checks:
        check_gap(opening.readable("gap")["gap"] or "", gaps)
    return Reply(form=edit_form(item, gaps))


def edit_form(item: ActionItem, gaps: Sequence[str] = GAPS) -> Form:
    """Edit action item, filled in with what is stored; `gaps` are those that it can be filed under."""
    values = {"what": item.what, "gap": item.gap or "", "measure": item.measure}
    form = Edit.form(
        item.ref,
        channel_id=item.channel_id,
        values=values,
        changed={"gap": {"options": choices(gaps)}},
        hidden={"seen": str(len(item_edit.edited(item)))},
    )
    return said_to_stay(form)


def _gaps_of(item: ActionItem, work: ReadOnlyWork) -> Sequence[str]:
    """The gaps that an item can be filed under: those of its retro, and the one that it has."""
    retro = retro_of(CaseRef(number=item.case_number), work)
    gaps = gaps_in(retro, work.teams.require(item.channel_id))
    return tuple(dict.fromkeys((*gaps, *filter(None, (item.gap,)))))


def edit(command: Edit, work: UnitOfWork) -> Reply:
    """Saves what is put right, and brings up to date whatever shows it; an owner who agreed is told."""
    item = item_of(command.subject, work)
    item_edit.check_edit(item)
    texts = {"what": whole(command.what, item.what), "measure": whole(command.measure, item.measure)}
    gaps = _gaps_of(item, work)
    check_gap(command.gap, gaps)
    _check_seen(command, edit_form(item, gaps), item, texts, work)
    edited = item_edit.edit(item, {**texts, "gap": command.gap or None}, command.person.id, command.at)
    if edited == item:
        return Reply(message=confirmation.item_unchanged(item), done=True)
    _show_words(edited, command, work)
    if edited.gap != item.gap:
        returned_jobs.edit_told(command.at, work)
        returned_jobs.tell_lead(edited, command.at, work)
    owner = work.people.get(edited.owner) if edited.owner else None
    for number in range(len(item.edits) + 1, len(edited.edits) + 1):
        if owner and not owner.gone and item_edit.is_edit_news(edited, number, owner.id):
            work.jobs.schedule(action_item_jobs.edit_job(edited, number, owner.id, command.at))
    return Reply(message=confirmation.item_edited(edited), done=True)


def _check_seen(
    command: Edit, now: Form, item: ActionItem, texts: Mapping[str, str], work: ReadOnlyWork
) -> None:
    """Raises AskFirst where somebody edited it while the form was open; `now`: as it would open now."""
    edits = item_edit.edited(item)
    if command.seen in ("", str(len(edits))):
        return
    written = {**(command.request.values or {}), **texts}
    if differing(now, written):
        who = work.people.get(edits[-1].by) if edits else None
        raise AskFirst(Reply(form=changed_meanwhile(now, written, who, command.person.id, {})))


def open_correct(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form to correct what one wrote with the last step, filled in with that."""
    item = item_of(opening.subject, work)
    item_edit.check_correct(item, opening.person.id)
    return Reply(form=correct_form(item))


def correct_form(item: ActionItem) -> Form:
    """Correct what you wrote: the very field of the last step's form."""
    last = item.history[-1]
    asked = STEPS[last.step].words if last.step != "add" else None
    drawn: dict[str, object] = {"label": asked.label, "needed": bool(asked.needed)} if asked else {}
    if not drawn.get("needed"):
        drawn["hint"] = "Leave it empty to take it back."
    form = _form(Correct, item, {"words": last.words}, {"words": drawn})
    hidden = {"step": str(len(item.history))}
    return said_to_stay(form.model_copy(update={"hidden": hidden}))


def correct(command: Correct, work: UnitOfWork) -> Reply:
    """Saves other words of an item's last step, for who wrote them."""
    item = item_of(command.subject, work)
    step = int(command.step) if command.step.isdecimal() else None
    item_edit.check_correct(item, command.person.id, step)
    words = whole(command.words, item.history[-1].words)
    corrected = item_edit.correct(item, words, command.person.id, command.at)
    if corrected == item:
        return Reply(message=confirmation.item_unchanged(item), done=True)
    _show_words(corrected, command, work)
    return Reply(message=confirmation.item_edited(corrected), done=True)


def _show_words(item: ActionItem, command: Command, work: UnitOfWork) -> None:
    """Saves an item whose words were put right, and brings up to date whatever says them."""
    work.action_items.save(item)
    _show(item, command, work)
    recovery = work.recoveries.get(item.case_number)
    told = recovery_jobs.told_jobs(recovery, command.at, work) if recovery else []
    edit_said([*action_item_jobs.news(item, command.at), *told], work, on_their_way=True)
    reminder_jobs.refresh(item, command.at, work)
    cases, items = [item.case_number], [item.number]
    edit_carried(item.channel_id, command.at, work, cases=cases, items=items)


def open_step(command: type[TakeStep], opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form of a step, unless this person cannot take it now."""
    item = item_of(opening.subject, work)
    _check(item, command.row, opening, work)
    done = item.last("done")
    doer = work.people.get(done.by) if done else None
    return Reply(form=step_form(command, item, doer))


def step_form(command: type[TakeStep], item: ActionItem, doer: Person | None = None) -> Form:
    """The form of a step, about an item; `doer` marked it done."""
    form = _form(command, item, {"due": item.due.isoformat() if item.due else ""})
    if command.row.form is None or not command.row.form.with_evidence:
        return form
    return form.model_copy(update={"parts": (*form.parts, *messages.evidence(item, doer))})


def take(command: TakeStep, work: UnitOfWork) -> Reply:
    """Takes a step: the domain says whether it is allowed."""
    item = item_of(command.subject, work)
    _check(item, command.row, command, work)
    moved = Moved(
        step=command.row.name,
        by=command.person.id,
        at=command.at,
        words=command.words,
        to=_to(command, item, work),
    )
    reply, after = _move(item, moved, command, work)
    _tell_step(after, len(after.history), command, work)
    if item.state == "verified" or moved.step == "drop":
        returned_jobs.edit_told(command.at, work)
    if command.row.form is None:
        return reply
    to = command.due or (work.people.get(command.owner) if command.owner else None)
    return _confirmed(confirmation.stepped(command.row.form, to, command.at.date()), reply)


def _confirmed(words: Message, reply: Reply) -> Reply:
    """What a form did, and what else there is to know about it."""
    return Reply(message=confirmation.followed_by(words, reply.message), done=reply.message is None)


def _move(
    item: ActionItem, moved: Moved, command: Command, work: UnitOfWork
) -> tuple[Reply, ActionItem]:
    """Takes a step, and brings up to date whatever shows the item or was said of its steps."""
    alone = action_item_jobs.verifier_in(item.channel_id, work)
    after = domain.move(item, moved, _lead(item, work), alone)
    if domain.begins_anew(after):
        owner = work.people.get(after.owner) if after.owner else None
        zone = (owner.zone if owner else None) or work.teams.require(item.channel_id).zone
        after = domain.without_past_date(after, today(zone, command.at))
    work.action_items.save(after)
    reply = _show(after, command, work, was=item.owner)
    for number in domain.steps_told(item):
        if domain.is_news(item, number):
            _tell_step(after, number, command, work)
    if item_edit.edited(after):
        edit_said(action_item_jobs.news(after, command.at), work)
    reminder_jobs.resolve(after, moved.step, command.at, work)
    return reply, after


def _tell_step(item: ActionItem, number: int, command: Command, work: UnitOfWork) -> None:
    """Whom the `number`th step of its history concerns hears of it at once, and what came of that."""
    job = action_item_jobs.step_job(item, number, command.at)
    if job is not None:
        work.jobs.schedule(job)


def _to(command: TakeStep, item: ActionItem, work: UnitOfWork) -> str | None:
    """The new owner, or the new day, where the step is about one."""
    if command.due is not None:
        domain.check_due(command.due, _today(command.person, item.channel_id, command, work))
        return command.due.isoformat()
    owner = person_of(command.owner, "owner", work)
    return owner.id if owner else None


def open_remind_later(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form to be reminded later."""
    item = item_of(opening.subject, work)
    domain.check_remind_later(item, opening.person.id)
    day = _today(opening.person, item.channel_id, opening, work)
    return Reply(form=remind_later_form(item, day))


def remind_later_form(item: ActionItem, today: date) -> Form:
    """Remind me later."""
    changed = {"when": {"options": messages.later_days(item, today)}}
    return _form(RemindLater, item, {}, changed)


def remind_later(command: RemindLater, work: UnitOfWork) -> Reply:
    """Leaves its owner alone with it until a day of their choice."""
    item = item_of(command.subject, work)
    day = _today(command.person, item.channel_id, command, work)
    later = domain.remind_later(item, command.when, command.person.id, day)
    work.action_items.save(later)
    reminder_jobs.resolve(later, "remind_later", command.at, work)
    return Reply(message=messages.reminded_later(later, day), done=True)


def _form(
    command: type[Command],
    item: ActionItem,
    values: Mapping[str, str],
    changed: Mapping[str, Mapping[str, object]] | None = None,
) -> Form:
    return command.form(
        item.ref,
        channel_id=item.channel_id,
        parts=messages.above_step(item),
        values=values,
        changed=changed,
    )


def _show(item: ActionItem, command: Command, work: UnitOfWork, was: str | None = None) -> Reply:
    """Brings every message that shows the item up to date: thread, owners old and new, retro.

    Returns what the person has to know about it: that the retro's outcome holds no more.
    """
    work.jobs.schedule(action_item_jobs.item_job(item, command.at, command.person.id))
    for owner in sorted({owner for owner in (item.owner, was) if owner}):
        asked_by = command.person.id if command.person.id != owner else None
        work.jobs.schedule(action_item_jobs.owner_job(item, owner, command.at, asked_by))
    work.jobs.schedule(
        retro_jobs.retro_job(item.case_number, item.channel_id, command.at, asked_by=command.person.id)
    )
    reply = _follow_in_retro(item, command, work)
    recovery_jobs.note_retro(item.case_number, command.at, work)
    return reply


TAKES_A_YES_BACK = ("hand_over", "decline", "drop")
"""Steps after which nobody may have agreed to an item any more."""


def _follow_in_retro(item: ActionItem, command: Command, work: UnitOfWork) -> Reply:
    """Keeps the summary and the reminders of its retro true, and whether its outcome holds."""
    retro = retro_of(CaseRef(number=item.case_number), work)
    # Saved even where it stays as it is: whoever closes it now, or takes another yes back, looks again.
    takes_a_yes_back = item.history[-1].step in TAKES_A_YES_BACK
    if retro.state == "open":
        if takes_a_yes_back:
            work.retros.save(retro)
        if retro.answers_close_on < command.at.date():
            # Its lead may have been asked to decide, in words that count its items.
            reminder_jobs.refresh(retro, command.at, work, traceless=False)
        return Reply()
    settled = retro_domain.settle(retro, work.action_items.of_case(item.case_number), command.at)
    if settled != retro or takes_a_yes_back:
        work.retros.save(settled)
    if settled != retro:
        reminder_jobs.refresh(settled, command.at, work, traceless=False)
    retro_jobs.edit_summaries(settled, command.at, work, asked_by=command.person.id)
    lapsed = retro.unsettled_at is None and settled.unsettled_at is not None
    return Reply(message=retro_messages.lapsed(settled)) if lapsed else Reply()


def reopen_because(item: ActionItem, words: str, command: Command, work: UnitOfWork) -> None:
    """Reopens an item whose fix did not hold, with the customer's words.

    Its owner is told that by what says that the customer is not put right.
    """
    moved = Moved(step="reopen", by=command.person.id, at=command.at, words=words)
    _move(item, moved, command, work)


def _check(item: ActionItem, row: StepRow, invocation: Invocation, work: ReadOnlyWork) -> None:
    """Refuses a step that this person cannot take now."""
    alone = action_item_jobs.verifier_in(item.channel_id, work)
    domain.check(item, row.name, invocation.person.id, _lead(item, work), alone)


def _lead(item: ActionItem, work: ReadOnlyWork) -> str | None:
    return work.teams.require(item.channel_id).lead


def _today(person: Person, channel_id: str, invocation: Invocation, work: ReadOnlyWork) -> date:
    zone = person.zone or work.teams.require(channel_id).zone
    return today(zone, invocation.at)


def read(command: Read, work: ReadOnlyWork) -> Reply:
    """Shows all of an item's words."""
    item = item_of(command.subject, work)
    named = {
        item.asked_by,
        *(moved.by for moved in item.history),
        *(moved.to or "" for moved in item.history),
        *(edit.by for edit in item.edits),
    }
    sent_reminders = work.reminders.of([item.label])
    delivered = reminder_jobs.said(sent_reminders, work)
    named |= {sent.recipient_id for sent in delivered}
    return Reply(form=messages.whole(item, work.people.among(named - {""}), delivered))


def mine(command: Mine, work: ReadOnlyWork) -> Reply:
    """A person's own open items, late ones first."""
    first, first_owed = command.page * MAX_LISTED, command.page * MAX_OWED
    person_id, guest_in = command.person.id, command.guest_in
    rows = work.action_items.owned_by(person_id, first + MAX_LISTED + 1, guest_in)[first:]
    owed = work.recoveries.owed_by(person_id, first_owed + MAX_OWED + 1, guest_in)[first_owed:]
    cases = work.retros.with_cases({recovery.case_number for recovery in owed})
    items = rows[:MAX_LISTED]
    links = retro_thread.links_of({item.case_number for item in items}, work)
    people = {command.person.id: command.person}
    day = team_jobs.own_day(command.person, [*rows, *owed], command.at, work)
    more = len(rows) > MAX_LISTED or len(owed) > MAX_OWED
    owed_parts = owed_messages.mine(
        owed[:MAX_OWED], {number: case for number, (_, case) in cases.items()}, person_id, day
    )
    page = Page(command.page, more)
    return Reply(message=messages.mine(items, links, people, day, owed=owed_parts, page=page))
