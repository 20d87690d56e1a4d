"""What the bot says of an action item: in its thread, and to its owner."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from bot.domain import action_item as domain
from bot.domain import message_key
from bot.domain.action_item import ActionItem
from bot.domain.job import Job
from bot.domain.person import Person
from bot.domain.working_hours import today
from bot.jobs import out_of_reach
from bot.jobs.payload import JobPayload, Number
from bot.messages import action_item as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork


class Show(JobPayload):
    """The item, in the retro's thread."""

    name = "action_item.show"
    what = "the action item AI-{item_number}"
    about = "AI-{item_number}"
    lasting = True

    item_number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The item as it stands."""
        item = work.action_items.get(self.item_number)
        if item is None:
            return None
        people = _people(item, work)
        return messages.card(item, people, _day(item, people, job.now, work))


class TellOwner(JobPayload):
    """The item, in the direct messages of its owner, or of whoever owned it before."""

    name = "action_item.tell_owner"
    what = "the action item AI-{item_number} to its owner"
    about = "AI-{item_number}/{owner_id}"
    lasting = True

    item_number: Number
    owner_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The item as it concerns them."""
        item = work.action_items.get(self.item_number)
        if item is None:
            return None
        people = _people(item, work)
        root = work.sent_messages.get(message_key.retro(item.case_number))
        day = _day(item, people, job.now, work)
        return messages.own_copy(item, self.owner_id, people, day, root.link if root else None)

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """They are named in the thread instead."""
        return go_public(self.item_number, self.owner_id, reason, job.now, work)


class TellAsker(JobPayload):
    """Tells whoever asked for an item that it is done, so that they can verify it."""

    name = "action_item.tell_asker"
    what = "that AI-{item_number} is done to whoever asked for it"
    about = "AI-{item_number}/{asker_id}"

    item_number: Number
    asker_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """What changed; nothing when it went on before this could be said, or the asker is not there."""
        item = work.action_items.get(self.item_number)
        if item is None or (item.state != "done" and work.sent_messages.get(job.key) is None):
            return None
        people = _people(item, work)
        asker = people.get(self.asker_id)
        if asker is not None and (asker.bot or asker.gone):
            return None
        root = work.sent_messages.get(message_key.retro(item.case_number))
        return messages.done_for_asker(item, self.asker_id, people, root.link if root else None)

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """Nothing: the thread says it too, and in two working days somebody is asked to verify it."""
        return ()


class CallOwner(JobPayload):
    """Names the owner in the thread; nothing when the item is somebody else's by now."""

    name = "action_item.call_owner"
    what = "a word to the owner of AI-{item_number}"
    about = "AI-{item_number}/{owner_id}"

    item_number: Number
    owner_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """That it waits for them."""
        item = _owned(self.item_number, self.owner_id, work)
        return messages.call_owner(item, _owner(self.owner_id, work)) if item else None


class TellLead(JobPayload):
    """Tells the lead that an owner cannot be reached, and why."""

    name = "action_item.tell_lead"
    what = "that the owner of AI-{item_number} is out of reach"
    about = "AI-{item_number}/{owner_id}"
    detail = "{reason}"

    item_number: Number
    owner_id: str
    reason: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Who it is, and what the platform says."""
        item = _owned(self.item_number, self.owner_id, work)
        return messages.unreached(item, _owner(self.owner_id, work), self.reason) if item else None


def item_job(item: ActionItem, at: datetime, asked_by: str | None = None) -> Job:
    """The job that keeps the item's message in the retro's thread current."""
    return Show(item_number=item.number).job(
        item.channel_id,
        message_key.item(item.number),
        at,
        thread=message_key.retro(item.case_number),
        asked_by=asked_by,
    )


def owner_job(item: ActionItem, owner: str, at: datetime, asked_by: str | None = None) -> Job:
    """The job that keeps its copy in the direct messages of its owner, or of a former one, current."""
    return TellOwner(item_number=item.number, owner_id=owner).job(
        owner, message_key.owner(item.number, owner), at, direct=True, asked_by=asked_by
    )


def asker_job(item: ActionItem, number: int, at: datetime) -> Job:
    """The job that tells whoever asked for the item that it is done, for the `number`th time.

    It is edited when the item goes on.
    """
    return TellAsker(item_number=item.number, asker_id=item.asked_by).job(
        item.asked_by, message_key.asker(item.number, number, item.asked_by), at, direct=True
    )


def copies(item: ActionItem, at: datetime) -> list[Job]:
    """The jobs of all copies: to everybody who owns it, or did, and what its asker heard of it."""
    owners = {item.owner, *(who for moved in item.history for who in (moved.by, moved.to))}
    jobs = [owner_job(item, owner, at) for owner in sorted(filter(None, owners))]
    return [*jobs, *(asker_job(item, done, at) for done in range(1, domain.times(item, "done") + 1))]


def go_public(
    item_number: int, owner_id: str, reason: str, at: datetime, work: ReadOnlyWork
) -> list[Job]:
    """Its owner cannot be reached directly: they are named in the thread, and the lead is told."""
    item = _owned(item_number, owner_id, work)
    if item is None or item.state not in domain.OPEN_STATES:
        return []
    call = CallOwner(item_number=item_number, owner_id=owner_id)
    to_lead = TellLead(item_number=item_number, owner_id=owner_id, reason=reason)
    return out_of_reach.go_public(
        owner_id,
        item,
        out_of_reach.Word(call, message_key.call_owner(item_number, owner_id)),
        out_of_reach.Word(to_lead, message_key.owner_unreached(item_number, owner_id)),
        at,
        work,
    )


def _owned(item_number: int, owner_id: str, work: ReadOnlyWork) -> ActionItem | None:
    """The item, as long as it is theirs."""
    item = work.action_items.get(item_number)
    theirs = item is not None and item.owner == owner_id and not item.cancelled
    return item if theirs else None


def _owner(owner_id: str, work: ReadOnlyWork) -> Person:
    return work.people.get(owner_id) or Person(id=owner_id, name="The owner")


def _people(item: ActionItem, work: ReadOnlyWork) -> Mapping[str, Person]:
    handed = item.last("hand_over")
    steps = (*messages.told(item), *((handed,) if handed else ()))
    named = (item.owner, item.asked_by, *(who for moved in steps for who in (moved.by, moved.to)))
    return work.people.among({person for person in named if person})


def _day(item: ActionItem, people: Mapping[str, Person], at: datetime, work: ReadOnlyWork) -> date:
    owner = people.get(item.owner or "")
    zone = (owner.zone if owner else None) or work.teams.require(item.channel_id).zone
    return today(zone, at)
