"""What was said is edited; what was not said yet is left to its own job."""

from collections.abc import Iterable

from bot.domain.job import Job
from bot.ports import UnitOfWork


def edit_said(jobs: Iterable[Job], work: UnitOfWork, *, on_their_way: bool = False) -> None:
    """Schedules those of these jobs whose message was said, so that it is brought up to date.

    `on_their_way`: also those that are owed, because one may be sent just now in the older words.
    """
    by_key = {job.key: job for job in jobs}
    keys = set(work.sent_messages.among(by_key.keys()))
    if on_their_way:
        keys |= work.jobs.owed(by_key.keys() - keys)
    for key in sorted(keys):
        work.jobs.schedule(by_key[key])
