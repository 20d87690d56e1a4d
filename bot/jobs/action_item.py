"""What the bot says of an action item: in its thread, and to its owner."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from bot.domain import action_item as domain
from bot.domain import message_key
from bot.domain.action_item import ActionItem
from bot.domain.item_edit import edited, is_edit_news
from bot.domain.job import Job
from bot.domain.owner_day import owner_day
from bot.domain.person import Person
from bot.domain.team import verifier
from bot.jobs import out_of_reach
from bot.jobs.payload import JobPayload, Number, may_have_been_read
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
        return None if item is None else card(item, job.now, work)


def card(item: ActionItem, at: datetime, work: ReadOnlyWork) -> Message:
    """The item as it stands."""
    people = _people(item, work)
    return messages.card(item, people, _day(item, people, at, work))


class TellOwner(JobPayload):
    """The item, in the direct messages of its owner, or of whoever owned it before."""

    name = "action_item.tell_owner"
    what = "the action item AI-{item_number} to its owner"
    about = "AI-{item_number}/{owner_id}"
    lasting = True

    item_number: Number
    owner_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The item as it concerns them; nothing of a cancelled one to somebody who never got it."""
        item = work.action_items.get(self.item_number)
        if item is None or (item.cancelled and not may_have_been_read(job, work)):
            return None
        people = _people(item, work)
        root = work.sent_messages.get(message_key.retro(item.case_number))
        day = _day(item, people, job.now, work)
        return messages.own_copy(item, self.owner_id, people, day, root.link if root else None)

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """They are named in the thread instead."""
        return go_public(self.item_number, self.owner_id, reason, job.now, work)


class TellStep(JobPayload):
    """Tells somebody of a step that was taken without them; its row says whom, and in which words.

    Which step it was says its key. What is stored is from when only whoever asked for it was told.
    """

    name = "action_item.tell_asker"
    what = "what became of AI-{item_number} to whom it concerns"
    about = "AI-{item_number}/{person_id}"

    item_number: Number
    person_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The step; nothing when it went on before this could be said, or its reader is not there."""
        item = work.action_items.get(self.item_number)
        numbers = domain.steps_told(item) if item else ()
        number = next((one for one in numbers if item and _step_key(item, one) == job.key), None)
        if item is None or number is None:
            return None
        if not domain.is_news(item, number) and work.sent_messages.get(job.key) is None:
            return None
        people = work.people.among({item.history[number - 1].by, self.person_id})
        reader = people.get(self.person_id)
        if reader is not None and (reader.bot or reader.gone):
            return None
        root = work.sent_messages.get(message_key.retro(item.case_number))
        alone = verifier_in(item.channel_id, work)
        return messages.step_news(item, number, people, root.link if root else None, alone)

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """Its owner is named in the thread instead; whoever asked for it can read it there."""
        return go_public(self.item_number, self.person_id, reason, job.now, work)


class TellEdit(JobPayload):
    """Tells an owner that what they agreed to was changed by somebody else."""

    name = "action_item.tell_edit"
    what = "what was changed in AI-{item_number} to its owner"
    about = "AI-{item_number}/{owner_id}"
    detail = "{number}"

    item_number: Number
    owner_id: str
    number: Number
    """Which of its edits, from 1."""

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """What it says now, and what it said; nothing when it went on before this could be said."""
        item = work.action_items.get(self.item_number)
        if item is None or not 0 < self.number <= len(item.edits):
            return None
        is_news = is_edit_news(item, self.number, self.owner_id) and not item.cancelled
        if not is_news and work.sent_messages.get(job.key) is None:
            return None
        people = work.people.among({item.edits[self.number - 1].by})
        root = work.sent_messages.get(message_key.retro(item.case_number))
        return messages.edit_news(item, self.number, self.owner_id, people, root.link if root else None)

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """They are named in the thread instead."""
        return go_public(self.item_number, self.owner_id, reason, job.now, work)


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


def verifier_in(channel_id: str, work: ReadOnlyWork) -> Person | None:
    """Whoever alone verifies in the team of this channel; None: anybody who has not done it."""
    team = work.teams.require(channel_id)
    leads = {team.lead} if team.policy.lead_verifies and team.lead else set()
    return verifier(team, work.people.among(leads))


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


def step_job(item: ActionItem, number: int, at: datetime) -> Job | None:
    """The job that tells whom it concerns of the `number`th step of an item's history, from 1.

    None when that is nobody. It is edited when the item goes on.
    """
    person_id, key = domain.told_of(item, number), _step_key(item, number)
    if person_id is None or key is None:
        return None
    return TellStep(item_number=item.number, person_id=person_id).job(person_id, key, at, direct=True)


def _step_key(item: ActionItem, number: int) -> str | None:
    """The key of the word about the `number`th step of an item's history."""
    person_id = domain.told_of(item, number)
    if person_id is None:
        return None
    if item.history[number - 1].step != "done":
        return message_key.step(item.number, number, person_id)
    times = sum(moved.step == "done" for moved in item.history[:number])
    return message_key.asker(item.number, times, person_id)


def edit_job(item: ActionItem, number: int, owner_id: str, at: datetime) -> Job:
    """The job that tells an owner of the `number`th of its edits, from 1."""
    key = message_key.item_edit(item.number, number, owner_id)
    payload = TellEdit(item_number=item.number, owner_id=owner_id, number=number)
    return payload.job(owner_id, key, at, direct=True)


def news(item: ActionItem, at: datetime) -> list[Job]:
    """The jobs of what people were told of its steps, and of what was changed in it."""
    steps = (step_job(item, number, at) for number in domain.steps_told(item))
    changed = [number for number, edit in enumerate(item.edits, 1) if edit.part == "what"]
    edits = (edit_job(item, number, owner, at) for number in changed for owner in _owners(item))
    return [*(job for job in steps if job is not None), *edits]


def copies(item: ActionItem, at: datetime) -> list[Job]:
    """The jobs of all copies: to everybody who owns it, or did, and what was told of it."""
    return [*(owner_job(item, owner, at) for owner in _owners(item)), *news(item, at)]


def _owners(item: ActionItem) -> list[str]:
    """Everybody who may own it, or may have."""
    owners = {item.owner, *(who for moved in item.history for who in (moved.by, moved.to))}
    return sorted(filter(None, owners))


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
    editors = (edit.by for edit in edited(item)[-1:])
    named = (
        item.owner,
        item.asked_by,
        *editors,
        *(who for moved in steps for who in (moved.by, moved.to)),
    )
    return work.people.among({person for person in named if person})


def _day(item: ActionItem, people: Mapping[str, Person], at: datetime, work: ReadOnlyWork) -> date:
    return owner_day(item, people, work.teams.require(item.channel_id).zone, at)
