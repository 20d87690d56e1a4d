"""Channels the bot has been to."""

from collections.abc import Sequence

from sqlalchemy import select

from bot.domain.channel import Channel
from storage.keyed import Keyed
from storage.row import several, values
from storage.tables import channels
from storage.upsert import put


def folded(name: str) -> str:
    """A channel's name for comparing: #Support and support are the same."""
    return name.strip().removeprefix("#").casefold()


class Channels(Keyed[Channel]):
    """repositories.Channels over one transaction."""

    kind, table, key = Channel, channels, "id"

    def named(self, name: str) -> Channel | None:
        by_name = (
            select(channels)
            .where(
                channels.c.workspace == self._workspace,
                channels.c.name_folded == folded(name),
                channels.c.kind == "shared",
                channels.c.gone.is_(False),
            )
            .order_by(channels.c.id)
            .limit(1)
        )
        channel = self.get(name)
        if channel is not None and not channel.gone:
            return channel
        return next(iter(several(self._connection, Channel, by_name)), None)

    def direct_with(self, key: str, value: str) -> Channel | None:
        held = channels.c.reference[key].as_string()
        query = (
            select(channels)
            .where(channels.c.workspace == self._workspace, channels.c.kind == "direct", held == value)
            .order_by(channels.c.id)
            .limit(1)
        )
        return next(iter(several(self._connection, Channel, query)), None)

    def all(self) -> Sequence[Channel]:
        return self._shared(gone=False)

    def gone(self) -> Sequence[Channel]:
        return self._shared(gone=True)

    def _shared(self, *, gone: bool) -> Sequence[Channel]:
        query = (
            select(channels)
            .where(
                channels.c.workspace == self._workspace,
                channels.c.kind == "shared",
                channels.c.gone.is_(gone),
            )
            .order_by(channels.c.name_folded, channels.c.id)
        )
        return several(self._connection, Channel, query)

    def remember(self, channel: Channel) -> None:
        before = self.get(channel.id)
        if before is not None and not channel.reference:
            channel = channel.model_copy(update={"reference": before.reference})
        if channel == before:
            return
        row = values(self._workspace, channel, name_folded=folded(channel.name))
        put(self._connection, channels, row, "name", "name_folded", "kind", "reference", "gone")
        self._known[channel.id] = channel
