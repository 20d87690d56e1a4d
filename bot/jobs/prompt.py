"""What the bot says of a team's prompts, in its channel."""

from datetime import datetime

from bot.domain import message_key
from bot.domain.job import Job
from bot.domain.team import Team
from bot.jobs.payload import JobPayload
from bot.messages import prompt as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork
from bot.prompts import of_team


class Changed(JobPayload):
    """That the team's retros ask something else; one message a day, which is edited from then on."""

    name = "prompts.changed"
    what = "that the prompts were changed"
    about = "{channel_id}"
    detail = "{changed_by}"

    channel_id: str
    changed_by: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Who changed them last, and what they are now."""
        team = work.teams.get(self.channel_id)
        if team is None:
            return None
        return messages.changed(team, of_team(team), work.people.get(self.changed_by))


def changed_job(team: Team, changed_by: str, at: datetime) -> Job:
    """The job that says to the channel who changed what its retros ask."""
    return Changed(channel_id=team.channel_id, changed_by=changed_by).job(
        team.channel_id, message_key.prompts(team.channel_id, at.date()), at, asked_by=changed_by
    )
