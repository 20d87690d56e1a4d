"""How people want to be reminded."""

from bot.domain.reader import Reader
from storage.keyed import Keyed
from storage.row import values
from storage.tables import readers
from storage.upsert import put


class Readers(Keyed[Reader]):
    """repositories.Readers over one transaction."""

    kind, table, key = Reader, readers, "person"

    def save(self, reader: Reader) -> None:
        changed = [name for name in Reader.model_fields if name != "person"]
        put(self._connection, readers, values(self._workspace, reader), *changed)
        self._known[reader.person] = reader
