"""How people want to be reminded."""

from bot.domain.notification_preferences import NotificationPreferences
from storage.keyed import Keyed
from storage.row import values
from storage.tables import preferences
from storage.upsert import put


class PreferencesOfPeople(Keyed[NotificationPreferences]):
    """repositories.PreferencesOfPeople over one transaction."""

    kind, table, key = NotificationPreferences, preferences, "person_id"

    def save(self, reader: NotificationPreferences) -> None:
        changed = [name for name in NotificationPreferences.model_fields if name != "person_id"]
        put(self._connection, preferences, values(self._workspace, reader), *changed)
        self._known[reader.person_id] = reader
