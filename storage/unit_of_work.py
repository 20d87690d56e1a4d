"""One transaction in one workspace, and everything that can be reached through it."""

from sqlalchemy import Connection

from bot import repositories
from storage.jobs.job import Jobs
from storage.jobs.scheduler import Scheduler
from storage.repositories.action_item import ActionItems
from storage.repositories.case import Cases
from storage.repositories.channel import Channels
from storage.repositories.notification_preferences import PreferencesOfPeople
from storage.repositories.person import People
from storage.repositories.post import Posts
from storage.repositories.recovery import Recoveries
from storage.repositories.reminder import Reminders
from storage.repositories.request import Requests
from storage.repositories.retro import Retros
from storage.repositories.sent_messages import SentMessages
from storage.repositories.team import Teams


class UnitOfWork:
    """ports.UnitOfWork; whoever opened the connection rolls back what was not committed."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._jobs = Jobs(connection, workspace)
        self.workspace = workspace
        self.people: repositories.People = People(connection, workspace)
        self.channels: repositories.Channels = Channels(connection, workspace)
        self.teams: repositories.Teams = Teams(connection, workspace)
        self.cases: repositories.Cases = Cases(connection, workspace)
        self.retros: repositories.Retros = Retros(connection, workspace)
        self.action_items: repositories.ActionItems = ActionItems(connection, workspace)
        self.recoveries: repositories.Recoveries = Recoveries(connection, workspace)
        self.scheduler: repositories.Scheduler = Scheduler(connection, workspace)
        self.preferences: repositories.PreferencesOfPeople = PreferencesOfPeople(connection, workspace)
        self.reminders: repositories.Reminders = Reminders(connection, workspace)
        self.jobs: repositories.Jobs = self._jobs
        self.sent_messages: repositories.SentMessages = SentMessages(connection, workspace)
        self.requests: repositories.Requests = Requests(connection, workspace)
        self.posts: repositories.Posts = Posts(connection, workspace)

    @property
    def owes(self) -> bool:
        """ports.UnitOfWork.owes."""
        return self._jobs.owes

    def flush(self) -> None:
        """Writes the scheduled jobs, before the commit."""
        self._jobs.flush()
