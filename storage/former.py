"""Takes a person who is forgotten out of every table, whatever its columns are.

Most tables need nothing said about them: wherever a column of text or of data holds the id, another one
takes its place, and wherever it holds the name, it is taken out. So a new table is looked through as
well. Only for the machinery it is said here what goes.
"""

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    String,
    Table,
    cast,
    delete,
    false,
    or_,
    select,
    update,
)
from sqlmodel import AutoString

from bot.domain import message_key
from bot.domain.forget import name_words
from bot.domain.job import Job, MessageRef
from bot.domain.person import Person
from bot.repositories import BeingSaid, Traces
from storage.jobs.job import edit_queue, post_queue
from storage.row import Values, values
from storage.tables import (
    Row,
    cases,
    channel_queues,
    channels,
    jobs,
    people,
    posts,
    preferences,
    proposals,
    reminders,
    sent_messages,
    sign_ins,
    stirred,
)
from storage.upsert import put

OTHERS = {
    "requests": ("key",),
    "sign_ins": ("digest",),
    "people": ("id", "name", "zone"),
    "places": ("id", "name", "name_folded"),
    "teams": ("channel_id", "name", "zone"),
    "connections": ("id", "product", "secret", "token", "origin", "refused_why"),
    "deliveries": ("connection_id", "key", "reference_folded", "customer_folded"),
    "proposals": ("connection_id", "ticket", "reference", "reference_folded", "customer_folded"),
    "cases": ("customer", "reference", "reference_folded", "link", "public_post"),
}
"""Columns that hold no colleague: hashes, and what other people, channels and customers are called."""
MACHINERY = ("jobs", "said", "lanes", "counters", "stirred", "reminders", "sign_ins")
"""Tables of our own words, in which no text of anybody's stands."""

Scrub = Callable[[str], str]


class Former:
    """One person of one workspace, who they become, and what takes their name out of a text."""

    def __init__(
        self, connection: Connection, workspace: str, person: Person, former: Person, scrub: Scrub
    ) -> None:
        self._connection = connection
        self._workspace = workspace
        self._person = person
        self._former = former
        self._scrub = scrub
        self._proposals: set[int] = set()
        self._id = re.compile(rf"(?<!\w){re.escape(person.id)}(?!\w)")

    def forget(self, *, waits: bool) -> Traces:
        """Takes them out of every table; raises BeingSaid before a message about them is known.

        `waits` is False where nobody could ever know of it.
        """
        self._drop_their_own()
        again = self._let_jobs_go(waits)
        messages = self._rename_messages()
        numbers: set[int] = set()
        for table in Row.metadata.sorted_tables:
            numbers |= self._rename_in(table)
        put(self._connection, people, values(self._workspace, self._former), "name")
        return Traces(frozenset(numbers), frozenset(self._proposals), messages, again)

    def _drop_their_own(self) -> None:
        id = self._person.id
        direct = select(channels).where(*self._here(channels), channels.c.kind == "direct")
        named = or_(
            channels.c.id == id, cast(channels.c.reference, String).contains(id, autoescape=True)
        )
        chats = [
            row.id
            for row in self._connection.execute(direct.where(named))
            if id in (row.id, *row.reference.values())
        ]
        own = {id, *chats}
        queues = {queue for chat in own for queue in (post_queue(chat), edit_queue(chat))}
        gone = (
            (people, people.c.id == id),
            (preferences, preferences.c.person_id == id),
            (stirred, stirred.c.whose == id),
            (reminders, reminders.c.recipient_id == id),
            (sign_ins, sign_ins.c.person_id == id),
            (channel_queues, channel_queues.c.queue_id.in_(queues)),
            (channels, channels.c.id.in_(chats)),
            (posts, posts.c.channel_id.in_(own)),
            (jobs, jobs.c.channel_id.in_(own)),
            (sent_messages, sent_messages.c.channel_id.in_(own)),
        )
        for table, which in gone:
            self._connection.execute(delete(table).where(*self._here(table), which))

    def _let_jobs_go(self, waits: bool) -> list[Job]:
        """Jobs whose key or subject names them go: what was said by them is changed by others."""
        again: list[Job] = []
        # Held, so that no worker begins meanwhile to say what goes.
        for row in self._rows(jobs, held=True):
            if any(self._id.search(row[name]) for name in ("key", "about")):
                if waits and _is_on_its_way(row) and not message_key.is_own_chat(row["key"]):
                    raise BeingSaid
                self._connection.execute(delete(jobs).where(*self._this(jobs, row)))
                continue
            job = Job.model_validate(row)
            detail = self._id.sub(self._former.id, job.detail)
            # One that is being said just now may say the older words: it is said again as well.
            if detail != job.detail and (job.state in ("done", "running") or job.unsure):
                again.append(job.model_copy(update={"detail": detail, "once": False, "asked_by": None}))
            changed = {
                "detail": detail,
                "asked_by": None if job.asked_by == self._person.id else job.asked_by,
            }
            self._connection.execute(update(jobs).where(*self._this(jobs, row)).values(changed))
        return again

    def _rename_messages(self) -> dict[str, MessageRef]:
        """What was said to them is theirs alone; what names them to others gets another key."""
        messages: dict[str, MessageRef] = {}
        for table in (sent_messages, posts):
            for row in self._rows(table):
                if row["key"] is None or not self._id.search(row["key"]):
                    continue
                key = message_key.renamed(row["key"], self._person.id, self._former.id)
                this = self._this(table, row)
                if key is None:
                    self._connection.execute(delete(table).where(*this))
                    continue
                self._connection.execute(update(table).where(*this).values(key=key))
                if table is sent_messages:
                    messages[key] = MessageRef.model_validate(row)
        return messages

    def _rename_in(self, table: Table) -> set[int]:
        """Changes every text and all data in it; returns the cases that its rows belong to."""
        numbers: set[int] = set()
        rename = self._readdressed if table.name in MACHINERY else self._renamed
        columns = _columns_with_words(table)
        for row in self._rows(table):
            before = {column.key: row[column.key] for column in columns}
            after = {name: rename(value) for name, value in before.items()}
            changed: Values = {name: after[name] for name in after if after[name] != before[name]}
            if not changed:
                continue
            if "version" in table.c:
                # Whoever changes it on the ground of what it was loses, and reads it again.
                changed["version"] = table.c.version + 1
            self._connection.execute(update(table).where(*self._this(table, row)).values(changed))
            if table is proposals:
                self._proposals.add(row["number"])
            number = row["number"] if table is cases else row.get("case_number")
            if number is not None:
                numbers.add(number)
        return numbers

    def _renamed(self, value: Any, *, may_be_ours: bool = True) -> Any:
        """A text or data without them; a whole value that reads like their name may be our own word."""
        if isinstance(value, str):
            if value == self._person.id:
                return self._former.id
            ours = may_be_ours and value == self._person.name and value.islower()
            return value if ours else self._scrub(value)
        if isinstance(value, list):
            return [self._renamed(part, may_be_ours=False) for part in value]
        if isinstance(value, dict):
            # A mention in a message holds the id and the name; everything else may hold a word of ours.
            mention = ("person", "name")
            return {
                name: self._renamed(part, may_be_ours=not (name in mention and "person" in value))
                for name, part in value.items()
            }
        return value

    def _readdressed(self, value: Any) -> Any:
        """Our own words, in which only the id may stand."""
        return self._id.sub(self._former.id, value) if isinstance(value, str) else value

    def _rows(self, table: Table, *, held: bool = False) -> list[Values]:
        """The rows that may hold them somewhere, by column; `held`: nobody else changes them."""
        rows = select(table).where(*self._here(table), self._holds(table))
        found = self._connection.execute(rows.with_for_update() if held else rows)
        keys = [column.key for column in table.columns]
        return [dict(zip(keys, row, strict=True)) for row in found]

    def _holds(self, table: Table) -> ColumnElement[bool]:
        needles = [self._person.id, *name_words(self._person)]
        return or_(
            false(),
            *(
                cast(column, String).icontains(needle, autoescape=True)
                for column in _columns_with_words(table)
                for needle in needles
            ),
        )

    def _here(self, table: Table) -> tuple[ColumnElement[bool], ...]:
        return (table.c.workspace == self._workspace,)

    def _this(self, table: Table, row: Values) -> list[ColumnElement[bool]]:
        return [column == row[column.key] for column in table.primary_key.columns]


def _is_on_its_way(row: Values) -> bool:
    """Whether a job's message may be there, or in a moment, and we do not know yet where."""
    return row["unsure"] and row["state"] in ("waiting", "running")


def _columns_with_words(table: Table) -> list[Column[Any]]:
    """The columns of text and of data in which somebody may be named."""
    others = ("workspace", *OTHERS.get(table.name, ()))
    words = (column for column in table.columns if isinstance(column.type, AutoString | String | JSON))
    return [column for column in words if column.key not in others]
