"""Somebody cannot be reached directly: they are named in the retro's thread, and the lead is told."""

from datetime import datetime
from typing import NamedTuple

from bot.domain import message_key
from bot.domain.action_item import ActionItem
from bot.domain.job import Job
from bot.domain.recovery import Recovery
from bot.jobs.payload import JobPayload
from bot.ports import ReadOnlyWork


class Word(NamedTuple):
    """A payload and the key of the message that says it."""

    payload: JobPayload
    key: str


def go_public(
    person_id: str,
    subject: ActionItem | Recovery,
    call: Word,
    to_lead: Word,
    at: datetime,
    work: ReadOnlyWork,
) -> list[Job]:
    """The call in the thread, and the word to the lead unless it is they who cannot be reached."""
    thread = message_key.retro(subject.case_number)
    jobs = [call.payload.job(subject.channel_id, call.key, at, thread=thread, once=True)]
    lead = work.teams.require(subject.channel_id).lead
    if lead is not None and lead != person_id:
        jobs.append(to_lead.payload.job(lead, to_lead.key, at, direct=True, once=True))
    return jobs
