"""What happens with an action item: added, agreed, handed over, done, verified by somebody else."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from bot.domain import action_item as domain
from bot.domain.action_item import ActionItem, ItemStep, Moved
from bot.domain.case import number_of
from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.recovery import Recovery
from bot.domain.retro import must_be_open
from bot.domain.working_hours import today
from bot.flows import customer, fields, reminder, thread
from bot.flows import retro as retros
from bot.messages import action_item as messages
from bot.messages import owed as owed_messages
from bot.messages.parts import Form, Message
from bot.ports import UnitOfWork
from bot.prompts import BY_KEY
from bot.request import Person, Reply, Request

MOST_LISTED = 10
MOST_OWED = 5
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
    kept: dict[str, str] = {}
    if request.found is not None:
        case = thread.case_of(request, request.found.thread, work)
        if case is None:
            raise Refused("Use this on a message in the thread of a retro.")
        about, what = f"C-{case}", request.found.text
    elif request.about.upper().startswith("C-"):
        about, _, part = request.about.partition("/")
        if part == "view":
            what, kept = customer.view_of(about, work), {"from_view": "yes"}
    else:
        answer = work.retros.answer(request.about)
        if answer is None:
            raise Refused("This answer is not here any more.")
        about, what = f"C-{answer.case}", answer.text
        gap = BY_KEY[answer.prompt].gap if answer.prompt in BY_KEY else ""
    retro = retros.get(about, work)
    if not kept:
        must_be_open(retro, "add an action item")
    return Reply(form=messages.add_form(about=about, place=retro.place, what=what, gap=gap, kept=kept))


def add(request: Request, work: UnitOfWork) -> Reply:
    """Adds an item: agreed when its owner adds it, proposed to them otherwise."""
    retro = retros.get(request.about, work)
    if retro.state == "closed" and request.inside and fields.text(request, "from_view"):
        # What the customer adds once the retro is finished is a reason to open it again.
        customer.view_of(retro.label, work)
        retro = retros.open_because(retro, "The customer's view of what changed.", request, work)
    must_be_open(retro, "add an action item")
    owner = fields.person(request, "owner", work)
    item = ActionItem(
        number=0,
        case=retro.case,
        place=retro.place,
        what=fields.text(request, "what", needed="Say what will change."),
        asked_by=request.person.id,
        gap=fields.text(request, "gap") or None,
        owner=owner.id if owner else None,
        due=fields.day(request, "due"),
        measure=fields.text(request, "measure"),
    )
    day = _today(owner or request.person, retro.place, request, work)
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
    reminder.settle(after, step, request, work)
    return Reply()


def remind_later_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form to be reminded later."""
    item = get(request.about, work)
    domain.check(item, "remind_later", request.person.id, _lead(item, work))
    day = _today(request.person, item.place, request, work)
    return Reply(form=messages.remind_later_form(item, day))


def remind_later(request: Request, work: UnitOfWork) -> Reply:
    """Leaves its owner alone with it until a day of their choice."""
    item = get(request.about, work)
    day = _today(request.person, item.place, request, work)
    later = domain.remind_later(item, fields.text(request, "when"), request.person.id, day)
    work.action_items.save(later)
    reminder.settle(later, "remind_later", request, work)
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
        domain.check_due(due, _today(request.person, item.place, request, work))
        return due.isoformat()
    return None


def in_thread(item: ActionItem, at: datetime) -> Job:
    """The job that keeps the item's message in the retro's thread current."""
    return Job(
        name="action_item.show",
        about=item.label,
        place=item.place,
        key=f"item:{item.number}",
        thread=thread.key(item.case),
        due_at=at,
    )


def own_key(item: ActionItem, owner: str | None = None) -> str:
    """The key of the item's message in the direct messages of its owner (or of a former one)."""
    return f"owner:{item.number}:{owner or item.owner}"


def own_copy(item: ActionItem, owner: str, at: datetime) -> Job:
    """The job that keeps its copy in the direct messages of its owner, or of a former one, current."""
    return Job(
        name="action_item.tell_owner",
        about=f"{item.label}/{owner}",
        place=owner,
        key=own_key(item, owner),
        direct=True,
        due_at=at,
    )


def _show(item: ActionItem, request: Request, work: UnitOfWork, was: str | None = None) -> None:
    """Brings every message that shows the item up to date: thread, owners old and new, retro."""
    asked = {"asked_by": request.person.id}
    work.jobs.schedule(in_thread(item, request.at).model_copy(update=asked))
    for owner in sorted({owner for owner in (item.owner, was) if owner}):
        asked_by = request.person.id if request.person.id != owner else None
        own = own_copy(item, owner, request.at)
        work.jobs.schedule(own.model_copy(update={"asked_by": asked_by}))
    work.jobs.schedule(retros.shown(item.case, item.place, request))
    customer.note_retro(item.case, request.at, work)


def open_again(item: ActionItem, words: str, request: Request, work: UnitOfWork) -> None:
    """Reopens an item whose fix did not hold, with the customer's words."""
    moved = Moved(step="reopen", by=request.person.id, at=request.at, words=words)
    after = domain.move(item, moved, _lead(item, work))
    work.action_items.save(after)
    _show(after, request, work, was=item.owner)
    reminder.settle(after, "reopen", request, work)


def _lead(item: ActionItem, work: UnitOfWork) -> str | None:
    return retros.team_of(item.place, work).lead


def _today(person: Person, place: str, request: Request, work: UnitOfWork) -> date:
    zone = person.zone or retros.team_of(place, work).zone
    return today(zone, request.at)


def show(job: Job, work: UnitOfWork) -> Message | None:
    """The item, in the thread."""
    item = work.action_items.get(number_of(job.about, "AI"))
    if item is None:
        return None
    people = _people(item, work)
    return messages.card(item, people, _day(item, people, job, work))


def tell_owner(job: Job, work: UnitOfWork) -> Message | None:
    """The item, in the direct messages of its owner, or of whoever owned it before."""
    label, _, reader = job.about.partition("/")
    item = work.action_items.get(number_of(label, "AI"))
    if item is None:
        return None
    people = _people(item, work)
    said = work.said.get(thread.key(item.case))
    day = _day(item, people, job, work)
    return messages.own_copy(item, reader, people, day, said.link if said else None)


def go_public(job: Job, work: UnitOfWork) -> list[Job]:
    """Its owner cannot be reached directly: they are named in the thread, and the lead is told."""
    label, _, reader = job.about.partition("/")
    item = work.action_items.get(number_of(label, "AI"))
    if item is None or item.owner != reader or item.state not in domain.OPEN_STATES:
        return []
    team = work.teams.get(item.place)
    called = Job(
        name="action_item.call_owner",
        about=job.about,
        place=item.place,
        key=f"call:{item.number}:{reader}",
        thread=thread.key(item.case),
        once=True,
        due_at=job.at or job.due_at,
    )
    if team is None or team.lead is None or team.lead == reader:
        return [called]
    told = called.model_copy(
        update={
            "name": "action_item.tell_lead",
            "place": team.lead,
            "direct": True,
            "thread": None,
            "key": f"unreached:{item.number}:{reader}",
            "detail": job.detail,
        }
    )
    return [called, told]


def pass_on(job: Job, work: UnitOfWork) -> list[Job]:
    """A reminder cannot be said to somebody directly.

    For each of its items that is theirs it is as when its owner cannot be told of it; what they hear
    of as the lead, or because they asked for it, goes to the retro's thread.
    """
    passed: list[Job] = []
    for due in reminder.dues(job, work):
        if isinstance(due.subject, ActionItem) and due.subject.owner == job.place:
            owned = job.model_copy(update={"about": f"{due.subject.label}/{job.place}"})
            passed += go_public(owned, work)
        elif not isinstance(due.subject, Recovery):  # flows/recovery.py passes those on
            passed.append(reminder.instead(job, due))
    return passed


def call_owner(job: Job, work: UnitOfWork) -> Message | None:
    """Names the owner in the thread; nothing when the item is somebody else's by now."""
    item, owner = _owned(job, work)
    return messages.call_owner(item, owner) if item and owner else None


def tell_lead(job: Job, work: UnitOfWork) -> Message | None:
    """Tells the lead that an owner cannot be reached, and why."""
    item, owner = _owned(job, work)
    return messages.unreached(item, owner, job.detail) if item and owner else None


def _owned(job: Job, work: UnitOfWork) -> tuple[ActionItem | None, Person | None]:
    label, _, reader = job.about.partition("/")
    item = work.action_items.get(number_of(label, "AI"))
    if item is None or item.owner != reader:
        return None, None
    return item, work.people.get(reader) or Person(id=reader, name="The owner")


def _people(item: ActionItem, work: UnitOfWork) -> Mapping[str, Person]:
    last, handed = item.history[-1:], item.last("hand_over")
    steps = (*last, *((handed,) if handed else ()))
    named = (item.owner, item.asked_by, *(one for moved in steps for one in (moved.by, moved.to)))
    return work.people.among({person for person in named if person})


def _day(item: ActionItem, people: Mapping[str, Person], job: Job, work: UnitOfWork) -> date:
    owner = people.get(item.owner or "")
    zone = (owner.zone if owner else None) or retros.team_of(item.place, work).zone
    return today(zone, job.at or job.due_at)


def read(request: Request, work: UnitOfWork) -> Reply:
    """Shows all of an item's words."""
    item = get(request.about, work)
    named = {
        item.asked_by,
        *(moved.by for moved in item.history),
        *(moved.to or "" for moved in item.history),
    }
    asked = work.reminders.of([item.label])
    said = work.said.among({one.message for one in asked})
    heard = [one for one in asked if one.message in said]
    named |= {one.reader for one in heard}
    return Reply(form=messages.whole(item, work.people.among(named - {""}), heard))


def mine(request: Request, work: UnitOfWork) -> Reply:
    """A person's own open items, late ones first."""
    found = work.action_items.owned_by(request.person.id, MOST_LISTED + 1)
    owed = work.recoveries.owed_by(request.person.id, MOST_OWED + 1)
    cases = work.retros.with_cases({recovery.case for recovery in owed})
    items = found[:MOST_LISTED]
    links = thread.links_of({item.case for item in items}, work)
    people = {request.person.id: request.person}
    day = today(request.person.zone or "UTC", request.at)
    more = len(found) > MOST_LISTED or len(owed) > MOST_OWED
    told = owed_messages.mine(
        owed[:MOST_OWED], {number: case for number, (_, case) in cases.items()}, request.person.id, day
    )
    return Reply(message=messages.mine(items, links, people, day, more=more, owed=told))
