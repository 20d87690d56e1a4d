"""What the bot needs from outside, as Protocols: a memory, a queue and somebody to speak.

`storage/` and `handlers/` keep these promises; nothing in `bot/` knows how. Everything reached
through a UnitOfWork belongs to its one workspace, so two workspaces never meet.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol

from pydantic import BaseModel

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.job import Job, Receipt
from bot.domain.retro import Answer, Comment, Counts, Retro
from bot.domain.team import Team
from bot.messages.parts import Message
from bot.request import Person, Place


class Unavailable(Exception):
    """The memory cannot be reached or written just now; nothing was changed.

    Its words say why, for the log, and quote nothing that is stored.
    """


class Undelivered(Exception):
    """A message was not said, or may not have been.

    `permanent`: trying again cannot help until a person acts; `reason` is one sentence for them.
    `retry_after`: seconds that the platform asked for. `unsure`: it may have arrived all the same.
    `outage`: the trouble is the platform's or the way to it, so it is worth trying for days.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        unsure: bool = False,
        outage: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after
        self.unsure = unsure
        self.outage = outage


class People(Protocol):
    """Persons the bot has met."""

    async def get(self, person: str) -> Person | None: ...
    async def among(self, persons: Collection[str]) -> Mapping[str, Person]: ...
    async def everybody(self) -> Sequence[Person]:
        """All of them by name (for the web door, whose workspaces are small)."""
        ...

    async def remember(self, *persons: Person) -> None:
        """Stores who they are now; writes only what changed. A None zone keeps a known one."""
        ...


class Places(Protocol):
    """Places the bot has met."""

    async def get(self, place: str) -> Place | None: ...
    async def named(self, name: str) -> Place | None:
        """By id, or else by name with or without a leading #, whatever the case."""
        ...

    async def all(self) -> Sequence[Place]:
        """The shared places, by name."""
        ...

    async def remember(self, place: Place) -> None:
        """Stores it; writes only what changed. An empty reference keeps the known one."""
        ...


class Teams(Protocol):
    """Teams, one per place."""

    async def get(self, place: str) -> Team | None: ...
    async def all(self) -> Sequence[Team]: ...
    async def add(self, team: Team) -> None:
        """Raises Lost when the place became a team meanwhile."""
        ...

    async def save(self, team: Team) -> None:
        """Stores it as the next version; raises Lost when `team.version` is not the stored one."""
        ...


class Cases(Protocol):
    """Failed cases."""

    async def get(self, number: int) -> Case | None: ...
    async def by_reference(self, place: str, reference: str) -> Case | None:
        """The team's case with this reference; upper and lower case are the same."""
        ...

    async def add(self, case: Case) -> Case:
        """Stores it under the workspace's next number (`case.number` is ignored) and returns it.

        Raises Lost when the team got a case with this reference meanwhile.
        """
        ...

    async def save(self, case: Case) -> None: ...
    def after(self, number: int, most: int = 100) -> AsyncIterator[Case]:
        """Cases with larger numbers, in order, at most `most`: pages for an export."""
        ...


class Retros(Protocol):
    """Retros with their answers and their discussion."""

    async def get(self, case: int) -> Retro | None: ...
    async def add(self, retro: Retro) -> None: ...
    async def save(self, retro: Retro) -> None:
        """Stores it as the next version; raises Lost when `retro.version` is not the stored one."""
        ...

    async def open_in(self, place: str, most: int) -> Sequence[tuple[Retro, Case]]:
        """The open ones, those whose answers closed first on top; an index carries it."""
        ...

    async def counts(self, case: int, today: date) -> Counts:
        """Answers, items that were not dropped, late ones (due before `today`), unfinished ones."""
        ...

    async def answers(self, case: int) -> Sequence[Answer]:
        """Named ones in the order they came, then unnamed ones in an order that says nothing."""
        ...

    async def answer(self, answer: str) -> Answer | None: ...
    async def add_answer(self, answer: Answer) -> None: ...
    async def save_answer(self, answer: Answer) -> None: ...
    async def comments(self, case: int) -> Sequence[Comment]: ...
    async def keep_comment(self, comment: Comment) -> None:
        """Stores it, or its new text when it is known and its author's."""
        ...

    async def drop_comment(self, place: str, comment: str, author: str) -> None: ...


class ActionItems(Protocol):
    """Action items."""

    async def get(self, number: int) -> ActionItem | None: ...
    async def add(self, item: ActionItem) -> ActionItem:
        """Stores it under the workspace's next number (`item.number` is ignored) and returns it."""
        ...

    async def save(self, item: ActionItem) -> None:
        """Stores it as the next version; raises Lost when `item.version` is not the stored one."""
        ...

    async def of_case(self, case: int) -> Sequence[ActionItem]: ...
    async def owned_by(self, person: str, most: int) -> Sequence[ActionItem]:
        """Neither verified nor dropped, earliest due first, undated last; an index carries it."""
        ...

    async def open_in(self, place: str, most: int) -> Sequence[ActionItem]:
        """The same for a place, whoever owns them."""
        ...


class Jobs(Protocol):
    """What the bot owes, as flows see it: saved with the change that causes it."""

    async def schedule(self, job: Job) -> None:
        """Saves what the bot owes, in this transaction; see Job for what a repeat does."""
        ...

    async def revive(self, place: str) -> int:
        """Gives what was given up in this place another try; returns how many messages."""
        ...


class Said(Protocol):
    """What was said where: message keys and the platform's ids for them."""

    async def get(self, key: str) -> Receipt | None: ...
    async def among(self, keys: Collection[str]) -> Mapping[str, Receipt]: ...
    async def keep(self, key: str, receipt: Receipt) -> None: ...
    async def key_of(self, place: str, message: str) -> str | None:
        """The key of a message that the platform names, e.g. "retro:7"; None when it is not ours."""
        ...


class Requests(Protocol):
    """Which requests were handled."""

    async def first_time(self, key: str, *, forever: bool = False) -> bool:
        """Remembers the key; False when it is known, so that a repeat changes nothing.

        Platforms repeat within a day; a person repeats an import after a year: `forever`.
        """
        ...


class Post(BaseModel, frozen=True):
    """A message of the web workspace, which has no platform to keep its messages for it.

    Exactly one of `message` (ours) and `text` (a person's) is there. `place` is a place's id, or a
    person's for their direct messages. `thread` is the root post's id. `id` counts upward.
    """

    id: int = 0
    place: str
    thread: int | None = None
    author: str | None = None
    message: Message | None = None
    text: str = ""
    key: str | None = None
    posted_at: datetime
    edited_at: datetime | None = None


class Posts(Protocol):
    """The web workspace's own messages."""

    async def get(self, post: int) -> Post | None: ...
    async def roots(self, place: str, most: int, before: int | None = None) -> Sequence[Post]:
        """The newest `most` outside threads (older than `before`), oldest first."""
        ...

    async def thread(self, root: int) -> Sequence[Post]:
        """The replies, oldest first, without the root."""
        ...

    async def replies(self, roots: Collection[int]) -> Mapping[int, int]:
        """How many replies each root has; roots without any are left out."""
        ...

    async def by_key(self, key: str) -> Post | None: ...
    async def add(self, post: Post) -> Post:
        """Stores it and returns it with its id; with a known `key`, returns the one that is there."""
        ...

    async def save(self, post: Post) -> None: ...


class UnitOfWork(Protocol):
    """One transaction in one workspace. Leaving it without `commit` rolls everything back."""

    workspace: str
    people: People
    places: Places
    teams: Teams
    cases: Cases
    retros: Retros
    action_items: ActionItems
    jobs: Jobs
    said: Said
    requests: Requests
    posts: Posts

    async def commit(self) -> None: ...


class OpenWork(Protocol):
    """Opens a transaction; `writes` says that it will change something, so that it may wait its turn."""

    def __call__(self, workspace: str, *, writes: bool) -> AbstractAsyncContextManager[UnitOfWork]: ...


class Queue(Protocol):
    """The worker's side of the jobs, across workspaces. Each call is one short transaction.

    A lane is one place and one way of speaking in it (saying something new, or editing): one
    job at a time, in order, at a pace. Time is the queue's own clock, except that only what is due
    by `by` is looked at.
    """

    async def claim(self, by: datetime | None, claimer: str, most: int) -> Sequence[Job]:
        """At most `most` jobs of different free lanes, each marked as begun and leased.

        `by` None means now, by the queue's clock.
        """
        ...

    async def finish(
        self, job: Job, receipt: Receipt | None, pace: float, follow: Sequence[Job] = ()
    ) -> None:
        """Said (or, without a receipt, nothing left to say): stores the receipt and `follow` with it.

        The lane rests for `pace` seconds. A job that was scheduled again meanwhile waits again.
        """
        ...

    async def retry(self, job: Job, wait: float, *, unsure: bool, hold_lane: bool, why: str) -> None:
        """Puts it back for `wait` seconds, the whole lane with it when the platform asked for that."""
        ...

    async def give_up(self, job: Job, why: str, follow: Sequence[Job] = ()) -> None:
        """Sets it aside as dead, with the reason, and frees its lane."""
        ...

    async def next_due(self) -> datetime | None:
        """Since or from when the earliest message waits, said by somebody else just now or not."""
        ...

    async def state(self) -> Mapping[str, object]:
        """For the operator: how many wait and are dead, and since when the oldest due one waits."""
        ...

    async def prune(self, before: datetime, most: int = 500) -> int:
        """Forgets finished jobs and seen requests older than `before`, a small bite at a time."""
        ...


class Delivery(BaseModel, frozen=True):
    """A message on its way: what, where, and under which name of ours it can be found again."""

    workspace: str
    key: str
    place: Place
    message: Message
    thread: Receipt | None = None


class Messenger(Protocol):
    """Speaks on one platform. Every method raises Undelivered when it fails."""

    pace: float
    """Seconds between two new messages in one place."""

    async def say(self, delivery: Delivery) -> Receipt: ...
    async def edit(self, delivery: Delivery, said: Receipt) -> Receipt: ...
    async def find(self, delivery: Delivery, since: datetime) -> Receipt | None:
        """Looks whether it was said already, at or after `since`; None when it was not."""
        ...
