"""What the bot says about itself, and of a team's settings."""

from datetime import datetime

from bot.domain import message_key
from bot.domain.job import Job
from bot.domain.team import Team
from bot.messages import team as messages
from bot.messages.parts import Message
from bot.ports import UnitOfWork


def settings_changed_job(team: Team, recipient_id: str, changed_by: str, at: datetime) -> Job:
    """A word to a lead, of before or of now, that somebody else changed their team's settings."""
    return Job(
        name="team.settings_changed",
        about=team.channel_id,
        channel_id=recipient_id,
        key=message_key.settings(team.channel_id, team.version, recipient_id),
        direct=True,
        once=True,
        due_at=at,
        detail=changed_by,
    )


def settings_changed(job: Job, work: UnitOfWork) -> Message | None:
    """Who changed a team's settings, and what they are now; `detail` is who it was."""
    team = work.teams.get(job.about)
    if team is None:
        return None
    people = work.people.among({job.detail, team.lead or ""} - {""})
    names = {id: person.name for id, person in people.items()}
    return messages.settings_changed(
        team, names.get(job.detail, "Somebody"), names.get(team.lead or "", "")
    )


def hello(job: Job, work: UnitOfWork) -> Message | None:
    """One line about itself."""
    return messages.hello()
