"""What the bot says of an action item: in its thread, and to its owner."""

from collections.abc import Mapping
from datetime import date, datetime

from bot.domain import action_item as domain
from bot.domain import message_key
from bot.domain.action_item import ActionItem
from bot.domain.case import number_of
from bot.domain.job import Job
from bot.domain.person import Person
from bot.domain.working_hours import today
from bot.jobs import out_of_reach
from bot.jobs import retro as retro_jobs
from bot.messages import action_item as messages
from bot.messages.parts import Message
from bot.ports import UnitOfWork


def item_job(item: ActionItem, at: datetime) -> Job:
    """The job that keeps the item's message in the retro's thread current."""
    return Job(
        name="action_item.show",
        about=item.label,
        channel_id=item.channel_id,
        key=message_key.item(item.number),
        thread=message_key.retro(item.case_number),
        due_at=at,
    )


def owner_job(item: ActionItem, owner: str, at: datetime) -> Job:
    """The job that keeps its copy in the direct messages of its owner, or of a former one, current."""
    return Job(
        name="action_item.tell_owner",
        about=f"{item.label}/{owner}",
        channel_id=owner,
        key=message_key.owner(item.number, owner),
        direct=True,
        due_at=at,
    )


def show(job: Job, work: UnitOfWork) -> Message | None:
    """The item, in the thread."""
    item = work.action_items.get(number_of(job.about, "AI"))
    if item is None:
        return None
    people = _people(item, work)
    return messages.card(item, people, _day(item, people, job, work))


def tell_owner(job: Job, work: UnitOfWork) -> Message | None:
    """The item, in the direct messages of its owner, or of whoever owned it before."""
    label, _, recipient_id = job.about.partition("/")
    item = work.action_items.get(number_of(label, "AI"))
    if item is None:
        return None
    people = _people(item, work)
    message_ref = work.sent_messages.get(message_key.retro(item.case_number))
    day = _day(item, people, job, work)
    return messages.own_copy(item, recipient_id, people, day, message_ref.link if message_ref else None)


def go_public(job: Job, work: UnitOfWork) -> list[Job]:
    """Its owner cannot be reached directly: they are named in the thread, and the lead is told."""
    label, _, recipient_id = job.about.partition("/")
    item = work.action_items.get(number_of(label, "AI"))
    if item is None or item.owner != recipient_id or item.state not in domain.OPEN_STATES:
        return []
    keys = (
        message_key.call_owner(item.number, recipient_id),
        message_key.owner_unreached(item.number, recipient_id),
    )
    return out_of_reach.go_public(job, "action_item", item, keys, work)


def call_owner(job: Job, work: UnitOfWork) -> Message | None:
    """Names the owner in the thread; nothing when the item is somebody else's by now."""
    item, owner = _owned(job, work)
    return messages.call_owner(item, owner) if item and owner else None


def tell_lead(job: Job, work: UnitOfWork) -> Message | None:
    """Tells the lead that an owner cannot be reached, and why."""
    item, owner = _owned(job, work)
    return messages.unreached(item, owner, job.detail) if item and owner else None


def _owned(job: Job, work: UnitOfWork) -> tuple[ActionItem | None, Person | None]:
    label, _, recipient_id = job.about.partition("/")
    item = work.action_items.get(number_of(label, "AI"))
    if item is None or item.owner != recipient_id:
        return None, None
    return item, work.people.get(recipient_id) or Person(id=recipient_id, name="The owner")


def _people(item: ActionItem, work: UnitOfWork) -> Mapping[str, Person]:
    last, handed = item.history[-1:], item.last("hand_over")
    steps = (*last, *((handed,) if handed else ()))
    named = (item.owner, item.asked_by, *(one for moved in steps for one in (moved.by, moved.to)))
    return work.people.among({person for person in named if person})


def _day(item: ActionItem, people: Mapping[str, Person], job: Job, work: UnitOfWork) -> date:
    owner = people.get(item.owner or "")
    zone = (owner.zone if owner else None) or retro_jobs.team_of(item.channel_id, work).zone
    return today(zone, job.now)
