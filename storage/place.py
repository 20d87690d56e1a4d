"""Places the bot has been to."""

from collections.abc import Sequence

from sqlalchemy import select

from bot.request import Place
from storage.keyed import Keyed
from storage.row import several, values
from storage.tables import places
from storage.upsert import put


def folded(name: str) -> str:
    """A place's name as people look for it: #Support and support are the same."""
    return name.strip().removeprefix("#").casefold()


class Places(Keyed[Place]):
    """repositories.Places over one transaction."""

    kind, table, key = Place, places, "id"

    def named(self, name: str) -> Place | None:
        by_name = (
            select(places)
            .where(
                places.c.workspace == self._workspace,
                places.c.name_folded == folded(name),
                places.c.kind == "shared",
            )
            .order_by(places.c.id)
            .limit(1)
        )
        known = self.get(name)
        return known or next(iter(several(self._connection, Place, by_name)), None)

    def direct_with(self, key: str, value: str) -> Place | None:
        held = places.c.reference[key].as_string()
        query = (
            select(places)
            .where(places.c.workspace == self._workspace, places.c.kind == "direct", held == value)
            .order_by(places.c.id)
            .limit(1)
        )
        return next(iter(several(self._connection, Place, query)), None)

    def all(self) -> Sequence[Place]:
        query = (
            select(places)
            .where(places.c.workspace == self._workspace, places.c.kind == "shared")
            .order_by(places.c.name_folded, places.c.id)
        )
        return several(self._connection, Place, query)

    def remember(self, place: Place) -> None:
        before = self.get(place.id)
        if before is not None and not place.reference:
            place = place.model_copy(update={"reference": before.reference})
        if place == before:
            return
        row = values(self._workspace, place, name_folded=folded(place.name))
        put(self._connection, places, row, "name", "name_folded", "kind", "reference")
        self._known[place.id] = place
