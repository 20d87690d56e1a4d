"""What the bot needs from outside, as Protocols: storage, a queue and somebody to speak.

`storage/` and `handlers/` keep these promises; nothing in `bot/` knows how. Everything reached
through a UnitOfWork belongs to its one workspace, so two workspaces never meet. What only reads gets a
ReadOnlyWork, which has nothing to change things with.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel

from bot.domain.channel import Channel
from bot.domain.connection import Connection
from bot.domain.job import Job, MessageRef
from bot.domain.person import Person
from bot.domain.signal import KEPT
from bot.messages.parts import Message
from bot.repositories import (
    ActionItems,
    Cases,
    Channels,
    Connections,
    Deliveries,
    Jobs,
    People,
    Posts,
    PreferencesOfPeople,
    Proposals,
    ReadActionItems,
    ReadBoard,
    ReadCases,
    ReadChannels,
    ReadConnections,
    ReadDeliveries,
    ReadPeople,
    ReadPosts,
    ReadPreferences,
    ReadProposals,
    ReadRecoveries,
    ReadReminders,
    ReadRetros,
    ReadSearch,
    ReadSentMessages,
    ReadSignIns,
    ReadTeams,
    Recoveries,
    Reminders,
    Requests,
    Retros,
    Scheduler,
    Search,
    SentMessages,
    SignIns,
    Teams,
)

Result = TypeVar("Result")

MAX_COUNTED = 1000
"""Messages: whoever asks for the state every few seconds must not make the database count for long."""


class StorageUnavailable(Exception):
    """Storage cannot be reached or written just now; nothing was changed.

    Its words say why, for the log, and quote nothing that is stored.
    """


class StorageDamaged(StorageUnavailable):
    """What is stored cannot be read any more, and waiting does not help: a backup does."""


class DeliveryError(Exception):
    """A message was not said, or may not have been.

    `permanent`: trying again cannot help until a person acts; `reason` is one sentence for them.
    `retry_after`: seconds that the platform asked for. `maybe_delivered`: it may have arrived all the
    same. `outage`: the trouble is the platform's or the way to it, so it is worth trying for days.
    `code`: the platform's own for it, for the log, never anybody's words.
    `gone`: somebody deleted the message that was to be changed, or the one whose thread this belongs in.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        maybe_delivered: bool = False,
        outage: bool = False,
        gone: bool = False,
        code: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after
        self.maybe_delivered = maybe_delivered
        self.outage = outage
        self.gone = gone
        self.code = code


class MembershipUnknown(Exception):
    """The platform does not say just now who is in a channel, so nothing is shown or changed."""


class Memberships(Protocol):
    """Who is in which channel, as one platform says; asked outside transactions, kept for minutes.

    Of somebody who is `unnamed`, because they asked not to be named, nothing is asked that names them.
    Every method but `people_in` raises MembershipUnknown when it cannot be asked just now.
    """

    async def includes(self, workspace: str, channel_id: str, person: Person, *, unnamed: bool) -> bool:
        """Whether the channel counts this person as one of its own.

        Raises Refused for a channel in which the bot may not work at all.
        """
        ...

    async def check_open(self, workspace: str, channel_id: str) -> None:
        """Raises Refused for a channel in which the bot may not work at all, whoever asks."""
        ...

    async def speaks_in(self, workspace: str, channel_id: str) -> bool:
        """Whether the bot can say something there: not once it was archived, or the bot taken out."""
        ...

    async def is_guest(self, workspace: str, person: Person, *, unnamed: bool) -> bool:
        """Whether they are only a guest of the workspace, as far as the platform has such."""
        ...

    async def people_in(self, workspace: str, channel_id: str) -> int | None:
        """How many people could write in the channel, without bots; None when nobody says just now."""
        ...


class VaultLocked(Exception):
    """A secret cannot be sealed, or not be opened; the sentence names the setting, and no secret."""


class Vault(Protocol):
    """Makes secrets unreadable before they are stored."""

    @property
    def has_key(self) -> bool:
        """Whether secrets can be sealed at all."""
        ...

    def seal(self, secret: str) -> str:
        """What is stored in its place, "" for none; raises VaultLocked."""
        ...

    def open(self, sealed: str) -> str:
        """The secret itself, "" for none; raises VaultLocked where no key fits."""
        ...


class ReadOnlyWork(Protocol):
    """One transaction in one workspace that only reads; see Transactions for how it ends."""

    @property
    def workspace(self) -> str: ...
    @property
    def people(self) -> ReadPeople: ...
    @property
    def channels(self) -> ReadChannels: ...
    @property
    def teams(self) -> ReadTeams: ...
    @property
    def cases(self) -> ReadCases: ...
    @property
    def retros(self) -> ReadRetros: ...
    @property
    def action_items(self) -> ReadActionItems: ...
    @property
    def recoveries(self) -> ReadRecoveries: ...
    @property
    def board(self) -> ReadBoard: ...
    @property
    def preferences(self) -> ReadPreferences: ...
    @property
    def reminders(self) -> ReadReminders: ...
    @property
    def sent_messages(self) -> ReadSentMessages: ...
    @property
    def posts(self) -> ReadPosts: ...
    @property
    def sign_ins(self) -> ReadSignIns: ...
    @property
    def connections(self) -> ReadConnections: ...
    @property
    def deliveries(self) -> ReadDeliveries: ...
    @property
    def proposals(self) -> ReadProposals: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def search(self) -> ReadSearch: ...


class UnitOfWork(ReadOnlyWork, Protocol):
    """One transaction in one workspace that may change what is stored, and owe messages for it."""

    @property
    def people(self) -> People: ...
    @property
    def channels(self) -> Channels: ...
    @property
    def teams(self) -> Teams: ...
    @property
    def cases(self) -> Cases: ...
    @property
    def retros(self) -> Retros: ...
    @property
    def action_items(self) -> ActionItems: ...
    @property
    def recoveries(self) -> Recoveries: ...
    @property
    def preferences(self) -> PreferencesOfPeople: ...
    @property
    def reminders(self) -> Reminders: ...
    @property
    def sent_messages(self) -> SentMessages: ...
    @property
    def posts(self) -> Posts: ...
    @property
    def sign_ins(self) -> SignIns: ...
    @property
    def connections(self) -> Connections: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def proposals(self) -> Proposals: ...
    @property
    def search(self) -> Search: ...
    @property
    def scheduler(self) -> Scheduler: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def requests(self) -> Requests: ...
    @property
    def owes(self) -> bool:
        """Whether it scheduled messages, so that whoever speaks is woken once they are saved."""
        ...


class Rate(NamedTuple):
    """How many messages a minute in one workspace, and how many at once after a quiet time."""

    a_minute: float
    burst: int

    @property
    def gap(self) -> timedelta:
        """The time between two of them, in the long run."""
        return max(timedelta(minutes=1) / self.a_minute, timedelta(microseconds=1))


@dataclass(frozen=True)
class Limits:
    """What a platform allows; None: as many as there are.

    `min_interval`: seconds between two new messages in one channel. `new` and `edits` hold for a whole
    workspace. `together`: a wait that the platform asks for concerns the whole workspace. `looks_up`:
    what was said can be found there again by its key. `in_order`: what comes later in a channel waits
    for what could not be said yet.
    """

    min_interval: float = 0.0
    new: Rate | None = None
    edits: Rate | None = None
    together: bool = False
    looks_up: bool = True
    in_order: bool = False

    def at(self, min_interval: float) -> "Limits":
        """The same at another pace. A quicker one, for stand-ins, quickens all alike; 0 lifts all."""
        if min_interval >= self.min_interval:
            return replace(self, min_interval=min_interval)
        if min_interval <= 0:
            return replace(self, min_interval=0.0, new=None, edits=None)
        quicker = self.min_interval / min_interval
        new, edits = (
            rate and Rate(rate.a_minute * quicker, rate.burst) for rate in (self.new, self.edits)
        )
        return replace(self, min_interval=min_interval, new=new, edits=edits)


class GivenUp(NamedTuple):
    """What could not be said: the job's name, the reason, and how many."""

    name: str
    why: str
    times: int


@dataclass(frozen=True)
class Ended:
    """What came of an attempt at a job; `follow` is owed from then on, and saved with it.

    `done`: said, or without a message ref nothing left to say; its channel queue rests that long.
    `waiting`: put back for so many seconds because of `why`, with the whole channel queue if the
    platform asked for that (`hold_queue`) and the workspace's other channel queues of the kind, for a
    minute at most (`hold_workspace`); `unsure`: it may have been said all the same; `behind`: what it
    belongs under is not there yet, so it goes behind all that waits in its channel. `dead`: set aside
    because of `why`. `gone`: the key and the platform's id of a message that somebody deleted, or that
    we did, so that saying it again posts it; a newer message of that key stays.
    """

    job: Job
    state: Literal["done", "waiting", "dead"]
    cool_down: float = 0.0
    why: str = ""
    message_ref: MessageRef | None = None
    follow: Sequence[Job] = ()
    unsure: bool = False
    behind: bool = False
    gone: tuple[str, str] | None = None
    hold_queue: bool = False
    hold_workspace: bool = False


class ObservedTime(NamedTuple):
    """The time by what really passed while a process was running, because a clock may be wrong.

    `uptime` is for how long one was running, and `behind` how far the clock is ahead of `at`.
    """

    at: datetime
    uptime: timedelta
    behind: timedelta


class Restored(NamedTuple):
    """When a backup was made that is in place now, and whether `Queue.doubt` was called since."""

    made_at: datetime
    doubted: bool


class Doubted(NamedTuple):
    """What a restored backup owes: how many messages are looked up first, and how many are held."""

    looked_up: int
    held: int


class ToForget(NamedTuple):
    """Cases and proposals whose customers are due to be forgotten, workspace and label (`C-7`) each.

    Those that may be forgotten today are first; the last `waiting` are more than that.
    """

    labels: Sequence[tuple[str, str]]
    waiting: int


class Queue(Protocol):
    """The worker's side of the jobs, across workspaces, in one short transaction.

    A channel queue is one place and one way of speaking in it (saying something new, or editing): one
    job at a time, in order, at a pace. Time is the queue's own clock, except that only what is due
    by `by` is looked at.
    """

    def claim(
        self,
        by: datetime | None,
        claimer: str,
        limit: int,
        limits: Mapping[str, Limits] | None = None,
    ) -> Sequence[Job]:
        """At most `limit` jobs of different free channel queues, each marked as begun and leased.

        `by` None means now, by the queue's clock. `limits` names the platforms to look at and what
        they allow in one workspace; None: every platform, without limits.
        """
        ...

    def put_away(self, ended: Sequence[Ended]) -> None:
        """Puts jobs away, all or none of them, with what follows; leaves out those of a later claim.

        A job that was scheduled again meanwhile waits again. A channel queue rests for an hour at most.
        """
        ...

    def observe_time(self, before: ObservedTime | None, elapsed: timedelta) -> ObservedTime:
        """Writes down how much time passed since `before`, and returns what is known of the time now.

        `elapsed` is by a clock that nobody can set. Without `before` none has passed.
        """
        ...

    def overdue(self, age: timedelta) -> ToForget:
        """All cases stored for longer than `age`, and proposals of none, by the observed time."""
        ...

    def old_tests(self, age: timedelta, limit: int) -> Sequence[tuple[str, str, str]]:
        """Deliveries that arrived as tests longer than `age` ago, by the observed time.

        Workspace, connection and key of each.
        """
        ...

    def take_daily_quota(self) -> bool:
        """Whether as many of them as may be forgotten in a day, a tenth of each kind, may be so now.

        Whoever is told so forgets them; nobody else is until the day is over.
        """
        ...

    def workspaces_with_due_work(self, by: datetime) -> Sequence[str]:
        """The workspaces in which something has to be looked at by then; see Scheduler."""
        ...

    def next_due(self, platforms: Collection[str] | None = None) -> datetime | None:
        """Since or from when the earliest message waits, said by somebody else just now or not.

        `platforms`: only on these; None: on any.
        """
        ...

    def restored(self) -> Restored | None:
        """The backup that this database was last restored from; None when it never was."""
        ...

    def doubt(self, looked_up: Collection[str]) -> Doubted:
        """After a restore: puts in doubt what is owed, because it may have been said since the backup.

        On the platforms that can be `looked_up` it is looked for first; elsewhere it is held. Does
        nothing the second time.
        """
        ...

    def held(self) -> int:
        """How many messages are held."""
        ...

    def end_hold(self, *, say: bool) -> int:
        """Lets what is held be said, or be dropped; returns how many messages."""
        ...

    def state(self) -> Mapping[str, object]:
        """For the operator: how many wait and are dead, and since when the oldest due one is not said.

        Both are counted up to MAX_COUNTED; one more stands for all that are more.
        """
        ...

    def given_up(self, limit: int = 5) -> Sequence[GivenUp]:
        """For the operator: what is dead and why, the most frequent `limit` first; names nobody."""
        ...

    def connection_at(self, connection_id: str) -> tuple[str, Connection] | None:
        """The connection that has this id in its address, and its workspace; an index carries it."""
        ...

    def index_words(self) -> bool:
        """Indexes a batch of words that some other program changed; False when none are left."""
        ...

    def prune(self, before: datetime, limit: int = 500, deliveries_kept: timedelta = KEPT) -> int:
        """Forgets finished jobs and seen requests older than `before`, a small batch at a time.

        So it does with deliveries of helpdesks, but for tests: messages show those (`old_tests`).
        """
        ...


class Transactions(Protocol):
    """Runs plain functions in transactions, away from the event loop.

    Each method raises StorageUnavailable and ConflictError.

    What returns is saved before anybody hears of it; what raises changes nothing. Such a function may
    neither wait for anything, nor touch what belongs to the event loop. Whoever is cancelled waits no
    longer, but what had begun is saved all the same.
    """

    async def write(self, workspace: str, change: Callable[[UnitOfWork], Result]) -> Result:
        """What `change` returns, in a transaction that waits its turn."""
        ...

    async def read(self, workspace: str, look: Callable[[ReadOnlyWork], Result]) -> Result:
        """What `look` returns; it cannot change anything, nor owe messages."""
        ...

    async def write_queue(self, change: Callable[[Queue], Result]) -> Result:
        """The same for the worker; runs it again when another one was in its way."""
        ...

    async def read_queue(self, look: Callable[[Queue], Result]) -> Result:
        """The same for the worker."""
        ...

    async def damage(self, *, deep: bool = False) -> str | None:
        """What is damaged, as far as anybody noticed; None when all is well.

        Looks into each table; `deep` reads all of an SQLite file, seconds for a large one. Raises
        StorageUnavailable.
        """
        ...


class Delivery(BaseModel, frozen=True):
    """A message on its way: what, where, and under which name of ours it can be found again."""

    workspace: str
    key: str
    channel: Channel
    message: Message
    thread: MessageRef | None = None


class Messenger(Protocol):
    """Speaks on one platform. Every method raises DeliveryError when it fails."""

    @property
    def limits(self) -> Limits:
        """What the platform allows."""
        ...

    async def say(self, delivery: Delivery) -> MessageRef: ...
    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef: ...
    async def delete(self, delivery: Delivery, message_ref: MessageRef) -> None:
        """Deletes what the bot said; what is gone already is no failure."""
        ...

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        """Looks whether it was said already, at or after `since`; None when it was not."""
        ...
