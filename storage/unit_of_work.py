"""One transaction in one workspace, and everything that can be reached through it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import ports
from storage.action_item import ActionItems
from storage.case import Cases
from storage.job import Jobs
from storage.person import People
from storage.place import Places
from storage.post import Posts
from storage.request import Requests
from storage.retro import Retros
from storage.said import Said
from storage.team import Teams


class UnitOfWork:
    """ports.UnitOfWork; whoever opened the connection rolls back what was not committed."""

    def __init__(self, connection: AsyncConnection, workspace: str) -> None:
        self._connection = connection
        self._jobs = Jobs(connection, workspace)
        self.workspace = workspace
        self.people: ports.People = People(connection, workspace)
        self.places: ports.Places = Places(connection, workspace)
        self.teams: ports.Teams = Teams(connection, workspace)
        self.cases: ports.Cases = Cases(connection, workspace)
        self.retros: ports.Retros = Retros(connection, workspace)
        self.action_items: ports.ActionItems = ActionItems(connection, workspace)
        self.jobs: ports.Jobs = self._jobs
        self.said: ports.Said = Said(connection, workspace)
        self.requests: ports.Requests = Requests(connection, workspace)
        self.posts: ports.Posts = Posts(connection, workspace)

    async def commit(self) -> None:
        """Saves everything, the scheduled jobs with it."""
        await self._jobs.flush()
        await self._connection.commit()
