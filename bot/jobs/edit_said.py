"""What was said is edited; what was not said yet is left to its own job."""

from collections.abc import Iterable

from bot.domain.job import Job
from bot.ports import UnitOfWork


def edit_said(jobs: Iterable[Job], work: UnitOfWork) -> None:
    """Schedules those of these jobs whose message was said, so that it is brought up to date."""
    by_key = {job.key: job for job in jobs}
    for key in sorted(work.sent_messages.among(by_key.keys())):
        work.jobs.schedule(by_key[key])
