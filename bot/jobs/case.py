"""What the bot says where something else could not be said, or was taken back."""

import hashlib

from bot.domain import message_key
from bot.domain.job import Job
from bot.messages import case as messages
from bot.messages.parts import Message
from bot.ports import UnitOfWork


def note_unsaid(job: Job, what: str, work: UnitOfWork) -> list[Job]:
    """A note to the person who asked and to the lead: one a day, channel and reason, so no flood.

    `job.detail` holds the reason. An unnamed answer has nobody who asked: only the lead is told.
    """
    team = None if job.direct else work.teams.get(job.channel_id)
    recipients = {
        recipient_id for recipient_id in (job.asked_by, team.lead if team else None) if recipient_id
    }
    channel_id, reason, at = "" if job.direct else job.channel_id, job.detail, job.now
    mark = hashlib.sha256(f"{channel_id}\n{reason}\n{at:%Y-%m-%d}".encode()).hexdigest()[:16]
    return [
        Job(
            name="case.unsaid",
            about=channel_id,
            channel_id=recipient_id,
            direct=True,
            once=True,
            key=message_key.unsaid(recipient_id, mark),
            detail=f"{what.format(about=job.about.partition('/')[0])}\n{reason}",
            due_at=at,
        )
        for recipient_id in sorted(recipients)
    ]


def withdrawn(job: Job, work: UnitOfWork) -> Message | None:
    """In place of a message that would still name a customer who was forgotten."""
    return messages.withdrawn()


def unsaid(job: Job, work: UnitOfWork) -> Message | None:
    """Tells the person who asked that a message could not be said; `about` is the channel."""
    what, _, reason = job.detail.partition("\n")
    channel = work.channels.get(job.about) if job.about else None
    return messages.unsaid(
        what, reason, channel_id=job.about, name=channel.name if channel else job.about
    )
