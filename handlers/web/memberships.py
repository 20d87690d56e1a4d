"""Who is in which channel of the web workspace: everybody."""

from bot.domain.person import Person
from bot.ports import Transactions


class Everybody:
    """ports.Memberships for the web workspace, in which nothing is private."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def includes(self, workspace: str, channel_id: str, person: Person, *, unnamed: bool) -> bool:
        """Always."""
        return True

    async def check_open(self, workspace: str, channel_id: str) -> None:
        """Nothing: there is no channel here in which the bot may not work."""

    async def speaks_in(self, workspace: str, channel_id: str) -> bool:
        """Whether the channel is there, and was not removed."""
        channel = await self._transactions.read(workspace, lambda work: work.channels.get(channel_id))
        return channel is not None and not channel.gone

    async def is_guest(self, workspace: str, person: Person, *, unnamed: bool) -> bool:
        """Nobody is."""
        return False

    async def people_in(self, workspace: str, channel_id: str) -> int | None:
        """How many people are in the workspace: neither bots nor gone."""
        everybody = await self._transactions.read(workspace, lambda work: work.people.everybody())
        return sum(not (person.bot or person.gone) for person in everybody)
