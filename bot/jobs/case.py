"""What the bot says of a case beside its retro: that something was taken back."""

from datetime import datetime
from typing import Literal

from bot.domain.job import Job
from bot.jobs.payload import JobPayload, Number
from bot.messages import case as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork


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
        """Only that it was taken back."""
        return messages.withdrawn_of_colleague() if self.whose else messages.withdrawn()


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
