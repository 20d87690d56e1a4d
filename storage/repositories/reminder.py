"""Which reminders were due, to whom, and what came of them."""

from collections.abc import Collection, Sequence
from functools import cache

from sqlalchemy import Connection, bindparam, select, update

from bot.domain.reminder import SentReminder
from storage.row import rows_among, several, several_among, values
from storage.statement import Statement
from storage.tables import reminders
from storage.upsert import insert

OF = rows_among(reminders, "about")
IN_MESSAGE = Statement(
    select(reminders).where(
        reminders.c.workspace == bindparam("workspace"), reminders.c.message == bindparam("message")
    )
)
IN_MESSAGES = rows_among(reminders, "message")
KEY = ("workspace", "about", "name", "recipient_id", "day")
SETTLE = Statement(
    update(reminders)
    .where(*(reminders.c[name] == bindparam(f"this_{name}") for name in KEY))
    .values(outcome=bindparam("new_outcome"), outcome_at=bindparam("new_outcome_at"))
)

CARRY = Statement(
    update(reminders)
    .where(*(reminders.c[name] == bindparam(f"this_{name}") for name in KEY))
    .values(message=bindparam("new_message"))
)


class Reminders:
    """repositories.Reminders over one transaction."""

    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace

    def of(self, abouts: Collection[str]) -> Sequence[SentReminder]:
        return _by_day(several_among(self._connection, SentReminder, OF, self._workspace, abouts))

    def in_message(self, key: str) -> Sequence[SentReminder]:
        params = {"workspace": self._workspace, "message": key}
        return _by_day(several(self._connection, SentReminder, IN_MESSAGE, params))

    def in_messages(self, keys: Collection[str]) -> Sequence[SentReminder]:
        return _by_day(several_among(self._connection, SentReminder, IN_MESSAGES, self._workspace, keys))

    def add(self, sent_reminders: Sequence[SentReminder]) -> None:
        rows = [values(self._workspace, sent) for sent in sent_reminders]
        _adding(self._connection.dialect.name).run_each(self._connection, rows)

    def resolve(self, sent_reminders: Sequence[SentReminder]) -> None:
        rows = [
            {f"this_{name}": value for name, value in values(self._workspace, sent).items()}
            | {"new_outcome": sent.outcome, "new_outcome_at": sent.outcome_at}
            for sent in sent_reminders
        ]
        these = [*(f"this_{name}" for name in KEY), "new_outcome", "new_outcome_at"]
        SETTLE.run_each(self._connection, [{name: row[name] for name in these} for row in rows])

    def carry(self, sent_reminders: Sequence[SentReminder]) -> None:
        rows = [
            {f"this_{name}": row[name] for name in KEY} | {"new_message": row["message"]}
            for row in (values(self._workspace, sent) for sent in sent_reminders)
        ]
        CARRY.run_each(self._connection, rows)


@cache
def _adding(dialect: str) -> Statement:
    return Statement(insert(dialect, reminders).on_conflict_do_nothing())


def _by_day(sent_reminders: Sequence[SentReminder]) -> Sequence[SentReminder]:
    return sorted(sent_reminders, key=lambda sent: (sent.day, sent.about, sent.name))
