"""Every table, with the domain's field names; `storage/migrations/` makes them.

Every primary key, unique index and look-up starts with the workspace, so two workspaces never
meet. A `table=True` model does not validate: rows become domain objects through pydantic.
"""

from datetime import date, datetime, time
from typing import Any, ClassVar

from sqlalchemy import BigInteger, MetaData, Table, text
from sqlmodel import Field, SQLModel

from storage.column import Data, UTCDateTime, index, looked_at, never_looked


class Row(SQLModel):
    """What all tables share."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
    )
    workspace: str = Field(primary_key=True)


class PersonRow(Row, table=True):
    """Somebody the bot has met."""

    __tablename__ = "people"

    id: str = Field(primary_key=True)
    name: str
    zone: str | None
    bot: bool
    gone: bool


class PlaceRow(Row, table=True):
    """Somewhere the bot has been; `name_folded` is the name without # in lower case."""

    __tablename__ = "places"
    __table_args__ = (index("places_by_name", "workspace", "name_folded"),)

    id: str = Field(primary_key=True)
    name: str
    name_folded: str
    kind: str
    reference: dict[str, str] = Field(sa_type=Data)


class TeamRow(Row, table=True):
    """The team around a place; at `look_at` its week begins."""

    __tablename__ = "teams"
    __table_args__ = (looked_at("teams"),)

    place: str = Field(primary_key=True)
    name: str
    lead: str | None
    zone: str
    days: list[int] = Field(sa_type=Data)
    starts: time
    ends: time
    days_to_answer: int
    coach: bool = Field(sa_column_kwargs={"server_default": text("true")})
    days_to_apologise: int = Field(sa_column_kwargs={"server_default": text("0")})
    made_at: datetime | None = Field(sa_type=UTCDateTime)
    version: int
    look_at: datetime | None = never_looked()


class CaseRow(Row, table=True):
    """A case; `reference_folded` makes ZD-4711 and zd-4711 one reference, once per team.

    By `customer_sum` a customer is looked up, see `storage/case.py`; an older program leaves it None.
    """

    __tablename__ = "cases"
    __table_args__ = (
        index(
            "cases_by_reference",
            *("workspace", "place", "reference_folded"),
            unique=True,
            where="reference_folded IS NOT NULL",
        ),
        index("cases_of_customer", "workspace", "customer_sum", "number", where="customer IS NOT NULL"),
        index("cases_to_forget", "failed_at", "workspace", where="forgotten_at IS NULL"),
    )

    number: int = Field(primary_key=True)
    place: str
    what_happened: str
    reference: str | None
    reference_folded: str | None
    customer: str | None
    customer_sum: int | None
    happened_at: datetime | None = Field(sa_type=UTCDateTime)
    happened_by_day: bool
    public_post: str | None
    link: str | None
    failed_at: datetime = Field(sa_type=UTCDateTime)
    forgotten_at: datetime | None = Field(sa_type=UTCDateTime)
    state: str
    version: int


class RetroRow(Row, table=True):
    """The retro of a case; `closed_at` is there while it is closed."""

    __tablename__ = "retros"
    __table_args__ = (
        index("retros_open", "workspace", "place", "answers_close_on", "case", where="state = 'open'"),
        index("retros_closed", "workspace", "place", "closed_at", where="closed_at IS NOT NULL"),
        looked_at("retros"),
    )

    case: int = Field(primary_key=True)
    place: str
    opened_at: datetime = Field(sa_type=UTCDateTime)
    answers_close_on: date
    opened_by: str | None
    state: str
    history: list[dict[str, Any]] = Field(sa_type=Data)
    version: int
    closed_at: datetime | None = Field(sa_type=UTCDateTime)
    look_at: datetime | None = never_looked()


class AnswerRow(Row, table=True):
    """An answer.

    SQLite would number the rows in the order they came (rowid), which nobody may know of unnamed ones;
    this table is kept in the order of its random ids. For PostgreSQL see `storage/retro.py`.
    """

    __tablename__ = "answers"
    __table_args__ = (
        index("answers_of_case", "workspace", "case", "posted_at", "id"),
        {"sqlite_with_rowid": False},
    )

    id: str = Field(primary_key=True)
    case: int
    prompt: str
    text: str
    author: str | None
    posted_at: datetime | None = Field(sa_type=UTCDateTime)
    version: int


class CommentRow(Row, table=True):
    """A plain reply in a retro's thread; Slack's ids are only unique within a place."""

    __tablename__ = "comments"
    __table_args__ = (index("comments_of_case", "workspace", "case", "posted_at", "id"),)

    place: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    case: int
    author: str
    text: str
    posted_at: datetime = Field(sa_type=UTCDateTime)


class ActionItemRow(Row, table=True):
    """An action item; `active` until it is verified or dropped."""

    __tablename__ = "action_items"
    __table_args__ = (
        index("action_items_of_case", "workspace", "case", "number"),
        index("action_items_of_owner", "workspace", "active", "owner", "due", "number"),
        index("action_items_of_place", "workspace", "active", "place", "due", "number"),
        looked_at("action_items"),
    )

    number: int = Field(primary_key=True)
    case: int
    place: str
    what: str
    asked_by: str
    gap: str | None
    owner: str | None
    due: date | None
    measure: str
    remind_on: date | None
    state: str
    active: bool
    history: list[dict[str, Any]] = Field(sa_type=Data)
    version: int
    look_at: datetime | None = never_looked()


class RecoveryRow(Row, table=True):
    """What is owed to the customer of a case.

    `outcome` is empty until their verdict is there, `due` the day of a promise that is still to be kept.
    """

    __tablename__ = "recoveries"
    __table_args__ = (
        index("recoveries_of_place", "workspace", "place", "outcome", "due", "case"),
        index("recoveries_ended", "workspace", "place", "outcome", "was_enough"),
        index("recoveries_enough", "workspace", "place", "was_enough", "case"),
        looked_at("recoveries"),
    )

    case: int = Field(primary_key=True)
    place: str
    contact: str | None
    failed_at: datetime = Field(sa_type=UTCDateTime)
    begun_at: datetime = Field(sa_type=UTCDateTime)
    aim: int
    apologise_by: date
    steps: list[dict[str, Any]] = Field(sa_type=Data)
    earlier: list[list[dict[str, Any]]] = Field(sa_type=Data)
    enough: str
    gaps: list[str] = Field(sa_type=Data)
    finished_at: datetime | None = Field(sa_type=UTCDateTime)
    touched_at: datetime = Field(sa_type=UTCDateTime)
    version: int
    outcome: str
    was_enough: bool
    due: date | None
    look_at: datetime | None = never_looked()


class RecoveryOwnerRow(Row, table=True):
    """Somebody who has something left to do for a customer; gone once the verdict is there."""

    __tablename__ = "recovery_owners"
    __table_args__ = (index("recovery_owners_of_person", "workspace", "person", "due", "case"),)

    case: int = Field(primary_key=True)
    person: str = Field(primary_key=True)
    due: date | None


class ReaderRow(Row, table=True):
    """How a person wants to be reminded."""

    __tablename__ = "readers"

    person: str = Field(primary_key=True)
    days: list[int] = Field(sa_type=Data)
    starts: time | None
    ends: time | None
    digest: bool
    quiet_until: date | None


class StirredRow(Row, table=True):
    """Somebody, or a place, whose hours changed: what is open of theirs comes up, a bite at a time.

    `of` says what of theirs: `storage/stirred.py`. It came up as far as `number` of `day`; when `day` is
    None, all that has a day did.
    """

    __tablename__ = "stirred"

    of: str = Field(primary_key=True)
    whose: str = Field(primary_key=True)
    day: date | None
    number: int


class ReminderRow(Row, table=True):
    """A reminder that was due, once per thing, kind, reader and day."""

    __tablename__ = "reminders"
    __table_args__ = (index("reminders_of_message", "workspace", "message"),)

    about: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    reader: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    message: str
    asked_at: datetime = Field(sa_type=UTCDateTime)
    outcome: str
    outcome_at: datetime | None = Field(sa_type=UTCDateTime)


class JobRow(Row, table=True):
    """A message that the bot owes somebody, until long after it was said.

    `id` gives the order within a lane. `lane` is where it is said next: it moves to the lane of
    edits when it was said. `again`: scheduled once more after an attempt began that may have said the
    older words. `claimed_by` is the claim that runs it, alike for no two. No rowid: see AnswerRow.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        index("jobs_first", "workspace", "lane", "bulk", "id", where="state = 'waiting'"),
        index("jobs_due", "workspace", "lane", "due_at", where="state = 'waiting'"),
        index("jobs_dead", "workspace", "place", where="state = 'dead'"),
        index("jobs_ended", "ended_at", where="ended_at IS NOT NULL"),
        {"sqlite_with_rowid": False},
    )

    key: str = Field(primary_key=True)
    id: int = Field(sa_type=BigInteger)
    name: str
    about: str
    place: str
    direct: bool
    thread: str | None
    once: bool
    bulk: bool
    due_at: datetime = Field(sa_type=UTCDateTime)
    asked_by: str | None
    detail: str
    traceless: bool = Field(sa_column_kwargs={"server_default": text("false")})
    lane: str
    state: str
    attempts: int
    unsure: bool
    began_at: datetime | None = Field(sa_type=UTCDateTime)
    again: bool
    claimed_by: str
    ended_at: datetime | None = Field(sa_type=UTCDateTime)
    why: str


class LaneRow(Row, table=True):
    """One place and one way of speaking in it: new messages, or edits.

    `due_at` is the earliest moment at which one of its jobs is due, None when none waits. It rests
    until `free_at`. While `leased_until` is ahead, the claim `claimed_by` says `claimed_key`. A
    workspace has two lanes of its own, for what all its places may say together: `storage/lane.py`.
    """

    __tablename__ = "lanes"
    __table_args__ = (index("lanes_due", "due_at", where="due_at IS NOT NULL"),)

    lane: str = Field(primary_key=True)
    due_at: datetime | None = Field(sa_type=UTCDateTime)
    free_at: datetime | None = Field(sa_type=UTCDateTime)
    leased_until: datetime | None = Field(sa_type=UTCDateTime)
    claimed_by: str
    claimed_key: str | None


class SaidRow(Row, table=True):
    """Where a message ended up."""

    __tablename__ = "said"
    __table_args__ = (index("said_where", "workspace", "place", "message"),)

    key: str = Field(primary_key=True)
    place: str
    message: str
    link: str | None
    digest: str


class RequestRow(Row, table=True):
    """A request that was seen: only a hash of its key, and only the day, so that it names nobody."""

    __tablename__ = "requests"
    __table_args__ = (index("requests_by_day", "day"), {"sqlite_with_rowid": False})

    key: str = Field(primary_key=True)
    day: date


class PostRow(Row, table=True):
    """A message of the web workspace."""

    __tablename__ = "posts"
    __table_args__ = (
        index("posts_by_key", "workspace", "key", unique=True, where="key IS NOT NULL"),
        index("posts_of_place", "workspace", "place", "id", where="thread IS NULL"),
        index("posts_of_thread", "workspace", "thread", "id", where="thread IS NOT NULL"),
    )

    id: int = Field(primary_key=True)
    place: str
    thread: int | None
    author: str | None
    message: dict[str, Any] | None = Field(sa_type=Data)
    text: str
    key: str | None
    posted_at: datetime = Field(sa_type=UTCDateTime)
    edited_at: datetime | None = Field(sa_type=UTCDateTime)


class CounterRow(Row, table=True):
    """The last number given out: C-7 means that the counter of cases stood at 7.

    Those of no workspace ("") count minutes for the whole database: `storage/observed_time.py`.
    """

    __tablename__ = "counters"

    noun: str = Field(primary_key=True)
    number: int


def _table(name: str) -> Table:
    return Row.metadata.tables[name]


people = _table("people")
places = _table("places")
teams = _table("teams")
cases = _table("cases")
retros = _table("retros")
answers = _table("answers")
comments = _table("comments")
action_items = _table("action_items")
recoveries = _table("recoveries")
recovery_owners = _table("recovery_owners")
readers = _table("readers")
stirred = _table("stirred")
reminders = _table("reminders")
jobs = _table("jobs")
lanes = _table("lanes")
said = _table("said")
requests = _table("requests")
posts = _table("posts")
counters = _table("counters")
