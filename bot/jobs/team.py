"""What the bot says about itself, and of a team's settings."""

from datetime import datetime

from bot.domain import message_key
from bot.domain.channel import Channel
from bot.domain.job import Job
from bot.domain.team import Team
from bot.jobs.payload import JobPayload
from bot.messages import team as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork


class SettingsChanged(JobPayload):
    """A word to a lead, of before or of now, that somebody else changed their team's settings."""

    name = "team.settings_changed"
    what = "that a team's settings were changed"
    about = "{channel_id}"
    detail = "{changed_by}"

    channel_id: str
    changed_by: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Who changed them, and what they are now."""
        team = work.teams.get(self.channel_id)
        if team is None:
            return None
        people = work.people.among({self.changed_by, team.lead or ""} - {""})
        names = {id: person.name for id, person in people.items()}
        return messages.settings_changed(
            team, names.get(self.changed_by, "Somebody"), names.get(team.lead or "", "")
        )


class Hello(JobPayload):
    """One line about itself, in a channel that Amends was added to."""

    name = "team.hello"
    what = "a greeting"
    about = "{channel_id}"

    channel_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """What it is, and what to type."""
        return messages.hello()


def settings_changed_job(team: Team, recipient_id: str, changed_by: str, at: datetime) -> Job:
    """The job that says to one lead who changed the settings."""
    return SettingsChanged(channel_id=team.channel_id, changed_by=changed_by).job(
        recipient_id,
        message_key.settings(team.channel_id, team.version, recipient_id),
        at,
        direct=True,
        once=True,
    )


def hello_job(channel: Channel, at: datetime) -> Job:
    """The job that greets a channel, once."""
    return Hello(channel_id=channel.id).job(channel.id, message_key.hello(channel.id), at, once=True)
