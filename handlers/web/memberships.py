"""Who is in which place of the web workspace: everybody."""

from bot.ports import Transactions
from bot.request import Person


class Everybody:
    """ports.Memberships for the web workspace, in which nothing is private."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def includes(self, workspace: str, channel: str, person: Person, *, unnamed: bool) -> bool:
        """Always."""
        return True

    async def is_guest(self, workspace: str, person: Person, *, unnamed: bool) -> bool:
        """Nobody is."""
        return False

    async def people_in(self, workspace: str, channel: str) -> int | None:
        """How many people are in the workspace: neither bots nor gone."""
        everybody = await self._transactions.read(workspace, lambda work: work.people.everybody())
        return sum(not (one.bot or one.gone) for one in everybody)
