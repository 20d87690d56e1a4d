"""Every table, with the domain's field names; `storage/migrations/` makes them.

Where the stored name is an older one, `stored_as` says so: a program of the version before still works
beside this one.

Every primary key, unique index and look-up starts with the workspace, so two workspaces never
meet. A `table=True` model does not validate: rows become domain objects through pydantic.
"""

from datetime import date, datetime, time
from typing import Any, ClassVar

from sqlalchemy import BigInteger, MetaData, Table, text
from sqlmodel import Field, SQLModel

from storage.column import Data, UTCDateTime, checked_at, index, never_checked, stored_as


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


class ChannelRow(Row, table=True):
    """Somewhere the bot has been; `name_folded` is the name without # in lower case."""

    __tablename__ = "places"
    __table_args__ = (index("places_by_name", "workspace", "name_folded"),)

    id: str = Field(primary_key=True)
    name: str
    name_folded: str
    kind: str
    reference: dict[str, str] = Field(sa_type=Data)
    gone: bool = Field(sa_column_kwargs={"server_default": text("false")})


class TeamRow(Row, table=True):
    """The team around a channel; at `next_check_at` its week begins."""

    __tablename__ = "teams"
    __table_args__ = (
        index("teams_by_name", "workspace", "name", "channel_id"),
        index("teams_of_lead", "workspace", "lead", "name", "channel_id"),
        checked_at("teams"),
    )

    channel_id: str = Field(primary_key=True, sa_column_kwargs=stored_as("place", "channel_id"))
    name: str
    lead: str | None
    zone: str
    days: list[int] = Field(sa_type=Data)
    starts: time
    ends: time
    days_to_answer: int
    coach: bool = Field(sa_column_kwargs={"server_default": text("true")})
    days_to_apologise: int = Field(sa_column_kwargs={"server_default": text("0")})
    prompts: list[dict[str, Any]] | None = Field(sa_type=Data)
    kinds: list[dict[str, Any]] = Field(sa_type=Data, sa_column_kwargs={"server_default": text("'[]'")})
    days_off: dict[str, Any] = Field(sa_type=Data, sa_column_kwargs={"server_default": text("'{}'")})
    policy: dict[str, Any] = Field(sa_type=Data, sa_column_kwargs={"server_default": text("'{}'")})
    made_at: datetime | None = Field(sa_type=UTCDateTime)
    version: int
    next_check_at: datetime | None = never_checked()


class CaseRow(Row, table=True):
    """A case; `reference_folded` makes ZD-4711 and zd-4711 one reference, once per team.

    By `customer_sum` a customer is looked up, see `storage/repositories/case.py`; an older program
    leaves it None. Indexes over the first letters of words, `cases_by_what` and `cases_by_name`, stand
    in the migration that brought them: see `storage/repositories/case_list.py`.
    """

    __tablename__ = "cases"
    __table_args__ = (
        index(
            "cases_by_reference",
            *("workspace", "channel_id", "reference_folded"),
            unique=True,
            where="reference_folded IS NOT NULL",
        ),
        index("cases_of_place", "workspace", "channel_id", "failed_at"),
        index("cases_listed", "workspace", "channel_id", "failed_at", "number"),
        index("cases_numbered", "workspace", "channel_id", "number"),
        index("cases_of_customer", "workspace", "customer_sum", "number", where="customer IS NOT NULL"),
        index("cases_to_forget", "failed_at", "workspace", where="forgotten_at IS NULL"),
    )

    number: int = Field(primary_key=True)
    channel_id: str = Field(sa_column_kwargs=stored_as("place", "channel_id"))
    what_happened: str
    reference: str | None
    reference_folded: str | None
    customer: str | None
    customer_sum: int | None
    happened_at: datetime | None = Field(sa_type=UTCDateTime)
    happened_by_day: bool
    public_post: str | None
    link: str | None
    kind: str | None
    failed_at: datetime = Field(sa_type=UTCDateTime)
    forgotten_at: datetime | None = Field(sa_type=UTCDateTime)
    state: str
    history: list[dict[str, Any]] = Field(
        sa_type=Data, sa_column_kwargs={"server_default": text("'[]'")}
    )
    version: int


RETROS_BY_NEED = {
    "undecided": "state = 'open' AND NOT cancelled",
    "unsettled": "unsettled_at IS NOT NULL AND NOT cancelled",
}
"""What of retros needs somebody, or will: `storage/repositories/board.py` reads these indexes."""


class RetroRow(Row, table=True):
    """The retro of a case; `closed_at` is there while it is closed.

    The default of `prompts`, for the program of before, stands in the migration that brought them.
    """

    __tablename__ = "retros"
    __table_args__ = (
        index(
            "retros_open",
            "workspace",
            "channel_id",
            "answers_close_on",
            "case_number",
            where="state = 'open'",
        ),
        index("retros_closed", "workspace", "channel_id", "closed_at", where="closed_at IS NOT NULL"),
        index("retros_listed", "workspace", "channel_id", "state", "opened_at", "case_number"),
        *(
            index(
                f"retros_{name}",
                *("workspace", "channel_id", "answers_close_on", "case_number"),
                where=where,
            )
            for name, where in RETROS_BY_NEED.items()
        ),
        checked_at("retros"),
    )

    case_number: int = Field(primary_key=True, sa_column_kwargs=stored_as("case", "case_number"))
    channel_id: str = Field(sa_column_kwargs=stored_as("place", "channel_id"))
    opened_at: datetime = Field(sa_type=UTCDateTime)
    answers_close_on: date
    prompts: list[dict[str, Any]] = Field(sa_type=Data)
    opened_by: str | None
    state: str
    history: list[dict[str, Any]] = Field(sa_type=Data)
    version: int
    closed_at: datetime | None = Field(sa_type=UTCDateTime)
    unsettled_at: datetime | None = Field(sa_type=UTCDateTime)
    small: bool = Field(sa_column_kwargs={"server_default": text("false")})
    cancelled: bool = Field(sa_column_kwargs={"server_default": text("false")})
    next_check_at: datetime | None = never_checked()


class AnswerRow(Row, table=True):
    """An answer.

    SQLite would number the rows in the order they came (rowid), which nobody may know of unnamed ones;
    this table is kept in the order of its random ids. For PostgreSQL see
    `storage/repositories/retro.py`.
    """

    __tablename__ = "answers"
    __table_args__ = (
        index("answers_of_case", "workspace", "case_number", "posted_at", "id"),
        {"sqlite_with_rowid": False},
    )

    id: str = Field(primary_key=True)
    case_number: int = Field(sa_column_kwargs=stored_as("case", "case_number"))
    prompt: str
    text: str
    author: str | None
    posted_at: datetime | None = Field(sa_type=UTCDateTime)
    version: int


class WithdrawnAnswerRow(Row, table=True):
    """An unnamed answer that the team's lead withdrew: who did and why, without its words.

    No rowid: see AnswerRow.
    """

    __tablename__ = "withdrawn_answers"
    __table_args__ = (
        index("withdrawn_answers_of_case", "workspace", "case_number", "id"),
        {"sqlite_with_rowid": False},
    )

    id: str = Field(primary_key=True)
    case_number: int
    by: str
    why: str


class CommentRow(Row, table=True):
    """A plain reply in a retro's thread; Slack's ids are only unique within a channel."""

    __tablename__ = "comments"
    __table_args__ = (index("comments_of_case", "workspace", "case_number", "posted_at", "id"),)

    channel_id: str = Field(primary_key=True, sa_column_kwargs=stored_as("place", "channel_id"))
    id: str = Field(primary_key=True)
    case_number: int = Field(sa_column_kwargs=stored_as("case", "case_number"))
    author: str
    text: str
    posted_at: datetime = Field(sa_type=UTCDateTime)


ITEMS_BY_NEED = {
    "agreed": "state = 'agreed' AND NOT cancelled",
    "unowned": "state = 'proposed' AND owner IS NULL AND NOT cancelled",
    "unaccepted": "state = 'proposed' AND owner IS NOT NULL AND NOT cancelled",
    "unverified": "state = 'done' AND NOT cancelled",
}
"""An item is in one of these indexes at most: `storage/repositories/board.py` reads them.

Where an owner or a gap is asked for it reads those of all open items by it.
"""


class ActionItemRow(Row, table=True):
    """An action item; `active` until it is verified or dropped."""

    __tablename__ = "action_items"
    __table_args__ = (
        index("action_items_of_case", "workspace", "case_number", "number"),
        index("action_items_of_owner", "workspace", "active", "owner", "due", "number"),
        index("action_items_of_place", "workspace", "active", "channel_id", "due", "number"),
        index("action_items_by_gap", "workspace", "channel_id", "gap", "case_number"),
        *(
            index(f"action_items_{name}", "workspace", "channel_id", "due", "number", where=where)
            for name, where in ITEMS_BY_NEED.items()
        ),
        *(
            index(
                f"action_items_open_by_{name}",
                *("workspace", "channel_id", name, "state", "due", "number"),
                where="active",
            )
            for name in ("owner", "gap")
        ),
        checked_at("action_items"),
    )

    number: int = Field(primary_key=True)
    case_number: int = Field(sa_column_kwargs=stored_as("case", "case_number"))
    channel_id: str = Field(sa_column_kwargs=stored_as("place", "channel_id"))
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
    edits: list[dict[str, Any]] = Field(sa_type=Data, sa_column_kwargs={"server_default": text("'[]'")})
    version: int
    cancelled: bool = Field(sa_column_kwargs={"server_default": text("false")})
    next_check_at: datetime | None = never_checked()


class RecoveryRow(Row, table=True):
    """What is owed to the customer of a case.

    `outcome` is empty until their verdict is there, and "cancelled" as the case is; `due` is the day of
    a promise that is still to be kept, by `keeper`. It `rests` while only the retro is waited for; what
    an older program stores does not. `next_due` is the day by which something is owed next; an older
    program leaves it as it is, and adds rows without one, until this program stores them again.
    """

    __tablename__ = "recoveries"
    __table_args__ = (
        index("recoveries_of_place", "workspace", "channel_id", "outcome", "due", "case_number"),
        index("recoveries_ended", "workspace", "channel_id", "outcome", "was_enough"),
        index("recoveries_listed", "workspace", "channel_id", "outcome", "case_number"),
        index("recoveries_enough", "workspace", "channel_id", "was_enough", "case_number"),
        # For an older program beside this one, until the next version.
        index(
            "recoveries_waiting",
            *("workspace", "channel_id", "rests", "apologise_by", "case_number"),
            where="outcome = '' AND due IS NULL",
        ),
        index(
            "recoveries_urgent",
            *("workspace", "channel_id", "rests", "next_due", "case_number"),
            where="outcome = '' AND due IS NULL",
        ),
        checked_at("recoveries"),
    )

    case_number: int = Field(primary_key=True, sa_column_kwargs=stored_as("case", "case_number"))
    channel_id: str = Field(sa_column_kwargs=stored_as("place", "channel_id"))
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
    has_verified: bool = Field(sa_column_kwargs={"server_default": text("false")})
    touched_at: datetime = Field(sa_type=UTCDateTime)
    version: int
    outcome: str
    was_enough: bool
    due: date | None
    keeper: str | None
    rests: bool = Field(sa_column_kwargs={"server_default": text("false")})
    next_due: date | None
    cancelled: bool = Field(sa_column_kwargs={"server_default": text("false")})
    next_check_at: datetime | None = never_checked()


class RecoveryOwnerRow(Row, table=True):
    """Somebody who has something left to do for a customer; gone once the verdict is there.

    `due` is what the customer's `next_due` is, for their lists; an older program knows promises alone.
    """

    __tablename__ = "recovery_owners"
    __table_args__ = (
        index("recovery_owners_of_person", "workspace", "person_id", "due", "case_number"),
    )

    case_number: int = Field(primary_key=True, sa_column_kwargs=stored_as("case", "case_number"))
    person_id: str = Field(primary_key=True, sa_column_kwargs=stored_as("person", "person_id"))
    due: date | None


class NotificationPreferencesRow(Row, table=True):
    """How a person wants to be reminded."""

    __tablename__ = "readers"

    person_id: str = Field(primary_key=True, sa_column_kwargs=stored_as("person", "person_id"))
    days: list[int] = Field(sa_type=Data)
    starts: time | None
    ends: time | None
    digest: bool
    quiet_until: date | None


class StirredRow(Row, table=True):
    """Somebody, or a channel, whose hours changed: what is open of theirs is made due, in batches.

    `of` says what of theirs: `storage/jobs/stirred.py`. All up to `number` of `day` is done; when `day`
    is None, so is all that has a day.
    """

    __tablename__ = "stirred"

    of: str = Field(primary_key=True)
    whose: str = Field(primary_key=True)
    day: date | None
    number: int


class ReminderRow(Row, table=True):
    """A reminder that was due, once per thing, kind, recipient and day."""

    __tablename__ = "reminders"
    __table_args__ = (index("reminders_of_message", "workspace", "message"),)

    about: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    recipient_id: str = Field(primary_key=True, sa_column_kwargs=stored_as("reader", "recipient_id"))
    day: date = Field(primary_key=True)
    message: str
    asked_at: datetime = Field(sa_type=UTCDateTime)
    outcome: str
    outcome_at: datetime | None = Field(sa_type=UTCDateTime)


class JobRow(Row, table=True):
    """A message that the bot owes somebody, until long after it was said.

    `id` gives the order within a channel queue. `queue_id` is where it is said next: it moves to
    the channel queue of edits when it was said. `again`: scheduled once more after an attempt began that
    may have said the older words. `claimed_by` is the claim that runs it, alike for no two. No rowid:
    see AnswerRow.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        index("jobs_first", "workspace", "queue_id", "bulk", "id", where="state = 'waiting'"),
        index("jobs_due", "workspace", "queue_id", "due_at", where="state = 'waiting'"),
        index("jobs_dead", "workspace", "channel_id", where="state = 'dead'"),
        index("jobs_ended", "ended_at", where="ended_at IS NOT NULL"),
        {"sqlite_with_rowid": False},
    )

    key: str = Field(primary_key=True)
    id: int = Field(sa_type=BigInteger)
    name: str
    about: str
    channel_id: str = Field(sa_column_kwargs=stored_as("place", "channel_id"))
    direct: bool
    thread: str | None
    once: bool
    bulk: bool
    due_at: datetime = Field(sa_type=UTCDateTime)
    asked_by: str | None
    detail: str
    traceless: bool = Field(sa_column_kwargs={"server_default": text("false")})
    queue_id: str = Field(sa_column_kwargs=stored_as("lane", "queue_id"))
    state: str
    attempts: int
    unsure: bool
    began_at: datetime | None = Field(sa_type=UTCDateTime)
    again: bool
    claimed_by: str
    ended_at: datetime | None = Field(sa_type=UTCDateTime)
    why: str


class ChannelQueueRow(Row, table=True):
    """One channel and one way of speaking in it: new messages, or edits.

    `due_at` is the earliest moment at which one of its jobs is due, None when none waits. It rests
    until `next_allowed_at`. While `leased_until` is ahead, the claim `claimed_by` says `claimed_key`. A
    workspace has two channel queues of its own, for what all its channels may say together:
    `storage/jobs/channel_queue.py`.
    """

    __tablename__ = "lanes"
    __table_args__ = (index("lanes_due", "due_at", where="due_at IS NOT NULL"),)

    queue_id: str = Field(primary_key=True, sa_column_kwargs=stored_as("lane", "queue_id"))
    due_at: datetime | None = Field(sa_type=UTCDateTime)
    next_allowed_at: datetime | None = Field(
        sa_type=UTCDateTime, sa_column_kwargs=stored_as("free_at", "next_allowed_at")
    )
    leased_until: datetime | None = Field(sa_type=UTCDateTime)
    claimed_by: str
    claimed_key: str | None


OF_EARLIER = "substr(key, 1, 8) = 'earlier:'"
"""What threads were told of earlier cases, by the keys that `bot/domain/message_key.py` makes."""


class SentMessageRow(Row, table=True):
    """Where a message ended up."""

    __tablename__ = "said"
    __table_args__ = (
        index("said_where", "workspace", "channel_id", "message"),
        index("said_of_earlier", "workspace", "channel_id", "key", where=OF_EARLIER),
    )

    key: str = Field(primary_key=True)
    channel_id: str = Field(sa_column_kwargs=stored_as("place", "channel_id"))
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
        index("posts_of_place", "workspace", "channel_id", "id", where="thread IS NULL"),
        index("posts_of_thread", "workspace", "thread", "id", where="thread IS NOT NULL"),
    )

    id: int = Field(primary_key=True)
    channel_id: str = Field(sa_column_kwargs=stored_as("place", "channel_id"))
    thread: int | None
    author: str | None
    message: dict[str, Any] | None = Field(sa_type=Data)
    text: str
    key: str | None
    posted_at: datetime = Field(sa_type=UTCDateTime)
    edited_at: datetime | None = Field(sa_type=UTCDateTime)


class SignInRow(Row, table=True):
    """What lets a browser in as somebody: a one-time link or a session, by a hash of its secret.

    No rowid: see AnswerRow.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (
        index("sign_ins_to_drop", "workspace", "expires_at"),
        index("sign_ins_of_person", "workspace", "person_id"),
        {"sqlite_with_rowid": False},
    )

    digest: str = Field(primary_key=True)
    kind: str
    person_id: str
    expires_at: datetime = Field(sa_type=UTCDateTime)


class ConnectionRow(Row, table=True):
    """A helpdesk's way into a channel; by its random id it is found in whatever workspace it is."""

    __tablename__ = "connections"
    __table_args__ = (
        index("connections_by_id", "id"),
        index("connections_of_channel", "workspace", "channel_id", "made_at"),
    )

    id: str = Field(primary_key=True)
    channel_id: str
    product: str
    made_by: str
    made_at: datetime = Field(sa_type=UTCDateTime)
    secret: str
    token: str
    origin: str
    rules: dict[str, Any] = Field(sa_type=Data)
    action: str
    kind: str | None
    a_day: int
    test_for: str | None
    test_until: datetime | None = Field(sa_type=UTCDateTime)
    asked_at: datetime | None = Field(sa_type=UTCDateTime)
    refused_at: datetime | None = Field(sa_type=UTCDateTime)
    refused_why: str = Field(sa_column_kwargs={"server_default": text("''")})
    former_channels: list[dict[str, Any]] = Field(sa_type=Data)
    removed_at: datetime | None = Field(sa_type=UTCDateTime)
    version: int


class DeliveryRow(Row, table=True):
    """What arrived by a connection, for a month; what ends in `_folded` is in lower case."""

    __tablename__ = "deliveries"
    __table_args__ = (
        index("deliveries_arrived", "workspace", "connection_id", "arrived_at"),
        index("deliveries_of_reference", "workspace", "connection_id", "reference_folded"),
        index(
            "deliveries_of_customer",
            *("workspace", "customer_folded"),
            where="customer_folded IS NOT NULL",
        ),
        index("deliveries_to_drop", "arrived_at"),
    )

    connection_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    arrived_at: datetime = Field(sa_type=UTCDateTime)
    reference_folded: str
    customer_folded: str | None
    signal: dict[str, Any] = Field(sa_type=Data)
    became: str


class ProposalRow(Row, table=True):
    """A case that a helpdesk proposes; `reference_folded` makes zd-7 and ZD-7 one, once a connection.

    `ended_at` is when it was last decided, or lapsed; `rating` is the signal's.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        index(
            "proposals_by_reference",
            *("workspace", "connection_id", "reference_folded"),
            unique=True,
            where="reference_folded IS NOT NULL",
        ),
        index("proposals_of_connection", "workspace", "connection_id", "made_at"),
        index(
            "proposals_ended",
            *("workspace", "channel_id", "state", "ended_at"),
            where="ended_at IS NOT NULL",
        ),
        index(
            "proposals_urgent",
            *("workspace", "channel_id", "rating", "number"),
            where="state = 'proposed'",
        ),
        index("proposals_of_case", "workspace", "case_number", where="case_number IS NOT NULL"),
        index(
            "proposals_of_customer",
            *("workspace", "customer_folded"),
            where="customer_folded IS NOT NULL",
        ),
        index(
            "proposals_to_forget",
            *("made_at", "workspace"),
            where="forgotten_at IS NULL AND case_number IS NULL",
        ),
        checked_at("proposals"),
    )

    number: int = Field(primary_key=True)
    connection_id: str
    channel_id: str
    ticket: str
    reference: str | None
    reference_folded: str | None
    customer_folded: str | None
    signal: dict[str, Any] = Field(sa_type=Data)
    rating: int | None
    rules: list[str] = Field(sa_type=Data)
    made_at: datetime = Field(sa_type=UTCDateTime)
    gathered: bool
    state: str
    history: list[dict[str, Any]] = Field(sa_type=Data)
    ended_at: datetime | None = Field(sa_type=UTCDateTime)
    case_number: int | None
    later: dict[str, Any] | None = Field(sa_type=Data)
    forgotten_at: datetime | None = Field(sa_type=UTCDateTime)
    version: int
    next_check_at: datetime | None = never_checked()


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
channels = _table("places")
teams = _table("teams")
cases = _table("cases")
retros = _table("retros")
answers = _table("answers")
withdrawn_answers = _table("withdrawn_answers")
comments = _table("comments")
action_items = _table("action_items")
recoveries = _table("recoveries")
recovery_owners = _table("recovery_owners")
preferences = _table("readers")
stirred = _table("stirred")
reminders = _table("reminders")
jobs = _table("jobs")
channel_queues = _table("lanes")
sent_messages = _table("said")
requests = _table("requests")
posts = _table("posts")
sign_ins = _table("sign_ins")
connections = _table("connections")
deliveries = _table("deliveries")
proposals = _table("proposals")
counters = _table("counters")
