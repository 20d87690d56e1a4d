"""One transaction in one workspace, and everything that can be reached through it."""

from sqlalchemy import Connection

from storage.jobs.job import Jobs
from storage.jobs.scheduler import Scheduler
from storage.repositories.action_item import ActionItems
from storage.repositories.board import Board
from storage.repositories.case import Cases
from storage.repositories.channel import Channels
from storage.repositories.connection import Connections
from storage.repositories.delivery import Deliveries
from storage.repositories.notification_preferences import PreferencesOfPeople
from storage.repositories.person import People
from storage.repositories.post import Posts
from storage.repositories.proposal import Proposals
from storage.repositories.recovery import Recoveries
from storage.repositories.reminder import Reminders
from storage.repositories.request import Requests
from storage.repositories.retro import Retros
from storage.repositories.sent_messages import SentMessages
from storage.repositories.sign_in import SignIns
from storage.repositories.team import Teams
from storage.search_index import Search
from storage.vault import NO_VAULT, Vault


class ReadOnlyWork:
    """ports.ReadOnlyWork; its repositories could write, and the database refuses it.

    What would be written only at the end, scheduled jobs above all, is not here.
    """

    def __init__(self, connection: Connection, workspace: str, vault: Vault = NO_VAULT) -> None:
        self.workspace = workspace
        self.vault = vault
        self.people = People(connection, workspace)
        self.channels = Channels(connection, workspace)
        self.teams = Teams(connection, workspace)
        self.cases = Cases(connection, workspace)
        self.retros = Retros(connection, workspace)
        self.action_items = ActionItems(connection, workspace)
        self.recoveries = Recoveries(connection, workspace)
        self.board = Board(connection, workspace)
        self.preferences = PreferencesOfPeople(connection, workspace)
        self.reminders = Reminders(connection, workspace)
        self.sent_messages = SentMessages(connection, workspace)
        self.posts = Posts(connection, workspace)
        self.sign_ins = SignIns(connection, workspace)
        self.connections = Connections(connection, workspace)
        self.deliveries = Deliveries(connection, workspace)
        self.proposals = Proposals(connection, workspace)
        self.search = Search(connection, workspace)


class UnitOfWork(ReadOnlyWork):
    """ports.UnitOfWork; whoever opened the connection rolls back what was not committed."""

    def __init__(self, connection: Connection, workspace: str, vault: Vault = NO_VAULT) -> None:
        super().__init__(connection, workspace, vault)
        self.scheduler = Scheduler(connection, workspace)
        self.jobs = Jobs(connection, workspace)
        self.requests = Requests(connection, workspace)
        self.search.begin()

    @property
    def owes(self) -> bool:
        """ports.UnitOfWork.owes."""
        return self.jobs.owes

    def flush(self, *, at_length: bool = False) -> None:
        """Writes the scheduled jobs, what waits for them, and the index of words, before the commit.

        `at_length`: however many cases were changed.
        """
        self.jobs.flush()
        self.sent_messages.flush()
        self.search.refresh(all=at_length)
