"""What happens with an action item: added, agreed, handed over, done, verified by somebody else."""

from collections.abc import Callable, Mapping
from datetime import date

from bot import retro_thread
from bot.commands import fields
from bot.commands import retro as retro_commands
from bot.domain import action_item as domain
from bot.domain.action_item import ActionItem, ItemStep, Moved
from bot.domain.case import number_of
from bot.domain.errors import Refused
from bot.domain.person import Person
from bot.domain.retro import must_be_open
from bot.domain.working_hours import today
from bot.jobs import action_item as action_item_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.messages import action_item as messages
from bot.messages import owed as owed_messages
from bot.messages.board import MAX_LISTED
from bot.messages.parts import Form
from bot.ports import UnitOfWork
from bot.prompts import BY_KEY
from bot.request import Reply, Request

MAX_OWED = 5
"""Customers in a list: with ten items and their buttons, all of it fits one message in Slack."""


def get(label: str, work: UnitOfWork) -> ActionItem:
    """The item with this label; refuses when there is none."""
    item = work.action_items.get(number_of(label, "AI"))
    if item is None:
        raise Refused(f"{label} is not here any more, or never was.")
    return item


def add_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form from a retro (`C-7`), from an answer (its id), or from a thread's message."""
    what = gap = ""
    hidden: dict[str, str] = {}
    if request.source is not None:
        case_number = retro_thread.case_of(request.channel, request.source.thread, work)
        if case_number is None:
            raise Refused("Use this on a message in the thread of a retro.")
        about, what = f"C-{case_number}", request.source.text
    elif request.about.upper().startswith("C-"):
        about, _, part = request.about.partition("/")
        if part == "view":
            what, hidden = recovery_jobs.view_of(about, work), {"from_view": "yes"}
    else:
        answer = work.retros.answer(request.about)
        if answer is None:
            raise Refused("This answer is not here any more.")
        about, what = f"C-{answer.case_number}", answer.text
        gap = BY_KEY[answer.prompt].gap if answer.prompt in BY_KEY else ""
    retro = retro_commands.get(about, work)
    if not hidden:
        must_be_open(retro, "add an action item")
    return Reply(
        form=messages.add_form(
            about=about, channel_id=retro.channel_id, what=what, gap=gap, hidden=hidden
        )
    )


def add(request: Request, work: UnitOfWork) -> Reply:
    """Adds an item: agreed when its owner adds it, proposed to them otherwise."""
    retro = retro_commands.get(request.about, work)
    if retro.state == "closed" and request.inside and fields.text(request, "from_view"):
        # What the customer adds once the retro is finished is a reason to open it again.
        recovery_jobs.view_of(retro.label, work)
        retro = retro_commands.open_because(retro, "The customer's view of what changed.", request, work)
    must_be_open(retro, "add an action item")
    owner = fields.person(request, "owner", work)
    item = ActionItem(
        number=0,
        case_number=retro.case_number,
        channel_id=retro.channel_id,
        what=fields.text(request, "what", needed="Say what will change."),
        asked_by=request.person.id,
        gap=fields.text(request, "gap") or None,
        owner=owner.id if owner else None,
        due=fields.day(request, "due"),
        measure=fields.text(request, "measure"),
    )
    day = _today(owner or request.person, retro.channel_id, request, work)
    added = work.action_items.add(domain.propose(item, request.at, day))
    _show(added, request, work)
    return Reply()


# What each step's form says: the field with its words, and the sentence when they are missing.
WORDS: Mapping[ItemStep, tuple[str, str]] = {
    "hand_over": ("why", ""),
    "decline": ("why", "Say why, in a sentence."),
    "done": ("changed", "Say what changed, in a sentence."),
    "change_date": ("why", ""),
    "reopen": ("missing", "Say what is still missing."),
    "drop": ("why", "Say why, in a sentence."),
}


FORMS: Mapping[ItemStep, Callable[[ActionItem], Form]] = {
    "hand_over": messages.hand_over_form,
    "decline": messages.decline_form,
    "done": messages.done_form,
    "change_date": messages.change_date_form,
    "reopen": messages.reopen_form,
    "drop": messages.drop_form,
}


def _step(verb: str) -> ItemStep:
    return next(step for step in domain.ALLOWED if verb == f"action_item.{step}")


def step_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form of a step, unless this person cannot take it now."""
    step, item = _step(request.verb), get(request.about, work)
    domain.check(item, step, request.person.id, _lead(item, work))
    return Reply(form=FORMS[step](item))


def move(request: Request, work: UnitOfWork) -> Reply:
    """Takes a step: the verb says which, the domain says whether it is allowed."""
    step, item = _step(request.verb), get(request.about, work)
    lead = _lead(item, work)
    domain.check(item, step, request.person.id, lead)
    field, needed = WORDS.get(step, ("", ""))
    moved = Moved(
        step=step,
        by=request.person.id,
        at=request.at,
        words=fields.text(request, field, needed=needed) if field else "",
        to=_to(step, item, request, work),
    )
    after = domain.move(item, moved, lead)
    work.action_items.save(after)
    _show(after, request, work, was=item.owner)
    reminder_jobs.resolve(after, step, request.at, work)
    return Reply()


def remind_later_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form to be reminded later."""
    item = get(request.about, work)
    domain.check(item, "remind_later", request.person.id, _lead(item, work))
    day = _today(request.person, item.channel_id, request, work)
    return Reply(form=messages.remind_later_form(item, day))


def remind_later(request: Request, work: UnitOfWork) -> Reply:
    """Leaves its owner alone with it until a day of their choice."""
    item = get(request.about, work)
    day = _today(request.person, item.channel_id, request, work)
    later = domain.remind_later(item, fields.text(request, "when"), request.person.id, day)
    work.action_items.save(later)
    reminder_jobs.resolve(later, "remind_later", request.at, work)
    return Reply(message=messages.reminded_later(later))


def _to(step: ItemStep, item: ActionItem, request: Request, work: UnitOfWork) -> str | None:
    if step == "hand_over":
        owner = fields.person(request, "owner", work)
        if owner is None:
            raise Refused("Choose the new owner.", "owner")
        return owner.id
    if step == "change_date":
        due = fields.day(request, "due")
        if due is None:
            raise Refused("Choose the new date.", "due")
        domain.check_due(due, _today(request.person, item.channel_id, request, work))
        return due.isoformat()
    return None


def _show(item: ActionItem, request: Request, work: UnitOfWork, was: str | None = None) -> None:
    """Brings every message that shows the item up to date: thread, owners old and new, retro."""
    params = {"asked_by": request.person.id}
    work.jobs.schedule(action_item_jobs.item_job(item, request.at).model_copy(update=params))
    for owner in sorted({owner for owner in (item.owner, was) if owner}):
        asked_by = request.person.id if request.person.id != owner else None
        own = action_item_jobs.owner_job(item, owner, request.at)
        work.jobs.schedule(own.model_copy(update={"asked_by": asked_by}))
    work.jobs.schedule(
        retro_jobs.retro_job(item.case_number, item.channel_id, request.at, asked_by=request.person.id)
    )
    recovery_jobs.note_retro(item.case_number, request.at, work)


def reopen_because(item: ActionItem, words: str, request: Request, work: UnitOfWork) -> None:
    """Reopens an item whose fix did not hold, with the customer's words."""
    moved = Moved(step="reopen", by=request.person.id, at=request.at, words=words)
    after = domain.move(item, moved, _lead(item, work))
    work.action_items.save(after)
    _show(after, request, work, was=item.owner)
    reminder_jobs.resolve(after, "reopen", request.at, work)


def _lead(item: ActionItem, work: UnitOfWork) -> str | None:
    return retro_jobs.team_of(item.channel_id, work).lead


def _today(person: Person, channel_id: str, request: Request, work: UnitOfWork) -> date:
    zone = person.zone or retro_jobs.team_of(channel_id, work).zone
    return today(zone, request.at)


def read(request: Request, work: UnitOfWork) -> Reply:
    """Shows all of an item's words."""
    item = get(request.about, work)
    named = {
        item.asked_by,
        *(moved.by for moved in item.history),
        *(moved.to or "" for moved in item.history),
    }
    sent_reminders = work.reminders.of([item.label])
    message_refs = work.sent_messages.among({sent.message for sent in sent_reminders})
    heard = [sent for sent in sent_reminders if sent.message in message_refs]
    named |= {sent.recipient_id for sent in heard}
    return Reply(form=messages.whole(item, work.people.among(named - {""}), heard))


def mine(request: Request, work: UnitOfWork) -> Reply:
    """A person's own open items, late ones first."""
    found = work.action_items.owned_by(request.person.id, MAX_LISTED + 1)
    owed = work.recoveries.owed_by(request.person.id, MAX_OWED + 1)
    cases = work.retros.with_cases({recovery.case_number for recovery in owed})
    items = found[:MAX_LISTED]
    links = retro_thread.links_of({item.case_number for item in items}, work)
    people = {request.person.id: request.person}
    day = today(request.person.zone or "UTC", request.at)
    more = len(found) > MAX_LISTED or len(owed) > MAX_OWED
    told = owed_messages.mine(
        owed[:MAX_OWED], {number: case for number, (_, case) in cases.items()}, request.person.id, day
    )
    return Reply(message=messages.mine(items, links, people, day, more=more, owed=told))
