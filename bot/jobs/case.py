"""What the bot says of cases beside their retros: that some wait, were cancelled, or were taken back."""

from datetime import datetime
from typing import Literal

from bot import retro_thread
from bot.domain import message_key
from bot.domain.case import Case, told_as
from bot.domain.job import Job
from bot.domain.person import Person
from bot.jobs.payload import JobPayload, Number
from bot.messages import case as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork, UnitOfWork


class Withdrawn(JobPayload):
    """In place of a message that would still name a customer, or a colleague, who was forgotten."""

    name = "case.withdrawn"
    what = "that something was taken back"
    about = "C-{case_number}"
    detail = "{whose}"

    case_number: Number
    whose: Literal["", "colleague"] = ""
    """Empty, as an older program stored it: the customer's."""

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Only that it was taken back; nothing in place of a word about somebody who has left."""
        if not self.whose:
            return messages.withdrawn()
        about = message_key.item_of(job.key) or message_key.case_of(job.key)
        return messages.withdrawn_of_colleague(stays=about is None)


class SayChange(JobPayload):
    """In the retro's thread: who cancelled it and why, or who brought it back."""

    name = "case.say_change"
    what = "that C-{case_number} was cancelled or brought back"
    about = "C-{case_number}/{number}"

    case_number: Number
    number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """That change, with the way back while it is the last word."""
        if (case := _changed(self.case_number, self.number, work)) is None:
            return None
        change = case.history[self.number - 1]
        same = [before.same_as for before in case.history[: self.number] if before.step != "edit"]
        same_as = next((number for number in reversed(same[-2:]) if number is not None), None)
        links = retro_thread.links_of({same_as} if same_as else (), work)
        return messages.changed(case, change, _by(change.by, work), same_as, links)


class SayMoved(JobPayload):
    """In the thread of the case that another one was found to be: what was said there is here now."""

    name = "case.say_moved"
    what = "that C-{case_number} is the same"
    about = "C-{case_number}/{number}"

    case_number: Number
    number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Which case it is, and who found it."""
        if (case := _changed(self.case_number, self.number, work)) is None:
            return None
        link = retro_thread.links_of({case.number}, work).get(case.number)
        return messages.moved(case, _by(case.history[self.number - 1].by, work), link)


class TellCancelled(JobPayload):
    """To somebody who had something to do in it: that nothing is left to do; nothing when it is."""

    name = "case.tell_cancelled"
    what = "that C-{case_number} was cancelled"
    about = "C-{case_number}/{number}/{person_id}"

    case_number: Number
    number: Number
    person_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Who cancelled it; once that was said, also who brought it back."""
        if (case := _changed(self.case_number, self.number, work)) is None:
            return None
        holds = case.cancelled and self.number == told_as(case)
        if not holds and work.sent_messages.get(job.key) is None:
            return None
        link = retro_thread.links_of({case.number}, work).get(case.number)
        last = [change for change in case.history if change.step != "edit"][-1]
        return messages.cancelled_for_you(case, _by(last.by, work), link)


def _changed(case_number: int, number: int, work: ReadOnlyWork) -> Case | None:
    """The case, if it was changed so often."""
    case = work.cases.get(case_number)
    return case if case is not None and 0 < number <= len(case.history) else None


def _by(person_id: str, work: ReadOnlyWork) -> Person:
    return work.people.get(person_id) or Person(id=person_id, name="Somebody")


def change_job(case: Case, number: int, at: datetime, asked_by: str | None = None) -> Job:
    """The job that says the `number`th change of a case in the retro's thread, and edits it later."""
    return SayChange(case_number=case.number, number=number).job(
        case.channel_id,
        message_key.case_change(case.number, number),
        at,
        thread=message_key.retro(case.number),
        asked_by=asked_by,
    )


def moved_job(case: Case, number: int, to: int, at: datetime, asked_by: str | None = None) -> Job:
    """The job that says the `number`th change of a case in the thread of the case it was moved to."""
    return SayMoved(case_number=case.number, number=number).job(
        case.channel_id,
        message_key.case_moved(case.number, number),
        at,
        thread=message_key.retro(to),
        asked_by=asked_by,
    )


def said_jobs(case: Case, at: datetime) -> list[Job]:
    """The jobs that say in threads what became of a case: that it was cancelled, moved, brought back."""
    jobs: list[Job] = []
    for place, change in enumerate(case.history, start=1):
        if change.step != "edit":
            jobs.append(change_job(case, place, at))
        if change.same_as is not None:
            jobs.append(moved_job(case, place, change.same_as, at))
    return jobs


def tell_job(case: Case, number: int, person_id: str, at: datetime) -> Job:
    """The job that tells somebody of the `number`th change, which cancelled it, and edits that later."""
    return TellCancelled(case_number=case.number, number=number, person_id=person_id).job(
        person_id, message_key.case_cancelled(case.number, number, person_id), at, direct=True
    )


class Backlog(JobPayload):
    """That cases were taken into a channel quietly, with a way in; kept current as retros open."""

    name = "case.backlog"
    what = "that older cases were taken in"
    about = "{channel_id}"

    channel_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """How many have no retro yet; nothing when all had one before it was said."""
        newest = work.cases.without_retro(self.channel_id, messages.MAX_OFFERED)
        if not newest and work.sent_messages.get(job.key) is None:
            return None
        return messages.backlog(newest, work.cases.count_without_retro(self.channel_id))


def backlog_job(channel_id: str, taken_in_at: datetime, at: datetime) -> Job:
    """The job that says, once a day, that cases were taken in; edited as their number changes."""
    key = message_key.backlog(channel_id, taken_in_at.date())
    return Backlog(channel_id=channel_id).job(channel_id, key, at, bulk=True)


def refresh_backlogs(channel_id: str, at: datetime, work: UnitOfWork) -> None:
    """Brings every such message of a channel up to date: each says how many wait, whatever its day."""
    payload = Backlog(channel_id=channel_id)
    for key in work.sent_messages.starting(message_key.all_backlogs(channel_id), channel_id):
        work.jobs.schedule(payload.job(channel_id, key, at, bulk=True))


def withdrawn_job(
    case_number: int,
    channel_id: str,
    key: str,
    at: datetime,
    *,
    thread: str | None = None,
    whose: Literal["", "colleague"] = "",
    direct: bool = False,
) -> Job:
    """The job that says it in place of the message with this key."""
    payload = Withdrawn(case_number=case_number, whose=whose)
    return payload.job(channel_id, key, at, thread=thread, direct=direct)
