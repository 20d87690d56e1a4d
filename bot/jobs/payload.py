"""What a job is about and what it says: a typed payload, stored in two columns of the job.

Beside it is what is said when a message cannot be, because that is a message itself.
"""

import hashlib
import re
from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, ClassVar, Self, TypedDict, Unpack

from pydantic import BaseModel, Field, ValidationError

from bot.domain import message_key
from bot.domain.job import Job
from bot.messages import case as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork

Number = Annotated[int, Field(ge=0, lt=1_000_000_000)]
"""A case's or an item's: more digits overflow the database's integer, and no workspace counts so far."""


class JobOptions(TypedDict, total=False):
    """How a job is said, as `Job` explains it; what is left out is as there."""

    direct: bool
    thread: str | None
    once: bool
    bulk: bool
    asked_by: str | None
    traceless: bool


class JobPayload(BaseModel, frozen=True):
    """What one kind of message is made from, read as things stand when it is said.

    A subclass per kind, named by `name` and listed under JOB_HANDLERS in `bot/routes.py`. `about` and
    `detail` are how its fields are stored in the columns of these names: templates that are filled to
    write and matched to read. They never change, because the program of the version before reads them.
    `what` is how a person is told which message could not be said, a template over the fields, too. One
    that is `lasting` is posted again when there is something new to say and somebody has deleted it. Of
    one that is `secret` nobody learns but its reader, and whoever runs Amends least of all. One that is
    `shown_at` a page in a browser leads there, where it is said to one person alone.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    about: ClassVar[str]
    detail: ClassVar[str] = ""
    lasting: ClassVar[bool] = False
    secret: ClassVar[bool] = False
    shown_at: ClassVar[str] = ""

    @abstractmethod
    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Its words at `job.now`; None when there is nothing to say any more."""

    def on_sent(self, job: Job, work: ReadOnlyWork) -> Sequence[Job]:
        """What the bot owes next, saved together with the first time that it was said."""
        return ()

    def on_failure(self, job: Job, reason: str, work: ReadOnlyWork) -> Sequence[Job]:
        """What the bot owes when it cannot be said for good: a note to whoever asked and to the lead."""
        return unsaid_jobs(job, self.what.format(**dict(self)), reason, work)

    @classmethod
    def has_follow_up(cls) -> bool:
        """Whether anything may follow when it was said; if not, the database need not be asked."""
        return cls.on_sent is not JobPayload.on_sent

    @property
    def label(self) -> str:
        """What it is about, in one word for the log: `C-7`; whom it is for is not told."""
        return self.about.partition("/")[0].format(**dict(self))

    def encode(self) -> tuple[str, str]:
        """The values of the columns `about` and `detail`."""
        fields = dict(self)
        return self.about.format(**fields), self.detail.format(**fields)

    @classmethod
    def decode(cls, about: str, detail: str) -> Self | None:
        """The payload that is stored so; None when it is no such payload.

        A column that the payload has no use for is not looked at.
        """
        fields: dict[str, str] = {}
        for template, stored in ((cls.about, about), (cls.detail, detail)):
            match = _pattern(template).fullmatch(stored) if template else None
            if template and match is None:
                return None
            fields |= match.groupdict() if match else {}
        try:
            return cls.model_validate(fields)
        except ValidationError:
            return None

    def job(self, channel_id: str, key: str, due_at: datetime, **options: Unpack[JobOptions]) -> Job:
        """The job that says it there, under this key."""
        about, detail = self.encode()
        return Job(
            name=self.name,
            about=about,
            detail=detail,
            channel_id=channel_id,
            key=key,
            due_at=due_at,
            **options,
        )


def may_have_been_read(job: Job, work: ReadOnlyWork) -> bool:
    """Whether its message was said before, or nobody knows how an attempt to say it ended."""
    return job.unsure or work.sent_messages.get(job.key) is not None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """What reads what the template writes: each field up to the words that follow it."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*?)", re.escape(template))
    return re.compile(pattern, re.DOTALL)


class Unsaid(JobPayload):
    """Tells somebody that a message could not be said in a channel ("": in direct messages), and why."""

    name = "case.unsaid"
    what = "a note about a message that was not said"
    about = "{channel_id}"
    detail = "{message}\n{reason}"

    channel_id: str
    message: str
    reason: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Which message, where and why."""
        channel = work.channels.get(self.channel_id) if self.channel_id else None
        return messages.unsaid(
            self.message,
            self.reason,
            channel_id=self.channel_id,
            name=channel.name if channel else self.channel_id,
        )


def unsaid_jobs(job: Job, message: str, reason: str, work: ReadOnlyWork) -> list[Job]:
    """A note to the person who asked and to the lead: one a day, channel and reason, so no flood.

    `message` names what was not said. An unnamed answer has nobody who asked: only the lead is told.
    """
    team = None if job.direct else work.teams.get(job.channel_id)
    recipients = {
        recipient_id for recipient_id in (job.asked_by, team.lead if team else None) if recipient_id
    }
    channel_id, at = "" if job.direct else job.channel_id, job.now
    mark = hashlib.sha256(f"{channel_id}\n{reason}\n{at:%Y-%m-%d}".encode()).hexdigest()[:16]
    payload = Unsaid(channel_id=channel_id, message=message, reason=reason)
    return [
        payload.job(recipient_id, message_key.unsaid(recipient_id, mark), at, direct=True, once=True)
        for recipient_id in sorted(recipients)
    ]
