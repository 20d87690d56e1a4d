"""One transaction in one workspace, and everything that can be reached through it."""

from sqlalchemy import Connection

from bot import repositories
from storage.action_item import ActionItems
from storage.agenda import Agenda
from storage.case import Cases
from storage.job import Jobs
from storage.person import People
from storage.place import Places
from storage.post import Posts
from storage.reader import Readers
from storage.recovery import Recoveries
from storage.reminder import Reminders
from storage.request import Requests
from storage.retro import Retros
from storage.said import Said
from storage.team import Teams


class UnitOfWork:
    """ports.UnitOfWork; whoever opened the connection rolls back what was not committed."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._jobs = Jobs(connection, workspace)
        self.workspace = workspace
        self.people: repositories.People = People(connection, workspace)
        self.places: repositories.Places = Places(connection, workspace)
        self.teams: repositories.Teams = Teams(connection, workspace)
        self.cases: repositories.Cases = Cases(connection, workspace)
        self.retros: repositories.Retros = Retros(connection, workspace)
        self.action_items: repositories.ActionItems = ActionItems(connection, workspace)
        self.recoveries: repositories.Recoveries = Recoveries(connection, workspace)
        self.agenda: repositories.Agenda = Agenda(connection, workspace)
        self.readers: repositories.Readers = Readers(connection, workspace)
        self.reminders: repositories.Reminders = Reminders(connection, workspace)
        self.jobs: repositories.Jobs = self._jobs
        self.said: repositories.Said = Said(connection, workspace)
        self.requests: repositories.Requests = Requests(connection, workspace)
        self.posts: repositories.Posts = Posts(connection, workspace)

    @property
    def owes(self) -> bool:
        """ports.UnitOfWork.owes."""
        return self._jobs.owes

    def flush(self) -> None:
        """Writes the scheduled jobs, before the commit."""
        self._jobs.flush()
